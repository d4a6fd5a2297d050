"""Who would pay for work that is only asked for.

preview = ServicePreview(company, customers)
preview.decide_each(facts)      # each by itself, as if it came next
preview.decide_together(facts)  # what one is about to write down
"""

from copy import deepcopy
from typing import NamedTuple

from .coverage_words import Payment
from .service_book import Decision, ServiceBook


class Previewed(NamedTuple):
    """:ivar Decision decision: see service_book
    :ivar list payments: Payments, hours before trips
    :ivar dict ledgers: what is left then, tools.ledger.Ledger by allowance
    """

    decision: Decision
    payments: list
    ledgers: dict


class ServicePreview(ServiceBook):
    """A book in which nothing is touched, and nothing written."""

    def __init__(self, company, customers):
        super().__init__(company, customers)
        self._on_record = None
        self._paid = None
        self._tops = ()

    def decide_each(self, facts):
        """
        :param list facts: of WorkFacts; none takes anything from another
        :return: list of Previewed, in the same order
        """
        nothing = self.env["account.analytic.line"]
        self.read_approvals(facts)
        self._paid = None
        self._paid = self._get_paid(facts, nothing)
        return [self.decide_together([each], nothing)[0] for each in facts]

    def decide_together(self, facts, redecided):
        """
        :param list facts: of WorkFacts, decided in the order of their days
        :param redecided: account.analytic.line that are among them, or are about to be
            changed: what they took counts as left
        :return: list of Previewed, in the same order
        """
        self._tops = {self.members.get(each.customer) for each in facts}
        by_id = {each.facts.id: each for each in self.decide(facts, redecided)}
        decisions = [by_id[each.id] for each in facts]
        return [
            Previewed(each, self._list_payments(each), self.ledgers)
            for each in decisions
        ]

    def get_price(self, previewed, kind):
        """:return: tools.rates.Price of an hour or a trip that is not covered"""
        best = previewed.decision.best
        _agreement, coverage, _allowance = self._get_terms(best and best.id)
        work = previewed.decision.verdicts[0].work
        return self._find_price(work, coverage, kind)

    def get_best(self, previewed):
        """:return: (agreement, coverage, allowance) of who would pay, or by whose rates
        it is billed; all empty where there is none
        """
        best = previewed.decision.best
        return self._get_terms(best and best.id)

    def _list_payments(self, decision):
        line = self.env["account.analytic.line"].new()
        return [
            Payment(
                share.part.outcome,
                share.unit,
                share.part.quantity,
                share.agreement,
                share.allowance,
                share.price.price,
                self.get_currency(share.agreement),
                share.reason,
                line._get_own_answer(share),
            )
            for share in self.price(decision)
        ]

    def read_at_once(self):
        """What all the trees agreed on, in as many queries as what one of them did."""
        agreements = self.env["service.agreement"].union(*self.agreements.values())
        coverages = agreements.coverage_ids
        allowances = coverages.allowance_ids
        for records, names in (
            (agreements, ["site_ids", "system_ids", "waiver_ids"]),
            (coverages, ["covered_work_type_ids", "covered_exclusion_ids"]),
            (allowances, ["kind", "work_type_ids", "job_factor_ids"]),
        ):
            for name in names:
                records.mapped(name)

    # EXTENDS ServiceBook

    def _get_paid(self, facts, redecided):
        if self._paid is None:
            return super()._get_paid(facts, redecided)
        return self._paid

    def _read_ledgers(self, until, redecided):
        """Read once what there is; each time it is drawn from a copy of it."""
        if self._on_record is None:
            self._on_record = super()._read_ledgers(until, redecided)
        asked = [
            self.terms[candidate.id][2]
            for top in self._tops
            for candidate in self.candidates.get(top, ())
        ]
        counted = [allowance for allowance in asked if allowance in self._on_record]
        copies = deepcopy([self._on_record[allowance] for allowance in counted])
        return dict(zip(counted, copies, strict=True))
