"""A proposal accepted in two browsers at once: one agreement, and both get it."""

PREPARE = """
company = env.company
if not company.chart_template:
    env["account.chart.template"].try_loading("generic_coa", company)
plan = env.ref("service_agreement.plan_monthly")
tier = env["service.agreement.tier"].create({
    "name": "Gold", "list_price": 149.0, "price_ids": [(0, 0, {"plan_id": plan.id})],
})
customer = env["res.partner"].create({"name": "Whitfield"})
proposal = env["service.agreement.proposal"].create({
    "partner_id": customer.id, "option_ids": [(0, 0, {"tier_id": tier.id})],
})
proposal._send()
env.cr.commit()
"""

# In one transaction that has read that it is open, and another that signs it meanwhile.
RACE = """
from psycopg2.errors import SerializationFailure
from odoo.addons.service_agreement.models.service_proposal_quote import ProposalMenu
PIXEL = (
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAA"
    "AABJRU5ErkJggg=="
)

def accept(env):
    proposal = env["service.agreement.proposal"].search([], limit=1)
    proposal._lock_and_wait()
    if proposal.state == "accepted":
        return proposal.agreement_id
    menu = ProposalMenu(proposal)
    return proposal._accept(menu.quote(menu.choose()), "Ann", PIXEL)

env["service.agreement.proposal"].search([]).mapped("state")
with env.registry.cursor() as other:
    first = accept(env(cr=other)).name
try:
    accept(env)
    print("TWO")
except SerializationFailure:
    # What Odoo answers by running the request again.
    env.cr.rollback()
    print("SAME" if accept(env).name == first else "OTHER")
"""


def test_two_browsers_get_one_agreement(database):
    database.script(PREPARE)
    assert "SAME" in database.script(RACE)
    counted = "SELECT count(*) FROM service_agreement"
    assert database.sql(counted) == ["1"]
    billed = "SELECT count(*) FROM account_move WHERE state = 'posted'"
    assert database.sql(billed) == ["1"]
