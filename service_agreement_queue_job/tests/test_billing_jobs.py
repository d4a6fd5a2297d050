from contextlib import nullcontext
from datetime import date
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
        cls.jobs = cls.root["queue.job"]
        cls.agreements = cls.Agreement.union(
            *(cls._create_active("2026-03-01") for _number in range(5))
        )

    def _queue(self, today="2026-03-01"):
        """Run the scheduled action; the jobs waiting then, oldest first."""
        with self.at(f"{today} 12:00:00"):
            self._run_cron("service_agreement.ir_cron_billing")
        return self.jobs.search(
            [("method_name", "=", "_job_run_batch"), ("state", "=", "pending")],
            order="id",
        )

    def _work(self, record):
        """Do a job as a worker does, who may not commit in it."""
        job = Job.load(self.root, record.uuid)
        job.set_started()
        with self.at("2026-03-01 12:01:00"):
            RunJobController._runjob(self.root, job)
        self.env.invalidate_all()

    def _get_books(self):
        return [
            (
                *(period.agreement_id, period.date_start, period.date_end),
                *(period.amount, period.move_id.state, period.move_id.invoice_date),
            )
            for period in self.agreements.period_ids.sorted("agreement_id")
        ]

    def test_the_scheduled_action_makes_a_job_per_batch(self):
        jobs = self._queue()
        self.assertEqual([len(job.records) for job in jobs], [2, 2, 1])
        self.assertEqual(self.Agreement.union(*jobs.mapped("records")), self.agreements)
        self.assertEqual(
            set(jobs.mapped("channel")), {"root.service_agreement_billing"}
        )
        self.assertEqual(jobs.company_id, self.company)
        self.assertEqual(jobs.user_id, self.env.ref("base.user_root"))
        self.assertIn("2 agreements", jobs[0].name)
        self.assertFalse(self.agreements.period_ids, "nothing is billed yet")

    def test_jobs_bill_what_the_run_would_bill(self):
        with self.env.cr.savepoint() as savepoint:
            self._bill("2026-03-01")
            expected = self._get_books()
            savepoint.rollback()
            self.env.invalidate_all()
        for job in self._queue():
            self._work(job)
            self.assertEqual(job.state, "done")
        self.assertEqual(len(expected), 5)
        self.assertEqual(self._get_books(), expected)
        self.assertEqual(job.result, "1 invoices, 0 agreements set aside")

    def test_a_batch_that_waits_is_not_queued_again(self):
        jobs = self._queue()
        self.assertEqual(self._queue(), jobs)
        self._work(jobs[0])
        self.assertEqual(self._queue(), jobs[1:])

    def test_a_batch_is_known_by_its_agreements_and_the_date(self):
        batch, today = self.agreements[:2], date(2026, 3, 1)
        with trap_jobs() as trap:
            batch._run_batch(today)
            batch._run_batch(today)
            trap.assert_jobs_count(1)
            trap.assert_enqueued_job(
                batch._job_run_batch,
                args=(today,),
                properties={"identity_key": identity_exact},
            )
            batch._run_batch(date(2026, 3, 2))
            self.agreements[1:3]._run_batch(today)
            trap.assert_jobs_count(3)

    def test_what_was_billed_meanwhile_is_not_billed_again(self):
        jobs = self._queue()
        self._bill("2026-03-01")
        expected = self._get_books()
        for job in jobs:
            self._work(job)
        self.assertEqual(self._get_books(), expected)

    def test_nothing_due_makes_no_job(self):
        self._bill("2026-03-01")
        self.assertFalse(self._queue())

    def test_a_broken_customer_is_set_aside_and_the_others_billed(self):
        broken = self.agreements[0]
        job = self._queue()[0]
        self._refuse(broken, UserError("This customer no longer orders."))
        self._work(job)
        self.assertEqual(job.state, "done", "no error of the job")
        self.assertEqual(job.result, "1 invoices, 1 agreements set aside")
        self.assertIn("no longer orders", broken.billing_issue)
        self.assertTrue(broken.activity_ids)
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

    def test_bill_now_waits_for_no_worker(self):
        with self.at("2026-03-01 12:00:00"), trap_jobs() as trap:
            self.agreements[0].action_bill_now()
            trap.assert_jobs_count(0)
        self.assertEqual(self.agreements.period_ids.agreement_id, self.agreements[0])

    def test_the_job_keeps_to_the_company_of_its_batch(self):
        other = self.setup_other_company()["company"]
        job = self._queue()[0]
        self.assertEqual(job.records.env.company, self.company)
        self.assertNotEqual(other, self.company)
        self._work(job)
        self.assertEqual(self.agreements.period_ids.move_id.company_id, self.company)

    def _refuse(self, broken, error):
        """Let Odoo fail to make the invoice of ``broken``."""
        Agreement = type(self.Agreement)
        original = Agreement._after_invoices_created

        def refuse(agreements, moves):
            if broken in moves.agreement_ids:
                raise error
            return original(agreements, moves)

        self.patch(Agreement, "_after_invoices_created", refuse)
