from odoo import models

from ..tools.sla_history import derive


class ServiceAgreementTicketMixin(models.AbstractModel):
    """The clocks of a ticket are derived from its facts."""

    _inherit = "service.agreement.ticket.mixin"

    def _ticket_clocks(self):
        return (
            self.env["service.agreement.sla.clock"]
            .sudo()
            .search([("res_model", "=", self._name), ("res_id", "in", self.ids)])
        )

    def _ticket_clocks_by_ticket(self):
        clocks = self._ticket_clocks().grouped("res_id")
        return {t: clocks[t.id] for t in self if t.id in clocks}

    def _ticket_derive(self):
        """:return: dict of list of tools.sla_history.Clock, by ticket id"""
        facts = self._ticket_facts()
        lines = self.env["service.agreement.sla.promise"].sudo()._get_reader()
        return {
            ticket_id: derive(facts[ticket_id]._get_happenings(), lines)
            for ticket_id in self.ids
        }

    def _ticket_read_clocks(self):
        """Set the clocks by the facts: write where they differ."""
        derived, clocks = self._ticket_derive(), self._ticket_clocks()
        stored = clocks._get_shown()
        missing, changes = [], {}
        for ticket in self:
            for clock in derived[ticket.id]:
                values = clocks._prepare_reading(clock)
                key = (ticket.id, clock.metric, clock.number)
                if key not in stored:
                    missing.append({**ticket._ticket_prepare_clock(), **values})
                elif different := _get_difference(values, shown := stored.pop(key)):
                    changes[shown["id"]] = different
        clocks.browse(shown["id"] for shown in stored.values()).unlink()
        created = clocks.create(missing)
        created.flush_recordset()
        (clocks._write_readings(changes) + created)._after_reading()

    def _ticket_prepare_clock(self):
        """:return: dict of what a clock says of its ticket"""
        return {
            "res_model": self._name,
            "res_id": self.id,
            "partner_id": self._ticket_customer().commercial_partner_id.id,
            "company_id": self._ticket_owner().id or self._ticket_company().id,
        }


def _get_difference(values, shown):
    return {name: new for name, new in values.items() if shown[name] != new}
