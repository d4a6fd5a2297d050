from odoo import api, fields, models


class ServiceAgreementAllowanceAdjust(models.TransientModel):
    """Add to a lot, or take from it, and say why."""

    _name = "service.agreement.allowance.adjust"
    _description = "Adjust an Allowance"

    lot_id = fields.Many2one(
        "service.agreement.allowance.lot",
        required=True,
        readonly=True,
        ondelete="cascade",
    )
    unit = fields.Selection(related="lot_id.unit")
    balance = fields.Float(related="lot_id.balance", string="Left Now")
    quantity = fields.Float(
        string="Change",
        digits=(16, 4),
        help="Above 0: more may be used. Below 0: less.",
    )
    result = fields.Float(
        string="Left Afterwards", digits=(16, 4), compute="_compute_result"
    )
    reason = fields.Char(required=True)
    obstacle = fields.Char(compute="_compute_result")

    @api.depends("quantity", "lot_id")
    def _compute_result(self):
        for wizard in self:
            wizard.result = wizard.balance + wizard.quantity
            wizard.obstacle = bool(wizard.quantity) and wizard.lot_id._why_not_adjust(
                wizard.quantity
            )

    def action_confirm(self):
        self.ensure_one()
        self.lot_id._adjust(self.quantity, self.reason)
        return {"type": "ir.actions.act_window_close"}
