"""How billed work stands on an invoice, and how long it waits for one."""

from datetime import date
from decimal import ROUND_HALF_UP, Decimal

MONTHS = 12


def as_printed(
    quantity: Decimal, price: Decimal, amount: Decimal, step: Decimal, cent: Decimal
) -> tuple[Decimal, Decimal]:
    """Hours at a price where that is the amount to the cent; else the amount, once.

    Invoices know quantities in steps (say of 0.01): five minutes are 0.0833 hours.

    :param amount: what is to be paid for it
    :return: (quantity, unit price) that multiply to the amount
    """
    shown = _rounded(quantity, step)
    if _rounded(shown * price, cent) == amount:
        return shown, price
    return Decimal(1), amount


def _rounded(value, step):
    return (value / step).quantize(Decimal(1), ROUND_HALF_UP) * step


def latest_day(day: date, months: int) -> date:
    """The day on which work is billed at the latest, if no invoice comes before.

    :param months: that it waits for one; 0: billed every month
    :return: the first of the month that follows after so many months
    """
    month = day.year * MONTHS + day.month + months
    return date(month // MONTHS, month % MONTHS + 1, 1)
