from decimal import Decimal

from odoo.fields import Command
from odoo.tests import tagged

from odoo.addons.service_agreement_sale.tools.sellable_price import round_up

from .common import SaleServiceCommon


@tagged("post_install", "-at_install")
class TestTierPrice(SaleServiceCommon):
    """What a tier costs on a quotation."""

    def test_a_price_is_rounded_up_to_what_one_prints(self):
        for amount, step, less, expected in (
            ("127.30", "5", "0.10", "129.90"),
            ("129.95", "10", "0.10", "139.90"),
            ("129.90", "10", "0.10", "129.90"),
            ("127.30", "0", "0", "127.30"),
            ("127.01", "1", "0", "128"),
            ("0", "10", "0.10", "0"),
        ):
            found = round_up(Decimal(amount), Decimal(step), Decimal(less))
            self.assertEqual(found, Decimal(expected), (amount, step, less))

    def test_the_price_of_the_plan(self):
        order = self._quote()
        self.assertEqual(self._get_option(order, self.tier).price_unit, 149.0)

    def test_a_share_of_the_goods(self):
        """10 % of 12,000.00 a year is 100.00 a month: the plan's price is more."""
        order = self._quote()
        gold = self._get_option(order, self.gold)
        self.assertEqual(gold.price_unit, 199.0)
        self.gold.list_price = 0.0
        order.order_line[0].product_uom_qty = 4
        # 22,000.00 / 12 = 183.33
        self.assertEqual(gold.price_unit, 189.90)

    def test_a_share_of_labour_too(self):
        self.gold.write({"list_price": 0.0, "quote_with_labour": True})
        order = self._quote()
        # 15,000.00 / 12 = 125.00
        self.assertEqual(self._get_option(order, self.gold).price_unit, 129.90)

    def test_the_share_of_a_year_has_the_discount_of_the_plan(self):
        self.gold.write({"list_price": 0.0})
        self.plan_yearly.discount = 10.0
        order = self._quote()
        gold = self._get_option(order, self.gold)
        gold.plan_id = self.plan_yearly
        # 1,200.00 less 10 %
        self.assertEqual(gold.price_unit, 1089.90)

    def test_a_price_set_by_hand_stays(self):
        order = self._quote()
        option = self._get_option(order, self.gold)
        option.price_unit = 150.0
        order.order_line[0].product_uom_qty = 20
        self.assertEqual(option.price_unit, 150.0)

    def test_what_it_would_cost_is_known_all_the_same(self):
        order = self._quote()
        option = self._get_option(order, self.gold)
        option.price_unit = 150.0
        copied = self._get_option(order.copy(), self.gold)
        self.assertEqual((copied.price_unit, copied.price_listed), (150.0, 199.0))

    def test_confirmed_the_price_stays(self):
        order = self._quote(self.gold)
        self.gold.list_price = 0.0
        self._confirm_signed(order)
        order.order_line[0].product_uom_qty = 20
        self.assertEqual(order.agreement_option_id.price_unit, 199.0)

    def test_what_is_optional_and_not_taken_is_not_sold(self):
        self.gold.list_price = 0.0
        order = self._quote()
        order.order_line[0].product_uom_qty = 0
        # 2,000.00 / 12 = 16.67
        self.assertEqual(self._get_option(order, self.gold).price_unit, 19.90)

    def test_in_the_currency_of_the_pricelist(self):
        euro = self.setup_other_currency("EUR", rates=[("2020-01-01", 2.0)])
        pricelist = self.env["product.pricelist"].create(
            {"name": "Euro", "currency_id": euro.id}
        )
        order = self._quote(self.tier, pricelist_id=pricelist.id)
        self.assertEqual(order.agreement_option_id.price_unit, 298.0)
        agreement = self._confirm_signed(order)
        self.assertEqual(agreement.currency_id, euro)
        self.assertEqual(agreement.amount_untaxed, 298.0)

    def test_taxes_are_shown_beside(self):
        option = self._get_option(self._quote(), self.tier)
        tax = 149.0 * self.tax_sale_a.amount / 100
        self.assertAlmostEqual(option.amount_total, 149.0 + tax, 2)

    def test_a_template_brings_its_tiers(self):
        template = self.env["sale.order.template"].create(
            {
                "name": "Cinema",
                "agreement_tier_ids": [Command.set((self.tier | self.gold).ids)],
                "recommended_tier_id": self.gold.id,
            }
        )
        order = self._quote(agreement_option_ids=[])
        order.sale_order_template_id = template
        order._onchange_sale_order_template_id()
        options = order.agreement_option_ids
        self.assertEqual(options.tier_id, self.tier | self.gold)
        self.assertEqual(options.filtered("is_recommended").tier_id, self.gold)
