from odoo import api, fields, models
from odoo.fields import Domain


class ResPartner(models.Model):
    _inherit = "res.partner"

    service_agreement_ids = fields.One2many(
        "service.agreement",
        "commercial_partner_id",
        string="Agreements of the Company",
        groups="service_agreement.group_user",
    )
    agreement_count = fields.Integer(
        string="Agreements",
        compute="_compute_agreement_summary",
        groups="service_agreement.group_user",
        help="In force or suspended, of the whole company tree.",
    )
    agreement_tier_id = fields.Many2one(
        "service.agreement.tier",
        string="Service Tier",
        compute="_compute_agreement_summary",
        search="_search_agreement_tier_id",
        groups="service_agreement.group_user",
        help="The best tier in force in the company tree.",
    )
    agreement_tier_color = fields.Integer(
        related="agreement_tier_id.color", groups="service_agreement.group_user"
    )
    agreement_mrr = fields.Monetary(
        string="Monthly Service Revenue",
        compute="_compute_agreement_summary",
        currency_field="currency_id",
        groups="service_agreement.group_user",
    )
    agreement_arr = fields.Monetary(
        string="Yearly Service Revenue",
        compute="_compute_agreement_summary",
        currency_field="currency_id",
        groups="service_agreement.group_user",
        help="Twelve times the monthly revenue.",
    )
    agreement_invoice_together = fields.Boolean(
        string="One Invoice for All Agreements",
        company_dependent=True,
        help="Service agreements that fall due on the same day, on the same terms, are "
        "billed on one invoice.",
    )
    service_free_work = fields.Selection(
        [("show", "Shown on invoices"), ("hide", "Not shown")],
        string="Free Work",
        company_dependent=True,
        help="Courtesy and warranty at full price, with 100 % off. Empty: what the "
        "settings say.",
    )
    agreement_missing = fields.Boolean(
        compute="_compute_agreement_summary",
        search="_search_agreement_missing",
        groups="service_agreement.group_user",
        help="A customer whom nothing covers: service is free or argued over.",
    )

    @api.depends_context("company")
    def _compute_agreement_summary(self):
        """Over the whole company tree: a contact's own, and those below him.

        A contact shows what covers his company; a company what covers any of its
        addresses and subsidiaries.
        """
        trees = self._get_agreement_trees()
        # Sudo: a colleague's customer is covered, too.
        covering = self.env["service.agreement"].sudo()
        covering = covering.search(
            [
                ("state", "in", ("active", "suspended")),
                ("partner_id", "in", list({i for ids in trees.values() for i in ids})),
                ("company_id", "in", self.env.companies.ids),
            ]
        )
        agreements = covering.sudo(self.env.su)._filtered_access("read")
        today = self.env.company._service_today()
        for partner in self:
            tree = trees.get(partner._origin.id, set())
            own = agreements.filtered(lambda a, t=tree: a.partner_id.id in t)
            is_covered = any(a.partner_id.id in tree for a in covering)
            partner.agreement_count = len(own)
            partner.agreement_tier_id = own._get_best_tier()
            partner.agreement_mrr = sum(
                a._get_mrr_in(self.env.company.currency_id, today) for a in own
            )
            partner.agreement_arr = 12 * partner.agreement_mrr
            partner.agreement_missing = (
                not is_covered and partner._is_service_customer()
            )

    def _get_agreement_trees(self):
        """:return: {partner id: ids of the company tree it stands for}, few queries"""
        tops = self.commercial_partner_id._origin
        members = self.with_context(active_test=False).search_fetch(
            [("id", "child_of", tops.ids)], ["parent_id"]
        )
        trees = {partner.id: {partner.id} for partner in members}
        for member in members:
            parent = member.parent_id
            while parent:
                trees.get(parent.id, set()).add(member.id)
                parent = parent.parent_id
        return {
            partner._origin.id: trees.get(
                partner.commercial_partner_id._origin.id, set()
            )
            for partner in self
        }

    def _is_service_customer(self):
        self.ensure_one()
        return bool(self.commercial_partner_id.customer_rank)

    def _search_agreement_tier_id(self, operator, value):
        if operator == "any":
            # What a name typed into the search box becomes.
            tier = Domain("tier_id", "any", value)
            return Domain("id", "in", self._get_covered_partner_ids(tier))
        if operator != "in":
            return NotImplemented
        tier = Domain("tier_id", "in", [v for v in value if v])
        found = Domain("id", "in", self._get_covered_partner_ids(tier))
        if False in value:
            found |= ~Domain("id", "in", self._get_covered_partner_ids(Domain.TRUE))
        return found

    def _search_agreement_missing(self, operator, value):
        if operator != "in":
            return NotImplemented
        covered = Domain("id", "in", self._get_covered_partner_ids(Domain.TRUE))
        missing = ~covered & Domain("commercial_partner_id.customer_rank", ">", 0)
        return missing if True in value else ~missing

    @api.model
    def _get_covered_partner_ids(self, domain):
        agreements = self.env["service.agreement"].search(
            domain & Domain("state", "in", ("active", "suspended"))
        )
        tops = agreements.commercial_partner_id
        return self.search([("commercial_partner_id", "in", tops.ids)]).ids

    def action_view_agreements(self):
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "service_agreement.action_service_agreement"
        )
        tree = self._get_agreement_trees()[self.id]
        return dict(
            action,
            domain=[("partner_id", "in", list(tree))],
            context={"default_partner_id": self.id, "search_default_running": 0},
        )

    def action_view_agreement_movements(self):
        """How the recurring revenue of this customer's company tree came about."""
        self.ensure_one()
        tree = self._get_agreement_trees()[self.id]
        return self.env["service.agreement.movement"]._get_list_action(
            [("agreement_id.partner_id", "in", list(tree))]
        )

    def action_new_agreement(self):
        """Start an agreement for this customer, from the banner of his form."""
        self.ensure_one()
        return {
            "name": self.env._("New Agreement"),
            "type": "ir.actions.act_window",
            "res_model": "service.agreement",
            "view_mode": "form",
            "context": {"default_partner_id": self.id},
        }

    def _shows_free_work(self, company):
        """:return: bool, whether invoices of ``company`` show what was free"""
        customer = self.commercial_partner_id.with_company(company)
        if choice := customer.service_free_work:
            return choice == "show"
        return company.sudo().service_show_free_work
