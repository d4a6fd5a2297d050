"""How much more two worker processes bill than one, with the runner of queue_job.

The same agreements, two lines each, a month of them a round, in batches as jobs; one
worker and two in turn, each a server of its own. Measured is from the start of the
first job to the end of the last one, after every worker has warmed up.
"""

import os
import statistics
import sys
import time
from datetime import date
from pathlib import Path

from dateutil.relativedelta import relativedelta

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parent.parent))

from _support import ROUNDS, row

from devtool.odoo_process import OdooServer, free_port

# What `./dev bench` gives `run` an environment of.
DATABASE = "service_agreement_queue_job"
AGREEMENTS = 200
WARMING_UP = 8
BATCH = 25
START = date(2026, 1, 1)
BILL = "_job_run_batch"
PATIENCE = 600  # seconds


def run(env):
    agreements = _create_agreements(env, AGREEMENTS + WARMING_UP)
    warming_up, measured = agreements[:WARMING_UP], agreements[WARMING_UP:]
    rates = {1: [], 2: []}
    months = iter(range(1000))
    for _round in range(ROUNDS):
        for workers, seen in rates.items():
            until = START + relativedelta(months=next(months))
            with _serve(env, workers):
                _bill(env, warming_up, until, batch=2)
                seen.append(AGREEMENTS / _bill(env, measured, until, BATCH))
    one, two = (statistics.median(seen) for seen in rates.values())
    return [
        row(f"one worker: invoices a second, median of {ROUNDS}", one),
        row(f"two workers: invoices a second, median of {ROUNDS}", two),
        row("two workers / one", two / one, 1.7, at_least=True),
    ]


def _serve(env, workers):
    return OdooServer(
        {**os.environ, "ODOO_QUEUE_JOB_CHANNELS": f"root:{workers}"},
        env.cr.dbname,
        arguments=(
            *(f"--workers={workers}", f"--gevent-port={free_port()}"),
            *("--load=base,web,queue_job", "--max-cron-threads=0"),
        ),
        log_name="bench-workers",
    )


def _bill(env, agreements, until, batch):
    """Let the workers bill the month of ``agreements``.

    :return: float, seconds
    """
    env.cr.rollback()
    env.invalidate_all()
    before = env["account.move"].search_count([("state", "=", "posted")])
    _queue(env, agreements, until, batch)
    _wait(env)
    after = env["account.move"].search_count([("state", "=", "posted")])
    assert after - before == len(agreements), "a job failed or billed too much"
    jobs = env["queue.job"].search([("method_name", "=", BILL)])
    began, ended = min(jobs.mapped("date_started")), max(jobs.mapped("date_done"))
    return (ended - began).total_seconds()


def _queue(env, agreements, until, batch):
    env["queue.job"].search([]).unlink()
    type(agreements)._batch_size = batch
    run = env["service.agreement.billing.run"].create(
        {"date_until": until, "agreement_ids": agreements.ids}
    )
    run._start("schedule")
    run._work()
    env.cr.commit()


def _wait(env):
    """Wait until no job is left to do."""
    deadline = time.monotonic() + PATIENCE
    waiting = [("method_name", "=", BILL), ("state", "not in", ("done", "failed"))]
    while env["queue.job"].search_count(waiting):
        assert time.monotonic() < deadline, f"jobs not done in {PATIENCE} s"
        time.sleep(0.2)
        env.cr.rollback()
        env.invalidate_all()


def _create_agreements(env, number):
    company = env.company
    if not company.chart_template:
        env["account.chart.template"].try_loading("generic_coa", company)
    tax = env["account.tax"].search(
        [("company_id", "=", company.id), ("type_tax_use", "=", "sale")], limit=1
    )
    product = env["product.product"].create(
        {"name": "Service", "type": "service", "taxes_id": [(6, 0, tax.ids)]}
    )
    plan = env.ref("service_agreement.plan_monthly")
    tier = env["service.agreement.tier"].create(
        {
            "name": "Silver",
            "list_price": 149.0,
            "term_months": 0,
            "product_id": product.id,
            "price_ids": [(0, 0, {"plan_id": plan.id})],
        }
    )
    partners = env["res.partner"].create(
        [{"name": f"Customer {index}"} for index in range(number)]
    )
    agreements = env["service.agreement"].create(
        [
            {
                "partner_id": partner.id,
                "tier_id": tier.id,
                "plan_id": plan.id,
                "date_start": START,
            }
            for partner in partners
        ]
    )
    for agreement in agreements:
        agreement.line_ids[0].copy({"agreement_id": agreement.id})
    agreements.action_activate()
    env.cr.commit()
    return agreements
