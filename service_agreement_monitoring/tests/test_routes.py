"""The pages for customers, as whoever may and whoever may not come by."""

from odoo.tests import HttpCase, tagged

from odoo.addons.service_agreement.tests.common import PortalUsersMixin
from odoo.addons.service_agreement.tests.route_cases import Route, RouteWalk

from .alert_cases import AlertCommon

ROUTES = {"/my/agreements/<int:agreement_id>/monitoring": Route()}


@tagged("post_install", "-at_install")
class TestMonitoringRoutes(RouteWalk, PortalUsersMixin, AlertCommon, HttpCase):
    addon = "service_agreement_monitoring"
    table = ROUTES
    insiders = ("ann",)
    outsiders = (None, "stan")

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.tier.includes_monitoring = True
        cls.agreement.sudo().activated_on = "2026-01-01 08:00:00"
        cls._create_portal_user("ann", cls.customer)
        cls._create_portal_user("stan", cls._create_customer("Nobody's Villa"))
        cls.records = {"agreement_id": cls.agreement}
        cls.tokens = {"agreement_id": cls.agreement._portal_ensure_token()}
        cls.secret = cls.agreement.name

    def _get_rules(self):
        """Whoever posts alerts has no login: see `test_door_routes`."""
        return [each for each in super()._get_rules() if each.rule.startswith("/my/")]
