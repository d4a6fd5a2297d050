"""A run killed in the middle and started again: the books end up as after one
undisturbed run (SEMANTICS §1), and the database itself refuses what may not be.
"""

import random
import re
from concurrent.futures import ThreadPoolExecutor

import psycopg2
import pytest

from tests import books
from tests.support import wait_until

CUSTOMERS = 40
KILLS = 20

# One process that has Odoo loaded starts another for each run, as a server with workers
# does: a run begins in no time, has its own connection and is really killed. It says
# when it has come to its n-th query and goes on; the kill then hits it wherever it is,
# also while the database works for it.
RUN_AND_KILL = """
import os, signal
from odoo import api, sql_db

env.registry["service.agreement"]._batch_size = 2
env.cr.commit()

def count_queries(tell_at, pipe):
    count = 0
    execute, commit = sql_db.Cursor.execute, sql_db.Cursor.commit
    def tick():
        nonlocal count
        count += 1
        if count == tell_at:
            os.write(pipe, b"here")
    def counted_execute(*args, **kwargs):
        tick()
        return execute(*args, **kwargs)
    def counted_commit(cr):
        tick()
        return commit(cr)
    sql_db.Cursor.execute, sql_db.Cursor.commit = counted_execute, counted_commit
    return lambda: count

def run(tell_at, pipe):
    sql_db._Pool = None  # the connections there are the other process's
    get_count = count_queries(tell_at, pipe)
    with env.registry.cursor() as cr:
        api.Environment(cr, env.uid, {{}})["service.agreement"]._cron_bill()
    print("QUERIES", get_count(), flush=True)

for tell_at in {points}:
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        status = 1
        try:
            run(tell_at, writing)
            status = 0
        finally:
            os._exit(status)
    os.close(writing)
    if os.read(reading, 4):
        os.kill(child, signal.SIGKILL)
    os.close(reading)
    _pid, status = os.waitpid(child, 0)
    env.cr.execute("SELECT count(*) FROM account_move WHERE state = 'posted'")
    posted = env.cr.fetchone()[0]
    env.cr.commit()
    print("KILLED" if os.WIFSIGNALED(status) else "ENDED", posted, flush=True)
"""
NEVER = 0


def test_a_run_killed_and_restarted_ends_as_one_undisturbed(
    database, undisturbed_database
):
    for each in (database, undisturbed_database):
        books.prepare(each, CUSTOMERS, days_ago=32)
    printed = undisturbed_database.script(RUN_AND_KILL.format(points=[NEVER]))
    queries = int(re.search(r"QUERIES (\d+)", printed)[1])

    # Far enough for some progress, near enough to be killed twenty times on the way.
    draw = random.Random(2026)
    points = [draw.randrange(1, queries // 10) for _kill in range(KILLS)]
    printed = database.script(RUN_AND_KILL.format(points=[*points, NEVER]))

    ends, posted = zip(*re.findall(r"(KILLED|ENDED) (\d+)", printed), strict=True)
    assert ends == ("KILLED",) * KILLS + ("ENDED",), printed
    assert len(set(posted)) > KILLS // 4, f"killed where nothing was done: {posted}"
    assert not books.get_faults(database)
    assert len(books.read(database)) == CUSTOMERS * 2
    assert books.read(database) == books.read(undisturbed_database)


# The same period again, whatever columns it has.
BILL_AGAIN = """
INSERT INTO service_agreement_period
SELECT copy.* FROM service_agreement_period period, jsonb_populate_record(
       period, jsonb_build_object(
           'id', nextval('service_agreement_period_id_seq'),
           'date_start', period.date_start + 3650,
           'date_end', period.date_end + 3650)) copy
 WHERE period.id = (SELECT min(id) FROM service_agreement_period)
"""
WAITING = """
SELECT count(*) FROM pg_stat_activity
 WHERE datname = current_database() AND wait_event_type = 'Lock'
"""


def test_of_two_connections_that_bill_a_period_one_is_refused(database):
    books.prepare(database, customers=1, then=books.RUN)
    before = len(books.read(database))
    with database.connect() as first, ThreadPoolExecutor(1) as pool:
        first.cursor().execute(BILL_AGAIN)
        second = pool.submit(bill_again, database)
        wait_until(lambda: database.sql(WAITING) == ["1"], 30, "the second waits")
        first.commit()
        with pytest.raises(psycopg2.IntegrityError):
            second.result(timeout=30)
    assert len(books.read(database)) == before + 1


def bill_again(database):
    with database.connect() as connection:
        connection.cursor().execute(BILL_AGAIN)
