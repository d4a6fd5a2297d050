from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import format_date

from .service_agreement_proposal import DECLINE_REASONS
from .service_agreement_sla_calendar import canonical_json, digest


class ServiceAgreementProposal(models.Model):
    """The customer's word: accepted with a signature, or declined in writing.

    Accepting makes the agreement, offers, signs and starts it in one transaction. What
    was chosen is kept as facts, and as text with its hash.
    """

    _inherit = "service.agreement.proposal"

    agreement_id = fields.Many2one(
        "service.agreement",
        readonly=True,
        copy=False,
        index="btree_not_null",
        ondelete="restrict",
    )
    accepted_on = fields.Datetime(readonly=True, copy=False)
    accepted_by = fields.Char(string="Signed By", readonly=True, copy=False)
    accepted_option_id = fields.Many2one(
        "service.agreement.proposal.option",
        string="Chosen Option",
        readonly=True,
        copy=False,
        index="btree_not_null",
        ondelete="restrict",
    )
    accepted_tier_id = fields.Many2one(
        related="accepted_option_id.tier_id", string="Chosen Tier", store=True
    )
    accepted_plan_id = fields.Many2one(
        "service.agreement.plan",
        string="Chosen Plan",
        readonly=True,
        copy=False,
        index="btree_not_null",
        ondelete="restrict",
    )
    accepted_quantity = fields.Integer(
        string="Chosen Quantity", readonly=True, copy=False
    )
    accepted_content = fields.Text(
        readonly=True, copy=False, help="All that was agreed to, as it was shown."
    )
    accepted_hash = fields.Char(
        string="Fingerprint",
        readonly=True,
        copy=False,
        help="SHA-256 of what was agreed to: whoever changes a letter of it changes "
        "this.",
    )
    declined_on = fields.Datetime(readonly=True, copy=False)
    declined_by = fields.Char(readonly=True, copy=False)
    decline_reason = fields.Selection(
        DECLINE_REASONS, string="Why Not", readonly=True, copy=False, index=True
    )
    decline_note = fields.Text(string="In His Words", readonly=True, copy=False)
    decline_terms = fields.Text(
        string="What He Was Told",
        readonly=True,
        copy=False,
        help="What holds without an agreement, as he read it when he declined.",
    )

    # What is quoted, and then made

    def _get_start(self):
        """:return: date, the first day of an agreement that is accepted today"""
        self.ensure_one()
        today = self.company_id._service_today()
        return max(self.date_start or today, today)

    def _prepare_base_values(self, start):
        """
        :param date start: first day of the agreement
        :return: values that a service.agreement has of the proposal, whatever is chosen
        """
        self.ensure_one()
        names = (
            "company_id",
            "partner_id",
            "partner_shipping_id",
            "user_id",
            "pricelist_id",
            "currency_id",
            "fiscal_position_id",
        )
        return {**{name: self[name].id for name in names}, "date_start": start}

    # Accept

    def _why_not_open(self):
        """:return: why the customer can no longer answer, in his words, or None"""
        self.ensure_one()
        if self.state != "sent":
            return self.env._("This offer is no longer open.")
        if self.is_expired:
            return self.env._(
                "This offer was valid until %(date)s. Please ask us for a new one.",
                date=format_date(self.env, self.validity_date),
            )
        return None

    def _accept(self, quote, name, signature):
        """Sign what was chosen, and start it.

        :param ProposalQuote quote: of this proposal
        :param str name: who signs
        :param signature: base64 of the signature, drawn or typed
        :return: the service.agreement, in force or with its start ahead
        :raise UserError: it is no longer open, or input is missing
        """
        self.ensure_one()
        self._ensure_can(type(self)._why_not_open)
        agreement = self.env["service.agreement"].create(quote.values)
        agreement._propose()
        agreement._accept(name, signature)
        quote.choice.extras.sudo().is_accepted = True
        self.sudo().write(self._prepare_accept_values(quote, agreement))
        self._after_accept()
        return agreement

    def _prepare_accept_values(self, quote, agreement):
        self.ensure_one()
        content = canonical_json(quote.content)
        return {
            "state": "accepted",
            "agreement_id": agreement.id,
            "accepted_on": agreement.signed_on,
            "accepted_by": agreement.signed_by,
            "accepted_option_id": quote.choice.option.id,
            "accepted_plan_id": quote.choice.plan.id,
            "accepted_quantity": quote.choice.quantity,
            "accepted_content": content,
            "accepted_hash": digest(content),
        }

    def _after_accept(self):
        """Bill what is due at once, and tell the salesperson. Hook for bridges."""
        self.ensure_one()
        self._bill_first()
        self._forget_to_dos()
        mine = self._for_office()
        mine._tell_salesperson(
            mine.env._(
                "%(name)s accepted %(tier)s, %(plan)s.",
                name=mine.accepted_by,
                tier=mine.accepted_option_id.tier_id.name,
                plan=mine.accepted_plan_id.name,
            )
        )

    def _bill_first(self):
        """The first invoice, where it is due: the customer is about to pay it.

        Sudo: he who signs may not bill. Where it cannot be made, the daily run tries
        again and says why: signed is signed.
        """
        agreement = self.agreement_id.sudo()
        due = agreement.next_invoice_date
        if not due or due > self.company_id._service_today():
            return
        try:
            with self.env.cr.savepoint():
                agreement.action_bill_now()
        except UserError as error:
            agreement.message_post(body=str(error))

    def _get_next_step_url(self):
        """Hook for bridges: where who has just signed goes on.

        :return: str, an address on this server that needs no login
        """
        self.ensure_one()
        return self.agreement_id._get_next_step_url()

    def _why_not_as_accepted(self):
        """:return: str, if the record is no longer what was agreed to; or None"""
        self.ensure_one()
        if self.accepted_hash != digest(self.accepted_content or ""):
            return self.env._("What is on record differs from what was agreed to.")
        return None

    # Decline

    def _why_not_decline(self, reason, note, name):
        """:return: what is still to be said, in the customer's words, or None"""
        self.ensure_one()
        if reason not in dict(DECLINE_REASONS):
            return self.env._("Please choose a reason.")
        if reason == "other" and not note:
            return self.env._("Please tell us in a few words why.")
        if not name:
            return self.env._("Please give your name.")
        return None

    def _decline(self, reason, note, name):
        """Put on record that he does not want it, and what he was told holds instead.

        :param str reason: of DECLINE_REASONS
        :raise UserError: it is no longer open, or something is missing
        """
        self.ensure_one()
        self._ensure_can(type(self)._why_not_open)
        if why_not := self._why_not_decline(reason, note, name):
            raise UserError(why_not)
        self.sudo().write(self._prepare_decline_values(reason, note, name))
        self._after_decline()

    def _prepare_decline_values(self, reason, note, name):
        self.ensure_one()
        return {
            "state": "declined",
            "declined_on": self.env.cr.now(),
            "declined_by": name,
            "decline_reason": reason,
            "decline_note": note,
            "decline_terms": "\n".join(self._describe_without()),
        }

    def _after_decline(self):
        """A mail each way. Hook for bridges."""
        self.ensure_one()
        self._forget_to_dos()
        self._mail("declined")
        mine = self._for_office()
        mine._tell_salesperson(
            mine.env._(
                "%(name)s declined: %(reason)s. %(note)s",
                name=mine.declined_by,
                reason=mine._get_decline_reasons()[mine.decline_reason],
                note=mine.decline_note or "",
            )
        )

    @api.model
    def _get_decline_reasons(self):
        """:return: {code: what the customer reads}"""
        return dict(self._fields["decline_reason"]._description_selection(self.env))

    def _get_list_rates(self):
        """Sudo: a customer reads what work costs, not the list it stands in.

        :return: list of dict as of ``service.agreement.rate._describe``
        """
        self.ensure_one()
        rates = self.env["service.agreement.rate"].sudo()
        listed = rates.search(
            [
                ("company_id", "=", self.company_id.id),
                ("tier_id", "=", False),
                ("coverage_id", "=", False),
            ]
        )
        today = self.company_id._service_today()
        return [rate._describe() for rate in listed._get_in_force(today)]

    def _describe_without(self):
        """:return: list of str, what holds for who has no agreement"""
        self.ensure_one()
        texts = [
            self.env._("We help as soon as we can, after those with an agreement.")
        ]
        for rate in self._get_list_rates():
            text = f"{rate['label']}: {rate['price']}"
            if rate["after_hours"]:
                text = self.env._(
                    "%(rate)s, after hours %(price)s",
                    rate=text,
                    price=rate["after_hours"],
                )
            texts.append(", ".join(filter(None, [text, rate["detail"]])))
        return texts

    # In the portal

    @api.model
    def _get_portal_domain(self, partner):
        """:return: Domain of what the contact ``partner`` finds in the portal"""
        commercial = partner.commercial_partner_id
        return Domain("commercial_partner_id", "=", commercial.id) & Domain(
            "state", "not in", ("draft", "withdrawn")
        )

    def _get_portal_status(self):
        """:return: (text, colour of bootstrap), as one says it to a customer"""
        self.ensure_one()
        if self.is_expired:
            return self.env._("Expired"), "light border"
        return {
            "sent": (self.env._("Waiting for your choice"), "warning"),
            "accepted": (self.env._("Signed"), "success"),
            "declined": (self.env._("Declined"), "light border"),
            "replaced": (self.env._("There is a newer offer"), "info"),
        }.get(self.state, (self.env._("Not sent yet"), "light border"))
