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
