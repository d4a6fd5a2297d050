from collections import defaultdict
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from odoo import api, models, tools
from odoo.fields import Domain

from .instant import zone

UTC = ZoneInfo("UTC")
MINUTES_PER_DAY = 1440
# Years before and after the one asked for in which a two-week calendar alternates.
YEARS_BACK, YEARS_AHEAD = 1, 3


class ResourceCalendar(models.Model):
    """Working hours, read as what `tools.working_time` understands.

    A spec is made of JSON's types only, sorted, so that equal hours are equal texts::

        {"tz": "Europe/Paris", "weekly": {"0": [[540, 1020]]},
         "closed": [["2026-12-25T00:00:00", "2026-12-26T00:00:00"]],
         "special": {"2026-07-06": [[600, 900]]}}

    Times in it are local: a holiday is a day on the wall, whoever's clock it is. Only
    a closure at the second of two times that the clock shows alike is kept in UTC, with
    its offset: "2026-10-25T00:30:00+00:00".
    """

    _inherit = "resource.calendar"

    @api.model_create_multi
    def create(self, vals_list):
        calendars = super().create(vals_list)
        self.env.registry.clear_cache()  # see sla.promise, _get_spec
        return calendars

    def write(self, vals):
        result = super().write(vals)
        self.env.registry.clear_cache()
        return result

    def _why_no_service_hours(self):
        """:return: str, why no promise can be counted in these hours; else None"""
        self.ensure_one()
        if self.flexible_hours:
            return self.env._(
                "“%(calendar)s” has flexible hours: a promise needs hours that open and"
                " close.",
                calendar=self.display_name,
            )
        odd_rows = self._get_service_attendances().filtered(
            lambda row: not row._is_within_a_day()
        )
        if odd_rows:
            return self.env._(
                "“%(calendar)s” has hours that no day has: %(hours)s. A day goes from"
                " 0:00 to 24:00.",
                calendar=self.display_name,
                hours=", ".join(odd_rows.mapped("name")),
            )
        reversed_rows = self._get_service_attendances().filtered(
            lambda row: _minute(row.hour_from) > _minute(row.hour_to, closing=True)
        )
        if reversed_rows:
            return self.env._(
                "“%(calendar)s” has hours that end before they start: %(hours)s. Split"
                " a shift that crosses midnight in two.",
                calendar=self.display_name,
                hours=", ".join(reversed_rows.mapped("name")),
            )
        if not any(self._get_service_week(0)) and not any(self._get_service_week(1)):
            return self.env._(
                "“%(calendar)s” has no working hours: a promise counted in them would"
                " never be due. Add hours to it, or leave the service hours empty for"
                " day and night.",
                calendar=self.display_name,
            )
        return None

    def _get_service_spec(self, company, tz, year):
        """:param res.company company: whose public holidays close the desk too
        :param str tz: on whose clock the hours are read; empty: the calendar's own
        :param int year: around which the weeks of a two-week calendar alternate
        :return: dict, see the class
        """
        self.ensure_one()
        first, second = self._get_service_week(0), self._get_service_week(1)
        return {
            "tz": zone(tz, self.tz, company._service_tz().key).key,
            "weekly": {str(day): rows for day, rows in enumerate(first) if rows},
            "closed": self._get_service_closures(company),
            "special": self._get_service_special(first, second, year),
        }

    def _get_service_attendances(self):
        return self.attendance_ids.filtered(
            lambda row: (
                row._is_work_period()
                and _minute(row.hour_from) != _minute(row.hour_to, closing=True)
            )
        )

    def _get_service_week(self, week_type):
        """:return: list of seven lists of [from, to] in minutes after midnight"""
        week = defaultdict(list)
        for row in self._get_service_attendances():
            if self.two_weeks_calendar and row.week_type != str(week_type):
                continue
            span = [_minute(row.hour_from), _minute(row.hour_to, closing=True)]
            week[int(row.dayofweek)].append(span)
        return [sorted(week[day]) for day in range(7)]

    def _get_service_special(self, first, second, year):
        """The days on which the second week of a two-week calendar differs."""
        if not self.two_weeks_calendar or first == second:
            return {}
        week_type = self.env["resource.calendar.attendance"].get_week_type
        day, last = date(year - YEARS_BACK, 1, 1), date(year + YEARS_AHEAD, 1, 1)
        special = {}
        while day < last:
            hours = second[day.weekday()]
            if week_type(day) and hours != first[day.weekday()]:
                special[day.isoformat()] = hours
            day += timedelta(days=1)
        return special

    @tools.ormcache("self.id", "company_id")
    def _get_known_closures(self, company_id):
        """:return: tuple of (start, end) as in a spec, read once: what is covered asks
        for every piece of work, and holidays clear the cache when they are written
        """
        self.ensure_one()
        company = self.env["res.company"].browse(company_id)
        return tuple(map(tuple, self.sudo()._get_service_closures(company)))

    def _get_service_closures(self, company):
        """The public holidays, as local days and times, of this calendar and company.

        A leave is stored in UTC but entered, and meant, as local time.
        """
        leaves = self.env["resource.calendar.leaves"].search(
            Domain("resource_id", "=", False)
            & Domain("time_type", "=", "leave")
            & (
                Domain("calendar_id", "=", self.id)
                | Domain("calendar_id", "=", False)
                & Domain("company_id", "in", (company.id, False))
            )
        )
        wall = zone(self.tz)
        return sorted(
            _closure(leave.date_from, leave.date_to, wall) for leave in leaves
        )


def _minute(hour, closing=False):
    """:return: int, minutes after midnight of a float hour

    23:59 closes no desk for one minute a night: it is how 24:00 is entered.
    """
    minute = round(hour * 60)
    return MINUTES_PER_DAY if closing and minute >= MINUTES_PER_DAY - 1 else minute


def _closure(date_from, date_to, wall):
    """:return: [start, end], local and without a zone, see ResourceCalendar"""
    local = [_wall_clock(date_from, wall), _wall_clock(date_to, wall, closing=True)]
    # The second time that the clock, put back, shows it: on a wall it is the first.
    if any(each.fold for each in local):
        return [each.astimezone(UTC).isoformat() for each in local]
    return [each.replace(tzinfo=None).isoformat() for each in local]


def _wall_clock(instant, wall, closing=False):
    """:return: aware datetime; 23:59:59 ends a day that has 24 hours"""
    local = instant.replace(tzinfo=UTC, microsecond=0).astimezone(wall)
    if closing and (local.hour, local.minute) == (23, 59):
        local = datetime.combine(local.date() + timedelta(days=1), time.min, wall)
    return local
