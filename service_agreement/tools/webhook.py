"""What is sent to other systems: how it is signed, where it may go, when it is retried.

How to use::

    sign("secret", 1772786400, b'{"event": …}')   # "sha256=5f0a…"
    why_not_url("http://example.com")             # "plain"
    get_delay(1)                                  # a minute, after the first failure

The receiver builds the same signature of the time stamp, a point and the body as it
came, compares the two in constant time, and refuses what is older than some minutes.
"""

import hashlib
import hmac
import ipaddress
from datetime import timedelta
from urllib.parse import urlsplit

# After each failure in turn; after one more it is given up, two days after the first.
DELAYS = (
    timedelta(minutes=1),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=6),
    timedelta(hours=15),
    timedelta(hours=24),
)
# Names that lead to one's own network, whatever they are there.
PRIVATE_ENDINGS = (".local", ".lan", ".internal", ".home.arpa", ".localhost")


def sign(secret: str, timestamp: int, body: bytes) -> str:
    """
    :param timestamp: of this sending, seconds since 1970
    :param body: as it is sent, byte by byte
    """
    signed = str(timestamp).encode() + b"." + body
    return "sha256=" + hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()


def get_delay(failures: int) -> timedelta | None:
    """How long to wait after so many failures, 1 or more; None: give up."""
    return DELAYS[failures - 1] if failures <= len(DELAYS) else None


def why_not_url(url: str) -> str | None:
    """Why nothing is sent there: "form", no address of the web; "plain", unencrypted
    over the internet; "login", it contains a password. None: it may be.
    """
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        _port = parts.port
    except ValueError:
        return "form"
    if parts.scheme not in ("http", "https") or not host or not _is_printed(url):
        return "form"
    if parts.username is not None or parts.password is not None:
        return "login"
    return "plain" if parts.scheme == "http" and not is_private(host) else None


def is_private(host: str) -> bool:
    """Whether a name or an address leads to one's own network."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return "." not in host or host.lower().endswith(PRIVATE_ENDINGS)
    return address.is_private or address.is_loopback or address.is_link_local


def _is_printed(url):
    return url.isascii() and url.isprintable() and " " not in url
