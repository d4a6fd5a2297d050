"""The pages of the portal stay within their budget of queries."""

from odoo.tests import HttpCase, tagged

from . import budget_cases


@tagged("post_install", "-at_install")
class TestPortalBudget(budget_cases.PortalBudget, HttpCase):
    addon = "service_agreement"
    # More of a list, and a PDF.
    uncounted = (
        "/my/agreements/page/<int:page>",
        "/my/proposals/page/<int:page>",
        "/my/agreements/<int:agreement_id>/visits/<int:visit_id>",
    )

    def _get_pages(self):
        page = f"/my/agreements/{self.agreement.id}"
        proposal = f"/my/proposals/{self.proposal.id}"
        return [
            "/my/agreements",
            "/my/proposals",
            page,
            f"/my/agreements/{self.offer.id}",
            f"{page}/document/agreement",
            f"{page}/document/sheet",
            f"{page}/statements/{self.told.id}",
            f"{page}/request",
            f"{page}/change/upgrade",
            f"{page}/change/upgrade?tier_id={self.gold.id}",
            f"{page}/change/upgrade?plan_id={self.plan_yearly.id}",
            f"{page}/change/add_system",
            f"{page}/change/add_system?name=Cinema",
            f"{page}/change/cancel",
            f"/my/agreements/{self.renewed.id}/change/decline_renewal",
            proposal,
            f"{proposal}/sign",
            f"{proposal}/decline",
        ]
