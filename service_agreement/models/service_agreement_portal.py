from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import format_datetime, format_time, groupby, plaintext2html


class ServiceAgreement(models.Model):
    """What the customer sees and does in the portal."""

    _inherit = "service.agreement"

    # EXTENDS 'mail'
    def _track_subtype(self, init_values):
        self.ensure_one()
        if "state" in init_values:
            xmlid = {
                "proposed": "service_agreement.mt_agreement_proposed",
                "active": "service_agreement.mt_agreement_in_force",
                "ended": "service_agreement.mt_agreement_ended",
            }.get(self.state)
            if xmlid:
                return self.env.ref(xmlid)
        return super()._track_subtype(init_values)

    @api.model
    def _get_portal_domain(self, partner):
        """:return: Domain of what the contact ``partner`` finds in the portal"""
        return Domain(
            "commercial_partner_id", "=", partner.commercial_partner_id.id
        ) & Domain("state", "!=", "draft")

    @api.model
    def _get_to_sign_domain(self):
        return Domain("state", "=", "proposed") & Domain("signed_on", "=", False)

    def _get_portal_status(self):
        """:return: (text, colour of bootstrap), as one says it to a customer"""
        self.ensure_one()
        today = self.company_id._service_today()
        if self.state == "proposed":
            if self._is_offer_expired():
                return self.env._("Offer expired"), "light border"
            return self.env._("Waiting for your signature"), "warning"
        if self.state == "active":
            return self._get_portal_status_active(today)
        if self.state == "suspended":
            return self.env._("Paused"), "warning"
        if self.state == "ended":
            declined = not self.activated_on
            return (
                self.env._("Declined") if declined else self.env._("Ended")
            ), "light border"
        return self.env._("Draft"), "info"

    def _get_portal_status_active(self, today):
        if self.date_start > today:
            start = self._format_date(self.date_start)
            return self.env._("Starts on %(date)s", date=start), "info"
        if self.end_reason and self.date_end:
            last_day = self._format_date(self.date_end)
            return self.env._("Ends on %(date)s", date=last_day), "warning"
        return self.env._("In force"), "success"

    def _get_next_step_url(self):
        """Hook for bridges: where the customer goes on who has just signed.

        :return: str, an address on this server that needs no login
        """
        self.ensure_one()
        return self.get_portal_url(query_string="&message=sign_ok")

    # Requests

    def _why_not_request(self):
        """:return: why the customer cannot request service by it, or None"""
        self.ensure_one()
        if not self._in_force_on(self.company_id._service_today()):
            return self.env._("This agreement is not in force today.")
        if not self._get_request_model():
            return self.env._("Requests cannot be sent from here yet.")
        return None

    def _get_request_model(self):
        """Hook for bridges: where the customer's requests arrive.

        :return: str, the name of a model of tickets; None where there is no desk yet
        """
        self.ensure_one()
        desk = self.company_id.sudo().service_desk_project_id
        return "project.task" if desk else None

    @api.model
    def _get_portal_priorities_labels(self):
        """:return: list of (priority, label), low first"""
        target = self.env["service.agreement.sla.target"]
        return target._fields["priority"]._description_selection(self.env)

    def _get_portal_priorities(self):
        """:return: list of (priority, label, what is promised), urgent first"""
        self.ensure_one()
        targets = self.target_ids
        headings = self._get_document_metric_headings()
        labels = self._get_portal_priorities_labels()
        by_priority = targets.grouped("priority")
        return [
            (
                priority,
                label,
                [
                    f"{headings[target.metric]} {target.duration_text}"
                    for target in by_priority.get(priority, ())
                    if target.metric in headings
                ],
            )
            for priority, label in reversed(labels)
        ]

    def _request_service(self, partner, values, key):
        """Open a ticket for the customer, once per ``key``.

        Sudo: customers may not create tickets; what they can set is chosen here.

        :param res.partner partner: who asks
        :param dict values: subject, description, priority, system_id, work_type_id
        :param str key: of the form, made when it was shown
        :return: the ticket of this key, new or old
        """
        self.ensure_one()
        if ticket := self._find_request(key):
            return ticket
        ticket_values = self._prepare_request_values(partner, values)
        ticket_values["request_key"] = self._get_request_key(key)
        return self.env[self._get_request_model()].sudo().create(ticket_values)

    def _find_request(self, key):
        """:return: the ticket made by the form ``key`` of this agreement, or none"""
        tickets = self.env[self._get_request_model()].sudo()
        of_form = Domain("request_key", "=", self._get_request_key(key))
        return tickets.search(of_form, limit=1)

    def _get_request_key(self, key):
        """The agreement's id is part of it: no key leads to another one's ticket."""
        self.ensure_one()
        return f"{self.id}-{key}"

    def _prepare_request_values(self, partner, values):
        self.ensure_one()
        tickets = self.env[self._get_request_model()].sudo()
        return {
            **tickets._ticket_prepare_request(self, partner),
            "name": values["subject"],
            "description": plaintext2html(values.get("description") or ""),
            "priority": values.get("priority") or "0",
            "company_id": self.company_id.id,
            "partner_id": partner.id,
            "agreement_id": self.id,
            "system_id": values.get("system_id"),
            "work_type_id": values.get("work_type_id"),
        }

    # Tickets

    def _get_portal_ticket_rows(self, tickets):
        """What the customer reads of his tickets; one query per model for their clocks.

        Sudo: the clocks are read for him, he may not read them himself.

        :param tickets: list of tickets of any model
        :return: list of dict: ticket, text, colour, open
        """
        clocks = {}
        for model, same in groupby(tickets, key=lambda ticket: ticket._name):
            same = self.env[model].concat(*same)
            clocks.update(same.sudo()._ticket_clocks_by_ticket())
        return [
            self._get_portal_ticket_row(ticket.sudo(), clocks.get(ticket, ()))
            for ticket in tickets
        ]

    def _get_portal_ticket_row(self, ticket, clocks):
        clocks = sorted(
            (c for c in clocks if c._is_open() and c.deadline),
            key=lambda clock: clock.deadline,
        )
        closed = ticket._ticket_is_closed()
        labels = self._get_portal_promise_labels()
        text, color = labels.get(ticket.sla_state, (False, False))
        if not closed and ticket.sla_state in ("running", "at_risk") and clocks:
            text = self._get_portal_due_text(clocks[0])
        return {
            "ticket": ticket,
            "reference": ticket._ticket_reference(),
            "closed": closed,
            "waiting": ticket._ticket_is_waiting(),
            "text": text,
            "color": color,
        }

    def _get_portal_promise_labels(self):
        return {
            "running": (self.env._("On time"), "info"),
            "at_risk": (self.env._("On time"), "info"),
            "paused": (self.env._("Waiting for you"), "warning"),
            "kept": (self.env._("Promise kept"), "success"),
            "missed": (self.env._("Promise missed"), "danger"),
        }

    def _get_portal_due_text(self, clock):
        """:return: "We answer by Mon 7 Dec, 10:00", on the customer's clock"""
        when = self._format_portal_instant(clock.deadline)
        if clock.metric == "first_response":
            return self.env._("We answer by %(when)s", when=when)
        if clock.metric == "update":
            return self.env._("We answer again by %(when)s", when=when)
        if clock.metric == "on_site":
            return self.env._("On site by %(when)s", when=when)
        return self.env._("Solved by %(when)s", when=when)

    def _format_portal_instant(self, instant):
        self.ensure_one()
        tz = self._get_portal_tz()
        day = format_datetime(self.env, instant, tz=tz, dt_format="EEE d MMM")
        time = format_time(
            self.env,
            fields.Datetime.context_timestamp(self.with_context(tz=tz), instant).time(),
            time_format="short",
        )
        return self.env._("%(day)s, %(time)s", day=day, time=time)

    def _get_portal_tz(self):
        """:return: str, the name of the time zone on the customer's wall"""
        partner = self.partner_id
        tz = partner.tz or partner.commercial_partner_id.tz
        return tz or str(self.company_id._service_tz())
