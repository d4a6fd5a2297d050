from psycopg2.errors import UniqueViolation

from odoo.exceptions import UserError
from odoo.tests import tagged
from odoo.tools import mute_logger

from .common import ServiceAgreementCommon


@tagged("post_install", "-at_install")
class TestBilling(ServiceAgreementCommon):
    """SEMANTICS §1 through the billing run."""

    def test_first_period_is_billed_on_the_start(self):
        agreement = self._create_active("2026-03-10")
        self.assertFalse(self._bill("2026-03-09"), "nothing is due before the start")
        move = self._bill("2026-03-10")
        self.assertEqual(move.state, "posted")
        self.assertEqual(move.partner_id, self.customer)
        self.assertEqual(str(move.invoice_date), "2026-03-10")
        self.assertEqual(move.invoice_origin, agreement.name)
        self.assertEqual(move.amount_untaxed, 149.0)
        self.assertEqual(move.invoice_line_ids.tax_ids, self.tax_sale_a)
        self.assertEqual(move.agreement_ids, agreement)
        Move = self.env["account.move"]
        self.assertIn(move, Move.search([("agreement_ids", "!=", False)]))
        self.assertNotIn(move, Move.search([("agreement_ids", "=", False)]))
        self.assertIn(move, Move.search([("agreement_ids", "in", agreement.ids)]))
        self.assertEqual(
            self._get_periods(agreement), [("2026-03-10", "2026-04-09", 149.0)]
        )
        self.assertEqual(str(agreement.next_invoice_date), "2026-04-10")

    def test_month_end_does_not_drift(self):
        """PER-01, PER-04"""
        agreement = self._create_active("2026-01-31")
        self._bill("2026-06-30")
        self.assertEqual(
            [(start, last) for start, last, _amount in self._get_periods(agreement)],
            [
                ("2026-01-31", "2026-02-27"),
                ("2026-02-28", "2026-03-30"),
                ("2026-03-31", "2026-04-29"),
                ("2026-04-30", "2026-05-30"),
                ("2026-05-31", "2026-06-29"),
                ("2026-06-30", "2026-07-30"),
            ],
        )

    def test_fixed_day_opens_with_a_stub(self):
        """PER-06"""
        agreement = self._create_active("2026-01-17", self.plan_first)
        moves = self._bill("2026-02-01")
        self.assertEqual(
            self._get_periods(agreement),
            [("2026-01-17", "2026-01-31", 72.10), ("2026-02-01", "2026-02-28", 149.0)],
        )
        self.assertEqual(moves.sorted("id").mapped("amount_untaxed"), [72.10, 149.0])

    def test_three_missed_months_are_three_invoices(self):
        agreement = self._create_active("2026-01-10")
        moves = self._bill("2026-03-31")
        self.assertEqual(len(moves), 3)
        self.assertEqual(set(moves.mapped("amount_untaxed")), {149.0})
        self.assertEqual(
            sorted(map(str, moves.mapped("invoice_date"))),
            ["2026-03-10", "2026-03-31", "2026-03-31"],
            "past months are invoiced on the day of the run",
        )
        self.assertEqual(len(agreement.period_ids), 3)

    def test_a_second_run_makes_nothing(self):
        """PER-09"""
        self._create_active("2026-03-01")
        self.assertEqual(len(self._bill("2026-03-01")), 1)
        self.assertFalse(self._bill("2026-03-01"))
        self.assertFalse(self._bill("2026-03-31"))

    def test_the_database_refuses_a_second_invoice_of_a_period(self):
        agreement = self._create_active("2026-03-01")
        self._bill("2026-03-01")
        period = agreement.period_ids
        with mute_logger("odoo.sql_db"), self.assertRaises(UniqueViolation):
            self.env.cr.execute(
                """
                INSERT INTO service_agreement_period
                       (line_id, kind, date_start, date_end, whole_start, whole_end)
                SELECT line_id, kind, date_start, date_end, whole_start, whole_end
                  FROM service_agreement_period
                 WHERE id = %s
                """,
                [period.id],
            )

    def test_bill_now_bills_the_next_period_once(self):
        """PER-10"""
        with self.at("2026-03-15 12:00:00"):
            agreement = self._create_active("2026-03-01")
            self._bill("2026-03-15")
            agreement.action_bill_now()
            self.assertEqual(str(agreement.next_invoice_date), "2026-05-01")
            newest = agreement._get_invoices()[:1]
            self.assertEqual(str(newest.invoice_date), "2026-03-15")
            with self.assertRaisesRegex(UserError, "already billed one period ahead"):
                agreement.action_bill_now()
        self.assertEqual(len(agreement.period_ids), 2)

    def test_a_deleted_draft_reopens_its_period(self):
        agreement = self._create_active("2026-01-01")
        moves = self._bill("2026-03-01").sorted("id")
        february = moves[1]
        february.button_draft()
        february.with_context(force_delete=True).unlink()
        self.assertEqual(str(agreement.next_invoice_date), "2026-02-01")
        again = self._bill("2026-03-01")
        self.assertEqual(len(again), 1, "February again, and March not twice")
        self.assertEqual(
            [start for start, _last, _amount in self._get_periods(agreement)],
            ["2026-01-01", "2026-02-01", "2026-03-01"],
        )
        self.assertEqual(str(agreement.next_invoice_date), "2026-04-01")

    def test_crediting_a_posted_invoice_reopens_nothing(self):
        agreement = self._create_active("2026-03-01")
        move = self._bill("2026-03-01")
        move._reverse_moves([{"date": "2026-03-02"}], cancel=True)
        self.assertFalse(self._bill("2026-03-31"))
        self.assertEqual(len(agreement.period_ids), 1)

    def test_today_is_the_company_s_date(self):
        """PER-13"""
        self.company.partner_id.tz = "Pacific/Tongatapu"
        with self.at("2026-03-01 11:30:00"):
            self.assertEqual(str(self.company._service_today()), "2026-03-02")
            self.company.partner_id.tz = "America/New_York"
            self.assertEqual(str(self.company._service_today()), "2026-03-01")

    def test_quarters_and_years(self):
        quarterly = self._create_active("2026-01-15", self.plan_quarterly)
        yearly = self._create_active("2026-01-15", self.plan_yearly)
        self._bill("2026-12-31")
        self.assertEqual(
            [start for start, _last, _amount in self._get_periods(quarterly)],
            ["2026-01-15", "2026-04-15", "2026-07-15", "2026-10-15"],
        )
        self.assertEqual(
            self._get_periods(yearly), [("2026-01-15", "2027-01-14", 1609.20)]
        )

    def test_a_one_off_charge_is_billed_once_and_whole(self):
        """PRO-16"""
        agreement = self._create_agreement("2026-01-17", self.plan_first)
        agreement.line_ids = [
            (
                0,
                0,
                {
                    "product_id": self.product.id,
                    "name": "Entry inspection",
                    "charge": "one_off",
                    "price_unit": 250.0,
                },
            )
        ]
        agreement.action_activate()
        moves = self._bill("2026-03-01")
        first = moves.sorted("id")[0]
        self.assertEqual(first.amount_untaxed, 72.10 + 250.0)
        self.assertEqual(sum(moves.mapped("amount_untaxed")), 72.10 + 250 + 149 * 2)
        self.assertEqual(agreement.mrr, 149.0)

    def test_the_last_period_is_cut_at_the_last_day(self):
        agreement = self._create_active("2026-03-01", date_end="2026-04-15")
        self._bill("2026-12-31")
        self.assertEqual(
            self._get_periods(agreement),
            [("2026-03-01", "2026-03-31", 149.0), ("2026-04-01", "2026-04-15", 74.5)],
        )
        self.assertFalse(agreement.next_invoice_date)

    def test_discount_first_then_the_share(self):
        agreement = self._create_agreement("2026-01-17", self.plan_first)
        agreement.line_ids.write({"quantity": 3, "discount": 10})
        agreement.action_activate()
        stub = self._bill("2026-01-17")
        # 3 × 149.00 − 10 % = 402.30; × 15/31 = 194.66
        self.assertEqual(stub.amount_untaxed, 194.66)

    def test_the_period_is_written_in_the_customer_s_language(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        self.customer.lang = "fr_FR"
        self._create_active("2026-03-10")
        name = self._bill("2026-03-10").invoice_line_ids.name
        self.assertIn("10 mars 2026", name)
        self.assertIn("9 avr. 2026", name, "the inclusive last day")

    def test_a_broken_customer_is_set_aside_and_the_others_billed(self):
        good = self._create_active("2026-03-01")
        broken = self._create_active("2026-03-01")
        other = self._create_active("2026-03-01")
        moves, failed = self._bill_with_failing(broken)
        self.assertEqual(failed, broken)
        self.assertEqual(moves.agreement_ids, good | other)
        self.assertIn("no longer orders", broken.billing_issue)
        self.assertEqual(len(broken.activity_ids), 1)
        self._bill_with_failing(broken)
        self.assertEqual(len(broken.activity_ids), 1, "one to-do, not one a day")
        self.assertEqual(self._bill("2026-03-01").agreement_ids, broken)
        self.assertFalse(broken.billing_issue)
        self.assertFalse(broken.activity_ids)

    def _bill_with_failing(self, broken):
        """Odoo refuses the invoice of ``broken``, as for a blocked customer."""
        Agreement = type(self.env["service.agreement"])
        original = Agreement._after_invoices_created

        def refuse(agreements, moves):
            if broken in moves.agreement_ids:
                raise UserError(agreements.env._("This customer no longer orders."))
            return original(agreements, moves)

        self.patch(Agreement, "_after_invoices_created", refuse)
        result = self._run_billing("2026-03-01")
        self.patch(Agreement, "_after_invoices_created", original)
        return result

    def test_suspended_days_are_never_billed(self):
        """LIF-08, and lesson 20: no billing afterwards for the pause."""
        with self.at("2026-03-10 12:00:00"):
            agreement = self._create_active("2026-01-01", self.plan_first)
            self._bill("2026-03-10")
            agreement.action_suspend()
        self.assertFalse(self._bill("2026-05-31"))
        self.assertEqual(agreement.mrr, 0.0)
        with self.at("2026-05-21 12:00:00"):
            agreement.action_resume()
            self._bill("2026-05-21")
        self.assertEqual(
            [row for row in self._get_periods(agreement)[3:] if row[2]],
            [("2026-05-21", "2026-05-31", 52.87)],
            "11 of 31 days; April and most of May are not charged",
        )
        self.assertEqual(str(agreement.next_invoice_date), "2026-06-01")

    def test_the_scheduled_action_bills_every_company(self):
        self._create_active("2026-03-01")
        with self.at("2026-03-01 12:00:00"):
            self._run_cron("service_agreement.ir_cron_billing")
        self.assertEqual(len(self.customer.service_agreement_ids.period_ids), 1)

    def test_query_count_does_not_grow_faster_than_the_invoices(self):
        def bill(count):
            for _index in range(count):
                self._create_active("2026-03-01")
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            self._bill("2026-03-01")
            return self.env.cr.sql_log_count - before

        bill(2)
        at_ten, at_twenty = bill(10), bill(20)
        self.assertLessEqual(at_twenty - at_ten, 10 * 12, "queries per invoice")
