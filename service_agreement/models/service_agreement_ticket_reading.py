import logging

from psycopg2 import Error as DatabaseError

from odoo import models

from ..tools.sla_history import derive

_logger = logging.getLogger(__name__)


class ServiceAgreementTicketMixin(models.AbstractModel):
    """The clocks of a ticket are derived from its facts."""

    _inherit = "service.agreement.ticket.mixin"

    def _ticket_clocks(self):
        return (
            self.env["service.agreement.sla.clock"]
            .sudo()
            .search_fetch([("res_model", "=", self._name), ("res_id", "in", self.ids)])
        )

    def _ticket_clocks_by_ticket(self):
        clocks = self._ticket_clocks().grouped("res_id")
        return {t: clocks[t.id] for t in self if t.id in clocks}

    def _ticket_derive(self):
        """:return: dict of list of tools.sla_history.Clock, by ticket id; without those
        that cannot be counted, which are logged
        """
        facts = self.env["service.agreement.ticket.fact"].sudo()
        happenings = facts._get_happenings_by_ticket(self._name, self.ids)
        lines = self.env["service.agreement.sla.promise"].sudo()._get_reader()
        derived = {}
        for ticket in self:
            try:
                derived[ticket.id] = derive(happenings[ticket.id], lines)
            except DatabaseError:
                raise
            except Exception:
                # Whatever is wrong with a promise, nobody's request is refused by it.
                _logger.exception("Promises of %s cannot be counted", ticket)
        return derived

    def _ticket_read_clocks(self):
        """Set the clocks by the facts: write where they differ."""
        derived = self._ticket_derive()
        clocks = self.env["service.agreement.sla.clock"].sudo()
        stored = clocks._get_shown(self._name, derived)
        by_ticket = {}
        for (ticket_id, *key), shown in stored.items():
            by_ticket.setdefault(ticket_id, {})[tuple(key)] = shown
        missing, changes = [], {}
        for ticket in self.browse(derived):
            shown = by_ticket.get(ticket.id, {})
            common = None
            for clock in clocks._renumber(derived[ticket.id], shown):
                values = clocks._prepare_reading(clock)
                key = (ticket.id, clock.metric, clock.number)
                if key not in stored:
                    common = common or ticket._ticket_prepare_clock()
                    missing.append(clocks._prepare_new({**common, **values}))
                elif different := _get_difference(values, shown := stored.pop(key)):
                    changes[shown["id"]] = different
        clocks.browse(shown["id"] for shown in stored.values()).unlink()
        created = clocks.create(missing)
        created.flush_recordset()
        (clocks._write_readings(changes) + created)._after_reading()

    def _ticket_read_clocks_or_log(self):
        """The same, where it must not keep anybody from what he is doing: the facts
        are there, and the nightly check reports what does not fit them."""
        savepoint = self.env.cr.savepoint(flush=False)
        try:
            self._ticket_read_clocks()
        except DatabaseError:
            # Tried again as a whole, or nothing of it is saved.
            raise
        except Exception:
            savepoint.rollback()
            self.env["service.agreement.sla.clock"]._forget_unsaved()
            _logger.exception("Promises of %s could not be read again", self)
        savepoint.close(rollback=False)

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
