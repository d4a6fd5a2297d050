"""What a replay adds up of the work of its clients."""

from itertools import takewhile

from dateutil.relativedelta import relativedelta

from odoo import models
from odoo.fields import Domain

from ..tools.charges import unbilled
from ..tools.visit_plan import year_of
from .service_agreement_visit import OPEN
from .service_book import DAY, get_companies
from .service_replay import InForceReplay, Tally, TierReplay

# Of timesheet lines: what who pays is decided by, and what they cost.
NEEDED = (
    "amount",
    "company_id",
    "date",
    "employee_id",
    "partner_id",
    "product_uom_id",
    "service_choice_id",
    "service_device_id",
    "service_exclusion_id",
    "service_start",
    "service_system_id",
    "service_trips",
    "service_work_type_id",
    "task_id",
    "unit_amount",
)


class ServiceAgreementTierReplay(models.Model):
    _inherit = "service.agreement.tier.replay"

    def _get_work_domain(self):
        """:return: Domain of the service work of these months"""
        return (
            Domain("company_id", "=", self.company_id.id)
            & Domain("is_service_work", "=", True)
            & Domain("date", ">=", self.date_start)
            & Domain("date", "<=", self.date_end)
            & Domain("unit_amount", ">=", 0)
        )

    def _read_work(self, members):
        """:return: account.analytic.line of these months
        :param members: ids of res.partner
        """
        ours = Domain("partner_id", "in", list(members))
        work = self.env["account.analytic.line"].sudo()
        return work.search_fetch(self._get_work_domain() & ours, NEEDED, order="id")

    def _find_counted(self, customer):
        """:return: account.analytic.line that the line of a customer adds up"""
        if self.mode == "in_force":
            return self._find_on_tier(customer)
        starts = {customer: self.date_start}
        sold, until = self._get_sold(), self.date_end
        book = TierReplay(self.company_id, customer, sold, starts, until)
        return self._read_work(book.members)

    def _find_on_tier(self, customer):
        """:return: account.analytic.line of the days on which he had the tier"""
        book = InForceReplay(self.company_id, customer)
        spans = book.get_spans(self.tier_id, self.date_start, self.date_end)
        return self._read_work(book.members).filtered(
            lambda work: spans.find(work.partner_id, work.date) == customer
        )

    def _decide_work(self, book, work):
        """:return: list of Decision"""
        return book.decide(work._get_service_facts(book), redecided=work)

    def _read_costs(self, work):
        """:return: dict of floats by id of account.analytic.line, in company currency;
        of hours that nobody knows the cost of: 0
        """
        return {line.id: -line.amount for line in work}

    def _count_work(self, tally, facts, cost, preventive):
        """Add what a piece of work took, and what it cost.

        :param preventive: ids of the types of work that visits are made for
        """
        hours = float(facts.hours)
        if hours and not cost:
            tally.without_cost += hours
            cost = hours * (self.hour_cost or self.average_cost)
        if facts.work_type in preventive:
            tally.preventive += hours
        tally.add(facts.day, hours=hours, cost=cost)

    def _get_preventive(self):
        """:return: set of ids of service.agreement.work.type"""
        types = self.env["service.agreement.work.type"].with_context(active_test=False)
        return set(types.search([("is_preventive", "=", True)]).ids)

    # As if they had been on the tier

    def _tally_as_if(self, lines, sold):
        """:return: dict of Tally by res.partner"""
        starts = {line.partner_id: line.date_start for line in lines}
        book = TierReplay(
            self.company_id, lines.partner_id, sold, starts, self.date_end
        )
        tallies = {customer: Tally() for customer in starts}
        work = self._read_work(book.members)
        costs, preventive = self._read_costs(work), self._get_preventive()
        free, currency = self._list_under_warranty(), self.currency_id
        for decision in self._decide_work(book, work):
            facts = decision.facts
            tally = tallies[book.members[facts.customer]]
            self._count_work(tally, facts, costs[facts.id], preventive)
            for share in book.price(decision):
                is_billed = share.part.outcome != "covered" and facts.id not in free
                tally.add_share(share, get_amount(share, currency) if is_billed else 0)
        self._add_promised(tallies, book)
        return tallies

    def _list_under_warranty(self):
        """:return: set of ids of the work of these months that was answered so: nobody
        bills it
        """
        draws = self.env["service.agreement.allowance.draw"].sudo()
        # Few of all there are: not looked for line by line. Work across midnight is
        # of two days.
        groups = draws._read_group(
            Domain("answer", "=", "warranty")
            & Domain("company_id", "=", self.company_id.id)
            & Domain("date", ">=", self.date_start - DAY)
            & Domain("date", "<=", self.date_end + DAY),
            ["line_id"],
        )
        return {line.id for (line,) in groups}

    def _add_promised(self, tallies, book):
        """What a tier owes and sells beside the work that was done."""
        places = self._count_places(book.customers)
        visits = {}
        for customer, tally in tallies.items():
            start = book.starts[customer]
            if start not in visits:
                visits[start] = self._list_visit_hours(book.sold.tier, start)
            tally.months = relativedelta(self.date_end + DAY, start).months
            tally.months += 12 * relativedelta(self.date_end + DAY, start).years
            tally.bought = sum(float(p) for _day, p in book.list_bought(customer))
            found = places.get(customer, {})
            promised = sum(
                hours * found.get(place, 1) for place, hours in visits[start]
            )
            # Those that were made are among the work.
            tally.visits = max(promised - tally.preventive, 0.0)

    def _list_visit_hours(self, tier, start):
        """:return: list of (place, hours) that the tier's visits come to since a day"""
        return [
            (plan.place, plan.planned_hours * self._count_visits(plan, start))
            for plan in tier.visit_plan_ids
        ]

    def _count_visits(self, plan, start):
        """:return: int, how many visits are due from a start to the end of the days"""
        pattern, last = plan._to_pattern(), self.date_end
        return sum(
            visit.default <= last
            for year in range(year_of(start, last) + 1)
            for visit in pattern.visits(start, year, lambda _day: True)
        )

    # As it was

    def _tally_in_force(self, lines):
        """:return: dict of Tally by res.partner"""
        first, last = self.date_start, self.date_end
        book = InForceReplay(self.company_id, lines.partner_id)
        spans = book.get_spans(self.tier_id, first, last)
        tallies = {customer: Tally() for customer in lines.partner_id}
        work = self._read_work(book.members)
        costs, preventive = self._read_costs(work), self._get_preventive()
        answers = work._get_given_answers()
        partners = self.env["res.partner"]
        for decision in self._decide_work(book, work):
            facts = decision.facts
            customer = spans.find(partners.browse(facts.customer), facts.day)
            if tally := tallies.get(customer):
                self._count_work(tally, facts, costs[facts.id], preventive)
                for share in book.price(decision):
                    tally.add_share(share, self._get_billed(facts, share, answers))
        self._add_real(tallies, spans)
        return tallies

    def _get_billed(self, facts, share, answers):
        """:return: float, in company currency, what is billed of a Share as it was
        answered
        """
        asked = (facts.id, share.unit, share.part.outcome)
        if answers.get(asked, share.answer) != "bill":
            return 0.0
        own = self.currency_id
        currency = share.agreement.currency_id or own
        amount = get_amount(share, currency)
        return currency._convert(amount, own, self.company_id, share.day)

    def _add_real(self, tallies, spans):
        """Fees, hours bought and visits owed of the agreements that were in force."""
        window = (self.date_end + DAY - self.date_start).days
        agreements = self.env["service.agreement"].union(*spans.by_agreement)
        agreements = agreements.filtered(lambda a: a.commercial_partner_id in tallies)
        fees = agreements._list_fees(spans.by_agreement)
        for agreement in agreements:
            customer = agreement.commercial_partner_id
            tally = tallies[customer]
            tally.months = spans.count_days(customer) * self.month_count / window
            for day, fee in fees[agreement]:
                tally.add(day, fee=fee)
            tally.bought += sum(agreement._list_bought(self.date_start, self.date_end))
        self._add_owed_visits(tallies, spans)

    def _add_owed_visits(self, tallies, spans):
        owed = (
            self.env["service.agreement.visit"]
            .sudo()
            ._read_group(
                Domain(
                    "agreement_id",
                    "in",
                    [agreement.id for agreement in spans.by_agreement],
                )
                & Domain("tier_id", "=", self.tier_id.id)
                & Domain("state", "in", OPEN)
                & Domain("default_date", ">=", self.date_start)
                & Domain("default_date", "<=", self.date_end),
                ["agreement_id"],
                ["planned_hours:sum"],
            )
        )
        for agreement, hours in owed:
            if tally := tallies.get(agreement.commercial_partner_id):
                tally.visits += hours

    # Systems

    def _count_places(self, customers):
        """:return: {res.partner: {"site": int, "system": int}}, at least one of each"""
        found = {}
        for customer, systems in self._get_systems(customers).items():
            sites = {system.site_id.id or 0 for system in systems}
            found[customer] = {"site": len(sites), "system": len(systems)}
        return found

    def _get_sizes(self, customers):
        """:return: {res.partner: int}, devices; a system without any counts as one"""
        systems = self._get_systems(customers)
        every = self.env["service.agreement.system"].union(*systems.values())
        devices = dict(
            self.env["service.agreement.device"]
            .sudo()
            ._read_group([("system_id", "in", every.ids)], ["system_id"], ["__count"])
        )
        return {
            customer: sum(devices.get(system, 1) for system in found)
            for customer, found in systems.items()
        }

    def _get_systems(self, customers):
        """:return: {res.partner: service.agreement.system}, also those of companies
        below, where the tier covers them
        """
        operator = "child_of" if self.tier_id.covers_children else "in"
        found = (
            self.env["service.agreement.system"]
            .sudo()
            .search_fetch(
                Domain("company_id", "=", self.company_id.id)
                & Domain("commercial_partner_id", operator, customers.ids),
                ["commercial_partner_id", "site_id"],
            )
        )
        owners = self._get_owners(found.commercial_partner_id, customers)
        return found.grouped(lambda s: owners[s.commercial_partner_id])

    def _get_owners(self, companies, customers):
        """:return: {res.partner: res.partner}, the nearest with a line of his own"""
        above = {company: get_companies(company) for company in companies}
        lines = self.env["service.agreement.tier.replay.line"].search_fetch(
            Domain("replay_id", "=", self.id)
            & Domain("partner_id", "in", companies.union(*above.values()).ids),
            ["partner_id"],
        )
        known = lines.partner_id | customers
        return {
            company: next((each for each in found if each in known), company)
            for company, found in above.items()
        }


class AccountAnalyticLine(models.Model):
    _inherit = "account.analytic.line"

    def _get_given_answers(self):
        """:return: dict of answers by (line id, unit, outcome), of what is not covered;
        False: nobody has said so yet
        """
        draws = self.env["service.agreement.allowance.draw"].sudo()
        found = draws.search_fetch(
            [("line_id", "in", self.ids), ("outcome", "!=", "covered")],
            ["line_id", "unit", "outcome", "answer"],
        )
        return {
            (draw.line_id.id, draw.unit, draw.outcome): draw.answer for draw in found
        }


class ServiceAgreement(models.Model):
    _inherit = "service.agreement"

    def _list_fees(self, spans):
        """What recurring charges come to, worked out anew, not read of invoices.

        :param dict spans: lists of (first, last day) by agreement, in order
        :return: {agreement: list of (day, float in company currency)}, the days in
            different months
        """
        lines = self.line_ids.filtered(
            lambda line: line.charge == "recurring" and line._is_billable()
        )
        # Together: one after the other below, they would be queried so.
        lines.mapped("tax_ids")
        waivers = self._get_waivers(lines)
        fees = {agreement: [] for agreement in self}
        for line in lines:
            mine = spans[line.agreement_id]
            for piece in line._list_pieces(waivers[line], mine[-1][1]):
                fees[line.agreement_id] += line._share_by_month(piece, mine)
        return fees

    def _list_bought(self, first, last):
        """:return: list of float, in company currency, of the hours that were bought in
        advance between two days
        """
        self.ensure_one()
        lots = self.allowance_lot_ids.filtered(
            lambda lot: lot.kind == "bought" and first <= lot.date_start <= last
        )
        return [
            self.currency_id._convert(
                line.price_subtotal,
                self.company_id.currency_id,
                self.company_id,
                line.date_start or first,
            )
            for line in lots.agreement_line_id
        ]


class ServiceAgreementLine(models.Model):
    _inherit = "service.agreement.line"

    def _list_pieces(self, waivers, last):
        """:return: list of tools.charges.Piece that start by ``last``, as if nothing of
        it were billed
        """
        self.ensure_one()
        nothing = dict.fromkeys(("settled_until", "bill_from", "adjust_on"), False)
        charge = self._to_charge([], waivers, **nothing)
        return list(takewhile(lambda p: p.part.start <= last, unbilled(charge)))

    def _share_by_month(self, piece, spans):
        """Yield (day, float in company currency) of the days of a piece in ``spans``,
        month by month; together they are its amount where all of it is
        """
        self.ensure_one()
        company = self.company_id
        amount = self.currency_id._convert(
            self._get_untaxed_amount(piece), company.currency_id, company, piece.due
        )
        for first, last in spans:
            day, end = max(piece.part.start, first), min(piece.part.last_day, last)
            while day <= end:
                month_end = min(end, day + relativedelta(day=31))
                yield day, amount * ((month_end - day).days + 1) / piece.part.days
                day = month_end + DAY


def get_amount(share, currency):
    """:return: float, what a Share costs, in its currency: as a draw has it"""
    return currency.round(float(share.part.quantity * share.price.price))
