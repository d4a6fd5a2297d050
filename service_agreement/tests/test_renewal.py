from datetime import date

from odoo.exceptions import AccessError, UserError
from odoo.tests import new_test_user, tagged

from ..models.service_agreement_change import PendingChange
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

    def test_it_renews_by_itself_from_now_on(self):
        agreement = self._create_term(auto_renew=False, notice_days=30)
        self._run_lifecycle("2026-12-01")
        self.assertTrue(agreement.activity_ids)
        with self.at("2026-12-02 12:00:00"):
            agreement.action_renew_by_itself()
        self.assertFalse(agreement.activity_ids)
        self._run_lifecycle("2026-12-03")
        self.assertTrue(self._get_notices(agreement, "renewed soon"))
        self._run_lifecycle("2027-01-01")
        self.assertEqual(str(agreement.date_end), "2027-12-31")

    def test_it_renews_by_decision_from_now_on(self):
        agreement = self._create_term(auto_renew=True)
        with self.at("2026-06-01 12:00:00"):
            agreement.action_renew_by_decision()
        self._run_lifecycle("2027-01-01")
        self.assertEqual((agreement.state, agreement.end_reason), ("ended", "expired"))

    def test_a_term_that_began_goes_on_when_it_is_for_us_to_decide(self):
        agreement = self._create_term(auto_renew=True)
        with self.at("2027-01-03 12:00:00"):
            agreement.action_renew_by_decision()
        self.assertEqual(str(agreement.date_end), "2027-12-31")
        self._run_lifecycle("2027-01-04")
        self.assertEqual(agreement.state, "active")

    def test_what_is_to_end_or_has_no_term_does_not_renew(self):
        ending = self._create_term(auto_renew=True)
        with self.at("2026-06-01 12:00:00"):
            ending._end(date(2026, 9, 30), "cancelled")
            with self.assertRaisesRegex(UserError, "take that back first"):
                ending.action_renew_by_itself()
        endless = self._create_active("2026-01-01")
        for switch in ("action_renew_by_itself", "action_renew_by_decision"):
            with self.assertRaisesRegex(UserError, "no term"):
                getattr(endless, switch)()

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

    # Charges with a billing plan of their own

    def _create_mixed(self, **values):
        """A monthly charge, and licences that are paid each 15 March."""
        agreement = self._create_agreement(
            "2026-01-01",
            self.plan_first,
            escalation_percent=3.0,
            escalation_notice_days=60,
            **values,
        )
        licences = agreement.line_ids.copy(
            {
                "agreement_id": agreement.id,
                "name": "Licences",
                "is_suggested": False,
                "plan_id": self.plan_yearly.id,
                "date_start": "2026-03-15",
            }
        )
        licences.write({"anchor_date": "2026-03-15", "price_unit": 300.0})
        agreement.action_activate()
        return agreement, licences

    def _get_rises(self, charge):
        """[(day, price)] of a charge, after its first price."""
        stretches = charge.stretch_ids.sorted("date_start")
        return [(str(line.date_start), line.price_unit) for line in stretches]

    def test_each_charge_rises_with_its_own_period_and_one_mail_tells_of_all(self):
        agreement, licences = self._create_mixed()
        self._run_lifecycle("2026-10-28")
        self._run_lifecycle("2026-10-29")
        main = agreement.line_ids.filtered("is_suggested").filtered(
            lambda line: not line.origin_id
        )
        self.assertEqual(self._get_rises(main), [("2027-01-01", 153.47)])
        self.assertEqual(self._get_rises(licences), [("2027-03-15", 309.0)])
        notice = self._get_notices(agreement, "new price")
        self.assertEqual(len(notice), 1)
        told = ("01/01/2027", "153.47", "149.00", "03/15/2027", "309.00", "300.00")
        for part in (*told, "Licences"):
            self.assertIn(part, notice.body)
        self.assertEqual(agreement.change_ids.notice_message_id, notice)
        self.assertEqual(len(agreement.change_ids), 2)

    def test_a_charge_rises_once_for_each_anniversary(self):
        _agreement, licences = self._create_mixed()
        for year in (2026, 2027, 2028):
            for day in ("10-28", "11-15", "12-31"):
                self._run_lifecycle(f"{year}-{day}")
        rises = [("2027-03-15", 309.0), ("2028-03-15", 318.27), ("2029-03-15", 327.82)]
        self.assertEqual(self._get_rises(licences), rises)

    def test_only_charges_that_the_notice_is_late_for_move(self):
        """LIF-03, by charge"""
        agreement, licences = self._create_mixed()
        self._run_lifecycle("2026-12-15")
        self.assertEqual(self._get_rises(licences), [("2027-03-15", 309.0)])
        dates = sorted(map(str, agreement.change_ids.mapped("date")))
        self.assertEqual(dates, ["2027-03-01", "2027-03-15"])
        moved = agreement.message_ids[0].body
        self.assertIn("holds from 03/01/2027", moved)
        self.assertNotIn("Licences", moved)

    def test_a_notice_that_bounced_takes_all_of_it_back(self):
        agreement, licences = self._create_mixed()
        self._run_lifecycle("2026-10-28")
        changes = agreement.change_ids
        notice = changes.notice_message_id
        notice.sudo().notification_ids.notification_status = "bounce"
        self.customer.email = False
        # The monthly price rose already; that of the licences lies ahead.
        self._run_lifecycle("2027-01-10")
        self.assertEqual(changes.mapped("is_withdrawn"), [True, True])
        self.assertEqual(str(agreement.escalation_date), "2027-01-01")
        self.assertFalse(self._get_rises(licences))
        self.customer.email = "anna@example.com"
        self._run_lifecycle("2027-01-11")
        self._run_lifecycle("2027-01-12")
        # 60 days later it is 12 March: in time for the licences
        self.assertEqual(self._get_rises(licences), [("2027-03-15", 309.0)])
        self.assertEqual(str(agreement.escalation_date), "2028-01-01")
        dates = agreement.change_ids.filtered(lambda c: not c.is_withdrawn)
        self.assertEqual(
            sorted(map(str, dates.mapped("date"))), ["2027-03-15", "2027-04-01"]
        )

    def test_a_bounce_that_is_late_loses_no_anniversary(self):
        _agreement, licences = self._create_mixed()
        self._run_lifecycle("2027-01-20")
        # Too late for 15 March 2027: announced for the year after, and it bounced
        change = licences.stretch_ids.change_id
        self.assertEqual(str(change.date), "2028-03-15")
        change.notice_message_id.sudo().notification_ids.notification_status = "bounce"
        self._run_lifecycle("2027-01-21")
        self._run_lifecycle("2027-10-28")
        stretches = licences.stretch_ids.filtered(
            lambda line: line.superseded_on != line.date_start
        )
        # Those of 2027 and 2028, on one day
        self.assertEqual(stretches.mapped("price_unit"), [318.27])
        self.assertEqual(str(stretches.date_start), "2028-03-15")

    def test_what_was_agreed_for_that_day_or_later_does_not_rise(self):
        agreement, _licences = self._create_mixed()
        values = agreement.line_ids.filtered("is_suggested")._get_term_values()
        addition = {**values, "name": "Rack", "is_suggested": False}
        with self.at("2026-09-01 12:00:00"):
            agreement._change(PendingChange(date(2027, 2, 1), {}, [addition]))
        rack = agreement.line_ids.filtered(lambda line: line.name == "Rack")
        self._run_lifecycle("2026-10-28")
        self.assertFalse(self._get_rises(rack))
        self._run_lifecycle("2027-10-28")
        self.assertEqual(self._get_rises(rack), [("2028-01-01", 153.47)])

    def test_where_nothing_rises_the_next_increase_does_not_wait(self):
        agreement, licences = self._create_mixed()
        main = agreement.line_ids - licences
        with self.at("2026-09-01 12:00:00"):
            gone = {main: {"removed": True}, licences: {"removed": True}}
            values = main._get_term_values()
            pending = PendingChange(date(2026, 12, 1), gone, [])
            agreement._change(pending)
            later = PendingChange(date(2027, 2, 1), {}, [{**values, "name": "Rack"}])
            agreement._change(later)
        rack = agreement.line_ids.filtered(lambda line: line.name == "Rack")
        self._run_lifecycle("2026-10-28")
        self._run_lifecycle("2027-01-02")
        self._run_lifecycle("2027-10-28")
        self.assertEqual(self._get_rises(rack), [("2028-01-01", 153.47)])

    def test_of_a_term_that_is_for_us_to_renew_no_charge_is_left_out(self):
        agreement, licences = self._create_mixed(term_months=12, auto_renew=False)
        with self.at("2026-09-01 12:00:00"):
            agreement.action_renew()
        # Announced in 2027, after 15 March: the licences rise in the term to come.
        self._run_lifecycle("2027-02-01")
        self.assertEqual(str(agreement.date_end), "2027-12-31")
        self.assertEqual(self._get_rises(licences), [("2028-03-15", 309.0)])
        with self.at("2027-09-01 12:00:00"):
            agreement.action_renew()
        billed = self._bill("2028-03-15").invoice_line_ids
        licensed = billed.filtered(lambda line: "Licences" in line.name)
        # 309.00 a year, for 292 of 365 days: the term ends with December
        self.assertEqual(sorted(licensed.mapped("price_unit")), [247.20, 300.0, 300.0])

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
        for action in (
            "action_renew",
            "action_renew_by_itself",
            "action_renew_by_decision",
        ):
            with self.assertRaises(AccessError):
                getattr(agreement.with_user(technician), action)()
