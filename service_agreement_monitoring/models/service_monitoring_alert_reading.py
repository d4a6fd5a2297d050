"""From the events of alerts to outages, and when to look again."""

from datetime import timedelta
from typing import NamedTuple

from odoo import api, models
from odoo.fields import Domain
from odoo.tools import SQL

from odoo.addons.service_agreement.models import instant

from ..tools.alerts import (
    Event,
    Rules,
    Served,
    find_served,
    get_read_from,
    read,
)

CRON = "service_agreement_monitoring.ir_cron_look"
# What the transaction wants to be woken up for, looked at once when it commits.
ASKED = "service_agreement_monitoring.look_at"
BATCH = 200


class Known(NamedTuple):
    """What alerts that are read together are read from, each by alert.

    :ivar events: dict of list of tools.alerts.Event
    :ivar gateways: dict of service.monitoring.outage of the gateways before it
    :ivar outages: dict of service.monitoring.outage, its own
    :ivar rules: dict of tools.alerts.Rules
    """

    events: dict
    gateways: dict
    outages: dict
    rules: dict


class ServiceMonitoringAlert(models.Model):
    _inherit = "service.monitoring.alert"

    # When to look

    @api.model
    def _cron_look(self):
        """Look at what time alone decides, and sleep until the next one is due."""
        due = Domain("look_at", "<=", instant.now(self.env))
        last_id = 0
        while alerts := self.search(
            due & Domain("id", ">", last_id), order="id", limit=BATCH
        ):
            last_id = alerts[-1].id
            # Those that another worker holds are being read at this moment.
            alerts.try_lock_for_update().filtered_domain(due)._look()
            left = self.search_count(due & Domain("id", ">", last_id))
            if not self.env["ir.cron"]._commit_progress(len(alerts), remaining=left):
                break
        self._plan_next()

    @api.model
    def _plan_next(self):
        first = self.search([("look_at", "!=", False)], order="look_at, id", limit=1)
        if first:
            soon = instant.now(self.env) + timedelta(minutes=1)
            self.env.ref(CRON)._trigger(max(first.look_at, soon))

    def _plan_look(self):
        """See to it that the scheduled action runs at the earliest of these."""
        at = min(filter(None, self.mapped("look_at")), default=None)
        if not at:
            return
        hooks = self.env.cr.precommit
        if ASKED not in hooks.data:
            hooks.add(self.browse()._trigger_look)
        hooks.data[ASKED] = min(at, hooks.data.get(ASKED, at))

    @api.model
    def _trigger_look(self):
        """One more trigger, unless one is there that is no later: whoever runs by it
        plans what comes next."""
        at = self.env.cr.precommit.data.pop(ASKED)
        # Sudo: alerts are taken in the background, for whoever maps a site, too.
        cron = self.sudo().env.ref(CRON)
        earlier = Domain("cron_id", "=", cron.id) & Domain("call_at", "<=", at)
        if not cron.env["ir.cron.trigger"].search(earlier, limit=1):
            cron._trigger(at)

    # Looking

    def _look(self):
        """Read these alerts anew and do what follows, gateways before what stands
        behind them, which is looked at as well where it is not in order.

        Expects these to be locked.
        """
        left, done = self, self.browse()
        while left:
            depths = {alert: len(alert.site_id._get_gateways()) for alert in left}
            first = min(depths.values())
            level = left.filtered(lambda alert, d=depths, n=first: d[alert] == n)
            level._look_together()
            done |= level
            behind = level._find_behind() - done - left
            if behind:
                behind._lock_and_wait()
            left = left - level + behind
        done._plan_look()

    def _find_behind(self):
        """:return: alerts that are not over, of what stands behind these where they
        count as down
        """
        sites = self.filtered("is_down").site_id._find_behind()
        if not sites:
            return self.browse()
        return self.search(
            [("site_id", "in", sites.ids), ("state", "!=", "recovered")], order="id"
        )

    def _look_together(self):
        """Read alerts none of which stands behind another of them."""
        now = instant.now(self.env)
        known = self._read_known()
        folded = self.filtered(lambda alert: alert._is_folded(known, now))
        for alert in folded:
            known.outages[alert][-1]._fold()
        readings = {alert: alert._read(known, now) for alert in self}
        rows = self._note_outages(readings, known)
        self._do_steps(readings, rows, now)
        for alert, reading in readings.items():
            alert._note_reading(reading, rows[alert], known, now)
            alert._note_results(rows[alert])

    def _read_known(self):
        """:return: Known; a handful of queries, however many alerts there are"""
        since = self.mapped("read_from")
        recent = Domain("started_at", ">=", min(since)) if all(since) else Domain.TRUE
        outages = self.env["service.monitoring.outage"].search(
            Domain("alert_id", "in", self.ids) & recent, order="started_at, id"
        )
        outages = outages.filtered(
            lambda each: (
                not each.alert_id.read_from
                or each.started_at >= each.alert_id.read_from
            )
        )
        return Known(
            events=self._read_events(),
            gateways=self._read_gateways(since),
            outages=self._by_alert(outages),
            rules={alert: alert._get_rules() for alert in self},
        )

    def _by_alert(self, outages):
        by_alert = outages.grouped("alert_id")
        return {alert: by_alert.get(alert, outages.browse()) for alert in self}

    def _read_events(self):
        """What changed anything: of a hundred repetitions the first.

        A source whose clock is ahead has told of it when we heard of it.

        :return: dict of list of Event
        """
        self.flush_recordset(["read_from"])
        self.env["service.monitoring.event"].flush_model()
        rows = self.env.execute_query(
            SQL(
                """
                SELECT alert_id, at, status = 'firing'
                  FROM (SELECT alert_id, at, status, lag(status) OVER (
                                   PARTITION BY alert_id
                                   ORDER BY at, status = 'resolved') AS before
                          FROM (SELECT event.alert_id, event.status,
                                       date_trunc('second', LEAST(event.happened_at,
                                           event.create_date)) AS at, alert.read_from
                                  FROM service_monitoring_event event
                                  JOIN service_monitoring_alert alert
                                    ON alert.id = event.alert_id
                                 WHERE event.alert_id = ANY(%s)
                                   AND event.status IN ('firing', 'resolved')
                                   AND (alert.read_from IS NULL
                                        OR event.happened_at >= alert.read_from)
                               ) AS event
                         WHERE read_from IS NULL OR at >= read_from
                       ) AS event
                 WHERE before IS DISTINCT FROM status
              ORDER BY alert_id, at
                """,
                self.ids,
            )
        )
        events = {alert: [] for alert in self}
        for alert_id, at, firing in rows:
            events[self.browse(alert_id)].append(Event(at, firing))
        return events

    def _read_gateways(self, since):
        """
        :param list since: of naive datetimes, from when on these are read; or False
        :return: dict of service.monitoring.outage of what is down before an alert
        """
        gateways = {alert: alert.site_id._get_gateways() for alert in self}
        sites = self.env["service.monitoring.site"].union(*gateways.values())
        outages = self.env["service.monitoring.outage"]
        if not sites:
            return dict.fromkeys(self, outages)
        recent = Domain("ended_at", "=", False)
        recent |= Domain("ended_at", ">=", min(since)) if all(since) else Domain.TRUE
        outages = outages.search(
            Domain("site_id", "in", sites.ids) & Domain("is_down", "=", True) & recent,
            order="started_at, id",
        )
        return {
            alert: outages.filtered(lambda each, s=before: each.site_id in s)
            for alert, before in gateways.items()
        }

    def _get_rules(self):
        self.ensure_one()
        source = self.source_id
        return Rules(
            minimum=timedelta(seconds=source.minimum_seconds),
            reopen=timedelta(hours=source.reopen_hours),
            flap_count=source.flap_count,
            flap_within=timedelta(minutes=source.flap_minutes),
            behind_gateway=bool(self.site_id._get_gateways()),
        )

    def _read(self, known, now, served=True):
        """
        :param bool served: whether what has a ticket keeps it
        :return: tools.alerts.Reading
        """
        own = list_served(known.outages[self]) if served else ()
        return read(
            known.events[self],
            known.rules[self],
            now,
            known.gateways[self]._get_spans(),
            [each.start for each in own],
        )

    def _is_folded(self, known, now):
        """Whether it has a ticket of its own though its gateway was down by then: we
        heard of that too late. A ticket that was worked on is left alone.
        """
        last = known.outages[self][-1:]
        if not last.res_id or last.is_behind or last.ended_at:
            return False
        return self._read(known, now, served=False).is_behind and last._may_fold()

    # What comes out

    def _note_outages(self, readings, known):
        """Write down what was read.

        :param dict readings: Reading by alert
        :return: dict by alert of dict of service.monitoring.outage by
            tools.alerts.Outage, oldest first
        """
        found = {a: a._match(r, known.outages[a]) for a, r in readings.items()}
        missing = [
            (alert, outage)
            for alert, reading in readings.items()
            for outage in reading.outages
            if outage not in found[alert]
        ]
        created = self.env["service.monitoring.outage"].create(
            [{"alert_id": a.id, "started_at": o.start} for a, o in missing]
        )
        for (alert, outage), row in zip(missing, created, strict=True):
            found[alert][outage] = row
        rows = {
            alert: {outage: found[alert][outage] for outage in reading.outages}
            for alert, reading in readings.items()
        }
        for own in rows.values():
            for outage, row in own.items():
                row._note_span(outage)
        return rows

    def _match(self, reading, rows):
        """:return: dict of service.monitoring.outage by tools.alerts.Outage"""
        served = [Served(row.started_at, row) for row in rows]
        found = {each: find_served(each, served) for each in reading.outages}
        return {outage: each.ticket for outage, each in found.items() if each}

    def _note_reading(self, reading, rows, known, now):
        """
        :param tools.alerts.Reading reading:
        :param dict rows: service.monitoring.outage by tools.alerts.Outage
        """
        rows = list(rows.values())
        last = rows[-1] if rows else self.env["service.monitoring.outage"]
        parent = self._find_parent(known) if reading.is_behind else self.browse()
        if parent:
            last._note_behind(parent)
        with_ticket = [row for row in rows if row.res_id]
        ticket = with_ticket[-1] if with_ticket else self
        decided_until = get_read_from(reading.outages, known.rules[self], now)
        self.write(
            {
                "state": reading.state,
                "fired_at": last.started_at or self.fired_at,
                "recovered_at": last.ended_at if last else self.recovered_at,
                "look_at": reading.look_at,
                "read_from": decided_until or self.read_from,
                "parent_id": parent.id,
                "res_model": ticket.res_model,
                "res_id": ticket.res_id,
            }
        )

    def _find_parent(self, known):
        """:return: the alert of the farthest gateway that is down: its ticket is for
        this one, too
        """
        down = known.gateways[self].filtered(lambda each: not each.ended_at)
        for gateway in reversed(self.site_id._get_gateways()):
            if found := down.filtered(lambda each, g=gateway: each.site_id == g):
                return found.sorted(lambda each: not each.res_id)[0].alert_id
        return self.browse()

    def _note_results(self, rows):
        """How what is over came to its end; what is held open is not over."""
        if self.state in ("pending", "recovered"):
            for row in rows.values():
                if row.ended_at and not row.result:
                    row._note_result()


def list_served(rows):
    """:return: list of Served of those that have a ticket of their own"""
    return [Served(r.started_at, r) for r in rows if r.res_id and not r.is_behind]
