"""The book of some customers: their agreements, and who pays for their work.

    book = ServiceBook(company, customers)
    lines = book.search_open(since=day)     # what is decided again
    decisions = book.decide([facts, …], redecided=lines)
    lots = book.store()                     # or not, where it was only a question
    book.price(decisions[0])                # list of Shares: who pays what

Plain Python over records that are read at once: the number of queries does not depend
on how much work there is. Everything is read as superuser, and only ``store`` writes.
"""

from collections import defaultdict
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from functools import cached_property
from typing import NamedTuple
from zoneinfo import ZoneInfo

from odoo.fields import Domain
from odoo.tools import SQL

from ..tools.allowance import round_work
from ..tools.approval import find_approval
from ..tools.coverage import (
    INDIVISIBLE,
    Candidate,
    Part,
    Place,
    Verdict,
    Work,
    decide,
    rank,
    split_days,
    survey,
)
from .instant import zone
from .reading import read_together
from .service_agreement_sla_calendar import canonical_json

DAY = timedelta(days=1)
ONE = Decimal(1)
# Of work that is not on record yet: it comes after all that is.
NEW = 2**62
NOTHING = frozenset()


@dataclass(frozen=True)
class WorkFacts:
    """What is known of a piece of work; of records their ids, None where not known.

    :ivar id: of the timesheet line, or `NEW`.
    :ivar hours: as worked.
    :ivar start: naive UTC.
    :ivar customer: as chosen, a person perhaps; who he belongs to is in `place`.
    :ivar tz: name of the time zone whose midnight counts.
    :ivar exclusions: all that were noted, or follow from the device.
    :ivar flags: what of the device is to be told: "warranty", "defect".
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
    flags: tuple = ()
    choice: int | None = None
    role: int | None = None
    job: int | None = None
    trips: int = 0
    is_late: bool = False

    @property
    def last_day(self):
        """The day on which it was done; other than `day` if that was at night."""
        if not self.start:
            return self.day
        worked = timedelta(hours=float(self.hours))
        return max(self.day, get_local_day(self.start + worked, self.tz))

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
class OfficeHours:
    """The hours of the company of a book, read only once somebody asks for them."""

    book: object

    def openings(self, start, end):
        """:return: pairs of instants; where the company has no hours it is open"""
        hours = self.book.office_hours
        return hours.openings(start, end) if hours else [(start, end)]


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
    :param approval: tools.approval.Approval, by which the customer pays; None: he was
        not asked, or did not want it
    """

    day: date
    unit: str
    part: Part
    agreement: object
    allowance: object
    price: object
    reason: str | bool
    approval: object = None

    @property
    def answer(self):
        """What becomes of it before anybody says so; False: he must."""
        if self.part.outcome == "covered":
            return "covered"
        if self.approval:
            return "bill"
        asks = self.part.outcome == "uncovered" or self.allowance.when_used_up == "ask"
        return False if asks else "bill"


class ServiceBook:
    """See the module.

    :param res.company company: that serves
    :param res.partner customers: theirs and of all of their trees
    """

    def __init__(self, company, customers):
        self.company = company.sudo()
        self.env = self.company.env
        self.customers = customers.with_env(self.env)
        # Of the candidates, and of each of their allowances that has lots.
        self.terms, self.ledgers = {}, {}
        self._roles = {}
        self.approvals = {}

    @cached_property
    def hour(self):
        """uom.uom in which work counts"""
        found = self.env["ir.model.data"]._xmlid_to_res_id("uom.product_uom_hour", True)
        return self.env["uom.uom"].browse(found)

    # Who they are

    @cached_property
    def members(self):
        """dict of the top of his tree by partner, of all in those trees"""
        partners = self.env["res.partner"].with_context(active_test=False)
        tops = partners.union(*(get_top(each) for each in self.customers))
        names = ["parent_id", "commercial_partner_id", "is_company", "type", "tz"]
        below = SQL(
            """
            (
                WITH RECURSIVE tree AS (
                    SELECT id FROM res_partner WHERE id IN %s
                     UNION
                    SELECT child.id
                      FROM res_partner AS child
                      JOIN tree ON child.parent_id = tree.id
                )
                SELECT id FROM tree
            )
            """,
            tops._ids or (0,),
            to_flush=partners._fields["parent_id"],
        )
        members = partners.search_fetch([("id", "in", below)], names)
        return {member.id: get_top(member) for member in members}

    @cached_property
    def agreements(self):
        """dict of the agreements that ever came into force, by top of the tree"""
        found = self.env["service.agreement"].search_fetch(
            Domain("company_id", "=", self.company.id)
            & Domain("commercial_partner_id", "in", list(self.members))
            & Domain("activated_on", "!=", False)
            & Domain("state", "in", ("active", "suspended", "ended")),
            order="id",
        )
        _read_together(found)
        return found.grouped(lambda a: self.members[a.commercial_partner_id.id])

    @cached_property
    def suspensions(self):
        """dict of tuples of (first, last day) by agreement"""
        agreements = self.env["service.agreement"].union(*self.agreements.values())
        found = defaultdict(tuple)
        for waiver in agreements.waiver_ids:
            if waiver.kind != "suspension":
                continue
            found[waiver.agreement_id] += (
                (waiver.date_start, waiver.date_end or None),
            )
        return found

    # Their work

    def get_role(self, line):
        """:return: id of the job position that who did a line had on its day; None: he
        had none, or it makes no difference
        """
        if not self._depends_on_role:
            return None
        key = employee, day = line.employee_id, line.date
        if key not in self._roles:
            version = employee and employee._get_version(day)
            self._roles[key] = (version and version.job_id.id) or None
        return self._roles[key]

    @cached_property
    def _depends_on_role(self):
        """bool: whether some work costs more because of who does it"""
        agreements = self.env["service.agreement"].union(*self.agreements.values())
        factors = agreements.coverage_ids.allowance_ids.job_factor_ids
        return bool(factors) or self._rates.depends_on_job

    def search_open(self, lines, since=None):
        """
        :param lines: account.analytic.line that are to be decided in any case
        :param date since: what was done before is not touched by what changed; None:
            it may be
        :return: those and all others of the trees that are not decided for good
        """
        ours = Domain("partner_id", "in", list(self.members))
        if since:
            # What came in too late gets what is left by all the others.
            closed = Domain("date", "<=", self.company.service_closed_until or date.min)
            ours &= closed | Domain("date", ">=", since)
        open_lines = lines._get_open_domain(self.company)
        return lines.search_fetch(open_lines & (ours | Domain("id", "in", lines.ids)))

    def is_closed(self, day):
        """Whether the month of a day is settled."""
        closed = self.company.service_closed_until
        return bool(closed) and day <= closed

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
        held = agreement._get_held_coverages()
        coverages = held.sorted(lambda each: each.date_start or date.min)
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
            "hours": coverage._working_time(),
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
        """:return: frozenset of ids of the work types that are paid, with None: also
        work of no known type; None: all
        """
        own = frozenset(allowance.work_type_ids.ids)
        if not own and allowance.unit in INDIVISIBLE:
            own = frozenset(self._usual_kinds[allowance.unit])
        covered = frozenset(coverage.covered_work_type_ids.ids)
        return own & covered if own and covered else own or covered or None

    @cached_property
    def _usual_kinds(self):
        """dict of sets of ids of work types by unit, where nobody says what it is for:
        help by phone uses up no visit, and what we planned ourselves is no fault"""
        types = self.env["service.agreement.work.type"].with_context(active_test=False)
        types = types.search_fetch([])
        faults = types.filtered(lambda kind: not kind.is_preventive)
        return {
            "visits": set(types.filtered("is_on_site").ids),
            "incidents": {None, *faults.ids},
        }

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

    def _read_ledgers(self, until, redecided):
        """:return: {service.agreement.allowance: tools.ledger.Ledger} to draw from"""
        _ = self.candidates
        allowances = self.env["service.agreement.allowance"].union(
            *(allowance for _agreement, allowance in self._list_limited())
        )
        return allowances._get_ledgers(until, redecided=redecided)

    def _list_limited(self):
        """:return: list of (agreement, allowance) of those that have lots"""
        return [
            (agreement, allowance)
            for agreement, _coverage, allowance in self.terms.values()
            if allowance.kind in ("included", "prepaid")
        ]

    def _get_paid(self, facts, redecided):
        """:return: lots by (candidate id, tools.coverage.get_job), of the visits and
        incidents that other work, which stays as it is, has paid for
        """
        jobs = {each.job for each in facts if each.job}
        if not any(each.unit in INDIVISIBLE for each in self._list_all()) or not jobs:
            return {}
        draws = self.env["service.agreement.allowance.draw"].search_fetch(
            Domain("task_id", "in", list(jobs))
            & Domain("lot_id.unit", "in", INDIVISIBLE)
            & Domain("line_id", "not in", redecided.ids)
        )
        return dict(draw._get_paid_job() for draw in draws)

    def _list_all(self):
        return [each for found in self.candidates.values() for each in found]

    def store(self):
        """Write what was drawn, granted and forfeited.

        :return: dict of service.agreement.allowance.lot by key
        """
        if not self.ledgers:
            return {}
        self._touch({agreement.id for agreement, _allowance in self._list_limited()})
        allowances = self.env["service.agreement.allowance"]
        return allowances._store_ledgers(self.ledgers, self.company._service_today())

    def _touch(self, agreement_ids):
        """Keep anybody else from drawing at the same instant: who comes second is told
        so by the database, and Odoo has him try again (SEMANTICS §6)."""
        self.env.cr.execute(
            SQL(
                "WITH touched AS (SELECT id FROM service_agreement"
                " WHERE id = ANY(%s) ORDER BY id FOR NO KEY UPDATE)"
                " UPDATE service_agreement agreement"
                " SET write_date = agreement.write_date FROM touched"
                " WHERE touched.id = agreement.id",
                sorted(agreement_ids),
            ),
            # It is tried again, and nobody needs to hear of it.
            log_exceptions=False,
        )

    # What is decided

    def decide(self, facts, redecided):
        """
        :param facts: list of WorkFacts
        :param redecided: account.analytic.line, what was drawn for them is taken back
        :return: list of Decision, in any order
        """
        self.read_approvals(facts)
        days = [each.last_day for each in facts]
        until = max([*days, self.company._service_today()])
        self.ledgers = self._read_ledgers(until, redecided)
        paid = self._get_paid(facts, redecided)
        by_top = defaultdict(list)
        for each in facts:
            by_top[self.members.get(each.customer)].append(each)
        return [
            decision
            for top, group in by_top.items()
            for decision in self._decide_tree(group, self.candidates.get(top, []), paid)
        ]

    def _decide_tree(self, facts, candidates, paid):
        surveys = {}
        works = [
            work for each in facts for work in self._count(each, candidates, surveys)
        ]
        ledgers = {each.id: self._get_ledger(each) for each in candidates}
        decided = decide(
            works,
            candidates,
            stocks={key: ledger for key, ledger in ledgers.items() if ledger},
            office=OfficeHours(self),
            paid=paid,
            surveys=surveys,
        )
        verdicts, known = defaultdict(list), {each.id: each for each in candidates}
        for verdict in decided:
            verdicts[verdict.work.id].append(verdict)
        return [
            Decision(each, verdicts[each.id], known.get(verdicts[each.id][0].best))
            for each in facts
        ]

    def _get_ledger(self, candidate):
        """:return: tools.ledger.Ledger, None where nothing is counted"""
        return self.ledgers.get(self.terms[candidate.id][2])

    def _count(self, facts, candidates, surveys):
        """
        :param dict surveys: tools.coverage.Survey by (id, day), that of the first day
            is added
        :return: list of Work, one for each day, rounded as agreed with who pays
        """
        raw = facts.to_work()
        days = split_days(raw, facts.tz)
        first = days[0]
        surveys[first.id, first.day] = found = survey(first, candidates)
        price = self._find_price(first, found.best and self.terms[found.best.id][1])
        counted = round_work(facts.hours, price.minimum, price.step)
        if counted == raw.quantity:
            return days
        return split_days(replace(raw, quantity=counted), facts.tz)

    @cached_property
    def office_hours(self):
        """WorkingTime of the company, by which its list tells after hours; None where
        it has no hours that anybody can count in"""
        calendar = self.company.resource_calendar_id
        if not calendar or calendar._why_no_service_hours():
            return None
        year = self.company._service_today().year
        spec = calendar._get_service_spec(self.company, None, year)
        return self.env["service.agreement.sla.calendar"]._parse(canonical_json(spec))

    # What is known of devices

    @cached_property
    def _flagged(self):
        """dict of ids of service.agreement.exclusion by flag"""
        exclusions = self.env["service.agreement.exclusion"].with_context(
            active_test=False
        )
        found = exclusions.search(
            ["|", ("is_warranty", "=", True), ("is_known_defect", "=", True)]
        )
        return {
            "warranty": found.filtered("is_warranty").ids,
            "defect": found.filtered("is_known_defect").ids,
        }

    def get_flags(self, device, day):
        """:return: tuple of what of a device on a day speaks against covering it"""
        if not device:
            return ()
        flags = []
        if device.warranty_until and day <= device.warranty_until:
            flags.append("warranty")
        repaired = device.defect_until and device.defect_until <= day
        if device.known_defect and not repaired:
            flags.append("defect")
        return tuple(flags)

    def get_exclusions(self, noted, flags):
        """:return: frozenset of ids: what somebody noted, and what the flags mean"""
        if not noted and not flags:
            return NOTHING
        return frozenset([*noted.ids, *(i for f in flags for i in self._flagged[f])])

    # What it costs

    @cached_property
    def _rates(self):
        agreements = self.env["service.agreement"].union(*self.agreements.values())
        rates = self.env["service.agreement.rate"]
        return rates._get_book(self.company, agreements.coverage_ids)

    def read_approvals(self, facts):
        """Know what the customers answered on the tickets of ``facts``; one query for
        those that are not known yet.
        """
        jobs = {each.job for each in facts if each.job} - self.approvals.keys()
        if jobs:
            approvals = self.env["service.agreement.approval"]
            self.approvals.update(approvals._get_by_job(jobs))

    def _find_approval(self, work, coverage, kind="hour"):
        """:return: tools.approval.Approval that goes for this work, or None"""
        answers = self.approvals.get(work.job)
        if not answers:
            return None
        agreed = coverage and coverage.agreement_id.currency_id
        currency = agreed or self.company.currency_id
        return find_approval(answers, work.day, kind, work.kind, currency.id)

    def _find_price(self, work, coverage, kind="hour", after_hours=False):
        """:return: tools.rates.Price; what the customer approved goes first"""
        price = self._rates.find(
            work.day,
            kind,
            work.kind,
            work.role,
            (coverage and coverage.id) or None,
            after_hours,
        )
        approval = self._find_approval(work, coverage, kind)
        return approval.apply(price, kind, after_hours) if approval else price

    def get_prices(self, decision):
        """What an hour and a trip of such work cost where nothing covers them.

        :return: dict of tools.rates.Price: hour, after_hours, trip
        """
        _agreement, coverage, _allowance = self._get_terms(
            decision.best and decision.best.id
        )
        work = decision.verdicts[0].work
        return {
            "hour": self._find_price(work, coverage),
            "after_hours": self._find_price(work, coverage, after_hours=True),
            "trip": self._find_price(work, coverage, "trip"),
        }

    def get_currency(self, agreement):
        return agreement.currency_id or self.company.currency_id

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
            self._find_approval(work, coverage, unit),
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
        """:return: dict of plain values, of which ``ServiceWords`` makes sentences"""
        flags = list(decision.facts.flags)
        if decision.facts.choice:
            chosen = decision.best and decision.best.owner == decision.facts.choice
            flags.append("chosen" if chosen else "choice_idle")
        return {
            "flags": flags,
            "days": [
                {
                    "day": str(verdict.work.day),
                    "place": _to_plain(decision.facts.place),
                    "rows": [
                        _to_row(judgement, decision.facts.tz, verdict.work)
                        for judgement in _list_judgements(verdict)
                    ],
                }
                for verdict in decision.verdicts
            ],
        }

    @staticmethod
    def get_verdict(shares):
        """:return: "covered", "partly", "uncovered"; False: there is nothing to pay"""
        outcomes = {share.part.outcome for share in shares}
        if outcomes <= {"covered"}:
            return bool(outcomes) and "covered"
        return "partly" if "covered" in outcomes else "uncovered"


def _list_judgements(verdict):
    """:return: list of Judgement, best first: of an agreement those of what is in force
    on the day, or else one
    """
    by_owner = defaultdict(list)
    for each in sorted(verdict.judgements, key=lambda each: (not each.won, rank(each))):
        by_owner[each.candidate.owner].append(each)
    return [
        judgement
        for found in by_owner.values()
        for judgement in [each for each in found if each.in_force] or found[-1:]
    ]


def _to_row(judgement, tz, work):
    """:return: dict of plain values"""
    agreement, coverage, allowance = judgement.candidate.id
    failed = [
        [reason.code, reason.detail] for reason in judgement.reasons if not reason.met
    ]
    for reason in failed:
        if reason[0] == "hours":
            reason[1] = _get_closed(judgement.candidate.hours, tz, work.start)
    return {
        "agreement": agreement,
        "coverage": coverage,
        "allowance": allowance,
        "won": judgement.won,
        "level": judgement.level,
        "failed": failed,
    }


def _get_closed(hours, tz, start):
    """:return: what is closed then: the "weekday", the "date", or the "hour" """
    midnight = start.astimezone(ZoneInfo(tz)).replace(hour=0, minute=0, second=0)

    def is_open_on(days):
        first = midnight + days * DAY
        return any(True for _opening in hours.openings(first, first + DAY))

    if is_open_on(0):
        return "hour"
    return "date" if is_open_on(7) or is_open_on(-7) else "weekday"


def _to_plain(place):
    """:return: dict of what is known of a Place"""
    known = {name: getattr(place, name) for name in ("system", "site", "company")}
    return {name: value for name, value in known.items() if value}


def _read_together(agreements):
    """Read all that candidates are made of: one by one it would be queried so.

    :param agreements: that are read themselves
    """
    allowance = {"work_type_ids": {}, "job_factor_ids": {}}
    coverage = {
        "allowance_ids": allowance,
        "covered_work_type_ids": {},
        "covered_exclusion_ids": {},
        "sla_calendar_id": {},
    }
    tree = {
        "coverage_ids": coverage,
        "site_ids": {},
        "system_ids": {},
        "waiver_ids": {},
        "tier_id": {},
        "replaces_id": {},
        "replaced_by_ids": {},
    }
    read_together((agreements, tree))


def get_top(partner):
    """:return: res.partner at the top of his tree"""
    while partner.parent_id:
        partner = partner.parent_id
    return partner


def get_companies(partner):
    """:return: res.partner, the company that he belongs to and those above it"""
    found = company = partner.commercial_partner_id
    while company := company.parent_id.commercial_partner_id:
        found += company
    return found


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


def get_place(partner, system, device, company, site=None):
    """
    :param site: res.partner, where that is known
    :return: (tools.coverage.Place, name of the time zone of its clock)"""
    customer = partner or system.partner_id
    site = site or get_site(system.site_id or system.partner_id or customer)
    companies = get_companies(customer)
    own = companies[:1]
    place = Place(
        device=device.id or None,
        system=system.id or None,
        site=site.id or None,
        contact=customer.id or None,
        company=own.id or None,
        parents=tuple(companies[1:].ids),
    )
    tz = zone(site.tz, customer.tz, own.tz, company._service_tz().key)
    return place, tz.key


def get_local_day(instant, tz):
    """:return: date that a naive UTC datetime falls on there"""
    return instant.replace(tzinfo=timezone.utc).astimezone(ZoneInfo(tz)).date()
