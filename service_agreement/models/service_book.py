"""The book of some customers: their agreements, and who pays for their work.

    book = ServiceBook(company, customers)
    decisions = book.decide([facts, …])     # of work done, or only asked for
    book.price(decisions[0])                # list of Shares: who pays what

Plain Python over records that are read at once: the number of queries does not depend
on how much work there is. Everything is read as superuser, and nothing is written.
"""

from collections import defaultdict
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from functools import cached_property
from typing import NamedTuple

from odoo.fields import Domain
from odoo.tools import SQL

from ..tools.allowance import Lot, Stock, round_work
from ..tools.coverage import (
    Candidate,
    Part,
    Place,
    Verdict,
    Work,
    decide,
    find_best,
    split_days,
)
from .service_agreement_sla_calendar import canonical_json, parse_working_time

DAY = timedelta(days=1)
ONE = Decimal(1)
# Of work that is not on record yet: it comes after all that is.
NEW = 2**62


@dataclass(frozen=True)
class WorkFacts:
    """What is known of a piece of work; of records their ids, None where not known.

    :ivar id: of the timesheet line, or `NEW`.
    :ivar hours: as worked.
    :ivar start: naive UTC.
    :ivar customer: as chosen, a person perhaps; who he belongs to is in `place`.
    :ivar tz: name of the time zone whose midnight counts.
    :ivar exclusions: all that were noted, or follow from the device.
    :ivar role: job position of who works.
    :ivar job: the ticket.
    :ivar is_late: its month is settled.
    """

    id: int
    day: date
    hours: Decimal
    start: datetime | None = None
    customer: int | None = None
    place: Place = field(default_factory=Place)
    tz: str = "UTC"
    work_type: int | None = None
    exclusions: frozenset = frozenset()
    choice: int | None = None
    role: int | None = None
    job: int | None = None
    trips: int = 0
    is_late: bool = False

    def to_work(self, hours=None):
        """:return: tools.coverage.Work, of `hours` where they were rounded"""
        start = self.start and self.start.replace(tzinfo=timezone.utc)
        return Work(
            self.id,
            self.day,
            self.hours if hours is None else hours,
            self.place,
            start=start,
            end=start and start + timedelta(seconds=round(float(self.hours) * 3600)),
            kind=self.work_type,
            exclusions=self.exclusions,
            chosen=self.choice,
            job=self.job,
            role=self.role,
            late=self.is_late,
        )


@dataclass(frozen=True)
class Decision:
    """What was decided of a piece of work.

    :ivar verdicts: one for each day of it.
    :ivar best: who pays first, or by whose rates it is billed.
    """

    facts: WorkFacts
    verdicts: list[Verdict]
    best: Candidate | None


class Share(NamedTuple):
    """A part of a piece of work with its price: what a draw stores.

    :param str unit: "hour" or "trip"
    :param agreement: who pays, or by whose rates it is billed; empty: nobody
    :param allowance: of it; empty where it has none
    :param tools.rates.Price price: by the rates of the agreement, and by the list
    :param reason: why no agreement pays; False: one does
    """

    day: date
    unit: str
    part: Part
    agreement: object
    allowance: object
    price: object
    reason: str | bool


class ServiceBook:
    """See the module.

    :param res.company company: that serves
    :param res.partner customers: theirs and of all of their trees
    """

    def __init__(self, company, customers):
        self.company = company.sudo()
        self.env = self.company.env
        self.customers = customers.with_env(self.env)
        self.terms = {}

    # Who they are

    @cached_property
    def members(self):
        """dict of the top of his tree by partner, of all in those trees"""
        partners = self.env["res.partner"].with_context(active_test=False)
        tops = partners.union(*(get_top(each) for each in self.customers))
        names = ["parent_id", "commercial_partner_id", "is_company", "type", "tz"]
        members = partners.search_fetch([("id", "child_of", tops.ids)], names)
        return {member.id: get_top(member) for member in members}

    @cached_property
    def agreements(self):
        """dict of the agreements that ever came into force, by top of the tree"""
        found = self.env["service.agreement"].search(
            Domain("company_id", "=", self.company.id)
            & Domain("commercial_partner_id", "in", list(self.members))
            & Domain("activated_on", "!=", False)
            & Domain("state", "in", ("active", "suspended", "ended")),
            order="id",
        )
        return found.grouped(lambda a: self.members[a.commercial_partner_id.id])

    @cached_property
    def suspensions(self):
        """dict of tuples of (first, last day) by agreement"""
        agreements = self.env["service.agreement"].union(*self.agreements.values())
        waivers = self.env["service.agreement.waiver"].search(
            [("kind", "=", "suspension"), ("agreement_id", "in", agreements.ids)]
        )
        found = defaultdict(tuple)
        for waiver in waivers:
            found[waiver.agreement_id] += (
                (waiver.date_start, waiver.date_end or None),
            )
        return found

    # Their work

    def search_open(self, lines):
        """:param lines: account.analytic.line that are to be decided in any case
        :return: those and all others of the trees that are not decided for good
        """
        domain = lines._get_open_domain(self.company)
        ours = Domain("partner_id", "in", list(self.members))
        return lines.search(domain & (ours | Domain("id", "in", lines.ids)))

    def touch(self):
        """Keep anybody else from deciding the same at the same instant: who comes
        second is told so by the database, and Odoo has him try again (SEMANTICS §6).

        It is the allowances that are touched: nobody else writes or locks them.
        """
        ids = [
            allowance.id
            for _agreement, _coverage, allowance in self.terms.values()
            if allowance.kind in ("included", "prepaid")
        ]
        if ids:
            self.env.execute_query(
                SQL(
                    "WITH touched AS (SELECT id FROM service_agreement_allowance"
                    " WHERE id = ANY(%s) ORDER BY id FOR NO KEY UPDATE)"
                    " UPDATE service_agreement_allowance allowance"
                    " SET write_date = allowance.write_date FROM touched"
                    " WHERE touched.id = allowance.id RETURNING allowance.id",
                    ids,
                )
            )

    # Who might pay

    @cached_property
    def candidates(self):
        """dict of lists of Candidates by top of the tree; each is one allowance of what
        an agreement covers from a day on, and known in `terms`"""
        return {
            top: [each for a in agreements for each in self._list_candidates(a)]
            for top, agreements in self.agreements.items()
        }

    def _list_candidates(self, agreement):
        coverages = agreement.coverage_ids.sorted(lambda c: c.date_start or date.min)
        for index, coverage in enumerate(coverages):
            following = coverages[index + 1 : index + 2].date_start
            yield from self._list_of_coverage(agreement, coverage, following)

    def _list_of_coverage(self, agreement, coverage, following):
        """:param date following: from which another coverage holds, or False"""
        before = ((date.min, coverage.date_start - DAY),) if coverage.date_start else ()
        after = ((following, None),) if following else ()
        shared = {
            **self._prepare_candidate(agreement, coverage),
            "gaps": (*before, *after, *self.suspensions[agreement]),
        }
        for allowance in coverage.allowance_ids or [coverage.allowance_ids]:
            candidate = Candidate(
                (agreement.id, coverage.id, allowance.id or 0),
                **shared,
                **self._prepare_allowance(coverage, allowance),
            )
            self.terms[candidate.id] = (agreement, coverage, allowance)
            yield candidate

    def _prepare_candidate(self, agreement, coverage):
        return {
            "owner": agreement.id,
            "start": agreement.date_start,
            "end": agreement._get_last_day() or None,
            "covers": get_covers(agreement),
            "covers_children": coverage.covers_children,
            "exclusions": frozenset(coverage.covered_exclusion_ids.ids),
            "hours": (
                coverage.sla_calendar_id._working_time()
                if coverage.sla_calendar_id
                else None
            ),
        }

    def _prepare_allowance(self, coverage, allowance):
        """:param allowance: empty where work is only billed by agreed rates"""
        return {
            "kind": allowance.kind or "none",
            "unit": allowance.unit or "hours",
            "sequence": allowance.sequence,
            "work_kinds": self._get_work_kinds(coverage, allowance),
            "overrun": allowance.when_used_up == "overrun",
            "per_hour": self._get_cost_per_hour(coverage, allowance),
        }

    def _get_work_kinds(self, coverage, allowance):
        """:return: frozenset of ids of the work types that are paid; None: all"""
        kinds, own = coverage.covered_work_type_ids, allowance.work_type_ids
        if allowance.unit == "visits" and not own:
            # Help by phone uses up no visit.
            own = self._on_site_types
        if not (kinds or own):
            return None
        return frozenset((kinds & own if kinds and own else kinds or own).ids)

    @cached_property
    def _on_site_types(self):
        types = self.env["service.agreement.work.type"].with_context(active_test=False)
        return types.search([("is_on_site", "=", True)])

    def _get_cost_per_hour(self, coverage, allowance):
        """:return: function from Work to the units of a lot that an hour of it costs"""
        if allowance.unit == "amount":
            return lambda work: self._find_price(work, coverage).price
        factors = {
            each.job_id.id: Decimal(str(each.factor))
            for each in allowance.job_factor_ids
        }
        return lambda work: factors.get(work.role, ONE)

    # What they have left

    def _get_stocks(self, top, until):
        """:return: dict of tools.coverage.Balance by id of the candidate"""
        stocks = {}
        for candidate in self.candidates.get(top, ()):
            _agreement, _coverage, allowance = self.terms[candidate.id]
            lots = [
                Lot(
                    lot.id,
                    Decimal(str(lot.balance + lot.drawn)),
                    lot.date_start,
                    lot.date_end or None,
                    lot.is_paid,
                )
                for lot in self.env["service.agreement.allowance.lot"].search(
                    [("allowance_id", "=", allowance.id)]
                )
            ]
            stocks[candidate.id] = Stock(lots, "expiry_first")
        return stocks

    # What is decided

    def decide(self, facts):
        """
        :param facts: list of WorkFacts, all of the trees that is not decided for good
        :return: list of Decision, in any order
        """
        _ = self.candidates
        self.touch()
        decisions = []
        by_top = defaultdict(list)
        for each in facts:
            by_top[self.members.get(each.customer)].append(each)
        for top, group in by_top.items():
            decisions += self._decide_tree(top, group)
        return decisions

    def _decide_tree(self, top, facts):
        candidates = self.candidates.get(top, []) if top else []
        works = [work for each in facts for work in self._count(each, candidates)]
        until = max((work.day for work in works), default=None)
        verdicts = defaultdict(list)
        for verdict in decide(
            works,
            candidates,
            stocks=self._get_stocks(top, until),
            office=self.office_hours if any(work.start for work in works) else None,
        ):
            verdicts[verdict.work.id].append(verdict)
        known = {candidate.id: candidate for candidate in candidates}
        return [
            Decision(each, verdicts[each.id], known.get(verdicts[each.id][0].best))
            for each in facts
        ]

    def _count(self, facts, candidates):
        """:return: list of Work, one for each day, rounded as agreed with who pays"""
        raw = facts.to_work()
        first = split_days(raw, facts.tz)[0]
        best = find_best(first, candidates)
        price = self._find_price(first, best and self.terms[best.id][1])
        counted = round_work(facts.hours, price.minimum, price.step)
        return split_days(replace(raw, quantity=counted), facts.tz)

    @cached_property
    def office_hours(self):
        """WorkingTime of the company, by which its list tells after hours; None where
        it has no hours that anybody can count in"""
        calendar = self.company.resource_calendar_id
        if not calendar or calendar._why_no_service_hours():
            return None
        year = self.company._service_today().year
        return parse_working_time(
            canonical_json(calendar._get_service_spec(self.company, None, year))
        )

    # What it costs

    @cached_property
    def _rates(self):
        return self.env["service.agreement.rate"]._get_book(self.company)

    def _find_price(self, work, coverage, kind="hour", after_hours=False):
        """:return: tools.rates.Price"""
        return self._rates.find(
            work.day,
            kind,
            work.kind,
            work.role,
            (coverage and coverage.id) or None,
            after_hours,
        )

    def price(self, decision):
        """:return: list of Shares, hours before trips"""
        shares = [
            self._price_part(decision.facts, verdict.work, "hour", part)
            for verdict in decision.verdicts
            for part in verdict.parts
        ]
        return shares + self._price_trips(decision, shares)

    def _price_part(self, facts, work, unit, part):
        agreement, coverage, allowance = self._get_terms(part.candidate)
        return Share(
            work.day,
            unit,
            part,
            agreement,
            allowance,
            self._find_price(work, coverage, unit, part.after_hours),
            part.outcome != "covered" and self._get_reason(facts, work.day),
        )

    def _get_terms(self, candidate_id):
        """:return: (agreement, coverage, allowance), all empty where there is none"""
        if candidate_id in self.terms:
            return self.terms[candidate_id]
        names = ("service.agreement", "service.agreement.coverage")
        return (
            *(self.env[name] for name in names),
            self.env["service.agreement.allowance"],
        )

    def _get_reason(self, facts, day):
        """:return: why nobody pays for what was worked on ``day``"""
        candidates = self.candidates.get(self.members.get(facts.customer), ())
        if any(each.is_in_force(day) for each in candidates):
            return "excluded"
        sold = any(each.start <= day for each in candidates)
        return "expired" if sold else "never_sold"

    def _price_trips(self, decision, shares):
        """:return: list of a Share or none: the trips are paid where the work is"""
        facts = decision.facts
        if facts.trips <= 0:
            return []
        work = decision.verdicts[0].work
        part = self._decide_trips(decision, shares[0].part if shares else None)
        return [self._price_part(facts, work, "trip", part)]

    def _decide_trips(self, decision, first):
        """
        :param Part first: of the hours; None: there were none
        :return: Part
        """
        best, trips = decision.best, Decimal(decision.facts.trips)
        if first and first.outcome != "covered":
            return replace(first, quantity=trips)
        payer = first.candidate if first else best and best.id
        _agreement, coverage, allowance = self._get_terms(payer)
        pays = allowance and (coverage.covers_trips or allowance.unit == "visits")
        return Part("covered" if pays else "uncovered", trips, payer)

    # What is said of it

    def explain(self, decision):
        """:return: dict of plain values, of which sentences are made when it is read"""
        return {
            "days": [
                {"day": str(verdict.work.day), "rows": _list_rows(verdict)}
                for verdict in decision.verdicts
            ],
        }


def _list_rows(verdict):
    """:return: list of [id of the candidate, level, failed reasons]"""
    return [
        [
            list(each.candidate.id),
            each.level,
            [[reason.code, reason.detail] for reason in each.reasons if not reason.met],
        ]
        for each in verdict.judgements
    ]


def get_top(partner):
    """:return: res.partner at the top of his tree"""
    while partner.parent_id:
        partner = partner.parent_id
    return partner


def get_covers(agreement):
    """:return: dict of sets of ids by level, as tools.coverage.Candidate wants it"""
    if agreement.site_ids or agreement.system_ids:
        return {
            "site": frozenset(agreement.site_ids.ids),
            "system": frozenset(agreement.system_ids.ids),
        }
    company, partner = agreement.commercial_partner_id, agreement.partner_id
    covers = {"company": frozenset(company.ids)}
    if partner != company:
        covers["contact"] = frozenset(partner.ids)
    return covers


def get_site(partner):
    """:return: res.partner where somebody is to be found: his own address, or the one
    of whom he belongs to
    """
    while partner.type == "contact" and partner.parent_id and not partner.is_company:
        partner = partner.parent_id
    return partner
