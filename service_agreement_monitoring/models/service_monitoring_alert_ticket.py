"""From what alerts want to tickets: opened, reopened, solved."""

from markupsafe import Markup

from odoo import SUPERUSER_ID, models
from odoo.tools.misc import clean_context

from ..tools.alerts import list_steps
from .service_monitoring_alert_reading import list_served

# A ticket is urgent where something does not work at all, else as any request.
PRIORITIES = {"critical": "3"}


class ServiceMonitoringAlert(models.Model):
    _inherit = "service.monitoring.alert"

    def _do_steps(self, readings, rows, now):
        """Do what is to be done, case by case, all alerts at once.

        :param dict readings: tools.alerts.Reading by alert
        :param dict rows: by alert dict of service.monitoring.outage by outage
        """
        steps = {
            a: a._list_steps(reading, rows[a], now) for a, reading in readings.items()
        }
        while any(steps.values()):
            turn = {alert: own.pop(0) for alert, own in steps.items() if own}
            self._do_turn(turn, rows)

    def _list_steps(self, reading, rows, now):
        """:return: list of tools.alerts.Step, what its tickets still want"""
        self.ensure_one()
        served = list_served(rows.values())
        return list_steps(reading, served, self.healed_until or None, now)

    def _do_turn(self, turn, rows):
        """:param dict turn: tools.alerts.Step by alert"""
        tickets = {
            a: step.ticket and step.ticket._get_ticket() for a, step in turn.items()
        }
        news = {alert: step for alert, step in turn.items() if step.news}
        closed = [a for a in news if not tickets[a] or tickets[a]._ticket_is_final()]
        tickets |= self._open_tickets(closed)
        for alert, step in news.items():
            if alert not in closed and not step.heals:
                tickets[alert]._ticket_fire_again(alert)
            for outage in step.news:
                rows[alert][outage]._note_ticket(tickets[alert])
        for alert, step in turn.items():
            if step.heals:
                alert._heal(tickets[alert], step.case)

    # Opening

    def _open_tickets(self, alerts):
        """:param list alerts: service.monitoring.alert
        :return: dict of tickets by alert; None where the company has no desk yet
        """
        tickets = dict.fromkeys(alerts)
        before = self._find_tickets_before(alerts)
        for company, own in self.browse().concat(*alerts).grouped("company_id").items():
            tickets |= own._create_tickets(self._get_request(company), before)
        return tickets

    def _create_tickets(self, request, before):
        """
        :param request: service.agreement, see `_get_request`
        :param dict before: by alert the ticket it had the last time
        :return: dict of tickets by alert; empty where there is no desk yet
        """
        model = request._get_request_model()
        if not model:
            return {}
        desk = request.env[model]
        remote = desk.env["service.agreement.work.type"]._get_remote()
        created = desk.create(
            [a._prepare_ticket_values(desk, request, remote, before) for a in self]
        )
        tickets = dict(zip(self, created, strict=True))
        for alert, ticket in tickets.items():
            if before.get(alert):
                ticket._ticket_tell_before(before[alert])
        return tickets

    def _find_tickets_before(self, alerts):
        """:return: dict by alert of the last ticket it had of its own"""
        outages = self.env["service.monitoring.outage"].search(
            [
                ("alert_id", "in", [alert.id for alert in alerts]),
                ("res_id", "!=", False),
                ("is_behind", "=", False),
            ],
            order="started_at, id",
        )
        last = {outage.alert_id: outage for outage in outages}
        return {alert: outage._get_ticket() for alert, outage in last.items()}

    def _get_request(self, company):
        """Our robot opens tickets, whoever mapped the site that it waited for.

        :return: service.agreement, never saved: it is only asked where requests of
            its company arrive, for there need not be one
        """
        lang = company.partner_id.lang or self.env.lang
        context = {**clean_context(self.env.context), "lang": lang}
        env = self.env(user=SUPERUSER_ID, context=context)
        agreements = env["service.agreement"].with_company(company)
        return agreements.new({"company_id": company.id})

    def _prepare_ticket_values(self, desk, request, work_type, before):
        """
        :param desk: the model of tickets, empty
        :param request: service.agreement, see `_get_request`
        :param work_type: service.agreement.work.type, what it is looked after by first
        :param dict before: by alert the ticket it had the last time
        :return: dict of values
        """
        self.ensure_one()
        alert, customer = self.with_env(desk.env), self.partner_id
        last, follows = before.get(self), {}
        if last and last._name == desk._name and "follows_id" in desk._fields:
            follows = {"follows_id": last.id}
        own = alert.system_id.commercial_partner_id == customer.commercial_partner_id
        return {
            **desk._ticket_prepare_request(request, customer),
            **follows,
            "name": alert._get_ticket_title(),
            "description": alert._get_ticket_description(),
            "priority": PRIORITIES.get(alert.severity, "0"),
            "company_id": alert.company_id.id,
            "partner_id": customer.id,
            "system_id": own and alert.system_id.id,
            "device_id": own and alert.device_id.id,
            "work_type_id": work_type.id,
            "is_from_monitoring": True,
        }

    def _get_ticket_title(self):
        self.ensure_one()
        return self.env._(
            "%(alert)s: %(site)s", alert=self.name, site=self.site_id.name
        )

    def _get_ticket_description(self):
        """:return: Markup; what comes from outside is escaped"""
        self.ensure_one()
        told = self.env._("%(watcher)s told us.", watcher=self.source_id.name)
        lines = [Markup("<p>%s</p>") % text for text in (self.summary, told) if text]
        if self._has_safe_link():
            link = Markup('<p><a href="%s" target="_blank" rel="noreferrer">%s</a></p>')
            lines.append(link % (self.url, self.env._("Look at it there")))
        return Markup().join(lines)

    def _has_safe_link(self):
        """:return: bool; a link that is no address of a page is only read"""
        return bool(self.url) and self.url.startswith(("https://", "http://"))

    # Solving

    def _heal(self, ticket, case):
        """Solve the ticket of what is over.

        :param ticket: None where there is none
        :param tools.alerts.Case case:
        """
        self.ensure_one()
        if ticket and not self._is_needed(ticket):
            ticket._ticket_heal(case.recovered_at)
        self.healed_until = case.closed_at

    def _is_needed(self, ticket):
        """:return: bool, whether another alert whose ticket was merged into this one
        still fires
        """
        self.ensure_one()
        return bool(
            self.env["service.monitoring.outage"].search_count(
                [
                    ("alert_id", "!=", self.id),
                    ("res_model", "=", ticket._name),
                    ("res_id", "=", ticket.id),
                    ("is_behind", "=", False),
                    ("ended_at", "=", False),
                ],
                limit=1,
            )
        )


class ServiceMonitoringOutage(models.Model):
    _inherit = "service.monitoring.outage"

    def _note_ticket(self, ticket):
        """:param ticket: None where the company has no desk yet: the next look opens
        one
        """
        self.ensure_one()
        if ticket:
            values = {"res_model": ticket._name, "res_id": ticket.id}
            self.write({**values, "is_behind": False})

    # A ticket of its own that should have been its gateway's

    def _may_fold(self):
        ticket = self._get_ticket()
        return bool(
            ticket
            and not ticket._ticket_is_closed()
            and not ticket._ticket_was_worked_on()
        )

    def _fold(self):
        """Its gateway was down already: nobody was promised this one twice."""
        self.ensure_one()
        self._get_ticket()._ticket_fold()
        self.write({"is_behind": True, "res_model": False, "res_id": False})
