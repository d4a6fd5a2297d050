"""Agreements that live through whatever may happen to them, at random.

A seed is a life. The default seeds run with every test run; for more of them::

    SERVICE_AGREEMENT_LIVES=0-500 odoo ... --test-tags :TestRandomLives
"""

import os
import random
from datetime import date, timedelta
from decimal import Decimal

from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.tests import tagged

from ..models.service_agreement_change import PendingChange
from ..tools.billing_period import Period
from ..tools.proration import share
from .common import ServiceAgreementCommon

START = date(2026, 1, 1)
# What is billed after the last event, so that every credit has found its invoice.
AFTERWARDS = timedelta(days=120)
DEFAULT_SEEDS = "0-12"


def _get_seeds():
    first, last = os.environ.get("SERVICE_AGREEMENT_LIVES", DEFAULT_SEEDS).split("-")
    return range(int(first), int(last))


@tagged("post_install", "-at_install")
class TestRandomLives(ServiceAgreementCommon):
    """Whatever happens: previews are what runs make, no invoice is negative, no day is
    billed twice, and in the end the customer was asked for what was served.
    """

    EVENTS = (
        *["run"] * 2,
        *["change"] * 3,
        "bill_now",
        "suspend",
        "resume",
        "withdraw",
        "write_off",
        "delete",
        "cancel",
        "refund",
    )

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        Plan, Tax = cls.env["service.agreement.plan"], cls.env["account.tax"]
        weekly = Plan.create({"name": "Weekly", "unit": "week"})
        arrears = Plan.create(
            {
                "name": "At the end of the month",
                "timing": "arrears",
                "anchor_type": "fixed_day",
                "anchor_day": 31,
            }
        )
        cls.plans = [
            cls.plan_first,
            cls.plan_monthly,
            cls.plan_quarterly,
            weekly,
            arrears,
        ]
        sale = {"type_tax_use": "sale"}
        two = Tax.create(
            [
                {**sale, "name": "19", "amount": 19, "sequence": 20},
                {**sale, "name": "3.7", "amount": 3.7, "sequence": 10},
            ]
        )
        included = {"price_include_override": "tax_included"}
        cls.taxes = [
            cls.tax_sale_a,
            two,
            Tax.create({**sale, **included, "name": "21 in it", "amount": 21}),
        ]

    def test_lives(self):
        for seed in _get_seeds():
            with self.subTest(seed=seed):
                self._begin(seed)
                self._live()
                self._end()
                # The planner must not think the tables empty: each life fills them.
                self.env.cr.execute(
                    "ANALYZE account_move, account_move_line, account_partial_reconcile"
                )

    # A life

    def _begin(self, seed):
        self.random = random.Random(seed)
        choose = self.random.choice
        self.company.tax_calculation_rounding_method = choose(
            ["round_per_line", "round_globally"]
        )
        self.day = START + timedelta(days=self.random.randrange(20))
        self.agreement = self._create_agreement(
            self.day,
            choose(self.plans),
            credit_policy=choose(["carry", "carry", "credit_note"]),
            proration_method=choose(["actual", "actual", "actual_30", "30_360"]),
            invoice_mode=choose(["post", "post", "draft"]),
        )
        self._choose_charges()
        self.agreement.action_activate()

    def _choose_charges(self):
        choose, line = self.random.choice, self.agreement.line_ids
        line.write(
            {
                "price_unit": choose([149, 89.99, 10.01, 0, 100]),
                "quantity": choose([1, 2, 3.5]),
                "discount": choose([0, 0, 10, 33.33]),
                "is_arrears": choose([line.is_arrears, True]),
                "tax_ids": [Command.set(choose(self.taxes).ids)],
            }
        )
        more = {"agreement_id": self.agreement.id}
        if choose([True, False]):
            line.copy({**more, "price_unit": 20, "plan_id": choose(self.plans).id})
        if choose([True, False, False]):
            line.copy({**more, "charge": "one_off", "price_unit": 50})

    def _live(self):
        for _number in range(self.random.randrange(4, 10)):
            self.day += timedelta(days=self.random.randrange(25))
            event = self.random.choice(self.EVENTS)
            with self.at(f"{self.day} 12:00:00"):
                self.agreement._refresh_state()
                self.agreement.sudo()._refresh_terms()
                try:
                    with self.env.cr.savepoint():
                        getattr(self, f"_do_{event}")()
                except UserError:
                    # Refused: a suspension of suspended days, a change after the end.
                    self.env.invalidate_all()
                self._check_next_date()

    def _end(self):
        end = self.day + AFTERWARDS
        with self.at(f"{self.day} 12:00:00"):
            self.agreement._refresh_state()
            for waiver in self.agreement.waiver_ids.filtered(lambda w: not w.date_end):
                waiver.sudo().date_end = max(waiver.date_start, self.day)
            self.agreement._refresh_state()
        self._check_run(end)
        for line in self.agreement.line_ids:
            self._check_no_day_twice(line)
            self._check_total(line)

    # Events

    def _do_run(self):
        self._check_run(self.day)

    def _do_bill_now(self):
        self.agreement.action_bill_now()

    def _do_change(self):
        pending = self._choose_change()
        _now, shown = self.agreement._preview_change(pending)
        self.agreement._change(pending)
        self.assertEqual(
            [(i.due, i.kind, i.amount) for i in shown],
            [(i.due, i.kind, i.amount) for i in self.agreement._get_next_invoices()],
            "the preview of a change",
        )

    def _choose_change(self):
        choose = self.random.choice
        day = self.day + timedelta(days=choose([0, 0, self.random.randrange(-40, 40)]))
        origin = choose([ln for ln in self.agreement.line_ids if not ln.origin_id])
        plan = choose(self.plans)
        terms = choose(
            [
                {"price_unit": Decimal(choose(["0", "49.99", "89", "149", "120.5"]))},
                {"quantity": Decimal(choose(["0", "1", "2", "2.5"]))},
                {"discount": Decimal(choose(["0", "10", "50", "100"]))},
                {"removed": True},
                {"factor": Decimal("1.03")},
                {
                    "plan_id": plan.id,
                    "anchor_date": plan._get_anchor(day),
                    "is_arrears": plan.timing == "arrears",
                    "price_unit": Decimal(choose(["100", "1200"])),
                },
                None,
            ]
        )
        added = {
            **origin._get_term_values(),
            "price_unit": Decimal("33.33"),
            "charge": choose(["recurring", "one_off"]),
        }
        return PendingChange(
            day,
            {origin: terms} if terms else {},
            [] if terms else [added],
            timing=choose(["next_invoice", "at_once"]),
        )

    def _do_withdraw(self):
        changes = self.agreement.change_ids.filtered(lambda c: not c.is_withdrawn)
        self._choose_of(changes).action_withdraw()

    def _do_suspend(self):
        first = self.day + timedelta(days=self.random.choice([0, 0, 5, 20]))
        last = first + timedelta(days=self.random.randrange(30))
        self.agreement._suspend(first, self.random.choice([False, last]), True)

    def _do_resume(self):
        self.agreement.action_resume()

    def _do_write_off(self):
        periods = self.agreement.period_ids.filtered("can_write_off")
        self._choose_of(periods)._write_off("Goodwill")

    def _do_delete(self):
        moves = self.agreement._get_invoices().sorted("id")
        move = self._choose_of(moves[:1] | moves[-1:])
        if move.state != "draft":
            move.button_draft()
        move.with_context(force_delete=True).unlink()

    def _do_cancel(self):
        moves = self._get_untouched().filtered(lambda m: m.move_type == "out_invoice")
        move = self._choose_of(moves)
        if move.state == "posted":
            move.button_draft()
        move.button_cancel()
        self._bill_again()

    def _do_refund(self):
        posted = self._get_untouched().filtered(lambda m: m.state == "posted")
        for move in self._choose_of(posted):
            values = {"date": self.day, "invoice_date": self.day}
            move._reverse_moves([values]).action_post()
        self._bill_again()

    def _bill_again(self):
        """What was taken back is charged anew, so that the sums are known."""
        periods = self.agreement.period_ids
        periods.invalidate_recordset()
        periods.filtered("can_bill_again").action_bill_again()

    def _get_untouched(self):
        return (
            self.agreement._get_invoices()
            .sorted("id")
            .filtered(
                lambda move: (
                    move.state != "cancel"
                    and not move.reversal_move_ids
                    and move.line_ids.agreement_line_id
                )
            )
        )

    def _choose_of(self, records):
        return self.random.choice(list(records)) if records else records

    # What must hold

    def _check_next_date(self):
        self.env.flush_all()
        upcoming = next(self.agreement._get_schedules()[self.agreement], None)
        self.assertEqual(
            self.agreement.next_invoice_date, upcoming.due if upcoming else False
        )

    def _check_run(self, day):
        announced = self.agreement._get_due_amounts(day)
        moves, failed = self._run_billing(day, self.agreement)
        self.assertFalse(failed, self.agreement.billing_issue)
        self.assertEqual(
            [amount for _agreement, _due, amount in announced],
            moves.sorted("id").mapped("amount_untaxed_signed"),
            "the preview of a run",
        )
        for move in moves:
            self.assertGreaterEqual(move.amount_total, 0)
        upcoming = self.agreement.next_invoice_date
        self.assertTrue(not upcoming or upcoming > day, "everything due is billed")

    def _check_no_day_twice(self, line):
        served = line.period_ids.filtered(lambda p: p.kind == "service")
        last = date.min
        for period in served.sorted("date_start"):
            self.assertGreaterEqual(period.date_start, last)
            last = period.date_end

    def _check_total(self, line):
        """What the customer was asked for, less what he got back, is the price of what
        was served; each period may be rounded by a cent.
        """
        periods = line.period_ids
        if any(periods.mapped("is_stale")):
            return  # a credit is still carried
        credited = periods._get_credited()
        asked = sum(
            (p._get_asked() - credited.get(p.id, 0) for p in periods), Decimal(0)
        )
        parts = self._get_served_parts(line)
        expected = sum((self._get_price(line, *part) for part in parts), Decimal(0))
        self.assertAlmostEqual(
            asked, expected, delta=Decimal("0.02") * max(len(parts), 1), msg=line.name
        )

    def _get_price(self, line, whole, days):
        method = self.agreement.proration_method
        return share(line._get_net_amount(), days, whole, method)

    def _get_served_parts(self, line):
        """:return: list of (aligned period, list of Periods served of it)"""
        start, end = line._get_window()
        if line.charge == "one_off":
            part = Period(start, start + timedelta(days=1))
            is_removed = end and (end <= start or not line.period_ids)
            return [] if is_removed else [(part, [part])]
        billed = line.period_ids.filtered(lambda p: p.kind == "service")
        last = max([start, *billed.mapped("date_end")])
        last = min(filter(None, (end, max(last, line.settled_until or start))))
        recurrence = line._get_recurrence()
        return [
            (
                recurrence.period(recurrence.index(part.start)),
                list(self._get_served_days(line, part)),
            )
            for part in (recurrence.periods(start, last) if last > start else ())
        ]

    def _get_served_days(self, line, part):
        """Yields the Periods of one day of ``part`` that are not waived."""
        waivers = self.agreement.waiver_ids.filtered(
            lambda w: w.line_id in (line, line.browse())
        )
        day = part.start
        while day < part.end:
            following = day + timedelta(days=1)
            if not any(
                w.date_start <= day and (not w.date_end or day <= w.date_end)
                for w in waivers
            ):
                yield Period(day, following)
            day = following
