"""What a customer answered to a price: which of his answers goes for a piece of work.

How to use::

    answers = [Approval(1, monday, True, price=Decimal(150))]
    approval = find_approval(answers, tuesday)
    approval.apply(price)       # 150, whatever the rates of that day are

A price that was approved is the price that is billed (SEMANTICS §5). One that was
declined afterwards stays approved for what was done before.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

from .rates import Price

ZERO = Decimal(0)


@dataclass(frozen=True)
class Approval:
    """An answer of the customer's to the price of the work on a ticket.

    :ivar day: on which he gave it.
    :ivar approved: False: he declined.
    :ivar price: of an hour; None: he was asked about no hours.
    :ivar after_hours: of an hour out of hours.
    :ivar trip: price of a trip; None: he was asked about none.
    :ivar minimum: hours that a shorter piece of work counts as.
    :ivar step: hours; work counts in whole steps.
    :ivar work_type: that he was told of; None: any.
    :ivar currency: of the prices.
    """

    id: Hashable
    day: date
    approved: bool
    price: Decimal | None = None
    after_hours: Decimal | None = None
    trip: Decimal | None = None
    minimum: Decimal = ZERO
    step: Decimal = ZERO
    work_type: Hashable = None
    currency: Hashable = None

    def is_about(self, unit: str, work_type: Hashable, currency: Hashable) -> bool:
        """Whether he was told this price: in this currency, for such work.

        :param unit: "hour" or "trip"
        """
        told = self.trip if unit == "trip" else self.price
        return (
            told is not None
            and self.currency == currency
            and self.work_type in (None, work_type)
        )

    def apply(self, price: Price, unit: str = "hour", after_hours: bool = False):
        """:return: the Price with what was approved instead; the list stays the list.

        Minimum and step: those that are better for the customer.
        """
        if unit == "trip":
            return replace(price, price=self.trip, found=True)
        approved = self.price
        if after_hours and self.after_hours is not None:
            approved = self.after_hours
        return replace(
            price,
            price=approved,
            minimum=min(price.minimum, self.minimum) if price.found else self.minimum,
            step=min(price.step, self.step) if price.found else self.step,
            found=True,
        )


def find_approval(
    answers: Iterable[Approval],
    day: date,
    unit: str = "hour",
    work_type: Hashable = None,
    currency: Hashable = None,
) -> Approval | None:
    """The answer by which work of a day is billed.

    What he said last up to that day; approved and declined on one day, work of that day
    is approved. Work that was done before he was asked goes by the first approval.

    :param answers: all that were given on a ticket, oldest first.
    :return: None: he approved nothing that this work is part of.
    """
    told = [each for each in answers if each.is_about(unit, work_type, currency)]
    before = [each for each in told if each.day < day]
    same_day = [each for each in told if each.day == day and each.approved]
    later = [each for each in told if each.day > day and each.approved]
    if same_day:
        return same_day[-1]
    if before and before[-1].approved and not _declined_on(told, day):
        return before[-1]
    return later[0] if later else None


def _declined_on(told, day):
    return any(each.day == day and not each.approved for each in told)
