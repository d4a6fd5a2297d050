"""Who pays is seen before the work is done, and while its time is written down."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.steps import fill_cell, log_in, open_action, open_record

CUSTOMER = "Harbour House"
WORK = "Rewired the lamp, and found the fuse"
# A list of rates, and a customer who has bought hours and has two left; he was billed
# today for the first time.
PREPARE = """
rates = env["service.agreement.rate"]
if not rates.search([("tier_id", "=", False), ("coverage_id", "=", False)]):
    rates.create([{"price": 150, "minimum": 1}, {"kind": "trip", "price": 95}])
partner = env["res.partner"].create({"name": "Harbour House", "is_company": True})
agreement = env["service.agreement"].create({
    "partner_id": partner.id,
    "tier_id": env["service.agreement.tier"].search([("name", "=", "Gold")]).id,
})
agreement.coverage_ids.unlink()
coverage = env["service.agreement.coverage"].create({
    "agreement_id": agreement.id, "tier_id": agreement.tier_id.id,
})
allowance = env["service.agreement.allowance"].create({
    "coverage_id": coverage.id, "name": "Hours bought", "kind": "prepaid",
})
agreement.action_activate()
agreement.action_bill_now()
env["service.agreement.allowance.lot"].create({
    "agreement_id": agreement.id, "allowance_id": allowance.id, "kind": "bought",
    "date_start": agreement.date_start, "granted": 2, "balance": 2,
})
desk = env["project.project"].search([("is_service_desk", "=", True)], limit=1)
env["project.task"].create({
    "name": "The harbour light stays dark", "project_id": desk.id,
    "partner_id": partner.id,
})
env.cr.commit()
"""


@pytest.fixture(scope="module")
def demo_server(demo_database):
    """The demo with a list of rates, and a customer who has two hours left."""
    demo_database.script(PREPARE)
    with demo_database.serve() as server:
        yield server


def test_a_coordinator_reads_that_a_customer_has_no_agreement_and_the_price(page):
    log_in(page, "cora")
    open_ticket(page, "Doorbell no longer rings upstairs")
    panel = page.locator(".o_service_payer")
    expect(panel).to_contain_text("the customer has no agreement")
    expect(panel).to_contain_text(re.compile(r"\d+\.00 per hour"))
    expect(panel).to_contain_text(re.compile(r"\d+\.00 per trip"))


def test_a_technician_logs_more_than_is_left_and_the_rest_is_billed(new_page):
    technician = new_page()
    log_in(technician, "tom")
    open_ticket(technician, "The harbour light stays dark")
    expect_hours_left(technician)
    log_three_and_a_half_hours(technician)
    read_who_paid(technician)

    owner = new_page()
    log_in(owner, "olivia")
    bill_the_next_invoice(owner)


def expect_hours_left(page):
    panel = page.locator(".o_service_payer").first
    expect(panel).to_contain_text("Covered by Gold")
    expect(panel).to_contain_text("1 h left")


def log_three_and_a_half_hours(page):
    page.get_by_role("tab", name="Timesheets").click()
    work = page.locator(".o_field_one2many[name=timesheet_ids]")
    work.get_by_text("Add a line").click()
    row = work.locator(".o_data_row").first
    fill_cell(row, "unit_amount", "3:30")
    row.locator("td[name=name] input").click()
    hint = page.locator("[name=service_hint]")
    expect(hint).to_contain_text("2 h covered by Gold")
    expect(hint).to_contain_text(re.compile(r"1\.5 h more .* billed at .*\d\.00"))
    row.locator("td[name=name] input").fill(WORK)
    page.locator(".o_form_button_save").click()
    expect(row).to_contain_text("Partly covered")


def read_who_paid(page):
    work = page.locator(".o_field_one2many[name=timesheet_ids]")
    row = work.locator(".o_data_row").first
    expect(row.locator("td[name=service_amount_billed]")).to_contain_text(".00")
    expect(page.locator(".o_service_payer").first).to_contain_text("Used up")
    row.locator("button[name=action_view_service_work]").click()
    told = page.locator(".modal .o_service_coverage")
    expect(told).to_contain_text("2 h covered by Gold")
    expect(told).to_contain_text("1.5 h more than is included")


def bill_the_next_invoice(page):
    """What was bought is not billed again; what was too much is, once."""
    open_action(page, "action_service_agreement?view_type=list")
    open_record(page, page.locator(".o_data_row", has_text=CUSTOMER))
    expect(page.locator("button[name=action_view_work]")).to_contain_text("to Bill")
    page.get_by_role("button", name="Bill Next Period").click()
    dialog = page.locator(".modal")
    dialog.get_by_role("button", name="Bill", exact=True).click()
    lines = page.locator(".o_field_widget[name=invoice_line_ids] .o_data_row")
    expect(lines.first).to_contain_text("Gold service agreement")
    line = lines.filter(has_text=WORK)
    expect(line).to_have_count(1)
    expect(line).to_contain_text("1.5 h")
    expect(line.locator("td[name=price_subtotal]")).to_contain_text("225.00")


def open_ticket(page, name):
    """Open a ticket from the list of all that are open."""
    page.goto("/odoo/tickets")
    open_record(page, page.locator(".o_data_row", has_text=name))
