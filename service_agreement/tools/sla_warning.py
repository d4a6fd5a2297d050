"""When a promise is used up to a certain share, in service time.

How to use::

    used_up_at(Decimal(90), timedelta(hours=4), calendar, opened_friday_15h, monday_11h)
    # Monday 10:36

Derived from the deadline and not from what was used, so that nothing but the promise
and its deadline need be known: pauses are in the deadline already.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta

from .sla_clock import Calendar

# The threshold that every promise has: it is missed.
BREACH = 100


def used_up_at(
    percent: int,
    duration: timedelta,
    calendar: Calendar,
    start: datetime,
    deadline: datetime,
) -> datetime:
    """The instant at which `percent` of `duration` is used by a clock that runs on.

    The earliest one, as deadlines are: what is used up at closing time is used up
    then, not at the next opening. Whole seconds.

    :param percent: 0 to 100.
    :param start: when the clock was started, aware.
    :param deadline: as it is now, aware; after `start`.
    :raise ValueError: a percent that is none.
    """
    if not 0 <= percent <= BREACH:
        raise ValueError(f"not a percent: {percent!r}")
    if percent == BREACH:
        return deadline
    latest = calendar.add(deadline, -duration * (BREACH - percent) / BREACH)
    earliest = latest and calendar.add(start, calendar.between(start, latest))
    return (earliest or start).replace(microsecond=0)


def thresholds(percents: Iterable[int], told: int) -> list[int]:
    """What is still to be told, in order; the breach always is, whatever the ladder.

    :param told: the highest percent told so far, 0 for none.
    """
    return sorted(percent for percent in {*percents, BREACH} if percent > told)
