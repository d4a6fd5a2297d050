from odoo import fields, models


class ServiceAgreementBillingPreview(models.Model):
    """An invoice that a billing run would make, as it was worked out last.

    Written by the preview and deleted when the run starts: from then on the invoices
    themselves tell.
    """

    _name = "service.agreement.billing.preview"
    _description = "Invoice of a Previewed Billing Run"
    _order = "date, id"
    _rec_name = "agreement_id"

    run_id = fields.Many2one(
        "service.agreement.billing.run",
        required=True,
        readonly=True,
        index=True,
        ondelete="cascade",
    )
    company_id = fields.Many2one(related="run_id.company_id", store=True, index=True)
    company_currency_id = fields.Many2one(
        related="run_id.currency_id", string="Company Currency"
    )
    agreement_id = fields.Many2one(
        "service.agreement",
        required=True,
        readonly=True,
        index=True,
        ondelete="cascade",
    )
    partner_id = fields.Many2one(related="agreement_id.partner_id", store=True)
    currency_id = fields.Many2one(related="agreement_id.currency_id")
    date = fields.Date(string="Due", required=True, readonly=True)
    amount = fields.Monetary(readonly=True, help="Before taxes.")
    amount_company = fields.Monetary(
        string="In Company Currency",
        currency_field="company_currency_id",
        readonly=True,
        help="At the rate of the day the preview was made.",
    )
    reason = fields.Text(
        string="Set Aside Because",
        readonly=True,
        help="Why it cannot be billed, or could not be the last time; every run tries "
        "again.",
    )
