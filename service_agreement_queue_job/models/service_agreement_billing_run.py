from odoo import models

from odoo.addons.queue_job.job import CANCELLED, DONE, FAILED, identity_exact

ENDED = (DONE, FAILED, CANCELLED)


class ServiceAgreementBillingRun(models.Model):
    """A run whose batches were handed out is watched until the workers are through.

    The watch is a job as well, every few seconds: alone it writes the figures of the
    run, so that workers do not wait for each other to write the same row.
    """

    _inherit = "service.agreement.billing.run"

    # Seconds between two looks at how far the workers are.
    _watch_interval = 10
    # Before the batches, which have queue_job's 10: a look takes no time.
    _watch_priority = 5

    def _work(self, waiting=0):
        """Hand out nothing again while the workers are at it."""
        # EXTENDS 'service_agreement'
        return self._is_watched() or super()._work(waiting)

    def _finish(self):
        """All batches are handed out: watch the workers instead of ending here."""
        # EXTENDS 'service_agreement'
        self._watch()

    def _watch(self):
        self.with_delay(
            eta=self._watch_interval,
            priority=self._watch_priority,
            identity_key=identity_exact,
            description=self.env._("%(run)s: look at the workers", run=self.name),
        )._job_watch()

    def _is_watched(self):
        return self._has_jobs("_job_watch", "not in", ENDED)

    def _has_jobs(self, method, operator, states):
        """Sudo: whether there are any may be known to whoever works through a run."""
        self.ensure_one()
        domain = [
            ("agreement_billing_run_id", "=", self.id),
            ("method_name", "=", method),
            ("state", operator, states),
        ]
        return bool(self.env["queue.job"].sudo().search_count(domain, limit=1))

    def _job_watch(self):
        """Write how far the workers are; end the run when they are through."""
        if self.state != "running":
            return
        if self._has_jobs("_job_run_batch", "not in", ENDED):
            self._refresh_figures()
            self._watch()
        elif not self._count_left():
            self._close("done")
        elif self._has_jobs("_job_run_batch", "in", (FAILED, CANCELLED)):
            self._close("interrupted")
        else:
            # Locked by somebody when its batch was billed: hand it out again.
            self._refresh_figures()
            self.env.ref("service_agreement.ir_cron_billing_run").sudo()._trigger()

    def _job_store_values(self, job):
        """Let a run find its watch."""
        # EXTENDS 'queue_job'
        values = super()._job_store_values(job)
        if job.method_name == "_job_watch":
            values["agreement_billing_run_id"] = self.id
        return values
