from odoo import fields, models
from odoo.exceptions import AccessError, UserError

# What a person may write down afterwards. The rest is what a stage or a field says.
BY_HAND = ("asked", "answered", "arrived", "waiting", "resumed", "solved")


class ServiceAgreementTicketMixin(models.AbstractModel):
    """What people do to a ticket's history with the buttons of its form."""

    _inherit = "service.agreement.ticket.mixin"

    is_arrival_awaited = fields.Boolean(compute="_compute_is_arrival_awaited")
    is_reopened_late = fields.Boolean(compute="_compute_is_reopened_late")

    def _compute_is_arrival_awaited(self):
        # Sudo: who goes there may not read clocks.
        clocks = self.sudo()._ticket_clocks_by_ticket()
        for ticket in self:
            ticket.is_arrival_awaited = any(
                clock.metric == "on_site" and clock._is_open()
                for clock in clocks.get(ticket, ())
            )

    def _compute_is_reopened_late(self):
        """Open, and its promise is closed: it was reopened too late."""
        facts = self._ticket_facts()
        for ticket in self:
            closed = facts[ticket.id]._get_closed_at()
            ticket.is_reopened_late = closed and not ticket.sudo()._ticket_is_closed()

    def _ticket_check_may_read(self):
        """:raise AccessError: for customers, who may see their tickets and not what
        is behind them
        """
        if not self.env.user._is_internal():
            raise AccessError(
                self.env._(
                    "This is for the service desk. Write a message on the ticket."
                )
            )
        self.check_access("read")

    def _ticket_check_may_work(self):
        """:raise AccessError: for customers, also those who may write their tickets"""
        self._ticket_check_may_read()
        self.check_access("write")

    def action_ticket_arrived(self):
        """The technician is there. Pressed twice, it was one arrival."""
        self._ticket_check_may_work()
        tickets = self.sudo()
        facts = tickets._ticket_facts()
        for ticket in tickets:
            if ticket._ticket_in_scope() and not facts[ticket.id]._has_arrived():
                ticket._ticket_record("arrived")
                ticket._message_log(body=self.env._("Arrived on site."))

    def action_ticket_follow_up(self):
        """A new ticket for what came up again too long after this one was closed; the
        one that is there, pressed twice."""
        self.ensure_one()
        self._ticket_check_may_work()
        if not self.is_reopened_late and not self.sudo()._ticket_is_over():
            raise UserError(
                self.env._(
                    "The promise of %(ticket)s goes on: no new ticket is needed.",
                    ticket=self.display_name,
                )
            )
        ticket = self.sudo()
        follow_up = ticket._ticket_find_follow_up() or ticket._ticket_follow_up()
        return follow_up.with_env(self.env).get_formview_action()

    def action_ticket_add_fact(self):
        """Open the dialog in which something is written down afterwards."""
        self.ensure_one()
        self._ticket_check_may_work()
        return self._ticket_open_dialog("service.agreement.ticket.fact.add")

    def action_ticket_read_again(self):
        """Set the clocks by the facts, where the nightly check found a difference."""
        self._ticket_check_may_work()
        if not self.env.user.has_group("service_agreement.group_user"):
            raise AccessError(
                self.env._("Only who makes agreements may read promises again.")
            )
        self.sudo()._ticket_read_clocks()
        self.sudo()._ticket_close_differences()

    def _ticket_open_dialog(self, model):
        return {
            "type": "ir.actions.act_window",
            "name": self.env[model]._description,
            "res_model": model,
            "view_mode": "form",
            "target": "new",
            "context": {"default_res_model": self._name, "default_res_id": self.id},
        }

    def _ticket_add_by_hand(self, kind, at, note):
        """Write down what nobody wrote down when it happened.

        :param datetime at: naive UTC
        :raise UserError: for what cannot have happened
        """
        self.ensure_one()
        if problem := self._ticket_why_not_fact(kind, at):
            raise UserError(problem)
        label = dict(
            self.env["service.agreement.ticket.fact"]
            ._fields["kind"]
            ._description_selection(self.env)
        )[kind]
        self._ticket_record(kind, at=at, note=note)
        self._message_log(
            body=self.env._(
                "Added by hand: %(what)s, %(when)s. %(note)s",
                what=label,
                when=fields.Datetime.context_timestamp(self, at).strftime(
                    "%Y-%m-%d %H:%M"
                ),
                note=note or "",
            )
        )

    def _ticket_why_not_fact(self, kind, at):
        """:return: str, why a person may not write this down; else None"""
        opened_at = self._ticket_facts()[self.id]._get_opened_at()
        if not opened_at:
            return self.env._("This is no ticket yet: nothing was promised on it.")
        if at > self._ticket_now():
            return self.env._("That is still to come: choose a time in the past.")
        if at < opened_at:
            return self.env._("The ticket was opened after that: choose a later time.")
        if kind not in BY_HAND:
            return self.env._("Change the ticket itself: its stage or its priority.")
        if kind == "solved" and self._ticket_is_closed() != "solved":
            return self.env._("Move the ticket to a stage that is solved first.")
        return None
