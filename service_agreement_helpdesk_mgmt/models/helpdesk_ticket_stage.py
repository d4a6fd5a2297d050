from odoo import api, fields, models

from odoo.addons.service_agreement.models.project_task import CLOSING_STATES
from odoo.addons.service_agreement.models.project_task_type import TICKET_STATUSES


class HelpdeskTicketStage(models.Model):
    _inherit = "helpdesk.ticket.stage"

    ticket_status = fields.Selection(
        TICKET_STATUSES,
        string="On the Service Desk",
        compute="_compute_ticket_status",
        inverse="_inverse_ticket_status",
        store=True,
        readonly=False,
        help="What a ticket in this stage is doing. Empty: we are working on it, and"
        " its clocks run.",
    )

    @api.depends("closed")
    def _compute_ticket_status(self):
        """A stage that closes means solved, unless it says cancelled."""
        for stage in self:
            closing = stage.ticket_status in CLOSING_STATES
            if stage.closed != closing:
                stage.ticket_status = "solved" if stage.closed else False

    def _inverse_ticket_status(self):
        for stage in self:
            closed = stage.ticket_status in CLOSING_STATES
            if stage.closed != closed:
                stage.closed = closed

    def write(self, vals):
        """A stage that means something else is news to the tickets in it.

        Sudo: who arranges stages need not see every ticket.
        """
        if not {"ticket_status", "closed"} & vals.keys():
            return super().write(vals)
        tickets = self.env["helpdesk.ticket"].sudo().with_context(active_test=False)
        with tickets.search([("stage_id", "in", self.ids)])._ticket_following():
            return super().write(vals)
