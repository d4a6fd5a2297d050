"""The billing run as jobs, with the runner and the workers of OCA's queue_job."""

from devtool.odoo_process import free_port
from tests import books
from tests.support import wait_until

CUSTOMERS = 300
WORKERS = 2

# Jobs of 25 and of 40 agreements: the second run's jobs cut across those of the first,
# so that whatever can be done twice would be.
ENQUEUE = """
Agreement = env.registry["service.agreement"]
for Agreement._batch_size in (25, 25, 40):
    env["service.agreement"]._cron_bill()
"""
# A worker of its own that knows of no queue, at the same time.
RUN_WITHOUT_QUEUE = f"env = env(context={{'queue_job__no_delay': True}})\n{books.RUN}"


def serve_workers(database, workers):
    """Return a server with so many worker processes for jobs."""
    return database.serve(
        f"--workers={workers}",
        f"--gevent-port={free_port()}",
        "--load=base,web,queue_job",
        variables={"ODOO_QUEUE_JOB_CHANNELS": f"root:{workers}"},
    )


def count_jobs(database, where="true"):
    return int(database.sql(f"SELECT count(*) FROM queue_job WHERE {where}")[0])


def test_workers_bill_what_a_run_without_them_bills(queue_database, database):
    for each in (queue_database, database):
        books.prepare(each, CUSTOMERS)
    alone = database.start_script(books.RUN)
    queue_database.script(ENQUEUE)
    assert count_jobs(queue_database) == 300 // 25 + 8, "the same batch waits once"

    with serve_workers(queue_database, WORKERS):
        wait_until(
            lambda: not count_jobs(queue_database, "state NOT IN ('done', 'failed')"),
            seconds=180,
            what="all jobs done",
        )
    assert "DONE" in alone.communicate(timeout=180)[0]
    failed = queue_database.sql("SELECT exc_info FROM queue_job WHERE state = 'failed'")
    assert not failed, "\n".join(failed)
    pids = queue_database.sql("SELECT DISTINCT worker_pid FROM queue_job")
    assert len(pids) == WORKERS
    assert not books.get_faults(queue_database)
    assert len(books.read(queue_database)) == CUSTOMERS
    assert books.read(queue_database) == books.read(database)
