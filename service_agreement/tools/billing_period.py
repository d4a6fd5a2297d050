"""Billing periods, each counted from an anchor, never from the one before.

How to use::

    monthly = Recurrence(date(2026, 1, 31), "month")
    monthly.period(1)                    # 28 February to 31 March, half-open
    monthly.index(date(2026, 3, 30))     # 1

Counting from the anchor is what keeps an agreement of the 31st on the last day of
each month: chained months drift to the 28th for ever (SEMANTICS §1).
"""

from calendar import monthrange
from dataclasses import dataclass
from datetime import MAXYEAR, MINYEAR, date, datetime, timedelta
from functools import lru_cache
from itertools import pairwise

_DAYS = {"day": 1, "week": 7}
_MONTHS = {"month": 1, "year": 12}


@dataclass(frozen=True)
class Period:
    """The days from `start` up to, not including, `end`.

    :raise ValueError: if `end` is before `start`; the same day is an empty period.
    :raise TypeError: if one of them is not a plain date.
    """

    start: date
    end: date

    def __post_init__(self):
        _check_date(self.start)
        _check_date(self.end)
        if self.end < self.start:
            raise ValueError(f"a period ends before it starts: {self}")

    @property
    def days(self) -> int:
        """How many days there are in it."""
        return (self.end - self.start).days

    @property
    def last_day(self) -> date:
        """The inclusive last day, which documents print.

        Of an empty period this is the day before its start.
        """
        return self.end - timedelta(days=1)


@dataclass(frozen=True)
class Recurrence:
    """Periods of `interval` units that tile the calendar in both directions.

    :param anchor: any date that carries the anchor day, before or after the first
        day that is billed; for quarters and years it carries the month too.
    :param unit: "day", "week", "month" or "year"; a quarter is three months.
    :param interval: units in a period, at least 1.
    :raise ValueError: for an unknown unit, or an interval that is no whole number
        from 1 up.
    :raise TypeError: if `anchor` is not a plain date.
    """

    anchor: date
    unit: str
    interval: int = 1

    def __post_init__(self):
        _check_date(self.anchor)
        if self.unit not in {*_DAYS, *_MONTHS}:
            raise ValueError(f"not a unit of billing: {self.unit!r}")
        whole = isinstance(self.interval, int) and not isinstance(self.interval, bool)
        if not whole or self.interval < 1:
            raise ValueError(f"not a whole number of units: {self.interval!r}")

    def period(self, n: int) -> Period:
        """Period `n`; 0 starts on the anchor, negative ones lie before it.

        Where a month has no such day, its last day stands in.

        :raise ValueError: if it does not lie within the years 1 to 9999.
        """
        return Period(self._start(n), self._start(n + 1))

    def index(self, day: date) -> int:
        """The number of the period that contains `day`.

        :raise TypeError: if it is not a plain date.
        """
        _check_date(day)
        if self.unit in _DAYS:
            return (day - self.anchor).days // self._step
        months = 12 * (day.year - self.anchor.year) + day.month - self.anchor.month
        n, rest = divmod(months, self._step)
        # Only in a month in which a period starts can that start still lie ahead.
        return n - 1 if not rest and self._start(n) > day else n

    def periods(self, start: date, end: date) -> list[Period]:
        """Every period that meets ``[start, end)``, in order and clipped to it.

        Empty if `start` is `end`. A clipped piece is prorated against the whole that
        it is cut from, ``period(index(piece.start))``.

        :raise ValueError: if `end` is before `start`.
        :raise TypeError: if one of them is not a plain date.
        """
        span = Period(start, end)
        if not span.days:
            return []
        inner = range(self.index(start) + 1, self.index(span.last_day) + 1)
        edges = [start, *map(self._start, inner), end]
        return [Period(*edge) for edge in pairwise(edges)]

    def due(self, period: Period, arrears: bool = False) -> date:
        """The day on which a period, clipped or not, is to be invoiced.

        In advance that is its start; in arrears its end, the first day after it.
        """
        return period.end if arrears else period.start

    @property
    def _step(self):
        """The length of a period, in days or in months."""
        return self.interval * (_DAYS.get(self.unit) or _MONTHS[self.unit])

    def _start(self, n):
        step = n * self._step
        try:
            if self.unit in _DAYS:
                return self.anchor + timedelta(days=step)
            return _add_months(self.anchor, step)
        except OverflowError as error:
            raise ValueError(f"period {n} is out of the calendar: {self}") from error


@lru_cache(maxsize=4096)
def _add_months(day, months):
    year, month = divmod(12 * day.year + day.month - 1 + months, 12)
    if not MINYEAR <= year <= MAXYEAR:
        raise OverflowError(year)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def _check_date(day):
    # A datetime is a date to isinstance, but not comparable with one.
    if not isinstance(day, date) or isinstance(day, datetime):
        raise TypeError(f"not a plain date: {day!r}")
