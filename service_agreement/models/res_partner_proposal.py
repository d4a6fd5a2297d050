from odoo import fields, models


class ResPartner(models.Model):
    """What a customer was offered."""

    _inherit = "res.partner"

    proposal_count = fields.Integer(
        compute="_compute_proposal_count", groups="service_agreement.group_user"
    )

    def _compute_proposal_count(self):
        customers = self.commercial_partner_id
        counts = dict(
            self.env["service.agreement.proposal"]._read_group(
                [("commercial_partner_id", "in", customers.ids)],
                ["commercial_partner_id"],
                ["__count"],
            )
        )
        for partner in self:
            customer = partner.commercial_partner_id._origin
            partner.proposal_count = counts.get(customer, 0)

    def action_new_proposal(self):
        """Offer the tiers to this customer, side by side."""
        self.ensure_one()
        contact = self._get_proposal_contact()
        return self.env["service.agreement.proposal"]._get_new_action(
            partner_id=contact
        )

    def _may_be_proposed_to(self, company):
        """:return: bool, whether who asks may see a proposal to this customer"""
        self.ensure_one()
        user = self.env.user
        # Sudo: whoever sells need not see the settings.
        own_only = company.sudo().service_own_customers
        if not own_only or user._is_superuser():
            return True
        if user.has_group("service_agreement.group_manager"):
            return True
        return self.user_id in (self.env["res.users"], user)

    def _get_proposal_contact(self):
        """:return: res.partner who is written to, where a house has no email"""
        self.ensure_one()
        if self.email:
            return self
        return self.child_ids.filtered("email")[:1] or self

    def action_view_proposals(self):
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "service_agreement.action_service_agreement_proposal"
        )
        customer = self.commercial_partner_id
        return dict(
            action,
            domain=[("commercial_partner_id", "=", customer.id)],
            context={"default_partner_id": self.id},
        )


class ServiceAgreement(models.Model):
    _inherit = "service.agreement"

    proposal_ids = fields.One2many(
        "service.agreement.proposal",
        "agreement_id",
        string="Proposals",
        groups="service_agreement.group_user",
    )

    def action_view_proposal(self):
        """The proposal that it was accepted from."""
        self.ensure_one()
        return self.proposal_ids[:1].get_formview_action()


class ServiceAgreementTier(models.Model):
    _inherit = "service.agreement.tier"

    def action_new_proposal(self):
        """Offer it beside the other tiers, and recommend it."""
        self.ensure_one()
        proposals = self.env["service.agreement.proposal"]
        return proposals._get_new_action(recommended_tier_id=self)
