from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError

from ..tools.recurring_revenue import periods_per_month

BILLING_FIELDS = ("unit", "interval", "anchor_type", "anchor_day", "timing")


class ServiceAgreementPlan(models.Model):
    """A billing option: every *n* days, weeks, months or years, in advance or arrears.

    What is billed when is decided by ``tools/billing_period.py`` from the
    agreement's anchor date and this plan's unit and interval.
    """

    _name = "service.agreement.plan"
    _description = "Service Agreement Billing Plan"
    _order = "sequence, id"
    _check_company_auto = True

    name = fields.Char(required=True, translate=True)
    active = fields.Boolean(default=True)
    sequence = fields.Integer(default=10)
    company_id = fields.Many2one("res.company", index=True)
    unit = fields.Selection(
        [
            ("day", "Days"),
            ("week", "Weeks"),
            ("month", "Months"),
            ("year", "Years"),
        ],
        required=True,
        default="month",
    )
    interval = fields.Integer(
        string="Every", required=True, default=1, help="1 month, 3 months, 1 year …"
    )
    anchor_type = fields.Selection(
        [
            ("anniversary", "On the day the agreement starts"),
            ("fixed_day", "On a fixed day of the month"),
        ],
        string="Billing Day",
        required=True,
        default="anniversary",
        help="With a fixed day the first, shorter period is charged in proportion.",
    )
    anchor_day = fields.Integer(
        string="Day of the Month",
        default=1,
        help="31 means the last day of shorter months.",
    )
    timing = fields.Selection(
        [("advance", "Before the period"), ("arrears", "After the period")],
        string="Billed",
        required=True,
        default="advance",
    )
    discount = fields.Float(
        string="Discount (%)",
        digits="Discount",
        help="Taken off the monthly price where a tier has no price of its own for "
        "this plan: the reward for paying for a longer period in advance.",
    )
    period_label = fields.Char(compute="_compute_period_label")

    _interval_positive = models.Constraint(
        "CHECK(interval > 0)", "Bill every 1 or more days, weeks, months or years."
    )
    _anchor_day_of_month = models.Constraint(
        "CHECK(anchor_day BETWEEN 1 AND 31)",
        "The billing day is a day of the month, from 1 to 31.",
    )
    _discount_percent = models.Constraint(
        "CHECK(discount >= 0 AND discount <= 100)",
        "A discount is between 0 and 100 %.",
    )

    @api.depends("unit", "interval")
    @api.depends_context("lang")
    def _compute_period_label(self):
        for plan in self:
            plan.period_label = plan._get_period_label()

    def _get_period_label(self):
        """:return: "month", "3 months", "year", as after "149.00 per" """
        self.ensure_one()
        if self.unit == "month" and self.interval == 3:
            return self.env._("quarter")
        if self.unit == "month" and self.interval == 6:
            return self.env._("half-year")
        singular = {
            "day": self.env._("day"),
            "week": self.env._("week"),
            "month": self.env._("month"),
            "year": self.env._("year"),
        }
        plural = {
            "day": self.env._("%(count)s days", count=self.interval),
            "week": self.env._("%(count)s weeks", count=self.interval),
            "month": self.env._("%(count)s months", count=self.interval),
            "year": self.env._("%(count)s years", count=self.interval),
        }
        return (singular if self.interval == 1 else plural)[self.unit]

    @api.constrains("anchor_type", "unit")
    def _check_fixed_day_unit(self):
        if self.filtered(
            lambda p: p.anchor_type == "fixed_day" and p.unit in ("day", "week")
        ):
            raise ValidationError(
                self.env._(
                    "Days and weeks have no day of the month. Bill such plans from "
                    "the day the agreement starts."
                )
            )

    def write(self, vals):
        changed = [
            name
            for name in BILLING_FIELDS
            if name in vals and any(plan[name] != vals[name] for plan in self)
        ]
        if changed:
            self._check_not_in_use()
        return super().write(vals)

    def _check_not_in_use(self):
        """A running agreement's periods must not move under it (SEMANTICS §3)."""
        # Also by a charge that has a plan of its own. Sudo: whoever's they are.
        Agreement = self.env["service.agreement"].sudo()
        used = Agreement.search(
            [
                "|",
                ("plan_id", "in", self.ids),
                ("line_ids.plan_id", "in", self.ids),
                ("state", "!=", "draft"),
            ],
            limit=1,
        )
        if used:
            raise UserError(
                self.env._(
                    'The plan "%(plan)s" is used by %(agreement)s and others: changing '
                    "when it bills would change what was agreed. Create a new plan "
                    "instead.",
                    plan=self[:1].name,
                    agreement=used.name,
                )
            )

    def _get_anchor(self, start):
        """:return: the date that periods are counted from for who starts on ``start``

        A fixed day is put in January, which has every day of the month; calendar
        quarters and years are counted from it.
        """
        self.ensure_one()
        if start and self.anchor_type == "fixed_day":
            return start.replace(month=1, day=self.anchor_day)
        return start

    def _per_month(self, amount):
        """:return: the part of a period's ``amount`` that falls on a month"""
        self.ensure_one()
        return float(amount) * float(periods_per_month(self.unit, self.interval))

    def _per_period(self, monthly_amount):
        """:return: the amount of a period at a monthly price, less this discount"""
        self.ensure_one()
        whole = monthly_amount / float(periods_per_month(self.unit, self.interval))
        return whole * (1 - self.discount / 100)
