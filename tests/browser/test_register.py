"""From what was given away to a signed agreement: the register leads the way."""

import re

from playwright.sync_api import expect

from tests.browser.steps import (
    PHONE,
    assert_no_horizontal_scroll,
    log_in,
    open_action,
    send_proposal,
    sign_as,
)

CLIENT = "Chaudhry Residence"


def test_a_leak_becomes_a_signed_agreement(new_page):
    office, client = new_page(), new_page(PHONE)
    log_in(office, "cora")
    told = offer(office)
    client.goto(send_proposal(office, "Send"))
    expect_state(office, "Offered")
    read_evidence(client, told)
    client.get_by_role("button", name="Continue to sign").click()
    sign_as(client, "Amir Chaudhry")
    client.wait_for_url(re.compile("/my/(invoices|agreements)/"))
    expect_state(office, "Covered")


def offer(page):
    """One click in the register.

    :return: str, what the client will read of his own calls
    """
    row = expect_state(page, "Not Offered")
    expect(row).to_contain_text(re.compile(r"Offer \w+: would have covered \d+ of \d+"))
    row.get_by_role("button", name="Offer", exact=True).click()
    page.locator(".o_form_view").wait_for()
    told = page.locator(".o_field_widget[name=evidence_text]")
    expect(told).to_contain_text("In the last 12 months you called us")
    return told.inner_text()


def expect_state(page, state):
    """:return: the client's row in the register"""
    open_action(page, "action_service_agreement_register")
    row = page.locator(".o_data_row").filter(has_text=CLIENT)
    expect(row.locator("td[name=state]")).to_have_text(state)
    return row


def read_evidence(page, told):
    evidence = page.locator(".o_proposal_evidence")
    expect(evidence).to_contain_text(told)
    expect(page.locator(".o_proposal_recommended")).to_contain_text(
        "Would have covered"
    )
    assert_no_horizontal_scroll(page)
