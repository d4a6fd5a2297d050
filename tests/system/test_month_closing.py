"""A month is closed while somebody writes down his hours: nothing slips in without an
answer, whoever comes first (SEMANTICS §6).
"""

import pytest
from psycopg2.errors import CheckViolation, Error
from psycopg2.extensions import ISOLATION_LEVEL_REPEATABLE_READ

PREPARE = """
env["service.agreement.rate"].create({"price": 100})
desk = env["project.project"].create({"name": "Desk", "is_service_desk": True})
customer = env["res.partner"].create({"name": "Tran", "is_company": True})
tess = env["hr.employee"].create({"name": "Tess"})
line = env["account.analytic.line"].create({
    "name": "Remote", "project_id": desk.id, "partner_id": customer.id,
    "employee_id": tess.id,
    "date": "2026-02-10", "unit_amount": 1,
})
line.service_draw_ids._answer("given")
env.cr.commit()
"""
CLOSE = "UPDATE service_agreement_month SET is_closed = TRUE"
# Another part of the same work, as the engine writes it.
ADD = """
INSERT INTO service_agreement_allowance_draw
       (line_id, company_id, date, unit, outcome, currency_id, month_id, is_closed)
SELECT line_id, company_id, date, unit, outcome, currency_id, month_id, FALSE
  FROM service_agreement_allowance_draw LIMIT 1
"""


@pytest.mark.parametrize(("first", "second"), [(ADD, CLOSE), (CLOSE, ADD)])
def test_the_second_of_two_transactions_is_refused(database, first, second):
    database.script(PREPARE)
    winner, loser = database.connect(), database.connect()
    try:
        for connection in (winner, loser):
            connection.set_isolation_level(ISOLATION_LEVEL_REPEATABLE_READ)
            connection.cursor().execute("SELECT * FROM service_agreement_month")
        winner.cursor().execute(first)
        winner.commit()
        with pytest.raises(Error) as refused:
            loser.cursor().execute(second)
        # Either what Odoo tries again, or what no month is closed with.
        assert refused.value.pgcode == "40001" or refused.type is CheckViolation
    finally:
        winner.close()
        loser.close()
    left = (
        "SELECT count(*) FROM service_agreement_allowance_draw"
        " WHERE is_closed AND answer IS NULL"
    )
    assert database.sql(left) == ["0"]
