from odoo import api, fields, models


class ServiceAgreementLine(models.Model):
    """What a charge costs, which taxes it bears, and where its revenue counts.

    All three come from product, customer and pricelist and can be overwritten; they
    stay as they are once the agreement was offered.
    """

    _name = "service.agreement.line"
    _inherit = ["service.agreement.line", "analytic.mixin"]

    price_listed = fields.Monetary(
        compute="_compute_price_unit",
        store=True,
        readonly=False,
        precompute=True,
        help="What the pricelist said: a unit price that differs was typed, and stays.",
    )

    def _keeps_terms(self):
        """Whether price and taxes were offered to the customer."""
        self.ensure_one()
        return bool(self._origin.id) and self.agreement_id._is_agreed()

    @api.depends(
        "product_id",
        "quantity",
        "agreement_id.company_id",
        "agreement_id.pricelist_id",
        "agreement_id.currency_id",
        "agreement_id.fiscal_position_id",
    )
    def _compute_price_unit(self):
        for line in self:
            if line._keeps_terms() or not line._has_listed_price():
                line.price_unit = line.price_unit
                line.price_listed = line.price_listed
                continue
            line.price_unit = line.price_listed = line._get_listed_price()

    def _has_listed_price(self):
        """Whether nobody typed a price over the pricelist's."""
        self.ensure_one()
        currency = self.currency_id or self.env.company.currency_id
        typed = currency.compare_amounts(self.price_unit, self.price_listed)
        return bool(self.product_id) and not typed

    def _get_listed_price(self):
        """:return: float, per unit, in the agreement's currency"""
        self.ensure_one()
        agreement = self.agreement_id
        if self.is_suggested:
            return agreement._get_tier_price(
                agreement.tier_id, agreement.plan_id, self.quantity
            )
        return agreement._get_listed_price(self.product_id, self.quantity)

    @api.depends(
        "product_id", "agreement_id.company_id", "agreement_id.fiscal_position_id"
    )
    def _compute_tax_ids(self):
        mapped = {}
        for line in self:
            if line._keeps_terms():
                line.tax_ids = line.tax_ids
                continue
            company = line.agreement_id.company_id or self.env.company
            position = line.agreement_id.fiscal_position_id
            taxes = line.product_id.taxes_id._filter_taxes_by_company(company)
            key = position, taxes
            if key not in mapped:
                mapped[key] = position.map_tax(taxes)
            line.tax_ids = mapped[key]

    @api.depends("product_id", "agreement_id.partner_id")
    def _compute_analytic_distribution(self):
        found = {}
        for line in self.filtered(lambda ln: not ln._keeps_terms()):
            partner = line.agreement_id.partner_id
            company = line.agreement_id.company_id
            key = line.product_id, partner, company
            if key not in found:
                found[key] = self._find_distribution(*key)
            line.analytic_distribution = found[key] or line.analytic_distribution

    @api.model
    def _find_distribution(self, product, partner, company):
        """:return: dict {ids of analytic accounts: percent} of the models that fit"""
        return self.env["account.analytic.distribution.model"]._get_distribution(
            {
                "product_id": product.id,
                "product_categ_id": product.categ_id.id,
                "partner_id": partner.id,
                "partner_category_id": partner.category_id.ids,
                "company_id": company.id,
            }
        )

    def _prepare_analytic_values(self):
        """:return: for the ``account.move.line``; empty where Odoo's models decide"""
        self.ensure_one()
        if not self.analytic_distribution:
            return {}
        return {"analytic_distribution": self.analytic_distribution}
