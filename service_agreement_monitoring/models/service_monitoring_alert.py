"""Alerts: what is wrong at a site, from first to last."""

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL

from odoo.addons.service_agreement.models.sql_values import sql_arrays

# Columns that name the same alert, and say whose it is.
CLAIMED = ("source_id", "company_id", "site_id", "key", "name", "severity")


class ServiceMonitoringAlert(models.Model):
    """One alert of one site: what the source says again and again of the same thing.

    How it works: `_take` gives each event to its alert, and `_look` reads all that is
    known of an alert by the rules of ``tools/alerts.py``, at every event, and when
    time alone decides (`look_at`). What comes out are outages, and what they want of
    tickets is done once: nobody else writes any of it.

    The rooms: here what an alert is and how events reach it; ``_reading`` reads it,
    ``_ticket`` opens, reopens and solves tickets.
    """

    _name = "service.monitoring.alert"
    _description = "Monitoring Alert"
    _inherit = ["service.agreement.guard"]
    _order = "last_at desc, id desc"
    _rec_names_search = ["name", "site_id", "partner_id"]

    source_id = fields.Many2one(
        "service.monitoring.source",
        required=True,
        readonly=True,
        ondelete="restrict",
        index=True,
    )
    company_id = fields.Many2one(
        "res.company", required=True, readonly=True, index=True
    )
    site_id = fields.Many2one(
        "service.monitoring.site",
        string="Site or Device",
        required=True,
        readonly=True,
        ondelete="restrict",
        index=True,
    )
    partner_id = fields.Many2one(
        related="site_id.partner_id", string="Customer", store=True, index=True
    )
    commercial_partner_id = fields.Many2one(
        related="site_id.partner_id.commercial_partner_id",
        string="Customer's Company",
        store=True,
        index=True,
    )
    system_id = fields.Many2one(
        related="site_id.system_id", store=True, index="btree_not_null"
    )
    device_id = fields.Many2one(
        related="site_id.device_id", store=True, index="btree_not_null"
    )
    key = fields.Char(
        required=True,
        readonly=True,
        help="What is the same alert has the same key, within its source.",
    )
    name = fields.Char(string="Alert", required=True, readonly=True)
    severity = fields.Selection(
        [("info", "Information"), ("warning", "Warning"), ("critical", "Critical")],
        required=True,
        readonly=True,
        default="warning",
        help="As it was said last.",
    )
    summary = fields.Char(readonly=True)
    url = fields.Char(string="Link", readonly=True)
    state = fields.Selection(
        [
            ("pending", "Just Begun"),
            ("open", "Firing"),
            ("flapping", "Flapping"),
            ("recovered", "Recovered"),
        ],
        string="Status",
        required=True,
        readonly=True,
        default="pending",
        index=True,
        help="Just begun: shorter than the minimum duration so far. Flapping: it came "
        "and went so often that it counts until it was quiet for a while.",
    )
    is_down = fields.Boolean(
        string="Counts as Down",
        compute="_compute_is_down",
        store=True,
        help="By its severity and the setting of its source: it counts in the uptime, "
        "and what stands behind it is down, too.",
    )
    first_at = fields.Datetime(string="First Event", readonly=True)
    last_at = fields.Datetime(string="Last Event", readonly=True, index=True)
    fired_at = fields.Datetime(
        string="Since", readonly=True, help="When it began to fire the last time."
    )
    recovered_at = fields.Datetime(string="Recovered On", readonly=True)
    event_count = fields.Integer(string="Number of Events", readonly=True)
    event_ids = fields.One2many("service.monitoring.event", "alert_id", string="Events")
    outage_ids = fields.One2many("service.monitoring.outage", "alert_id")
    parent_id = fields.Many2one(
        "service.monitoring.alert",
        string="Behind",
        readonly=True,
        ondelete="set null",
        index="btree_not_null",
        help="The alert of its gateway, whose ticket is for both.",
    )
    child_ids = fields.One2many(
        "service.monitoring.alert", "parent_id", string="Behind It"
    )
    res_model = fields.Char(string="Ticket Model", readonly=True)
    res_id = fields.Many2oneReference(
        string="Ticket", model_field="res_model", readonly=True, index=True
    )

    # Where its reading stands
    look_at = fields.Datetime(
        readonly=True,
        export_string_translation=False,
        help="When time alone decides something.",
    )
    read_from = fields.Datetime(
        readonly=True,
        export_string_translation=False,
        help="What happened before is decided.",
    )
    healed_until = fields.Datetime(
        readonly=True,
        export_string_translation=False,
        help="Recoveries up to this instant have solved their tickets.",
    )

    _key_uniq = models.Constraint(
        "UNIQUE(source_id, key)", "The source has this alert already."
    )
    _look_idx = models.Index("(look_at, id) WHERE look_at IS NOT NULL")

    @api.depends("severity", "source_id.down_severity")
    def _compute_is_down(self):
        for alert in self:
            levels = alert.source_id._get_down_severities()
            alert.is_down = alert.severity in levels

    @api.depends("name", "site_id.name")
    def _compute_display_name(self):
        for alert in self:
            alert.display_name = self.env._(
                "%(site)s: %(alert)s", site=alert.site_id.name, alert=alert.name
            )

    # Taking events

    @api.model
    def _take(self, events):
        """Take what sources told of sites that have a customer.

        :param events: recordset of service.monitoring.event, in the order of arrival;
            may be called again with the same ones
        """
        # Sudo: who maps a site hands on what waited for it, and may write no alert.
        events = events.sudo()
        self.sudo()._hear(events)
        events = events.filtered(lambda event: event.status != "heartbeat")
        if events:
            alerts = self.sudo()._claim(events)
            alerts._lock_and_wait()
            alerts._assign(events)
            alerts._look()

    @api.model
    def _hear(self, events):
        """Hook: customers are heard of, be it that all is well."""

    @api.model
    def _claim(self, events):
        """See to it that every key has its alert.

        Two workers that meet a new key at once: the second fails on the first one's
        commit in a way that Odoo and the scheduled action try again.

        :return: the alerts of these events
        """
        by_key = {(event.source_id.id, event.key): event for event in events}
        known = self.search(
            [
                ("source_id", "in", events.source_id.ids),
                ("key", "in", events.mapped("key")),
            ]
        ).filtered(lambda alert: (alert.source_id.id, alert.key) in by_key)
        for alert in known:
            del by_key[alert.source_id.id, alert.key]
        return known | self._insert(by_key.values()) if by_key else known

    @api.model
    def _insert(self, events):
        """:param events: one of each new key
        :return: their alerts; one that another worker has made meanwhile is an error
            after which all is done again
        """
        rows = [self._prepare_claim(event) for event in events]
        columns = [[row[name] for row in rows] for name in CLAIMED]
        types = (self._fields[name].column_type[0] for name in CLAIMED)
        self.env.cr.execute(
            SQL(
                """
                INSERT INTO %(table)s (%(names)s, state, create_uid, write_uid,
                                       create_date, write_date)
                     SELECT %(names)s, 'pending', %(uid)s, %(uid)s, %(now)s, %(now)s
                       FROM unnest(%(columns)s) AS row(%(names)s)
                ON CONFLICT (source_id, key) DO NOTHING
                  RETURNING id
                """,
                table=SQL.identifier(self._table),
                names=SQL(", ").join(map(SQL.identifier, CLAIMED)),
                columns=sql_arrays(types, columns),
                uid=self.env.uid,
                now=self.env.cr.now(),
            ),
            # The second worker is no error to look after.
            log_exceptions=False,
        )
        alerts = self.browse(alert_id for (alert_id,) in self.env.cr.fetchall())
        for field in self._fields.values():
            if field.store and field.compute:
                self.env.add_to_compute(field, alerts)
        return alerts

    @api.model
    def _prepare_claim(self, event):
        return {
            "source_id": event.source_id.id,
            "company_id": event.company_id.id,
            "site_id": event.site_id.id,
            "key": event.key,
            "name": event.alert_name,
            "severity": event.severity,
        }

    def _assign(self, events):
        """Give events to their alerts; those that were given already stay."""
        alerts = {(alert.source_id.id, alert.key): alert for alert in self}
        new = events.filtered(lambda event: not event.alert_id)
        by_alert = new.grouped(lambda event: alerts[event.source_id.id, event.key])
        for alert, own in by_alert.items():
            own.alert_id = alert
            alert.write(alert._prepare_told(own))

    def _prepare_told(self, events):
        """:return: dict of values, what new events say of their alert"""
        self.ensure_one()
        times = events.mapped("happened_at")
        values = {
            "event_count": self.event_count + len(events),
            "first_at": min(filter(None, [self.first_at, *times])),
            "last_at": max(filter(None, [self.last_at, *times])),
        }
        firing = events.filtered(lambda event: event.status == "firing")
        if not firing:
            return values
        last = firing.sorted(lambda event: (event.happened_at, event.id))[-1]
        return {
            **values,
            "name": last.alert_name,
            "severity": last.severity,
            "summary": last.summary,
            "url": last.url,
        }

    # Looking at it

    @api.model
    def _view(self, domain):
        """:return: action that shows the alerts of a domain"""
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "service_agreement_monitoring.action_service_monitoring_alert"
        )
        return {**action, "domain": domain, "context": {}}

    def action_view_ticket(self):
        self.ensure_one()
        self.check_access("read")
        return self.env[self.res_model].browse(self.res_id).get_formview_action()

    def action_view_events(self):
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "service_agreement_monitoring.action_service_monitoring_event"
        )
        return {**action, "domain": [("alert_id", "=", self.id)], "context": {}}


class ServiceMonitoringEvent(models.Model):
    _inherit = "service.monitoring.event"

    alert_id = fields.Many2one(
        "service.monitoring.alert",
        string="Alert Told Of",
        readonly=True,
        ondelete="restrict",
        index="btree_not_null",
    )

    _alert_idx = models.Index("(alert_id, happened_at) WHERE alert_id IS NOT NULL")


class ServiceMonitoringSource(models.Model):
    _inherit = "service.monitoring.source"

    down_severity = fields.Selection(
        [("info", "Any alert"), ("warning", "Warning"), ("critical", "Critical")],
        string="Down From",
        required=True,
        default="warning",
        help="From this severity on an alert means that something is down: it counts "
        "in the uptime, and what stands behind a gateway gets no ticket of its own.",
    )

    def _get_down_severities(self):
        """:return: tuple of str"""
        levels = ("info", "warning", "critical")
        return levels[levels.index(self.down_severity or "warning") :]


class ServiceMonitoringSite(models.Model):
    _inherit = "service.monitoring.site"

    def _get_gateways(self):
        """:return: the gateways it is reached through, the nearest first; a device's
        are those of the site it stands at
        """
        self.ensure_one()
        found, site = self.browse(), self
        while True:
            gateway = site.gateway_site_id or site.parent_id.gateway_site_id
            if not gateway or gateway in found or gateway == self:
                return found
            found, site = found + gateway, gateway

    def _find_behind(self):
        """:return: the sites and devices that are reached through these"""
        found, gateways = self.browse(), self
        while gateways:
            behind = self.search(
                Domain("gateway_site_id", "in", gateways.ids)
                | Domain("parent_id.gateway_site_id", "in", gateways.ids)
            )
            gateways = behind - found - self
            found |= gateways
        return found
