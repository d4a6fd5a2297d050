from datetime import date

from odoo.exceptions import AccessError, UserError
from odoo.tests import new_test_user, tagged

from ..models.service_agreement_suspension import Suspension
from .common import ServiceAgreementCommon


@tagged("post_install", "-at_install")
class TestSuspension(ServiceAgreementCommon):
    """LIF-08, from today and ahead: no invoices, and what was billed is given back."""

    def _create_billed(self, price=310.0, until="2026-03-01"):
        """310.00 a month are 10.00 a day in March."""
        agreement = self._create_agreement("2026-01-01", self.plan_first)
        agreement.line_ids.price_unit = price
        agreement.action_activate()
        self._bill(until)
        return agreement

    def _open_wizard(self, agreement, model="suspend", **values):
        return self.env[f"service.agreement.{model}"].create(
            {"agreement_id": agreement.id, **values}
        )

    def _suspend(self, agreement, today, first_day, last_day=False, credit=False):
        """Suspend by the wizard; what was shown must be what follows."""
        suspension = Suspension(
            date.fromisoformat(first_day),
            last_day and date.fromisoformat(last_day),
            credit,
        )
        with self.at(f"{today} 12:00:00"):
            wizard = self._open_wizard(
                agreement, first_day=first_day, last_day=last_day, credit=credit
            )
            shown = self._describe(agreement._preview_suspension(suspension))
            wizard.action_confirm()
            following = self._describe(agreement._get_next_invoices(3))
        self.assertEqual(shown, following)
        return shown

    def _describe(self, invoices):
        return [(str(i.due), i.kind, float(i.amount)) for i in invoices]

    def _refresh(self, day):
        with self.at(f"{day} 12:00:00"):
            self._run_cron("service_agreement.ir_cron_lifecycle")

    # From a day to a day

    def test_days_ahead_are_neither_billed_nor_promised(self):
        agreement = self._create_billed()
        shown = self._suspend(agreement, "2026-03-05", "2026-04-11", "2026-04-20")
        self.assertEqual(agreement.state, "active")
        # 20 of April's 30 days
        self.assertEqual(
            shown[:2],
            [("2026-04-01", "invoice", 103.33), ("2026-04-21", "invoice", 103.34)],
        )
        with self.at("2026-03-06 12:00:00"):
            self.assertEqual(str(agreement.suspension_start), "2026-04-11")
        self._refresh("2026-04-11")
        self.assertEqual(agreement.state, "suspended")
        self.assertEqual(agreement.mrr, 0.0)
        self._refresh("2026-04-21")
        self.assertEqual(agreement.state, "active")
        self.assertEqual(agreement.mrr, 310.0)
        self._bill("2026-04-30")
        billed = agreement.period_ids.filtered(lambda p: p.whole_start.month == 4)
        self.assertAlmostEqual(sum(billed.mapped("amount")), 206.67, 2)

    def test_billed_days_are_given_back_if_the_company_says_so(self):
        agreement = self._create_billed()
        shown = self._suspend(
            agreement, "2026-03-05", "2026-03-11", "2026-03-20", credit=True
        )
        self.assertEqual(shown[0], ("2026-04-01", "invoice", 210.0))
        move = self._bill("2026-04-01")
        self.assertEqual(move.invoice_line_ids.mapped("price_subtotal"), [-100, 310])

    def test_billed_days_stay_paid_otherwise(self):
        agreement = self._create_billed()
        shown = self._suspend(agreement, "2026-03-05", "2026-03-11", "2026-03-20")
        self.assertEqual(shown[0], ("2026-04-01", "invoice", 310.0))

    def test_the_company_s_setting_is_suggested(self):
        agreement = self._create_billed()
        self.company.agreement_credit_suspended = True
        self.assertTrue(self._open_wizard(agreement).credit)

    def test_until_resumed_no_invoice_follows(self):
        agreement = self._create_billed()
        shown = self._suspend(agreement, "2026-03-05", "2026-03-11")
        self.assertEqual(shown, [])
        self._refresh("2026-03-11")
        self.assertFalse(self._bill("2026-08-31"))
        self.assertEqual(len(agreement.period_ids), 3, "history is kept")

    def test_what_is_due_before_is_billed_and_what_is_due_then_is_not(self):
        agreement = self._create_billed(until="2026-01-01")
        with self.at("2026-03-01 12:00:00"):
            agreement.action_suspend()
        self.assertEqual(len(agreement.period_ids), 2)
        self.assertEqual(agreement.state, "suspended")

    # In force again

    def test_resumed_on_a_day_ahead(self):
        agreement = self._create_billed()
        self._suspend(agreement, "2026-03-11", "2026-03-11")
        with self.at("2026-03-15 12:00:00"):
            wizard = self._open_wizard(agreement, "resume", day="2026-04-11")
            shown = self._describe(agreement._preview_resumption(wizard.day))
            wizard.action_confirm()
            following = self._describe(agreement._get_next_invoices(3))
            self.assertEqual(shown, following)
            self.assertEqual(shown[0], ("2026-04-11", "invoice", 206.67))
            self.assertEqual(agreement.state, "suspended")
        self._refresh("2026-04-11")
        self.assertEqual(agreement.state, "active")

    def test_resumed_earlier_than_planned_the_credit_is_less(self):
        agreement = self._create_billed()
        self._suspend(agreement, "2026-03-05", "2026-03-11", "2026-03-30", credit=True)
        self._refresh("2026-03-11")
        with self.at("2026-03-15 12:00:00"):
            self._open_wizard(agreement, "resume", day="2026-03-16").action_confirm()
        self._refresh("2026-03-16")
        self.assertEqual(agreement.state, "active")
        self.assertEqual(self._bill("2026-04-01").amount_untaxed, 310 - 50)

    def test_it_is_not_resumed_in_the_past(self):
        agreement = self._create_billed()
        with self.at("2026-03-11 12:00:00"):
            agreement.action_suspend()
        with self.at("2026-03-15 12:00:00"):
            wizard = self._open_wizard(agreement, "resume", day="2026-03-12")
            self.assertIn("today or on a day ahead", wizard.obstacle)
            self.assertFalse(wizard.outcome)
            with self.assertRaisesRegex(UserError, "today or on a day ahead"):
                wizard.action_confirm()

    def test_a_suspension_ahead_is_cancelled(self):
        agreement = self._create_billed()
        with self.at("2026-03-05 12:00:00"):
            before = self._describe(agreement._get_next_invoices())
            agreement._suspend(date(2026, 4, 11), date(2026, 4, 20), True)
            agreement.waiver_ids.action_cancel()
            self.assertEqual(self._describe(agreement._get_next_invoices()), before)
        self.assertFalse(agreement.waiver_ids or agreement.suspension_start)

    def test_one_that_has_begun_is_not_cancelled(self):
        agreement = self._create_billed()
        with self.at("2026-03-05 12:00:00"):
            agreement.action_suspend()
            with self.assertRaisesRegex(UserError, "lies ahead"):
                agreement.waiver_ids.action_cancel()

    # What is refused

    def test_days_that_make_no_sense(self):
        agreement = self._create_billed()
        with self.at("2026-03-05 12:00:00"):
            agreement._suspend(date(2026, 4, 1), date(2026, 4, 30))
            for first, last, words in (
                ("2026-06-10", "2026-06-09", "lies before the first"),
                ("2025-12-01", "2025-12-31", "cannot be suspended before"),
                ("2026-03-10", "2026-04-01", "already suspended from"),
                ("2026-04-30", False, "already suspended from"),
            ):
                wizard = self._open_wizard(agreement, first_day=first, last_day=last)
                self.assertIn(words, wizard.obstacle)
                with self.assertRaisesRegex(UserError, words):
                    wizard.action_confirm()
            agreement._end(date(2026, 5, 31), "cancelled")
            with self.assertRaisesRegex(UserError, "ends on"):
                agreement._suspend(date(2026, 6, 1))

    def test_only_a_manager_suspends_days_that_are_past(self):
        agreement = self._create_billed()
        salesman = new_test_user(
            self.env,
            login="salesman",
            groups="base.group_user,service_agreement.group_user",
            company_id=self.company.id,
            company_ids=[(6, 0, self.company.ids)],
        )
        with self.at("2026-03-20 12:00:00"):
            with self.assertRaisesRegex(UserError, "is past"):
                agreement.with_user(salesman)._suspend(date(2026, 3, 11))
            agreement._suspend(date(2026, 3, 11), date(2026, 3, 20), True)
            self.assertEqual(agreement.state, "suspended")
        self.assertEqual(self._bill("2026-04-01").amount_untaxed, 210.0)

    def test_a_salesman_sees_and_does_it(self):
        agreement = self._create_billed()
        salesman = new_test_user(
            self.env,
            login="salesman",
            groups="base.group_user,service_agreement.group_user",
            company_id=self.company.id,
            company_ids=[(6, 0, self.company.ids)],
        )
        with self.at("2026-03-05 12:00:00"):
            wizards = self.env["service.agreement.suspend"].with_user(salesman)
            wizard = wizards.create(
                {
                    "agreement_id": agreement.id,
                    "first_day": "2026-03-11",
                    "last_day": "2026-03-20",
                    "credit": True,
                }
            )
            self.assertIn("210.00", wizard.outcome)
            wizard.action_confirm()
            waiver = agreement.with_user(salesman).waiver_ids
            with self.assertRaisesRegex(AccessError, "by hand|not allowed"):
                waiver.write({"date_end": "2030-01-01"})
            waiver.action_cancel()
        self.assertFalse(agreement.waiver_ids)

    def test_technicians_and_accountants_do_not_suspend(self):
        agreement = self._create_billed()
        with self.at("2026-03-05 12:00:00"):
            agreement._suspend(date(2026, 4, 1), date(2026, 4, 30))
        for login, group in (
            ("technician", "project.group_project_user"),
            ("accountant", "account.group_account_invoice"),
        ):
            user = new_test_user(
                self.env,
                login=login,
                groups=f"base.group_user,{group}",
                company_id=self.company.id,
                company_ids=[(6, 0, self.company.ids)],
            )
            with self.assertRaises(AccessError):
                agreement.with_user(user)._suspend(date(2026, 6, 1))
            with self.assertRaises(AccessError):
                agreement.waiver_ids.with_user(user).action_cancel()
            with self.assertRaises(AccessError):
                self.env["service.agreement.suspend"].with_user(user).create(
                    {"agreement_id": agreement.id}
                )
