"""The tickets of the last months, as the simulation reads them."""

from collections import Counter, defaultdict
from datetime import datetime, timezone
from typing import NamedTuple

from odoo.fields import Domain
from odoo.tools import SQL

from ..tools.demand import Past

SECONDS_PER_HOUR = 3600


class Opened(NamedTuple):
    """A ticket of the time that is looked at, and its facts in their order."""

    res_model: str
    res_id: int
    at: datetime
    priority: str | None
    kinds: list[str]
    moments: list[datetime]


class OpenedTickets:
    """Which tickets came in, and which of them come again.

    :param service.agreement.capacity.run run: as superuser
    """

    def __init__(self, run):
        self.env, self._run = run.env, run

    def iterate(self):
        """Yield (Opened, ticket, hours of work or None) of each."""
        for res_model, rows in self._find_opened().items():
            ids = [row.res_id for row in rows]
            tickets = self.env[res_model].browse(ids).exists()
            hours = tickets._ticket_hours_worked(ids)
            known = {ticket.id: ticket for ticket in tickets}
            for row in rows:
                ticket = known.get(row.res_id)
                if not ticket or ticket._ticket_company() != self._run.company_id:
                    continue
                worked = hours.get(row.res_id)
                if worked is None and "cancelled" in row.kinds:
                    continue  # Nobody did anything for it, as far as anybody knows.
                yield row, ticket, worked

    def _find_opened(self):
        """:return: dict of list of Opened by model; not what was merged into another"""
        since, until = self._run._get_history_instants()
        self.env["service.agreement.ticket.fact"].flush_model()
        rows = self.env.execute_query(
            SQL(
                """
                SELECT res_model, res_id, MIN(at) FILTER (WHERE kind = 'opened'),
                       (ARRAY_AGG(priority ORDER BY at DESC, id DESC)
                           FILTER (WHERE priority IS NOT NULL))[1],
                       ARRAY_AGG(kind ORDER BY at, id), ARRAY_AGG(at ORDER BY at, id)
                  FROM service_agreement_ticket_fact
                 WHERE (res_model, res_id) IN (
                        SELECT res_model, res_id
                          FROM service_agreement_ticket_fact
                         WHERE kind = 'opened' AND at >= %(since)s AND at < %(until)s
                           AND (company_id = %(company)s OR company_id IS NULL))
              GROUP BY res_model, res_id
                HAVING NOT BOOL_OR(kind = 'merged')
              ORDER BY res_model, res_id
                """,
                since=since,
                until=until,
                company=self._run.company_id.id,
            )
        )
        by_model = defaultdict(list)
        for row in map(Opened._make, rows):
            by_model[row.res_model].append(row)
        return by_model


class CapacityHistory(OpenedTickets):
    """What came in, and what it took.

    `tickets` are all of them as `Past`; `by_tier` those of each tier, by its id; and
    `usual` the work on those of which it is known, in seconds by urgency; `rated` how
    many of each tier were opened while the agreement ran, by its id.

    :param service.agreement.capacity.run run: as superuser
    :param WeekClock clock: of the company
    :param CapacityCovers covers:
    """

    def __init__(self, run, clock, covers):
        super().__init__(run)
        self._clock, self._covers = clock, covers
        self.weeks = (run.history_to - run.history_from).days / 7
        self.tickets, self.by_tier = [], defaultdict(list)
        self.usual, self.rated = defaultdict(list), Counter()
        self._agreements = self._find_agreements()
        self._in_force = set(self._agreements.ids)
        self._weeks = self._get_weeks()
        by_customer = self._agreements.grouped("commercial_partner_id")
        self._by_customer = {who: them[:1] for who, them in by_customer.items()}
        for opened, ticket, hours in self.iterate():
            self._take(opened, ticket, hours)
        self.by_customer = Counter(past.customer for past in self.tickets)

    # What a tier brings

    def get_rate(self, tier):
        """:return: float, tickets a week of an agreement of this tier; of one that has
        none yet, of any agreement
        """
        if own := self._weeks[tier.id]:
            return self.rated[tier.id] / own
        total = sum(self._weeks.values())
        return sum(self.rated.values()) / total if total else 0.0

    def get_pool(self, tier):
        """:return: list of Past, that the tickets of a new agreement are like"""
        return self.by_tier.get(tier.id) or self._get_covered() or self.tickets

    def _get_covered(self):
        return [past for tickets in self.by_tier.values() for past in tickets]

    def _get_weeks(self):
        """:return: dict of float by tier id, weeks that agreements were in force"""
        first, last = self._run.history_from, self._run.history_to
        weeks = Counter()
        for agreement in self._agreements:
            since = max(agreement.date_start, first)
            weeks[agreement.tier_id.id] += max((last - since).days, 0) / 7
        return weeks

    # Reading

    def _find_agreements(self):
        """:return: service.agreement, those in force, the best first"""
        company = self._run.company_id
        agreements = self.env["service.agreement"].search(
            Domain("company_id", "=", company.id)
            & self.env["service.agreement"]._in_force_domain(self._run.date_start)
        )
        return agreements.sorted(lambda a: (-a.tier_id.rank, a.date_start, a.id))

    # What is kept of it

    def _take(self, opened, ticket, hours):
        # Of planned work nothing is promised, and it is nobody's call.
        asked = not ticket._ticket_is_planned()
        customer = asked and ticket._ticket_customer().commercial_partner_id
        agreement = asked and self._get_agreement(ticket, customer)
        past = self._get_past(opened, ticket, hours, customer, agreement)
        self.tickets.append(past)
        if agreement:
            tier = agreement.tier_id.id
            self.by_tier[tier].append(past)
            self.rated[tier] += self._get_day(opened) >= agreement.date_start
        if past.work:
            self.usual[past.urgency].append(past.work)
            self.usual[None].append(past.work)

    def _get_day(self, opened):
        """:return: date, of the company"""
        zone = self._run.company_id._service_tz()
        return opened.at.replace(tzinfo=timezone.utc).astimezone(zone).date()

    def _get_past(self, opened, ticket, hours, customer, agreement):
        return Past(
            minute=self._clock.minute_of_week(opened.at.replace(tzinfo=timezone.utc)),
            urgency=int(opened.priority or ticket._ticket_priority()),
            work=hours and max(round(hours * SECONDS_PER_HOUR), 1),
            on_site="arrived" in opened.kinds,
            questions=tuple(_get_questions(opened)),
            customer=customer.id if customer else None,
            cover=self._covers.of_agreement(agreement) if agreement else None,
        )

    def _get_agreement(self, ticket, customer):
        """Today's: what was called about for free then may be covered by now."""
        if ticket.agreement_id.id in self._in_force:
            return ticket.agreement_id
        return self._by_customer.get(customer)


def _get_questions(opened):
    """:return: list of seconds after the opening at which the customer wrote and was
    owed an answer, as the promise of updates counts them
    """
    questions, owed = [], False
    for kind, at in zip(opened.kinds, opened.moments, strict=True):
        if kind == "asked" and not owed and at > opened.at:
            questions.append(round((at - opened.at).total_seconds()))
        if kind in ("asked", "answered", "solved"):
            owed = kind == "asked"
    return questions
