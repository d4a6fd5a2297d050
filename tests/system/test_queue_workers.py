"""The billing run as jobs, with the runner and the workers of OCA's queue_job."""

from devtool.odoo_process import free_port
from tests import books
from tests.support import wait_until
from tests.system.test_lifecycle import get_complaints

CUSTOMERS = 300
WORKERS = 2

# Two runs of everything, in batches of 25 and of 40: the jobs of the second cut across
# those of the first, so that whatever can be done twice would be.
HAND_OUT = """
Run = env["service.agreement.billing.run"]
for size in (25, 40):
    env.registry["service.agreement"]._batch_size = size
    run = Run.create({})
    run._start("schedule")
    run._work()
env.cr.commit()
"""


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
    queue_database.script(HAND_OUT)
    batches = "method_name = '_job_run_batch'"
    assert count_jobs(queue_database, batches) == 300 // 25 + 8

    with serve_workers(queue_database, WORKERS):
        wait_until(
            lambda: not count_jobs(queue_database, "state NOT IN ('done', 'failed')"),
            seconds=300,
            what="all jobs done",
        )
    assert "DONE" in alone.communicate(timeout=300)[0]
    failed = queue_database.sql("SELECT exc_info FROM queue_job WHERE state = 'failed'")
    assert not failed, "\n".join(failed)
    pids = f"SELECT DISTINCT worker_pid FROM queue_job WHERE {batches}"
    assert len(queue_database.sql(pids)) == WORKERS
    first = "SELECT state FROM service_agreement_billing_run ORDER BY id LIMIT 1"
    assert queue_database.sql(first) == ["done"]
    assert not books.get_faults(queue_database)
    assert len(books.read(queue_database)) == CUSTOMERS
    assert books.read(queue_database) == books.read(database)


def test_the_bridge_comes_with_the_queue_and_goes_in_the_middle_of_a_run(database):
    """What it had handed out is billed by the scheduled action alone."""
    assert not get_complaints(database.odoo("-i", "queue_job"))
    bridge = "SELECT state FROM ir_module_module WHERE name = '{}'".format(
        "service_agreement_queue_job"
    )
    assert database.sql(bridge) == ["installed"]
    books.prepare(database, customers=1, then=books.RUN)
    assert count_jobs(database), "handed out, with nobody to work"

    assert not get_complaints(database.uninstall("service_agreement_queue_job"))
    left = (
        "SELECT name FROM ir_model_data WHERE module = 'service_agreement_queue_job'"
        " UNION ALL SELECT name FROM queue_job_channel WHERE name != 'root'"
    )
    assert database.sql(left) == []
    database.script(books.RUN)
    assert len(books.read(database)) == 1
    assert not books.get_faults(database)
