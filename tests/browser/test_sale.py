"""A quotation with tiers: chosen and signed on a phone, delivered, in force."""

from urllib.parse import urlsplit

from playwright.sync_api import expect

from tests.browser.steps import (
    PHONE,
    assert_no_horizontal_scroll,
    log_in,
    open_record,
)

CUSTOMER, SIGNER = "Nora Bramwell", "Nora Bramwell"
PROJECT = "Bramwell: cinema and listening room"


def test_a_quotation_with_a_tier_is_delivered_and_covered(new_page):
    office, client = new_page(), new_page(PHONE)
    log_in(office, "cora")
    open_quotation(office)
    client.goto(get_link(office))
    choose(client)
    sign(client)
    see_waiting(office)
    deliver(office)
    see_covered(office)


def open_quotation(page):
    page.goto("/odoo/action-sale.action_quotations_with_onboarding")
    rows = page.locator(".o_data_row", has_text=CUSTOMER)
    open_record(page, rows, "partner_id")


def get_link(page):
    """:return: the address of the customer's page, without its host"""
    page.get_by_role("button", name="Preview").click()
    page.wait_for_url("**/my/orders/**")
    parts = urlsplit(page.url)
    page.go_back()
    page.locator(".o_form_view").wait_for()
    return f"{parts.path}?{parts.query}"


def choose(page):
    tiers = page.locator(".o_order_tier")
    expect(tiers).to_have_count(3)
    gold = tiers.filter(has_text="Recommended")
    expect(gold).to_contain_text("per month")
    gold.get_by_role("button", name="Choose Gold").click()
    expect(gold).to_contain_text("Your choice")
    silver = tiers.filter(has_text="the first 3 months free")
    expect(silver).to_contain_text("less per month")
    silver.get_by_role("button", name="Choose Silver").click()
    expect(silver).to_contain_text("Your choice")
    expect(page.locator("[name=agreement_price]")).to_contain_text("per month")
    assert_no_horizontal_scroll(page)


def sign(page):
    page.locator("[data-bs-target='#modalaccept']").first.click()
    dialog = page.locator("#modalaccept")
    expect(dialog).to_contain_text("You also sign the service agreement")
    expect(dialog).to_contain_text("from the day we hand over your system")
    dialog.locator(".o_web_sign_name_input").fill(SIGNER)
    dialog.locator(".o_portal_sign_submit").click()
    page.wait_for_url("**message=sign_ok**")
    expect(page.locator("#service_agreement")).to_contain_text(
        "Your service agreement SA"
    )
    assert_no_horizontal_scroll(page)


def see_waiting(page):
    page.reload()
    page.locator("button[name=action_view_agreements]").click()
    expect(page.locator(".o_form_view")).to_contain_text(
        "It starts on the day the project is delivered"
    )


def deliver(page):
    """On the project, as its manager does."""
    page.goto("/odoo/action-project.open_view_project_all_config")
    open_record(page, page.locator(".o_data_row", has_text=PROJECT))
    field = page.locator(".o_field_widget[name=delivered_on]")
    field.locator("button, input").first.click()
    page.locator(".o_datetime_picker .o_today").first.click()
    page.locator(".o_form_button_save").click()
    expect(page.locator(".o_form_button_save")).to_be_hidden()


def see_covered(page):
    open_quotation_of(page)
    page.locator("button[name=action_view_agreements]").click()
    form = page.locator(".o_form_view")
    expect(form).to_contain_text("Free until")
    expect(form).to_contain_text(SIGNER)
    page.locator("button[name=action_view_systems]").click()
    page.locator(".o_data_row", has_text=PROJECT).locator("td[name=name]").click()
    expect(page.locator(".o_form_view")).to_contain_text("Laser projector, 4K")


def open_quotation_of(page):
    page.goto("/odoo/action-sale.action_orders")
    open_record(page, page.locator(".o_data_row", has_text=CUSTOMER))
    page.locator("button[name=action_view_agreements]").wait_for()
