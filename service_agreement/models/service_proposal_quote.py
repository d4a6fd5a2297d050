"""What a client may choose on a proposal, and what it costs him.

How to use::

    menu = ProposalMenu(proposal)
    choice = menu.choose(option_id, plan_id, quantity, extra_ids)
    quote = menu.quote(choice)
    quote.regular, quote.first["total"], quote.key

Every amount is computed from an agreement that is never saved, made from the very
values that acceptance creates one from: nothing is quoted that billing does not bill.
"""

from functools import cached_property
from typing import NamedTuple

from odoo import models
from odoo.tools import format_amount

from .reading import read_together
from .reading_trees import COVERAGE, TIER
from .service_agreement_sla_calendar import get_page_key

QUANTITY_MAX = 9999


class Choice(NamedTuple):
    """What a client ticked, valid for its proposal; extras hold the required ones."""

    option: models.Model
    plan: models.Model
    quantity: int
    extras: models.Model


class ProposalMenu:
    """
    :param proposal: service.agreement.proposal, in the language of who reads
    """

    def __init__(self, proposal):
        self.proposal, self.env = proposal, proposal.env
        self._read_together()
        self.options = proposal.option_ids
        self.plans = proposal.plan_ids.sorted(lambda p: (p.sequence, p.id))
        self.base = proposal._prepare_base_values(proposal._get_start())
        self._quotes = {}

    def _read_together(self):
        """What all quotes are made of; met one by one, it would be queried so.

        Sudo: whoever may read the proposal, reads what it offers.
        """
        tree = {
            "extra_ids": {},
            "option_ids": {"tier_id": {**TIER, **COVERAGE}},
            "plan_ids": {},
        }
        read_together((self.proposal.sudo(), tree))

    @cached_property
    def recommended(self):
        """service.agreement.proposal.option; the first where none is recommended"""
        return self.options.filtered("is_recommended")[:1] or self.options[:1]

    @property
    def is_counted(self):
        """bool, whether the client chooses how many"""
        return bool(self.proposal.quantity_label)

    def choose(self, option_id=None, plan_id=None, quantity=None, extra_ids=None):
        """Whatever is asked for, what there is.

        :param extra_ids: set of int; None: those ticked at first
        :return: Choice
        """
        proposal = self.proposal
        extras = proposal.extra_ids
        if extra_ids is None:
            chosen = extras.filtered(lambda e: e.is_required or e.is_selected)
        else:
            chosen = extras.filtered(lambda e: e.is_required or e.id in extra_ids)
        return Choice(
            self.options.filtered(lambda o: o.id == option_id) or self.recommended,
            self.plans.filtered(lambda p: p.id == plan_id) or self.plans[:1],
            self._clean_quantity(quantity),
            chosen,
        )

    def _clean_quantity(self, quantity):
        proposal = self.proposal
        if not (self.is_counted and quantity):
            return proposal.quantity
        return max(proposal.quantity_min, min(quantity, QUANTITY_MAX))

    def quote(self, choice):
        """:return: ProposalQuote, worked out once"""
        key = (choice.option.id, choice.plan.id, choice.quantity, choice.extras._ids)
        if key not in self._quotes:
            self._quotes[key] = ProposalQuote(self, choice)
        return self._quotes[key]

    def get_saving(self, choice, plan):
        """
        :return: int, percent that ``plan`` costs less a month than the dearest one
        """
        per_month = {
            each: each._per_month(
                choice.option._get_price(self.base, each, choice.quantity)
            )
            for each in self.plans
        }
        dearest = max(per_month.values(), default=0.0)
        return round(100 * (1 - per_month[plan] / dearest)) if dearest else 0


class ProposalQuote:
    """What one choice costs, and what is promised for it."""

    def __init__(self, menu, choice):
        self.menu, self.choice = menu, choice
        self.proposal, self.env = menu.proposal, menu.env
        self.currency = menu.proposal.currency_id

    @cached_property
    def values(self):
        """dict, of the service.agreement that this choice becomes"""
        choice = self.choice
        return choice.option._prepare_agreement_values(
            choice.plan, choice.quantity, choice.extras, self.menu.base
        )

    @cached_property
    def agreement(self):
        """service.agreement that is not saved: an offer, as its document shows it"""
        return self.env["service.agreement"].new(self.values)

    @cached_property
    def _billed(self):
        """The same in force, to ask what its invoices are."""
        in_force = {"state": "active", "activated_on": self.env.cr.now()}
        return self.env["service.agreement"].new({**self.values, **in_force})

    @cached_property
    def regular(self):
        """float, of a whole period, taxes included"""
        return self.agreement.amount_total

    @cached_property
    def first(self):
        """dict as of ``_describe_invoice`` of the first invoice; None: there is none"""
        invoices = self._billed._get_next_invoices(1)
        return self._billed._describe_invoice(invoices[0]) if invoices else None

    @cached_property
    def tax(self):
        """float, of it taxes"""
        return self.agreement.amount_tax

    @property
    def monthly(self):
        """float, what the regular invoices come to in a month, taxes included"""
        return self.choice.plan._per_month(self.regular)

    def format(self, amount):
        """:return: "$ 149" or "$ 149.50" """
        whole = self.currency.is_zero(amount - round(amount))
        return format_amount(self.env, amount, self.currency, trailing_zeroes=not whole)

    @cached_property
    def recommended(self):
        """ProposalQuote of the same choices for the recommended tier"""
        return self.menu.quote(self.choice._replace(option=self.menu.recommended))

    @cached_property
    def difference(self):
        """float, of a period, to the recommended tier; below 0: it is cheaper"""
        return self.currency.round(self.regular - self.recommended.regular)

    # In words

    @cached_property
    def offer(self):
        """dict of what is promised, ready to print: the tier's ``comparison``"""
        return self.choice.option.tier_id.comparison

    def get_missing(self):
        """:return: list of str that the recommended tier includes and this does not"""
        own = {*self.offer["included"]}
        return [text for text in self.recommended.offer["included"] if text not in own]

    def get_additions(self):
        """:return: list of str that this includes and the recommended tier does not"""
        there = {*self.recommended.offer["included"]}
        return [text for text in self.offer["included"] if text not in there]

    def get_other_promises(self):
        """:return: list of dict of promises that differ from the recommended tier's:
        label, text (None: not promised), recommended (None: not promised there)
        """
        own = flatten_promises(self.offer)
        other = flatten_promises(self.recommended.offer)
        labels = {**other, **own}
        return [
            {
                "label": key,
                "text": own.get(key),
                "recommended": other.get(key),
            }
            for key in labels
            if own.get(key) != other.get(key)
        ]

    # What was shown is what is done

    @cached_property
    def content(self):
        """dict of plain values: all that the client agrees to pay and is promised"""
        choice, first = self.choice, self.first
        values = {**self.values}
        lines = [command[2] for command in values.pop("line_ids")]
        return {
            "terms": {name: _plain(value) for name, value in values.items()},
            "lines": [
                {name: _plain(value) for name, value in line.items()} for line in lines
            ],
            "tier": choice.option.tier_id.name,
            "plan": choice.plan.name,
            "quantity": choice.quantity,
            "currency": self.currency.name,
            "regular": self.currency.round(self.regular),
            "first": first and {"due": str(first["due"]), "total": first["total"]},
            "offer": self.offer,
        }

    @cached_property
    def key(self):
        """str, another one for other amounts or promises"""
        return get_page_key(self.content)


def flatten_promises(offer):
    """:return: {"We answer, Urgent": "4 h"} of the promises of a ``comparison``"""
    return {
        f"{group['label']}, {row['priority']}": row["text"]
        for group in offer["promises"]
        for row in group["rows"]
    }


def _plain(value):
    """:return: ``value`` as JSON holds it"""
    return value if isinstance(value, (str, int, float, bool)) else str(value)
