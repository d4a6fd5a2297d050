"""The report of a visit, for the customer of its agreement."""

from odoo import http
from odoo.exceptions import AccessError, MissingError
from odoo.http import request

from .portal import ServiceAgreementPortal

REPORT = "service_agreement.action_report_visit"


class ServiceAgreementVisitPortal(ServiceAgreementPortal):
    @http.route(
        ["/my/agreements/<int:agreement_id>/visits/<int:visit_id>"],
        type="http",
        auth="public",
        website=True,
        readonly=True,
    )
    def portal_visit_report(
        self, agreement_id, visit_id, access_token=None, download=False, **kwargs
    ):
        """The PDF, of a visit that was made by this very agreement."""
        try:
            agreement = self._get_agreement(agreement_id, access_token)
        except (AccessError, MissingError):
            return self._refuse(access_token)
        _planned, made = agreement._get_portal_visits()
        visit = made.filtered(lambda each: each.id == visit_id)
        if not visit.task_id:
            raise request.not_found()
        return self._show_report(
            model=visit.task_id,
            report_type="pdf",
            report_ref=REPORT,
            download=bool(download),
        )

    def _prepare_agreement_values(self, agreement, access_token, **kwargs):
        values = super()._prepare_agreement_values(agreement, access_token, **kwargs)
        if not agreement.activated_on:
            return values
        planned, made = agreement._get_portal_visits()
        return {**values, "planned_visits": planned, "made_visits": made}
