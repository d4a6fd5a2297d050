"""The ledger of an allowance: what was granted, drawn, carried over and forfeited.

How to use::

    terms = Terms(Decimal(4), Recurrence(date(2026, 1, 31), "month"), rollover_cap=ONE)
    ledger = Ledger(1, terms, [(date(2026, 1, 31), None)], until=date(2026, 12, 31))
    list(ledger.take(date(2026, 3, 3), Decimal(6)))   # 4 of March, 1 of February
    ledger.advance(date(2026, 4, 1))                  # March is closed
    ledger.lots                                       # every lot with its account

Everything is computed from facts each time: what was agreed, the days in force, what
was bought or adjusted, and what was drawn for good. Time only goes forward: what ended
before the day of a piece of work is carried over or forfeited as of its end. For every
lot, always: granted + adjusted + rolled in = drawn + forfeited + rolled out + balance
(SEMANTICS §6).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from decimal import Decimal
from typing import NamedTuple

from .allowance import ZERO
from .billing_period import Period, Recurrence
from .proration import prorate

DAY = timedelta(days=1)
# Where two lots end and start together: what was paid for separately goes last.
KINDS = ("rolled", "granted", "moved", "bought")
# Of these the customer paid each for itself: they go on with who replaces the ledger.
PAID = ("moved", "bought")


@dataclass(frozen=True)
class Terms:
    """What was agreed of an allowance.

    :ivar quantity: granted per period.
    :ivar recurrence: the periods; None: nothing is granted by itself, lots are bought.
    :ivar proration: of a first, shorter period, see :func:`proration.prorate`.
    :ivar step: what a part of a period is rounded to: 0.01 hours, 1 visit.
    :ivar rollover_cap: what is left of a period is carried over up to this.
    :ivar rollover_months: how long it is valid then; 0: without end.
    :ivar overrun: what is missing is taken from the next period, as long as one comes.
    """

    quantity: Decimal = ZERO
    recurrence: Recurrence | None = None
    proration: str = "actual"
    step: Decimal = Decimal("0.01")
    rollover_cap: Decimal = ZERO
    rollover_months: int = 1
    overrun: bool = False


class LotKey(NamedTuple):
    """What a lot is known by, however often the ledger is computed.

    :ivar ledger: id of the ledger.
    :ivar kind: one of ``KINDS``.
    :ivar since: first day of the whole period it was granted for, or carried over from;
        an id where it was bought, also of what came from a ledger that was replaced.
    """

    ledger: int
    kind: str
    since: date | int


@dataclass(eq=False)
class Lot:
    """A lot with its account; only its ledger changes it.

    :ivar end: last valid day, included; None: without end.
    :ivar usable_from: not drawn from before; None: not paid yet.
    :ivar expiry: of what was bought, its last day as agreed: the ledger may end before.
    :ivar reserved: of its balance, what is drawn for good after it is carried over.
    :ivar transfers: pairs of the lot it was carried over to and the units; negative:
        what was overrun.
    """

    key: LotKey
    start: date
    end: date | None = None
    granted: Decimal = ZERO
    adjusted: Decimal = ZERO
    rolled_in: Decimal = ZERO
    drawn: Decimal = ZERO
    forfeited: Decimal = ZERO
    usable_from: date | None = date.min
    expiry: date | None = None
    reserved: Decimal = ZERO
    transfers: list[tuple[Lot, Decimal]] = field(default_factory=list)

    @property
    def rolled_out(self) -> Decimal:
        return sum((units for _lot, units in self.transfers), ZERO)

    @property
    def entered(self) -> Decimal:
        return self.granted + self.adjusted + self.rolled_in

    @property
    def balance(self) -> Decimal:
        return self.entered - self.drawn - self.forfeited - self.rolled_out

    @property
    def is_empty(self) -> bool:
        """Whether nothing was ever in it."""
        return not (self.granted or self.adjusted or self.rolled_in or self.drawn)

    def is_valid(self, day: date) -> bool:
        """Whether work of that day may be drawn from it."""
        return (
            self.is_usable(day)
            and self.start <= day
            and (self.end is None or day <= self.end)
        )

    def is_usable(self, day: date) -> bool:
        """Whether it was paid by then, where it has to be."""
        return self.usable_from is not None and self.usable_from <= day

    def rank(self) -> tuple:
        """What expires first is drawn first; then what started first, then by key."""
        kind = KINDS.index(self.key.kind)
        end = self.end or date.max
        return self.end is None, end, self.start, kind, self.key.since

    def as_of(self, today: date) -> Lot:
        """:return: a copy without what will only happen to it when its days are over"""
        kept = [pair for pair in self.transfers if pair[0].is_on_record(today)]
        over = self.end is not None and self.end < today
        if over or kept:
            return replace(self, transfers=kept)
        return replace(self, transfers=[], forfeited=ZERO)

    def is_on_record(self, today: date) -> bool:
        """Whether it is there by then, be it that work of a later day draws from it."""
        held = self.drawn or self.adjusted or self.key.kind == "bought"
        return (
            self.start <= today
            or bool(held)
            or any(lot.is_on_record(today) for lot, _units in self.transfers)
        )

    def renew(self, **changes) -> Lot:
        """:return: a copy whose days are still to come"""
        return replace(self, forfeited=ZERO, transfers=[], **changes)


class Ledger:
    """The lots of one allowance, in the order of time.

    :param id: of the allowance.
    :param spans: half-open pairs of days in which it is granted, the last one's end may
        be None: in force, of this coverage, not suspended. In order.
    :param until: periods that start later are not reckoned with.
    :param known: lots on record by key: what was bought; of the others `adjusted`, and
        what is `drawn` for good. `granted` of a known lot never falls below what its
        draws need.
    :param fixed: keys of known lots that were granted in a closed month: `granted` and
        dates stay.
    :param final: periods that start up to this day are closed and over; they are not
        among the lots.
    :param last_day: of the agreement: every lot ends then; None: open-ended.
    :param suspended: half-open pairs of days on which nothing is drawn.
    :param before: ledgers of terms that these replaced; what is left there stays
        usable.
    :param replaced: ledgers of an agreement that this one's replaces: what was bought
        there and is left goes on here.
    :param first_day: of the agreement.
    """

    def __init__(
        self,
        id: int,
        terms: Terms,
        spans: Sequence[tuple[date, date | None]] = (),
        *,
        until: date,
        known: Iterable[Lot] = (),
        fixed: Iterable[LotKey] = (),
        final: date | None = None,
        last_day: date | None = None,
        suspended: Sequence[tuple[date, date | None]] = (),
        before: Sequence[Ledger] = (),
        replaced: Sequence[Ledger] = (),
        first_day: date = date.min,
    ):
        self.id = id
        self.terms = terms
        self.last_day = last_day
        self.suspended = suspended
        self.before = before
        self.replaced = replaced
        self.heir: Ledger | None = None
        self.first_day = first_day
        self.lots: list[Lot] = []
        self._open: list[Lot] = []
        self._debts: list[Lot] = []
        if terms.overrun and last_day:
            # What is still to be granted is what may be overrun.
            until = max(until, last_day)
        self._known = {lot.key: lot for lot in known}
        self._fixed = set(fixed)
        self._promised: dict[date | int, Decimal] = {}
        self._upcoming = self._plan(self._get_periods(spans, until, final), final)
        self._inherit()

    # What is drawn

    def take(self, day: date, units: Decimal) -> Iterator[tuple[LotKey, Decimal]]:
        """Take up to `units` from the lots valid on `day`.

        Work of a day that lies before others gets what is left of its lots by then.

        :return: pairs of lot key and what was taken of it, more than 0.
        """
        newest = None
        for lot in self.find(day):
            taken = min(units, max(lot.balance - lot.reserved, ZERO))
            if taken:
                lot.drawn += taken
                units -= taken
                yield lot.key, taken
            if lot.key[:2] == (self.id, "granted"):
                newest = max(newest or lot, lot, key=lambda each: each.start)
        if units and newest and self.terms.overrun:
            units = min(units, self._get_room(newest, units))
            if units > 0:
                newest.drawn += units
                yield newest.key, units

    def find(self, day: date) -> list[Lot]:
        """:return: the lots that work of `day` may draw from, first one first"""
        for start, end in self.suspended:
            if start <= day and (end is None or day < end):
                return []
        found = [lot for lot in self._get_open(day) if lot.is_valid(day)]
        return sorted(found, key=Lot.rank)

    def left(self, day: date) -> Decimal:
        """:return: what could still be drawn on `day` without an overrun"""
        return sum((lot.balance - lot.reserved for lot in self.find(day)), ZERO)

    def missing(self, day: date) -> Decimal:
        """:return: what was overrun, and is not made up for by what is granted until
        `day`
        """
        self.advance(day)
        lots = [*self._open, *self._debts]
        return -sum((min(lot.balance, ZERO) for lot in lots), ZERO)

    def waiting(self, day: date) -> Decimal:
        """:return: what could be drawn on `day`, were it paid"""
        unpaid = [lot for lot in self._get_open(day) if not lot.is_usable(day)]
        return sum((lot.balance for lot in unpaid), ZERO)

    def is_low(self, day: date, percent: Decimal) -> bool:
        """Whether so little is left on `day`, of the lots that there is something left
        of; where nothing is, of the newest.
        """
        lots = self.find(day)
        held = [lot for lot in lots if lot.balance > 0]
        held = held or sorted(lots, key=lambda lot: lot.start)[-1:]
        entered = sum(lot.entered for lot in held)
        return bool(held) and self.left(day) * 100 <= entered * percent

    def _get_room(self, newest, units):
        """:return: how far `newest` may be overrun: by what is still to be granted"""
        if self.last_day is None:
            return units
        granted = [lot for lot in self._upcoming if lot.key.kind == "granted"]
        return newest.balance + sum(
            (lot.balance - lot.reserved for lot in granted), ZERO
        )

    def _get_open(self, day):
        self.advance(day)
        older = [lot for ledger in self.before for lot in ledger._get_open(day)]
        return [*self._open, *older]

    # Time

    def advance(self, day: date):
        """Close what ended before `day`, and open what starts by then. No way back."""
        for ledger in [*self.before, *self.replaced]:
            ledger.advance(day)
        while (event := self._get_next_event()) and event <= day:
            for lot in [each for each in self._open if each.end and each.end < event]:
                self._close(lot)
            while self._upcoming and self._upcoming[-1].start <= event:
                self._enter(self._upcoming.pop())

    def _get_next_event(self):
        ends = [lot.end + DAY for lot in self._open if lot.end]
        starts = [lot.start for lot in self._upcoming[-1:]]
        return min([*ends, *starts], default=None)

    def _enter(self, lot):
        """Open a lot; what was overrun before is taken from what is granted."""
        if lot.key.kind == "granted":
            for debt in self._debts:
                self._transfer(debt, lot, debt.balance)
            self._debts = []
        self.lots.append(lot)
        self._open.append(lot)

    def _close(self, lot):
        """Its days are over: carry over up to the cap, forfeit the rest."""
        self._open.remove(lot)
        if lot.balance < 0:
            self._debts.append(lot)
            return
        if lot.key.kind == "granted" and self._goes_on_after(lot):
            self._carry_over(lot)
        elif lot.key.kind in PAID and self.heir:
            self.heir._take_over(lot)
        lot.forfeited += lot.balance

    def _transfer(self, source, target, units):
        source.transfers.append((target, units))
        target.rolled_in += units

    def _goes_on_after(self, lot):
        return self.last_day is None or lot.end < self.last_day

    def _carry_over(self, lot):
        child = self._make_rolled(lot)
        rolled = min(max(self.terms.rollover_cap, lot.reserved), lot.balance)
        if rolled:
            self._transfer(lot, child, rolled)
        if not child.is_empty:
            self._enter(child)

    def _make_rolled(self, lot):
        start = lot.end + DAY
        key = LotKey(self.id, "rolled", lot.key.since)
        known = self._known.get(key, Lot(key, start))
        return known.renew(start=start, end=self._get_rolled_end(start), rolled_in=ZERO)

    def _get_rolled_end(self, start):
        end = None
        if self.terms.rollover_months:
            months = Recurrence(self.terms.recurrence.anchor, "month")
            last = months.index(start) + self.terms.rollover_months
            end = months.period(last).start - DAY
        return self._cut(start, end)

    # From a ledger to the one that replaces it

    def _inherit(self):
        """Be who goes on with what was bought of the replaced ledgers. What is drawn
        for good here is not drawn there before.
        """
        for ledger in self.replaced:
            ledger.heir = ledger.heir or self
            for key, known in self._known.items():
                if key.kind == "moved" and ledger.heir is self:
                    ledger._promise(key.since, max(known.drawn - known.adjusted, ZERO))

    def _promise(self, since, units):
        self._promised[since] = self._promised.get(since, ZERO) + units
        for lot in self._upcoming:
            if lot.key.kind in PAID and lot.key.since == since:
                lot.reserved += units
        for ledger in self.replaced:
            ledger._promise(since, units)

    def _take_over(self, lot):
        """:param Lot lot: that ended with its ledger, maybe before it expires"""
        start = max(lot.end + DAY, self.first_day)
        if lot.expiry and lot.expiry < start:
            return
        key = LotKey(self.id, "moved", lot.key.since)
        moved = self._known.get(key, Lot(key, start)).renew(
            start=start,
            end=self._cut(start, lot.expiry),
            expiry=lot.expiry,
            rolled_in=ZERO,
            usable_from=lot.usable_from,
            reserved=self._promised.get(lot.key.since, ZERO),
        )
        if lot.balance:
            self._transfer(lot, moved, lot.balance)
        if not moved.is_empty:
            self._enter(moved)

    # What there is to open

    def _get_periods(self, spans, until, final):
        """Yield (whole period, first day) of what is granted, in order"""
        recurrence = self.terms.recurrence
        seen = final
        for start, end in spans if recurrence else ():
            stop = min(end or until + DAY, until + DAY)
            for piece in recurrence.periods(start, max(start, stop)):
                whole = recurrence.period(recurrence.index(piece.start))
                # Suspended within a period: it was granted when that began.
                if seen is None or whole.start > seen:
                    seen = whole.start
                    yield whole, piece.start

    def _plan(self, periods, final):
        """:return: list of the lots to open, the last one first"""
        granted = [self._make_granted(*period) for period in periods]
        keys = {lot.key for lot in granted}
        # Carried over from what is final, bought, or not granted any more.
        rest = [lot for lot in self._known.values() if lot.key not in keys]
        rest = [self._recall(lot) for lot in rest]
        lots = [lot for lot in [*granted, *rest] if lot and not lot.is_empty]
        lots.sort(key=lambda lot: (lot.start, lot.rank()))
        self._settle_carried([lot for lot in lots if lot.key.kind == "granted"], final)
        return lots[::-1]

    def _make_granted(self, whole, start):
        key = LotKey(self.id, "granted", whole.start)
        known = self._known.get(key)
        if known and key in self._fixed:
            return known.renew(end=self._cut(known.start, whole.last_day))
        part = Period(start, whole.end)
        terms = self.terms
        quantity = prorate(terms.quantity, part, whole, terms.proration, terms.step)
        lot = Lot(key, start, self._cut(start, whole.last_day), quantity)
        return self._keep(lot, known) if known else lot

    def _keep(self, lot, known):
        """:return: `lot` with what is on record of it, and enough for its draws"""
        needed = known.drawn + self._get_reserved(lot.key) - known.adjusted
        floor = max(min(known.granted, needed), ZERO)
        return replace(
            lot,
            granted=max(lot.granted, floor),
            adjusted=known.adjusted,
            drawn=known.drawn,
            usable_from=known.usable_from,
        )

    def _recall(self, known):
        """:return: Lot on record that no period grants, or None"""
        kind, since = known.key.kind, known.key.since
        if kind == "moved":
            # Its source is always on record, and moves it again.
            return None
        if kind == "rolled":
            if LotKey(self.id, "granted", since) in self._known:
                # Its source is not final, and carries over to it again.
                return None
            return known.renew(end=self._get_rolled_end(known.start))
        end = self._cut(known.start, known.end)
        if kind == "granted" and known.key not in self._fixed:
            return self._keep(known.renew(end=end, granted=ZERO), known)
        return known.renew(end=end, expiry=known.end)

    def _settle_carried(self, granted, final):
        """What came from final lots stays; the rest is carried over again. What is
        drawn for good of what is carried over is not drawn before.
        """
        for lot in granted:
            known = self._known.get(lot.key)
            first = known and final and lot is granted[0]
            lot.rolled_in = known.rolled_in if first else ZERO
            lot.reserved = self._get_reserved(lot.key)

    def _get_reserved(self, key):
        child = self._known.get(LotKey(self.id, "rolled", key.since))
        return max(child.drawn - child.adjusted, ZERO) if child else ZERO

    def _cut(self, start, end):
        """:return: last day of a lot; never before its first"""
        days = [day for day in (end, self.last_day) if day]
        return max(start, min(days)) if days else None
