from odoo import fields, models


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    capacity_aim = fields.Float(related="company_id.capacity_aim", readonly=False)
    capacity_risk_limit = fields.Float(
        related="company_id.capacity_risk_limit", readonly=False
    )
    capacity_blocks_offers = fields.Boolean(
        related="company_id.capacity_blocks_offers", readonly=False
    )
