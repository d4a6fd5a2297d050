"""Bodies and headers as no monitoring system should send them, the same each time.

Each starts from an example of a format; most are signed or have the key, for what is
refused at once says nothing about what lies behind.
"""

import copy
import json
import random
import time
from typing import NamedTuple

ODD_VALUES = (
    None,
    True,
    0,
    -1,
    10**400,
    1e308,
    "",
    " ",
    "\0",
    "\ud800",
    "💥" * 300,
    "x" * 5000,
    "'; DROP TABLE res_users; --",
    "%s %(a)s {0}",
    "<script>alert(1)</script>",
    "0001-01-01T00:00:00Z",
    "9999-12-31T23:59:59+14:00",
    "2026-02-30T25:00:00",
    [],
    {},
    [[[[]]]],
    [None] * 30,
    {"": {"": ""}},
    {"labels": []},
)
ODD_BYTES = (b"\x00", b"\xff", b"\xfe\xff", b"NaN", b"1e999", b'"', b"[" * 3000, b"\\u")
ODD_HEADERS = (
    "",
    " ",
    "é",
    "x" * 6000,
    "-1",
    "0",
    "9" * 400,
    "%00",
    "Bearer",
    "Basic",
    "Basic ===",
    "sha256=",
    "application/json; charset=utf-32",
    "application/x-www-form-urlencoded",
    "multipart/form-data",
    "multipart/form-data; boundary=",
    "text/plain; charset=nonsense",
    "gzip",
    "session_id=x",
)
NAMES = (
    "Authorization",
    "Content-Type",
    "Content-Encoding",
    "Cookie",
    "Accept-Language",
    "X-Monitoring-Delivery",
    "X-Monitoring-Signature",
    "X-Monitoring-Timestamp",
    "X-Forwarded-For",
    "X-HTTP-Method-Override",
)
ODD_PATHS = ("", "/", "x", "%00", "%F0%9F%92%A5", "../..", "?a=1&a=2", "?door_key=x")


class Mutation(NamedTuple):
    """What is sent to a source."""

    source: dict
    method: str
    suffix: str
    headers: dict
    body: bytes


def mutations(sources, sign, number, seed):
    """Yield Mutations.

    :param sources: list of dict with format, authentication, secret, example
    :param sign: a function of (secret, time stamp, body) that returns the signature
    """
    draw = random.Random(seed)
    for _each in range(number):
        source = draw.choice(sources)
        body = _mutate_body(draw, source["example"])
        headers = _get_headers(draw, source, sign, body)
        method = draw.choice(("POST",) * 60 + ("GET", "PUT", "DELETE", "OPTIONS"))
        suffix = draw.choice(ODD_PATHS) if draw.random() < 0.03 else ""
        yield Mutation(source, method, suffix, headers, body)


def _get_headers(draw, source, sign, body):
    secret = source["secret"]
    headers = {"Content-Type": "application/json"}
    if source["authentication"] == "signed":
        timestamp = str(int(time.time()))
        headers["X-Monitoring-Timestamp"] = timestamp
        headers["X-Monitoring-Signature"] = sign(secret, timestamp, body)
    else:
        headers["Authorization"] = f"Bearer {secret}"
    if draw.random() < 0.25:
        headers[draw.choice(NAMES)] = draw.choice(ODD_HEADERS)
    return headers


def _mutate_body(draw, example):
    kind = draw.random()
    if kind < 0.7:
        value = copy.deepcopy(example)
        for _time in range(draw.choice((1, 1, 1, 2, 5))):
            value = _mutate_value(draw, value)
        body = json.dumps(value).encode()
    else:
        body = json.dumps(example).encode()
        for _time in range(draw.choice((1, 1, 2, 8))):
            body = _mutate_bytes(draw, body)
    return body


def _mutate_value(draw, value):
    """Replace, drop, double or move one thing somewhere in a value."""
    places = list(_places(value))
    if not places or draw.random() < 0.05:
        return copy.deepcopy(draw.choice(ODD_VALUES))
    container, key = draw.choice(places)
    what = draw.random()
    if what < 0.6:
        container[key] = copy.deepcopy(draw.choice(ODD_VALUES))
    elif what < 0.8:
        del container[key]
    elif isinstance(container, list):
        container += copy.deepcopy([container[key]]) * draw.choice((1, 3, 1200))
    else:
        container[draw.choice(("", "site", "status", "\0", key * 50))] = container[key]
    return value


def _places(value):
    """Yield (container, key) of everything inside a value."""
    items = ()
    if isinstance(value, dict):
        items = list(value.items())
    elif isinstance(value, list):
        items = list(enumerate(value[:20]))
    for key, inner in items:
        yield value, key
        yield from _places(inner)


def _mutate_bytes(draw, body):
    at = draw.randrange(len(body) + 1)
    what = draw.random()
    if what < 0.3:
        return body[:at]
    if what < 0.6:
        return body[:at] + draw.choice(ODD_BYTES) + body[at:]
    if what < 0.9:
        return body[:at] + bytes([draw.randrange(256)]) + body[at + 1 :]
    return body[at:] + body[:at]
