from odoo import api, fields, models

from ..models.service_agreement_ticket_by_hand import BY_HAND
from ..models.service_agreement_ticket_fact import FACT_KINDS


class ServiceAgreementTicketFactAdd(models.TransientModel):
    """Writes down what happened and nobody wrote down: an answer by phone, an arrival
    of yesterday."""

    _name = "service.agreement.ticket.fact.add"
    _description = "Add What Happened"

    res_model = fields.Char(required=True, readonly=True)
    res_id = fields.Many2oneReference(
        model_field="res_model", required=True, readonly=True
    )
    kind = fields.Selection(
        [(kind, label) for kind, label in FACT_KINDS if kind in BY_HAND],
        string="What Happened",
        required=True,
        default="answered",
    )
    at = fields.Datetime(string="When", required=True, default=fields.Datetime.now)
    note = fields.Char()
    obstacle = fields.Char(compute="_compute_obstacle")

    @api.depends("kind", "at")
    def _compute_obstacle(self):
        for wizard in self:
            ticket = wizard._get_ticket()
            # Sudo: the facts are asked for whoever may write the ticket.
            wizard.obstacle = (
                wizard.at
                and wizard.kind
                and ticket.sudo()._ticket_why_not_fact(wizard.kind, wizard.at)
            )

    def action_confirm(self):
        self.ensure_one()
        # Sudo: only added here, where it was checked what it may be.
        self._get_ticket().sudo()._ticket_add_by_hand(self.kind, self.at, self.note)
        return {"type": "ir.actions.act_window_close"}

    def _get_ticket(self):
        """:raise AccessError: if the user may not work on it"""
        self.ensure_one()
        models_of_tickets = self.env["service.agreement.ticket.mixin"]
        if self.res_model not in models_of_tickets._get_ticket_models():
            return models_of_tickets
        ticket = self.env[self.res_model].browse(self.res_id)
        ticket._ticket_check_may_work()
        return ticket
