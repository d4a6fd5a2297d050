from odoo import api, fields, models
from odoo.tools import formatLang


class ServiceAgreementProposalPart(models.AbstractModel):
    """What a proposal is made of; what the customer has, stays."""

    _name = "service.agreement.proposal.part"
    _description = "Part of a Service Proposal"
    _inherit = ["service.agreement.guard"]
    _order = "proposal_id, sequence, id"

    proposal_id = fields.Many2one(
        "service.agreement.proposal", required=True, ondelete="cascade", index=True
    )
    company_id = fields.Many2one(
        related="proposal_id.company_id", store=True, index=True
    )
    sequence = fields.Integer(default=10)

    @api.model_create_multi
    def create(self, vals_list):
        parts = super().create(vals_list)
        parts.proposal_id._ensure_draft()
        return parts

    def write(self, vals):
        self.proposal_id._ensure_draft()
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_only_drafts(self):
        self.proposal_id._ensure_draft()


class ServiceAgreementProposalOption(models.Model):
    """One of the tiers that a proposal puts side by side."""

    _name = "service.agreement.proposal.option"
    _description = "Tier of a Service Proposal"
    _inherit = ["service.agreement.proposal.part"]
    _rec_name = "tier_id"
    _check_company_auto = True
    _facts = ("offered_prices",)

    tier_id = fields.Many2one(
        "service.agreement.tier",
        required=True,
        index=True,
        check_company=True,
        ondelete="restrict",
    )
    is_recommended = fields.Boolean(
        string="Recommended",
        compute="_compute_is_recommended",
        inverse="_inverse_is_recommended",
    )
    offered_prices = fields.Json(
        readonly=True,
        copy=False,
        help="What a period cost when it was sent, by the id of the billing plan: what "
        "was offered stays, whatever the catalogue says later.",
    )

    _tier_uniq = models.Constraint(
        "UNIQUE(proposal_id, tier_id)", "A proposal offers each tier once."
    )

    @api.depends("tier_id", "proposal_id.recommended_tier_id")
    def _compute_is_recommended(self):
        for option in self:
            recommended = option.proposal_id.recommended_tier_id
            option.is_recommended = bool(recommended) and option.tier_id == recommended

    def _inverse_is_recommended(self):
        for option in self.filtered("is_recommended"):
            option.proposal_id.recommended_tier_id = option.tier_id

    # Prices

    def _freeze_prices(self):
        for option in self:
            proposal = option.proposal_id
            base = proposal._prepare_base_values(proposal._get_start())
            option.offered_prices = {
                str(plan.id): option._find_price(base, plan, proposal.quantity)
                for plan in proposal.plan_ids
            }

    def _find_price(self, base, plan, quantity):
        """
        :param dict base: see ``_prepare_base_values`` of the proposal
        :return: float, what one costs for a period of ``plan``, by today's catalogue
        """
        self.ensure_one()
        values = {**base, "tier_id": self.tier_id.id, "plan_id": plan.id}
        draft = self.env["service.agreement"].new(values)
        return draft._prepare_suggested_values(quantity)["price_unit"]

    def _get_price(self, base, plan, quantity):
        """As offered; of a draft, as it would be offered now."""
        self.ensure_one()
        offered = (self.offered_prices or {}).get(str(plan.id))
        return self._find_price(base, plan, quantity) if offered is None else offered

    # The agreement

    def _prepare_agreement_values(self, plan, quantity, extras, base=None):
        """The agreement that this choice is, quoted by ``new()`` and then created.

        :param service.agreement.plan plan: how it is paid
        :param int quantity: of what the proposal counts
        :param service.agreement.proposal.extra extras: chosen ones
        :param dict base: see ``_prepare_base_values``; default of who starts today
        :return: values of a service.agreement
        """
        self.ensure_one()
        proposal = self.proposal_id
        base = base or proposal._prepare_base_values(proposal._get_start())
        return {
            **base,
            "tier_id": self.tier_id.id,
            "plan_id": plan.id,
            "line_ids": [
                fields.Command.create(values)
                for values in (
                    self._prepare_tier_line(base, plan, quantity),
                    *(
                        extra._prepare_line_values(plan, number)
                        for number, extra in enumerate(extras, 1)
                    ),
                )
            ],
        }

    def _prepare_tier_line(self, base, plan, quantity):
        self.ensure_one()
        proposal = self.proposal_id
        tier = self.tier_id.with_context(lang=proposal._get_lang())
        price = self._get_price(base, plan, quantity)
        values = tier._prepare_line_values()
        if proposal.quantity_label:
            values["name"] = tier.env._(
                "%(charge)s, %(counted)s",
                charge=values["name"],
                counted=proposal.quantity_label,
            )
        return {
            **values,
            "sequence": 10,
            "quantity": quantity,
            "price_unit": price,
            "price_listed": price,
        }


class ServiceAgreementProposalExtra(models.Model):
    """What a client may take beside a tier: a setup, a remote watch, a second site."""

    _name = "service.agreement.proposal.extra"
    _description = "Extra of a Service Proposal"
    _inherit = ["service.agreement.proposal.part"]
    _check_company_auto = True
    _facts = ("is_accepted",)

    currency_id = fields.Many2one(related="proposal_id.currency_id")
    product_id = fields.Many2one(
        "product.product",
        required=True,
        index=True,
        check_company=True,
        ondelete="restrict",
        domain="[('sale_ok', '=', True)]",
    )
    name = fields.Char(
        string="Description",
        compute="_compute_name",
        store=True,
        readonly=False,
        precompute=True,
        required=True,
        help="As the customer reads it, on the page and on the invoice.",
    )
    charge = fields.Selection(
        [("recurring", "Every month"), ("one_off", "Once")],
        required=True,
        default="one_off",
        help="By the month it is billed with the plan that the customer chooses, and "
        "with its discount.",
    )
    quantity = fields.Float(default=1.0, digits="Product Unit", required=True)
    price_unit = fields.Monetary(
        string="Price",
        compute="_compute_price_unit",
        store=True,
        readonly=False,
        precompute=True,
        help="Of one: per month, or once.",
    )
    is_required = fields.Boolean(
        string="Always Included", help="The customer sees it and cannot leave it out."
    )
    is_selected = fields.Boolean(
        string="Ticked", help="Ticked when the customer opens the page."
    )
    is_accepted = fields.Boolean(string="Chosen", readonly=True, copy=False)

    _not_negative = models.Constraint(
        "CHECK(price_unit >= 0 AND quantity > 0)",
        "A price is 0 or more, a quantity more than 0.",
    )

    @api.depends("product_id")
    def _compute_name(self):
        for extra in self:
            lang = extra.proposal_id.partner_id.lang or self.env.lang
            product = extra.product_id.with_context(lang=lang)
            extra.name = extra.name or product.name

    @api.depends("product_id")
    def _compute_price_unit(self):
        """By the customer's pricelist, until somebody says otherwise."""
        for extra in self:
            proposal = extra.proposal_id
            if extra.price_unit or not extra.product_id:
                continue
            pricelist = proposal.pricelist_id.with_company(proposal.company_id)
            extra.price_unit = pricelist._get_product_price(
                extra.product_id.with_company(proposal.company_id),
                extra.quantity or 1.0,
                currency=proposal.currency_id or self.env.company.currency_id,
            )

    def _get_period_price(self, plan):
        """:return: float, of one, for a period of ``plan`` or once"""
        self.ensure_one()
        if self.charge == "one_off":
            return self.price_unit
        return self.currency_id.round(plan._per_period(self.price_unit))

    def _prepare_line_values(self, plan, number):
        """
        :param int number: its place after the tier's line, from 1
        :return: values of the service.agreement.line that bills it
        """
        self.ensure_one()
        return {
            "product_id": self.product_id.id,
            "name": self.name,
            "charge": self.charge,
            "quantity": self.quantity,
            "price_unit": self._get_period_price(plan),
            "sequence": 10 + number,
        }

    def _format_quantity(self):
        """:return: str, "2" or "2.50" """
        self.ensure_one()
        digits = 0 if float(self.quantity).is_integer() else 2
        return formatLang(self.env, self.quantity, digits=digits)
