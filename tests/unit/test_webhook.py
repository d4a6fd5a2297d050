"""What is sent to other systems: signature, addresses, retries."""

import hashlib
import hmac
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tools.webhook import (
    DELAYS,
    get_delay,
    is_private,
    sign,
    why_not_url,
)


@given(st.text(min_size=1), st.integers(0, 2**40), st.binary())
def test_the_signature_is_of_time_stamp_and_body(secret, timestamp, body):
    signed = f"{timestamp}.".encode() + body
    digest = hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()
    assert sign(secret, timestamp, body) == f"sha256={digest}"


@given(st.text(max_size=80))
def test_whatever_is_typed_gets_an_answer(text):
    assert why_not_url(text) in ("form", "plain", "login", None)
    assert why_not_url(f"https://{text}") in ("form", "login", None)


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("https://hooks.example.com/a?b=c", None),
        ("https://10.1.2.3", None),
        ("http://192.168.1.7:8000/x", None),
        ("http://[fe80::1]/x", None),
        ("http://localhost:8069", None),
        ("http://nas/hook", None),
        ("http://nas.local/hook", None),
        ("http://example.com", "plain"),
        ("http://8.8.8.8/x", "plain"),
        ("http://local.example.com", "plain"),
        ("https://me:word@example.com", "login"),
        ("https://@example.com", "login"),
        ("ftp://example.com", "form"),
        ("//example.com", "form"),
        ("https://example.com:port", "form"),
        ("https://example.com/ä", "form"),
        ("https://example.com/a b", "form"),
        ("https://[oops", "form"),
        ("", "form"),
    ],
)
def test_where_something_may_be_sent(url, reason):
    assert why_not_url(url) == reason


def test_private_is_what_is_in_one_s_own_network():
    assert is_private("127.0.0.1")
    assert is_private("fd00::1")
    assert not is_private("93.184.216.34")
    assert not is_private("example.com")


def test_the_pauses_get_longer_and_end_after_two_days():
    assert list(DELAYS) == sorted(DELAYS)
    assert [get_delay(n + 1) for n in range(len(DELAYS))] == list(DELAYS)
    assert get_delay(len(DELAYS) + 1) is None
    assert timedelta(days=1.5) < sum(DELAYS, timedelta()) < timedelta(days=2.5)
