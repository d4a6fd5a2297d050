import json
from dataclasses import replace
from decimal import Decimal
from itertools import islice
from typing import NamedTuple

from markupsafe import Markup

from odoo import api, fields, models
from odoo.tools import format_amount, format_date

from ..tools.billing_period import Recurrence
from ..tools.charge_history import Change, Existing, Stretch, assign, replay, values_on
from ..tools.charges import schedule
from .service_agreement_line import TERMS
from .service_words import format_number

TIMINGS = [
    ("next_invoice", "On the next invoice"),
    ("at_once", "On an invoice of its own"),
]
KINDS = [
    ("change", "Change"),
    ("escalation", "Price increase"),
    ("catalogue", "Brought up to date"),
]
# Sorts after every change that is on record.
PENDING = float("inf")


class PendingChange(NamedTuple):
    """A change that is not on record yet, for previews and for those who record it.

    :param day: from which it holds
    :param values: {first stretch of a charge: {name of a term: value}}; "factor"
        multiplies the price, "removed" ends the charge
    :param additions: list of values of charges to add, with all their terms
    """

    day: fields.Date
    values: dict
    additions: list
    timing: str = "next_invoice"
    tier: models.Model | None = None
    plan: models.Model | None = None
    kind: str = "change"
    note: str | bool = False


class PlannedStretch(NamedTuple):
    """A stretch of a charge as facts want it.

    :param origin: first stretch, a service.agreement.line; or None for an addition
    :param line: what is on record of it; None: to be made
    :param continued: another stretch follows
    """

    origin: models.Model | None
    stretch: Stretch
    line: models.Model | None
    continued: bool = False


class ServiceAgreementChange(models.Model):
    """A dated fact: what is different from a day on (SEMANTICS §2).

    How it works: it holds what changes and nothing else. The stretches of the charges
    (``service.agreement.line``) are derived by replaying all changes by date, so that
    changes entered late, or in any order, end as if entered in order.
    """

    _name = "service.agreement.change"
    _inherit = ["service.agreement.guard"]
    _description = "Change of a Service Agreement"
    _order = "date desc, id desc"
    _rec_name = "summary"
    _check_company_auto = True

    agreement_id = fields.Many2one(
        "service.agreement",
        required=True,
        readonly=True,
        ondelete="cascade",
        index=True,
    )
    company_id = fields.Many2one(
        related="agreement_id.company_id", store=True, index=True
    )
    partner_id = fields.Many2one(related="agreement_id.partner_id")
    currency_id = fields.Many2one(related="agreement_id.currency_id")
    kind = fields.Selection(KINDS, required=True, default="change", readonly=True)
    date = fields.Date(string="From", required=True, readonly=True)
    timing = fields.Selection(
        TIMINGS,
        string="Difference Is Billed",
        required=True,
        default="next_invoice",
        readonly=True,
    )
    bill_on = fields.Date(
        string="Billed On",
        readonly=True,
        help="When the difference to what was billed already is due.",
    )
    tier_id = fields.Many2one(
        "service.agreement.tier",
        string="New Tier",
        readonly=True,
        check_company=True,
        ondelete="restrict",
    )
    old_tier_id = fields.Many2one(
        "service.agreement.tier",
        string="Tier Before",
        readonly=True,
        ondelete="restrict",
        help="The tier in force on that day when the change was entered.",
    )
    plan_id = fields.Many2one(
        "service.agreement.plan",
        string="New Plan",
        readonly=True,
        check_company=True,
        ondelete="restrict",
    )
    note = fields.Char(string="Reason", readonly=True)
    is_applied = fields.Boolean(
        readonly=True, help="Tier and plan of the agreement are those of this change."
    )
    is_withdrawn = fields.Boolean(
        string="Taken Back", readonly=True, help="It holds no longer, for any day."
    )
    line_ids = fields.One2many(
        "service.agreement.change.line", "change_id", readonly=True
    )
    summary = fields.Char(compute="_compute_summary", store=True)

    @api.depends("line_ids.summary", "tier_id", "plan_id", "kind")
    def _compute_summary(self):
        kinds = dict(self._fields["kind"]._description_selection(self.env))
        for change in self:
            described = "; ".join(change._get_parts())
            change.summary = described or kinds[change.kind]

    def _get_parts(self):
        """:return: list of str, what is different, in words"""
        self.ensure_one()
        parts = []
        if self.tier_id:
            parts.append(self.env._("Tier %(tier)s", tier=self.tier_id.name))
        if self.plan_id:
            parts.append(self.env._("Billing plan %(plan)s", plan=self.plan_id.name))
        return parts + self.line_ids.mapped("summary")

    def _get_message(self):
        """:return: Markup, what is told in the chatter"""
        self.ensure_one()
        title = self.env._(
            "Different from %(date)s on:",
            date=format_date(self.env, self.date, date_format="long"),
        )
        parts = self._get_parts() or [self.summary]
        body = Markup("<p>%s</p><ul>%s</ul>") % (
            title,
            Markup().join(Markup("<li>%s</li>") % part for part in parts),
        )
        if self.note:
            body += Markup("<p>%s</p>") % self.env._("Reason: %s", self.note)
        return body

    def action_withdraw(self):
        """Take it back: for a change that was a mistake, or will not come."""
        for change in self:
            change.agreement_id._withdraw_change(change)


class ServiceAgreementChangeLine(models.Model):
    """What a change says of one charge: the terms that are new, as JSON."""

    _name = "service.agreement.change.line"
    _inherit = ["service.agreement.guard"]
    _description = "Change of a Charge"
    _order = "change_id, id"

    change_id = fields.Many2one(
        "service.agreement.change",
        required=True,
        readonly=True,
        ondelete="cascade",
        index=True,
    )
    company_id = fields.Many2one(related="change_id.company_id", store=True, index=True)
    origin_id = fields.Many2one(
        "service.agreement.line",
        string="Charge",
        required=True,
        readonly=True,
        ondelete="cascade",
        index=True,
    )
    is_addition = fields.Boolean(readonly=True)
    is_withdrawn = fields.Boolean(related="change_id.is_withdrawn")
    terms = fields.Json(readonly=True, help="The terms that are new, by name.")
    summary = fields.Char(compute="_compute_summary", store=True)

    @api.depends("terms", "origin_id", "is_addition")
    def _compute_summary(self):
        for line in self:
            name = (line.terms or {}).get("name") or line.origin_id.name
            what = name.partition("\n")[0]
            line.summary = f"{what}: {line._describe()}"

    def _describe(self):
        """:return: str, "price $ 149.00, quantity 2" """
        self.ensure_one()
        if self.is_addition:
            return self.env._("added")
        terms = self.terms or {}
        if terms.get("removed"):
            return self.env._("ends")
        if terms.get("factor"):
            percent = (Decimal(terms["factor"]) - 1) * 100
            return self.env._(
                "%(percent)s %% more", percent=f"{percent:f}".rstrip("0").rstrip(".")
            )
        return ", ".join(self._describe_terms(terms)) or self.env._("new terms")

    def _describe_terms(self, terms):
        """:return: list of str, one for each figure that is new"""
        currency = self.origin_id.currency_id
        texts = []
        if "price_unit" in terms:
            price = format_amount(self.env, float(terms["price_unit"]), currency)
            texts.append(self.env._("price %s", price))
        if "quantity" in terms:
            number = format_number(self.env, terms["quantity"])
            texts.append(self.env._("quantity %s", number))
        if "discount" in terms:
            percent = format_number(self.env, terms["discount"])
            texts.append(self.env._("discount %s %%", percent))
        return texts

    def _to_change(self):
        """:return: tools.charge_history.Change"""
        self.ensure_one()
        values = {
            name: _from_json(name, value) for name, value in (self.terms or {}).items()
        }
        return Change(self.change_id.date, self.change_id.id, values)


class ServiceAgreementLine(models.Model):
    _inherit = "service.agreement.line"

    change_line_ids = fields.One2many(
        "service.agreement.change.line", "origin_id", readonly=True
    )

    def _get_term_values(self):
        """:return: dict of this stretch's terms, comparable with those of another"""
        self.ensure_one()
        values = {}
        for name in TERMS:
            if name in self._fields:
                field = self._fields[name]
                values[name] = self._comparable(field, self[name])
        return values

    @api.model
    def _comparable(self, field, value):
        if field.relational:
            ids = tuple(sorted(value.ids))
            return ids if field.type == "many2many" else value.id
        if field.type in ("float", "monetary"):
            return Decimal(str(value or 0)).normalize()
        if field.type == "json":
            return json.dumps(value, sort_keys=True) if value else False
        return value

    @api.model
    def _prepare_term_values(self, values):
        """:return: ``values`` as of :meth:`_get_term_values`, as the ORM wants them"""
        prepared = {}
        for name in values.keys() & self._fields.keys():
            field, value = self._fields[name], values[name]
            if field.type == "many2many":
                value = [fields.Command.set(value)]
            elif isinstance(value, Decimal):
                value = float(value)
            elif field.type == "json" and value:
                value = json.loads(value)
            prepared[name] = value
        return prepared

    def _get_terms_on(self, day):
        """:return: the terms of this charge on ``day``, as facts have it; with
        "removed" where it has ended
        """
        self.ensure_one()
        rounding = Decimal(str(self.currency_id.rounding))
        facts = self.change_line_ids.filtered(lambda line: not line.is_withdrawn)
        changes = [line._to_change() for line in facts]
        return values_on(day, self._get_term_values(), changes, rounding)

    def _prepare_adapt_values(self, end, bill_on, continued=False):
        """:param bool continued: another stretch follows
        :return: values that make this stretch end where the facts want it to
        """
        self.ensure_one()
        now = self.superseded_on or None
        if now == end and self.is_continued == continued:
            return {}
        values = {"superseded_on": end or False, "is_continued": continued}
        if self.settled_until and now != end:
            values["adjust_on"] = bill_on
            if now and (not end or end > now):
                # Served again, it waits for the invoice that gives back the others.
                values["bill_from"] = bill_on
        return values

    def _get_open_since(self, facts):
        """:return: the threshold as on record and under ``facts``, or None"""
        thresholds = (self._get_threshold(), self._get_threshold(**facts))
        return min(filter(None, thresholds), default=None)

    def _adapt(self, end, bill_on, continued=False):
        """Let it end where the facts want it to; what was billed from the earlier of
        both ends on is looked at again.
        """
        self.ensure_one()
        ends = list(filter(None, (self.superseded_on, end)))
        if values := self._prepare_adapt_values(end, bill_on, continued):
            self.write(values)
            self.env["service.agreement.period"]._mark_stale(self, min(ends))

    def _withdraw(self, bill_on):
        """Facts no longer want this stretch: it is as if it had never been served."""
        for line in self:
            if line.settled_until or not line.origin_id:
                start, _end = line._get_window(superseded_on=False)
                line._adapt(start, bill_on)
            else:
                line.unlink()


class ServiceAgreement(models.Model):
    """Changes in mid-term: what they would do, and doing it.

    ``_preview_change`` and ``_change`` go the same way up to the last step, which
    either asks for the invoices that follow or writes.
    """

    _inherit = "service.agreement"

    change_ids = fields.One2many(
        "service.agreement.change", "agreement_id", string="Changes", readonly=True
    )
    current_line_ids = fields.Many2many(
        "service.agreement.line",
        compute="_compute_split_lines",
        string="Charges Now and Later",
    )
    past_line_ids = fields.Many2many(
        "service.agreement.line",
        compute="_compute_split_lines",
        string="Earlier Charges",
    )

    @api.depends("line_ids.is_current", "line_ids.superseded_on", "line_ids.charge")
    def _compute_split_lines(self):
        for agreement in self:
            void = agreement.line_ids.filtered(
                lambda line: (
                    line.superseded_on and line.superseded_on <= line.served_from
                )
            )
            current = agreement.line_ids.filtered(
                lambda ln: (
                    ln.is_current and not (ln.charge == "one_off" and ln.settled_until)
                )
            )
            agreement.current_line_ids = current.sorted(
                lambda line: (line.sequence, line.served_from, line.id)
            )
            past = agreement.line_ids - current - void
            agreement.past_line_ids = past.sorted("served_from", reverse=True)

    def action_change(self):
        """Open the wizard that shows what a change does before it is confirmed."""
        self.ensure_one()
        self._ensure_can(type(self)._why_not_change)
        return {
            "name": self.env._("Change %s", self.name),
            "type": "ir.actions.act_window",
            "res_model": "service.agreement.change.wizard",
            "view_mode": "form",
            "target": "new",
            "context": {
                "default_agreement_id": self.id,
                "dialog_size": "extra-large",
            },
        }

    def _why_not_change(self, day=None):
        self.ensure_one()
        if self.state not in ("active", "suspended"):
            return self.env._(
                "%s is not in force: edit its charges directly.", self.name
            )
        if day and day < self.date_start:
            return self.env._(
                "%(agreement)s starts on %(start)s: a change cannot hold before.",
                agreement=self.name,
                start=format_date(self.env, self.date_start),
            )
        last_day = self._get_last_day()
        if day and last_day and day > last_day:
            return self.env._(
                "%(agreement)s ends on %(end)s: a change afterwards has no effect.",
                agreement=self.name,
                end=format_date(self.env, last_day),
            )
        return None

    def _change(self, pending):
        """Record a change and derive the stretches of the charges anew.

        :param PendingChange pending:
        :return: service.agreement.change
        :raise UserError: the agreement cannot be changed from that day
        """
        self.ensure_one()
        self._ensure_can(lambda agreement: agreement._why_not_change(pending.day))
        return self._apply_change(pending)

    def _apply_change(self, pending):
        """:return: service.agreement.change; whether it may be was asked before"""
        self.ensure_one()
        self.lock_for_update()
        # Sudo: a fact, and what follows from it; rights were checked.
        agreement = self.sudo()
        bill_on = agreement._get_bill_on(pending)
        opening = agreement._get_opening_bill_date()
        change = agreement._record_change(pending, bill_on, opening)
        agreement._write_stretches(
            agreement._plan_stretches(), change, bill_on, opening
        )
        agreement._refresh_terms()
        agreement._after_change(change)
        return change.with_env(self.env)

    def _after_change(self, change):
        """Hook for bridges: ``change`` was just recorded."""
        self.message_post(body=change._get_message())

    def _record_change(self, pending, bill_on, opening):
        late = self._bills_late(None, pending.day)
        Change = self.env["service.agreement.change"]
        change = Change.create(self._prepare_change_values(pending, bill_on))
        lines = [
            {
                "change_id": change.id,
                "origin_id": origin.id,
                "terms": {k: _to_json(v) for k, v in terms.items()},
            }
            for origin, terms in pending.values.items()
        ]
        for terms in pending.additions:
            addition = self._create_addition(
                terms, change, bill_on if late else opening
            )
            lines.append(
                {"change_id": change.id, "origin_id": addition.id, "is_addition": True}
            )
        self.env["service.agreement.change.line"].create(lines)
        return change

    def _prepare_change_values(self, pending, bill_on):
        self.ensure_one()
        return {
            "agreement_id": self.id,
            "kind": pending.kind,
            "date": pending.day,
            "timing": pending.timing,
            "bill_on": bill_on,
            "tier_id": pending.tier.id if pending.tier else False,
            "old_tier_id": pending.tier and self._get_tier_on(pending.day).id,
            "plan_id": pending.plan.id if pending.plan else False,
            "note": pending.note,
        }

    def _create_addition(self, terms, change, bill_from):
        self.ensure_one()
        Line = self.env["service.agreement.line"]
        return Line.create(
            {
                **Line._prepare_term_values(terms),
                "charge": terms.get("charge", "recurring"),
                "agreement_id": self.id,
                "date_start": change.date,
                "change_id": change.id,
                "bill_from": bill_from,
            }
        )

    def _refresh_terms(self):
        """Take over tier and plan from the day their change holds; until then it is
        recorded, and billing knows, but tickets go by what is promised now.
        """
        for agreement in self:
            today = agreement.company_id._service_today()
            past = agreement.change_ids.filtered(
                lambda c, day=today: c.date <= day and not c.is_withdrawn
            ).sorted(lambda change: (change.date, change.id))
            if not (due := past.filtered(lambda change: not change.is_applied)):
                continue
            if due.plan_id:
                agreement._take_over_plan(past.filtered("plan_id")[-1:])
            if due.tier_id:
                agreement._take_over_tier(past.filtered("tier_id")[-1:].tier_id)
            due.is_applied = True

    def _take_over_plan(self, change):
        self.ensure_one()
        self.write(
            {
                "plan_id": change.plan_id.id,
                "anchor_date": change.plan_id._get_anchor(change.date),
            }
        )

    def _take_over_tier(self, tier):
        """The tier's promise holds for tickets from now on; open ones keep theirs.

        Texts go with it; term, notice and ending stay as they were signed.
        """
        self.ensure_one()
        tier = tier.with_context(lang=self._get_lang())
        self.target_ids.unlink()
        self.write(
            {
                "tier_id": tier.id,
                # Also the last day: it would be counted anew, from the first term.
                "date_end": self.date_end,
                "highlights": tier.highlights,
                "exclusions": tier.exclusions,
            }
        )
        self._freeze_promise()

    # What holds on a day

    def _get_terms_on(self, day):
        """What is charged again and again on ``day``, or will be from a later day on.

        :return: {first stretch, a service.agreement.line: {name of a term: value}}
        """
        self.ensure_one()
        found = {}
        origins = self.line_ids.filtered(
            lambda ln: not ln.origin_id and not ln.change_id.is_withdrawn
        )
        for origin in origins:
            terms = origin._get_terms_on(day)
            over = terms["date_end"] and terms["date_end"] < day
            if origin.charge == "recurring" and not over and not terms.get("removed"):
                found[origin] = terms
        return found

    def _get_tier_on(self, day):
        """:return: the tier that is promised on ``day``, as far as is known now"""
        self.ensure_one()
        changes = self.change_ids.filtered("tier_id")
        past = changes.filtered(lambda c: c.date <= day and not c.is_withdrawn)
        if past:
            return past.sorted(lambda change: (change.date, change.id))[-1].tier_id
        return changes.sorted("id")[:1].old_tier_id or self.tier_id

    def _get_main_terms_on(self, day):
        """:return: the terms of the charge that tier and plan suggested, or else of the
        first one; empty where nothing is charged
        """
        self.ensure_one()
        held = list(self._get_terms_on(day).values())
        return next((t for t in held if t["is_suggested"]), next(iter(held), {}))

    def _get_plan_on(self, day):
        """:return: the billing plan on ``day``, as far as is known now"""
        plan_id = self._get_main_terms_on(day).get("plan_id")
        return self.env["service.agreement.plan"].browse(plan_id) or self.plan_id

    def _get_next_period_start(self, day):
        """:return: date; the first one after ``day`` on which a period begins"""
        terms = self.sudo()._get_main_terms_on(day)
        return self._get_whole_period(terms, day).end if terms else False

    def _get_renewal_day(self, day):
        """:return: date; first day of the term after that of ``day``; False: none"""
        self.ensure_one()
        last_day = self._get_term_end(day) if self._renews() else False
        return last_day and fields.Date.add(last_day, days=1)

    # Taken back

    def _why_not_withdraw(self, change):
        self.ensure_one()
        if change.is_withdrawn:
            return self.env._("This change is already taken back.")
        if change.is_applied and (change.tier_id or change.plan_id):
            return self.env._(
                "Tier or plan are already changed: change them again instead."
            )
        return self._why_not_change()

    def _withdraw_change(self, change):
        """Let ``change`` hold no longer: what it made is credited or charged again."""
        self.ensure_one()
        self._ensure_can(lambda agreement: agreement._why_not_withdraw(change))
        self.lock_for_update()
        agreement, change = self.sudo(), change.sudo()
        bill_on = agreement._get_bill_on(PendingChange(change.date, {}, []))
        opening = agreement._get_opening_bill_date()
        change.is_withdrawn = True
        agreement._write_stretches(
            agreement._plan_stretches(), change, bill_on, opening
        )
        agreement.message_post(
            body=self.env._(
                "Taken back: the change from %(date)s on (%(summary)s).",
                date=format_date(self.env, change.date),
                summary=change.summary,
            )
        )
        agreement._record_movements(change.date)

    # When a difference is billed

    def _get_bill_on(self, pending):
        """:return: date on which the difference to what is billed already is due: with
        the first invoice on or after the change, or on its own day
        """
        self.ensure_one()
        first = max(pending.day, self.company_id._service_today())
        if pending.timing == "at_once":
            return first
        days = self._get_regular_days(pending, first)
        for invoice in self._get_schedules()[self]:
            if invoice.due >= pending.day:
                days.append(invoice.due)
                break
        return min(days, default=first)

    def _get_regular_days(self, pending, first):
        """From a year to months, nobody waits until the year is over.

        :return: list of the first regular invoice dates of new billing plans
        """
        days = []
        for origin, values in pending.values.items():
            terms = {**origin._get_term_values(), **values}
            if terms["plan_id"] != origin.plan_id.id and not values.get("removed"):
                period = self._get_whole_period(terms, first)
                is_due = period.start == first and not terms["is_arrears"]
                days.append(first if is_due else period.end)
        return days

    def _get_opening_bill_date(self):
        """:return: date from which on stretches are billed whose days are not: they
        ride on the invoice of the period they fall in
        """
        self.ensure_one()
        return self.next_invoice_date or self.company_id._service_today()

    def _bills_late(self, origin, day):
        """Whether days from ``day`` on are billed: then the change rides on a later
        invoice. An added charge follows those that are there.
        """
        lines = (origin | origin.stretch_ids) if origin else self.line_ids
        if origin and not any(lines.mapped("settled_until")):
            lines = self.line_ids
        settled = [
            line.settled_until
            for line in lines
            if line.settled_until and line.charge == "recurring"
        ]
        return bool(settled) and max(settled) > day

    # Stretches

    def _plan_stretches(self, pending=None):
        """What stretches the facts want, with those of ``pending`` where it is given.

        :return: (list of :class:`PlannedStretch`, service.agreement.line: those on
        record that are no longer wanted)
        """
        self.ensure_one()
        planned, unwanted = [], self.env["service.agreement.line"]
        for origin in self.line_ids.filtered(lambda line: not line.origin_id):
            pairs, rest = self._plan_charge(origin, pending)
            planned += pairs
            unwanted |= rest
        for terms in pending.additions if pending else ():
            planned.append(
                PlannedStretch(None, Stretch(pending.day, None, terms), None)
            )
        return planned, unwanted

    def _plan_charge(self, origin, pending):
        facts = origin.change_line_ids.filtered(lambda line: not line.is_withdrawn)
        changes = [line._to_change() for line in facts]
        if pending and origin in pending.values:
            changes.append(Change(pending.day, PENDING, pending.values[origin]))
        start = max(filter(None, (origin.date_start, self.date_start)))
        stretches = replay(
            start,
            origin._get_term_values(),
            changes,
            self._get_whole_period if origin.charge == "recurring" else _no_period,
            Decimal(str(self.currency_id.rounding)),
        )
        existing = [
            Existing(line, line.date_start or start, line._get_term_values())
            for line in origin | origin.stretch_ids
        ]
        if origin.change_id.is_withdrawn:
            stretches = []
        pairs, unwanted = assign(stretches, existing)
        lines = self.env["service.agreement.line"].union(*unwanted)
        starts = {stretch.start for stretch in stretches}
        return [
            PlannedStretch(origin, stretch, line, stretch.end in starts)
            for stretch, line in pairs
        ], lines

    def _get_whole_period(self, values, day):
        """:return: the aligned period of ``day`` under the terms ``values``"""
        plan = self.env["service.agreement.plan"].browse(values["plan_id"])
        recurrence = Recurrence(values["anchor_date"], plan.unit, plan.interval)
        return recurrence.period(recurrence.index(day))

    def _write_stretches(self, plan, change, bill_on, opening):
        """Make the lines what the facts want; what was billed stays where it is."""
        planned, unwanted = plan
        for each in planned:
            if each.line:
                each.line._adapt(each.stretch.end, bill_on, each.continued)
            else:
                self._create_stretch(each, change, bill_on, opening)
        unwanted._withdraw(bill_on)

    def _create_stretch(self, planned, change, bill_on, opening):
        origin, stretch = planned.origin, planned.stretch
        late = self._bills_late(origin, stretch.start)
        Line = self.env["service.agreement.line"]
        return Line.create(
            {
                **Line._prepare_term_values(stretch.values),
                "agreement_id": self.id,
                "charge": origin.charge,
                "sequence": origin.sequence,
                "origin_id": origin.id,
                "change_id": change.id,
                "date_start": stretch.start,
                "superseded_on": stretch.end,
                "is_continued": planned.continued,
                "bill_from": bill_on if late else opening,
            }
        )

    # Preview

    def _preview_change(self, pending, count=12):
        """What a change would do, without doing it.

        :return: (invoices as they are now, invoices with the change): two lists of the
        next ``count`` tools.charges.Invoice; keys are lines, or PlannedStretch of those
        to be made
        """
        self.ensure_one()
        return self._get_next_invoices(count), self._get_changed_invoices(
            pending, count
        )

    def _get_changed_invoices(self, pending, count):
        charges = self._get_changed_charges(pending)
        return list(islice(schedule(charges, self._get_credit_policy()), count))

    def _get_changed_charges(self, pending):
        """:return: list of tools.charges.Charge, as they would be after a change"""
        self.ensure_one()
        agreement = self.sudo()
        bill_on = agreement._get_bill_on(pending)
        opening = agreement._get_opening_bill_date()
        planned, unwanted = agreement._plan_stretches(pending)
        return agreement._get_planned_charges(planned, unwanted, bill_on, opening)

    def _get_planned_charges(self, planned, unwanted, bill_on, opening):
        """:return: list of tools.charges.Charge, as :meth:`_write_stretches` would
        leave them
        """
        self.ensure_one()
        known = {
            each.line: each.line._prepare_adapt_values(
                each.stretch.end, bill_on, each.continued
            )
            for each in planned
            if each.line
        }
        for line in unwanted:
            start, _end = line._get_window(superseded_on=False)
            known[line] = line._prepare_adapt_values(start, bill_on)
        rest = self._get_charge_lines() - self.line_ids
        charges = self._get_known_charges(known | {line: {} for line in rest})
        for each in planned:
            if not each.line:
                late = self._bills_late(each.origin, each.stretch.start)
                charges.append(self._get_new_charge(each, bill_on if late else opening))
        return charges

    def _get_known_charges(self, known, waivers=None):
        """
        :param dict known: {line on record: what would be written to it}
        :param waivers: as of :meth:`_get_waivers`; default those on record
        """
        billed = self.env["service.agreement.period"]._get_relevant(
            {line.id: line._get_open_since(facts) for line, facts in known.items()}
        )
        if waivers is None:
            lines = self.env["service.agreement.line"].union(*known)
            waivers = self._get_waivers(lines)
        return [
            line._to_charge(billed.get(line.id, []), waivers[line], **facts)
            for line, facts in known.items()
            if line._is_billable()
        ]

    def _get_new_charge(self, planned, bill_from):
        """:return: tools.charges.Charge of a stretch that is not on record"""
        line = self._get_planned_line(planned, bill_from)
        waivers = [w._to_waiver() for w in self.waiver_ids if not w.line_id]
        new = line._to_charge([], waivers)
        return replace(new, key=planned)

    def _get_planned_line(self, planned, bill_from=False):
        """:return: a service.agreement.line in memory only: it tells terms, window and
        amounts as one on record would
        """
        Line = self.env["service.agreement.line"]
        origin, stretch = planned.origin, planned.stretch
        charge = origin.charge if origin else stretch.values.get("charge", "recurring")
        return Line.new(
            {
                **Line._prepare_term_values(stretch.values),
                "agreement_id": self.id,
                "charge": charge,
                "date_start": stretch.start,
                "superseded_on": stretch.end,
                "is_continued": planned.continued,
                "bill_from": bill_from,
            }
        )


def _no_period(_values, _day):
    return None


def _to_json(value):
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, tuple):
        return list(value)
    return fields.Date.to_string(value) if hasattr(value, "year") else value


def _from_json(name, value):
    if name in ("quantity", "price_unit", "discount", "factor"):
        return Decimal(value).normalize()
    if name in ("anchor_date", "date_end"):
        return value and fields.Date.to_date(value)
    return tuple(value) if name == "tax_ids" else value
