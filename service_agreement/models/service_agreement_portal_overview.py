from collections import defaultdict

from odoo import models
from odoo.fields import Domain

# So many days before the last day of notice the customer is reminded in the list.
DAYS_BEFORE = 45


class ServiceAgreement(models.Model):
    """What a customer sees first of each of his agreements."""

    _inherit = "service.agreement"

    def _get_portal_headline(self):
        """:return: (priority, label, list of promises), of the most urgent that is
        promised anything; None
        """
        self.ensure_one()
        promised = (each for each in self._get_portal_priorities() if each[2])
        return next(promised, None)

    def _get_portal_attention(self):
        """What waits for the customer; the same queries for however many agreements.

        :return: {service.agreement: list of dict of text, icon, color and url}
        """
        waiting = self._get_portal_waiting_tickets()
        unpaid = self._get_portal_unpaid()
        return {
            agreement: [
                *agreement._get_attention_to_sign(),
                *agreement._get_attention_to_pay(unpaid[agreement]),
                *agreement._get_attention_tickets(waiting[agreement]),
                *agreement._get_attention_renewal(),
            ]
            for agreement in self
        }

    def _prepare_attention(self, text, icon, color="warning", anchor=""):
        self.ensure_one()
        url = self.access_url + anchor
        return {"text": text, "icon": icon, "color": color, "url": url}

    def _get_attention_to_sign(self):
        if self._why_not_sign():
            return []
        text = self.env._("Read it and sign it.")
        return [self._prepare_attention(text, "fa-pencil")]

    def _get_portal_unpaid(self):
        """:return: {service.agreement: account.move that are overdue}, the customer's
        own; another payer's are not his to open
        """
        lines = self.env["account.move.line"].search_fetch(
            Domain("agreement_id", "in", self.ids)
            & Domain("parent_state", "=", "posted")
            & Domain("move_id.move_type", "=", "out_invoice")
            & Domain("move_id.payment_state", "in", ("not_paid", "partial")),
            ["agreement_id", "move_id"],
        )
        found = defaultdict(self.env["account.move"].browse)
        for line in lines:
            agreement, move = line.agreement_id, line.move_id
            today = agreement.company_id._service_today()
            is_own = move.commercial_partner_id == agreement.commercial_partner_id
            if is_own and move.invoice_date_due and move.invoice_date_due < today:
                found[agreement] |= move
        return found

    def _get_attention_to_pay(self, moves):
        if not moves:
            return []
        if len(moves) == 1:
            text = self.env._("Invoice %s is overdue.", moves.name)
        else:
            text = self.env._("%s invoices are overdue.", len(moves))
        return [
            self._prepare_attention(
                text, "fa-exclamation-circle", "danger", "#agreement_invoices"
            )
        ]

    def _get_portal_waiting_tickets(self):
        """:return: {service.agreement: number of tickets that wait for the customer}"""
        counts = defaultdict(int)
        tickets = self.env["service.agreement.ticket.mixin"]
        for name in tickets._get_ticket_models():
            model = self.env[name]
            open_ones = model.search_fetch(
                Domain("agreement_id", "in", self.ids)
                & model._ticket_customer_domain(self.commercial_partner_id)
                & model._ticket_open_domain()
            )
            for ticket in open_ones:
                counts[ticket.agreement_id] += bool(ticket._ticket_is_waiting())
        return counts

    def _get_attention_tickets(self, count):
        if not count:
            return []
        if count == 1:
            text = self.env._("A request waits for your answer.")
        else:
            text = self.env._("%s requests wait for your answer.", count)
        return [
            self._prepare_attention(text, "fa-comment", "warning", "#agreement_tickets")
        ]

    def _get_attention_renewal(self):
        until = self.state == "active" and self.decline_until
        today = self.company_id._service_today()
        if not until or not 0 <= (until - today).days <= DAYS_BEFORE:
            return []
        text = self.env._(
            "It is renewed after %(end)s. You can decline that until %(until)s.",
            end=self._format_date(self.date_end),
            until=self._format_date(until),
        )
        return [
            self._prepare_attention(text, "fa-refresh", "info", "#agreement_services")
        ]


class AccountMove(models.Model):
    _inherit = "account.move"

    def _is_payable_by_client(self):
        """:return: bool, whether the customer owes something of it"""
        self.ensure_one()
        return (
            self.state == "posted"
            and self.move_type == "out_invoice"
            and self.payment_state in ("not_paid", "partial")
            and not self.currency_id.is_zero(self.amount_residual)
        )
