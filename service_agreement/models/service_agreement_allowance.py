from odoo import fields, models

UNITS = [
    ("hours", "Hours"),
    ("visits", "Visits"),
    ("incidents", "Incidents"),
    ("amount", "Amount"),
]
USED_UP = [
    ("bill", "The rest is billed"),
    ("ask", "The customer is asked first"),
    ("overrun", "It is taken from the next period"),
]


class ServiceAgreementAllowance(models.Model):
    """What is included: so many hours, visits, incidents or money per period; all of
    it; or what is bought in advance.

    A tier's are the catalogue; a coverage owns copies of them.
    """

    _name = "service.agreement.allowance"
    _description = "Allowance of Service"
    _order = "tier_id, coverage_id, sequence, id"

    name = fields.Char(required=True, translate=True)
    sequence = fields.Integer(default=10)
    tier_id = fields.Many2one(
        "service.agreement.tier", ondelete="cascade", index="btree_not_null"
    )
    coverage_id = fields.Many2one(
        "service.agreement.coverage", ondelete="cascade", index="btree_not_null"
    )
    agreement_id = fields.Many2one(
        related="coverage_id.agreement_id", store=True, index="btree_not_null"
    )
    company_id = fields.Many2one("res.company", compute="_compute_company_id")
    kind = fields.Selection(
        [
            ("unlimited", "Unlimited"),
            ("included", "Included per period"),
            ("prepaid", "Bought in advance"),
        ],
        required=True,
        default="included",
    )
    unit = fields.Selection(UNITS, required=True, default="hours")
    quantity = fields.Float(digits=(16, 4), help="Per period; of a lot when prepaid.")
    interval_months = fields.Integer(
        string="Every (months)", default=1, help="Length of a period."
    )
    work_type_ids = fields.Many2many(
        "service.agreement.work.type",
        string="Only For",
        help="Empty: for all work that is covered.",
    )
    job_factor_ids = fields.One2many(
        "service.agreement.allowance.factor",
        "allowance_id",
        string="Hours Counted by Role",
        copy=True,
    )
    rollover_cap = fields.Float(
        string="Carried Over at Most",
        digits=(16, 4),
        help="What is left of a period goes to the next, up to this. 0: nothing.",
    )
    rollover_months = fields.Integer(
        string="Usable For (months)",
        default=1,
        help="How long what was carried over is valid. 0: without end.",
    )
    validity_months = fields.Integer(
        string="Valid For (months)",
        default=12,
        help="Of what is bought in advance. 0: without end.",
    )
    price = fields.Monetary(help="Of a lot bought in advance, before taxes.")
    currency_id = fields.Many2one("res.currency", compute="_compute_company_id")
    paid_only = fields.Boolean(
        string="Once Paid", help="A lot is used only after its invoice was paid."
    )
    when_used_up = fields.Selection(
        USED_UP,
        required=True,
        default="bill",
        help="What is taken from the next period and finds none before the agreement "
        "ends is billed with its end, at the rate of an hour.",
    )
    warn_percent = fields.Float(
        string="Warn at (%)",
        default=20,
        help="When so much is left, once until it is topped up. 0: never.",
    )

    _one_owner = models.Constraint(
        "CHECK(num_nonnulls(tier_id, coverage_id) = 1)",
        "An allowance belongs either to a tier or to an agreement.",
    )
    _not_negative = models.Constraint(
        "CHECK(quantity >= 0 AND rollover_cap >= 0 AND rollover_months >= 0 "
        "AND validity_months >= 0 AND interval_months > 0 AND price >= 0 "
        "AND warn_percent BETWEEN 0 AND 100)",
        "Quantities are 0 or more, and a period has at least a month.",
    )

    _overrun_has_periods = models.Constraint(
        "CHECK(when_used_up != 'overrun' OR kind = 'included')",
        "Only what is included per period can be taken from the next period.",
    )

    def _compute_company_id(self):
        for allowance in self:
            owner = allowance.coverage_id or allowance.tier_id
            allowance.company_id = owner.company_id
            company = owner.company_id or self.env.company
            allowance.currency_id = (
                allowance.agreement_id.currency_id or company.currency_id
            )


class ServiceAgreementAllowanceFactor(models.Model):
    """How many hours of an allowance an hour of somebody costs."""

    _name = "service.agreement.allowance.factor"
    _description = "Hours Counted by Role"
    _order = "allowance_id, id"
    _rec_name = "job_id"

    allowance_id = fields.Many2one(
        "service.agreement.allowance", required=True, ondelete="cascade", index=True
    )
    job_id = fields.Many2one(
        "hr.job", string="Role", required=True, ondelete="restrict", index=True
    )
    factor = fields.Float(default=1.0, digits=(16, 4))

    _allowance_job_uniq = models.Constraint(
        "UNIQUE(allowance_id, job_id)", "A role counts in one way."
    )
    _not_negative = models.Constraint("CHECK(factor >= 0)", "An hour counts 0 or more.")


class ServiceAgreementAllowanceLot(models.Model):
    """What was granted or bought at once, valid for some days.

    Always: granted + adjusted + rolled in = drawn + forfeited + rolled out + balance
    (SEMANTICS §6). A fact: written by ``_store_ledgers`` only, see
    ``service_agreement_allowance_ledger.py``.
    """

    _name = "service.agreement.allowance.lot"
    _inherit = ["service.agreement.guard"]
    _description = "Lot of an Allowance"
    _order = "agreement_id, date_start, id"
    _facts = None

    agreement_id = fields.Many2one(
        "service.agreement",
        required=True,
        readonly=True,
        ondelete="cascade",
        index=True,
    )
    allowance_id = fields.Many2one(
        "service.agreement.allowance",
        required=True,
        readonly=True,
        ondelete="restrict",
        index=True,
    )
    company_id = fields.Many2one(
        related="agreement_id.company_id", store=True, index=True
    )
    commercial_partner_id = fields.Many2one(
        related="agreement_id.commercial_partner_id",
        string="Customer",
        store=True,
        index="btree_not_null",
    )
    unit = fields.Selection(related="allowance_id.unit", store=True)
    kind = fields.Selection(
        [
            ("granted", "Granted"),
            ("rolled", "Carried over"),
            ("bought", "Bought"),
            ("moved", "Bought before"),
        ],
        string="Origin",
        required=True,
        readonly=True,
        default="granted",
    )
    period_start = fields.Date(
        string="Period",
        readonly=True,
        help="First day of the whole period it was granted for, or is carried over "
        "from.",
    )
    origin_id = fields.Many2one(
        "service.agreement.allowance.lot",
        string="Carried Over From",
        readonly=True,
        ondelete="restrict",
        index="btree_not_null",
        help="The lot of the period before; of what was bought before this agreement "
        "replaced another one, what it was bought as.",
    )
    date_start = fields.Date(string="From", required=True, readonly=True)
    date_end = fields.Date(
        string="Last Day", readonly=True, help="Included. Empty: without end."
    )
    date_expiry = fields.Date(
        string="Expires After",
        readonly=True,
        help="Of what was bought: its last day as agreed, whatever the agreement's is.",
    )
    granted = fields.Float(digits=(16, 4), readonly=True)
    adjusted = fields.Float(digits=(16, 4), readonly=True)
    rolled_in = fields.Float(string="Carried Over", digits=(16, 4), readonly=True)
    drawn = fields.Float(string="Used", digits=(16, 4), readonly=True)
    forfeited = fields.Float(digits=(16, 4), readonly=True)
    rolled_out = fields.Float(string="Carried On", digits=(16, 4), readonly=True)
    balance = fields.Float(string="Left", digits=(16, 4), readonly=True)
    is_paid = fields.Boolean(
        string="Usable",
        readonly=True,
        help="Not where it may be used only once its invoice is paid.",
    )
    paid_on = fields.Date(
        readonly=True,
        help="Since when it may be used, where that needs to be paid for.",
    )
    agreement_line_id = fields.Many2one(
        "service.agreement.line",
        string="Charge",
        readonly=True,
        ondelete="restrict",
        index="btree_not_null",
        help="By which it was bought.",
    )
    draw_ids = fields.One2many("service.agreement.allowance.draw", "lot_id")

    _ledger = models.Constraint(
        "CHECK(abs(granted + adjusted + rolled_in - drawn - forfeited - rolled_out "
        "- balance) < 0.00005)",
        "A lot must add up.",
    )
