from odoo import api, fields, models


class ServiceAgreementRate(models.Model):
    """What an hour or a trip costs that no agreement covers.

    The list of the company, or the rates agreed with a tier, of which an agreement's
    coverage owns a copy. A rate holds from a day on: what was worked before is priced
    by the rate of its own day (SEMANTICS §7).
    """

    _name = "service.agreement.rate"
    _description = "Service Rate"
    _order = "kind, work_type_id, job_id, date_start desc, id desc"
    _rec_name = "kind"

    company_id = fields.Many2one(
        "res.company", index=True, default=lambda self: self.env.company
    )
    currency_id = fields.Many2one("res.currency", compute="_compute_currency_id")
    tier_id = fields.Many2one(
        "service.agreement.tier", ondelete="cascade", index="btree_not_null"
    )
    coverage_id = fields.Many2one(
        "service.agreement.coverage", ondelete="cascade", index="btree_not_null"
    )
    kind = fields.Selection(
        [("hour", "Hour"), ("trip", "Trip")], required=True, default="hour"
    )
    work_type_id = fields.Many2one(
        "service.agreement.work.type",
        string="Work",
        ondelete="restrict",
        index="btree_not_null",
        help="Empty: any work.",
    )
    job_id = fields.Many2one(
        "hr.job",
        string="Role",
        ondelete="restrict",
        index="btree_not_null",
        help="The job position of who does it. Empty: anybody.",
    )
    date_start = fields.Date(
        string="From", help="First day on which it holds. Empty: always."
    )
    price = fields.Monetary(string="In Hours", help="Before taxes.")
    price_after_hours = fields.Monetary(
        string="After Hours",
        compute="_compute_price_after_hours",
        store=True,
        readonly=False,
        precompute=True,
        help="Out of the hours of the agreement, or else of the company.",
    )
    minimum = fields.Float(
        string="At Least (hours)", help="What a shorter piece of work counts as."
    )
    step_minutes = fields.Integer(
        string="Steps (minutes)", help="Work counts in whole steps. 0: to the minute."
    )

    _not_negative = models.Constraint(
        "CHECK(price >= 0 AND price_after_hours >= 0 AND minimum >= 0 "
        "AND step_minutes >= 0)",
        "Prices, minimum and steps are 0 or more.",
    )
    _one_owner = models.Constraint(
        "CHECK(num_nonnulls(tier_id, coverage_id) <= 1)",
        "A rate is of the list, of a tier or of an agreement.",
    )

    @api.depends("company_id")
    def _compute_currency_id(self):
        for rate in self:
            rate.currency_id = (rate.company_id or self.env.company).currency_id

    @api.depends("price")
    def _compute_price_after_hours(self):
        for rate in self:
            rate.price_after_hours = rate.price_after_hours or rate.price
