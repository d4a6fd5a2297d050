from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.tests import tagged

from .common import ServiceAgreementCommon


@tagged("post_install", "-at_install")
class TestBillingObstacles(ServiceAgreementCommon):
    """What cannot be billed says why, and everybody else is billed."""

    def _assert_set_aside(self, broken, reason, others=None, today="2026-03-01"):
        """Only ``broken`` is set aside, with ``reason``, without asking Odoo first."""
        moves, failed = self._run_billing(today)
        self.assertEqual(failed, broken)
        self.assertRegex(broken[0].billing_issue, reason)
        self.assertFalse(broken.period_ids)
        if others:
            self.assertEqual(moves.agreement_ids, others)
        return moves

    def _create_service(self, name):
        return self.env["product.product"].create(
            {"name": name, "type": "service", "taxes_id": False}
        )

    def _create_broken(self, **values):
        self.good = self._create_active("2026-03-01")
        agreement = self._create_agreement("2026-03-01", **values)
        return agreement

    def test_an_archived_product(self):
        broken = self._create_broken()
        broken.line_ids.product_id = self._create_service("Old service")
        broken.action_activate()
        broken.line_ids.product_id.active = False
        self._assert_set_aside(broken, "Old service.* is archived", self.good)
        broken.line_ids.product_id.active = True
        self.assertEqual(self._bill("2026-03-01").agreement_ids, broken)
        self.assertFalse(broken.billing_issue)

    def test_an_archived_product_of_a_charge_that_is_over_does_no_harm(self):
        agreement = self._create_agreement("2026-03-01")
        agreement.line_ids = [
            Command.create(
                {
                    "product_id": self._create_service("Setup").id,
                    "charge": "one_off",
                    "price_unit": 50.0,
                }
            )
        ]
        agreement.action_activate()
        self._bill("2026-03-01")
        agreement.line_ids[1].product_id.active = False
        self.assertEqual(len(self._bill("2026-04-01")), 1)

    def test_no_income_account(self):
        broken = self._create_broken()
        broken.line_ids.product_id = self._create_service("Unbooked")
        broken.line_ids.product_id.categ_id = self.env["product.category"].create(
            {"name": "Unbooked", "property_account_income_categ_id": False}
        )
        broken.action_activate()
        self.company.income_account_id = False
        self.company_data["default_journal_sale"].default_account_id = False
        self._assert_set_aside(broken, "no income account for Unbooked", self.good)

    def test_the_journal_chosen_for_an_agreement_gives_the_income_account(self):
        broken = self._create_broken()
        unbooked = self._create_service("Unbooked")
        unbooked.categ_id = self.env["product.category"].create(
            {"name": "Unbooked", "property_account_income_categ_id": False}
        )
        self.company.income_account_id = False
        journal = self.company_data["default_journal_sale"]
        other = journal.copy({"name": "Service", "code": "SRV"})
        other.default_account_id = journal.default_account_id
        journal.default_account_id = False
        fine = self._create_agreement("2026-03-01", journal_id=other.id)
        (broken | fine).line_ids.product_id = unbooked
        (broken | fine).action_activate()
        moves = self._assert_set_aside(broken, "no income account", self.good | fine)
        self.assertIn(other, moves.journal_id)

    def test_a_product_is_looked_at_once_for_a_whole_batch(self):
        for _index in range(4):
            self._create_active("2026-03-01")
        asked = []
        Agreement = type(self.env["service.agreement"])
        original = Agreement._why_product_not_billable
        self.patch(
            Agreement,
            "_why_product_not_billable",
            lambda *args: asked.append(args) or original(*args),
        )
        self._bill("2026-03-01")
        self.assertEqual(len(asked), 1)

    def test_an_archived_customer(self):
        gone = self._create_customer("Gone Residence")
        broken = self._create_broken(partner_id=gone.id)
        broken.action_activate()
        gone.active = False
        self._assert_set_aside(broken, "Gone Residence is archived", self.good)

    def test_an_archived_invoice_address(self):
        office = self._create_customer("Their office")
        broken = self._create_broken(partner_invoice_id=office.id)
        broken.action_activate()
        office.active = False
        self._assert_set_aside(broken, "Their office is archived", self.good)

    def test_a_currency_without_a_rate(self):
        """Odoo would take 1.0 for it."""
        euro = self.setup_other_currency("EUR", rates=[("2026-01-01", 2.0)])
        broken = self._create_broken(currency_id=euro.id)
        broken.action_activate()
        euro.rate_ids.unlink()
        self._assert_set_aside(broken, "no exchange rate of EUR", self.good)

    def test_a_currency_whose_rate_begins_later(self):
        euro = self.setup_other_currency("EUR", rates=[("2026-03-02", 2.0)])
        broken = self._create_broken(currency_id=euro.id)
        broken.action_activate()
        self._assert_set_aside(broken, "no exchange rate of EUR", self.good)
        self.assertEqual(self._bill("2026-03-02").agreement_ids, broken)

    def test_no_sales_journal(self):
        broken = self._create_active("2026-03-01")
        journals = self.env["account.journal"].search(
            [("type", "=", "sale"), ("company_id", "=", self.company.id)]
        )
        journals.active = False
        self._assert_set_aside(broken, "no sales journal")
        journals.active = True
        self.env.invalidate_all()  # as another request would find it
        self.assertTrue(self._bill("2026-03-01"))

    def test_a_due_date_in_a_locked_period_is_invoiced_on_the_run_s_date(self):
        agreement = self._create_active("2026-03-02")
        self.company.fiscalyear_lock_date = "2026-03-04"
        move = self._bill("2026-03-05")
        self.assertEqual(str(move.invoice_date), "2026-03-05")
        self.assertEqual(str(move.date), "2026-03-05")
        self.assertEqual(str(agreement.period_ids.date_start), "2026-03-02")

    def test_books_closed_on_the_run_s_date(self):
        broken = self._create_active("2026-03-01")
        self.company.sale_lock_date = "2026-03-31"
        self._assert_set_aside(broken, r"books of .* are closed on 03/01/2026.*Sales")

    def test_books_hard_locked_into_the_future(self):
        broken = self._create_active("2026-03-01")
        self.company.hard_lock_date = "2026-12-31"
        self._assert_set_aside(broken, r"closed on .*Hard Lock.*12/31/2026")

    def test_a_closed_company(self):
        closed = self.setup_other_company()["company"]
        agreements = self.env["service.agreement"].with_company(closed)
        broken = agreements.create(
            {
                "company_id": closed.id,
                "partner_id": self.customer.id,
                "tier_id": self.tier.id,
                "plan_id": self.plan_monthly.id,
                "date_start": "2026-03-01",
            }
        )
        broken.line_ids.tax_ids = False
        broken.action_activate()
        good = self._create_active("2026-03-01")
        closed.sudo().active = False
        with self.at("2026-03-01 02:00:00"):
            self._run_cron("service_agreement.ir_cron_billing")
        broken = broken.sudo()
        self.assertIn("is archived", broken.billing_issue)
        self.assertFalse(broken.period_ids)
        self.assertTrue(good.period_ids)

    def test_the_button_on_the_agreement_gives_the_same_reason(self):
        agreement = self._create_active("2026-03-01")
        self.company.hard_lock_date = "2026-12-31"
        with self.at("2026-03-01 12:00:00"):
            with self.assertRaisesRegex(UserError, "books of .* are closed"):
                agreement.action_bill_now()

    def test_a_wall_of_one_reason_is_not_tried_one_by_one(self):
        for _index in range(4):
            self._create_active("2026-03-01")
        self.company.hard_lock_date = "2026-12-31"
        calls = []
        Agreement = type(self.env["service.agreement"])
        original = Agreement._create_due_invoices
        self.patch(
            Agreement,
            "_create_due_invoices",
            lambda *args: calls.append(1) or original(*args),
        )
        _moves, failed = self._run_billing("2026-03-01")
        self.assertEqual(len(failed), 4)
        self.assertFalse(calls)
