"""Allowances: which lot a piece of work is drawn from, and what is left over.

How to use::

    may = Lot(1, Decimal(5), date(2026, 5, 1), date(2026, 12, 31))
    visit = Work(7, date(2026, 6, 3), Decimal("6.5"))
    allocate([may], [visit])    # 5 hours of lot 1, and 1.5 hours of none

Everything is computed from all lots and all work each time: a late entry dated before
others gets the balance that they had (SEMANTICS §6). What is booked in a locked period
is not given to it again, but taken off the lots as an adjustment.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction

ZERO = Decimal(0)


@dataclass(frozen=True)
class Lot:
    """What was granted or bought, and the days on which it may be used.

    :ivar quantity: in the allowance's unit; 0 or more.
    :ivar start: first valid day.
    :ivar end: last valid day, included; None: it does not expire.
    :ivar paid: drawn from only if true; the lot is the agreement's, the money is not
        in yet.
    :raise ValueError: if the quantity is negative, or the last day before the first.
    """

    id: int
    quantity: Decimal
    start: date
    end: date | None = None
    paid: bool = True

    def __post_init__(self):
        if self.quantity < 0:
            raise ValueError(f"a lot holds 0 or more: {self.quantity}")
        if self.end is not None and self.end < self.start:
            raise ValueError(f"a lot ends on {self.end}, before {self.start}")

    @property
    def key(self) -> int:
        """What a stock calls it."""
        return self.id

    def is_valid(self, day: date) -> bool:
        return self.start <= day and (self.end is None or day <= self.end)


@dataclass(frozen=True)
class Work:
    """A piece of work, rounded already (see :func:`round_work`).

    :ivar quantity: as it was worked; 0 or more.
    :ivar factor: units of a lot that one unit of work costs, by the role; 0: none.
    :raise ValueError: if quantity or factor is negative. A correction changes the
        entry it corrects.
    """

    id: int
    day: date
    quantity: Decimal
    factor: Decimal = Decimal(1)

    def __post_init__(self):
        if self.quantity < 0 or self.factor < 0:
            raise ValueError(f"work is 0 or more: {self.quantity} × {self.factor}")


@dataclass(frozen=True)
class Draw:
    """A part of a piece of work.

    :ivar lot: what it was drawn from; None: overage, nothing was left for it.
    :ivar quantity: in units of the lot; of overage, in units of work.
    """

    work: int
    lot: int | None
    quantity: Decimal


def _expiry_first(lot):
    return lot.end is None, lot.end or date.max, lot.start, lot.id


def _start_first(lot):
    return lot.start, lot.end is None, lot.end or date.max, lot.id


ORDERS = {"expiry_first": _expiry_first, "start_first": _start_first}


def allocate(
    lots: Iterable[Lot], works: Iterable[Work], order: str = "expiry_first"
) -> list[Draw]:
    """Draw all work from the lots that are valid on its day.

    :param lots: in any order; those not paid are left alone.
    :param works: in any order; taken by day, then id.
    :param order: "expiry_first": the lot that ends first, then the one that starts
        first, then by id; "start_first": by start, then end, then id.
    :return: work by work; a piece of work that several lots pay has several draws,
        and what is left over comes last.
    :raise ValueError: for an order that is not known.
    """
    if order not in ORDERS:
        raise ValueError(f"unknown order of lots: {order!r}")
    stock = Stock(lots, order)
    return [
        draw
        for work in sorted(works, key=lambda work: (work.day, work.id))
        for draw in _draw(work, stock)
    ]


class Stock:
    """Lots, and what is left of each; those not paid are no part of it."""

    def __init__(self, lots: Iterable[Lot], order: str):
        self.lots = sorted((lot for lot in lots if lot.paid), key=ORDERS[order])
        self.balances = {lot.id: lot.quantity for lot in self.lots}

    def take(self, day: date, units: Decimal) -> Iterator[tuple[int, Decimal]]:
        """Take up to `units` from the lots valid on `day`.

        :return: pairs of lot id and what was taken of it, more than 0.
        """
        for lot in self.find(day):
            if not units:
                return
            taken = min(units, self.balances[lot.id])
            if taken:
                self.balances[lot.id] -= taken
                units -= taken
                yield lot.id, taken

    def left(self, day: date) -> Decimal:
        """:return: what is left in the lots valid on `day`"""
        return sum((self.balances[lot.id] for lot in self.find(day)), ZERO)

    def find(self, day: date) -> list[Lot]:
        """:return: the lots valid on `day`, first one first, also those used up"""
        return [lot for lot in self.lots if lot.is_valid(day)]


def _draw(work: Work, stock: Stock) -> Iterator[Draw]:
    left = work.quantity * work.factor
    for lot_id, taken in stock.take(work.day, left):
        left -= taken
        yield Draw(work.id, lot_id, taken)
    if left:
        yield Draw(work.id, None, to_work(left, work.factor))


def to_work(units: Decimal, factor: Decimal) -> Decimal:
    """:return: the work that `units` of lots pay for"""
    if factor == 1:
        return units
    exact = Fraction(units) / Fraction(factor)
    return Decimal(exact.numerator) / Decimal(exact.denominator)


def round_work(
    quantity: Decimal, minimum: Decimal = ZERO, step: Decimal = ZERO
) -> Decimal:
    """What a piece of work counts: at least the minimum, in whole steps upwards.

    :param minimum: 0: none. A piece of 0 stays 0.
    :param step: 0: as it was worked.
    :raise ValueError: if one of them is negative.

    ::

        round_work(Decimal("0.1"), Decimal(1), Decimal("0.25"))   # 1.00 on site
        round_work(Decimal("0.1"), ZERO, Decimal("0.25"))         # 0.25 remote
    """
    if min(quantity, minimum, step) < 0:
        raise ValueError("work, its minimum and its step are 0 or more")
    if not quantity:
        return quantity
    if step:
        steps, rest = divmod(quantity, step)
        quantity = (steps + bool(rest)) * step
    return max(quantity, minimum)
