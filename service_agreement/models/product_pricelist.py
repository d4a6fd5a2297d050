from odoo import models


class ProductPricelist(models.Model):
    """A pricelist applied to a tier starts from the tier's price, not the product's.

    ``service_tier`` and ``service_plan`` travel in the keyword arguments that Odoo
    hands from step to step, also through pricelists based on other pricelists.
    """

    _inherit = "product.pricelist"

    # EXTENDS 'product'
    def _get_applicable_rules_domain(self, products, date, **kwargs):
        """A tier has no cost: rules that start from the cost do not concern it."""
        domain = super()._get_applicable_rules_domain(products, date, **kwargs)
        if not kwargs.get("service_tier"):
            return domain
        return [
            *domain,
            "|",
            ("compute_price", "!=", "formula"),
            ("base", "!=", "standard_price"),
        ]
