import json
from datetime import timedelta, timezone
from typing import NamedTuple

from odoo import api, fields, models, tools
from odoo.exceptions import UserError

from ..tools.sla_clock import Target
from ..tools.sla_history import Line, get_due_at
from . import ticket_notes
from .service_agreement_sla_calendar import ALWAYS, canonical_json, digest
from .service_agreement_sla_target import MAX_MINUTES


class Label(NamedTuple):
    """What a clock keeps of the line it counts by: names and values of its fields."""

    priority: str
    minutes: int
    pausable: bool
    sla_calendar_id: int | bool
    agreement_id: int | bool
    tier_id: int | bool


class ServiceAgreementSlaPromise(models.Model):
    """All that was promised, at every priority, when a ticket was opened.

    Content-addressed, as the service hours in it are: see service.agreement.sla
    .calendar. A ticket keeps it, so that a raised priority asks this promise, and not
    what the catalogue has become since.

    `spec` is a JSON list of ``{"priority", "metric", "minutes", "pausable",
    "calendar"}``, the last one an id of service.agreement.sla.calendar or null.
    """

    _name = "service.agreement.sla.promise"
    _description = "Promise Given on Tickets"
    _order = "id desc"

    # Not unique: of two workers that freeze the same at once, both are right, and a
    # ticket is never refused. What is spent is a row.
    hash = fields.Char(required=True, readonly=True, index=True)
    spec = fields.Text(required=True, readonly=True)

    @api.model
    def _freeze(self, agreement, tz, day):
        """The promise of an agreement as it stands, on a customer's clock.

        :param str tz: of the customer's clock; empty: each calendar's own
        :param date day: when it is given
        :return: the record of this promise, old or new; empty if nothing is promised
        :raise UserError: if working hours are in a state no clock can be read from
        """
        # Not the tier's: they are the agreement's own copy, also where that is empty,
        # and no later change of the catalogue reaches it.
        targets = agreement.target_ids
        key, spec, hours = self._get_spec(
            tuple(targets.ids), agreement.company_id.id, tz, day.year
        )
        if not spec:
            return self.browse()
        known = ticket_notes.get(self.env).promises
        if key not in known:
            promise = self.search([("hash", "=", key)], limit=1)
            known[key] = (promise or self._create_frozen(key, spec, hours)).id
        return self.browse(known[key])

    @api.model
    def _create_frozen(self, key, spec, hours):
        frozen = {None: None}
        for calendar_id, hours_spec in hours.items():
            calendar = self.env["resource.calendar"].browse(calendar_id)
            frozen[calendar_id] = (
                self.env["service.agreement.sla.calendar"]
                ._freeze(hours_spec, calendar)
                .id
            )
        lines = [dict(line, calendar=frozen[line["calendar"]]) for line in spec]
        return self.create({"hash": key, "spec": canonical_json(lines)})

    @api.model
    @tools.ormcache("target_ids", "company_id", "tz", "year")
    def _get_spec(self, target_ids, company_id, tz, year):
        """What is promised, as plain values.

        Cached, because every ticket asks and few things change: whatever it is read
        from clears the cache when it is written. Only values are cached, never the
        id of a record that a rollback could take away.

        :return: (hash, list of lines with ids of resource.calendar, dict of specs of
            service hours by that id)
        """
        targets = self.env["service.agreement.sla.target"].browse(target_ids)
        company = self.env["res.company"].browse(company_id)
        hours = {}
        for calendar in targets.calendar_id:
            if problem := calendar._why_no_service_hours():
                raise UserError(problem)
            hours[calendar.id] = calendar._get_service_spec(company, tz, year)
            self._check_countable(calendar, hours[calendar.id])
        lines = [target._prepare_promise_line() for target in targets]
        if any(line["minutes"] > MAX_MINUTES for line in lines):
            raise UserError(self.env._("A promise takes at most ten years."))
        return digest(canonical_json([lines, hours])), lines, hours

    @api.model
    def _preview_targets(self, targets, company, tz, year, closes=True):
        """What would be promised on a ticket right now; nothing is frozen.

        :param targets: service.agreement.sla.target
        :param str tz: of the customer's clock; empty: each calendar's own
        :param bool closes: whether holidays count
        :return: dict of tools.sla_clock.Target by (priority, metric)
        :raise UserError: if working hours are in a state no clock can be read from
        """
        _key, lines, hours = self._get_spec(tuple(targets.ids), company.id, tz, year)
        change = {} if closes else {"closed": []}
        calendars = self.env["service.agreement.sla.calendar"]
        times = {
            calendar_id: calendars._parse(canonical_json({**spec, **change}))
            for calendar_id, spec in hours.items()
        }
        return {
            (line["priority"], line["metric"]): Target(
                timedelta(minutes=line["minutes"]),
                times.get(line["calendar"], ALWAYS),
                line["pausable"],
            )
            for line in lines
        }

    @api.model
    def _check_countable(self, calendar, spec):
        """:raise UserError: for hours that no clock can count in"""
        try:
            self.env["service.agreement.sla.calendar"]._check_spec(spec)
        except (ValueError, OverflowError) as error:
            raise UserError(
                self.env._(
                    "No time can be counted in the hours of “%(calendar)s”: %(error)s",
                    calendar=calendar.display_name,
                    error=error,
                )
            ) from error

    @api.model
    def _get_reader(self):
        """:return: function that gives the lines of a source (ids of a promise, an
        agreement and a tier) at a priority, as `tools.sla_history.derive` asks
        """
        known = {}

        def get_lines(source, priority):
            if (source, priority) not in known:
                promise = self.browse(source[0] or [])
                known[source, priority] = promise._get_lines(priority, source)
            return known[source, priority]

        return get_lines

    def _get_lines(self, priority, source):
        """:return: dict of tools.sla_history.Line by metric"""
        _promise_id, agreement_id, tier_id = source
        return {
            line["metric"]: self._get_line(line, agreement_id, tier_id)
            for line in self._get_targets()
            if line["priority"] == priority
        }

    def _get_line(self, line, agreement_id=False, tier_id=False):
        calendar = self.env["service.agreement.sla.calendar"]
        calendar = calendar.browse(line["calendar"] or [])
        duration = timedelta(minutes=line["minutes"])
        target = Target(duration, calendar._working_time(), line["pausable"])
        label = Label(
            line["priority"],
            line["minutes"],
            line["pausable"],
            calendar.id,
            agreement_id,
            tier_id,
        )
        return Line(line["metric"], target, label)

    def _get_targets(self):
        """:return: list of dict, see the class"""
        return json.loads(self.spec) if self else []

    # The better of two promises

    def _merge_better(self, old, facts, now):
        """:param old: the promise given before
        :param facts: service.agreement.ticket.fact of the ticket
        :param datetime now: naive UTC
        :return: a promise that has of each thing, at each priority, the line that is
            better whatever happens, and that is not missed by being promised
        """
        happenings, now = facts._get_happenings(), now.replace(tzinfo=timezone.utc)

        def is_ahead(line):
            due = get_due_at(self._get_line(line), happenings, now)
            return due is None or due > now

        best = {(line["priority"], line["metric"]): line for line in old._get_targets()}
        for line in self._get_targets():
            key = line["priority"], line["metric"]
            if _is_better(line, best.get(key)) and is_ahead(line):
                best[key] = line
        return self._freeze_lines([best[key] for key in sorted(best)])

    @api.model
    def _freeze_lines(self, lines):
        """:param lines: list of dict, see the class
        :return: the record of this promise, old or new
        """
        if not lines:
            return self.browse()
        text = canonical_json(lines)
        key = digest(text)
        return self.search([("hash", "=", key)], limit=1) or self.create(
            {"hash": key, "spec": text}
        )


def _is_better(new, old):
    """Whether a line is never due later than another one, whatever happens.

    :param dict new: see ServiceAgreementSlaPromise
    :param old: the same, or None where nothing was promised
    """
    if old is None:
        return True
    return (
        new["calendar"] in (None, old["calendar"])
        and new["minutes"] <= old["minutes"]
        and new["pausable"] <= old["pausable"]
    )
