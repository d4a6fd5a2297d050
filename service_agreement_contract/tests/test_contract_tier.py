from psycopg2.errors import UniqueViolation

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Date
from odoo.tests import Form, new_test_user, tagged
from odoo.tools import mute_logger

from .common import ContractCommon


@tagged("post_install", "-at_install")
class TestContractTier(ContractCommon):
    """Choosing a tier on a contract makes it the billing side of an agreement."""

    def test_a_tier_makes_an_agreement_in_force_from_today(self):
        contract = self._create_contract()
        self.assertFalse(contract.service_agreement_id)
        with self.at("2026-03-11 10:00:00"):
            contract.service_tier_id = self.tier
        agreement = contract.service_agreement_id
        self.assertEqual(agreement.contract_id, contract)
        self.assertEqual((agreement.state, agreement.tier_id), ("active", self.tier))
        self.assertEqual(agreement.partner_id, self.customer)
        self.assertEqual(str(agreement.date_start), "2026-03-11")
        self.assertFalse(agreement.date_end or agreement.auto_renew)
        self.assertTrue(agreement.is_billed_by_contract)

    def test_its_charges_are_the_contract_s_lines(self):
        lines = (
            {},
            {"price_unit": 30.0, "recurring_rule_type": "quarterly", "discount": 10.0},
            {"display_type": "line_note", "product_id": False, "name": "By the way"},
        )
        with self.at("2026-03-11 10:00:00"):
            contract = self._create_contract(lines=lines, service_tier_id=self.tier.id)
        agreement = contract.service_agreement_id
        first, second = agreement.line_ids
        self.assertEqual(first.name, "Care of the cinema")
        self.assertEqual(first.tax_ids, self.tax_sale_a)
        self.assertEqual((first.plan_id, first.mrr), (self.plan_monthly, 149.0))
        self.assertEqual((second.plan_id, second.mrr), (self.plan_quarterly, 9.0))
        self.assertEqual(agreement.mrr, 158.0)
        self.assertEqual(agreement.movement_ids.mapped("amount"), [158.0])
        self.assertEqual(agreement.movement_ids.kind, "new")

    def test_a_rhythm_that_the_catalogue_lacks_is_a_plan_nobody_is_offered(self):
        line = {"recurring_rule_type": "weekly", "recurring_interval": 2}
        with self.at("2026-03-11 10:00:00"):
            contract = self._create_contract(
                lines=[{**line, "recurring_invoicing_type": "post-paid"}],
                service_tier_id=self.tier.id,
            )
            again = self._create_contract(
                lines=[{**line, "recurring_invoicing_type": "post-paid"}],
                service_tier_id=self.tier.id,
            )
        plan = contract.service_agreement_id.plan_id
        self.assertEqual(plan.name, "Every 2 weeks, in arrears")
        self.assertFalse(plan.active)
        self.assertEqual(plan.timing, "arrears")
        self.assertEqual(again.service_agreement_id.plan_id, plan)

    def test_without_a_line_the_promise_waits_for_one(self):
        with self.at("2026-03-11 10:00:00"):
            contract = self._create_contract(lines=(), service_tier_id=self.tier.id)
            self.assertFalse(contract.service_agreement_id)
            self.env["contract.line"].create(
                self._prepare_contract_line("2026-03-01", contract_id=contract.id)
            )
        self.assertEqual(contract.service_agreement_id.state, "active")

    def test_the_promise_starts_with_a_contract_ahead_or_on_the_day_chosen(self):
        with self.at("2026-03-11 10:00:00"):
            ahead = self._create_contract("2026-05-01", service_tier_id=self.tier.id)
            back = self._create_contract(
                service_tier_id=self.tier.id, service_date_start="2026-02-01"
            )
        starts = (ahead | back).service_agreement_id.mapped("date_start")
        self.assertEqual([str(day) for day in starts], ["2026-05-01", "2026-02-01"])

    def test_a_template_passes_its_tier_on(self):
        template = self.env["contract.template"].create(
            {"name": "Care", "service_tier_id": self.gold.id}
        )
        with self.at("2026-03-11 10:00:00"):
            contract = self._create_contract(contract_template_id=template.id)
            self.assertEqual(contract.service_agreement_id.tier_id, self.gold)
            form = Form(
                self.env["contract.contract"],
                view="contract.contract_contract_customer_form_view",
            )
            form.name = "By hand"
            form.partner_id = self.customer
            form.contract_template_id = template
            self.assertEqual(form.service_tier_id, self.gold)
            form.service_tier_id = self.tier
            self.assertEqual(form.save().service_tier_id, self.tier)
            copied = contract.copy({"contract_template_id": False})
        self.assertFalse(copied.service_tier_id or copied.service_agreement_id)

    def test_a_contract_with_a_supplier_promises_nothing_to_a_customer(self):
        with self.assertRaisesRegex(ValidationError, "contract with a supplier"):
            self._create_contract(
                contract_type="purchase", service_tier_id=self.tier.id
            )

    def test_one_agreement_for_a_contract_says_the_database(self):
        with self.at("2026-03-11 10:00:00"):
            contract = self._create_contract(service_tier_id=self.tier.id)
        with (
            mute_logger("odoo.sql_db"),
            self.assertRaises(UniqueViolation),
            self.env.cr.savepoint(),
        ):
            self._create_active("2026-01-01").sudo().contract_id = contract

    def test_who_bills_reads_it_and_who_keeps_the_books_chooses(self):
        contract = self._create_contract()
        clerk = new_test_user(
            self.env, "clerk", groups="account.group_account_invoice,base.group_user"
        )
        keeper = new_test_user(
            self.env, "keeper", groups="account.group_account_manager,base.group_user"
        )
        with self.assertRaises(AccessError):
            contract.with_user(clerk).service_tier_id = self.tier
        with self.at("2026-03-11 10:00:00"):
            contract.with_user(keeper).service_tier_id = self.tier
        agreement = contract.service_agreement_id
        self.assertEqual(agreement.state, "active")
        read = contract.with_user(clerk)
        self.assertEqual(read.service_agreement_state, "active")
        self.assertEqual(read.service_agreement_id.tier_id.name, "Silver")
        with self.assertRaisesRegex(AccessError, "cannot be set by hand"):
            agreement.with_user(self.env.user).contract_id = False
        with self.assertRaisesRegex(AccessError, "cannot be set by hand"):
            contract.contract_line_ids.moved_on = "2026-04-01"

    def test_a_contract_that_billed_an_agreement_stays_on_record(self):
        with self.at("2026-03-11 10:00:00"):
            contract = self._create_contract(service_tier_id=self.tier.id)
            with self.assertRaisesRegex(UserError, "Archive the contract instead"):
                contract.unlink()
        self._create_contract().unlink()

    def test_from_both_sides_one_gets_to_the_other(self):
        with self.at("2026-03-11 10:00:00"):
            contract = self._create_contract(service_tier_id=self.tier.id)
        agreement = contract.service_agreement_id
        action = contract.action_view_service_agreement()
        self.assertEqual(action["res_id"], agreement.id)
        action = agreement.action_view_contract()
        self.assertEqual(action["res_id"], contract.id)
        found = agreement.search([("is_billed_by_contract", "=", True)])
        self.assertIn(agreement, found)
        self.assertEqual(agreement.contract_next_date, Date.to_date("2026-01-01"))
        self.assertEqual(agreement.contract_next_amount, 149.0)
