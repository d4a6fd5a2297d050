"""From dated changes to the stretches of a charge, in whatever order they were entered.

How to use::

    replay(date(2026, 1, 1), {"price_unit": Decimal(89), "quantity": Decimal(1)},
           [Change(date(2026, 3, 11), 1, {"price_unit": Decimal(149)})], whole=march)

How it works: a change is a fact that says what is different from a day on, and nothing
else. All facts are replayed by date each time, so a change that is entered late ends as
if it had been entered in order, and later ones keep what they say (SEMANTICS §2).
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from operator import attrgetter

from .billing_period import Period
from .grouping import consecutive

CENT = Decimal("0.01")


@dataclass(frozen=True)
class Change:
    """What is different from `day` on.

    :param order: tells changes of one day apart: the later entered wins.
    :param values: what is new, by name; "factor" multiplies the rounded price,
        "removed" ends the charge.
    """

    day: date
    order: Hashable
    values: Mapping


@dataclass(frozen=True)
class Stretch:
    """The days from `start` up to, not including, `end` on which `values` hold."""

    start: date
    end: date | None
    values: Mapping


@dataclass(frozen=True)
class Existing:
    """A stretch that is on record; `values` as in :class:`Stretch`."""

    key: Hashable
    start: date
    values: Mapping


def replay(
    start: date,
    values: Mapping,
    changes: Iterable[Change],
    whole: Callable[[Mapping, date], Period | None],
    rounding: Decimal = CENT,
) -> list[Stretch]:
    """The stretches that a charge has after all its changes, by start.

    More of the same is charged beside what there is, up to the end of the period it
    starts in: nothing has to be credited for it. Whatever else changes ends what there
    is and opens something new. What is charged once stays as it was on its first day.

    :param start: first day of the charge; changes before it hold from then on.
    :param values: what was agreed first; "quantity" and "price_unit" as Decimal.
    :param whole: the aligned period of a day under given values; None if it has none.
    :param rounding: of a price that a factor changes.
    """
    history = _History(whole)
    current = dict(values)
    for day, group in _by_day(start, changes):
        for change in group:
            current = _changed(current, change.values, rounding)
        history.change(day, current)
    return history.close()


def values_on(
    day: date,
    values: Mapping,
    changes: Iterable[Change],
    rounding: Decimal = CENT,
) -> Mapping:
    """What holds on `day`, with the changes of that day; parameters as in `replay`."""
    current = dict(values)
    for change in sorted(changes, key=lambda change: (change.day, change.order)):
        if change.day <= day:
            current = _changed(current, change.values, rounding)
    return current


def assign(
    stretches: Sequence[Stretch], existing: Iterable[Existing]
) -> tuple[list[tuple[Stretch, Hashable | None]], list[Hashable]]:
    """Find for each stretch what is on record of it: the same terms from the same day.

    :return: ([(stretch, key or None: to be made)], [keys that are no longer wanted])
    """
    unused = list(existing)
    pairs = []
    for stretch in stretches:
        found = next((row for row in unused if _is_of(row, stretch)), None)
        if found:
            unused.remove(found)
        pairs.append((stretch, found.key if found else None))
    return pairs, [row.key for row in unused]


def _is_of(row, stretch):
    return row.start == stretch.start and row.values == stretch.values


def _by_day(start, changes):
    """(day, changes) by date, those before the start on it; the start comes first."""
    ordered = sorted(changes, key=lambda change: (change.day, change.order))
    dated = [replace(change, day=max(change.day, start)) for change in ordered]
    return consecutive([Change(start, None, {}), *dated], key=attrgetter("day"))


def _changed(current, values, rounding):
    values = dict(values)
    factor = values.pop("factor", None)
    current = {**current, **values}
    if factor is not None:
        current["price_unit"] = (current["price_unit"] * factor / rounding).quantize(
            Decimal(1), ROUND_HALF_UP
        ) * rounding
    return current


class _History:
    """Stretches as they open and close; `open` holds the first, then what was added."""

    def __init__(self, whole):
        self._whole = whole
        self._done = []
        self._open = []
        self._until = None

    def change(self, day, values):
        self._pass_boundary(day)
        values = dict(values)
        if values.pop("removed", False):
            self._end(day)
        elif not self._open:
            self._begin(day, values)
        elif values != self._total():
            self._alter(day, values)

    def close(self):
        self._pass_boundary(None)
        self._done += self._open
        return sorted(self._done, key=attrgetter("start"))

    def _total(self):
        """The values of all that is open, as one."""
        values = dict(self._open[0].values)
        values["quantity"] = sum(s.values["quantity"] for s in self._open)
        return values

    def _alter(self, day, values):
        total = self._total()
        more = values["quantity"] - total["quantity"]
        whole = self._whole(values, day)
        if not whole and not self._whole(total, day):
            return  # What is charged once stays as it was on its first day.
        alike = {**values, "quantity": None} == {**total, "quantity": None}
        if alike and more > 0 and whole and whole.start < day:
            self._open.append(Stretch(day, None, {**values, "quantity": more}))
            self._until = whole.end
        else:
            self._end(day)
            self._begin(day, values)

    def _pass_boundary(self, day):
        """Where the period of an addition ends, it becomes one with the rest."""
        if self._until and (day is None or self._until <= day):
            values, until = self._total(), self._until
            self._end(until)
            self._begin(until, values)

    def _begin(self, day, values):
        self._open = [Stretch(day, None, values)]
        self._until = None

    def _end(self, day):
        ended = [replace(s, end=day) for s in self._open]
        self._done += [s for s in ended if s.start < day]
        self._open, self._until = [], None
