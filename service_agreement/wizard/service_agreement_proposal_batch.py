from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Command, Domain

from ..models.service_evidence import Evidence


class ServiceAgreementProposalBatch(models.TransientModel):
    """Offer the same tiers to several customers, each with a proposal of his own.

    How it works: every company among the chosen customers gets one proposal, or a line
    that says why not. Sending goes on behind those that cannot be sent.
    """

    _name = "service.agreement.proposal.batch"
    _description = "Propose to Several Customers"

    company_id = fields.Many2one(
        "res.company", required=True, default=lambda self: self.env.company
    )
    partner_ids = fields.Many2many("res.partner", string="Customers")
    tier_ids = fields.Many2many(
        "service.agreement.tier",
        string="Tiers",
        required=True,
        default=lambda self: self._default_tier_ids(),
        domain="[('company_id', 'in', (False, company_id))]",
    )
    recommended_tier_id = fields.Many2one(
        "service.agreement.tier",
        string="Recommended",
        domain="[('id', 'in', tier_ids)]",
        help="Empty: the middle one.",
    )
    recommends_by_calls = fields.Boolean(
        string="Recommend by Calls",
        help="To each the lowest tier that would have covered nearly all that one can "
        "of his calls of the last 12 months.",
    )
    plan_ids = fields.Many2many(
        "service.agreement.plan",
        string="Billing Plans",
        domain="[('company_id', 'in', (False, company_id))]",
        help="Empty: all that the tiers have.",
    )
    validity_date = fields.Date(
        string="Valid Until",
        required=True,
        default=lambda self: self._default_validity_date(),
    )
    user_id = fields.Many2one(
        "res.users",
        string="Salesperson",
        domain="[('share', '=', False)]",
        help="Empty: each customer's own.",
    )
    introduction = fields.Html(string="Message to the Customers")
    is_sent = fields.Boolean(string="Send Them Now", default=True)
    includes_covered = fields.Boolean(
        string="Also Those With an Agreement",
        help="Otherwise who has one in force is left out.",
    )
    state = fields.Selection(
        [("choose", "Choose"), ("done", "Done")], default="choose", readonly=True
    )
    line_ids = fields.One2many(
        "service.agreement.proposal.batch.line", "batch_id", readonly=True
    )

    @api.model
    def default_get(self, fields):
        """Called from the list of customers or of clients: those that are ticked."""
        values = super().default_get(fields)
        model, ids = map(self.env.context.get, ("active_model", "active_ids"))
        if model == "res.partner" and ids:
            values["partner_ids"] = [Command.set(ids)]
        if model == "service.agreement.register" and ids:
            rows = self.env[model].browse(ids)
            values["partner_ids"] = [Command.set(rows.partner_id.ids)]
            values["recommends_by_calls"] = True
        return values

    @api.model
    def _default_tier_ids(self):
        companies = [False, self.env.company.id]
        tiers = self.env["service.agreement.tier"]
        return tiers.search([("company_id", "in", companies)])

    @api.model
    def _default_validity_date(self):
        company = self.env.company
        days = company.sudo().proposal_valid_days
        return fields.Date.add(company._service_today(), days=days)

    def action_propose(self):
        """Make a proposal for every customer that one can be made for."""
        self.ensure_one()
        if not self.partner_ids:
            raise UserError(self.env._("Choose at least one customer."))
        # Clicked twice: what is done stays as it is.
        if self.state == "choose":
            reasons = self._get_reasons()
            chosen = self.partner_ids - self.env["res.partner"].union(*reasons)
            suited = self._find_suited(chosen)
            proposals = self.env["service.agreement.proposal"].create(
                [
                    self._prepare_proposal_values(partner, suited.get(partner))
                    for partner in chosen
                ]
            )
            if self.is_sent:
                proposals._send_by_mail()
            self._note_result(proposals, reasons)
        return self._get_result_action()

    def _get_reasons(self):
        """:return: {res.partner: why there is no proposal for him}"""
        reasons, seen = {}, self.env["res.partner"]
        covered, offered = self._get_covered(), self._get_offered()
        for partner in self.partner_ids:
            customer = partner.commercial_partner_id
            if reason := self._why_not_propose(partner, seen, covered, offered):
                reasons[partner] = reason
            else:
                seen |= customer
        return reasons

    def _why_not_propose(self, partner, seen, covered, offered):
        """
        :param seen: res.partner, the companies that get one already
        :param covered: those with an agreement
        :param offered: those with an open proposal
        """
        customer = partner.commercial_partner_id
        if partner.company_id and partner.company_id != self.company_id:
            return self.env._("Belongs to another company of ours.")
        if not customer._may_be_proposed_to(self.company_id):
            return self.env._("%s looks after this customer.", customer.user_id.name)
        if customer in seen:
            return self.env._("Somebody else of the same company gets it.")
        if customer in covered and not self.includes_covered:
            return self.env._("Has an agreement.")
        if customer in offered:
            return self.env._("Has an open proposal.")
        if self.is_sent and not partner._get_proposal_contact().email:
            return self.env._("Nobody there has an email address.")
        return None

    def _get_customers_domain(self):
        customers = self.partner_ids.commercial_partner_id
        return Domain("commercial_partner_id", "in", customers.ids) & Domain(
            "company_id", "=", self.company_id.id
        )

    def _get_covered(self):
        in_force = Domain("state", "in", ("proposed", "active", "suspended"))
        # Sudo: also what is a colleague's.
        agreements = self.env["service.agreement"].sudo()
        found = agreements.search(self._get_customers_domain() & in_force)
        return found.commercial_partner_id.sudo(self.env.su)

    def _get_offered(self):
        open_ones = Domain("state", "=", "sent") & Domain("is_expired", "=", False)
        # Sudo: as above.
        proposals = self.env["service.agreement.proposal"].sudo()
        found = proposals.search(self._get_customers_domain() & open_ones)
        return found.commercial_partner_id.sudo(self.env.su)

    def _find_suited(self, partners):
        """:return: dict of service.agreement.tier that suit best, by partner"""
        if not self.recommends_by_calls:
            return {}
        customers = partners.commercial_partner_id
        evidence = Evidence(self.company_id, customers)
        evidence.tiers &= self.tier_ids.with_env(evidence.env)
        return {
            partner: evidence.find_tier(
                partner.commercial_partner_id.with_env(evidence.env)
            )
            for partner in partners
        }

    def _prepare_proposal_values(self, partner, suited=None):
        """
        :param service.agreement.tier suited: recommended to him; empty: as to all
        :return: values of the service.agreement.proposal of this customer
        """
        self.ensure_one()
        values = {
            "company_id": self.company_id.id,
            "partner_id": partner._get_proposal_contact().id,
            "validity_date": self.validity_date,
            "introduction": self.introduction,
            "option_ids": [
                Command.create({"tier_id": tier.id, "sequence": number})
                for number, tier in enumerate(self.tier_ids.sorted("rank"), 1)
            ],
        }
        if recommended := suited or self.recommended_tier_id:
            values["recommended_tier_id"] = recommended.id
        if self.plan_ids:
            values["plan_ids"] = [Command.set(self.plan_ids.ids)]
        if self.user_id:
            values["user_id"] = self.user_id.id
        return values

    def _note_result(self, proposals, reasons):
        self.write(
            {
                "state": "done",
                "line_ids": [
                    Command.create(
                        {"partner_id": each.partner_id.id, "proposal_id": each.id}
                    )
                    for each in proposals
                ]
                + [
                    Command.create({"partner_id": partner.id, "reason": reason})
                    for partner, reason in reasons.items()
                ],
            }
        )

    def _get_result_action(self):
        self.ensure_one()
        return {
            "name": self.env._("Proposals Made"),
            "type": "ir.actions.act_window",
            "res_model": self._name,
            "res_id": self.id,
            "views": [(False, "form")],
            "target": "new",
        }

    def action_view_proposals(self):
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "service_agreement.action_service_agreement_proposal"
        )
        return dict(action, domain=[("id", "in", self.line_ids.proposal_id.ids)])


class ServiceAgreementProposalBatchLine(models.TransientModel):
    _name = "service.agreement.proposal.batch.line"
    _description = "Customer of a Batch of Proposals"
    _order = "proposal_id NULLS LAST, id"

    batch_id = fields.Many2one(
        "service.agreement.proposal.batch",
        required=True,
        index=True,
        ondelete="cascade",
    )
    partner_id = fields.Many2one(
        "res.partner", string="Customer", required=True, index=True, ondelete="cascade"
    )
    proposal_id = fields.Many2one(
        "service.agreement.proposal", index=True, ondelete="cascade"
    )
    reason = fields.Char(string="Left Out Because")
