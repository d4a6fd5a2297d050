"""Recurring revenue normalised to a month (SEMANTICS §7)."""

from collections import defaultdict
from fractions import Fraction

_PER_MONTH = {
    "day": Fraction(365, 12),
    "week": Fraction(52, 12),
    "month": Fraction(1),
    "year": Fraction(1, 12),
}


def periods_per_month(unit, interval=1):
    """How many periods of ``interval`` ``unit`` a month has, exactly.

    A year is a twelfth, a quarter (3 months) a third, a week 52/12.

    :param str unit: "day", "week", "month" or "year"
    :param int interval: 1 or more
    :rtype: Fraction
    :raise ValueError: unknown unit, interval below 1
    """
    if unit not in _PER_MONTH:
        raise ValueError(f"unknown unit {unit!r}: day, week, month or year")
    if interval < 1:
        raise ValueError(f"interval {interval!r}: must be 1 or more")
    return _PER_MONTH[unit] / interval


def movement_kind(before, after, had_revenue, change=None):
    """What a change of a customer's recurring revenue is called.

    It is the customer who is won, lost and won back, not the paper: a second
    agreement of his is an expansion, the end of one of two a contraction.

    A suspension is a churn and its end a reactivation. Whoever pays nothing is no
    paying customer, whatever the reason, and a contraction is what still pays: so a
    churn is each fall to nothing, and what is lost and comes back reads as one pair
    that adds up to nothing. (It is also what makes "reactivation" mean the same for a
    suspended agreement and for a customer who left and signs again.)

    :param before: his revenue before the change, 0 or more
    :param after: his revenue after it, 0 or more
    :param bool had_revenue: whether he ever had any before
    :param change: what this part adds where several things changed at once; default
        all of it. Nothing (one agreement replaced by another of the same price) is
        an expansion of zero.
    :return: "new", "expansion", "contraction", "churn" or "reactivation"
    :raise ValueError: negative revenue
    """
    if before < 0 or after < 0:
        raise ValueError(f"revenue from {before} to {after}: cannot be negative")
    if after and not before:
        return "reactivation" if had_revenue else "new"
    if before and not after:
        return "churn"
    if change is None:
        change = after - before
    return "contraction" if change < 0 else "expansion"


def movement_kinds(before, had_revenue, parts):
    """The kinds of what changed for one customer at once, see ``movement_kind``.

    :param before: all his revenue before
    :param parts: list of (change, group); what is of one group is judged by its sum:
        an agreement that ends and the one that replaces it are one change
    :return: list of str, one for each part
    """
    after = before + sum(change for change, _group in parts)
    sums = defaultdict(int)
    for change, group in parts:
        sums[group] += change
    return [
        movement_kind(before, after, had_revenue, sums[group])
        for _change, group in parts
    ]


def booked_change(before, after, booked):
    """What a fall from ``before`` to ``after`` takes out of ``booked``.

    ``booked`` is the same revenue in another currency, at the rates at which it came
    in. It leaves at those rates too: its part of ``booked``, and all of it with the
    last of it, so that what is lost leaves nothing behind, however rates moved.

    :return: 0 or less, not rounded
    :raise ValueError: not a fall to 0 or more
    """
    if not 0 <= after < before:
        raise ValueError(f"from {before} to {after} is not a fall")
    return -booked if after == 0 else booked * (after - before) / before
