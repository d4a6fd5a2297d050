"""Which tier the calls of a customer speak for."""

from fractions import Fraction

# A dearer tier is worth its price only if it covers clearly more.
ENOUGH = Fraction(4, 5)


def find_enough(counts):
    """The first of these that does nearly what the best one does.

    :param counts: numbers of 0 or more, the cheapest tier's first
    :return: index; None: none of them does anything
    """
    best = max(counts, default=0)
    if not best:
        return None
    return next(n for n, count in enumerate(counts) if count >= ENOUGH * best)
