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
