"""All routes of the addon, as whoever may and whoever may not come by."""

from odoo.fields import Command
from odoo.tests import tagged

from .route_cases import Route, RouteWalk
from .test_portal import PortalCase

POST = ("POST",)
BOTH = ("GET", "POST")
ROUTES = {
    "/my/agreements": Route("user"),
    "/my/agreements/page/<int:page>": Route("user"),
    "/my/agreements/<int:agreement_id>": Route(notes_view=True),
    "/my/agreements/<int:agreement_id>/accept": Route(kind="jsonrpc"),
    "/my/agreements/<int:agreement_id>/callers": Route(methods=POST),
    "/my/agreements/<int:agreement_id>/change/<string:kind>": Route(methods=BOTH),
    "/my/agreements/<int:agreement_id>/document/<string:document>": Route(),
    "/my/agreements/<int:agreement_id>/decline": Route(methods=POST),
    "/my/agreements/<int:agreement_id>/request": Route(methods=BOTH),
    "/my/agreements/<int:agreement_id>/request/price": Route(kind="jsonrpc"),
    "/my/agreements/<int:agreement_id>/statements/<int:statement_id>": Route(),
    "/my/agreements/<int:agreement_id>/visits/<int:visit_id>": Route(),
    "/my/proposals": Route("user"),
    "/my/proposals/page/<int:page>": Route("user"),
    "/my/proposals/<int:proposal_id>": Route(notes_view=True),
    "/my/proposals/<int:proposal_id>/accept": Route(kind="jsonrpc"),
    "/my/proposals/<int:proposal_id>/decline": Route(methods=BOTH),
    "/my/proposals/<int:proposal_id>/quote": Route(kind="jsonrpc"),
    "/my/proposals/<int:proposal_id>/sign": Route(methods=("GET",)),
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
        cls.choice = cls._create_choice()
        cls.records = {
            "agreement_id": cls.active,
            "kind": "upgrade",
            "document": "agreement",
            "proposal_id": cls.choice,
            "statement_id": 1,
            "task_id": cls.ticket,
            "visit_id": 1,
        }
        cls.tokens = {
            "agreement_id": cls.active.access_token,
            "proposal_id": cls.choice.access_token,
            "task_id": cls.ticket.access_token,
        }

    @classmethod
    def _create_choice(cls):
        """:return: service.agreement.proposal, sent"""
        choice = cls.env["service.agreement.proposal"].create(
            {
                "partner_id": cls.customer.id,
                "option_ids": [Command.create({"tier_id": cls.tier.id})],
            }
        )
        choice._send()
        return choice
