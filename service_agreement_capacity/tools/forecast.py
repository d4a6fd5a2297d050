"""What is kept of what was promised, by so many people.

How to use::

    forecast = Forecast(demand, seed=1, draws=20)
    outcome = forecast.with_hands(hands)
    outcome.kept[key] / forecast.promised[key]

How it works: the same times are drawn once and worked through with one staff after the
other (common random numbers), so that what differs between two staffs is the staff. A
simulated desk gets nothing done later with more people (see `desk`), so no figure here
gets worse by them: neither a share nor a credit.
"""

from collections import Counter
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from decimal import Decimal
from itertools import accumulate
from typing import NamedTuple

from .demand import Demand
from .desk import Desk
from .hands import Hands

# Of a normal distribution: 19 of 20 lie within so many standard errors, to both sides.
NORMAL = 1.96


class Key(NamedTuple):
    """What figures are told apart by."""

    tier: Hashable
    urgency: int
    metric: str


class Hour(NamedTuple):
    """The same, by the hour of the week (0 is Monday 0:00) in which it came in."""

    metric: str
    hour: int


@dataclass(frozen=True)
class Outcome:
    """
    :param kept: promises kept, of all draws, by Key
    :param kept_by_hour: the same by Hour
    :param spread: by Key, how far the share may be off by chance, to either side
    :param credit: given back in one draw, on average
    """

    kept: Counter
    kept_by_hour: Counter
    spread: dict[Key, float]
    credit: Decimal


class Forecast:
    """Times that may come, drawn and ready to be worked through.

    `promised` and `promised_by_hour` count promises of all draws by Key and Hour;
    `possible` those that are kept if nobody ever waits for a free hand; `work` are the
    seconds of work in one draw, on average, in the time that counts.

    :param progress: called with the number of draws made after each
    """

    def __init__(
        self,
        demand: Demand,
        seed: int,
        draws: int,
        progress: Callable[[int], object] = lambda _number: None,
    ):
        self.promised, self.promised_by_hour = Counter(), Counter()
        self.possible = Counter()
        self._draws, work = [], 0
        for number in range(draws):
            drawn = demand.draw(seed, number)
            work += drawn.work
            self._draws.append(_Draw(drawn.tasks, drawn.checks))
            self._count(drawn.tasks, drawn.checks)
            progress(number + 1)
        self.work = work // draws

    @property
    def draws(self) -> int:
        return len(self._draws)

    def _count(self, tasks, checks):
        self.promised.update(map(_key, checks))
        self.promised_by_hour.update(map(_hour, checks))
        self.possible.update(_key(c) for c in checks if _is_possible(tasks[c.task], c))

    def with_hands(
        self, hands: Hands, progress: Callable[[int], object] = lambda _number: None
    ) -> Outcome:
        """What so many people make of it."""
        missed_by_draw, missed_by_hour, credits = [], Counter(), []
        for number, draw in enumerate(self._draws):
            misses = draw.misses(hands)
            missed_by_draw.append(Counter(map(_key, misses)))
            missed_by_hour.update(map(_hour, misses))
            credits.append(_credit(misses))
            progress(number + 1)
        return Outcome(
            _less(self.promised, sum(missed_by_draw, Counter())),
            _less(self.promised_by_hour, missed_by_hour),
            {key: self._get_spread(key, missed_by_draw) for key in self.promised},
            sum(credits, Decimal(0)) / len(credits),
        )

    def _get_spread(self, key, missed_by_draw):
        """How far the share of all draws may be off: by the ratio of two numbers that
        differ from draw to draw; of one draw alone nobody knows, 0."""
        draws = len(self._draws)
        if draws < 2:
            return 0.0
        share = sum(missed[key] for missed in missed_by_draw) / self.promised[key]
        squares = sum(
            (missed[key] - share * draw.promised[key]) ** 2
            for draw, missed in zip(self._draws, missed_by_draw, strict=True)
        )
        error = (draws / (draws - 1) * squares) ** 0.5 / self.promised[key]
        return min(_student(draws - 1) * error, 1.0)

    def is_short(self, outcome: Outcome, key: Key, aim: float) -> bool:
        """Whether a promise is kept less often than it should be.

        :param aim: 0 to 1
        """
        missed = self.promised[key] - outcome.kept[key]
        return missed > _room(self.promised[key], aim)

    def meets(self, hands: Hands, aim: float) -> bool:
        """Whether each promise is kept as often as it should be; what no number of
        people could keep so often is left out.

        :param aim: 0 to 1
        """
        room = {
            key: _room(number, aim)
            for key, number in self.promised.items()
            if number - self.possible[key] <= _room(number, aim)
        }
        for draw in self._draws:
            for check in draw.misses(hands):
                key = _key(check)
                if key in room:
                    room[key] -= 1
                    if room[key] < 0:
                        return False
        return True


class _Draw:
    """One time that may come: its desk, and what is promised in it."""

    def __init__(self, tasks, checks):
        self._desk = Desk(tasks)
        positions = self._desk.positions
        self._checks = [
            (positions[check.task][check.step], check.due, check) for check in checks
        ]
        self.promised = Counter(map(_key, checks))

    def misses(self, hands):
        """:return: list of Check"""
        done = self._desk.work(hands)
        return [check for rank, due, check in self._checks if done[rank] > due]


def _key(check):
    return Key(check.cover.tier, check.urgency, check.metric)


def _room(number, aim):
    """:return: int, how many of so many promises may be missed"""
    # What is not quite a whole number is, but for the last digit of a float.
    return int(number * (1 - aim) + 1e-9)


def _hour(check):
    return Hour(check.metric, check.hour)


def _is_possible(task, check):
    """Whether it is done in time by somebody who is there at once."""
    worked = list(accumulate(task.works))[check.step]
    return task.arrival + worked <= check.due


def _credit(misses):
    """What is given back for them, at most the cap in each period."""
    periods = Counter((id(c.cover), c.due // c.cover.period) for c in misses)
    covers = {id(check.cover): check.cover for check in misses}
    return sum(
        (
            min(covers[key].credit * number, covers[key].cap)
            for (key, _period), number in periods.items()
        ),
        Decimal(0),
    )


def _less(promised, missed):
    return Counter({key: number - missed[key] for key, number in promised.items()})


def _student(degrees):
    """As many standard errors, where those are estimated from a few draws themselves:
    Student's distribution, by its expansion."""
    first = (NORMAL**3 + NORMAL) / 4
    second = (5 * NORMAL**5 + 16 * NORMAL**3 + 3 * NORMAL) / 96
    return NORMAL + first / degrees + second / degrees**2
