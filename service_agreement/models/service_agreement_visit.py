from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import format_date

from ..tools.visit_plan import last_day_of_year

STATES = [
    ("owed", "Owed"),
    ("planned", "Planned"),
    ("done", "Done"),
    ("forfeited", "Forfeited"),
    ("cancelled", "Cancelled"),
]
# Still to be made.
OPEN = ("owed", "planned")
CANCEL_REASONS = [
    ("ended", "The agreement ended"),
    ("suspended", "The agreement is suspended"),
    ("changed", "Another tier, or no longer covered"),
    ("declined", "Not wanted by the customer"),
]


class ServiceAgreementVisit(models.Model):
    """A preventive visit that an agreement includes, owed until it is made.

    What is owed follows from the plans of the agreement's coverage, see
    ``service_agreement_visit_planning.py``; how far it is, from its ticket and from
    dated facts. One visit has at most one ticket, ever.
    """

    _name = "service.agreement.visit"
    _description = "Preventive Visit"
    _inherit = ["service.agreement.guard"]
    _order = "date, id"

    _facts = None
    _by_hand = ("date", "summary", "signature", "signed_by", "check_ids")

    name = fields.Char(string="Visit", required=True)
    agreement_id = fields.Many2one(
        "service.agreement", required=True, ondelete="cascade", index=True
    )
    company_id = fields.Many2one(
        related="agreement_id.company_id", store=True, index=True
    )
    partner_id = fields.Many2one(
        related="agreement_id.partner_id", string="Customer", store=True, index=True
    )
    tier_id = fields.Many2one(
        related="plan_id.coverage_id.tier_id", store=True, index="btree_not_null"
    )
    plan_id = fields.Many2one(
        "service.agreement.visit.plan", ondelete="set null", index="btree_not_null"
    )
    system_id = fields.Many2one(
        "service.agreement.system", ondelete="restrict", index="btree_not_null"
    )
    site_id = fields.Many2one(
        "res.partner", ondelete="restrict", index="btree_not_null"
    )
    year = fields.Integer(string="Year of the Agreement", required=True, default=1)
    number = fields.Integer(required=True, default=1, help="In its year.")
    number_text = fields.Char(string="No.", compute="_compute_number_text")
    default_date = fields.Date(
        string="Due by the Plan", required=True, help="Around it lies the window."
    )
    window_from = fields.Date(required=True)
    window_to = fields.Date(required=True)
    planned_on = fields.Date(
        string="Planned Day", required=True, export_string_translation=False
    )
    is_moved = fields.Boolean(help="A person gave it another day than the plan.")
    date = fields.Date(
        compute="_compute_date",
        inverse="_inverse_date",
        store=True,
        precompute=True,
        required=True,
        index=True,
        help="The day of the visit. Changed, its ticket is moved as well.",
    )
    usable_until = fields.Date(
        compute="_compute_usable_until",
        store=True,
        help="Not made by then, it is forfeited.",
    )
    planned_hours = fields.Float(required=True)
    owed_hours = fields.Float(
        string="Hours Owed",
        compute="_compute_owed_hours",
        store=True,
        help="What is promised and not yet done.",
    )
    task_ids = fields.One2many(
        "project.task", "visit_id", context={"active_test": False}
    )
    task_id = fields.Many2one(
        "project.task",
        string="Ticket",
        compute="_compute_task_id",
        store=True,
        precompute=True,
        index="btree_not_null",
    )
    technician_id = fields.Many2one(
        related="task_id.technician_id", store=True, index="btree_not_null"
    )
    state = fields.Selection(
        STATES, compute="_compute_state", store=True, index=True, group_expand=True
    )
    is_late = fields.Boolean(compute="_compute_is_late", search="_search_is_late")
    done_on = fields.Date(string="Made On", compute="_compute_done_on", store=True)
    told_date = fields.Date(
        string="Day the Customer Was Told", help="As he was told it last."
    )
    told_otherwise = fields.Boolean(compute="_compute_told_otherwise")
    cancelled_on = fields.Date()
    cancel_reason = fields.Selection(CANCEL_REASONS)
    forfeited_on = fields.Date()
    brought_by_id = fields.Many2one(
        "project.task",
        string="Brought Forward For",
        ondelete="set null",
        index="btree_not_null",
        help="The fault that was near.",
    )
    brought_from = fields.Date(string="Brought Forward From")
    problem = fields.Char(
        string="Could Not Be Planned", help="Why its ticket could not be made."
    )
    check_ids = fields.One2many(
        "service.agreement.visit.check", "visit_id", string="Checklist"
    )
    check_text = fields.Char(string="Checked", compute="_compute_check_text")
    defect_count = fields.Integer(string="Defects", compute="_compute_check_text")
    summary = fields.Text(
        string="What We Did", help="In words the customer reads in the report."
    )
    signature = fields.Image(
        string="Customer's Signature",
        attachment=True,
        max_width=1024,
        max_height=1024,
        help="Optional.",
    )
    signed_by = fields.Char(help="The customer's person on site.")
    report_sent_on = fields.Datetime(string="Report Sent")

    _slot_uniq = models.UniqueIndex(
        "(plan_id, system_id, site_id, year, number) NULLS NOT DISTINCT "
        "WHERE plan_id IS NOT NULL",
        "This visit is on record already.",
    )
    _date_idx = models.Index("(company_id, date) WHERE state IN ('owed', 'planned')")

    # What follows from facts

    @api.depends("task_ids")
    def _compute_task_id(self):
        for visit in self:
            visit.task_id = visit.task_ids[:1]

    @api.depends("planned_on", "task_id.date_deadline")
    def _compute_date(self):
        for visit in self:
            deadline = visit.task_id.date_deadline
            visit.date = (
                visit.company_id._service_day(deadline)
                if deadline
                else visit.planned_on
            )

    def _inverse_date(self):
        for visit in self.filtered("date"):
            visit._move(visit.date)

    @api.depends("agreement_id.date_start", "year", "plan_id.carry_months")
    def _compute_usable_until(self):
        for visit in self:
            start = visit.agreement_id.date_start
            last_day = start and last_day_of_year(start, visit.year - 1)
            visit.usable_until = last_day and fields.Date.add(
                last_day, months=visit.plan_id.carry_months
            )

    @api.depends(
        "task_id.state",
        "task_id.stage_id.ticket_status",
        "cancelled_on",
        "forfeited_on",
    )
    def _compute_state(self):
        for visit in self:
            visit.state = visit._get_state()

    def _get_state(self):
        self.ensure_one()
        closed = self.task_id._ticket_is_closed() if self.task_id else False
        if closed == "solved":
            return "done"
        if self.cancelled_on:
            return "cancelled"
        if self.forfeited_on:
            return "forfeited"
        return "planned" if self.task_id and not closed else "owed"

    @api.depends("state", "task_id.date_end")
    def _compute_done_on(self):
        for visit in self:
            company, ended = visit.company_id, visit.task_id.date_end
            if visit.state != "done":
                visit.done_on = False
            elif ended:
                visit.done_on = company._service_day(ended)
            else:
                visit.done_on = visit.done_on or company._service_today()

    @api.depends("state", "planned_hours")
    def _compute_owed_hours(self):
        for visit in self:
            visit.owed_hours = visit.planned_hours if visit.state in OPEN else 0.0

    @api.depends("state", "date", "window_to")
    def _compute_is_late(self):
        for visit in self:
            today = visit.company_id._service_today()
            visit.is_late = visit.state in OPEN and visit._get_latest_day() < today

    def _get_latest_day(self):
        """:return: the last day on which it is in time: of its window, or the day that
        was agreed with the customer if that is later
        """
        self.ensure_one()
        return max(self.window_to, self.date)

    @api.model
    def _search_is_late(self, operator, value):
        if operator != "in":
            return NotImplemented
        late = Domain.OR(
            Domain("company_id", "=", company.id)
            & Domain("window_to", "<", company._service_today())
            & Domain("date", "<", company._service_today())
            for company in self.env.companies
        ) & Domain("state", "in", OPEN)
        wanted = {True: late, False: ~late}
        return Domain.OR(wanted[each] for each in set(map(bool, value)))

    @api.depends("told_date", "date", "state")
    def _compute_told_otherwise(self):
        for visit in self:
            visit.told_otherwise = (
                visit.state == "planned" and visit.told_date != visit.date
            )

    @api.depends("number", "plan_id.months")
    def _compute_number_text(self):
        for visit in self:
            count = visit.sudo().plan_id._count_a_year()
            visit.number_text = (
                self.env._("%(number)s of %(count)s", number=visit.number, count=count)
                if count
                else str(visit.number)
            )

    @api.depends("check_ids.result")
    def _compute_check_text(self):
        for visit in self:
            results = visit.check_ids.mapped("result")
            visit.defect_count = results.count("defect")
            visit.check_text = bool(results) and self.env._(
                "%(checked)s of %(all)s",
                checked=len(list(filter(None, results))),
                all=len(results),
            )

    @api.depends("name", "number_text", "partner_id.display_name")
    @api.depends_context("lang")
    def _compute_display_name(self):
        for visit in self:
            visit.display_name = self.env._(
                "%(customer)s: %(visit)s",
                customer=visit.sudo().partner_id.display_name or "",
                visit=visit._get_name_text(),
            )

    def _get_name_text(self):
        """:return: str, "Preventive visit 1 of 2" """
        self.ensure_one()
        return f"{self.name or ''} {self.number_text or ''}".strip()

    # Another day

    def _move(self, day):
        """Give it another day; its ticket goes with it, and says so."""
        self.ensure_one()
        if self.state not in OPEN:
            raise UserError(
                self.env._(
                    "%(visit)s is no longer to be made: its day stays.",
                    visit=self.display_name,
                )
            )
        # Sudo: facts; who may write the visit may move it.
        visit = self.sudo()
        visit.write({"planned_on": day, "is_moved": True})
        if visit.task_id:
            visit.task_id.date_deadline = visit._get_deadline(day)

    # Buttons

    def action_plan(self):
        """Make its ticket now, whatever its day."""
        for visit in self:
            visit.check_access("write")
            if reason := visit.sudo()._why_not_plan():
                raise UserError(reason)
            visit.sudo()._plan()
        return self[:1].action_view_ticket() if len(self) == 1 else None

    def action_view_ticket(self):
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": "project.task",
            "res_id": self.task_id.id,
            "views": [(False, "form")],
        }

    def action_decline(self):
        """The customer does not want it: it is no longer owed."""
        self.check_access("write")
        if self.filtered(lambda visit: visit.state not in OPEN):
            raise UserError(self.env._("Only a visit that is still owed can go."))
        for visit in self.sudo():
            visit._cancel("declined")

    def action_take_back(self):
        """It is owed after all."""
        self.check_access("write")
        if self.filtered(lambda visit: visit.cancel_reason != "declined"):
            raise UserError(
                self.env._("Only what the customer did not want can be owed again.")
            )
        self.sudo()._restore()

    def action_tell(self):
        """Write to the customer which day it is; again, where that day was moved."""
        self._ensure_planned()
        for visit in self.sudo():
            if not visit.task_id.partner_id.email:
                raise UserError(
                    self.env._(
                        "%(customer)s has no mail address. Give him a call, and then "
                        "choose “Told Already”.",
                        customer=visit.task_id.partner_id.display_name,
                    )
                )
            visit._tell_customer()

    def action_told(self):
        """The customer knows the day: somebody called him."""
        self._ensure_planned()
        for visit in self.sudo():
            visit.told_date = visit.date
            visit.task_id._message_log(
                body=self.env._(
                    "The customer knows that we come on %(day)s.",
                    day=visit._format_day(visit.date),
                )
            )

    def _ensure_planned(self):
        """
        :raise AccessError: who asks may not write visits
        :raise UserError: there is no day to tell
        """
        self.check_access("write")
        if self.filtered(lambda visit: visit.state != "planned"):
            raise UserError(self.env._("Plan the visit first: it has no ticket."))

    def _format_day(self, day):
        """:return: str, a day in the language of the environment"""
        return format_date(self.env, day)
