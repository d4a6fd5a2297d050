from datetime import date, datetime, time, timedelta

from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.fields import Command
from odoo.tools import format_date

from ..tools.visit_plan import VisitPattern, parse_months

PLACES = [
    ("agreement", "The whole agreement"),
    ("site", "Each covered site"),
    ("system", "Each covered system"),
]


class ServiceAgreementVisitPlan(models.Model):
    """Which preventive visits a year of an agreement includes.

    A tier's are the catalogue; a coverage owns copies of them, which stay as agreed.
    """

    _name = "service.agreement.visit.plan"
    _description = "Plan of Preventive Visits"
    _inherit = ["service.agreement.negotiable"]
    _order = "tier_id, coverage_id, sequence, id"

    name = fields.Char(
        required=True,
        translate=True,
        default=lambda self: self.env._("Preventive visit"),
        help="What the customer reads.",
    )
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
    counted_by = fields.Selection(
        [("start", "Months after the start"), ("calendar", "Months of the calendar")],
        string="Due In",
        required=True,
        default="start",
    )
    months = fields.Char(
        required=True,
        default="3, 9",
        help="After the start: 3, 9 is a visit three and one nine months into each "
        "year, 0 at its beginning. Of the calendar: 4, 10 is April and October.",
    )
    day = fields.Integer(string="Around the", default=15, help="Day of these months.")
    window_days = fields.Integer(
        string="Window (± days)", default=5, help="How far from that day it may be."
    )
    lead_days = fields.Integer(
        string="Planned Ahead (days)",
        default=7,
        help="So long before the visit its ticket is made and the customer is told.",
    )
    bring_forward_days = fields.Integer(
        string="Brought Forward Within (working days)",
        default=10,
        help="A fault so shortly before a visit: it can be made at once. 0: never.",
    )
    carry_months = fields.Integer(
        string="Can Be Made Up For (months)",
        default=0,
        help="A visit that was not made in its year of the agreement is still owed for "
        "so long, as far as the agreement goes on. 0: it is forfeited.",
    )
    place = fields.Selection(
        PLACES, string="A Visit For", required=True, default="agreement"
    )
    planned_hours = fields.Float(string="Hours per Visit", default=2.0)
    work_type_id = fields.Many2one(
        "service.agreement.work.type",
        string="Work",
        ondelete="restrict",
        index="btree_not_null",
        default=lambda self: self.env.ref(
            "service_agreement.work_type_preventive", raise_if_not_found=False
        ),
        domain="[('is_preventive', '=', True)]",
    )
    project_id = fields.Many2one(
        "project.project",
        string="Service Desk",
        ondelete="restrict",
        index="btree_not_null",
        domain="[('is_service_desk', '=', True)]",
        help="Where the tickets of the visits go. Empty: to the company's.",
    )
    check_ids = fields.One2many(
        "service.agreement.visit.plan.check", "plan_id", string="Checklist", copy=True
    )
    summary = fields.Char(string="In Words", compute="_compute_summary")

    _one_owner = models.Constraint(
        "CHECK(num_nonnulls(tier_id, coverage_id) = 1)",
        "A plan of visits belongs either to a tier or to an agreement.",
    )
    _not_negative = models.Constraint(
        "CHECK(lead_days >= 0 AND bring_forward_days BETWEEN 0 AND 60 "
        "AND carry_months >= 0 AND planned_hours >= 0)",
        "Days, months and hours are 0 or more; a visit is brought forward by at most "
        "60 working days.",
    )
    # So that windows of a year's visits neither cross nor leave the agreement far.
    _window = models.Constraint(
        "CHECK(window_days BETWEEN 0 AND 60)", "A window is 0 to 60 days to each side."
    )

    @api.depends("tier_id.company_id", "coverage_id.company_id")
    def _compute_company_id(self):
        for plan in self:
            owner = plan.coverage_id or plan.tier_id
            plan.company_id = owner.company_id

    @api.depends("months", "counted_by", "window_days", "day")
    @api.depends_context("lang")
    def _compute_summary(self):
        for plan in self:
            try:
                plan.summary = plan._describe(plan._to_pattern())
            except ValueError:
                plan.summary = False

    def _describe(self, pattern):
        """:return: "2 a year: 3, 9 months after the start, ± 5 days" """
        self.ensure_one()
        months = self._describe_months(pattern)
        values = {"count": len(pattern.months), "when": months}
        if not pattern.window:
            return self.env._("%(count)s a year: %(when)s", **values)
        return self.env._(
            "%(count)s a year: %(when)s, ± %(days)s days", days=pattern.window, **values
        )

    def _describe_months(self, pattern):
        if not pattern.by_calendar:
            numbers = ", ".join(str(month) for month in pattern.months)
            return self.env._("%(months)s months after the start", months=numbers)
        days = [date(2000, month, pattern.day) for month in pattern.months]
        return ", ".join(
            format_date(self.env, day, date_format="d MMM") for day in days
        )

    @api.constrains("months", "counted_by", "day", "window_days")
    def _check_pattern(self):
        for plan in self:
            try:
                plan._to_pattern()
            except ValueError as error:
                raise ValidationError(plan._get_pattern_problem()) from error

    def _get_pattern_problem(self):
        self.ensure_one()
        if self.counted_by == "calendar":
            return self.env._(
                "Give the months of the visits as numbers, such as 4, 10 for April and "
                "October, and a day from 1 to 28."
            )
        return self.env._(
            "Give the months of the visits as numbers from 0 to 11, such as 3, 9 for "
            "three and nine months after the start of each year of the agreement."
        )

    def _to_pattern(self):
        """
        :return: tools.visit_plan.VisitPattern
        :raise ValueError: what was typed is none
        """
        self.ensure_one()
        by_calendar = self.counted_by == "calendar"
        return VisitPattern(
            parse_months(self.months),
            self.window_days,
            by_calendar,
            self.day if by_calendar else 1,
        )

    def _count_a_year(self):
        """:return: int, how many visits a year there are by it; 0 of no plan"""
        return len(self._to_pattern().months) if self else 0

    def _prepare_agreed_values(self):
        """:return: values of the copy that a coverage owns"""
        self.ensure_one()
        [values] = self.copy_data({"tier_id": False, "coverage_id": False})
        return values


class ServiceAgreementVisitPlanCheck(models.Model):
    """A line of the checklist that each visit starts with."""

    _name = "service.agreement.visit.plan.check"
    _description = "What Is Checked on a Visit"
    _inherit = ["service.agreement.negotiable"]
    _order = "plan_id, sequence, id"

    name = fields.Char(string="To Check", required=True, translate=True)
    sequence = fields.Integer(default=10)
    plan_id = fields.Many2one(
        "service.agreement.visit.plan", required=True, ondelete="cascade", index=True
    )

    def _get_owner_coverages(self):
        return self.plan_id.coverage_id

    def _get_owner_tiers(self):
        return self.plan_id.tier_id


class ServiceAgreementTier(models.Model):
    _inherit = "service.agreement.tier"

    visit_plan_ids = fields.One2many(
        "service.agreement.visit.plan", "tier_id", string="Visits", copy=True
    )


class ServiceAgreementCoverage(models.Model):
    _inherit = "service.agreement.coverage"

    visit_plan_ids = fields.One2many(
        "service.agreement.visit.plan", "coverage_id", string="Visits"
    )


class ServiceAgreementCovering(models.AbstractModel):
    _inherit = "service.agreement.covering"

    def _prepare_coverage_values(self, agreement, day):
        """EXTENDS: its visits are copied as well."""
        values = super()._prepare_coverage_values(agreement, day)
        plans = [plan._prepare_agreed_values() for plan in self.visit_plan_ids]
        return {**values, "visit_plan_ids": [Command.create(plan) for plan in plans]}


class ResCompany(models.Model):
    _inherit = "res.company"

    def _get_working_days(self, first, last):
        """
        :param date first:
        :param date last: included
        :return: function of a date within these: whether the company works on it, by
            its working hours and public holidays; of a day out of them: True
        """
        self.ensure_one()
        calendar = self.sudo().resource_calendar_id
        day = timedelta(days=1)
        unusual = calendar._get_unusual_days(
            datetime.combine(first - day, time.min),
            datetime.combine(last + day, time.max),
            self,
        )
        return lambda each: not unusual.get(each.isoformat(), False)
