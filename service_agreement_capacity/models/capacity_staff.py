"""Who is there to work, and when: calendars, holidays and leaves as they are known."""

from odoo.addons.service_agreement.models.service_agreement_sla_calendar import (
    ALWAYS,
    canonical_json,
)

from ..tools.demand import WARM_UP_WEEKS
from ..tools.hands import count, times, together

# Work that is left over is worked off for so long: what is promised is due by then.
WEEKS_AFTER = 8


class CapacityStaff:
    """
    `hands` are the technicians of a run, with what it supposes of more or fewer.

    :param service.agreement.capacity.run run: as superuser
    :param WeekClock clock:
    """

    def __init__(self, run, clock):
        self.env, self._run, self._clock = run.env, run, clock
        self._start = clock.moment(clock.second(-WARM_UP_WEEKS, 0))
        self._end = clock.moment(clock.second(run.weeks + WEEKS_AFTER, 0))
        self.hands = together(
            count(self._get_shifts(run._get_technicians())),
            *(
                self.of_calendar(part.calendar_id, part.number)
                for part in run.staff_ids
                if part.number > 0
            ),
        )

    def of_calendar(self, calendar, number=1):
        """
        :param resource.calendar calendar: empty for day and night, every day
        :return: hands of so many people with these hours
        """
        openings = self._get_working_time(calendar).openings(self._start, self._end)
        return times(count(map(self._get_shift, openings)), number)

    def _get_working_time(self, calendar):
        if not calendar:
            return ALWAYS
        company = self._run.company_id
        year = self._run.date_start.year
        spec = calendar._get_service_spec(company, calendar.tz, year)
        return self.env["service.agreement.sla.calendar"]._parse(canonical_json(spec))

    def _get_shifts(self, employees):
        """:return: iterator of (start, end) in seconds, each shift of each employee"""
        resources = employees.resource_id
        # Who works when he likes: nobody can be promised that he likes it on Saturday
        # night.
        free = resources.filtered(lambda resource: resource._is_flexible())
        found = self._run.company_id._get_resource_intervals(
            resources, free, self._start, self._end
        )
        for resource in resources:
            for start, end, *_rest in found.get(resource.id, ()):
                yield self._get_shift((start, end))

    def _get_shift(self, interval):
        start, end = interval
        return self._clock.count(start), self._clock.count(end)
