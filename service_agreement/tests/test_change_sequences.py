from datetime import date, timedelta
from decimal import Decimal
from random import Random

from odoo.tests import tagged

from ..models.service_agreement_change import PendingChange
from .common import ServiceAgreementCommon

SEEDS = range(10)
FIRST = date(2026, 1, 1)
LAST = date(2026, 4, 20)


@tagged("post_install", "-at_install")
class TestChangeSequences(ServiceAgreementCommon):
    """Any changes, in any order, with any runs in between (issue 3, proof)."""

    def test_changes_and_runs_in_any_order(self):
        for seed in SEEDS:
            with self.subTest(seed=seed):
                self._play(Random(seed))

    def _play(self, random):
        with self.at(f"{FIRST} 12:00:00"):
            plan = random.choice([self.plan_first, self.plan_monthly])
            agreement = self._create_active(
                FIRST + timedelta(days=random.choice([0, 0, 14])), plan
            )
        day = agreement.date_start
        while day < LAST:
            with self.at(f"{day} 12:00:00"):
                if random.random() < 0.6:
                    self._change_anything(random, agreement, day)
                if random.random() < 0.7:
                    self._run(agreement, day)
            day += timedelta(days=random.randint(8, 28))
        self._assert_next_runs_are_as_shown(agreement, day)
        self._assert_billed_what_was_served(agreement)

    def _change_anything(self, random, agreement, today):
        """Back-dated or ahead; what is shown before is what follows."""
        start = agreement.date_start
        day = max(start, today + timedelta(days=random.randint(-40, 40)))
        origins = agreement._get_terms_on(day)
        if not origins:
            return
        origin = random.choice(list(origins))
        terms = random.choice(
            [
                {"price_unit": Decimal(random.randint(2000, 30000)) / 100},
                {"quantity": Decimal(random.randint(1, 4))},
                {"discount": Decimal(random.choice([0, 10, 25]))},
            ]
        )
        added = {
            **origin._get_term_values(),
            "name": "More",
            "price_unit": Decimal(random.randint(500, 9000)) / 100,
            "quantity": Decimal(1),
            "charge": "recurring",
        }
        pending = PendingChange(
            day,
            {} if random.random() < 0.15 else {origin: terms},
            [added] if random.random() < 0.25 else [],
            timing=random.choice(["next_invoice", "at_once"]),
        )
        if len(origins) > 1 and random.random() < 0.2:
            pending = pending._replace(values={origin: {"removed": True}})
        if not (pending.values or pending.additions):
            return
        shown = agreement._preview_change(pending)[1]
        agreement._change(pending)
        self.assertEqual(_summary(shown), _summary(agreement._get_next_invoices()))

    def _run(self, agreement, day):
        """
        :return: account.move, none of them negative
        """
        moves, failed = self._run_billing(day, agreement)
        self.assertFalse(failed)
        for move in moves:
            self.assertGreaterEqual(move.amount_untaxed, 0, move.name)
        return moves

    def _assert_next_runs_are_as_shown(self, agreement, day):
        shown = agreement._get_next_invoices(4)
        made = self._run(agreement, shown[-1].due).sorted("id")
        self.assertEqual(
            [move.amount_untaxed_signed for move in made],
            [float(invoice.amount) for invoice in shown],
        )

    def _assert_billed_what_was_served(self, agreement):
        """After the end: the price of each day under the terms that held on it."""
        last_day = agreement.date_start + timedelta(days=75)
        with self.at(f"{last_day} 12:00:00"):
            agreement._end(last_day, "cancelled")
        with self.at(f"{LAST + timedelta(days=400)} 12:00:00"):
            agreement._expire()
            self._run(agreement, LAST + timedelta(days=400))
        self.assertFalse(agreement.next_invoice_date)
        periods = agreement.period_ids
        cuts = len(periods)
        billed = sum(periods.mapped("amount"))
        served = sum(map(_get_served, agreement.line_ids))
        self.assertAlmostEqual(
            billed, float(served), delta=0.005 * cuts + 0.011, msg=f"{cuts} pieces"
        )


def _summary(invoices):
    return [(invoice.due, invoice.kind, invoice.amount) for invoice in invoices]


def _get_served(line):
    """:return: Decimal, what the days of a stretch cost; not rounded"""
    start, end = line._get_window()
    if line.charge != "recurring" or not end or end <= start:
        return Decimal(0)
    net, recurrence = line._get_net_amount(), line._get_recurrence()
    days = (start + timedelta(days=n) for n in range((end - start).days))
    return sum(net / recurrence.period(recurrence.index(day)).days for day in days)
