"""A service desk at work: who is free when, and what is done by when.

How to use::

    desk = Desk([Task(arrival=0, works=(600, 3600), dues=(1800, 7200))])
    desk.work([(0, 1)])  # [600, 4200]: by position, see Desk.positions

How it works: the steps of a task are done one after the other. At every instant the
people that are there do, of all steps that can be done, those that are due first; what
is due later is put down for it, and taken up again where it was left, by whoever is
free. That is the order of the ticket board, where what is due next stands on top.

Why so: the order is fixed when the tasks are known, so more people never make anything
later, path by path. Proof, by induction over the order: a task has one step at a time
that can be done, and its steps come in order. So at any instant as many steps before
step *s* want a hand as there are tasks that have steps before *s* left. With more hands
those were all done earlier or at the same time; so wherever *s* had a hand, it has one
now, or is done already. Desks where work once begun is not put down are not like that:
a second technician may begin a long, unimportant job just before an urgent one comes.

Of equal promises the first comes first and nothing is ever put down: with random
arrivals and work that is the textbook's M/M/c, which Erlang's formula solves.
"""

from bisect import bisect_left, insort
from collections.abc import Sequence
from heapq import heappop, heappush
from itertools import accumulate, pairwise
from typing import NamedTuple

from .hands import Hands

# Later than anything: due never, or done never.
NEVER = 10**18


class Task(NamedTuple):
    """What came in: steps, each with its work and the instant by which it is due.

    :param arrival: from when on somebody can work on it
    :param works: seconds of work of each step, at least one
    :param dues: instant by which each step is due, NEVER where nobody waits for it
    :param urgency: of what is due at the same instant, the higher is done first
    """

    arrival: int
    works: tuple[int, ...]
    dues: tuple[int, ...]
    urgency: int = 0


class Desk:
    """Tasks, put in the order in which they are done.

    :param tasks: in any order; of what is equal, the first comes first
    """

    def __init__(self, tasks: Sequence[Task]):
        self._order(tasks)
        self._arrivals = sorted(
            (task.arrival, position)
            for task, (position, *_rest) in zip(tasks, self.positions, strict=True)
        )

    def _order(self, tasks):
        """Set what is known by rank: 0 is what is done first of all.

        `positions` has for each task the ranks of its steps, in their order.
        """
        steps = [
            (due, -task.urgency, task.arrival, number, step)
            for number, task in enumerate(tasks)
            for step, due in enumerate(_pressing(task.dues))
        ]
        steps.sort()
        self.positions = [[0] * len(task.works) for task in tasks]
        self._works = []
        for rank, (_due, _urgency, _arrival, number, step) in enumerate(steps):
            self.positions[number][step] = rank
            self._works.append(tasks[number].works[step])
        self._next = [None] * len(steps)
        for ranks in self.positions:
            for rank, following in pairwise(ranks):
                self._next[rank] = following

    def work(self, hands: Hands) -> list[int]:
        """Do all that can be done.

        :return: by rank, when each step is done; NEVER, where nobody gets to it
        """
        shift = _Shift(self._works, self._next)
        events = [(at, 0, number) for at, number in hands]
        events += [(at, 1, rank) for at, rank in self._arrivals]
        events.sort()
        for at, is_arrival, value in events:
            shift.work_until(at)
            if is_arrival:
                shift.offer(value, at)
            else:
                shift.staff(value, at)
        shift.work_until(NEVER)
        return shift.done


class _Shift:
    """Who does what just now; all steps by rank.

    `doing` is sorted, so that its last is the first to be put down; `finishing` may
    hold what was put down since: `ends` tells.
    """

    __slots__ = (
        "doing",
        "done",
        "ends",
        "finishing",
        "following",
        "left",
        "number",
        "waiting",
    )

    def __init__(self, works, following):
        self.left, self.following = list(works), following
        self.done, self.ends = [NEVER] * len(works), [NEVER] * len(works)
        self.doing, self.waiting, self.finishing = [], [], []
        self.number = 0

    def offer(self, rank, at):
        """A step can be done from now on."""
        heappush(self.waiting, rank)
        self._assign(at)

    def staff(self, number, at):
        """From now on so many people are there."""
        self.number = number
        while len(self.doing) > number:
            self._put_down(at)
        self._assign(at)

    def work_until(self, instant):
        """End what ends by an instant, and go on with what that makes possible."""
        finishing, ends = self.finishing, self.ends
        while finishing and finishing[0][0] <= instant:
            at, rank = heappop(finishing)
            if ends[rank] == at:
                self._finish(rank, at)
            # All that ends now, before anybody takes up something else.
            if not finishing or finishing[0][0] > at:
                self._assign(at)

    def _finish(self, rank, at):
        self.done[rank] = at
        self.ends[rank] = NEVER
        del self.doing[bisect_left(self.doing, rank)]
        if self.following[rank] is not None:
            heappush(self.waiting, self.following[rank])

    def _assign(self, at):
        """Who is free takes what comes first; what comes later is put down for it."""
        doing, waiting = self.doing, self.waiting
        while waiting and len(doing) < self.number:
            self._take_up(heappop(waiting), at)
        while waiting and doing and waiting[0] < doing[-1]:
            self._put_down(at)
            self._take_up(heappop(waiting), at)

    def _take_up(self, rank, at):
        insort(self.doing, rank)
        self.ends[rank] = end = at + self.left[rank]
        heappush(self.finishing, (end, rank))

    def _put_down(self, at):
        rank = self.doing.pop()
        self.left[rank] = self.ends[rank] - at
        self.ends[rank] = NEVER
        heappush(self.waiting, rank)


def _pressing(dues):
    """By when each step must be done at the latest: what follows it may be due before
    it, and waits for it."""
    return list(accumulate(reversed(dues), min))[::-1]
