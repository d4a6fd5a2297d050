from datetime import date
from decimal import Decimal

from odoo.exceptions import UserError
from odoo.tests import tagged

from ..models.service_agreement_change import PendingChange
from .common import ServiceAgreementCommon

AMOUNTS = ("price_unit", "quantity", "discount")


@tagged("post_install", "-at_install")
class TestChange(ServiceAgreementCommon):
    """SEMANTICS §2 on agreements in force: what is billed after a change."""

    def _change(self, agreement, day, entered=None, line=None, **values):
        """Change the terms of an agreement's charge from ``day`` on."""
        timing = values.pop("timing", "next_invoice")
        terms = {
            name: Decimal(str(value)) if name in AMOUNTS else value
            for name, value in values.items()
        }
        origin = line or agreement.line_ids.filtered(lambda ln: not ln.origin_id)[:1]
        pending = PendingChange(
            date.fromisoformat(day), {origin: terms}, [], timing=timing
        )
        with self.at(f"{entered or day} 12:00:00"):
            preview = agreement._preview_change(pending)[1]
            agreement._change(pending)
            following = agreement._get_next_invoices()
        self.assertEqual(
            [(invoice.due, invoice.kind, invoice.amount) for invoice in preview],
            [(invoice.due, invoice.kind, invoice.amount) for invoice in following],
            "what was shown before is what follows",
        )

    def _create_at(self, price, start="2026-03-01", **values):
        agreement = self._create_agreement(start, self.plan_first, **values)
        agreement.line_ids.price_unit = price
        agreement.action_activate()
        return agreement

    def _get_billed(self, until):
        """(invoice date, net) of the invoices that a run makes."""
        moves = self._bill(until)
        return [
            (str(move.invoice_date), move.amount_untaxed_signed)
            for move in moves.sorted("id")
        ]

    def test_up_at_once(self):
        """PRO-06"""
        agreement = self._create_at(89.0)
        self._bill("2026-03-01")
        self._change(agreement, "2026-03-11", price_unit=149, timing="at_once")
        move = self._bill("2026-03-11")
        self.assertEqual(
            move.invoice_line_ids.mapped("price_subtotal"), [-60.29, 100.94]
        )
        self.assertEqual(move.amount_untaxed, 40.65)

    def test_down_is_taken_off_the_next_invoice(self):
        """PRO-07"""
        agreement = self._create_at(149.0)
        self._bill("2026-03-01")
        self._change(agreement, "2026-03-11", price_unit=89)
        self.assertFalse(self._bill("2026-03-31"))
        self.assertEqual(self._get_billed("2026-04-01"), [("2026-04-01", 48.35)])
        self.assertEqual(self._get_billed("2026-05-01"), [("2026-05-01", 89.0)])

    def test_a_year_changed_in_the_middle(self):
        """PRO-10"""
        agreement = self._create_agreement("2026-01-01", self.plan_yearly)
        agreement.line_ids.price_unit = 1200.0
        agreement.action_activate()
        self._bill("2026-01-01")
        self._change(agreement, "2026-07-01", price_unit=1800, timing="at_once")
        move = self._bill("2026-07-01")
        self.assertEqual(
            move.invoice_line_ids.mapped("price_subtotal"), [-604.93, 907.40]
        )

    def test_one_more_is_charged_for_the_rest(self):
        """PRO-01"""
        agreement = self._create_at(22.0)
        self._bill("2026-03-01")
        self._change(agreement, "2026-03-15", quantity=2, timing="at_once")
        move = self._bill("2026-03-15")
        self.assertEqual(move.invoice_line_ids.mapped("price_subtotal"), [12.06])
        self.assertEqual(self._get_billed("2026-04-01"), [("2026-04-01", 44.0)])

    def test_up_and_down_on_one_day_is_nothing(self):
        """PRO-12"""
        agreement = self._create_at(99.99, "2026-04-01")
        self._bill("2026-04-01")
        self._change(agreement, "2026-04-16", price_unit=149)
        self._change(agreement, "2026-04-16", price_unit=99.99)
        self.assertEqual(self._get_billed("2026-05-01"), [("2026-05-01", 99.99)])

    def test_up_billed_and_down_again_on_that_day_is_nothing(self):
        agreement = self._create_at(99.99, "2026-04-01")
        self._bill("2026-04-01")
        self._change(agreement, "2026-04-16", price_unit=149, timing="at_once")
        self._bill("2026-04-16")
        self._change(agreement, "2026-04-16", "2026-04-20", price_unit=99.99)
        self._bill("2026-05-01")
        periods = agreement.period_ids.filtered(lambda p: p.whole_start.month == 4)
        self.assertAlmostEqual(sum(periods.mapped("amount")), 99.99)

    def test_changes_entered_out_of_order(self):
        """A later change keeps what it says, a back-dated one what it changes."""
        amounts = []
        changes = [("2026-03-11", {"price_unit": 120}), ("2026-03-20", {"quantity": 2})]
        for order in (changes, changes[::-1]):
            agreement = self._create_at(89.0)
            self._bill("2026-03-01")
            for day, values in order:
                self._change(agreement, day, "2026-03-25", **values)
            self._bill("2026-04-01")
            amounts.append(sum(agreement.period_ids.mapped("amount")))
        self.assertEqual(amounts[0], amounts[1])

    def test_a_change_in_a_posted_period_leaves_the_invoice(self):
        """PRO-14"""
        agreement = self._create_at(89.0, "2026-01-01")
        moves = self._bill("2026-03-01")
        self._change(agreement, "2026-02-15", "2026-03-10", price_unit=149)
        self.assertEqual(moves.mapped("amount_untaxed"), [89.0] * 3)
        move = self._bill("2026-04-01")
        # 14 of February's 28 days, March, and April in advance
        self.assertEqual(move.amount_untaxed, 30.0 + 60.0 + 149.0)
        self.assertIn("Feb 15, 2026", move.invoice_line_ids[0].name)

    def test_a_change_known_before_its_period_is_on_its_invoice(self):
        agreement = self._create_at(89.0)
        self._bill("2026-03-01")
        self._change(agreement, "2026-05-11", "2026-03-05", price_unit=149)
        self.assertEqual(
            self._get_billed("2026-06-01"),
            [
                ("2026-06-01", 89.0),
                ("2026-06-01", 28.71 + 100.94),
                ("2026-06-01", 149.0),
            ],
        )

    def test_a_credit_larger_than_an_invoice_carries_on(self):
        agreement = self._create_agreement("2026-01-01", self.plan_yearly)
        agreement.line_ids.price_unit = 1200.0
        monthly = agreement.line_ids.copy({"agreement_id": agreement.id})
        monthly.write({"plan_id": self.plan_first.id, "price_unit": 200.0})
        agreement.action_activate()
        self._bill("2026-01-01")
        yearly = agreement.line_ids - monthly
        self._change(agreement, "2026-07-01", line=yearly, price_unit=0)
        self.assertEqual(
            [net for _day, net in self._get_billed("2026-10-01")][5:],
            [0.0, 0.0, 0.0, 195.07],
        )

    def test_what_is_left_of_a_credit_is_a_credit_note(self):
        agreement = self._create_at(149.0, credit_policy="credit_note")
        self._bill("2026-03-01")
        self._change(agreement, "2026-03-11", price_unit=89, timing="at_once")
        moves = self._bill("2026-03-11").sorted("id")
        self.assertEqual(moves.mapped("move_type"), ["out_refund"])
        self.assertEqual(moves.amount_untaxed_signed, -40.65)
        self.assertEqual(
            moves.invoice_line_ids.mapped("price_subtotal"), [100.94, -60.29]
        )
        self.assertEqual(self._get_billed("2026-04-01"), [("2026-04-01", 89.0)])

    def test_a_credit_that_is_not_given_is_on_record(self):
        agreement = self._create_at(149.0, credit_policy="forfeit")
        self._bill("2026-03-01")
        self._change(agreement, "2026-03-11", price_unit=89)
        self.assertEqual(self._get_billed("2026-04-01"), [("2026-04-01", 89.0)])
        lost = agreement.period_ids.filtered(lambda p: p.kind == "forfeited")
        self.assertEqual(lost.amount, -40.65)
        self.assertEqual(self._get_billed("2026-05-01"), [("2026-05-01", 89.0)])

    def test_a_credit_follows_what_was_billed(self):
        agreement = self._create_at(100.0, "2026-04-01")
        move = self._bill("2026-04-01")
        move.button_draft()
        move.invoice_line_ids.price_unit = 60.0
        move.action_post()
        self._change(agreement, "2026-04-16", price_unit=200)
        # 15 of 30 days: 30.00 of the 60.00 back, 100.00 of the new price
        self.assertEqual(self._get_billed("2026-05-01"), [("2026-05-01", 270.0)])

    def test_a_credit_is_less_earlier_credits(self):
        agreement = self._create_at(100.0, "2026-04-01")
        move = self._bill("2026-04-01")
        refund = move._reverse_moves([{"date": "2026-04-02"}])
        refund.invoice_line_ids.price_unit = 40.0
        refund.action_post()
        self._change(agreement, "2026-04-16", price_unit=200)
        self.assertEqual(self._get_billed("2026-05-01"), [("2026-05-01", 270.0)])

    def test_a_charge_is_removed_and_another_added(self):
        agreement = self._create_at(100.0, "2026-04-01")
        self._bill("2026-04-01")
        origin = agreement.line_ids
        added = {**origin._get_term_values(), "price_unit": Decimal(30), "name": "Rack"}
        pending = PendingChange(date(2026, 4, 16), {origin: {"removed": True}}, [added])
        with self.at("2026-04-16 12:00:00"):
            shown = agreement._preview_change(pending)[1]
            agreement._change(pending)
            self.assertEqual(
                [(invoice.due, invoice.amount) for invoice in shown],
                [(i.due, i.amount) for i in agreement._get_next_invoices()],
            )
        self.assertEqual(
            self._get_billed("2026-06-01"), [("2026-06-01", 0.0), ("2026-06-01", 25.0)]
        )

    def test_from_a_year_to_months_the_next_invoice_is_next_month(self):
        agreement = self._create_agreement("2026-01-01", self.plan_yearly)
        agreement.line_ids.price_unit = 1200.0
        agreement.action_activate()
        self._bill("2026-01-01")
        self._change(
            agreement,
            "2026-06-15",
            plan_id=self.plan_first.id,
            anchor_date=date(2026, 6, 1),
            price_unit=700,
        )
        # Paid until New Year's Eve: 200 of 365 days of 1,200 go back, and pay for June
        # (16 of 30 days of 700) and July; the rest of July is what is left to pay.
        self.assertEqual(self._get_billed("2026-07-01"), [("2026-07-01", 415.80)])
        self.assertEqual(self._get_billed("2026-08-01"), [("2026-08-01", 700.0)])

    def test_the_plan_changes(self):
        agreement = self._create_at(100.0, "2026-04-01")
        self._bill("2026-04-01")
        origin = agreement.line_ids
        pending = PendingChange(
            date(2026, 5, 1),
            {
                origin: {
                    "plan_id": self.plan_yearly.id,
                    "anchor_date": date(2026, 5, 1),
                    "price_unit": Decimal(1100),
                }
            },
            [],
            plan=self.plan_yearly,
        )
        with self.at("2026-04-10 12:00:00"):
            agreement._change(pending)
            self.assertEqual(agreement.plan_id, self.plan_first)
        with self.at("2026-05-01 12:00:00"):
            self._run_cron("service_agreement.ir_cron_lifecycle")
            self.assertEqual(agreement.plan_id, self.plan_yearly)
        self.assertEqual(self._get_billed("2026-12-31"), [("2026-12-31", 1100.0)])
        self.assertEqual(str(agreement.next_invoice_date), "2027-05-01")

    def test_terms_in_force_are_changed_by_dated_facts_only(self):
        agreement = self._create_at(100.0)
        with self.assertRaisesRegex(UserError, "is in force"):
            agreement.line_ids.price_unit = 1.0
        with self.assertRaisesRegex(UserError, "is in force"):
            agreement.tier_id = self._create_tier("Gold", 299.0, 30)
        with self.assertRaisesRegex(UserError, "starts on"):
            self._change(agreement, "2026-02-01", price_unit=1)

    def test_a_correction_that_is_deleted_is_due_again(self):
        agreement = self._create_at(149.0)
        self._bill("2026-03-01")
        self._change(agreement, "2026-03-11", price_unit=89)
        move = self._bill("2026-04-01")
        move.button_draft()
        move.with_context(force_delete=True).unlink()
        self.assertEqual(self._get_billed("2026-04-01"), [("2026-04-01", 48.35)])

    def test_a_corrected_invoice_is_not_deleted_before_its_correction(self):
        agreement = self._create_at(149.0)
        first = self._bill("2026-03-01")
        self._change(agreement, "2026-03-11", price_unit=89)
        self._bill("2026-04-01")
        first.button_draft()
        with self.assertRaisesRegex(UserError, "corrects what"):
            first.with_context(force_delete=True).unlink()

    def test_a_copy_starts_with_what_holds_today(self):
        agreement = self._create_at(100.0)
        self._bill("2026-03-01")
        self._change(agreement, "2026-03-11", price_unit=120)
        with self.at("2026-04-01 12:00:00"):
            copy = agreement.copy()
            self.assertEqual(copy.line_ids.mapped("price_unit"), [120.0])
            self.assertFalse(copy.line_ids.origin_id)
            copy.action_activate()
        self.assertEqual(copy.line_ids.settled_until, False)

    def test_a_change_is_taken_back(self):
        agreement = self._create_at(89.0)
        self._bill("2026-03-01")
        self._change(agreement, "2026-03-11", price_unit=149, timing="at_once")
        self._bill("2026-03-11")
        with self.at("2026-03-20 12:00:00"):
            agreement.change_ids.action_withdraw()
        self.assertEqual(self._get_billed("2026-04-01"), [("2026-04-01", 48.35)])
        self.assertEqual(self._get_billed("2026-05-01"), [("2026-05-01", 89.0)])
        with self.assertRaisesRegex(UserError, "already taken back"):
            agreement.change_ids.action_withdraw()
