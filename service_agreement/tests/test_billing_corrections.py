from datetime import date

from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.tests import tagged

from .common import ServiceAgreementCommon


@tagged("post_install", "-at_install")
class TestBillingCorrections(ServiceAgreementCommon):
    """Drafts that go, suspensions, ends and renewals: no day is billed twice."""

    def _delete(self, move):
        move.button_draft()
        move.with_context(force_delete=True).unlink()

    def _billed(self, agreement):
        return [row for row in self._get_periods(agreement) if row[2]]

    def _suspend(self, agreement, first, until):
        with self.at(f"{first} 12:00:00"):
            agreement.action_suspend()
        with self.at(f"{until} 12:00:00"):
            agreement.action_resume()

    def test_a_draft_deleted_after_a_suspension_reopens_only_itself(self):
        agreement = self._create_active("2026-01-01", self.plan_first)
        january = self._bill("2026-01-01")
        self._suspend(agreement, "2026-01-10", "2026-03-15")
        self._bill("2026-03-15")
        self._delete(january)
        self._bill("2026-03-20")
        self.assertEqual(
            self._billed(agreement),
            [("2026-01-01", "2026-01-09", 43.26), ("2026-03-15", "2026-03-31", 81.71)],
        )

    def test_a_draft_deleted_while_suspended_is_billed_up_to_the_suspension(self):
        agreement = self._create_active("2026-01-01", self.plan_first)
        january = self._bill("2026-01-01")
        with self.at("2026-01-10 12:00:00"):
            agreement.action_suspend()
        self._delete(january)
        with self.at("2026-01-20 12:00:00"):
            agreement.action_resume()
        self._bill("2026-01-31")
        self.assertEqual(
            self._billed(agreement),
            [("2026-01-01", "2026-01-09", 43.26), ("2026-01-20", "2026-01-31", 57.68)],
        )

    def test_a_shorter_piece_deleted_after_an_extension_is_billed_again_alone(self):
        agreement = self._create_active(
            "2026-03-01", self.plan_first, date_end="2026-03-15"
        )
        piece = self._bill("2026-03-01")
        agreement.sudo().date_end = "2026-12-31"
        self._bill("2026-03-31")
        self._delete(piece)
        self._bill("2026-03-31")
        self.assertEqual(
            self._billed(agreement),
            [("2026-03-01", "2026-03-15", 72.10), ("2026-03-16", "2026-03-31", 76.90)],
        )

    def test_what_ends_while_suspended_is_not_billed_for_the_pause(self):
        agreement = self._create_active("2026-01-01", self.plan_first)
        self._bill("2026-01-01")
        with self.at("2026-01-10 12:00:00"):
            agreement.action_suspend()
        with self.at("2026-07-01 12:00:00"):
            agreement._end(date(2026, 6, 29), "cancelled")
        self.assertEqual(agreement.state, "ended")
        self.assertFalse(self._bill("2026-12-31"))

    def test_suspended_and_resumed_on_one_day_changes_nothing(self):
        agreement = self._create_active("2026-01-01", self.plan_first)
        self._bill("2026-01-01")
        self._suspend(agreement, "2026-01-10", "2026-01-10")
        self._bill("2026-02-01")
        self.assertEqual(len(agreement.period_ids), 2)
        self.assertEqual(sum(agreement.period_ids.mapped("amount")), 298.0)

    def test_a_suspension_is_possible_although_the_invoice_cannot_be_made(self):
        agreement = self._create_active("2026-01-01")
        Agreement = type(agreement)

        def refuse(agreements, _moves):
            raise UserError(agreements.env._("The sales journal is missing."))

        self.patch(Agreement, "_after_invoices_created", refuse)
        with self.at("2026-01-10 12:00:00"):
            agreement.action_suspend()
        self.assertEqual(agreement.state, "suspended")
        self.assertIn("journal is missing", agreement.billing_issue)

    def test_without_a_term_nothing_renews_and_the_last_day_is_the_last(self):
        agreement = self._create_active(
            "2026-01-01", auto_renew=True, date_end="2026-02-28"
        )
        self._bill("2026-12-31")
        self.assertEqual(self._billed(agreement)[-1][:2], ("2026-02-01", "2026-02-28"))
        self.assertFalse(agreement._in_force_on(date(2026, 3, 1)))

    def test_a_cancellation_is_not_undone_by_a_checkbox(self):
        tier = self._create_tier("Gold", 289.0, 30, term_months=12, auto_renew=True)
        agreement = self._create_active("2026-01-01", tier_id=tier.id)
        with self.at("2026-03-01 12:00:00"):
            agreement._end(date(2026, 6, 30), "cancelled")
        agreement.sudo().auto_renew = True
        with self.at("2026-07-02 12:00:00"):
            self._run_cron("service_agreement.ir_cron_lifecycle")
        self.assertEqual(agreement.state, "ended")
        self.assertEqual(str(agreement.date_end), "2026-06-30")

    def test_cancelled_before_its_start_it_bills_and_covers_nothing(self):
        agreement = self._create_active("2026-03-01")
        with self.at("2026-01-01 12:00:00"):
            agreement._end(date(2026, 1, 1), "cancelled")
        self.assertEqual(agreement.state, "ended")
        self.assertFalse(self._bill("2026-12-31"))
        self.assertFalse(agreement._in_force_on(date(2026, 3, 1)))

    def test_prices_that_include_taxes(self):
        """Monthly revenue and what was billed are without taxes."""
        tax = self.tax_sale_a.copy(
            {
                "name": "20 % included",
                "amount": 20.0,
                "price_include_override": "tax_included",
            }
        )
        agreement = self._create_agreement("2026-01-01")
        agreement.line_ids.write(
            {"price_unit": 120.0, "tax_ids": [Command.set(tax.ids)]}
        )
        agreement.action_activate()
        self.assertEqual(agreement.mrr, 100.0)
        move = self._bill("2026-01-01")
        self.assertEqual(move.amount_untaxed, 100.0)
        self.assertEqual(agreement.period_ids.amount, 100.0)

    def test_one_rounding_per_line(self):
        agreement = self._create_agreement("2026-01-16", self.plan_first)
        agreement.line_ids.write({"price_unit": 99.99, "discount": 7.0})
        agreement.action_activate()
        # 99.99 − 7 % = 92.9907; × 16/31 = 47.995… → 48.00, not 92.99 × 16/31 = 47.99
        self.assertEqual(self._bill("2026-01-16").amount_untaxed, 48.0)

    def test_yen_have_no_cents(self):
        yen = self.env.ref("base.JPY")
        yen.active = True
        yen.rate_ids = [Command.create({"name": "2026-01-01", "rate": 150.0})]
        agreement = self._create_agreement("2026-01-01", currency_id=yen.id)
        agreement.line_ids.write({"price_unit": 1011.0, "discount": 5.0})
        agreement.action_activate()
        move = self._bill("2026-01-01")
        self.assertEqual(agreement.line_ids.price_subtotal, move.amount_untaxed)
        self.assertEqual(agreement.period_ids.amount, move.amount_untaxed)
        self.assertEqual(move.amount_untaxed, 960.0)

    def test_a_one_off_charge_is_never_billed_again(self):
        agreement = self._create_agreement("2026-01-01")
        setup = self.env["service.agreement.line"].create(
            {
                "agreement_id": agreement.id,
                "product_id": self.product.id,
                "name": "Setup",
                "charge": "one_off",
                "price_unit": 50.0,
            }
        )
        agreement.action_activate()
        self._bill("2026-01-01")
        setup.sudo().date_start = "2026-01-05"
        self._bill("2026-01-31")
        self.assertEqual(len(setup.period_ids), 1)
        with self.assertRaisesRegex(UserError, "stays on record"):
            setup.unlink()

    def test_a_new_plan_keeps_what_was_added(self):
        agreement = self._create_agreement("2026-01-01")
        agreement.line_ids.discount = 10.0
        agreement.line_ids = [
            Command.create({"product_id": self.product.id, "name": "Second system"})
        ]
        agreement.plan_id = self.plan_quarterly
        self.assertEqual(agreement.line_ids.mapped("discount"), [10.0, 0.0])
        self.assertEqual(agreement.line_ids[0].price_unit, 424.65)
        self.assertEqual(agreement.line_ids[1].name, "Second system")

    def test_a_credit_note_is_among_the_invoices(self):
        agreement = self._create_active("2026-01-01")
        move = self._bill("2026-01-01")
        credit = move._reverse_moves([{"date": "2026-01-02"}], cancel=True)
        self.assertEqual(agreement._get_invoices(), move | credit)

    def test_another_customer_s_ticket_is_not_on_the_page(self):
        agreement = self._create_active("2026-01-01")
        other = self._create_customer("Other")
        sudo = self.env["project.project"].sudo()
        desk = sudo.create({"name": "Desk", "is_service_desk": True})
        task = sudo.env["project.task"].create(
            {"name": "Mine", "project_id": desk.id, "partner_id": self.customer.id}
        )
        self.env.cr.execute(
            "UPDATE project_task SET partner_id = %s, agreement_id = %s WHERE id = %s",
            [other.id, agreement.id, task.id],
        )
        self.env.invalidate_all()
        self.assertFalse(agreement.sudo()._get_portal_tickets())

    def test_an_offer_handed_to_another_customer_is_no_longer_the_first_s(self):
        agreement = self._create_agreement("2026-01-01")
        agreement._propose()
        token = agreement._portal_ensure_token()
        other = self._create_customer("Other")
        agreement.action_draft()
        self.assertFalse(agreement.access_token)
        agreement.partner_id = other
        agreement._propose()
        self.assertNotEqual(agreement._portal_ensure_token(), token)
        self.assertEqual(agreement.message_partner_ids & (self.customer | other), other)

    def test_customers_are_found_by_the_name_of_their_tier(self):
        self._create_active("2026-01-01")
        for operator, value in (("ilike", "silv"), ("in", ["Silver"])):
            found = self.env["res.partner"].search(
                [("agreement_tier_id", operator, value)]
            )
            self.assertIn(self.customer, found)

    def test_several_batches_bill_everybody_once(self):
        for _index in range(5):
            self._create_active("2026-01-01")
        self.patch(type(self.env["service.agreement"]), "_batch_size", 2)
        self.assertEqual(len(self._bill("2026-01-01")), 5)
