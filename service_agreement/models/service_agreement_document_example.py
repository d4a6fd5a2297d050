from datetime import datetime, time, timedelta
from typing import NamedTuple

from odoo import models
from odoo.exceptions import UserError
from odoo.tools import format_date, format_time
from odoo.tools.i18n import format_list

from ..tools.sla_clock import UTC, Fact, read
from .instant import zone
from .service_agreement_ticket_promise import SITES

# (priority, weekday from Monday = 0, hour): when somebody writes, in the examples.
NORMAL_CASES = [("1", 5, 20), ("1", 1, 10)]
URGENT_CASES = [("3", 6, 9), ("3", 2, 23)]
# What is promised to be reached once, in the order of the sentence.
METRICS = ("first_response", "on_site", "resolution")
WEEK = timedelta(days=7)
# The clock of no place changes in a way that leaves not three weeks alone.
WEEKS_TRIED = 12


class Example(NamedTuple):
    """Somebody writes at an instant, and by when what is promised to him.

    :ivar at: aware datetime on the customer's clock
    :ivar due: dict of aware datetimes on his clock, by metric
    """

    priority: str
    at: datetime
    due: dict


class ServiceAgreement(models.Model):
    """By when we answer and come, as one reads it on the customer's clock.

    Worked out by what starts the clocks of tickets: the same targets, service hours
    and arithmetic. In a week without public holidays, because it stands for all weeks.
    """

    _inherit = "service.agreement"

    def _get_clock_tz(self):
        """:return: str, the time zone that the service hours of a ticket of this
        customer are read in; False: each calendar's own
        """
        self.ensure_one()
        customer = self.partner_id
        places = (
            customer.filtered(lambda partner: partner.type in SITES),
            self._get_site(),
            customer,
            customer.commercial_partner_id,
        )
        return next((place.tz for place in places if place.tz), False)

    def _get_example_targets(self):
        """:return: dict of tools.sla_clock.Target by (priority, metric); empty where no
        clock could be read either
        """
        self.ensure_one()
        targets = self._get_document_targets()
        company = self.company_id or self.env.company
        year = (self.date_start or company._service_today()).year
        try:
            return self.env["service.agreement.sla.promise"]._preview_targets(
                targets, company, self._get_clock_tz(), year, closes=False
            )
        except UserError:
            return {}

    def _get_examples(self, cases):
        """
        :param cases: list of (priority, weekday, hour), on the customer's clock
        :return: list of Example, without those of which nothing is promised
        """
        self.ensure_one()
        targets = self._get_example_targets()
        monday = self._get_example_monday() if targets else None
        examples = []
        for priority, weekday, hour in cases:
            asked = {
                metric: targets[priority, metric]
                for metric in METRICS
                if (priority, metric) in targets
            }
            if asked:
                at = monday + timedelta(days=weekday, hours=hour)
                examples.append(Example(priority, at, _get_due(asked, at)))
        return examples

    def _get_example_monday(self):
        """:return: aware datetime, a Monday 0:00 on the customer's clock, which goes on
        for three weeks without being put forward or back
        """
        wall = zone(self._get_portal_tz())
        day = self.date_start or self.company_id._service_today()
        day += timedelta(days=-day.weekday() % 7)
        for _week in range(WEEKS_TRIED):
            monday = datetime.combine(day, time.min, wall)
            if monday.utcoffset() == (monday + 3 * WEEK).utcoffset():
                break
            day += WEEK
        return monday

    # In words

    def _describe_examples(self, cases):
        """:return: list of str, "If you write on Saturday at 20:00 because there is no
        music, we answer by Monday 10:00 and are on site by Wednesday 17:00."
        """
        return [self._describe_example(each) for each in self._get_examples(cases)]

    def _describe_example(self, example):
        texts = {
            "first_response": self.env._("we answer by %(when)s"),
            "on_site": self.env._("are on site by %(when)s"),
            "resolution": self.env._("it works again by %(when)s"),
        }
        promises = [
            texts[metric] % {"when": self._describe_due(example.at, due)}
            for metric, due in example.due.items()
        ]
        return self.env._(
            "If you write on %(day)s at %(time)s because %(what)s, %(promises)s.",
            day=format_date(self.env, example.at, date_format="EEEE"),
            time=self._format_wall_time(example.at),
            what=self._get_example_reason(example.priority),
            promises=format_list(self.env, promises),
        )

    def _get_example_reason(self, priority):
        if priority == "3":
            return self.env._("nothing works any more and it is urgent")
        return self.env._("there is no music")

    def _describe_due(self, at, due):
        """:return: str, "Monday 10:00"; "10:30 the same day" """
        clock = self._format_wall_time(due)
        days = (due.date() - at.date()).days
        if not days:
            return self.env._("%(time)s the same day", time=clock)
        values = {
            "day": format_date(self.env, due, date_format="EEEE"),
            "time": clock,
            "days": days,
        }
        if days < WEEK.days:
            return self.env._("%(day)s %(time)s", **values)
        return self.env._("%(day)s %(time)s (%(days)s days later)", **values)

    def _format_wall_time(self, instant):
        return format_time(self.env, instant.time(), time_format="short")


def _get_due(targets, at):
    """
    :param targets: dict of Target by metric
    :param at: aware datetime; the clock starts
    :return: dict of aware datetimes on the same clock, without what is never due
    """
    start = at.astimezone(UTC)
    deadlines = {
        metric: read(target, [Fact(start, "start")], start).deadline
        for metric, target in targets.items()
    }
    return {
        metric: deadline.astimezone(at.tzinfo)
        for metric, deadline in deadlines.items()
        if deadline
    }
