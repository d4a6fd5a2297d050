"""Books that are read again: who would have paid, had it been otherwise.

    book = TierReplay(company, customers, SoldTier(company, tier), starts, until)
    book = InForceReplay(company, customers)            # as it was
    for decision in book.decide(facts, redecided=lines):
        book.price(decision)

They decide as ``ServiceBook`` does, by the same engine; what they decide is not stored.
"""

from collections import defaultdict
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from functools import cached_property

from odoo.fields import Domain

from ..tools.coverage import Candidate
from ..tools.ledger import Ledger
from ..tools.rates import RateBook, Terms
from ..tools.tier_price import Blocks
from .service_agreement_sla_calendar import canonical_json
from .service_book import DAY, ServiceBook, get_companies, get_top

# What is added up month by month: hours, and money of the company.
FIGURES = ("hours", "inside", "outside", "cost", "billed", "fee")


class SoldTier:
    """A tier of the catalogue as a company would sell it today: read once, for all.

    It stands where agreements have what they covered: what is asked of a coverage is
    the same of a tier, see ``service.agreement.covering``.

    :param res.company company: that serves
    :param tier: service.agreement.tier
    """

    def __init__(self, company, tier):
        self.company = company.sudo()
        self.tier = tier.sudo().with_company(company)
        self._hours = {}

    @cached_property
    def rates(self):
        """tools.rates.RateBook: its own rates of today, the list by the day of work"""
        env, tier = self.tier.env, self.tier
        agreed = tier.rate_ids._get_in_force(self.company._service_today())
        rates = env["service.agreement.rate"]
        listed = rates.search_fetch(
            Domain("tier_id", "=", False)
            & Domain("coverage_id", "=", False)
            & Domain("company_id", "=", self.company.id)
        )
        own = [
            replace(rate._to_rate(), owner=tier.id, start=None, end=None)
            for rate in agreed
        ]
        terms = {tier.id: Terms(Decimal(str(tier.rate_discount)))}
        return RateBook(
            [*own, *(rate._to_rate() for rate in listed)],
            terms,
            rates._get_converter(self.company),
        )

    def get_hours(self, tz):
        """:return: WorkingTime on a customer's clock; None: day and night"""
        calendar = self.tier.coverage_calendar_id
        if not calendar:
            return None
        if tz not in self._hours:
            year = self.company._service_today().year
            spec = calendar._get_service_spec(self.company, tz, year)
            parse = self.tier.env["service.agreement.sla.calendar"]._parse
            self._hours[tz] = parse(canonical_json(spec))
        return self._hours[tz]

    def get_customer(self, partner):
        """:return: res.partner who would have the agreement: the company itself, or the
        one above all others where the tier covers those below
        """
        found = partner.commercial_partner_id
        return get_top(found) if self.tier.covers_children else found


class TierReplay(ServiceBook):
    """Customers' work as if each had been on a tier since a day, and on no other.

    :param res.partner customers: see ``SoldTier.get_customer``
    :param SoldTier sold: the tier
    :param dict starts: first day by customer
    :param date until: last day
    """

    def __init__(self, company, customers, sold, starts, until):
        super().__init__(company, customers)
        self.sold, self.starts, self.until = sold, starts, until
        self.blocks = defaultdict(list)

    @cached_property
    def members(self):
        """dict of the customer by partner"""
        partners = self.env["res.partner"].with_context(active_test=False)
        names = ["parent_id", "commercial_partner_id", "is_company", "type", "tz"]
        domain = Domain("commercial_partner_id", "in", self.customers.ids)
        if self.sold.tier.covers_children:
            domain = Domain("id", "child_of", self.customers.ids)
        found = partners.search_fetch(domain, names)
        return {each.id: self.sold.get_customer(each) for each in found}

    # EXTENDS: of what was agreed nothing counts

    @cached_property
    def agreements(self):
        return {}

    @cached_property
    def _rates(self):
        return self.sold.rates

    @cached_property
    def _depends_on_role(self):
        factors = self.sold.tier.allowance_ids.job_factor_ids
        return bool(factors) or self._rates.depends_on_job

    def read_approvals(self, facts):
        """What was approved was approved of other prices."""

    def _get_paid(self, facts, redecided):
        return {}

    @cached_property
    def candidates(self):
        return {
            customer: list(self._list_of_tier(customer)) for customer in self.customers
        }

    def _list_of_tier(self, customer):
        tier = self.sold.tier
        shared = {
            "owner": customer.id,
            "start": self.starts[customer],
            "covers": {"company": frozenset(customer.ids)},
            "covers_children": tier.covers_children,
            "exclusions": frozenset(tier.covered_exclusion_ids.ids),
            "hours": self.sold.get_hours(customer.tz),
        }
        for allowance in tier.allowance_ids or [tier.allowance_ids]:
            key = (customer.id, tier.id, allowance.id or 0)
            nobody = self.env["service.agreement"]
            self.terms[key] = (nobody, tier, allowance)
            yield Candidate(key, **shared, **self._prepare_allowance(tier, allowance))

    def _read_ledgers(self, until, redecided):
        """:return: {candidate id: what there is to draw from}, nothing drawn yet"""
        found = {each.id: self._make_stock(each) for each in self._list_all()}
        return {key: stock for key, stock in found.items() if stock}

    def _make_stock(self, candidate):
        """:return: Ledger, Blocks, or None where nothing is counted"""
        allowance = self.terms[candidate.id][2]
        if candidate.kind == "included":
            return Ledger(
                candidate.id,
                allowance._get_ledger_terms(anchor=candidate.start),
                [(candidate.start, None)],
                until=self.until,
                first_day=candidate.start,
            )
        if candidate.kind != "prepaid" or not allowance.quantity:
            return None
        size = Decimal(str(allowance.quantity))
        blocks = Blocks(candidate.id, size, allowance.validity_months)
        self.blocks[candidate.owner].append((allowance, blocks))
        return blocks

    def _get_ledger(self, candidate):
        return self.ledgers.get(candidate.id)

    def list_bought(self, customer):
        """:return: list of (day, price) of the blocks that a customer had to buy"""
        return [
            (day, Decimal(str(allowance.price)))
            for allowance, blocks in self.blocks[customer.id]
            for day in blocks.bought
        ]


class InForceReplay(ServiceBook):
    """Customers' work of some days decided once more by what was in force then.

    What was settled since is open again: what was drawn for this work is taken back,
    what was drawn before stays, and so do lots that were bought or adjusted.
    """

    def is_closed(self, day):
        """Nothing was, when it was worked."""
        return False

    def _read_ledgers(self, until, redecided):
        _ = self.candidates
        allowances = self.env["service.agreement.allowance"].union(
            *(allowance for _agreement, allowance in self._list_limited())
        )
        return allowances._get_ledgers(until, redecided=redecided, settled=True)

    def get_spans(self, tier, first, last):
        """
        :param date first: of the days that are looked at
        :param date last: included
        :return: Spans on which customers had the tier
        """
        found = defaultdict(set)
        for each in self._list_all():
            agreement, coverage, _allowance = self.terms[each.id]
            start, end = _get_span(each)
            span = max(start, first), min(end or last, last)
            if coverage.tier_id == tier and span[0] <= span[1]:
                found[agreement].add(span)
        return Spans({agreement: sorted(each) for agreement, each in found.items()})


def _get_span(candidate):
    """:return: (first, last day) from which on it held, and until; last None: it does.
    Suspended it holds, too.
    """
    first, last = candidate.start, candidate.end
    for start, end in candidate.gaps:
        if start == date.min:
            first = max(first, end + DAY)
        elif end is None:
            last = min(filter(None, (last, start - DAY)))
    return first, last


class Spans:
    """On which days customers had a tier.

    :param dict by_agreement: lists of (first, last day) by service.agreement
    """

    def __init__(self, by_agreement):
        self.by_agreement = by_agreement
        self._by_customer = defaultdict(list)
        for agreement, spans in by_agreement.items():
            self._by_customer[agreement.commercial_partner_id] += spans

    def find(self, partner, day):
        """:return: res.partner who had the tier on ``day``: the company that somebody
        belongs to, or one above it; None: none of them
        """
        for company in get_companies(partner):
            if any(a <= day <= b for a, b in self._by_customer.get(company, ())):
                return company
        return None

    def count_days(self, customer):
        """:return: int, each day once, of however many agreements"""
        days = {
            first.toordinal() + number
            for first, last in self._by_customer[customer]
            for number in range((last - first).days + 1)
        }
        return len(days)


@dataclass
class Tally:
    """What is added up of a client: hours, and money of the company.

    :ivar months: that he had the tier.
    :ivar preventive: hours of visits that were made.
    :ivar without_cost: hours that nobody knows the cost of.
    :ivar visits: hours of visits that are promised and were not made.
    """

    months: float = 0.0
    preventive: float = 0.0
    without_cost: float = 0.0
    visits: float = 0.0
    worth: float = 0.0
    bought: float = 0.0
    by_month: dict = field(
        default_factory=lambda: defaultdict(lambda: dict.fromkeys(FIGURES, 0.0))
    )

    def add(self, day, **amounts):
        """Add hours or money, by the names of `FIGURES`, in the month of a day."""
        month = self.by_month[day.year, day.month]
        for name, amount in amounts.items():
            month[name] += amount

    def add_share(self, share, billed):
        """:param float billed: of a Share, in company currency"""
        quantity = float(share.part.quantity)
        self.worth += quantity * float(share.price.worth)
        amounts = {"billed": billed}
        if share.unit == "hour":
            inside = share.part.outcome == "covered"
            amounts["inside" if inside else "outside"] = quantity
        self.add(share.day, **amounts)

    def total(self, name):
        return sum(month[name] for month in self.by_month.values())

    def to_json(self):
        """:return: dict of dict of figures by "2026-03" """
        return {
            f"{year}-{month:02}": {name: round(n, 6) for name, n in figures.items()}
            for (year, month), figures in sorted(self.by_month.items())
        }
