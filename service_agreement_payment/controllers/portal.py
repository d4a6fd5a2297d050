from werkzeug.exceptions import NotFound

from odoo import http
from odoo.exceptions import AccessError, LockError, MissingError, UserError
from odoo.http import request

from odoo.addons.account_payment.controllers.payment import PaymentPortal
from odoo.addons.service_agreement.controllers.portal import ServiceAgreementPortal

FLOWS = ("redirect", "direct")


class AutopayPortal(ServiceAgreementPortal, PaymentPortal):
    """The customer's payment method for the invoices of an agreement."""

    # EXTENDS 'service_agreement'
    def _prepare_agreement_values(self, agreement, access_token, **kwargs):
        values = super()._prepare_agreement_values(agreement, access_token, **kwargs)
        values["autopay_consent"] = agreement.autopay_consent_id
        values["autopay_why_not"] = agreement._why_not_autopay()
        return values

    # Who

    def _get_own_agreement(self, agreement_id, access_token=None):
        """:return: the agreement in sudo, for its customer, who has its link, or staff
        :raise NotFound: everybody else, also another customer with a link
        """
        try:
            agreement = self._get_agreement(agreement_id, access_token)
        except (AccessError, MissingError):
            raise NotFound from None
        agreement._read_for_portal(request.env.user, "autopay")
        user = request.env.user
        if user._is_portal() and not self._may_agree_to_autopay(agreement):
            raise NotFound
        return agreement

    def _may_agree_to_autopay(self, agreement):
        """:return: whether the user may speak for the customer"""
        user = request.env.user
        commercial = user.partner_id.commercial_partner_id
        return user._is_public() or commercial == agreement.commercial_partner_id

    def _get_payer(self, agreement):
        """:return: (for whom a payment method is saved, author, name of the author)"""
        user = request.env.user
        if not user._is_public():
            return user.partner_id, user.partner_id, user.name
        name = request.env._(
            "%s, or who has the link", agreement.partner_id.display_name
        )
        return agreement.partner_id, user.partner_id.browse(), name

    # What he may choose

    def _get_providers(self, agreement, partner):
        """:return: payment.provider in sudo, to read what customers may not"""
        return (
            request.env["payment.provider"]
            .sudo()
            ._get_compatible_providers(
                agreement.company_id.id,
                partner.id,
                0.0,  # nothing is paid now
                currency_id=agreement.currency_id.id,
                force_tokenization=True,
                is_validation=True,
            )
        )

    def _get_payment_methods(self, agreement, partner, providers):
        """:return: payment.method in sudo, as ``_get_providers``"""
        return (
            request.env["payment.method"]
            .sudo()
            ._get_compatible_payment_methods(
                providers.ids,
                partner.id,
                currency_id=agreement.currency_id.id,
                force_tokenization=True,
            )
        )

    def _get_tokens(self, partner, providers):
        """Those of whoever is logged in, and of his company. A link may have been
        passed on: who has no more than that, saves one of his own.

        :return: payment.token in sudo, as ``_get_providers``
        """
        tokens = request.env["payment.token"].sudo()
        if request.env.user._is_public():
            return tokens
        available = tokens._get_available_tokens(
            providers.ids, partner.id, is_validation=True
        )
        return available.filtered(lambda token: token.provider_id in providers)

    # The page

    @http.route(
        "/my/agreements/<int:agreement_id>/autopay",
        type="http",
        auth="public",
        methods=["GET"],
        website=True,
    )
    def portal_autopay(self, agreement_id, access_token=None, **kwargs):
        try:
            agreement = self._get_own_agreement(agreement_id, access_token)
        except NotFound:
            return self._refuse(access_token)
        values = self._prepare_autopay_values(agreement, access_token)
        values = self._get_page_view_values(
            agreement, access_token, values, "my_agreements_history", False
        )
        return request.render("service_agreement_payment.portal_autopay", values)

    def _prepare_autopay_values(self, agreement, access_token):
        values = {
            "page_name": "service_agreement",
            "is_autopay": True,
            "agreement": agreement,
            "res_company": agreement.company_id,
            "consent": agreement.autopay_consent_id,
            "waiting": agreement._get_waiting_consent(),
            "attempts": agreement.autopay_attempt_ids[:5],
            "why_not": agreement._why_not_autopay(),
            "is_customer": self._may_agree_to_autopay(agreement),
        }
        if not values["is_customer"] or values["why_not"]:
            return values
        return {**values, **self._prepare_form_values(agreement, access_token)}

    def _prepare_form_values(self, agreement, access_token):
        """:return: dict of what core's payment form wants to know"""
        partner, _author, _name = self._get_payer(agreement)
        providers = self._get_providers(agreement, partner)
        url = f"/my/agreements/{agreement.id}/autopay"
        return {
            "mode": "validation",
            "partner_id": partner.id,
            "providers_sudo": providers,
            "payment_methods_sudo": self._get_payment_methods(
                agreement, partner, providers
            ),
            "tokens_sudo": self._get_tokens(partner, providers),
            "default_token_id": agreement.autopay_consent_id.token_id.id,
            "submit_button_label": request.env._("Agree and save"),
            "availability_report": {},
            "transaction_route": f"{url}/transaction",
            "assign_token_route": f"{url}/token",
            "landing_route": self._get_landing_route(agreement, access_token),
            "access_token": access_token,
            **self._get_extra_payment_form_values(),
        }

    def _get_landing_route(self, agreement, access_token):
        """:return: back here, by the same way he came"""
        if access_token:
            return agreement.get_portal_url(suffix="/autopay")
        return f"/my/agreements/{agreement.id}/autopay"

    # Saving and stopping

    @http.route(
        "/my/agreements/<int:agreement_id>/autopay/transaction",
        type="jsonrpc",
        auth="public",
        website=True,
    )
    def portal_autopay_transaction(self, agreement_id, access_token=None, **kwargs):
        """Save a new payment method; he agrees by it.

        :return: dict, what core's payment form goes on with
        """
        self._validate_transaction_kwargs(kwargs)
        agreement = self._get_writable_agreement(agreement_id, access_token)
        partner, author, name = self._get_payer(agreement)
        provider, method = self._pick_method(agreement, partner, kwargs)
        transaction = self._create_transaction(
            provider_id=provider.id,
            payment_method_id=method.id,
            token_id=None,
            amount=None,
            currency_id=None,
            partner_id=partner.id,
            flow=kwargs["flow"],
            tokenization_requested=True,
            landing_route=self._get_landing_route(agreement, access_token),
            is_validation=True,
            reference_prefix=f"V-{agreement.name}",
        )
        agreement._ask_consent(author, name, transaction)
        return transaction._get_processing_values()

    def _pick_method(self, agreement, partner, choice):
        """:return: (provider, payment method), of those that were offered
        :raise NotFound: another one
        """
        providers = self._get_providers(agreement, partner)
        methods = self._get_payment_methods(agreement, partner, providers)
        wanted = self._cast_as_int(choice.get("provider_id"))
        provider = providers.filtered(lambda p: p.id == wanted)
        wanted = self._cast_as_int(choice.get("payment_method_id"))
        method = methods.filtered(lambda m: m.id == wanted)
        if choice.get("flow") not in FLOWS or not (
            method and provider in method.provider_ids
        ):
            raise NotFound
        return provider, method

    @http.route(
        "/my/agreements/<int:agreement_id>/autopay/token",
        type="jsonrpc",
        auth="public",
        website=True,
    )
    def portal_autopay_token(
        self, agreement_id, token_id=None, access_token=None, **kwargs
    ):
        """Choose a payment method that is saved already; he agrees by it."""
        agreement = self._get_writable_agreement(agreement_id, access_token)
        partner, author, name = self._get_payer(agreement)
        providers = self._get_providers(agreement, partner)
        wanted = not isinstance(token_id, bool) and self._cast_as_int(token_id)
        token = self._get_tokens(partner, providers).filtered(lambda t: t.id == wanted)
        if not token:
            raise NotFound
        try:
            agreement._give_consent(author, name, token)
        except LockError as error:
            raise UserError(
                request.env._("It is being changed right now. Try again.")
            ) from error

    def _get_writable_agreement(self, agreement_id, access_token):
        """:raise UserError: why nobody can agree to it now
        :raise NotFound: whom it does not concern
        """
        agreement = self._get_own_agreement(agreement_id, access_token)
        if not self._may_agree_to_autopay(agreement):
            raise UserError(request.env._("Only the customer can agree to this."))
        if reason := agreement._why_not_autopay():
            raise UserError(reason)
        return agreement

    @http.route(
        "/my/agreements/<int:agreement_id>/autopay/stop",
        type="http",
        auth="public",
        methods=["POST"],
        website=True,
    )
    def portal_autopay_stop(self, agreement_id, access_token=None, **kwargs):
        try:
            agreement = self._get_own_agreement(agreement_id, access_token)
        except NotFound:
            return self._refuse(access_token)
        if self._may_agree_to_autopay(agreement):
            _partner, _author, name = self._get_payer(agreement)
            agreement._stop_autopay("customer", name)
        return request.redirect(self._get_landing_route(agreement, access_token))
