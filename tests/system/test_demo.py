"""The demo data tells a believable story, and everybody in it sees his part."""

import re
import urllib.parse
import urllib.request
from http.cookiejar import CookieJar

import pytest

from tests.support import Database

OLIVIA = ("olivia", "olivia")
TOM = ("tom", "tom")
CARLA = ("carla.whitfield@example.com", "carla")
THEO = ("theo.lindgren@example.com", "theo")
INVOICES = "SELECT {} FROM account_move WHERE move_type = 'out_invoice'"
TOKEN = re.compile(r'name="csrf_token" value="([^"]+)"')

# Each clock read again from its ticket's facts must show what is stored.
READ_AGAIN = """
clocks = env["service.agreement.sla.clock"].search([])
names = ["state", "started_at", "stopped_at", "deadline", "risk_at", "used_seconds",
         "remaining_seconds", "late_seconds"]
before = clocks.read(names)
env["project.task"].browse(set(clocks.mapped("res_id")))._ticket_read_clocks()
env.flush_all()
env.invalidate_all()
after = clocks.read(names)
tasks = env["project.task"].search([("project_id.is_service_desk", "=", True)])
stored = tasks.read(["sla_phase", "sla_due_at", "sla_risk_at"])
tasks._compute_sla()
again = tasks.read(["sla_phase", "sla_due_at", "sla_risk_at"])
print("READ", len(clocks), len(tasks), before == after, stored == again)
"""
# And so must what the agreements, their lines and their revenue store.
COMPUTE_AGAIN = """
lines = env["service.agreement.line"].search([])
agreements = env["service.agreement"].search([])
line_names = ["price_subtotal", "mrr"]
names = ["amount_total", "mrr", "next_invoice_date"]
before = lines.read(line_names), agreements.read(names)
lines._compute_price_subtotal()
lines._compute_mrr()
agreements._compute_amounts()
agreements._compute_mrr()
agreements._compute_next_invoice_date()
print("SAME", before == (lines.read(line_names), agreements.read(names)))
"""


class Browser:
    """Somebody logged in, who follows links."""

    def __init__(self, server, login):
        self.url = server.url
        jar = urllib.request.HTTPCookieProcessor(CookieJar())
        self._opener = urllib.request.build_opener(jar)
        user, password = login
        token = TOKEN.search(self.get("/web/login")).group(1)
        form = {"login": user, "password": password, "csrf_token": token}
        self._opener.open(
            f"{self.url}/web/login", urllib.parse.urlencode(form).encode(), timeout=60
        )

    def get(self, path):
        with self._opener.open(f"{self.url}{path}", timeout=60) as page:
            return page.read().decode()


@pytest.fixture(scope="module")
def carla(demo_server):
    """Carla, logged in to the portal."""
    return Browser(demo_server, CARLA)


def count(database, query):
    return int(database.sql(query)[0])


def test_there_are_customers_with_and_without_an_agreement(demo_server):
    call = demo_server.call
    customers = [("customer_rank", ">", 0), ("is_company", "=", True)]
    assert call("res.partner", "search_count", [customers], login=OLIVIA) >= 30
    missing = [*customers, ("agreement_missing", "=", True)]
    assert call("res.partner", "search_count", [missing], login=OLIVIA) >= 3


def test_agreements_are_in_every_state(demo_database):
    rows = demo_database.sql(
        "SELECT DISTINCT concat_ws(' ', state, end_reason) FROM service_agreement"
    )
    assert set(rows) == {
        "draft",
        "proposed",
        "active",
        "suspended",
        "ended expired",
        "ended cancelled",
        "ended replaced",
    }


def test_an_offer_has_expired_and_an_agreement_starts_later(demo_database):
    offers = (
        "SELECT count(*) FROM service_agreement WHERE state = 'proposed'"
        " AND validity_date < current_date"
    )
    future = (
        "SELECT count(*) FROM service_agreement WHERE state = 'active'"
        " AND date_start > current_date"
    )
    assert count(demo_database, offers)
    assert count(demo_database, future)


def test_every_plan_is_in_use(demo_database):
    query = (
        "SELECT count(DISTINCT plan_id) FROM service_agreement WHERE state = 'active'"
    )
    assert count(demo_database, query) == 4


def test_fourteen_months_of_invoices_come_from_the_billing_run(demo_database):
    months = INVOICES.format("count(DISTINCT date_trunc('month', invoice_date))")
    assert count(demo_database, f"{months} AND state = 'posted'") >= 14
    assert (
        count(demo_database, f"{INVOICES.format('count(*)')} AND state = 'posted'")
        > 120
    )
    foreign = (
        "SELECT count(*) FROM account_move m WHERE move_type = 'out_invoice'"
        " AND state = 'posted' AND NOT EXISTS (SELECT FROM account_move_line l"
        " JOIN service_agreement_period p ON p.move_line_id = l.id"
        " WHERE l.move_id = m.id)"
        # Who has no agreement is billed for the work alone, with the month.
        " AND NOT EXISTS (SELECT FROM account_move_line l"
        " JOIN service_agreement_allowance_draw d ON d.move_line_id = l.id"
        " WHERE l.move_id = m.id)"
    )
    assert count(demo_database, foreign) == 0


def test_work_that_is_not_covered_rides_on_invoices_of_agreements(demo_database):
    together = (
        "SELECT count(DISTINCT l.move_id) FROM account_move_line l"
        " JOIN service_agreement_allowance_draw d ON d.move_line_id = l.id"
        " JOIN account_move_line fee ON fee.move_id = l.move_id"
        " JOIN service_agreement_period p ON p.move_line_id = fee.id"
        " WHERE l.parent_state = 'posted' AND fee.id != l.id"
    )
    assert count(demo_database, together) > 5


def test_a_visit_was_made_on_its_day(demo_database):
    wrong = (
        "SELECT count(*) FROM service_agreement_visit"
        " WHERE state = 'done' AND done_on > date + 40"
    )
    assert count(demo_database, wrong) == 0


def test_no_invoice_is_negative_empty_or_double(demo_database):
    empty = f"{INVOICES.format('count(*)')} AND amount_total <= 0"
    assert count(demo_database, empty) == 0
    double = (
        "SELECT count(*) FROM (SELECT 1 FROM service_agreement_period"
        " GROUP BY line_id, date_start, kind HAVING count(*) > 1) d"
    )
    assert count(demo_database, double) == 0
    wrong = (
        "SELECT count(*) FROM service_agreement_period p"
        " JOIN account_move_line l ON l.id = p.move_line_id"
        " WHERE l.price_subtotal != p.amount"
    )
    assert count(demo_database, wrong) == 0


def test_invoices_are_paid_open_overdue_and_draft(demo_database):
    posted = f"{INVOICES.format('count(*)')} AND state = 'posted'"
    assert count(demo_database, f"{posted} AND payment_state = 'paid'") > 100
    overdue = "payment_state = 'not_paid' AND invoice_date_due < current_date"
    assert 1 <= count(demo_database, f"{posted} AND {overdue}") <= 8
    running = "payment_state = 'not_paid' AND invoice_date_due >= current_date"
    assert count(demo_database, f"{posted} AND {running}")
    assert count(demo_database, f"{INVOICES.format('count(*)')} AND state = 'draft'")


def test_one_agreement_was_set_aside_with_the_reason(demo_database):
    query = (
        "SELECT billing_issue FROM service_agreement WHERE billing_issue IS NOT NULL"
    )
    assert len(demo_database.sql(query)) == 1


def test_credits_are_proposed_and_granted(demo_database):
    decisions = demo_database.sql("SELECT decision FROM service_agreement_sla_credit")
    assert decisions.count("proposed") >= 1
    assert decisions.count("granted") >= 2


def test_the_first_look_at_promises_tells_little(workshop):
    """Misses of fourteen months are told to nobody, those of today are."""
    activities = "SELECT count(*) FROM mail_activity WHERE sla_clock_id IS NOT NULL"
    with workshop.databases.throwaway("demo") as name:
        database = Database(workshop, name)
        database.script(
            'env["service.agreement.sla.clock"]._cron_warn(); env.cr.commit()'
        )
        assert 3 <= count(database, activities) <= 24


def test_the_desk_has_kept_missed_waiting_and_running_promises(demo_database):
    rows = demo_database.sql(
        "SELECT state, count(*) FROM service_agreement_sla_clock GROUP BY state"
    )
    found = {state: int(number) for state, number in (row.split("|") for row in rows)}
    assert found["met"] > 80
    assert 5 <= found["missed"] < found["met"] / 4
    assert found["paused"] >= 2
    assert found["running"] >= 10


def test_some_tickets_have_no_agreement(demo_database):
    query = (
        "SELECT count(*) FROM project_task t JOIN project_project p"
        " ON p.id = t.project_id WHERE p.is_service_desk AND agreement_id IS {} NULL"
    )
    assert count(demo_database, query.format("NOT")) > 60
    assert count(demo_database, query.format("")) >= 3


def test_clocks_read_again_show_the_same(demo_database):
    printed = demo_database.script(READ_AGAIN)
    found = re.search(r"READ (\d+) (\d+) (\w+) (\w+)", printed)
    assert int(found.group(1)) > 100
    assert int(found.group(2)) >= 80
    assert found.groups()[2:] == ("True", "True")


def test_amounts_and_dates_computed_again_are_the_same(demo_database):
    assert "SAME True" in demo_database.script(COMPUTE_AGAIN)


def test_nobody_was_mailed(demo_database):
    assert count(demo_database, "SELECT count(*) FROM mail_mail") == 0
    assert count(demo_database, "SELECT count(*) FROM mail_notification") == 0


def test_the_past_lies_in_the_past(demo_database):
    """No fact, message or ticket carries the instant of the installation."""
    days = (
        "SELECT count(DISTINCT date::date) FROM mail_message"
        " WHERE model = 'project.task' AND message_type = 'comment'"
    )
    assert count(demo_database, days) > 50
    future = (
        "SELECT count(*) FROM service_agreement_ticket_fact"
        " WHERE at > (now() AT TIME ZONE 'UTC')"
    )
    assert count(demo_database, future) == 0


def test_technicians_logged_their_time(demo_database):
    query = (
        "SELECT count(*), count(DISTINCT employee_id) FROM account_analytic_line"
        " WHERE task_id IS NOT NULL AND unit_amount > 0"
    )
    number, employees = demo_database.sql(query)[0].split("|")
    assert int(number) > 100
    assert int(employees) == 3


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        ("/my", "Service"),
        ("/my/agreements", "Whitfield Lake House"),
        ("/my/invoices", "INV/"),
        ("/my/tasks", "No sound in cinema room"),
        ("/my/projects", "cinema and lighting upgrade"),
        ("/my/timesheets", "Diagnosis"),
    ],
)
def test_carla_finds_something_on_every_page(carla, path, shown):
    assert shown in carla.get(path)


def test_carla_has_one_agreement_to_sign_and_one_in_force(carla, demo_server):
    agreements = demo_server.call(
        "service.agreement", "search_read", [[], ["state", "name"]], login=CARLA
    )
    assert sorted(a["state"] for a in agreements) == ["active", "proposed"]
    for agreement in agreements:
        page = carla.get(f"/my/agreements/{agreement['id']}")
        assert agreement["name"] in page


def test_carla_has_bills_paid_and_to_pay(demo_server):
    invoices = demo_server.call(
        "account.move", "search_read", [[], ["payment_state"]], login=CARLA
    )
    assert {i["payment_state"] for i in invoices} == {"paid", "not_paid"}


def test_carlas_tickets_are_kept_missed_paused_and_running(demo_database):
    rows = demo_database.sql(
        "SELECT DISTINCT sla_phase FROM project_task t"
        " JOIN res_partner p ON p.id = t.partner_id"
        " WHERE p.name = 'Carla Whitfield' AND sla_phase IS NOT NULL"
    )
    assert set(rows) == {"kept", "missed", "paused", "running"}


def test_theo_sees_his_hotel_and_nothing_of_carla(demo_server):
    agreements = demo_server.call(
        "service.agreement", "search_read", [[], ["partner_id"]], login=THEO
    )
    assert {a["partner_id"][1] for a in agreements} == {"The Gannet Hotel"}
    tasks = demo_server.call(
        "project.task",
        "search_count",
        [[("name", "=", "Wi-Fi drops on terrace")]],
        login=THEO,
    )
    assert tasks == 0


def test_a_technician_sees_his_tickets_but_no_agreement(demo_server):
    mine = [("user_ids.login", "=", "tom"), ("agreement_id", "!=", False)]
    assert demo_server.call("project.task", "search_count", [mine], login=TOM)
    assert not demo_server.call(
        "service.agreement", "has_access", [[], "read"], login=TOM
    )


def test_an_upgrade_leaves_the_story_alone(demo_database):
    numbers = "SELECT count(*), max(id), sum(mrr) FROM service_agreement"
    before = demo_database.sql(numbers)
    demo_database.odoo("-u", "service_agreement")
    assert demo_database.sql(numbers) == before
