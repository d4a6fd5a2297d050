"""What a customer may do himself: what it would do, in money, and doing it.

How to use::

    service = agreement._get_self_service("cancel", {"last_day": "2026-03-31"})
    service.why_not()     # the reason in words, or None
    service.preview       # plain values: what is shown before it is confirmed
    service.key           # of what is shown; another one where money or days changed
    service.do()          # only `_take_customer_step` calls it, with the key

No arithmetic is here: the wizards' methods and those of the agreement decide what a
change or an end costs, and these classes ask them. Records are in superuser mode, for a
customer may read neither catalogue nor charges; the user stays who he is, so that the
chatter has its author. Who calls has made sure that it is the customer.
"""

from datetime import date
from functools import cached_property

from odoo import fields
from odoo.tools import format_amount, format_date

from .service_agreement_sla_calendar import get_page_key


class SelfService:
    """
    :param agreement: service.agreement
    :param dict choice: what was chosen on the page, as a form or a script sends it
    """

    kind = None
    # Field of the tier that allows it.
    switch = None
    # Of Font Awesome.
    icon = None

    def __init__(self, agreement, choice):
        self.agreement = agreement
        self.env = agreement.env
        self.raw = choice

    @cached_property
    def choice(self):
        """dict of plain values: what is to be done"""
        return self.read_choice(self.raw)

    @cached_property
    def said(self):
        """dict of fields of the step"""
        return self.read_words(self.raw)

    @property
    def title(self):
        """str, what the customer wants to do"""
        raise NotImplementedError

    @property
    def hint(self):
        """str, one line below the title"""
        raise NotImplementedError

    @property
    def template(self):
        """str, XML id of what its page shows; bridges have their own"""
        return f"service_agreement.portal_change_{self.kind}"

    def read_choice(self, choice):
        """:return: dict of plain values, what of ``choice`` can be understood"""
        return {}

    def read_words(self, choice):
        """:return: dict of fields of the step: what is said beside, and changes no
        amount and no day
        """
        return {}

    def why_not(self):
        """:return: str, why the customer cannot do it now, or None"""
        raise NotImplementedError

    def why_not_yet(self):
        """:return: str, what is still to be chosen, or None"""
        return None

    def why_not_confirm(self):
        """:return: str, what is still to be said with the confirmation, or None"""
        return None

    @cached_property
    def preview(self):
        """dict of plain values: all that follows from it"""
        return self.get_preview()

    def get_preview(self):
        raise NotImplementedError

    def get_sentences(self):
        """:return: list of str, the same in words, for mail and chatter"""
        raise NotImplementedError

    def do(self, step):
        """:param step: service.agreement.customer.step that is being made"""
        raise NotImplementedError

    @property
    def key(self):
        """str of 32 characters: of all that is shown, and of how often the customer
        did something before, so that the same page twice is not the same page
        """
        shown = [
            self.agreement.id,
            self.kind,
            self.choice,
            self.preview,
            self.agreement.customer_step_count,
        ]
        return get_page_key(shown)

    # Helpers

    def in_lang(self, lang):
        """:return: SelfService, the same for who speaks ``lang``"""
        return type(self)(self.agreement.with_context(lang=lang), self.raw)

    @property
    def today(self):
        return self.agreement.company_id._service_today()

    def format_date(self, day):
        return format_date(self.env, day, date_format="medium")

    def format_amount(self, amount):
        return format_amount(self.env, amount, self.agreement.currency_id)

    def is_zero(self, amount):
        return self.agreement.currency_id.is_zero(amount)


def to_plain(value):
    """:return: ``value`` as JSON knows it"""
    if isinstance(value, dict):
        return {name: to_plain(each) for name, each in value.items()}
    if isinstance(value, list):
        return [to_plain(each) for each in value]
    return fields.Date.to_string(value) if isinstance(value, date) else value
