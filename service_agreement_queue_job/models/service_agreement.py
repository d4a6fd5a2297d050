from odoo import models

from odoo.addons.queue_job.job import identity_exact


class ServiceAgreement(models.Model):
    """The billing run as jobs: the scheduled action finds the batches, workers bill.

    A job is the ids of a batch and a date. It trusts nothing of the moment it was made:
    like the run without workers it locks, checks again what is due, and bills that. So
    a job run twice, a second scheduled action and another host's worker all find
    nothing left to do.

    Jobs run as who started the run, which is OdooBot for the scheduled action: a run
    bills whatever is due, whoever may read it. Nobody else can make one; creating jobs
    is not granted to any group and their method is private.

    Nothing is committed here, the queue does that after each job. A serialization
    failure is no customer's error: it leaves the job, and the queue runs it again.
    """

    _inherit = "service.agreement"

    def _run_batch(self, today):
        """Queue the batch, unless the same one is still waiting."""
        # EXTENDS 'service_agreement'
        self.with_delay(
            identity_key=identity_exact,
            description=self.env._(
                "Bill %(count)s agreements of %(company)s due by %(date)s",
                count=len(self),
                company=self.env.company.name,
                date=today,
            ),
        )._job_run_batch(today)
        return self.env["account.move"], self.browse()

    def _job_run_batch(self, today):
        """What a worker does with a batch.

        :param date today: the date of the run that made the job
        :return: str, what the list of jobs shows
        """
        moves, failed = self._bill_batch(self._get_due_domain(today), today)
        return self.env._(
            "%(invoices)s invoices, %(failed)s agreements set aside",
            invoices=len(moves),
            failed=len(failed),
        )
