"""From the history of a ticket to its clocks: which ones, by what target, and where
they stand.

How to use::

    for clock in derive(happenings, lambda source, priority: lines):
        clock.metric, clock.number, clock.reading.state

Pure, so that what is stored can be derived again from the facts at any time and comes
out the same, in whatever order they were written down (SEMANTICS §4).

- Terms are what is promised from an instant on: an opening, a change of priority or an
  agreement applied may change them. New terms count from the clock's own start, pauses
  kept; a clock that is decided at that instant keeps the terms it was decided by, one
  that is promised no longer is dropped.
  Missed as soon as it was promised it is missed by a later change only: not any more
  when what was promised before is missed, too.
- Closed and reopened, a clock goes on with what was left, by the terms of then. So does
  a cancelled one; only what was met or missed is final.
- `first_response` starts at the opening and is stopped by an answer, or by the solution
  as long as it stays solved: reopened, who was never answered is owed an answer.
- `update` has a clock per round, `number`: from the customer's first message nobody
  answered up to the next answer. The opening is `first_response`'s. A solution stops
  it as long as the ticket stays solved: reopened, the answer is still owed, with what
  was left. What was missed by then is over, and the next message is another round.
- `on_site` starts at the opening and is stopped by the arrival. Solved without one,
  nobody is needed on site: cancelled, unless it was missed by then. Reopened, the
  arrival is owed again with the time that was left.
- `resolution` starts at the opening and is stopped by the solution.
"""

from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from itertools import count
from typing import NamedTuple

from .sla_clock import Fact, Reading, Target, read

# What happens to a ticket, as its clocks understand it.
ROLES = {
    "first_response": {
        "opened": "start",
        "waiting": "pause",
        "resumed": "resume",
        "answered": "stop",
        "solved": "stop",
        "reopened": "reopen",
        "cancelled": "cancel",
        "merged": "cancel",
    },
    "update": {
        "waiting": "pause",
        "resumed": "resume",
        "asked": "start",
        "answered": "stop",
        "solved": "stop",
        "reopened": "reopen",
        "cancelled": "cancel",
        "merged": "cancel",
    },
    "on_site": {
        "opened": "start",
        "waiting": "pause",
        "resumed": "resume",
        "arrived": "stop",
        "solved": "stop",
        "reopened": "reopen",
        "cancelled": "cancel",
        "merged": "cancel",
    },
    "resolution": {
        "opened": "start",
        "waiting": "pause",
        "resumed": "resume",
        "solved": "stop",
        "reopened": "reopen",
        "cancelled": "cancel",
        "merged": "cancel",
    },
}
# Of facts of one kind of change at one instant only the last one counts.
CHANGES = {
    "start": "start",
    "pause": "wait",
    "resume": "wait",
    "stop": "close",
    "reopen": "close",
    "cancel": "close",
}
CANCELLING = ("cancelled", "merged")
# Cancelled, and reopened later.
PUT_ASIDE = "put aside"
CLOSING = ("solved", *CANCELLING, PUT_ASIDE)
DECIDED = ("met", "missed", "cancelled")


@dataclass(frozen=True)
class Happening:
    """A fact of a ticket.

    :ivar at: aware datetime
    :ivar kind: str; those that no clock knows of have no effect
    :ivar priority: the ticket's from then on; None where it did not change
    :ivar source: of what is promised from then on, any value that `get_lines`
        understands; None where that did not change
    """

    at: datetime
    kind: str
    priority: str | None = None
    source: Hashable = None


@dataclass(frozen=True)
class Line:
    """One thing that is promised.

    :ivar target: duration, calendar and whether it pauses
    :ivar label: whatever the caller wants to find again on the clock
    """

    metric: str
    target: Target
    label: Hashable = None


class Terms(NamedTuple):
    """What is promised, by metric, from a happening (its number) on."""

    index: int
    at: datetime
    lines: Mapping[str, Line]
    raised: bool


class Change(NamedTuple):
    """From this instant the clock counted by that line."""

    at: datetime
    line: Line
    raised: bool


@dataclass(frozen=True)
class Clock:
    """One promise on one ticket, as of its last fact.

    :ivar number: of the round; 1 where there are no rounds
    :ivar facts: list of Fact, as the clock understands them
    :ivar changes: list of Change, the first is what was promised first
    :ivar late_by_change: missed as soon as it was promised, by a later change
    :ivar excused_until: aware datetime; after it what was promised before the change
        is missed as well, and it is a miss like any other; None: never
    """

    metric: str
    number: int
    line: Line
    facts: tuple[Fact, ...]
    changes: tuple[Change, ...]
    reading: Reading
    late_by_change: bool = False
    excused_until: datetime | None = None

    @property
    def as_of(self) -> datetime:
        """Of the last fact that the clock knows of: `reading` is from then."""
        return max(self.facts[-1].at, self.changes[-1].at)

    def is_excused(self, now: datetime) -> bool:
        """Whether it is missed by nothing but a later change."""
        until = self.excused_until
        return self.late_by_change and (until is None or now <= until)

    def get_instant_of(self, share: float) -> datetime | None:
        """When a share of the target will be used, or was; None unless it runs."""
        if self.reading.state != "running":
            return None
        target = self.line.target
        rest = target.duration * share - self.reading.used
        return target.calendar.add(self.as_of, rest)

    @property
    def started_at(self) -> datetime:
        return next(fact.at for fact in self.facts if fact.kind == "start")

    @property
    def stopped_at(self) -> datetime | None:
        """When the clock was stopped for good, or for now; None if it is open.

        What was stopped in time can be reopened; too late, or cancelled, is final.
        """
        return _get_stop(self.facts, self.reading)


class _Course(NamedTuple):
    """The facts of one clock, with the numbers of their happenings.

    :ivar needless: what stops it did not do what was promised, but made it needless
    """

    metric: str
    number: int
    facts: list[tuple[int, Fact]]
    needless: bool = False


def derive(
    happenings: Iterable[Happening],
    get_lines: Callable[[Hashable, str | None], Mapping[str, Line]],
) -> list[Clock]:
    """Derive the clocks of one ticket.

    :param happenings: in the order they were written down
    :param get_lines: what a source promises at a priority, by metric
    :return: clocks by metric and round; none before the ticket was opened
    """
    dated = sorted(happenings, key=lambda happening: happening.at)
    if not any(happening.kind == "opened" for happening in dated):
        return []
    terms = _list_terms(dated, get_lines)
    promised = {metric for term in terms for metric in term.lines}
    clocks = [
        _count(course, terms)
        for metric in ROLES
        if metric in promised
        for course in _list_courses(metric, dated, partial(_is_missed, terms=terms))
    ]
    return [clock for clock in clocks if clock]


def renumber(
    clocks: Iterable[Clock],
    known: Mapping[tuple[str, int], tuple[datetime | None, datetime | None]],
) -> list[Clock]:
    """Give rounds the numbers that they are known by already: one that is added
    before them makes no other promise of them.

    A round is known by its end, because one written down late may move its start,
    else by its start.

    :param clocks: of one ticket
    :param known: (start, end) of the clocks known, by metric and number
    """
    clocks, numbers = list(clocks), {}
    for side in (1, 0):
        free = {
            (metric, span[side]): number
            for (metric, number), span in known.items()
            if span[side] and (metric, number) not in numbers.values()
        }
        for index, clock in enumerate(clocks):
            instant = (clock.started_at, clock.stopped_at)[side]
            number = free.get((clock.metric, instant))
            if number and index not in numbers:
                numbers[index] = (clock.metric, number)
    for index, clock in enumerate(clocks):
        if index not in numbers:
            keys = ((clock.metric, number) for number in count(1))
            numbers[index] = next(k for k in keys if k not in numbers.values())
    return [replace(c, number=numbers[i][1]) for i, c in enumerate(clocks)]


def read_at(clock: Clock, now: datetime) -> Reading:
    """What a clock shows at an instant after its last fact."""
    return read(clock.line.target, clock.facts, max(now, clock.as_of))


def get_due_at(
    line: Line, happenings: Iterable[Happening], now: datetime
) -> datetime | None:
    """When a line would be due on this ticket, if it counted from now on; while it
    waits, if it went on now. None if its calendar can never provide the time.
    """
    dated = sorted(happenings, key=lambda happening: happening.at)
    known = [happening for happening in dated if happening.at <= now]
    courses = _list_courses(line.metric, known, partial(_is_missed_by, line=line))
    facts = _settle(courses[-1]) if courses else []
    if not any(fact.kind == "start" for fact in facts):
        facts = [Fact(now, "start")]
    reading = read(line.target, facts, now)
    return reading.deadline or line.target.calendar.add(now, reading.remaining)


def _list_terms(dated, get_lines):
    terms, source, priority = [], None, None
    for index, happening in enumerate(dated):
        new_source = source if happening.source is None else happening.source
        new_priority = happening.priority or priority
        if new_source is None or (new_source, new_priority) == (source, priority):
            priority = new_priority
            continue
        raised = happening.source is None
        source, priority = new_source, new_priority
        lines = get_lines(source, priority)
        terms.append(Terms(index, happening.at, lines, raised))
    return terms


def _list_courses(metric, dated, is_missed):
    """:param is_missed: whether a course was missed, as of its last fact"""
    roles = {**ROLES[metric], PUT_ASIDE: "stop"}
    facts = [
        (index, happening.kind, Fact(happening.at, roles[happening.kind]))
        for index, happening in enumerate(_forget_cancellations(dated))
        if happening.kind in roles
    ]
    if metric == "update":
        return _list_rounds(dated, facts, is_missed)
    needless = False
    if metric == "first_response":
        facts = _until_answer(facts)
    if metric == "on_site":
        facts = _until_arrival(facts)
        needless = not facts or facts[-1][1] != "arrived"
    numbered = [(index, fact) for index, _kind, fact in facts]
    return [_Course(metric, 1, numbered, needless)]


def _forget_cancellations(dated):
    """What was cancelled and taken up again was only closed in between."""
    reopened = [i for i, happening in enumerate(dated) if happening.kind == "reopened"]
    last = max(reopened, default=-1)
    return [
        replace(h, kind=PUT_ASIDE) if i < last and h.kind in CANCELLING else h
        for i, h in enumerate(dated)
    ]


def _until_answer(facts):
    """Who was answered once need not be answered again."""
    kept, opened = [], False
    for row in facts:
        opened = opened or row[1] == "opened"
        kept.append(row)
        if opened and row[1] == "answered":
            break
    return kept


def _until_arrival(facts):
    """Whoever has arrived need not arrive again; nobody arrives at a closed ticket."""
    kept, closed = [], False
    for row in facts:
        kind = row[1]
        if kind == "arrived":
            if closed:
                continue
            return [*kept, row]
        if kind in CLOSING or kind == "reopened":
            closed = kind in CLOSING
        kept.append(row)
    return kept


def _list_rounds(dated, facts, is_missed):
    """Cut the facts of updates into rounds, each with the waiting before it."""
    opening = next((i for i, h in enumerate(dated) if h.kind == "opened"), len(dated))
    closed_at = _list_closures(dated)
    courses, waiting, current = [], [], None
    for index, kind, fact in facts:
        row = (index, fact)
        if kind in ("waiting", "resumed"):
            waiting.append(row)
        over = current and _ends_round(kind, current, closed_at[index - 1], is_missed)
        if over:
            courses.append(current if kind == "reopened" else [*current, row])
            current = None
        elif current and kind != "asked":
            current.append(row)
        elif kind == "asked" and not current:
            if index > opening and not closed_at[index]:
                current = [*waiting, row]
    if current:
        courses.append(current)
    return [_Course("update", n, course) for n, course in enumerate(courses, 1)]


def _ends_round(kind, facts, was_closed, is_missed):
    """Whether a round is over by what happens now."""
    if kind == "reopened":
        return was_closed and is_missed(_Course("update", 1, facts))
    return kind in ("answered", *CANCELLING)


def _list_closures(dated):
    """:return: list of bool by happening, whether the ticket was closed then"""
    closures, closed = [], False
    for happening in dated:
        if happening.kind in CLOSING or happening.kind == "reopened":
            closed = happening.kind in CLOSING
        closures.append(closed)
    return closures


def _count(course, terms):
    """:return: Clock, or None where in the end nothing is promised"""
    line, earlier, changes, late = _apply(course, terms)
    if not line:
        return None
    facts = _settle(course)
    now = max(facts[-1].at, changes[-1].at)
    reading = read(line.target, facts, now)
    if reading.state == "met" and course.needless:
        facts = _withdraw(facts)
        reading = read(line.target, facts, now)
    before = read(earlier.target, facts, now) if late and earlier else None
    return Clock(
        course.metric,
        course.number,
        line,
        tuple(facts),
        tuple(changes),
        reading,
        late,
        before.deadline if before and before.state in ("running", "missed") else None,
    )


def _is_missed(course, terms):
    """Whether a course was missed as of its last fact, by the terms of then."""
    last = course.facts[-1][0]
    clock = _count(course, [term for term in terms if term.index <= last])
    return bool(clock) and clock.reading.state == "missed"


def _is_missed_by(course, line):
    facts = _settle(course)
    return read(line.target, facts, facts[-1].at).state == "missed"


def _apply(course, terms):
    """:return: (Line that counts in the end or None, the one before it, list of Change,
    whether it was missed as soon as it was promised)
    """
    line, earlier, changes, late = None, None, [], False
    for term in _repeat_reopened(course, terms):
        known = _settle(course, term.index)
        started = any(fact.kind == "start" for fact in known)
        if started and line and read(line.target, known, term.at).state in DECIDED:
            continue
        new = term.lines.get(course.metric)
        if new == line:
            continue
        if new:
            changes.append(Change(term.at, new, term.raised))
            late = started and read(new.target, known, term.at).state == "missed"
        line, earlier = new, line
    return line, earlier, changes, late


def _repeat_reopened(course, terms):
    """What was promised while the ticket was closed counts from when it is reopened."""
    again = []
    for index, fact in course.facts:
        known = [term for term in terms if term.index < index]
        if fact.kind == "reopen" and known:
            again.append(known[-1]._replace(index=index, at=fact.at))
    return sorted([*terms, *again], key=lambda term: term.index)


def _withdraw(facts):
    """The stop at the end, as what it is where nobody was needed any more."""
    reopened = [i for i, fact in enumerate(facts) if fact.kind == "reopen"]
    last = max(reopened, default=-1)
    return [
        replace(fact, kind="cancel") if i > last and fact.kind == "stop" else fact
        for i, fact in enumerate(facts)
    ]


def _settle(course, until=None):
    """The facts up to a happening.

    They carry whole seconds: of two opposite ones in the same second only the later
    one counts, else `read` would have to guess which it was.
    """
    latest = {}
    for index, fact in course.facts:
        if until is None or index <= until:
            latest[fact.at, CHANGES[fact.kind]] = fact
    return sorted(latest.values(), key=lambda fact: fact.at)


def _get_stop(facts, reading):
    ends = [fact for fact in facts if fact.kind in ("stop", "cancel", "reopen")]
    if reading.state == "missed":
        ends = [e for e in ends if e.at > reading.deadline and e.kind != "reopen"]
    elif reading.state == "cancelled":
        ends = [e for e in ends if e.kind == "cancel"]
    elif ends and ends[-1].kind == "reopen":
        return None
    elif any(e.kind == "reopen" for e in ends):
        last = max(i for i, e in enumerate(ends) if e.kind == "reopen")
        ends = ends[last + 1 :]
    return ends[0].at if ends else None
