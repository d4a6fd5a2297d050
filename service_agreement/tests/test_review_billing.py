from datetime import date
from decimal import Decimal

from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import new_test_user, tagged

from ..models.service_agreement_change import PendingChange
from .common import ServiceAgreementCommon


@tagged("post_install", "-at_install")
class TestBooksChangedByHand(ServiceAgreementCommon):
    """Accountants cancel, credit and reissue what changes had corrected."""

    def setUp(self):
        super().setUp()
        self.agreement = self._create_agreement("2026-03-01", self.plan_first)
        self.agreement.action_activate()
        self.march = self._bill("2026-03-01")

    def _change(self, day, entered=None, timing="next_invoice", **values):
        origin = self.agreement.line_ids.filtered(lambda ln: not ln.origin_id)[:1]
        terms = {name: Decimal(str(value)) for name, value in values.items()}
        with self.at(f"{entered or day} 12:00:00"):
            self.agreement._change(
                PendingChange(date.fromisoformat(day), {origin: terms}, [], timing)
            )

    def _reissue(self, move):
        """What "Reverse and Create Invoice" does; the new invoice, posted."""
        wizard = self.env["account.move.reversal"].create(
            {
                "move_ids": [Command.set(move.ids)],
                "journal_id": move.journal_id.id,
                "date": move.invoice_date,
            }
        )
        wizard.modify_moves()
        new = wizard.new_move_ids
        new.invoice_date = move.invoice_date
        new.action_post()
        return new

    def _refund(self, move):
        refund = move._reverse_moves([{"date": move.invoice_date}])
        refund.action_post()
        return refund

    def _bill_all_again(self):
        self.agreement.period_ids.invalidate_recordset()
        periods = self.agreement.period_ids.filtered("can_bill_again")
        periods.action_bill_again()
        return sorted(periods.mapped("amount"))

    def test_a_credit_on_a_cancelled_invoice_is_given_again(self):
        self._change("2026-03-11", price_unit=89)
        april = self._bill("2026-04-01")
        april.button_draft()
        april.button_cancel()
        self.assertEqual(self._bill_all_again(), [-100.94, 60.29, 89.0])
        # April, March's difference, and May
        self.assertEqual(self._bill("2026-05-01").amount_untaxed, 48.35 + 89.0)
        self.assertEqual(self._bill("2026-06-01").amount_untaxed, 89.0)

    def test_a_credit_on_a_credited_invoice_is_given_again(self):
        self._change("2026-03-11", price_unit=89)
        self._refund(self._bill("2026-04-01"))
        self.assertEqual(self._bill_all_again(), [-100.94, 60.29, 89.0])
        self.assertEqual(self._bill("2026-05-01").amount_untaxed, 48.35 + 89.0)

    def test_a_credit_note_that_is_cancelled_is_given_again(self):
        self.agreement.sudo().credit_policy = "credit_note"
        self._change("2026-03-11", price_unit=89, timing="at_once")
        note = self._bill("2026-03-11").filtered(lambda m: m.move_type == "out_refund")
        self.assertEqual(note.amount_untaxed, 40.65)
        note.button_draft()
        note.button_cancel()
        # What was charged on it goes with it.
        self.assertEqual(self._bill_all_again(), [-100.94, 60.29])
        again = self._bill("2026-04-01")
        self.assertEqual(sum(again.mapped("amount_untaxed_signed")), 48.35)

    def test_an_invoice_made_anew_is_credited_like_the_first(self):
        new = self._reissue(self.march)
        self.assertEqual(new.amount_untaxed, 149.0)
        self._change("2026-03-11", price_unit=89)
        self.assertEqual(self._bill("2026-04-01").amount_untaxed, 48.35)

    def test_an_invoice_made_anew_and_credited_is_not_credited_again(self):
        self._refund(self._reissue(self.march))
        self._change("2026-03-11", price_unit=89)
        self.assertEqual(self._bill("2026-04-01").amount_untaxed, 149.29)

    def test_what_a_credit_note_gives_back_is_rounded_as_the_invoice(self):
        line = self.agreement.line_ids.sudo()
        line.write({"price_unit": 33.33, "quantity": 3, "discount": 10})
        april = self._bill("2026-04-01")
        self._refund(april)
        period = april.invoice_line_ids.agreement_period_ids
        self.assertEqual(period._get_credited(), {period.id: Decimal("89.99")})

    def test_what_is_due_no_longer_is_not_looked_at_for_ever(self):
        self.agreement.sudo().credit_policy = "credit_note"
        origin = self.agreement.line_ids
        with self.at("2026-03-11 12:00:00"):
            self.agreement._change(
                PendingChange(
                    date(2026, 3, 11), {origin: {"removed": True}}, [], "at_once"
                )
            )
        self.assertEqual(str(self.agreement.next_invoice_date), "2026-03-11")
        self._refund(self.march)
        self.assertFalse(self._bill("2026-03-12"))
        self.assertFalse(self.agreement.next_invoice_date)

    def test_fractions_of_a_cent_make_no_invoice_negative(self):
        """Odoo adds up 5 × 198.6766 before it rounds: 2 cents less than the lines."""
        plan = self.env["service.agreement.plan"].create(
            {"name": "Weekly", "unit": "week"}
        )
        self.agreement = self._create_agreement("2026-03-02", plan)
        self.agreement.line_ids.write(
            {"price_unit": 149.0, "quantity": 2, "discount": 33.33}
        )
        self.agreement.action_activate()
        self._bill("2026-03-30")
        self._change("2026-03-02", "2026-03-30", discount=10)
        self._bill("2026-04-06")
        with self.at("2026-04-08 12:00:00"):
            self.agreement.change_ids.action_withdraw()
        moves = self._bill("2026-05-25")
        self.assertFalse(self.agreement.billing_issue)
        self.assertGreaterEqual(min(moves.mapped("amount_total")), 0.0)
        periods = self.agreement.period_ids
        self.assertAlmostEqual(sum(periods.mapped("amount")), 13 * 198.68)

    def test_reasons_of_corrections(self):
        self._change("2026-03-11", price_unit=89, timing="next_invoice")
        self._bill("2026-04-01")
        with self.at("2026-04-02 12:00:00"):
            self.agreement.change_ids.action_withdraw()
        self._bill("2026-05-01")
        given, taken = self.agreement.period_ids.filtered(
            lambda p: p.adjusts_id.move_id == self.march
        ).sorted("id")
        self.assertEqual((given.amount, taken.amount), (-100.94, 100.94))
        self.assertIn("charged after all", str(taken.explanation))
        for period in self.agreement.period_ids:
            self.assertNotIn("ended with", str(period.explanation))

    def test_corrections_cost_no_queries_each(self):
        def get_queries(agreements):
            self._bill("2026-03-01")
            for self.agreement in agreements:
                self._change("2026-03-11", price_unit=89)
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            agreements._get_charges()
            return self.env.cr.sql_log_count - before

        few, many = (
            self.env["service.agreement"].union(
                *(self._create_active("2026-03-01", self.plan_first) for _n in range(n))
            )
            for n in (5, 10)
        )
        get_queries(few)
        self.assertLessEqual(get_queries(many), get_queries(few))


@tagged("post_install", "-at_install")
class TestAgreedStaysAgreed(ServiceAgreementCommon):
    """What is agreed changes by dated facts, whichever way round somebody tries."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.salesman = new_test_user(
            cls.env, "sam", groups="service_agreement.group_user"
        )

    def test_no_charge_is_moved_into_an_agreement_in_force(self):
        agreement = self._create_active("2026-03-01")
        draft = self._create_agreement("2026-03-01")
        with self.assertRaisesRegex(UserError, "is in force"):
            draft.line_ids.with_user(self.salesman).agreement_id = agreement

    def test_the_company_of_an_agreement_in_force_stays(self):
        agreement = self._create_active("2026-03-01")
        other = self.env["res.company"].create({"name": "Another"})
        with self.assertRaisesRegex(UserError, "is in force"):
            agreement.with_user(self.salesman).company_id = other
        with self.assertRaisesRegex(UserError, "is in force"):
            agreement.with_user(self.salesman).replaces_id = agreement.copy()

    def test_what_is_worked_out_is_not_written_by_hand(self):
        agreement = self._create_active("2026-03-01").with_user(self.salesman)
        for values in (
            {"next_invoice_date": "2030-01-01"},
            {"mrr": 1000.0},
        ):
            with self.assertRaisesRegex(AccessError, "cannot be set by hand"):
                agreement.write(values)
        with self.assertRaisesRegex(AccessError, "cannot be set by hand"):
            agreement.line_ids.mrr = 1000.0

    def test_movements_follow_a_change_that_is_taken_back(self):
        with self.at("2026-03-01 12:00:00"):
            agreement = self._create_active("2026-03-01", self.plan_first)
        terms = {agreement.line_ids: {"price_unit": Decimal(189)}}
        with self.at("2026-03-10 12:00:00"):
            agreement._change(PendingChange(date(2026, 3, 10), terms, []))
        self.assertEqual(sum(agreement.movement_ids.mapped("amount")), 189.0)
        with self.at("2026-03-20 12:00:00"):
            agreement.change_ids.action_withdraw()
            self.assertEqual(agreement.mrr, 149.0)
            self.assertEqual(sum(agreement.movement_ids.mapped("amount")), 149.0)

    def test_an_increase_waits_for_the_first_period_of_the_plan_to_come(self):
        self.customer.email = "office@whitfield.example.com"
        agreement = self._create_agreement("2026-01-15")
        agreement.escalation_percent = 3.0
        agreement.action_activate()
        yearly = {
            "plan_id": self.plan_yearly.id,
            "anchor_date": date(2026, 11, 15),
            "price_unit": Decimal(1100),
        }
        with self.at("2026-10-20 12:00:00"):
            agreement._change(
                PendingChange(date(2026, 11, 15), {agreement.line_ids: yearly}, [])
            )
        with self.at("2026-11-12 12:00:00"):
            agreement.env["service.agreement"]._announce_escalations(date(2026, 11, 12))
        self._bill("2026-11-15")
        with self.at("2027-09-10 12:00:00"):
            agreement.env["service.agreement"]._announce_escalations(date(2027, 9, 10))
        self.assertEqual(
            [(str(i.due), i.amount) for i in agreement._get_next_invoices(2)],
            [("2027-11-15", Decimal(1133)), ("2028-11-15", Decimal(1133))],
        )

    def test_the_plan_of_a_single_charge_stays_too(self):
        plan = self.plan_yearly.copy({"name": "Licences"})
        agreement = self._create_agreement("2026-03-01")
        agreement.line_ids.plan_id = plan
        agreement.action_activate()
        with self.assertRaisesRegex(UserError, "Licences"):
            plan.unit = "month"

    def test_defaults_are_worked_out_before_it_is_in_force(self):
        agreement = self._create_agreement("2026-03-01")
        agreement.escalation_percent = 3.0
        agreement.action_activate()
        self.assertEqual(str(agreement.escalation_date), "2027-03-01")

    def test_a_charge_in_arrears_of_its_own_stays_so(self):
        agreement = self._create_agreement("2026-03-01", self.plan_first)
        agreement.line_ids.is_arrears = True
        agreement.action_activate()
        self.env.flush_all()
        self.assertTrue(agreement.line_ids.is_arrears)
        with self.at("2026-03-10 12:00:00"):
            agreement.action_suspend()
            agreement.action_resume()
        self.env.flush_all()
        self.assertTrue(agreement.line_ids.is_arrears)

    def test_in_arrears_one_period_is_billed_ahead_once(self):
        """PER-10"""
        agreement = self._create_agreement("2026-03-01", self.plan_first)
        agreement.line_ids.is_arrears = True
        agreement.action_activate()
        with self.at("2026-03-10 12:00:00"):
            agreement.action_bill_now()
            self.assertEqual(str(agreement.next_invoice_date), "2026-05-01")
            with self.assertRaisesRegex(UserError, "one period ahead"):
                agreement.action_bill_now()
        with self.at("2026-04-01 12:00:00"):
            agreement.action_bill_now()
        self.assertEqual(str(agreement.next_invoice_date), "2026-06-01")

    def test_updates_of_agreements_that_start_later_or_end_before(self):
        ahead = self._create_active("2026-06-01", self.plan_first)
        ending = self._create_active("2026-03-01", self.plan_first)
        ending.sudo().date_end = "2026-03-20"
        running = self._create_active("2026-03-01", self.plan_first)
        self.tier.price_ids.price = 200.0
        with self.at("2026-03-10 12:00:00"):
            wizard = (
                self.env["service.agreement.catalogue.update"]
                .with_context(active_ids=(ahead | ending | running).ids)
                .create({"date": "2026-03-10", "note": "New prices"})
            )
            self.assertEqual(
                [(line.agreement_id, str(line.date)) for line in wizard.line_ids],
                [(ahead, "2026-06-01"), (running, "2026-04-01")],
            )
            self.assertEqual(wizard.skipped, ending.name)
            wizard.action_confirm()
        self.assertEqual(ahead._get_next_invoices(1)[0].amount, 200)
