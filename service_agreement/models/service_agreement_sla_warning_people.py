"""Whom a warning is for."""

from odoo import models

WAYS = {
    "activity": {"activity"},
    "mail": {"mail"},
    "both": {"activity", "mail"},
}


class ServiceAgreementSlaClock(models.Model):
    _inherit = "service.agreement.sla.clock"

    def _get_audience(self, percent):
        """:return: dict of {"activity", "mail"} by res.users"""
        self.ensure_one()
        if not self._get_ticket():
            return {}
        audience = {}
        for rung, whom, how in self._get_ladder():
            if rung == percent:
                for user in self._get_people(whom):
                    audience.setdefault(user, set()).update(WAYS[how])
        return audience

    def _get_people(self, whom):
        """:return: res.users; where there is nobody, who stands in for them"""
        self.ensure_one()
        assignees, coordinator = self._get_assignees(), self._get_coordinator()
        manager = self.company_id.service_manager_id
        candidates = {
            "assignee": (assignees, coordinator, manager),
            "coordinator": (coordinator, manager),
            "manager": (manager, coordinator),
        }[whom]
        users = map(self._filter_reachable, candidates)
        return next(filter(None, users), self.env["res.users"])

    def _filter_reachable(self, users):
        return users.filtered(
            lambda user: (
                user.active
                and user._is_internal()
                and self.company_id in user.company_ids
            )
        )

    def _get_ticket(self):
        """:return: the record the promise was made on, empty if it is gone"""
        self.ensure_one()
        if self.res_model not in self.env:
            return self.env["service.agreement.ticket.mixin"]
        return self.env[self.res_model].browse(self.res_id).exists()

    def _get_assignees(self):
        ticket = self._get_ticket()
        return ticket._ticket_assignees() if ticket else self.env["res.users"]

    def _get_coordinator(self):
        ticket = self._get_ticket()
        coordinator = ticket and ticket._ticket_coordinator()
        return coordinator or self.agreement_id.user_id

    def _is_readable(self, user):
        """:return: bool, whether the user may see the ticket"""
        ticket = self._get_ticket().with_user(user)
        # Not those of who is at work here: they may be none of the user's.
        ticket = ticket.with_context(allowed_company_ids=self.company_id.ids)
        return bool(ticket) and ticket.has_access("read")


class ServiceAgreementTicketMixin(models.AbstractModel):
    _inherit = "service.agreement.ticket.mixin"

    # Questions a ticket model answers

    def _ticket_coordinator(self):
        """:return: res.users who sees to it that somebody works on it, may be empty:
        then it is who is responsible for the agreement"""
        return self.env["res.users"]


class ProjectTask(models.Model):
    _inherit = "project.task"

    # EXTENDS 'service.agreement.ticket.mixin'

    def _ticket_coordinator(self):
        return self.project_id.user_id
