"""What it costs to end an agreement before its term is over.

How to use::

    left = Period(date(2026, 8, 1), date(2027, 1, 1))
    termination_fee([charge], left, Decimal(80))    # 80 % of what it would have cost
    clawback([(charge, Decimal(10))], served)       # the 10 % that were taken off

Prices are what ``charges.unbilled`` would charge for the days, so that whole periods
cost what an invoice says and parts are prorated by the agreement's own method. Each
result is rounded once, half away from zero (SEMANTICS §3).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

from .billing_period import Period
from .charges import ZERO, Charge, unbilled
from .proration import CENT


def price(charge: Charge, days: Period, waived: bool = False) -> Decimal:
    """What `days` of a charge cost, whether they are billed or not.

    :param days: as far as the charge is served on them; one-off charges cost nothing.
    :param waived: charge for days that are not charged as well.
    """
    start = max(charge.start, days.start)
    end = min(filter(None, (charge.end, days.end)))
    if charge.terms.recurrence is None or start >= end:
        return ZERO
    waivers = () if waived else [replace(each, stops=False) for each in charge.waivers]
    alone = replace(
        charge,
        start=start,
        end=end,
        settled=None,
        bill_from=None,
        billed=(),
        waivers=waivers,
    )
    return sum((piece.amount for piece in unbilled(alone)), ZERO)


def termination_fee(
    charges: Iterable[Charge],
    left: Period | None,
    percent: Decimal,
    rounding: Decimal = CENT,
) -> Decimal:
    """A percentage of what the rest of the term would have cost.

    :param left: the days of the term after the last day in force; None: no term, or
        it is over.
    :raise ValueError: for a percentage below 0.
    """
    if percent < 0:
        raise ValueError(f"not a percentage of what is left: {percent}")
    if not left:
        return ZERO
    rest = sum((price(charge, left, waived=True) for charge in charges), ZERO)
    return _rounded(Fraction(rest) * Fraction(percent) / 100, rounding)


def clawback(
    discounted: Iterable[tuple[Charge, Decimal]],
    served: Period | None,
    rounding: Decimal = CENT,
) -> Decimal:
    """What was taken off the price of the days served for a term that is not kept.

    :param discounted: (charge, percent that its price is lower by); a price lower by
        100 % tells nothing of what it was, and gives nothing back.
    :param served: the days of the term up to the last one in force; None: not ended
        early.
    """
    if not served:
        return ZERO
    given = sum(
        Fraction(price(charge, served)) * Fraction(percent) / (100 - Fraction(percent))
        for charge, percent in discounted
        if 0 < percent < 100
    )
    return _rounded(Fraction(given), rounding)


def _rounded(amount: Fraction, rounding):
    """An amount, 0 or more, to the nearest step."""
    steps = int(amount / Fraction(rounding) + Fraction(1, 2))
    return steps * Decimal(rounding)
