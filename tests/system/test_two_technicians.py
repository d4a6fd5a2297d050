"""Two technicians at the same instant: nobody draws what another has taken already
(SEMANTICS §6, BLK-16)."""

PREPARE = """
company = env.company
tier = env["service.agreement.tier"].create({
    "name": "Gold", "list_price": 149.0, "term_months": 0,
    "price_ids": [(0, 0, {"plan_id": env.ref("service_agreement.plan_monthly").id})],
    "allowance_ids": [
        (0, 0, {"name": "Hours", "kind": "included", "unit": "hours", "quantity": 10})
    ],
})
customer = env["res.partner"].create({"name": "Whitfield", "is_company": True})
env["service.agreement"].create({
    "partner_id": customer.id, "tier_id": tier.id,
    "plan_id": env.ref("service_agreement.plan_monthly").id,
    "date_start": company._service_today().replace(day=1),
}).action_activate()
desk = env["project.project"].create({"name": "Desk", "is_service_desk": True})
env["hr.employee"].create({"name": "Tess"})
env["project.task"].create([
    {"name": f"Ticket {n}", "project_id": desk.id, "partner_id": customer.id}
    for n in range(2)
])
env.cr.commit()
"""

# What Odoo answers a request that came second: it is tried again.
POST = """
from odoo.service.model import retrying
ticket = env["project.task"].search([("name", "=", "Ticket {number}")])
tess = env["hr.employee"].search([("name", "=", "Tess")], limit=1)
today = env.company._service_today()
tries = 0

def post():
    global tries
    tries += 1
    env["account.analytic.line"].create({{
        "name": "Worked", "task_id": ticket.id, "employee_id": tess.id,
        "date": today, "unit_amount": 0.75,
    }})

for _line in range(10):
    retrying(post, env)
    env.cr.commit()
print("DONE", tries)
"""

# In one transaction that has read what is left, and another that takes it meanwhile.
RACE = """
from psycopg2.errors import SerializationFailure
ticket = env["project.task"].search([("name", "=", "Ticket 0")])
tess = env["hr.employee"].search([("name", "=", "Tess")], limit=1)
values = {
    "name": "Worked", "task_id": ticket.id, "employee_id": tess.id,
    "date": env.company._service_today(), "unit_amount": 6,
}
env["service.agreement.allowance.lot"].search_count([])
with env.registry.cursor() as other:
    env(cr=other)["account.analytic.line"].create(values)
try:
    env["account.analytic.line"].create(values)
    env.cr.commit()
    print("BOTH")
except SerializationFailure:
    env.cr.rollback()
    env["account.analytic.line"].create(values)
    env.cr.commit()
    print("AGAIN")
"""

LEDGER = """
SELECT granted, drawn, balance,
       (SELECT sum(units) FROM service_agreement_allowance_draw draw
         WHERE draw.lot_id = lot.id)
  FROM service_agreement_allowance_lot lot
"""
PARTS = """
SELECT outcome, sum(quantity) FROM service_agreement_allowance_draw
 WHERE unit = 'hour' GROUP BY outcome ORDER BY outcome
"""


def test_two_technicians_at_once_never_draw_more_than_there_is(database):
    database.script(PREPARE)
    posts = [database.start_script(POST.format(number=n)) for n in range(2)]
    printed = [post.communicate(timeout=300)[0] for post in posts]
    assert all("DONE" in text for text in printed), printed

    assert read(database, LEDGER) == [[10, 10, 0, 10]]
    assert read(database, PARTS) == [["covered", 10], ["overage", 5]]


def test_who_comes_second_is_told_so_by_the_database(database):
    database.script(PREPARE)
    assert "AGAIN" in database.script(RACE)

    assert read(database, LEDGER) == [[10, 10, 0, 10]]
    assert read(database, PARTS) == [["covered", 10], ["overage", 2]]


def read(database, query):
    """Return rows of an SQL query, with the numbers of a row as numbers."""
    return [
        [part if part.isalpha() else float(part) for part in line.split("|")]
        for line in database.sql(query)
    ]
