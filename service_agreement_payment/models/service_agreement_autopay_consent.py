from odoo import fields, models

from odoo.addons.service_agreement.models.instant import now

ENDINGS = [
    ("customer", "Withdrawn by the Customer"),
    ("staff", "Stopped by Us"),
    ("replaced", "Replaced by a New One"),
    ("token", "Payment Method Deleted"),
]


class ServiceAgreementAutopayConsent(models.Model):
    """The customer's word that his invoices are charged, until he takes it back.

    Facts: nobody writes or deletes one. It is in force once its payment method is
    saved, which the provider of payments confirms a moment, or a day, after he said so.
    """

    _name = "service.agreement.autopay.consent"
    _description = "Consent to Autopay"
    _inherit = ["service.agreement.guard"]
    _order = "given_on desc, id desc"
    _rec_name = "card"
    _facts = None

    agreement_id = fields.Many2one(
        "service.agreement",
        required=True,
        readonly=True,
        index=True,
        ondelete="restrict",
    )
    company_id = fields.Many2one(
        related="agreement_id.company_id", store=True, index=True
    )
    partner_id = fields.Many2one(
        related="agreement_id.commercial_partner_id", store=True, index=True
    )
    given_on = fields.Datetime(required=True, readonly=True)
    author_id = fields.Many2one(
        "res.partner",
        readonly=True,
        ondelete="set null",
        index="btree_not_null",
        help="Empty: somebody who had the link to the agreement.",
    )
    author_name = fields.Char(string="Given By", required=True, readonly=True)
    words = fields.Text(
        required=True, readonly=True, help="What he read, in his language."
    )
    transaction_id = fields.Many2one(
        "payment.transaction",
        string="Saved With",
        readonly=True,
        ondelete="restrict",
        index="btree_not_null",
        groups="account.group_account_invoice",
        help="The payment, or the saving of the payment method, that goes with it.",
    )
    token_id = fields.Many2one(
        "payment.token",
        string="Payment Method",
        readonly=True,
        ondelete="restrict",
        index="btree_not_null",
        groups="account.group_account_invoice",
    )
    card = fields.Char(
        string="Charged To", readonly=True, help="Empty: not saved (yet)."
    )
    in_force_on = fields.Datetime(string="In Force Since", readonly=True)
    withdrawn_on = fields.Datetime(readonly=True)
    withdrawn_by = fields.Char(readonly=True)
    ending = fields.Selection(ENDINGS, string="How It Ended", readonly=True)

    _one_in_force = models.UniqueIndex(
        "(agreement_id) WHERE in_force_on IS NOT NULL AND withdrawn_on IS NULL",
        "Autopay is being changed for this agreement right now. Try again.",
    )
    _in_force_has_token = models.Constraint(
        "CHECK(in_force_on IS NULL OR token_id IS NOT NULL)",
        "Autopay needs a payment method.",
    )

    def _get_day(self):
        """:return: date from which on invoices are charged, on the company's clock"""
        self.ensure_one()
        return self.company_id._service_day(self.given_on)

    def _take_effect(self, token):
        """The payment method is saved: from now on, this one counts.

        :param payment.token token: in sudo
        """
        self.ensure_one()
        before = self.agreement_id.autopay_consent_id
        if before:
            before._withdraw("replaced", self.author_name)
            # The index looks at every single statement.
            self.env.flush_all()
        self.sudo().write(
            {
                "token_id": token.id,
                "card": f"{token.payment_method_id.name} {token.display_name}",
                "in_force_on": now(self.env),
            }
        )
        self.agreement_id._after_autopay_change("on")

    def _withdraw(self, ending, name):
        """
        :param str ending: of `ENDINGS`
        :param str name: of who does it
        """
        self.sudo().write(
            {
                "withdrawn_on": now(self.env),
                "withdrawn_by": name,
                "ending": ending,
            }
        )
