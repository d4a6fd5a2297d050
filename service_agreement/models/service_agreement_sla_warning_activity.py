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


class ServiceAgreementSlaClock(models.Model):
    _inherit = "service.agreement.sla.clock"

    def _after_reading(self):
        result = super()._after_reading()
        self.filtered("told_percent")._refresh_activities()
        return result

    def _get_activities(self):
        return self.env["mail.activity"].search([("sla_clock_id", "in", self.ids)])

    def _set_activity(self, user, percent):
        self.ensure_one()
        values = self._prepare_activity_values(percent)
        mine = self._get_activities().filtered(lambda each: each.user_id == user)
        if mine:
            mine.write(values)
            return
        # Odoo would send a mail of its own: whether there is one, the ladder says.
        quiet = self._get_ticket().with_context(mail_activity_quick_update=True)
        quiet.activity_schedule(
            ACTIVITY, user_id=user.id, sla_clock_id=self.id, **values
        )

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
        for clock in self.filtered(lambda c: c.told_percent and c._is_open()):
            audience = clock._get_audience(clock.told_percent)
            clock._get_activities().filtered(
                lambda each, audience=audience: each.user_id not in audience
            ).unlink()
            for user, ways in audience.items():
                if "activity" in ways and clock._is_readable(user):
                    clock._for_reader(user)._set_activity(user, clock.told_percent)

    def _refresh_activities(self):
        """Kept, missed for good, or cancelled: nothing is left to do. Else another
        deadline is written on what is."""
        for activity in self.sudo()._get_activities():
            clock = activity.sla_clock_id._for_reader(activity.user_id)
            if clock._is_open():
                activity.write(clock._prepare_activity_values(clock.told_percent))
            else:
                activity.unlink()


class ServiceAgreementTicketMixin(models.AbstractModel):
    _inherit = "service.agreement.ticket.mixin"

    def write(self, vals):
        result = super().write(vals)
        if not vals.keys().isdisjoint(self._ticket_assignee_fields()):
            self.sudo()._ticket_clocks()._pass_on_activities()
        return result
