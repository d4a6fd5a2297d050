from unittest.mock import patch

from odoo.exceptions import AccessError, UserError
from odoo.tests import new_test_user, tagged

from odoo.addons.base.models.ir_cron import IrCron
from odoo.addons.base.tests.test_ir_cron import CronMixinCase

from .common import PortalUsersMixin, ServiceAgreementCommon


class BillingRunCommon(CronMixinCase, ServiceAgreementCommon):
    """Two agreements a batch, so that five of them are three batches."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.runs = cls.env["service.agreement.billing.run"]
        cls.accountant = new_test_user(
            cls.env,
            login="accountant",
            groups="base.group_user,account.group_account_invoice",
            company_id=cls.company.id,
            company_ids=[(6, 0, cls.company.ids)],
        )

    def setUp(self):
        super().setUp()
        self.patch(type(self.env["service.agreement"]), "_batch_size", 2)

    def _break(self, agreement, reason="This customer no longer orders."):
        """Odoo refuses the invoices of ``agreement`` until ``_mend``."""
        Agreement = type(self.env["service.agreement"])

        def refuse(agreements, moves):
            if agreement in moves.agreement_ids:
                raise UserError(reason)

        patcher = patch.object(Agreement, "_after_invoices_created", refuse)
        patcher.start()
        self.addCleanup(patcher.stop)
        return patcher

    def _cron(self, instant="2026-03-01 02:00:00"):
        with self.at(instant):
            self._run_cron("service_agreement.ir_cron_billing")

    def _go_on(self, instant="2026-03-01 12:00:00"):
        with self.at(instant):
            self._run_cron("service_agreement.ir_cron_billing_run")

    def _start(self, instant="2026-03-01 12:00:00", **choices):
        with self.at(instant):
            run = self._preview(**choices)
            run.action_start()
        return run

    def _get_runs(self, company=None):
        return self.runs.search([("company_id", "=", (company or self.company).id)])


@tagged("post_install", "-at_install")
class TestBillingRun(BillingRunCommon):
    """A run as a record: previewed, started, stopped, resumed, and what it made."""

    # Preview

    def test_the_preview_is_what_the_run_bills(self):
        self._create_active("2026-01-17", self.plan_first)
        self._create_active("2026-02-01", self.plan_quarterly)
        self._create_active("2026-03-05")
        with self.at("2026-03-05 12:00:00"):
            run = self._preview()
            planned = [
                (row.agreement_id, row.amount) for row in run.preview_ids.sorted("id")
            ]
            totals = run.preview_invoice_count, run.preview_amount
            self.assertEqual(run.state, "draft")
            self.assertFalse(run.invoice_ids, "a preview writes no books")
            run.action_start()
            self._go_on("2026-03-05 12:10:00")
        billed = [
            (move.agreement_ids, move.amount_untaxed)
            for move in run.invoice_ids.sorted("id")
        ]
        self.assertCountEqual(planned, billed)
        self.assertEqual(len(billed), 5)
        self.assertEqual(totals, (run.invoice_count, run.amount))
        self.assertFalse(run.preview_ids, "from now on the invoices tell")

    def test_a_look_ahead_bills_nothing(self):
        agreement = self._create_active("2026-03-01")
        with self.at("2026-03-01 12:00:00"):
            run = self._preview("2026-05-31")
            self.assertEqual(
                [(str(row.date), row.amount) for row in run.preview_ids],
                [("2026-03-01", 149.0), ("2026-04-01", 149.0), ("2026-05-01", 149.0)],
            )
            self.assertTrue(run.is_ahead)
            with self.assertRaisesRegex(UserError, "due today or earlier"):
                run.action_start()
        self.assertFalse(agreement.period_ids)

    def test_the_preview_rounds_as_the_invoice_does(self):
        """Three times 10.00 with 21 % in it: 8.26 each, and 24.79 together."""
        self.company.tax_calculation_rounding_method = "round_globally"
        agreement = self._create_agreement("2026-03-01", self.plan_first)
        agreement.line_ids.price_unit = 10.0
        agreement.line_ids.tax_ids = self.tax_sale_a.copy(
            {"name": "In it", "amount": 21, "price_include_override": "tax_included"}
        )
        for _number in range(2):
            agreement.line_ids[0].copy({"agreement_id": agreement.id})
        agreement.action_activate()
        with self.at("2026-03-01 12:00:00"):
            announced = self._preview().preview_ids
            (shown,) = agreement._describe_invoices(agreement._get_next_invoices(1))
            total = agreement._get_next_invoice_total()
            move = self._bill("2026-03-01")
        self.assertEqual((move.amount_untaxed, move.amount_total), (24.79, 30.0))
        self.assertEqual(announced.amount, 24.79)
        self.assertEqual((shown["untaxed"], shown["total"]), (24.79, 30.0))
        self.assertEqual(sum(line["amount"] for line in shown["lines"]), 24.79)
        self.assertEqual(total, 30.0)

    def test_the_preview_tells_who_is_set_aside_now(self):
        agreement = self._create_active("2026-03-01")
        self._create_active("2026-03-01")
        agreement.sudo().partner_invoice_id = self._create_customer("Gone")
        agreement.partner_invoice_id.active = False
        with self.at("2026-03-01 12:00:00"):
            run = self._preview()
        rows = run.preview_ids.filtered("reason")
        self.assertEqual(rows.agreement_id, agreement)
        self.assertIn("archived", rows.reason)
        self.assertEqual(run.preview_invoice_count, 1)
        self.assertEqual(run.preview_amount, 149.0)
        self.assertEqual(run.preview_failure_count, 1)

    def test_another_choice_makes_the_preview_stale(self):
        self._create_active("2026-03-01")
        with self.at("2026-03-01 12:00:00"):
            run = self._preview()
            self.assertTrue(run.previewed_on)
            run.date_until = "2026-02-28"
            self.assertFalse(run.previewed_on)
            self.assertEqual(run.due_count, 0)
            with self.assertRaisesRegex(UserError, "Nothing is due"):
                run.action_start()

    def test_the_menu_opens_one_preview_and_not_ever_more(self):
        self._create_active("2026-03-01")
        runs = self.runs.with_user(self.accountant)
        with self.at("2026-03-01 12:00:00"):
            first = runs.action_preview_due()
            runs.browse(first["res_id"]).partner_ids = self.customer
            again = runs.action_preview_due()
        self.assertEqual(first["res_id"], again["res_id"])
        run = runs.browse(again["res_id"])
        self.assertFalse(run.partner_ids)
        self.assertEqual(run.preview_invoice_count, 1)

    # Start

    def test_one_batch_is_billed_when_the_button_is_pressed(self):
        agreement = self._create_active("2026-02-01")
        run = self._start()
        self.assertEqual(run.state, "done")
        self.assertEqual(run.origin, "person")
        self.assertEqual(run.user_id, self.env.user)
        self.assertRegex(run.name, r"RUN\d+")
        self.assertEqual(run.agreement_count, 1)
        self.assertEqual(run.done_count, 1)
        self.assertEqual(run.invoice_count, 2)
        self.assertEqual(run.amount, 298.0)
        self.assertEqual(run.invoice_ids.agreement_ids, agreement)
        self.assertEqual(str(run.date_finished), "2026-03-01 12:00:00")

    def test_more_than_a_batch_is_billed_in_the_background(self):
        for _index in range(5):
            self._create_active("2026-03-01")
        with self.capture_triggers("service_agreement.ir_cron_billing_run") as woken:
            run = self._start()
        self.assertEqual(len(woken.records), 1)
        self.assertEqual(run.state, "running")
        self.assertFalse(run.invoice_ids)
        self._go_on()
        self.assertEqual(run.state, "done")
        self.assertEqual((run.done_count, run.invoice_count), (5, 5))

    def test_only_chosen_customers_and_agreements(self):
        other = self._create_customer("Other")
        mine = self._create_active("2026-03-01")
        his = self._create_active("2026-03-01", partner_id=other.id)
        run = self._start(partner_ids=[(6, 0, other.ids)])
        self.assertEqual(run.invoice_ids.agreement_ids, his)
        third = self._create_active("2026-03-01")
        run = self._start(agreement_ids=[(6, 0, mine.ids)])
        self.assertEqual(run.invoice_ids.agreement_ids, mine)
        self.assertFalse(third.period_ids)

    def test_until_an_earlier_day(self):
        agreement = self._create_active("2026-01-10")
        with self.at("2026-03-15 12:00:00"):
            run = self._preview("2026-02-28")
            run.action_start()
        self.assertEqual(run.invoice_count, 2)
        self.assertEqual(str(agreement.next_invoice_date), "2026-03-10")
        self.assertEqual(
            set(map(str, run.invoice_ids.mapped("invoice_date"))),
            {"2026-03-15"},
            "past months are invoiced on the day of the run",
        )

    def test_what_a_run_bills_is_chosen_before(self):
        self._create_active("2026-03-01")
        run = self._start()
        with self.assertRaisesRegex(UserError, "before it starts"):
            run.date_until = "2026-01-01"
        with self.assertRaisesRegex(UserError, "already started"):
            run.action_start()
        with self.assertRaisesRegex(UserError, "cannot be deleted"):
            run.unlink()

    # Stop, resume, and a server that dies

    def _stop_after(self, run, batches):
        """Somebody presses Stop while batch number ``batches`` is being billed."""
        Run, done = type(run), []
        original = Run._bill_batch

        def bill(self, agreements):
            done.append(agreements)
            if len(done) == batches:
                self.action_stop()
            return original(self, agreements)

        patcher = patch.object(Run, "_bill_batch", bill)
        patcher.start()
        self.addCleanup(patcher.stop)
        return patcher

    def test_stop_lets_the_batch_finish_and_resume_goes_on(self):
        for _index in range(5):
            self._create_active("2026-03-01")
        run = self._start()
        patcher = self._stop_after(run, 1)
        self._go_on()
        patcher.stop()
        self.assertEqual(run.state, "stopped")
        self.assertEqual((run.done_count, run.invoice_count), (2, 2))
        self._go_on()
        self.assertEqual(run.invoice_count, 2, "stopped is stopped")
        with self.at("2026-03-02 12:00:00"):
            run.action_resume()
        self._go_on("2026-03-02 12:05:00")
        self.assertEqual(run.state, "done")
        self.assertEqual((run.done_count, run.invoice_count), (5, 5))
        with self.assertRaisesRegex(UserError, "not running"):
            run.action_stop()
        with self.assertRaisesRegex(UserError, "not stopped"):
            run.action_resume()

    def test_when_the_scheduler_wants_its_time_back_the_next_one_goes_on(self):
        for _index in range(5):
            self._create_active("2026-03-01")
        reported = []

        def no_time(_cron, processed=0, *, remaining=None, deactivate=False):
            reported.append((processed, remaining))
            return 0.0

        self.patch(IrCron, "_commit_progress", no_time)
        with self.at("2026-03-01 02:00:00"):
            self.env["service.agreement"]._cron_bill()
            run = self._get_runs()
            self.assertEqual(run.state, "running")
            self.assertEqual((run.done_count, run.invoice_count), (2, 2))
            self.assertEqual(reported, [(2, None), (0, 3)])
            self.env["service.agreement"]._cron_bill()
            self.env["service.agreement"]._cron_bill()
        self.assertEqual(run.state, "done")
        self.assertEqual(self._get_runs(), run)
        self.assertEqual(run.invoice_count, 5)

    def test_a_run_whose_server_died_is_closed_by_the_next_day_s(self):
        for _index in range(3):
            self._create_active("2026-03-01")
        with self.at("2026-03-01 02:00:00"):
            died = self.runs._create_scheduled(
                self.company, self.company._service_today()
            )
        self._cron("2026-03-02 02:00:00")
        run = self._get_runs() - died
        self.assertEqual(died.state, "interrupted")
        self.assertEqual(run.state, "done")
        self.assertEqual((died.invoice_count, run.invoice_count), (0, 3))

    def test_a_run_whose_server_died_goes_on_the_same_day(self):
        broken = self._create_active("2026-02-28")
        for _index in range(3):
            self._create_active("2026-03-01")
        self._break(broken)
        with self.at("2026-03-01 02:00:00"):
            run = self.runs._create_scheduled(
                self.company, self.company._service_today()
            )
            run._bill_batch(self.env["service.agreement"].search([], order="id desc"))
        self._cron("2026-03-01 03:00:00")
        self.assertEqual(self._get_runs(), run)
        self.assertEqual((run.state, run.invoice_count), ("done", 3))
        self.assertEqual(len(run.failure_ids), 1, "tried once in a run")

    # The scheduled action

    def test_the_scheduled_action_makes_a_run_where_something_is_due(self):
        self._create_active("2026-03-01")
        self._cron("2026-02-28 02:00:00")
        self.assertFalse(self._get_runs())
        self._cron("2026-03-01 02:00:00")
        run = self._get_runs()
        self.assertEqual((run.origin, run.state), ("schedule", "done"))
        self.assertFalse(run.user_id)
        self.assertEqual(str(run.date_until), "2026-03-01")
        self._cron("2026-03-02 02:00:00")
        self.assertEqual(self._get_runs(), run, "no run where nothing is due")

    def test_two_companies_two_runs_each_by_its_own_date(self):
        data = self.setup_other_company()
        other = data["company"]
        other.partner_id.tz = "Pacific/Tongatapu"
        self._create_active("2026-03-02")
        there = self.env["service.agreement"].with_company(other)
        agreement = there.create(
            {
                "company_id": other.id,
                "partner_id": self.customer.id,
                "tier_id": self.tier.id,
                "plan_id": self.plan_monthly.id,
                "date_start": "2026-03-02",
            }
        )
        agreement.line_ids.tax_ids = False
        self.product.with_company(other).property_account_income_id = data[
            "default_account_revenue"
        ]
        agreement.action_activate()
        self._cron("2026-03-01 12:00:00")
        run = self._get_runs(other)
        self.assertEqual(run.invoice_ids.company_id, other)
        self.assertEqual(str(run.date_until), "2026-03-02")
        self.assertEqual(run.currency_id, other.currency_id)
        self.assertFalse(self._get_runs(), "here it is still the day before")

    def test_a_restricted_run_does_not_wake_the_rest(self):
        chosen = self.env["service.agreement"]
        for _index in range(3):
            chosen |= self._create_active("2026-03-01")
        rest = self._create_active("2026-03-01")
        run = self._start(agreement_ids=[(6, 0, chosen.ids)])
        self._go_on()
        self.assertEqual(run.invoice_ids.agreement_ids, chosen)
        self.assertFalse(rest.period_ids)

    def test_nothing_due_costs_next_to_nothing(self):
        for _index in range(20):
            self._create_active("2026-03-01")
        with self.at("2026-02-01 02:00:00"):
            self.env.flush_all()
            self.env.invalidate_all()
            with self.assertQueryCount(2):
                self.env["service.agreement"].sudo()._cron_bill()

    def test_a_batch_of_twice_the_size_needs_no_more_queries_to_be_checked(self):
        agreements = self.env["service.agreement"]
        for _index in range(20):
            agreements |= self._create_active("2026-03-01")
        today = self.company._service_today()

        def check(some):
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            some._get_obstacles(today)
            return self.env.cr.sql_log_count - before

        check(agreements)
        self.assertEqual(check(agreements[:10]), check(agreements))

    # Failures

    def test_who_is_set_aside_stays_on_the_run_s_page(self):
        good = self._create_active("2026-03-01")
        broken = self._create_active("2026-03-01")
        patcher = self._break(broken)
        self._cron("2026-03-01 02:00:00")
        run = self._get_runs()
        self.assertEqual(run.invoice_ids.agreement_ids, good)
        failure = run.failure_ids
        self.assertEqual(failure.agreement_id, broken)
        self.assertEqual(failure.partner_id, self.customer)
        self.assertIn("no longer orders", failure.reason)
        self.assertEqual((run.failure_count, run.unresolved_count), (1, 1))
        patcher.stop()
        with self.at("2026-03-01 09:00:00"):
            action = run.action_try_again()
        again = self.runs.browse(action["res_id"])
        self.assertEqual(again.invoice_ids.agreement_ids, broken)
        self.assertEqual(str(failure.date_resolved), "2026-03-01 09:00:00")
        self.assertEqual((run.failure_count, run.unresolved_count), (1, 0))
        self.assertFalse(broken.billing_issue)
        with self.assertRaisesRegex(UserError, "billed since"):
            run.action_try_again()

    def test_set_aside_every_night_and_once_a_day(self):
        broken = self._create_active("2026-03-01")
        self._break(broken)
        self._cron("2026-03-01 02:00:00")
        self._cron("2026-03-01 03:00:00")
        self.assertEqual(len(self._get_runs()), 1)
        self._cron("2026-03-02 02:00:00")
        self.assertEqual(len(self._get_runs()), 2)
        self.assertEqual(len(broken.activity_ids), 1)

    def test_only_our_own_to_do_is_closed(self):
        broken = self._create_active("2026-03-01")
        patcher = self._break(broken)
        self._cron("2026-03-01 02:00:00")
        for values in ({"automated": False}, {"automated": True}):
            broken.activity_schedule(
                "mail.mail_activity_data_todo", summary="Call them", **values
            )
        patcher.stop()
        with self.at("2026-03-01 09:00:00"):
            broken.action_bill_again()
        self.assertEqual(set(broken.activity_ids.mapped("summary")), {"Call them"})
        self.assertEqual(len(broken.activity_ids), 2)

    def test_a_foreign_currency_is_converted_at_the_date(self):
        euro = self.setup_other_currency("EUR", rates=[("2026-01-01", 2.0)])
        agreement = self._create_agreement("2026-03-01", currency_id=euro.id)
        agreement.line_ids.price_unit = 100.0
        agreement.action_activate()
        with self.at("2026-03-01 12:00:00"):
            run = self._preview()
            self.assertEqual(run.preview_ids.amount, 100.0)
            self.assertEqual(run.preview_amount, 50.0)
            run.action_start()
        self.assertEqual(run.invoice_ids.amount_untaxed, 100.0)
        self.assertEqual(run.amount, 50.0)


@tagged("post_install", "-at_install")
class TestBillingRunAccess(PortalUsersMixin, BillingRunCommon):
    """Who may see runs, and who may start one."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()

        def user(login, group):
            return new_test_user(
                cls.env,
                login=login,
                groups=f"base.group_user,{group}",
                company_id=cls.company.id,
                company_ids=[(6, 0, cls.company.ids)],
            )

        cls.auditor = user("auditor", "account.group_account_readonly")
        cls.salesman = user("salesman", "service_agreement.group_user")
        cls.manager = user("manager", "service_agreement.group_manager")
        cls.carla = cls._create_portal_user("carla", cls.customer)

    def _run_as(self, user, **values):
        runs = self.runs.with_user(user).with_company(self.company)
        return runs.create({"date_until": "2026-03-01", **values})

    def test_an_accountant_previews_bills_stops_and_tries_again(self):
        agreement = self._create_active("2026-03-01")
        with self.at("2026-03-01 12:00:00"):
            run = self._run_as(self.accountant)
            run.action_preview()
            self.assertEqual(run.preview_invoice_count, 1)
            patcher = self._break(agreement)
            run.action_start()
            self.assertEqual(run.failure_ids.agreement_id, agreement)
            patcher.stop()
            action = run.action_try_again()
        again = run.browse(action["res_id"])
        self.assertEqual(again.invoice_ids.agreement_ids, agreement)
        self.assertEqual(again.user_id, self.accountant)

    def test_an_accountant_does_not_write_what_happened(self):
        run = self._run_as(self.accountant)
        for values in ({"state": "done"}, {"amount": 1.0}, {"name": "RUN1"}):
            with self.assertRaisesRegex(AccessError, "by hand"):
                run.write(values)
        run.unlink()

    def test_an_auditor_reads(self):
        self._create_active("2026-03-01")
        run = self._start().with_user(self.auditor)
        self.assertEqual(run.invoice_count, 1)
        with self.assertRaises(AccessError):
            run.action_stop()
        with self.assertRaises(AccessError):
            self._run_as(self.auditor)

    def test_service_people_and_customers_do_not(self):
        self._create_active("2026-03-01")
        run = self._start()
        for user in (self.salesman, self.manager, self.carla):
            with self.assertRaises(AccessError):
                run.with_user(user).read(["amount"])
            with self.assertRaises(AccessError):
                self._run_as(user)
            with self.assertRaises(AccessError):
                self.runs.with_user(user).action_preview_due()

    def test_no_one_sees_another_company_s_runs(self):
        other = self.setup_other_company()["company"]
        run = self.runs.create({"company_id": other.id})
        accountant = self.runs.with_user(self.accountant)
        self.assertNotIn(run, accountant.search([]))
