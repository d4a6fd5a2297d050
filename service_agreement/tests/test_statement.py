"""What a customer had of his agreement in a quarter, and that he is told once."""

from datetime import date

from psycopg2 import IntegrityError

from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import new_test_user, tagged
from odoo.tools import mute_logger

from .common import PortalUsersMixin
from .work_cases import WorkCommon

CRON = "service_agreement.ir_cron_statements"


class StatementCommon(PortalUsersMixin, WorkCommon):
    """Hours are 150.00 by the list, 120.00 by the agreement, which is 149.00 a month,
    with two hours included."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.customer.write({"email": "anna@whitfield.example.com", "tz": False})
        cls.agreement.sudo().activated_on = "2026-01-01 08:00:00"
        cls.coordinator = new_test_user(
            cls.env,
            login="cora",
            groups="base.group_user,service_agreement.group_user",
        )

    @classmethod
    def _cover_hours(cls, agreement, hours=2.0):
        """:return: the lot of March"""
        # Sudo: it is in force, and nobody negotiates it any more.
        agreement = agreement.sudo()
        agreement.coverage_ids.unlink()
        coverage = agreement.env["service.agreement.coverage"].create(
            {
                "agreement_id": agreement.id,
                "tier_id": agreement.tier_id.id,
                "allowance_ids": [
                    Command.create(
                        {"name": "Help", "kind": "included", "quantity": hours}
                    )
                ],
            }
        )
        lots = agreement.env["service.agreement.allowance.lot"].create(
            [
                {
                    "agreement_id": agreement.id,
                    "allowance_id": coverage.allowance_ids.id,
                    "kind": "granted",
                    "period_start": f"2026-0{month}-01",
                    "date_start": f"2026-0{month}-01",
                    "date_end": f"2026-0{month}-28",
                    "granted": hours,
                    "balance": hours,
                }
                for month in (1, 2, 3)
            ]
        )
        return lots[-1]

    def _log_covered(self, day, hours, lot=None, **values):
        return self._log(
            day,
            hours,
            outcome="covered",
            answer="covered",
            lot_id=lot and lot.id,
            units=hours,
            **values,
        )

    def _prepare_at(self, instant="2026-04-20 09:00:00", agreement=None):
        with self.at(instant):
            action = (agreement or self.agreement).action_prepare_statement()
        return self.env["service.agreement.statement"].browse(action["res_id"])

    def _run(self, instant):
        with self.at(instant):
            self._run_cron(CRON)
        return self.agreement.statement_ids

    def _bill_quarter(self):
        """:return: the invoice of March"""
        for day in ("2026-01-01", "2026-02-01", "2026-03-01"):
            with self.at(f"{day} 06:00:00"):
                moves = self._bill(day)
        return moves

    def _mails(self):
        return self.env["mail.message"].search(
            [
                ("model", "=", "service.agreement"),
                ("res_id", "=", self.agreement.id),
                ("subject", "ilike", "your service from"),
            ]
        )


@tagged("post_install", "-at_install")
class TestStatementFigures(StatementCommon):
    """Every figure is what the records say."""

    def test_hours_and_what_they_are_worth(self):
        lot = self._cover_hours(self.agreement)
        draws = (
            self._log_covered("2026-03-03", 1.5, lot)
            | self._log_covered("2026-01-05", 1.0)
            | self._log("2026-03-10", 2.0)
            | self._log("2026-03-11", 1.0, answer="goodwill", amount=0)
            | self._log("2026-03-12", 0.5, answer="given", amount=0)
        )
        warranty = self._log("2026-02-12", 3.0, answer="warranty", amount=0)
        still_open = self._log("2026-02-13", 0.5, answer=False)
        self._log("2026-04-01", 8.0)
        self._log("2025-12-31", 8.0)
        told = self._prepare_at()
        every = draws | warranty | still_open
        self.assertEqual(told.hours, sum(every.mapped("quantity")))
        self.assertEqual((told.hours_covered, told.hours_billed), (2.5, 2.0))
        self.assertEqual((told.hours_free, told.hours_warranty), (1.5, 3.0))
        self.assertEqual(told.hours_open, 0.5)
        self.assertEqual(told.amount_covered, 2.5 * 150)
        self.assertEqual(told.amount_free, 1.5 * 150)
        self.assertEqual((told.amount_work_list, told.amount_work), (300, 240))
        self.assertEqual(told.amount_without, sum(draws.mapped("list_amount")))
        self.assertEqual(told.amount_rate_discount, 60)
        self.assertEqual(
            told.details["allowances"],
            [
                {"name": "Help", "unit": "hours", "had": 6.0, "used": 1.5},
                {
                    "name": "Work without a limit",
                    "unit": "hours",
                    "had": None,
                    "used": 1.0,
                },
            ],
        )
        self.assertIn("3 h under warranty", " ".join(told._get_notes()))

    def test_work_on_its_tickets_that_nobody_pays_for(self):
        self.ticket.agreement_id = self.agreement
        self._log_unsold("2026-03-03", 2.0, answer="goodwill")
        self._log_unsold("2026-03-04", 4.0)
        told = self._prepare_at()
        self.assertEqual((told.hours, told.amount_free), (2.0, 300))
        self.assertFalse(told.amount_work)

    def test_money_is_what_posted_invoices_say(self):
        moves = self._bill_quarter()
        told = self._prepare_at()
        lines = self.agreement._get_invoices().invoice_line_ids.filtered("agreement_id")
        self.assertEqual(told.amount_fee, sum(lines.mapped("price_subtotal")))
        self.assertEqual(told.amount_fee, 3 * 149)
        self.assertEqual(told.amount_invoiced, 3 * 149)
        self.assertEqual(
            [row["amount"] for row in told.details["invoices"]], [149, 149, 149]
        )
        # A month is given back by accounting.
        moves._reverse_moves(
            [{"date": date(2026, 3, 20), "invoice_date": date(2026, 3, 20)}]
        ).action_post()
        told.action_prepare()
        self.assertEqual((told.amount_fee, told.amount_invoiced), (298, 298))

    def test_charged_once_and_credited_for_a_missed_promise(self):
        self.env["service.agreement.line"].sudo().create(
            {
                "agreement_id": self.agreement.id,
                "product_id": self.product.id,
                "name": "Setup",
                "charge": "one_off",
                "price_unit": 100,
                "date_start": "2026-02-01",
            }
        )
        self._bill_quarter()
        self.env["service.agreement.sla.credit"].sudo().create(
            [
                {
                    "name": f"Too late on {day}",
                    "agreement_id": self.agreement.id,
                    "missed_at": f"{day} 10:00:00",
                    "date": day,
                    "period_start": "2026-03-01",
                    "percent": 10,
                    "amount": 14.9,
                    "decision": decision,
                }
                for day, decision in (
                    ("2026-03-06", "granted"),
                    ("2026-03-09", "proposed"),
                    ("2026-04-02", "granted"),
                )
            ]
        )
        told = self._prepare_at()
        self.assertEqual(
            (told.amount_fee, told.amount_extra, told.amount_credit), (447, 100, 14.9)
        )
        self.assertEqual(told.amount_with, 447 + 100 - 14.9)
        self.assertEqual(told.amount_invoiced, 547)

    def test_billed_by_somebody_else_it_says_nothing_of_savings(self):
        lines = self.agreement.line_ids.sudo()
        lines.settled_until = "2027-01-01"
        self.assertFalse(self._prepare_at().is_billed)

    def test_what_was_left_of_hours_bought_before(self):
        lot = self._cover_hours(self.agreement, 10.0)
        lot.date_start = "2025-10-01"
        self._log_covered("2025-11-03", 4.0, lot)
        self._log_covered("2026-03-03", 1.0, lot)
        [row] = self._prepare_at().details["allowances"]
        self.assertEqual((row["had"], row["used"]), (26.0, 1.0))

    def test_visits_made_and_still_owed(self):
        made, owed, _later = (
            self.env["service.agreement.visit"]
            .sudo()
            .create(
                [
                    {
                        "name": "Preventive visit",
                        "agreement_id": self.agreement.id,
                        "planned_hours": 2,
                        **dict.fromkeys(
                            ("default_date", "window_from", "window_to", "planned_on"),
                            day,
                        ),
                    }
                    for day in ("2026-02-10", "2026-03-20", "2026-05-10")
                ]
            )
        )
        ticket = self.ticket.sudo().copy({"visit_id": made.id})
        self._move(ticket, "solved", "2026-02-12 12:00")
        self.assertEqual((made.state, str(made.done_on)), ("done", "2026-02-12"))
        told = self._prepare_at()
        self.assertEqual((told.visit_count, told.visit_open_count), (1, 1))
        self.assertEqual([row["id"] for row in told.details["visits"]], [made.id])
        self.assertEqual(owed.state, "owed")

    def test_of_drafts_nobody_says_what_was_saved(self):
        self.company.agreement_invoice_mode = "draft"
        self._bill_quarter()
        self._log_covered("2026-03-03", 9.0)
        told = self._prepare_at()
        self.assertFalse(told.amount_fee or told.is_billed)
        self.assertNotIn("saved", told._get_verdict()["title"])
        self.agreement._get_invoices().action_post()
        told.action_prepare()
        self.assertTrue(told.is_billed)
        self.assertEqual(told.amount_saved, 9 * 150 - 3 * 149)

    def test_nor_of_what_is_billed_after_its_months(self):
        arrears = self.plan_monthly.copy({"timing": "arrears", "anchor_day": 1})
        self.tier.price_ids.create({"tier_id": self.tier.id, "plan_id": arrears.id})
        customer = self._create_customer("Villa")
        agreement = self._create_active("2026-01-01", arrears, partner_id=customer.id)
        self._run_billing("2026-03-31", agreement)
        told = self._prepare_at(agreement=agreement)
        self.assertEqual((told.amount_fee, told.is_billed), (2 * 149, False))
        self._run_billing("2026-04-01", agreement)
        told.action_prepare()
        self.assertEqual((told.amount_fee, told.is_billed), (3 * 149, True))

    def test_of_a_year_paid_at_once_its_days(self):
        customer = self._create_customer("Villa")
        yearly = self._create_active(
            "2026-01-01", self.plan_yearly, partner_id=customer.id
        )
        yearly.line_ids.sudo().write({"plan_discount": 10})
        moves, _failed = self._run_billing("2026-01-01", yearly)
        told = self._prepare_at(agreement=yearly)
        year = sum(moves.invoice_line_ids.mapped("price_subtotal"))
        self.assertAlmostEqual(told.amount_fee, year * 90 / 365, 2)
        self.assertAlmostEqual(told.amount_plan_discount, told.amount_fee / 9, 2)
        self.assertEqual(told.amount_invoiced, year)

    def test_promises_are_those_of_the_compliance_report(self):
        kept = self._open_ticket("2026-03-06 10:00", agreement_id=self.agreement.id)
        self._answer(kept, "2026-03-06 11:00")
        late = self._open_ticket("2026-03-09 10:00", agreement_id=self.agreement.id)
        self._answer(late, "2026-03-10 16:00")
        # Due in April.
        self._open_ticket("2026-03-31 16:30", agreement_id=self.agreement.id)
        told = self._prepare_at()
        with self.at("2026-04-20 09:00:00"):
            rows = self.env["service.agreement.sla.report"].search(
                [
                    ("agreement_id", "=", self.agreement.id),
                    ("deadline", "<", "2026-03-31 22:00:00"),
                ]
            )
            self.assertEqual(told.promise_kept_count, sum(rows.mapped("met")))
            self.assertEqual(told.promise_missed_count, sum(rows.mapped("missed")))
        first = told.details["promises"][0]
        self.assertEqual(first, {"metric": "first_response", "kept": 1, "missed": 1})
        self.assertIn("1 of 2", told._get_promise_rows()[0]["text"])
        self.assertIn(late._ticket_reference(), told._get_miss_rows()[0])

    def test_systems_are_those_of_the_page(self):
        for name in ("Theatre", "Terrace"):
            self.env["service.agreement.system"].create(
                {"name": name, "partner_id": self.customer.id}
            )
        told = self._prepare_at()
        self.assertEqual(told.system_count, 2)
        self.assertEqual(
            told.details["systems"],
            self.agreement._get_portal_covered_systems().mapped("name"),
        )

    def test_queries_do_not_grow_with_agreements(self):
        def make(number):
            agreements = self.env["service.agreement"]
            for index in range(number):
                customer = self._create_customer(f"{number}-{index}", lang="en_US")
                agreement = self._create_active("2026-01-01", partner_id=customer.id)
                lot = self._cover_hours(agreement)
                ticket = self.ticket.copy({"partner_id": customer.id})
                self._log_covered(
                    "2026-03-03", 1, lot, ticket=ticket, agreement=agreement
                )
                self._log("2026-03-04", 1, ticket=ticket, agreement=agreement)
                agreements |= agreement
            self._run_billing("2026-03-01", agreements)
            return agreements

        def count(agreements):
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            agreements._make_statements((date(2026, 1, 1), date(2026, 3, 31)))
            self.env.flush_all()
            return self.env.cr.sql_log_count - before

        few, many = make(4), make(8)
        count(make(2))
        self.assertLessEqual(count(many), count(few) + 2)


@tagged("post_install", "-at_install")
class TestStatementWords(StatementCommon):
    """It is honest, also where the agreement cost more than the work."""

    def setUp(self):
        super().setUp()
        self._bill_quarter()

    def test_saved(self):
        self._log_covered("2026-03-03", 6.0)
        verdict = self._prepare_at()._get_verdict()
        self.assertTrue(verdict["saved"])
        self.assertIn("453.00", verdict["title"])

    def test_cost_more_than_the_work(self):
        self._log_covered("2026-03-03", 0.5)
        told = self._prepare_at()
        self.assertEqual(told.amount_saved, 75 - 447)
        verdict = told._get_verdict()
        self.assertFalse(verdict["saved"])
        self.assertNotIn("saved", verdict["title"] + verdict["text"])
        self.assertIn("75.00", verdict["text"])
        self.assertIn("447.00", verdict["text"])
        besides = " ".join(told._get_besides())
        self.assertIn("30 minutes", besides)

    def test_a_quiet_quarter(self):
        self.assertIn("no work", self._prepare_at()._get_verdict()["text"])


@tagged("post_install", "-at_install")
class TestStatementRun(StatementCommon):
    """Made when the months are settled, and told once."""

    def test_waits_for_settled_months_or_fifteen_days(self):
        self.assertFalse(self._run("2026-04-01 06:00:00"))
        self.assertFalse(self._run("2026-04-14 20:00:00"))
        self.assertTrue(self._run("2026-04-15 06:00:00"))

    def test_settled_it_does_not_wait(self):
        self.company.sudo().service_closed_until = "2026-03-31"
        self.assertFalse(self._run("2026-03-31 20:00:00"))
        # Midnight has passed in Amsterdam.
        told = self._run("2026-03-31 22:30:00")
        self.assertEqual(
            (str(told.date_start), str(told.date_end)), ("2026-01-01", "2026-03-31")
        )

    def test_mailed_once_and_never_changed_again(self):
        self._bill_quarter()
        self._log_covered("2026-03-03", 6.0)
        told = self._run("2026-04-20 06:00:00")
        self.assertEqual((told.state, told.amount_covered), ("sent", 900))
        mail = self._mails()
        self.assertEqual(len(mail), 1)
        self.assertEqual(mail.partner_ids, self.customer)
        self.assertIn("You saved", mail.body)
        self.assertTrue(mail.attachment_ids.name.startswith("Value statement"))
        self._log_covered("2026-03-04", 6.0)
        self.assertEqual(self._run("2026-04-21 06:00:00"), told)
        self.assertEqual((told.amount_covered, self._mails()), (900, mail))
        for again in (told.action_send, told.action_prepare):
            with self.assertRaisesRegex(UserError, "sent"):
                again()
        with self.assertRaisesRegex(UserError, "stays as it is"):
            told.note = "Something else"

    def test_each_quarter_has_its_own(self):
        first = self._run("2026-04-20 06:00:00")
        both = self._run("2026-07-20 06:00:00")
        self.assertEqual(
            sorted(map(str, (both - first).mapped("date_start"))), ["2026-04-01"]
        )

    def test_looked_at_first_where_the_company_says_so(self):
        self.company.agreement_statement_mode = "review"
        told = self._run("2026-04-20 06:00:00")
        self.assertEqual(told.state, "prepared")
        self._log_covered("2026-03-03", 6.0)
        mine = told.with_user(self.coordinator)
        mine.note = "The new amplifier runs well"
        mine.action_prepare()
        self.assertEqual(told.amount_covered, 900)
        mine.action_send()
        self.assertEqual(told.state, "sent")
        self.assertIn("new amplifier", self._mails().body)

    def test_without_a_mail_address_it_waits_for_somebody(self):
        self.customer.email = False
        told = self._run("2026-04-20 06:00:00")
        self.assertEqual(told.state, "prepared")
        with self.assertRaisesRegex(UserError, "no mail address"):
            told.with_user(self.coordinator).action_send()

    def test_what_is_not_billed_waits_for_somebody(self):
        told = self._run("2026-04-20 06:00:00")
        self.assertEqual((told.state, told.goes_out), ("prepared", False))
        self.assertIn("not all billed", told.problem)
        told.with_user(self.coordinator).action_send()
        self.assertEqual((told.state, len(self._mails())), ("sent", 1))

    def test_in_the_customer_s_language(self):
        self._bill_quarter()
        self.env["res.lang"]._activate_lang("fr_FR")
        self.customer.lang = "fr_FR"
        told = self._run("2026-04-20 06:00:00")
        self.assertIn("janv.", self._mails().subject)
        self.assertIn("janv.", told._in_lang()._get_period_text())

    def test_the_tier_says_how_often(self):
        self.tier.statement_interval = "never"
        self.assertFalse(self._run("2026-04-20 06:00:00"))
        self.tier.statement_interval = "half_yearly"
        self.assertFalse(self._run("2026-04-20 06:00:00"))
        told = self._run("2026-07-20 06:00:00")
        self.assertEqual(
            (str(told.date_start), str(told.date_end)), ("2026-01-01", "2026-06-30")
        )

    def test_nothing_is_told_of_the_time_before_it_came_into_force_here(self):
        self.agreement.sudo().activated_on = "2026-04-02 08:00:00"
        self.assertFalse(self._run("2026-04-20 06:00:00"))

    def test_no_day_is_told_twice(self):
        told = self._run("2026-04-20 06:00:00")
        with mute_logger("odoo.sql_db"), self.assertRaises(IntegrityError):
            told.sudo().copy({"date_start": "2026-03-31", "date_end": "2026-06-30"})

    def test_figures_are_nobody_s_to_type(self):
        told = self._prepare_at()
        mine = told.with_user(self.coordinator)
        for values in ({"amount_saved": 1}, {"state": "sent"}, {"details": {}}):
            with self.assertRaises(AccessError):
                mine.write(values)
        with self.assertRaises(AccessError):
            mine.unlink()
        with self.assertRaises(AccessError):
            told.with_user(self.agent).action_send()

    def test_what_cannot_be_told_is_said(self):
        with self.at("2026-01-20 09:00:00"), self.assertRaisesRegex(UserError, "four"):
            self.agreement.action_prepare_statement()
        draft = self._create_agreement("2026-01-01")
        with self.assertRaisesRegex(UserError, "never in force"):
            draft.action_prepare_statement()
