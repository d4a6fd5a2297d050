"""What a run asks beyond the past: other people, and agreements about to be sold."""

from odoo import api, fields, models
from odoo.fields import Domain

# Where nobody knows.
USUAL_CHANCE = 50.0


class ServiceAgreementCapacityPart(models.AbstractModel):
    """Part of what a run asks: a run that was started keeps it."""

    _name = "service.agreement.capacity.part"
    _description = "Part of a Capacity Check"

    run_id = fields.Many2one(
        "service.agreement.capacity.run",
        string="Check",
        required=True,
        ondelete="cascade",
        index=True,
    )
    company_id = fields.Many2one(related="run_id.company_id", store=True, index=True)

    @api.model_create_multi
    def create(self, vals_list):
        parts = super().create(vals_list)
        parts.run_id._ensure_open()
        return parts

    def write(self, vals):
        self.run_id._ensure_open()
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_only_open(self):
        self.run_id._ensure_open()


class ServiceAgreementCapacityStaff(models.Model):
    _name = "service.agreement.capacity.staff"
    _description = "More or Fewer People in a Capacity Check"
    _inherit = ["service.agreement.capacity.part"]
    _rec_name = "calendar_id"

    calendar_id = fields.Many2one(
        "resource.calendar",
        string="Working Hours",
        ondelete="restrict",
        index="btree_not_null",
        help="Empty: on call, day and night.",
    )
    number = fields.Integer(
        string="More People",
        required=True,
        default=1,
        help="Below 0: so many of the technicians with these hours are not there.",
    )

    _number_not_zero = models.Constraint(
        "CHECK(number BETWEEN -100 AND 100 AND number != 0)",
        "Say how many people more, or fewer: up to 100, and not 0.",
    )


class ServiceAgreementCapacitySale(models.Model):
    """Agreements that may be sold: of a proposal, of an offer, or just supposed."""

    _name = "service.agreement.capacity.sale"
    _description = "Sale in a Capacity Check"
    _inherit = ["service.agreement.capacity.part"]
    _rec_name = "tier_id"

    proposal_id = fields.Many2one(
        "service.agreement.proposal", ondelete="cascade", index="btree_not_null"
    )
    agreement_id = fields.Many2one(
        "service.agreement",
        string="Offer",
        ondelete="cascade",
        index="btree_not_null",
        help="An agreement that is not signed yet.",
    )
    partner_id = fields.Many2one(
        "res.partner", string="Customer", compute="_compute_partner_id"
    )
    tier_id = fields.Many2one(
        "service.agreement.tier",
        compute="_compute_tier_id",
        store=True,
        readonly=False,
        precompute=True,
        required=True,
        ondelete="cascade",
        index=True,
    )
    number = fields.Integer(
        string="Agreements",
        default=1,
        required=True,
        help="How many of them are supposed; a proposal is one.",
    )
    chance = fields.Float(
        string="Chance (%)",
        required=True,
        default=USUAL_CHANCE,
        help="That it is sold.",
    )

    _number_positive = models.Constraint(
        "CHECK(number BETWEEN 1 AND 1000"
        " AND (number = 1 OR (proposal_id IS NULL AND agreement_id IS NULL)))",
        "Suppose between 1 and 1000 agreements; a proposal is one.",
    )
    _chance_percent = models.Constraint(
        "CHECK(chance BETWEEN 0 AND 100)", "A chance is between 0 and 100 %."
    )

    @api.depends("proposal_id", "agreement_id")
    def _compute_partner_id(self):
        for sale in self:
            offer = sale.proposal_id or sale.agreement_id
            sale.partner_id = offer.commercial_partner_id

    @api.depends("proposal_id", "agreement_id")
    def _compute_tier_id(self):
        """What is recommended, of a proposal: most people take it."""
        for sale in self:
            proposal, offer = sale.proposal_id, sale.agreement_id
            recommended = proposal.recommended_tier_id or proposal.tier_ids[:1]
            sale.tier_id = recommended or offer.tier_id or sale.tier_id

    @api.model
    def _prepare_open(self, company, since):
        """All that is on offer in a company just now.

        :param date since: proposals decided from then on tell how many are accepted
        :return: list of values
        """
        chance = self._get_usual_chance(company, since)
        ours = Domain("company_id", "=", company.id)
        proposals = self.env["service.agreement.proposal"].search(
            ours & Domain("state", "=", "sent") & Domain("is_expired", "=", False)
        )
        offers = self.env["service.agreement"].search(
            ours & Domain("state", "=", "proposed")
        )
        return [
            *({"proposal_id": each.id, "chance": chance} for each in proposals),
            *({"agreement_id": each.id, "chance": chance} for each in offers),
        ]

    @api.model
    def _get_usual_chance(self, company, since):
        """By Laplace's rule, as of few nobody knows it well: of none half are accepted,
        and of three that were declined not all will be.

        :return: float, percent of the proposals decided since that were accepted
        """
        groups = self.env["service.agreement.proposal"]._read_group(
            [
                ("company_id", "=", company.id),
                ("state", "in", ("accepted", "declined")),
                "|",
                ("accepted_on", ">=", since),
                ("declined_on", ">=", since),
            ],
            ["state"],
            ["__count"],
        )
        counts = dict(groups)
        return 100 * (counts.get("accepted", 0) + 1) / (sum(counts.values()) + 2)

    def _get_key(self):
        """:return: str, the same for the same in every check"""
        self.ensure_one()
        offer = self.proposal_id or self.agreement_id or self.tier_id
        return f"{offer._name} {offer.id}"

    def _get_cover(self, covers):
        """:return: Cover of one of them, that is nobody else's"""
        self.ensure_one()
        if self.agreement_id:
            return covers.of_agreement(self.agreement_id)
        quantity = self.proposal_id.quantity or 1
        return covers.of_tier(self.tier_id, self.partner_id, quantity)
