"""Consecutive items that have something in common."""


def consecutive(items, key):
    """Yield (key, list of items) for each run of neighbours with equal keys.

    Reads one item ahead and no more, so that ``items`` may be endless.

    :param items: iterable, sorted by ``key`` where each key shall come once
    :param key: function of an item
    """
    group, current = [], None
    for item in items:
        found = key(item)
        if group and found != current:
            yield current, group
            group = []
        group.append(item)
        current = found
    if group:
        yield current, group
