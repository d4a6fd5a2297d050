"""Who there is for service work, and for how many hours."""

from collections import defaultdict
from datetime import datetime, time, timedelta
from decimal import Decimal

from odoo import fields, models
from odoo.fields import Domain
from odoo.tools import SQL

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
        """Who works on tickets here, and how much of that nothing included pays for.

        :return: dict by hr.employee: float, that part of his hours, visits apart
        """
        self.ensure_one()
        draws = self.env["service.agreement.allowance.draw"]
        draws.flush_model()
        self.env["service.agreement.visit"].flush_model(["task_id"])
        rows = self.env.execute_query(
            SQL(
                """
                SELECT employee_id,
                       SUM(quantity) FILTER (
                           WHERE lot_id IS NULL AND COALESCE(task_id, 0) NOT IN (
                               SELECT task_id FROM service_agreement_visit
                                WHERE task_id IS NOT NULL)
                       ) / NULLIF(SUM(quantity), 0)
                  FROM service_agreement_allowance_draw
                 WHERE company_id = %(company)s AND unit = 'hour'
                   AND date >= %(since)s AND date < %(today)s
              GROUP BY employee_id
                """,
                company=self.id,
                since=self._get_past_start(),
                today=self._service_today(),
            )
        )
        shares = dict(rows)
        # Sudo: how many there are is asked by who may read neither work nor people.
        found = self.env["hr.employee"].sudo().browse(filter(None, shares)).exists()
        here = found.filtered(lambda each: each.active and each.company_id == self)
        return {each: float(shares[each.id] or 0) for each in here}

    def _get_past_start(self):
        """:return: date, first of the 12 months that are looked back at"""
        return fields.Date.subtract(self._service_today(), months=MONTHS_BACK)

    def _get_service_capacity(self, technicians, until):
        """
        :param dict technicians: see `_get_technicians`
        :param date until: last day of a month
        :return: dict of tools.promise_debt.Capacity by the first day of a month, from
            today on; an empty one where there are no technicians
        """
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
        :param technicians: hr.employee, one by one
        :param date last: included
        :return: dict of lists of (start, end), aware datetimes, by hr.employee; by the
            company's calendar where somebody has none
        """
        zone = self._service_tz()
        start = datetime.combine(first, time.min, zone)
        end = datetime.combine(last + DAY, time.min, zone)
        # Sudo: see above.
        employees = self.env["hr.employee"].sudo().union(*technicians)
        resources = employees.resource_id.with_company(self)
        free = resources.filtered(lambda resource: resource._is_fully_flexible())
        found = self._get_resource_intervals(resources, free, start, end)
        return {
            each: [
                (begin, stop)
                for begin, stop, _attendance in found.get(each.resource_id.id, ())
            ]
            for each in employees
        }

    def _get_resource_intervals(self, resources, free, start, end):
        """Working hours without leaves.

        :param resources: resource.resource, as superuser
        :param free: those whose hours are the company's: of who has none of his own,
            Odoo would say that he works day and night
        :param start, end: aware datetimes
        :return: dict of Intervals by id; none of who has no hours at all
        """
        found, _calendars = (resources - free)._get_valid_work_intervals(start, end)
        usual = self.sudo().resource_calendar_id
        if free and usual:
            hours = usual._attendance_intervals_batch(start, end)[False]
            leaves = usual._leave_intervals_batch(start, end, resources=free)
            found.update({each.id: hours - leaves[each.id] for each in free})
        return found

    def _get_past(self, technicians):
        """What all together did, each since his first timesheet of the 12 months.

        :return: tools.promise_debt.Past
        """
        # Sudo: see above.
        lines = self.env["account.analytic.line"].sudo()
        worked = lines._get_worked_domain() & Domain("company_id", "=", self.id)
        worked &= Domain("employee_id", "in", [each.id for each in technicians])
        worked &= Domain("date", ">=", self._get_past_start())
        worked &= Domain("date", "<", self._service_today())
        groups = lines._read_group(
            worked, ["employee_id", "project_id"], ["date:min", "unit_amount:sum"]
        )
        since, tickets, other = {}, ZERO, ZERO
        for employee, project, first, hours in groups:
            since[employee] = min(first, since.get(employee, first))
            share = technicians[employee] if project.is_service_desk else 0
            tickets += _exact(hours * share)
            other += ZERO if project.is_service_desk else _exact(hours)
        return Past(self._count_working_hours(since), tickets, other)

    def _count_working_hours(self, since):
        """
        :param dict since: date by hr.employee
        :return: Decimal, hours of their calendars from there up to yesterday
        """
        if not since:
            return ZERO
        yesterday = self._service_today() - DAY
        worked = self._get_working_intervals(since, min(since.values()), yesterday)
        own = (
            each
            for technician, first in since.items()
            for each in worked[technician]
            if each[0].date() >= first
        )
        return sum(hours_by_month(own).values(), ZERO)


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


def _exact(hours):
    return Decimal(str(hours))
