import logging
from datetime import timedelta

import requests
from markupsafe import Markup
from psycopg2.errors import SerializationFailure, UniqueViolation

from odoo import SUPERUSER_ID, api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.fields import Command, Domain

from odoo.addons.service_agreement.models.instant import now

from ..tools.retries import next_attempt, parse_days

_logger = logging.getLogger(__name__)

STATES = [
    ("planned", "Planned"),
    ("sending", "Being Charged"),
    ("unknown", "No Answer Yet"),
    ("paid", "Paid"),
    ("failed", "Failed"),
    ("stopped", "Stopped"),
    ("reversed", "Taken Back"),
]
# The provider was asked, or may have been, and has not said how it went.
IN_FLIGHT = ("sending", "unknown")
HTTP_SERVER_ERROR = 500


class ServiceAgreementAutopayAttempt(models.Model):
    """One charge of one invoice: planned, sent once, answered.

    How it works: the scheduled action plans an attempt for each invoice of an agreement
    with autopay on its date, and charges what is due, each in transactions of its own:
    "being charged" is committed before the provider is asked, so that nothing that
    breaks in the middle leads to a second charge. The answer comes with the payment
    transaction's post-processing, at once or days later; of a failure comes the next
    attempt. What is not answered stays open until it is, or until a person knows.

    Facts: nobody writes or deletes one.
    """

    _name = "service.agreement.autopay.attempt"
    _description = "Autopay Attempt"
    _inherit = ["service.agreement.guard"]
    _order = "planned_on desc, id desc"
    _rec_name = "invoice_id"
    _facts = None

    invoice_id = fields.Many2one(
        "account.move",
        required=True,
        readonly=True,
        index=True,
        ondelete="restrict",
    )
    agreement_id = fields.Many2one(
        "service.agreement",
        required=True,
        readonly=True,
        index=True,
        ondelete="restrict",
        help="Of several on one invoice, one.",
    )
    company_id = fields.Many2one(
        related="invoice_id.company_id", store=True, index=True
    )
    partner_id = fields.Many2one(
        related="invoice_id.commercial_partner_id",
        string="Customer",
        store=True,
        index=True,
    )
    user_id = fields.Many2one(related="agreement_id.user_id")
    currency_id = fields.Many2one(related="invoice_id.currency_id", store=True)
    number = fields.Integer(
        string="Attempt", required=True, readonly=True, aggregator=None
    )
    state = fields.Selection(
        STATES,
        string="Status",
        required=True,
        readonly=True,
        default="planned",
        index=True,
    )
    planned_on = fields.Date(string="Planned For", required=True, readonly=True)
    consent_id = fields.Many2one(
        "service.agreement.autopay.consent",
        readonly=True,
        ondelete="restrict",
        index="btree_not_null",
    )
    card = fields.Char(string="Charged To", related="consent_id.card")
    amount = fields.Monetary(readonly=True)
    transaction_id = fields.Many2one(
        "payment.transaction",
        readonly=True,
        ondelete="restrict",
        index="btree_not_null",
        groups="account.group_account_invoice",
    )
    sent_on = fields.Datetime(string="Charged On", readonly=True)
    answered_on = fields.Datetime(readonly=True)
    reason = fields.Text(readonly=True, help="Why it failed, or was stopped.")
    asked_on = fields.Datetime(
        string="To-Do Since",
        readonly=True,
        help="Since when a person is to look at it.",
    )
    activity_id = fields.Many2one(
        "mail.activity",
        string="To-Do",
        readonly=True,
        ondelete="set null",
        index="btree_not_null",
    )

    _one_open_per_invoice = models.UniqueIndex(
        "(invoice_id) WHERE state IN ('planned', 'sending', 'unknown')",
        "This invoice is about to be charged already.",
    )
    _sent_is_known = models.Constraint(
        "CHECK(transaction_id IS NOT NULL"
        " OR state IN ('planned', 'failed', 'stopped'))",
        "What was charged has a payment transaction.",
    )

    # Plan

    @api.model
    def _cron_charge(self):
        """Plan what is new, charge what is due, look after what is left."""
        for company in self._get_companies():
            attempts = self.with_company(company)
            attempts._plan_new(company)
            self.env["ir.cron"]._commit_progress()
            attempts._ask_about_silence(company)
            attempts._ask_about_reversed(company)
            self.env["ir.cron"]._commit_progress()
        self._charge_due()

    @api.model
    def _get_companies(self):
        """:return: res.company where somebody agreed, once, to autopay"""
        consents = self.env["service.agreement.autopay.consent"]
        groups = consents._read_group([("in_force_on", "!=", False)], ["company_id"])
        return self.env["res.company"].union(*(company for [company] in groups))

    @api.model
    def _plan_new(self, company):
        """Plan the first attempt of each invoice whose date has come."""
        today = company._service_today()
        invoices = self.env["account.move"].search(
            Domain("company_id", "=", company.id)
            & self.env["account.move"]._get_autopay_domain(today)
        )
        for invoice in invoices.filtered(lambda move: move._is_for_autopay()):
            self._plan(invoice, today)

    @api.model
    def _plan(self, invoice, day):
        """:return: the attempt; none if another worker planned one just now"""
        values = self._prepare_attempt_values(invoice, day)
        try:
            with self.env.cr.savepoint():
                return self.sudo().create(values)
        except UniqueViolation:
            return self.browse()

    @api.model
    def _prepare_attempt_values(self, invoice, day):
        consent = invoice._get_autopay_consents()[:1]
        agreements = consent.agreement_id or invoice.line_ids.agreement_id[:1]
        return {
            "invoice_id": invoice.id,
            "agreement_id": agreements.id,
            "consent_id": consent.id,
            "number": len(invoice.autopay_attempt_ids) + 1,
            "planned_on": day,
            "amount": invoice._get_autopay_amount(),
        }

    # Charge

    @api.model
    def _charge_due(self):
        """Charge one after the other, as long as there is time."""
        due = self.search(self._get_due_domain(), order="planned_on, id")
        self.env["ir.cron"]._commit_progress(remaining=len(due))
        for attempt in due:
            try:
                attempt._charge()
            except SerializationFailure:
                # Another worker or the customer has this invoice in hand: next time.
                self.env.cr.rollback()
            if not self.env["ir.cron"]._commit_progress(1):
                return

    @api.model
    def _get_due_domain(self):
        companies = self._get_companies()
        return Domain("state", "=", "planned") & Domain.OR(
            Domain("company_id", "=", company.id)
            & Domain("planned_on", "<=", company._service_today())
            for company in companies
        )

    def _charge(self):
        """Note it, commit; ask the provider, commit; then do what follows from it."""
        self.ensure_one()
        if not self._begin():
            return
        self.env["ir.cron"]._commit_progress()
        self._send()
        self.env["ir.cron"]._commit_progress()
        if transaction := self.sudo().transaction_id:
            # In core's own way: what cannot be booked now, core's own action books.
            transaction._cron_post_process()

    def _begin(self):
        """Take it, if it is still to be done, and note that the provider is asked.

        :return: whether to go on
        """
        attempt = self.try_lock_for_update().filtered_domain(self._get_due_domain())
        invoice = attempt.invoice_id.try_lock_for_update(allow_referencing=True)
        if not invoice:
            return False
        if reason := invoice._why_not_charge():
            attempt._give_up(reason)
            return False
        if invoice._is_being_paid():
            return False
        invoice._touch()
        attempt._note_sending()
        return True

    def _give_up(self, reason):
        """Nothing is charged any more; what is not paid otherwise needs a person."""
        self._stop(reason)
        if not self.invoice_id._is_settled():
            self._ask_person(self.env._("An invoice was not charged"), reason)

    def _note_sending(self):
        self.ensure_one()
        consent = self.invoice_id._get_autopay_consents()[:1]
        transactions = self.env["payment.transaction"].sudo()
        amount = self.invoice_id._get_autopay_amount()
        values = self._prepare_transaction_values(consent.token_id, amount)
        self.sudo().write(
            {
                "state": "sending",
                "sent_on": now(self.env),
                "amount": amount,
                "consent_id": consent.id,
                "transaction_id": transactions.create(values).id,
            }
        )

    def _prepare_transaction_values(self, token, amount):
        self.ensure_one()
        return {
            "provider_id": token.provider_id.id,
            "payment_method_id": token.payment_method_id.id,
            "token_id": token.id,
            "amount": amount,
            "currency_id": self.currency_id.id,
            "partner_id": token.partner_id.id,
            "operation": "offline",
            "invoice_ids": [Command.set(self.invoice_id.ids)],
            "reference": self.env["payment.transaction"]._compute_reference(
                token.provider_id.code, prefix=self.invoice_id.name
            ),
        }

    def _send(self):
        """Ask the provider, once. Whatever breaks here, money may have moved."""
        self.ensure_one()
        transaction = self.sudo().transaction_id
        if self.invoice_id._is_being_paid(transaction):
            # He began to pay while this was noted; what he does comes first.
            transaction._set_canceled()
            self.sudo().write({"state": "planned", "transaction_id": False})
            return
        try:
            self._ask_provider(transaction)
            self.env.flush_all()
        except Exception as error:
            _logger.exception("Autopay of %s", self.invoice_id.name)
            self.env.cr.rollback()
            self._note_unknown(str(error))

    def _ask_provider(self, transaction):
        """As core's ``_charge_with_token``, but silence is not taken for a refusal."""
        try:
            transaction._ensure_provider_is_not_disabled()
        except UserError as error:
            transaction._set_error(str(error))
            return
        transaction._log_sent_message()
        try:
            transaction._send_payment_request()
        except ValidationError as error:
            if _is_unanswered(error.__cause__ or error.__context__):
                self._note_unknown(str(error))
            else:
                transaction._set_error(str(error))

    # The answer

    def _take_answer(self):
        """Take over what the provider said of the transactions of these attempts."""
        for attempt in self:
            transaction = attempt.sudo().transaction_id
            if transaction.state == "done":
                attempt._note_paid()
            elif transaction.state in ("cancel", "error"):
                attempt._note_failed(transaction.state_message)
            elif transaction.state in ("pending", "authorized"):
                attempt._note_unknown(transaction.state_message)

    def _note_paid(self):
        if self.state in ("paid", "reversed"):
            return
        was_given_up = self.state not in IN_FLIGHT
        self.sudo().write({"state": "paid", "answered_on": now(self.env)})
        self._close_todo()
        if was_given_up:
            self._drop_later_attempts()
        self.invoice_id._mail_autopay("paid")

    def _drop_later_attempts(self):
        """The provider said no first and yes later; stop what was planned meanwhile."""
        later = self.invoice_id.autopay_attempt_ids - self
        later.filtered(lambda a: a.state == "planned")._stop(
            self.env._("An earlier attempt was paid after all.")
        )
        if twice := later.filtered(lambda a: a.state in (*IN_FLIGHT, "paid")):
            twice._ask_person(
                self.env._("An invoice may have been charged twice"),
                self.env._("An earlier attempt was paid after all."),
            )

    def _note_failed(self, reason):
        if self.state not in IN_FLIGHT:
            return
        self.sudo().write(
            {"state": "failed", "answered_on": now(self.env), "reason": reason}
        )
        self._close_todo()
        if not self._plan_next():
            self._ask_person(self.env._("Autopay gave up on an invoice"), reason or "")
        self.invoice_id._mail_autopay("failed")

    def _plan_next(self):
        """:return: the next attempt; none where it is not tried again"""
        self.ensure_one()
        if self.invoice_id._why_not_charge():
            return self.browse()
        attempts = self.invoice_id.autopay_attempt_ids
        day = next_attempt(
            parse_days(self.company_id.autopay_retry_days),
            min(attempts.mapped("planned_on")),
            len(attempts.filtered(lambda a: a.state == "failed")),
            self.company_id._service_today(),
        )
        return self._plan(self.invoice_id, day) if day else self.browse()

    def _note_unknown(self, reason):
        if self.state in IN_FLIGHT:
            self.sudo().write({"state": "unknown", "reason": reason})

    # What needs a person

    def _ask_person(self, summary, text):
        """A to-do, once per attempt.

        :param str text: what happened
        """
        for attempt in self.filtered(lambda a: not a.asked_on):
            note = Markup("%s: %s") % (attempt.sudo().invoice_id._get_html_link(), text)
            activity = attempt.agreement_id._ask_person(summary, note)
            attempt.sudo().write(
                {"asked_on": now(self.env), "activity_id": activity.id}
            )

    def _close_todo(self):
        """It was answered after all: nobody has to look for the answer any more."""
        asked = self.sudo().filtered("asked_on")
        asked.activity_id.action_feedback()
        asked.asked_on = False

    @api.model
    def _ask_about_silence(self, company):
        latest = now(self.env) - timedelta(hours=company.autopay_unknown_hours)
        silent = self.search(
            [
                ("company_id", "=", company.id),
                ("state", "in", IN_FLIGHT),
                ("sent_on", "<=", latest),
                ("asked_on", "=", False),
            ]
        )
        silent.sudo().state = "unknown"
        for attempt in silent:
            attempt._ask_person(
                self.env._("Was this invoice charged?"), attempt._get_silence_text()
            )

    def _get_silence_text(self):
        self.ensure_one()
        if self.sudo().transaction_id.state == "done":
            return self.env._(
                "It was charged, but the payment could not be booked. Book it by hand."
            )
        if self.sudo().transaction_id.state == "authorized":
            return self.env._("The amount is reserved. Capture it on the invoice.")
        return self.env._(
            "The payment provider has not answered. Look there, and say in the attempt "
            "how it went. It is not charged again meanwhile."
        )

    @api.model
    def _ask_about_reversed(self, company):
        """Paid, and open again: refunded, charged back, or a payment taken back."""
        paid = Domain("company_id", "=", company.id) & Domain("state", "=", "paid")
        is_open = Domain("invoice_id.state", "=", "posted") & Domain(
            "invoice_id.payment_state", "in", ("not_paid", "partial")
        )
        payment = "transaction_id.payment_id.state"
        taken_back = Domain(payment, "in", ("draft", "canceled", "rejected"))
        self.search(paid & (is_open | taken_back))._note_reversed()

    def _note_reversed(self):
        taken = self.filtered(lambda attempt: attempt.state == "paid")
        taken.sudo().state = "reversed"
        taken._ask_person(
            self.env._("A payment was taken back"),
            self.env._("Autopay does not charge it again by itself."),
        )

    # Buttons

    def action_try_again(self):
        """Charge the invoice once more, now; what is planned for later comes now."""
        self._check_may_act()
        for attempt in self:
            if reason := attempt._why_not_try_again():
                raise UserError(reason)
            attempt._close_todo()
            attempt._plan_now()
        self.env.ref("service_agreement_payment.ir_cron_autopay").sudo()._trigger()

    def _why_not_try_again(self):
        self.ensure_one()
        invoice = self.sudo().invoice_id
        states = invoice.autopay_attempt_ids.mapped("state")
        if "unknown" in states or "sending" in states:
            return self.env._(
                "%(invoice)s may have been charged: there is no answer yet. Ask the "
                "payment provider first, then choose “Was Not Charged”.",
                invoice=invoice.name,
            )
        return invoice._why_not_charge()

    def _plan_now(self):
        invoice = self.sudo().invoice_id
        today = self.company_id._service_today()
        if planned := invoice.autopay_attempt_ids.filtered(
            lambda attempt: attempt.state == "planned"
        ):
            planned.lock_for_update()
            planned.planned_on = today
        else:
            self._plan(invoice, today)

    def action_stop(self):
        """No more charges of these invoices: they are paid otherwise, or not."""
        self._check_may_act()
        for attempt in self:
            if attempt.state != "planned":
                raise UserError(
                    self.env._(
                        "Only what is planned can be stopped. The attempt of "
                        "%(invoice)s is: %(state)s.",
                        invoice=attempt.sudo().invoice_id.name,
                        state=attempt._get_state_label(),
                    )
                )
        self.lock_for_update()
        self._stop(self.env._("Stopped by %s.", self.env.user.name))

    def action_was_charged(self):
        """A person asked the provider: the money was taken. Book it."""
        for transaction in self._get_to_answer():
            transaction._set_done(
                state_message=self.env._("%s: it was charged.", self.env.user.name)
            )
            transaction._post_process()

    def action_not_charged(self):
        """A person asked the provider: nothing was taken."""
        for transaction in self._get_to_answer():
            transaction._set_canceled(
                state_message=self.env._("%s: it was not charged.", self.env.user.name)
            )
            transaction._post_process()

    def _get_to_answer(self):
        """:return: the transactions of these attempts, in sudo, locked
        :raise UserError: they are answered already
        """
        self._check_may_act()
        self.lock_for_update()
        transactions = self.sudo().transaction_id
        if set(self.mapped("state")) != {"unknown"} or set(
            transactions.mapped("state")
        ) - {"draft", "pending", "authorized"}:
            raise UserError(
                self.env._("Only where there is no answer yet, somebody can give it.")
            )
        return transactions.with_user(SUPERUSER_ID)

    def action_open_invoice(self):
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": "account.move",
            "view_mode": "form",
            "views": [(False, "form")],
            "res_id": self.invoice_id.id,
        }

    def _check_may_act(self):
        """:raise AccessError: who calls may not charge these customers"""
        self.check_access("write")

    def _get_state_label(self):
        self.ensure_one()
        return dict(self._fields["state"]._description_selection(self.env))[self.state]

    def _stop(self, reason):
        """:param str reason: for people"""
        self.sudo().write(
            {"state": "stopped", "answered_on": now(self.env), "reason": reason}
        )


def _is_unanswered(cause):
    """:return: whether the provider may have charged, though we have no answer"""
    if isinstance(cause, requests.exceptions.HTTPError):
        return cause.response is None or cause.response.status_code >= HTTP_SERVER_ERROR
    return isinstance(
        cause, (requests.exceptions.ConnectionError, requests.exceptions.Timeout)
    )
