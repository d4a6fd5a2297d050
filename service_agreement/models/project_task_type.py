from odoo import fields, models

TICKET_STATUSES = [
    ("waiting", "Waiting for the customer"),
    ("solved", "Solved"),
    ("cancelled", "Cancelled"),
]


class ProjectTaskType(models.Model):
    _inherit = "project.task.type"

    ticket_status = fields.Selection(
        TICKET_STATUSES,
        string="On the Service Desk",
        help="What a ticket in this stage is doing. Empty: we are working on it, and"
        " its clocks run.",
    )

    def write(self, vals):
        """A stage that means something else is news to the tickets in it.

        Sudo: who arranges stages need not see every ticket.
        """
        if "ticket_status" not in vals:
            return super().write(vals)
        tickets = self.env["project.task"].sudo().with_context(active_test=False)
        tickets = tickets.search([("stage_id", "in", self.ids)])
        with tickets._ticket_following():
            result = super().write(vals)
            tickets._close_by_stage()
        return result
