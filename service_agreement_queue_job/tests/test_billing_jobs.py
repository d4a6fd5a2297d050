from contextlib import nullcontext
from unittest.mock import patch

from psycopg2.errors import SerializationFailure

from odoo import SUPERUSER_ID
from odoo.exceptions import UserError
from odoo.tests import tagged

from odoo.addons.queue_job.controllers.main import RunJobController
from odoo.addons.queue_job.job import Job, identity_exact
from odoo.addons.queue_job.tests.common import trap_jobs
from odoo.addons.service_agreement.tests.common import ServiceAgreementCommon


@tagged("post_install", "-at_install")
class TestBillingJobs(ServiceAgreementCommon):
    """The scheduled action finds the batches, workers bill them."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.Agreement = cls.env["service.agreement"]
        cls.startClassPatcher(patch.object(type(cls.Agreement), "_batch_size", 2))
        cls.root = cls.env(user=SUPERUSER_ID, context={})  # as the queue has it
        cls.agreements = cls.Agreement.union(
            *(cls._create_active("2026-03-01") for _number in range(5))
        )

    def _queue(self):
        """Run the scheduled action; the batches waiting then, oldest first."""
        with self.at("2026-03-01 12:00:00"):
            self._run_cron("service_agreement.ir_cron_billing")
        return self._get_jobs("_job_run_batch")

    def _get_jobs(self, method, state="pending"):
        return self.root["queue.job"].search(
            [("method_name", "=", method), ("state", "=", state)], order="id"
        )

    def _work(self, records):
        """Do jobs as a worker does, who may not commit in them."""
        for record in records:
            job = Job.load(self.root, record.uuid)
            job.set_started()
            job.store()
            with self.at("2026-03-01 12:01:00"):
                RunJobController._runjob(self.root, job)
        self.env.invalidate_all()

    def _look(self):
        """Let the watch look at the workers, who are up to what they are."""
        [watch] = self._get_jobs("_job_watch")
        self._work(watch)

    def _get_run(self):
        return self.env["service.agreement.billing.run"].search([], limit=1)

    def _get_books(self):
        return [
            (
                *(period.agreement_id, period.date_start, period.date_end),
                *(period.amount, period.move_id.state, period.move_id.invoice_date),
            )
            for period in self.agreements.period_ids.sorted("agreement_id")
        ]

    def _refuse(self, broken, error):
        """Let Odoo fail to make the invoice of ``broken``."""
        Agreement = type(self.Agreement)
        original = Agreement._after_invoices_created

        def refuse(agreements, moves):
            if broken in moves.agreement_ids:
                raise error
            return original(agreements, moves)

        self.patch(Agreement, "_after_invoices_created", refuse)

    # What is queued

    def test_the_scheduled_action_makes_a_job_per_batch(self):
        jobs = self._queue()
        self.assertEqual([len(job.records) for job in jobs], [2, 2, 1])
        self.assertEqual(self.Agreement.union(*jobs.mapped("records")), self.agreements)
        self.assertEqual(
            set(jobs.mapped("channel")), {"root.service_agreement_billing"}
        )
        self.assertEqual(jobs.company_id, self.company)
        self.assertEqual(jobs.user_id, self.env.ref("base.user_root"))
        self.assertEqual(jobs.agreement_billing_run_id, self._get_run())
        self.assertFalse(self.agreements.period_ids, "nothing is billed yet")

    def test_what_is_with_the_workers_is_not_handed_out_again(self):
        jobs = self._queue()
        self.assertEqual(self._queue(), jobs)
        self.assertEqual(len(self._get_jobs("_job_watch")), 1)
        self._work(jobs[0])
        self.assertEqual(self._queue(), jobs[1:])

    def test_the_same_batch_waits_once(self):
        self._queue()
        batch, run = self.agreements[:2], self._get_run()
        with trap_jobs() as trap:
            batch._run_batch(run)
            batch._run_batch(run)
            trap.assert_jobs_count(1)
            trap.assert_enqueued_job(
                batch._job_run_batch,
                args=(run,),
                properties={"identity_key": identity_exact},
            )
            self.agreements[1:3]._run_batch(run)
            trap.assert_jobs_count(2)

    def test_nothing_due_makes_no_job(self):
        self._bill("2026-03-01")
        self.assertFalse(self._queue())

    def test_bill_now_waits_for_no_worker(self):
        with self.at("2026-03-01 12:00:00"), trap_jobs() as trap:
            self.agreements[0].action_bill_now()
            trap.assert_jobs_count(0)
        self.assertEqual(self.agreements.period_ids.agreement_id, self.agreements[0])

    # What a worker does

    def test_jobs_bill_what_the_run_would_bill(self):
        with self.env.cr.savepoint() as savepoint:
            self._bill("2026-03-01")
            expected = self._get_books()
            savepoint.rollback()
            self.env.invalidate_all()
        jobs = self._queue()
        self._work(jobs)
        self.assertEqual(set(jobs.mapped("state")), {"done"})
        self.assertEqual(jobs[-1].result, "1 invoices, 0 agreements set aside")
        self.assertEqual(len(expected), 5)
        self.assertEqual(self._get_books(), expected)

    def test_what_was_billed_meanwhile_is_not_billed_again(self):
        jobs = self._queue()
        self._bill("2026-03-01")
        expected = self._get_books()
        self._work(jobs)
        self.assertEqual(self._get_books(), expected)

    def test_a_broken_customer_is_set_aside_and_the_others_billed(self):
        broken = self.agreements[0]
        job = self._queue()[0]
        self._refuse(broken, UserError("This customer no longer orders."))
        self._work(job)
        self.assertEqual(job.state, "done", "no error of the job")
        self.assertEqual(job.result, "1 invoices, 1 agreements set aside")
        self.assertIn("no longer orders", broken.billing_issue)
        self.assertEqual(self._get_run().failure_ids.agreement_id, broken)
        self.assertEqual(self.agreements.period_ids.agreement_id, self.agreements[1])

    def test_a_serialization_failure_is_tried_again(self):
        job = self._queue()[0]
        self._refuse(self.agreements[0], SerializationFailure())
        with (
            patch.object(SerializationFailure, "pgcode", "40001"),
            patch.object(Job, "in_temporary_env", lambda _job: nullcontext()),
            patch.object(self.env.cr, "rollback"),
        ):
            self._work(job)
        self.assertEqual(job.state, "pending")
        self.assertTrue(job.eta)
        self.assertFalse(self.agreements[0].billing_issue, "not the customer's error")
        self.assertFalse(self.agreements.period_ids)

    # The run meanwhile

    def test_a_run_is_done_when_the_workers_are(self):
        jobs, run = self._queue(), self._get_run()
        self._work(jobs[:2])
        self._look()
        self.assertEqual((run.state, run.invoice_count), ("running", 4))
        self._work(jobs[2])
        self._look()
        self.assertEqual((run.state, run.invoice_count), ("done", 5))
        self.assertFalse(self._get_jobs("_job_watch"))

    def test_a_stopped_run_bills_no_more(self):
        jobs, run = self._queue(), self._get_run()
        self._work(jobs[0])
        run.action_stop()
        self._work(jobs[1:])
        self.assertEqual(len(self.agreements.period_ids), 2)
        self._look()
        self.assertEqual(run.state, "stopped")

    def test_a_resumed_run_bills_what_is_left(self):
        jobs, run = self._queue(), self._get_run()
        run.action_stop()
        self._work(jobs)
        self._look()
        with self.at("2026-03-01 13:00:00"):
            run.action_resume()
            self._run_cron("service_agreement.ir_cron_billing_run")
        self._work(self._get_jobs("_job_run_batch"))
        self._look()
        self.assertEqual((run.state, run.invoice_count), ("done", 5))

    def test_what_was_locked_is_handed_out_again(self):
        jobs, run = self._queue(), self._get_run()
        held = self.agreements[0]
        with patch.object(
            type(held), "try_lock_for_update", lambda self, **kwargs: self - held
        ):
            self._work(jobs)
        self._look()
        self.assertEqual(run.state, "running")
        with self.at("2026-03-01 12:02:00"):
            self._run_cron("service_agreement.ir_cron_billing_run")
        [again] = self._get_jobs("_job_run_batch")
        self.assertEqual(again.records, held)

    def test_a_run_whose_job_failed_is_interrupted(self):
        jobs, run = self._queue(), self._get_run()
        self._work(jobs[1:])
        failed = Job.load(self.root, jobs[0].uuid)
        failed.set_failed()
        failed.store()
        self._look()
        self.assertEqual(run.state, "interrupted")
        self.assertFalse(run._why_not_resume())
