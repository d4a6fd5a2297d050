"""What a tier has to cost: the price at which so many customers pay for themselves.

How to use::

    villa = break_even(Decimal(1840), Decimal(300), 12)      # 128.34 a month
    price_for([villa, Decimal(40), Decimal(0)], 80)          # 128.34
    share_paying([villa, Decimal(40), Decimal(0)], Decimal(100))    # 2 of 3
    to_sellable(Decimal("128.34"))                           # 129

A customer pays for himself at a price if what he brings in leaves the margin wanted.
What he brings in beside the price (work that is billed, blocks of hours) and what he
costs do not depend on it, so that every customer has one price from which on he does.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import ROUND_CEILING, Decimal
from fractions import Fraction
from itertools import count

from .allowance import ZERO
from .billing_period import Recurrence

CENT = Decimal("0.01")
HUNDRED = Decimal(100)
NINE_TENTHS = Decimal("0.9")
BANDS = ("none", "small", "medium", "large")


def break_even(
    cost: Decimal,
    billed: Decimal,
    months: Decimal,
    margin: Decimal = ZERO,
    cent: Decimal = CENT,
) -> Decimal:
    """The lowest price per month that leaves the margin wanted, in whole cents.

    :param cost: of all the months.
    :param billed: in all the months, beside the price.
    :param months: more than 0.
    :param margin: percent of what comes in that must be left, 0 to below 100.
    :return: 0 or more: nobody is paid for being a customer.
    :raise ValueError: for no months, or a margin that no price can leave.
    """
    if months <= 0 or not 0 <= margin < HUNDRED:
        raise ValueError(f"no price: {months} months, a margin of {margin} %")
    needed = Fraction(cost) / (1 - Fraction(margin) / 100) - Fraction(billed)
    steps = -(-needed / Fraction(months) // Fraction(cent))
    return max(int(steps) * cent, ZERO)


def price_for(prices: Iterable[Decimal], percent: Decimal | int) -> Decimal:
    """The lowest price at which at least ``percent`` of the customers pay.

    :param prices: of each customer, see :func:`break_even`; at least one.
    :param percent: above 0, up to 100.
    :raise ValueError: for no customer, or a percentage that is none.
    """
    ordered = sorted(prices)
    if not ordered or not 0 < percent <= HUNDRED:
        raise ValueError(f"{percent} % of {len(ordered)} customers")
    wanted = -(-Fraction(percent) * len(ordered) // 100)
    return ordered[int(wanted) - 1]


def share_paying(prices: Sequence[Decimal], price: Decimal) -> Fraction:
    """:return: the share of customers that pay for themselves at ``price``, 0 to 1"""
    if not prices:
        return Fraction(0)
    return Fraction(sum(each <= price for each in prices), len(prices))


def get_steps(highest: Decimal, points: int = 40) -> list[int]:
    """:return: even, round prices from 0 to the first that is not below ``highest``

    :param points: how many steps there are at most.
    """
    sizes = (digit * 10**zeros for zeros in count() for digit in (1, 2, 5))
    step = next(size for size in sizes if size * points >= highest)
    return [n * step for n in range(int(-(-Fraction(highest) // step)) + 1)]


def curve(
    prices: Sequence[Decimal], steps: Iterable[int]
) -> list[tuple[int, Fraction]]:
    """:return: (price, share of customers that pay for themselves), step by step"""
    return [(step, share_paying(prices, Decimal(step))) for step in steps]


def to_sellable(price: Decimal) -> Decimal:
    """The next price up that one prints in a catalogue: 12, 49, 149, 1490.

    Below 10 whole, below 1,000 the next that ends in 9, above it that of two digits
    and a nine.
    """
    whole = price.to_integral_value(ROUND_CEILING)
    if whole < 10:
        return max(whole, ZERO)
    step = max(Decimal(10), Decimal(10) ** (whole.adjusted() - 1))
    ending = step * NINE_TENTHS
    steps = ((price - ending) / step).to_integral_value(ROUND_CEILING)
    return (max(steps, ZERO) * step + ending).quantize(Decimal(1))


def get_band(size: int, medium: int, large: int) -> str:
    """
    :param size: devices of a customer; 0: none are known.
    :param medium: from so many on he is not small any more.
    :param large: from so many on he is large.
    :return: one of `BANDS`
    """
    if size <= 0:
        return "none"
    return "large" if size >= large else "medium" if size >= medium else "small"


def per_hour(amount: Decimal, hours: Decimal) -> Decimal:
    """:return: what an hour brings in, or leaves; 0 where nobody worked"""
    return amount / hours if hours else ZERO


@dataclass
class Blocks:
    """Hours bought in advance, a block whenever the last one is used up or over.

    What is asked of it is what is asked of lots, see :class:`coverage.Balance`.

    :ivar key: hashable, of who buys.
    :ivar size: units of a block; above 0.
    :ivar validity: months in which it may be used; 0: without end.
    """

    key: object
    size: Decimal
    validity: int = 0
    bought: list[date] = field(default_factory=list)
    _left: Decimal = ZERO

    def take(self, day: date, units: Decimal) -> Iterator[tuple[tuple, Decimal]]:
        """Take ``units``, buying what is missing.

        :return: pairs of the key of a block and what was taken of it, more than 0.
        """
        while units > 0:
            if not self.find(day):
                self.bought.append(day)
                self._left = self.size
            taken = min(units, self._left)
            self._left -= taken
            units -= taken
            yield (self.key, len(self.bought)), taken

    def left(self, day: date) -> Decimal:
        """:return: what is paid for already; more can be bought"""
        return self._left if self.find(day) else ZERO

    def find(self, day: date) -> list[Blocks]:
        """:return: itself while there is a block to draw from, else nothing"""
        return [self] if self._left and self._is_valid(day) else []

    def _is_valid(self, day):
        if not self.validity:
            return True
        first = Recurrence(self.bought[-1], "month", self.validity).period(0)
        return day < first.end
