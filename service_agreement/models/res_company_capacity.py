"""Who there is for service work, and for how many hours."""

from collections import defaultdict
from datetime import datetime, time, timedelta
from decimal import Decimal

from odoo import fields, models
from odoo.fields import Domain
from odoo.tools import SQL
from odoo.tools.intervals import Intervals

from ..tools.promise_debt import Past, get_capacity, hours_by_month

DAY = timedelta(days=1)
ZERO = Decimal(0)
# What is looked back at.
MONTHS_BACK = 12


class ResCompany(models.Model):
    """Technicians are the employees who logged work on tickets in the last 12 months.

    Their hours are those of their calendars, less leaves and public holidays. Of these
    a share goes to what is not owed: tickets that no included or bought hours pay for,
    and projects and whatever else they log. How much, the last 12 months tell.
    """

    _inherit = "res.company"

    def _get_technicians(self):
        """:return: hr.employee of this company, who work here"""
        self.ensure_one()
        # Sudo: how many there are is asked by who may read neither work nor people.
        draws = self.env["service.agreement.allowance.draw"].sudo()
        found = draws._read_group(
            Domain("company_id", "=", self.id)
            & Domain("employee_id.active", "=", True)
            & Domain("employee_id.company_id", "=", self.id)
            & self._get_past_domain(),
            ["employee_id"],
        )
        return draws.employee_id.union(*(employee for (employee,) in found))

    def _get_past_domain(self):
        """:return: Domain of the dates of 12 months up to yesterday"""
        today = self._service_today()
        since = fields.Date.subtract(today, months=MONTHS_BACK)
        return Domain("date", ">=", since) & Domain("date", "<", today)

    def _get_service_capacity(self, until):
        """
        :param date until: last day of a month
        :return: dict of tools.promise_debt.Capacity by the first day of a month, from
            today on; an empty one where nobody has logged work on a ticket
        """
        technicians = self._get_technicians()
        if not technicians:
            return {}
        today = self._service_today()
        past = self._get_past(technicians)
        working = defaultdict(Decimal)
        for intervals in self._get_working_intervals(
            technicians, today, until
        ).values():
            for month, hours in hours_by_month(intervals).items():
                working[month] += hours
        months = [today.replace(day=1)]
        while (month := fields.Date.add(months[-1], months=1)) <= until:
            months.append(month)
        return {month: get_capacity(working[month], past) for month in months}

    def _get_working_intervals(self, technicians, first, last):
        """
        :param date last: included
        :return: dict of lists of (start, end), aware datetimes, by hr.employee; by the
            company's calendar where somebody has none
        """
        zone = self._service_tz()
        start = datetime.combine(first, time.min, zone)
        end = datetime.combine(last + DAY, time.min, zone)
        # Sudo: see above.
        resources = technicians.sudo().resource_id.with_company(self)
        free = resources.filtered(lambda resource: resource._is_fully_flexible())
        found, _calendars = (resources - free)._get_valid_work_intervals(start, end)
        usual = self.sudo().resource_calendar_id
        if free and usual:
            # Of who has no calendar, Odoo would say that he works day and night.
            days = usual._attendance_intervals_batch(start, end)[False]
            leaves = usual._leave_intervals_batch(start, end, resources=free)
            found.update({each.id: days - leaves[each.id] for each in free})
        return {
            technician: [
                (begin, stop)
                for begin, stop, _attendance in found.get(
                    technician.sudo().resource_id.id, Intervals()
                )
            ]
            for technician in technicians
        }

    def _get_past(self, technicians):
        """:return: tools.promise_debt.Past of all together, each since his first
        timesheet of the 12 months
        """
        logged = self._get_logged(technicians)
        return Past(
            self._count_working_hours(technicians, {e: row[0] for e, row in logged}),
            sum((Decimal(str(row[1])) for _employee, row in logged), ZERO),
            sum((Decimal(str(row[2])) for _employee, row in logged), ZERO),
        )

    def _count_working_hours(self, technicians, since):
        """
        :param dict since: date by hr.employee; nobody else is counted
        :return: Decimal, hours of their calendars from there up to yesterday
        """
        yesterday = self._service_today() - DAY
        if not since:
            return ZERO
        begun = min(since.values())
        worked = self._get_working_intervals(technicians, begun, yesterday)
        own = (
            each
            for technician, first in since.items()
            for each in worked[technician]
            if each[0].date() >= first
        )
        return sum(hours_by_month(own).values(), ZERO)

    def _get_logged(self, technicians):
        """
        :return: list of (hr.employee, (date of the first timesheet, hours on tickets
            that nothing owed was delivered by, hours of other work))
        """
        # Sudo: see above.
        lines = self.env["account.analytic.line"].sudo()
        worked = lines._search(
            Domain("employee_id", "in", technicians.ids)
            & Domain("company_id", "=", self.id)
            & lines._get_worked_domain()
            & self._get_past_domain()
        )
        self.env["service.agreement.allowance.draw"].flush_model()
        lines.flush_model(["unit_amount"])
        self.env["project.task"].flush_model(["visit_id"])
        rows = self.env.execute_query(
            SQL(
                """
                SELECT line.employee_id, MIN(line.date),
                       COALESCE(SUM(line.unit_amount * part.tickets), 0),
                       COALESCE(SUM(line.unit_amount)
                           FILTER (WHERE part.line_id IS NULL), 0)
                  FROM account_analytic_line line
             LEFT JOIN (
                    SELECT draw.line_id,
                           SUM(draw.quantity) FILTER (
                               WHERE draw.lot_id IS NULL AND task.visit_id IS NULL)
                           / NULLIF(SUM(draw.quantity), 0) AS tickets
                      FROM service_agreement_allowance_draw draw
                 LEFT JOIN project_task task ON task.id = draw.task_id
                     WHERE draw.unit = 'hour' AND draw.company_id = %(company)s
                  GROUP BY draw.line_id
                       ) AS part ON part.line_id = line.id
                 WHERE line.id IN %(worked)s
              GROUP BY line.employee_id
                """,
                company=self.id,
                worked=worked.subselect(),
            )
        )
        return [(technicians.browse(each), figures) for each, *figures in rows]


class AccountAnalyticLine(models.Model):
    _inherit = "account.analytic.line"

    def _get_worked_domain(self):
        """:return: Domain of the timesheets that say what somebody worked on; time off
        is none of them, where an addon writes it down as timesheets
        """
        worked = Domain("project_id", "!=", False)
        for name in ("holiday_id", "global_leave_id"):
            if name in self._fields:
                worked &= Domain(name, "=", False)
        return worked
