from odoo import fields, models


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    service_desk_project_id = fields.Many2one(
        related="company_id.service_desk_project_id", readonly=False
    )
