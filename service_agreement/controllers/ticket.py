from odoo import http
from odoo.exceptions import AccessError, MissingError
from odoo.http import request
from odoo.tools import consteq

from odoo.addons.project.controllers.portal import ProjectCustomerPortal

from ..tools.form_values import to_text
from .portal import find_document

MODEL = "project.task"
NAME_MAX = 100


class ServiceTicketPortal(ProjectCustomerPortal):
    """What the work on a ticket costs, and the customer's word on it."""

    # EXTENDS 'project'
    def _task_get_page_view_values(self, task, access_token, **kwargs):
        values = super()._task_get_page_view_values(task, access_token, **kwargs)
        if not self._may_see_price(task, access_token):
            return values
        return {
            **values,
            "price": task._ticket_portal_offer(),
            "work_rows": task._ticket_portal_work(),
            "price_message": kwargs.get("price_message"),
            "price_url": f"/my/tasks/{task.id}/price",
            "price_token": access_token,
            "may_approve": self._may_approve(task, access_token),
            "asks_name": request.env.user._is_public(),
        }

    def _may_see_price(self, task, access_token):
        """:return: bool, whether a page is opened by us, by the customer's company, or
        by who has the link to this very ticket; nobody else who reads along
        """
        if not task.sudo()._ticket_in_scope():
            return False
        return request.env.user._is_internal() or self._may_approve(task, access_token)

    def _may_approve(self, task, access_token):
        """:return: bool, whether who opens a page speaks for the customer"""
        customer = task.sudo().partner_id.commercial_partner_id
        user = request.env.user
        if not user._is_public():
            own = user.partner_id.commercial_partner_id
            if own == customer or user._is_internal():
                return bool(customer) and own == customer
        return bool(customer) and _is_token_of(task, access_token)

    @http.route(
        ["/my/tasks/<int:task_id>/price"],
        type="http",
        auth="public",
        methods=["POST"],
        website=True,
    )
    def portal_ticket_price(self, task_id, access_token=None, **kwargs):
        """Approve or decline the price of a ticket."""
        try:
            task = self._get_ticket(task_id, access_token)
        except (AccessError, MissingError):
            raise request.not_found() from None
        result = self._answer_price(task, access_token, kwargs)
        return request.redirect(_get_page_url(task, access_token, result))

    def _get_ticket(self, task_id, access_token):
        """:return: the ticket in sudo, for whom it concerns or who has its token
        :raise AccessError, MissingError: everybody else
        """
        task = find_document(self, MODEL, task_id, access_token)
        if not self._may_see_price(task, access_token):
            raise AccessError(request.env._("This is another customer's ticket."))
        return task

    def _answer_price(self, task, access_token, form):
        """:return: code of the message to show"""
        if not self._may_approve(task, access_token):
            return "staff"
        user, name = request.env.user, to_text(form.get("name"))[:NAME_MAX]
        author = user.partner_id
        if user._is_public():
            if not name:
                return "name"
            author = author.browse()
        else:
            name = user.name
        answer = to_text(form.get("answer"))
        if answer not in ("approve", "decline"):
            return "nothing"
        key = to_text(form.get("price_key"))
        return task._ticket_answer_price(answer == "approve", author, name, key)


def _is_token_of(task, access_token):
    token = task.sudo().access_token
    return bool(
        token
        and isinstance(access_token, str)
        and access_token.isascii()
        and consteq(token, access_token)
    )


def _get_page_url(task, access_token, message):
    """Only who came by a link gets one again."""
    path = f"/my/tasks/{task.id}?price_message={message}"
    if _is_token_of(task, access_token):
        path += f"&access_token={access_token}"
    return f"{path}#ticket_price"
