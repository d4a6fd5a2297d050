from datetime import date
from decimal import Decimal

from odoo.exceptions import AccessError, UserError
from odoo.tests import new_test_user, tagged

from ..models.service_agreement_change import PendingChange
from .common import ServiceAgreementCommon


@tagged("post_install", "-at_install")
class TestCorrection(ServiceAgreementCommon):
    """Write off, bill again, and explain every amount."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.agreement = cls._create_agreement("2026-01-17", cls.plan_first)
        cls.agreement.action_activate()

    def _refund(self, move):
        refund = move._reverse_moves([{"date": move.invoice_date}])
        refund.action_post()
        return refund

    def _explain(self, period):
        return str(period.explanation)

    def test_a_period_is_written_off_and_the_agreement_goes_on(self):
        self._bill("2026-03-01")
        february = self.agreement.period_ids.filtered(
            lambda p: str(p.date_start) == "2026-02-01"
        )
        february._write_off("The system was down")
        move = self._bill("2026-04-01")
        self.assertEqual(move.amount_untaxed, 0.0)
        self.assertEqual(
            move.invoice_line_ids.mapped("price_subtotal"), [-149.0, 149.0]
        )
        self.assertEqual(self._bill("2026-05-01").amount_untaxed, 149.0)
        with self.assertRaisesRegex(UserError, "already written off"):
            february._write_off("Again")
        february.invalidate_recordset()
        self.assertIn("Since then", self._explain(february))

    def test_cents_of_tax_below_zero_make_a_credit_note(self):
        """19 % of 20.04 is 3.81, of 10.02 twice 1.90: a cent more is given back than
        charged. Odoo posts no invoice of -0.01.
        """
        self.company.tax_calculation_rounding_method = "round_per_line"
        self.tax_sale_a.amount = 19
        agreement = self._create_agreement("2026-03-01", self.plan_first)
        agreement.line_ids.price_unit = 20.04
        agreement.action_activate()
        self._bill("2026-03-01")
        (line,) = agreement.line_ids
        half = {**line._get_term_values(), "price_unit": Decimal("10.02")}
        agreement._change(
            PendingChange(
                date(2026, 4, 1),
                {line: {"removed": True}},
                [{**half, "charge": "recurring"}] * 2,
            )
        )
        agreement.period_ids._write_off("The system was down")
        (shown,) = agreement._describe_invoices(agreement._get_next_invoices(1))
        note, _others = self._bill_one(agreement, "2026-04-01")
        self.assertEqual((note.move_type, note.state), ("out_refund", "posted"))
        self.assertEqual((note.amount_untaxed, note.amount_total), (0.0, 0.01))
        self.assertEqual(shown["total"], -0.01)
        periods = agreement.period_ids.filtered(lambda p: p.move_id == note)
        self.assertEqual(sorted(periods.mapped("amount")), [-20.04, 10.02, 10.02])
        (move, _others) = self._bill_one(agreement, "2026-05-01")
        self.assertEqual((move.move_type, move.amount_total), ("out_invoice", 23.84))

    def _bill_one(self, agreement, day):
        moves = self._bill(day)
        own = moves.filtered(lambda move: move.agreement_ids == agreement)
        return own, moves - own

    def test_a_draft_of_a_period_written_off_is_not_billed_again(self):
        move = self._bill("2026-01-17")
        self.agreement.period_ids._write_off("Goodwill")
        move.button_draft()
        move.with_context(force_delete=True).unlink()
        moves = self._bill("2026-02-01")
        self.assertEqual(moves.mapped("amount_untaxed"), [149.0])

    def test_a_credited_invoice_is_billed_again_when_asked(self):
        move = self._bill("2026-01-17")
        period = self.agreement.period_ids
        self.assertFalse(period.can_bill_again)
        with self.assertRaisesRegex(UserError, "Nothing of"):
            period.action_bill_again()
        self._refund(move)
        period.invalidate_recordset()
        self.assertTrue(period.can_bill_again)
        period.action_bill_again()
        self.assertEqual(self._bill("2026-02-01").amount_untaxed, 149.0 + 72.10)
        self.assertEqual(self._bill("2026-03-01").amount_untaxed, 149.0)

    def test_a_cancelled_invoice_is_billed_again_when_asked(self):
        move = self._bill("2026-01-17")
        move.button_draft()
        move.button_cancel()
        self.assertEqual(self._bill("2026-02-01").amount_untaxed, 149.0)
        period = self.agreement.period_ids.filtered("can_bill_again")
        self.assertEqual(period.amount, 72.10)
        period.action_bill_again()
        self.assertEqual(self._bill("2026-03-01").amount_untaxed, 149.0 + 72.10)

    def test_every_amount_is_explained(self):
        move = self._bill("2026-01-17")
        action = move.invoice_line_ids.action_explain_amount()
        period = self.env["service.agreement.period"].browse(action["res_id"])
        text = self._explain(period)
        for part in ("149.00 × 1", "Silver", "15 of 31 days", "72.10", move.name):
            self.assertIn(part, text)

    def test_a_correction_is_explained_by_the_fact_that_caused_it(self):
        self._bill("2026-02-01")
        pending = PendingChange(
            date(2026, 2, 15),
            {self.agreement.line_ids: {"price_unit": Decimal(89)}},
            [],
            note="Fewer rooms",
        )
        with self.at("2026-02-15 12:00:00"):
            self.agreement._change(pending)
        february = self.agreement.period_ids.filtered(
            lambda p: str(p.date_start) == "2026-02-01"
        )
        self.assertIn("still to come", self._explain(february))
        self._bill("2026-03-01")
        correction = self.agreement.period_ids.filtered("adjusts_id")
        text = self._explain(correction)
        self.assertIn("14 of 28 days", text)
        self.assertIn("89.00", text)
        self.assertIn("-", text)
        opened = self.agreement.line_ids.filtered("change_id").period_ids
        self.assertIn("Fewer rooms", self._explain(opened[:1]))

    def test_who_only_sells_corrects_nothing(self):
        self._bill("2026-01-17")
        seller = new_test_user(
            self.env, "seller", groups="service_agreement.group_user"
        )
        period = self.agreement.period_ids.with_user(seller)
        with self.assertRaisesRegex(UserError, "Only who bills"):
            period._write_off("For a friend")
        with self.assertRaisesRegex(UserError, "Only who bills"):
            period.action_bill_again()
        with self.assertRaises(AccessError):
            self.env["service.agreement.waiver"].with_user(seller).create(
                {
                    "agreement_id": self.agreement.id,
                    "kind": "write_off",
                    "date_start": "2026-01-17",
                }
            )
        self.assertIn("149.00", self._explain(period))
