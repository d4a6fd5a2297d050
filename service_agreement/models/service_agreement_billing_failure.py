from odoo import api, fields, models

from .instant import now


class ServiceAgreementBillingFailure(models.Model):
    """An agreement that a billing run set aside, and why; kept when it is billed."""

    _name = "service.agreement.billing.failure"
    _description = "Agreement Set Aside by a Billing Run"
    _order = "date_resolved desc, id desc"
    _rec_name = "agreement_id"

    run_id = fields.Many2one(
        "service.agreement.billing.run",
        string="Billing Run",
        required=True,
        readonly=True,
        index=True,
        ondelete="cascade",
    )
    company_id = fields.Many2one(related="run_id.company_id", store=True, index=True)
    agreement_id = fields.Many2one(
        "service.agreement",
        required=True,
        readonly=True,
        index=True,
        ondelete="cascade",
    )
    partner_id = fields.Many2one(related="agreement_id.partner_id", store=True)
    user_id = fields.Many2one(related="agreement_id.user_id", store=True)
    reason = fields.Text(required=True, readonly=True)
    date_resolved = fields.Datetime(
        string="Billed Since",
        readonly=True,
        help="When the agreement was billed after all. Empty: still set aside.",
    )

    @api.model
    def _resolve(self, agreements):
        """Note that ``agreements`` were billed after all."""
        failures = self.search(
            [("agreement_id", "in", agreements.ids), ("date_resolved", "=", False)]
        )
        failures.date_resolved = now(self.env)

    def action_try_again(self):
        """Bill the chosen ones again."""
        return self.agreement_id.action_bill_again()

    def action_open_agreement(self):
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": "service.agreement",
            "view_mode": "form",
            "views": [(False, "form")],
            "res_id": self.agreement_id.id,
        }
