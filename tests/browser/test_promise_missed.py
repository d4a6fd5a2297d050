"""A promise was missed: the customer hears of it, it is explained, and credited."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.steps import log_in, open_action, open_record, pick_in_cell

TICKET = "Thermostats show dashes"
CUSTOMER = "Kestrel Ridge Chalet"
# As the scheduled action does, which a test server leaves alone.
WARN = """
env["service.agreement.sla.clock"]._cron_warn()
env.cr.commit()
"""


@pytest.fixture(scope="module")
def demo_server(demo_database):
    """The demo, after the first look at what is due."""
    demo_database.script(WARN)
    with demo_database.serve() as server:
        yield server


def test_told_explained_and_credited(page):
    log_in(page, "cora")
    open_action(page, "action_service_agreement_missed")
    _open_ticket(page)
    _tell_the_customer(page)
    open_action(page, "action_service_agreement_missed")
    _explain(page)
    open_action(page, "action_service_agreement_sla_credit")
    _grant_another_amount(page)
    _see_it_on_the_next_invoice(page)


def _row(page):
    return page.locator(".o_data_row").filter(has_text=CUSTOMER).first


def _open_ticket(page):
    _row(page).locator("button[name=action_open_ticket]").click()
    expect(page.locator(".o_form_view")).to_contain_text(TICKET)


def _tell_the_customer(page):
    page.click("button[name=action_tell_delay]")
    composer = page.locator(".modal")
    for text in (
        "We promised you",
        "a technician on site by",
        "a solution by",
        "We did not make it, and we are sorry",
        "is working on it",
    ):
        expect(composer).to_contain_text(text)
    composer.locator("button.o_mail_send, button[name=action_send_mail]").first.click()
    expect(composer).to_have_count(0)
    expect(page.locator(".o-mail-Message").first).to_contain_text("We did not make it")
    page.reload()
    expect(page.locator(".o_service_promise")).to_be_visible()
    expect(page.locator("button[name=action_tell_delay]")).to_have_count(0)


def _explain(page):
    rows = page.locator(".o_data_row").filter(has_text=CUSTOMER)
    expect(rows.first).to_be_visible()
    pick_in_cell(_row(page), "miss_reason_id", "Harder than expected")
    page.locator(".o_list_button_save:visible").click()
    expect(rows.first).to_contain_text("Harder than expected")


def _grant_another_amount(page):
    open_record(page, _row(page))
    amount = page.locator(".o_field_widget[name=amount] input")
    amount.fill("50.00")
    page.click("button[name=action_grant]")
    status = page.locator(".o_statusbar_status .o_arrow_button_current")
    expect(status).to_have_text("Granted")


def _see_it_on_the_next_invoice(page):
    page.locator("[name=agreement_id] a, a[name=agreement_id]").first.click()
    preview = page.locator("[name=next_invoice_preview]")
    expect(preview).to_contain_text(re.compile(r"later than promised \(ticket #\d+"))
    expect(preview).to_contain_text("50.00")
    chatter = page.locator(".o-mail-Thread")
    expect(chatter).to_contain_text("Proposed credit changed")
