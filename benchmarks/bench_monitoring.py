"""Alerts in numbers onto two workers: what came in, how fast it was answered, and what
became of it (issue 8: 200 a second for a minute, none lost, none doubled).

The client keeps its pace; each twentieth delivery is sent twice at the same moment, as
a source does that got no answer. All sites are known, so that every event is handed on.
"""

import os
import statistics
import sys
import time
from collections import Counter
from itertools import chain
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parent.parent))

import _alerts
from _support import row

from devtool.odoo_process import OdooServer

# What `./dev bench` gives `run` an environment of.
DATABASE = "service_agreement_payment"
RATE = 200  # alerts a second
SECONDS = 60
SITES = 100
TWICE = 20
WARMING_UP = 200
PATIENCE = 600  # seconds until everything is handled


def run(env):
    source, secret = _alerts.prepare(env, SITES)
    numbers = list(range(RATE * SECONDS))
    repeated = chain.from_iterable([n, n] if n % TWICE == 0 else [n] for n in numbers)
    with OdooServer(
        os.environ,
        env.cr.dbname,
        arguments=_alerts.arguments(),
        log_name="bench-monitoring",
    ) as server:
        url = f"{server.url}/service/monitoring/{source.door_key}"
        target = _alerts.Target(url, secret, env.cr.dbname)
        _alerts.send(target, range(-WARMING_UP, 0), RATE / 4, SITES)
        sent = _alerts.send(target, list(repeated), RATE * (1 + 1 / TWICE), SITES)
        began = time.monotonic()
        _wait(env, source)
        behind = time.monotonic() - began
    return [*_rows_of_answers(sent), *_rows_of_books(env, source, numbers, behind)]


def _wait(env, source):
    deadline = time.monotonic() + PATIENCE
    new = [("source_id", "=", source.id), ("state", "=", "new")]
    # What came meanwhile is seen by a transaction that begins now.
    env.cr.rollback()
    while env["service.monitoring.delivery"].search_count(new):
        assert time.monotonic() < deadline, f"not handled in {PATIENCE} s"
        time.sleep(0.2)
        env.cr.rollback()


def _rows_of_answers(sent):
    seconds = sorted(each.seconds for each in sent)
    codes = Counter(each.status for each in sent)
    failed = sum(count for code, count in codes.items() if code not in (200, 202))
    return [
        row(f"deliveries sent, {RATE} a second and repeats", len(sent)),
        row("not answered, or not with yes", failed, 0),
        row("answered, ms, median", statistics.median(seconds) * 1000),
        row("answered, ms, p95", statistics.quantiles(seconds, n=20)[18] * 1000, 200),
        row("answered, ms, the slowest", seconds[-1] * 1000),
    ]


def _rows_of_books(env, source, numbers, behind):
    kept = _alerts.count_kept(env.cr, source.id)
    handed = _alerts.count_events(env.cr, source.id)
    wanted = {f"delivery-{number}" for number in numbers}
    return [
        row("lost: sent and not kept", len(wanted - kept.keys()), 0),
        row("doubled: kept more than once", sum(n > 1 for n in kept.values()), 0),
        row("events lost", len(wanted - handed.keys()), 0),
        row("events doubled", sum(n > 1 for n in handed.values()), 0),
        row("seconds until all were handed on, after the last came", behind),
    ]
