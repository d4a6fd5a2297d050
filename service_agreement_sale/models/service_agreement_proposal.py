from odoo import api, fields, models


class ServiceAgreementProposal(models.Model):
    """A proposal made of a quotation: its tiers, at its prices."""

    _inherit = "service.agreement.proposal"

    sale_order_id = fields.Many2one(
        "sale.order",
        readonly=True,
        copy=False,
        index="btree_not_null",
        check_company=True,
        ondelete="restrict",
        groups="sales_team.group_sale_salesman",
    )

    @api.model
    def _get_facts(self):
        """EXTENDS: the quotation it was made of."""
        return (*super()._get_facts(), "sale_order_id")

    def _why_not_open(self):
        """EXTENDS: the service was agreed with the order meanwhile."""
        self.ensure_one()
        # Sudo: the customer who answers may not read agreements of the order.
        agreed = self.sudo().sale_order_id.agreement_ids
        if self.state == "sent" and agreed.filtered(lambda a: not a.end_reason):
            return self.env._("You have chosen your service with your order already.")
        return super()._why_not_open()

    def _prepare_new_version_values(self):
        """EXTENDS: of the same quotation."""
        values = super()._prepare_new_version_values()
        return {**values, "sale_order_id": self.sudo().sale_order_id.id}

    def _after_accept(self):
        """EXTENDS: the order knows its agreement, and makes no second one."""
        result = super()._after_accept()
        # Sudo: the customer signs; where it came from is a fact.
        proposal = self.sudo()
        proposal.agreement_id.sale_order_id = proposal.sale_order_id
        return result

    def action_view_sale_order(self):
        self.ensure_one()
        return self.sale_order_id.get_formview_action()


class ServiceAgreementProposalOption(models.Model):
    _inherit = "service.agreement.proposal.option"

    def _find_price(self, base, plan, quantity):
        """EXTENDS: as on the quotation it was made of."""
        self.ensure_one()
        # Sudo: prices of the quotation, also for who may not read that.
        order = self.sudo().proposal_id.sale_order_id
        if not order:
            return super()._find_price(base, plan, quantity)
        tier = self.sudo().tier_id
        option = order.agreement_option_ids.filtered(
            lambda o: o.tier_id == tier and o.plan_id == plan
        )
        return option.price_unit if option else order._find_tier_price(tier, plan)
