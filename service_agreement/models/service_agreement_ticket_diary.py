from contextlib import contextmanager
from typing import NamedTuple

from odoo import api, models

from . import ticket_notes
from .service_agreement_sla_clock import READING


class TicketStatus(NamedTuple):
    """What a ticket's clocks want to know of it."""

    closed: str | bool
    waiting: bool
    priority: str
    # The ticket that goes on instead of this one.
    merged: models.BaseModel
    # Whether it is one; the others have no history.
    in_scope: bool
    # Whom it is for: what is promised is looked for again when this changes.
    covered: tuple


class OnBehalfOf(NamedTuple):
    """In a context: who did what somebody else's user carries out.

    A type of its own: a context that comes over the API has plain values only, so
    nobody notes a fact under another name by it.
    """

    partner_id: int


class ServiceAgreementTicketMixin(models.AbstractModel):
    """What happens to a ticket becomes dated facts."""

    _inherit = "service.agreement.ticket.mixin"

    def _ticket_status(self):
        """A record that is no ticket, or no longer, or archived, counts as a cancelled
        one."""
        in_scope = self._ticket_in_scope() and self._ticket_is_kept()
        merged = self._ticket_merged_into()
        closed = "cancelled" if not in_scope else self._ticket_is_closed()
        return TicketStatus(
            closed="merged" if merged and in_scope else closed,
            merged=merged,
            waiting=self._ticket_is_waiting(),
            priority=self._ticket_priority(),
            in_scope=in_scope,
            covered=(
                in_scope,
                self._ticket_customer().id,
                self._ticket_own_company().id,
            ),
        )

    def _ticket_is_kept(self):
        """:return: bool, False of one that was archived"""
        return "active" not in self._fields or self.active

    def _ticket_statuses(self):
        return {ticket: ticket._ticket_status() for ticket in self.sudo()}

    @contextmanager
    def _ticket_following(self):
        """What changes inside, of the tickets or of what they depend on, becomes
        facts."""
        before = self._ticket_statuses()
        yield
        self._ticket_follow(before)

    def _ticket_follow(self, before):
        """Turn what changed into facts.

        :param dict before: TicketStatus by ticket
        """
        after = self._ticket_statuses()
        changed = self.sudo().filtered(lambda t: before[t] != after[t])
        back = changed.filtered(lambda t: before[t].closed and not after[t].closed)
        reopened = back and back._ticket_list_reopened()
        for ticket in changed:
            goes_on = ticket in reopened
            ticket._ticket_note_change(before[ticket], after[ticket], goes_on)
        for ticket in changed.filtered(lambda t: after[t].merged - before[t].merged):
            ticket._ticket_hand_over(after[ticket].merged)
        if back:
            back._ticket_join(at=self._ticket_now())
        covered = changed.filtered(lambda t: before[t].covered != after[t].covered)
        if covered:
            covered._ticket_change_customer()
            (covered - back)._ticket_join()

    def _ticket_note_change(self, before, after, goes_on):
        """:param bool goes_on: whether the old promise does, of one that is back"""
        kinds = _transitions(before, after)
        if "reopened" in kinds and not goes_on:
            kinds = []
        for kind in kinds:
            self._ticket_note(kind, before)
        if before.priority != after.priority and before.in_scope and after.in_scope:
            self._ticket_note("priority", before, priority=after.priority)

    def _ticket_note(self, kind, before=None, at=None, author=None, **values):
        """Note a fact; see `ticket_notes` for when it is written down.

        :param TicketStatus before: as it was, where the fact is that it changed
        :param datetime at: naive UTC; now if empty
        :param res.partner author: who did it; the user if empty
        :param values: more of service.agreement.ticket.fact
        """
        self._ticket_note_facts(
            [t._ticket_prepare_fact(kind, at, author, **values) for t in self],
            {ticket: before for ticket in self if before},
        )

    def _ticket_note_facts(self, facts, before):
        """:param list facts: dict of values, of the tickets in ``self``
        :param dict before: TicketStatus by ticket, of those that changed
        """
        notes = ticket_notes.get(self.env)
        notes.facts.extend(facts)
        for ticket, status in before.items():
            notes.before.setdefault(ticket, status)
        self._ticket_forget_readings()

    def _ticket_prepare_fact(self, kind, at=None, author=None, **values):
        """:return: dict, values of service.agreement.ticket.fact"""
        return {
            "res_model": self._name,
            "res_id": self.id,
            "kind": kind,
            "at": (at or self._ticket_now()).replace(microsecond=0),
            "author_id": (author or self._ticket_author()).id,
            "company_id": self._ticket_owner().id,
            **values,
        }

    def _ticket_owner(self):
        """:return: res.company whose people read the facts; empty for those that all
        may read, whose ticket belongs to nobody yet
        """
        own = "company_id" in self._fields and self.company_id
        return self.agreement_id.company_id or own or self.env["res.company"]

    def _ticket_on_behalf_of(self, author):
        """:return: the same ticket, whose facts are noted as this res.partner's"""
        on_behalf_of = OnBehalfOf(author.id or 0)
        return self.with_context(service_agreement_on_behalf_of=on_behalf_of)

    def _ticket_author(self):
        author = self.env.context.get("service_agreement_on_behalf_of")
        if isinstance(author, OnBehalfOf) and author.partner_id:
            return self.env["res.partner"].browse(author.partner_id)
        return self.env.user.partner_id

    def _ticket_forget_readings(self):
        """Nobody may see in a cache what was so before the facts just noted."""
        self.modified(["ticket_fact_ids"])
        for name in ("ticket_fact_ids", "sla_clock_ids"):
            # Not `invalidate_recordset`, which flushes the other side, and with it
            # all that is noted.
            self._fields[name]._invalidate_cache(self.env, self._ids)
        self.env["service.agreement.sla.clock"].invalidate_model(READING, flush=False)

    # Openings

    def _ticket_note_opening(self, statuses, at=None, promises=None):
        """The first facts of tickets.

        :param dict statuses: TicketStatus by ticket
        :param datetime at: when it was opened, where that is not the creation
        :param dict promises: service.agreement.sla.promise by ticket
        """
        facts = []
        for ticket in self:
            terms = ticket._ticket_prepare_terms(promises or {})
            facts += ticket._ticket_prepare_opening(statuses[ticket], at, **terms)
        self._ticket_note_facts(facts, {ticket: statuses[ticket] for ticket in self})

    def _ticket_prepare_opening(self, status, at=None, **terms):
        """:return: list of dict, values of facts: a state it is born in is one, too"""
        at = at or self._ticket_opened_at()
        priority = status.priority
        opening = self._ticket_prepare_fact("opened", at, priority=priority, **terms)
        kinds = filter(None, (status.waiting and "waiting", status.closed))
        return [opening, *(self._ticket_prepare_fact(kind, at) for kind in kinds)]

    def _ticket_prepare_terms(self, promises):
        """:return: dict of what a fact says of the promise given by it"""
        if self not in promises:
            return {}
        return {
            "agreement_id": self.agreement_id.id,
            "tier_id": self.agreement_id.tier_id.id,
            "sla_promise_id": promises[self].id,
        }

    def _ticket_see_opened(self, at=None, promises=None):
        """See to it that tickets have an opening: some became tickets without anybody
        noticing.

        :return: those that had none
        """
        unopened = self._ticket_list_unopened()
        unopened._ticket_note_opening(unopened._ticket_statuses(), at, promises)
        if not at:
            for ticket, message in unopened._ticket_recall_answers().items():
                ticket._ticket_note(
                    "answered", at=message.date, author=message.author_id
                )
        return unopened

    # Writing down

    @api.model
    def _ticket_write_down(self, notes):
        """Make facts of what was noted.

        :param ticket_notes.Notes notes:
        """
        by_model = {}
        for fact in notes.facts:
            by_model.setdefault(fact["res_model"], []).append(fact)
        model = self.env["service.agreement.ticket.fact"].sudo()
        for name, noted in by_model.items():
            tickets = self.env[name].sudo()
            facts = tickets._ticket_complete(noted, notes.before)
            tickets = tickets.browse(model._insert(tickets, facts))
            tickets._ticket_read_clocks_or_log()

    def _ticket_complete(self, facts, before):
        """What has happened to a ticket that has no opening yet, is given one; what
        was closed before it could be a ticket, has no history.

        :param list facts: dict of values
        :return: the same, completed
        """
        opened = {fact["res_id"] for fact in facts if fact["kind"] == "opened"}
        others = self.browse({fact["res_id"] for fact in facts} - opened)
        unopened = others and others._ticket_list_unopened().exists()
        if not unopened:
            return facts
        first = {fact["res_id"]: fact["at"] for fact in reversed(facts)}
        before = {t: before.get(t) or t._ticket_status() for t in unopened}
        never = unopened.filtered(lambda t: before[t].closed)
        openings = []
        for ticket in unopened - never:
            openings += ticket._ticket_prepare_opening(before[ticket])
            answers = ticket._ticket_recall_answers(first[ticket.id]).values()
            openings += [
                ticket._ticket_prepare_fact("answered", answer.date, answer.author_id)
                for answer in answers
            ]
        return openings + [f for f in facts if f["res_id"] not in set(never.ids)]

    def _ticket_list_unopened(self):
        """:return: those of the tickets that have no opening"""
        opened = self.env["service.agreement.ticket.fact"]._read_group(
            [
                ("res_model", "=", self._name),
                ("res_id", "in", self.ids),
                ("kind", "=", "opened"),
            ],
            ["res_id"],
        )
        return self - self.browse(res_id for (res_id,) in opened)

    # Facts

    def _ticket_facts(self):
        """:return: dict of service.agreement.ticket.fact in order, by ticket id"""
        return self.env["service.agreement.ticket.fact"]._get_by_ticket(
            self._name, self.ids
        )

    def _ticket_hand_over(self, other):
        """Merged into ``other``, which counts from the earlier opening of the two.

        Not where one of its promises is decided, which would be judged again, nor
        from another customer: he was promised nothing of it.
        """
        opened_at = self._ticket_facts()[self.id]._get_opened_at()
        customer = self._ticket_customer().commercial_partner_id
        if not opened_at or other._ticket_customer().commercial_partner_id != customer:
            return
        other._ticket_see_opened()
        now = self._ticket_now()
        statuses = {clock._get_status(now) for clock in other._ticket_clocks()}
        if statuses & {"met", "missed", "cancelled"}:
            return
        if opened_at < (other._ticket_facts()[other.id]._get_opened_at() or now):
            note = self.env._("Opening of %s", self.display_name)
            other._ticket_note("opened", at=opened_at, note=note)

    def _ticket_is_over(self):
        """Whether its promise is closed for good: reopened now, it would be another
        matter, and is another ticket."""
        closed_at = self._ticket_facts()[self.id]._get_closed_at()
        return bool(closed_at) and self._ticket_is_too_late(closed_at)

    def _ticket_is_too_late(self, closed_at):
        days = self._ticket_company().agreement_reopen_days
        return (self._ticket_now() - closed_at).total_seconds() > days * 86400

    def _ticket_list_reopened(self):
        """:return: those whose old promise goes on; the others, if they had one, say
        why it does not
        """
        facts = self._ticket_facts()
        closed = self.filtered(lambda t: facts[t.id]._get_closed_at())
        late = closed.filtered(
            lambda t: t._ticket_is_too_late(facts[t.id]._get_closed_at())
        )
        for ticket in late:
            ticket._message_log(
                body=self.env._(
                    "Reopened more than %(days)s days after it was closed: the promise"
                    " of this ticket stays closed. Make a new ticket for a new"
                    " promise.",
                    days=ticket._ticket_company().agreement_reopen_days,
                )
            )
        return closed - late


def _transitions(before, after):
    """:return: list of the kinds of facts that lead from one TicketStatus to another"""
    if after.closed:
        # Done is done, whether it leaves the desk afterwards or comes back to it.
        moved = before.in_scope != after.in_scope
        if (before.closed and moved) or before.closed == after.closed:
            return []
        return [after.closed]
    kinds = ["reopened"] if before.closed else []
    if before.closed or before.waiting != after.waiting:
        kinds.append("waiting" if after.waiting else "resumed")
    return kinds
