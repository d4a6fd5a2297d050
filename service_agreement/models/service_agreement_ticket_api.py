from odoo import models

from .service_api import to_instant, to_link
from .service_request import describe_agreement, describe_offer


class ServiceAgreementTicketMixin(models.AbstractModel):
    _inherit = "service.agreement.ticket.mixin"

    def _to_api(self):
        """What a partner system reads of a ticket that the caller may read.

        Sudo: of what is promised and who pays, people read what the ticket says, and
        neither agreements nor clocks.

        :return: dict, see ``service.agreement.open_ticket``
        """
        self.ensure_one()
        ticket = self.sudo()
        offer = self._ticket_get_offer()
        told = describe_offer(self.env, offer, ticket.agreement_id) if offer else {}
        return {
            "id": self.id,
            "model": self._name,
            "reference": ticket._ticket_reference(),
            "name": ticket.display_name,
            "customer": to_link(ticket._ticket_customer()),
            "agreement": describe_agreement(self.env, ticket.agreement_id),
            **told,
            "promises": ticket._ticket_list_promises(),
        }

    def _ticket_list_promises(self):
        """:return: list of dict of plain values: metric, text, state, due_at"""
        clocks = self._ticket_clocks().sorted(lambda c: (c.started_at, c.id))
        return [
            {
                "metric": clock.metric,
                "text": clock._get_portal_row()["promise"],
                "state": clock.status,
                "due_at": to_instant(clock.deadline),
            }
            for clock in clocks
        ]
