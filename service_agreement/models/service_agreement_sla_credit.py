"""What a missed promise gives back, and who decides on it."""

from decimal import Decimal

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import format_amount, format_date

from ..tools.sla_credit import credit, divide
from ..tools.sla_warning import BREACH
from . import instant
from .service_agreement_end import SETTLEMENT_SEQUENCE

# Terms that a credit has in common with the fee it is taken off.
INVOICED_LIKE = ("product_id", "tax_ids", "analytic_distribution")


class ServiceAgreementTier(models.Model):
    _inherit = "service.agreement.tier"

    sla_credit_percent = fields.Float(
        string="Credit for a Missed Promise (%)",
        help="Of the period's fee, for each promise that is missed. 0: none.",
    )
    sla_credit_cap = fields.Float(
        string="At Most per Period (%)",
        default=100.0,
        help="Of the period's fee, for all promises missed in it together.",
    )

    _sla_credit_percent = models.Constraint(
        "CHECK(sla_credit_percent BETWEEN 0 AND 100 "
        "AND sla_credit_cap BETWEEN 0 AND 100)",
        "A credit is between 0 and 100 % of the period's fee.",
    )


class ServiceAgreementSlaCredit(models.Model):
    """What one missed promise gives back of the period's fee.

    It is proposed when the miss is announced, and granted or refused by a person. How
    it gets on an invoice: for billing it is a charge that was billed and turned out to
    be owed to the customer. So it is set off against what is charged next, never
    beyond it, and what is left over carries on, as any other credit does.
    """

    _name = "service.agreement.sla.credit"
    _description = "Credit for a Missed Promise"
    _inherit = ["service.agreement.guard"]
    _order = "missed_at desc, id desc"

    # What is related is checked where it is written: on the promise.
    _by_hand = ("amount", "note", "miss_reason_id", "miss_note")

    name = fields.Char(string="Missed Promise", required=True, readonly=True)
    clock_id = fields.Many2one(
        "service.agreement.sla.clock",
        string="Promise",
        readonly=True,
        ondelete="set null",
    )
    agreement_id = fields.Many2one(
        "service.agreement",
        required=True,
        readonly=True,
        index=True,
        ondelete="restrict",
    )
    company_id = fields.Many2one(
        related="agreement_id.company_id", store=True, index=True
    )
    partner_id = fields.Many2one(
        related="agreement_id.partner_id", store=True, index=True
    )
    currency_id = fields.Many2one(related="agreement_id.currency_id")
    missed_at = fields.Datetime(string="Was Due", required=True, readonly=True)
    date = fields.Date(
        required=True,
        readonly=True,
        help="The day of the deadline, as the company counts days.",
    )
    period_start = fields.Date(
        string="Period From",
        required=True,
        readonly=True,
        help="Of the billing period in which the promise was due.",
    )
    percent = fields.Float(string="Of the Fee (%)", required=True, readonly=True)
    fee = fields.Monetary(
        string="Fee of the Period", readonly=True, help="As the agreement's prices are."
    )
    amount_proposed = fields.Monetary(
        string="Proposed",
        readonly=True,
        help="By the terms of the agreement, as far as the cap of the period left "
        "room for it.",
    )
    amount = fields.Monetary(
        string="Credit",
        required=True,
        help="Another amount can be given before it is granted, up to the cap of the "
        "period.",
    )
    decision = fields.Selection(
        [("proposed", "Proposed"), ("granted", "Granted"), ("refused", "Refused")],
        required=True,
        readonly=True,
        default="proposed",
    )
    decided_by_id = fields.Many2one("res.users", readonly=True)
    decided_at = fields.Datetime(string="Decided On", readonly=True)
    note = fields.Char(help="Why it is refused, in words the customer may read.")
    line_ids = fields.One2many(
        "service.agreement.line", "sla_credit_id", string="Credits", readonly=True
    )
    amount_billed = fields.Monetary(
        string="On Invoices", compute="_compute_amount_billed", store=True
    )
    state = fields.Selection(
        [
            ("proposed", "Proposed"),
            ("granted", "Granted"),
            ("billed", "On an invoice"),
            ("refused", "Refused"),
        ],
        string="Status",
        compute="_compute_state",
        store=True,
        index=True,
    )
    miss_reason_id = fields.Many2one(related="clock_id.miss_reason_id", readonly=False)
    miss_note = fields.Char(related="clock_id.miss_note", readonly=False)

    # Missed once, credited once: whatever two workers do.
    _clock_uniq = models.UniqueIndex(
        "(clock_id) WHERE clock_id IS NOT NULL",
        "There is a credit for this missed promise already.",
    )
    _amount_positive = models.Constraint(
        "CHECK(amount > 0)", "A credit is an amount above 0."
    )
    _period_idx = models.Index("(agreement_id, period_start)")

    @api.depends("line_ids.period_ids.charged", "line_ids.period_ids.kind")
    def _compute_amount_billed(self):
        for each in self:
            given = each.line_ids.period_ids.filtered("adjusts_id")
            each.amount_billed = -sum(given.mapped("charged"))

    @api.depends("decision", "amount", "amount_billed")
    def _compute_state(self):
        for each in self:
            left = each.amount - each.amount_billed
            billed = each.decision == "granted" and each.currency_id.is_zero(left)
            each.state = "billed" if billed else each.decision

    def write(self, vals):
        if "amount" not in vals:
            return super().write(vals)
        # One by one: together they may be more than the cap leaves.
        for each in self:
            before = each.amount
            each._ensure_amount(vals["amount"])
            super(ServiceAgreementSlaCredit, each).write(vals)
            each._log_amount(before)
        return True

    def _ensure_amount(self, amount):
        """:raise UserError: decided already, nothing at all, or beyond the cap"""
        self._ensure_can(type(self)._why_not_grant)
        amount = self.currency_id.round(amount)
        room = self._get_room()
        if not 0 < Decimal(str(amount)) <= room:
            raise UserError(self._get_room_text(room))

    def _log_amount(self, before):
        self.ensure_one()
        if self.currency_id.compare_amounts(self.amount, before):
            # Sudo: the right to decide was checked; the log is the agreement's.
            self.sudo().agreement_id.message_post(
                body=self.env._(
                    "Proposed credit changed: %(name)s, %(before)s → %(after)s",
                    name=self.name,
                    before=format_amount(self.env, before, self.currency_id),
                    after=format_amount(self.env, self.amount, self.currency_id),
                )
            )

    # Deciding

    def _why_decided(self):
        """:return: why nothing is to be decided any more, or None"""
        self.ensure_one()
        if self.decision != "proposed":
            return self.env._("%s is decided already. Take that back first.", self.name)
        return None

    def _why_not_grant(self):
        if reason := self._why_decided():
            return reason
        if self.clock_id and not self.clock_id._is_missed():
            return self.env._("%s was kept after all: refuse the credit.", self.name)
        return None

    def _why_not_give(self):
        """:return: why the amount cannot be granted as it stands, or None"""
        self.ensure_one()
        if reason := self._why_not_grant():
            return reason
        room = self._get_room(given=True)
        if Decimal(str(self.amount)) > room:
            return self._get_room_text(room)
        if self.agreement_id._get_served_day(self.date) != self.date:
            return self.env._(
                "Nothing is charged for %(day)s any more, so there is nothing to give "
                "back: refuse the credit of %(name)s.",
                day=format_date(self.env, self.date),
                name=self.name,
            )
        return None

    def _get_room(self, given=False):
        """:return: Decimal, what the cap of the period leaves for this credit"""
        return self.agreement_id._get_credit_room(
            self.period_start, self.fee, apart=self, given=given
        )

    def _get_room_text(self, room):
        return self.env._(
            "The credit is more than 0 and, by the cap of the period, at most "
            "%(room)s. To give nothing, refuse it.",
            room=format_amount(self.env, float(room), self.currency_id),
        )

    def _why_not_refuse(self):
        if reason := self._why_decided():
            return reason
        if self.clock_id and not self.clock_id.miss_reason_id:
            return self.env._(
                "Say first why the promise was missed: %s. A credit is refused for a "
                "reason.",
                self.name,
            )
        if not self.note:
            return self.env._("Write a note why the credit is refused: %s.", self.name)
        return None

    def _why_not_reconsider(self):
        self.ensure_one()
        if self.decision == "proposed":
            return self.env._("%s is not decided yet.", self.name)
        if self.amount_billed:
            return self.env._(
                "%s is on an invoice. Delete its draft, or correct the bill.", self.name
            )
        return None

    def _ensure_can(self, why_not, operation="write"):
        """EXTENDS guard: nobody else decides meanwhile."""
        self.check_access(operation)
        self.lock_for_update()
        return super()._ensure_can(why_not, operation)

    def action_grant(self):
        """It goes on the next invoice."""
        # One by one: together they may be more than the cap leaves.
        for each in self:
            each._ensure_can(type(self)._why_not_give)
            # Sudo: facts and what follows from them; the right was checked.
            each.sudo()._decide("granted")
            each.sudo()._make_charges()

    def action_refuse(self):
        self._ensure_can(type(self)._why_not_refuse)
        for each in self.sudo():
            each._decide("refused")

    def action_reconsider(self):
        """Take back a decision that is on no invoice yet."""
        self._ensure_can(type(self)._why_not_reconsider)
        for each in self.sudo():
            each.line_ids.period_ids.unlink()
            each.line_ids.unlink()
            each._decide("proposed")

    def _decide(self, decision):
        self.ensure_one()
        self.write(
            {
                "decision": decision,
                "decided_by_id": self.env.user.id,
                "decided_at": instant.now(self.env),
            }
        )
        self.agreement_id.message_post(body=self._describe_decision())

    def _describe_decision(self):
        texts = {
            "granted": self.env._("Credit granted"),
            "refused": self.env._("Credit refused"),
            "proposed": self.env._("Decision on a credit taken back"),
        }
        return self.env._(
            "%(decision)s: %(name)s, %(amount)s. %(note)s",
            decision=texts[self.decision],
            name=self.name,
            amount=format_amount(self.env, self.amount, self.currency_id),
            note=self.note or "",
        )

    def action_view_invoices(self):
        self.ensure_one()
        moves = self.line_ids.period_ids.move_id
        return self.env["service.agreement"]._get_invoices_action(moves)

    # On the invoice

    def _make_charges(self):
        """A charge for each set of taxes among the fees, that was billed and is void:
        what billing gives back of it is the credit."""
        self.ensure_one()
        lines = self.env["service.agreement.line"].create(self._prepare_charges())
        self.env["service.agreement.period"].create(
            [line._prepare_sla_credit_period() for line in lines]
        )

    def _prepare_charges(self):
        """:return: list of values of service.agreement.line"""
        fees = self.agreement_id._get_fees_on(self.date)
        by_tax = {}
        for line, fee in fees.items():
            first, total = by_tax.get(line.tax_ids, (line, Decimal(0)))
            by_tax[line.tax_ids] = (first, total + fee)
        rounding = Decimal(str(self.currency_id.rounding))
        weights = [fee for _line, fee in by_tax.values()]
        amounts = divide(Decimal(str(self.amount)), weights, rounding)
        return [
            self._prepare_charge(line, amount, number)
            for number, ((line, _fee), amount) in enumerate(
                zip(by_tax.values(), amounts, strict=True)
            )
            if amount
        ]

    def _prepare_charge(self, line, amount, number):
        values = {name: line[name] for name in INVOICED_LIKE}
        values["product_id"] = line.product_id.id
        values["tax_ids"] = [fields.Command.set(line.tax_ids.ids)]
        return {
            **values,
            "agreement_id": self.agreement_id.id,
            "name": self._get_invoice_text(),
            "sequence": SETTLEMENT_SEQUENCE + number,
            "charge": "one_off",
            "quantity": 1.0,
            "price_unit": 0.0,
            "date_start": self.date,
            "superseded_on": self.date,
            "settled_until": fields.Date.add(self.date, days=1),
            "sla_credit_id": self.id,
            "sla_credit_amount": float(amount),
        }

    def _get_invoice_text(self):
        """:return: str, "Credit: answer later than promised (ticket #12, 3 March)", in
        the customer's language"""
        self.ensure_one()
        env = self.with_context(lang=self.agreement_id._get_lang()).env
        texts = {
            "first_response": env._("Credit: answer later than promised"),
            "update": env._("Credit: update later than promised"),
            "on_site": env._("Credit: technician later than promised"),
            "resolution": env._("Credit: solution later than promised"),
        }
        ticket = self.clock_id._get_ticket() if self.clock_id else None
        return env._(
            "%(credit)s (ticket %(ticket)s, %(day)s)",
            credit=texts[self.clock_id.metric or "resolution"],
            ticket=ticket._ticket_reference() if ticket else self.name,
            day=format_date(env, self.date, lang_code=env.lang, date_format="d MMMM"),
        )


class ServiceAgreementSlaClock(models.Model):
    _inherit = "service.agreement.sla.clock"

    def _after_breach(self):
        result = super()._after_breach()
        self._propose_credit()
        return result

    def _after_reading(self):
        result = super()._after_reading()
        self._withdraw_proposals()
        return result

    def _after_excuse(self):
        result = super()._after_excuse()
        credits = self.env["service.agreement.sla.credit"].sudo()
        known = credits.search([("clock_id", "in", self.ids)]).clock_id
        for clock in self - known:
            clock._propose_credit()
        return result

    def _propose_credit(self):
        """Sudo: proposed by whoever announces the miss."""
        self.ensure_one()
        if not self._is_to_credit():
            return
        values = self._prepare_credit()
        if values and values["amount"] > 0:
            self.env["service.agreement.sla.credit"].sudo().create(values)

    def _is_to_credit(self):
        """Not where only a later priority made it late: nobody was promised that. Nor
        what was due before the credit was agreed, or before it was followed here."""
        self.ensure_one()
        agreement = self.agreement_id
        return bool(
            agreement.sla_credit_percent
            and not self.reprioritised
            and self.create_date <= self.deadline
            and agreement._get_credit_start()
            <= self.company_id._service_day(self.deadline)
        )

    def _prepare_credit(self):
        """:return: values of service.agreement.sla.credit, no amount where the cap of
        the period is reached; None where nothing is charged for the period
        """
        agreement = self.agreement_id
        day = agreement._get_served_day(self.company_id._service_day(self.deadline))
        fees = agreement._get_fees_on(day)
        if not fees:
            return None
        # Of the first charge, which is the tier's own.
        start = next(iter(fees))._get_period_around(day).start
        fee = sum(fees.values(), Decimal(0))
        amount = credit(
            fee,
            Decimal(str(agreement.sla_credit_percent)),
            agreement._get_credit_room(start, fee),
            Decimal(str(agreement.currency_id.rounding)),
        )
        return {
            "name": self._get_credit_name(),
            "clock_id": self.id,
            "agreement_id": agreement.id,
            "missed_at": self.deadline,
            "date": day,
            "period_start": start,
            "percent": agreement.sla_credit_percent,
            "fee": float(fee),
            "amount_proposed": float(amount),
            "amount": float(amount),
        }

    def _get_credit_name(self):
        return self.env._(
            "%(ticket)s %(promise)s",
            ticket=self._get_ticket()._ticket_reference(),
            promise=self._get_metric_text(),
        )

    def _withdraw_proposals(self):
        """A fact that was written down late shows that it was no miss after all."""
        announced = self.filtered(lambda clock: clock.told_percent == BREACH)
        if kept := announced.filtered(lambda clock: not clock._is_missed()):
            self.env["service.agreement.sla.credit"].sudo().search(
                [("clock_id", "in", kept.ids), ("decision", "=", "proposed")]
            ).unlink()
            # Missed after all, it is announced as if nothing had been said.
            kept.notice_ids.filtered(lambda notice: notice.percent == BREACH).unlink()
