"""Agreements to bill in a real database, and what the books show afterwards.

    books.prepare(database, customers=150, days_ago=63)
    database.script(books.RUN)
    assert books.read(database) == books.read(undisturbed)
    assert not books.get_faults(database)

What is compared is what an accountant sees, customer by customer; ids and numbers of
invoices depend on who came first.
"""

PREPARE = """
from datetime import timedelta
company = env.company
if not company.chart_template:
    env["account.chart.template"].try_loading("generic_coa", company)
plan = env.ref("service_agreement.plan_monthly")
tier = env["service.agreement.tier"].create({{
    "name": "Silver", "list_price": 149.0, "term_months": 0,
    "price_ids": [(0, 0, {{"plan_id": plan.id}})],
}})
customers = env["res.partner"].create(
    [{{"name": f"Customer {{index:04}}"}} for index in range({customers})]
)
env["service.agreement"].create([{{
    "partner_id": customer.id, "tier_id": tier.id, "plan_id": plan.id,
    "date_start": company._service_today() - timedelta(days={days_ago}),
}} for customer in customers]).action_activate()
env.cr.commit()
"""

# What the scheduled action does, tried again as Odoo's scheduler would.
RUN = """
from psycopg2.errors import SerializationFailure
for _attempt in range(5):
    try:
        env["service.agreement"]._cron_bill()
        print("DONE")
        break
    except SerializationFailure:
        env.cr.rollback()
"""

BOOKS = """
  SELECT partner.name, period.date_start, period.date_end, period.kind, period.amount,
         move.invoice_date, move.date, move.invoice_date_due, move.state,
         move.amount_untaxed, move.amount_total,
         (SELECT string_agg(concat_ws(' ', account_id, balance), ', '
                            ORDER BY account_id, balance)
            FROM account_move_line WHERE move_id = move.id)
    FROM service_agreement_period period
    JOIN account_move_line line ON line.id = period.move_line_id
    JOIN account_move move ON move.id = line.move_id
    JOIN res_partner partner ON partner.id = move.partner_id
ORDER BY partner.name, period.date_start, period.kind, period.amount
"""

FAULTS = {
    "an agreement is still due": """
        SELECT name FROM service_agreement WHERE next_invoice_date <= now()
    """,
    "a period is billed twice": """
        SELECT line_id, date_start FROM service_agreement_period
         WHERE kind IN ('service', 'one_off')
      GROUP BY line_id, date_start, kind HAVING count(*) > 1
    """,
    "an invoice bills no period": """
        SELECT id FROM account_move WHERE move_type = 'out_invoice' AND NOT EXISTS (
            SELECT FROM service_agreement_period period
              JOIN account_move_line line ON line.id = period.move_line_id
             WHERE line.move_id = account_move.id)
    """,
    "an invoice is not posted": """
        SELECT id FROM account_move
         WHERE move_type = 'out_invoice' AND state != 'posted'
    """,
    "a number is missing or used twice": """
        SELECT sequence_prefix, count(*) FROM account_move WHERE state = 'posted'
      GROUP BY journal_id, sequence_prefix
        HAVING count(DISTINCT sequence_number) != max(sequence_number)
            OR count(*) != max(sequence_number)
    """,
    "the dashboard tells of a gap that is none": """
        SELECT name FROM account_move WHERE state = 'posted' AND made_sequence_gap
    """,
}


def prepare(database, customers, days_ago=0, then=""):
    """Give each customer a monthly agreement that began so many days ago.

    :param str then: what else to do in Odoo's shell
    """
    database.script(PREPARE.format(customers=customers, days_ago=days_ago) + then)


def read(database):
    """Return what was billed, a line for each period, customer by customer."""
    return database.sql(BOOKS)


def get_faults(database):
    """Return what no run may leave behind, as {what: where}."""
    found = {what: database.sql(query) for what, query in FAULTS.items()}
    return {what: rows for what, rows in found.items() if rows and rows != [""]}
