from datetime import timedelta

from odoo import api, fields, models
from odoo.fields import Domain

from . import instant

# Who had a ticket in this time is offered the next one.
LATELY = timedelta(days=90)


class ServiceAgreementTicketMixin(models.AbstractModel):
    """What a board shows of a ticket: who works on it, where, and what breaks next.

    A ticket model answers three questions more: `_ticket_assignees`,
    `_ticket_assignee_fields` and `_ticket_assign`.
    """

    _inherit = "service.agreement.ticket.mixin"

    technician_id = fields.Many2one(
        "res.users",
        compute="_compute_technician_id",
        inverse="_inverse_technician_id",
        store=True,
        copy=False,
        index="btree_not_null",
        domain=[("share", "=", False)],
        group_expand="_read_group_technicians",
        falsy_value_label="Unassigned",
        help="Who answers for the ticket: the first of those it is assigned to.",
    )
    ticket_city = fields.Char(string="City", compute="_compute_ticket_city")
    sla_next = fields.Json(
        string="What Breaks Next",
        compute="_compute_sla_next",
        export_string_translation=False,
    )

    @api.depends(
        lambda self: [*self._ticket_scope_fields(), *self._ticket_assignee_fields()]
    )
    def _compute_technician_id(self):
        """Who has it keeps it, as long as it is assigned to him too."""
        for record in self:
            ticket = record.sudo()
            assignees = ticket._ticket_in_scope() and ticket._ticket_assignees()
            if not assignees:
                record.technician_id = False
            elif record.technician_id not in assignees:
                record.technician_id = assignees[0]

    def _inverse_technician_id(self):
        for ticket in self:
            ticket._ticket_assign(ticket.technician_id)

    @api.depends(lambda self: self._ticket_watched_fields())
    def _compute_ticket_city(self):
        for record in self:
            customer = record.sudo()._ticket_customer()
            record.ticket_city = customer.city or customer.commercial_partner_id.city

    @api.depends(
        "sla_clock_ids.state",
        "sla_clock_ids.deadline",
        "sla_clock_ids.stopped_at",
        "sla_clock_ids.remaining_seconds",
    )
    def _compute_sla_next(self):
        """Sudo: shown to technicians and coordinators, who may not read clocks."""
        tickets = self.sudo()
        clocks = {
            ticket: clocks._find_next()
            for ticket, clocks in tickets._ticket_clocks_by_ticket().items()
        }
        found = self.env["service.agreement.sla.clock"].sudo().concat(*clocks.values())
        countdowns = tickets._ticket_countdowns(found)
        for record in self:
            ticket = record._origin.sudo()
            outcome = ticket.sla_phase and {"state": ticket.sla_phase}
            record.sla_next = countdowns.get(clocks.get(ticket)) or outcome

    def _compute_sla_summary(self):
        # EXTENDS 'service.agreement.ticket.mixin'
        result = super()._compute_sla_summary()
        by_ticket = self.sudo()._ticket_clocks_by_ticket()
        told = {
            ticket: clocks._filter_telling() for ticket, clocks in by_ticket.items()
        }
        told = self.env["service.agreement.sla.clock"].sudo().concat(*told.values())
        countdowns = self.sudo()._ticket_countdowns(
            told.filtered(lambda clock: clock._is_open())
        )
        shown = {
            (clock.res_id, clock.metric, clock.number): countdowns.get(clock)
            for clock in told
        }
        for record in self:
            rows = [
                (row, (record._origin.id, row["metric"], row["number"]))
                for row in record.sla_summary or ()
            ]
            record.sla_summary = [
                {**row, "countdown": shown[key]} for row, key in rows if key in shown
            ]
        return result

    def _ticket_countdowns(self, clocks):
        """:param clocks: service.agreement.sla.clock, open ones of these tickets
        :return: dict of what counts down, see `_get_countdown`, by clock
        """
        now = instant.now(self.env)
        late = clocks.filtered(lambda clock: clock.state == "missed")
        as_of = {
            (ticket_id, clock.metric, clock.number): clock.as_of
            for ticket_id, derived in self.browse(late.mapped("res_id"))
            ._ticket_derive()
            .items()
            for clock in derived
        }
        return {
            clock: clock._get_countdown(
                self.browse(clock.res_id),
                as_of.get((clock.res_id, clock.metric, clock.number)),
                now,
            )
            for clock in clocks
        }

    @api.model
    def _read_group_technicians(self, technicians, domain):
        """The columns of a board: who has tickets there, and who had some lately, so
        that one with nothing to do can be given something."""
        since = instant.now(self.env) - LATELY
        lately = self._read_group(
            Domain("technician_id", "!=", False) & Domain("create_date", ">=", since),
            ["technician_id"],
        )
        return technicians.union(*(user for (user,) in lately)).filtered("active")

    def _open_groups(self, *, groupby, auto_unfold, opening_info, **kwargs):
        """What nobody has got yet is what a dispatcher looks for: Odoo folds the
        column of those without a value, this one stays open."""
        if groupby[0] == "technician_id" and auto_unfold and not opening_info:
            limit = kwargs["unfold_read_default_limit"]
            nobody = {"value": False, "folded": False, "offset": 0, "limit": limit}
            opening_info = kwargs["parent_opening_info"] = [nobody]
        return super()._open_groups(
            groupby=groupby,
            auto_unfold=auto_unfold,
            opening_info=opening_info,
            **kwargs,
        )

    # Questions a ticket model answers

    def _ticket_assignees(self):
        """:return: res.users who work on it, the one who answers for it first"""
        return self.env["res.users"]

    @api.model
    def _ticket_assignee_fields(self):
        """:return: list of the fields that `_ticket_assignees` is answered from"""
        return []

    def _ticket_assign(self, user):
        """Give the ticket to ``user``, and to nobody else; to nobody if empty."""
