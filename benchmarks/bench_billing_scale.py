"""What a run costs where there is much: years of history, many agreements, none due.

The agreements of a large firm are made by copying rows: making them is not measured.
"""

import json
import statistics
import subprocess
import sys
import time
from datetime import timedelta
from itertools import count
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parent.parent))

from _billing import START, Books
from _support import ROUNDS, alternate, row

from devtool import odoo_process

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
        old._bill_due(next(days), _within(old))
        env.cr.commit()
    books.settle()
    young_days = (START + MONTH * number for number in count())
    with_history, without = alternate(
        lambda: _bill(env, old, next(days)),
        lambda: _bill(env, young, next(young_days)),
    )
    return [row("with 36 billed periods / with none", with_history / without, 1.05)]


def _within(agreements):
    from odoo.fields import Domain

    return Domain("id", "in", agreements.ids)


def _bill(env, agreements, today):
    moves, failed = agreements._bill_due(today, _within(agreements))
    env.cr.commit()
    assert len(moves) == len(agreements) and not failed


# Many agreements, committed batch by batch as the scheduled action does, each time by
# a process of its own: what an earlier run left in memory is not this one's


def _measure_size(env, books):
    before, _memory = _run_all(env, books, FEW)
    many, memory = _run_all(env, books, MANY)
    after, _memory = _run_all(env, books, FEW)
    few = statistics.median(before + after)
    ratio = statistics.median(many) / few
    return [
        row("10,000 agreements / 1,000, time per invoice", ratio, 1.10),
        row("memory of that run above the loaded server, MiB", memory, 150),
    ]


def _run_all(env, books, size):
    """:return: (seconds per invoice of each batch, MiB at the peak)"""
    env["service.agreement"].search([])._write({"next_invoice_date": None})
    template = books.create_agreements(books.create_partners(1))
    books.copy_agreements(template, size - 1)
    books.settle()
    done = subprocess.run(
        odoo_process.command("shell", "-d", env.cr.dbname, "--no-http"),
        input=RUN.format(folder=str(Path(__file__).parent)),
        text=True,
        capture_output=True,
        check=False,
    )
    answers = [line for line in done.stdout.splitlines() if line.startswith("{")]
    assert answers, done.stderr
    answer = json.loads(answers[-1])
    assert answer["invoices"] == size
    return answer["seconds"], answer["memory"]


RUN = """
import sys
sys.path.insert(0, {folder!r})
from _billing_run import bill_all
print(bill_all(env))
"""


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
