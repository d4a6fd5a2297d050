import base64
import binascii
import logging
import re
import uuid

from psycopg2.errors import UniqueViolation

from odoo import SUPERUSER_ID, http
from odoo.exceptions import AccessError, LockError, MissingError, UserError
from odoo.http import request

from odoo.addons.portal.controllers.portal import CustomerPortal
from odoo.addons.portal.controllers.portal import pager as portal_pager

from ..tools.form_values import pick, to_int, to_text
from .photos import PHOTOS_MAX, add_photos, read_photos

_logger = logging.getLogger(__name__)

MODEL = "service.agreement"
REPORT = "service_agreement.action_report_agreement"
# What else can be printed of an agreement, by the parameter "document".
REPORTS = {
    "accepted": "service_agreement.action_report_agreement_accepted",
    "sheet": "service_agreement.action_report_sheet",
}
# What a browser draws. Others, such as SVG, may carry scripts.
SIGNATURE_HEADERS = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff")
FORM_KEY = re.compile(r"[0-9a-f]{32}")
MAX_ID = 2**31 - 1
TICKETS_SHOWN = 6
TICKETS_MAX = 100
WORK_SHOWN = 8


class ServiceAgreementPortal(CustomerPortal):
    # Home

    def _prepare_home_portal_values(self, counters):
        values = super()._prepare_home_portal_values(counters)
        agreements = request.env[MODEL]
        wanted = {"service_agreement_count", "service_proposal_count"} & set(counters)
        if not wanted:
            return values
        if not agreements.has_access("read"):
            return {**values, **dict.fromkeys(wanted, 0)}
        domain = agreements._get_portal_domain(request.env.user.partner_id)
        if "service_agreement_count" in wanted:
            values["service_agreement_count"] = agreements.search_count(domain, limit=1)
        if "service_proposal_count" in wanted:
            # Not limited to 1: this one is shown as a number.
            proposed = agreements.search(domain & agreements._get_to_sign_domain())
            values["service_proposal_count"] = len(
                proposed.filtered(lambda a: not a._is_offer_expired())
            )
        return values

    # List

    def _get_agreement_sortings(self):
        return {
            "date": {
                "label": request.env._("Newest"),
                "order": "date_start desc, id desc",
            },
            "name": {"label": request.env._("Number"), "order": "name, id"},
            "tier": {
                "label": request.env._("Service tier"),
                "order": "tier_id, id desc",
            },
            "invoice": {
                "label": request.env._("Next invoice"),
                "order": "next_invoice_date, id desc",
            },
        }

    @http.route(
        ["/my/agreements", "/my/agreements/page/<int:page>"],
        type="http",
        auth="user",
        website=True,
        readonly=True,
    )
    def portal_my_agreements(self, page=1, sortby=None, **kwargs):
        values = self._prepare_agreement_list_values(page, sortby)
        request.session["my_agreements_history"] = values["agreements"].ids[:100]
        return request.render("service_agreement.portal_my_agreements", values)

    def _prepare_agreement_list_values(self, page, sortby):
        agreements = request.env[MODEL]
        sortings = self._get_agreement_sortings()
        sortby = sortby if sortby in sortings else "date"
        readable = agreements.has_access("read")
        domain = agreements._get_portal_domain(request.env.user.partner_id)
        pager = portal_pager(
            url="/my/agreements",
            total=agreements.search_count(domain) if readable else 0,
            page=to_int(page) or 1,
            step=self._items_per_page,
            url_args={"sortby": sortby},
        )
        if readable:
            agreements = agreements.search(
                domain,
                order=sortings[sortby]["order"],
                limit=self._items_per_page,
                offset=pager["offset"],
            )
        return {
            **self._prepare_portal_layout_values(),
            # Sudo: found with the customer's own rights, shown with the tier's name.
            "agreements": agreements.sudo(),
            "attention": agreements.sudo()._get_portal_attention(),
            "page_name": "service_agreement",
            "pager": pager,
            "default_url": "/my/agreements",
            "searchbar_sortings": sortings,
            "sortby": sortby,
        }

    # One agreement

    def _refuse(self, access_token):
        """Not found, for whoever it does not concern: no word on whether it exists.

        Somebody without login and link may only have to log in, and is asked to.
        """
        if request.env.user._is_public() and not access_token:
            return request.redirect_query(
                "/web/login", {"redirect": request.httprequest.path}
            )
        raise request.not_found()

    def _get_agreement(self, agreement_id, access_token=None):
        """:return: the agreement in sudo, for whom it concerns or who has its token
        :raise AccessError, MissingError: everybody else
        """
        self._read_neighbours(agreement_id)
        agreement = find_document(self, MODEL, agreement_id, access_token)
        if agreement.state == "draft":
            # Not offered yet: only for those who write it, whatever token leaked.
            agreement.with_user(request.env.user).check_access("read")
        return agreement

    def _read_neighbours(self, agreement_id):
        """With those before and after in the list, to which the page has links; Odoo
        would read one after the other.

        Sudo: read for them only, and whether this one is his is asked afterwards.
        """
        listed = request.session.get("my_agreements_history", [])
        if agreement_id in listed:
            place = listed.index(agreement_id)
            near = listed[max(place - 1, 0) : place + 2]
            request.env[MODEL].sudo().browse(near).fetch()

    def _get_author(self, agreement):
        """:return: who acts: who is logged in, whoever it is, else the customer"""
        user = request.env.user
        return agreement.partner_id if user._is_public() else user.partner_id

    def _get_requester(self, agreement):
        """:return: for whom a ticket is: never somebody of another company"""
        author = self._get_author(agreement)
        if author.commercial_partner_id == agreement.commercial_partner_id:
            return author
        return agreement.partner_id

    def _why_not_customer(self, agreement):
        """:return: why the user may not speak for the customer, or None"""
        user = request.env.user
        commercial = user.partner_id.commercial_partner_id
        if user._is_internal() and commercial != agreement.commercial_partner_id:
            return request.env._(
                "Only the customer can sign. Use Start Without Signature in the"
                " agreement."
            )
        return None

    # Not readonly: see _portal_ensure_token in core, and the note of being viewed.
    @http.route(
        ["/my/agreements/<int:agreement_id>"], type="http", auth="public", website=True
    )
    def portal_agreement_page(
        self, agreement_id, access_token=None, report_type=None, **kwargs
    ):
        try:
            agreement = self._get_agreement(agreement_id, access_token)
        except (AccessError, MissingError):
            return self._refuse(access_token)
        if report_type in ("html", "pdf", "text"):
            return self._show_report(
                model=agreement,
                report_type=report_type,
                report_ref=REPORTS.get(str(kwargs.get("document")), REPORT),
                download=bool(kwargs.get("download")),
            )
        agreement._read_for_portal(request.env.user)
        self._note_view(agreement, access_token)
        values = self._prepare_agreement_values(agreement, access_token, **kwargs)
        return request.render("service_agreement.portal_agreement_page", values)

    def _note_view(self, agreement, access_token):
        """Tell the salesman, once a day, that his proposal was opened."""
        by_customer = request.env.user.share and access_token
        if agreement.state != "proposed" or not by_customer or is_link_preview():
            return
        key = f"view_agreement_{agreement.id}"
        today = agreement.company_id._service_today().isoformat()
        if request.session.get(key) == today:
            return
        request.session[key] = today
        lang = agreement.user_id.lang or agreement.company_id.partner_id.lang
        agreement = agreement.with_user(SUPERUSER_ID).with_context(lang=lang)
        agreement.message_post(
            body=agreement.env._(
                "Proposal opened by %(name)s", name=self._get_author(agreement).name
            ),
            message_type="notification",
            subtype_xmlid="service_agreement.mt_agreement_viewed",
        )

    def _prepare_agreement_values(self, agreement, access_token, **kwargs):
        tickets = agreement._get_portal_tickets(TICKETS_MAX)
        draws = agreement._find_portal_work()
        invoices = self._find_invoices(agreement)
        agreement._read_found(tickets, draws, invoices)
        rows = agreement._get_portal_ticket_rows(tickets)
        values = {
            "agreement": agreement,
            "page_name": "service_agreement",
            "report_type": "html",
            "res_company": agreement.company_id,
            "message": kwargs.get("message"),
            "backend_url": f"/odoo/{MODEL}/{agreement.id}",
            "ticket_rows": rows[:TICKETS_SHOWN],
            "older_ticket_rows": rows[TICKETS_SHOWN:],
            **self._prepare_coverage_values(agreement, draws),
            **self._prepare_invoice_values(agreement, invoices),
            "new_ticket_row": self._get_new_ticket_row(
                agreement, rows, kwargs.get("ticket")
            ),
            "can_request": not agreement._why_not_request(),
            "in_force": bool(
                agreement._in_force_on(agreement.company_id._service_today())
            ),
            "can_sign": not agreement._why_not_sign(),
            "sign_name": self._get_sign_name(agreement),
        }
        # Only what is known: any other word of the address could shadow a parameter.
        known = {name: kwargs[name] for name in ("pid", "hash") if name in kwargs}
        return self._get_page_view_values(
            agreement, access_token, values, "my_agreements_history", False, **known
        )

    def _prepare_coverage_values(self, agreement, draws):
        """What is left, for which systems, what was done in the last months and how
        well. Of an offer its document says all there is.
        """
        if not agreement.activated_on:
            return {}
        rows = draws._list_for_customer()
        return {
            "compliance": agreement._get_portal_compliance(),
            "meters": agreement._get_portal_allowances(),
            "covered_systems": agreement._get_portal_covered_systems(),
            "work_rows": rows[:WORK_SHOWN],
            "older_work_rows": rows[WORK_SHOWN:],
        }

    def _find_invoices(self, agreement):
        """:return: account.move, his own: another payer's is not his to open"""
        if not agreement.activated_on:
            return agreement.env["account.move"]
        moves = agreement._get_portal_invoices()
        commercial = agreement.commercial_partner_id
        return moves.filtered(lambda move: move.commercial_partner_id == commercial)

    def _prepare_invoice_values(self, agreement, invoices):
        if not agreement.activated_on:
            return {}
        today = agreement.company_id._service_today()
        return {
            "invoices": invoices,
            "overdue_invoices": invoices.filtered(
                lambda m: m.invoice_date_due and m.invoice_date_due < today
            ),
            "payable_invoices": invoices.filtered(lambda m: m._is_payable_by_client()),
            "next_invoice_total": self._get_next_invoice_total(agreement),
        }

    def _get_next_invoice_total(self, agreement):
        """:return: float; None where none is announced"""
        if agreement.state != "active" or not agreement.next_invoice_date:
            return None
        return agreement._get_next_invoice_total()

    def _get_sign_name(self, agreement):
        author = self._get_author(agreement)
        return "" if author.is_company else author.name or ""

    def _get_new_ticket_row(self, agreement, rows, ticket_id):
        """The ticket that was just opened; only one of this agreement's."""
        model, number = agreement._get_request_model(), to_int(ticket_id)
        return next(
            (
                row
                for row in rows
                if (row["ticket"]._name, row["ticket"].id) == (model, number)
            ),
            None,
        )

    # Not readonly: see _portal_ensure_token in core.
    @http.route(
        ["/my/agreements/<int:agreement_id>/document/<string:document>"],
        type="http",
        auth="public",
        website=True,
    )
    def portal_agreement_document(
        self, agreement_id, document, access_token=None, **kwargs
    ):
        """What is folded away on the page of the agreement, which fetches it from here
        when it is opened, or leads here where there are no scripts.
        """
        try:
            agreement = self._get_agreement(agreement_id, access_token)
        except (AccessError, MissingError):
            return self._refuse(access_token)
        if document not in ("agreement", "sheet"):
            raise request.not_found()
        agreement._read_for_portal(request.env.user, "document")
        values = {
            **self._prepare_portal_layout_values(),
            "agreement": agreement,
            "document": document,
            "page_name": "service_agreement",
            "change_title": self._get_document_title(document),
            "res_company": agreement.company_id,
        }
        return request.render("service_agreement.portal_agreement_document", values)

    def _get_document_title(self, document):
        if document == "sheet":
            return request.env._("If something breaks")
        return request.env._("What we agreed")

    # Accept and decline

    @http.route(
        ["/my/agreements/<int:agreement_id>/accept"],
        type="jsonrpc",
        auth="public",
        website=True,
    )
    def portal_agreement_accept(
        self, agreement_id, access_token=None, name=None, signature=None
    ):
        access_token = access_token or request.httprequest.args.get("access_token")
        try:
            agreement = self._get_agreement(agreement_id, access_token)
        except (AccessError, MissingError):
            return {"error": request.env._("This agreement is not available.")}
        if why_not := self._why_not_customer(agreement):
            return {"error": why_not}
        try:
            # All or nothing: a signature without an agreement in force is neither.
            with request.env.cr.savepoint():
                agreement._accept(to_text(name), _read_signature(signature))
        except LockError:
            return {"error": request.env._("It is being signed right now.")}
        except UserError as error:
            return {"error": str(error)}
        self._post_signed_copy(agreement)
        return {
            "force_refresh": True,
            "redirect_url": agreement._get_next_step_url(),
        }

    def _post_signed_copy(self, agreement):
        agreement.env.flush_all()  # the PDF is made of what is in the database
        agreement.message_post(
            attachments=self._render_signed_copy(agreement),
            author_id=self._get_author(agreement).id,
            body=request.env._("Signed by %(name)s", name=agreement.signed_by),
            message_type="comment",
            subtype_xmlid="mail.mt_comment",
        )

    def _render_signed_copy(self, agreement):
        """:return: list of (file name, PDF)

        Signed is signed: where no PDF can be made, it can be printed later.
        """
        report = request.env["ir.actions.report"].sudo()
        try:
            pdf, _type = report.with_company(agreement.company_id)._render_qweb_pdf(
                REPORT, agreement.ids
            )
        except UserError:
            _logger.warning("No signed copy of %s", agreement.name, exc_info=True)
            return []
        return [(f"{agreement._get_report_base_filename()}.pdf", pdf)]

    @http.route(
        ["/my/agreements/<int:agreement_id>/decline"],
        type="http",
        auth="public",
        methods=["POST"],
        website=True,
    )
    def portal_agreement_decline(
        self, agreement_id, access_token=None, decline_message=None, **kwargs
    ):
        try:
            agreement = self._get_agreement(agreement_id, access_token)
        except (AccessError, MissingError):
            return self._refuse(access_token)
        words = to_text(decline_message)
        if self._why_not_customer(agreement):
            result = "decline_staff"
        elif words:
            result = self._decline(agreement, words)
        else:
            result = "decline_reason"
        return request.redirect(
            agreement.get_portal_url(query_string=f"&message={result}")
        )

    def _decline(self, agreement, words):
        """:return: code of the message to show"""
        try:
            agreement.lock_for_update()
        except LockError:
            return "decline_late"
        agreement.invalidate_recordset(["state"])
        if agreement.state != "proposed":
            return "decline_late"
        agreement._end(agreement.company_id._service_today(), "cancelled", words)
        agreement.message_post(
            author_id=self._get_author(agreement).id,
            body=words,
            message_type="comment",
            subtype_xmlid="mail.mt_comment",
        )
        return "declined"

    # Requests

    @http.route(
        ["/my/agreements/<int:agreement_id>/request"],
        type="http",
        auth="public",
        methods=["GET", "POST"],
        website=True,
    )
    def portal_agreement_request(self, agreement_id, access_token=None, **kwargs):
        try:
            agreement = self._get_agreement(agreement_id, access_token)
        except (AccessError, MissingError):
            return self._refuse(access_token)
        agreement._read_for_portal(request.env.user, "request")
        form = self._read_request_form(agreement, kwargs)
        is_sent = request.httprequest.method == "POST" and "check" not in kwargs
        obstacle = self._why_not_send(agreement, form) if is_sent else None
        if not is_sent or obstacle or agreement._why_not_request():
            return self._render_request_page(agreement, access_token, form, obstacle)
        requester = self._get_requester(agreement)
        ticket = self._open_ticket(agreement, requester, form)
        return request.redirect(
            agreement.get_portal_url(
                query_string=f"&message=request_ok&ticket={ticket.id}"
            )
        )

    @http.route(
        ["/my/agreements/<int:agreement_id>/request/price"],
        type="jsonrpc",
        auth="public",
        website=True,
        readonly=True,
    )
    def portal_agreement_request_price(self, agreement_id, access_token=None, **kwargs):
        """What it costs, as the form shows it beside what is chosen there."""
        access_token = access_token or request.httprequest.args.get("access_token")
        try:
            agreement = self._get_agreement(agreement_id, access_token)
        except (AccessError, MissingError):
            return {"error": request.env._("This agreement is not available.")}
        form = self._read_request_form(agreement, kwargs)
        values = self._prepare_price_values(agreement, form)
        template = "service_agreement.portal_request_price"
        return {"html": request.env["ir.qweb"]._render(template, values)}

    def _read_request_form(self, agreement, kwargs):
        """:return: dict of what was typed, as clean as one can be without losing it"""
        priority = to_text(kwargs.get("priority"))
        key = to_text(kwargs.get("form_key"))
        known = dict(agreement._get_portal_priorities_labels())
        systems = agreement._get_portal_systems()
        work_types = agreement._get_portal_work_types()
        system = pick(systems, kwargs.get("system_id"))
        work_type = pick(work_types, kwargs.get("work_type_id"))
        return {
            "subject": to_text(kwargs.get("subject"))[:200],
            "description": to_text(kwargs.get("description")),
            "priority": priority if priority in known else "1",
            "form_key": key if FORM_KEY.fullmatch(key) else uuid.uuid4().hex,
            "systems": systems,
            "system": system or (systems if len(systems) == 1 else system),
            "work_types": work_types,
            "work_type": work_type or work_types[:1],
            "is_approved": bool(kwargs.get("approve")),
            "price_key": to_text(kwargs.get("price_key")),
            "approver": to_text(kwargs.get("approver"))[:100],
        }

    def _why_not_send(self, agreement, form):
        """:return: code of what is still to be said on the form, or None"""
        if not form["subject"]:
            return "subject"
        _photos, refused = read_photos()
        if refused:
            return "photos"
        if not form["is_approved"]:
            return None
        offer = self._get_request_offer(agreement, form)
        if offer.needs_approval and form["price_key"] != offer.key:
            return "price"
        if offer.needs_approval and not self._get_approver(form):
            return "approver"
        return None

    def _get_approver(self, form):
        """:return: str, the name of who approves; whoever only has the link says his"""
        user = request.env.user
        return form["approver"] if user._is_public() else user.name

    def _get_request_offer(self, agreement, form):
        """:return: service_offer.ServiceOffer"""
        requester = self._get_requester(agreement)
        return agreement._get_portal_offer(
            requester, form["system"], form["work_type"], form["priority"]
        )

    def _render_request_page(self, agreement, access_token, form, obstacle):
        values = {
            "page_name": "service_agreement",
            "is_request": True,
            "res_company": agreement.company_id,
            "why_not": agreement._why_not_request(),
            "obstacle": obstacle,
            "priorities": agreement._get_portal_priorities(),
            "systems": form["systems"],
            "work_types": form["work_types"],
            "photos_max": PHOTOS_MAX,
            **self._prepare_price_values(agreement, form),
        }
        values = self._get_page_view_values(
            agreement, access_token, values, "my_agreements_history", False
        )
        return request.render("service_agreement.portal_agreement_request", values)

    def _prepare_price_values(self, agreement, form):
        return {
            "agreement": agreement,
            "form": form,
            "offer": self._get_request_offer(agreement, form),
            "may_approve": not self._why_not_customer(agreement),
            "asks_name": request.env.user._is_public(),
        }

    def _open_ticket(self, agreement, requester, form):
        try:
            with request.env.cr.savepoint():
                return self._request_service(agreement, requester, form)
        except UniqueViolation:
            # The same form, sent twice at once: the other's ticket cannot be seen
            # from this transaction, which has done nothing else. Start a new one.
            request.env.cr.rollback()
            return agreement._find_request(form["form_key"])

    def _request_service(self, agreement, requester, form):
        """:return: the ticket, with what the customer added and approved"""
        if ticket := agreement._find_request(form["form_key"]):
            return ticket
        values = {
            **form,
            "system_id": form["system"].id,
            "work_type_id": form["work_type"].id,
        }
        ticket = agreement._request_service(requester, values, form["form_key"])
        ticket.message_subscribe(requester.ids)
        photos, _refused = read_photos()
        add_photos(ticket, photos)
        if form["is_approved"] and not self._why_not_customer(agreement):
            author = request.env.user.partner_id
            if request.env.user._is_public():
                author = author.browse()
            ticket._ticket_answer_price(
                True, author, self._get_approver(form), form["price_key"]
            )
        return ticket


def find_document(controller, model, number, access_token):
    """
    :param CustomerPortal controller: that is asked for it
    :param int number: id, as an address has it
    :param access_token: as somebody sent it
    :return: the record in sudo, for whom it concerns or who has its token
    :raise AccessError, MissingError: everybody else
    """
    if number > MAX_ID:
        raise MissingError(request.env._("This document does not exist."))
    if not (isinstance(access_token, str) and access_token.isascii()):
        access_token = None
    return controller._document_check_access(model, number, access_token)


def is_link_preview():
    """:return: bool, whether a robot looks for a picture of the page"""
    return request.httprequest.headers.get("Odoo-Link-Preview") == "True"


def _read_signature(signature):
    """:return: ``signature`` if it is base64 of a picture as drawn in a browser
    :raise UserError: if it is not
    """
    try:
        picture = base64.b64decode(to_text(signature), validate=True)
    except (binascii.Error, ValueError):
        picture = b""
    if signature and not picture.startswith(SIGNATURE_HEADERS):
        raise UserError(
            request.env._("The signature could not be read. Please draw it again.")
        )
    return to_text(signature)
