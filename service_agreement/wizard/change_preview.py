"""What a change would do, as data that a form shows.

How to use::

    ChangePreview(agreement, pending).to_json()

Everything is read from the two lists of charges, as they are and as they would be; the
invoices are those of ``tools/charges.py`` that the billing run makes. Amounts are
before taxes, also where prices include them.
"""

from collections import Counter
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property
from itertools import islice, takewhile

from odoo.tools import format_date

from ..models.service_agreement_schedule import PREVIEWED_INVOICES
from ..tools.charges import differences, schedule, unbilled


@dataclass(frozen=True)
class Row:
    """One line of an invoice, as the same line of the other list is told by."""

    name: str
    period: str
    share: str
    start: date
    is_credit: bool


class ChangePreview:
    """The difference that a change makes: at once, on the next invoices, in promise.

    :param agreement: service.agreement; the caller checked the rights, from here on
        superuser reads taxes and billed periods
    :param PendingChange pending:
    """

    def __init__(self, agreement, pending, count=PREVIEWED_INVOICES):
        self.agreement = agreement.sudo()
        self.env = self.agreement.env
        self.pending = pending
        self.count = count
        self.now = self.agreement._get_charges()[self.agreement]
        self.then = self.agreement._get_changed_charges(pending)
        self._lines = {}

    def to_json(self):
        """
        :return: dict: ``difference`` (rows, net, billed on), ``invoices`` (rows by due
            date, totals), ``promise`` (rows), ``mrr`` (now, then)
        """
        return {
            "difference": self._get_difference(),
            "invoices": self._get_invoices(),
            "promise": self._get_promise(),
            "mrr": self._get_mrr(),
        }

    # Lines and amounts

    def _get_line(self, charge):
        """:return: service.agreement.line, in memory for one that is to be made"""
        key = charge.key
        if not isinstance(key, tuple):
            return key
        if id(key) not in self._lines:
            self._lines[id(key)] = self.agreement._get_planned_line(key)
        return self._lines[id(key)]

    def _get_origin(self, charge):
        """:return: first stretch; None for an addition"""
        key = charge.key
        return key.origin if isinstance(key, tuple) else key.origin_id or key

    def _get_amount(self, piece):
        return self._get_line(piece.charge)._get_untaxed_amount(piece)

    def _get_row(self, piece):
        name = self._get_line(piece.charge).name or ""
        is_once = piece.charge.terms.recurrence is None
        return Row(
            name=name.partition("\n")[0],
            period="" if is_once else self._describe_period(piece.part),
            share="" if piece.part == piece.whole else self._describe_share(piece),
            start=piece.part.start,
            is_credit=bool(piece.adjusts),
        )

    def _describe_period(self, period):
        first, last = (self._format(day) for day in (period.start, period.last_day))
        return first if first == last else f"{first} – {last}"

    def _describe_share(self, piece):
        return self.env._(
            "%(part)s of %(whole)s days", part=piece.part.days, whole=piece.whole.days
        )

    def _format(self, day):
        return format_date(self.env, day, date_format="medium")

    # What is credited and charged because of it

    def _get_difference(self):
        """What changes for days that are billed already or whose period has begun."""
        found = [*self._get_corrections(), *self._get_started()]
        found.sort(key=lambda pair: (pair[0].start, pair[1] >= 0))
        rows = [self._to_json(row, amount=amount) for row, amount in found]
        net = self._round(sum(amount for _row, amount in found))
        return {"rows": rows, "net": net, "billed_on": self._get_billed_on()}

    def _get_corrections(self):
        """:return: list of (row, amount): of days billed already"""
        now, then = (
            {p.adjusts.key: p for charge in charges for p in differences(charge)}
            for charges in (self.now, self.then)
        )
        pairs = []
        for key in {**now, **then}:
            piece = then.get(key) or now[key]
            amount = sum(p[key].amount for p in (then,) if key in p)
            amount -= sum(p[key].amount for p in (now,) if key in p)
            if amount:
                changed = replace(piece, amount=amount)
                pairs.append((self._get_row(changed), self._get_amount(changed)))
        return pairs

    def _get_started(self):
        """:return: list of (row, amount): of days that are not billed yet, in periods
        that have begun when the change comes
        """
        amounts = Counter()
        for sign, charges in ((-1, self.now), (1, self.then)):
            for piece in self._get_started_pieces(charges):
                amounts[self._get_row(piece)] += sign * self._get_amount(piece)
        return [
            (row, self._round(amount))
            for row, amount in amounts.items()
            if self._round(amount)
        ]

    def _get_started_pieces(self, charges):
        for charge in charges:
            until = self._get_begun_until(charge)
            yield from takewhile(
                lambda piece, day=until: piece.part.start < day, unbilled(charge)
            )

    def _get_begun_until(self, charge):
        """:return: first day after the period that the change falls in, or after what
        is billed, whichever is later; of an addition: that of the charges beside it
        """
        if not charge.terms.recurrence:
            return date.max
        origin = self._get_origin(charge)
        same = [
            each
            for each in self.now
            if each.terms.recurrence
            and (origin is None or self._get_origin(each) == origin)
        ]
        return max(map(self._get_begun_until_of, same or [charge]))

    def _get_begun_until_of(self, charge):
        day = self.pending.day
        if charge.end and charge.end <= day:
            return day
        recurrence = charge.terms.recurrence
        whole = recurrence.period(recurrence.index(day))
        begun = whole.end if whole.start < day else day
        return max(begun, charge.settled or begun)

    def _get_billed_on(self):
        """:return: str or False: the day of the first invoice that is different"""
        for invoice in self._invoices:
            if invoice["lines"] and invoice["with"] != invoice["without"]:
                return invoice["date"]
        return False

    # The next invoices with and without

    def _get_invoices(self):
        rows = self._invoices
        totals = {
            name: self._round(sum(row[name] for row in rows if not row["forfeited"]))
            for name in ("without", "with", "difference")
        }
        return {"rows": rows, "totals": totals}

    @cached_property
    def _invoices(self):
        """:return: list of dict, one for each due date and kind"""
        now, then = (self._get_schedule(charges) for charges in (self.now, self.then))
        until = min(
            (found[-1].due for found in (now, then) if len(found) == self.count),
            default=date.max,
        )
        now, then = (
            {(i.due, i.kind): i for i in found if i.due <= until}
            for found in (now, then)
        )
        return [
            self._prepare_invoice(*key, now.get(key), then.get(key))
            for key in sorted({**now, **then})
        ]

    def _get_schedule(self, charges):
        policy = self.agreement._get_credit_policy()
        return list(islice(schedule(charges, policy), self.count))

    def _prepare_invoice(self, due, kind, now, then):
        without, changed = (self._get_totals(each) for each in (now, then))
        return {
            "date": self._format(due),
            "day": due.isoformat(),
            "kind": kind,
            "forfeited": kind == "forfeit",
            "without": without["untaxed"],
            "with": changed["untaxed"],
            "difference": self._round(changed["untaxed"] - without["untaxed"]),
            "total": changed["total"],
            "is_made_without": now is not None,
            "is_made_with": then is not None,
            "lines": self._compare_lines(now, then),
        }

    def _compare_lines(self, now, then):
        amounts = {}
        for name, invoice in (("without", now), ("with", then)):
            for piece in invoice.pieces if invoice else ():
                found = amounts.setdefault(
                    self._get_row(piece), {"without": None, "with": None}
                )
                found[name] = self._round((found[name] or 0) + self._get_amount(piece))
        ordered = sorted(
            amounts, key=lambda row: (not row.is_credit, row.start, row.name)
        )
        return [self._to_json(row, **amounts[row]) for row in ordered]

    def _get_totals(self, invoice):
        """:return: dict, as Odoo totals the lines of an invoice: "untaxed", "total" """
        pieces = invoice.pieces if invoice else ()
        exact = any(piece.amount < 0 for piece in pieces)
        base_lines = [
            self._get_line(piece.charge)._prepare_piece_base_line(piece, exact=exact)
            for piece in pieces
        ]
        if not base_lines:
            return {"untaxed": 0.0, "total": 0.0}
        return self.agreement._get_totals(base_lines)

    # Promise and revenue

    def _get_promise(self):
        """:return: list of dict: what is promised by when, now and then"""
        if not self.pending.tier:
            return []
        now, then = (
            {(t.metric, t.priority): t.duration_text for t in targets}
            for targets in (
                self.agreement.target_ids,
                self.pending.tier.sudo().target_ids,
            )
        )
        Target = self.env["service.agreement.sla.target"]
        metrics, priorities = (
            dict(Target._fields[name]._description_selection(self.env))
            for name in ("metric", "priority")
        )
        return [
            {
                "metric": metrics[metric],
                "priority": priorities[priority],
                "now": now.get((metric, priority), ""),
                "then": then.get((metric, priority), ""),
            }
            for metric in metrics
            for priority in sorted(priorities, reverse=True)
            if (metric, priority) in now or (metric, priority) in then
        ]

    def _get_mrr(self):
        """:return: dict, monthly revenue on the day of the change"""
        return {
            name: self._round(sum(map(self._get_monthly, charges)))
            for name, charges in (("now", self.now), ("then", self.then))
        }

    def _get_monthly(self, charge):
        day = self.pending.day
        served = charge.start <= day and (charge.end is None or day < charge.end)
        if not charge.terms.recurrence or not served:
            return 0.0
        line = self._get_line(charge)
        return self._round(line.plan_id._per_month(line.price_subtotal))

    def _round(self, amount):
        return self.agreement.currency_id.round(amount)

    def _to_json(self, row, **amounts):
        return {
            "name": row.name,
            "period": row.period,
            "share": row.share,
            "is_credit": row.is_credit,
            **amounts,
        }
