"""A customer wants more: change the tier, and see first what that does."""

import re

from playwright.sync_api import expect

from tests.browser.steps import log_in, open_action, open_record, pick, search


def test_change_a_tier_with_preview(page):
    log_in(page, "olivia")
    open_an_agreement(page, "The Copper Lantern")
    page.get_by_role("button", name="Change…").click()
    wizard = page.locator(".modal")
    expect(wizard).to_contain_text("Choose what is different")
    expect(wizard.get_by_role("button", name="Confirm Change")).to_be_hidden()

    first_day = wizard.locator(".o_field_widget[name=date]")
    today = first_day.inner_text()
    wizard.get_by_text("Next period").click()
    expect(first_day).not_to_have_text(today)
    wizard.get_by_text("Today", exact=True).click()
    expect(first_day).to_have_text(today)
    pick(wizard, "tier_id", "Gold")
    see_the_preview(wizard)
    wizard.get_by_role("button", name="Confirm Change").click()
    expect(wizard).to_have_count(0)

    expect(page.locator(".o_field_widget[name=tier_id]").first).to_contain_text("Gold")
    page.get_by_role("tab", name="Changes").click()
    changes = page.locator(".o_field_widget[name=change_ids] .o_data_row")
    expect(changes.first).to_contain_text("Tier Gold")
    expect(page.locator(".o_field_widget[name=past_line_ids]")).to_contain_text(
        "Silver service agreement"
    )


def open_an_agreement(page, customer):
    open_action(page, "action_service_agreement")
    page.locator(".o_data_row").first.wait_for()
    search(page, customer)
    rows = page.locator(".o_data_row").filter(has_text=customer)
    open_record(page, rows.filter(has_text="Silver"))
    expect(page.locator(".o_arrow_button_current")).to_have_text("Active")


def see_the_preview(wizard):
    preview = wizard.locator(".o_sa_preview")
    expect(preview).to_contain_text("Credited and charged because of it")
    rows = preview.locator(".o_sa_preview_row")
    expect(rows.first).to_contain_text("Credit")
    expect(rows.nth(1)).to_contain_text("Gold service agreement")
    expect(preview).to_contain_text("On the invoice of")
    invoices = preview.locator("details")
    expect(invoices).to_have_count(12)
    invoices.first.locator("summary").click()
    expect(invoices.first).to_contain_text(re.compile(r"\d+ of \d+ days"))
    expect(preview).to_contain_text("First answer")
