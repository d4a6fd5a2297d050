"""The SLA clock: from dated facts and a target to used, remaining and deadline.

How to use::

    target = Target(timedelta(hours=8), calendar)
    read(target, [Fact(monday_10h, "start"), Fact(monday_15h, "stop")], now).state

Facts are stored, a reading is derived from them; reading again gives the same, and
what happened before an instant is not changed by what happens after it. The clock
counts down *remaining service time*, which a pause freezes. The deadline follows from
it while the clock runs, and is never moved by the length of a pause (SEMANTICS §4).

What the facts mean where the rules leave room:

- A ticket waits from a "pause" to the next "resume" or "stop". That is also
  followed before the start and while the clock is stopped: a clock that starts, or is
  reopened, into waiting is paused.
- A stop out of a pause is met, whatever the length of the pause. Its deadline is None:
  the one at the stop, when there was none.
- Only the first start counts, only a met clock can be reopened, and "stop" and
  "cancel" do nothing to a clock that has not started or is stopped.
- Missed and then stopped or cancelled is final: nothing moves the lateness any more.
- All of the time used up exactly at the pause (or stop): nothing is left, the clock is
  due at the very instant at which it goes on, and missed only after it.
- A target of zero is due at its start. That zero means "no target" is settled where
  targets are configured: such a one gets no clock.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone
from typing import Protocol

UTC = timezone.utc
ZERO = timedelta(0)
MINUTE = timedelta(minutes=1)
# Also the order of facts at one instant: what ends the clock goes first, so that
# done in the second of a cancellation is done.
KINDS = ("start", "stop", "cancel", "pause", "resume", "reopen")


class Calendar(Protocol):
    """What a clock asks of a calendar; :class:`working_time.WorkingTime` is one."""

    def add(self, start: datetime, duration: timedelta) -> datetime | None: ...
    def between(self, start: datetime, end: datetime) -> timedelta: ...


@dataclass(frozen=True)
class Fact:
    """Something that happened to a ticket, of one of the `KINDS`.

    :raise ValueError: if `at` is naive or `kind` is unknown.
    """

    at: datetime
    kind: str

    def __post_init__(self):
        _utc(self.at)
        if self.kind not in KINDS:
            raise ValueError(f"unknown kind of fact: {self.kind!r}")


@dataclass(frozen=True)
class Target:
    """What was promised: service time, in a calendar; whether waiting pauses it.

    :raise ValueError: if `duration` is negative.
    """

    duration: timedelta
    calendar: Calendar
    pausable: bool = True

    def __post_init__(self):
        if self.duration < ZERO:
            raise ValueError(f"a target cannot be negative: {self.duration}")


@dataclass(frozen=True)
class Reading:
    """What a clock shows at one instant; durations are service time.

    :ivar state: "running", "paused", "met", "missed" or "cancelled"; a clock past its
        deadline is "missed", whether it still runs or not.
    :ivar used: up to the target; of a missed one the target and the lateness.
    :ivar remaining: the rest of the target, 0 if missed, never negative.
    :ivar deadline: aware, in UTC. Of a missed clock the instant that was missed, of a
        met one the deadline at the stop; None while paused, if cancelled, and if the
        calendar can never provide the time.
    :ivar late: after the deadline, without pauses; 0 unless missed.
    """

    state: str
    used: timedelta
    remaining: timedelta
    deadline: datetime | None
    late: timedelta


def read(target: Target, facts: Iterable[Fact], now: datetime) -> Reading:
    """Read the clock at `now`.

    :param target: the promise, the same for all of the facts: after a change of
        priority the new one is read over the old facts (SEMANTICS §4).
    :param facts: in any order; those after `now` are ignored.
    :param now: an aware datetime.
    :raise ValueError: if nothing has started by `now`, or `now` is naive.
    """
    now = _utc(now)
    clock = _Clock(target)
    for at, kind in _sort(facts, now):
        clock.happen(at, kind)
    return clock.show(now)


@dataclass(frozen=True)
class Step:
    """What a clock did from one fact to the next: one line of "why this deadline".

    :ivar phase: "counted", "waiting" or "closed"
    :ivar used: service time counted in this stretch, up to the target
    :ivar late: service time counted in it after the target was used up
    :ivar remaining: what was left at its end
    :ivar deadline: as it was at its end; None while waiting
    """

    start: datetime
    end: datetime
    phase: str
    used: timedelta
    late: timedelta
    remaining: timedelta
    deadline: datetime | None


def trace(target: Target, facts: Iterable[Fact], now: datetime) -> list[Step]:
    """Explain a reading: the stretches from the start to `now`, without gaps, of which
    no two neighbours are in the same phase. Their times used and late add up to the
    reading's.

    Parameters and errors are those of :func:`read`.
    """
    now = _utc(now)
    clock, steps, last = _Clock(target), [], None
    for at, kind in [*_sort(facts, now), (now, None)]:
        if last is not None and last < at:
            steps.append(_step(clock, last, at))
        if kind:
            clock.happen(at, kind)
        if clock.phase != "new":
            last = at
    if steps:
        # What happens at this very instant tells what is left, too.
        shown = clock.show(now)
        steps[-1] = replace(
            steps[-1], remaining=shown.remaining, deadline=shown.deadline
        )
    return _join(steps)


def in_minutes(steps: Iterable[Step]) -> list[Step]:
    """The same steps in whole minutes that still add up: what was used so far is
    rounded up, so what is left is rounded down, as a countdown does; within the last
    minute the seconds that are left.

    :param steps: all of a target of whole minutes, from its start on
    """
    rounded, used, shown = [], ZERO, ZERO
    for step in steps:
        used += step.used
        total = -(-used // MINUTE) * MINUTE
        left = step.remaining // MINUTE * MINUTE or step.remaining
        rounded.append(replace(step, used=total - shown, remaining=left))
        shown = total
    return rounded


def _step(clock, start, end):
    phase = "closed" if clock.phase != "open" else "counted"
    if clock.phase == "open" and clock.counted is None:
        phase = "waiting"
    before, after = clock.show(start), clock.show(end)
    late = after.late - before.late
    used = after.used - before.used - late
    return Step(start, end, phase, used, late, after.remaining, after.deadline)


def _join(steps):
    """Make one step of neighbours in one phase: the fact between them did nothing."""
    joined = []
    for step in steps:
        if joined and joined[-1].phase == step.phase:
            first = joined.pop()
            used, late = first.used + step.used, first.late + step.late
            step = replace(step, start=first.start, used=used, late=late)
        joined.append(step)
    return joined


def _sort(facts, now):
    """:return: list of (at, kind) of what happened by `now`, in order"""
    # In UTC, because datetimes of one zone compare by wall clock, which goes
    # backwards once a year.
    dated = [(_utc(fact.at), KINDS.index(fact.kind)) for fact in facts]
    past = sorted(fact for fact in dated if fact[0] <= now)
    if not any(KINDS[kind] == "start" for _at, kind in past):
        raise ValueError(f"no clock has started by {now}")
    return [(at, KINDS[kind]) for at, kind in past]


class _Clock:
    """The state of a clock while facts happen to it, one after the other."""

    def __init__(self, target):
        self.target = target
        self.calendar = target.calendar
        self.remaining = target.duration
        self.late = ZERO
        self.deadline = None
        # "new", "open", "met", "cancelled" or, stopped or cancelled too late, "over"
        self.phase = "new"
        self.waiting = False
        self.missed = False
        # The instant up to which time was counted; None while it is not counted.
        self.counted = None

    def happen(self, at, kind):
        self._count(at)
        getattr(self, f"_on_{kind}")(at)

    def show(self, now):
        self._count(now)
        return Reading(
            state=self._state(),
            used=self.target.duration - self.remaining + self.late,
            remaining=self.remaining,
            deadline=self.deadline,
            late=self.late,
        )

    def _state(self):
        if self.missed:
            return "missed"
        if self.phase != "open":
            return self.phase
        return "paused" if self.waiting else "running"

    def _count(self, now):
        """Bring remaining time and lateness up to `now`."""
        if self.counted is None:
            return
        if not self.missed and self.deadline is not None and now > self.deadline:
            self.missed = True
            self.remaining = ZERO
            self.counted = self.deadline
        passed = self.calendar.between(self.counted, now)
        if self.missed:
            self.late += passed
        else:
            self.remaining -= passed
        self.counted = now

    def _run(self, at):
        """Open the clock and let it count, unless the ticket waits.

        To a clock that runs already this does nothing.
        """
        self.phase = "open"
        if self.waiting:
            return
        self.counted = at
        if not self.missed:
            self.deadline = self.calendar.add(at, self.remaining)

    def _halt(self, phase):
        """Close the clock in a phase, with the deadline that it has now."""
        self.phase = "over" if self.missed else phase
        self.counted = None

    def _on_start(self, at):
        if self.phase == "new":
            self._run(at)

    def _on_stop(self, _at):
        self.waiting = False
        if self.phase == "open":
            self._halt("met")

    def _on_cancel(self, _at):
        if self.phase != "open":
            return
        self._halt("cancelled")
        if not self.missed:
            self.deadline = None

    def _on_pause(self, _at):
        self.waiting = self.target.pausable
        if self.phase == "open" and self.waiting:
            self.counted = None
            self._forget_deadline()

    def _on_resume(self, at):
        self.waiting = False
        if self.phase == "open":
            self._run(at)

    def _on_reopen(self, at):
        if self.phase == "met":
            self._forget_deadline()
            self._run(at)

    def _forget_deadline(self):
        """Without counting there is no deadline, except one that was missed."""
        if not self.missed:
            self.deadline = None


def _utc(instant):
    if instant.utcoffset() is None:
        raise ValueError(f"a naive datetime says no instant: {instant!r}")
    return instant.astimezone(UTC)
