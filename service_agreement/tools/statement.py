"""Of which days a value statement tells, and what an amount is worth in them.

Days are dates, both ends included, unless said otherwise.
"""

from collections.abc import Iterable
from datetime import date, timedelta
from fractions import Fraction

DAY = timedelta(days=1)
# Fewer days are told of together with the next ones.
SHORTEST = 28


def last_span(today: date, months: int) -> tuple[date, date]:
    """The last quarter, half-year or year of the calendar that is over.

    :param months: 3, 6 or 12
    :return: (first day, last day)
    """
    begun = today.replace(month=(today.month - 1) // months * months + 1, day=1)
    first = begun.month - months
    return (
        begun.replace(month=first)
        if first > 0
        else begun.replace(year=begun.year - 1, month=first + 12)
    ), begun - DAY


def days_to_tell(
    span: tuple[date, date],
    start: date,
    last_day: date | None = None,
    told_until: date | None = None,
) -> tuple[date, date] | None:
    """The days of an agreement that a statement of a span tells of.

    A few days before the span that nobody has told of yet are told with it: those of an
    agreement that started at the end of a quarter.

    :param span: as of :func:`last_span`
    :param start: of the agreement
    :param last_day: of the agreement; None: open-ended
    :param told_until: the last day that was told of already
    :return: (first day, last day); None where there are too few to tell of
    """
    first, last = span
    untold = told_until + DAY if told_until else start
    if first - untold > SHORTEST * DAY or untold > first:
        first = max(first, untold)
    else:
        first = untold
    last = min(last, last_day or last)
    return (first, last) if last - first >= (SHORTEST - 1) * DAY else None


def share(
    amount: Fraction, start: date, end: date, first: date, last: date
) -> Fraction:
    """What of an amount for the days ``[start, end)`` is for those from ``first`` to
    ``last``, day by day.
    """
    days = (min(end, last + DAY) - max(start, first)).days
    return amount * max(days, 0) / (end - start).days


def plan_saving(amount: Fraction, percent: Fraction) -> Fraction:
    """What an amount would have been more without the plan's discount; of 100 % nobody
    knows.
    """
    return amount * percent / (100 - percent) if 0 < percent < 100 else Fraction(0)


def left_to_use(
    lots: Iterable[tuple[int, int | None, float]], drawn_before: dict[int, float]
) -> float:
    """What there was to use on the first day and what came after.

    :param lots: (id, id of the lot it was carried over from, units that entered) of all
        that were valid on some of the days
    :param drawn_before: units by id of lot
    """
    lots = list(lots)
    known = {lot for lot, _origin, _units in lots}
    return sum(
        units - drawn_before.get(lot, 0.0)
        for lot, origin, units in lots
        # Carried over within these days, it is counted where it came from.
        if origin not in known
    )
