from odoo import fields, models


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    service_desk_project_id = fields.Many2one(
        related="company_id.service_desk_project_id", readonly=False
    )
    agreement_credit_suspended = fields.Boolean(
        related="company_id.agreement_credit_suspended", readonly=False
    )
