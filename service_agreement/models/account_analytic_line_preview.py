from decimal import Decimal
from types import SimpleNamespace

from odoo import api, models

from .instant import now
from .service_book import DAY, NEW, ServiceBook, WorkFacts, get_local_day, get_place
from .service_offer import ServiceOffer
from .service_words import ServiceWords

# What may be asked about, and the model of each.
ASKED = {
    "customer": "res.partner",
    "site": "res.partner",
    "system": "service.agreement.system",
    "device": "service.agreement.device",
    "work_type": "service.agreement.work.type",
    "exclusion": "service.agreement.exclusion",
    "choice": "service.agreement",
    "job": "hr.job",
    "task": "project.task",
}


class AccountAnalyticLine(models.Model):
    """Who would pay, before anything is done; and why, in words."""

    _inherit = "account.analytic.line"

    def _list_service_reasons(self, every=False):
        """
        :param bool every: all that the agreements include, one by one
        :return: list of dict of agreement (id), name, won and text, see `ServiceWords`
        """
        self.ensure_one()
        words = ServiceWords(self.env)
        return words.list_rows(self.sudo().service_explanation, every)

    def _list_service_flags(self):
        """:return: list of str, what is to be known beside"""
        self.ensure_one()
        return ServiceWords(self.env).list_flags(self.sudo().service_explanation)

    @api.model
    def _preview_service_work(self, company, values):
        """Who would pay for work that is not there yet. Writes nothing.

        As superuser: a customer asks before he sends a request, and may read nothing
        of what this is decided by. Who calls sees to it that it is his own.

        :param res.company company: that serves
        :param dict values: records by the names of `ASKED`, some may be left out; hours
            (default 1), trips (default: 1 for work on site), start (naive UTC) or day
            (default: now)
        :return: dict of verdict ("covered", "partly", "uncovered"), parts (list of dict
            of unit, outcome, quantity, agreement, name, price, amount, currency,
            reason, text), judgements (list of dict of agreement, name, won, text),
            flags (list of str), balances (list of dict of allowance, left, text), price
            (to be paid), currency, and text: all of it in a sentence or two
        """
        return _describe(*self._ask(company, values), ServiceWords(self.env))

    @api.model
    def _ask(self, company, values):
        """
        :param dict values: see `_preview_service_work`
        :return: (ServiceBook, Decision)
        """
        asked = self._get_asked(values)
        book = ServiceBook(company, asked.customer)
        facts = self._get_asked_facts(book, asked, values)
        lines = book.search_open(self.sudo().browse(), facts.day - 2 * DAY)
        lines = lines.filtered(lambda line: line.unit_amount >= 0)
        known = lines._get_service_facts(book)
        decisions = book.decide([*known, facts], redecided=lines)
        decision = next(each for each in decisions if each.facts.id == NEW)
        return book, decision

    @api.model
    def _offer_service_work(self, company, values):
        """The same, with what a customer has to be asked before it is done.

        :return: service_offer.ServiceOffer
        """
        book, decision = self._ask(company, values)
        preview = _describe(book, decision, ServiceWords(self.env))
        return ServiceOffer(self.env, book, decision, preview)

    @api.model
    def _get_asked(self, values):
        """:return: namespace of the names of `ASKED`, the customer found where only
        what he has is known
        """
        env = self.sudo().env
        records = {
            name: env[model].browse((values.get(name) or env[model]).ids)
            for name, model in ASKED.items()
        }
        asked = SimpleNamespace(**records)
        asked.system = asked.system or asked.device.system_id
        asked.customer = asked.customer or asked.system.partner_id or asked.site
        return asked

    @api.model
    def _get_asked_facts(self, book, asked, values):
        """:return: WorkFacts"""
        place, tz = get_place(
            asked.customer, asked.system, asked.device, book.company, asked.site
        )
        start = values.get("start")
        if not start and not values.get("day"):
            start = now(self.env)
        day = get_local_day(start, tz) if start else values["day"]
        flags = book.get_flags(asked.device, day)
        return WorkFacts(
            NEW,
            day,
            Decimal(str(values.get("hours", 1))),
            start=start or None,
            customer=asked.customer.id or None,
            place=place,
            tz=tz,
            work_type=asked.work_type.id or None,
            exclusions=book.get_exclusions(asked.exclusion, flags),
            flags=flags,
            choice=asked.choice.id or None,
            role=asked.job.id or None,
            job=asked.task.id or None,
            trips=values.get("trips", int(asked.work_type.is_on_site)),
        )


def _describe(book, decision, words):
    """:return: dict, see `_preview_service_work`"""
    shares, explanation = book.price(decision), book.explain(decision)
    parts = [_describe_share(book, share, words) for share in shares]
    judgements, balances = words.list_rows(explanation), _list_balances(book, decision)
    for each in balances:
        each["text"] = words.describe_balance(each["allowance"], each["left"])
    price, currency = _add_up(book, decision, parts)
    texts = [part["text"] for part in parts]
    if balances:
        left = words.env._(", ").join(each["text"] for each in balances)
        texts.append(words.env._("after this, %(left)s", left=left))
    why = [row["text"] for row in judgements if not row["won"] or len(parts) > 1]
    return {
        "verdict": book.get_verdict(shares),
        "parts": parts,
        "judgements": judgements,
        "flags": words.list_flags(explanation),
        "balances": balances,
        "price": price,
        "currency": currency,
        "text": " ".join([words.join(texts), *why]),
    }


def _describe_share(book, share, words):
    currency = share.agreement.currency_id or book.company.currency_id
    values = {
        "unit": share.unit,
        "outcome": share.part.outcome,
        "quantity": float(share.part.quantity),
        "agreement": share.agreement.id,
        "name": share.agreement.tier_id.name or "",
        "price": float(share.price.price),
        "amount": currency.round(float(share.part.quantity * share.price.price)),
        "currency": currency,
        "reason": share.reason,
    }
    return {**values, "text": words.describe_part(values)}


def _list_balances(book, decision):
    """:return: list of dict of allowance and left, of those that pay for some of it"""
    found = []
    paying = {part.candidate for v in decision.verdicts for part in v.parts if part.lot}
    for candidate_id in sorted(paying):
        _agreement, _coverage, allowance = book.terms[candidate_id]
        left = book.ledgers[allowance].left(decision.facts.day)
        found.append({"allowance": allowance, "left": float(left)})
    return found


def _add_up(book, decision, parts):
    """:return: (what is to be paid, its currency)"""
    billed = [part for part in parts if part["outcome"] != "covered"]
    company = book.company
    currencies = {part["currency"] for part in billed}
    currency = currencies.pop() if len(currencies) == 1 else company.currency_id
    amounts = (
        part["currency"]._convert(part["amount"], currency, company, decision.facts.day)
        for part in billed
    )
    return currency.round(sum(amounts)), currency
