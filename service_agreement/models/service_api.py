"""What a partner system sends over the API, and what it gets: plain values, checked.

How to use, in a public method::

    asked = ApiInput(self.env)
    customer = asked.record("res.partner", customer_id, "customer_id")
    start = asked.day(start, "start") or today

Whoever sends something else is told which argument is wrong and what it should be, as
an error of his (HTTP 422, or 404 for an id that nobody knows), never as one of ours.

What goes out: ids and quantities are numbers, amounts are decimal strings with as many
digits as their currency has, days are ``2026-03-01`` and instants are in UTC,
``2026-03-01T09:00:00Z``. What is not known or not for the caller is null.
"""

import math
import re
from datetime import date, datetime, timezone
from decimal import Decimal

from psycopg2.errors import UniqueViolation

from odoo.exceptions import AccessError, ConcurrencyError, MissingError, UserError

# What PostgreSQL knows as an id.
MAX_ID = 2**31 - 1
MAX_TEXT = 10_000
MAX_REFERENCE = 100
MAX_RECORDS = 200


class ApiInput:
    """
    :param env: of the caller, who needs to be allowed to read what he names
    """

    def __init__(self, env):
        self.env = env

    def record(self, model, value, name):
        """:return: the record of the id ``value``; none where there is no value
        :raise MissingError, AccessError, UserError: unknown, not his, or no id
        """
        return self.records(model, None if value in (None, False) else [value], name)

    def needed(self, model, value, name):
        """:return: the record of the id ``value``, which has to be there"""
        record = self.record(model, value, name)
        if not record:
            self._refuse(name, value, self.env._("an id, which is needed here"))
        return record

    def records(self, model, values, name):
        """:return: the records of the list of ids ``values``"""
        records = self.env[model]
        if values in (None, False):
            return records
        if not isinstance(values, (list, tuple)) or len(values) > MAX_RECORDS:
            self._refuse(name, values, self.env._("a list of ids"))
        for value in values:
            if not _is_whole(value) or not 0 < value <= MAX_ID:
                self._refuse(name, value, self.env._("an id, a whole number"))
        records = records.browse(dict.fromkeys(values))
        for unknown in records - records.exists():
            raise MissingError(
                self.env._(
                    "%(name)s: nothing has the id %(id)s.", name=name, id=unknown.id
                )
            )
        records.check_access("read")
        return records

    def text(self, value, name, longest=MAX_TEXT, is_needed=False):
        """:return: str, trimmed; empty where there is no value"""
        if value in (None, False):
            value = ""
        if not isinstance(value, str) or len(value) > longest or "\x00" in value:
            expected = self.env._("a text of at most %s characters", longest)
            self._refuse(name, value, expected)
        if is_needed and not value.strip():
            self._refuse(name, value, self.env._("a text, which is needed here"))
        return value.strip()

    def reference(self, value, name="reference"):
        """:return: str, by which the caller knows what he asks for; False: by none"""
        return self.text(value, name, MAX_REFERENCE) or False

    def number(self, value, name, most):
        """:return: float above 0 and up to ``most``"""
        is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
        if not is_number or not math.isfinite(value) or not 0 < value <= most:
            expected = self.env._("a number above 0, at most %s", most)
            self._refuse(name, value, expected)
        return float(value)

    def count(self, value, name, most):
        """:return: int, from 1 to ``most``"""
        if not _is_whole(value) or not 1 <= value <= most:
            expected = self.env._("a whole number from 1 to %s", most)
            self._refuse(name, value, expected)
        return value

    def flag(self, value, name):
        """:return: bool"""
        if not isinstance(value, bool):
            self._refuse(name, value, self.env._("true or false"))
        return value

    def choice(self, value, name, choices):
        """:return: one of the texts ``choices``; the first where there is no value"""
        if value in (None, False):
            return choices[0]
        if value not in choices:
            self._refuse(name, value, self.env._("one of %s", ", ".join(choices)))
        return value

    def day(self, value, name):
        """:return: date; None where there is no value"""
        if value in (None, False):
            return None
        found = _parse(date.fromisoformat, value, 10)
        return found or self._refuse(name, value, self.env._("a day, as 2026-03-01"))

    def instant(self, value, name):
        """:return: datetime as the ORM stores it, naive UTC in whole seconds; None
        where there is no value
        """
        if value in (None, False):
            return None
        found = _parse(_to_utc, value, 40)
        expected = self.env._("an instant in UTC, as 2026-03-01T09:00:00Z")
        return found or self._refuse(name, value, expected)

    def ensure_one(self, records):
        """:return: the only one that a method is called on, by the argument "ids" """
        found = self.records(records._name, list(records._ids), "ids")
        if len(found) != 1:
            self._refuse("ids", list(found._ids), self.env._("a list of one id"))
        return found

    def _refuse(self, name, value, expected):
        raise UserError(
            self.env._(
                "%(name)s: %(value)s is not what is expected here: %(expected)s.",
                name=name,
                value=repr(value)[:60],
                expected=expected,
            )
        )


def once(env, find, create, constraint):
    """Make what a caller asks for only once, however often and fast he asks.

    :param find: function that returns what was made before, or nothing
    :param create: function that makes it
    :param str constraint: name of the database's unique index that refuses a second one
    :return: (what was found or made, bool: whether it was made)
    :raise ConcurrencyError: made at this very instant by another request; Odoo then
        runs this one again, which finds it
    """
    if found := find():
        return found, False
    try:
        with env.cr.savepoint():
            return create(), True
    except UniqueViolation as error:
        if error.diag.constraint_name != constraint:
            raise
        raise ConcurrencyError(env._("It is being made right now.")) from error


def ensure_caller_serves(env, customer):
    """:raise AccessError: a customer asks for somebody else, or nobody asks"""
    user = env.user
    if env.su or user._is_internal():
        return
    own = user.partner_id.commercial_partner_id
    if user._is_public() or customer.commercial_partner_id != own:
        raise AccessError(env._("You may ask for yourself and your own company only."))


# What goes out


def to_link(record, name=None):
    """:return: dict of id and name, read as superuser; None of no record"""
    if not record:
        return None
    return {"id": record.id, "name": name or record.sudo().display_name}


def to_day(day):
    """:return: "2026-03-01", None of no day"""
    return day.isoformat() if day else None


def to_instant(instant):
    """:return: "2026-03-01T09:00:00Z" of a datetime, naive in UTC or aware; None"""
    if not instant:
        return None
    if instant.tzinfo:
        instant = instant.astimezone(timezone.utc)
    return instant.strftime("%Y-%m-%dT%H:%M:%SZ")


def to_amount(amount, currency):
    """:return: "149.00", with the digits of the currency"""
    rounded = currency.round(amount) + 0.0
    return str(
        Decimal(repr(rounded)).quantize(Decimal(1).scaleb(-currency.decimal_places))
    )


def to_quantity(quantity):
    """:return: float with at most four digits; None of none"""
    return None if quantity is None else round(float(quantity), 4)


def _is_whole(value):
    return isinstance(value, int) and not isinstance(value, bool)


def _parse(parse, value, longest):
    try:
        return (
            parse(value) if isinstance(value, str) and len(value) <= longest else None
        )
    except (ValueError, OverflowError):
        return None


def _to_utc(text):
    # Python before 3.11 knows neither the Z of UTC nor all fractions of a second.
    text = re.sub(r"(:\d\d)[.,]\d+", r"\1", text.replace("Z", "+00:00"))
    instant = datetime.fromisoformat(text)
    if instant.tzinfo:
        instant = instant.astimezone(timezone.utc)
    return instant.replace(tzinfo=None, microsecond=0)
