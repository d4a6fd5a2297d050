from datetime import date
from decimal import Decimal
from unittest.mock import patch

from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.tests import Form, new_test_user, tagged

from ..models.service_agreement_change import PendingChange
from .common import ServiceAgreementCommon


class InvoicingCommon(ServiceAgreementCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.journal = cls.company_data["default_journal_sale"]
        cls.other_journal = cls.journal.copy({"name": "Service", "code": "SRV"})

    def _change_price(self, agreement, day, price):
        """From ``day`` on the first charge costs ``price``; billed at once."""
        terms = {agreement.line_ids[0]: {"price_unit": Decimal(price)}}
        change = PendingChange(date.fromisoformat(day), terms, [], timing="at_once")
        with self.at(f"{day} 12:00:00"):
            agreement._change(change)

    def _bill_one(self, today="2026-03-01", **values):
        """The invoice of a new agreement from the first of March."""
        self._create_active("2026-03-01", **values)
        return self._bill(today)


@tagged("post_install", "-at_install")
class TestInvoicingTerms(InvoicingCommon):
    """Taxes, terms, journal and the rest arrive on the invoice."""

    def test_the_customer_s_fiscal_position_maps_taxes_and_account(self):
        other_income = self.company_data["default_account_revenue"].copy()
        self.fiscal_pos_a.account_ids = [
            Command.clear(),
            Command.create(
                {
                    "account_src_id": self.product.property_account_income_id.id,
                    "account_dest_id": other_income.id,
                }
            ),
        ]
        self.customer.property_account_position_id = self.fiscal_pos_a
        move = self._bill_one()
        self.assertEqual(move.fiscal_position_id, self.fiscal_pos_a)
        self.assertEqual(move.invoice_line_ids.tax_ids, self.tax_sale_b)
        self.assertEqual(move.invoice_line_ids.account_id, other_income)

    def test_the_service_address_decides_the_fiscal_position(self):
        belgium = self.env.ref("base.be")
        abroad = self.env["account.fiscal.position"].create(
            {"name": "Belgium", "auto_apply": True, "country_id": belgium.id}
        )
        self.tax_sale_b.fiscal_position_ids = abroad
        self.customer.country_id = self.env.ref("base.us")
        site = self._create_customer("Lake house", country_id=belgium.id)
        agreement = self._create_agreement("2026-03-01")
        self.assertEqual(agreement.line_ids.tax_ids, self.tax_sale_a)
        agreement.partner_shipping_id = site
        self.assertEqual(agreement.fiscal_position_id, abroad)
        self.assertEqual(agreement.line_ids.tax_ids, self.tax_sale_b)
        agreement.action_activate()
        self.assertEqual(self._bill("2026-03-01").partner_shipping_id, site)

    def test_taxes_of_an_agreement_in_force_stay(self):
        agreement = self._create_active("2026-03-01")
        with self.assertRaisesRegex(UserError, "is in force"):
            agreement.fiscal_position_id = self.fiscal_pos_a
        agreement.sudo().fiscal_position_id = self.fiscal_pos_a
        self.assertEqual(agreement.line_ids.tax_ids, self.tax_sale_a)

    def test_payment_terms_make_the_due_dates(self):
        self.customer.property_payment_term_id = self.pay_terms_b
        move = self._bill_one()
        self.assertEqual(move.invoice_payment_term_id, self.pay_terms_b)
        terms = move.line_ids.filtered(lambda ml: ml.display_type == "payment_term")
        self.assertEqual(
            sorted(map(str, terms.mapped("date_maturity"))),
            ["2026-03-01", "2026-04-30"],
        )

    def test_terms_may_change_while_it_runs(self):
        agreement = self._create_active("2026-03-01")
        self._bill("2026-03-01")
        agreement.write(
            {
                "payment_term_id": self.pay_terms_b.id,
                "journal_id": self.other_journal.id,
                "client_order_ref": "PO 17",
                "partner_invoice_id": self._create_customer("Their bank").id,
                "invoice_mode": "draft",
            }
        )
        move = self._bill("2026-04-01")
        self.assertEqual(move.invoice_payment_term_id, self.pay_terms_b)
        self.assertEqual(move.journal_id, self.other_journal)
        self.assertEqual(move.ref, "PO 17")
        self.assertEqual(move.partner_id.name, "Their bank")
        self.assertEqual(move.state, "draft")

    def test_the_analytic_model_of_the_customer_counts(self):
        plan = self.env["account.analytic.plan"].create({"name": "Departments"})
        service, other = self.env["account.analytic.account"].create(
            [{"name": name, "plan_id": plan.id} for name in ("Service", "Other")]
        )
        self.env["account.analytic.distribution.model"].create(
            {
                "partner_id": self.customer.id,
                "analytic_distribution": {service.id: 100},
            }
        )
        move = self._bill_one()
        self.assertEqual(
            move.invoice_line_ids.analytic_distribution, {str(service.id): 100}
        )
        self.assertEqual(move.invoice_line_ids.analytic_line_ids.amount, 149.0)
        typed = self._create_agreement("2026-03-01")
        typed.line_ids.analytic_distribution = {other.id: 100}
        typed.action_activate()
        self._bill("2026-03-01")
        self._change_price(typed, "2026-03-11", 199)
        lines = typed._get_invoices().invoice_line_ids
        lines |= self._bill("2026-03-11").invoice_line_ids
        self.assertEqual(len(lines), 3, "billed, taken back, billed at the new price")
        for line in lines:
            self.assertEqual(line.analytic_distribution, {str(other.id): 100})

    def test_the_journal_is_odoo_s_choice_unless_chosen(self):
        self.assertEqual(self._bill_one().journal_id, self.journal)
        move = self._bill_one(journal_id=self.other_journal.id)
        self.assertEqual(move.journal_id, self.other_journal)

    def test_a_foreign_currency_has_its_journal(self):
        eur = self.setup_other_currency("EUR", rates=[("1900-01-01", 2.0)])
        self.other_journal.currency_id = eur
        move = self._bill_one(currency_id=eur.id)
        self.assertEqual(move.journal_id, self.other_journal)
        self.assertEqual(move.amount_untaxed, 298.0)

    def test_the_rate_is_that_of_the_invoice_s_day(self):
        eur = self.setup_other_currency(
            "EUR", rates=[("2026-01-01", 2.0), ("2026-04-01", 4.0)]
        )
        self._create_active("2026-03-01", currency_id=eur.id)
        for today, balance in (("2026-03-01", -149.0), ("2026-04-01", -74.5)):
            move = self._bill(today)
            self.assertEqual(move.amount_untaxed, 298.0, "the price was agreed once")
            self.assertEqual(move.invoice_line_ids.balance, balance)

    def test_a_company_without_a_sales_journal_says_so(self):
        agreement = self._create_active("2026-03-01")
        (self.journal | self.other_journal).active = False
        self.assertFalse(self._bill("2026-03-01"))
        self.assertIn("no sales journal", agreement.billing_issue)
        self.journal.active = True
        self.env.invalidate_all()  # as another request would find it
        self.assertEqual(len(self._bill("2026-03-01")), 1)

    def test_what_is_given_is_what_odoo_would_compute(self):
        """The same invoice made by hand: no field differs that people see."""
        self.customer.property_payment_term_id = self.pay_terms_b
        self.customer.property_account_position_id = self.fiscal_pos_a
        move = self._bill_one()
        by_hand = self.env["account.move"].create(
            {
                "move_type": "out_invoice",
                "partner_id": self.customer.id,
                "invoice_date": "2026-03-01",
                "invoice_line_ids": [
                    Command.create({"product_id": self.product.id, "price_unit": 149})
                ],
            }
        )
        by_hand.action_post()
        for name in (
            "journal_id",
            "currency_id",
            "fiscal_position_id",
            "invoice_payment_term_id",
            "invoice_date_due",
            "partner_shipping_id",
            "amount_total",
            "date",
        ):
            self.assertEqual(move[name], by_hand[name], name)

    def test_another_company_bills_on_its_own_terms(self):
        other = self.setup_other_company()
        partner = self.customer.with_company(other["company"])
        partner.property_payment_term_id = self.pay_terms_b
        self.product.taxes_id += other["default_tax_sale"]
        self.product.with_company(other["company"]).property_account_income_id = other[
            "default_account_revenue"
        ]
        agreement = self._create_agreement("2026-03-01", journal_id=self.journal.id)
        self.assertFalse(agreement.payment_term_id)
        agreement.company_id = other["company"]
        self.assertEqual(agreement.payment_term_id, self.pay_terms_b)
        self.assertFalse(agreement.journal_id)
        with self.assertRaises(UserError):
            agreement.journal_id = self.journal
        agreement.journal_id = False
        self.assertEqual(agreement.line_ids.tax_ids, other["default_tax_sale"])
        agreement.action_activate()
        moves, _failed = self._run_billing("2026-03-01", company=other["company"])
        self.assertEqual(moves.journal_id, other["default_journal_sale"])
        self.assertEqual(moves.invoice_payment_term_id, self.pay_terms_b)

    def test_a_salesman_without_accounting_rights_sets_it_all(self):
        self.env.ref("base.group_user")._apply_group(
            self.env.ref("product.group_product_pricelist")
        )
        salesman = new_test_user(
            self.env,
            login="salesman",
            groups="base.group_user,service_agreement.group_user",
            company_id=self.company.id,
            company_ids=[Command.set(self.company.ids)],
        )
        dealers = self.env["product.pricelist"].create({"name": "Dealers"})
        self.env["account.analytic.distribution.model"].create(
            {"partner_id": self.customer.id, "analytic_distribution": {}}
        )
        form = Form(self.env["service.agreement"].with_user(salesman))
        form.partner_id = self.customer
        form.tier_id = self.tier
        form.plan_id = self.plan_monthly
        form.pricelist_id = dealers
        form.fiscal_position_id = self.fiscal_pos_a
        form.payment_term_id = self.pay_terms_b
        form.journal_id = self.other_journal
        form.invoice_mode = "draft"
        form.client_order_ref = "PO 1"
        agreement = form.save()
        self.assertEqual(agreement.line_ids.tax_ids, self.tax_sale_b)
        agreement.web_read({"journal_id": {"fields": {"display_name": {}}}})
        agreement.action_activate()
        move = self._bill(str(agreement.date_start))
        self.assertEqual(move.journal_id, self.other_journal)
        self.assertEqual(move.fiscal_position_id, self.fiscal_pos_a)
        self.assertEqual(move.invoice_payment_term_id, self.pay_terms_b)
        self.assertEqual(move.state, "draft")


@tagged("post_install", "-at_install")
class TestInvoicingTogether(InvoicingCommon):
    """Several agreements of a customer on one invoice, where he wants it."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.customer.agreement_invoice_together = True

    def _create_two(self, **second):
        first = self._create_active("2026-03-01", client_order_ref="PO 1")
        return first | self._create_active("2026-03-01", **second)

    def test_two_agreements_stand_on_one_invoice(self):
        house, studio = self._create_two(client_order_ref="PO 2")
        move = self._bill("2026-03-01")
        self.assertEqual(len(move), 1)
        self.assertEqual(move.amount_untaxed, 298.0)
        self.assertEqual(move.agreement_ids, house | studio)
        self.assertEqual(move.invoice_origin, f"{house.name}, {studio.name}")
        self.assertEqual(move.ref, "PO 1, PO 2")
        lines = move.invoice_line_ids.sorted(lambda ml: (ml.sequence, ml.id))
        self.assertEqual(
            [(ml.display_type, ml.name.split("\n")[0]) for ml in lines],
            [
                ("line_section", f"{house.name} – Silver – PO 1"),
                ("product", "Silver service agreement"),
                ("line_section", f"{studio.name} – Silver – PO 2"),
                ("product", "Silver service agreement"),
            ],
        )
        for agreement in house | studio:
            self.assertEqual(agreement.period_ids.move_line_id.agreement_id, agreement)

    def test_one_agreement_needs_no_heading(self):
        self._create_active("2026-03-01")
        move = self._bill("2026-03-01")
        self.assertEqual(move.invoice_line_ids.mapped("display_type"), ["product"])

    def test_each_due_date_has_its_invoice(self):
        self._create_two()
        moves = self._bill("2026-05-01")
        self.assertEqual(moves.mapped("amount_untaxed"), [298.0] * 3)

    def test_a_contact_s_agreement_joins_his_company_s(self):
        contact = self._create_customer(
            "Ann", parent_id=self.customer.id, is_company=False
        )
        self._create_two(
            partner_id=contact.id,
            partner_invoice_id=self.customer.id,
            partner_shipping_id=self.customer.id,
        )
        self.assertEqual(len(self._bill("2026-03-01")), 1)

    def test_other_terms_other_invoice(self):
        address = self._create_customer("Their bank")
        eur = self.setup_other_currency("EUR", rates=[("1900-01-01", 2.0)])
        for values in (
            {"partner_invoice_id": address.id},
            {"partner_shipping_id": address.id},
            {"currency_id": eur.id},
            {"fiscal_position_id": self.fiscal_pos_a.id},
            {"payment_term_id": self.pay_terms_b.id},
            {"journal_id": self.other_journal.id},
            {"invoice_mode": "draft"},
        ):
            with self.subTest(values=values):
                self._create_two(**values)
                self.assertEqual(len(self._bill("2026-03-01")), 2)

    def test_nobody_else_s_agreements_join(self):
        self._create_two(partner_id=self._create_customer("Neighbour").id)
        self.assertEqual(len(self._bill("2026-03-01")), 2)

    def test_credits_stand_on_a_document_of_their_own(self):
        both = self._create_active("2026-03-01", credit_policy="credit_note")
        both |= self._create_active("2026-03-01", credit_policy="credit_note")
        self._bill("2026-03-01")
        for agreement in both:
            self._change_price(agreement, "2026-03-11", 89)
        credit = self._bill("2026-03-11")
        self.assertEqual(credit.move_type, "out_refund")
        self.assertEqual(credit.agreement_ids, both)
        self.assertEqual(credit.journal_id, self.journal)
        self.assertEqual(credit.state, "posted")
        self.assertEqual(credit.amount_untaxed_signed, -81.30)

    def test_bill_now_bills_what_was_chosen_and_nothing_else(self):
        """One alone, several together; the run bills who is left."""
        alone, first, second, left = [
            self._create_active("2026-03-01") for _number in range(4)
        ]
        with self.at("2026-03-01 12:00:00"):
            alone.action_bill_now()
            self.assertEqual(alone._get_invoices().agreement_ids, alone)
            (first | second).action_bill_now()
        self.assertEqual(len((first | second)._get_invoices()), 1)
        self.assertEqual(self._bill("2026-03-01").agreement_ids, left)

    def test_without_the_wish_each_agreement_has_its_invoice(self):
        self.customer.agreement_invoice_together = False
        self._create_two()
        self.assertEqual(len(self._bill("2026-03-01")), 2)

    def test_the_wish_is_one_company_s(self):
        self.customer.agreement_invoice_together = False
        other = self.setup_other_company()["company"]
        self.customer.with_company(other).agreement_invoice_together = True
        self._create_two()
        self.assertEqual(len(self._bill("2026-03-01")), 2)

    def test_deleting_the_draft_reopens_both(self):
        both = self._create_two()
        move = self._bill("2026-03-01")
        move.button_draft()
        move.with_context(force_delete=True).unlink()
        self.assertFalse(both.period_ids)
        self.assertEqual(
            [str(agreement.next_invoice_date) for agreement in both],
            ["2026-03-01", "2026-03-01"],
        )
        again = self._bill("2026-03-01")
        self.assertEqual(again.amount_untaxed, 298.0)

    def test_a_batch_takes_all_that_belongs_together(self):
        self._create_active("2026-03-01")
        self._create_active(
            "2026-03-01", partner_id=self._create_customer("Neighbour").id
        )
        self._create_active("2026-03-01")
        with patch.object(type(self.env["service.agreement"]), "_batch_size", 1):
            moves = self._bill("2026-03-01")
        self.assertEqual(sorted(moves.mapped("amount_untaxed")), [149.0, 298.0])

    def test_a_stranger_s_failure_separates_nobody(self):
        both = self._create_two()
        stranger = self._create_active(
            "2026-03-01",
            partner_id=self._create_customer("Neighbour").id,
            journal_id=self.other_journal.id,
        )
        self.other_journal.active = False
        move = self._bill("2026-03-01")
        self.assertEqual(len(move), 1)
        self.assertEqual(move.agreement_ids, both)
        self.assertIn("archived journal", stranger.billing_issue)

    def test_the_run_announces_as_many_invoices_as_it_makes(self):
        self._create_two()
        agreements = self.env["service.agreement"].search(
            [("tier_id", "=", self.tier.id)]
        )
        announced = agreements._get_due_amounts(date(2026, 3, 1))
        self.assertEqual(len(announced), 1)


@tagged("post_install", "-at_install")
class TestInvoiceDate(InvoicingCommon):
    """The due date or the run's, as the company wants it (SEMANTICS §1)."""

    def _get_date(self, due, today):
        agreement = self._create_agreement("2026-01-01")
        result = agreement._get_invoice_date(
            date.fromisoformat(due), date.fromisoformat(today)
        )
        return str(result)

    def test_by_default_of_a_past_month_the_day_of_the_run(self):
        self.assertEqual(self._get_date("2026-03-10", "2026-03-20"), "2026-03-10")
        self.assertEqual(self._get_date("2026-02-28", "2026-03-20"), "2026-03-20")
        self.assertEqual(self._get_date("2026-04-01", "2026-03-20"), "2026-03-20")

    def test_by_default_of_locked_days_the_day_of_the_run(self):
        for lock in ("sale_lock_date", "tax_lock_date", "fiscalyear_lock_date"):
            with self.subTest(lock=lock):
                self.company[lock] = "2026-03-10"
                self.assertEqual(
                    self._get_date("2026-03-10", "2026-03-20"), "2026-03-20"
                )
                self.assertEqual(
                    self._get_date("2026-03-11", "2026-03-20"), "2026-03-11"
                )
                self.company[lock] = False

    def test_always_the_due_date(self):
        self.company.agreement_invoice_date = "due"
        for due in ("2026-02-28", "2026-03-10", "2026-04-01"):
            self.assertEqual(self._get_date(due, "2026-03-20"), due)

    def test_always_the_day_of_the_run(self):
        self.company.agreement_invoice_date = "run"
        for due in ("2026-02-28", "2026-03-10", "2026-04-01"):
            self.assertEqual(self._get_date(due, "2026-03-20"), "2026-03-20")

    def test_a_late_run_with_each_setting(self):
        for choice, expected in (
            ("auto", ["2026-03-01", "2026-03-05", "2026-03-05"]),
            ("due", ["2026-01-01", "2026-02-01", "2026-03-01"]),
            ("run", ["2026-03-05", "2026-03-05", "2026-03-05"]),
        ):
            with self.subTest(choice=choice):
                self.company.agreement_invoice_date = choice
                self._create_active("2026-01-01")
                moves = self._bill("2026-03-05")
                dates = sorted(map(str, moves.mapped("invoice_date")))
                self.assertEqual(dates, expected)

    def test_a_locked_month_is_posted_in_an_open_one(self):
        """Who wants the due date and locks it: Odoo moves the accounting date."""
        self.company.agreement_invoice_date = "due"
        self.company.sale_lock_date = "2026-03-31"
        self._create_active("2026-03-01")
        with self.at("2026-04-02 12:00:00"):
            move = self._bill("2026-04-02").sorted("invoice_date")[0]
        self.assertEqual(move.state, "posted")
        self.assertEqual(str(move.invoice_date), "2026-03-01")
        self.assertGreater(str(move.date), "2026-03-31")

    def test_no_query_per_agreement(self):
        for _ in range(20):
            self._create_active("2026-03-01", client_order_ref="PO")
        agreements = self.env["service.agreement"].search([])

        def count(number):
            self.env.flush_all()
            self.env.invalidate_all()
            pieces = agreements[:number]._get_due_pieces(date(2026, 3, 1))
            before = self.env.cr.sql_log_count
            for group in agreements._group_pieces(pieces):
                agreements._prepare_invoice_values(group, date(2026, 3, 1))
            return self.env.cr.sql_log_count - before

        count(1)
        self.assertEqual(count(20), count(10))
