from odoo import fields, models


class ServiceAgreementWriteOff(models.TransientModel):
    """Give billed periods back and keep the agreement."""

    _name = "service.agreement.write.off"
    _description = "Write Off Billed Periods"

    period_ids = fields.Many2many(
        "service.agreement.period", string="Periods", required=True, readonly=True
    )
    note = fields.Char(string="Reason", required=True)

    def action_confirm(self):
        self.ensure_one()
        self.period_ids._write_off(self.note)
        return {"type": "ir.actions.act_window_close"}
