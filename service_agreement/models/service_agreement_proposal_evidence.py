from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import format_amount, format_date

from .service_evidence import Evidence


class ServiceAgreementProposal(models.Model):
    """Why the customer should want one: his own calls of the last 12 months.

    Worked out when a proposal is made, by the engine that decides who pays, and kept as
    it was found; who offers may leave it out.
    """

    _inherit = "service.agreement.proposal"

    evidence = fields.Json(
        readonly=True,
        copy=False,
        groups="service_agreement.group_user",
        export_string_translation=False,
        help="See service_evidence.Evidence.get_values.",
    )
    evidence_on = fields.Date(
        string="As Of",
        readonly=True,
        copy=False,
        groups="service_agreement.group_user",
    )
    evidence_text = fields.Char(
        string="His Calls",
        compute="_compute_evidence_text",
        groups="service_agreement.group_user",
        help="As the customer reads it on the page.",
    )
    evidence_unanswered = fields.Monetary(
        compute="_compute_evidence_text",
        currency_field="company_currency_id",
        groups="service_agreement.group_user",
    )
    company_currency_id = fields.Many2one(
        related="company_id.currency_id", string="Company Currency"
    )
    shows_evidence = fields.Boolean(
        string="Show Him His Calls",
        default=True,
        help="What he called for in the last 12 months, what of it was on us, and what "
        "the tiers would have covered.",
    )

    @api.depends("evidence", "recommended_tier_id")
    def _compute_evidence_text(self):
        for proposal in self:
            evidence = proposal.evidence or {}
            proposal.evidence_text = " ".join(proposal._describe_evidence())
            proposal.evidence_unanswered = evidence.get("unanswered", 0.0)

    @api.model_create_multi
    def create(self, vals_list):
        proposals = super().create(vals_list)
        proposals._gather_evidence()
        return proposals

    def write(self, vals):
        result = super().write(vals)
        if {"partner_id", "company_id"} & vals.keys():
            self._gather_evidence()
        return result

    def _gather_evidence(self):
        """Sudo: a fact, made of work that who offers need not be able to read; but of
        a colleague's customer he learns nothing where the company says so.
        """
        for company, proposals in self.grouped("company_id").items():
            evidence = Evidence(company, proposals.commercial_partner_id)
            for proposal in proposals.sudo():
                customer = proposal.commercial_partner_id
                is_ours = customer._may_be_proposed_to(company)
                proposal.evidence = is_ours and evidence.get_values(customer)
                proposal.evidence_on = is_ours and evidence.until

    def action_gather_evidence(self):
        """Look at his calls again, as of today."""
        self.check_access("write")
        self._ensure_draft()
        for proposal in self:
            customer = proposal.commercial_partner_id
            if not customer._may_be_proposed_to(proposal.company_id):
                raise UserError(
                    self.env._("%s looks after this customer.", customer.user_id.name)
                )
        self._gather_evidence()

    # In the customer's words

    def _describe_evidence(self):
        """:return: list of str, sentences of what is known of his calls"""
        self.ensure_one()
        evidence = self.evidence
        if not evidence:
            return []
        texts = [
            self._describe_calls(evidence["calls"]),
            self._describe_free(evidence["free"]),
            self._describe_covered(self.recommended_tier_id),
        ]
        return [text for text in texts if text]

    def _describe_calls(self, calls):
        if not calls:
            return None
        if calls == 1:
            return self.env._("In the last 12 months you called us once.")
        return self.env._("In the last 12 months you called us %s times.", calls)

    def _describe_free(self, free):
        currency = self.company_id.currency_id
        if currency.compare_amounts(free, 0) <= 0:
            return None
        amount = format_amount(self.env, free, currency)
        return self.env._("%s of our work was on us.", amount)

    def _count_covered(self, tier):
        """:return: int, how many of his calls a tier would have paid for"""
        self.ensure_one()
        covered = (self.evidence or {}).get("covered", {})
        return covered.get(str(tier.id), 0)

    def _describe_covered(self, tier):
        covered, calls = self._count_covered(tier), (self.evidence or {}).get("calls")
        if not covered:
            return None
        if covered == calls:
            return self.env._("%s would have covered all of it.", tier.name)
        return self.env._(
            "%(tier)s would have covered %(covered)s of these calls.",
            tier=tier.name,
            covered=covered,
        )

    # On the page

    def _get_shown_evidence(self):
        """:return: dict of texts (list) and date (str); None: nothing is shown"""
        self.ensure_one()
        texts = self.shows_evidence and self._describe_evidence()
        if not texts:
            return None
        return {"texts": texts, "date": format_date(self.env, self.evidence_on)}

    def _get_shown_covered(self, tier):
        """:return: str of a tier's card; None: nothing is shown"""
        self.ensure_one()
        covered = self.shows_evidence and self._count_covered(tier)
        if not covered:
            return None
        return self.env._(
            "Would have covered %(covered)s of your %(calls)s calls",
            covered=covered,
            calls=self.evidence["calls"],
        )
