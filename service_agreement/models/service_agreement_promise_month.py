from collections import defaultdict
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL, format_date

from ..tools.promise_debt import Call, Capacity, Fit, Load, fit
from .service_agreement_promise_debt import MONEY_GROUPS, MONTHS_AHEAD
from .sql_values import sql_values

# What has its day; everything else that has hours may be called by the customer.
DATED = ("visit", "inspection")
# The columns of the table that is read, with their types as PostgreSQL
# calls them itself.
COLUMNS = {
    "id": "int8",
    "company_id": "int4",
    "currency_id": "int4",
    "month": "date",
    "visits": "float8",
    "visit_hours": "float8",
    "call_hours": "float8",
    "late_hours": "float8",
    "owed_hours": "float8",
    "technician_count": "int4",
    "working_hours": "float8",
    "ticket_hours": "float8",
    "other_hours": "float8",
    "capacity_hours": "float8",
    "free_hours": "float8",
    "share": "float8",
    "missing_hours": "float8",
    "level": "varchar",
    "worth": "float8",
    "unearned": "float8",
}
SUMS = ("visits", "hours", "worth", "unearned")


class Owed(NamedTuple):
    """What is owed of a kind, by the first days of the months it is due in, and it can
    be had from; month False: without end.
    """

    month: date
    month_from: date
    kind: str
    is_late: bool
    visits: float
    hours: float
    worth: float
    unearned: float


class ServiceAgreementPromiseMonth(models.Model):
    """What is owed in a month against the hours there are for it.

    A row for this month and each of the 12 ahead, and one for what is due later or has
    no last day. Of this month only the days from today on count, and what is late.
    Nothing is stored: calendars and leaves are asked each time.

    The hours are those of all customers, whoever reads them: they tell nothing of one
    of them, and a part of them would be compared with the time of all technicians.
    """

    _name = "service.agreement.promise.month"
    _description = "Promise Debt by Month"
    _auto = False
    _order = "month nulls last, company_id"

    month = fields.Date(readonly=True, help="Empty: later, or without a last day.")
    company_id = fields.Many2one("res.company", readonly=True)
    currency_id = fields.Many2one("res.currency", readonly=True)
    visits = fields.Float(readonly=True, help="Visits and inspections owed.")
    visit_hours = fields.Float(
        string="Hours of Visits",
        readonly=True,
        help="Of visits and inspections that are due in this month.",
    )
    call_hours = fields.Float(
        string="Hours on Call",
        readonly=True,
        help="Included or bought hours that customers may call, and that expire with "
        "this month.",
    )
    late_hours = fields.Float(
        string="Of It Late", readonly=True, help="Was due before today."
    )
    owed_hours = fields.Float(string="Hours Owed", readonly=True)
    technician_count = fields.Integer(
        string="Technicians",
        readonly=True,
        aggregator="max",
        help="Employees who logged work on tickets in the last 12 months.",
    )
    working_hours = fields.Float(
        readonly=True,
        help="Of the technicians, by their calendars, less leaves and public holidays.",
    )
    ticket_hours = fields.Float(
        string="Kept for Tickets",
        readonly=True,
        help="The share of their working hours that in the last 12 months went to "
        "tickets which no included or bought hours paid for, and which were no visits.",
    )
    other_hours = fields.Float(
        string="Kept for Other Work",
        readonly=True,
        help="The share that went to projects and other timesheets.",
    )
    capacity_hours = fields.Float(
        string="Capacity",
        readonly=True,
        help="Working hours less what is kept for tickets and other work.",
    )
    free_hours = fields.Float(
        string="Free", readonly=True, help="Capacity less what is owed."
    )
    share = fields.Float(
        string="Owed (%)",
        readonly=True,
        aggregator="avg",
        help="Hours owed by capacity; of several months, of all of them together.",
    )
    missing_hours = fields.Float(
        string="Too Many",
        readonly=True,
        help="Hours due by the end of this month that nobody has time for, then or "
        "before, if customers call all of them.",
    )
    level = fields.Selection(
        [
            ("fits", "Fits"),
            ("early", "Begin earlier"),
            ("short", "Too many hours"),
            ("over", "Visits oversold"),
            ("unknown", "No capacity known"),
        ],
        string="Enough Hands?",
        readonly=True,
        help="Visits oversold: not even the visits of the month fit in. Too many "
        "hours: the visits do, but not all hours that customers may call until its "
        "end. Begin earlier: all of it fits if some hours are worked in the months "
        "before. No capacity known: nobody logged work on tickets in 12 months.",
    )
    worth = fields.Monetary(
        readonly=True,
        groups=MONEY_GROUPS,
        help="Hours owed by the list of today, without trips.",
    )
    unearned = fields.Monetary(
        string="Not Yet Earned",
        readonly=True,
        groups=MONEY_GROUPS,
        help="Billed for days of this month, and of bought hours that expire in it.",
    )
    kept_text = fields.Char(
        string="Kept For",
        compute="_compute_kept_text",
        help="Shares of the working hours, as they were in the last 12 months: tickets "
        "that no included or bought hours paid for, and projects and other timesheets.",
    )

    @api.depends("month")
    @api.depends_context("lang")
    def _compute_display_name(self):
        for row in self:
            row.display_name = (
                format_date(self.env, row.month, date_format="MMMM yyyy")
                if row.month
                else self.env._("Later, or without end")
            )

    @api.depends("ticket_hours", "other_hours", "working_hours")
    @api.depends_context("lang")
    def _compute_kept_text(self):
        for row in self:
            whole = row.working_hours
            row.kept_text = bool(whole) and self.env._(
                "%(tickets)s %% tickets, %(other)s %% other",
                tickets=round(100 * row.ticket_hours / whole),
                other=round(100 * row.other_hours / whole),
            )

    @property
    def _table_query(self):
        rows = [
            [row.get(name) for name in COLUMNS]
            for company in self.env.companies
            for row in self._get_rows(company)
        ]
        names = SQL(", ").join(map(SQL.identifier, COLUMNS))
        table = sql_values(COLUMNS.values(), rows)
        return SQL("SELECT * FROM (%s) AS month(%s)", table, names)

    # Which rows there are

    def _get_rows(self, company):
        """:return: list of dict by ``COLUMNS``; empty where nothing is owed"""
        owed = self._get_owed(company)
        if not owed:
            return []
        first = company._service_today().replace(day=1)
        months = [
            fields.Date.add(first, months=number) for number in range(MONTHS_AHEAD + 1)
        ]
        until = fields.Date.end_of(months[-1], "month")
        technicians = company._get_technicians()
        capacity = company._get_service_capacity(technicians, until)
        common = {
            "company_id": company.id,
            "currency_id": company.currency_id.id,
            "technician_count": len(technicians),
        }
        sums = _sum_by_month(owed, months)
        rows = [
            {
                **common,
                "id": company.id * 2400 + month.year % 200 * 12 + month.month,
                "month": month,
                **sums[month],
                **_prepare_capacity(capacity.get(month), each),
            }
            for month, each in zip(months, _fit(months, owed, capacity), strict=True)
        ]
        if None in sums:
            hours = sums[None]["visit_hours"] + sums[None]["call_hours"]
            later = {**common, "id": company.id * 2400, **sums[None]}
            rows.append({**later, "technician_count": None, "owed_hours": hours})
        return rows

    @api.model
    def _get_owed(self, company):
        """:return: list of Owed, each of some rows of the promise debt

        Sudo: the hours of all customers together, see above. Money is kept for who may
        read it by its fields.
        """
        debt = self.env["service.agreement.promise.debt"].sudo()
        groups = debt.with_context(allowed_company_ids=company.ids)._read_group(
            Domain("company_id", "=", company.id),
            ["month:month", "month_from:month", "kind", "is_late"],
            [f"{name}:sum" for name in SUMS],
        )
        return [Owed(*group) for group in groups]

    # The records behind it

    def action_open(self):
        """What is owed in this month."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "service_agreement.action_service_agreement_promise_debt"
        )
        return dict(
            action,
            name=self.display_name,
            display_name=self.display_name,
            domain=[("company_id", "=", self.company_id.id), *self._get_month_domain()],
            context={"search_default_group_kind": 1},
            views=[(False, "list"), (False, "pivot"), (False, "graph")],
        )

    def _get_month_domain(self):
        """:return: Domain of the promise debt of this row"""
        if self.month:
            return Domain("month", "=", self.month)
        first = self.company_id._service_today().replace(day=1)
        last = fields.Date.add(first, months=MONTHS_AHEAD)
        return Domain("month", "=", False) | Domain("month", ">", last)

    def action_open_technicians(self):
        """Whose hours they are; their calendars and leaves are those of the month."""
        companies = self.company_id or self.env.companies
        technicians = [
            each for company in companies for each in company._get_technicians()
        ]
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "hr.hr_employee_public_action"
        )
        return dict(
            action,
            name=self.env._("Technicians"),
            display_name=self.env._("Technicians"),
            domain=[("id", "in", [each.id for each in technicians])],
            context={},
            views=[(False, "list"), (False, "kanban"), (False, "form")],
        )

    def _read_group_select(self, aggregate_spec, query):
        if aggregate_spec == "share:avg":
            return SQL(
                "100 * SUM(%(owed)s) FILTER (WHERE %(capacity)s IS NOT NULL)"
                " / NULLIF(SUM(%(capacity)s), 0)",
                owed=self._field_to_sql(self._table, "owed_hours", query),
                capacity=self._field_to_sql(self._table, "capacity_hours", query),
            )
        return super()._read_group_select(aggregate_spec, query)


def _sum_by_month(owed, months):
    """
    :return: dict of dict of figures by month; by None what is due after these
    """
    zeros = ("visits", "visit_hours", "call_hours", "late_hours", "worth", "unearned")
    sums = {month: dict.fromkeys(zeros, 0.0) for month in months}
    for each in owed:
        month = each.month if each.month in sums else None
        figures = sums.setdefault(month, dict.fromkeys(zeros, 0.0))
        hours = "visit_hours" if each.kind in DATED else "call_hours"
        figures[hours] += each.hours or 0.0
        figures["late_hours"] += (each.is_late and each.hours) or 0.0
        for name in ("visits", "worth", "unearned"):
            figures[name] += getattr(each, name) or 0.0
    return sums


def _fit(months, owed, capacity):
    """:return: list of tools.promise_debt.Fit, by month"""
    visits = defaultdict(Decimal)
    calls = []
    for each in owed:
        hours = Decimal(str(each.hours or 0))
        if each.kind in DATED:
            visits[each.month] += hours
        else:
            calls.append(Call(each.month_from, each.month or date.max, hours))
    loads = [
        Load(month, visits[month], capacity[month].left if capacity else None)
        for month in months
    ]
    return fit(loads, calls)


def _prepare_capacity(capacity: Capacity, found: Fit):
    """
    :param capacity: None: not known
    :return: dict of figures of a row
    """
    values = {
        "owed_hours": float(found.owed),
        "missing_hours": float(found.missing),
        "level": found.level,
    }
    if capacity is None:
        return values
    return {
        **values,
        "working_hours": float(capacity.working),
        "ticket_hours": float(capacity.tickets),
        "other_hours": float(capacity.other),
        "capacity_hours": float(capacity.left),
        "free_hours": float(found.free),
        "share": None if found.share is None else float(100 * found.share),
    }
