from odoo import fields, models


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    autopay_retry_days = fields.Char(
        related="company_id.autopay_retry_days", readonly=False
    )
    autopay_unknown_hours = fields.Integer(
        related="company_id.autopay_unknown_hours", readonly=False
    )
