from odoo import api, fields, models
from odoo.fields import Domain


class HelpdeskTicket(models.Model):
    """Every ticket of the helpdesk, of whatever team, asks for a promise."""

    _name = "helpdesk.ticket"
    _inherit = ["helpdesk.ticket", "service.agreement.ticket.mixin"]

    follows_id = fields.Many2one(
        "helpdesk.ticket",
        copy=False,
        readonly=True,
        index="btree_not_null",
        ondelete="set null",
        help="The ticket that was closed long before this matter came up again.",
    )
    followed_by_ids = fields.One2many("helpdesk.ticket", "follows_id", readonly=True)

    # EXTENDS 'service.agreement.ticket.mixin'

    def _ticket_is_waiting(self):
        return self.stage_id.ticket_status == "waiting"

    def _ticket_is_closed(self):
        return self.stage_id.closed and self.stage_id.ticket_status

    def _ticket_merged_into(self):
        return self.duplicate_id

    def _ticket_priority(self):
        return self.priority or "0"

    def _ticket_customer(self):
        return self.partner_id

    @api.model
    def _ticket_customer_fields(self):
        return ["partner_id"]

    @api.model
    def _ticket_open_domain(self):
        return Domain("closed", "=", False)

    def _ticket_company(self):
        return self.company_id

    def _ticket_reference(self):
        return self.number

    def _ticket_assignees(self):
        return self.user_id

    @api.model
    def _ticket_assignee_fields(self):
        return ["user_id"]

    def _ticket_assign(self, user):
        self.user_id = user

    def _ticket_prepare_resume(self):
        stages = self.team_id._get_applicable_stages().filtered(
            lambda stage: not stage.ticket_status
        )
        before = stages.filtered(lambda s: s.sequence <= self.stage_id.sequence)
        working = before[-1:] or stages[:1]
        return {"stage_id": working.id} if working else {}

    def _ticket_prepare_solve(self):
        return self._prepare_close("solved")

    def _ticket_prepare_cancel(self):
        return self._prepare_close("cancelled")

    def _prepare_close(self, status):
        """:return: dict of values; empty where the team has no such stage"""
        stages = self.team_id._get_applicable_stages().filtered(
            lambda stage: stage.closed and stage.ticket_status == status
        )
        return {"stage_id": stages[0].id} if stages else {}

    def _ticket_prepare_follow_up(self, text):
        return {
            "name": self.name,
            "description": text or self.description,
            "team_id": self.team_id.id,
            "partner_id": self.partner_id.id,
            "partner_name": self.partner_name,
            "partner_email": self.partner_email,
            "priority": self.priority,
            "category_id": self.category_id.id,
            "user_id": self.user_id.id,
            "follows_id": self.id,
        }

    @api.model
    def _ticket_prepare_request(self, agreement, partner):
        return {
            "team_id": agreement._get_request_team().id,
            "partner_name": partner.name,
            "partner_email": partner.email,
        }

    def _ticket_coordinator(self):
        return self.team_id.user_id

    @api.model
    def _ticket_watched_fields(self):
        # A ticket given to another team or person may change its stage by that.
        return [
            "stage_id",
            "team_id",
            "user_id",
            "duplicate_id",
            "priority",
            "partner_id",
            "company_id",
        ]
