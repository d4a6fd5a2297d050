from odoo import fields, models


class MaintenanceRequest(models.Model):
    _inherit = "maintenance.request"

    service_ticket_id = fields.Many2one(
        "project.task",
        string="Ticket",
        copy=False,
        index="btree_not_null",
        ondelete="set null",
        domain="[('project_id.is_service_desk', '=', True)]",
        help="Of the customer, with the same fault: it is counted once.",
    )
