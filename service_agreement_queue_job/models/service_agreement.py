from odoo import models

from odoo.addons.queue_job.job import identity_exact


class ServiceAgreement(models.Model):
    """The billing run as jobs: the scheduled action finds the batches, workers bill.

    A job is the ids of a batch and its run. It trusts nothing of the moment it was
    made: as without workers, it locks, checks again what is due, and bills that. So a
    job done twice, a second scheduled action and another host's worker all find nothing
    left to do.

    Jobs run as who works through the runs, which is OdooBot for the scheduled action: a
    run bills whatever is due, whoever may read it. Nobody else can make one: the method
    is private, and no group may create jobs.

    Nothing is committed here, the queue does that after each job. A serialization
    failure is no customer's error: it leaves the job, and the queue tries again.
    """

    _inherit = "service.agreement"

    def _run_batch(self, run):
        """Queue the batch, unless the same one is still waiting."""
        # EXTENDS 'service_agreement'
        self.with_delay(
            identity_key=identity_exact,
            description=self.env._(
                "%(run)s: bill %(count)s agreements", run=run.name, count=len(self)
            ),
        )._job_run_batch(run)

    def _job_run_batch(self, run):
        """What a worker does with a batch.

        :return: str, what the list of jobs shows
        """
        if run.state != "running":
            return self.env._("%(run)s was stopped before.", run=run.name)
        moves, failed = run._bill_batch(self)
        return self.env._(
            "%(invoices)s invoices, %(failed)s agreements set aside",
            invoices=len(moves),
            failed=len(failed),
        )

    def _job_store_values(self, job):
        """Let a run find its jobs."""
        # EXTENDS 'queue_job'
        values = super()._job_store_values(job)
        if job.method_name == "_job_run_batch":
            values["agreement_billing_run_id"] = job.args[0].id
        return values
