from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.fields import Domain
from odoo.tools import format_date

# What of a line is decided, and not by hand.
FACTS = (
    "is_service_work",
    "service_agreement_id",
    "service_verdict",
    "service_explanation",
    "service_issue",
    "service_draw_ids",
)
# What a line takes from its ticket: its own field by that of the ticket.
FROM_TICKET = {
    "service_work_type_id": "work_type_id",
    "service_system_id": "system_id",
    "service_device_id": "device_id",
    "service_exclusion_id": "exclusion_id",
    "service_choice_id": "payer_id",
}
# What makes work one visit of one person.
VISIT = {"service_work_type_id", "task_id", "date", "employee_id"}
# What who pays is decided by.
DECISIVE = {
    *FROM_TICKET,
    "service_start",
    "service_trips",
    "date",
    "unit_amount",
    "product_uom_id",
    "employee_id",
    "partner_id",
    "project_id",
    "task_id",
    "company_id",
}


class AccountAnalyticLine(models.Model):
    """A timesheet line of a service desk is a piece of service work.

    Who pays for it is decided in ``account_analytic_line_coverage.py``, whenever
    something it is decided by changes.
    """

    _name = "account.analytic.line"
    _inherit = ["account.analytic.line", "service.agreement.guard"]
    _facts = FACTS

    is_service_work = fields.Boolean(
        compute="_compute_is_service_work", store=True, export_string_translation=False
    )
    service_work_type_id = fields.Many2one(
        "service.agreement.work.type",
        string="Work Done",
        compute="_compute_service_work_type_id",
        store=True,
        readonly=False,
        index="btree_not_null",
    )
    service_exclusion_id = fields.Many2one(
        "service.agreement.exclusion",
        string="Not Covered Because",
        compute="_compute_service_exclusion_id",
        store=True,
        readonly=False,
        index="btree_not_null",
    )
    service_start = fields.Datetime(
        string="Started At",
        help="Needed where part of the work may lie out of the covered hours. Empty: "
        "within them.",
    )
    service_trips = fields.Integer(
        string="Trips",
        compute="_compute_service_trips",
        store=True,
        readonly=False,
        help="One for the first work on site of a ticket, a day and a person.",
    )
    service_system_id = fields.Many2one(
        "service.agreement.system",
        string="System",
        compute="_compute_service_system_id",
        store=True,
        readonly=False,
        index="btree_not_null",
    )
    service_device_id = fields.Many2one(
        "service.agreement.device",
        string="Device",
        compute="_compute_service_device_id",
        store=True,
        readonly=False,
        index="btree_not_null",
    )
    service_choice_id = fields.Many2one(
        "service.agreement",
        string="Paid By (chosen)",
        compute="_compute_service_choice_id",
        store=True,
        readonly=False,
        index="btree_not_null",
        copy=False,
        groups="base.group_user",
        help="Chosen by a person, and kept whatever else would be decided.",
    )
    service_agreement_id = fields.Many2one(
        "service.agreement",
        string="Paid By",
        readonly=True,
        copy=False,
        index="btree_not_null",
        groups="base.group_user",
    )
    service_verdict = fields.Selection(
        [
            ("covered", "Covered"),
            ("partly", "Partly covered"),
            ("uncovered", "Not covered"),
        ],
        string="Coverage",
        readonly=True,
        copy=False,
        groups="base.group_user",
    )
    service_explanation = fields.Json(
        readonly=True,
        copy=False,
        groups="base.group_user",
        export_string_translation=False,
    )
    service_issue = fields.Selection(
        [
            ("customer", "No customer"),
            ("negative", "Less than no time"),
            ("rate", "No rate"),
            ("start", "Started on another day"),
            ("overlap", "Overlaps other work"),
        ],
        string="Missing",
        readonly=True,
        copy=False,
        groups="base.group_user",
        help="What keeps it from being decided or priced.",
    )
    service_draw_ids = fields.One2many(
        "service.agreement.allowance.draw",
        "line_id",
        string="Who Pays",
        readonly=True,
        groups="base.group_user",
    )

    # What the profit of agreements looks for among all that was ever written down.
    _vendor_bill_idx = models.Index("(id) WHERE category = 'vendor_bill'")
    _service_ledger_idx = models.Index(
        "(company_id, partner_id, date) WHERE is_service_work"
    )
    # What technicians do beside it.
    _other_work_idx = models.Index(
        "(company_id, employee_id, date) INCLUDE (unit_amount) "
        "WHERE is_service_work IS NOT TRUE AND project_id IS NOT NULL"
    )

    @api.depends("project_id.is_service_desk")
    def _compute_is_service_work(self):
        for line in self:
            line.is_service_work = line.project_id.is_service_desk

    # What the ticket says. Not by depending on it: a line that somebody corrected
    # keeps what he said when the ticket changes, see project_task.py.

    @api.depends("task_id")
    def _compute_service_work_type_id(self):
        self._take_from_ticket("service_work_type_id")

    @api.depends("task_id")
    def _compute_service_exclusion_id(self):
        self._take_from_ticket("service_exclusion_id")

    @api.depends("task_id")
    def _compute_service_system_id(self):
        self._take_from_ticket("service_system_id")

    @api.depends("task_id")
    def _compute_service_device_id(self):
        self._take_from_ticket("service_device_id")

    @api.depends("task_id")
    def _compute_service_choice_id(self):
        self._take_from_ticket("service_choice_id")

    def _take_from_ticket(self, name):
        for line in self:
            line[name] = line[name] or line.task_id[FROM_TICKET[name]]

    @api.depends("service_work_type_id", "task_id", "date", "employee_id")
    def _compute_service_trips(self):
        """Somebody went there once, however often he noted his time.

        What a line has already stays: of two lines of a day it is not moved about.
        """
        there = self.filtered(lambda ln: ln.service_work_type_id.is_on_site)
        (self - there).service_trips = 0
        gone = there._get_visits_paid()
        for line in there.sorted(lambda ln: ln._origin.id or 0):
            key = line._get_visit_key()
            first = key is None or key not in gone
            line.service_trips = (line.service_trips or 1) if first else 0
            gone.add(key)

    def _get_visit_key(self):
        """:return: tuple of what is one visit of one person, or None"""
        return self.task_id and (
            self.task_id._origin.id,
            self.date,
            self.employee_id._origin.id,
        )

    def _get_visits_paid(self):
        """:return: set of the keys of visits for which another line has a trip"""
        if not self.task_id._origin:
            return set()
        others = (
            self.env["account.analytic.line"]
            .sudo()
            ._read_group(
                Domain("task_id", "in", self.task_id._origin.ids)
                & Domain("date", "in", list({line.date for line in self}))
                & Domain("id", "not in", self._origin.ids)
                & Domain("service_trips", ">", 0),
                ["task_id", "date:day", "employee_id"],
            )
        )
        return {(task.id, day, employee.id) for task, day, employee in others}

    # CRUD

    @api.model
    def default_get(self, fields):
        """What a context or one's own defaults propose is no fact, either."""
        values = super().default_get(fields)
        refused = () if self._may_choose_payer() else ("service_choice_id",)
        for name in () if self.env.su else (*FACTS, *refused):
            values.pop(name, None)
        return values

    @api.model
    def _refuse_facts(self, vals):
        result = super()._refuse_facts(vals)
        if vals.get("service_choice_id") and not self._may_choose_payer():
            raise AccessError(
                self.env._("Only who makes agreements may choose which one pays.")
            )
        return result

    @api.model
    def _may_choose_payer(self):
        user = self.env.user
        return self.env.su or user.has_group("service_agreement.group_user")

    @api.model_create_multi
    def create(self, vals_list):
        lines = super().create(vals_list)
        work = lines.sudo().filtered("is_service_work")
        work._decide_service_work()
        work._note_own_overlaps()
        return lines

    def write(self, vals):
        if DECISIVE.isdisjoint(vals):
            return super().write(vals)
        before = self.sudo().filtered("is_service_work")
        before._ensure_not_settled()
        customers, days = before._get_service_customers(), before._get_days()
        timed = before._get_timed()
        siblings = self.browse() if VISIT.isdisjoint(vals) else before._get_siblings()
        result = super().write(vals)
        for line, start in before._get_moved_starts(vals, days).items():
            super(AccountAnalyticLine, line).write({"service_start": start})
        lines = self.sudo().filtered("is_service_work")
        (before - lines | lines._filter_settled())._forget_verdict()
        lines |= siblings._take_over_trips()
        lines._decide_service_work(customers, days.values())
        lines._note_own_overlaps(*timed)
        return result

    def _get_timed(self):
        """:return: (hr.employee, list of dates) of those that have a time of day"""
        timed = self.filtered("service_start")
        return timed.employee_id, list(timed._get_days().values())

    def _note_own_overlaps(self, employees=None, days=()):
        """:param employees: whose these lines were before; and days: when"""
        whose, when = self._get_timed()
        self._note_overlaps(whose | (employees or whose), [*when, *days])

    def _get_days(self):
        return {line: line.date for line in self if line.date}

    def _get_moved_starts(self, vals, days):
        """What is moved to another day began there, at the same time of day.

        :param dict vals: that were written
        :param dict days: the days before, by line
        :return: dict of naive UTC datetime by line
        """
        if "date" not in vals or "service_start" in vals:
            return {}
        return {
            line: line.service_start + (line.date - days[line])
            for line in self.filtered("service_start")
            if line.date != days[line]
        }

    @api.ondelete(at_uninstall=False)
    def _unlink_not_settled(self):
        self.sudo().filtered("is_service_work")._ensure_not_settled()

    def unlink(self):
        lines = self.sudo().filtered("is_service_work")
        customers, days = lines._get_service_customers(), lines._get_days()
        timed, siblings = lines._get_timed(), lines._get_siblings()
        result = super().unlink()
        siblings._take_over_trips()
        siblings._decide_service_work(customers, days.values())
        self._note_overlaps(*timed)
        return result

    def _get_siblings(self):
        """:return: other lines of the visits that were counted on these"""
        gone = self.filtered(lambda ln: ln.service_trips and ln.task_id)
        if not gone:
            return gone
        keys = {line._get_visit_key() for line in gone}
        others = self.search(
            Domain("task_id", "in", gone.task_id.ids)
            & Domain("date", "in", gone.mapped("date"))
            & Domain("id", "not in", self.ids)
        )
        return others.filtered(lambda ln: ln._get_visit_key() in keys)

    def _take_over_trips(self):
        """What was counted on a line that is gone, or elsewhere now, is on another.

        :return: those of ``self`` that are not settled
        """
        lines = self - self._filter_settled()
        lines.filtered(lambda ln: not ln.service_trips)._compute_service_trips()
        return lines

    def _ensure_not_settled(self):
        """:raise UserError: one of them was invoiced, or its month is closed"""
        for line in self._filter_settled():
            raise UserError(line._get_settled_text())

    def _get_settled_text(self):
        self.ensure_one()
        day = format_date(self.env, self.date)
        if any(self.service_draw_ids.mapped("is_invoiced")):
            return self.env._(
                "The work of %(day)s on %(ticket)s was invoiced and stays as it is. "
                "Credit the invoice first, or add a new line for the difference.",
                day=day,
                ticket=self.task_id.display_name or self.name,
            )
        return self.env._(
            "%(day)s lies in a month that is settled: what was worked then stays as it "
            "is. Add a new line for what is missing.",
            day=day,
        )
