from odoo import api, fields, models

from ..models.service_agreement import END_REASONS


class ServiceAgreementEnd(models.TransientModel):
    _name = "service.agreement.end"
    _description = "End a Service Agreement"

    agreement_id = fields.Many2one(
        "service.agreement", required=True, readonly=True, ondelete="cascade"
    )
    agreement_state = fields.Selection(related="agreement_id.state")
    last_day = fields.Date(
        required=True, default=lambda self: self.env.company._service_today()
    )
    reason = fields.Selection(
        [reason for reason in END_REASONS if reason[0] != "expired"],
        required=True,
        default="cancelled",
    )
    note = fields.Text(string="In the Customer's Words")
    billed_past = fields.Date(
        compute="_compute_billed_past",
        help="The last day that is already on an invoice, where it lies later.",
    )

    @api.depends("agreement_id", "last_day")
    def _compute_billed_past(self):
        for wizard in self:
            ends = wizard.agreement_id.period_ids.mapped("last_day")
            latest = max(ends, default=False)
            is_later = latest and wizard.last_day and latest > wizard.last_day
            wizard.billed_past = latest if is_later else False

    def action_confirm(self):
        self.ensure_one()
        self.agreement_id._end(self.last_day, self.reason, self.note)
        return {"type": "ir.actions.act_window_close"}
