from datetime import timedelta, timezone

from markupsafe import Markup

from odoo import models
from odoo.tools import format_datetime

from ..tools.sla_clock import in_minutes, trace
from ..tools.sla_history import read_at
from .service_agreement_sla_target import format_minutes, format_promise


class ServiceAgreementTicketMixin(models.AbstractModel):
    """Why this deadline: the facts of a promise, and their arithmetic, in words."""

    _inherit = "service.agreement.ticket.mixin"

    def action_ticket_explain(self):
        """Open the dialog that explains the deadlines."""
        self.ensure_one()
        self._ticket_check_may_read()
        return self._ticket_open_dialog("service.agreement.ticket.explanation")

    def _explain(self, metric, number=None, tz=None):
        """Why a promise is due when it is.

        :param int number: of the round; the last one if empty
        :param str tz: in which the times are told; the reader's if empty
        :return: list of str, a sentence each; empty if this was not promised
        """
        self.ensure_one()
        clocks = [
            clock
            for clock in self.sudo()._ticket_derive().get(self.id, ())
            if clock.metric == metric and number in (None, clock.number)
        ]
        return self._ticket_explain_clock(clocks[-1], tz) if clocks else []

    def _ticket_explain_clock(self, clock, tz=None):
        words = _Words(self.env, clock, tz)
        now = self._ticket_now().replace(tzinfo=timezone.utc)
        return [*words.tell_terms(), *words.tell_steps(now), words.tell_outcome(now)]

    def _ticket_render_explanation(self):
        """:return: Markup of all promises of the ticket, on the reader's clock"""
        clocks = self.env["service.agreement.sla.clock"]
        parts = []
        for clock in self.sudo()._ticket_derive().get(self.id, ()):
            title = clocks._name_clock(clock.metric, clock.number)
            lines = self._ticket_explain_clock(clock)
            parts.append(
                Markup("<h5>%s</h5><ol>%s</ol>")
                % (title, Markup().join(Markup("<li>%s</li>") % line for line in lines))
            )
        return Markup().join(parts)


class _Words:
    """Tells of one clock, in the reader's language and on his clock."""

    def __init__(self, env, clock, tz=None):
        self.env = env
        self.clock = clock
        self.tz = tz or env.user.tz or "UTC"

    def tell_terms(self):
        """:return: list of str: what was promised, and what became of that"""
        texts = []
        for change in self.clock.changes:
            values = {
                "when": self._show(change.at),
                "promise": self._name_promise(change.line),
            }
            if not texts:
                values["when"] = self._show(self.clock.started_at)
                texts.append(self.env._("From %(when)s: %(promise)s.", **values))
            elif change.raised:
                texts.append(
                    self.env._(
                        "%(when)s, another priority: %(promise)s, from the same start.",
                        **values,
                    )
                )
            else:
                texts.append(
                    self.env._(
                        "%(when)s, promised anew: %(promise)s, from the same start.",
                        **values,
                    )
                )
        return texts

    def tell_steps(self, now):
        """:return: list of str: what was counted, stretch by stretch, in numbers that
        add up to what was promised
        """
        target = self.clock.line.target
        steps = trace(target, self.clock.facts, max(now, self.clock.as_of))
        return [
            self._tell_step(step)
            for step in in_minutes(steps)
            if step.end <= self.clock.as_of or step.phase != "closed"
        ]

    def _tell_step(self, step):
        values = {
            "end": self._show(step.end),
            "used": self._measure(step.used),
            "left": self._measure(step.remaining),
            "late": self._measure(step.late),
        }
        if step.phase == "waiting":
            return self.env._("Waiting for the customer until %(end)s.", **values)
        if step.phase == "closed":
            return self.env._("Closed until %(end)s: not counted.", **values)
        if step.late:
            return self.env._(
                "Counted until %(end)s: %(used)s used, then %(late)s too late.",
                **values,
            )
        return self.env._(
            "Counted until %(end)s: %(used)s used, %(left)s left.", **values
        )

    def tell_outcome(self, now):
        reading = read_at(self.clock, now)
        due = reading.deadline and self._show(reading.deadline)
        done = self.clock.stopped_at and self._show(self.clock.stopped_at)
        left = self._measure(reading.remaining)
        if reading.state == "missed":
            if self.clock.is_excused(now):
                return self.env._(
                    "Missed by a later change: by what was promised then it was due"
                    " %(due)s.",
                    due=due,
                )
            return self.env._("Missed: it was due %(due)s.", due=due)
        if reading.state == "met":
            return self.env._("Kept: done %(done)s.", done=done)
        if reading.state == "cancelled":
            return self.env._("Not needed any more: neither kept nor missed.")
        if reading.state == "paused":
            return self.env._(
                "Paused: %(left)s left from when it goes on, so there is no deadline"
                " now.",
                left=left,
            )
        if not due:
            return self.env._("Never due: these hours have no time left.")
        return self.env._("%(left)s left: due %(due)s.", left=left, due=due)

    def _name_promise(self, line):
        calendar = self.env["service.agreement.sla.calendar"].sudo()
        calendar = calendar.browse(line.label.sla_calendar_id or [])
        return format_promise(self.env, line.label.minutes, calendar)

    def _measure(self, duration):
        """:return: str, "1 hour 30 minutes"; seconds only below a minute"""
        minutes, seconds = divmod(int(duration / timedelta(seconds=1)), 60)
        if minutes or not seconds:
            return format_minutes(self.env, minutes) or self.env._("0 minutes")
        return self.env._("%(count)s seconds", count=seconds)

    def _show(self, aware):
        naive = aware.astimezone(timezone.utc).replace(tzinfo=None)
        return format_datetime(
            self.env, naive, tz=self.tz, dt_format="EEE d MMM yyyy HH:mm"
        )
