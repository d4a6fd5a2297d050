import logging
from collections import Counter
from datetime import timedelta

from dateutil.relativedelta import MO, relativedelta
from psycopg2 import OperationalError

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Command

from odoo.addons.service_agreement.models.instant import now

# What happened; the rest is chosen by a person, before it is started.
FACTS = (
    "state",
    "user_id",
    "start_number",
    "date_start",
    "history_to",
    "date_done",
    "progress",
    "draws_made",
    "problem",
    "ticket_count",
    "promised",
    "kept",
    "aim",
    "hours_needed",
    "hours_there",
    "credit",
    "target_ids",
    "hour_ids",
    "choice_ids",
)


_logger = logging.getLogger(__name__)


class _Stopped(Exception):
    """Somebody stopped a check that was at work."""


class ServiceAgreementCapacityRun(models.Model):
    """Can we back it up? The service desk of the coming weeks, simulated.

    How it works: the tickets of the last months come again by chance, with those of the
    agreements about to be sold (`capacity_history`, `capacity_covers`); the technicians
    are there as their calendars and leaves say (`capacity_staff`); and `tools.desk`
    works through it, several times over. What is found is stored as lines: how often
    each promise is kept, in which hours of the week it is not, and how many people more
    would keep it. By its seed a run always finds the same.
    """

    _name = "service.agreement.capacity.run"
    _description = "Capacity Check"
    _inherit = ["service.agreement.guard"]
    _order = "date_done desc, id desc"
    _facts = FACTS

    name = fields.Char(
        string="What Is Asked",
        required=True,
        copy=False,
        default=lambda self: self.env._("Can we back it up?"),
    )
    company_id = fields.Many2one(
        "res.company",
        required=True,
        index=True,
        default=lambda self: self.env.company,
    )
    currency_id = fields.Many2one(related="company_id.currency_id")
    state = fields.Selection(
        [
            ("draft", "To start"),
            ("running", "Running"),
            ("done", "Done"),
            ("failed", "Not possible"),
        ],
        string="Status",
        default="draft",
        required=True,
        readonly=True,
        copy=False,
        index=True,
    )

    # What is asked

    months = fields.Integer(
        string="Look Back (months)",
        default=12,
        required=True,
        help="The tickets of so many months come again, as often as they came.",
    )
    weeks = fields.Integer(
        string="Look Ahead (weeks)",
        default=52,
        required=True,
        help="From next Monday on, with the leaves and holidays that are known by now.",
    )
    growth = fields.Float(
        string="More Tickets (%)",
        help="Than in the past; below 0: fewer. Agreements about to be sold come on "
        "top of it.",
    )
    share = fields.Float(
        string="Time for Tickets (%)",
        default=100.0,
        required=True,
        help="Of their working hours, that the technicians have for tickets. Projects "
        "go on beside the work on a ticket, but no answer and no trip waits for them.",
    )
    answer_minutes = fields.Integer(
        string="Minutes to Answer",
        default=10,
        required=True,
        help="That a first answer takes, and each later one. Part of the work on a "
        "ticket.",
    )
    travel_minutes = fields.Integer(
        string="Minutes to Get There",
        default=30,
        required=True,
        help="Where somebody has to go there. Part of the work on a ticket.",
    )
    usual_hours = fields.Float(
        string="Hours per Ticket",
        default=1.0,
        required=True,
        help="Only where no ticket has any hours on its timesheet. Else one without"
        " hours takes as long as others of its priority.",
    )
    draws = fields.Integer(
        string="Repetitions",
        default=20,
        required=True,
        help="How often the weeks are gone through, each time with other chances. More "
        "are more exact, and take longer. Of very many tickets fewer are made, as they "
        "say as much.",
    )
    seed = fields.Integer(
        default=1,
        required=True,
        help="The same number always draws the same chances, so that two checks differ "
        "by what you changed and by nothing else.",
    )
    # Public, because who runs the service need not see personnel files.
    employee_ids = fields.Many2many(
        "hr.employee.public",
        string="Technicians",
        compute="_compute_employee_ids",
        store=True,
        readonly=False,
        precompute=True,
        help="Who worked on tickets in these months. Anybody can do any ticket.",
    )
    calendar_id = fields.Many2one(
        "resource.calendar",
        string="Hours of Extra People",
        compute="_compute_calendar_id",
        store=True,
        readonly=False,
        precompute=True,
        ondelete="restrict",
        help="In which hours somebody more would work. Empty: nobody more but on call,"
        " day and night.",
    )
    staff_ids = fields.One2many(
        "service.agreement.capacity.staff", "run_id", string="People", copy=True
    )
    sale_ids = fields.One2many(
        "service.agreement.capacity.sale", "run_id", string="To Be Sold", copy=True
    )
    is_in_force = fields.Boolean(
        string="Warn by This Check",
        compute="_compute_is_in_force",
        store=True,
        readonly=False,
        precompute=True,
        help="The latest check with this mark warns who offers what cannot be kept. A "
        "question of what would be if is better left without.",
    )

    # What was found

    user_id = fields.Many2one(
        "res.users", string="Started By", readonly=True, copy=False
    )
    # Tells one start from the next, where somebody stopped it and asked otherwise.
    start_number = fields.Integer(
        readonly=True, copy=False, export_string_translation=False
    )
    date_start = fields.Date(string="From", readonly=True, copy=False)
    date_end = fields.Date(string="Until", compute="_compute_dates")
    history_from = fields.Date(string="Tickets From", compute="_compute_dates")
    history_to = fields.Date(string="Tickets Until", readonly=True, copy=False)
    date_done = fields.Datetime(string="Done On", readonly=True, copy=False)
    progress = fields.Integer(readonly=True, copy=False)
    progress_total = fields.Integer(compute="_compute_progress_total")
    draws_made = fields.Integer(string="Repetitions Made", readonly=True, copy=False)
    problem = fields.Char(readonly=True, copy=False)
    ticket_count = fields.Integer(
        string="Tickets",
        readonly=True,
        copy=False,
        help="Of the past, that come again.",
    )
    promised = fields.Float(
        string="Promises Given", digits=(16, 0), readonly=True, copy=False
    )
    kept = fields.Float(
        readonly=True,
        copy=False,
        aggregator="avg",
        help="Of all promises together, 1 is all of them.",
    )
    aim = fields.Float(
        string="Aim (%)", readonly=True, copy=False, help="As it was set then."
    )
    hours_needed = fields.Float(
        string="Hours of Work per Week", readonly=True, copy=False
    )
    hours_there = fields.Float(
        string="Hours of Technicians per Week",
        readonly=True,
        copy=False,
        help="That they have for tickets.",
    )
    load = fields.Float(compute="_compute_load", help="Of the hours there are.")
    credit = fields.Monetary(
        string="Credits for Missed Promises",
        readonly=True,
        copy=False,
        help="To be expected in these weeks, by the terms of the agreements.",
    )
    target_ids = fields.One2many(
        "service.agreement.capacity.target", "run_id", string="Promises", readonly=True
    )
    hour_ids = fields.One2many(
        "service.agreement.capacity.hour", "run_id", string="Hours", readonly=True
    )
    choice_ids = fields.One2many(
        "service.agreement.capacity.choice",
        "run_id",
        string="Extra People",
        readonly=True,
    )

    _in_force_idx = models.Index(
        "(company_id, date_done) WHERE state = 'done' AND is_in_force"
    )
    _months = models.Constraint(
        "CHECK(months BETWEEN 1 AND 60)", "Look back between 1 and 60 months."
    )
    _weeks = models.Constraint(
        "CHECK(weeks BETWEEN 1 AND 104)", "Look ahead between 1 and 104 weeks."
    )
    _growth = models.Constraint(
        "CHECK(growth BETWEEN -100 AND 1000)",
        "Between 100 % fewer and 1000 % more tickets.",
    )
    _share = models.Constraint(
        "CHECK(share BETWEEN 1 AND 100)",
        "Technicians have between 1 and 100 % of their time for tickets.",
    )
    _minutes = models.Constraint(
        "CHECK(answer_minutes BETWEEN 1 AND 600 AND travel_minutes BETWEEN 1 AND 600)",
        "An answer takes between 1 minute and 10 hours, and so does a trip.",
    )
    _usual_hours = models.Constraint(
        "CHECK(usual_hours > 0 AND usual_hours <= 1000)",
        "A ticket takes more than no time, and at most 1000 hours.",
    )
    _draws = models.Constraint(
        "CHECK(draws BETWEEN 1 AND 100)", "Repeat it between 1 and 100 times."
    )

    # Defaults that can be overwritten

    @api.model
    def default_get(self, fields):
        """With all that is on offer just now, of whoever may be asked."""
        values = super().default_get(fields)
        if "sale_ids" in fields and "sale_ids" not in values:
            company = self.env.company
            since = company._service_today() - relativedelta(months=12)
            sales = self.env["service.agreement.capacity.sale"]
            values["sale_ids"] = [
                Command.create(each) for each in sales._prepare_open(company, since)
            ]
        return values

    @api.depends("company_id")
    def _compute_employee_ids(self):
        for run in self:
            run.employee_ids = run._find_technicians()

    def _find_technicians(self):
        """:return: hr.employee.public of who has hours on tickets of the last months"""
        self.ensure_one()
        company = self.company_id or self.env.company
        since = company._service_today() - relativedelta(months=self.months or 12)
        # Sudo: who worked on tickets; a service manager need not see all timesheets.
        groups = (
            self.env["account.analytic.line"]
            .sudo()
            ._read_group(
                [
                    ("company_id", "=", company.id),
                    ("task_id.project_id.is_service_desk", "=", True),
                    ("date", ">=", since),
                    ("employee_id.active", "=", True),
                ],
                ["employee_id"],
            )
        )
        ids = [employee.id for (employee,) in groups]
        return self.env["hr.employee.public"].browse(ids)

    @api.depends("company_id")
    def _compute_calendar_id(self):
        for run in self:
            company = run.company_id or self.env.company
            run.calendar_id = company.sudo().resource_calendar_id

    @api.depends("staff_ids", "growth")
    def _compute_is_in_force(self):
        for run in self:
            run.is_in_force = not (run.staff_ids or run.growth)

    # Figures

    @api.depends("months", "weeks", "date_start", "history_to")
    def _compute_dates(self):
        for run in self:
            since = run.history_to and run.history_to - relativedelta(months=run.months)
            run.history_from = since and run.history_to - _whole_weeks(
                run.history_to - since
            )
            run.date_end = run.date_start and fields.Date.add(
                run.date_start, weeks=run.weeks, days=-1
            )

    def _compute_progress_total(self):
        self.progress_total = 100

    @api.depends("hours_needed", "hours_there")
    def _compute_load(self):
        for run in self:
            run.load = run.hours_there and run.hours_needed / run.hours_there

    # CRUD

    def write(self, vals):
        if not self.env.su and vals.keys() - {"name", "is_in_force"}:
            self._ensure_open()
        return super().write(vals)

    def _ensure_open(self):
        """:raise UserError: it has been started; says what to do instead"""
        for run in self:
            if run.state in ("running", "done") and not self.env.su:
                raise UserError(
                    run.env._(
                        "“%(check)s” has its answer. Ask again with a copy of it.",
                        check=run.name,
                    )
                )

    @api.ondelete(at_uninstall=False)
    def _unlink_not_running(self):
        if running := self.filtered(lambda run: run.state == "running"):
            raise UserError(
                self.env._("“%s” is at work. Stop it first.", running[0].name)
            )

    # Start

    def _why_not_start(self):
        """:return: str, what is missing before it can be started, or None"""
        self.ensure_one()
        if self.state not in ("draft", "failed"):
            return self.env._(
                "“%s” has been started. Ask again with a copy of it.", self.name
            )
        return self._why_nobody() or self._why_no_hours()

    def _why_nobody(self):
        """:return: str, why it cannot be said who is there; else None"""
        for calendar, number in self._get_missing().items():
            if len(self._get_technicians_of(calendar)) < number:
                return self.env._(
                    "There are not so many technicians with the hours “%(calendar)s”.",
                    calendar=calendar.name or self.env._("day and night"),
                )
        more = self.staff_ids.filtered(lambda part: part.number > 0)
        if not (self._get_technicians() or more):
            return self.env._(
                "Nobody would be there: choose technicians who work on tickets."
            )
        return None

    def _why_no_hours(self):
        """:return: str, why no time can be counted in the hours of extra people"""
        calendars = self.calendar_id | self.staff_ids.calendar_id
        problems = (each._why_no_service_hours() for each in calendars)
        return next(filter(None, problems), None)

    def _prepare_start_values(self):
        self.ensure_one()
        today = self.company_id._service_today()
        return {
            "state": "running",
            "user_id": self.env.user.id,
            "start_number": self.start_number + 1,
            "date_start": today + relativedelta(days=1, weekday=MO),
            "history_to": today,
            "problem": False,
            "progress": 0,
        }

    def action_start(self):
        """Look into it, in the background."""
        self._ensure_can(type(self)._why_not_start)
        for run in self:
            # Sudo: facts; the right was checked.
            run.sudo().write(run._prepare_start_values())
        cron = self.env.ref("service_agreement_capacity.ir_cron_capacity")
        cron.sudo()._trigger()

    def _why_not_stop(self):
        """:return: str, why there is nothing to stop, or None"""
        self.ensure_one()
        if self.state != "running":
            return self.env._("“%s” is not at work.", self.name)
        return None

    def action_stop(self):
        """Never mind: the question can be changed, or deleted."""
        self._ensure_can(type(self)._why_not_stop)
        # Sudo: a fact; the right was checked.
        self.sudo().write({"state": "draft", "progress": 0})

    def action_ask_again(self):
        """The same question, to change and start."""
        self.ensure_one()
        again = self.copy({"name": self.env._("%s (again)", self.name)})
        return again.get_formview_action()

    # The work

    @api.model
    def _cron_work(self):
        """Work through what was started, one after the other. One that was killed is
        begun anew: it finds the same."""
        runs = self.search([("state", "=", "running")], order="id")
        commit_progress = self.env["ir.cron"]._commit_progress
        commit_progress(remaining=len(runs))
        for run in runs:
            if run.exists().state == "running":
                run._work_or_fail()
            if not commit_progress(1):
                return

    def _work_or_fail(self):
        """The same as `_work`; what cannot be worked out keeps no other waiting."""
        number = self.start_number
        try:
            self._work(self._tell_progress)
        except OperationalError:
            raise  # The database's, not of this check: it is tried again.
        except Exception as error:
            self.env.cr.rollback()
            _logger.exception("%s failed", self)
            if self._is_at_work(number):
                problem = self._describe_failure(error)
                self.sudo().write({"state": "failed", "problem": problem})

    def _tell_progress(self, percent):
        """Of a run at work: for who watches it."""
        commit_progress = self.env["ir.cron"]._commit_progress
        # What somebody did meanwhile is seen from here on.
        commit_progress()
        if self.exists().state == "running":
            self.progress = percent
            commit_progress()

    def _is_at_work(self, number):
        """:return: bool, whether nobody stopped it since its start of this number"""
        self.invalidate_recordset(["state", "start_number"])
        run = self.exists()
        return run.state == "running" and run.start_number == number

    def _work(self, tell=lambda _percent: None):
        """Find the answer, or say why there is none.

        :param tell: called with the percent done, now and then
        """
        self.ensure_one()
        run = self.sudo().with_company(self.company_id)
        number = run.start_number

        def tell_or_stop(percent):
            tell(percent)
            if not run._is_at_work(number):
                raise _Stopped

        try:
            answer = run._simulate(tell_or_stop)
        except _Stopped:
            return
        except UserError as error:
            if run._is_at_work(number):
                run.write({"state": "failed", "problem": str(error)})
            return
        if not run._is_at_work(number):
            return  # Somebody stopped it meanwhile, and perhaps asked otherwise.
        run._forget_answer()
        run.write(
            {**answer, "state": "done", "progress": 100, "date_done": now(self.env)}
        )

    def _forget_answer(self):
        for lines in (self.target_ids, self.hour_ids, self.choice_ids):
            lines.unlink()

    # Who, and when

    def _get_technicians(self):
        """:return: hr.employee, without those that are supposed not to be there"""
        self.ensure_one()
        # Sudo: their hours, not their files.
        employees = self.env["hr.employee"].sudo().browse(self.employee_ids.ids)
        for calendar, number in self._get_missing().items():
            those = self._get_technicians_of(calendar)
            employees -= employees.browse(those.ids[-number:])
        return employees

    def _get_missing(self):
        """:return: Counter of technicians who would not be there, by calendar"""
        missing = Counter()
        for part in self.staff_ids.filtered(lambda p: p.number < 0):
            missing[part.calendar_id] -= part.number
        return missing

    def _get_technicians_of(self, calendar):
        """:return: hr.employee.public with these working hours"""
        return self.employee_ids.filtered(
            lambda each: calendar and each.resource_calendar_id == calendar
        )

    def _get_history_instants(self):
        """:return: (first, end) as naive UTC datetimes of the days looked back on"""
        days = self.history_from, self.history_to
        return tuple(map(self.company_id._get_midnight, days))


def _whole_weeks(duration):
    """Each hour of the week is looked at as often as any other."""
    return timedelta(weeks=max(round(duration / timedelta(weeks=1)), 1))
