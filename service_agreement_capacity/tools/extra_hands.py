"""How many people more are needed, of two kinds."""

from bisect import bisect_left
from collections.abc import Callable


def fewest(enough: Callable[[int, int], bool], most: int) -> list[tuple[int, int]]:
    """The smallest numbers of two kinds of people that are enough.

    More people must never be less than enough. Then with each more of one kind, as many
    or fewer of the other will do: one walk down the stairs finds every choice, and asks
    little.

    :param enough: asked with a number of the one and of the other kind
    :param most: of each kind
    :return: list of choices in which neither number can be less, by the second number;
        empty, where not even the most of both are enough
    """
    choices, upper = [], most + 1
    for second in range(most + 1):
        numbers = range(upper)
        first = bisect_left(
            numbers, True, key=lambda number, second=second: enough(number, second)
        )
        if first < upper:
            choices.append((first, second))
            upper = first
        if not upper:
            break
    return choices
