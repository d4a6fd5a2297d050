"""What who bills does by hand: a customer set aside is put right, a term is renewed."""

from playwright.sync_api import expect

from tests.browser.steps import log_in, open_action, pick, select_row

CUSTOMER = "Ironquay Fitness"
CLOSED = "400910"


def test_a_customer_set_aside_is_put_right_and_billed(new_page):
    page = new_page()
    log_in(page, "olivia")
    see_the_reason(page)
    reopen_the_account(page)
    bill_again(page)


def see_the_reason(page):
    open_action(page, "action_service_agreement_set_aside")
    row = page.locator(".o_data_row").filter(has_text=CUSTOMER)
    expect(row).to_contain_text(CLOSED)
    expect(row).to_contain_text("is archived")


def reopen_the_account(page):
    page.goto("/odoo/action-account.action_account_form")
    page.locator(".o_searchview_dropdown_toggler").click()
    page.get_by_role("menuitemcheckbox", name="Inactive Accounts").click()
    page.keyboard.press("Escape")
    row = page.locator(".o_data_row").filter(has_text=CLOSED)
    select_row(page, row)
    page.get_by_role("button", name="Actions").click()
    page.get_by_role("menuitem", name="Unarchive").click()
    expect(row).to_have_count(0)


def bill_again(page):
    open_action(page, "action_service_agreement_set_aside")
    row = page.locator(".o_data_row").filter(has_text=CUSTOMER)
    select_row(page, row)
    page.get_by_role("button", name="Try Again").click()
    expect(page.locator(".o_arrow_button_current")).to_have_text("Done")
    expect(page.locator(".o_form_view")).to_contain_text(CUSTOMER)
    page.locator(".oe_stat_button").filter(has_text="Invoices").click()
    expect(page.locator(".o_data_row, .o_form_view").first).to_contain_text("Ironquay")


def test_a_term_is_renewed_by_decision(new_page):
    page = new_page()
    log_in(page, "olivia")
    open_action(page, "action_service_agreement")
    page.get_by_role("button", name="New", exact=True).click()
    pick(page, "partner_id", "Carla Whitfield")
    pick(page, "tier_id", "Gold")
    page.locator(".o_field_widget[name=auto_renew] input").uncheck()
    page.get_by_role("button", name="Start Without Signature").click()
    page.locator(".modal").get_by_role("button", name="Start", exact=True).click()
    expect(page.locator(".o_arrow_button_current")).to_have_text("Active")
    page.get_by_role("button", name="Renew", exact=True).click()
    messages = page.locator(".o-mail-Message")
    expect(messages.filter(has_text="Renewed until").first).to_be_visible()
