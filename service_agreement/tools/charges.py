"""From what was agreed and what was billed to the invoices that follow.

How to use::

    march = Charge("line 7", date(2026, 3, 1), None, Terms(Decimal(149), monthly))
    next(schedule([march])).pieces[0].amount        # 149.00, due on 1 March

How it works: a charge is served on the days of its window that are not waived. Days
not yet billed give pieces, one per aligned period; billed days that turn out not to be
served any more give a difference, which is credited. Both become lines of invoices,
none of which is negative: what is left of a credit carries on (SEMANTICS §1, §2).

The billing run and the preview of a change read the same :func:`schedule`, so what the
one shows is what the other does.
"""

from __future__ import annotations

import heapq
from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from itertools import chain, groupby
from operator import attrgetter

from .billing_period import Period, Recurrence
from .proration import CENT, share
from .ranges import gaps

ZERO = Decimal(0)
DAY = timedelta(days=1)
NEVER = date.max


@dataclass(frozen=True)
class Terms:
    """What a charge costs and how its days are counted.

    :param net: price of a whole period after discount, not yet rounded.
    :param recurrence: None for a charge that is made once.
    :param arrears: due after its days instead of before.
    :param method: of proration, see ``proration.prorate``.
    :param rounding: the currency's step.
    """

    net: Decimal
    recurrence: Recurrence | None
    arrears: bool = False
    method: str = "actual"
    rounding: Decimal = CENT


@dataclass(frozen=True)
class Billed:
    """Days of a charge that stand on an invoice.

    :param full: price of the `whole` they were cut from, as billed.
    :param charged: what the customer was asked for them.
    :param adjusted: sum of the corrections since, credits below 0.
    """

    key: Hashable
    part: Period
    whole: Period
    full: Decimal
    charged: Decimal
    adjusted: Decimal = ZERO


@dataclass(frozen=True)
class Waiver:
    """Days that are not charged: a suspension, or a period written off.

    :param end: first day charged again, or None.
    :param credited: gives back days that were billed already.
    :param stops: nothing is invoiced during these days either.
    """

    start: date
    end: date | None
    credited: bool = True
    stops: bool = False


@dataclass(frozen=True)
class Charge:
    """One stretch of a charge with its own terms.

    :param start: first day, and `end` the first day after; None: without end.
    :param settled: every day before it is billed or not charged.
    :param bill_from: of a stretch that a change opened: nothing is billed before.
    :param adjust_on: when differences to what was billed are due; None: with the next
        invoice.
    :param continued: another stretch follows, so that the end is no end of service.
    :param group: credits are set off against charges of the same group only: those
        that bear the same taxes.
    """

    key: Hashable
    start: date
    end: date | None
    terms: Terms
    settled: date | None = None
    bill_from: date | None = None
    adjust_on: date | None = None
    continued: bool = False
    billed: Sequence[Billed] = ()
    waivers: Sequence[Waiver] = ()
    group: Hashable = None


@dataclass(frozen=True)
class Piece:
    """One line of an invoice: days of a charge, or the correction of billed ones.

    :param adjusts: the :class:`Billed` that is corrected; None: days billed first.
    """

    charge: Charge
    due: date
    part: Period
    whole: Period
    amount: Decimal
    adjusts: Billed | None = None


@dataclass(frozen=True)
class Invoice:
    """What falls due on a day.

    :param kind: "invoice"; "credit" for a credit note; "forfeit" for a credit that the
        customer does not get.
    """

    due: date
    pieces: tuple[Piece, ...]
    kind: str = "invoice"

    @property
    def amount(self) -> Decimal:
        """The sum of its lines, before taxes that the prices do not include."""
        return sum((piece.amount for piece in self.pieces), ZERO)


# What is not billed yet


def unbilled(charge: Charge) -> Iterator[Piece]:
    """The pieces still to bill, oldest first; without end for an open-ended charge."""
    if charge.terms.recurrence is None:
        yield from _once(charge)
        return
    before = []
    for part, whole in _parts(charge):
        before = [piece for piece in before if piece.whole == whole]
        amount = _further(charge, part, whole, before)
        piece = Piece(charge, _due(charge, part, whole), part, whole, amount)
        if piece.due == NEVER:
            return
        before.append(piece)
        yield piece


def _parts(charge):
    """(days, aligned period) of what is free, period by period."""
    recurrence = charge.terms.recurrence
    for day, free_until in _free(charge):
        while free_until is None or day < free_until:
            whole = recurrence.period(recurrence.index(day))
            end = min(whole.end, free_until) if free_until else whole.end
            yield Period(day, end), whole
            day = end


def _once(charge):
    if charge.settled or charge.billed or _is_void(charge):
        return
    part = Period(charge.start, charge.start + DAY)
    amount = share(charge.terms.net, [part], part, rounding=charge.terms.rounding)
    due = _postponed(max(charge.start, charge.bill_from or charge.start), charge)
    if due != NEVER:
        yield Piece(charge, due, part, part, amount)


def _is_void(charge):
    return charge.end is not None and charge.end <= charge.start


def _free(charge):
    """The ranges of days that are served and on no invoice."""
    start = max(filter(None, (charge.start, charge.settled)))
    end = charge.end
    taken = [(row.part.start, row.part.end) for row in charge.billed]
    for waiver in charge.waivers:
        if waiver.end is None:
            end = min(filter(None, (end, waiver.start)))
        else:
            taken.append((waiver.start, waiver.end))
    if end is not None and start >= end:
        return []
    return gaps(start, end, _merged(taken))


def _merged(ranges):
    """The same days as ranges that do not overlap."""
    merged = []
    for start, end in sorted(ranges):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def _further(charge, part, whole, before):
    """What `part` costs on top of what the period costs so far: the last part of a
    period is the remainder.

    :param before: pieces of the same period that are not billed yet either.
    """
    terms = charge.terms
    done = [
        row
        for row in charge.billed
        if row.whole == whole and row.full == terms.net and not row.adjusted
    ]
    parts = [each.part for each in (*done, *before)]
    amount = sum((row.charged for row in done), ZERO)
    amount += sum((piece.amount for piece in before), ZERO)
    total = share(terms.net, [*parts, part], whole, terms.method, terms.rounding)
    return max(total - amount, ZERO)


def _due(charge, part, whole):
    if charge.terms.arrears:
        last = charge.end is not None and part.end == charge.end
        due = part.end if last and not charge.continued else whole.end
    elif charge.bill_from and whole.start <= charge.start < whole.end:
        # A change in mid-term rides on the invoice of the period it falls in.
        due = whole.start
    else:
        due = part.start
    return _postponed(max(due, charge.bill_from or due), charge)


def _postponed(day, charge):
    """`day`, or the first one after it on which invoices are made."""
    for waiver in sorted(charge.waivers, key=attrgetter("start")):
        if waiver.stops and waiver.start <= day:
            if waiver.end is None:
                return NEVER
            day = max(day, waiver.end)
    return day


# What was billed and is not served


def differences(charge: Charge) -> Iterator[Piece]:
    """What is owed (below 0: to the customer) on the days that were billed already.

    Their `due` is NEVER where nothing says when: they go with the next invoice.
    """
    for row in charge.billed:
        kept = _kept(charge, row)
        amount = _worth(charge, row, kept) - row.charged - row.adjusted
        if amount:
            part = _part_of_difference(row, kept, amount)
            due = _postponed(charge.adjust_on, charge) if charge.adjust_on else NEVER
            yield Piece(charge, due, part, row.whole, amount, row)


def _kept(charge, row):
    """The billed days that are still to be paid for."""
    if charge.terms.recurrence is None:
        return [] if _is_void(charge) else [row.part]
    start = max(row.part.start, charge.start)
    end = min(filter(None, (row.part.end, charge.end)))
    waived = [
        (waiver.start, waiver.end or NEVER)
        for waiver in charge.waivers
        if waiver.credited
    ]
    if start >= end:
        return []
    return [Period(*days) for days in gaps(start, end, _merged(waived))]


def _worth(charge, row, kept):
    """What `kept` costs, measured by what was billed, not by what it costs today."""
    if kept == [row.part]:
        return row.charged
    terms = charge.terms
    worth = share(row.full, kept, row.whole, terms.method, terms.rounding)
    return min(worth, row.charged, key=abs)


def _part_of_difference(row, kept, amount):
    """The days that a credit is for; of a charge, all that were billed."""
    if amount > 0 or not kept:
        return row.part
    left = gaps(row.part.start, row.part.end, [(p.start, p.end) for p in kept])
    return Period(left[0][0], left[-1][1]) if left else row.part


# Invoices


def schedule(charges: Iterable[Charge], policy: str = "carry") -> Iterator[Invoice]:
    """The invoices that follow, by the day they fall due; without end where a charge
    is open-ended.

    :param policy: what becomes of a credit that is more than what is charged with it:
        "carry" to the next invoice, the last one being a credit note; a "credit_note"
        at once; or "forfeit".
    """
    charges = list(charges)
    pieces = heapq.merge(*map(unbilled, charges), key=attrgetter("due"))
    first = next(pieces, None)
    pieces = chain([first] if first else [], pieces)
    found = [_with_date(p, first) for c in charges for p in differences(c)]
    debits = sorted((p for p in found if p.amount > 0), key=attrgetter("due"))
    credits = sorted((p for p in found if p.amount < 0), key=attrgetter("due"))
    events = heapq.merge(
        pieces,
        debits,
        [] if policy == "carry" else credits,
        key=attrgetter("due"),
    )
    yield from _invoices(events, credits, policy)


def _with_date(piece, first):
    """A difference without a date is due with the next invoice, or else now."""
    if piece.due != NEVER:
        return piece
    return replace(piece, due=first.due if first else piece.part.start)


def _invoices(events, credits, policy):
    last = None
    for due, group in groupby(events, key=attrgetter("due")):
        last = due
        charged = [piece for piece in group if piece.amount >= 0]
        ready = [piece for piece in credits if piece.due <= due]
        used, left = _set_off(charged, ready, policy)
        if charged:
            yield Invoice(due, (*used, *charged))
        credits = [piece for piece in credits if piece.due > due]
        if policy == "carry":
            credits = [*left, *credits]
        elif left:
            yield _leftover(due, left, policy)
    if credits:
        # Nothing is charged any more that it could be set off against.
        due = max(filter(None, (last, *(piece.due for piece in credits))))
        yield _leftover(due, credits, policy)


def _leftover(due, pieces, policy):
    kind = "forfeit" if policy == "forfeit" else "credit"
    return Invoice(due, tuple(replace(p, due=due) for p in pieces), kind)


def _set_off(charged, credits, policy):
    """Take credits against what is charged, the oldest first, never beyond it.

    :return: (pieces taken, pieces left)
    """
    budget = {}
    for piece in charged:
        if policy != "forfeit" or _meets(piece, credits):
            group = piece.charge.group
            budget[group] = budget.get(group, ZERO) + piece.amount
    used, left = [], []
    for piece in credits:
        group = piece.charge.group
        amount = min(-piece.amount, budget.get(group, ZERO))
        if amount:
            budget[group] -= amount
            due = charged[0].due
            used.append(replace(piece, amount=-amount, due=due))
        if amount != -piece.amount:
            left.append(replace(piece, amount=piece.amount + amount))
    return used, left


def _meets(piece, credits):
    """Whether a piece is charged for days that a credit is given for."""
    return any(
        piece.part.start < credit.part.end and credit.part.start < piece.part.end
        for credit in credits
    )
