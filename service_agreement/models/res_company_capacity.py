"""Who there is for service work, and for how many hours."""

from collections import defaultdict
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import NamedTuple

from odoo import fields, models
from odoo.fields import Domain
from odoo.tools import SQL

from ..tools.promise_debt import Past, get_capacity, hours_by_month

DAY = timedelta(days=1)
ZERO = Decimal(0)
# What is looked back at.
MONTHS_BACK = 12


class Logged(NamedTuple):
    """What somebody wrote down on tickets.

    :ivar since: day of the first of it, in the 12 months that are looked back at.
    :ivar tickets: hours as worked that nothing included paid for, visits apart.
    """

    since: date
    tickets: float


class ResCompany(models.Model):
    """Technicians are the employees who logged work on tickets in the last 12 months.

    Their hours are those of their calendars, less leaves and public holidays. Of these
    a share goes to what is not owed: tickets that no included or bought hours pay for,
    and projects and whatever else they log. How much, the last 12 months tell.
    """

    _inherit = "res.company"

    def _get_technicians(self):
        """Who works on tickets here, and how much of that nothing included pays for.

        :return: dict of Logged by hr.employee
        """
        self.ensure_one()
        draws = self.env["service.agreement.allowance.draw"]
        draws.flush_model()
        self.env["service.agreement.visit"].flush_model(["task_id"])
        rows = self.env.execute_query(
            SQL(
                """
                SELECT employee_id, MIN(date),
                       SUM(worked) FILTER (
                           WHERE lot_id IS NULL AND COALESCE(task_id, 0) NOT IN (
                               SELECT task_id FROM service_agreement_visit
                                WHERE task_id IS NOT NULL))
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
        logged = {each: Logged(first, hours or 0.0) for each, first, hours in rows}
        # Sudo: how many there are is asked by who may read neither work nor people.
        found = self.env["hr.employee"].sudo().browse(filter(None, logged)).exists()
        here = found.filtered(lambda each: each.active and each.company_id == self)
        return {each: logged[each.id] for each in here}

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
        since = {each: logged.since for each, logged in technicians.items()}
        tickets = sum((_exact(each.tickets) for each in technicians.values()), ZERO)
        other = ZERO
        # Sudo: see above.
        lines = self.env["account.analytic.line"].sudo()
        for employee, first, hours in lines._read_group(
            self._get_other_work_domain(technicians),
            ["employee_id"],
            ["date:min", "unit_amount:sum"],
        ):
            since[employee] = min(first, since[employee])
            other += _exact(hours)
        return Past(self._count_working_hours(since), tickets, other)

    def _get_other_work_domain(self, technicians):
        """:return: Domain of what they worked on in these 12 months beside tickets"""
        lines = self.env["account.analytic.line"]
        return (
            lines._get_worked_domain()
            & Domain("company_id", "=", self.id)
            & Domain("is_service_work", "=", False)
            & Domain("employee_id", "in", [each.id for each in technicians])
            & Domain("date", ">=", self._get_past_start())
            & Domain("date", "<", self._service_today())
        )

    def _count_working_hours(self, since):
        """
        :param dict since: date by hr.employee
        :return: Decimal, hours of their calendars from there up to yesterday
        """
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
