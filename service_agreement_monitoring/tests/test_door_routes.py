"""The address that is posted to, as whoever may and whoever may not come by."""

from odoo.tests import HttpCase, tagged

from odoo.addons.service_agreement.tests.route_cases import Route, RouteWalk

from .door_cases import DoorMixin

ROUTES = {
    "/service/monitoring/<string:door_key>": Route(auth="none", methods=("POST",)),
}


@tagged("post_install", "-at_install")
class TestDoorRoutes(RouteWalk, DoorMixin, HttpCase):
    addon = "service_agreement_monitoring"
    table = ROUTES
    insiders = ("admin",)
    outsiders = (None,)

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.records = {"door_key": cls.source.door_key}
        cls.secret = cls.customer.name

    def _get_rules(self):
        """Pages of the portal are walked with customers, which these tests lack."""
        rules = super()._get_rules()
        return [rule for rule in rules if not rule.rule.startswith("/my/")]

    def test_looking_changes_nothing(self):
        """There is nothing to look at: it is posted to."""
        path = f"/service/monitoring/{self.source.door_key}"
        self.assertEqual(self.url_open(path).status_code, 405)
