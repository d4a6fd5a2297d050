from odoo import models


class ProductPricelistItem(models.Model):
    _inherit = "product.pricelist.item"

    # EXTENDS 'product'
    def _compute_price(self, *args, **kwargs):
        """A fixed price is a month's, as the price of a tier is."""
        plan = kwargs.get("service_plan")
        if plan and self.compute_price == "fixed":
            return plan._per_period(self.fixed_price)
        return super()._compute_price(*args, **kwargs)

    # EXTENDS 'product'
    def _compute_base_price(self, product, quantity, uom, date, currency, **kwargs):
        """For a tier, its price under the plan."""
        tier, plan = kwargs.get("service_tier"), kwargs.get("service_plan")
        if not tier or self.base == "pricelist":
            return super()._compute_base_price(
                product, quantity, uom, date, currency, **kwargs
            )
        return tier.currency_id._convert(
            tier._get_price(plan), currency, self.env.company, date, round=False
        )
