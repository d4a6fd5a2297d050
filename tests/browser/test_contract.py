"""A contract of OCA's gets a tier, and its customer's ticket a promise."""

import pytest
from playwright.sync_api import expect

from tests.browser.steps import log_in, pick

# A tier, a service desk, and a contract as OCA's users have them.
PREPARE = """
plan = env.ref("service_agreement.plan_monthly")
tier = env["service.agreement.tier"].create({
    "name": "Silver", "list_price": 149.0, "term_months": 0,
    "price_ids": [(0, 0, {"plan_id": plan.id})],
    "target_ids": [
        (0, 0, {"priority": "0", "metric": "first_response", "minutes": 240}),
    ],
})
env.company.service_desk_project_id = env["project.project"].create(
    {"name": "Service Desk", "is_service_desk": True}
)
customer = env["res.partner"].create({"name": "Whitfield Residence"})
journal = env["account.journal"].search([("type", "=", "sale")], limit=1)
env["contract.contract"].create({
    "name": "Care of the cinema", "partner_id": customer.id,
    "invoice_partner_id": customer.id, "line_recurrence": True,
    "journal_id": (journal or journal.create(
        {"name": "Sales", "type": "sale", "code": "S"}
    )).id,
    "contract_line_ids": [(0, 0, {
        "name": "Care", "product_id": tier.product_id.id, "price_unit": 149.0,
    })],
})
env.ref("base.user_admin").group_ids += env.ref("account.group_account_manager")
env.cr.commit()
"""


@pytest.fixture(scope="module")
def demo_server(contract_database):
    """The server that pages are opened on: OCA's contract with our bridge."""
    contract_database.script(PREPARE)
    with contract_database.serve() as server:
        yield server


def test_a_contract_gets_a_tier_and_its_customer_s_ticket_a_promise(page):
    log_in(page, "admin")
    page.goto("/odoo/customer-contracts")
    page.locator(".o_data_row", has_text="Whitfield").locator("td[name=name]").click()
    pick(page, "service_tier_id", "Silver")
    page.locator(".o_form_button_save").click()
    promise = page.locator("button[name=action_view_service_agreement]")
    expect(promise).to_contain_text("Active")
    promise.click()
    expect(page.locator(".o_form_view")).to_contain_text("Care of the cinema")
    expect(page.locator("button[name=action_end]")).to_have_count(0)

    page.locator("button[name=action_view_tickets]").click()
    page.locator(".o_list_button_add, .o-kanban-button-new").first.click()
    page.locator(".o_field_widget[name=name] textarea").fill("No picture")
    page.locator(".o_form_button_save").click()
    expect(page.locator(".o_service_promise")).to_contain_text("left")
