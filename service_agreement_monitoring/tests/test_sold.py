from odoo.exceptions import AccessError
from odoo.fields import Command
from odoo.tests import new_test_user, tagged

from .alert_cases import AlertCommon

TO_DO = "service_agreement_monitoring.mail_activity_type_silent"


@tagged("post_install", "-at_install")
class TestSoldButSilent(AlertCommon):
    """Who pays for it is watched, and who is watched pays for it."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.agreement.sudo().activated_on = "2026-01-01 08:00:00"
        cls.tier.includes_monitoring = True

    def _heard(self, wall, site=None):
        with self.at_desk(wall):
            (site or self.router).sudo().last_heard_at = self.env.cr.now()

    def _check(self, wall):
        with self.at_desk(wall):
            self._run_cron("service_agreement_monitoring.ir_cron_silence")
            return self.agreement.activity_search([TO_DO])

    def test_silent_for_so_many_days_there_is_one_to_do(self):
        self._heard("2026-03-01 10:00")
        self.assertFalse(self._check("2026-03-08 09:00"))
        to_do = self._check("2026-03-08 11:00")
        self.assertEqual(len(to_do), 1)
        self.assertIn("nothing was heard since", to_do.note)
        self.assertEqual(self._check("2026-03-09 11:00"), to_do)
        silent = self.env["service.agreement"].search([("is_silent", "=", True)])
        self.assertEqual(silent, self.agreement)

    def test_done_by_a_person_it_does_not_come_back(self):
        self._check("2026-03-08 11:00").action_done()
        self.assertFalse(self._check("2026-03-09 11:00"))
        self.assertTrue(self.agreement.is_silent)

    def test_heard_of_again_it_closes_by_itself(self):
        self.assertTrue(self._check("2026-03-08 11:00"))
        self._heard("2026-03-08 12:00")
        self._take(
            "2026-03-08 12:00",
            self._event("2026-03-08 12:00", "heartbeat", name="Alive"),
        )
        self.assertFalse(self.agreement.is_silent)
        self.assertFalse(self.agreement.activity_search([TO_DO]))
        self.assertFalse(self.env["service.monitoring.alert"].search([]))
        self.assertTrue(self._check("2026-03-20 11:00"), "and another silence tells")

    def test_a_new_agreement_has_some_days_to_be_connected(self):
        self.agreement.sudo().activated_on = "2026-03-06 08:00:00"
        self.assertFalse(self._check("2026-03-08 11:00"))
        to_do = self._check("2026-03-15 11:00")
        self.assertIn("was ever heard", to_do.note)

    def test_what_bills_no_monitoring_is_never_silent(self):
        self.tier.includes_monitoring = False
        self.assertFalse(self._check("2026-03-15 11:00"))

    def test_a_charge_for_it_bills_it_as_long_as_it_runs(self):
        self.tier.includes_monitoring = False
        watch = self.env["product.product"].create(
            {"name": "Watch", "type": "service", "is_monitoring": True}
        )
        self.agreement.sudo().line_ids = [
            Command.create(
                {
                    "product_id": watch.id,
                    "price_unit": 9.0,
                    "date_start": "2026-02-01",
                    "date_end": "2026-02-28",
                }
            )
        ]
        agreements = self.env["service.agreement"]
        for wall, bills in (
            ("2026-01-31 12:00", False),
            ("2026-02-28 12:00", True),
            ("2026-03-01 12:00", False),
        ):
            with self.at_desk(wall):
                self.env.invalidate_all()
                self.assertEqual(self.agreement.bills_monitoring, bills, wall)
                found = agreements.search([("bills_monitoring", "=", True)])
                self.assertEqual(self.agreement in found, bills, wall)

    def test_another_system_s_word_does_not_count(self):
        other = self.env["service.agreement.system"].create(
            {"name": "Gate", "partner_id": self.customer.id}
        )
        self.agreement.system_ids = self.system
        gate = self._watch("gate", system_id=other.id)
        self._heard("2026-03-07 10:00", gate)
        self.assertTrue(self._check("2026-03-08 11:00"))

    def test_watched_but_not_paid(self):
        self._heard("2026-03-06 10:00")
        partners = self.env["res.partner"]
        with self.at_desk("2026-03-08 11:00"):
            unpaid = partners.search([("is_watched_unpaid", "=", True)])
            self.assertNotIn(self.customer, unpaid)
            self.tier.includes_monitoring = False
            self.env.invalidate_all()
            unpaid = partners.search([("is_watched_unpaid", "=", True)])
            self.assertIn(self.customer, unpaid)
            self.assertTrue(self.customer.is_watched_unpaid)
            self.assertEqual(self.customer.watched_site_count, 2)
            action = self.customer.action_new_proposal()
            self.assertEqual(action["res_model"], "service.agreement.proposal")
        with self.at_desk("2026-05-08 11:00"):
            self.env.invalidate_all()
            self.assertFalse(partners.search([("is_watched_unpaid", "=", True)]))

    def test_nobody_says_by_hand_that_it_was_silent(self):
        anna = new_test_user(
            self.env, "anna", "base.group_user,service_agreement.group_user"
        )
        with self.assertRaises(AccessError):
            self.agreement.with_user(anna).is_silent = True
