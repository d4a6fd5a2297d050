from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain

from odoo.addons.service_agreement.models.instant import now
from odoo.addons.service_agreement.models.reading_trees import CUSTOMER

from ..tools.retries import parse_days

READERS = (
    "service_agreement.group_user,account.group_account_invoice,"
    "account.group_account_readonly"
)


class ServiceAgreement(models.Model):
    """Autopay: the customer's consent, and what comes of it."""

    _inherit = "service.agreement"

    autopay_consent_ids = fields.One2many(
        "service.agreement.autopay.consent",
        "agreement_id",
        string="Consents to Autopay",
        readonly=True,
        groups=READERS,
    )
    autopay_consent_id = fields.Many2one(
        "service.agreement.autopay.consent",
        string="Autopay",
        compute="_compute_autopay_consent_id",
        search="_search_autopay_consent_id",
        groups=READERS,
    )
    payment_token_id = fields.Many2one(
        related="autopay_consent_id.token_id",
        string="Payment Method",
        groups="account.group_account_invoice",
    )
    autopay_card = fields.Char(related="autopay_consent_id.card", groups=READERS)
    autopay_consent_on = fields.Datetime(
        related="autopay_consent_id.given_on", string="Agreed On", groups=READERS
    )
    autopay_consent_by = fields.Char(
        related="autopay_consent_id.author_name", string="Agreed By", groups=READERS
    )
    autopay_consent_text = fields.Text(
        related="autopay_consent_id.words", string="What Was Agreed", groups=READERS
    )
    autopay_attempt_ids = fields.One2many(
        "service.agreement.autopay.attempt",
        "agreement_id",
        string="Autopay Attempts",
        readonly=True,
        groups=READERS,
    )
    autopay_next_on = fields.Date(
        string="Next Attempt", compute="_compute_autopay_next_on", groups=READERS
    )

    @api.depends("autopay_consent_ids.in_force_on", "autopay_consent_ids.withdrawn_on")
    def _compute_autopay_consent_id(self):
        for agreement in self:
            agreement.autopay_consent_id = agreement.autopay_consent_ids.filtered(
                lambda consent: consent.in_force_on and not consent.withdrawn_on
            )[:1]

    def _search_autopay_consent_id(self, operator, value):
        if operator != "in":
            return NotImplemented
        in_force = Domain("in_force_on", "!=", False) & Domain(
            "withdrawn_on", "=", False
        )
        has_any = Domain("autopay_consent_ids", "any", in_force)
        chosen = in_force & Domain("id", "in", [v for v in value if v])
        found = Domain("autopay_consent_ids", "any", chosen)
        return found | ~has_any if False in value else found

    @api.depends("autopay_attempt_ids.state", "autopay_attempt_ids.planned_on")
    def _compute_autopay_next_on(self):
        for agreement in self:
            planned = agreement.autopay_attempt_ids.filtered(
                lambda attempt: attempt.state == "planned"
            )
            agreement.autopay_next_on = min(planned.mapped("planned_on"), default=False)

    # EXTENDS 'service_agreement'
    def _get_agreement_tree(self):
        return {**super()._get_agreement_tree(), "autopay_consent_ids": {}}

    # EXTENDS 'service_agreement'
    def _get_portal_tree(self, page):
        if page != "autopay":
            return super()._get_portal_tree(page)
        return {
            **CUSTOMER,
            "tier_id": {},
            "partner_invoice_id": {},
            "autopay_consent_ids": {},
            "autopay_attempt_ids": {},
        }

    # EXTENDS 'service_agreement'
    def _get_found_trees(self):
        trees = super()._get_found_trees()
        paid = {"transaction_ids": {}, "autopay_attempt_ids": {}}
        return {**trees, "invoices": {**trees["invoices"], **paid}}

    # Consent

    def _why_not_autopay(self):
        """:return: why it cannot be set up now, or None"""
        self.ensure_one()
        if self.state not in ("active", "suspended"):
            return self.env._("This agreement is not in force.")
        payer = self.partner_invoice_id.commercial_partner_id
        if payer and payer != self.commercial_partner_id:
            return self.env._("The invoices of this agreement go to somebody else.")
        return None

    def _get_autopay_text(self):
        """:return: str, what the customer agrees to"""
        self.ensure_one()
        return self.env._(
            "%(company)s charges the invoices of service agreement %(number)s to this "
            "payment method, each on its date, from today on. If a payment does not "
            "go through, I am told by mail%(retries)s. I can stop this at any time "
            "on this page.",
            company=self.company_id.name,
            number=self.name,
            retries=self._get_autopay_retries_text(),
        )

    def _get_autopay_retries_text(self):
        days = parse_days(self.company_id.autopay_retry_days)
        if not days:
            return ""
        if len(days) == 1:
            return self.env._(", and it is tried once more")
        return self.env._(
            ", and it is tried up to %(times)s times more", times=len(days)
        )

    def _prepare_consent_values(self, author, name):
        """
        :param res.partner author: none for somebody who only has the link
        :param str name: of who agrees
        """
        self.ensure_one()
        return {
            "agreement_id": self.id,
            "given_on": now(self.env),
            "author_id": author.id,
            "author_name": name,
            "words": self._get_autopay_text(),
        }

    def _ask_consent(self, author, name, transaction):
        """Note that somebody agrees; it counts when ``transaction`` is confirmed.

        Sudo: customers may not make facts; who asks was checked by the page.
        """
        consents = self.env["service.agreement.autopay.consent"].sudo()
        return consents.create(
            [
                {
                    **agreement._prepare_consent_values(author, name),
                    "transaction_id": transaction.id,
                }
                for agreement in self
                if not agreement._why_not_autopay()
            ]
        )

    def _give_consent(self, author, name, token):
        """Somebody agrees to charges of a payment method that is saved already.

        Twice the same is once. Sudo: as for ``_ask_consent``.

        :param payment.token token: in sudo, checked to be his
        :raise UserError: why it cannot be set up
        """
        self.ensure_one()
        self.lock_for_update()
        if reason := self._why_not_autopay():
            raise UserError(reason)
        current = self.sudo().autopay_consent_id
        if current.token_id == token:
            return current
        consents = self.env["service.agreement.autopay.consent"].sudo()
        consent = consents.create(self._prepare_consent_values(author, name))
        consent._take_effect(token)
        return consent

    def action_stop_autopay(self):
        """By us, for a customer who called."""
        self.check_access("write")
        self._stop_autopay("staff", self.env.user.name)

    def action_view_consents(self):
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Consents to Autopay"),
            "res_model": "service.agreement.autopay.consent",
            "view_mode": "list,form",
            "domain": [("agreement_id", "=", self.id)],
        }

    def _stop_autopay(self, ending, name):
        """Withdraw the consent; what was not charged yet is not charged any more.

        Sudo: facts; who may is checked by those who call.
        """
        for agreement in self.sudo().filtered("autopay_consent_id"):
            agreement.autopay_consent_id._withdraw(ending, name)
            agreement.autopay_attempt_ids.filtered(
                lambda attempt: attempt.state == "planned"
            )._stop(agreement.env._("Autopay was switched off by %s.", name))
            agreement._after_autopay_change("off")

    def _after_autopay_change(self, change):
        """Confirm it to the customer, and look whether something is to be charged.

        :param str change: "on" or "off"
        """
        self.ensure_one()
        if self._get_autopay_partner().email:
            name = f"service_agreement_payment.mail_template_autopay_{change}"
            self.sudo().message_post_with_source(
                self.env.ref(name), subtype_xmlid="mail.mt_comment"
            )
        if change == "on":
            self.env.ref("service_agreement_payment.ir_cron_autopay")._trigger()

    def _get_autopay_partner(self):
        """:return: whom mails about autopay go to: the customer, or who agreed"""
        self.ensure_one()
        if self.partner_id.email:
            return self.partner_id
        author = self._get_last_consent().author_id
        return author if author.email else self.partner_id

    # EXTENDS 'service_agreement'
    def _get_next_step_url(self):
        """To the page where what is open is paid, if something is."""
        to_pay = (
            self.sudo()
            ._get_portal_invoices()
            .filtered(
                lambda move: (
                    move.commercial_partner_id == self.commercial_partner_id
                    and move._has_to_be_paid()
                )
            )
        )
        if to_pay:
            return to_pay[-1:].get_portal_url(query_string="&payment=True")
        return super()._get_next_step_url()

    def _get_waiting_consent(self):
        """:return: the newest consent, if its payment method is not confirmed yet"""
        self.ensure_one()
        newest = self.sudo().autopay_consent_ids[:1]
        return newest.filtered(lambda c: not c.in_force_on and not c.withdrawn_on)

    def _get_last_consent(self):
        """:return: the consent that was in force last"""
        self.ensure_one()
        return (
            self.sudo()
            .autopay_consent_ids.filtered("in_force_on")
            .sorted(lambda consent: (consent.in_force_on, consent.id))[-1:]
        )

    # To-dos

    def _ask_person(self, summary, note):
        """
        :param note: what happened, text or Markup
        :return: mail.activity, a to-do for whoever is responsible
        """
        self.ensure_one()
        return self.sudo().activity_schedule(
            "service_agreement_payment.mail_activity_type_autopay",
            summary=summary,
            note=note,
            user_id=(self.user_id or self.env.user).id,
        )

    def _get_autopay_link(self):
        """:return: str, for mails: also opens for who is not logged in"""
        self.ensure_one()
        return self.get_base_url() + self.sudo().get_portal_url(suffix="/autopay")
