"""What the calls of customers tell: how many, what was on us, and who would have paid.

    evidence = Evidence(company, customers)
    evidence.get_values(customer)       # plain, to be kept
    evidence.find_tier(customer)        # which one to offer

Read and decided once for all of these customers, as superuser, by the engine that
decides who pays for work: nothing is written.
"""

from collections import defaultdict
from functools import cached_property

from odoo.fields import Domain

from ..tools.evidence import find_enough
from .service_agreement_tier_replay_work import NEEDED
from .service_book import DAY
from .service_replay import SoldTier, TierReplay


class Evidence:
    """
    :param res.company company: that serves
    :param res.partner customers: commercial entities
    """

    def __init__(self, company, customers):
        self.company = company.sudo()
        self.env = self.company.env
        self.customers = customers.with_env(self.env)
        self.since = self.company._get_leaked_since()
        self.until = self.company._service_today()
        self._covered = {}

    @cached_property
    def work(self):
        """account.analytic.line of the last 12 months that a customer called for"""
        called = Domain("service_work_type_id", "=", False) | Domain(
            "service_work_type_id.is_preventive", "=", False
        )
        domain = (
            Domain("company_id", "=", self.company.id)
            & Domain("is_service_work", "=", True)
            & Domain("date", ">", self.since)
            & Domain("date", "<=", self.until)
            & Domain("unit_amount", ">", 0)
            & Domain("partner_id.commercial_partner_id", "in", self.customers.ids)
            & called
        )
        lines = self.env["account.analytic.line"]
        return lines.search_fetch(domain, NEEDED, order="id")

    @cached_property
    def calls(self):
        """dict of lists of account.analytic.line by call, by customer"""
        found = {customer: defaultdict(list) for customer in self.customers}
        for line in self.work:
            customer = line.partner_id.commercial_partner_id
            found[customer][line.task_id or line].append(line)
        return found

    @cached_property
    def tiers(self):
        """service.agreement.tier that are sold, the lowest first"""
        tiers = self.env["service.agreement.tier"]
        return tiers.search([("company_id", "in", (False, self.company.id))]).sorted(
            lambda tier: (tier.rank, tier.id)
        )

    def count_covered(self, tier):
        """:return: dict of how many calls a tier would have paid for, all of each, by
        customer
        """
        if tier not in self._covered:
            paid = self._list_paid(tier) if self.work else set()
            self._covered[tier] = {
                customer: sum(
                    all(line.id in paid for line in lines) for lines in calls.values()
                )
                for customer, calls in self.calls.items()
            }
        return self._covered[tier]

    def _list_paid(self, tier):
        """:return: set of ids of the lines that a tier would have paid for"""
        sold = SoldTier(self.company, tier)
        holders = {sold.get_customer(each): self.since + DAY for each in self.customers}
        partners = self.customers.browse([each.id for each in holders])
        book = TierReplay(self.company, partners, sold, holders, self.until)
        facts = self.work._get_service_facts(book)
        return {
            decision.facts.id
            for decision in book.decide(facts, redecided=self.work)
            if book.get_verdict(book.price(decision)) == "covered"
        }

    def find_tier(self, customer):
        """:return: service.agreement.tier, the lowest that would have covered nearly as
        much as any; empty: none would have covered a call
        """
        counts = [self.count_covered(tier)[customer] for tier in self.tiers]
        found = find_enough(counts)
        return self.tiers.browse() if found is None else self.tiers[found]

    @cached_property
    def free(self):
        """dict of (worth of what the customer did not pay, of it not answered yet), by
        customer
        """
        parts = self.env["service.agreement.allowance.draw"]
        groups = parts._read_group(
            parts._get_free_domain(self.company)
            & Domain("partner_id", "in", self.customers.ids),
            ["partner_id", "answer"],
            ["worth:sum"],
        )
        found = defaultdict(lambda: (0.0, 0.0))
        for customer, answer, worth in groups:
            total, unanswered = found[customer]
            found[customer] = (total + worth, unanswered + (0.0 if answer else worth))
        return found

    def get_values(self, customer):
        """:return: dict of calls, free, unanswered and covered (calls by id of the
        tier, as JSON has it); None: there is nothing to tell
        """
        calls = len(self.calls[customer])
        free, unanswered = self.free[customer]
        if not calls and not free:
            return None
        covered = {
            str(tier.id): self.count_covered(tier)[customer] for tier in self.tiers
        }
        return {
            "calls": calls,
            "free": free,
            "unanswered": unanswered,
            "covered": covered,
        }
