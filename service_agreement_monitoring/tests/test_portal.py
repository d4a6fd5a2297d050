from odoo.tests import HttpCase, tagged

from odoo.addons.service_agreement.tests import budget_cases
from odoo.addons.service_agreement.tests.common import PortalUsersMixin

from .alert_cases import AlertCommon


@tagged("post_install", "-at_install")
class TestMonitoringPortal(PortalUsersMixin, AlertCommon, HttpCase):
    """A customer sees how his systems are, and nobody else's."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.tier.includes_monitoring = True
        cls.agreement.sudo().activated_on = "2026-01-01 08:00:00"
        cls.url = f"/my/agreements/{cls.agreement.id}/monitoring"
        cls.ann = cls._create_portal_user("ann", cls.customer)
        cls.villa = cls._create_customer("Nobody's Villa")
        cls.stranger = cls._create_portal_user("stan", cls.villa)
        cls.secret = cls.env["service.agreement.system"].create(
            {"name": "Vault", "partner_id": cls.villa.id}
        )
        cls._watch("vault", system_id=cls.secret.id, partner_id=cls.villa.id)

    def test_his_own_and_nobody_else_s(self):
        now = self.env.cr.now()
        event = self.env["service.monitoring.event"].sudo()
        alerts = self.env["service.monitoring.alert"]
        alerts._take(
            event.create(
                {
                    "source_id": self.source.id,
                    "site_id": self.router.id,
                    "alert_name": "Offline",
                    "key": "offline",
                    "status": "firing",
                    "happened_at": now,
                }
            )
        )
        self.authenticate("ann", "ann")
        page = self.url_open(self.url)
        self.assertEqual(page.status_code, 200)
        self.assertIn("Network", page.text)
        self.assertIn("Down: we know of it", page.text)
        self.assertNotIn("Vault", page.text)
        agreement = self.url_open(f"/my/agreements/{self.agreement.id}")
        self.assertIn("How your systems are", agreement.text)

    def test_a_stranger_is_not_let_in(self):
        self.authenticate("stan", "stan")
        self.assertNotIn("Network", self.url_open(self.url).text)
        self.authenticate(None, None)
        self.assertNotIn("Network", self.url_open(self.url).text)

    def test_whoever_does_not_pay_for_it_has_no_page(self):
        self.tier.includes_monitoring = False
        self.authenticate("ann", "ann")
        self.assertEqual(self.url_open(self.url).status_code, 404)
        agreement = self.url_open(f"/my/agreements/{self.agreement.id}")
        self.assertNotIn("How your systems are", agreement.text)


@tagged("post_install", "-at_install")
class TestMonitoringBudget(budget_cases.PortalBudget, HttpCase):
    addon = "service_agreement_monitoring"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.tier.includes_monitoring = True
        systems = cls.env["service.agreement.system"].search(
            [("partner_id", "=", cls.customer.id)]
        )
        source = cls.env["service.monitoring.source"].create({"name": "Watchtower"})
        cls.env["service.monitoring.site"].create(
            [
                {
                    "name": system.name,
                    "source_id": source.id,
                    "external_ref": str(system.id),
                    "system_id": system.id,
                }
                for system in systems
            ]
        )

    def _get_pages(self):
        return [f"/my/agreements/{self.agreement.id}/monitoring"]
