"""What a customer is told before anything is done, and has to approve if it costs."""

from odoo.tools import format_amount

from .service_agreement_sla_calendar import get_page_key
from .service_words import ServiceWords

MINUTES_PER_HOUR = 60
# What is told of prices: the names of service.agreement.approval.
PRICES = (
    "work_type_id",
    "currency_id",
    "is_for_hours",
    "price",
    "price_after_hours",
    "minimum",
    "step_minutes",
    "is_for_trips",
    "price_trip",
)


class ServiceOffer:
    """
    :param env: of who reads
    :param ServiceBook book: that decided
    :param Decision decision: of the work that is asked about
    :param dict preview: of it, see ``_preview_service_work``
    """

    def __init__(self, env, book, decision, preview):
        self.env = env
        self.book, self.decision = book, decision
        self.verdict, self.text = preview["verdict"], preview["text"]
        self.flags = preview["flags"]
        self.parts, self.balances = preview["parts"], preview["balances"]
        self.judgements = preview["judgements"]
        self.shares = book.price(decision)
        self.told = None

    @property
    def asked(self):
        """list of Share that nobody has agreed to pay yet"""
        return [share for share in self.shares if not share.answer]

    @property
    def is_priced(self):
        """bool, whether there is a price to approve"""
        return all(share.price.found for share in self.asked)

    @property
    def needs_approval(self):
        return bool(self.asked) and self.is_priced

    def tell(self, values):
        """Say these prices instead: the customer was told them before.

        :param dict values: by the names of `PRICES`
        """
        self.told = values

    def get_values(self):
        """:return: dict of plain values by the names of `PRICES`"""
        if self.told:
            return self.told
        prices = self.book.get_prices(self.decision)
        units = {share.unit for share in self.asked}
        return {
            "work_type_id": self.decision.facts.work_type or False,
            "currency_id": self._get_currency().id,
            "is_for_hours": "hour" in units,
            "price": float(prices["hour"].price),
            "price_after_hours": float(prices["after_hours"].price),
            "minimum": float(prices["hour"].minimum),
            "step_minutes": round(prices["hour"].step * MINUTES_PER_HOUR),
            "is_for_trips": "trip" in units,
            "price_trip": float(prices["trip"].price),
        }

    def _get_currency(self):
        shares = self.asked or self.shares
        agreement = shares[0].agreement if shares else None
        if agreement is None:
            return self.book.company.currency_id
        return self.book.get_currency(agreement)

    @property
    def key(self):
        """str, another one for other prices: what somebody approves is what he saw"""
        return get_page_key(self.get_values())

    @property
    def price_text(self):
        return describe_prices(self.env, self.get_values())

    @property
    def words(self):
        """str, all that the customer reads before he approves"""
        return " ".join([self.text, self.price_text])


def describe_prices(env, values):
    """
    :param dict values: by the names of `PRICES`
    :return: "$ 150.00 per hour ($ 250.00 after hours), at least 1 h; $ 95.00 per trip."
    """
    words = ServiceWords(env)
    currency = env["res.currency"].sudo().browse(values["currency_id"])
    texts = []
    if values["is_for_hours"]:
        texts.append(_describe_hour(words, currency, values))
    if values["is_for_trips"]:
        amount = format_amount(env, values["price_trip"], currency)
        texts.append(env._("%(amount)s per trip", amount=amount))
    return words.join(texts) if texts else ""


def _describe_hour(words, currency, values):
    env = words.env
    amount = format_amount(env, values["price"], currency)
    text = env._("%(amount)s per hour", amount=amount)
    if currency.compare_amounts(values["price"], values["price_after_hours"]):
        after = format_amount(env, values["price_after_hours"], currency)
        text = env._("%(price)s (%(after)s after hours)", price=text, after=after)
    if values["minimum"]:
        much = words.format_quantity(values["minimum"], "hour")
        text = env._("%(price)s, at least %(much)s", price=text, much=much)
    if values["step_minutes"]:
        text = env._(
            "%(price)s, counted in steps of %(minutes)s minutes",
            price=text,
            minutes=values["step_minutes"],
        )
    return text
