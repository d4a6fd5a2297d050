"""How a credit for a missed promise gets on an invoice."""

from dataclasses import replace
from decimal import Decimal

from odoo import api, fields, models
from odoo.tools import format_date

from ..tools.billing_period import Period
from ..tools.proration import share
from ..tools.sla_credit import room_left


class ServiceAgreement(models.Model):
    _inherit = "service.agreement"

    sla_credit_percent = fields.Float(
        string="Credit for a Missed Promise (%)",
        compute="_compute_sla_credit",
        store=True,
        readonly=False,
        precompute=True,
        help="Of the period's fee, for each promise that is missed. 0: none.",
    )
    sla_credit_cap = fields.Float(
        string="At Most per Period (%)",
        compute="_compute_sla_credit",
        store=True,
        readonly=False,
        precompute=True,
        help="Of the period's fee, for all promises missed in it together.",
    )
    sla_credit_ids = fields.One2many(
        "service.agreement.sla.credit",
        "agreement_id",
        string="Credits for Missed Promises",
        readonly=True,
        groups="service_agreement.group_user",
    )
    sla_credit_count = fields.Integer(
        compute="_compute_sla_credit_count", groups="service_agreement.group_user"
    )

    _sla_credit_percent = models.Constraint(
        "CHECK(sla_credit_percent BETWEEN 0 AND 100 "
        "AND sla_credit_cap BETWEEN 0 AND 100)",
        "A credit is between 0 and 100 % of the period's fee.",
    )

    @api.depends("tier_id")
    def _compute_sla_credit(self):
        for agreement in self.filtered(lambda a: not a._is_agreed()):
            agreement._copy_sla_credit()

    def _copy_sla_credit(self):
        self.ensure_one()
        self.sla_credit_percent = self.tier_id.sla_credit_percent
        self.sla_credit_cap = self.tier_id.sla_credit_cap

    @api.depends("sla_credit_ids")
    def _compute_sla_credit_count(self):
        for agreement in self:
            agreement.sla_credit_count = len(agreement.sla_credit_ids)

    def _take_over_tier(self, tier):
        """EXTENDS: what a miss costs us is part of the promise."""
        result = super()._take_over_tier(tier)
        self._copy_sla_credit()
        return result

    def action_view_sla_credits(self):
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "service_agreement.action_service_agreement_sla_credit"
        )
        return dict(action, domain=[("agreement_id", "=", self.id)], context={})

    # Fees

    def _get_served_day(self, day):
        """:return: date; a ticket keeps its promise after the end of the agreement"""
        self.ensure_one()
        day = max(day, self.date_start)
        last_day = self._get_last_day()
        return min(day, last_day) if last_day else day

    def _get_fees_on(self, day):
        """What is charged again and again for the periods in which ``day`` lies, each
        charge by its own plan; suspensions left aside.

        :return: dict of Decimal by service.agreement.line, of those above 0
        """
        self.ensure_one()
        lines = self.line_ids.filtered(lambda ln: ln.charge == "recurring")
        fees = {line: line._get_fee_around(day) for line in lines}
        return {line: fee for line, fee in fees.items() if fee}

    def _get_credit_room(self, period_start, fee, apart=None, given=False):
        """:param date period_start:
        :param fee: number, of that period
        :param apart: service.agreement.sla.credit to be given; all others of the
            period that were not refused take their share of the cap
        :param bool given: only what was granted counts, not what is proposed
        :return: Decimal, the most that may be given
        """
        self.ensure_one()
        counted = ("granted",) if given else ("granted", "proposed")
        credits = self.env["service.agreement.sla.credit"].sudo()
        credits = credits.search(
            [
                ("agreement_id", "=", self.id),
                ("period_start", "=", period_start),
                ("decision", "in", counted),
            ]
        )
        others = credits - apart if apart else credits
        return room_left(
            Decimal(str(fee)),
            Decimal(str(self.sla_credit_cap)),
            sum((Decimal(str(each.amount)) for each in others), Decimal(0)),
            Decimal(str(self.currency_id.rounding)),
        )

    def _get_credit_start(self):
        """:return: date from which on the credit terms hold: they go with the tier"""
        self.ensure_one()
        changes = self.change_ids.filtered(lambda c: c.tier_id and c.is_applied)
        return max(changes.mapped("date"), default=self.date_start)

    # In words

    def _get_document_credit(self):
        """:return: str, what the customer gets where we are late; empty: nothing"""
        self.ensure_one()
        if not (self.sla_credit_percent and self.sla_credit_cap):
            return ""
        return self.env._(
            "If we are late, you get %(percent)s %% of the period's fee back for "
            "each promise missed, at most %(cap)s %% per period.",
            percent=self._format_number(self.sla_credit_percent),
            cap=self._format_number(self.sla_credit_cap),
        )


class ServiceAgreementLine(models.Model):
    _inherit = "service.agreement.line"

    sla_credit_id = fields.Many2one(
        "service.agreement.sla.credit",
        string="Missed Promise",
        readonly=True,
        copy=False,
        index="btree_not_null",
        ondelete="restrict",
        help="It is no charge but what this credit gives back.",
    )
    sla_credit_amount = fields.Monetary(readonly=True, copy=False)

    _sla_credit_uniq = models.UniqueIndex(
        "(sla_credit_id, sequence) WHERE sla_credit_id IS NOT NULL",
        "This credit is given already.",
    )

    def _get_period_around(self, day):
        """:return: tools.billing_period.Period, the whole one that ``day`` lies in"""
        self.ensure_one()
        recurrence = self._get_recurrence()
        return recurrence.period(recurrence.index(day))

    def _get_fee_around(self, day):
        """:return: Decimal, what this stretch costs in its period around ``day``"""
        self.ensure_one()
        whole = self._get_period_around(day)
        start, end = self._get_window()
        start, end = max(start, whole.start), min(end or whole.end, whole.end)
        parts = [Period(start, end)] if start < end else []
        terms = self._get_terms()
        return share(terms.net, parts, whole, terms.method, terms.rounding)

    def _prepare_sla_credit_period(self):
        """:return: values of the ``service.agreement.period`` to give back"""
        self.ensure_one()
        return {
            "line_id": self.id,
            "kind": "sla_credit",
            "date_start": self.date_start,
            "date_end": self.settled_until,
            "whole_start": self.date_start,
            "whole_end": self.settled_until,
            "full": self.sla_credit_amount,
            "charged": self.sla_credit_amount,
        }

    # EXTENDS billing

    def _get_net_amount(self):
        if self.sla_credit_id:
            return Decimal(str(self.sla_credit_amount))
        return super()._get_net_amount()

    def _to_charge(self, billed, waivers, **facts):
        charge = super()._to_charge(billed, waivers, **facts)
        if not self.sla_credit_id:
            return charge
        # No waiver of the agreement's days holds it up, and no policy forfeits it.
        return replace(charge, waivers=(), granted=True)

    def _get_invoice_line_name(self, piece):
        if self.sla_credit_id:
            return self.name
        return super()._get_invoice_line_name(piece)


class ServiceAgreementPeriod(models.Model):
    _inherit = "service.agreement.period"

    kind = fields.Selection(
        selection_add=[("sla_credit", "Credit for a missed promise")],
        ondelete={"sla_credit": "cascade"},
    )

    def _why_not_write_off(self):
        if self.kind == "sla_credit":
            return self.env._("This is a credit for a missed promise, not a charge.")
        return super()._why_not_write_off()

    def _explain(self):
        # Sudo: who reads the books need not see the promises.
        if given := self.line_id.sudo().sla_credit_id:
            return self._explain_sla_credit(given)
        return super()._explain()

    def _explain_sla_credit(self, given):
        """:param given: service.agreement.sla.credit"""
        return [
            (self.env._("Missed."), given.name),
            (
                self.env._("Credit."),
                self.env._(
                    "%(percent)s %% of the period's fee of %(fee)s, as far as the cap "
                    "of the period leaves room: %(amount)s",
                    percent=f"{given.percent:g}",
                    fee=self._format(given.fee),
                    amount=self._format(given.amount_proposed),
                ),
            ),
            (
                self.env._("Granted."),
                self.env._(
                    "%(granted)s, by %(user)s on %(day)s. "
                    "On invoices so far: %(amount)s",
                    granted=self._format(given.amount),
                    user=given.decided_by_id.name,
                    day=format_date(self.env, given.decided_at),
                    amount=self._format(given.amount_billed),
                ),
            ),
        ]
