from odoo import fields, models


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    agreement_free_notice_days = fields.Integer(
        related="company_id.agreement_free_notice_days", readonly=False
    )
    project_agreement_days = fields.Integer(
        related="company_id.project_agreement_days", readonly=False
    )
