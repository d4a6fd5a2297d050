"""Who may come in: signatures, keys and passwords of what is posted to a source.

Of a source the secret counts that it has now, and until a date the one before.
"""

import base64
import hashlib
import hmac
from datetime import datetime, timedelta, timezone
from typing import NamedTuple

from .formats import Paths

REPLAY_WINDOW = timedelta(minutes=5)
SIGNATURE_HEADER = "X-Monitoring-Signature"
TIMESTAMP_HEADER = "X-Monitoring-Timestamp"
DELIVERY_HEADER = "X-Monitoring-Delivery"
SCHEME = "sha256="


class Door(NamedTuple):
    """What of a source the endpoint needs to know.

    :ivar str authentication: "signed", "bearer" or "basic"
    :ivar previous_until: naive UTC datetime, or None
    :ivar int per_minute: deliveries it takes in one; 0: any number
    """

    source_id: int
    company_id: int
    format: str
    authentication: str
    secret: str
    previous_secret: str
    previous_until: datetime | None
    per_minute: int
    paths: Paths

    def get_secrets(self, now):
        """:return: list of str, those valid at a naive UTC datetime"""
        is_old_valid = self.previous_until and now < self.previous_until
        secrets = [self.secret, self.previous_secret if is_old_valid else ""]
        return [secret for secret in secrets if secret]


class Refused(Exception):
    """It is not from who it says; the text tells a setter-up what to look after."""


def check(door, headers, body, now):
    """
    :param headers: mapping of the request's headers
    :param bytes body: as it came
    :param now: naive UTC datetime
    :raise Refused: it is not signed with, or does not name, a secret of the source
    """
    secrets = door.get_secrets(now)
    if door.authentication == "signed":
        return _check_signature(secrets, headers, body, now)
    given = _get_given_secret(door.authentication, headers)
    # All of them, for the time it takes to tell nothing.
    matches = [_is_same(secret, given) for secret in secrets]
    if not given or not any(matches):
        raise Refused("The key is missing or wrong.")
    return None


def sign(secret, timestamp, body):
    """
    :param str secret: of the source
    :param timestamp: seconds since 1970, as the header has them
    :param bytes body: as it is sent
    :return: str, what the header of the signature holds
    """
    message = f"{timestamp}.".encode() + body
    return SCHEME + hmac.new(secret.encode(), message, hashlib.sha256).hexdigest()


def _check_signature(secrets, headers, body, now):
    given = headers.get(SIGNATURE_HEADER) or ""
    timestamp = headers.get(TIMESTAMP_HEADER) or ""
    matches = [_is_same(sign(secret, timestamp, body), given) for secret in secrets]
    if not any(matches):
        raise Refused("The signature is missing or wrong.")
    if not _is_near(timestamp, now):
        raise Refused("The time stamp is more than five minutes off.")


def _is_near(timestamp, now):
    try:
        sent = datetime.fromtimestamp(int(timestamp), timezone.utc)
    except (ValueError, OverflowError, OSError):
        return False
    return abs(sent.replace(tzinfo=None) - now) <= REPLAY_WINDOW


def _get_given_secret(authentication, headers):
    """:return: str, the key of "Bearer …" or the password of "Basic …", else "" """
    scheme, _space, rest = (headers.get("Authorization") or "").partition(" ")
    if scheme.lower() != authentication:
        return ""
    if authentication == "bearer":
        return rest.strip()
    try:
        decoded = base64.b64decode(rest.strip(), validate=True).decode()
    except ValueError:
        return ""
    return decoded.partition(":")[2]


def _is_same(secret, given):
    return hmac.compare_digest(_encode(secret), _encode(given))


def _encode(text):
    return text.encode("utf-8", "backslashreplace")
