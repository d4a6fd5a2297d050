"""How many people are there to work, at every instant.

How to use::

    hands = count([(9 * HOUR, 17 * HOUR), (12 * HOUR, 20 * HOUR)])
    hands  # [(32400, 1), (43200, 2), (61200, 1), (72000, 0)]

Hands are a list of (instant, number of people from then on), sorted, each instant once;
before the first there is nobody.
"""

from collections import Counter
from collections.abc import Iterable
from itertools import pairwise

Hands = list[tuple[int, int]]
# More than any work there is: what people that cost nothing would do.
ENOUGH = 10**9


def count(shifts: Iterable[tuple[int, int]]) -> Hands:
    """:param shifts: (start, end) of each shift of each person, half-open, any order"""
    changes = Counter()
    for start, end in shifts:
        if start < end:
            changes[start] += 1
            changes[end] -= 1
    return _sum_up(changes)


def together(*parts: Hands) -> Hands:
    """All people of several lists of hands."""
    changes = Counter()
    for part in parts:
        before = 0
        for instant, number in part:
            changes[instant] += number - before
            before = number
    return _sum_up(changes)


def times(hands: Hands, factor: int) -> Hands:
    """As many people, each `factor` times; nobody for 0."""
    return [(instant, number * factor) for instant, number in hands if factor]


def seconds(hands: Hands, start: int, end: int) -> int:
    """Seconds of work that there are in ``[start, end)``."""
    closed = [*hands, (max([end, *(instant for instant, _n in hands[-1:])]), 0)]
    return sum(
        number * max(min(until, end) - max(since, start), 0)
        for (since, number), (until, _next) in pairwise(closed)
    )


def _sum_up(changes):
    hands, number = [], 0
    for instant in sorted(changes):
        if changes[instant]:
            number += changes[instant]
            hands.append((instant, number))
    return hands
