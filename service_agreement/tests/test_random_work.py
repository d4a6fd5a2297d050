"""Work that lives through whatever may happen to it, at random.

A seed is a life. The default seeds run with every test run; for more of them::

    SERVICE_AGREEMENT_WORK_LIVES=0-500 odoo ... --test-tags :TestRandomWork
"""

import os
import random
from contextlib import contextmanager
from datetime import date, timedelta

from odoo import fields
from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.tests import tagged

from ..models.service_agreement_rate import _decimal
from ..tools.allowance import round_work
from .common import ServiceDeskCommon, ServiceWorkMixin

START = date(2026, 1, 1)
DEFAULT_SEEDS = "0-2"
FREE = ("given", "goodwill", "warranty")
# Of a lot, and of a part: what deciding again must not change.
FIGURES = ("granted", "adjusted", "rolled_in", "drawn", "rolled_out", "balance")
FACTS = (
    "date",
    "unit",
    "outcome",
    "agreement_id",
    "lot_id",
    "quantity",
    "units",
    "price",
    "amount",
    "list_amount",
    "reason",
    "answer",
    "agreement_line_id",
    "move_line_id",
)


def _get_seeds():
    name = "SERVICE_AGREEMENT_WORK_LIVES"
    first, last = os.environ.get(name, DEFAULT_SEEDS).split("-")
    return range(int(first), int(last))


@tagged("post_install", "-at_install")
class TestRandomWork(ServiceWorkMixin, ServiceDeskCommon):
    """Whatever happens: all of the work is paid, billed or waits for an answer, once;
    the lots add up; and who decides it again finds what is on record.
    """

    EVENTS = (
        *["log"] * 9,
        *["change"] * 4,
        *["run"] * 2,
        *["answer"] * 3,
        "delete",
        "begin_agreement",
        "suspend",
        "resume",
        "end",
        "buy",
        *["close"] * 4,
        "reopen",
        "take_back",
        "rate",
        "limit",
        "move",
        "refresh",
        "invoice",
        "reassign",
        "adjust",
    )

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company.service_hours_product_id = cls.product
        cls.company.service_trip_product_id = cls.product.copy()
        jobs = cls.env["hr.job"].sudo()
        jobs = jobs.create([{"name": "Junior"}, {"name": "Senior"}])
        cls.senior = jobs[1]
        employees = cls.env["hr.employee"].sudo()
        cls.people = cls.technician | employees.create(
            [
                {"name": job.name, "job_id": job.id, "company_id": cls.company.id}
                for job in jobs
            ]
        ).with_env(cls.env)
        cls.rate.write({"step_minutes": 15, "date_start": "2020-01-01"})
        cls.rates = cls.rate | cls.rate.create(
            [
                {
                    "price": 180,
                    "price_after_hours": 270.5,
                    "work_type_id": cls.on_site.id,
                    "minimum": 1,
                    "step_minutes": 30,
                    "date_start": "2020-01-01",
                },
                {"price": 199.99, "job_id": cls.senior.id, "date_start": "2020-01-01"},
            ]
        )
        euro = cls.setup_other_currency(
            "EUR", rates=[("2026-01-01", 2.0), ("2026-03-10", 1.7)]
        )
        cls.pricelist = cls.env["product.pricelist"].create(
            {"name": "EUR", "currency_id": euro.id}
        )
        cls.other_project = cls.env["project.project"].create({"name": "Elsewhere"})

    def test_lives(self):
        for seed in _get_seeds():
            with self.subTest(seed=seed), self._undone():
                self._begin(seed)
                self._live()

    @contextmanager
    def _undone(self):
        """No life knows of another one."""
        savepoint = self.env.cr.savepoint()
        try:
            yield
        finally:
            savepoint.close(rollback=True)
            self.env.invalidate_all()

    # A life

    def _begin(self, seed):
        self.random = random.Random(seed)
        self.trace, self.settled = [], {}
        self.day = START + timedelta(days=self.random.randrange(20))
        self._create_customers()
        self.agreements = self.env["service.agreement"]
        for _number in range(self.random.choice([1, 1, 2, 3])):
            with self.at(f"{self.day} 09:00:00"):
                self._do_begin_agreement()

    def _create_customers(self):
        """One with a company and a site far away, one without any agreement."""
        self.top = self._create_customer("Whitfield")
        self.kid = self._create_customer("Boathouse", parent_id=self.top.id)
        self.stranger = self._create_customer("Nobody's Villa")
        self.place = self._create_site(
            "Observatory", parent_id=self.top.id, tz="Asia/Kolkata"
        )
        self.cinema = self._create_system(
            "Cinema", partner_id=self.top.id, site_id=self.place.id
        )
        values = self._prepare_ticket_values()
        self.tasks = self.env["project.task"].create(
            [
                {**values, "partner_id": self.top.id, "system_id": self.cinema.id},
                *({**values, "partner_id": p.id} for p in self.top | self.kid),
                {**values, "partner_id": self.stranger.id},
            ]
        )

    def _live(self):
        for _number in range(self.random.randrange(15, 30)):
            self.day += timedelta(days=self.random.choice([0, 0, 1, 2, 3, 9, 20]))
            event = self.random.choice(self.EVENTS)
            with self.at(f"{self.day} 12:00:00"):
                self.agreements._refresh_state()
                self.agreements.sudo()._refresh_terms()
                self.agreements._refresh_ledgers()
                try:
                    with self.env.cr.savepoint():
                        self.trace.append((str(self.day), event))
                        getattr(self, f"_do_{event}")()
                        self.env.flush_all()
                except UserError as error:
                    # Refused: of a settled month, beyond a balance, not in force.
                    self.trace.append(("refused", str(error)))
                    self.env.invalidate_all()
                self._check()

    def _check(self):
        self.env.flush_all()
        self.env.invalidate_all()
        try:
            self._check_lines()
            self._check_lots()
            self._check_bills()
            self._check_settled()
            self._check_leakage()
            self._check_again()
        except AssertionError as error:
            trace = "\n".join(map(str, self.trace))
            raise AssertionError(f"{error}\n{trace}") from error

    # Events

    def _choose_agreement(self):
        return self._choose_of(self.agreements)

    def _choose_of(self, records):
        return self.random.choice(list(records)) if records else records

    def _do_begin_agreement(self):
        choose = self.random.choice
        start = self.day - timedelta(days=choose([0, 0, 10, 31, 40]))
        start = start.replace(day=choose([1, start.day, min(start.day, 28)]))
        values = {}
        if choose([True, False, False]):
            values["pricelist_id"] = self.pricelist.id
        agreement = self._create_agreement(
            start,
            choose([self.plan_monthly, self.plan_first, self.plan_quarterly]),
            partner_id=choose([self.top, self.top, self.kid]).id,
            **values,
        )
        if choose([True, False, False]):
            agreement.site_ids = self.place
        elif agreement.partner_id == self.top and choose([True, False, False]):
            agreement.system_ids = self.cinema
        self._cover_by_chance(agreement)
        agreement.action_activate()
        self.agreements |= agreement
        allowances = agreement.coverage_ids.allowance_ids
        self.trace.append((agreement.id, start, allowances.mapped("unit")))

    def _cover_by_chance(self, agreement):
        choose = self.random.choice
        rates = [{"price": 111.11, "step_minutes": 6, "minimum": choose([0, 0.5])}]
        self._cover(
            agreement,
            *[self._choose_allowance() for _each in range(choose([0, 1, 1, 2, 3]))],
            covers_children=choose([True, False]),
            covers_trips=choose([True, False]),
            coverage_calendar_id=choose([False, self.calendar.id]),
            rate_discount=choose([0, 10, 33.3]),
            rate_ids=[Command.create(each) for each in rates if choose([True, False])],
        )

    def _choose_allowance(self):
        choose = self.random.choice
        kind = choose(["unlimited", "included", "included", "included", "prepaid"])
        unit = choose(["hours", "hours", "visits", "incidents", "amount"])
        used_up = ["bill", "ask"] + ["overrun"] * (kind == "included")
        values = {
            "kind": kind,
            "unit": unit,
            "quantity": choose([1, 2, 4, 7]) * (100 if unit == "amount" else 1),
            "interval_months": choose([1, 1, 3]),
            "rollover_cap": choose([0, 0, 1, 100]),
            "rollover_months": choose([0, 1, 2]),
            "when_used_up": choose(used_up),
            "paid_only": choose([False, False, True]),
            "sequence": choose([5, 10]),
        }
        if choose([True, False, False]):
            values["work_type_ids"] = [Command.set(self.remote.ids)]
        if choose([True, False]):
            factor = {"job_id": self.senior.id, "factor": choose([0, 1.5, 2])}
            values["job_factor_ids"] = [Command.create(factor)]
        return values

    def _choose_facts(self):
        choose = self.random.choice
        task = choose(self.tasks)
        day = self.day - timedelta(days=choose([0, 0, 1, 3, 10, 25]))
        hours = choose([0, 0.1, 0.25, 1, 1.5, 2, 3.33, 8])
        values = {
            "task_id": task.id,
            "employee_id": choose(self.people).id,
            "service_work_type_id": choose(
                [False, self.remote.id, self.on_site.id, self.programming.id]
            ),
        }
        if choose([True, False]):
            hour = choose([6, 8, 15, 17, 20, 22])
            values["service_start"] = f"{day} {hour:02}:30:00"
        return day, hours, values

    def _do_log(self):
        day, hours, values = self._choose_facts()
        shown = self._preview(day, hours, values)
        line = self._log(day, hours, **values)
        self.trace[-1] += (line.id, str(day), hours, values)
        closed = self.company.service_closed_until
        if not closed or day > closed:
            self.assertEqual(shown, self._summarise(line), self.trace)

    def _preview(self, day, hours, values):
        task = self.tasks.browse(values["task_id"])
        work_type = self.remote.browse(values["service_work_type_id"] or [])
        person = self.people.browse(values["employee_id"])
        asked = {
            "customer": task.partner_id,
            "system": task.system_id,
            "work_type": work_type,
            "job": person.sudo().job_id,
            "task": task,
            "hours": hours,
            "trips": self._count_trips(task, day, person, work_type),
        }
        if "service_start" in values:
            asked["start"] = fields.Datetime.to_datetime(values["service_start"])
        else:
            asked["day"] = day
        lines = self.env["account.analytic.line"]
        shown = lines._preview_service_work(self.company, asked)
        return sorted(
            (p["unit"], p["outcome"], round(p["quantity"], 4), round(p["amount"], 2))
            for p in shown["parts"]
        )

    def _count_trips(self, task, day, person, work_type):
        there = self._get_lines().filtered(
            lambda line: (
                line.task_id == task
                and line.date == day
                and line.employee_id == person
                and line.service_trips
            )
        )
        return int(work_type.is_on_site and not there)

    def _summarise(self, line):
        return sorted(
            (d.unit, d.outcome, round(d.quantity, 4), round(d.amount, 2))
            for d in line.service_draw_ids
        )

    def _get_lines(self):
        return self.env["account.analytic.line"].search(
            [("task_id", "in", self.tasks.ids)]
        )

    def _do_change(self):
        line = self._choose_of(self._get_lines())
        day, hours, values = self._choose_facts()
        names = self.random.sample(sorted(values), self.random.randrange(len(values)))
        changed = {name: values[name] for name in names}
        if "service_start" in changed or self.random.choice([True, False]):
            changed |= {"date": str(day), "unit_amount": hours}
        self.trace[-1] += (line.id, changed)
        line.write(changed)

    def _do_delete(self):
        line = self._choose_of(self._get_lines())
        self.trace[-1] += (line.id,)
        line.unlink()

    def _do_move(self):
        """Out of the service desk, and back."""
        line = self._choose_of(self._get_lines())
        if not line:
            return
        task, project = line.task_id, line.project_id
        line.write({"task_id": False, "project_id": self.other_project.id})
        self.env.flush_all()
        self.assertFalse(line.service_draw_ids or line.service_verdict)
        if self.random.choice([True, False]):
            line.write({"project_id": project.id, "task_id": task.id})

    def _do_reassign(self):
        """The ticket is of another customer."""
        task = self._choose_of(self.tasks[1:])
        task.partner_id = self.random.choice([self.top, self.kid, self.stranger])

    def _do_suspend(self):
        first = self.day + timedelta(days=self.random.choice([0, 5]))
        last = first + timedelta(days=self.random.randrange(30))
        last = self.random.choice([False, last])
        self._choose_agreement()._suspend(first, last, True)

    def _do_resume(self):
        self._choose_agreement().action_resume()

    def _do_end(self):
        last = self.day + timedelta(days=self.random.choice([-10, 0, 5]))
        self._choose_agreement()._end(last, "cancelled")

    def _do_buy(self):
        agreement = self._choose_agreement()
        allowance = self._choose_of(agreement._get_prepaid_allowances())
        if not allowance:
            return
        days = timedelta(days=self.random.choice([0, 5, 20]))
        price = self.random.choice([0, 200.0])
        agreement._add_prepaid(allowance, 3, price, self.day - days)

    def _do_adjust(self):
        lot = self._choose_of(self.agreements.coverage_ids.allowance_ids.lot_ids)
        if lot:
            lot._adjust(self.random.choice([1, -1]), "Counted anew")

    def _do_answer(self):
        asked = self._get_draws().filtered(lambda d: d.outcome != "covered")
        for draw in asked:
            if self.random.choice([True, False]):
                self._answer_by_chance(draw)

    def _answer_by_chance(self, draw):
        answer = self.random.choice(["bill", "bill", *FREE])
        if not (draw.is_closed or draw._is_invoiced()):
            draw._answer(answer, "Because")

    def _get_draws(self):
        return self._get_lines().service_draw_ids

    def _do_close(self):
        months = self.env["service.agreement.month"].search(
            [("company_id", "=", self.company.id), ("is_closed", "=", False)],
            order="date",
        )
        for draw in months[:1].draw_ids.filtered(lambda d: not d.answer):
            self._answer_by_chance(draw)
        if months:
            months[:1].action_close()

    def _do_reopen(self):
        months = self.env["service.agreement.month"].search(
            [("company_id", "=", self.company.id), ("is_closed", "=", True)],
            order="date desc",
            limit=1,
        )
        if months:
            months.action_reopen()
            self.settled = {}

    def _do_run(self):
        announced = [
            amount
            for _agreement, _due, amount in self.agreements._get_due_amounts(self.day)
        ]
        moves, failed = self._run_billing(self.day, self.agreements)
        self.assertFalse(failed, failed.mapped("billing_issue"))
        self.assertEqual(
            sorted(map(abs, announced)), sorted(moves.mapped("amount_untaxed"))
        )

    def _do_invoice(self):
        self._get_draws()._create_invoices()

    def _do_take_back(self):
        """An invoice with work is deleted, cancelled or credited."""
        move = self._choose_of(self._get_draws().move_id)
        if not move:
            return
        way = self.random.choice(["delete", "cancel", "credit"])
        self.trace[-1] += (way, move.id)
        if way == "credit":
            if move.state == "draft":
                move.action_post()
            move._reverse_moves([{"date": self.day, "invoice_date": self.day}])
            return
        if move.state == "posted":
            move.button_draft()
        if way == "delete":
            move.with_context(force_delete=True).unlink()
        elif move.state != "cancel":
            move.button_cancel()

    def _do_rate(self):
        """What an hour costs from today on moves nothing that was worked before."""
        draws = self._get_draws().filtered(lambda d: d.date < self.day)
        before = draws.mapped("worth")
        self._choose_of(self.rates).price = self.random.choice([120, 175.55, 300])
        self.env.invalidate_all()
        self.assertEqual(before, draws.mapped("worth"))

    def _do_limit(self):
        agreement = self._choose_agreement()
        sites = self.random.choice([self.place, self.place.browse()])
        agreement.site_ids = sites

    def _do_refresh(self):
        self.agreements._refresh_ledgers()

    # What must hold

    def _check_lines(self):
        for line in self._get_lines().filtered("is_service_work"):
            hours = line.service_draw_ids.filtered(lambda d: d.unit == "hour")
            trips = line.service_draw_ids - hours
            counted = round(sum(hours.mapped("quantity")), 4)
            self.assertIn(counted, self._get_possible_counts(line), line.id)
            self.assertEqual(sum(trips.mapped("quantity")), line.service_trips)
            self.assertTrue(
                all(d.answer == "covered" for d in hours if d.outcome == "covered")
            )

    def _get_possible_counts(self, line):
        rates = self.env["service.agreement.rate"].search([("kind", "=", "hour")])
        counts = {
            round_work(_decimal(line.unit_amount), *terms)
            for rate in rates
            for terms in [(_decimal(rate.minimum), rate._to_rate().step)]
        }
        return {round(float(each), 4) for each in counts}

    def _check_lots(self):
        for lot in self.agreements.coverage_ids.allowance_ids.lot_ids:
            entered = lot.granted + lot.adjusted + lot.rolled_in
            left = lot.drawn + lot.forfeited + lot.rolled_out + lot.balance
            self.assertAlmostEqual(entered, left, 4)
            self.assertAlmostEqual(
                lot.drawn, sum(lot.draw_ids.mapped("units")), 3, f"lot {lot.id}"
            )
            if lot.allowance_id.when_used_up != "overrun":
                self.assertGreaterEqual(lot.balance, -0.00005, f"lot {lot.id}")
            for draw in lot.draw_ids.filtered("units"):
                self.assertGreaterEqual(draw.date, lot.date_start)
                self.assertTrue(
                    not lot.date_end or draw.date <= lot.date_end, f"lot {lot.id}"
                )

    def _check_bills(self):
        draws = self._get_draws()
        for draw in draws:
            charge = draw.agreement_line_id
            if charge:
                self.assertEqual(charge.work_line_id, draw.line_id)
                self.assertEqual(charge.agreement_id, draw.agreement_id)
            elif draw.answer == "bill" and draw.agreement_id:
                self.assertFalse(draw.amount, f"part {draw.id} is lost")
        for charge in draws.agreement_line_id:
            self._check_billed(charge, charge.work_draw_ids)
        for line in draws.move_line_id.filtered(lambda ln: not ln.agreement_line_id):
            if line.parent_state != "cancel":
                self._check_billed(line, line.service_draw_ids)
        self._check_nothing_else_is_charged()

    def _check_billed(self, charge, draws):
        billed = draws.filtered(lambda draw: draw.answer == "bill")
        expected = sum(billed.mapped("amount"))
        self.assertAlmostEqual(charge.price_subtotal, expected, 2, f"charge {charge}")

    def _check_nothing_else_is_charged(self):
        self.assertFalse(
            self.env["service.agreement.line"].search(
                [
                    ("work_line_id", "in", self._get_lines().ids),
                    ("settled_until", "=", False),
                    ("work_draw_ids", "=", False),
                ]
            )
        )

    def _check_settled(self):
        """What is settled stays."""
        closed = self._get_draws().filtered("is_closed").line_id
        now = {line: self._get_facts_of(line) for line in closed}
        for line, facts in self.settled.items():
            self.assertEqual(facts, now.get(line), "settled")
        self.settled = now

    def _get_facts_of(self, line):
        names = ("date", "quantity", "price", "amount", "worth", "answer", "outcome")
        return [
            (draw, *(draw[name] for name in names))
            for draw in line.service_draw_ids.sorted("id")
        ]

    def _check_leakage(self):
        rows = self.env["service.agreement.leakage"]._read_group(
            [("company_id", "=", self.company.id)], ["partner_id"], ["leaked:sum"]
        )
        draws = self.env["service.agreement.allowance.draw"].search(
            [("company_id", "=", self.company.id)]
        )
        free = draws.filtered(
            lambda d: d.outcome != "covered" and d.answer in (False, "given")
        )
        self.assertAlmostEqual(
            sum(leaked for _partner, leaked in rows), sum(free.mapped("worth")), 2
        )

    def _check_again(self):
        before = self._snapshot()
        lines = self.env["account.analytic.line"]
        lines._decide_for_customers({self.company: self.top | self.stranger})
        self.env.flush_all()
        self.env.invalidate_all()
        self.assertEqual(before, self._snapshot(), "decided again")

    def _snapshot(self):
        """:return: dict of plain values: what each part and each lot says"""
        lots = self.agreements.coverage_ids.allowance_ids.lot_ids
        found = {draw: self._to_plain(draw, FACTS) for draw in self._get_draws()}
        for lot in lots:
            if figures := [each for each in self._to_plain(lot, FIGURES) if each]:
                found[lot] = figures
        return found

    @staticmethod
    def _to_plain(record, names):
        values = [record[name] for name in names]
        return [round(v, 3) if isinstance(v, float) else v for v in values]
