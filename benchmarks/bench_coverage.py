"""What it costs to decide who pays: a month of a company, a line of a technician, and
the question of a customer.

A hundred customers with agreements of every kind, ten thousand timesheet lines of a
month: unlimited, included and bought hours, visits, hours of the day, after hours.
"""

import sys
import time
from datetime import datetime, timedelta
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).parent))

from _support import alternate, row

LINES = 10_000
CUSTOMERS = 100
MONTH = datetime(2026, 3, 1)  # noqa: DTZ001 - naive UTC, as the ORM keeps it
ALLOWANCES = (
    [{"name": "All", "kind": "unlimited"}],
    [{"name": "Hours", "kind": "included", "quantity": 40}],
    [{"name": "Visits", "kind": "included", "unit": "visits", "quantity": 9}],
    [
        {"name": "Amount", "kind": "included", "unit": "amount", "quantity": 900},
        {"name": "Hours", "kind": "included", "quantity": 9, "rollover_cap": 9},
    ],
    [],
)


def run(env):
    month = Month(env)
    lines = month.lines
    return [
        *_measure_month(env, lines),
        *_measure_line(env, month),
        *_measure_question(env, month),
    ]


class Month:
    """A desk, its customers and their work."""

    def __init__(self, env):
        self.env = env
        env["service.agreement.rate"].create(
            {
                "price": 150,
                "price_after_hours": 250,
                "step_minutes": 15,
                "company_id": env.company.id,
            }
        )
        self.types = env["service.agreement.work.type"].search([])
        self.employees = env["hr.employee"].create(
            [{"name": f"Technician {n}"} for n in range(10)]
        )
        self.customers = env["res.partner"].create(
            [{"name": f"Customer {n}", "is_company": True} for n in range(CUSTOMERS)]
        )
        self._create_agreements()
        self.tickets = self._create_tickets()
        self.lines = self._create_lines()

    def _create_agreements(self):
        plan = self.env.ref("service_agreement.plan_monthly")
        tiers = self.env["service.agreement.tier"].create(
            [
                {
                    "name": f"Tier {n}",
                    "list_price": 149.0,
                    "term_months": 0,
                    "price_ids": [(0, 0, {"plan_id": plan.id})],
                    "coverage_calendar_id": self.env.company.resource_calendar_id.id,
                    "allowance_ids": [(0, 0, each) for each in allowances],
                }
                for n, allowances in enumerate(ALLOWANCES)
            ]
        )
        self.env["service.agreement"].create(
            [
                {
                    "partner_id": customer.id,
                    "tier_id": tiers[n % len(tiers)].id,
                    "plan_id": plan.id,
                    "date_start": "2026-01-01",
                }
                for n, customer in enumerate(self.customers)
            ]
        ).action_activate()

    def _create_tickets(self):
        desk = self.env["project.project"].create(
            {"name": "Desk", "is_service_desk": True}
        )
        return self.env["project.task"].create(
            [
                {"name": "No sound", "project_id": desk.id, "partner_id": customer.id}
                for customer in self.customers
                for _n in range(5)
            ]
        )

    def _create_lines(self):
        """Written down where there is no service desk, so that nothing is decided."""
        desk = self.tickets.project_id
        desk.is_service_desk = False
        lines = self.env["account.analytic.line"].create(
            [self.prepare_line(n) for n in range(LINES)]
        )
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE project_project SET is_service_desk = true WHERE id = %s", [desk.id]
        )
        self.env.cr.execute(
            "UPDATE account_analytic_line SET is_service_work = true"
            " WHERE id = ANY(%s)",
            [lines.ids],
        )
        self.env.invalidate_all()
        return lines

    def prepare_line(self, number):
        started = MONTH + timedelta(minutes=37 * number % (31 * 24 * 60))
        return {
            "name": "Worked",
            "task_id": self.tickets[number % len(self.tickets)].id,
            "employee_id": self.employees[number % 10].id,
            "date": started.date(),
            "service_start": number % 2 and started,
            "unit_amount": 0.25 * (number % 9 + 1),
            "service_work_type_id": self.types[number % 3].id,
        }


def _measure_month(env, lines):
    """Once from nothing, with the charges of what is billed: who forgets what was
    decided to do so again would find those. And again, where nothing differs.
    """

    def decide():
        env.invalidate_all()
        lines._decide_service_work()
        env.flush_all()

    before, start = env.cr.sql_log_count, time.perf_counter()
    decide()
    first, queries = time.perf_counter() - start, env.cr.sql_log_count - before
    assert not lines.filtered(lambda line: not line.service_verdict)
    (again,) = alternate(decide)
    return [
        row(f"{LINES:,} lines of a month decided: s", first, 10.0),
        row(f"{LINES:,} lines of a month decided: queries", queries),
        row(f"{LINES:,} lines decided again, nothing differs: s", again, 10.0),
    ]


def _measure_line(env, month):
    """One technician, on a ticket whose customer has a hundred lines this month."""
    project = env["project.project"].create({"name": "Plain"})
    plain = env["project.task"].create({"name": "Plain", "project_id": project.id})
    numbers = iter(range(LINES, 2 * LINES))
    queries = {"ours": [], "plain": []}

    def create(name="ours", **values):
        env.invalidate_all()
        before = env.cr.sql_log_count
        values = {**month.prepare_line(next(numbers)), **values}
        env["account.analytic.line"].create(values)
        env.flush_all()
        queries[name].append(env.cr.sql_log_count - before)

    def create_plain():
        create("plain", task_id=plain.id)

    ours, neither = alternate(create, create_plain, rounds=9)
    added = median(queries["ours"]) - median(queries["plain"])
    return [
        row(
            "one line on a ticket: ms that deciding adds", (ours - neither) * 1000, 100
        ),
        row("one line on a ticket: queries that deciding adds", added),
    ]


def _measure_question(env, month):
    values = {"customer": month.customers[3], "work_type": month.types[1]}

    def ask():
        env.invalidate_all()
        env["account.analytic.line"]._preview_service_work(
            env.company, {**values, "start": MONTH + timedelta(days=20, hours=15)}
        )

    (seconds,) = alternate(ask)
    return [row("who would pay, asked in the portal: ms", seconds * 1000, 250)]
