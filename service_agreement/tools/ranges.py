"""Half-open ranges of days, ``[start, end)``."""


def gaps(start, end, taken):
    """What of ``[start, end)`` is not taken.

    :param date start: first day
    :param end: first day after, or None for "without end"
    :param taken: list of (first day, first day after), in any order, not overlapping
    :return: list of (first day, first day after or None), in order
    """
    found = []
    for taken_start, taken_end in sorted(taken):
        if end is not None and taken_start >= end:
            break
        if taken_start > start:
            found.append((start, taken_start))
        start = max(start, taken_end)
    if end is None or start < end:
        found.append((start, end))
    return found
