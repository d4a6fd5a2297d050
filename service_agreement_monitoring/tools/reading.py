"""Reading what others wrote: JSON of any kind, paths into it, instants, odd letters."""

import hashlib
import json
import re
from datetime import datetime, timezone

TEXT_LIMIT = 200
SUMMARY_LIMIT = 1000
URL_LIMIT = 2000
# Seconds since 1970 above this are milliseconds: it is the year 5138 otherwise.
MILLISECONDS_FROM = 1e11
FRACTION = re.compile(r"(:\d\d)[.,]\d+")
ZULU = re.compile(r"(:\d\d)Z$")


class FormatError(Exception):
    """What came is not of the format.

    :ivar str code: of the reason; who shows it to people has the words
    :ivar dict values: for the words
    """

    def __init__(self, code, **values):
        super().__init__(code, values)
        self.code = code
        self.values = values


def load(body):
    """
    :param bytes body: as it came
    :return: what the JSON says
    :raise FormatError: it is none
    """
    try:
        return json.loads(body.decode(), parse_constant=_refuse_constant)
    # UnicodeDecodeError and JSONDecodeError are ValueErrors, too long numbers as well.
    except (ValueError, RecursionError):
        raise FormatError("not_json") from None


def _refuse_constant(name):
    """JSON knows no NaN and no Infinity; Python would."""
    raise ValueError(name)


def find(value, path):
    """
    :param str path: names and positions between dots ("data.devices.0.id"); of
        several between bars the first that is there counts ("site|labels.site")
    :return: what is there, or None
    """
    for alternative in path.split("|"):
        found = _follow(value, alternative.strip())
        if found is not None:
            return found
    return None


def _follow(value, path):
    for name in path.split(".") if path else ():
        if isinstance(value, dict):
            value = value.get(name)
        elif isinstance(value, list) and name.isdecimal() and len(name) < 7:
            value = value[int(name)] if int(name) < len(value) else None
        else:
            return None
    return value


def to_text(value, limit=TEXT_LIMIT):
    """
    :return: str of a text, number or boolean, "" of anything else; without what a
        database cannot keep, and what is too long cut so that two remain two
    """
    if isinstance(value, bool):
        value = str(value).lower()
    if not isinstance(value, (str, int, float)):
        return ""
    text = str(value).encode("utf-8", "replace").decode().replace("\0", "").strip()
    if len(text) <= limit:
        return text
    digest = hashlib.sha256(text.encode()).hexdigest()[:12]
    return f"{text[: limit - 13]}…{digest}"


def to_instant(value):
    """
    :param value: ISO 8601 (without zone: UTC), or seconds or milliseconds since 1970
    :return: naive UTC datetime in whole seconds, or None where it is none
    """
    try:
        if isinstance(value, str):
            # Python 3.10 knows neither a Z nor fractions of nanoseconds.
            text = FRACTION.sub(r"\1", value.strip())
            instant = datetime.fromisoformat(ZULU.sub(r"\1+00:00", text))
        elif isinstance(value, (int, float)) and not isinstance(value, bool):
            seconds = value / 1000 if value > MILLISECONDS_FROM else value
            instant = datetime.fromtimestamp(seconds, timezone.utc)
        else:
            return None
        if instant.tzinfo:
            instant = instant.astimezone(timezone.utc)
    except (ValueError, OverflowError, OSError):
        return None
    return instant.replace(tzinfo=None, microsecond=0)
