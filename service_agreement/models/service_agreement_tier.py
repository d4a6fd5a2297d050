from odoo import api, fields, models
from odoo.tools import format_amount, groupby

PRORATIONS = [
    ("actual", "By the days of the period"),
    ("actual_30", "By days, a month having 30"),
    ("30_360", "By months of 30 days"),
    ("none", "In full"),
]
CREDIT_POLICIES = [
    ("carry", "Taken off the next invoices"),
    ("credit_note", "Paid back by credit note"),
    ("forfeit", "Not given"),
]
END_POLICIES = [
    ("refund", "Unused days are paid back"),
    ("run_out", "It runs to the end of the billed period"),
]


class ServiceAgreementTier(models.Model):
    """What is promised, and at what price: Bronze, Silver, Gold …

    An agreement copies price, texts and promises from its tier when it is made;
    a later change of the catalogue leaves it alone (SEMANTICS §3).
    """

    _name = "service.agreement.tier"
    _description = "Service Agreement Tier"
    _order = "sequence, rank, id"
    _check_company_auto = True

    name = fields.Char(required=True, translate=True)
    active = fields.Boolean(default=True)
    sequence = fields.Integer(default=10)
    rank = fields.Integer(
        default=10, help="The higher, the better: where a customer has several tiers."
    )
    color = fields.Integer()
    company_id = fields.Many2one("res.company", index=True)
    currency_id = fields.Many2one("res.currency", compute="_compute_currency_id")
    tagline = fields.Char(translate=True, help="One line below the name.")
    description = fields.Html(translate=True)
    highlights = fields.Text(
        string="Included", translate=True, help="What is included, one line each."
    )
    exclusions = fields.Text(
        string="Not Included",
        translate=True,
        help="What is not included, one line each.",
    )
    terms = fields.Html(translate=True, help="Copied to the agreement's document.")
    product_id = fields.Many2one(
        "product.product",
        required=True,
        check_company=True,
        default=lambda self: self._default_product_id(),
        domain="[('type', '=', 'service')]",
        help="Gives invoices their income account and taxes.",
    )
    list_price = fields.Monetary(
        string="Monthly Price", help="Per month, before any plan's discount."
    )
    price_ids = fields.One2many("service.agreement.tier.price", "tier_id", copy=True)
    plan_ids = fields.Many2many(
        "service.agreement.plan", compute="_compute_plan_ids", string="Plans"
    )
    service_calendar_id = fields.Many2one(
        "resource.calendar",
        string="Usual Service Hours",
        compute="_compute_service_calendar_id",
        help="When a new promise counts, unless told otherwise.",
    )
    target_ids = fields.One2many(
        "service.agreement.sla.target", "tier_id", string="Promises", copy=True
    )
    term_months = fields.Integer(
        string="Term (months)", default=12, help="0: open-ended."
    )
    auto_renew = fields.Boolean(string="Renews Automatically", default=True)
    notice_days = fields.Integer(string="Notice (days)", default=30)
    proration_method = fields.Selection(
        PRORATIONS,
        string="Parts of a Period",
        required=True,
        default="actual",
        help="How a part of a period is priced: where an agreement starts, changes or "
        "ends in the middle of one.",
    )
    credit_policy = fields.Selection(
        CREDIT_POLICIES,
        string="Credits",
        required=True,
        default="carry",
        help="What happens where a change gives the customer more back than it costs.",
    )
    end_policy = fields.Selection(
        END_POLICIES,
        string="Ended in Mid-Period",
        required=True,
        default="refund",
        help="What happens to days that are paid and not served any more.",
    )
    termination_fee_percent = fields.Float(
        string="Early Termination Fee (%)",
        help="Charged to who ends before the term is over: a percentage of what the "
        "rest of the term would have cost.",
    )
    clawback_discount = fields.Boolean(
        string="Take Back the Plan's Discount",
        help="Who ends before the term is over pays the days served without the "
        "discount of the billing plan.",
    )
    agreement_ids = fields.One2many("service.agreement", "tier_id")
    agreement_count = fields.Integer(compute="_compute_agreement_count")
    comparison = fields.Json(
        compute="_compute_comparison",
        help="What the comparison of the tiers shows of this one, ready to print.",
    )

    _term_not_negative = models.Constraint(
        "CHECK(term_months >= 0)", "A term is a number of months; 0 is open-ended."
    )
    _notice_not_negative = models.Constraint(
        "CHECK(notice_days >= 0)", "Notice is a number of days, 0 or more."
    )
    _price_not_negative = models.Constraint(
        "CHECK(list_price >= 0)", "A price cannot be negative."
    )
    _termination_fee_percent = models.Constraint(
        "CHECK(termination_fee_percent BETWEEN 0 AND 100)",
        "An early termination fee is between 0 and 100 % of what is left of the term.",
    )

    @api.model
    def _default_product_id(self):
        return self.env.ref(
            "service_agreement.product_service_agreement", raise_if_not_found=False
        )

    @api.depends("company_id")
    @api.depends_context("company")
    def _compute_currency_id(self):
        for tier in self:
            tier.currency_id = (tier.company_id or self.env.company).currency_id

    @api.depends("price_ids.plan_id")
    def _compute_plan_ids(self):
        for tier in self:
            tier.plan_ids = tier.price_ids.plan_id

    def _compute_agreement_count(self):
        groups = self.env["service.agreement"]._read_group(
            [
                ("tier_id", "in", self.ids),
                ("state", "in", ("active", "suspended")),
            ],
            ["tier_id"],
            ["__count"],
        )
        counts = dict(groups)
        for tier in self:
            tier.agreement_count = counts.get(tier, 0)

    @api.depends("company_id")
    def _compute_service_calendar_id(self):
        for tier in self:
            company = tier.company_id or self.env.company
            tier.service_calendar_id = company.resource_calendar_id

    @api.depends(
        "list_price",
        "price_ids.price",
        "price_ids.plan_id",
        "highlights",
        "exclusions",
        "target_ids.priority",
        "target_ids.metric",
        "target_ids.duration_text",
        "term_months",
        "auto_renew",
    )
    @api.depends_context("lang", "company")
    def _compute_comparison(self):
        for tier in self:
            tier.comparison = {
                "price": tier._format_price(tier.list_price),
                "plans": tier._get_plan_offers(),
                "included": _get_bullets(tier.highlights),
                "excluded": _get_bullets(tier.exclusions),
                "promises": tier._get_promise_groups(),
                "term": tier._get_term_text(),
            }

    def _format_price(self, amount):
        """:return: "$ 149" or "$ 149.50", in this tier's currency"""
        self.ensure_one()
        whole = self.currency_id.is_zero(amount - round(amount))
        return format_amount(
            self.env, amount, self.currency_id, trailing_zeroes=not whole
        )

    def _get_plan_offers(self):
        """:return: list of dict, what each billing plan costs"""
        self.ensure_one()
        return [
            {
                "id": price.id,
                "name": price.plan_id.name,
                "price": self._format_price(price.price),
                "period": price.plan_id.period_label,
                "saving": price._get_saving(),
            }
            for price in self.price_ids
        ]

    def _get_promise_groups(self):
        """:return: list of dict, what is promised, equal promises on one row"""
        self.ensure_one()
        Target = self.env["service.agreement.sla.target"]
        metrics = dict(Target._fields["metric"]._description_selection(self.env))
        priorities = dict(Target._fields["priority"]._description_selection(self.env))
        groups = []
        for metric, label in metrics.items():
            targets = self.target_ids.filtered(lambda t, m=metric: t.metric == m)
            by_text = groupby(
                targets.sorted("priority", reverse=True), lambda t: t.duration_text
            )
            rows = []
            for text, same in by_text:
                names = [priorities[target.priority] for target in same]
                everything = len(names) == len(priorities)
                rows.append(
                    {
                        "text": text,
                        "priority": self.env._("Every request")
                        if everything
                        else ", ".join(names),
                    }
                )
            if rows:
                groups.append({"metric": metric, "label": label, "rows": rows})
        return groups

    def _get_term_text(self):
        """:return: "12 months, renews itself", as one says it to a customer"""
        self.ensure_one()
        if not self.term_months:
            return self.env._("Open-ended")
        if self.auto_renew:
            return self.env._("%(months)s months, then renews", months=self.term_months)
        return self.env._("%(months)s months", months=self.term_months)

    def action_view_agreements(self):
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "service_agreement.action_service_agreement"
        )
        return dict(
            action,
            domain=[("tier_id", "=", self.id)],
            context={"default_tier_id": self.id},
        )

    def action_new_agreement(self):
        """Offer this tier to a customer, from the comparison."""
        self.ensure_one()
        return {
            "name": self.env._("New Agreement"),
            "type": "ir.actions.act_window",
            "res_model": "service.agreement",
            "views": [(False, "form")],
            "context": {"default_tier_id": self.id},
        }

    def _get_price(self, plan):
        """:return: the price of one period of ``plan``, in the tier's currency"""
        self.ensure_one()
        price = self.price_ids.filtered(lambda p: p.plan_id == plan)[:1]
        if price:
            return price.price
        return self.currency_id.round(plan._per_period(self.list_price))

    def _get_discount(self, plan):
        """:return: float, percent that a period of ``plan`` costs less than its months
        would: by the plan, unless its price here was set otherwise
        """
        self.ensure_one()
        planned = self.currency_id.round(plan._per_period(self.list_price))
        price = self._get_price(plan)
        if not self.list_price or self.currency_id.is_zero(price - planned):
            return plan.discount
        return max(0.0, 100 * (1 - plan._per_month(price) / self.list_price))

    def _prepare_line_values(self):
        """:return: values of the line that an agreement of this tier starts with"""
        self.ensure_one()
        return {
            "product_id": self.product_id.id,
            "name": self.env._("%(tier)s service agreement", tier=self.name),
            "charge": "recurring",
            "is_suggested": True,
        }


class ServiceAgreementTierPrice(models.Model):
    _name = "service.agreement.tier.price"
    _description = "Price of a Tier under a Billing Plan"
    _order = "tier_id, sequence, id"
    _rec_name = "plan_id"

    tier_id = fields.Many2one(
        "service.agreement.tier", required=True, ondelete="cascade", index=True
    )
    sequence = fields.Integer(related="plan_id.sequence", store=True)
    plan_id = fields.Many2one(
        "service.agreement.plan", required=True, ondelete="restrict", index=True
    )
    currency_id = fields.Many2one(related="tier_id.currency_id")
    price = fields.Monetary(
        compute="_compute_price",
        store=True,
        readonly=False,
        precompute=True,
        help="Per billing period.",
    )
    monthly_price = fields.Monetary(
        string="Per Month", compute="_compute_monthly_price"
    )

    _tier_plan_uniq = models.Constraint(
        "UNIQUE(tier_id, plan_id)", "A tier has one price per plan."
    )
    _price_not_negative = models.Constraint(
        "CHECK(price >= 0)", "A price cannot be negative."
    )

    @api.depends("plan_id", "tier_id.list_price")
    def _compute_price(self):
        for price in self:
            currency = price.tier_id.currency_id or self.env.company.currency_id
            amount = price.plan_id and price.plan_id._per_period(
                price.tier_id.list_price
            )
            price.price = currency.round(amount or 0.0)

    @api.depends("price", "plan_id")
    def _compute_monthly_price(self):
        for price in self:
            price.monthly_price = price.plan_id and price.plan_id._per_month(
                price.price
            )

    def _get_saving(self):
        """:return: int, percent below the tier's monthly price; 0 if not cheaper"""
        self.ensure_one()
        full = self.tier_id.list_price
        if not full or self.monthly_price >= full:
            return 0
        return round(100 * (1 - self.monthly_price / full))


def _get_bullets(text):
    """:return: list of str, the lines of ``text`` that say something"""
    return [line.strip() for line in (text or "").splitlines() if line.strip()]
