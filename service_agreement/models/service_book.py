"""The book of some customers: their work, and all that decides who pays for it.

    book = ServiceBook(company, customers)
    book.decide(facts)    # {id: Decision}, of pieces of work done or only asked for

Plain Python over records that were read at once: the number of queries does not depend
on how much work there is. Everything is read as superuser, and nothing is written.
"""

from collections import defaultdict
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from functools import cached_property
from typing import NamedTuple

from odoo.fields import Domain
from odoo.tools import float_round

from ..tools.allowance import Lot, Stock, round_work
from ..tools.coverage import (
    INDIVISIBLE,
    Candidate,
    Place,
    Verdict,
    Work,
    decide,
    find_best,
    split_days,
)
from .instant import zone

DAY = timedelta(days=1)
# Of what is not on record yet: it comes after all that is.
NEW = 2**62


class WorkFacts(NamedTuple):
    """What is known of a piece of work, done or only asked for.

    :param id: of the timesheet line, or `NEW`
    :param hours: Decimal, as worked
    :param start: naive UTC datetime; False: not known
    :param customer: res.partner, may be empty, as all records here
    :param role: hr.job of who works
    :param job: id of the ticket, or None
    """

    id: int
    day: date
    hours: Decimal
    start: datetime | bool
    customer: object
    site: object
    system: object
    device: object
    work_type: object
    exclusion: object
    choice: object
    role: object
    job: int | None
    trips: int


@dataclass
class Decision:
    """What was decided of a piece of work.

    :ivar verdicts: list of tools.coverage.Verdict, one for each day of it
    :ivar best: Candidate that pays first, or by whose rates it is billed, or None
    """

    facts: WorkFacts
    verdicts: list[Verdict]
    best: Candidate | None
    counted: Decimal


class ServiceBook:
    """See the module.

    :param res.company company: that serves
    :param res.partner customers: theirs and of all of their trees
    """

    def __init__(self, company, customers):
        self.company = company.sudo()
        self.env = self.company.env
        self.customers = customers.sudo()

    # Who they are

    @cached_property
    def members(self):
        """dict of the top of the tree by partner"""
        Partner = self.env["res.partner"].with_context(active_test=False)
        tops = Partner.union(*(get_top(customer) for customer in self.customers))
        members = Partner.search_fetch(
            [("id", "child_of", tops.ids)],
            ["parent_id", "commercial_partner_id", "is_company", "type", "tz"],
        )
        return {member: get_top(member) for member in members}

    @cached_property
    def agreements(self):
        """dict of the agreements that were ever in force, by top of the tree"""
        companies = {partner.commercial_partner_id.id for partner in self.members}
        found = self.env["service.agreement"].search(
            Domain("company_id", "=", self.company.id)
            & Domain("commercial_partner_id", "in", list(companies))
            & Domain("activated_on", "!=", False)
            & Domain("state", "in", ("active", "suspended", "ended")),
            order="id",
        )
        return found.grouped(lambda a: self.members[a.commercial_partner_id])

    @cached_property
    def candidates(self):
        """dict of lists of Candidates by top of the tree"""
        return {
            top: [
                candidate
                for agreement in agreements
                for candidate in self._get_candidates(agreement)
            ]
            for top, agreements in self.agreements.items()
        }

    def _get_candidates(self, agreement):
        windows = get_windows(agreement)
        for coverage, outside in windows:
            allowances = coverage.allowance_ids
            shared = self._prepare_candidate(agreement, coverage, outside)
            for allowance in allowances:
                yield Candidate(
                    **shared,
                    id=(agreement.id, coverage.id, allowance.id),
                    kind=allowance.kind,
                    unit=allowance.unit,
                    sequence=allowance.sequence,
                    work_kinds=self._get_work_kinds(coverage, allowance),
                    per_hour=self._get_cost_per_hour(coverage, allowance),
                )
            if not allowances:
                yield Candidate(
                    **shared,
                    id=(agreement.id, coverage.id, 0),
                    kind="none",
                    work_kinds=self._get_work_kinds(coverage),
                )

    def _prepare_candidate(self, agreement, coverage, outside):
        return {
            "owner": agreement.id,
            "start": agreement.date_start,
            "end": agreement._get_last_day() or None,
            "gaps": (*outside, *self.suspensions[agreement]),
            "covers": get_covers(agreement),
            "covers_children": coverage.covers_children,
            "exclusions": frozenset(coverage.covered_exclusion_ids.ids),
            "hours": coverage._working_time(),
        }

    @cached_property
    def suspensions(self):
        """dict of tuples of (first, last day) by agreement"""
        found = defaultdict(tuple)
        waivers = self.env["service.agreement.waiver"].search(
            [
                ("kind", "=", "suspension"),
                ("agreement_id", "in", [a.id for g in self.agreements.values() for a in g]),
            ]
        )
        for waiver in waivers:
            found[waiver.agreement_id] += (
                (waiver.date_start, waiver.date_end or None),
            )
        return found

    def _get_work_kinds(self, coverage, allowance=None):
        """:return: frozenset of ids of the work types that are paid; None: all"""
        kinds = coverage.covered_work_type_ids
        if allowance is None:
            return frozenset(kinds.ids) if kinds else None
        own = allowance.work_type_ids
        if allowance.unit == "visits" and not own:
            own = self.on_site_types
        if own and kinds:
            return frozenset((own & kinds).ids)
        return frozenset((own or kinds).ids) if own or kinds else None

    @cached_property
    def on_site_types(self):
        types = self.env["service.agreement.work.type"].with_context(active_test=False)
        return types.search([("is_on_site", "=", True)])

    def _get_cost_per_hour(self, coverage, allowance):
        """:return: function from Work to the units that an hour of it costs"""
        if allowance.unit == "amount":
            return lambda work: self.find_price(
                work.day, coverage, work.kind, work.role
            ).price
        factors = {
            factor.job_id.id: Decimal(str(factor.factor))
            for factor in allowance.job_factor_ids
        }
        return lambda work: factors.get(work.role, Decimal(1))

    # What it costs

    @cached_property
    def rates(self):
        return self.env["service.agreement.rate"]._get_book(self.company)

    # What is decided

    def decide(self, facts, stocks=None):
        """
        :param facts: list of WorkFacts, all of the trees that is not decided for good
        :return: dict of Decision by id
        """
