"""Prices that one puts on an offer: a share of what is sold, rounded up."""

from decimal import ROUND_CEILING, Decimal

MONTHS_A_YEAR = 12


def monthly_share(amount, percent):
    """
    :param Decimal amount: what is sold, once
    :param Decimal percent: of it, a year
    :return: Decimal, a month, not rounded
    """
    return amount * percent / 100 / MONTHS_A_YEAR


def round_up(amount, step, less=Decimal(0)):
    """The lowest price n × ``step`` − ``less`` that is not below ``amount``.

    To tens less 0.10: 127.30 becomes 129.90, and 129.95 becomes 139.90.

    :param Decimal amount: 0 stays 0: what costs nothing is not given a price
    :param Decimal step: 0: not rounded
    :param Decimal less: from 0 to below ``step``
    :return: Decimal
    :raise ValueError: ``less`` is not below ``step``
    """
    if not amount or not step:
        return amount
    if not 0 <= less < step:
        raise ValueError(less)
    steps = ((amount + less) / step).to_integral_value(ROUND_CEILING)
    return steps * step - less
