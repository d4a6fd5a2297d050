"""The owner's page: what a figure says is what it opens."""

import re

from playwright.sync_api import expect

from tests.browser.steps import assert_no_horizontal_scroll, log_in

# The page itself has lists, too.
LIST = ".o_list_view:not(.o_field_x2many)"
COUNTS = ("Paying customers", "Open proposals", "Missed", "Declined in writing")
AMOUNTS = ("Monthly revenue", "New", "Churn", "Before", "Given away")


def test_a_figure_opens_what_it_counts(page):
    log_in(page, "olivia")
    page.goto("/odoo/service-cockpit")
    assert read(page, "Today") == read(page, "Monthly revenue")
    for name in COUNTS:
        open_and_compare(page, name, count_records)
    for name in AMOUNTS:
        open_and_compare(page, name, read_sums)
    page.locator("button[name=action_open_movements]").first.click()
    page.locator(LIST).first.wait_for()


def test_the_period_is_switched_on_a_phone(phone):
    log_in(phone, "olivia")
    phone.goto("/odoo/service-cockpit")
    yearly = read(phone, "Kept")
    phone.locator(".o_statusbar_status button").last.click()
    phone.locator(".o-dropdown-item", has_text="This Month").click()
    expect(figure(phone, "Kept").locator(".o_sa_figure_value")).not_to_have_text(yearly)
    assert_no_horizontal_scroll(phone)


def figure(page, name):
    label = page.locator(".o_sa_figure_name").get_by_text(name, exact=True)
    return page.locator("button.o_sa_figure").filter(has=label)


def read(page, name):
    value = figure(page, name).locator(".o_sa_figure_value")
    expect(value).to_have_text(re.compile(r"\d"))
    return value.inner_text().strip()


def open_and_compare(page, name, found):
    shown = read(page, name)
    figure(page, name).click()
    # The page is the way back once its records are there.
    page.locator(".o_breadcrumb a, .o_back_button").last.wait_for()
    page.locator(f"{LIST}, .o_kanban_view").first.wait_for()
    assert to_number(shown) in map(to_number, found(page)), name
    page.locator(".o_breadcrumb a, .o_back_button").last.click()
    page.locator(".o_sa_cockpit").wait_for()


def count_records(page):
    """Of a list its pager tells; cards are counted."""
    if page.locator(LIST).count():
        pager = page.locator(".o_pager_limit")
        pager.wait_for()
        return [pager.inner_text()]
    cards = page.locator(".o_kanban_record:not(.o_kanban_ghost)")
    cards.first.wait_for()
    return [str(cards.count())]


def read_sums(page):
    """Below the columns of the list."""
    sums = page.locator(f"{LIST} tfoot .o_list_number", has_text=re.compile(r"\d"))
    sums.first.wait_for()
    return sums.all_inner_texts()


def to_number(text):
    return float(re.sub(r"[^\d.-]", "", text))
