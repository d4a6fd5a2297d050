from odoo import fields, models


class ServiceAgreementCovering(models.AbstractModel):
    """What is covered: the same of a tier and of what was agreed by it."""

    _name = "service.agreement.covering"
    _description = "What Is Covered"

    covered_work_type_ids = fields.Many2many(
        "service.agreement.work.type",
        string="Work Covered",
        help="Empty: whatever is done.",
    )
    covered_exclusion_ids = fields.Many2many(
        "service.agreement.exclusion", string="Not Covered"
    )
    coverage_calendar_id = fields.Many2one(
        "resource.calendar",
        string="Covered Hours",
        ondelete="restrict",
        index="btree_not_null",
        help="Work out of these hours is billed. Empty: day and night.",
    )
    covers_children = fields.Boolean(
        string="Covers Subsidiaries", help="Also the companies below the customer."
    )
    covers_trips = fields.Boolean(
        string="Trips Covered", help="Going there costs nothing, where the work does."
    )
    rate_discount = fields.Float(
        string="Off the List Rate (%)",
        help="For what is not covered, where no rate of its own is agreed.",
    )

    _rate_discount_percent = models.Constraint(
        "CHECK(rate_discount BETWEEN 0 AND 100)",
        "A discount is between 0 and 100 %.",
    )


class ServiceAgreementTier(models.Model):
    _name = "service.agreement.tier"
    _inherit = ["service.agreement.tier", "service.agreement.covering"]

    allowance_ids = fields.One2many(
        "service.agreement.allowance", "tier_id", string="Allowances", copy=True
    )
    rate_ids = fields.One2many(
        "service.agreement.rate", "tier_id", string="Rates", copy=True
    )


class ServiceAgreementCoverage(models.Model):
    """What an agreement covers from a day on, copied from its tier.

    A change of tier adds one: work is judged by what held on its day (SEMANTICS §5).
    """

    _name = "service.agreement.coverage"
    _description = "What an Agreement Covers"
    _inherit = ["service.agreement.covering"]
    _order = "agreement_id, date_start, id"

    agreement_id = fields.Many2one(
        "service.agreement",
        required=True,
        readonly=True,
        ondelete="cascade",
        index=True,
    )
    company_id = fields.Many2one(
        related="agreement_id.company_id", store=True, index=True
    )
    tier_id = fields.Many2one(
        "service.agreement.tier",
        required=True,
        readonly=True,
        ondelete="restrict",
        index=True,
    )
    change_id = fields.Many2one(
        "service.agreement.change",
        string="By the Change",
        readonly=True,
        ondelete="restrict",
        index="btree_not_null",
    )
    date_start = fields.Date(
        string="From", readonly=True, help="Empty: from the start of the agreement."
    )
    is_void = fields.Boolean(
        string="Holds No Longer",
        readonly=True,
        help="Another one took its place, for all days. It is kept for what was drawn "
        "from its allowances.",
    )
    sla_calendar_id = fields.Many2one(
        "service.agreement.sla.calendar",
        string="Hours as Agreed",
        readonly=True,
        ondelete="restrict",
        index="btree_not_null",
    )
    allowance_ids = fields.One2many(
        "service.agreement.allowance", "coverage_id", string="Allowances"
    )
    rate_ids = fields.One2many("service.agreement.rate", "coverage_id", string="Rates")
    currency_id = fields.Many2one(related="agreement_id.currency_id")

    _agreement_start_uniq = models.UniqueIndex(
        "(agreement_id, date_start) NULLS NOT DISTINCT WHERE is_void IS NOT TRUE",
        "Only one coverage starts on a day.",
    )


class ServiceAgreement(models.Model):
    _inherit = "service.agreement"

    coverage_ids = fields.One2many(
        "service.agreement.coverage", "agreement_id", copy=False
    )
    site_ids = fields.Many2many(
        "res.partner",
        "service_agreement_site_rel",
        string="Covered Sites",
        help="Empty, with no system either: wherever the customer is.",
    )
    system_ids = fields.Many2many(
        "service.agreement.system", string="Covered Systems", copy=False
    )
    system_quantity = fields.Integer(
        string="Systems Agreed", help="How many the price is for. 0: not counted."
    )
    allowance_lot_ids = fields.One2many(
        "service.agreement.allowance.lot",
        "agreement_id",
        string="Allowance Ledger",
        readonly=True,
    )
