from odoo.exceptions import AccessError
from odoo.tests import Form, new_test_user, tagged
from odoo.tools import mute_logger

from .common import ORDERED, SaleServiceCommon


@tagged("post_install", "-at_install")
class TestAccess(SaleServiceCommon):
    """Who may do what with the tiers of a quotation."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.salesman = new_test_user(
            cls.env,
            login="sam",
            groups="sales_team.group_sale_salesman",
            company_id=cls.company.id,
            company_ids=[(6, 0, cls.company.ids)],
        )
        cls.employee = new_test_user(
            cls.env,
            login="emil",
            groups="base.group_user",
            company_id=cls.company.id,
            company_ids=[(6, 0, cls.company.ids)],
        )
        cls.order = cls._quote(cls.tier, user_id=cls.salesman.id)
        cls.foreign = cls._quote(cls.tier)
        cls.env.flush_all()
        cls.env.invalidate_all()

    def test_a_salesman_without_the_service_app_sells_it(self):
        order = self.order.with_user(self.salesman)
        option = order.agreement_option_ids[1]
        option.write({"is_chosen": True, "price_unit": 180.0})
        self.assertIn("180.00", order.agreement_summary)
        self.assertTrue(option.amount_total)
        with self.at(ORDERED):
            order.action_confirm()
        self.assertEqual(self.order.agreement_ids.amount_untaxed, 180.0)
        self.assertEqual(order.agreement_count, 1)

    @mute_logger("odoo.addons.base.models.ir_rule")
    def test_he_sees_no_others(self):
        option = self.foreign.agreement_option_ids[:1].with_user(self.salesman)
        with self.assertRaises(AccessError):
            option.read(["price_unit"])

    def test_he_does_not_change_the_catalogue(self):
        with self.assertRaises(AccessError):
            self.tier.with_user(self.salesman).quote_percent = 1.0

    def test_who_does_not_sell_reads_nothing(self):
        options = self.env["sale.order.agreement.option"].with_user(self.employee)
        with self.assertRaises(AccessError):
            options.search([])

    def test_whoever_may_read_the_order_opens_and_prints_it(self):
        self._confirm_signed(self.order)
        for group in (
            "account.group_account_readonly",
            "account.group_account_invoice",
            "project.group_project_user",
            "sales_team.group_sale_salesman",
        ):
            user = new_test_user(
                self.env,
                login=group,
                groups=group,
                company_id=self.company.id,
                company_ids=[(6, 0, self.company.ids)],
            )
            self.order.user_id = user
            self.env.flush_all()
            self.env.invalidate_all()
            order = self.order.with_user(user)
            with self.subTest(group):
                ours = [
                    name
                    for name in order.fields_get()
                    if order._fields[name]._module == "service_agreement_sale"
                ]
                values = order.web_read({name: {} for name in ours})[0]
                self.assertIn("149.00", values["agreement_summary"])
                # Odoo's own form opens for no one who knows projects alone.
                if group != "project.group_project_user":
                    Form(order)
                report = self.env["ir.actions.report"].with_user(user)
                page, _type = report._render_qweb_html(
                    "sale.action_report_saleorder", order.ids
                )
                self.assertIn(b"149.00", page)

    def test_he_starts_no_service_of_others(self):
        with self.assertRaises(AccessError):
            self.foreign.with_user(self.salesman).action_start_service()

    def test_he_makes_no_proposal(self):
        with self.assertRaises(AccessError):
            self.order.with_user(self.salesman).action_make_proposal()

    def test_another_company_sees_nothing(self):
        other = self.env["res.company"].create({"name": "Elsewhere"})
        manager = new_test_user(
            self.env,
            login="mona",
            groups="sales_team.group_sale_manager",
            company_id=other.id,
            company_ids=[(6, 0, other.ids)],
        )
        options = self.env["sale.order.agreement.option"].with_user(manager)
        self.assertFalse(options.search([]))
