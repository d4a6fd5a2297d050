from odoo.exceptions import AccessError, UserError
from odoo.tests import new_test_user, tagged

from ..models.service_agreement_change import PendingChange
from .common import ServiceAgreementCommon


@tagged("post_install", "-at_install")
class TestCarriedCredit(ServiceAgreementCommon):
    """A year paid ahead becomes 10.00 a month: the credit would go along for years.

    1,200.00 for 2026, changed on 1 July: 1,200.00 × 184/365 = 604.93 are given back.
    """

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.agreement = cls._create_agreement("2026-01-01", cls.plan_yearly)
        cls.agreement.line_ids.write({"price_unit": 1200.0, "discount": 0.0})
        cls.agreement.action_activate()
        cls._run_billing("2026-01-01")

    def setUp(self):
        super().setUp()
        self.enterContext(self.at("2026-07-01 12:00:00"))

    def _change_to_monthly(self, price="10.00"):
        plan = self.plan_first
        today = self.company._service_today()
        terms = {
            "plan_id": plan.id,
            "anchor_date": plan._get_anchor(today),
            "is_arrears": False,
            "price_unit": self.agreement.line_ids._comparable(
                self.agreement.line_ids._fields["price_unit"], float(price)
            ),
        }
        self.agreement._change(
            PendingChange(today, {self.agreement.line_ids: terms}, [], timing="at_once")
        )

    def _pay_out(self, user=None):
        self.agreement.with_user(user or self.env.user).action_pay_out_credit()
        return self.agreement._get_invoices().sorted("id")[-1]

    def test_what_the_next_invoice_takes_is_not_carried(self):
        self._change_to_monthly()
        self.assertEqual(self.agreement.carried_credit, 604.93 - 10.0)
        self._bill("2026-07-01")
        self.assertEqual(self.agreement.carried_credit, 604.93 - 20.0)

    def test_a_credit_that_the_next_invoice_takes_is_no_matter(self):
        self._change_to_monthly("700.00")
        self.assertEqual(self.agreement.carried_credit, 0.0)
        with self.assertRaisesRegex(UserError, "nothing is carried on"):
            self.agreement.action_pay_out_credit()

    def test_it_is_paid_out_once_and_the_rest_goes_on_as_before(self):
        self._change_to_monthly()
        self._bill("2026-07-01")
        note = self._pay_out()
        self.assertEqual(note.move_type, "out_refund")
        self.assertEqual(note.state, "posted")
        self.assertEqual(note.amount_untaxed, 584.93)
        self.assertEqual(str(note.invoice_date), "2026-07-01")
        self.assertEqual(self.agreement.carried_credit, 0.0)
        with self.assertRaisesRegex(UserError, "nothing is carried on"):
            self._pay_out()
        moves = self._bill("2026-10-01").sorted("invoice_date")
        self.assertEqual(moves.mapped("amount_untaxed"), [0.0, 10.0, 10.0])
        billed = sum(self.agreement._get_invoices().mapped("amount_untaxed_signed"))
        self.assertEqual(round(billed, 2), round(1200.0 - 604.93 + 4 * 10.0, 2))

    def test_a_deleted_credit_note_is_carried_again(self):
        self._change_to_monthly()
        self._bill("2026-07-01")
        note = self._pay_out()
        note.button_draft()
        note.with_context(force_delete=True).unlink()
        self.assertEqual(self.agreement.carried_credit, 584.93)

    def test_what_is_not_carried_is_not_shown(self):
        self.agreement.sudo().credit_policy = "credit_note"
        self._change_to_monthly()
        self.assertEqual(self.agreement.carried_credit, 0.0)

    def test_a_manager_without_accounting_pays_out_and_a_salesman_does_not(self):
        self._change_to_monthly()
        self._bill("2026-07-01")
        manager = new_test_user(
            self.env, "marta", "service_agreement.group_manager"
        ).with_company(self.company)
        salesman = new_test_user(
            self.env, "sam", "service_agreement.group_user"
        ).with_company(self.company)
        stranger = new_test_user(self.env, "tom", "base.group_user")
        self.assertEqual(self.agreement.with_user(salesman).carried_credit, 584.93)
        with self.assertRaisesRegex(UserError, "service manager"):
            self._pay_out(salesman)
        with self.assertRaises(AccessError):
            self._pay_out(stranger)
        self.assertEqual(self._pay_out(manager).amount_untaxed, 584.93)
