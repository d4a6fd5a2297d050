"""Who would pay for work that is only asked for.

preview = ServicePreview(company, customers)
preview.decide_each(facts)     # each by itself, as if it came next
preview.decide_together(facts)  # what one is about to write down
"""

from copy import deepcopy
from functools import cached_property
from typing import NamedTuple

from .coverage_words import Payment
from .service_book import Decision, ServiceBook


class Previewed(NamedTuple):
    """:ivar Decision decision: see service_book
    :ivar list payments: Payments, hours before trips
    :ivar dict stocks: what is left then, tools.ledger.Ledger by id of the candidate
    """

    decision: Decision
    payments: list
    stocks: dict


class ServicePreview(ServiceBook):
    """A book in which nothing is touched, and nothing written.

    :param redecided: account.analytic.line that are about to be changed: what they
        take counts as left
    """

    def __init__(self, company, customers, redecided=None):
        super().__init__(company, customers)
        self.redecided = redecided
        self.stocks = {}

    def decide_each(self, facts):
        """
        :param facts: iterable of WorkFacts; none takes anything from another
        :return: list of Previewed, in the same order
        """
        return [self.decide_together([each])[0] for each in facts]

    def decide_together(self, facts):
        """
        :param list facts: of WorkFacts, decided in the order of their days
        :return: list of Previewed, in the same order
        """
        self.stocks = {}
        decisions = {each.facts: each for each in self.decide(facts)}
        return [
            Previewed(
                decisions[each], self._list_payments(decisions[each]), self.stocks
            )
            for each in facts
        ]

    def get_price(self, previewed, kind):
        """:return: tools.rates.Price of an hour or a trip that is not covered"""
        decision = previewed.decision
        terms = self.terms.get(decision.best and decision.best.id)
        work = decision.verdicts[0].work
        return self._find_price(work, terms and terms[1], kind)

    def get_currency(self, agreement):
        return agreement.currency_id or self.company.currency_id

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

    # EXTENDS ServiceBook

    def touch(self):
        """Nobody waits for who only asks."""

    def _get_stocks(self, top, until):
        allowances = {
            candidate.id: self.terms[candidate.id][2]
            for candidate in self.candidates.get(top, ())
        }
        ledgers = deepcopy(
            {
                id_: self._ledgers[allowance]
                for id_, allowance in allowances.items()
                if allowance in self._ledgers
            }
        )
        self.stocks.update(ledgers)
        return ledgers

    @cached_property
    def _ledgers(self):
        """dict of tools.ledger.Ledger by allowance, of all the trees"""
        allowances = self.env["service.agreement.allowance"].union(
            *(terms[2] for terms in self.terms.values())
        )
        return allowances._get_ledgers(self.company._service_today(), self.redecided)
