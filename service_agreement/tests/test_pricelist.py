from odoo.fields import Command
from odoo.tests import Form, tagged

from .common import ServiceAgreementCommon


@tagged("post_install", "-at_install")
class TestPricelist(ServiceAgreementCommon):
    """What a pricelist makes of the price of a tier, and of other products."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env.ref("base.group_user")._apply_group(
            cls.env.ref("product.group_product_pricelist")
        )
        cls.plan_yearly.discount = 10.0
        cls.sensor = cls.env["product.product"].create(
            {"name": "Sensor check", "type": "service", "list_price": 20.0}
        )

    @classmethod
    def _create_pricelist(cls, *rules, **values):
        return cls.env["product.pricelist"].create(
            {
                "name": "Dealers",
                "currency_id": cls.company.currency_id.id,
                "item_ids": [Command.create(rule) for rule in rules],
                **values,
            }
        )

    def _get_price(self, *rules, plan=None, **values):
        pricelist = self._create_pricelist(*rules, **values)
        agreement = self._create_agreement(
            "2026-03-01", plan, pricelist_id=pricelist.id
        )
        return agreement.line_ids.price_unit

    def test_without_a_rule_the_tier_s_price_stays(self):
        other = self.env["product.product"].create({"name": "Something else"})
        rule = {"compute_price": "percentage", "percent_price": 50}
        self.assertEqual(self._get_price(), 149.0)
        self.assertEqual(self._get_price({**rule, "product_id": other.id}), 149.0)

    def test_a_percentage_is_taken_off_the_price_of_tier_and_plan(self):
        rule = {"compute_price": "percentage", "percent_price": 20}
        self.assertEqual(self._get_price(rule), 119.20)
        yearly = self.tier._get_price(self.plan_yearly)
        self.assertEqual(
            self._get_price(rule, plan=self.plan_yearly), round(yearly * 0.8, 2)
        )

    def test_a_fixed_price_is_a_month_s(self):
        rule = {
            "compute_price": "fixed",
            "fixed_price": 100,
            "product_id": self.product.id,
        }
        self.assertEqual(self._get_price(rule), 100.0)
        self.assertEqual(
            self._get_price(rule, plan=self.plan_yearly),
            1080.0,
            "twelve months less the plan's 10 %, not a year for the price of a month",
        )

    def test_a_formula_starts_from_the_tier_s_price(self):
        formula = {"compute_price": "formula", "base": "list_price"}
        for rule, price in (
            ({"price_discount": 10}, 134.10),
            ({"price_discount": 10, "price_round": 5}, 135.0),
            (
                {"price_discount": 10, "price_round": 5, "price_surcharge": -0.01},
                134.99,
            ),
            ({"price_discount": 50, "price_min_margin": -50}, 99.0),
            ({"price_surcharge": 50, "price_max_margin": 20}, 169.0),
        ):
            with self.subTest(rule=rule):
                self.assertEqual(self._get_price({**formula, **rule}), price)

    def test_a_rule_on_the_cost_does_not_concern_a_tier(self):
        rule = {
            "compute_price": "formula",
            "base": "standard_price",
            "price_markup": 30,
        }
        self.assertEqual(self._get_price(rule), 149.0, "the product's cost is 0")

    def test_a_pricelist_on_a_pricelist(self):
        eur = self.setup_other_currency("EUR", rates=[("1900-01-01", 2.0)])
        dealers = self._create_pricelist(
            {"compute_price": "percentage", "percent_price": 20}
        )
        rule = {
            "compute_price": "formula",
            "base": "pricelist",
            "base_pricelist_id": dealers.id,
            "price_discount": 50,
        }
        self.assertEqual(self._get_price(rule), 59.60)
        self.assertEqual(self._get_price(rule, currency_id=eur.id), 119.20)

    def test_a_rule_from_a_quantity_on(self):
        pricelist = self._create_pricelist(
            {"compute_price": "percentage", "percent_price": 20, "min_quantity": 10}
        )
        agreement = self._create_agreement("2026-03-01", pricelist_id=pricelist.id)
        line = agreement.line_ids
        self.assertEqual(line.price_unit, 149.0)
        line.quantity = 10
        self.assertEqual(line.price_unit, 119.20)
        line.price_unit = 111
        line.quantity = 5
        self.assertEqual(line.price_unit, 111, "who typed a price keeps it")

    def test_an_added_product_has_the_pricelist_s_price(self):
        pricelist = self._create_pricelist(
            {"compute_price": "percentage", "percent_price": 50}
        )
        agreement = self._create_agreement("2026-03-01", pricelist_id=pricelist.id)
        with Form(agreement) as form, form.line_ids.new() as line:
            line.product_id = self.sensor
            self.assertEqual(line.price_unit, 10.0)
        self.assertEqual(agreement.amount_untaxed, 74.50 + 10.0)
        agreement.pricelist_id = False
        self.assertEqual(agreement.amount_untaxed, 149.0 + 20.0)

    def test_the_customer_s_pricelist_brings_its_currency(self):
        eur = self.setup_other_currency("EUR", rates=[("1900-01-01", 2.0)])
        pricelist = self._create_pricelist(currency_id=eur.id)
        self.customer.property_product_pricelist = pricelist
        agreement = self._create_active("2026-03-01")
        self.assertEqual(agreement.pricelist_id, pricelist)
        self.assertEqual(agreement.currency_id, eur)
        self.assertEqual(agreement.line_ids.price_unit, 298.0)
        move = self._bill("2026-03-01")
        self.assertEqual(move.currency_id, eur)
        self.assertEqual(move.amount_untaxed, 298.0)
        income = move.invoice_line_ids
        self.assertEqual((income.amount_currency, income.balance), (-298.0, -149.0))
        self.assertEqual(agreement.period_ids.amount, 298.0)

    def test_an_agreement_keeps_the_price_it_was_offered_at(self):
        rule = {"compute_price": "percentage", "percent_price": 20}
        pricelist = self._create_pricelist(rule)
        agreements = self._create_agreement("2026-03-01", pricelist_id=pricelist.id)
        agreements |= self._create_active("2026-03-01", pricelist_id=pricelist.id)
        agreements[0]._propose()
        pricelist.item_ids.percent_price = 50
        self.customer.property_product_pricelist = self._create_pricelist()
        self.customer.country_id = self.env.ref("base.be")
        agreements.sudo().line_ids.quantity = 2
        self.env.add_to_compute(agreements._fields["pricelist_id"], agreements)
        self.assertEqual(agreements.pricelist_id, pricelist)
        self.assertEqual(agreements.line_ids.mapped("price_unit"), [119.20, 119.20])

    def test_a_price_that_includes_taxes_follows_the_fiscal_position(self):
        """119 with 19 % in it are 121 with 21 % in it."""
        tax_19, tax_21 = self.env["account.tax"].create(
            [
                {
                    "name": f"{percent} % included",
                    "amount": percent,
                    "price_include_override": "tax_included",
                }
                for percent in (19, 21)
            ]
        )
        abroad = self.env["account.fiscal.position"].create({"name": "Abroad"})
        tax_21.fiscal_position_ids = abroad
        tax_21.original_tax_ids = tax_19
        self.product.taxes_id = tax_19
        tier = self._create_tier("Gold", 119.0, 30)
        agreement = self._create_agreement("2026-03-01", tier_id=tier.id)
        self.assertEqual(agreement.line_ids.price_unit, 119.0)
        agreement.fiscal_position_id = abroad
        self.assertEqual(agreement.line_ids.tax_ids, tax_21)
        self.assertEqual(agreement.line_ids.price_unit, 121.0)
        self.assertEqual(agreement.amount_untaxed, 100.0)
