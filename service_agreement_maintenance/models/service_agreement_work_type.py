from odoo import api, fields, models


class ServiceAgreementWorkType(models.Model):
    _inherit = "service.agreement.work.type"

    is_fault = fields.Boolean(
        string="Faults",
        compute="_compute_is_fault",
        store=True,
        readonly=False,
        precompute=True,
        help="A ticket with this work is a fault of the device it names. Not so where"
        " customers order something, as training or changes.",
    )

    @api.depends("is_preventive")
    def _compute_is_fault(self):
        for work_type in self:
            work_type.is_fault = not work_type.is_preventive
