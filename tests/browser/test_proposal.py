"""On a phone: from the mail's link to a signed, paid agreement, or to a written no."""

import re

from playwright.sync_api import expect

from tests.browser.steps import (
    PHONE,
    assert_no_horizontal_scroll,
    log_in,
    open_action,
    open_record,
    send_proposal,
    sign_as,
)

SIGNER = "Linh Tran"
REFUSER = "Paul Whitaker"


def test_a_client_chooses_signs_pays_and_starts(new_page):
    office, client = new_page(), new_page(PHONE)
    log_in(office, "cora")
    client.goto(send_again(office, "Tran Residence"))
    choose(client)
    sign(client)
    pay(client)
    see_in_office(office, "Tran Residence", "Accepted", SIGNER)


def test_a_client_declines_in_writing(new_page):
    office, client = new_page(), new_page(PHONE)
    log_in(office, "cora")
    client.goto(send_again(office, "Cedar Grove"))
    client.get_by_role("link", name="No, thank you").click()
    expect(client.locator(".o_proposal_without")).to_contain_text("after hours")
    client.get_by_label("Too expensive").check()
    client.get_by_label("In your words").fill("The roof comes first this year.")
    client.get_by_label("Your name").fill(REFUSER)
    assert_no_horizontal_scroll(client)
    client.get_by_role("button", name="Decline").click()
    expect(client.locator("body")).to_contain_text("You declined this proposal")
    expect(client.locator(".o_proposal_without")).to_contain_text("after hours")
    see_in_office(office, "Cedar Grove", "Too expensive", REFUSER)


def open_proposal(page, customer):
    open_action(page, "action_service_agreement_proposal")
    rows = page.locator(".o_data_row").filter(has_text=customer)
    open_record(page, rows, "partner_id")


def send_again(page, customer):
    """:return: the address in the mail that the customer gets, without its host"""
    open_proposal(page, customer)
    return send_proposal(page, "Send Again")


def choose(page):
    summary = page.locator("#proposal_summary")
    expect(page.locator(".o_proposal_recommended")).to_contain_text("Gold")
    expect(summary).to_contain_text("Your choice: Gold")
    page.locator(".o_proposal_card", has_text="Platinum").get_by_role("radio").check()
    expect(summary).to_contain_text("Your choice: Platinum")
    expect(summary).to_contain_text("more per month")
    page.locator(".o_proposal_plan", has_text="save").get_by_role("radio").check()
    expect(summary).to_contain_text("per year")
    before = page.locator(".o_proposal_first").inner_text()
    page.get_by_role("checkbox").check()
    expect(page.locator(".o_proposal_first")).not_to_have_text(before)
    assert_no_horizontal_scroll(page)
    page.get_by_role("button", name="Continue to sign").click()


def sign(page):
    expect(page.locator(".o_proposal_summary")).to_contain_text("Platinum")
    assert_no_horizontal_scroll(page)
    sign_as(page, SIGNER)


def pay(page):
    """The first invoice is due at once, and its page opens."""
    page.wait_for_url(re.compile("/my/invoices/"))
    methods = page.locator("[name=o_payment_radio]")
    methods.first.wait_for()
    methods.first.check()
    page.locator("#customer_input:visible").fill("4111 1111 1111 1111")
    assert_no_horizontal_scroll(page)
    page.locator("[name=o_payment_submit_button]:visible").click()
    page.wait_for_url(re.compile("/my/invoices/(?!.*payment=True)"))
    expect(page.locator("body")).to_contain_text("Paid")


def see_in_office(page, customer, *texts):
    open_proposal(page, customer)
    for text in texts:
        expect(page.locator(".o_form_sheet")).to_contain_text(text)
