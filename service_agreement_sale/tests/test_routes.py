"""All routes of the addon, as whoever may and whoever may not come by."""

from odoo.tests import HttpCase, tagged

from odoo.addons.service_agreement.tests.route_cases import Route, RouteWalk

from .common import SaleServiceCommon

ROUTES = {
    "/my/orders/<int:order_id>/accept": Route(kind="jsonrpc", extends=True),
    "/my/orders/<int:order_id>/agreement": Route(methods=("POST",)),
}


@tagged("post_install", "-at_install")
class TestSaleRoutes(RouteWalk, SaleServiceCommon, HttpCase):
    addon = "service_agreement_sale"
    table = ROUTES
    insiders = ("carla",)
    outsiders = (None, "eve")
    secret = "Whitfield"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._create_portal_user("carla", cls.customer)
        cls._create_portal_user("eve", cls._create_customer("Stranger Inc."))
        cls.order = cls._quote()
        cls.order.action_quotation_sent()
        cls.records = {"order_id": cls.order}
        cls.tokens = {"order_id": cls.order._portal_ensure_token()}
