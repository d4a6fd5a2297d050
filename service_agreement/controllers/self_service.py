"""What a customer does himself: he sees what follows, confirms, and it is done once."""

from odoo import http
from odoo.exceptions import AccessError, MissingError, UserError
from odoo.http import request

from ..tools.form_values import to_int, to_text
from .portal import ServiceAgreementPortal


class ServiceAgreementSelfService(ServiceAgreementPortal):
    # Not readonly: see _portal_ensure_token in core.
    @http.route(
        ["/my/agreements/<int:agreement_id>/change/<string:kind>"],
        type="http",
        auth="public",
        methods=["GET", "POST"],
        website=True,
    )
    def portal_agreement_change(self, agreement_id, kind, access_token=None, **kwargs):
        try:
            agreement = self._get_agreement(agreement_id, access_token)
        except (AccessError, MissingError):
            return self._refuse(access_token)
        if request.env.user._is_public():
            return self._ask_to_log_in(agreement)
        agreement._read_for_portal(request.env.user, "change")
        if not self._may_see_changes(agreement):
            raise request.not_found()
        is_sent, problem = request.httprequest.method == "POST", None
        # First of all: what was done may have closed its own door.
        step = is_sent and agreement._find_customer_step(
            kind, to_text(kwargs.get("key"))
        )
        service = agreement._get_self_service(kind, kwargs)
        if not step and not service:
            raise request.not_found()
        if is_sent and not step:
            step, problem = self._take_step(agreement, service, kwargs)
        if step:
            return request.redirect(
                agreement.get_portal_url(query_string=f"&step={step.id}")
            )
        return self._render_change_page(agreement, service, problem)

    def _ask_to_log_in(self, agreement):
        """The link is enough to read, to ask and to sign, not to change what is paid:
        a mail is forwarded more easily than a password.
        """
        path = request.httprequest.path
        return request.redirect_query("/web/login", {"redirect": path})

    def _may_see_changes(self, agreement):
        """Whether the user is the customer, or staff who may read the agreement."""
        return self._works_for_customer(agreement) or (
            request.env.user._is_internal()
            and agreement.with_user(request.env.user).has_access("read")
        )

    def _works_for_customer(self, agreement):
        """Whether the user works for the agreement's customer"""
        commercial = request.env.user.partner_id.commercial_partner_id
        return commercial == agreement.commercial_partner_id

    def _take_step(self, agreement, service, kwargs):
        """:return: (step or None, what to tell or None)"""
        if not self._works_for_customer(agreement):
            return None, request.env._("Only the customer can do this here.")
        if why_not := service.why_not_confirm():
            return None, why_not
        try:
            # All or nothing: what is charged and what is promised go together.
            with request.env.cr.savepoint():
                step = agreement._take_customer_step(
                    service, to_text(kwargs.get("key")), request.env.user.partner_id
                )
        except UserError as error:
            return None, str(error)
        if step:
            return step, None
        return None, request.env._(
            "What follows is not the same any more as when you opened this page. Please"
            " look at it again. Nothing was changed."
        )

    def _render_change_page(self, agreement, service, problem):
        why_not = service.why_not()
        why_not_yet = None if why_not else service.why_not_yet()
        values = {
            "agreement": agreement,
            "page_name": "service_agreement",
            "change_title": service.title,
            "res_company": agreement.company_id,
            "service": service,
            "problem": problem,
            "why_not": why_not,
            "why_not_yet": why_not_yet,
            "preview": None if why_not or why_not_yet else service.preview,
            "may_confirm": self._works_for_customer(agreement),
            "template": service.template,
        }
        values = self._get_page_view_values(
            agreement, None, values, "my_agreement_changes", False
        )
        return request.render("service_agreement.portal_agreement_change", values)

    def _prepare_agreement_values(self, agreement, access_token, **kwargs):
        values = super()._prepare_agreement_values(agreement, access_token, **kwargs)
        step_id = to_int(kwargs.get("step"))
        may_change_callers = self._may_change_callers(agreement)
        may_change = request.env.user._is_public() or self._may_see_changes(agreement)
        return {
            **values,
            "promise": agreement.activated_on and agreement._get_portal_headline(),
            "may_change_callers": may_change_callers,
            "caller_form": {},
            "caller_problem": None,
            "contacts": (
                agreement._get_portal_contacts()
                if may_change_callers and not request.env.user._is_public()
                else agreement.caller_ids.browse()
            ),
            "services": agreement._get_portal_services() if may_change else [],
            "new_step": agreement.customer_step_ids.filtered(
                lambda step: step.id == step_id
            ),
        }

    # Who may call

    @http.route(
        ["/my/agreements/<int:agreement_id>/callers"],
        type="http",
        auth="public",
        methods=["POST"],
        website=True,
    )
    def portal_agreement_callers(self, agreement_id, access_token=None, **kwargs):
        try:
            agreement = self._get_agreement(agreement_id, access_token)
        except (AccessError, MissingError):
            return self._refuse(access_token)
        if not self._may_change_callers(agreement):
            raise request.not_found()
        author, person_id = self._get_author(agreement), to_int(kwargs.get("remove"))
        if person_id:
            agreement._remove_caller(person_id, author)
        else:
            form = self._read_caller_form(kwargs)
            try:
                with request.env.cr.savepoint():
                    agreement._add_caller(form, author)
            except UserError as error:
                return self._render_callers(agreement, access_token, form, str(error))
        url = agreement.get_portal_url(anchor="agreement_callers")
        return request.redirect(url)

    def _may_change_callers(self, agreement):
        """Whether it is the customer: by his login, or by nobody's with the link."""
        return bool(agreement.activated_on and agreement.state != "ended") and (
            request.env.user._is_public() or self._works_for_customer(agreement)
        )

    def _read_caller_form(self, kwargs):
        # Who only has the link adds people by name: he is shown no others.
        is_public = request.env.user._is_public()
        return {
            "partner_id": 0 if is_public else to_int(kwargs.get("partner_id")),
            **{
                name: to_text(kwargs.get(name))[:100]
                for name in ("name", "phone", "email")
            },
        }

    def _render_callers(self, agreement, access_token, form, problem):
        """The page again, with what was typed."""
        values = self._prepare_agreement_values(agreement, access_token)
        values.update(caller_form=form, caller_problem=problem)
        return request.render("service_agreement.portal_agreement_page", values)
