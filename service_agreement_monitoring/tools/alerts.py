"""From what a monitoring system said of one alert to outages and to tickets.

How to use::

    reading = read(events, rules, now, gateway_outages)
    reading.state, reading.cases, reading.look_at

Pure, so that events may come late, twice and in any order: all that is known of an
alert is read again, and comes out the same (SEMANTICS §8). Instants are datetimes of
one kind, all aware or all naive.

- An **outage** lasts from the first firing to the recovery after it. A firing while it
  lasts says nothing new, nor does a recovery without one. What fired and recovered at
  the same instant has recovered.
- An outage is **due** a ticket when it has lasted the minimum duration. Time in which
  the gateway before it was down does not count: nobody can say what stood behind it.
- A **case** is what one ticket is for: outages that follow each other within the hours
  in which a ticket is reopened, counted from the recovery.
- An alert **flaps** that began so many times within so many minutes. Its case is not
  closed by the recovery but when it was quiet as long after the last one. What is
  too short for a ticket gets none by flapping, either.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

NO_TIME = timedelta(0)
# Instants are whole seconds.
INSTANT = timedelta(seconds=1)
# What stands behind a gateway is often missed some seconds before the gateway is.
GATEWAY_GRACE = timedelta(seconds=60)


class Event(NamedTuple):
    at: datetime
    firing: bool


@dataclass(frozen=True)
class Rules:
    """
    :ivar minimum: what lasts shorter becomes no ticket
    :ivar reopen: how long after a recovery the same ticket is reopened
    :ivar flap_count: as many beginnings within ``flap_within`` are flapping; below 2:
        nothing is
    :ivar behind_gateway: whether there is a gateway before it, which is given a moment
        to be missed, too
    """

    minimum: timedelta
    reopen: timedelta
    flap_count: int = 0
    flap_within: timedelta = NO_TIME
    behind_gateway: bool = False

    @property
    def wait(self) -> timedelta:
        """What an outage must last."""
        return max(self.minimum, GATEWAY_GRACE if self.behind_gateway else NO_TIME)

    @property
    def horizon(self) -> timedelta:
        """What ended longer ago changes nothing any more."""
        return self.reopen + 2 * self.flap_within


class Span(NamedTuple):
    """From ``start`` to before ``end``; None: it lasts."""

    start: datetime
    end: datetime | None

    def meets(self, instant: datetime) -> bool:
        return self.start <= instant and (self.end is None or instant < self.end)


@dataclass(frozen=True)
class Outage:
    """
    :ivar due: from when on it is worth a ticket; None: as far as is known, never
    """

    start: datetime
    end: datetime | None
    due: datetime | None


@dataclass(frozen=True)
class Case:
    """What one ticket is for.

    :ivar outages: tuple of Outage, at least one
    :ivar recovered_at: when the last one ended; None: it lasts
    :ivar closed_at: when the ticket is solved, after the quiet time where it flapped;
        None: not yet. It may lie ahead.
    """

    outages: tuple[Outage, ...]
    recovered_at: datetime | None
    closed_at: datetime | None

    def is_open(self, now: datetime) -> bool:
        return self.closed_at is None or self.closed_at > now


@dataclass(frozen=True)
class Reading:
    """
    :ivar state: "pending" (too short yet), "open", "flapping" or "recovered"
    :ivar outages: tuple of all, oldest first
    :ivar cases: tuple of Case, oldest first; those whose ticket is due by now
    :ivar is_behind: it lasts, has no case of its own, and its gateway is down
    :ivar look_at: when it has to be read again though nothing came; None: never
    """

    state: str
    outages: tuple[Outage, ...]
    cases: tuple[Case, ...]
    is_behind: bool
    look_at: datetime | None


def read(
    events: Iterable[Event],
    rules: Rules,
    now: datetime,
    gateway: Collection[Span] = (),
    served: Collection[datetime] = (),
) -> Reading:
    """Read what is known of one alert.

    :param events: in any order; those after ``now`` are not there yet
    :param gateway: when the gateways before it were down, in any order
    :param served: beginnings of outages that have a ticket, which stays theirs
        whatever is learnt of them later
    """
    spans = list_spans(event for event in events if event.at <= now)
    outages = [
        Outage(span.start, span.end, _get_due(span, rules.wait, gateway, served))
        for span in spans
    ]
    cases = _list_cases(outages, rules, now)
    lasting = outages[-1] if outages and outages[-1].end is None else None
    own = bool(cases) and cases[-1].is_open(now)
    is_behind = lasting is not None and not own and any(g.meets(now) for g in gateway)
    flaps_until = _get_flapping_until(outages, rules, now)
    looks = [
        lasting and lasting.due,
        cases and cases[-1].closed_at,
        flaps_until,
    ]
    return Reading(
        _get_state(lasting, own, is_behind, flaps_until is not None),
        tuple(outages),
        tuple(cases),
        is_behind,
        min((at for at in looks if at and at > now), default=None),
    )


def list_spans(events: Iterable[Event]) -> list[Span]:
    """:return: list of Span in which it fired, oldest first; only the last may last"""
    spans, start = [], None
    # Fired and recovered at once: the recovery is said once, a firing again.
    for at, firing in sorted(events, key=lambda event: (event.at, not event.firing)):
        if firing:
            start = start or at
        elif start:
            spans.append(Span(start, at))
            start = None
    return [*spans, Span(start, None)] if start else spans


def cut_out(span: Span, others: Iterable[Span]) -> list[Span]:
    """:return: list of Span, what of ``span`` lies in none of ``others``"""
    parts, start = [], span.start
    for other in sorted(others, key=lambda each: each.start):
        if span.end is not None and other.start >= span.end:
            break
        if other.start > start:
            parts.append(Span(start, other.start))
        if other.end is None:
            return parts
        start = max(start, other.end)
    if span.end is None or start < span.end or span.start == span.end == start:
        parts.append(Span(start, span.end))
    return parts


def join(spans: Iterable[Span]) -> list[Span]:
    """:return: list of Span, in order, none of which meets another"""
    joined = []
    for span in sorted(spans, key=lambda each: each.start):
        last = joined[-1] if joined else None
        if not last or (last.end is not None and last.end < span.start):
            joined.append(span)
        elif last.end is not None:
            end = None if span.end is None else max(last.end, span.end)
            joined[-1] = Span(last.start, end)
    return joined


def get_down_time(spans: Iterable[Span], first: datetime, end: datetime) -> timedelta:
    """:return: timedelta of ``[first, end)`` in which anything was down"""
    down = NO_TIME
    for span in join(spans):
        stop = end if span.end is None else min(span.end, end)
        down += max(stop - max(span.start, first), NO_TIME)
    return down


def _get_due(span, wait, gateway, served):
    if any(span.start <= at and (not span.end or at <= span.end) for at in served):
        return span.start
    for part in cut_out(span, gateway):
        if part.end is None or part.end - part.start >= wait:
            return part.start + wait
    return None


def _list_cases(outages, rules, now):
    groups = []
    for index, outage in enumerate(outages):
        if outage.due is None or outage.due > now:
            continue
        if groups and _goes_on(outages, groups[-1][-1], index, rules):
            groups[-1].append(index)
        else:
            groups.append([index])
    return [
        Case(
            tuple(outages[index] for index in group),
            outages[group[-1]].end,
            _get_closed_at(outages, group[-1], rules),
        )
        for group in groups
    ]


def _goes_on(outages, last, index, rules):
    """Whether an outage is for the ticket of the ``last`` one: still open, or to be
    reopened."""
    start = outages[index].start
    closed_at = _get_closed_at(outages, last, rules)
    if closed_at is None or closed_at > start:
        return True
    return start - outages[last].end <= rules.reopen


def _get_closed_at(outages, index, rules):
    """When the ticket of an outage is solved; None where it lasts, or what came while
    it had to be quiet does."""
    end = outages[index].end
    if end is None or not _is_flapping(outages, end, rules):
        return end
    quiet_at = end + rules.flap_within
    for later in outages[index + 1 :]:
        if later.start >= quiet_at:
            break
        if later.end is None:
            return None
        quiet_at = later.end + rules.flap_within
    return quiet_at


def _list_beginnings(outages, at, rules):
    first = at - rules.flap_within
    return [each.start for each in outages if first < each.start <= at]


def _is_flapping(outages, at, rules):
    if rules.flap_count < 2:
        return False
    return len(_list_beginnings(outages, at, rules)) >= rules.flap_count


def _get_flapping_until(outages, rules, now):
    """:return: until when it counts as flapping if nothing comes; None: it does not"""
    if not _is_flapping(outages, now, rules):
        return None
    starts = _list_beginnings(outages, now, rules)
    return starts[-rules.flap_count] + rules.flap_within


def _get_state(lasting, own, is_behind, flaps):
    if flaps or (own and not lasting):
        return "flapping"
    if own or is_behind:
        return "open"
    return "pending" if lasting else "recovered"


# What follows for tickets


class Served(NamedTuple):
    """What an outage has got already.

    :ivar start: of the outage as it was known then
    :ivar ticket: any value that the caller knows a ticket by
    """

    start: datetime
    ticket: object


class Step(NamedTuple):
    """What is to be done for one case.

    :ivar ticket: that it has; None: a new one is to be made, which goes on with that of
        the case before, where there is one
    :ivar news: tuple of Outage that no ticket has: they are given this one, which is
        reopened if it is closed
    :ivar heals: whether the ticket is to be solved, for all of them are over
    """

    case: Case
    ticket: object
    news: tuple[Outage, ...]
    heals: bool


def list_steps(
    reading: Reading,
    served: Iterable[Served],
    healed_until: datetime | None,
    now: datetime,
) -> list[Step]:
    """What tickets still want, of what a reading says.

    :param served: what its outages have got
    :param healed_until: closings up to this instant are done: what a person opens
        again afterwards is not closed a second time
    :return: list of Step, oldest first; cases that want nothing are left out
    """
    served, steps = list(served), []
    for case in reading.cases:
        tickets = {outage: find_served(outage, served) for outage in case.outages}
        news = tuple(outage for outage in case.outages if not tickets[outage])
        known = [each.ticket for each in tickets.values() if each]
        heals = not case.is_open(now) and (
            bool(news) or healed_until is None or case.closed_at > healed_until
        )
        if news or heals:
            steps.append(Step(case, known[-1] if known else None, news, heals))
    return steps


def find_served(outage: Outage, served: Iterable[Served]) -> Served | None:
    """What an outage has got; it may be known by now to have begun earlier, or to have
    ended sooner."""
    inside = Span(outage.start, outage.end)
    for each in served:
        if inside.meets(each.start) or each.start == outage.end:
            return each
    return None


def get_read_from(
    outages: Sequence[Outage], rules: Rules, now: datetime
) -> datetime | None:
    """From when on events have to be read the next time: what ended before is decided.

    Not simply some hours ago: what is delivered late counts as long as nothing after it
    was decided.

    :return: the beginning of the first outage that lasts, or ended lately, else the
        instant after the last one; None: there was none
    """
    first = now - rules.horizon
    for outage in outages:
        if outage.end is None or outage.end >= first:
            return outage.start
    return outages[-1].end + INSTANT if outages else None
