"""All routes of the addon, as whoever may and whoever may not come by."""

from odoo.tests import tagged

from odoo.addons.service_agreement.tests.route_cases import Route, RouteWalk
from odoo.addons.service_agreement.tests.test_portal import PortalCase

AUTOPAY = "/my/agreements/<int:agreement_id>/autopay"
ROUTES = {
    "/invoice/transaction/<int:invoice_id>": Route(kind="jsonrpc", extends=True),
    AUTOPAY: Route(methods=("GET",)),
    f"{AUTOPAY}/stop": Route(methods=("POST",)),
    f"{AUTOPAY}/token": Route(kind="jsonrpc"),
    f"{AUTOPAY}/transaction": Route(kind="jsonrpc"),
}


@tagged("post_install", "-at_install")
class TestAutopayRoutes(RouteWalk, PortalCase):
    addon = "service_agreement_payment"
    table = ROUTES
    insiders = ("ann", "ben")
    outsiders = (None, "eve")
    secret = "Whitfield"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.records = {"agreement_id": cls.active}
        cls.tokens = {"agreement_id": cls.active.access_token}
