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
from bisect import bisect_right
from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from functools import lru_cache
from itertools import chain, islice
from operator import attrgetter

from .billing_period import Period, Recurrence
from .grouping import consecutive
from .proration import CENT, share
from .ranges import gaps

ZERO = Decimal(0)
DAY = timedelta(days=1)
NEVER = date.max

_by_due = attrgetter("due")


@dataclass(frozen=True)
class Terms:
    """What a charge costs and how its days are counted.

    :param net: price of a whole period after discount, not yet rounded; 0 or more.
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
    :param forfeited: sum of the credits that the customer did not get, below 0.
    """

    key: Hashable
    part: Period
    whole: Period
    full: Decimal
    charged: Decimal
    adjusted: Decimal = ZERO
    forfeited: Decimal = ZERO


@dataclass(frozen=True)
class Waiver:
    """Days that are not charged: a suspension, or a period written off.

    :param end: first day charged again, or None; no later than the agreement's end,
        where what is still owed has to be invoiced.
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
    :param settle_on: when all that is left is due, because service ends; None: no end.
    :param continued: another stretch follows, so that the end is no end of service.
    :param removed: of a charge made once: taken back, so that it is billed no more.
    :param group: credits are set off against charges of the same group only: those
        that bear the same taxes.
    :param granted: its credits are given whatever the policy: they are nobody's change.
    :param rides_until: of a charge made once that has no invoice of its own: it rides
        on the first one due after its day, or else is due on this day; NEVER: it waits
        for one to ride on. See :func:`boarded`.
    """

    key: Hashable
    start: date
    end: date | None
    terms: Terms
    settled: date | None = None
    bill_from: date | None = None
    adjust_on: date | None = None
    settle_on: date | None = None
    continued: bool = False
    removed: bool = False
    billed: Sequence[Billed] = ()
    waivers: Sequence[Waiver] = ()
    group: Hashable = None
    granted: bool = False
    rides_until: date | None = None


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
    current, costs = None, []
    for part, whole in _parts(charge):
        if whole != current:
            current, costs = whole, _costs(charge, whole, charge.terms.net)
        amount = _on_top(charge.terms, charge.terms.net, whole, [part], costs)
        costs.append(([part], amount))
        due = _due(charge, part, whole)
        if due == NEVER:
            return
        yield Piece(charge, due, part, whole, amount)


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
    if charge.settled or charge.billed or charge.removed or _is_void(charge):
        return
    part = Period(charge.start, charge.start + DAY)
    due = _due_from(charge.start, charge)
    if due != NEVER:
        amount = _whole(charge.terms.net, charge.terms.rounding)
        yield Piece(charge, due, part, part, amount)


@lru_cache(maxsize=1024)
def _whole(net, rounding):
    """What is charged once, rounded; of a month's work thousands cost the same."""
    day = Period(date.min, date.min + DAY)
    return share(net, [day], day, rounding=rounding)


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
    """The same days as ranges that do not overlap, none of them empty."""
    merged = []
    for start, end in sorted(days for days in ranges if days[0] < days[1]):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def _due(charge, part, whole):
    if charge.terms.arrears:
        end = None if charge.continued else charge.end
        due = min(filter(None, (whole.end, end)))
    elif charge.bill_from and whole.start <= charge.start < whole.end:
        # A change in mid-term rides on the invoice of the period it falls in.
        due = whole.start
    else:
        due = part.start
    return _due_from(due, charge)


def _due_from(day, charge):
    """`day`, not before what a change says, nor after the settlement."""
    day = max(day, charge.bill_from or day)
    return _postponed(min(day, charge.settle_on or day), charge)


def _postponed(day, charge):
    """`day`, or the first one after it on which invoices are made."""
    for waiver in sorted(charge.waivers, key=attrgetter("start")):
        if waiver.stops and waiver.start <= day:
            if waiver.end is None:
                return NEVER
            day = max(day, waiver.end)
    return day


# Charges that ride on the invoice of others


def boarded(charges: Iterable[Charge]) -> list[Charge]:
    """The same charges, where those that ride know the day on which they are due.

    What is charged on a day rides on an invoice of a later one: whether it was entered
    before or after the invoices of its own day were made changes nothing. What would
    wait for ever for an invoice rides also on one that others did not find.
    """
    charges = list(charges)
    riders = [charge for charge in charges if charge.rides_until]
    if not riders:
        return charges
    latest = max(charge.start for charge in riders)
    days = _dues_beyond(latest, [c for c in charges if not c.rides_until])
    found = {}
    for waits in (False, True):
        same = [charge for charge in riders if (charge.rides_until == NEVER) == waits]
        aboard = {id(charge): _aboard(charge, days) for charge in same}
        days = sorted([*days, *_first_dues(aboard.values())])
        found |= aboard
    return [found.get(id(charge), charge) for charge in charges]


def _dues_beyond(day, charges):
    """:return: sorted list of the days on which they are due, up to the first after
    ``day``
    """
    dues = []
    for piece in heapq.merge(*map(unbilled, charges), key=_by_due):
        dues.append(piece.due)
        if piece.due > day:
            break
    return dues


def _aboard(charge, days):
    """
    :param days: sorted, on which there are invoices
    """
    place = bisect_right(days, charge.start)
    due = min([*days[place : place + 1], charge.rides_until])
    return replace(charge, bill_from=due)


# What was billed and is not served


def differences(charge: Charge) -> Iterator[Piece]:
    """What is owed (below 0: to the customer) on the days that were billed already.

    Their `due` is NEVER where nothing says when: they go with the next invoice.
    """
    for row, kept, worth in _kept_rows(charge, charge.billed):
        amount = worth - row.charged - row.adjusted
        if amount < 0:
            # What was forfeited once is neither given nor charged again.
            amount = min(amount - row.forfeited, ZERO)
        if amount:
            part = _part_of_difference(row, kept, amount)
            due = min(filter(None, (charge.adjust_on, charge.settle_on)), default=NEVER)
            yield Piece(charge, due, part, row.whole, amount, row)


def _kept_rows(charge, rows):
    """(row, days of it that are still to be paid for, what they cost).

    Measured by what was billed, not by what it costs today. What is kept in whole
    keeps its price; the days left of the others cost what they add to it.
    """
    pairs = [(row, _kept(charge, row)) for row in rows]
    pairs.sort(key=lambda pair: (pair[1] != [pair[0].part], not pair[1]))
    found = []
    for row, kept in pairs:
        worth = row.charged
        if kept != [row.part]:
            costs = [each[1:] for each in found if _is_same_period(each[0], row)]
            added = _on_top(charge.terms, row.full, row.whole, kept, costs)
            worth = min(added, worth)
        found.append((row, kept, worth))
    return found


def _is_same_period(row, other):
    return row.whole == other.whole and row.full == other.full


def _costs(charge, whole, full):
    """[(days, amount)] of what is billed of a period at a price, and stays so."""
    rows = [row for row in charge.billed if row.whole == whole and row.full == full]
    return [(kept, worth) for _row, kept, worth in _kept_rows(charge, rows)]


def _on_top(terms, full, whole, days, costs):
    """What `days` cost on top of what the period costs so far: the last part of a
    period is the remainder.

    :param full: price of the `whole`.
    :param costs: [(days, amount)] of the same period.
    """
    parts = [*chain.from_iterable(kept for kept, _amount in costs), *days]
    total = share(full, parts, whole, terms.method, terms.rounding)
    return max(total - sum((amount for _kept, amount in costs), ZERO), ZERO)


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
        "carry" to the next invoice, after the last one a credit note; a "credit_note"
        at once; or "forfeit".
    """
    charges = boarded(charges)
    found = _owed(charges)
    streams = [
        _invoices(members, owed, policy) for members, owed in _grouped(charges, found)
    ]
    places = {id(charge): place for place, charge in enumerate(charges)}
    for _day, same in consecutive(heapq.merge(*streams, key=_by_due), key=_by_due):
        yield from _documents(sorted(same, key=_rank), places)


def carried(charges: Iterable[Charge]) -> list[Piece]:
    """What the next invoice of each group cannot take of the credits that are due with
    it, under the policy "carry". Where nothing is charged any more nothing is carried:
    the credit is a credit note then.
    """
    charges = boarded(charges)
    found = []
    for members, owed in _grouped(charges, _owed(charges)):
        first = next(_invoices(members, owed, "carry"), None)
        if first and first.kind == "invoice":
            charged = [piece for piece in first.pieces if piece.amount >= 0]
            _used, left = _set_off(charged, _credits(owed), first.due, "carry")
            found += [piece for piece in left if piece.due <= first.due]
    return found


def _grouped(charges, found):
    """:return: list of (charges of a group, pieces of `found` that are theirs)"""
    groups = {}
    for charge in charges:
        groups.setdefault(_group_of(charge), []).append(charge)
    return [
        (members, [piece for piece in found if _group_of(piece.charge) == group])
        for group, members in groups.items()
    ]


def _group_of(charge):
    """A credit would wait for ever to be set off against what is free."""
    return charge.group, not charge.terms.net


def _owed(charges):
    """All differences with their dates, without those that a suspension holds up."""
    found = [piece for charge in charges for piece in differences(charge)]
    if any(piece.due == NEVER for piece in found):
        first = min(_first_dues(charges), default=None)
        found = [_with_date(piece, first) for piece in found]
    found = [replace(p, due=_postponed(p.due, p.charge)) for p in found]
    return [piece for piece in found if piece.due != NEVER]


def _first_dues(charges):
    return [piece.due for charge in charges for piece in islice(unbilled(charge), 1)]


def _with_date(piece, first):
    """A difference without a date is due with the next invoice, or else now."""
    if piece.due != NEVER:
        return piece
    return replace(piece, due=first or piece.part.start)


def _rank(invoice):
    return ("invoice", "credit", "forfeit").index(invoice.kind)


def _documents(invoices, places):
    """What a day's invoices of all groups, by rank, are printed as.

    An invoice of nothing beside a credit note says nothing: what is charged stands on
    the credit note then.
    """
    kinds = {}
    for invoice in invoices:
        kinds.setdefault(invoice.kind, []).append(invoice)
    if "credit" in kinds and not sum(i.amount for i in kinds.get("invoice", [])):
        kinds["credit"] += kinds.pop("invoice", [])
    for same in kinds.values():
        yield _as_one(same, places)


def _as_one(invoices, places):
    """One invoice for all groups: credits first, charges in the order given."""
    pieces = _joined(chain.from_iterable(invoice.pieces for invoice in invoices))
    ordered = sorted(pieces, key=lambda p: (p.amount >= 0, places[id(p.charge)]))
    return replace(invoices[0], pieces=tuple(ordered))


def _joined(pieces):
    """The parts of a credit that stand on one invoice, as one again."""
    found = {}
    for piece in pieces:
        key = id(piece.charge), piece.part, piece.adjusts
        same = found.get(key)
        found[key] = (
            replace(piece, amount=piece.amount + same.amount) if same else piece
        )
    return found.values()


def _invoices(charges, found, policy):
    """The invoices of one group of charges.

    :param found: their differences, dated.
    """
    credits = _credits(found)
    events = heapq.merge(
        *map(unbilled, charges),
        sorted((p for p in found if p.amount > 0), key=_by_due),
        [] if policy == "carry" else sorted(credits, key=_by_due),
        key=_by_due,
    )
    due = None
    for due, group in consecutive(events, key=_by_due):
        charged = [piece for piece in group if piece.amount >= 0]
        used, credits = _set_off(charged, credits, due, policy)
        if charged:
            yield Invoice(due, (*used, *charged))
        left = [p for p in credits if p.due <= due and not _carries(p, policy)]
        if left:
            credits = [p for p in credits if p.due > due or _carries(p, policy)]
            yield _leftover(due, left, policy)
    # Nothing is charged any more that these could be set off against.
    left = [replace(piece, due=max(piece.due, due or piece.due)) for piece in credits]
    for due, group in consecutive(sorted(left, key=_by_due), key=_by_due):
        for granted, pieces in consecutive(sorted(group, key=_granted), key=_granted):
            yield _leftover(due, pieces, "credit_note" if granted else policy)


def _granted(piece):
    return piece.charge.granted


def _carries(piece, policy):
    """Whether what is left of a credit waits for the next invoice."""
    return policy == "carry" or (policy == "forfeit" and piece.charge.granted)


def _credits(found):
    """The oldest days first: an order that an invoice in between does not change."""
    return sorted((p for p in found if p.amount < 0), key=attrgetter("part.start"))


def _leftover(due, pieces, policy):
    kind = "forfeit" if policy == "forfeit" else "credit"
    return Invoice(due, tuple(replace(p, due=due) for p in pieces), kind)


def _set_off(charged, credits, due, policy):
    """Take credits that are due against what is charged, never beyond it.

    :return: (pieces taken, pieces left)
    """
    ready = [piece for piece in credits if piece.due <= due]
    budget = sum((piece.amount for piece in charged), ZERO)
    if policy == "forfeit":
        charged = [piece for piece in charged if _meets(piece, ready)]
    met = sum((piece.amount for piece in charged), ZERO)
    used, left = [], []
    for piece in credits:
        room = budget if piece.charge.granted else min(budget, met)
        amount = min(-piece.amount, room) if piece.due <= due else ZERO
        budget -= amount
        met -= ZERO if piece.charge.granted else amount
        if amount:
            used.append(replace(piece, amount=-amount, due=due))
        if piece.amount + amount:
            left.append(replace(piece, amount=piece.amount + amount))
    return used, left


def _meets(piece, credits):
    """Whether a piece is charged for days that a credit is given for."""
    return not piece.charge.rides_until and any(
        piece.part.start < credit.part.end and credit.part.start < piece.part.end
        for credit in credits
    )
