"""The tier that a customer chooses on the page of his quotation."""

from odoo import http
from odoo.exceptions import AccessError, LockError, MissingError
from odoo.http import request

from odoo.addons.sale.controllers.portal import CustomerPortal
from odoo.addons.service_agreement.controllers.portal import (
    ServiceAgreementPortal,
    find_document,
)
from odoo.addons.service_agreement.tools.form_values import to_int, to_text

ANCHOR = "service_agreement"


class SaleServicePortal(CustomerPortal):
    @http.route(
        ["/my/orders/<int:order_id>/agreement"],
        type="http",
        auth="public",
        methods=["POST"],
        website=True,
    )
    def portal_order_agreement(
        self, order_id, access_token=None, option=None, **kwargs
    ):
        """Another tier, or none; no option is none."""
        try:
            order = find_document(self, "sale.order", order_id, access_token)
        except (AccessError, MissingError):
            return request.redirect("/my")
        message = self._choose_order_agreement(order, to_text(option))
        url = order.get_portal_url(
            query_string=message and f"&message={message}", anchor=ANCHOR
        )
        return request.redirect(url)

    def _choose_order_agreement(self, order, chosen):
        """:return: str, what the page has to say; None: it shows what was chosen"""
        if not self._is_order_customer(order):
            return "agreement_staff"
        try:
            order.lock_for_update(allow_referencing=True)
        except LockError:
            return "agreement_again"
        order.invalidate_recordset()
        if order._why_not_choose_agreement():
            return "agreement_late"
        options = order.agreement_option_ids
        option = options.filtered(lambda each: each.id == to_int(chosen))
        if chosen and not option:
            return "agreement_again"
        order._choose_agreement(option, self._get_order_author(order))
        return None

    @http.route()
    def portal_quote_accept(
        self, order_id, access_token=None, name=None, signature=None
    ):
        """EXTENDS: nobody signs another service than the one he was shown; it may have
        been changed in another window, or by us.
        """
        token = access_token or request.httprequest.args.get("access_token")
        try:
            order = find_document(self, "sale.order", order_id, token)
        except (AccessError, MissingError):
            order = None
        if order and order._has_to_be_signed() and not self._is_as_shown(order):
            return {
                "error": request.env._(
                    "The service agreement of this quotation was changed after you "
                    "opened this page. Please reload the page, look at it again and "
                    "then sign. Nothing was signed."
                )
            }
        return super().portal_quote_accept(order_id, access_token, name, signature)

    def _is_as_shown(self, order):
        """Also whoever chooses at the same instant waits for the signature, or is first
        and seen here.
        """
        try:
            order.lock_for_update(allow_referencing=True)
        except LockError:
            return False
        order.invalidate_recordset()
        shown = request.httprequest.args.get("service") or ""
        return shown == order._get_agreement_fingerprint()

    def _get_order_author(self, order):
        """:return: res.partner: who is logged in, else the customer"""
        user = request.env.user
        return order.partner_id if user._is_public() else user.partner_id

    def _is_order_customer(self, order):
        """Whoever has the link, or works for the customer; none of our own people."""
        user = request.env.user
        commercial = user.partner_id.commercial_partner_id
        theirs = order.partner_id.commercial_partner_id
        return not user._is_internal() or commercial == theirs


class ServiceDeliveryPortal(ServiceAgreementPortal):
    def _decline(self, agreement, words):
        """EXTENDS: what was signed with an order is no proposal any more."""
        if agreement.signed_on:
            return "decline_late"
        return super()._decline(agreement, words)
