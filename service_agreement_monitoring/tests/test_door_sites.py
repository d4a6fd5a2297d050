"""Sites that are not known yet: parked, told once, and handed on in their order."""

from psycopg2 import IntegrityError

from odoo.exceptions import AccessError, ValidationError
from odoo.tests import TransactionCase, new_test_user, tagged
from odoo.tools import mute_logger

from ..models.service_monitoring_site import UNKNOWN
from .door_cases import DoorMixin


@tagged("post_install", "-at_install")
class TestDoorSites(DoorMixin, TransactionCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        groups = "base.group_user,service_agreement.group_user"
        cls.cora = new_test_user(cls.env, "cora", groups=groups)
        cls.source.user_id = cls.cora
        cls.sites = cls.env["service.monitoring.site"]

    def _get_site(self, reference):
        sites = self.sites.with_context(active_test=False)
        return sites.search([("external_ref", "=", reference)])

    def _get_unknown(self):
        return self.sites.search(UNKNOWN)

    def test_what_is_unknown_waits_and_is_told_once(self):
        deliveries = [
            self._let_in(self._prepare_alert(site="lake", device=device, alert=alert))
            for device, alert in (("router", "A"), ("router", "B"), ("camera", "C"))
        ]
        deliveries.append(self._let_in(self._prepare_alert(site="hill")))
        self.assertFalse(self._handle())
        self.assertEqual({d.state for d in deliveries}, {"parked"})
        self.assertIn("lake", deliveries[0].reason)
        deliveries[0].action_try_again()
        self.assertFalse(self._handle())
        self.assertIn("lake", deliveries[0].reason)
        self.assertEqual(
            self._get_unknown().mapped("external_ref"), ["lake", "hill"][::-1]
        )
        self.assertEqual(self.source.unknown_count, 2)
        self.assertEqual(self._get_site("lake").waiting_count, 3)
        self.assertEqual(self.source.activity_ids.user_id, self.cora)
        self.assertEqual(len(self.source.activity_ids), 1)
        self._let_in(self._prepare_alert(site="valley"))
        self._handle()
        self.assertEqual(len(self.source.activity_ids), 1)

    def test_saying_whose_it_is_hands_on_what_waited_in_its_order(self):
        for site, alert in (("lake", "1"), ("hill", "2"), ("lake", "3"), ("hill", "4")):
            self._let_in(self._prepare_alert(site=site, alert=alert))
        self._handle()
        self._let_in(self._prepare_alert(site="lake", alert="5"))
        lake = self._get_site("lake").with_user(self.cora)
        lake.partner_id = self.customer
        taken = [event.alert_name for event in self._handle()]
        self.assertEqual(taken, ["1", "3", "5"])
        self.assertEqual(len(self.source.activity_ids), 1)
        self._get_site("hill").with_user(self.cora).system_id = self.network
        self.assertEqual([e.alert_name for e in self._handle()], ["2", "4"])
        self.assertEqual(self._get_site("hill").partner_id, self.customer)
        self.assertFalse(self.source.activity_ids)
        states = self.deliveries.search([]).mapped("state")
        self.assertEqual(set(states), {"done"})

    def test_a_delivery_of_which_one_is_known_hands_on_that_one(self):
        self._create_site("lake", partner_id=self.customer.id)
        delivery = self._let_in(
            self._prepare_alert(site="hill"), self._prepare_alert(site="lake")
        )
        self.assertEqual([e.site_id.external_ref for e in self._handle()], ["lake"])
        self.assertEqual(delivery.state, "parked")
        self._get_site("hill").partner_id = self.customer
        self.assertEqual([e.site_id.external_ref for e in self._handle()], ["hill"])
        self.assertEqual(delivery.state, "done")

    def test_what_is_not_ours_is_not_listened_to(self):
        delivery = self._let_in(self._prepare_alert(device="router"))
        self._handle()
        self._get_site("lake").with_user(self.cora).action_not_ours()
        self.assertFalse(self._get_site("lake / router").active)
        self.assertEqual(delivery.state, "done")
        self.assertFalse(self.source.activity_ids)
        later = self._let_in(self._prepare_alert(device="camera"))
        self.assertFalse(self._handle())
        self.assertEqual((later.state, len(later.event_ids)), ("done", 0))
        self.assertFalse(self._get_unknown())

    def test_a_site_is_named_as_its_source_names_it(self):
        self._let_in(self._prepare_alert(site_name="Lake House"))
        self._handle()
        self.assertEqual(self._get_site("lake").name, "Lake House")
        self._let_in(self._prepare_alert(alert="B", site_name="House at the Lake"))
        self._let_in(self._prepare_alert(alert="C"))
        self._handle()
        self.assertEqual(self._get_site("lake").name, "House at the Lake")

    # Devices

    def test_devices_follow_their_site(self):
        self._let_in(self._prepare_alert(device="router"))
        self._handle()
        lake, router = self._get_site("lake"), self._get_site("lake / router")
        theatre = self.network.copy({"name": "Theatre"})
        lake.system_id = self.network
        self.assertEqual(
            (router.partner_id, router.system_id), (self.customer, self.network)
        )
        lake.system_id = theatre
        self.assertEqual(router.system_id, theatre)
        router.system_id = self.network
        lake.system_id = False
        self.assertEqual(router.system_id, self.network)

    def test_a_device_of_ours_says_system_and_customer(self):
        device = self.env["service.agreement.device"].create(
            {"name": "Router", "system_id": self.network.id}
        )
        site = self._create_site("lake", device_id=device.id)
        self.assertEqual(
            (site.system_id, site.partner_id), (self.network, self.customer)
        )

    def test_a_system_of_another_customer_is_refused(self):
        site = self._create_site("lake", system_id=self.network.id)
        stranger = self.env["res.partner"].create({"name": "Stranger"})
        others = self.network.copy({"partner_id": stranger.id})
        parent = self._create_site("hill", partner_id=self.customer.id)
        self.assertEqual(parent.partner_id, self.customer)
        device = self.env["service.agreement.device"].create(
            {"name": "Router", "system_id": others.id}
        )
        with self.assertRaises(ValidationError):
            site.write({"device_id": device.id, "system_id": self.network.id})

    def test_a_system_of_another_company_is_refused(self):
        company = self.env["res.company"].create({"name": "Other Inc."})
        theirs = self.network.copy({"company_id": company.id})
        with self.assertRaisesRegex(ValidationError, "another company"):
            self._create_site("lake", system_id=theirs.id)

    def test_a_reference_is_there_once(self):
        self._create_site("lake")
        with mute_logger("odoo.sql_db"), self.assertRaises(IntegrityError):
            self._create_site("lake")
            self.env.flush_all()

    def test_who_may_say_whose_it_is(self):
        tom = new_test_user(
            self.env, "tom", groups="base.group_user,project.group_project_user"
        )
        site = self._create_site("lake")
        self.assertEqual(site.with_user(tom).name, "Lake")
        with self.assertRaises(AccessError):
            site.with_user(tom).partner_id = self.customer
        with self.assertRaises(AccessError):
            site.with_user(self.cora).last_heard_at = "2026-03-06"
        site.with_user(self.cora).partner_id = self.customer
