from datetime import date
from unittest.mock import patch

from odoo.exceptions import UserError
from odoo.tests import tagged
from odoo.tools import mute_logger

from .common import SaleServiceCommon

LIFECYCLE = "service_agreement.ir_cron_lifecycle"
CRON = "service_agreement_sale.ir_cron_free_periods"
TO_DO = "service_agreement_sale.mail_activity_type_free"


@tagged("post_install", "-at_install")
class TestFreePeriod(SaleServiceCommon):
    """It costs nothing at first, and is paid from a day on unless declined."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.tier.write({"free_months": 3, "term_months": 12})

    def _start_free(self):
        return self._confirm_signed(self._quote(self.tier))

    def test_it_is_free_and_then_paid(self):
        agreement = self._start_free()
        self.assertEqual(agreement.free_until, date(2026, 6, 1))
        self._run_billing("2026-06-01")
        self.assertFalse(agreement.period_ids)
        self._run_billing("2026-07-02")
        self.assertEqual(
            self._get_periods(agreement),
            [
                ("2026-06-02", "2026-07-01", 149.0),
                ("2026-07-02", "2026-08-01", 149.0),
            ],
        )

    def test_the_document_says_what_it_will_cost(self):
        agreement = self._start_free()
        self.assertEqual(agreement.amount_untaxed, 149.0)
        self.assertIn("149.00", agreement.document_content)
        self.assertIn("from June 2, 2026", agreement.document_content)

    def test_a_year_is_paid_whole_after_it(self):
        order = self._quote(self.tier)
        option = order.agreement_option_id
        option.plan_id = self.plan_yearly
        agreement = self._confirm_signed(order)
        self._run_billing("2026-06-02")
        self.assertEqual(
            self._get_periods(agreement),
            [("2026-06-02", "2027-06-01", option.price_unit)],
        )

    def test_it_is_covered_and_no_recurring_revenue(self):
        agreement = self._start_free()
        with self.at("2026-04-01 10:00:00"):
            self.assertTrue(agreement.is_free)
            self.assertTrue(agreement._in_force_on(date(2026, 4, 1)))
            self.assertEqual(agreement.mrr, 0.0)
        with self.at("2026-06-02 03:00:00"):
            self._run_cron(LIFECYCLE)
            self.assertEqual(agreement.mrr, 149.0)
            self.assertFalse(agreement.is_free)

    def test_free_days_count_from_the_delivery(self):
        project = self._create_project()
        order = self._quote(self.tier, service_project_id=project.id)
        agreement = self._confirm_signed(order)
        with self.at("2026-04-20 09:00:00"):
            project.delivered_on = "2026-04-16"
        self.assertEqual(agreement.free_until, date(2026, 7, 15))
        self._run_billing("2026-07-16")
        self.assertEqual(
            self._get_periods(agreement), [("2026-07-16", "2026-08-15", 149.0)]
        )
        self.assertEqual(agreement.date_end, date(2027, 4, 15))

    def test_the_customer_is_told_once(self):
        agreement = self._start_free()
        with self.at("2026-05-17 08:00:00"):
            self._run_cron(CRON)
            self.assertFalse(agreement.free_told_on)
        for day in (18, 19):
            with self.at(f"2026-05-{day} 08:00:00"):
                self._run_cron(CRON)
        self.assertEqual(agreement.free_told_on, date(2026, 5, 18))
        told = agreement.message_ids.filtered(
            lambda m: "is free until" in (m.subject or "")
        )
        self.assertEqual(len(told), 1)
        self.assertEqual(told.partner_ids, self.customer)
        self.assertIn("149.00", told.body)
        self.assertIn("06/02/2026", told.body)

    @mute_logger("odoo.addons.service_agreement_sale.models.service_agreement_free")
    def test_one_broken_mail_keeps_no_others(self):
        both = self._start_free() | self._start_free()
        mail, asked = type(both)._mail_free_ends, []

        def fail_once(agreement, template):
            asked.append(agreement.id)
            if len(asked) == 1:
                raise ValueError("no such template")
            return mail(agreement, template)

        with (
            patch.object(type(both), "_mail_free_ends", fail_once),
            self.at("2026-05-18 08:00:00"),
        ):
            self._run_cron(CRON)
        broken, other = both.browse(asked)
        self.assertEqual(broken | other, both)
        self.assertFalse(broken.free_told_on)
        self.assertEqual(other.free_told_on, date(2026, 5, 18))

    def test_who_has_no_email_is_told_by_a_person(self):
        self.customer.email = False
        agreement = self._start_free()
        with self.at("2026-05-18 08:00:00"):
            self._run_cron(CRON)
        self.assertTrue(agreement.activity_search([TO_DO]))

    def test_declined_it_ends_and_costs_nothing(self):
        self.tier.termination_fee_percent = 50.0
        agreement = self._start_free()
        with self.at("2026-05-20 08:00:00"):
            agreement.action_decline_free()
        self.assertEqual(agreement.date_end, date(2026, 6, 1))
        with self.at("2026-06-03 08:00:00"):
            self._run_cron(LIFECYCLE)
        self.assertEqual(agreement.state, "ended")
        self._run_billing("2026-12-31")
        self.assertFalse(agreement.period_ids)

    def test_when_it_costs_it_cannot_be_declined_any_more(self):
        agreement = self._start_free()
        with self.at("2026-06-02 08:00:00"):
            with self.assertRaisesRegex(UserError, "no free days"):
                agreement.action_decline_free()

    def test_nobody_is_told_who_declined(self):
        agreement = self._start_free()
        with self.at("2026-05-01 08:00:00"):
            agreement.action_decline_free()
        with self.at("2026-05-20 08:00:00"):
            self._run_cron(CRON)
        self.assertFalse(agreement.free_told_on)

    def test_the_customer_declines_in_the_portal(self):
        agreement = self._start_free()
        carla = self._create_portal_user("carla", self.customer)
        with self.at("2026-05-20 08:00:00"):
            service = agreement._get_self_service("decline_free")
            self.assertFalse(service.why_not())
            self.assertEqual(service.preview["settlement"]["total"], 0.0)
            step = agreement._take_customer_step(service, service.key, carla.partner_id)
        self.assertEqual(step.kind, "decline_free")
        self.assertEqual(agreement.date_end, date(2026, 6, 1))
