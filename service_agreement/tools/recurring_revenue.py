"""Recurring revenue normalised to a month (SEMANTICS §7)."""

from fractions import Fraction

_PER_MONTH = {
    "day": Fraction(365, 12),
    "week": Fraction(52, 12),
    "month": Fraction(1),
    "year": Fraction(1, 12),
}


def periods_per_month(unit, interval=1):
    """How many periods of ``interval`` ``unit`` a month has, exactly.

    A year is a twelfth, a quarter (3 months) a third, a week 52/12.

    :param str unit: "day", "week", "month" or "year"
    :param int interval: 1 or more
    :rtype: Fraction
    :raise ValueError: unknown unit, interval below 1
    """
    if unit not in _PER_MONTH:
        raise ValueError(f"unknown unit {unit!r}: day, week, month or year")
    if interval < 1:
        raise ValueError(f"interval {interval!r}: must be 1 or more")
    return _PER_MONTH[unit] / interval
