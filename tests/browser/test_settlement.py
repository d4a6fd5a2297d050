"""The owner settles a month: unpaid work gets its answer, then the month is closed."""

import re

from playwright.sync_api import expect

from tests.browser.steps import log_in, open_action, select_row


def test_the_owner_settles_a_month(new_page):
    page = new_page()
    log_in(page, "olivia")
    open_next_month(page)
    answer_one_by_one(page)
    give_goodwill(page)
    answer_the_rest_at_once(page)
    close_the_month(page)


def open_next_month(page):
    open_action(page, "action_service_agreement_month_settle")
    expect(page.get_by_role("button", name="Close the Month")).to_have_count(0)
    page.get_by_role("button", name="Answer Open Work").click()
    expect(page.locator(".o_data_row").first).to_be_visible()


def answer_one_by_one(page):
    rows = page.locator(".o_data_row")
    count = rows.count()
    rows.first.get_by_role("button", name="Bill", exact=True).click()
    expect(rows).to_have_count(count - 1)
    rows.first.get_by_role("button", name="Warranty", exact=True).click()
    expect(rows).to_have_count(count - 2)


def give_goodwill(page):
    rows = page.locator(".o_data_row")
    count = rows.count()
    rows.first.get_by_role("button", name="Goodwill", exact=True).click()
    dialog = page.locator(".modal")
    dialog.get_by_role("button", name="Give as Goodwill").click()
    expect(dialog.locator(".o_field_invalid").first).to_be_visible()
    dialog.locator("[name=note] input").fill("Third visit for the same fault")
    dialog.get_by_role("button", name="Give as Goodwill").click()
    expect(rows).to_have_count(count - 1)


def answer_the_rest_at_once(page):
    select_row(page, page.locator("thead"))
    page.locator(".o_control_panel").get_by_role(
        "button", name="Give Away", exact=True
    ).click()
    expect(page.locator(".o_data_row")).to_have_count(0)
    page.locator(".o_breadcrumb a, .o_back_button").last.click()


def close_the_month(page):
    expect(page.locator(".o_field_widget[name=amount_goodwill]")).not_to_have_text(
        re.compile(r"^\D*0\.00$")
    )
    page.get_by_role("button", name="Close the Month").click()
    page.locator(".modal").get_by_role("button", name="Close the Month").click()
    expect(page.locator(".o_arrow_button_current")).to_have_text("Closed")
    told = page.locator(".o-mail-Message").filter(has_text="Closed.")
    expect(told).to_contain_text("Given away")
    # Who has no agreement gets an invoice of his own.
    expect(page.locator("button[name=action_view_invoices]")).to_contain_text("1")
    page.locator("button[name=action_view_answered]").click()
    expect(page.locator(".o_data_row").first).to_be_visible()
    expect(page.locator("button[name=action_bill]:visible")).to_have_count(0)
