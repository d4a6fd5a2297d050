from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import LockError, UserError
from odoo.fields import Domain
from odoo.tools import SQL

from odoo.addons.service_agreement.models.instant import now

from .service_agreement import READERS
from .service_agreement_autopay_attempt import STATES

# So long somebody who opened the provider's page may still be paying there.
PAYING_FOR = timedelta(hours=1)


class AccountMove(models.Model):
    """Invoices that are charged on their date."""

    _inherit = "account.move"

    autopay_attempt_ids = fields.One2many(
        "service.agreement.autopay.attempt",
        "invoice_id",
        string="Autopay Attempts",
        readonly=True,
        groups=READERS,
    )
    autopay_attempt_id = fields.Many2one(
        "service.agreement.autopay.attempt",
        string="Autopay",
        compute="_compute_autopay_attempt_id",
        groups=READERS,
    )
    autopay_state = fields.Selection(
        STATES,
        string="Autopay Status",
        compute="_compute_autopay_attempt_id",
        groups=READERS,
    )

    @api.depends("autopay_attempt_ids.state")
    def _compute_autopay_attempt_id(self):
        for move in self:
            last = move.autopay_attempt_ids.sorted("id")[-1:]
            move.autopay_attempt_id = last
            move.autopay_state = last.state

    # EXTENDS 'account'
    def _post(self, soft=True):
        posted = super()._post(soft)
        # Sudo: who posts invoices need not know who agreed to what.
        if posted.sudo().line_ids.agreement_id.autopay_consent_id:
            self.env.ref("service_agreement_payment.ir_cron_autopay").sudo()._trigger()
        return posted

    # EXTENDS 'service_agreement'
    def _is_payable_by_client(self):
        return super()._is_payable_by_client() and self._has_to_be_paid()

    # EXTENDS 'account_payment'
    def _has_to_be_paid(self):
        """Not while it is charged, or may have been."""
        return super()._has_to_be_paid() and not self._is_in_flight()

    def _is_in_flight(self):
        # Sudo: asked in the portal.
        states = self.sudo().autopay_attempt_ids.mapped("state")
        return "sending" in states or "unknown" in states

    def _hold_for_payment(self):
        """Somebody begins to pay these invoices by hand: autopay keeps away.

        The lock lasts as long as the request; what autopay, or a second click, began
        before it was ours is seen here, or makes this transaction fail and start anew
        (see ``_touch``). Other invoices than those of agreements are core's.

        :raise UserError: one of them is being paid
        """
        invoices = self.filtered("line_ids.agreement_id")
        try:
            invoices.lock_for_update(allow_referencing=True)
        except LockError:
            busy = True
        else:
            busy = any(move._is_paid_or_about_to() for move in invoices)
            invoices._touch()
        if busy:
            raise UserError(
                self.env._(
                    "This invoice is paid, or is being paid right now. Load the page "
                    "again to see it."
                )
            )

    def _is_paid_or_about_to(self):
        """:return: whether another payment would be one too many; what was only begun
        in a browser does not count
        """
        self.ensure_one()
        begun = self.transaction_ids.filtered(lambda t: t.state == "draft")
        return self._is_settled() or self._is_in_flight() or self._is_being_paid(begun)

    def _touch(self):
        """Make whoever locks this invoice later, having looked earlier, look again.

        A lock alone does not: only a row that was changed since a transaction began
        ends it.
        """
        for move in self:
            query = "UPDATE account_move SET write_date = write_date WHERE id = %s"
            self.env.cr.execute(SQL(query, move.id))

    # What is charged

    @api.model
    def _get_autopay_domain(self, today):
        """:return: Domain of invoices that may have to be charged and never were"""
        return (
            Domain("move_type", "=", "out_invoice")
            & Domain("state", "=", "posted")
            & Domain("payment_state", "in", ("not_paid", "partial"))
            & Domain("invoice_date", "<=", today)
            & Domain("autopay_attempt_ids", "=", False)
            & Domain("line_ids.agreement_id.autopay_consent_id", "!=", False)
        )

    def _is_for_autopay(self):
        """:return: whether a consent in force speaks of this invoice"""
        self.ensure_one()
        return bool(self._get_autopay_consents()) and not self._is_settled()

    def _get_autopay_consents(self):
        """:return: those in force of its agreements, given on its date at the latest"""
        self.ensure_one()
        consents = self.sudo().line_ids.agreement_id.autopay_consent_id
        return consents.filtered(lambda c: c._get_day() <= self.invoice_date)

    def _get_autopay_amount(self):
        """:return: what is left to pay; within an early payment discount, less that"""
        self.ensure_one()
        values = self._get_invoice_next_payment_values()
        if values.get("installment_state") == "epd":
            return values["amount_due"]
        return self.amount_residual

    def _get_autopay_offer(self, partner):
        """
        :param res.partner partner: who pays; none for somebody who has the link
        :return: agreements of these invoices that could be charged from now on
        """
        agreements = self.sudo().line_ids.agreement_id
        if partner:
            commercial = partner.commercial_partner_id
            agreements = agreements.filtered(
                lambda a: a.commercial_partner_id == commercial
            )
        return agreements.filtered(
            lambda a: not a.autopay_consent_id and not a._why_not_autopay()
        )

    def _is_settled(self):
        self.ensure_one()
        return self.currency_id.compare_amounts(self.amount_residual, 0) <= 0

    def _why_not_charge(self):
        """:return: why nothing may be charged for it, or None"""
        self.ensure_one()
        if self.state != "posted" or self.move_type != "out_invoice":
            return self.env._("The invoice is not open any more.")
        if self._is_settled():
            return self.env._("It is paid already.")
        return self._why_not_consented()

    def _why_not_consented(self):
        agreements = self.sudo().line_ids.agreement_id
        consents = self._get_autopay_consents()
        if not consents:
            return self.env._("The customer did not agree to autopay, or no longer.")
        if consents.agreement_id != agreements:
            return self.env._("Autopay is not on for every agreement of this invoice.")
        if len(consents.token_id) > 1:
            return self.env._(
                "The agreements of this invoice are charged to different payment "
                "methods."
            )
        token = consents.token_id
        if token.partner_id.commercial_partner_id != self.commercial_partner_id:
            return self.env._("The payment method is not of whoever pays the invoice.")
        if not token.active:
            return self.env._("The payment method was deleted.")
        return None

    def _is_being_paid(self, own=None):
        """
        :param payment.transaction own: not counted
        :return: whether somebody pays it otherwise just now, or its payment is not
            booked yet
        """
        self.ensure_one()
        since = now(self.env) - PAYING_FOR
        others = self.sudo().transaction_ids - (own or self.env["payment.transaction"])
        return any(
            transaction.state in ("pending", "authorized")
            or (transaction.state == "draft" and transaction.create_date >= since)
            or (transaction.state == "done" and not transaction.is_post_processed)
            for transaction in others
        )

    # Mails

    def _mail_autopay(self, what):
        """Tell the customer by mail, from the invoice; without one, tell a person.

        :param str what: "paid" or "failed"
        """
        self.ensure_one()
        if not self._get_autopay_partner().email:
            if what == "failed":
                self.autopay_attempt_id._ask_person(
                    self.env._("Tell the customer that autopay failed"),
                    self.env._("The customer has no email address."),
                )
            return
        self.message_post_with_source(
            self.env.ref(f"service_agreement_payment.mail_template_autopay_{what}"),
            subtype_xmlid="mail.mt_comment",
        )

    def _get_autopay_partner(self):
        """:return: whom mails about autopay go to: the invoice's, or who agreed"""
        self.ensure_one()
        if self.partner_id.email:
            return self.partner_id
        agreement = self.sudo().autopay_attempt_id.agreement_id
        return agreement._get_autopay_partner() if agreement else self.partner_id

    def _get_last_autopay(self, state):
        """:return: the last attempt in that state; for mails"""
        self.ensure_one()
        attempts = self.sudo().autopay_attempt_ids.sorted("id")
        return attempts.filtered(lambda attempt: attempt.state == state)[-1:]

    def _get_autopay_link(self):
        """:return: str, for mails: where the customer chooses another card"""
        self.ensure_one()
        agreement = self._get_last_autopay("failed").agreement_id
        return agreement._get_autopay_link() if agreement else self.get_base_url()

    def action_view_autopay(self):
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "service_agreement_payment.action_service_agreement_autopay_attempt"
        )
        return dict(action, domain=[("invoice_id", "=", self.id)], context={})
