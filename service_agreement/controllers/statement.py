"""The value statements of an agreement, for its customer."""

from odoo import http
from odoo.exceptions import AccessError, MissingError
from odoo.http import request

from .portal import ServiceAgreementPortal

REPORT = "service_agreement.action_report_statement"


class ServiceAgreementStatementPortal(ServiceAgreementPortal):
    @http.route(
        ["/my/agreements/<int:agreement_id>/statements/<int:statement_id>"],
        type="http",
        auth="public",
        website=True,
    )
    def portal_statement_page(
        self,
        agreement_id,
        statement_id,
        access_token=None,
        report_type=None,
        download=False,
        **kwargs,
    ):
        try:
            agreement = self._get_agreement(agreement_id, access_token)
        except (AccessError, MissingError):
            return self._refuse(access_token)
        statement = self._find_statement(agreement, statement_id)
        if report_type in ("html", "pdf", "text"):
            return self._show_report(
                model=statement,
                report_type=report_type,
                report_ref=REPORT,
                download=bool(download),
            )
        if request.env.user._is_public():
            # Who has no login has no language here, but the customer has.
            lang = agreement._get_lang()
            request.update_context(lang=lang)
            agreement, statement = (
                agreement.with_context(lang=lang),
                statement.with_context(lang=lang),
            )
        values = {
            **self._prepare_portal_layout_values(),
            "agreement": agreement,
            "statement": statement,
            "page_name": "service_statement",
            "res_company": agreement.company_id,
        }
        return request.render("service_agreement.portal_statement_page", values)

    def _find_statement(self, agreement, statement_id):
        """:return: service.agreement.statement in sudo, of this very agreement: one
        that was sent, or that a user of ours looks at before he sends it
        :raise NotFound: there is none
        """
        statement = agreement.statement_ids.filtered(lambda s: s.id == statement_id)
        user = request.env.user
        own = statement.with_user(user).has_access("read") and user._is_internal()
        if not statement or (statement.state != "sent" and not own):
            raise request.not_found()
        return statement

    def _prepare_agreement_values(self, agreement, access_token, **kwargs):
        values = super()._prepare_agreement_values(agreement, access_token, **kwargs)
        if not agreement.activated_on:
            return values
        return {**values, "statements": agreement._get_portal_statements()}
