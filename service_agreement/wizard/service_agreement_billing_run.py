from odoo import api, fields, models
from odoo.exceptions import UserError


class ServiceAgreementBillingRun(models.TransientModel):
    """What would be billed today, and the button that bills it."""

    _name = "service.agreement.billing.run"
    _description = "Bill What Is Due"

    company_id = fields.Many2one(
        "res.company", required=True, default=lambda self: self.env.company
    )
    currency_id = fields.Many2one(related="company_id.currency_id")
    date = fields.Date(
        string="Due Until",
        required=True,
        readonly=True,
        default=lambda self: self.env.company._service_today(),
    )
    agreement_ids = fields.Many2many(
        "service.agreement", compute="_compute_due", string="Due"
    )
    agreement_count = fields.Integer(compute="_compute_due")
    invoice_count = fields.Integer(compute="_compute_due")
    amount = fields.Monetary(compute="_compute_due", string="Before Taxes")

    @api.depends("company_id", "date")
    def _compute_due(self):
        for run in self:
            agreements = self.env["service.agreement"].with_company(run.company_id)
            due = agreements.search(agreements._get_due_domain(run.date))
            pieces = due._get_due_pieces(run.date)
            run.agreement_ids = due
            run.agreement_count = len(due)
            run.invoice_count = len(due._group_pieces(pieces))
            run.amount = sum(
                due.agreement.currency_id._convert(
                    due.line._get_untaxed_amount(due.piece),
                    run.currency_id,
                    run.company_id,
                    run.date,
                )
                for due in pieces
            )

    def action_bill(self):
        """Bill what is due; what could not be billed is shown with the reason."""
        self.ensure_one()
        agreements = self.env["service.agreement"].with_company(self.company_id)
        today = self.company_id._service_today()
        moves, failed = agreements._bill_due(min(self.date, today))
        if moves:
            return agreements._get_invoices_action(moves)
        if failed:
            return self._get_failed_action(failed)
        raise UserError(self.env._("Nothing is due. Everything has been billed."))

    @api.model
    def _get_failed_action(self, failed):
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "service_agreement.action_service_agreement"
        )
        return dict(
            action,
            name=self.env._("Could Not Be Billed"),
            domain=[("id", "in", failed.ids)],
            context={"show_billing_issue": True},
        )
