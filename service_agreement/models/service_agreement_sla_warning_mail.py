"""A warning in words, as a mail or as a to-do, for who reads it."""

from datetime import timedelta

from odoo import api, fields, models
from odoo.tools import format_datetime, format_time

from ..tools.sla_warning import BREACH
from . import instant

TEMPLATE = "service_agreement.mail_template_promise_warning"
# Further away, a weekday alone does not say which week.
THIS_WEEK = timedelta(days=6)


class ServiceAgreementSlaClock(models.Model):
    _inherit = "service.agreement.sla.clock"

    @api.depends("metric", "res_model", "res_id")
    def _compute_display_name(self):
        """Also where the ticket may not be read: its number says enough."""
        for clock in self:
            ticket = clock.sudo()._get_ticket()
            reference = ticket and ticket._ticket_reference()
            names = (clock.metric and clock._get_metric_text(), reference)
            clock.display_name = " ".join(filter(None, names))

    def _tell(self, user, ways, percent):
        """An activity is for who may see the ticket and has still something to do;
        anybody else gets a mail.

        :return: bool, whether anything was said
        """
        self.ensure_one()
        clock, tickets = self._for_reader(user), self._get_tickets()
        seen = self._filter_readable(tickets, user)
        is_told = False
        if "activity" in ways and self._is_open() and seen:
            self._set_activities({self: {user: percent}}, tickets)
            is_told = True
        elif ways == {"activity"} and not seen:
            ways = {"mail"}
        if "mail" in ways and user.email:
            clock._mail_warning(user, percent)
            is_told = True
        return is_told

    def _for_reader(self, user):
        """:return: this promise, in the language and time zone of who reads of it"""
        tz = user.tz or str(self.company_id._service_tz())
        return self.with_context(lang=user.lang or self.env.lang, tz=tz)

    def _mail_warning(self, user, percent):
        template = self.env.ref(TEMPLATE).with_context(
            template_preview_lang=user.lang or self.env.lang, warning_percent=percent
        )
        template.send_mail(
            self.id,
            email_values={"recipient_ids": [fields.Command.set(user.partner_id.ids)]},
        )

    # What the template asks

    def _get_warning_text(self, percent=None):
        """:return: str, "Answer promised by Mon 13:00 (90 % used)" """
        self.ensure_one()
        percent = percent or self.env.context.get("warning_percent", 0)
        what = self._get_promised_thing()
        if not self.deadline:
            return self.env._(
                "%(answer)s promised; waiting for the customer", answer=what
            )
        when = self._format_promised(self.deadline)
        if percent < BREACH:
            return self.env._(
                "%(answer)s promised by %(when)s (%(percent)s %% used)",
                answer=what,
                when=when,
                percent=percent,
            )
        if self.stopped_at:
            return self.env._(
                "%(answer)s came late: promised by %(when)s", answer=what, when=when
            )
        return self.env._(
            "%(answer)s is late: promised by %(when)s", answer=what, when=when
        )

    def _get_promised_thing(self):
        """:return: str that begins a sentence"""
        self.ensure_one()
        things = {
            "first_response": self.env._("Answer"),
            "update": self.env._("Update"),
            "on_site": self.env._("Arrival"),
            "resolution": self.env._("Solution"),
        }
        return things[self.metric]

    def _format_promised(self, at):
        """:return: str, "Mon 13:00", on the clock of who reads it"""
        tz = self.env.context.get("tz")
        near = abs(at - instant.now(self.env)) < THIS_WEEK
        day = format_datetime(
            self.env, at, tz=tz, dt_format="EEE" if near else "EEE d MMM"
        )
        local = fields.Datetime.context_timestamp(self, at)
        time = format_time(self.env, local.time(), time_format="short")
        return self.env._("%(day)s %(time)s", day=day, time=time)

    def _get_ticket_url(self):
        self.ensure_one()
        query = f"model={self.res_model}&res_id={self.res_id}"
        return f"{self.get_base_url()}/mail/view?{query}"
