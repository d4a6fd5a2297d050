"""Tickets that monitoring opens, reopens and solves."""

from datetime import datetime
from typing import NamedTuple

from odoo import SUPERUSER_ID, api, fields, models

WORK = ("answered", "arrived")


class Recovered(NamedTuple):
    """In a context: a ticket is closed because its alert recovered.

    A type of its own: a context that comes over the API has plain values only.

    :ivar at: naive UTC; when
    :ivar is_ours: whether it counts as our success
    """

    at: datetime
    is_ours: bool


class ServiceAgreementTicketMixin(models.AbstractModel):
    """What alerts do to tickets.

    A recovery solves the ticket. Whose success it is, is another question: where
    nobody of us had worked on it, its promises are cancelled rather than kept, so that
    no report counts them (SEMANTICS §8).
    """

    _inherit = "service.agreement.ticket.mixin"

    is_from_monitoring = fields.Boolean(
        string="Opened by Monitoring", copy=False, readonly=True
    )
    is_self_healed = fields.Boolean(
        string="Self-healed",
        copy=False,
        readonly=True,
        help="It recovered before anybody of us worked on it: no promise counts as "
        "kept by it.",
    )
    alert_recovered_at = fields.Datetime(
        string="Alert Recovered On",
        copy=False,
        readonly=True,
        help="When monitoring solved this ticket.",
    )
    monitoring_alert_ids = fields.One2many(
        "service.monitoring.alert",
        "res_id",
        string="Alerts",
        readonly=True,
        groups="project.group_project_user,service_agreement.group_user",
    )
    monitoring_alert_count = fields.Integer(
        string="Alert Count",
        compute="_compute_monitoring_alert_count",
        groups="project.group_project_user,service_agreement.group_user",
    )
    is_alert_firing = fields.Boolean(
        compute="_compute_monitoring_alert_count",
        groups="project.group_project_user,service_agreement.group_user",
    )

    def _compute_monitoring_alert_count(self):
        rows = self.env["service.monitoring.alert"]._read_group(
            [("res_model", "=", self._name), ("res_id", "in", self.ids)],
            ["res_id", "state"],
            ["__count"],
        )
        for ticket in self:
            own = [(state, n) for res_id, state, n in rows if res_id == ticket.id]
            ticket.monitoring_alert_count = sum(count for _state, count in own)
            ticket.is_alert_firing = any(state != "recovered" for state, _n in own)

    @api.model
    def _get_facts(self):
        """EXTENDS: what monitoring says of a ticket, nobody else does."""
        return (
            *super()._get_facts(),
            "is_from_monitoring",
            "is_self_healed",
            "alert_recovered_at",
        )

    def unlink(self):
        """Sudo: alerts have no foreign key to go by, and are nobody's to write."""
        told = [
            self.env[model]
            .sudo()
            .search([("res_model", "=", self._name), ("res_id", "in", self.ids)])
            for model in ("service.monitoring.alert", "service.monitoring.outage")
        ]
        result = super().unlink()
        for records in told:
            records.write({"res_model": False, "res_id": False})
        return result

    def action_view_alerts(self):
        self._ticket_check_may_read()
        domain = [("res_model", "=", self._name), ("res_id", "in", self.ids)]
        return self.env["service.monitoring.alert"]._view(domain)

    # EXTENDS 'service.agreement.ticket.mixin'

    def _ticket_note(self, kind, before=None, at=None, author=None, **values):
        recovered = self.env.context.get("service_monitoring_recovered")
        if kind == "solved" and isinstance(recovered, Recovered):
            kind = "solved" if recovered.is_ours else "cancelled"
            at = recovered.at
        return super()._ticket_note(kind, before, at, author, **values)

    # What an alert does

    def _ticket_as_robot(self):
        return self.with_env(self.env(user=SUPERUSER_ID)).with_company(
            self._ticket_company()
        )

    def _ticket_get_last(self):
        """:return: the ticket that goes on, where this one was merged"""
        return self._ticket_merged_into() or self

    def _ticket_fire_again(self, alert):
        """The alert came back: what is closed is opened again."""
        ticket = self._ticket_as_robot()
        if not ticket._ticket_is_closed():
            return
        ticket._ticket_resume(ticket.env.user.partner_id)
        ticket.write({"is_self_healed": False, "alert_recovered_at": False})
        ticket._message_log(
            body=self.env._("Came again: %(alert)s.", alert=alert.display_name)
        )

    def _ticket_heal(self, recovered_at):
        """The alert recovered: solve the ticket, unless somebody did already.

        :param datetime recovered_at: naive UTC
        """
        ticket = self._ticket_as_robot()
        if ticket._ticket_is_closed():
            return
        is_ours = ticket._ticket_was_worked_on()
        recovered = Recovered(ticket._ticket_get_healed_at(recovered_at), is_ours)
        ticket.with_context(service_monitoring_recovered=recovered).write(
            {
                **ticket._ticket_prepare_solve(),
                "is_self_healed": not is_ours,
                "alert_recovered_at": recovered_at,
            }
        )
        ticket._message_log(body=ticket._ticket_get_healed_text(is_ours))

    def _ticket_get_healed_text(self, is_ours):
        if is_ours:
            return self.env._("The alert has recovered: solved.")
        return self.env._(
            "The alert has recovered by itself: solved. Nobody had worked on it, so no "
            "promise counts as kept."
        )

    def _ticket_get_healed_at(self, recovered_at):
        """:return: naive UTC: when it recovered, but not before what was done since"""
        facts = self._ticket_facts()[self.id]
        return max([recovered_at, *facts.mapped("at")])

    def _ticket_was_worked_on(self):
        """:return: bool, whether somebody of us answered, was there or noted time"""
        self.ensure_one()
        facts = self._ticket_facts()[self.id]
        if any(fact.kind in WORK for fact in facts):
            return True
        # Sudo: whoever maps a site need not read timesheets.
        return bool(self.sudo()._ticket_work_lines())

    def _ticket_fold(self):
        """Another ticket is for this: cancel it."""
        ticket = self._ticket_as_robot()
        if values := ticket._ticket_prepare_cancel():
            ticket.write(values)
            ticket._message_log(
                body=self.env._(
                    "The gateway before it is down: its ticket is for this one, too."
                )
            )

    def _ticket_tell_before(self, before):
        """:param before: the ticket of the last time"""
        self._message_log(
            body=self.env._(
                "The same alert as in %(ticket)s.", ticket=before._get_html_link()
            )
        )


class ServiceAgreementWorkType(models.Model):
    _inherit = "service.agreement.work.type"

    @api.model
    def _get_remote(self):
        """:return: what an alert is looked after by first: ours, else the first kind of
        work from afar
        """
        name = "service_agreement.work_type_remote"
        remote = self.env.ref(name, raise_if_not_found=False)
        if remote and remote.active:
            return remote
        afar = [("is_on_site", "=", False), ("is_preventive", "=", False)]
        return self.search(afar, limit=1)
