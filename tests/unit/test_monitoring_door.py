"""Who may come in, and what the formats of monitoring systems say."""

import hashlib
import hmac
import json
from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from monitoring_tools import door as doors
from monitoring_tools import formats, schema
from monitoring_tools.examples import BODIES, get_setup
from monitoring_tools.formats import Paths
from monitoring_tools.reading import FormatError, find, load, to_instant, to_text

NOW = datetime.fromisoformat("2026-03-06 15:00:00")
LABELS = Paths(site="site", device="instance", alive="Watchdog, DeadMansSwitch")
OWN = Paths(
    alerts="alerts",
    site="site|labels.site",
    device="device",
    name="what",
    status="state",
    firing="down, bad",
    resolved="UP",
    severity="level",
    critical="5",
    time="at",
)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


def read(format, payload, paths=LABELS):
    return formats.read(format, paths, payload, NOW)


def read_one(format, payload, paths=LABELS):
    (alert,) = read(format, payload, paths)
    return alert


def refuse(format, payload, paths=LABELS):
    with pytest.raises(FormatError) as caught:
        read(format, payload, paths)
    return caught.value.code, caught.value.values.get("where")


# Reading


@given(st.text(), st.integers(20, 60))
def test_a_text_is_kept_or_cut_and_never_holds_what_a_database_cannot(text, limit):
    kept = to_text(text, limit)
    assert len(kept) <= limit
    assert "\0" not in kept
    kept.encode()


@given(st.text(min_size=1))
def test_what_differs_after_the_cut_still_differs(text):
    first, second = (to_text("a" * 250 + text + end) for end in ("x", "y"))
    assert first != second


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (7, "7"),
        (True, "true"),
        (1.5, "1.5"),
        (None, ""),
        ([], ""),
        ({}, ""),
        (" a ", "a"),
    ],
)
def test_what_is_no_text_is_made_one_or_none(value, text):
    assert to_text(value) == text


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("a.b.1.c", 7),
        ("a.b.2.c", None),
        ("a.x|a.b.1.c", 7),
        ("a.b.x", None),
        ("a.b.1.c.d", None),
        ("a.b.99999999999", None),
        ("x", None),
    ],
)
def test_a_path(path, found):
    assert find({"a": {"b": [{}, {"c": 7}]}}, path) == found


@pytest.mark.parametrize(
    ("value", "instant"),
    [
        ("2026-03-06T15:00:00Z", "2026-03-06 15:00"),
        ("2026-03-06T16:00:00.123456789+01:00", "2026-03-06 15:00"),
        ("2026-03-06 15:00", "2026-03-06 15:00"),
        (1772809200, "2026-03-06 15:00"),
        (1772809200000, "2026-03-06 15:00"),
        ("perhaps", None),
        (True, None),
        (1e300, None),
        (float("nan"), None),
        ("9999-12-31T23:59:59-14:00", None),
        (None, None),
    ],
)
def test_an_instant(value, instant):
    assert to_instant(value) == (instant and datetime.fromisoformat(instant))


@pytest.mark.parametrize(
    "body", [b"", b"{", b"\xff", b"[" * 10**5, b"NaN", b"1" * 5000, b"{'a': 1}"]
)
def test_what_is_no_json(body):
    with pytest.raises(FormatError) as caught:
        load(body)
    assert caught.value.code == "not_json"


# The schema


def test_every_word_of_the_schema_is_one_that_is_checked():
    def words(part):
        for word, value in part.items():
            yield word
            if word == "properties":
                for inner in value.values():
                    yield from words(inner)
            elif word == "items":
                yield from words(value)

    assert set(words(formats.get_schema())) <= schema.CHECKS.keys() | schema.NOTES


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"site": None}, ("wrong_type", "$.alerts[0].site")),
        ({"site": " "}, ("empty", "$.alerts[0].site")),
        ({"site": "x" * 201}, ("too_long", "$.alerts[0].site")),
        ({"status": "down"}, ("not_one_of", "$.alerts[0].status")),
        ({"status": ["firing"]}, ("not_one_of", "$.alerts[0].status")),
        ({"severity": "high"}, ("not_one_of", "$.alerts[0].severity")),
        ({"at": "yesterday"}, ("no_time", "$.alerts[0].at")),
        ({"at": 7}, ("wrong_type", "$.alerts[0].at")),
    ],
)
def test_what_the_schema_refuses(change, why):
    alert = {"site": "lake", "alert": "Offline", "status": "firing", **change}
    assert refuse("plain", {"alerts": [alert]}) == why


@pytest.mark.parametrize(
    ("payload", "why"),
    [
        ([], ("wrong_type", "$")),
        ({}, ("missing", "$.alerts")),
        ({"alerts": []}, ("empty", "$.alerts")),
        ({"alerts": [7]}, ("wrong_type", "$.alerts[0]")),
        (
            {"alerts": [{"site": "a", "status": "firing"}]},
            ("missing", "$.alerts[0].alert"),
        ),
    ],
)
def test_what_lacks_something(payload, why):
    assert refuse("plain", payload) == why


# The formats


@pytest.mark.parametrize("format", BODIES)
def test_the_examples_say_the_same_in_every_format(format):
    alert = read_one(format, BODIES[format])
    assert alert.status == "firing"
    assert alert.site in ("lake-house", "17")
    assert alert.device in ("router-1", "4711")
    assert alert.happened_at <= NOW
    assert alert.name
    assert alert.key


@pytest.mark.parametrize("format", [*BODIES, "mapped"])
@given(payload=json_values)
def test_whatever_comes_is_read_or_refused(format, payload):
    try:
        alerts = read(format, payload, OWN)
    except FormatError:
        return
    for alert in alerts:
        assert alert.site
        assert alert.name
        assert alert.status in ("firing", "resolved", "heartbeat")
        assert alert.happened_at <= NOW


def make_alert(**others):
    return {
        "status": "firing",
        "labels": {"alertname": "Down", "instance": "router", "severity": "page"},
        "startsAt": "2026-03-06T14:00:00Z",
        "endsAt": "0001-01-01T00:00:00Z",
        "fingerprint": "f1",
        **others,
    }


def test_alertmanager_without_a_label_of_the_site():
    alert = read_one("alertmanager", {"alerts": [make_alert()]})
    assert (alert.site, alert.device, alert.key) == ("router", "", "f1")
    assert alert.severity == "critical"
    assert alert.happened_at == datetime.fromisoformat("2026-03-06 14:00")


def test_alertmanager_recovers_when_it_says():
    over = make_alert(status="resolved", endsAt="2026-03-06T14:30:00Z")
    alert = read_one("alertmanager", {"alerts": [over]})
    assert alert.status == "resolved"
    assert alert.happened_at == datetime.fromisoformat("2026-03-06 14:30")


def test_a_sign_of_life_is_none_of_what_is_wrong():
    labels = {"alertname": "watchdog", "site": "lake"}
    alert = read_one("alertmanager", {"alerts": [make_alert(labels=labels)]})
    assert alert.status == "heartbeat"


def test_alertmanager_names_neither_site_nor_device():
    alert = make_alert(labels={"alertname": "Down"})
    assert refuse("alertmanager", {"alerts": [alert]}) == ("missing", "site")


@pytest.mark.parametrize(
    ("event", "status", "severity"),
    [
        ({"name": "device_status", "data": {"value": "UP"}}, "resolved", "warning"),
        ({"name": "agent_status", "data": {"value": "DOWN"}}, "firing", "warning"),
        (
            {
                "name": "device_rtd",
                "data": {"value": {"latency": 9}, "status": "RTD_ISSUE_RESOLVED"},
            },
            "resolved",
            "warning",
        ),
        ({"name": "device_heartbeat_lost", "data": {}}, "firing", "warning"),
        ({"name": "device_ip_change", "data": {"value": ["a"]}}, "firing", "info"),
        ({"name": "agent_wan_change", "data": {}}, "firing", "info"),
    ],
)
def test_domotz(event, status, severity):
    event["data"]["agent_id"] = 17
    alert = read_one("domotz", event)
    assert (alert.status, alert.severity, alert.site) == (status, severity, "17")


def test_domotz_says_of_each_port_what_is_with_it():
    ports = [{"port": 443, "status": "DOWN"}, {"port": 80, "status": "UP"}]
    event = {
        "name": "device_tcp",
        "data": {"agent_id": 1, "device_id": 2, "value": ports},
    }
    first, second = read("domotz", event)
    assert (first.name, first.status) == ("device_tcp 443", "firing")
    assert (second.name, second.status) == ("device_tcp 80", "resolved")


def test_auvik_clears_what_it_triggered():
    fired = read_one("auvik", BODIES["auvik"])
    cleared = {**BODIES["auvik"], "alertStatusString": "Cleared"}
    over = read_one("auvik", cleared)
    assert (fired.status, over.status) == ("firing", "resolved")
    assert fired.key == over.key
    assert fired.severity == "critical"


def test_a_word_that_nobody_named_is_not_guessed_at():
    alert = {"site": 4, "what": "Ping", "state": "odd"}
    assert refuse("mapped", alert, OWN._replace(alerts=""))[0] == "unknown_status"


def test_one_alert_or_a_list_of_them():
    one = {"labels": {"site": 4}, "what": "Ping", "state": "Down", "level": 5}
    paths = OWN._replace(alerts="")
    alert = read_one("mapped", one, paths)
    assert (alert.site, alert.status, alert.severity) == ("4", "firing", "critical")
    assert read("mapped", [one, one], paths) == [alert, alert]


def test_what_is_to_come_has_happened_by_now():
    alert = {
        "site": "a",
        "alert": "b",
        "status": "firing",
        "at": "2026-03-06T16:00:00Z",
    }
    assert read_one("plain", {"alerts": [alert]}).happened_at == NOW


def test_a_link_that_runs_something_is_none():
    alert = {
        "site": "a",
        "alert": "b",
        "status": "firing",
        "url": "javascript:alert(1)",
    }
    assert not read_one("plain", {"alerts": [alert]}).url


# By what a delivery is known


def get_id(format, payload, now=NOW, paths=OWN):
    body = json.dumps(payload).encode()
    return formats.get_delivery_id(format, paths, payload, body, now)


def test_the_time_in_a_body_makes_it_the_same_for_ever():
    for format in ("auvik", "domotz"):
        later = NOW + timedelta(days=9)
        assert get_id(format, BODIES[format]) == get_id(format, BODIES[format], later)


def test_alertmanagers_words_may_change_while_it_says_the_same():
    group = {"groupKey": "{}", "alerts": [make_alert(), make_alert(fingerprint="f2")]}
    same = {**group, "alerts": group["alerts"][::-1], "truncatedAlerts": 0}
    other = {**group, "alerts": group["alerts"][:1]}
    assert get_id("alertmanager", group) == get_id("alertmanager", same)
    assert get_id("alertmanager", group) != get_id("alertmanager", other)
    later = NOW + timedelta(minutes=5)
    assert get_id("alertmanager", group) != get_id("alertmanager", group, later)


@given(json_values)
def test_whatever_comes_has_an_id(payload):
    for format in (*BODIES, "mapped"):
        assert 0 < len(get_id(format, payload)) <= 200


# The door


def make_door(authentication="signed", **others):
    return doors.Door(
        **{
            "source_id": 1,
            "company_id": 1,
            "format": "plain",
            "authentication": authentication,
            "secret": "new",
            "previous_secret": "old",
            "previous_until": NOW,
            "per_minute": 0,
            "paths": Paths(),
            **others,
        }
    )


def get_signed(secret, body=b"{}", now=NOW):
    timestamp = str(int(now.replace(tzinfo=timezone.utc).timestamp()))
    return {
        doors.TIMESTAMP_HEADER: timestamp,
        doors.SIGNATURE_HEADER: doors.sign(secret, timestamp, body),
    }


def may_come_in(door, headers, body=b"{}", now=NOW):
    try:
        doors.check(door, headers, body, now)
    except doors.Refused:
        return False
    return True


def test_the_signature_is_what_the_documentation_says():
    wanted = hmac.new(b"secret", b"1772809200.{}", hashlib.sha256).hexdigest()
    assert doors.sign("secret", "1772809200", b"{}") == f"sha256={wanted}"


def test_the_old_secret_ends_at_its_instant():
    door, before = make_door(), NOW - timedelta(seconds=1)
    assert may_come_in(door, get_signed("new"))
    assert not may_come_in(door, get_signed("old"))
    assert may_come_in(door, get_signed("old", now=before), now=before)


@pytest.mark.parametrize(
    ("seconds", "comes_in"), [(-301, False), (-300, True), (300, True), (301, False)]
)
def test_the_clocks_may_differ_by_five_minutes(seconds, comes_in):
    headers = get_signed("new", now=NOW + timedelta(seconds=seconds))
    assert may_come_in(make_door(), headers) is comes_in


@given(
    st.dictionaries(
        st.sampled_from(
            ["Authorization", doors.TIMESTAMP_HEADER, doors.SIGNATURE_HEADER]
        ),
        st.text() | st.sampled_from(["Bearer ", "Basic Og==", "Basic ===", "9" * 400]),
    ),
    st.sampled_from(["signed", "bearer", "basic"]),
    st.booleans(),
)
def test_nobody_guesses_his_way_in(headers, authentication, has_secret):
    secrets = {} if has_secret else {"secret": "", "previous_secret": ""}
    assert not may_come_in(make_door(authentication, **secrets), headers)


def test_the_example_to_copy_is_json_where_it_has_a_body():
    for format in (*BODIES, "mapped"):
        for authentication in ("signed", "bearer", "basic"):
            text = get_setup(format, authentication, "https://example.com/door")
            assert "https://example.com/door" in text
            assert "%(" not in text
