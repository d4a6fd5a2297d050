"""All routes of the addon, as whoever may and whoever may not come by."""

from odoo.tests import tagged
from odoo.tools import mute_logger

from .route_cases import Route, RouteWalk
from .test_portal import PortalCase

POST = ("POST",)
ROUTES = {
    "/my/agreements": Route("user"),
    "/my/agreements/page/<int:page>": Route("user"),
    "/my/agreements/<int:agreement_id>": Route(notes_view=True),
    "/my/agreements/<int:agreement_id>/accept": Route(kind="jsonrpc"),
    "/my/agreements/<int:agreement_id>/document/<string:document>": Route(),
    "/my/agreements/<int:agreement_id>/decline": Route(methods=POST),
    "/my/agreements/<int:agreement_id>/request": Route(methods=("GET", "POST")),
    "/my/agreements/<int:agreement_id>/request/price": Route(kind="jsonrpc"),
    "/my/agreements/<int:agreement_id>/visits/<int:visit_id>": Route(),
    "/my/tasks/<int:task_id>/price": Route(methods=POST),
}


@tagged("post_install", "-at_install")
class TestRoutes(RouteWalk, PortalCase):
    addon = "service_agreement"
    table = ROUTES
    insiders = ("ann", "ben")
    outsiders = (None, "eve")
    secret = "Whitfield"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.ticket = (
            cls.env["project.task"]
            .sudo()
            .create(
                {
                    "name": "No sound",
                    "project_id": cls.desk.id,
                    "partner_id": cls.customer.id,
                }
            )
        )
        cls.ticket._portal_ensure_token()
        # What happened so far is written down now, and not while somebody looks.
        cls.env.cr.precommit.run()
        cls.records = {
            "agreement_id": cls.active,
            "task_id": cls.ticket,
            "visit_id": 1,
        }
        cls.tokens = {
            "agreement_id": cls.active.access_token,
            "task_id": cls.ticket.access_token,
        }

    def test_every_route_is_known(self):
        self._check_table()

    def test_outsiders_see_and_change_nothing(self):
        with mute_logger("odoo.http"):
            self._walk_outsiders()

    def test_looking_changes_nothing(self):
        with mute_logger("odoo.http"):
            self._walk_gets()

    def test_odd_questions_are_answered(self):
        self._walk_odd()

    def test_ids_that_nobody_has(self):
        with mute_logger("odoo.http"):
            self._walk_odd_ids()
