"""How often devices have faults: what was observed of them, by their age.

All days are dates of the company's calendar. A device is observed on every day from
the first to the last one, both included, and a fault counts on such a day only: days
and faults are always of the same devices in the same time.
"""

from datetime import date, timedelta
from typing import NamedTuple

from dateutil.relativedelta import relativedelta

# Fewer faults tell how lucky we were, not how long a device lasts.
ENOUGH_FAULTS = 3
DAYS_A_YEAR = 365.25
# Of this age in years and older is one age.
OLDEST = 10


class Life(NamedTuple):
    """A device: when it was installed, from when to when its faults came to us.

    :ivar born: the day it was installed, None where nobody knows
    :ivar faults: the day of each, in any order
    """

    born: date | None
    first: date
    last: date
    faults: tuple = ()


class Observed(NamedTuple):
    """:ivar days: on which devices were observed, each device's counted"""

    days: int = 0
    faults: int = 0

    def __add__(self, other):
        return Observed(self.days + other.days, self.faults + other.faults)


def first_day(installed, entered, inspected, begun):
    """Nobody told us of faults before the device was there, before we took the system
    over from somebody else, or before we noted faults at all.

    :param date installed: of the device, or None
    :param date entered: when the device was typed in, where the former is unknown
    :param date inspected: the entry inspection of its system, or None
    :param date begun: the first fault or ticket that the company has on record
    :return: the first day on which it was observed
    """
    return max(filter(None, (installed or entered, inspected, begun)))


def last_day(removed, today):
    """:return: the last day on which it was observed; ``removed`` may be None"""
    return min(removed or today, today)


def by_age(life):
    """
    :param Life life:
    :return: dict of Observed by age in completed years, `OLDEST` and older together,
        None where the age is unknown; only ages in which it was observed
    """
    ages = {}
    for age, first, last in _spans(life):
        faults = sum(first <= day <= last for day in life.faults)
        ages[age] = Observed((last - first).days + 1, faults)
    return ages


def _spans(life):
    """:return: iterator of (age, first day, last day) that are not empty"""
    if life.born is None:
        spans = [(None, life.first, life.last)]
    else:
        spans = [(age, *_birthdays(life.born, age)) for age in range(OLDEST + 1)]
    for age, begin, end in spans:
        first, last = max(begin, life.first), min(end, life.last)
        if first <= last:
            yield age, first, last


def _birthdays(born, age):
    """:return: (first, last) day of that age"""
    if age == OLDEST:
        return born + relativedelta(years=age), date.max
    following = born + relativedelta(years=age + 1)
    return born + relativedelta(years=age), following - timedelta(days=1)


def total(many):
    """:return: Observed of all of them together"""
    return sum(many, Observed())


def _is_enough(observed):
    return observed.faults >= ENOUGH_FAULTS and observed.days > 0


def days_between(observed):
    """:return: float, mean time between faults in days; None if too little is known"""
    if not _is_enough(observed):
        return None
    return observed.days / observed.faults


def faults_a_year(observed):
    """:return: float, faults of one device in a year; None if too little is known"""
    if not _is_enough(observed):
        return None
    return DAYS_A_YEAR * observed.faults / observed.days


def in_words(observed):
    """As a customer reads it: one fault a year for every ``n`` devices, or ``n`` faults
    a year of each. It says no more than the mean does: that the same device may have
    had all the faults, it does not deny.

    :return: ("devices", n) with n >= 2, or ("faults", n) with n >= 1; None if too
        little is known
    """
    rate = faults_a_year(observed)
    if rate is None:
        return None
    devices = round(1 / rate)
    return ("devices", devices) if devices >= 2 else ("faults", max(1, round(rate)))
