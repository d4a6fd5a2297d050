"""An agreement pauses, goes on, ends with a settlement, and is kept after all."""

import re
from datetime import date, timedelta

from playwright.sync_api import expect

from tests.browser.steps import SHORT, log_in, open_action, pick, until_done


def test_suspend_resume_and_end(page):
    log_in(page, "olivia")
    make_an_agreement(page)
    first_day = date.today() + timedelta(days=40)  # noqa: DTZ011
    suspend_ahead(page, first_day)
    cancel_it(page)
    suspend_and_resume_on_a_day(page, first_day)
    settlement = end_with_a_settlement(page)
    assert re.search(r"\d+ of \d+ days", settlement)
    keep_it_after_all(page)


def make_an_agreement(page):
    """In force and billed, so that days are paid that can be given back."""
    open_action(page, "action_service_agreement")
    page.get_by_role("button", name="New", exact=True).click()
    pick(page, "partner_id", "Carla Whitfield")
    pick(page, "tier_id", "Gold")
    expect(page.locator(".o_field_one2many[name=line_ids] .o_data_row")).to_have_count(
        1
    )
    page.get_by_role("button", name="Start Without Signature").click()
    page.locator(".modal").get_by_role("button", name="Start", exact=True).click()
    expect_state(page, "Active")
    page.get_by_role("button", name="Bill Now").click()
    expect_state(page, "Posted")
    page.locator(".o_breadcrumb .breadcrumb-item a").last.click()
    expect_state(page, "Active")


def suspend_ahead(page, first_day):
    wizard = open_wizard(page, "Suspend…")
    fill_date(wizard, "first_day", first_day)
    fill_date(wizard, "last_day", first_day + timedelta(days=9))
    expect(wizard).to_contain_text("The Next Invoices")
    expect(wizard.locator(".o_sa_upcoming_document").first).to_contain_text("Gold")
    wizard.get_by_role("button", name="Suspend", exact=True).click()
    expect(page.locator(".alert-info:visible")).to_contain_text("Suspended from")
    expect_state(page, "Active")


def cancel_it(page):
    page.get_by_role("tab", name="Changes").click()
    page.locator("[name=waiver_ids]").get_by_role("button", name="Cancel").click()
    expect(page.locator(".alert-info:visible")).to_have_count(0)


def suspend_and_resume_on_a_day(page, day):
    wizard = open_wizard(page, "Suspend…")
    wizard.locator("[name=credit] input").check()
    wizard.get_by_role("button", name="Suspend", exact=True).click()
    expect_state(page, "Suspended")
    expect(page.locator(".alert-info:visible")).to_contain_text("until it is resumed")
    wizard = open_wizard(page, "Resume…")
    fill_date(wizard, "day", day)
    expect(wizard).to_contain_text("Invoice on")
    wizard.get_by_role("button", name="Resume", exact=True).click()
    expect(page.locator(".alert-info:visible")).not_to_contain_text("until it is")
    wizard = open_wizard(page, "Resume…")
    wizard.get_by_role("button", name="Resume", exact=True).click()
    expect_state(page, "Active")


def end_with_a_settlement(page):
    """:return: what the wizard shows before it is confirmed"""
    wizard = open_wizard(page, "End…")
    expect(wizard).to_contain_text("What Is Billed and Paid Back")
    wizard.get_by_label("Unused days are paid back").check()
    settlement = wizard.locator(".o_sa_upcoming")
    expect(settlement).to_contain_text("Credit for")
    text = settlement.inner_text()
    wizard.get_by_role("button", name="End Agreement").click()
    expect(page.locator(".alert-info:visible")).to_contain_text("its last day is")
    return text


def keep_it_after_all(page):
    page.get_by_role("button", name="Take Back the End").click()
    expect(page.locator(".alert-info:visible")).to_have_count(0)
    expect(page.get_by_role("button", name="End…", exact=True)).to_be_visible()


def open_wizard(page, button):
    page.get_by_role("button", name=button, exact=True).click()
    wizard = page.locator(".modal")
    expect(wizard).to_be_visible()
    return wizard


def fill_date(wizard, field, day):
    """Type a date as the demo's language writes it, and leave the field."""
    box = wizard.locator(f".o_field_widget[name={field}] input")
    closed = wizard.locator(f".o_field_widget[name={field}] button")

    def type_it():
        box.or_(closed).first.wait_for(timeout=SHORT)
        if not box.count():
            closed.first.click(timeout=SHORT)
        box.first.fill(day.strftime("%m/%d/%Y"), timeout=SHORT)
        box.first.press("Tab", timeout=SHORT)

    until_done(type_it, f"{field} is filled")


def expect_state(page, state):
    expect(page.locator(".o_arrow_button_current")).to_have_text(state)
