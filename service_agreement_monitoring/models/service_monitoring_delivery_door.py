from typing import NamedTuple

from psycopg2.errors import SerializationFailure

from odoo import api, fields, models
from odoo.tools import SQL

from ..tools import door as doors
from ..tools import formats
from ..tools.reading import FormatError, load, to_text

CRON = "service_agreement_monitoring.ir_cron_handle_deliveries"
NOT_ACCEPTED = {"not_json": 400}
# A call of the job that the job at work has taken off is locked: it may have looked
# already. The lock on one that waits keeps the job from starting before this is
# committed, so that it sees it.
WAITING_CALL = """
    SELECT id FROM ir_cron_trigger
     WHERE cron_id = %(cron)s AND call_at <= %(now)s
     LIMIT 1 FOR KEY SHARE SKIP LOCKED
"""
INSERT = f"""
    WITH waiting_call AS ({WAITING_CALL}), delivery AS (
        INSERT INTO service_monitoring_delivery
                    (source_id, company_id, external_id, received_at, body, state,
                     reason, create_date, write_date)
        VALUES (%(source)s, %(company)s, %(external_id)s, %(now)s, %(body)s,
                %(state)s, %(reason)s, %(now)s, %(now)s)
            ON CONFLICT (source_id, external_id) DO NOTHING
     RETURNING id)
    SELECT (SELECT COUNT(*) FROM delivery), (SELECT COUNT(*) FROM waiting_call)
"""
# How often what another transaction was faster with is done again at once.
TRIES = 5


class Answer(NamedTuple):
    """What the endpoint answers.

    :ivar int code: of HTTP
    :ivar dict content: to be sent as JSON
    :ivar dict headers: beside the usual ones
    """

    code: int
    content: dict
    headers: dict


class Reading(NamedTuple):
    """What the door makes of a body that came in.

    :ivar str external_id: by what the delivery is known
    :ivar error: FormatError, or None where it can be read
    """

    external_id: str
    error: FormatError | None


class ServiceMonitoringDelivery(models.Model):
    """The door: takes in what is posted, and answers before anything is made of it."""

    _inherit = "service.monitoring.delivery"

    @api.model
    def _receive(self, door_key, headers, body):
        """
        :param str door_key: the end of the address
        :param headers: mapping of the request's headers
        :param bytes body: as it came
        :return: Answer
        """
        now = fields.Datetime.now()
        try:
            door = self.env["service.monitoring.source"]._get_door(door_key)
            doors.check(door, headers, body, now)
        except KeyError:
            return Answer(404, {"error": "There is no such address."}, {})
        except doors.Refused as refused:
            return Answer(401, {"error": str(refused)}, self._get_challenge(door))
        for _try in range(TRIES):
            try:
                return self._let_in(door, headers, body, now)
            except SerializationFailure:
                # Odoo would wait for a second, and with it all others in the queue.
                self.env.cr.rollback()
        return self._let_in(door, headers, body, now)

    @api.model
    def _let_in(self, door, headers, body, now):
        if not self._may_come_in(door):
            wait = {"Retry-After": str(60 - now.second)}
            return Answer(429, {"error": "Too many in this minute."}, wait)
        return self._take_in(door, headers, body, now)

    @api.model
    def _get_challenge(self, door):
        """What HTTP wants an answer 401 to say."""
        kind = {"bearer": "Bearer", "basic": 'Basic realm="monitoring"'}
        wanted = kind.get(door.authentication, "Signature")
        return {"WWW-Authenticate": wanted}

    @api.model
    def _may_come_in(self, door):
        limit = door.per_minute
        tally = self.env["service.monitoring.tally"]
        return not limit or tally._count_in(door.source_id, limit)

    @api.model
    def _take_in(self, door, headers, body, now):
        """
        :return: Answer; what cannot be read is kept, too, and told who sent it
        """
        reading = self._read_at_door(door, headers, body, now)
        is_new, is_called = self._insert_delivery(door, reading, body, now)
        if not is_new:
            return self._answer(reading, "known", 200)
        if not reading.error and not is_called:
            self._get_cron()._trigger()
        return self._answer(reading, "accepted", 202)

    @api.model
    def _read_at_door(self, door, headers, body, now):
        """:return: Reading"""
        payload, error = None, None
        try:
            payload = load(body)
            formats.read(door.format, door.paths, payload, now)
        except FormatError as found:
            error = found
        given = to_text(headers.get(doors.DELIVERY_HEADER) or "")
        return Reading(
            given
            or formats.get_delivery_id(door.format, door.paths, payload, body, now),
            error,
        )

    @api.model
    def _insert_delivery(self, door, reading, body, now):
        """In one step, and without the ORM: this is what others wait for.

        :return: (bool, whether it is new; bool, whether a call of the job waits)
        """
        reason = reading.error and self._describe_format_error(reading.error)
        values = {
            "cron": self._get_cron().id,
            "source": door.source_id,
            "company": door.company_id,
            "external_id": reading.external_id,
            "now": now,
            "body": body.decode("utf-8", "backslashreplace").replace("\0", "\\x00"),
            "state": "refused" if reason else "new",
            "reason": reason,
        }
        # Whoever was faster is no error to look after.
        self.env.cr.execute(SQL(INSERT, **values), log_exceptions=False)
        is_new, is_called = self.env.cr.fetchone()
        return bool(is_new), bool(is_called)

    @api.model
    def _answer(self, reading, status, code):
        content = {"status": status, "delivery": reading.external_id}
        if reading.error:
            code = NOT_ACCEPTED.get(reading.error.code, 422)
            reason = self._describe_format_error(reading.error)
            content.update(status="refused", error=reason)
        return Answer(code, content, {})

    @api.model
    def _get_cron(self):
        """Sudo: the job is woken by whoever has something for it."""
        cron_id = self.env["ir.model.data"]._xmlid_to_res_id(CRON)
        return self.env["ir.cron"].sudo().browse(cron_id)

    @api.model
    def _wake(self):
        """Have what came handled soon: one call waits for all that come meanwhile."""
        cron = self._get_cron()
        waiting = SQL(WAITING_CALL, cron=cron.id, now=fields.Datetime.now())
        self.env.cr.execute(waiting, log_exceptions=False)
        if not self.env.cr.fetchone():
            cron._trigger()
