from odoo import api, fields, models
from odoo.fields import Command


class SaleOrderTemplate(models.Model):
    _inherit = "sale.order.template"

    agreement_tier_ids = fields.Many2many(
        "service.agreement.tier",
        string="Service Tiers",
        check_company=True,
        help="Offered on quotations made of this template, for the customer to choose.",
    )
    recommended_tier_id = fields.Many2one(
        "service.agreement.tier",
        check_company=True,
        ondelete="set null",
        index="btree_not_null",
        domain="[('id', 'in', agreement_tier_ids)]",
    )

    def _prepare_agreement_options(self):
        """:return: list of values of sale.order.agreement.option"""
        self.ensure_one()
        return [
            {
                "tier_id": tier.id,
                "sequence": number,
                "is_recommended": tier == self.recommended_tier_id,
            }
            for number, tier in enumerate(self.agreement_tier_ids.sorted("rank"), 1)
        ]


class SaleOrder(models.Model):
    _inherit = "sale.order"

    @api.onchange("sale_order_template_id")
    def _onchange_sale_order_template_id(self):
        """EXTENDS 'sale_management': its tiers are offered as well."""
        result = super()._onchange_sale_order_template_id()
        template = self.sale_order_template_id
        if template.agreement_tier_ids:
            self.agreement_option_ids = [
                Command.clear(),
                *(Command.create(v) for v in template._prepare_agreement_options()),
            ]
        return result
