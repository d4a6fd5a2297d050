"""Coverage: which agreement pays for a piece of work, and why.

How to use::

    gold = Candidate(1, date(2026, 1, 1), covers={"company": {7}}, hours=office)
    repair = Work(4, day, Decimal(2), Place(company=7), start=at_1630, end=at_1830)
    [verdict] = decide([repair], [gold])
    verdict.parts       # half an hour covered, an hour and a half after hours
    verdict.judgements  # every candidate with what it met and what it failed

The promise of a ticket is another question: it is frozen when the ticket is opened.
Money is decided by when the work was done (SEMANTICS §5), always from all the work of
an allowance at once, so that the order in which it was typed in does not matter.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from typing import Protocol
from zoneinfo import ZoneInfo

from .allowance import ZERO, Lot, Stock, to_work

# Best first: what is nearest to the thing that was worked on.
LEVELS = ("device", "system", "site", "contact", "company", "parent")
# Best first: what costs the customer nothing more.
KINDS = ("unlimited", "included", "prepaid")
# Of a share of an hour; a second is 0.0003.
PLACES = Decimal("0.0001")


class Calendar(Protocol):
    """What is asked of hours; :class:`working_time.WorkingTime` is one."""

    def between(self, start: datetime, end: datetime) -> timedelta: ...

    def openings(self, start: datetime, end: datetime) -> Iterable: ...


@dataclass(frozen=True)
class Place:
    """What was worked on, and for whom: ids, None where it is not known.

    :ivar parents: the companies above the company.
    """

    device: Hashable = None
    system: Hashable = None
    site: Hashable = None
    contact: Hashable = None
    company: Hashable = None
    parents: tuple = ()


@dataclass(frozen=True)
class Work:
    """A piece of work of one day.

    :ivar quantity: what it counts, rounded already; 0 or more.
    :ivar start: aware; None: the hour is not known, and counts as business hours.
    :ivar end: with `start`; another duration than `quantity` where that was rounded.
    :ivar kind: what was done: remote, on site, programming …
    :ivar exclusions: what of the pick-list of exclusions it is.
    :ivar factor: units of a lot that one unit of work costs, by the role.
    :ivar chosen: id of the candidate that a person chose; it goes before all others.
    :raise ValueError: for a negative quantity, or one of `start` and `end` alone.
    """

    id: int
    day: date
    quantity: Decimal
    place: Place
    start: datetime | None = None
    end: datetime | None = None
    kind: Hashable = None
    exclusions: frozenset = frozenset()
    factor: Decimal = Decimal(1)
    chosen: Hashable = None

    def __post_init__(self):
        if self.quantity < 0:
            raise ValueError(f"work is 0 or more: {self.quantity}")
        if (self.start is None) != (self.end is None):
            raise ValueError("work has both a start and an end, or neither")
        if self.start is not None and self.end < self.start:
            raise ValueError(f"work ends at {self.end}, before {self.start}")


@dataclass(frozen=True)
class Candidate:
    """An agreement, or one allowance of it, that might pay.

    :ivar start: first day in force.
    :ivar end: last day in force, included; None: open-ended.
    :ivar covers: ids by level; "company" also stands for its children if
        `covers_children`.
    :ivar work_kinds: None: all.
    :ivar hours: None: day and night.
    :ivar kind: one of `KINDS`; "unlimited" has no lots.
    """

    id: Hashable
    start: date
    end: date | None = None
    covers: Mapping[str, Iterable] = field(default_factory=dict)
    covers_children: bool = False
    work_kinds: frozenset | None = None
    exclusions: frozenset = frozenset()
    hours: Calendar | None = None
    kind: str = "unlimited"
    sequence: int = 10
    lots: tuple[Lot, ...] = ()

    def __post_init__(self):
        if self.kind not in KINDS:
            raise ValueError(f"unknown kind of coverage: {self.kind!r}")


@dataclass(frozen=True)
class Reason:
    """A condition, and whether it was met.

    :ivar code: "in_force", "place", "work_kind", "exclusion" or "hours".
    :ivar detail: the level of "place", else what failed, if it has a name.
    """

    code: str
    met: bool
    detail: Hashable = None


@dataclass(frozen=True)
class Judgement:
    """What speaks for a candidate, and what against it."""

    candidate: Candidate
    reasons: tuple[Reason, ...]

    @property
    def won(self) -> bool:
        """Whether it is this agreement's work: out of its hours it is billed, at the
        rate that it has for that.
        """
        return all(reason.met for reason in self.reasons if reason.code != "hours")

    @property
    def level(self) -> str | None:
        found = (r.detail for r in self.reasons if r.code == "place" and r.met)
        return next(found, None)


@dataclass(frozen=True)
class Part:
    """A share of a piece of work.

    :ivar outcome: "covered"; "overage": the balance was used up; "after_hours": out
        of the hours of who would pay; "uncovered": nobody would.
    :ivar candidate: id of who pays, or by whose rates it is billed; None: list rate.
    :ivar lot: id, of what was drawn from; None: unlimited, or not covered.
    :ivar quantity: in units of work.
    """

    outcome: str
    quantity: Decimal
    candidate: Hashable = None
    lot: Hashable = None


@dataclass(frozen=True)
class Verdict:
    work: Work
    parts: tuple[Part, ...]
    judgements: tuple[Judgement, ...]


def judge(candidate: Candidate, work: Work) -> Judgement:
    """Put a candidate's conditions to a piece of work; all of them are answered."""
    level = _get_level(candidate, work.place)
    excluded = sorted(candidate.exclusions & work.exclusions, key=str)
    kinds = candidate.work_kinds
    in_force = candidate.start <= work.day and (
        candidate.end is None or work.day <= candidate.end
    )
    return Judgement(
        candidate,
        (
            Reason("in_force", in_force),
            Reason("place", level is not None, level),
            Reason("work_kind", kinds is None or work.kind in kinds, work.kind),
            Reason("exclusion", not excluded, excluded[0] if excluded else None),
            Reason("hours", _is_open_for(candidate, work)),
        ),
    )


def _get_level(candidate, place):
    """:return: the nearest level at which the place is covered, or None"""
    for level in LEVELS[:-1]:
        known = getattr(place, level)
        if known is not None and known in candidate.covers.get(level, ()):
            return level
    companies = candidate.covers.get("company", ())
    is_child = any(parent in companies for parent in place.parents)
    return "parent" if is_child and candidate.covers_children else None


def rank(judgement: Judgement) -> tuple:
    """The order of those that won: nearest, then cheapest for the customer, then by
    sequence, earliest start and id (SEMANTICS §5). Never random.
    """
    candidate = judgement.candidate
    return (
        LEVELS.index(judgement.level),
        KINDS.index(candidate.kind),
        candidate.sequence,
        candidate.start,
        candidate.id,
    )


def _is_open_for(candidate, work):
    """Whether some of the work lies within the candidate's hours."""
    if candidate.hours is None or work.start is None or work.start == work.end:
        return True
    return candidate.hours.between(work.start, work.end) > timedelta(0)


def decide(
    works: Iterable[Work], candidates: Iterable[Candidate], order: str = "expiry_first"
) -> list[Verdict]:
    """Say of each piece of work who pays for which part of it.

    The first candidate takes what lies within its hours, as far as its balance goes;
    what is left goes down the list. What nobody takes is billed.

    :param works: in any order; taken by day, then id.
    :param order: of the lots of a candidate, see :func:`allowance.allocate`.
    """
    candidates = list(candidates)
    stocks = {each.id: Stock(each.lots, order) for each in candidates}
    verdicts = []
    for work in sorted(works, key=lambda work: (work.day, work.id)):
        judgements = tuple(judge(candidate, work) for candidate in candidates)
        winners = sorted(
            (each for each in judgements if each.won),
            key=lambda each: (each.candidate.id != work.chosen, rank(each)),
        )
        takers = [each.candidate for each in winners]
        parts = _joined(_share_out(work, takers, stocks))
        verdicts.append(Verdict(work, parts, judgements))
    return verdicts


def _joined(parts):
    """:return: tuple of Parts, those alike as one: nobody reads of a lunch break"""
    found = {}
    for part in parts:
        key = part.outcome, part.candidate, part.lot
        found[key] = found.get(key, ZERO) + part.quantity
    return tuple(
        Part(outcome, quantity, candidate, lot)
        for (outcome, candidate, lot), quantity in found.items()
    )


def _share_out(work, takers, stocks):
    """Yield the parts of a piece of work; together they are all of it."""
    for quantity, open_for in _split_hours(work, takers):
        left = quantity
        for candidate in open_for:
            for part in _take(candidate, work, left, stocks[candidate.id]):
                left -= part.quantity
                yield part
        if left:
            yield _charge(left, takers, open_for)


def _split_hours(work, takers):
    """Yield (quantity, those of ``takers`` within whose hours it lies), in order."""
    if work.start is None or work.start == work.end:
        yield work.quantity, takers
        return
    hours = {
        each.id: list(each.hours.openings(work.start, work.end))
        for each in takers
        if each.hours is not None
    }
    inner = {edge for found in hours.values() for pair in found for edge in pair}
    edges = sorted({work.start, work.end, *inner})
    pieces = [replace(work, start=a, end=b) for a, b in pairwise(edges)]
    for piece in _share_quantity(work, pieces):
        yield (
            piece.quantity,
            [
                each
                for each in takers
                if each.hours is None
                or any(a <= piece.start < b for a, b in hours[each.id])
            ],
        )


def _take(candidate, work, wanted, stock):
    """Yield what a candidate pays of ``wanted`` units of work."""
    if not wanted:
        return
    if candidate.kind == "unlimited":
        yield Part("covered", wanted, candidate.id)
    elif not work.factor:
        # It costs nothing of any lot, and needs one that is valid.
        for lot in [each for each in stock.lots if each.is_valid(work.day)][:1]:
            yield Part("covered", wanted, candidate.id, lot.id)
    else:
        left = wanted * work.factor
        for lot_id, units in stock.take(work.day, left):
            left -= units
            covered = min(wanted, to_work(units, work.factor)) if left else wanted
            wanted -= covered
            yield Part("covered", covered, candidate.id, lot_id)


def _charge(left, takers, open_for):
    """:return: Part that is billed: beyond the balance, out of hours, or by nobody"""
    if open_for:
        return Part("overage", left, open_for[0].id)
    if takers:
        return Part("after_hours", left, takers[0].id)
    return Part("uncovered", left)


def split_days(work: Work, tz: str) -> list[Work]:
    """Cut work across midnight into work of one day each, on the site's clock.

    :param tz: IANA name.
    :return: in order; the last one has the remainder of the quantity. Work without an
        hour is of its day.
    """
    if work.start is None or work.start == work.end:
        return [work]
    zone, pieces, start = ZoneInfo(tz), [], work.start
    while start < work.end:
        day = start.astimezone(zone).date()
        midnight = datetime.combine(day + timedelta(days=1), datetime.min.time(), zone)
        end = min(midnight.astimezone(work.end.tzinfo), work.end)
        pieces.append(replace(work, day=day, start=start, end=end))
        start = end
    return _share_quantity(work, pieces)


def _share_quantity(work, pieces):
    whole, left, shared = work.end - work.start, work.quantity, []
    for piece in pieces[:-1]:
        share = Fraction((piece.end - piece.start) / whole)
        exact = Fraction(work.quantity) * share
        quantity = Decimal(exact.numerator) / Decimal(exact.denominator)
        shared.append(replace(piece, quantity=quantity.quantize(PLACES)))
        left -= shared[-1].quantity
    return [*shared, replace(pieces[-1], quantity=left)]
