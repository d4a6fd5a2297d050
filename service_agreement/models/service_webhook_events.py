"""What other systems are told of: where it happens, and what they are told."""

from odoo import api, models
from odoo.tools import groupby

from . import instant
from .service_agreement_sla_warning_run import BREACH, OLD_NEWS
from .service_api import to_day, to_instant, to_link
from .service_request import describe_agreement

# Noted in the transaction, and written down at its flush.
NOTES = "service_agreement.webhook_notes"


class ServiceWebhook(models.Model):
    _inherit = "service.webhook"

    @api.model
    def _note(self, event, records, **data):
        """Something happened; costs nothing where nobody wants to know.

        :param str event: of `EVENTS`
        :param records: that answer `_webhook_source` and `_webhook_data`
        :param data: plain values that are told beside
        """
        if not (records and self._is_wanted(event)):
            return
        hooks = self.env.cr.precommit
        if NOTES not in hooks.data:
            hooks.data[NOTES] = []
            hooks.add(self.browse()._write_down)
        hooks.data[NOTES] += [(event, record, data) for record in records.sudo()]

    @api.model
    def _write_down(self):
        """Make deliveries of what is noted, in this transaction."""
        notes = self.env.cr.precommit.data.pop(NOTES, [])
        deliveries = self.env["service.webhook.delivery"]
        for (event, name), same in groupby(
            notes, lambda note: (note[0], note[1]._name)
        ):
            records = self.env[name].sudo().union(*(record for _e, record, _d in same))
            told = self._list_told(event, records.exists(), same)
            deliveries._create_for(event, told)

    @api.model
    def _list_told(self, event, records, notes):
        """
        :param records: those of the notes that still exist
        :param list notes: of (event, record, dict of what is told beside)
        :return: list of (service.webhook, record it is filed under, dict)
        """
        data, told = records._webhook_data(), []
        for _event, record, more in notes:
            if record not in data:
                continue
            company, tier, about = record._webhook_source()
            for webhook in self._get_subscribers(event, company, tier):
                told.append((webhook, about, {**data[record], **more}))
        return told


class ServiceAgreement(models.Model):
    _inherit = "service.agreement"

    def write(self, vals):
        """Signed: in the portal, or on paper, when it is put in force by hand."""
        signed, ended = self._webhook_find_signed(vals), self._webhook_find_ended(vals)
        result = super().write(vals)
        self.env["service.webhook"]._note("agreement.signed", signed)
        self.env["service.webhook"]._note("agreement.ended", ended)
        return result

    def _webhook_find_signed(self, vals):
        """:return: those that are signed by writing this, read before it is written"""
        if not (vals.get("signed_on") or vals.get("activated_on")):
            return self.browse()
        return self.sudo().filtered(lambda a: not (a.signed_on or a.activated_on))

    def _webhook_find_ended(self, vals):
        """:return: those that were in force, and are ended by writing this"""
        if vals.get("state") != "ended":
            return self.browse()
        return self.sudo().filtered(lambda a: a.activated_on and a.state != "ended")

    def _webhook_source(self):
        """:return: (res.company, service.agreement.tier, record it is about)"""
        return self.company_id, self.tier_id, self

    def _webhook_data(self):
        """:return: dict of dict of plain values by record"""
        return {agreement: agreement._webhook_describe() for agreement in self}

    def _webhook_describe(self):
        return {
            "agreement": {
                **describe_agreement(self.env, self),
                "reference": self.external_reference or None,
                "state": self.state,
                "start": to_day(self.date_start),
                "end": to_day(self.date_end),
                "signed_by": self.signed_by or None,
                "signed_at": to_instant(self.signed_on),
                "end_reason": self.end_reason or None,
            },
            "customer": to_link(self.partner_id),
        }


class ServiceAgreementTicketMixin(models.AbstractModel):
    _inherit = "service.agreement.ticket.mixin"

    @api.model
    def _ticket_write_down(self, notes):
        # Before its clocks are read, which may be kept already.
        if self.env["service.webhook"]._is_wanted("ticket.promised"):
            self._webhook_note_promised(notes.facts)
        return super()._ticket_write_down(notes)

    @api.model
    def _webhook_note_promised(self, facts):
        """:param list facts: dict of values, that are written down"""
        promised = {
            (fact["res_model"], fact["res_id"])
            for fact in facts
            if fact["kind"] in ("opened", "agreement") and fact.get("sla_promise_id")
        }
        for name, pairs in groupby(sorted(promised), key=lambda pair: pair[0]):
            tickets = self.env[name].browse(res_id for _name, res_id in pairs)
            self.env["service.webhook"]._note("ticket.promised", tickets)

    def _webhook_source(self):
        """:return: (res.company, service.agreement.tier, record it is about)"""
        return self._ticket_company(), self.agreement_tier_id, self

    def _webhook_data(self):
        """:return: dict of dict of plain values by record"""
        clocks = self._ticket_clocks_by_ticket()
        return {
            ticket: {
                **ticket._webhook_describe(),
                "promises": [
                    {"metric": clock.metric, "due_at": to_instant(clock.deadline)}
                    for clock in clocks.get(ticket, ())
                    if clock._is_open()
                ],
            }
            for ticket in self
        }

    def _webhook_describe(self):
        return {
            "ticket": {
                "id": self.id,
                "model": self._name,
                "reference": self._ticket_reference(),
                "name": self.display_name,
            },
            "customer": to_link(self._ticket_customer()),
            "agreement": describe_agreement(self.env, self.agreement_id),
        }


class ServiceAgreementSlaClock(models.Model):
    _inherit = "service.agreement.sla.clock"

    @api.model_create_multi
    def create(self, vals_list):
        clocks = super().create(vals_list)
        if any(vals.get("state") == "met" for vals in vals_list):
            met = clocks.filtered(lambda clock: clock.state == "met")
            self.env["service.webhook"]._note("ticket.kept", met)
        return clocks

    @api.model
    def _write_readings(self, changes):
        clocks = super()._write_readings(changes)
        met = [key for key, values in changes.items() if values.get("state") == "met"]
        self.env["service.webhook"]._note("ticket.kept", self.browse(met))
        return clocks

    def _warn(self, percent):
        result = super()._warn(percent)
        at_risk = percent < BREACH and self.status == "at_risk"
        self.env["service.webhook"]._note(
            "ticket.at_risk", self if at_risk else self.browse(), used_percent=percent
        )
        return result

    def _after_breach(self):
        result = super()._after_breach()
        is_news = self.deadline + OLD_NEWS >= instant.now(self.env)
        self.env["service.webhook"]._note(
            "ticket.missed", self if is_news else self.browse()
        )
        return result

    def _webhook_source(self):
        """:return: (res.company, service.agreement.tier, record it is about)"""
        return self.company_id, self.tier_id, self._get_ticket()

    def _webhook_data(self):
        """:return: dict of dict of plain values by record"""
        return {
            clock: clock._webhook_describe() for clock in self if clock._get_ticket()
        }

    def _webhook_describe(self):
        return {
            **self._get_ticket()._webhook_describe(),
            "promise": {
                "metric": self.metric,
                "round": self.number,
                "priority": self.priority,
                "minutes": self.minutes,
                "state": self.status,
                "due_at": to_instant(self.deadline),
                "done_at": to_instant(self.stopped_at),
                "missed_by_change": self.reprioritised,
            },
        }
