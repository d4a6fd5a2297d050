"""Rates: what an hour or a trip costs that no agreement pays for.

How to use::

    book = RateBook(
        [
            Rate(1, "hour", Decimal(150), Decimal(240), step=Decimal("0.25")),
            Rate(2, "hour", Decimal(120), owner=7),
        ],
        {7: Terms(), 8: Terms(discount=Decimal(10))},
    )
    book.find(day)                # 150, the list
    book.find(day, coverage=7)    # 120 as agreed; by the list 150
    book.find(day, coverage=8)    # 135: no rate of its own, 10 % off the list

Work is priced by the rates of its own day, so that a rate of a later day moves nothing
that was worked before (SEMANTICS §7).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import chain

ZERO = Decimal(0)
HUNDRED = Decimal(100)
KINDS = ("hour", "trip")


@dataclass(frozen=True)
class Rate:
    """A row of the list, or of what was agreed.

    :ivar price: of an hour or a trip within hours.
    :ivar after_hours: out of hours; None: the same.
    :ivar owner: id of the coverage it was agreed with; None: the list.
    :ivar work_type: None: any.
    :ivar job: role of who works; None: anybody.
    :ivar start: first day on which it holds; None: always.
    :ivar end: last day, included; None: until a later row of the same kind.
    :ivar minimum: hours that a shorter piece of work counts as.
    :ivar step: hours; work counts in whole steps; 0: as it was worked.
    :raise ValueError: for an unknown kind, or money or time below 0.
    """

    id: int
    kind: str
    price: Decimal
    after_hours: Decimal | None = None
    owner: Hashable = None
    work_type: Hashable = None
    job: Hashable = None
    start: date | None = None
    end: date | None = None
    minimum: Decimal = ZERO
    step: Decimal = ZERO

    def __post_init__(self):
        if self.kind not in KINDS:
            raise ValueError(f"unknown kind of rate: {self.kind!r}")
        if min(self.price, self.minimum, self.step, self.after_hours or ZERO) < 0:
            raise ValueError(f"a rate is 0 or more: {self}")

    def holds(self, day: date, work_type: Hashable, job: Hashable) -> bool:
        """Whether it may price this work; others may be nearer to it."""
        return (
            (self.start is None or self.start <= day)
            and (self.end is None or day <= self.end)
            and self.work_type in (None, work_type)
            and self.job in (None, job)
        )

    def precedence(self) -> tuple:
        """The greatest of those that hold is the one: never random."""
        return (
            self.work_type is not None,
            self.job is not None,
            self.start or date.min,
            self.id,
        )

    def get_price(self, after_hours: bool) -> Decimal:
        if after_hours and self.after_hours is not None:
            return self.after_hours
        return self.price


@dataclass(frozen=True)
class Terms:
    """What was agreed about the rates of a coverage.

    :ivar discount: percent off the list, where it has no rate of its own.
    :ivar currency: in which its rates are, and what is charged; None: the list's.
    """

    discount: Decimal = ZERO
    currency: Hashable = None


@dataclass(frozen=True)
class Price:
    """What an hour or a trip costs, as :meth:`RateBook.find` answers.

    :ivar price: what is charged, before taxes, in the currency of the coverage.
    :ivar list_price: by the list of the day, in the same currency.
    :ivar minimum: hours, of the row that gives the price.
    :ivar step: hours, of the same row.
    :ivar found: False: there is no row for it, and both prices are 0.
    :ivar list_found: whether the list has a row for it.
    :ivar worth: by the list of the day, in the currency of the list.
    """

    price: Decimal = ZERO
    list_price: Decimal = ZERO
    minimum: Decimal = ZERO
    step: Decimal = ZERO
    found: bool = False
    list_found: bool = False
    worth: Decimal = ZERO


def _keep(amount, _currency, _day):
    return amount


class RateBook:
    """The list of a company, and what was agreed with its customers.

    :param rates: in any order.
    :param terms: by the id of a coverage; one that is not here has the list.
    :param convert: called as (amount of the list, currency of the coverage or None,
        day), gives the amount rounded in that currency.
    """

    def __init__(
        self,
        rates: Iterable[Rate],
        terms: Mapping[Hashable, Terms] | None = None,
        convert: Callable[[Decimal, Hashable, date], Decimal] = _keep,
    ):
        self.terms = dict(terms or {})
        self.convert = convert
        self._rows = defaultdict(list)
        self._known = {}
        for rate in rates:
            self._rows[rate.owner, rate.kind].append(rate)
        for rows in self._rows.values():
            rows.sort(key=Rate.precedence, reverse=True)

    @property
    def depends_on_job(self) -> bool:
        """Whether any of them is for one role."""
        rates = chain.from_iterable(self._rows.values())
        return any(rate.job is not None for rate in rates)

    def find(
        self,
        day: date,
        kind: str = "hour",
        work_type: Hashable = None,
        job: Hashable = None,
        coverage: Hashable = None,
        after_hours: bool = False,
    ) -> Price:
        """What such work costs on its day: as agreed, or else by the list.

        Of several rows that of work type and role goes first, then work type, then
        role, then any; of equal ones the later start, then the later id.

        :param work_type: id; None: not known.
        :param job: id of the role; None: not known.
        :param coverage: id; None: nobody's, the list price.
        :raise ValueError: for an unknown kind.
        """
        if kind not in KINDS:
            raise ValueError(f"unknown kind of rate: {kind!r}")
        key = day, kind, work_type or None, job or None, coverage or None, after_hours
        if key not in self._known:
            self._known[key] = self._work_out(*key)
        return self._known[key]

    def _work_out(self, day, kind, work_type, job, coverage, after_hours):
        terms = self.terms.get(coverage, Terms())
        listed = self._find_row(None, day, kind, work_type, job)
        agreed = coverage and self._find_row(coverage, day, kind, work_type, job)
        row = agreed or listed
        if not row:
            return Price()
        full = listed.get_price(after_hours) if listed else ZERO
        if agreed:
            price = agreed.get_price(after_hours)
        else:
            off = full * terms.discount / HUNDRED
            price = self.convert(full - off, terms.currency, day)
        list_price = self.convert(full, terms.currency, day)
        found = True, bool(listed)
        return Price(price, list_price, row.minimum, row.step, *found, full)

    def _find_row(self, owner, day, kind, work_type, job):
        rows = self._rows.get((owner, kind), ())
        return next((row for row in rows if row.holds(day, work_type, job)), None)
