"""What was promised and is still to be done, and whether there are hands for it.

How to use::

    account(ledger.lots)            # sold = used + forfeited + owed, always
    december = Load(date(2026, 12, 1), visits=Decimal(30), capacity=Decimal(80))
    calls = [Call(december.month, december.month, Decimal(60))]
    [month] = fit([december], calls)
    month.free, month.level         # -10 and "short": 60 h are due, 50 are free

Visits are made in their month. Hours that a customer may call are owed until the month
in which they expire, and may be worked before it. Work is fitted in by what expires
first, which finds room for all of it wherever there is any way to.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple

from .allowance import ZERO

if TYPE_CHECKING:
    from .ledger import Lot

SECONDS_PER_HOUR = 3600


class Account(NamedTuple):
    """What became of the units that were sold."""

    sold: Decimal
    used: Decimal
    forfeited: Decimal
    owed: Decimal


def account(lots: Iterable[Lot]) -> Account:
    """
    :param lots: of a ledger, together with those that it carried anything over to;
        what goes from one to another was sold once
    """
    lots = list(lots)
    return Account(
        sum((lot.granted + lot.adjusted for lot in lots), ZERO),
        sum((lot.drawn for lot in lots), ZERO),
        sum((lot.forfeited for lot in lots), ZERO),
        sum((lot.balance for lot in lots), ZERO),
    )


@dataclass(frozen=True)
class Load:
    """A month, and what is to be done in it.

    :ivar month: its first day.
    :ivar visits: hours that have their day in it.
    :ivar capacity: hours that there is somebody for; None: not known.
    """

    month: date
    visits: Decimal = ZERO
    capacity: Decimal | None = None


class Call(NamedTuple):
    """Hours that may be called from a month on, until the end of another one; both by
    their first days. Below 0: hours that were taken in advance of those.
    """

    first: date
    last: date
    hours: Decimal


class Fit(NamedTuple):
    """What a month comes to.

    :ivar owed: hours of its visits, and hours that expire in it.
    :ivar free: capacity less owed; None: not known.
    :ivar share: owed by capacity; None: there is none.
    :ivar missing: hours due by its end that nobody has time for, then or before.
    :ivar level: "over": not even the visits fit; "short": not all hours due by then
        do; "early": they do if some are worked in the months before; "fits"; or
        "unknown".
    """

    month: date
    owed: Decimal
    free: Decimal | None
    share: Decimal | None
    missing: Decimal
    level: str


def fit(loads: Sequence[Load], calls: Iterable[Call]) -> list[Fit]:
    """
    :param loads: months in order; where one's capacity is not known, none is
    :param calls: in any order; what is due after the last month is worked in time that
        nothing else needs, and is missing in none
    :return: of each month what it comes to
    """
    due, queue = _sum_by_month(calls)
    found = []
    for load in loads:
        owed = load.visits + due[load.month]
        if load.capacity is None:
            found.append(Fit(load.month, owed, None, None, ZERO, "unknown"))
            continue
        missing = _work(load, queue)
        found.append(_judge(load, owed, missing))
    return found


def _sum_by_month(calls):
    """:return: (hours by month in which they are due, [first, last, hours] by due)"""
    due, together = defaultdict(Decimal), defaultdict(Decimal)
    for first, last, hours in calls:
        due[last] += hours
        together[last, first] += hours
    queue = [
        [first, last, max(hours, ZERO)] for (last, first), hours in together.items()
    ]
    return due, sorted(queue, key=lambda each: (each[1], each[0]))


def _work(load, queue):
    """Work a month through what may be done in it, what expires first goes first.

    :return: hours that expire with it and were not done
    """
    left = max(load.capacity - load.visits, ZERO)
    missing = ZERO
    for each in queue:
        first, last, hours = each
        if first > load.month or last < load.month:
            continue
        done = min(hours, left)
        left -= done
        each[2] -= done
        if last == load.month:
            missing += each[2]
    return missing


def _judge(load, owed, missing):
    if load.visits > load.capacity:
        level = "over"
    elif missing:
        level = "short"
    else:
        level = "early" if owed > load.capacity else "fits"
    share = owed / load.capacity if load.capacity else None
    free = load.capacity - owed
    return Fit(load.month, owed, free, share, missing, level)


# Who there is for it


@dataclass(frozen=True)
class Past:
    """How technicians spent the hours that they had.

    :ivar working: hours by their calendars.
    :ivar tickets: hours on tickets that no included or bought hours paid for, and that
        were no visits: those come on top of what is owed.
    :ivar other: hours on anything else, such as projects.
    """

    working: Decimal = ZERO
    tickets: Decimal = ZERO
    other: Decimal = ZERO

    def get_shares(self) -> tuple[Decimal, Decimal]:
        """:return: shares of tickets and of other work, together at most 1; who logged
        more than he worked has time for nothing else
        """
        whole = max(self.working, self.tickets + self.other)
        if not whole:
            return ZERO, ZERO
        return self.tickets / whole, self.other / whole


class Capacity(NamedTuple):
    """Hours of a month: what there is, what it is kept for, and what is left."""

    working: Decimal
    tickets: Decimal
    other: Decimal
    left: Decimal


def get_capacity(working: Decimal, past: Past) -> Capacity:
    """:param working: hours of a month ahead, by the calendars"""
    tickets, other = (working * share for share in past.get_shares())
    return Capacity(working, tickets, other, working - tickets - other)


def hours_by_month(
    intervals: Iterable[tuple[datetime, datetime]],
) -> dict[date, Decimal]:
    """
    :param intervals: starts and ends, each within a month on the clock they carry
    :return: hours by the first day of a month
    """
    seconds = defaultdict(int)
    for start, end in intervals:
        seconds[start.date().replace(day=1)] += int((end - start).total_seconds())
    return {
        month: Decimal(number) / SECONDS_PER_HOUR for month, number in seconds.items()
    }
