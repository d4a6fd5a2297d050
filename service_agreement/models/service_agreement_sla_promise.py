import json

from odoo import api, fields, models, tools
from odoo.exceptions import UserError

from .service_agreement_sla_calendar import canonical_json, digest


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
        return self.search([("hash", "=", key)], limit=1) or self._create_frozen(
            key, spec, hours
        )

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
        lines = [target._prepare_promise_line() for target in targets]
        return digest(canonical_json([lines, hours])), lines, hours

    def _get_targets(self, priority):
        """:return: list of dict, the lines of this promise at ``priority``"""
        if not self:
            return []
        lines = json.loads(self.spec)
        return [line for line in lines if line["priority"] == priority]
