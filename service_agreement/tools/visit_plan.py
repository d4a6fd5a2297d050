"""When preventive visits are due: so many a year, around fixed dates.

How to use::

    plan = VisitPattern((3, 9), window=5)
    plan.visits(date(2026, 1, 14), year=0, is_working=lambda day: day.weekday() < 5)
    # 14 April and 14 October, each moved to the next working day of its window

Years are those of the agreement: year 0 begins with its first day. What a year owes
depends on the start, the pattern and the calendar alone, so that planning it twice
plans the same visits.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import NamedTuple

from .billing_period import Recurrence

DAY = timedelta(days=1)
# A calendar day that every month has.
LAST_COMMON_DAY = 28

IsWorking = Callable[[date], bool]


class PlannedVisit(NamedTuple):
    """A visit that a year of an agreement owes.

    :param year: of the agreement, from 0
    :param number: in that year, from 1
    :param default: the day by the pattern
    :param first: day of the window, included
    :param last: day of the window, included
    :param due: the day it is planned for, within the window
    """

    year: int
    number: int
    default: date
    first: date
    last: date
    due: date


@dataclass(frozen=True)
class VisitPattern:
    """
    :param months: ascending; whole months after the first day of each year of the
        agreement (0 to 11), or calendar months (1 to 12) if ``by_calendar``
    :param window: days before and after the default day
    :param by_calendar: whether ``months`` are January to December
    :param day: of the calendar month, 1 to 28; of no meaning otherwise
    :raise ValueError: for no months, months that are none or come twice, a negative
        window, or a day that not every month has
    """

    months: tuple[int, ...]
    window: int = 0
    by_calendar: bool = False
    day: int = 1

    def __post_init__(self):
        allowed = range(1, 13) if self.by_calendar else range(12)
        if not self.months or not set(self.months) <= set(allowed):
            raise ValueError(f"not months of a year: {self.months}")
        if list(self.months) != sorted(set(self.months)):
            raise ValueError(f"months are ascending, each once: {self.months}")
        if self.window < 0:
            raise ValueError(f"a window has no negative days: {self.window}")
        if not 1 <= self.day <= LAST_COMMON_DAY:
            raise ValueError(f"not a day that every month has: {self.day}")

    def visits(
        self, start: date, year: int, is_working: IsWorking
    ) -> list[PlannedVisit]:
        """The visits of one year of the agreement, always as many as its months.

        :param start: first day of the agreement
        :param year: of the agreement, from 0
        :param is_working: whether somebody works on a day
        """
        defaults = sorted(self._default(start, year, month) for month in self.months)
        return [
            self._plan(start, year, number, default, is_working)
            for number, default in enumerate(defaults, 1)
        ]

    def _default(self, start, year, month):
        if not self.by_calendar:
            return Recurrence(start, "month").period(12 * year + month).start
        day = start.replace(month=month, day=self.day)
        return day.replace(year=day.year + year + (day < start))

    def _plan(self, start, year, number, default, is_working):
        reach = self.window * DAY
        first, last = max(default - reach, start), default + reach
        due = working_day(default, first, last, is_working)
        return PlannedVisit(year, number, default, first, last, due)


def parse_months(text: str) -> tuple[int, ...]:
    """
    :param text: "3, 9", in any order
    :raise ValueError: for what is no list of whole numbers
    """
    parts = [part.strip() for part in (text or "").split(",")]
    return tuple(sorted({int(part) for part in parts if part}))


def year_of(start: date, day: date) -> int:
    """The year of an agreement, from 0, that contains ``day``."""
    return Recurrence(start, "year").index(day)


def last_day_of_year(start: date, year: int) -> date:
    """The last day, included, of a year of an agreement."""
    return Recurrence(start, "year").period(year).last_day


def working_day(day: date, first: date, last: date, is_working: IsWorking) -> date:
    """The next working day up to ``last``, else the one before down to ``first``;
    ``day`` itself where nobody works on any of them.
    """
    later = _search(day, last, DAY, is_working)
    return later or _search(day, first, -DAY, is_working) or day


def working_days_until(day: date, until: date, is_working: IsWorking) -> int:
    """How many working days follow ``day``, up to and with ``until``; 0 if none."""
    return sum(
        is_working(day + number * DAY) for number in range(1, (until - day).days + 1)
    )


def is_near(fault: date, visit: date, days: int, is_working: IsWorking) -> bool:
    """Whether a fault falls so shortly before a visit that it brings it forward.

    :param days: working days before the visit that count as near; 0: never
    """
    return (
        days > 0
        and visit > fault
        and (working_days_until(fault, visit, is_working) <= days)
    )


def _search(day, end, step, is_working):
    for number in range(abs((end - day).days) + 1):
        if is_working(found := day + number * step):
            return found
    return None
