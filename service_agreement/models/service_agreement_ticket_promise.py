import logging

from psycopg2 import Error as DatabaseError

from odoo import models
from odoo.exceptions import AccessError, UserError
from odoo.fields import Domain
from odoo.tools import format_date

from . import ticket_notes

_logger = logging.getLogger(__name__)

# Of a customer's addresses, those where something stands.
SITES = ("delivery", "other")
# Of a clock at an instant: another agreement may still take it over.
UNDECIDED = ("running", "at_risk", "paused")


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
            ticket._ticket_set_agreement(ticket._ticket_match())
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
        self._ticket_check_may_work()
        if not self.env.user.has_group("service_agreement.group_user"):
            raise AccessError(
                self.env._("Only who makes agreements may promise something new.")
            )

    def _ticket_chosen(self):
        """Of a list, those to which something may still be promised; a single one is
        told why not."""
        tickets = self.sudo()
        if len(tickets) > 1:
            return tickets.filtered(lambda t: not t._ticket_status().closed)
        if tickets and not tickets._ticket_status().in_scope:
            raise UserError(
                self.env._(
                    "%(ticket)s is no ticket of a service desk: nothing is promised"
                    " on it.",
                    ticket=tickets.display_name,
                )
            )
        return tickets

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
        """:return: bool, whether the agreement is this customer's, if known, and of
        the company that serves
        """
        agreement, company = self.agreement_id, self._ticket_own_company()
        if company and agreement and agreement.company_id != company:
            return False
        customer = self._ticket_customer().commercial_partner_id
        return not customer or agreement.commercial_partner_id == customer

    def _ticket_agreement_domain(self):
        """:return: Domain of the agreements one may choose for the ticket"""
        customer = self._ticket_customer().commercial_partner_id
        company = self._ticket_own_company()
        of_customer = Domain("commercial_partner_id", "=", customer.id)
        of_company = Domain("company_id", "=", company.id) if company else Domain.TRUE
        in_force = self.env["service.agreement"]._in_force_domain(self._ticket_day())
        return Domain(bool(customer)) & of_customer & of_company & in_force

    def _ticket_day(self):
        """:return: date, in the company's calendar, from which the ticket counts"""
        ticket = self._origin
        noted_at = ticket._ticket_facts()[ticket.id]._get_opened_at()
        opened_at = noted_at or ticket._ticket_opened_at() or self._ticket_now()
        return self._ticket_company()._service_day(opened_at)

    def _ticket_why_not_agreement(self):
        """:return: str, why the agreement may not cover the ticket; else None"""
        agreement, customer = self.agreement_id, self._ticket_customer()
        company = self._ticket_own_company()
        if not customer:
            return self.env._(
                "Choose the customer of %(ticket)s first: an agreement covers its own.",
                ticket=self.display_name,
            )
        if agreement.commercial_partner_id != customer.commercial_partner_id:
            return self.env._(
                "Agreement %(agreement)s does not cover %(customer)s. Choose"
                " one of the ticket's customer, or correct the customer first.",
                agreement=agreement.display_name,
                customer=customer.display_name,
            )
        if company and agreement.company_id != company:
            return self.env._(
                "Agreement %(agreement)s is of %(other)s, and the ticket is"
                " served by %(company)s. Choose an agreement of that company.",
                agreement=agreement.display_name,
                other=agreement.company_id.name,
                company=company.name,
            )
        if not agreement._in_force_on(self._ticket_day()):
            return self.env._(
                "Agreement %(agreement)s was not in force on %(day)s, when the ticket"
                " was opened. Choose one that was.",
                agreement=agreement.display_name,
                day=format_date(self.env, self._ticket_day()),
            )
        return None

    def _ticket_is_covered(self):
        return bool(self.agreement_id and self._ticket_suits())

    def _ticket_find_promises(self, statuses, at=None):
        """Find who promised what to tickets that have no agreement yet.

        :param dict statuses: TicketStatus by ticket
        :param datetime at: when they became tickets, where that is not the creation
        :return: dict of service.agreement.sla.promise by ticket, of those that have one
        """
        for agreement, covered in _invert(self._ticket_matches(at)).items():
            self.browse(covered)._ticket_set_agreement(agreement)
        # What was closed when it came in, imported or copied, was promised nothing.
        promised = self.filtered(lambda t: t.agreement_id and not statuses[t].closed)
        promises = promised._ticket_freeze()
        self._ticket_keep_terms(promises)
        return promises

    def _ticket_set_agreement(self, agreement):
        """:param agreement: as found by `_ticket_match`, may be empty"""
        found = self.with_context(service_agreement_found=True)
        found._ticket_write({"agreement_id": agreement.id})

    def _ticket_matches(self, at=None):
        """:return: dict of the agreements found, by ticket that has none"""
        matches = {t: t._ticket_match(at) for t in self if not t.agreement_id}
        return {ticket: agreement for ticket, agreement in matches.items() if agreement}

    def _ticket_match(self, at=None):
        """
        :param datetime at: when it became a ticket, where that is not the creation
        :return: the agreement that covers the ticket, looked for once for all that
            come in together
        """
        customer, company = self._ticket_customer(), self._ticket_own_company()
        opened_at = at or self._ticket_opened_at()
        when = company._service_day(opened_at) if company else opened_at
        matches = ticket_notes.get(self.env).matches
        key = (customer.id, customer.commercial_partner_id.id, company.id, when)
        if key not in matches:
            matches[key] = self._ticket_look_up(customer, company, opened_at).id
        return self.env["service.agreement"].browse(matches[key] or ())

    def _ticket_look_up(self, customer, company, opened_at):
        """:param res.company company: that serves; empty: whichever has promised
        something, whoever asks and whatever company he works in
        """
        agreements = self.env["service.agreement"].sudo()
        if not company and customer:
            groups = agreements._read_group(
                [("commercial_partner_id", "=", customer.commercial_partner_id.id)],
                ["company_id"],
            )
            company = company.union(*(each for (each,) in groups)).sorted("id")
        for each in company:
            day = each._service_day(opened_at)
            if found := agreements._match(customer, day, each):
                return found
        return agreements

    # What is promised

    def _ticket_promise(self, at=None):
        """Find who promised what, and write it down as a fact.

        :param datetime at: when they became tickets, where that is not the creation
        """
        promises = self._ticket_find_promises(self._ticket_statuses(), at)
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
        requests = self.filtered(lambda t: not t._ticket_is_planned())
        for key, tickets in requests.grouped(lambda t: t._ticket_freeze_key()).items():
            try:
                promise = self.env["service.agreement.sla.promise"]._freeze(*key)
            except DatabaseError:
                raise
            except Exception as error:
                if not isinstance(error, UserError):
                    _logger.exception("Nothing could be promised on %s", tickets)
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

    # Another agreement, by hand

    def _ticket_change_agreement(self):
        """Somebody chose the agreement: what is still to be kept is promised by it,
        or, where it was taken away, not at all. What was kept or missed stays."""
        tickets = self.sudo().filtered(lambda t: not t._ticket_status().closed)
        promises = tickets.filtered("agreement_id")._ticket_freeze()
        tickets._ticket_see_opened()
        tickets._ticket_apply(promises)
        for ticket in tickets - self.browse(t.id for t in promises):
            ticket._ticket_write({"agreement_tier_id": False, "sla_promise_id": False})
            ticket._ticket_note("agreement")
        for ticket in tickets:
            ticket._message_log(body=ticket._ticket_choice_text())

    def _ticket_choice_text(self):
        if not self.agreement_id:
            return self.env._(
                "The agreement was taken off the ticket: nothing more is promised."
            )
        return self.env._(
            "The agreement was chosen by hand. %(promise)s",
            promise=self._ticket_promise_text(),
        )

    # Another customer

    def _ticket_change_customer(self):
        """The promise was another customer's, or another company's: take back what is
        still to be kept, and look for the right one.

        What was kept or missed stays, with its agreement: it was so.
        """
        clocks = self._ticket_clocks_by_ticket()
        no_clock = self.env["service.agreement.sla.clock"].sudo()
        for ticket in self:
            if not ticket._ticket_is_others(clocks.get(ticket, no_clock)):
                continue
            reason = ticket._ticket_correction_text()
            ticket._ticket_write(ticket._ticket_prepare_no_promise())
            ticket._ticket_note("agreement")
            # The new clocks are other ones, not these with another name.
            ticket_notes.write_down(self.env)
            ticket._ticket_promise()
            ticket._message_log(
                body=self.env._(
                    "%(reason)s %(promise)s",
                    reason=reason,
                    promise=ticket._ticket_promise_text(),
                )
            )

    def _ticket_is_others(self, clocks):
        """Whether what is still to be kept was promised to somebody else, or by
        another company."""
        if not self.agreement_id or self._ticket_status().closed:
            return False
        customer = self._ticket_customer().commercial_partner_id
        now = self._ticket_now()
        undecided = clocks.filtered(lambda c: c._get_status(now) in UNDECIDED)
        return not self._ticket_suits() or bool(
            customer and undecided.partner_id - customer
        )

    def _ticket_correction_text(self):
        company = self._ticket_own_company()
        if company and company != self.agreement_id.company_id:
            return self.env._("%(company)s serves it now.", company=company.name)
        return self.env._("The customer was corrected.")

    def _ticket_prepare_no_promise(self):
        values = {"agreement_tier_id": False, "sla_promise_id": False}
        return values if self._ticket_suits() else {**values, "agreement_id": False}


def _invert(values):
    """:return: dict of lists of ids by value, of a dict of values by record"""
    ids = {}
    for record, value in values.items():
        ids.setdefault(value, []).append(record.id)
    return ids
