"""What a run costs where there is much: years of history, many agreements, none due.

The agreements of a large firm are made by copying rows: making them is not measured.
"""

import gc
import statistics
import sys
import threading
import time
from contextlib import contextmanager
from datetime import timedelta
from itertools import count
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from _billing import START, Books, bill
from _support import ROUNDS, alternate, row

CUSTOMERS = 100
HISTORY = 36
MONTH = timedelta(days=31)
FEW, MANY, HUGE = 1_000, 10_000, 100_000


def run(env):
    books = Books(env)
    return [
        *_measure_history(env, books),
        *_measure_size(env, books),
        *_measure_none_due(env, books),
    ]


# 36 billed periods behind each line, against none


def _measure_history(env, books):
    young = books.create_agreements(books.create_partners(CUSTOMERS))
    old = books.create_agreements(books.create_partners(CUSTOMERS))
    days = (START + MONTH * number for number in count())
    for _month in range(HISTORY):
        _bill(env, old, next(days))
    books.settle()
    young_days = (START + MONTH * number for number in count())
    with_history, without = alternate(
        lambda: _bill(env, old, next(days)),
        lambda: _bill(env, young, next(young_days)),
    )
    return [row("with 36 billed periods / with none", with_history / without, 1.05)]


def _bill(env, agreements, today):
    ((moves, failed),) = bill(env, today, agreements)
    assert len(moves) == len(agreements) and not failed


# Many agreements, committed batch by batch as the scheduled action does


def _measure_size(env, books):
    few, _memory = _run_all(env, books, FEW)
    many, memory = _run_all(env, books, MANY)
    return [
        row("10,000 agreements / 1,000, time per invoice", many / few, 1.10),
        row("memory of that run above the loaded server, MiB", memory, 150),
    ]


def _run_all(env, books, size):
    """:return: (median seconds per invoice of the batches, MiB at the peak)"""
    env["service.agreement"].search([])._write({"next_invoice_date": None})
    template = books.create_agreements(books.create_partners(1))
    books.copy_agreements(template, size - 1)
    books.settle()
    gc.collect()
    seconds, invoices = [], 0
    with _watched_memory() as peak:
        start = time.perf_counter()
        for moves, failed in bill(env, START):
            assert moves and not failed
            seconds.append((time.perf_counter() - start) / len(moves))
            invoices += len(moves)
            start = time.perf_counter()
    assert invoices == size
    return statistics.median(seconds), peak[0]


@contextmanager
def _watched_memory():
    """Yields [MiB], in the end the peak of this process above what it had."""
    gc.collect()
    before, peak, done = _resident(), [0.0], threading.Event()

    def watch():
        while not done.wait(0.05):
            peak[0] = max(peak[0], _resident() - before)

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield peak
    finally:
        done.set()
        thread.join()


def _resident():
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    raise RuntimeError("the process does not say how much memory it has")


# None due


def _measure_none_due(env, books):
    template = books.create_agreements(books.create_partners(1))
    books.copy_agreements(template, HUGE)
    env["service.agreement"].search([])._write({"next_invoice_date": None})
    books.settle()
    cron = env["service.agreement"]
    seconds, queries = [], 0
    for _round in range(ROUNDS + 1):
        env.cr.commit()
        before, start = env.cr.sql_log_count, time.perf_counter()
        cron._cron_bill()
        seconds.append(time.perf_counter() - start)
        queries = env.cr.sql_log_count - before
    return [
        row("100,000 agreements, none due: queries", queries, 5),
        row("100,000 agreements, none due: ms", statistics.median(seconds) * 1000, 20),
    ]
