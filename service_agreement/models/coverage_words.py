"""Who pays for work, as the coordinator and the technician read it on their screens.

Each agreement with what it met and what it failed, one by one; the same in a sentence
is told by ``service_words.py``.
"""

from typing import NamedTuple

from odoo import fields
from odoo.tools import format_amount, format_date

from .service_words import ServiceWords

# What every candidate is asked, in this order; more only where it fails.
CODES = ("in_force", "place", "work_kind", "exclusion", "hours")


class Payment(NamedTuple):
    """A part of a piece of work, of a draw or of a share of what is only asked for.

    :param str unit: "hour" or "trip"
    :param agreement: who pays, or by whose rates it is billed; empty: nobody
    :param allowance: of it; empty where it is not known which one pays
    :param price: of a unit, in `currency`
    :param answer: what becomes of it; False: nobody has said so
    """

    outcome: str
    unit: str
    quantity: object
    agreement: object
    allowance: object
    price: object
    currency: object
    reason: str | bool
    answer: str | bool


class CoverageWords(ServiceWords):
    """Names, reasons, prices and what is left."""

    def name_agreement(self, agreement):
        """:return: str, "Gold (SA-0003)" """
        agreement = agreement.with_env(self.env)
        return self.env._(
            "%(tier)s (%(agreement)s)",
            tier=agreement.tier_id.name,
            agreement=agreement.name,
        )

    def name_candidate(self, row):
        """:param dict row: of ServiceBook.explain
        :return: str, "Gold (SA-0003): 2 hours a month"
        """
        agreement = self.env["service.agreement"].browse(row["agreement"]).exists()
        allowances = self.env["service.agreement.allowance"]
        allowance = allowances.browse(row["allowance"] or ()).exists()
        if not allowance:
            return self.name_agreement(agreement)
        return self.env._(
            "%(agreement)s: %(allowance)s",
            agreement=self.name_agreement(agreement),
            allowance=allowance.name,
        )

    def tell_reason(self, code, failed, level, day):
        """
        :param str code: of tools.coverage.Reason
        :param dict failed: what failed, by code
        :param str level: at which the place is covered
        :return: str, a sentence
        """
        met, detail = code not in failed, failed.get(code)
        if code == "in_force":
            return self._tell_in_force(met, day)
        if code == "place":
            return self._tell_place(met, level)
        if met:
            return {
                "work_kind": self.env._("Pays for such work"),
                "exclusion": self.env._("Nothing speaks against it"),
                "hours": self.env._("Within its hours"),
            }[code]
        if code == "allowance":
            return self.env._("Includes no work: it is billed at the agreed rates")
        # TRANSLATORS: "for “Programming”", "on Saturdays"
        return self.env._(
            "Not %(reason)s", reason=self._get_reason(code, detail, {"day": str(day)})
        )

    def _tell_in_force(self, met, day):
        day = format_date(self.env, day)
        if met:
            return self.env._("In force on %(day)s", day=day)
        return self.env._("Not in force on %(day)s", day=day)

    def _tell_place(self, met, level):
        if not met:
            return self.env._("Made for other places or systems")
        return {
            "device": self.env._("Covers this device"),
            "system": self.env._("Covers this system"),
            "site": self.env._("Covers this address"),
            "contact": self.env._("Made with this contact"),
            "company": self.env._("Covers this customer"),
            "parent": self.env._("The parent company's, which covers this one too"),
        }[level]

    def tell_left(self, book, previewed):
        """:return: str, "After this hour: 1.5 h left this month"; empty where what pays
        is not counted
        """
        _agreement, _coverage, allowance = book.get_best(previewed)
        ledger = previewed.ledgers.get(allowance)
        if not ledger:
            return ""
        left = ledger.left(previewed.decision.facts.day)
        return self.env._(
            "After this hour: %(left)s", left=self.describe_balance(allowance, left)
        )

    def tell_price(self, book, previewed):
        """:return: str, "150.00 per hour, at least 1 h; 95.00 per trip" """
        agreement, _coverage, _allowance = book.get_best(previewed)
        currency = book.get_currency(agreement)
        hour = book.get_price(previewed, "hour")
        trip = book.get_price(previewed, "trip")
        if not hour.found:
            return self.env._("No rate is set for such work.")
        texts = [self.tell_unit_price(hour.price, "hour", currency)]
        if hour.minimum:
            much = self.format_quantity(hour.minimum, "hour")
            texts.append(self.env._("at least %(much)s", much=much))
        if trip.found:
            texts.append(self.tell_unit_price(trip.price, "trip", currency))
        return self.env._("Price: %(prices)s", prices=self.env._(", ").join(texts))

    def tell_unit_price(self, price, unit, currency):
        money = format_amount(self.env, float(price), currency)
        if unit == "trip":
            return self.env._("%(price)s per trip", price=money)
        return self.env._("%(price)s per hour", price=money)


class CoverageStory:
    """Who pays for a piece of work, done or only asked for, as the widget draws it.

    :param CoverageWords words: of the reader
    :param list parts: of Payment
    :param dict explanation: of ServiceBook.explain
    """

    def __init__(self, words, parts, explanation=None):
        self.words = words
        self.env = words.env
        self.parts = parts
        self.explanation = explanation or {"days": [], "flags": []}

    @property
    def hours(self):
        return [part for part in self.parts if part.unit == "hour"]

    @property
    def state(self):
        """:return: str, a value of `coverage_state`"""
        outcomes = {part.outcome for part in self.hours or self.parts}
        if "covered" in outcomes:
            return "covered" if len(outcomes) == 1 else "partly"
        if "overage" in outcomes:
            return "used_up"
        reasons = {part.reason for part in self.hours}
        return "no_agreement" if reasons & {"never_sold", "expired"} else "uncovered"

    def tell(self, **more):
        """:return: dict, see service_coverage.js"""
        return {
            "state": self.state,
            "title": self.tell_title(),
            "notes": [
                *(self.tell_part(part) for part in self.parts),
                *self.words.list_flags(self.explanation),
            ],
            "candidates": self.list_candidates(),
            "choice": False,
            **more,
        }

    def tell_title(self):
        if self.state == "no_agreement":
            return self._tell_no_agreement()
        payers = dict.fromkeys(part.agreement for part in self.parts if part.agreement)
        if not payers:
            return self.env._("Not covered by any of the customer's agreements")
        names = self.env._(", ").join(self.words.name_agreement(a) for a in payers)
        return {
            "covered": self.env._("Covered by %(agreements)s", agreements=names),
            "partly": self.env._("Partly covered by %(agreements)s", agreements=names),
            "used_up": self.env._(
                "Used up: nothing is left of %(agreements)s", agreements=names
            ),
            "uncovered": self.env._("Not covered by %(agreements)s", agreements=names),
        }[self.state]

    def _tell_no_agreement(self):
        if any(part.reason == "expired" for part in self.hours):
            return self.env._("Not covered: no agreement is in force any more")
        return self.env._("Not covered: the customer has no agreement")

    def tell_obstacle(self):
        """:return: str, why the nearest agreement in force does not pay; or empty"""
        if self.state != "uncovered":
            return ""
        failed = (
            reason["text"]
            for candidate in self.list_candidates()
            for reason in candidate["reasons"]
            if not reason["met"]
        )
        return next(failed, "")

    # Part by part

    def tell_parts(self):
        """:return: str, "2 h covered by …, 1.5 h more than is included: …" """
        return self.env._(", ").join(self.tell_part(part) for part in self.parts)

    def tell_part(self, part):
        """:return: str, "1.5 h after hours: billed at 250.00 per hour" """
        texts = self._get_answers() if part.answer else self._get_questions()
        text = texts.get(part.answer) or texts[part.outcome]
        payer = part.agreement and self.words.name_agreement(part.agreement)
        return text % {
            "much": self.words.format_quantity(part.quantity, part.unit),
            "price": self.words.tell_unit_price(part.price, part.unit, part.currency),
            "agreement": payer or "",
        }

    def _get_answers(self):
        """:return: dict of texts by what becomes of a part, or else by its outcome"""
        return {
            "covered": self.env._("%(much)s covered by %(agreement)s"),
            "given": self.env._("%(much)s given away, worth %(price)s"),
            "goodwill": self.env._("%(much)s as goodwill, worth %(price)s"),
            "warranty": self.env._("%(much)s under warranty"),
            "overage": self.env._(
                "%(much)s more than is included: billed at %(price)s"
            ),
            "after_hours": self.env._("%(much)s after hours: billed at %(price)s"),
            "uncovered": self.env._("%(much)s not covered: billed at %(price)s"),
        }

    def _get_questions(self):
        """:return: dict of texts by the outcome of a part that nobody answered"""
        return {
            "overage": self.env._(
                "%(much)s more than is included: ask the customer first, %(price)s"
            ),
            "after_hours": self.env._(
                "%(much)s after hours: ask the customer first, %(price)s"
            ),
            "uncovered": self.env._("%(much)s not covered: %(price)s"),
        }

    # Why

    def list_candidates(self):
        """:return: list of dict, see service_coverage.js, best first"""
        return [
            self._tell_candidate(fields.Date.to_date(day["day"]), row)
            for day in self.explanation["days"][:1]
            for row in day["rows"]
        ]

    def _tell_candidate(self, day, row):
        failed = dict(row["failed"])
        codes = [*CODES, *(code for code in failed if code not in CODES)]
        pays = self._pays(row)
        return {
            "name": self.words.name_candidate(row),
            "pays": pays,
            "outcome": self._tell_outcome(pays, row["won"]),
            "reasons": [
                {
                    "met": code not in failed,
                    "text": self.words.tell_reason(code, failed, row["level"], day),
                }
                for code in codes
            ],
        }

    def _pays(self, row):
        """:return: bool, whether what it is about pays for a part of the work"""
        return any(
            part.outcome == "covered"
            and part.agreement.id == row["agreement"]
            and part.allowance.id in (row["allowance"], False)
            for part in self.parts
        )

    def _tell_outcome(self, pays, won):
        if pays:
            return self.env._("Pays")
        if not won:
            return self.env._("Does not pay")
        if any(part.outcome == "overage" for part in self.parts):
            return self.env._("Used up")
        return self.env._("Not needed")
