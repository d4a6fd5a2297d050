"""What comes in: weeks like those of the past, drawn by chance and by seed.

How it works: each ticket of the past comes again, at its hour of the week and with its
urgency and work, as often as chance has it; on average as often as it did. So hours,
urgency and work hang together as they do in life, and nothing is smoothed away. That is
a Poisson process whose rate is what was observed, which is what arrivals that know
nothing of each other are.

What is drawn for one customer does not depend on what is drawn for another, and more
growth adds tickets to those there are: so what two what-ifs have in common is the same
in both, and their difference is what was asked.
"""

from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from random import Random
from typing import Any, NamedTuple

from .desk import NEVER, Task
from .week_clock import WeekClock

# Before anything is counted: a desk that opens without any work left over looks better
# than it is.
WARM_UP_WEEKS = 2


@dataclass(frozen=True)
class Promise:
    """Within how many seconds of service time something is promised.

    :param calendar: has `add(moment, duration)`, as `WorkingTime` has
    """

    seconds: int
    calendar: Any


@dataclass(frozen=True)
class Cover:
    """What a customer is promised, and what a miss costs.

    :param tier: whose promises they are; what figures are added up by
    :param promises: by (urgency, metric)
    :param credit: given back for each miss, before the cap
    :param cap: at most given back in a period
    :param period: seconds of a period that is paid for
    """

    tier: Hashable
    promises: Mapping[tuple[int, str], Promise]
    credit: Decimal = Decimal(0)
    cap: Decimal = Decimal(0)
    period: int = 30 * 86_400


@dataclass(frozen=True)
class Past:
    """A ticket as it was.

    :param minute: of the week on the wall clock, when it was opened
    :param work: seconds of work; None where nobody wrote any down
    :param on_site: whether somebody went there
    :param questions: seconds after the opening at which the customer wrote again
    :param customer: whose it was
    :param cover: what he is promised today, if anything
    """

    minute: int
    urgency: int = 0
    work: int | None = None
    on_site: bool = False
    questions: tuple[int, ...] = ()
    customer: Hashable = None
    cover: Cover | None = None


@dataclass(frozen=True)
class Prospect:
    """An agreement about to be sold.

    :param key: tells prospects apart, for ever: their luck is drawn by it
    :param chance: 0 to 1, that it is sold
    :param per_week: tickets that come with it, beside those that the customer has
    :param pool: tickets that those are like
    """

    key: str
    chance: float
    cover: Cover
    customer: Hashable = None
    per_week: float = 0.0
    pool: Sequence[Past] = ()

    def is_sold(self, draw: str) -> bool:
        """Whether it is, in a draw; with a better chance still in all those before."""
        return Random(f"{draw}/{self.key}/sold").random() < self.chance


@dataclass(frozen=True)
class Effort:
    """How the work on a ticket is made up, in seconds.

    :param answer: that each answer takes
    :param travel: until somebody is there
    :param usual: work on tickets of which nothing is known, by urgency
    :param share: of their time, that people have for tickets, above 0 and up to 1: what
        else they do beside goes on during the work on a ticket, but nobody lets a
        customer wait for an answer, or on the way, because of it
    """

    answer: int = 600
    travel: int = 1800
    usual: Mapping[int, Sequence[int]] = field(default_factory=dict)
    share: float = 1.0

    def draw(self, past: Past, dice: Random) -> int:
        """:return: seconds of work on a ticket"""
        if past.work is not None:
            return past.work
        return dice.choice(self.usual.get(past.urgency) or self.usual[None])

    def split(self, work: int, past: Past) -> tuple[int, int, int]:
        """:return: seconds that each answer takes, the way there (0: nobody goes) and
        the rest; with an answer to each question they are the work, if people have all
        of their time for it
        """
        answers = 1 + len(past.questions)
        answer = max(min(self.answer, work // (2 * answers)), 1)
        left = work - answers * answer
        way = max(min(self.travel, left // 2), 1) if past.on_site else 0
        return answer, way, max(round((left - way) / self.share), 1)


class Check(NamedTuple):
    """A promise that was given to a task.

    :param task: its position among the tasks
    :param step: by position; what has to be done in time
    :param hour: of the week, in which it came in
    """

    task: int
    step: int
    due: int
    cover: Cover
    urgency: int
    metric: str
    hour: int


class Drawn(NamedTuple):
    """What comes in, from the weeks to warm up on, and what of it is counted.

    :param work: seconds of work on what is counted
    """

    tasks: list[Task]
    checks: list[Check]
    work: int


@dataclass(frozen=True)
class Demand:
    """What may come in over some weeks.

    :param history: tickets of the past
    :param history_weeks: over which they came
    :param growth: 1.1 is a tenth more of them
    """

    clock: WeekClock
    weeks: int
    history: Sequence[Past]
    history_weeks: float
    effort: Effort
    prospects: Sequence[Prospect] = ()
    growth: float = 1.0

    @property
    def expected(self) -> float:
        """Tickets of a draw, on average: at most, if all is sold."""
        per_week = self._rate + sum(each.per_week for each in self.prospects)
        return per_week * (self.weeks + WARM_UP_WEEKS)

    @property
    def _rate(self):
        return self.growth * len(self.history) / self.history_weeks

    def draw(self, seed: int, number: int) -> Drawn:
        """What comes in, the time that is drawn as this number."""
        drawing = _Drawing(self.clock, self.effort, self.clock.second(self.weeks, 0))
        sold = [p for p in self.prospects if p.is_sold(f"{seed}/{number}")]
        covers = {p.customer: p.cover for p in sold if p.customer is not None}
        dice = Random(f"{seed}/{number}")
        for week, past in self._come(dice, self._rate, self.history):
            drawing.add(dice, week, past, covers.get(past.customer, past.cover))
        for prospect in sold:
            dice = Random(f"{seed}/{number}/{prospect.key}")
            for week, past in self._come(dice, prospect.per_week, prospect.pool):
                drawing.add(dice, week, past, prospect.cover)
        return Drawn(drawing.tasks, drawing.checks, drawing.work)

    def _come(self, dice, per_week, pool) -> Iterator[tuple[int, Past]]:
        """Tickets with the week they come in; more of them begin with the same ones."""
        expected = per_week * (self.weeks + WARM_UP_WEEKS) if pool else 0
        passed = dice.expovariate(1)
        while passed < expected:
            yield dice.randrange(-WARM_UP_WEEKS, self.weeks), dice.choice(pool)
            passed += dice.expovariate(1)


class _Drawing:
    """Tasks, and what was promised for them, as they are drawn."""

    def __init__(self, clock, effort, end):
        self._clock, self._effort, self._end = clock, effort, end
        self.tasks: list[Task] = []
        self.checks: list[Check] = []
        self.work = 0

    def add(self, dice, week, past, cover):
        """Add a ticket: an answer, the way there, the work; and its later questions."""
        arrival = self._clock.second(week, past.minute) + dice.randrange(60)
        work = self._effort.draw(past, dice)
        self.work += work if arrival >= 0 else 0
        answer, way, rest = self._effort.split(work, past)
        steps = {"first_response": answer, "on_site": way, "resolution": rest}
        self._add_task(arrival, {m: w for m, w in steps.items() if w}, past, cover)
        for seconds in past.questions:
            self._add_task(arrival + seconds, {"update": answer}, past, cover)

    def _add_task(self, arrival, steps, past, cover):
        """:param steps: seconds of work, by the metric that they fulfil"""
        urgency = past.urgency
        dues = [self._due(arrival, cover, (urgency, metric)) for metric in steps]
        # What comes before or after the weeks that are asked about is work, no more.
        if 0 <= arrival < self._end:
            hour = self._clock.hour_of_week(arrival)
            self.checks += [
                Check(len(self.tasks), step, due, cover, urgency, metric, hour)
                for step, (metric, due) in enumerate(zip(steps, dues, strict=True))
                if due != NEVER
            ]
        self.tasks.append(Task(arrival, tuple(steps.values()), tuple(dues), urgency))

    def _due(self, arrival, cover, key):
        promise = cover and cover.promises.get(key)
        if not promise:
            return NEVER
        moment = self._clock.moment(arrival)
        due = promise.calendar.add(moment, timedelta(seconds=promise.seconds))
        return NEVER if due is None else self._clock.count(due)
