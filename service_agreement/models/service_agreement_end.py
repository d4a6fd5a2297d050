from datetime import date
from decimal import Decimal
from itertools import islice
from typing import NamedTuple

from odoo import api, fields, models
from odoo.tools import format_date

from ..tools.billing_period import Period, Recurrence
from ..tools.charges import schedule
from ..tools.settlement import clawback, termination_fee
from .service_agreement_tier import END_POLICIES

# Below the charges of the agreement on its last invoice.
SETTLEMENT_SEQUENCE = 1000
# Terms that fees have in common with the charge they come from.
INVOICED_LIKE = ("product_id", "tax_ids", "analytic_distribution")
# What a person reads of an agreement that ends in years.
PREVIEWED_INVOICES = 400


class Ending(NamedTuple):
    """How an agreement ends, not on record yet: for previews and for doing it.

    :param last_day: in force, included
    :param settle_on: date on which credits, fee and clawback are due
    :param reason: one of ``END_REASONS``
    :param lines: list of values of the one-off ``service.agreement.line`` it costs
    """

    last_day: date
    settle_on: date
    reason: str
    note: str | bool
    lines: list


class ServiceAgreementLine(models.Model):
    _inherit = "service.agreement.line"

    is_settlement = fields.Boolean(
        readonly=True, copy=False, help="A fee of the agreement's end."
    )
    plan_discount = fields.Float(
        string="Discount of the Plan (%)",
        compute="_compute_plan_discount",
        store=True,
        readonly=False,
        precompute=True,
        digits="Discount",
        help="How much lower the price is because of the billing plan. It may be taken "
        "back where the term is not kept.",
    )

    @api.depends("plan_id", "is_suggested", "agreement_id.tier_id")
    def _compute_plan_discount(self):
        """What it is when the stretch is made; the catalogue does not change it."""
        for line in self:
            agreement, origin = line.agreement_id, line.origin_id
            if line._origin and agreement._is_agreed():
                continue
            if origin and origin.plan_id == line.plan_id:
                line.plan_discount = origin.plan_discount
                continue
            tier, plan = agreement.tier_id, line.plan_id
            is_priced = line.is_suggested and tier and plan
            line.plan_discount = tier._get_discount(plan) if is_priced else 0.0


class ServiceAgreement(models.Model):
    """The end of an agreement (SEMANTICS §3): what it costs, and taking it back.

    ``_preview_end`` and ``_end`` go the same way up to the last step: an
    :class:`Ending` is planned, and then either asked for the invoices that follow or
    recorded.
    """

    _inherit = "service.agreement"

    end_policy = fields.Selection(
        END_POLICIES,
        string="Ended in Mid-Period",
        compute="_compute_end_policy",
        store=True,
        readonly=False,
        precompute=True,
        required=True,
    )
    termination_fee_percent = fields.Float(
        string="Early Termination Fee (%)",
        compute="_compute_end_policy",
        store=True,
        readonly=False,
        precompute=True,
        help="Of what the rest of the term would have cost.",
    )
    clawback_discount = fields.Boolean(
        string="Take Back the Plan's Discount",
        compute="_compute_end_policy",
        store=True,
        readonly=False,
        precompute=True,
        help="Who ends before the term is over pays the days served without the "
        "discount of the billing plan.",
    )
    before_end = fields.Json(
        readonly=True,
        copy=False,
        help="Last day and renewal as they were before it was ended.",
    )

    settle_on = fields.Date(
        string="Settled On",
        readonly=True,
        copy=False,
        help="When all that is left to bill or to pay back is due, because it ends.",
    )

    _termination_fee_percent = models.Constraint(
        "CHECK(termination_fee_percent BETWEEN 0 AND 100)",
        "An early termination fee is between 0 and 100 % of what is left of the term.",
    )

    @api.depends("tier_id")
    def _compute_end_policy(self):
        for agreement in self.filtered(lambda a: not a._is_agreed()):
            tier = agreement.tier_id
            agreement.end_policy = tier.end_policy or "refund"
            agreement.termination_fee_percent = tier.termination_fee_percent
            agreement.clawback_discount = tier.clawback_discount

    # The transition

    def _why_not_end(self, last_day=None):
        self.ensure_one()
        if self.state not in ("proposed", "active", "suspended"):
            return self.env._("There is nothing to end: %s is not running.", self.name)
        if self.end_reason:
            return self.env._(
                "%(agreement)s ends on %(end)s already. Take that back first.",
                agreement=self.name,
                end=format_date(self.env, self.date_end),
            )
        if last_day and self.state != "proposed":
            return self._why_not_back_date(last_day)
        return None

    def _why_not_back_date(self, day):
        """What is past was served: only a manager says that it was not."""
        self.ensure_one()
        is_manager = self.env.user.has_group("service_agreement.group_manager")
        if day < self.company_id._service_today() and not (self.env.su or is_manager):
            return self.env._(
                "%(date)s is past. Choose today or a later day, or ask an "
                "administrator of service agreements.",
                date=format_date(self.env, day),
            )
        return None

    def action_end(self):
        self.ensure_one()
        self._ensure_can(type(self)._why_not_end)
        return self._get_wizard_action(
            "service.agreement.end", self.env._("End the Agreement")
        )

    def _end(self, last_day, reason, note=False, **terms):
        """Let it end with ``last_day``, at once where that day is past.

        :param date last_day: last day in force, included
        :param str reason: one of ``END_REASONS``
        :param terms: see :meth:`_plan_end`
        """
        self._ensure_can(lambda agreement: agreement._why_not_end(last_day))
        self.lock_for_update()
        # Sudo: facts, and what follows from them; rights were checked.
        for agreement in self.sudo():
            agreement._record_end(
                agreement._plan_end(last_day, reason, note=note, **terms)
            )
        self._expire()
        self._record_movements()
        self._after_end()

    def _after_end(self):
        """Hook: these agreements were just ended, or will end on a day ahead. Open
        tickets keep what they were promised; what is planned after the end goes.
        """

    def _record_end(self, ending):
        self.ensure_one()
        self.write(self._prepare_end_values(ending))
        self.env["service.agreement.line"].create(ending.lines)

    def _prepare_end_values(self, ending):
        self.ensure_one()
        values = {
            "end_reason": ending.reason,
            "end_note": ending.note,
            "auto_renew": False,
        }
        if self.state == "proposed":
            return {**values, "state": "ended"}
        values["settle_on"] = ending.settle_on
        if ending.last_day < self.date_start:
            # It never came into force: nobody was covered, all is paid back.
            return {**values, "state": "ended", "activated_on": False}
        before = {
            "date_end": fields.Date.to_string(self.date_end),
            "auto_renew": self.auto_renew,
        }
        return {**values, "date_end": ending.last_day, "before_end": before}

    def _expire(self):
        """End what is past its last day, for the reason given or because it expired."""
        for agreement in self.filtered(lambda a: a.state in ("active", "suspended")):
            today = agreement.company_id._service_today()
            if agreement.date_end and agreement.date_end < today:
                agreement.sudo().write(agreement._prepare_expire_values())

    def _prepare_expire_values(self):
        self.ensure_one()
        return {
            "state": "ended",
            "end_reason": self.end_reason or "expired",
            "auto_renew": False,
        }

    # Taking it back

    def _why_not_take_back_end(self):
        self.ensure_one()
        today = self.company_id._service_today()
        is_running = self.state in ("active", "suspended") and self.date_end
        if not (is_running and self.end_reason):
            return self.env._("%s is not about to end.", self.name)
        if self.date_end < today:
            return self.env._("%s is over: make a new agreement.", self.name)
        if self.line_ids.filtered(lambda ln: ln.is_settlement and ln.settled_until):
            return self.env._(
                "The end of %s is settled already: make a new agreement.", self.name
            )
        return self._why_not_undo_replacement()

    def action_take_back_end(self):
        """Keep it: last day and renewal are as before, nothing is settled."""
        self._ensure_can(type(self)._why_not_take_back_end)
        self.lock_for_update()
        for agreement in self.sudo():
            agreement._take_back_end()
        self._after_take_back_end()

    def _after_take_back_end(self):
        """Hook: the end of these agreements, which lay ahead, was taken back."""

    def _take_back_end(self):
        self.ensure_one()
        after = fields.Date.add(self.date_end, days=1)
        self.line_ids.filtered("is_settlement").unlink()
        self.write(self._prepare_take_back_values())
        # What was credited ahead of the end is charged again.
        self.env["service.agreement.period"]._mark_stale(self.line_ids, after)

    def _prepare_take_back_values(self):
        self.ensure_one()
        before = self.before_end or {}
        date_end = fields.Date.to_date(before.get("date_end"))
        today = self.company_id._service_today()
        if before.get("auto_renew") and date_end and date_end < today:
            # It would have been renewed meanwhile.
            date_end = self._get_term_end(today)
        return {
            "end_reason": False,
            "end_note": False,
            "before_end": False,
            "settle_on": False,
            "auto_renew": before.get("auto_renew", False),
            "date_end": date_end,
        }

    # Planning it

    def _get_policy_end(self, day, policy):
        """:return: the last day, where ``day`` is asked for: not after a last day that
        is decided; run out, not before the end of what is billed
        """
        self.ensure_one()
        if policy == "run_out":
            day = max(day, self._get_end_of_period(day))
        decided = self._get_last_day()
        return min(day, decided) if decided else day

    def _get_end_of_period(self, day):
        """:return: the last day of the period of ``day``, or of what is billed already
        where that is later; the latest of all charges
        """
        self.ensure_one()
        ends = [day]
        for line in self.line_ids.filtered(lambda ln: ln.charge == "recurring"):
            if line._serves(day):
                recurrence = line._get_recurrence()
                ends.append(recurrence.period(recurrence.index(day)).last_day)
            if line.settled_until:
                ends.append(fields.Date.subtract(line.settled_until, days=1))
        return max(ends)

    def _get_present_term(self, day):
        """:return: Period, the term that ends early if ``day`` is the last one: never
        one that a renewal has yet to open; None: open-ended
        """
        self.ensure_one()
        today = self.company_id._service_today()
        start, end = self.date_start, self.date_end
        if self.term_months:
            terms = Recurrence(start, "month", self.term_months)
            term = terms.period(terms.index(max(start, min(day, today))))
            start = term.start
            end = term.last_day if self._renews() or not end else end
        return end and Period(start, fields.Date.add(max(start, end), days=1))

    def _plan_end(
        self, last_day, reason, note=False, fee_percent=None, clawback_amount=None
    ):
        """What an end would be; nothing is written.

        :param float fee_percent: of the rest of the term; None: as agreed
        :param float clawback_amount: discount taken back; None: as agreed; what was
            agreed for an early end is not meant for a replacement
        :return: :class:`Ending`
        """
        self.ensure_one()
        settle_on = max(
            fields.Date.add(last_day, days=1), self.company_id._service_today()
        )
        lines = []
        if self.state != "proposed" and last_day >= self.date_start:
            charges = self._get_charges()[self]
            percent = (
                self._get_agreed_fee(reason) if fee_percent is None else fee_percent
            )
            lines += self._prepare_fee_lines(charges, last_day, percent)
            if clawback_amount is None:
                clawback_amount = self._get_agreed_clawback(last_day, reason)
            lines += self._prepare_clawback_lines(charges, clawback_amount)
            lines += self._prepare_overrun_lines(last_day)
        for number, values in enumerate(lines):
            values.update(
                agreement_id=self.id,
                sequence=SETTLEMENT_SEQUENCE + number,
                charge="one_off",
                quantity=1.0,
                is_settlement=True,
                date_start=last_day,
                bill_from=settle_on,
            )
        return Ending(last_day, settle_on, reason, note, lines)

    def _get_agreed_fee(self, reason):
        """:return: float, percent of the rest of the term: none for a replacement,
        with which the customer stays
        """
        self.ensure_one()
        return 0.0 if reason == "replaced" else self.termination_fee_percent

    def _get_agreed_clawback(self, last_day, reason):
        """:return: Decimal, the discount that is taken back by what was agreed"""
        self.ensure_one()
        if reason == "replaced" or not self.clawback_discount:
            return Decimal(0)
        return self._get_clawback(last_day)

    def _get_rest_of_term(self, last_day):
        """:return: Period after ``last_day`` within the present term, or None"""
        term = self._get_present_term(last_day)
        first = fields.Date.add(last_day, days=1)
        return Period(first, term.end) if term and first < term.end else None

    def _prepare_fee_lines(self, charges, last_day, percent):
        """:return: list of values, one line for all charges that bear the same taxes"""
        left = self._get_rest_of_term(last_day)
        groups = {}
        for charge in charges:
            groups.setdefault(charge.group, []).append(charge)
        lines = []
        for same in groups.values():
            amount = termination_fee(
                same, left, Decimal(str(percent)), self._get_rounding()
            )
            if amount:
                name = self._get_fee_name(percent, left)
                lines.append(self._prepare_settlement_line(same[0].key, name, amount))
        return lines

    def _get_fee_name(self, percent, left):
        env = self.with_context(lang=self._get_lang()).env
        return env._(
            "Early termination: %(percent)s %% of the rest of the term, %(first)s to "
            "%(last)s",
            percent=f"{percent:g}",
            first=format_date(env, left.start, date_format="medium"),
            last=format_date(env, left.last_day, date_format="medium"),
        )

    def _prepare_clawback_lines(self, charges, amount):
        """:return: list of values, of the one line that takes the discount back"""
        if not amount:
            return []
        env = self.with_context(lang=self._get_lang()).env
        name = env._("Discount of the billing plan, taken back")
        bearer = (self._get_discounted(charges) or [(charges[0], None)])[-1][0]
        return [self._prepare_settlement_line(bearer.key, name, amount)]

    def _get_clawback(self, last_day):
        """:return: Decimal, the plan's discount on the days served of a term that ends
        early, whether it was agreed to take it back or not
        """
        self.ensure_one()
        charges = self._get_charges()[self]
        left = self._get_rest_of_term(last_day)
        start = left and self._get_present_term(last_day).start
        served = left and Period(start, max(start, left.start))
        return clawback(self._get_discounted(charges), served, self._get_rounding())

    @api.model
    def _get_discounted(self, charges):
        """:return: list of (tools.charges.Charge, Decimal: percent off by the plan)"""
        return [
            (charge, Decimal(str(charge.key.plan_discount)))
            for charge in charges
            if charge.key.plan_discount
        ]

    def _get_rounding(self):
        return Decimal(str(self.currency_id.rounding))

    @api.model
    def _prepare_settlement_line(self, charge, name, amount):
        """:param charge: service.agreement.line that it is invoiced like"""
        terms = charge._get_term_values()
        kept = {k: v for k, v in terms.items() if k in INVOICED_LIKE}
        return {
            **charge._prepare_term_values(kept),
            "name": name,
            "price_unit": float(amount),
            "discount": 0.0,
        }

    # Preview

    def _preview_end(self, ending):
        """What would be billed and credited until it is settled, without ending it.

        :return: list of tools.charges.Invoice; keys are lines, those of the settlement
            in memory only
        """
        self.ensure_one()
        agreement = self.sudo()
        if agreement.state == "proposed":
            return []
        charges = agreement._get_ending_charges(ending)
        return list(islice(schedule(charges, "credit_note"), PREVIEWED_INVOICES))

    def _get_ending_charges(self, ending):
        """:return: list of tools.charges.Charge, as :meth:`_record_end` leaves them"""
        self.ensure_one()
        facts = {"last_day": ending.last_day, "settle_on": ending.settle_on}
        lines = self._get_charge_lines()
        waivers = self._get_waivers(lines, **facts)
        known = dict.fromkeys(lines, facts)
        charges = self._get_known_charges(known, waivers)
        over = [w._to_waiver(**facts) for w in self.waiver_ids if not w.line_id]
        for values in ending.lines:
            # A record in memory only: it tells its terms as one on record would.
            line = self.env["service.agreement.line"].new(values)
            charges.append(line._to_charge([], over, **facts))
        return charges
