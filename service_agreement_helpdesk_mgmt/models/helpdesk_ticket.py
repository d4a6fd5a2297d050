from odoo import api, models


class HelpdeskTicket(models.Model):
    """Every ticket of the helpdesk, of whatever team, asks for a promise."""

    _name = "helpdesk.ticket"
    _inherit = ["helpdesk.ticket", "service.agreement.ticket.mixin"]

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
        ]
