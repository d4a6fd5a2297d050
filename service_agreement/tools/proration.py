"""Exact shares of an amount, by days of a period.

How to use::

    march = Period(date(2026, 3, 1), date(2026, 4, 1))
    prorate(Decimal("22.00"), Period(date(2026, 3, 15), march.end), march)  # 12.06

`part` is what is charged or credited, `whole` the aligned period that it is cut from,
also after a change in mid-term (SEMANTICS §2). Shares are fractions until the one
rounding at the end, half away from zero, so that a credit is the exact opposite of
its charge.

What the rules leave open: an empty part costs nothing under any method, "none"
included; an amount finer than the rounding step is rounded to it, and that is what
parts add up to.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Callable, Sequence
from datetime import date
from decimal import Context, Decimal, Inexact
from fractions import Fraction
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .billing_period import Period

CENT = Decimal("0.01")
# Raises rather than lose a digit, where the default context would round to 28.
_EXACT = Context(prec=1000, traps=[Inexact])


def prorate(
    amount: Decimal | int,
    part: Period,
    whole: Period,
    method: str = "actual",
    rounding: Decimal | int = CENT,
) -> Decimal:
    """The share of `amount`, the price of `whole`, that falls to `part`.

    The whole period is the full price under every method, a part never more.

    :param method: "actual": days of the part / days of the whole; "actual_30":
        days / 30 for each month of the whole, "actual" unless it is whole months;
        "30_360": every month has 30 days, its last day counts as the 30th; "none":
        the full amount for any part.
    :param rounding: the step to round to, half away from zero: 0.01, 0.05, 1.
    :return: a multiple of `rounding`.
    :raise ValueError: for a part that is not within the whole, a whole without days,
        an unknown method, a step that is not positive, or an infinite amount.
    :raise TypeError: for an amount or a step that is not a Decimal or int: floats
        are not exact.
    """
    _check_within(part, whole)
    ratio = _ratio(part, whole, _share_of(method))
    return _rounded(Fraction(_decimal(amount)) * ratio, _step(rounding))


def share(
    amount: Decimal | int,
    parts: Sequence[Period],
    whole: Period,
    method: str = "actual",
    rounding: Decimal | int = CENT,
) -> Decimal:
    """The share of `amount` that falls to all `parts` together, rounded once.

    What a further part costs is the share with it less the share without it: parts
    that come one after the other then add up to the whole, the last by what is left.

    :param parts: periods within `whole` that do not overlap; none: nothing.
    :param method: and `rounding`, as for :func:`prorate`.
    :raise ValueError: as for :func:`prorate`, and for parts that overlap.
    :raise TypeError: as for :func:`prorate`.
    """
    for part in (*parts, whole):
        _check_within(part, whole)
    _dated(parts)
    of_part = _share_of(method)
    if sum(part.days for part in parts) == whole.days:
        ratio = Fraction(1)
    else:
        ratio = sum((_ratio(part, whole, of_part) for part in parts), Fraction(0))
    ratio = min(ratio, Fraction(1))
    return _rounded(Fraction(_decimal(amount)) * ratio, _step(rounding))


def split(
    amount: Decimal | int,
    parts: Sequence[Period],
    whole: Period,
    method: str = "actual",
    rounding: Decimal | int = CENT,
) -> list[Decimal]:
    """The shares of `amount` that fall to `parts`, in the order they are given.

    Where the parts fill the whole, the last by date is what the others leave, so that
    they add up to the amount; none gets more than is left. Otherwise each one is
    prorated alone. With the method "none" all of it is on the first by date.

    :param method: and `rounding`, as for :func:`prorate`.
    :raise ValueError: as for :func:`prorate`, and for parts that overlap.
    :raise TypeError: as for :func:`prorate`.
    """
    order = _dated(parts)
    shares = [prorate(amount, part, whole, method, rounding) for part in parts]
    filled = sum(part.days for part in parts) == whole.days
    if order and (filled or method == "none"):
        _settle(shares, order, prorate(amount, whole, whole, method, rounding))
    return shares


def _dated(parts):
    """The positions of the parts in date order, without empty ones.

    :raise ValueError: if two of them overlap.
    """
    order = sorted(
        (n for n, part in enumerate(parts) if part.days),
        key=lambda n: parts[n].start,
    )
    for earlier, later in pairwise(parts[n] for n in order):
        if later.start < earlier.end:
            raise ValueError(f"{earlier} and {later} overlap")
    return order


def _settle(shares, order, rest):
    """Make shares add up to `rest`: none beyond what is left, the last all of it.

    Capping matters when many parts are rounded up to a step each, and under methods
    that charge more than one whole for all parts together.
    """
    for n in order:
        shares[n] = min(shares[n], rest, key=Decimal.copy_abs)
        rest = _EXACT.subtract(rest, shares[n])
    shares[order[-1]] = _EXACT.add(shares[order[-1]], rest)


def _ratio(part, whole, share):
    """The share of the whole, between 0 and 1, at full precision."""
    if not part.days:
        return Fraction(0)
    if part == whole:
        return Fraction(1)
    return min(share(part, whole), Fraction(1))


def _share_of(method) -> Callable[[Period, Period], Fraction]:
    if method not in _SHARES:
        raise ValueError(f"unknown method of proration: {method!r}")
    return _SHARES[method]


def _actual(part, whole):
    return Fraction(part.days, whole.days)


def _actual_30(part, whole):
    return Fraction(part.days, 30 * _months(whole) or whole.days)


def _30_360(part, whole):
    return Fraction(_days_360(part), _days_360(whole))


def _all(_part, _whole):
    return Fraction(1)


_SHARES = {
    "actual": _actual,
    "actual_30": _actual_30,
    "30_360": _30_360,
    "none": _all,
}


def _months(period):
    """How many months a period is, counted from some anchor day; else 0.

    31 January to 28 February is one: the anchor day may be missing in either month,
    whose last day then stands in for it.
    """
    start, end = period.start, period.end
    aligned = (
        start.day == end.day
        or (start.day > end.day and _is_month_end(end))
        or (start.day < end.day and _is_month_end(start))
    )
    return 12 * (end.year - start.year) + end.month - start.month if aligned else 0


def _days_360(period):
    return _number_360(period.end) - _number_360(period.start)


def _number_360(day):
    number = 30 if _is_month_end(day) else min(day.day, 30)
    return 360 * day.year + 30 * day.month + number


def _is_month_end(day: date):
    return day.day == monthrange(day.year, day.month)[1]


def _rounded(value, step):
    """A fraction to the nearest multiple of a Decimal step, half away from zero."""
    steps = int(abs(value) / Fraction(step) + Fraction(1, 2))
    return _EXACT.multiply(Decimal(-steps if value < 0 else steps), step)


def _step(rounding):
    step = _decimal(rounding)
    if step <= 0:
        raise ValueError(f"not a step to round to: {rounding!r}")
    return step


def _decimal(number):
    if not isinstance(number, Decimal | int):
        raise TypeError(f"not a Decimal: {number!r}")
    if not (number := Decimal(number)).is_finite():
        raise ValueError(f"not a finite number: {number}")
    return number


def _check_within(part, whole):
    if not whole.days:
        raise ValueError(f"a period without days has no shares: {whole}")
    if part.start < whole.start or part.end > whole.end:
        raise ValueError(f"{part} is not within {whole}")
