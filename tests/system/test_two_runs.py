"""Two billing runs at once: the books end up as after one (SEMANTICS §1)."""

PREPARE = """
from datetime import timedelta
company = env.company
if not company.chart_template:
    env["account.chart.template"].try_loading("generic_coa", company)
plan = env.ref("service_agreement.plan_monthly")
tier = env["service.agreement.tier"].create({
    "name": "Silver", "list_price": 149.0, "term_months": 0,
    "price_ids": [(0, 0, {"plan_id": plan.id})],
})
start = company._service_today() - timedelta(days=63)
for index in range(150):
    customer = env["res.partner"].create({"name": f"Customer {index}"})
    env["service.agreement"].create({
        "partner_id": customer.id, "tier_id": tier.id, "plan_id": plan.id,
        "date_start": start,
    }).action_activate()
env.cr.commit()
"""

RUN = """
from psycopg2.errors import SerializationFailure
try:
    env["service.agreement"]._cron_bill()
    print("DONE")
except SerializationFailure:
    # What Odoo's scheduler answers by running the job again.
    env.cr.rollback()
    env["service.agreement"]._cron_bill()
    print("DONE")
"""


def test_two_runs_at_once_bill_everything_once(database):
    database.script(PREPARE)
    runs = [database.start_script(RUN) for _worker in range(2)]
    printed = [run.communicate(timeout=300)[0] for run in runs]
    assert all("DONE" in text for text in printed), printed

    periods, lines, moves = (
        int(database.sql(query)[0])
        for query in (
            "SELECT count(*) FROM service_agreement_period",
            "SELECT count(DISTINCT (line_id, date_start))"
            " FROM service_agreement_period",
            "SELECT count(*) FROM account_move WHERE state = 'posted'",
        )
    )
    assert periods == lines == moves
    assert periods == 150 * 3, "two whole months and the one begun"
    still_due = (
        "SELECT count(*) FROM service_agreement WHERE next_invoice_date <= now()"
    )
    assert database.sql(still_due) == ["0"]
