"""What an owner steers by: periods, shares, and what revenue churned (SEMANTICS §7)."""

from datetime import date
from typing import NamedTuple

# Months that a period has before it begins anew, counted from January; "last_12" ends
# with the month of today.
_MONTHS = {"month": 1, "quarter": 3, "year": 12}
KINDS = ("new", "expansion", "contraction", "churn", "reactivation")


def get_period(name, today):
    """The days of a period that ends today.

    :param str name: "month", "quarter", "year", or "last_12": this month and the eleven
        before it
    :param date today:
    :return: (first day, today)
    :raise ValueError: unknown name
    """
    if name == "last_12":
        first = date(today.year - 1, today.month, 1)
        return _next_month(first), today
    if name not in _MONTHS:
        raise ValueError(f"unknown period {name!r}: month, quarter, year or last_12")
    months = _MONTHS[name]
    return date(today.year, (today.month - 1) // months * months + 1, 1), today


def _next_month(day):
    return date(day.year + day.month // 12, day.month % 12 + 1, 1)


def get_share(part, whole):
    """
    :return: ``part / whole``, 0 to 1 where it is a part of it; 0 of nothing
    """
    return part / whole if whole else 0


class RevenueFlow(NamedTuple):
    """Recurring revenue a month: what it was before a period, and what moved in it.

    Contraction and churn are 0 or less, as movements are booked.
    """

    opening: float = 0
    new: float = 0
    expansion: float = 0
    contraction: float = 0
    churn: float = 0
    reactivation: float = 0

    @property
    def closing(self):
        """:return: what it is after the period"""
        return sum(self)

    @property
    def gross_churn(self):
        """:return: what was lost, as a share of the opening revenue"""
        return get_share(-(self.contraction + self.churn), self.opening)

    @property
    def net_churn(self):
        """What was lost, less what customers we had before pay more; below 0 where they
        pay more than was lost. New customers do not count.

        :return: as a share of the opening revenue
        """
        kept = self.contraction + self.churn + self.expansion + self.reactivation
        return get_share(-kept, self.opening)
