"""Coverage: which agreement pays for a piece of work, and why.

How to use::

    gold = Candidate(1, date(2026, 1, 1), covers={"company": {7}}, hours=office)
    repair = Work(4, day, Decimal(2), Place(company=7), start=at_1630, end=at_1830)
    [verdict] = decide([repair], [gold])
    verdict.parts       # half an hour covered, an hour and a half after hours
    verdict.judgements  # every candidate with what it met and what it failed

Work is rounded by the rates of who would pay, so it is judged before it is rounded::

    found = survey(repair, [gold])
    counted = round_work(repair.quantity, minimum_of(found.best))
    repair = replace(repair, quantity=counted)
    decide([repair], [gold], surveys={(repair.id, repair.day): found})

The promise of a ticket is another question: it is frozen when the ticket is opened.
Money is decided by when the work was done (SEMANTICS §5), always from all the work of
an allowance at once, so that the order in which it was typed in does not matter.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from decimal import ROUND_UP, Decimal
from fractions import Fraction
from itertools import pairwise
from typing import NamedTuple, Protocol
from zoneinfo import ZoneInfo

from .allowance import ZERO, Lot, Stock, to_work

# Best first: what is nearest to the thing that was worked on.
LEVELS = ("device", "system", "site", "contact", "company", "parent")
# Best first: what costs the customer nothing more. "none" pays for nothing: there is an
# agreement, and what is worked is billed by its rates.
KINDS = ("unlimited", "included", "prepaid", "none")
# One of these pays for all that is done on the same visit, or for the same fault.
INDIVISIBLE = ("visits", "incidents")
# Of a share of an hour; a second is 0.0003.
PLACES = Decimal("0.0001")
# What is shorter is no part of its own: nobody is billed for a few seconds late.
SHORTEST = timedelta(minutes=1)
# Of hours: less than this is printed as none.
PRINTED = Decimal("0.005")


class Balance(Protocol):
    """What is asked of lots; :class:`allowance.Stock` is one."""

    def take(self, day: date, units: Decimal) -> Iterator[tuple[Hashable, Decimal]]: ...

    def left(self, day: date) -> Decimal: ...

    def find(self, day: date) -> list: ...


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
    :ivar chosen: id, or owner, of the candidate that a person chose. It goes before all
        others, and pays also for what it does not cover; not beyond its days, hours and
        balance.
    :ivar job: the ticket: what is done on one day for it is a visit, all that is done
        for it an incident. None: each piece of work is a job of its own.
    :ivar role: of who works, for functions that ask.
    :ivar late: typed in when its days were settled: it gets what is left.
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
    job: Hashable = None
    role: Hashable = None
    late: bool = False

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

    :ivar owner: the agreement, of one of its allowances.
    :ivar start: first day in force.
    :ivar end: last day in force, included; None: open-ended.
    :ivar gaps: (first, last) days between on which it is not; last None: from then on.
    :ivar covers: ids by level; "company" also stands for its children if
        `covers_children`.
    :ivar work_kinds: None: all.
    :ivar hours: None: day and night.
    :ivar kind: one of `KINDS`; "unlimited" and "none" have no lots.
    :ivar unit: of the lots: "hours", "amount", or one of `INDIVISIBLE`.
    :ivar per_hour: function from work to the units of a lot that one unit of it costs;
        None: the work's factor. Not asked for what is indivisible.
    :ivar overrun: its lots give more than they hold.
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
    owner: Hashable = None
    gaps: tuple[tuple[date, date | None], ...] = ()
    unit: str = "hours"
    per_hour: Callable[[Work], Decimal] | None = None
    overrun: bool = False

    def __post_init__(self):
        if self.kind not in KINDS:
            raise ValueError(f"unknown kind of coverage: {self.kind!r}")

    def is_in_force(self, day: date) -> bool:
        """Whether it is in force on ``day``."""
        return (
            self.start <= day
            and (self.end is None or day <= self.end)
            and not any(a <= day and (b is None or day <= b) for a, b in self.gaps)
        )

    def is_chosen(self, work: Work) -> bool:
        """Whether a person chose it for this piece of work."""
        return work.chosen is not None and work.chosen in (self.id, self.owner)


class Reason(NamedTuple):
    """A condition, and whether it was met.

    :ivar code: "in_force", "place", "work_kind", "exclusion", "hours", or "allowance",
        which an agreement lacks that pays for no work.
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
        return all(reason.met or reason.code == "hours" for reason in self.reasons)

    @property
    def in_force(self) -> bool:
        return self._met("in_force")

    @property
    def rates(self) -> bool:
        """Whether what it does not cover is billed by its rates."""
        return self.in_force and self._met("place")

    @property
    def level(self) -> str | None:
        found = (r.detail for r in self.reasons if r.code == "place" and r.met)
        return next(found, None)

    def _met(self, code):
        return all(reason.met or reason.code != code for reason in self.reasons)


class Survey(NamedTuple):
    """Who might pay for a piece of work; how much it counts makes no difference.

    :ivar judgements: of all candidates.
    :ivar takers: Candidates that pay for it, best first.
    :ivar rated: Candidate by whose rates is billed what nobody takes, or None; not
        looked for where somebody does.
    """

    judgements: tuple[Judgement, ...]
    takers: list[Candidate]
    rated: Candidate | None

    @property
    def best(self) -> Candidate | None:
        """Who pays first, or by whose rates it is billed."""
        return self.takers[0] if self.takers else self.rated


@dataclass(frozen=True)
class Part:
    """A share of a piece of work.

    :ivar outcome: "covered"; "overage": the balance was used up; "after_hours": out
        of the hours of who would pay; "uncovered": nobody would.
    :ivar candidate: id of who pays, or by whose rates it is billed; None: list rate.
    :ivar lot: id, of what was drawn from; None: unlimited, or not covered.
    :ivar quantity: in units of work.
    :ivar after_hours: billed at the rate for that: out of the hours of the candidate,
        or of who serves where there is none.
    :ivar units: what was taken of the lot, in its unit; it follows from the others.
    """

    outcome: str
    quantity: Decimal
    candidate: Hashable = None
    lot: Hashable = None
    after_hours: bool = False
    units: Decimal = field(default=ZERO, compare=False)


@dataclass(frozen=True)
class Verdict:
    """:ivar best: id of who pays first, or by whose rates it is billed, or None."""

    work: Work
    parts: tuple[Part, ...]
    judgements: tuple[Judgement, ...]
    best: Hashable = None


def judge(candidate: Candidate, work: Work) -> Judgement:
    """Put a candidate's conditions to a piece of work; all of them are answered."""
    level = _get_level(candidate, work.place)
    excluded = candidate.exclusions & work.exclusions
    kinds = candidate.work_kinds
    reasons = (
        Reason("in_force", candidate.is_in_force(work.day)),
        Reason("place", level is not None, level),
        Reason("work_kind", kinds is None or work.kind in kinds, work.kind),
        Reason("exclusion", not excluded, min(excluded, key=str, default=None)),
        Reason("hours", _is_open_for(candidate, work)),
    )
    if candidate.kind == "none":
        reasons += (Reason("allowance", False),)
    return Judgement(candidate, reasons)


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
    level = judgement.level
    return (
        LEVELS.index(level) if level else len(LEVELS),
        KINDS.index(candidate.kind),
        candidate.sequence,
        candidate.start,
        candidate.id,
    )


def survey(work: Work, candidates: Iterable[Candidate]) -> Survey:
    """Judge all of them, and say who pays."""
    judgements = tuple(judge(candidate, work) for candidate in candidates)
    takers = _get_takers(work, judgements)
    return Survey(judgements, takers, None if takers else _get_rated(work, judgements))


def _get_takers(work, judgements):
    """:return: list of the Candidates that pay for work, best first"""
    won = [each for each in judgements if each.won]
    is_chosen = work.chosen is not None
    if is_chosen and not any(each.candidate.is_chosen(work) for each in won):
        # Chosen by a person, it pays for what it does not cover, too.
        won += [
            each
            for each in judgements
            if each.candidate.is_chosen(work)
            and each.in_force
            and each.candidate.kind != "none"
        ]
    return [each.candidate for each in _ranked(work, won)]


def _get_rated(work, judgements):
    """:return: the Candidate by whose rates is billed what nobody pays, or None"""
    rated = _ranked(work, [each for each in judgements if each.rates])
    return rated[0].candidate if rated else None


def _ranked(work, judgements):
    if len(judgements) < 2:
        return judgements
    return sorted(
        judgements, key=lambda each: (not each.candidate.is_chosen(work), rank(each))
    )


def _is_open_for(candidate, work):
    """Whether some of the work lies within the candidate's hours."""
    if candidate.hours is None or work.start is None or work.start == work.end:
        return True
    shortest = min(SHORTEST, work.end - work.start)
    return candidate.hours.between(work.start, work.end) >= shortest


def decide(
    works: Iterable[Work],
    candidates: Iterable[Candidate],
    order: str = "expiry_first",
    *,
    stocks: Mapping[Hashable, Balance] | None = None,
    office: Calendar | None = None,
    paid: Mapping[tuple, Hashable] | None = None,
    surveys: Mapping[tuple, Survey] | None = None,
) -> list[Verdict]:
    """Say of each piece of work who pays for which part of it.

    The first candidate takes what lies within its hours, as far as its balance goes;
    what is left goes down the list. What nobody takes is billed.

    :param works: in any order; taken by day, then id, late ones last.
    :param order: of the lots of a candidate, see :func:`allowance.allocate`.
    :param stocks: of candidates, by id, in place of their lots; drawn from.
    :param office: hours of who serves, for work by the list; None: always open.
    :param paid: lots by (candidate id, :func:`get_job`), of visits and incidents that
        were paid before.
    :param surveys: by (id, day) of works, of those that were made of these candidates
        already.
    """
    candidates, surveys = list(candidates), surveys or {}
    till = _Till(candidates, order, stocks or {}, paid or {})
    verdicts = []
    for work in sorted(works, key=lambda work: (work.late, work.day, work.id)):
        found = surveys.get((work.id, work.day)) or survey(work, candidates)
        parts = _joined(_share_out(work, found.takers, found.rated, till, office))
        best = found.best
        verdicts.append(Verdict(work, parts, found.judgements, best and best.id))
    return verdicts


def _joined(parts):
    """:return: tuple of Parts, those alike as one: nobody reads of a lunch break"""
    found = {}
    for part in parts:
        key = part.outcome, part.candidate, part.lot, part.after_hours
        if before := found.get(key):
            part = replace(
                part,
                quantity=before.quantity + part.quantity,
                units=before.units + part.units,
            )
        found[key] = part
    return tuple(found.values())


def _share_out(work, takers, rated, till, office):
    """Yield the parts of a piece of work; together they are all of it."""
    hours = {each.id: each.hours for each in takers}
    if not takers:
        hours = {rated.id: rated.hours} if rated else {"office": office}
    for quantity, is_open in _split_hours(work, hours):
        left = quantity
        open_for = [each for each in takers if is_open(each.id)]
        for candidate in open_for:
            for part in till.pay(candidate, work, left):
                left -= part.quantity
                yield part
        if left:
            yield _charge(left, takers, open_for, rated, is_open)


def _split_hours(work, hours):
    """Cut work wherever one of these hours begins or ends, but not by seconds.

    :param hours: Calendars by any key; None: always open
    :return: yields (quantity, function that tells of a key whether it is open then)
    """
    openings = {
        key: list(calendar.openings(work.start, work.end))
        for key, calendar in hours.items()
        if calendar is not None and work.start is not None and work.start != work.end
    }
    if not openings:
        yield work.quantity, lambda _key: True
        return
    inner = {edge for found in openings.values() for pair in found for edge in pair}
    edges = _drop_close(sorted({work.start, work.end, *inner}))
    pieces = [work]
    if len(edges) > 2:
        cut = [replace(work, start=a, end=b) for a, b in pairwise(edges)]
        pieces = _share_quantity(work, cut)
    for piece in pieces:
        middle = _get_middle(piece.start, piece.end)
        closed = {
            key
            for key, found in openings.items()
            if not any(a <= middle < b for a, b in found)
        }
        yield piece.quantity, lambda key, closed=closed: key not in closed


def _drop_close(edges):
    """
    :param list edges: instants in order, the first and the last stay
    :return: list without those that would cut off a piece shorter than `SHORTEST`
    """
    kept = edges[:1]
    for edge in edges[1:-1]:
        if edge - kept[-1] >= SHORTEST and edges[-1] - edge >= SHORTEST:
            kept.append(edge)
    return [*kept, edges[-1]]


def _get_middle(start, end):
    """:return: instant by which a piece is judged: its edges may be off by seconds"""
    return start + (end - start) / 2


def _charge(left, takers, open_for, rated, is_open):
    """:return: Part that is billed: beyond the balance, out of hours, or by nobody"""
    if open_for:
        return Part("overage", left, open_for[0].id)
    if takers:
        return Part("after_hours", left, takers[0].id, after_hours=True)
    late = not is_open(rated.id if rated else "office")
    return Part("uncovered", left, rated and rated.id, after_hours=late)


def get_job(unit: str, work: Work) -> tuple:
    """:return: what one visit, or one incident, pays for together"""
    job = ("work", work.id) if work.job is None else ("job", work.job)
    return (*job, work.day) if unit == "visits" else job


class _Till:
    """What the candidates have left, while work after work is paid from it."""

    def __init__(self, candidates, order, stocks, paid):
        self.stocks = {
            each.id: stocks.get(each.id) or Stock(each.lots, order)
            for each in candidates
        }
        self.paid = dict(paid)

    def pay(self, candidate, work, wanted):
        """Yield the Parts of ``wanted`` units of work that a candidate pays."""
        if not wanted:
            return
        if candidate.kind == "unlimited":
            yield Part("covered", wanted, candidate.id)
        elif candidate.unit in INDIVISIBLE:
            yield from self._pay_whole(candidate, work, wanted)
        else:
            yield from self._pay_by_the_hour(candidate, work, wanted)

    def _pay_whole(self, candidate, work, wanted):
        """One unit, once, for all the work of the visit or the incident."""
        key = (candidate.id, get_job(candidate.unit, work))
        stock = self.stocks[candidate.id]
        if key in self.paid:
            yield Part("covered", wanted, candidate.id, self.paid[key])
            return
        if stock.left(work.day) < 1 and not candidate.overrun:
            return
        drawn = list(stock.take(work.day, Decimal(1)))
        if not drawn:
            return
        self.paid[key] = drawn[0][0]
        for lot_id, units in drawn:
            # Of two halves of a visit each pays for half of the work.
            quantity = (wanted * units).quantize(PLACES, ROUND_UP)
            if drawn[-1][0] == lot_id:
                quantity = wanted
            wanted -= quantity
            yield Part("covered", quantity, candidate.id, lot_id, units=units)

    def _pay_by_the_hour(self, candidate, work, wanted):
        stock = self.stocks[candidate.id]
        per_hour = candidate.per_hour(work) if candidate.per_hour else work.factor
        left = (wanted * per_hour).quantize(PLACES)
        if not left:
            # It costs nothing of any lot, and needs one that is valid.
            for lot in stock.find(work.day)[:1]:
                yield Part("covered", wanted, candidate.id, lot.key)
            return
        for lot_id, units in stock.take(work.day, left):
            left -= units
            covered = min(wanted, _to_hours(units, per_hour)) if left else wanted
            if wanted - covered < PRINTED:
                covered = wanted
            wanted -= covered
            yield Part("covered", covered, candidate.id, lot_id, units=units)
            if not wanted:
                return


def _to_hours(units, per_hour):
    """:return: the work that ``units`` pay for, rounded for the customer"""
    return to_work(units, per_hour).quantize(PLACES, ROUND_UP)


def split_days(work: Work, tz: str) -> list[Work]:
    """Cut work across midnight into work of one day each, on the site's clock.

    :param tz: IANA name.
    :return: in order; the last one has the remainder of the quantity. Work without an
        hour is of its day.
    """
    if work.start is None or work.start == work.end:
        return [work]
    zone, edges = ZoneInfo(tz), [work.start]
    while (midnight := _get_midnight_after(edges[-1], zone)) < work.end:
        edges.append(midnight)
    edges = _drop_close([*edges, work.end])
    if len(edges) == 2:
        # Nearly all work: as it is, unless it was written down for another day.
        day = _get_middle(*edges).astimezone(zone).date()
        return [work if day == work.day else replace(work, day=day)]
    pieces = [
        replace(work, day=_get_middle(a, b).astimezone(zone).date(), start=a, end=b)
        for a, b in pairwise(edges)
    ]
    return _share_quantity(work, pieces)


def _get_midnight_after(instant, zone):
    day = instant.astimezone(zone).date() + timedelta(days=1)
    midnight = datetime.combine(day, datetime.min.time(), zone)
    return midnight.astimezone(instant.tzinfo)


def _share_quantity(work, pieces):
    whole, left, shared = work.end - work.start, work.quantity, []
    for piece in pieces[:-1]:
        share = Fraction((piece.end - piece.start) / whole)
        exact = Fraction(work.quantity) * share
        quantity = Decimal(exact.numerator) / Decimal(exact.denominator)
        shared.append(replace(piece, quantity=quantity.quantize(PLACES)))
        left -= shared[-1].quantity
    return [*shared, replace(pieces[-1], quantity=left)]
