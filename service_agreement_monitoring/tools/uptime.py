"""Of the months of a system: how much of each it was up.

Instants are datetimes of one kind, spans those of `alerts`.
"""

from collections.abc import Callable, Iterable
from datetime import date, datetime
from fractions import Fraction
from math import floor
from typing import NamedTuple

from .alerts import Span, get_down_time


class Month(NamedTuple):
    """
    :ivar first: the first day
    :ivar start: instant at which it begins
    :ivar end: instant at which the next one begins
    """

    first: date
    start: datetime
    end: datetime


def list_months(
    today: date, count: int, begin_of: Callable[[date], datetime]
) -> list[Month]:
    """The last months, oldest first; the current one is the last.

    :param begin_of: at which instant a day begins
    """
    number = today.year * 12 + today.month - 1
    firsts = [
        date(each // 12, each % 12 + 1, 1)
        for each in range(number - count + 1, number + 2)
    ]
    begins = [begin_of(first) for first in firsts]
    return [Month(*each) for each in zip(firsts, begins, begins[1:], strict=False)]


def get_uptime(spans: Iterable[Span], start: datetime, end: datetime) -> float | None:
    """How much of ``[start, end)`` nothing was down.

    :param spans: in which something was down; several at once count once
    :return: percent of two decimals, rounded down, for a minute is not nothing; None
        where there is no time to speak of
    """
    if end <= start:
        return None
    down = get_down_time(spans, start, end)
    return floor(10000 * (1 - Fraction(down / (end - start)))) / 100
