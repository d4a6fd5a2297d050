"""Whom a warning is for."""

from odoo import models

WAYS = {
    "activity": {"activity"},
    "mail": {"mail"},
    "both": {"activity", "mail"},
}


class ServiceAgreementSlaClock(models.Model):
    _inherit = "service.agreement.sla.clock"

    def _get_audience(self, percent, ticket):
        """
        :param ticket: the record the promise was made on, empty if it is gone
        :return: dict of {"activity", "mail"} by res.users
        """
        self.ensure_one()
        if not ticket:
            return {}
        audience = {}
        for rung, whom, how in self._get_ladder():
            if rung == percent:
                for user in self._get_people(whom, ticket):
                    audience.setdefault(user, set()).update(WAYS[how])
        return audience

    def _get_people(self, whom, ticket):
        """:return: res.users; where there is nobody, who stands in for them"""
        self.ensure_one()
        assignees = ticket._ticket_assignees()
        coordinator = ticket._ticket_coordinator() or self.agreement_id.user_id
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
        return self._get_tickets()[self]

    def _get_tickets(self):
        """:return: dict of what `_get_ticket` says, by promise; one query per model"""
        tickets = dict.fromkeys(self, self.env["service.agreement.ticket.mixin"])
        for model, clocks in self.grouped("res_model").items():
            if model not in self.env:
                continue
            found = self.env[model].browse(set(clocks.mapped("res_id"))).exists()
            by_id = dict(zip(found.ids, found, strict=True))
            for clock in clocks:
                tickets[clock] = by_id.get(clock.res_id, found.browse())
        return tickets

    def _filter_readable(self, tickets, user):
        """:return: those of the promises whose ticket the user may see

        :param dict tickets: by promise, as of `_get_tickets`
        """
        readable = self.browse()
        for company, clocks in self.grouped("company_id").items():
            # Not the companies of who is at work here: they may be none of the user's.
            context = {"allowed_company_ids": company.ids}
            by_model = clocks.grouped(lambda clock: tickets[clock]._name)
            for model, same in by_model.items():
                there = self.env[model].union(*(tickets[clock] for clock in same))
                if not there:
                    continue
                seen = there.with_user(user).with_context(**context)
                seen = set(seen._filtered_access("read").ids)
                readable |= same.filtered(lambda c, seen=seen: tickets[c].id in seen)
        return readable


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
