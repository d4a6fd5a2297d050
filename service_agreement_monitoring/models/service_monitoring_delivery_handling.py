import json
import logging

from odoo import api, models
from odoo.exceptions import ConcurrencyError, UserError
from odoo.fields import Domain
from odoo.service.model import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY

from odoo.addons.service_agreement.models import instant

from ..tools import formats
from ..tools.reading import FormatError, load

_logger = logging.getLogger(__name__)

BATCH = 200
NEW = Domain("state", "=", "new")
# Somebody else was faster.
TO_DO_AGAIN = (*PG_CONCURRENCY_EXCEPTIONS_TO_RETRY, ConcurrencyError)


class ServiceMonitoringDelivery(models.Model):
    """Behind the door: deliveries become events, and these are handed on.

    Both in the order in which they came, batch by batch. A delivery of which nothing
    can be made is set apart with the reason, and the others go on.
    """

    _inherit = "service.monitoring.delivery"

    @api.model
    def _cron_handle(self):
        new = self.search(NEW, order="id", limit=BATCH).try_lock_for_update()
        new._each_or_apart("_make_events")
        events = self.env["service.monitoring.event"]._get_to_hand_on(BATCH)
        events.delivery_id.sorted("id")._each_or_apart("_hand_on", events)
        (new | events.delivery_id)._settle()
        left = self.search_count(NEW, limit=BATCH) + len(events._get_to_hand_on(BATCH))
        self.env["ir.cron"]._commit_progress(len(new) + len(events), remaining=left)

    def _each_or_apart(self, method, *arguments):
        """Do it for all at once; where that fails, for one after the other, and set
        apart those that fail."""
        if not self:
            return
        try:
            with self.env.cr.savepoint():
                getattr(self, method)(*arguments)
        except Exception as error:
            if isinstance(error, TO_DO_AGAIN):
                raise
            if len(self) == 1:
                self._set_apart(error)
                return
            _logger.info("One by one, for one fails: %s", error)
            for delivery in self:
                delivery._each_or_apart(method, *arguments)

    def _set_apart(self, error):
        """Whatever went wrong with it: what is not for people to read is in the log."""
        self.ensure_one()
        if not isinstance(error, UserError):
            _logger.exception("Delivery %s cannot be handled", self.id, exc_info=error)
        self.event_ids.filtered(lambda event: not event.handed_at).is_stuck = True
        self.write(
            {
                "state": "parked",
                "reason": self._describe_failure(error),
                "handled_at": instant.now(self.env),
            }
        )

    # Events

    def _make_events(self):
        now = instant.now(self.env)
        for source, deliveries in self.grouped("source_id").items():
            read = deliveries._read_bodies()
            sites = source._get_sites([alert for _d, _p, alert in read])
            self.env["service.monitoring.event"].create(
                [
                    site._prepare_event(delivery, position, alert)
                    for delivery, position, alert in read
                    if (site := sites[alert.site, alert.device]).active
                ]
            )
            heard_at = max(deliveries.mapped("received_at"))
            source.last_heard_at = heard_at
            heard = self.env["service.monitoring.site"].union(*sites.values())
            heard.last_heard_at = heard_at
        self.filtered(lambda d: d.state == "new").write(
            {"state": "done", "reason": False, "handled_at": now}
        )

    def _read_bodies(self):
        """:return: list of (delivery, position, Alert), of those that can be read"""
        read = []
        for delivery in self.sorted("id"):
            try:
                alerts = delivery._read_body()
            except FormatError as error:
                delivery._refuse(error)
                continue
            read += [(delivery, place, alert) for place, alert in enumerate(alerts)]
        return read

    def _read_body(self):
        """:return: list of Alert"""
        source = self.source_id
        return formats.read(
            source.format,
            source._get_paths(),
            load(self.body.encode()),
            self.received_at,
        )

    def _refuse(self, error):
        """At the door it could be read; since then the mapping was changed."""
        self.write(
            {
                "state": "refused",
                "reason": self._describe_format_error(error),
                "handled_at": instant.now(self.env),
            }
        )

    # Handing on

    def _hand_on(self, events):
        """Hand on those of ``events`` that these deliveries told of."""
        mine = events.filtered(lambda event: event.delivery_id in self)
        for company, of_company in mine.grouped("company_id").items():
            alerts = self.env["service.monitoring.alert"].with_company(company)
            alerts._take(of_company.with_env(alerts.env))
        mine.handed_at = instant.now(self.env)

    def _settle(self):
        """What waits for a person is parked, what does not is done."""
        waiting = self.event_ids.filtered(lambda event: event._is_waiting())
        for delivery in self.filtered(lambda d: d.state in ("done", "parked")):
            if any(delivery.event_ids.mapped("is_stuck")):
                continue
            left = waiting & delivery.event_ids
            state = "parked" if left else "done"
            reason = left and delivery._describe_unknown(left.site_id)
            if (delivery.state, delivery.reason or "") != (state, reason or ""):
                delivery.write({"state": state, "reason": reason or False})

    # By hand

    def action_try_again(self):
        """Have what was parked or refused handled once more. Sudo: facts, which are
        not written by hand; who may see a delivery may have it tried again."""
        self.check_access("read")
        again = self.filtered(lambda d: d.state in ("parked", "refused")).sudo()
        stuck = again.filtered(lambda d: any(d.event_ids.mapped("is_stuck")))
        stuck.event_ids.is_stuck = False
        unread = again.filtered(lambda d: not d.event_ids)
        unread.state = "new"
        (stuck | unread).reason = False
        self._wake()
        return True

    @api.autovacuum
    def _gc_done(self):
        """What is done is deleted after the days that its source says."""
        now = instant.now(self.env)
        old = Domain("state", "in", ("done", "refused"))
        for source, *_groups in self._read_group(old, ["source_id"]):
            oldest = source._get_oldest_kept(now)
            self.search(
                old
                & Domain("source_id", "=", source.id)
                & Domain("received_at", "<", oldest)
            ).unlink()

    @api.depends("body")
    def _compute_pretty_body(self):
        for delivery in self:
            delivery.pretty_body = _indent(delivery.body or "")


def _indent(body):
    try:
        return json.dumps(load(body.encode()), indent=2, ensure_ascii=False)
    except (FormatError, RecursionError):
        return body
