"""What the benchmarks share: medians of alternating runs, and rows of the table."""

import gc
import statistics
import time

ROUNDS = 5


def alternate(*functions, rounds=ROUNDS):
    """Run the functions in turn, A B A B …, after one round that does not count.

    :return: list of float, the median of seconds of each function
    """
    times = [[] for _function in functions]
    for round_number in range(rounds + 1):
        for function, seconds in zip(functions, times, strict=True):
            elapsed = _time(function)
            if round_number:
                seconds.append(elapsed)
    return [statistics.median(seconds) for seconds in times]


def _time(function):
    gc.collect()
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


def row(measure, value, limit=None, *, at_least=False):
    """A row of the table; without limit it is for information."""
    holds = None
    if limit is not None:
        holds = value >= limit if at_least else value <= limit
    bound = limit if limit is None else f"{'≥' if at_least else '≤'} {limit}"
    return {
        "measure": measure,
        "value": round(value, 3),
        "limit": bound,
        "holds": holds,
    }
