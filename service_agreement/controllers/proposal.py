"""Proposals: chosen, signed or declined, on a phone and without login."""

from urllib.parse import urlencode

from odoo import http
from odoo.exceptions import AccessError, MissingError, UserError
from odoo.http import request

from odoo.addons.portal.controllers.portal import pager as portal_pager

from ..models.service_proposal_quote import ProposalMenu
from ..tools.form_values import to_int, to_text
from .portal import (
    ServiceAgreementPortal,
    _read_signature,
    find_document,
    is_link_preview,
)

MODEL = "service.agreement.proposal"
NAME_MAX = 100
NOTE_MAX = 2000
# What of an address says what was chosen.
CHOICES = ("option", "plan", "quantity", "extra", "chosen")


class ServiceProposalPortal(ServiceAgreementPortal):
    # Home and list

    def _prepare_home_portal_values(self, counters):
        values = super()._prepare_home_portal_values(counters)
        if "service_offer_count" not in counters:
            return values
        proposals = request.env[MODEL]
        count = 0
        if proposals.has_access("read"):
            count = proposals.search_count(self._get_proposal_domain(), limit=1)
        return {**values, "service_offer_count": count}

    def _get_proposal_domain(self):
        return request.env[MODEL]._get_portal_domain(request.env.user.partner_id)

    @http.route(
        ["/my/proposals", "/my/proposals/page/<int:page>"],
        type="http",
        auth="user",
        website=True,
        readonly=True,
    )
    def portal_my_proposals(self, page=1, **kwargs):
        proposals, domain = request.env[MODEL], self._get_proposal_domain()
        readable = proposals.has_access("read")
        pager = portal_pager(
            url="/my/proposals",
            total=proposals.search_count(domain) if readable else 0,
            page=to_int(page) or 1,
            step=self._items_per_page,
        )
        if readable:
            proposals = proposals.search(
                domain, limit=self._items_per_page, offset=pager["offset"]
            )
        values = {
            **self._prepare_portal_layout_values(),
            # Sudo: found with the customer's own rights, shown with the tiers' names.
            "proposals": proposals.sudo(),
            "page_name": "service_proposal",
            "pager": pager,
            "default_url": "/my/proposals",
        }
        return request.render("service_agreement.portal_my_proposals", values)

    # Who may see it

    def _get_proposal(self, proposal_id, access_token=None):
        """:return: the proposal in sudo, for whom it concerns or who has its token
        :raise AccessError, MissingError: everybody else
        """
        proposal = find_document(self, MODEL, proposal_id, access_token)
        proposal._read_for_portal(request.env.user)
        if proposal.state in ("draft", "withdrawn"):
            # Not offered: only for those who write it, whatever token leaked.
            proposal.with_user(request.env.user).check_access("read")
        if request.env.user._is_public():
            # Whoever has only the link reads it as it was written to the customer.
            request.update_context(lang=proposal._get_lang())
        return proposal.with_company(proposal.company_id).with_context(
            lang=request.env.lang
        )

    def _get_rpc_proposal(self, proposal_id, access_token):
        """:return: see ``_get_proposal``; None instead of an error"""
        token = access_token or request.httprequest.args.get("access_token")
        try:
            return self._get_proposal(proposal_id, token)
        except (AccessError, MissingError):
            return None

    def _is_reader(self, proposal):
        """:return: bool, whether who is logged in may read it without any link"""
        return proposal.with_user(request.env.user).has_access("read")

    def _is_over(self, proposal):
        """:return: bool, whether it shows nothing any more to who has only the link"""
        return not proposal._is_link_open() and not self._is_reader(proposal)

    def _is_open(self, proposal):
        """:return: bool, whether there is something to choose; our own people also see
        a draft as it will be sent
        """
        if proposal.state == "draft":
            return request.env.user._is_internal() and not proposal._why_not_send()
        return not (self._is_over(proposal) or proposal._why_not_open())

    def _why_not_client(self, proposal):
        """:return: why the user may not answer for the customer, or None"""
        user = request.env.user
        commercial = user.partner_id.commercial_partner_id
        if user._is_internal() and commercial != proposal.commercial_partner_id:
            return request.env._("Only the customer can answer this proposal.")
        return None

    def _get_client_name(self, proposal):
        user = request.env.user
        partner = proposal.partner_id if user._is_public() else user.partner_id
        return "" if partner.is_company else partner.name or ""

    # What was chosen

    def _read_choice(self, menu, chosen=None):
        """:return: service_proposal_quote.Choice of what the address asks for

        :param dict chosen: the same, as a script sends it
        """
        args = request.httprequest.args
        values = args if chosen is None else chosen
        if chosen is None:
            extras = args.getlist("extra")
        else:
            extras = chosen.get("extra")
        known = "chosen" in values
        extras = extras if isinstance(extras, list) else []
        return menu.choose(
            to_int(values.get("option")),
            to_int(values.get("plan")),
            to_int(values.get("quantity")),
            {to_int(extra) for extra in extras} if known else None,
        )

    def _get_choice_url(self, proposal, suffix, choice, **params):
        """:return: str, the address of a step, with what was chosen before"""
        query = [
            ("option", choice.option.id),
            ("plan", choice.plan.id),
            ("quantity", choice.quantity),
            *(("extra", extra.id) for extra in choice.extras),
            ("chosen", 1),
            *params.items(),
        ]
        return proposal.get_portal_url(
            suffix=suffix, query_string=f"&{urlencode(query)}"
        )

    # The page

    # Not readonly: the opening is logged.
    @http.route(
        ["/my/proposals/<int:proposal_id>"], type="http", auth="public", website=True
    )
    def portal_proposal_page(self, proposal_id, access_token=None, **kwargs):
        try:
            proposal = self._get_proposal(proposal_id, access_token)
        except (AccessError, MissingError):
            return self._refuse(access_token)
        self._note_opening(proposal)
        if not self._is_open(proposal):
            return self._render_closed(proposal, access_token)
        menu = ProposalMenu(proposal)
        values = {
            "menu": menu,
            "quote": menu.quote(self._read_choice(menu)),
            "message": to_text(kwargs.get("message")),
            "may_answer": not self._why_not_client(proposal),
        }
        return self._render_step("portal_proposal_page", proposal, access_token, values)

    def _note_opening(self, proposal):
        """Not our own people, not a robot that looks for a picture, and not who only
        chooses something else on the page.
        """
        user, args = request.env.user, request.httprequest.args
        if not user.share or is_link_preview() or any(name in args for name in CHOICES):
            return
        partner = request.env["res.partner"] if user._is_public() else user.partner_id
        if proposal.state == "sent":
            proposal._note_opening(partner)

    def _render_step(self, template, proposal, access_token, values):
        values = {
            "proposal": proposal,
            "page_name": "service_proposal",
            "res_company": proposal.company_id,
            "backend_url": f"/odoo/{MODEL}/{proposal.id}",
            **values,
        }
        values = self._get_page_view_values(
            proposal, access_token, values, "my_proposals_history", False
        )
        return request.render(f"service_agreement.{template}", values)

    def _render_closed(self, proposal, access_token):
        newer = proposal.replaced_by_ids[:1]
        values = {
            "is_over": self._is_over(proposal),
            # Another version has a link of its own: only for who may read it anyway.
            "newer": newer if newer and self._is_reader(newer) else None,
            "has_newer": newer.state == "sent",
        }
        return self._render_step(
            "portal_proposal_closed", proposal, access_token, values
        )

    @http.route(
        ["/my/proposals/<int:proposal_id>/quote"],
        type="jsonrpc",
        auth="public",
        website=True,
        readonly=True,
    )
    def portal_proposal_quote(self, proposal_id, access_token=None, **kwargs):
        """What another choice costs, as the page shows it beside what is chosen.

        :return: dict "parts" of HTML by the name of their place on the page
        """
        proposal = self._get_rpc_proposal(proposal_id, access_token)
        if not proposal or not self._is_open(proposal):
            return {"error": request.env._("This offer is not available.")}
        menu = ProposalMenu(proposal)
        quote = menu.quote(self._read_choice(menu, {**kwargs, "chosen": 1}))
        return {"parts": self._render_parts(menu, quote)}

    def _render_parts(self, menu, quote):
        qweb = request.env["ir.qweb"]
        values = {"menu": menu, "quote": quote, "proposal": menu.proposal}

        def render(name, **more):
            template = f"service_agreement.portal_proposal_{name}"
            return qweb._render(template, {**values, **more})

        parts = {"summary": render("summary"), "bar": render("bar")}
        for option in menu.options:
            own = menu.quote(quote.choice._replace(option=option))
            parts[f"price-{option.id}"] = render("price", own=own)
        for plan in menu.plans:
            parts[f"saving-{plan.id}"] = render("saving", plan=plan)
        for extra in menu.proposal.extra_ids:
            parts[f"extra-{extra.id}"] = render("extra_price", extra=extra)
        return parts

    # Sign

    @http.route(
        ["/my/proposals/<int:proposal_id>/sign"],
        type="http",
        auth="public",
        methods=["GET"],
        website=True,
        readonly=True,
    )
    def portal_proposal_sign(self, proposal_id, access_token=None, **kwargs):
        """All that was chosen, once more, and where to sign it."""
        try:
            proposal = self._get_proposal(proposal_id, access_token)
        except (AccessError, MissingError):
            return self._refuse(access_token)
        if not self._is_open(proposal):
            return self._render_closed(proposal, access_token)
        menu = ProposalMenu(proposal)
        quote = menu.quote(self._read_choice(menu))
        choice = quote.choice
        values = {
            "menu": menu,
            "quote": quote,
            "message": to_text(kwargs.get("message")),
            "may_answer": not self._why_not_client(proposal),
            "sign_name": self._get_client_name(proposal),
            "back_url": self._get_choice_url(proposal, "", choice),
            "accept_url": self._get_choice_url(
                proposal, "/accept", choice, key=quote.key
            ),
        }
        return self._render_step("portal_proposal_sign", proposal, access_token, values)

    @http.route(
        ["/my/proposals/<int:proposal_id>/accept"],
        type="jsonrpc",
        auth="public",
        website=True,
    )
    def portal_proposal_accept(
        self, proposal_id, access_token=None, name=None, signature=None, **kwargs
    ):
        """Sign what the address says was chosen, if it is still what was shown."""
        proposal = self._get_rpc_proposal(proposal_id, access_token)
        if not proposal or self._is_over(proposal):
            return {"error": request.env._("This offer is not available.")}
        if why_not := self._why_not_client(proposal):
            return {"error": why_not}
        proposal._lock_and_wait()
        if proposal.state == "accepted":
            # Clicked twice, or in two browsers: it is done, and this is its result.
            return self._go_on(proposal)
        if why_not := proposal._why_not_open():
            return {"error": why_not}
        menu = ProposalMenu(proposal)
        quote = menu.quote(self._read_choice(menu))
        if to_text(request.httprequest.args.get("key")) != quote.key:
            url = self._get_choice_url(
                proposal, "/sign", quote.choice, message="changed"
            )
            return {"force_refresh": True, "redirect_url": url}
        return self._accept_proposal(proposal, quote, name, signature)

    def _accept_proposal(self, proposal, quote, name, signature):
        try:
            # All or nothing: a signature without an agreement in force is neither.
            with request.env.cr.savepoint():
                agreement = proposal._accept(
                    quote, to_text(name)[:NAME_MAX], _read_signature(signature)
                )
        except UserError as error:
            return {"error": str(error)}
        self._post_signed_copy(agreement)
        return self._go_on(proposal)

    def _go_on(self, proposal):
        return {"force_refresh": True, "redirect_url": proposal._get_next_step_url()}

    # Decline

    @http.route(
        ["/my/proposals/<int:proposal_id>/decline"],
        type="http",
        auth="public",
        methods=["GET", "POST"],
        website=True,
    )
    def portal_proposal_decline(self, proposal_id, access_token=None, **kwargs):
        """What holds without an agreement, and the form to say no."""
        try:
            proposal = self._get_proposal(proposal_id, access_token)
        except (AccessError, MissingError):
            return self._refuse(access_token)
        if self._is_over(proposal):
            return self._render_closed(proposal, access_token)
        form = self._read_decline_form(proposal, kwargs)
        obstacle = None
        if request.httprequest.method == "POST":
            obstacle = self._decline_proposal(proposal, form)
            if not obstacle:
                return request.redirect(proposal.get_portal_url())
        if not self._is_open(proposal):
            return self._render_closed(proposal, access_token)
        values = {
            "form": form,
            "obstacle": obstacle,
            "reasons": proposal._get_decline_reasons(),
            "may_answer": not self._why_not_client(proposal),
        }
        return self._render_step(
            "portal_proposal_decline", proposal, access_token, values
        )

    def _read_decline_form(self, proposal, kwargs):
        name = self._get_client_name(proposal)
        return {
            "reason": to_text(kwargs.get("reason")),
            "note": to_text(kwargs.get("note"))[:NOTE_MAX],
            "name": (to_text(kwargs.get("name")) or name)[:NAME_MAX],
        }

    def _decline_proposal(self, proposal, form):
        """:return: why not, in the customer's words; None: it is declined"""
        if why_not := self._why_not_client(proposal):
            return why_not
        proposal._lock_and_wait()
        if proposal.state == "declined":
            return None
        try:
            with request.env.cr.savepoint():
                proposal._decline(**form)
        except UserError as error:
            return str(error)
        return None
