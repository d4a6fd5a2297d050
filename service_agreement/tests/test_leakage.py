from odoo.exceptions import AccessError
from odoo.fields import Command
from odoo.tests import new_test_user, tagged

from .test_answer import AnswerCommon


@tagged("post_install", "-at_install")
class TestLeakage(AnswerCommon):
    """What is given away, in money, and to whom."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.boss.group_ids += cls.env.ref("account.group_account_readonly")
        cls.accountant = new_test_user(
            cls.env, "ada", "base.group_user,account.group_account_invoice"
        )

    def _sum(self, *names, domain=(), by=()):
        names = [f"{name}:sum" for name in names]
        report = self.env["service.agreement.leakage"].with_user(self.boss)
        return report._read_group(
            [("company_id", "=", self.company.id), *domain], by, names
        )

    def _create_all_answers(self):
        """Parts of 100, 10 of them for another customer, one with each answer."""
        parts = {}
        for number, answer in enumerate(("bill", "given", "goodwill", "warranty")):
            parts[answer] = self._create_part(worth=100 + number)
            parts[answer].with_user(self.anna)._answer(answer, "Because")
        parts["open"] = self._create_part(worth=50, partner_id=self.customer.id)
        parts["covered"] = self._create_part(
            worth=70, outcome="covered", answer="covered", reason=False
        )
        return parts

    def test_each_answer_counts_once(self):
        self._create_all_answers()
        [sums] = self._sum(
            "worth", "covered", "billed", "leaked", "goodwill", "warranty"
        )
        self.assertEqual(sums, (526, 70, 100, 151, 102, 103))

    def test_the_sum_over_customers_is_the_sum_over_lines(self):
        parts = self._create_all_answers()
        for field in ("partner_id", "reason", "employee_id", "date:month", "answer"):
            rows = self._sum("leaked", by=[field])
            self.assertEqual(sum(row[-1] for row in rows), 151, field)
        lines = parts["given"] | parts["open"]
        self.assertEqual(sum(lines.mapped("list_amount")), 151)

    def test_goodwill_and_warranty_are_reasons_of_their_own(self):
        self._create_all_answers()
        rows = dict(self._sum("worth", by=["reason"]))
        self.assertEqual(rows["goodwill"], 102)
        self.assertEqual(rows["warranty"], 103)
        self.assertEqual(rows["never_sold"], 100 + 101 + 50)

    def test_a_ticket_under_an_unlimited_tier_leaks_nothing(self):
        self._create_part(outcome="covered", answer="covered", reason=False)
        [(leaked, covered)] = self._sum("leaked", "covered")
        self.assertEqual((leaked, covered), (0, 100))

    def test_hours_and_trips_apart(self):
        self._create_part()
        self._create_part(unit="trip", quantity=3)
        [(hours, trips)] = self._sum("hours", "trips")
        self.assertEqual((hours, trips), (1, 3))

    def test_a_rate_changed_today_moves_no_past_figure(self):
        self._create_part()
        before = self._sum("leaked", "worth")
        self.env["service.agreement.rate"].search([])[:1].price = 1000
        euro = self.env.ref("base.EUR")
        self.env["res.currency.rate"].create(
            {"name": "2026-01-01", "rate": 7, "currency_id": euro.id}
        )
        self.env.invalidate_all()
        self.assertEqual(self._sum("leaked", "worth"), before)

    def test_only_owners_and_accounting_read_it(self):
        report = self.env["service.agreement.leakage"]
        for user in (self.anna, self.agent):
            for model in (report, self.env["service.agreement.profit"]):
                with self.assertRaises(AccessError):
                    model.with_user(user).search([])
        report.with_user(self.accountant).search([])

    def test_the_evidence_is_one_click_away(self):
        part = self._create_part()
        row = self.env["service.agreement.leakage"].search([("draw_id", "=", part.id)])
        action = row.action_open_work()
        self.assertEqual(part.search(action["domain"]), part)

    # On the customer

    def _given(self, partner, user=None):
        partner.invalidate_recordset()
        with self.at("2026-03-06 15:00:00"):
            return partner.with_user(user or self.boss).service_given_free

    def test_given_free_in_twelve_months(self):
        self._create_all_answers()
        self._create_part("2025-03-06", worth=1000)
        self._create_part("2025-03-07", worth=1)
        self.assertEqual(self._given(self.nobody), 101 + 102 + 1)
        self.assertEqual(self._given(self.customer), 50)
        contact = self.nobody.create({"name": "Linh", "parent_id": self.nobody.id})
        self.assertEqual(self._given(contact), 204)

    def test_whom_it_concerns_and_nobody_else(self):
        self._create_part()
        self.assertEqual(self._given(self.nobody, self.accountant), 100)
        for user in (self.anna, self.agent):
            with self.assertRaises(AccessError):
                self._given(self.nobody, user)

    def test_the_evidence_adds_up_to_the_figure(self):
        self._create_all_answers()
        with self.at("2026-03-06 15:00:00"):
            action = self.nobody.with_user(self.boss).action_view_given_free()
        parts = self.env["service.agreement.allowance.draw"].search(action["domain"])
        self.assertEqual(sum(parts.mapped("worth")), self._given(self.nobody))

    def test_customers_are_found_and_sorted_by_it(self):
        third = self._create_customer("Third")
        self._create_part(worth=10)
        self._create_part(worth=30, partner_id=third.id)
        mine = (self.nobody | third | self.customer).ids
        partners = self.env["res.partner"].with_user(self.boss)

        def search(*terms, **options):
            with self.at("2026-03-06 15:00:00"):
                return partners.search([("id", "in", mine), *terms], **options)

        found = search(order="service_given_free desc")
        self.assertEqual(found, third + self.nobody + self.customer)
        found = search(order="service_given_free, id")
        self.assertEqual(found, self.customer + self.nobody + third)
        self.assertEqual(search(("service_given_free", ">", 10)), third)
        self.assertEqual(search(("service_given_free", ">=", 10)), third | self.nobody)
        self.assertEqual(search(("service_given_free", "=", 0)), self.customer)
        self.assertEqual(search(("service_given_free", "<", 10)), self.customer)
        self.assertEqual(search(("service_given_free", "!=", 0)), third | self.nobody)
        self.assertTrue(
            partners.fields_get(["service_given_free"])["service_given_free"][
                "sortable"
            ]
        )

    def test_many_customers_cost_as_much_as_one(self):
        others = self.env["res.partner"]
        for number in range(6):
            others |= self._create_customer(f"Customer {number}")

        def count(partners):
            self.env.invalidate_all()
            before = self.cr.sql_log_count
            partners.mapped("service_given_free")
            return self.cr.sql_log_count - before

        count(others)
        self.assertEqual(count(others[:3]), count(others))

    def test_another_company_s_presents_are_its_own(self):
        other = self.env["res.company"].create({"name": "Other"})
        self._create_part()
        partner = self.nobody.with_company(other)
        with self.at("2026-03-06 15:00:00"):
            self.assertEqual(partner.service_given_free, 0)


@tagged("post_install", "-at_install")
class TestProfit(AnswerCommon):
    """What an agreement brings in, and what it costs."""

    def _rows(self, agreement=None, **domain):
        """[(month, revenue, cost of time, parts, margin, hours)], oldest first"""
        agreement = agreement or self.agreement
        rows = self.env["service.agreement.profit"].search(
            [("agreement_id", "=", agreement.id)], order="date"
        )
        return [
            (
                str(row.date)[:7],
                round(row.revenue, 2),
                row.cost_time,
                row.cost_parts,
                round(row.margin, 2),
                row.hours,
            )
            for row in rows
        ]

    def _draw(self, agreement, day="2026-02-10", hours=2.0, **values):
        line = self._create_work(day, hours, **values)
        return self._create_part(
            day,
            line=line,
            outcome="covered",
            answer="covered",
            reason=False,
            agreement_id=agreement.id,
        )

    def test_revenue_less_time(self):
        self._bill("2026-02-01")
        self._draw(self.agreement)
        self.assertEqual(
            self._rows(),
            [
                ("2026-01", 149, 0, 0, 149, 0),
                ("2026-02", 149, 80, 0, 69, 2),
            ],
        )

    def test_a_year_paid_at_once_is_twelve_months_of_revenue(self):
        agreement = self._create_active("2026-01-01", self.plan_yearly)
        self._run_billing("2026-01-01", agreement)
        rows = self._rows(agreement)
        self.assertEqual(len(rows), 12)
        total = sum(agreement.period_ids.mapped("amount"))
        self.assertAlmostEqual(sum(row[1] for row in rows), total, places=1)
        self.assertAlmostEqual(rows[1][1], total * 28 / 365, places=2)

    def test_in_the_company_s_currency(self):
        euro = self.env.ref("base.EUR")
        euro.active = True
        euro.rate_ids.unlink()
        self.env["res.currency.rate"].create(
            {"name": "2026-01-01", "rate": 0.5, "currency_id": euro.id}
        )
        pricelist = self.env["product.pricelist"].create(
            {"name": "Euro", "currency_id": euro.id}
        )
        agreement = self._create_active("2026-02-01", pricelist_id=pricelist.id)
        self._run_billing("2026-02-01", agreement)
        [period] = agreement.period_ids
        self.assertEqual(period.currency_id, euro)
        self.assertAlmostEqual(self._rows(agreement)[0][1], period.amount * 2, places=1)

    def test_what_is_credited_by_hand_is_no_revenue(self):
        [move] = self._bill("2026-01-01")
        self.env["account.move.reversal"].with_context(
            active_model="account.move", active_ids=move.ids
        ).create({"journal_id": move.journal_id.id}).refund_moves()
        move.reversal_move_ids.action_post()
        self.assertEqual(self._rows()[0][1], 0)

    def test_two_agreements_share_the_hours_of_a_line(self):
        other = self._create_active("2026-01-01")
        line = self._create_work(hours=4)
        for agreement, quantity in ((self.agreement, 1), (other, 3)):
            self.env["service.agreement.allowance.draw"].sudo().create(
                {
                    "line_id": line.id,
                    "company_id": self.company.id,
                    "date": "2026-02-10",
                    "outcome": "covered",
                    "answer": "covered",
                    "quantity": quantity,
                    "agreement_id": agreement.id,
                    "currency_id": self.company.currency_id.id,
                }
            )
        self.assertEqual(self._rows(self.agreement)[0][2:], (40, 0, -40, 1))
        self.assertEqual(self._rows(other)[0][2:], (120, 0, -120, 3))

    def test_what_a_line_costs_may_be_corrected(self):
        part = self._draw(self.agreement)
        part.line_id.service_verdict = "covered"
        part.line_id.amount = -100
        self.assertEqual((part.worked, part.cost), (2, 100))
        self.assertEqual(self._rows()[0][2], 100)

    def test_what_was_decided_before_is_shared_when_it_is_stored(self):
        part = self._draw(self.agreement)
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE service_agreement_allowance_draw SET worked = NULL, cost = NULL"
        )
        part._share_all_time()
        self.env.invalidate_all()
        self.assertEqual((part.worked, part.cost), (2, 80))

    def test_hours_that_cost_nothing_are_shown(self):
        self.employee.hourly_cost = 0
        self._draw(self.agreement)
        row = self.env["service.agreement.profit"].search(
            [("hours_without_cost", ">", 0), ("agreement_id", "=", self.agreement.id)]
        )
        self.assertEqual((row.hours, row.hours_without_cost), (2, 2))

    def test_parts_on_the_agreement_s_own_account(self):
        plan = self.env["account.analytic.plan"].create({"name": "Agreements"})
        account = self.env["account.analytic.account"].create(
            {"name": "Whitfield", "plan_id": plan.id}
        )
        other = self._create_active("2026-01-01")
        self.agreement.line_ids.sudo().analytic_distribution = {str(account.id): 100}
        bill = self.env["account.move"].create(
            {
                "move_type": "in_invoice",
                "partner_id": self.partner_a.id,
                "invoice_date": "2026-02-03",
                "date": "2026-02-03",
                "invoice_line_ids": [
                    Command.create(
                        {
                            "name": "Lamp",
                            "price_unit": 35.0,
                            "tax_ids": [],
                            "analytic_distribution": {str(account.id): 100},
                        }
                    )
                ],
            }
        )
        self.assertFalse(self._rows())
        bill.action_post()
        self.assertEqual(self._rows(), [("2026-02", 0, 0, 35, -35, 0)])
        # An account of two agreements tells nothing of either.
        other.line_ids.sudo().analytic_distribution = {str(account.id): 100}
        self.assertFalse(self._rows() or self._rows(other))

    def test_what_an_hour_earns_of_several_months_together(self):
        self._bill("2026-02-01")
        self._draw(self.agreement, "2026-01-10", 1)
        self._draw(self.agreement, "2026-02-10", 3)
        report = self.env["service.agreement.profit"]
        [[rate]] = report._read_group(
            [("agreement_id", "=", self.agreement.id)], [], ["effective_rate:avg"]
        )
        self.assertAlmostEqual(float(rate), 2 * 149 / 4)

    def test_on_the_agreement(self):
        self._bill("2026-02-01")
        self._draw(self.agreement)
        with self.at("2026-03-06 15:00:00"):
            agreement = self.agreement.with_user(self.boss)
            self.assertEqual((agreement.profit_year, agreement.has_profit), (218, True))
            action = agreement.action_view_profit()
        rows = self.env["service.agreement.profit"].search(action["domain"])
        self.assertEqual(len(rows), 2)
        action = rows.filtered("hours").action_open_work()
        evidence = self.env["service.agreement.allowance.draw"].search(action["domain"])
        self.assertEqual(len(evidence), 1)

    def test_who_takes_far_more_than_his_tier(self):
        tier = self._create_tier("Bronze", 89, 10)
        agreements = self.env["service.agreement"]
        for number in range(4):
            customer = self._create_customer(f"Quiet {number}")
            agreements |= self._create_active(
                "2026-01-01", partner_id=customer.id, tier_id=tier.id
            )
        self._draw(agreements[0], hours=9)
        with self.at("2026-03-06 15:00:00"):
            self.assertFalse(self._outliers(tier), "four customers are too few")
            customer = self._create_customer("Quiet too")
            self._create_active("2026-01-01", partner_id=customer.id, tier_id=tier.id)
            self.assertEqual(self._outliers(tier), agreements[0].partner_id)
        with self.at("2027-06-06 15:00:00"):
            self.assertFalse(self._outliers(tier), "it is more than a year ago")

    def _outliers(self, tier):
        self.env.invalidate_all()
        rows = self.env["service.agreement.profit"].search(
            [("tier_id", "=", tier.id), ("is_outlier", "=", True)]
        )
        return rows.partner_id
