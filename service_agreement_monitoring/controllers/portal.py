"""How a customer's systems are, for him."""

from odoo import http
from odoo.exceptions import AccessError, MissingError
from odoo.http import request

from odoo.addons.service_agreement.controllers.portal import ServiceAgreementPortal


class ServiceMonitoringPortal(ServiceAgreementPortal):
    @http.route(
        ["/my/agreements/<int:agreement_id>/monitoring"],
        type="http",
        auth="public",
        website=True,
    )
    def portal_monitoring_page(self, agreement_id, access_token=None, **kwargs):
        try:
            agreement = self._get_agreement(agreement_id, access_token)
        except (AccessError, MissingError):
            return self._refuse(access_token)
        if not agreement._shows_monitoring():
            raise request.not_found()
        if request.env.user._is_public():
            # Who has no login has no language here, but the customer has.
            lang = agreement._get_lang()
            request.update_context(lang=lang)
            agreement = agreement.with_context(lang=lang)
        values = {
            **self._prepare_portal_layout_values(),
            "agreement": agreement,
            "systems": agreement._get_portal_monitoring(),
            "page_name": "service_agreement",
            "change_title": request.env._("Your systems"),
            "res_company": agreement.company_id,
        }
        return request.render(
            "service_agreement_monitoring.portal_monitoring_page", values
        )
