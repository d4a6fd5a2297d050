from odoo import http
from odoo.http import request

from odoo.addons.account_payment.controllers.payment import PaymentPortal
from odoo.addons.account_payment.controllers.portal import PortalAccount


class InvoicePayment(PaymentPortal):
    """Paying an invoice by hand, and agreeing to autopay by the way."""

    @http.route()
    def invoice_transaction(self, invoice_id, access_token, autopay=False, **kwargs):
        """EXTENDS 'account_payment'

        :param bool autopay: the customer agrees that the following ones are charged
        """
        if not autopay:
            return super().invoice_transaction(invoice_id, access_token, **kwargs)
        kwargs["tokenization_requested"] = True
        values = super().invoice_transaction(invoice_id, access_token, **kwargs)
        transactions = request.env["payment.transaction"].sudo()
        transaction = transactions.search([("reference", "=", values["reference"])])
        partner = request.env.user.partner_id
        if request.env.user._is_public():
            partner = partner.browse()
        agreements = transaction.invoice_ids._get_autopay_offer(partner)
        agreements._ask_consent(
            partner, partner.name or transaction.partner_id.name, transaction
        )
        return values

    def _process_transaction(
        self, partner_id, currency_id, invoice_ids, payment_reference, **kwargs
    ):
        """EXTENDS 'account_payment': not while autopay charges them, nor twice."""
        request.env["account.move"].sudo().browse(invoice_ids)._hold_for_payment()
        return super()._process_transaction(
            partner_id, currency_id, invoice_ids, payment_reference, **kwargs
        )


class InvoicePortal(PortalAccount):
    def _invoice_get_page_view_values(
        self, invoice, access_token, payment=False, amount=None, **kwargs
    ):
        """EXTENDS 'account_payment': offer autopay where he pays anyway."""
        values = super()._invoice_get_page_view_values(
            invoice, access_token, payment=payment, amount=amount, **kwargs
        )
        partner = request.env.user.partner_id
        if request.env.user._is_public():
            partner = partner.browse()
        if "providers_sudo" in values and any(
            values["providers_sudo"].mapped("allow_tokenization")
        ):
            values["autopay_agreements"] = invoice.sudo()._get_autopay_offer(partner)
        return values
