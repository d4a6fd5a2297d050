import logging

from psycopg2 import Error as DatabaseError

from odoo import models
from odoo.exceptions import AccessError, UserError

from . import ticket_notes

_logger = logging.getLogger(__name__)

# Of a customer's addresses, those where something stands.
SITES = ("delivery", "other")


class ServiceAgreementTicketMixin(models.AbstractModel):
    """Which agreement covers a ticket, and what is promised by it."""

    _inherit = "service.agreement.ticket.mixin"

    # Actions

    def action_ticket_apply_promise(self):
        """Promise again, by the agreement as it is now, from the original opening.

        What was kept or missed stays so. Logged, for it changes what the customer
        was told: as a fact, and on a single ticket in its messages too.
        """
        self._ticket_check_may_promise()
        tickets = self._ticket_chosen()
        tickets._ticket_see_opened_or_refuse()
        for ticket in tickets.filtered(lambda t: not t._ticket_is_covered()):
            ticket._ticket_write({"agreement_id": ticket._ticket_match().id})
        covered = tickets.filtered("agreement_id")
        covered._ticket_apply(covered._ticket_freeze())
        if len(self) == 1:
            self.sudo()._message_log(body=self.sudo()._ticket_promise_text())

    def action_ticket_apply_better_promise(self):
        """Promise what the agreement promises now wherever that is better, and keep
        the rest: nothing is due later than the customer was told, or late at once."""
        self._ticket_check_may_promise()
        tickets = self._ticket_chosen().filtered(lambda t: t._ticket_is_covered())
        tickets._ticket_see_opened_or_refuse()
        frozen = tickets._ticket_freeze()
        facts = tickets._ticket_facts()
        tickets._ticket_apply(
            {
                ticket: promise._merge_better(
                    ticket.sla_promise_id, facts[ticket.id], ticket._ticket_now()
                )
                for ticket, promise in frozen.items()
            }
        )
        if len(self) == 1:
            text = self.env._("The better of the old promise and today's was applied.")
            self.sudo()._message_log(body=text)

    def _ticket_check_may_promise(self):
        self.check_access("write")
        if not self.env.user.has_group("service_agreement.group_user"):
            raise AccessError(
                self.env._("Only who makes agreements may promise something new.")
            )

    def _ticket_chosen(self):
        """Of a list, those to which something may still be promised; a single one is
        told why not."""
        tickets = self.sudo()
        if len(tickets) < 2:
            return tickets
        return tickets.filtered(
            lambda t: t._ticket_in_scope() and not t._ticket_is_closed()
        )

    def _ticket_see_opened_or_refuse(self):
        """:raise UserError: for what was closed before it could be a ticket"""
        unopened = self._ticket_list_unopened()
        for ticket in unopened.filtered(lambda t: t._ticket_is_closed()):
            raise UserError(
                self.env._(
                    "%(ticket)s was closed before it was a ticket: there is nothing"
                    " left to promise. Reopen it first.",
                    ticket=ticket.display_name,
                )
            )
        if unopened:
            unopened._ticket_see_opened()

    # Which agreement

    def _ticket_suits(self):
        """:return: bool, whether the agreement is this customer's, if he is known"""
        customer = self._ticket_customer().commercial_partner_id
        return not customer or self.agreement_id.commercial_partner_id == customer

    def _ticket_is_covered(self):
        return bool(self.agreement_id and self._ticket_suits())

    def _ticket_find_promises(self):
        """Find who promised what to tickets that have no agreement yet.

        :return: dict of service.agreement.sla.promise by ticket, of those that have one
        """
        for agreement, covered in _invert(self._ticket_matches()).items():
            self.browse(covered)._ticket_write({"agreement_id": agreement.id})
        # What was closed when it came in, imported or copied, was promised nothing.
        promised = self.filtered(
            lambda t: t.agreement_id and not t._ticket_status().closed
        )
        promises = promised._ticket_freeze()
        self._ticket_keep_terms(promises)
        return promises

    def _ticket_matches(self):
        """:return: dict of the agreements found, by ticket that has none"""
        matches = {t: t._ticket_match() for t in self if not t.agreement_id}
        return {ticket: agreement for ticket, agreement in matches.items() if agreement}

    def _ticket_match(self):
        """:return: the agreement that covers the ticket, looked for once for all that
        come in together
        """
        customer, company = self._ticket_customer(), self._ticket_company()
        day = company._service_day(self._ticket_opened_at())
        agreements = self.env["service.agreement"]
        matches = ticket_notes.get(self.env).matches
        key = (customer.id, customer.commercial_partner_id.id, company.id, day)
        if key not in matches:
            matches[key] = agreements._match(customer, day, company).id
        return agreements.browse(matches[key] or ())

    # What is promised

    def _ticket_promise(self, at=None):
        """Find who promised what, and write it down as a fact.

        :param datetime at: when they became tickets, where that is not the creation
        """
        promises = self._ticket_find_promises()
        unopened = self._ticket_see_opened(at, promises)
        self.browse(t.id for t in promises if t not in unopened)._ticket_note_terms(
            promises
        )

    def _ticket_apply(self, promises):
        self._ticket_keep_terms(promises)
        self.browse(ticket.id for ticket in promises)._ticket_note_terms(promises)

    def _ticket_note_terms(self, promises):
        facts = [
            ticket._ticket_prepare_fact(
                "agreement", **ticket._ticket_prepare_terms(promises)
            )
            for ticket in self
        ]
        self._ticket_note_facts(facts, {})

    def _ticket_keep_terms(self, promises):
        """What the ticket shows of what it was promised."""
        terms = {ticket: (p, ticket.agreement_id) for ticket, p in promises.items()}
        for (promise, agreement), covered in _invert(terms).items():
            self.browse(covered)._ticket_write(
                {
                    "agreement_tier_id": agreement.tier_id.id,
                    "sla_promise_id": promise.id,
                }
            )

    def _ticket_freeze(self):
        """:return: dict of service.agreement.sla.promise by ticket

        Hours that nobody can count in are reported on the tickets: somebody has to
        see them, and the customer's request is not theirs to refuse.
        """
        promises = {}
        for key, tickets in self.grouped(lambda t: t._ticket_freeze_key()).items():
            try:
                promise = self.env["service.agreement.sla.promise"]._freeze(*key)
            except DatabaseError:
                raise
            except Exception as error:
                _logger.warning("Nothing could be promised: %s", error, exc_info=True)
                tickets._ticket_report(error)
                continue
            promises.update(dict.fromkeys(tickets, promise))
        return promises

    def _ticket_freeze_key(self):
        """:return: (agreement, name of the time zone, first day of the year)"""
        day = self._ticket_company()._service_day(self._ticket_opened_at())
        return self.agreement_id, self._ticket_tz(), day.replace(month=1, day=1)

    def _ticket_tz(self):
        """On whose clock the service hours are read (SEMANTICS §4): that of the site,
        which is the address the ticket is for or else the agreement's, then the
        customer's.

        :return: str; False for the calendar's own and the company's, which come after
        """
        customer = self._ticket_customer()
        address = customer.filtered(lambda partner: partner.type in SITES)
        places = (
            address,
            self.agreement_id and self.agreement_id._get_site(),
            customer,
            customer.commercial_partner_id,
        )
        return next((place.tz for place in places if place and place.tz), False)

    def _ticket_report(self, error):
        for ticket in self:
            ticket._message_log(
                body=ticket.env._(
                    "No deadline could be set by agreement %(agreement)s: %(error)s",
                    agreement=ticket.agreement_id.display_name,
                    error=str(error),
                )
            )

    def _ticket_promise_text(self):
        if not self.agreement_id:
            return self.env._("No agreement of this customer is in force.")
        return self.env._(
            "The promise of agreement %(agreement)s (%(tier)s) was applied.",
            agreement=self.agreement_id.display_name,
            tier=self.agreement_tier_id.name or self.agreement_id.tier_id.name,
        )

    # Another customer

    def _ticket_change_customer(self):
        """The promise was another customer's: take it back and look for his own.

        What was kept or missed stays, with its agreement: it was so.
        """
        clocks = self._ticket_clocks_by_ticket()
        no_clock = self.env["service.agreement.sla.clock"].sudo()
        for ticket in self:
            if not ticket._ticket_is_others(clocks.get(ticket, no_clock)):
                continue
            ticket._ticket_write(ticket._ticket_prepare_no_promise())
            ticket._ticket_note("agreement")
            # His own clocks are other ones, not these with another name.
            ticket_notes.write_down(self.env)
            ticket._ticket_promise()
            ticket._message_log(
                body=self.env._(
                    "The customer was corrected. %(promise)s",
                    promise=ticket._ticket_promise_text(),
                )
            )

    def _ticket_is_others(self, clocks):
        """Whether all that was promised so far was promised to somebody else, and
        nothing of it is decided."""
        customer = self._ticket_customer().commercial_partner_id
        if not customer or not self.agreement_id or self._ticket_status().closed:
            return False
        if any(c._get_status(self._ticket_now()) in ("met", "missed") for c in clocks):
            return False
        return not self._ticket_suits() or bool(clocks.partner_id - customer)

    def _ticket_prepare_no_promise(self):
        values = {"agreement_tier_id": False, "sla_promise_id": False}
        return values if self._ticket_suits() else {**values, "agreement_id": False}


def _invert(values):
    """:return: dict of lists of ids by value, of a dict of values by record"""
    ids = {}
    for record, value in values.items():
        ids.setdefault(value, []).append(record.id)
    return ids
