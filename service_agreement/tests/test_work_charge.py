from itertools import islice

from psycopg2.errors import RestrictViolation, UniqueViolation

from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.models import LOG_ACCESS_COLUMNS
from odoo.tests import tagged
from odoo.tools import mute_logger

from ..models.service_agreement_change import PendingChange
from ..tools.charges import schedule
from .common import ServiceDeskCommon
from .work_cases import WorkCommon

# Of two charges these differ, whatever they are for.
OF_EACH = {"id", "work_key", *LOG_ACCESS_COLUMNS}


@tagged("post_install", "-at_install")
class TestWorkCharge(WorkCommon):
    """Work that is not covered, on the next invoice of the agreement."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company.agreement_invoice_mode = "draft"
        cls._run_billing("2026-03-01")

    def setUp(self):
        super().setUp()
        self.enterContext(self.at("2026-03-06 12:00:00"))

    def _preview_next(self, agreement=None, count=12):
        agreement = agreement or self.agreement
        invoices = agreement._get_next_invoices(count)
        return [
            (d["due"], d["untaxed"], d["total"])
            for d in agreement._describe_invoices(invoices)
        ]

    def _charges(self, **values):
        domain = [(name, "=", value) for name, value in values.items()]
        return self.env["service.agreement.line"].search(
            [("work_line_id", "!=", False), *domain]
        )

    # On the next invoice

    def test_an_hour_and_a_half_of_three_and_a_half(self):
        work = self._create_work("2026-03-03", 3.5)
        self._decide(work, 2.0, outcome="covered", answer="covered")
        draw = self._decide(work, 1.5)
        [invoice] = self._bill("2026-04-01")
        line = self._work_lines(invoice)
        self.assertEqual(
            line.name,
            "Mar 3, 2026 · Programming · 1.5 h: New scenes for the terrace",
        )
        self.assertEqual((line.quantity, line.price_unit), (1.5, 120.0))
        self.assertEqual(line.tax_ids, self.tax_sale_a)
        self.assertEqual(invoice.amount_untaxed, 149.0 + 180.0)
        self.assertEqual(draw.move_line_id, line)
        self.assertTrue(draw.is_invoiced)

    def test_it_is_in_the_customers_language(self):
        self.env["res.lang"]._activate_lang("nl_NL")
        self.customer.lang = "nl_NL"
        draw = self._log("2026-03-03", 1.5)
        self.assertIn("3 mrt 2026", draw.agreement_line_id.name)
        self.assertIn("1,5", draw.agreement_line_id.name)

    def test_what_is_inserted_is_what_would_be_created(self):
        """Past ``create``, with nothing left out; and remembered as it is on record."""
        draw = self._log("2026-03-03", 1.5)
        inserted = draw.agreement_line_id
        cached = inserted.read()[0]
        self.env.flush_all()
        self.env.invalidate_all()
        self.assertEqual(inserted.read()[0], cached)
        created = inserted.sudo().create(draw._prepare_work_charge("as created"))
        for name, field in created._fields.items():
            if field.store and field.type != "one2many" and name not in OF_EACH:
                self.assertEqual(inserted[name], created[name], name)

    def test_trips_and_after_hours_are_lines_of_their_own(self):
        work = self._create_work("2026-03-03", 2.0)
        self._decide(work, 1.0)
        self._decide(work, 1.0, 180.0, outcome="after_hours", is_after_hours=True)
        self._decide(work, 1.0, 60.0, unit="trip")
        [invoice] = self._bill("2026-04-01")
        lines = self._work_lines(invoice)
        self.assertEqual(sorted(lines.mapped("price_unit")), [60.0, 120.0, 180.0])
        self.assertIn("1 h after hours", " ".join(lines.mapped("name")))
        trip = lines.filtered(lambda line: line.product_id == self.trip)
        self.assertIn("1 trip", trip.name)

    def test_five_minutes_cost_what_was_decided(self):
        self._log("2026-03-03", 0.0833)
        [invoice] = self._bill("2026-04-01")
        self.assertEqual(self._work_lines(invoice).price_subtotal, 10.0)

    def test_the_preview_is_what_the_runs_make(self):
        self._log("2026-03-03", 1.5)
        self._log("2026-04-20", 0.7, 133.33)
        self._log("2026-04-20", 1.0, 0.01)
        expected = self._preview_next(count=3)
        invoices = self._bill("2026-06-01")
        self.assertEqual(
            [(m.amount_untaxed, m.amount_total) for m in invoices.sorted("id")],
            [row[1:] for row in expected],
        )
        self.assertEqual(expected[0][1], 149.0 + 180.0)

    def test_the_run_previews_it(self):
        self._log("2026-03-03", 1.5)
        preview = self._preview("2026-04-01")
        self.assertEqual(preview.preview_ids.amount, 329.0)

    def test_it_is_no_recurring_revenue_and_no_charge_that_was_agreed(self):
        before = self.agreement.mrr, self.agreement.amount_untaxed
        lines = self.agreement.line_ids
        self._log("2026-03-03", 1.5)
        self.env.invalidate_all()
        self.assertEqual((self.agreement.mrr, self.agreement.amount_untaxed), before)
        self.assertEqual(self.agreement.line_ids, lines)
        self.assertEqual(self.agreement.work_to_bill, 180.0)

    def test_two_invoices(self):
        self._log("2026-03-03", 1.0)
        self._log("2026-04-03", 2.0)
        march, april = self._bill("2026-05-01").sorted("amount_untaxed")
        self.assertEqual(march.amount_untaxed, 149.0 + 120.0)
        self.assertEqual(april.amount_untaxed, 149.0 + 240.0)

    def test_entered_late_it_goes_on_the_next_one(self):
        self._bill("2026-04-01")
        self._log("2026-03-03", 1.0)
        [invoice] = self._bill("2026-05-01")
        self.assertEqual(invoice.amount_untaxed, 149.0 + 120.0)

    def test_in_the_order_of_its_days(self):
        self._log("2026-03-05", 1.0)
        self._log("2026-03-03", 1.0)
        [invoice] = self._bill("2026-04-01")
        names = invoice.invoice_line_ids.mapped("name")
        self.assertIn("Mar 3", names[1])
        self.assertIn("Mar 5", names[2])

    # Never twice

    def test_repeated_runs_bill_it_once(self):
        self._log("2026-03-03", 1.5)
        moves = self._bill("2026-04-01") | self._bill("2026-04-01")
        self.assertEqual(len(self._work_lines(moves)), 1)

    def test_decided_again_it_is_the_same_charge(self):
        draw = self._log("2026-03-03", 1.5)
        charge = draw.agreement_line_id
        for _again in range(2):
            draw.line_id._sync_work_charges()
        self.assertEqual(self._charges(), charge)

    @mute_logger("odoo.sql_db")
    def test_the_database_refuses_a_second_charge(self):
        charge = self._log("2026-03-03", 1.5).agreement_line_id
        with self.assertRaises(UniqueViolation), self.env.cr.savepoint():
            charge.sudo().copy(
                {
                    "work_line_id": charge.work_line_id.id,
                    "work_key": charge.work_key,
                    "date_start": charge.date_start,
                }
            )

    # Changes before and after

    def test_it_follows_the_work_until_it_is_billed(self):
        draw = self._log("2026-03-03", 1.5)
        charge = draw.agreement_line_id
        draw.sudo().write({"quantity": 2.0, "amount": 240.0})
        draw._after_decided()
        self.assertEqual((charge.quantity, charge.price_subtotal), (2.0, 240.0))
        draw.line_id.name = "New lights"
        self.assertIn("New lights", charge.name)
        [invoice] = self._bill("2026-04-01")
        self.assertEqual(invoice.amount_untaxed, 149.0 + 240.0)

    def test_decided_anew_by_another_part_it_is_another_charge(self):
        draw = self._log("2026-03-03", 1.5)
        work = draw.line_id
        draw.sudo().unlink()
        self._decide(work, 1.0, 90.0)
        self.assertEqual(self._charges().mapped("price_subtotal"), [90.0])

    def test_given_away_it_is_not_billed(self):
        draw = self._log("2026-03-03", 1.5)
        draw.sudo().answer = "goodwill"
        draw._after_answered()
        self.assertFalse(self._charges())
        self.assertEqual(self._bill("2026-04-01").amount_untaxed, 149.0)
        draw.sudo().answer = "bill"
        draw._after_answered()
        self.assertEqual(self._charges().next_due.isoformat(), "2026-05-01")

    def test_without_a_price_it_waits(self):
        self._log("2026-03-03", 1.5, 0.0)
        self.assertFalse(self._charges())

    def test_deleted_work_is_not_billed(self):
        self._log("2026-03-03", 1.5).line_id.unlink()
        self.assertFalse(self._charges())
        self.assertEqual(self._bill("2026-04-01").amount_untaxed, 149.0)

    def test_billed_work_stays(self):
        draw = self._log("2026-03-03", 1.5)
        self._bill("2026-04-01")
        with self.assertRaisesRegex(UserError, "was invoiced"):
            draw.line_id.unlink()
        draw.line_id.name = "Something else"
        self.assertNotIn("Something else", draw.move_line_id.name)

    @mute_logger("odoo.sql_db")
    def test_the_database_keeps_billed_work(self):
        draw = self._log("2026-03-03", 1.5)
        self._bill("2026-04-01")
        with self.assertRaises(RestrictViolation), self.env.cr.savepoint():
            self.env.cr.execute(
                "DELETE FROM account_analytic_line WHERE id = %s", [draw.line_id.id]
            )

    def test_the_rest_of_the_work_is_billed_later(self):
        work = self._create_work("2026-03-03", 3.0)
        self._decide(work, 1.0)
        rest = self._decide(work, 2.0, answer=False)
        self._bill("2026-04-01")
        rest.sudo().answer = "bill"
        rest._after_answered()
        [invoice] = self._bill("2026-05-01")
        self.assertEqual(invoice.amount_untaxed, 149.0 + 240.0)

    # Invoices that are deleted or credited

    def test_a_deleted_draft_reopens_it(self):
        draw = self._log("2026-03-03", 1.5)
        self._bill("2026-04-01").unlink()
        self.assertFalse(draw.is_invoiced)
        self.assertFalse(draw.move_line_id)
        [again] = self._bill("2026-04-01")
        self.assertEqual(again.amount_untaxed, 329.0)
        self.assertEqual(draw.move_line_id, self._work_lines(again))

    def test_a_credit_note_by_hand_does_not_bill_it_again(self):
        draw = self._log("2026-03-03", 1.5)
        [invoice] = self._bill("2026-04-01")
        invoice.action_post()
        invoice._reverse_moves(cancel=True)
        self.assertEqual(self._bill("2026-05-01").amount_untaxed, 149.0)
        self.assertTrue(draw.is_invoiced)

    def test_a_credited_charge_is_billed_again_on_request(self):
        draw = self._log("2026-03-03", 1.5)
        [invoice] = self._bill("2026-04-01")
        invoice.action_post()
        invoice._reverse_moves(cancel=True)
        period = draw.agreement_line_id.period_ids
        period.action_bill_again()
        self.assertEqual(self._bill("2026-05-01").amount_untaxed, 149.0 + 180.0)
        self.assertEqual(self._bill("2026-06-01").amount_untaxed, 149.0)

    def test_it_is_not_written_off_but_credited(self):
        draw = self._log("2026-03-03", 1.5)
        self._bill("2026-04-01")
        with self.assertRaisesRegex(UserError, "credit note"):
            draw.agreement_line_id.period_ids._write_off("Goodwill")

    def test_the_amount_is_explained_by_the_work(self):
        draw = self._log("2026-03-03", 1.5)
        self._bill("2026-04-01")
        text = draw.agreement_line_id.period_ids.explanation
        self.assertIn("Work by Tom: Allowance used up", text)
        self.assertNotIn("with the tier", text)

    def test_a_credit_of_a_downgrade_is_taken_off(self):
        """SEMANTICS §1: no invoice goes out negative; work bears the same taxes."""
        self.assertEqual(self.agreement.credit_policy, "carry")
        self._log("2026-03-03", 1.0)
        march = self.agreement.period_ids[:1]
        self.assertEqual(march.date_start.isoformat(), "2026-03-01")
        march.move_id.action_post()
        march._write_off("The system was down")
        expected = self._preview_next(count=2)
        invoices = self._bill("2026-05-01")
        self.assertEqual(
            sorted(invoices.mapped("amount_total")), sorted(e[2] for e in expected)
        )
        self.assertEqual(sum(invoices.mapped("amount_untaxed")), 149.0 + 120.0)

    # Plans, ends, suspensions

    def test_in_arrears_it_is_on_the_invoice_of_its_period(self):
        plan = self.plan_monthly.copy({"timing": "arrears"})
        tier = self._create_tier("Arrears", 100.0, 30)
        tier.price_ids = [Command.create({"plan_id": plan.id})]
        agreement = self._create_active("2026-03-01", plan, tier_id=tier.id)
        self._log("2026-03-31", 1.0, agreement=agreement)
        moves, _failed = self._run_billing("2026-04-01", agreement)
        self.assertEqual(moves.amount_untaxed, 100.0 + 120.0)

    def test_a_yearly_plan_bills_work_after_some_months(self):
        agreement = self._create_active("2026-01-01", self.plan_yearly)
        self._run_billing("2026-01-01", agreement)
        self._log("2026-03-03", 1.0, agreement=agreement)
        self._log("2026-03-20", 1.0, agreement=agreement)
        self.assertEqual(agreement.next_invoice_date.isoformat(), "2026-07-01")
        moves, _failed = self._run_billing("2026-07-01", agreement)
        self.assertEqual(moves.amount_untaxed, 240.0)

    def test_or_every_month(self):
        self.company.service_work_months = 0
        agreement = self._create_active("2026-01-01", self.plan_yearly)
        self._run_billing("2026-01-01", agreement)
        self._log("2026-03-03", 1.0, agreement=agreement)
        self.assertEqual(agreement.next_invoice_date.isoformat(), "2026-04-01")

    def test_of_the_last_days_it_is_on_the_settlement(self):
        agreement = self._create_active("2026-01-10", self.plan_yearly)
        self._run_billing("2026-01-10", agreement)
        self._log("2026-03-03", 1.0, agreement=agreement)
        ending = agreement._plan_end(agreement.company_id._service_today(), "cancelled")
        shown = agreement._describe_invoices(agreement._preview_end(ending))
        agreement._end(agreement.company_id._service_today(), "cancelled")
        moves, _failed = self._run_billing("2026-03-07", agreement)
        total = sum(moves.mapped("amount_untaxed_signed"))
        self.assertEqual(
            self.company.currency_id.round(sum(d["untaxed"] for d in shown)),
            self.company.currency_id.round(total),
        )
        self.assertIn("New scenes", " ".join(moves.invoice_line_ids.mapped("name")))

    def test_entered_after_the_end_it_gets_an_invoice_of_its_own(self):
        agreement = self._create_active("2026-01-10")
        self._run_billing("2026-02-10", agreement)
        agreement._end(agreement.company_id._service_today(), "cancelled")
        self._run_billing("2026-03-07", agreement)
        self._log("2026-03-05", 1.0, agreement=agreement)
        [invoice], _failed = self._run_billing("2026-03-09", agreement)
        self.assertEqual(invoice.amount_untaxed, 120.0)
        self.assertFalse(agreement.next_invoice_date)

    def test_suspended_it_waits_for_the_agreement(self):
        self._log("2026-03-03", 1.0)
        self.agreement._suspend(self.company._service_today())
        self.assertFalse(self._bill("2026-06-01"))
        with self.at("2026-06-10 12:00:00"):
            self.agreement._resume(self.company._service_today())
        moves = self._bill("2026-07-01")
        self.assertEqual(len(self._work_lines(moves)), 1)

    def test_the_preview_of_a_change_has_it_too(self):
        self._log("2026-03-03", 1.0)
        day = self.company._service_today()
        terms = {self.agreement.line_ids: {"price_unit": 199.0}}
        pending = PendingChange(day, terms, [])
        [invoice] = islice(schedule(self.agreement._get_changed_charges(pending)), 1)
        self.assertIn(120, [piece.amount for piece in invoice.pieces])
        self.agreement._change(pending)
        [billed] = self._bill("2026-04-01")
        self.assertEqual(billed.amount_untaxed, round(float(invoice.amount), 2))

    # Several agreements, currencies, taxes

    def test_each_agreement_bills_its_own(self):
        other = self._create_active("2026-03-01")
        self._run_billing("2026-03-01")
        self._log("2026-03-03", 1.0)
        self._log("2026-03-03", 2.0, agreement=other)
        work = self._create_work("2026-03-04", 2.0)
        self._decide(work, 1.0)
        self._decide(work, 1.0, agreement=other)
        moves = self._bill("2026-04-01").sorted("amount_untaxed")
        self.assertEqual(moves.mapped("amount_untaxed"), [389.0, 509.0])

    def test_an_agreement_in_another_currency(self):
        euro = self.setup_other_currency("EUR", rates=[("2026-01-01", 2.0)])
        pricelist = self.env["product.pricelist"].create(
            {"name": "EUR", "currency_id": euro.id}
        )
        agreement = self._create_active("2026-03-01", pricelist_id=pricelist.id)
        self._run_billing("2026-03-01", agreement)
        self._log("2026-03-03", 1.5, agreement=agreement)
        [invoice], _failed = self._run_billing("2026-04-01", agreement)
        line = self._work_lines(invoice)
        self.assertEqual((line.price_unit, line.price_subtotal), (240.0, 360.0))

    def test_taxes_that_prices_include_come_on_top_of_a_rate(self):
        self.hours.taxes_id = self.env["account.tax"].create(
            {
                "name": "21 % included",
                "amount": 21.0,
                "price_include_override": "tax_included",
            }
        )
        self._log("2026-03-03", 1.5)
        [invoice] = self._bill("2026-04-01")
        line = self._work_lines(invoice)
        self.assertEqual((line.price_subtotal, line.price_total), (180.0, 217.8))

    def test_the_fiscal_position_of_the_agreement_holds(self):
        position = self.env["account.fiscal.position"].create({"name": "Abroad"})
        self.tax_sale_b.write(
            {
                "fiscal_position_ids": [Command.set(position.ids)],
                "original_tax_ids": [Command.set(self.tax_sale_a.ids)],
            }
        )
        agreement = self._create_active("2026-03-01", fiscal_position_id=position.id)
        draw = self._log("2026-03-03", 1.5, agreement=agreement)
        self.assertEqual(draw.agreement_line_id.tax_ids, self.tax_sale_b)

    def test_without_a_product_of_its_own_the_tiers_is_taken(self):
        self.company.service_hours_product_id = False
        self.env.ref("service_agreement.product_service_hours").unlink()
        draw = self._log("2026-03-03", 1.5)
        self.assertEqual(draw.agreement_line_id.product_id, self.product)

    def test_an_archived_product_sets_the_agreement_aside(self):
        self._log("2026-03-03", 1.5)
        self.hours.active = False
        moves, failed = self._run_billing("2026-04-01")
        self.assertFalse(moves)
        self.assertEqual(failed, self.agreement)
        self.assertIn("archived", self.agreement.billing_issue)

    # What is free

    def test_free_work_is_not_shown_unless_asked_for(self):
        self._log("2026-03-03", 1.5, answer="goodwill")
        self.assertFalse(self._charges())

    def test_free_work_at_full_price_and_100_percent_off(self):
        self.company.service_show_free_work = True
        self._log("2026-03-03", 1.5, answer="goodwill")
        self._log("2026-03-04", 1.0, answer="warranty")
        expected = self._preview_next(count=1)
        [invoice] = self._bill("2026-04-01")
        courtesy, warranty = self._work_lines(invoice)
        self.assertIn("1.5 h (courtesy)", courtesy.name)
        self.assertIn("1 h (warranty)", warranty.name)
        self.assertEqual(
            (courtesy.price_unit, courtesy.discount, courtesy.price_subtotal),
            (150.0, 100.0, 0.0),
        )
        self.assertEqual(invoice.amount_untaxed, 149.0)
        self.assertEqual(expected[0][1:], (149.0, invoice.amount_total))

    def test_a_customer_can_be_shown_it_or_not(self):
        self.company.service_show_free_work = True
        self.customer.service_free_work = "hide"
        draw = self._log("2026-03-03", 1.5, answer="given")
        self.assertFalse(draw.agreement_line_id)
        self.company.service_show_free_work = False
        self.customer.service_free_work = "show"
        draw._after_decided()
        self.assertTrue(draw.agreement_line_id)

    def test_free_work_makes_no_invoice(self):
        self.company.service_show_free_work = True
        agreement = self._create_active("2026-01-10", date_end="2026-03-09")
        self._run_billing("2026-03-09", agreement)
        self._log("2026-03-05", 1.0, agreement=agreement, answer="given")
        self.assertFalse(agreement.next_invoice_date)

    def test_free_work_beside_a_credit(self):
        """No invoice is negative, and lines of nothing change no cent."""
        self.company.service_show_free_work = True
        self._log("2026-03-03", 1.3333, answer="given")
        march = self.agreement.period_ids[:1]
        march.move_id.action_post()
        march._write_off("The system was down")
        moves = self._bill("2026-04-01")
        self.assertEqual(sum(moves.mapped("amount_total_signed")), 0.0)
        self.assertEqual(len(self._work_lines(moves)), 1)

    # Who may what, and how much it costs

    def test_a_technicians_work_makes_the_charge(self):
        self.agent.group_ids += self.env.ref("hr_timesheet.group_hr_timesheet_user")
        self.employee.user_id = self.agent
        draw = self._log("2026-03-03", 1.5)
        draw.line_id.with_user(self.agent).name = "New lights"
        self.assertIn("New lights", draw.agreement_line_id.name)
        with self.assertRaises(AccessError):
            draw.agreement_line_id.with_user(self.agent).read(["name"])

    def test_nobody_makes_charges_for_work_by_hand(self):
        work = self._create_work("2026-03-03", 1.0)
        user = self.env.user
        with self.assertRaisesRegex(AccessError, "cannot be set by hand"):
            self.env["service.agreement.line"].with_user(user).create(
                {"agreement_id": self.agreement.id, "work_line_id": work.id}
            )

    def _count_sync(self, number):
        lines = self.env["account.analytic.line"]
        for _each in range(number):
            lines |= self._log("2026-03-03", 1.0).line_id
        lines._get_work_charges().unlink()
        self.env.flush_all()
        self.env.invalidate_all()
        before = self.env.cr.sql_log_count
        lines._sync_work_charges()
        self.env.flush_all()
        return self.env.cr.sql_log_count - before

    def test_queries_do_not_grow_with_the_work(self):
        self._count_sync(2)
        self.assertLessEqual(self._count_sync(20) - self._count_sync(10), 10)


@tagged("post_install", "-at_install")
class TestWorkDecidedAndBilled(ServiceDeskCommon):
    """From the timesheet to the invoice: 2 hours a month included, then 120.00."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company.service_hours_product_id = cls.product
        cls.employee = cls.env["hr.employee"].sudo().create({"name": "Tom"})
        tier = cls._create_tier("Hours", 200.0, 40)
        tier.write(
            {
                "allowance_ids": [Command.create({"name": "Hours", "quantity": 2.0})],
                "rate_ids": [Command.create({"price": 120.0})],
            }
        )
        cls.client = cls._create_customer("Harbour Club")
        cls.hours = cls._create_active(
            "2026-03-01", partner_id=cls.client.id, tier_id=tier.id
        )
        cls._run_billing("2026-03-01")
        cls.ticket = cls.env["project.task"].create(
            cls._prepare_ticket_values() | {"partner_id": cls.client.id}
        )

    def setUp(self):
        super().setUp()
        self.enterContext(self.at("2026-03-06 12:00:00"))

    def _log(self, day, hours):
        return (
            self.env["account.analytic.line"]
            .sudo()
            .create(
                {
                    "name": "New scenes",
                    "project_id": self.desk.id,
                    "task_id": self.ticket.id,
                    "employee_id": self.employee.id,
                    "date": day,
                    "unit_amount": hours,
                }
            )
        )

    def _bill_client(self, today):
        moves, _failed = self._run_billing(today, self.hours)
        return moves

    def _get_work(self, moves):
        lines = moves.invoice_line_ids.filtered("service_draw_ids")
        return [(line.quantity, line.price_subtotal) for line in lines]

    def test_three_and_a_half_hours_on_two_left(self):
        self._log("2026-03-03", 3.5)
        [invoice] = self._bill_client("2026-04-01")
        self.assertEqual(self._get_work(invoice), [(1.5, 180.0)])
        self.assertIn("Mar 3, 2026 · 1.5 h: New scenes", invoice.line_ids[1].name)
        self.assertEqual(invoice.amount_untaxed, 200.0 + 180.0)

    def test_changed_before_it_is_billed(self):
        work = self._log("2026-03-03", 3.5)
        work.unit_amount = 4.0
        earlier = self._log("2026-03-02", 1.0)
        self.assertEqual(self._get_open(), [3.0])
        earlier.unlink()
        self.assertEqual(self._get_open(), [2.0])
        work.unit_amount = 1.0
        self.assertEqual(self._get_open(), [])
        work.unlink()
        self.assertFalse(self.hours.work_count)

    def _get_open(self):
        self.env.invalidate_all()
        lines = self.env["service.agreement.line"].search(
            self.hours._get_open_work_domain(), order="date_start"
        )
        return lines.mapped("quantity")

    def test_moved_out_of_the_desk_it_is_no_charge(self):
        work = self._log("2026-03-03", 3.5)
        project = self.env["project.project"].create({"name": "Office"})
        work.write({"project_id": project.id, "task_id": False})
        self.assertEqual(self._get_open(), [])

    def test_changed_after_it_was_billed(self):
        work = self._log("2026-03-03", 3.5)
        invoice = self._bill_client("2026-04-01")
        with self.assertRaisesRegex(UserError, "was invoiced"):
            work.unit_amount = 2.0
        later = self._log("2026-03-02", 1.0)
        self.assertEqual(later.service_draw_ids.mapped("outcome"), ["overage"])
        self.assertEqual(
            self._get_work(self._bill_client("2026-05-01")), [(1.0, 120.0)]
        )
        self.assertEqual(self._get_work(invoice), [(1.5, 180.0)])
