"""A billing run alone in its process: its time, and its memory above the server's."""

import gc
import json
import threading
import time
from contextlib import contextmanager
from pathlib import Path

from _billing import START


def bill_all(env):
    """Bill all that is due, batch by batch, as the scheduled action does.

    :return: str, JSON of seconds per invoice of each batch, invoices, and MiB at the
        peak above what the process had before
    """
    seconds, invoices = [], 0
    with _watched_memory() as peak:
        start = time.perf_counter()
        for moves, failed, _left in env["service.agreement"]._bill_batches(START):
            assert moves and not failed
            env.cr.commit()
            seconds.append((time.perf_counter() - start) / len(moves))
            invoices += len(moves)
            start = time.perf_counter()
    return json.dumps({"seconds": seconds, "invoices": invoices, "memory": peak[0]})


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
