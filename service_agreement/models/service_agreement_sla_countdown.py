from datetime import timedelta, timezone
from itertools import islice

from odoo import models

# How far ahead a page can count without asking again: more than a week of most desks.
OPENINGS = 10
HORIZON = timedelta(days=366)


class ServiceAgreementSlaClock(models.Model):
    """What a countdown needs to go on by itself, in service time."""

    _inherit = "service.agreement.sla.clock"

    def _find_next(self):
        """:return: the one of these clocks that breaks next; where all of them rest,
        the one with the least left; empty if nothing is to be done any more
        """
        waiting = self.filtered(lambda clock: clock._is_open())
        due = waiting.filtered("deadline")
        if due:
            return due.sorted(lambda clock: (clock.deadline, clock.id))[0]
        return waiting.sorted(lambda clock: (clock.remaining_seconds, clock.id))[:1]

    def _filter_telling(self):
        """:return: those of one ticket's clocks that one wants to read of: the last
        round of each promise, and every round that was missed
        """
        last = {}
        for clock in self.sorted("number"):
            last[clock.metric] = clock
        return self.filtered(lambda c: c.state == "missed" or c == last[c.metric])

    def _get_countdown(self, ticket, as_of, now):
        """What the widget sla_countdown counts from.

        :param ticket: the record this clock runs on
        :param datetime as_of: aware, of the last fact; asked for only if it is late
        :param datetime now: naive, in UTC
        :return: dict: metric, label, state; `left`, seconds of service time at the
            second `at`, negative if late; `openings`, the next [from, to] in which it
            gets less, none while it rests; `risk_at`. Instants are seconds since 1970.
        """
        self.ensure_one()
        rests = self._rests(ticket)
        return {
            "metric": self.metric,
            "label": self._get_metric_text(),
            "state": self.state,
            "rests": rests,
            "at": _epoch(now),
            "left": self._get_seconds_left(rests, as_of, now),
            "openings": [] if rests else self._get_openings(now),
            "deadline": _epoch(self.deadline),
            "risk_at": _epoch(self.risk_at),
        }

    def _rests(self, ticket):
        """Whether it stands still because we wait for the customer: a late one is
        called missed, waiting or not."""
        waiting = self.state == "missed" and ticket._ticket_is_waiting()
        return self.state == "paused" or (self.pausable and waiting)

    def _get_seconds_left(self, rests, as_of, now):
        """:return: int, seconds of service time at ``now``; negative if late"""
        if self.state == "paused":
            return self.remaining_seconds
        if self.state == "running":
            return self._count(_utc(now), _utc(self.deadline))
        return -self.late_seconds - (0 if rests else self._count(as_of, _utc(now)))

    def _count(self, start, end):
        hours = self.sla_calendar_id._working_time()
        return int(hours.between(start, end).total_seconds())

    def _get_openings(self, now):
        hours = self.sla_calendar_id._working_time()
        openings = hours.openings(_utc(now), _utc(now) + HORIZON)
        return [
            [_epoch(opening), _epoch(closing)]
            for opening, closing in islice(openings, OPENINGS)
        ]


def _utc(instant):
    return instant.replace(tzinfo=timezone.utc)


def _epoch(instant):
    """:return: int, seconds since 1970 of a datetime in UTC; False of none"""
    return bool(instant) and int(_utc(instant).timestamp())
