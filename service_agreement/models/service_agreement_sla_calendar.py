import hashlib
import json
from datetime import date, datetime
from functools import lru_cache

from odoo import api, fields, models

from ..tools.working_time import WorkingTime, first_instant
from .instant import zone


class ServiceAgreementSlaCalendar(models.Model):
    """Working hours as they were when a promise was given.

    Content-addressed: equal hours are one record, changed hours are another one, and
    a record never changes. So a thousand tickets share a row, and editing a calendar
    moves no deadline that a customer was already told (SEMANTICS §4, SLA-16).
    """

    _name = "service.agreement.sla.calendar"
    _description = "Service Hours of a Promise"
    _order = "id desc"

    name = fields.Char(required=True, readonly=True)
    # Not unique: of two workers that freeze the same at once, both are right, and a
    # ticket is never refused. What is spent is a row.
    hash = fields.Char(required=True, readonly=True, index=True)
    spec = fields.Text(
        string="Hours",
        required=True,
        readonly=True,
        help="Opening hours of the week, closed days and time zone, as they were.",
    )
    calendar_id = fields.Many2one(
        "resource.calendar",
        string="Read From",
        ondelete="set null",
        index="btree_not_null",
        readonly=True,
    )

    @api.model
    def _freeze(self, spec, calendar):
        """:param dict spec: as resource.calendar, _get_service_spec gives it
        :return: the record of these hours, old or new
        """
        text = canonical_json(spec)
        key = digest(text)
        return self.search([("hash", "=", key)], limit=1) or self.create(
            {
                "name": calendar.name,
                "hash": key,
                "spec": text,
                "calendar_id": calendar.id,
            }
        )

    def _working_time(self):
        """:return: WorkingTime; of no record: day and night, every day"""
        if not self:
            return ALWAYS
        return _parse_working_time(self.spec)

    @api.model
    def _parse(self, text):
        """:param str text: a spec as canonical JSON
        :return: WorkingTime
        """
        return _parse_working_time(text)

    @api.model
    def _check_spec(self, spec):
        """:raise ValueError: for hours that no clock can count in"""
        _parse_working_time(canonical_json(spec))


ALWAYS = WorkingTime.always()


def canonical_json(value):
    """:return: str; the same text for equal values"""
    return json.dumps(value, sort_keys=True, separators=(",", ":"))


def digest(text):
    return hashlib.sha256(text.encode()).hexdigest()


def get_page_key(shown):
    """What somebody confirms is what he saw: a page is sent back with its key.

    :param shown: plain values, of all that the page says
    :return: str of 32 characters, another one where it says something else
    """
    return digest(canonical_json(shown))[:32]


@lru_cache(maxsize=256)
def _parse_working_time(text):
    """Kept per process and by content: it may be shared by threads and databases."""
    spec = json.loads(text)
    wall = zone(spec["tz"])
    return WorkingTime(
        {int(day): rows for day, rows in spec["weekly"].items()},
        wall.key,
        closed=[(_aware(s, wall), _aware(e, wall)) for s, e in spec["closed"]],
        special={date.fromisoformat(d): rows for d, rows in spec["special"].items()},
    )


def _aware(text, wall):
    """:return: aware datetime; of a time without an offset, when `wall` shows it"""
    instant = datetime.fromisoformat(text)
    return instant if instant.tzinfo else first_instant(instant.replace(tzinfo=wall))
