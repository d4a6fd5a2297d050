"""A warning as a to-do: one per person and promise, that becomes more pressing."""

from odoo import fields, models

from . import instant

ACTIVITY = "service_agreement.mail_activity_type_promise"


class MailActivity(models.Model):
    _inherit = "mail.activity"

    sla_clock_id = fields.Many2one(
        "service.agreement.sla.clock",
        string="Promise",
        readonly=True,
        copy=False,
        index="btree_not_null",
        ondelete="cascade",
        groups="service_agreement.group_user",
    )

    def _write_if_different(self, values):
        self.ensure_one()
        if any(self[name] != value for name, value in values.items()):
            self.write(values)


class ServiceAgreementSlaClock(models.Model):
    _inherit = "service.agreement.sla.clock"

    def _after_reading(self):
        result = super()._after_reading()
        self.filtered("told_percent")._refresh_activities()
        return result

    def _get_activities(self):
        return self.env["mail.activity"].search([("sla_clock_id", "in", self.ids)])

    def _set_activities(self, readers, tickets):
        """Tell these users by one to-do per promise, written anew if it is there.

        :param dict readers: by promise, dict of the percent to tell by res.users
        :param dict tickets: by promise, as of `_get_tickets`
        """
        mine = self._get_activities().grouped(lambda a: (a.sla_clock_id, a.user_id))
        # Somebody may have deleted it: then it is Odoo's own type of to-do.
        kind = self.env.ref(ACTIVITY, raise_if_not_found=False)
        new = []
        for clock in self:
            for user, percent in readers[clock].items():
                values = clock._for_reader(user)._prepare_activity_values(percent)
                if activity := mine.get((clock, user)):
                    activity._write_if_different(values)
                    continue
                ticket = tickets[clock]
                ids = clock._prepare_activity(user, ticket)
                kind = kind or ticket._default_activity_type()
                new.append({**ids, **values, "activity_type_id": kind.id})
        # Odoo would send a mail of its own: whether there is one, the ladder says.
        activities = self.env["mail.activity"].with_context(
            mail_activity_quick_update=True
        )
        activities.create(new)

    def _prepare_activity(self, user, ticket):
        """:return: dict, what a new to-do is and whose"""
        self.ensure_one()
        return {
            "automated": True,
            "res_model_id": self.env["ir.model"]._get_id(ticket._name),
            "res_id": ticket.id,
            "sla_clock_id": self.id,
            "user_id": user.id,
        }

    def _prepare_activity_values(self, percent):
        day = fields.Datetime.context_timestamp(
            self, self.deadline or instant.now(self.env)
        )
        return {
            "summary": self._get_warning_text(percent),
            "date_deadline": day.date(),
        }

    def _pass_on_activities(self):
        """Whoever works on it now has to know what was told to others."""
        clocks = self.filtered(lambda c: c.told_percent and c._is_open())
        if not clocks:
            return
        tickets = clocks._get_tickets()
        audiences = {c: c._get_audience(c.told_percent, tickets[c]) for c in clocks}
        clocks._get_activities().filtered(
            lambda each: each.user_id not in audiences[each.sla_clock_id]
        ).unlink()
        readers = {clock: {} for clock in clocks}
        for user, told in _invert(audiences).items():
            for clock in clocks.browse(told)._filter_readable(tickets, user):
                readers[clock][user] = clock.told_percent
        clocks._set_activities(readers, tickets)

    def _refresh_activities(self):
        """Kept, missed for good, or cancelled: nothing is left to do. Else another
        deadline is written on what is."""
        activities = self.sudo()._get_activities()
        left = activities.filtered(lambda each: each.sla_clock_id._is_open())
        (activities - left).unlink()
        for activity in left:
            clock = activity.sla_clock_id._for_reader(activity.user_id)
            activity._write_if_different(
                clock._prepare_activity_values(clock.told_percent)
            )


def _invert(audiences):
    """:return: dict of the ids of the promises that each user is told of by a to-do"""
    told = {}
    for clock, audience in audiences.items():
        for user, ways in audience.items():
            if "activity" in ways:
                told.setdefault(user, []).append(clock.id)
    return told


class ServiceAgreementTicketMixin(models.AbstractModel):
    _inherit = "service.agreement.ticket.mixin"

    def write(self, vals):
        result = super().write(vals)
        if not vals.keys().isdisjoint(self._ticket_assignee_fields()):
            self.sudo()._ticket_clocks()._pass_on_activities()
        return result
