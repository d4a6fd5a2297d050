"""How much of a month a system was up, by what its alerts told."""

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import format_date, formatLang

from odoo.addons.service_agreement.models import instant

from ..tools.uptime import get_uptime, list_months

MONTHS = 12


class ServiceAgreementSystem(models.Model):
    """Down is a system while any alert that counts as down fires at one of its sites
    or devices. Planned visits are not taken off: what was switched off for one counts
    as down, too.
    """

    _inherit = "service.agreement.system"

    monitoring_site_ids = fields.One2many(
        "service.monitoring.site", "system_id", string="Monitored As"
    )
    monitoring_state = fields.Selection(
        [("up", "Up"), ("down", "Down")],
        string="Monitoring",
        compute="_compute_monitoring",
        help="Empty: nobody watches it.",
    )
    monitoring_uptime = fields.Float(
        string="Uptime This Month (%)",
        compute="_compute_monitoring",
        help="Share of the time in which nothing of it was down. Planned visits are "
        "not taken off.",
    )
    monitoring_months = fields.Html(
        string="Uptime",
        compute="_compute_monitoring_months",
        sanitize=False,
    )
    alert_count = fields.Integer(string="Alerts", compute="_compute_alert_count")

    @api.depends("monitoring_site_ids")
    def _compute_monitoring(self):
        rows = self._get_uptime_rows(1)
        for system in self:
            current = rows[system][0] if rows[system] else {}
            system.monitoring_state = current.get("state")
            system.monitoring_uptime = current.get("uptime")

    @api.depends("monitoring_site_ids")
    def _compute_monitoring_months(self):
        rows = self._get_uptime_rows()
        for system in self:
            system.monitoring_months = self.env["ir.qweb"]._render(
                "service_agreement_monitoring.system_uptime", {"rows": rows[system]}
            )

    def _compute_alert_count(self):
        counts = dict(
            self.env["service.monitoring.alert"]._read_group(
                [("system_id", "in", self.ids)], ["system_id"], ["__count"]
            )
        )
        for system in self:
            system.alert_count = counts.get(system, 0)

    def action_view_alerts(self):
        self.ensure_one()
        self.check_access("read")
        return self.env["service.monitoring.alert"]._view([("system_id", "=", self.id)])

    def action_view_outages(self):
        self.ensure_one()
        self.check_access("read")
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "service_agreement_monitoring.action_service_monitoring_outage"
        )
        return {**action, "domain": [("system_id", "=", self.id)], "context": {}}

    # Reading

    def _get_uptime_rows(self, count=MONTHS):
        """What was up in the last months, the current one first; months before it was
        watched are left out.

        :param int count: of months, the current one included
        :return: dict by system of list of dict: label, uptime (percent), text, color
            (of Bootstrap), width (percent of a bar), state (now: "up" or "down")
        """
        watched = self._get_watched_since()
        months = {
            company: list_months(company._service_today(), count, company._get_midnight)
            for company in self.company_id
        }
        spans = self._get_down_spans(
            min((own[0].start for own in months.values()), default=None)
        )
        return {
            system: system._list_uptime(
                months.get(system.company_id, ()), spans[system], watched.get(system)
            )
            for system in self
        }

    def _get_watched_since(self):
        """:return: dict of naive datetime by system, of those that are watched"""
        sites = self.env["service.monitoring.site"]._read_group(
            [("system_id", "in", self.ids)], ["system_id"], ["create_date:min"]
        )
        # Events that waited for their site to be known are older.
        alerts = self.env["service.monitoring.alert"]._read_group(
            [("system_id", "in", self.ids)], ["system_id"], ["first_at:min"]
        )
        first = dict(alerts)
        return {
            system: min(filter(None, (created, first.get(system))))
            for system, created in sites
        }

    def _get_down_spans(self, first):
        """
        :param datetime first: naive; what ended before is left out
        :return: dict of list of tools.alerts.Span by system
        """
        spans = {system: [] for system in self}
        outages = self.env["service.monitoring.outage"].search_fetch(
            Domain("system_id", "in", self.ids)
            & Domain("is_down", "=", True)
            & (Domain("ended_at", "=", False) | Domain("ended_at", ">", first)),
            ["system_id", "started_at", "ended_at"],
        )
        for system, own in outages.grouped("system_id").items():
            spans[system] = own._get_spans()
        return spans

    def _get_uptime(self, spans, start, end):
        return get_uptime(spans, start, min(end, instant.now(self.env)))

    def _list_uptime(self, months, spans, watched):
        if not watched:
            return []
        state = "down" if any(span.end is None for span in spans) else "up"
        rows = []
        for month in reversed(months):
            uptime = self._get_uptime(spans, max(month.start, watched), month.end)
            if uptime is not None:
                label = format_date(self.env, month.first, date_format="MMM yyyy")
                rows.append({"label": label, "state": state, **self._show(uptime)})
        return rows

    def _show(self, uptime):
        """:return: dict, how a share is drawn; the bar is of the last tenth, where
        they differ
        """
        color = "success" if uptime >= 99.5 else "warning" if uptime >= 98 else "danger"
        return {
            "uptime": uptime,
            "text": self.env._("%s %%", formatLang(self.env, uptime, digits=2)),
            "color": color,
            "width": max(round((uptime - 90) * 10), 4),
        }
