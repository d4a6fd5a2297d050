"""What monitoring was worth: a part of the value statement."""

from datetime import timedelta

from odoo import fields, models
from odoo.fields import Domain
from odoo.tools import formatLang

from odoo.addons.service_agreement.models import instant

from ..tools.uptime import get_uptime

DAY = timedelta(days=1)


class ServiceAgreementStatement(models.Model):
    _inherit = "service.agreement.statement"

    alert_count = fields.Integer(
        string="Alerts", readonly=True, help="That monitoring told of in these days."
    )
    alert_healed_count = fields.Integer(
        string="Recovered by Themselves",
        readonly=True,
        help="Nobody of us had worked on them: no success of ours.",
    )
    alert_remote_count = fields.Integer(
        string="Fixed Remotely",
        readonly=True,
        help="Tickets opened by monitoring that were solved from afar before the "
        "customer wrote.",
    )

    # EXTENDS 'service.agreement.statement'
    def _get_readers(self):
        return [*super()._get_readers(), self._read_monitoring]

    def _read_monitoring(self):
        sites = self.agreement_id._get_monitored_sites()
        outages = self._find_outages(sites)
        remote = self._find_fixed_remotely()
        return {
            each: {
                **each._count_outages(outages[each]),
                "alert_remote_count": len(remote[each]),
                "details": {
                    "uptimes": each._list_uptimes(
                        sites[each.agreement_id].system_id, outages[each]
                    )
                },
            }
            for each in self
        }

    def _get_instants(self):
        """:return: (first instant of its days, the one after the last), naive UTC"""
        self.ensure_one()
        days = (self.date_start, self.date_end + DAY)
        return tuple(map(self.company_id._get_midnight, days))

    def _find_outages(self, sites):
        """
        :param dict sites: service.monitoring.site by agreement
        :return: dict of service.monitoring.outage by statement, that met its days
        """
        spans = {each: each._get_instants() for each in self}
        every = self.env["service.monitoring.site"].union(*sites.values())
        outages = self.env["service.monitoring.outage"].search(
            Domain("site_id", "in", every.ids)
            & Domain("started_at", "<", max(end for _start, end in spans.values()))
            & (
                Domain("ended_at", "=", False)
                | Domain("ended_at", ">", min(start for start, _end in spans.values()))
            ),
            order="started_at, id",
        )
        return {
            each: outages.filtered(
                lambda o, own=sites[each.agreement_id], span=span: (
                    o.site_id in own and o._meets(*span)
                )
            )
            for each, span in spans.items()
        }

    def _count_outages(self, outages):
        """What began in these days; behind a gateway it is told of once."""
        start, _end = self._get_instants()
        told = outages.filtered(lambda o: o.started_at >= start and not o.is_behind)
        healed = told.filtered(lambda o: o.result == "healed")
        return {"alert_count": len(told), "alert_healed_count": len(healed)}

    def _list_uptimes(self, systems, outages):
        """:return: list of dict: name, percent; of systems that are watched"""
        start, end = self._get_instants()
        since = systems._get_watched_since()
        now = instant.now(self.env)
        rows = []
        for system in systems:
            own = outages.filtered(lambda o, s=system: o.system_id == s and o.is_down)
            uptime = get_uptime(
                own._get_spans(), max(start, since[system]), min(end, now)
            )
            if uptime is not None:
                rows.append({"name": system.name, "percent": uptime})
        return rows

    def _find_fixed_remotely(self):
        """:return: dict of list of tickets by statement"""
        found = {each: [] for each in self}
        for model in self.env["service.agreement.ticket.mixin"]._get_ticket_models():
            tickets = self._find_monitoring_tickets(model)
            facts = tickets._ticket_facts() if tickets else {}
            for ticket in tickets:
                if ticket._ticket_was_fixed_remotely(facts[ticket.id]):
                    found[self._get_statement_of(ticket)].append(ticket)
        found.pop(self.browse(), None)
        return found

    def _find_monitoring_tickets(self, model):
        spans = [each._get_instants() for each in self]
        tickets = self.env[model].search(
            Domain("is_from_monitoring", "=", True)
            & Domain("agreement_id", "in", self.agreement_id.ids)
            & Domain("create_date", ">=", min(start for start, _end in spans))
            & Domain("create_date", "<", max(end for _start, end in spans))
        )
        return tickets.filtered(self._get_statement_of)

    def _get_statement_of(self, ticket):
        """:return: the one in whose days a ticket was opened; or empty"""
        for each in self:
            start, end = each._get_instants()
            if each.agreement_id == ticket.agreement_id:
                if start <= ticket.create_date < end:
                    return each
        return self.browse()

    # In words

    def _get_tiles(self):
        tiles = super()._get_tiles()
        if self.alert_count:
            note = self.alert_healed_count and self.env._(
                "%s recovered by themselves", self.alert_healed_count
            )
            tile = {
                "label": self.env._("Alerts seen"),
                "text": str(self.alert_count),
                "note": note,
            }
            tiles.append(tile)
        return tiles

    def _get_besides(self):
        return [*super()._get_besides(), *filter(None, [self._get_remote_text()])]

    def _get_remote_text(self):
        if self.alert_remote_count == 1:
            return self.env._("1 fault fixed remotely before you called")
        if self.alert_remote_count:
            return self.env._(
                "%s faults fixed remotely before you called", self.alert_remote_count
            )
        return None

    def _get_uptime_rows(self):
        """:return: list of dict as of bars: label, text, percent"""
        return [
            {
                "label": row["name"],
                "text": self.env._(
                    "%s %% up", formatLang(self.env, row["percent"], digits=2)
                ),
                "percent": int(row["percent"]),
            }
            for row in self._get_rows("uptimes")
        ]


class ServiceMonitoringOutage(models.Model):
    _inherit = "service.monitoring.outage"

    def _meets(self, start, end):
        self.ensure_one()
        return self.started_at < end and (not self.ended_at or self.ended_at > start)


class ServiceAgreementTicketMixin(models.AbstractModel):
    _inherit = "service.agreement.ticket.mixin"

    def _ticket_was_fixed_remotely(self, facts):
        """:param facts: service.agreement.ticket.fact of this ticket
        :return: bool, whether somebody of us solved it from afar before the customer
            wrote
        """
        self.ensure_one()
        work = self.sudo()._ticket_work_lines()
        return bool(
            self._ticket_is_closed() == "solved"
            and work
            and not any(work.service_work_type_id.mapped("is_on_site"))
            and not any(fact.kind in ("asked", "arrived") for fact in facts)
        )
