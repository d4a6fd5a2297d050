"""Who pays, in words that a customer understands, in the reader's language."""

from datetime import timedelta
from typing import NamedTuple

from odoo import fields
from odoo.tools import format_amount, format_date, formatLang
from odoo.tools.misc import get_lang

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


class CoverageWords:
    """
    :param env: the reader's; agreements are named for him, who may not read them
    """

    def __init__(self, env):
        self.env = env

    # Who

    def name_agreement(self, agreement):
        """:return: str, "Gold (SA-0003)" """
        agreement = agreement.with_env(self.env).sudo()
        return self.env._(
            "%(tier)s (%(agreement)s)",
            tier=agreement.tier_id.name,
            agreement=agreement.name,
        )

    def name_candidate(self, agreement, allowance):
        """:return: str, "Gold (SA-0003): 2 hours a month" """
        name = self.name_agreement(agreement)
        if not allowance:
            return name
        return self.env._(
            "%(agreement)s: %(allowance)s",
            agreement=name,
            allowance=allowance.with_env(self.env).sudo().name,
        )

    # Why

    def tell_reason(self, code, met, detail, day):
        """
        :param str code: of tools.coverage.Reason
        :param detail: of the same: the level of "place", the id of what failed
        :return: str, a sentence
        """
        tell = getattr(self, f"_tell_{code}")
        return tell(met, detail, format_date(self.env, day))

    def _tell_in_force(self, met, _detail, day):
        if met:
            return self.env._("In force on %(day)s", day=day)
        return self.env._("Not in force on %(day)s", day=day)

    def _tell_place(self, met, level, _day):
        if not met:
            return self.env._("Made for other places or systems")
        texts = {
            "device": self.env._("Covers this device"),
            "system": self.env._("Covers this system"),
            "site": self.env._("Covers this address"),
            "contact": self.env._("Made with this contact"),
            "company": self.env._("Covers this customer"),
            "parent": self.env._("The parent company's, which covers this one too"),
        }
        return texts[level]

    def _tell_work_kind(self, met, kind, _day):
        types = self.env["service.agreement.work.type"].sudo().browse(kind or ())
        if met:
            return self.env._("Pays for such work")
        if not types:
            return self.env._("Pays for some work only: say what is done")
        return self.env._("Does not pay for %(work)s", work=types.name)

    def _tell_exclusion(self, met, exclusion, _day):
        if met:
            return self.env._("Nothing speaks against it")
        found = self.env["service.agreement.exclusion"].sudo().browse(exclusion)
        return self.env._("Leaves out: %(exclusion)s", exclusion=found.name)

    def _tell_hours(self, met, _detail, _day):
        if met:
            return self.env._("Within its hours")
        return self.env._("Out of its hours")

    def _tell_allowance(self, _met, _detail, _day):
        return self.env._("Includes no work: what is done is billed at its rates")

    # How much

    def measure(self, quantity, unit, currency=None):
        """
        :param str unit: of an allowance, or of a draw
        :return: str, "1.5 h", "2 visits", "$ 300.00"
        """
        if unit == "amount":
            return self.money(quantity, currency)
        number, one = self._number(quantity), quantity == 1
        texts = {
            "hour": self.env._("%(number)s h", number=number),
            "hours": self.env._("%(number)s h", number=number),
            "visits": self.env._("1 visit")
            if one
            else self.env._("%(number)s visits", number=number),
            "incidents": self.env._("1 incident")
            if one
            else self.env._("%(number)s incidents", number=number),
            "trip": self.env._("1 trip")
            if one
            else self.env._("%(number)s trips", number=number),
        }
        return texts[unit]

    def tell_left(self, book, previewed):
        """:return: str, "After this hour, 1.5 h left this month"; empty where what pays
        is not counted
        """
        agreement, _coverage, allowance = book.get_best(previewed)
        ledger = previewed.ledgers.get(allowance)
        if not ledger:
            return ""
        day = previewed.decision.facts.day
        left = ledger.left(day)
        ends = [lot.end for lot in ledger.find(day) if lot.end]
        much = self.measure(left, allowance.unit, book.get_currency(agreement))
        return self._tell_left_until(much, min(ends, default=None), day)

    def _tell_left_until(self, much, end, day):
        if not end:
            return self.env._("After this hour, %(much)s left.", much=much)
        if (end + timedelta(days=1)).day == 1 and end.replace(day=1) <= day:
            return self.env._("After this hour, %(much)s left this month.", much=much)
        return self.env._(
            "After this hour, %(much)s left until %(day)s.",
            much=much,
            day=format_date(self.env, end),
        )

    def tell_price(self, book, previewed):
        """:return: str, "150.00 per hour, at least 1 h; 95.00 per trip" """
        agreement, _coverage, _allowance = book.get_best(previewed)
        currency = book.get_currency(agreement)
        hour = book.get_price(previewed, "hour")
        trip = book.get_price(previewed, "trip")
        if not hour.found:
            return self.env._("No rate is set for such work.")
        texts = [
            self.env._("%(price)s per hour", price=self.money(hour.price, currency))
        ]
        if hour.minimum:
            much = self.measure(hour.minimum, "hour")
            texts.append(self.env._("at least %(much)s", much=much))
        if trip.found:
            price = self.money(trip.price, currency)
            texts.append(self.env._("%(price)s per trip", price=price))
        return self.env._("Price: %(prices)s.", prices=", ".join(texts))

    def money(self, amount, currency):
        return format_amount(self.env, float(amount), currency)

    def _number(self, quantity):
        """:return: str, "1.5", "2": no zeros that say nothing"""
        text = formatLang(self.env, float(quantity), digits=2)
        point = get_lang(self.env).decimal_point
        return text.rstrip("0").rstrip(point) if point in text else text


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
        self.explanation = explanation or {"days": []}

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
            "notes": [self.tell_part(part) for part in self.parts],
            "candidates": self.list_candidates(),
            "choice": False,
            **more,
        }

    def tell_title(self):
        _, state = self.env._, self.state
        payers = {part.agreement for part in self.parts if part.agreement}
        names = ", ".join(self.words.name_agreement(a) for a in payers)
        if state == "no_agreement":
            expired = any(part.reason == "expired" for part in self.hours)
            if expired:
                return _("Not covered: no agreement is in force any more")
            return _("Not covered: the customer has no agreement")
        titles = {
            "covered": _("Covered by %(agreements)s", agreements=names),
            "partly": _("Partly covered by %(agreements)s", agreements=names),
            "used_up": _(
                "Used up: nothing is left of %(agreements)s", agreements=names
            ),
            "uncovered": _("Not covered by %(agreements)s", agreements=names)
            if names
            else _("Not covered by any of the customer's agreements"),
        }
        return titles[state]

    def tell_first_obstacle(self):
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
        return ", ".join(self.tell_part(part) for part in self.parts)

    def tell_part(self, part):
        """:return: str, "1.5 h after hours: billed at $ 250.00 per hour" """
        texts = self._get_answers(part) if part.answer else self._get_questions(part)
        text = texts.get(part.answer) or texts[part.outcome]
        return text % {
            "much": self.words.measure(part.quantity, part.unit),
            "price": self._tell_price(part),
            "agreement": self.words.name_agreement(part.agreement)
            if part.agreement
            else "",
        }

    def _get_answers(self, part):
        """:return: dict of texts by what becomes of a part, or else by its outcome"""
        _ = self.env._
        billed = {
            "overage": _("%(much)s more than is included: billed at %(price)s"),
            "after_hours": _("%(much)s after hours: billed at %(price)s"),
            "uncovered": _("%(much)s not covered: billed at %(price)s"),
        }
        return {
            "covered": _("%(much)s covered by %(agreement)s"),
            "given": _("%(much)s given away, worth %(price)s"),
            "goodwill": _("%(much)s as goodwill, worth %(price)s"),
            "warranty": _("%(much)s under warranty"),
            **billed,
        }

    def _get_questions(self, part):
        """:return: dict of texts by the outcome of a part that nobody answered"""
        _ = self.env._
        return {
            "overage": _(
                "%(much)s more than is included: ask the customer first, %(price)s"
            ),
            "after_hours": _("%(much)s after hours: ask the customer first, %(price)s"),
            "uncovered": _("%(much)s not covered: %(price)s"),
        }

    def _tell_price(self, part):
        money = self.words.money(part.price, part.currency)
        if part.unit == "trip":
            return self.env._("%(price)s per trip", price=money)
        return self.env._("%(price)s per hour", price=money)

    # Why

    def list_candidates(self):
        """:return: list of dict, see service_coverage.js"""
        return [
            self._tell_candidate(day["day"], **row)
            for day in self.explanation["days"][:1]
            for row in day["rows"]
        ]

    def _tell_candidate(self, day, agreement, allowance, won, level, failed, **_more):
        agreement = self.env["service.agreement"].sudo().browse(agreement).exists()
        allowances = self.env["service.agreement.allowance"].sudo()
        allowance, failed = allowances.browse(allowance or ()).exists(), dict(failed)
        pays = any(
            part.outcome == "covered"
            and part.agreement == agreement
            and part.allowance in (allowance, allowances)
            for part in self.parts
        )
        return {
            "name": self.words.name_candidate(agreement, allowance),
            "pays": pays,
            "outcome": self._tell_outcome(pays, won),
            "reasons": self._tell_reasons(day, level, failed),
        }

    def _tell_outcome(self, pays, won):
        if pays:
            return self.env._("Pays")
        if not won:
            return self.env._("Does not pay")
        if any(part.outcome == "overage" for part in self.parts):
            return self.env._("Used up")
        return self.env._("Not needed")

    def _tell_reasons(self, day, level, failed):
        codes = [*CODES, *(code for code in failed if code not in CODES)]
        return [
            {
                "met": code not in failed,
                "text": self.words.tell_reason(
                    code,
                    code not in failed,
                    failed.get(code, level),
                    fields.Date.to_date(day),
                ),
            }
            for code in codes
        ]
