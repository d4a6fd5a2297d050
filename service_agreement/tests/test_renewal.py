from datetime import date

from odoo.exceptions import AccessError
from odoo.tests import new_test_user, tagged

from .common import ServiceAgreementCommon


@tagged("post_install", "-at_install")
class TestRenewal(ServiceAgreementCommon):
    """SEMANTICS §3: terms, notices, and prices that rise as announced."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.customer.email = "anna@example.com"
        cls.env.user.email = "manager@example.com"

    def _run_lifecycle(self, day):
        with self.at(f"{day} 12:00:00"):
            self._run_cron("service_agreement.ir_cron_lifecycle")

    def _create_term(self, **values):
        return self._create_active(
            "2026-01-01", self.plan_first, term_months=12, **values
        )

    def _get_notices(self, agreement, subject):
        return agreement.message_ids.filtered(lambda m: subject in (m.subject or ""))

    # Renewal

    def test_the_customer_is_reminded_once_before_he_can_last_decline(self):
        agreement = self._create_term(auto_renew=True, notice_days=30)
        self._run_lifecycle("2026-10-31")
        self.assertFalse(self._get_notices(agreement, "renewed soon"))
        # 31 December less 30 days of notice less 30 days
        self._run_lifecycle("2026-11-01")
        self._run_lifecycle("2026-11-02")
        notice = self._get_notices(agreement, "renewed soon")
        self.assertEqual(len(notice), 1)
        self.assertIn("12/01/2026", notice.body)
        self.assertIn(self.customer, notice.notified_partner_ids)
        self._run_lifecycle("2027-01-02")
        self.assertEqual(str(agreement.date_end), "2027-12-31")
        self._run_lifecycle("2027-11-01")
        self.assertEqual(len(self._get_notices(agreement, "renewed soon")), 2)

    def test_declined_in_time_it_ends_with_its_term(self):
        """LIF-05"""
        agreement = self._create_term(auto_renew=True, notice_days=30)
        with self.at("2026-12-01 12:00:00"):
            agreement.action_decline_renewal()
        self.assertEqual(str(agreement.date_end), "2026-12-31")
        self._run_lifecycle("2027-01-01")
        self.assertEqual(agreement.state, "ended")

    def test_declined_too_late_it_ends_with_the_next_term(self):
        """LIF-05"""
        agreement = self._create_term(auto_renew=True, notice_days=30)
        with self.at("2026-12-02 12:00:00"):
            agreement.action_decline_renewal()
        self._run_lifecycle("2027-01-01")
        self.assertEqual(agreement.state, "active")
        self.assertEqual(str(agreement.date_end), "2027-12-31")
        self._run_lifecycle("2028-01-01")
        self.assertEqual(agreement.state, "ended")

    def test_renewed_by_decision(self):
        agreement = self._create_term(auto_renew=False)
        self._run_lifecycle("2026-12-01")
        self._run_lifecycle("2026-12-02")
        self.assertEqual(
            agreement.activity_ids.mapped("summary"), ["Renew, or let it end"]
        )
        with self.at("2026-12-10 12:00:00"):
            agreement.action_renew()
        self.assertEqual(str(agreement.date_end), "2027-12-31")
        self.assertFalse(agreement.activity_ids)

    def test_without_a_decision_it_ends(self):
        agreement = self._create_term(auto_renew=False)
        self._run_lifecycle("2027-01-01")
        self.assertEqual(agreement.state, "ended")
        self.assertEqual(agreement.end_reason, "expired")

    # Price increase

    def _create_rising(self, start="2026-01-01", plan=None, **values):
        return self._create_active(
            start,
            plan or self.plan_first,
            escalation_percent=3.0,
            escalation_notice_days=60,
            **values,
        )

    def _get_prices(self, agreement, until):
        moves = self._bill(until)
        return sorted(set(moves.mapped("amount_untaxed")))

    def test_the_rounded_price_rises_each_year(self):
        """LIF-01"""
        agreement = self._create_rising()
        for year in (2026, 2027, 2028):
            self._run_lifecycle(f"{year}-10-30")
        self.assertEqual(
            self._get_prices(agreement, "2029-01-31"), [149.0, 153.47, 158.07, 162.81]
        )
        starts = agreement.line_ids.filtered("origin_id").mapped("date_start")
        self.assertEqual(starts, [date(2027, 1, 1), date(2028, 1, 1), date(2029, 1, 1)])

    def test_the_customer_is_told_in_time(self):
        agreement = self._create_rising()
        self._run_lifecycle("2026-10-20")
        self.assertFalse(agreement.change_ids, "too early to tell")
        self._run_lifecycle("2026-10-28")
        self._run_lifecycle("2026-10-29")
        notice = self._get_notices(agreement, "new price")
        self.assertEqual(len(notice), 1, "told once")
        for part in ("01/01/2027", "153.47", "149.00"):
            self.assertIn(part, notice.body)
        self.assertEqual(agreement.change_ids.notice_message_id, notice)

    def test_without_the_notice_it_moves_and_says_so(self):
        """LIF-03"""
        agreement = self._create_rising()
        self._run_lifecycle("2026-12-15")
        # 60 days from 15 December are 13 February: the next period starts in March
        self.assertEqual(str(agreement.change_ids.date), "2027-03-01")
        self.assertIn("holds from 03/01/2027", agreement.message_ids[0].body)
        self.assertEqual(str(agreement.escalation_date), "2028-01-01")

    def test_a_notice_that_bounced_is_none(self):
        agreement = self._create_rising()
        self._run_lifecycle("2026-10-28")
        change = agreement.change_ids
        change.notice_message_id.sudo().notification_ids.notification_status = "bounce"
        self.customer.email = False
        self._run_lifecycle("2026-10-29")
        self.assertTrue(change.is_withdrawn)
        self.assertEqual(self._get_prices(agreement, "2027-06-30"), [149.0])
        self.customer.email = "anna@example.com"
        self._run_lifecycle("2027-07-01")
        self.assertEqual(str(agreement.change_ids[0].date), "2027-09-01")

    def test_who_has_no_address_is_not_raised(self):
        self.customer.email = False
        agreement = self._create_rising()
        self._run_lifecycle("2026-10-28")
        self._run_lifecycle("2026-10-29")
        self.assertFalse(agreement.change_ids)
        self.assertEqual(len(agreement.activity_ids), 1)

    def test_what_ends_before_is_not_raised(self):
        agreement = self._create_rising(date_end="2026-12-31")
        self._run_lifecycle("2026-10-28")
        self.assertFalse(agreement.change_ids)

    def test_a_year_billed_once_rises_with_its_next_period(self):
        agreement = self._create_rising("2026-03-15", self.plan_yearly)
        self._run_lifecycle("2027-01-12")
        self.assertEqual(str(agreement.change_ids.date), "2027-03-15")

    def test_a_technician_renews_nothing(self):
        agreement = self._create_term(auto_renew=False)
        technician = new_test_user(
            self.env, "technician", groups="project.group_project_user"
        )
        with self.assertRaises(AccessError):
            agreement.with_user(technician).action_renew()
