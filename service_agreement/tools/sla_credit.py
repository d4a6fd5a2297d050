"""What a missed promise gives back of a period's fee.

How to use::

    room = room_left(Decimal("149"), Decimal(25), given=Decimal("29.80"))
    credit(Decimal("149"), Decimal(10), room)  # 7.45
"""

from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal

from .proration import CENT

ZERO = Decimal(0)


def credit(
    fee: Decimal, percent: Decimal, room: Decimal, rounding: Decimal = CENT
) -> Decimal:
    """`percent` of `fee`, as far as there is room for it.

    :param fee: of the period, before or after taxes as the prices of it are.
    :param room: see `room_left`.
    :return: rounded half up to a multiple of `rounding`, never negative.
    """
    return min(_rounded(fee * percent / 100, rounding), room)


def room_left(
    fee: Decimal, cap_percent: Decimal, given: Decimal = ZERO, rounding: Decimal = CENT
) -> Decimal:
    """What the cap of a period leaves for one credit more.

    :param cap_percent: of `fee`, for all credits of the period together.
    :param given: the credits of the period so far, 0 or more.
    :return: never negative.
    """
    return max(_rounded(fee * cap_percent / 100, rounding) - given, ZERO)


def divide(
    amount: Decimal, weights: Sequence[Decimal], rounding: Decimal = CENT
) -> list[Decimal]:
    """`amount` in parts by weight; the last part is the remainder.

    :param weights: 0 or more, not all 0.
    """
    total, parts, seen = sum(weights), [], ZERO
    for weight in weights:
        seen += weight
        upto = amount if seen == total else _rounded(amount * seen / total, rounding)
        parts.append(upto - sum(parts, ZERO))
    return parts


def _rounded(amount, rounding):
    steps = (amount / rounding).quantize(Decimal(1), rounding=ROUND_HALF_UP)
    return steps * rounding
