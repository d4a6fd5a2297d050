"""What the formats say: of each body the same alerts.

A format is a table of paths, or where that does not say it, a function.
"""

import hashlib
import json
from datetime import timezone
from functools import cache
from pathlib import Path
from typing import NamedTuple

from . import schema
from .reading import (
    SUMMARY_LIMIT,
    TEXT_LIMIT,
    URL_LIMIT,
    FormatError,
    find,
    to_instant,
    to_text,
)

SCHEMA_FILE = Path(__file__).parent.parent / "static" / "schema" / "alerts.schema.json"
MOST_ALERTS = 1000
# A body without an id that comes again within these seconds was sent twice; later it
# says that the alert is still on.
REPEAT_SECONDS = 300


class Alert(NamedTuple):
    """What a source says of one alert.

    :ivar str site, device: by what the source tells them apart; device may be ""
    :ivar str status: "firing", "resolved" or "heartbeat"
    :ivar str severity: "info", "warning" or "critical"
    :ivar happened_at: naive UTC datetime: since when, or when it was over
    """

    site: str
    site_name: str
    device: str
    device_name: str
    name: str
    key: str
    status: str
    severity: str
    happened_at: object
    summary: str
    url: str


class Paths(NamedTuple):
    """Where in a body each thing stands; see `reading.find`.

    :ivar str alerts: the list of alerts; "": the whole is one. The other paths start
        at an alert, that of the delivery at the whole
    :ivar str firing, resolved, alive, critical, info: words between commas
    """

    delivery: str = ""
    alerts: str = ""
    site: str = ""
    site_name: str = ""
    device: str = ""
    device_name: str = ""
    name: str = ""
    key: str = ""
    status: str = ""
    firing: str = ""
    resolved: str = ""
    severity: str = ""
    critical: str = ""
    info: str = ""
    time: str = ""
    summary: str = ""
    url: str = ""
    alive: str = ""


PLAIN = Paths(
    delivery="delivery_id",
    alerts="alerts",
    site="site",
    site_name="site_name",
    device="device",
    device_name="device_name",
    name="alert",
    key="key",
    status="status",
    firing="firing",
    resolved="resolved",
    severity="severity",
    critical="critical",
    info="info",
    time="at",
    summary="summary",
    url="url",
)
AUVIK = Paths(
    site="companyId",
    site_name="companyName",
    device="entityId",
    device_name="entityName",
    name="alertName",
    status="alertStatusString",
    firing="Triggered",
    resolved="Cleared",
    severity="alertSeverityString",
    critical="Emergency, Critical",
    info="Info, Informational",
    time="date",
    summary="alertDescription|subject",
    url="link",
)
DOMOTZ = Paths(
    site="data.agent_id|data.agent.id",
    site_name="data.agent.display_name",
    device="data.device_id|data.device.id",
    device_name="data.device.display_name",
    name="name",
    status="data.status|data.value",
    firing="DOWN, RTD_ISSUE_DETECTED, SPEED_TEST_ISSUE_DETECTED",
    resolved="UP, RTD_ISSUE_RESOLVED, SPEED_TEST_ISSUE_RESOLVED",
    time="timestamp",
    summary="data.trigger_name",
)
ALERTMANAGER_CRITICAL = "critical, error, page, high, emergency"
ALERTMANAGER_INFO = "info, none, low, informational"


@cache
def get_schema():
    """:return: dict, the JSON Schema of plain JSON"""
    return json.loads(SCHEMA_FILE.read_text())


def read(format, paths, payload, received_at):
    """
    :param str format: "plain", "alertmanager", "domotz", "auvik" or "mapped"
    :param Paths paths: of a mapped one; of the others only what a source sets: the
        labels that name site and device, what says no more than that it is alive
    :param payload: what the JSON says
    :param received_at: naive UTC datetime
    :return: list of Alert, in the order of the body
    :raise FormatError: it is not of this format
    """
    found = READERS[format](paths, payload, received_at)
    alive = _split(paths.alive)
    return [a._replace(status="heartbeat") if _in(a.name, alive) else a for a in found]


def get_delivery_id(format, paths, payload, body, received_at):
    """By what a delivery is known that has no id in its headers.

    :param bytes body: as it came
    :return: str; of a body that has neither id nor instant it holds for a while only
    """
    own = paths if format == "mapped" else BUILT_IN.get(format)
    given = to_text(find(payload, own.delivery)) if own and own.delivery else ""
    if given:
        return given
    if format == "alertmanager":
        body = _describe_group(payload).encode()
    digest = hashlib.sha256(body).hexdigest()
    if format in ("auvik", "domotz"):
        return digest
    seconds = int(received_at.replace(tzinfo=timezone.utc).timestamp())
    return f"{digest[:40]}-{seconds // REPEAT_SECONDS}"


def _describe_group(payload):
    """What of Alertmanager's group says that it is the same notification: not how its
    alerts are worded."""
    alerts = payload.get("alerts") if isinstance(payload, dict) else None
    names = ("fingerprint", "status", "startsAt", "endsAt")
    lines = sorted(
        [to_text(alert.get(name)) for name in names]
        if isinstance(alert, dict) and alert.get("fingerprint")
        else [json.dumps(alert, sort_keys=True)]
        for alert in (alerts if isinstance(alerts, list) else [payload])
    )
    group = payload.get("groupKey") if isinstance(payload, dict) else ""
    return json.dumps([to_text(group), lines])


# The formats


def _read_plain(paths, payload, received_at):
    schema.check(payload, get_schema())
    return _read_paths(PLAIN, payload, received_at)


def _read_auvik(paths, payload, received_at):
    return _read_paths(AUVIK, payload, received_at)


def _read_paths(paths, payload, received_at):
    found = find(payload, paths.alerts) if paths.alerts else payload
    alerts = found if isinstance(found, list) else [found]
    if not alerts or found is None:
        raise FormatError("no_alerts", where=paths.alerts or "$")
    if len(alerts) > MOST_ALERTS:
        raise FormatError("too_long", where=paths.alerts or "$", wanted=MOST_ALERTS)
    return [_read_alert(paths, alert, received_at) for alert in alerts]


def _read_alert(paths, alert, received_at):
    if not isinstance(alert, dict):
        raise FormatError("wrong_type", where=paths.alerts or "$", wanted="object")

    def text(path, limit=TEXT_LIMIT):
        return to_text(find(alert, path), limit) if path else ""

    def needed(path):
        value = text(path)
        if not value:
            raise FormatError("missing", where=path or "?")
        return value

    site, device, name = needed(paths.site), text(paths.device), needed(paths.name)
    return Alert(
        site=site,
        site_name=text(paths.site_name),
        device=device,
        device_name=text(paths.device_name),
        name=name,
        key=text(paths.key) or to_text(f"{name} @ {get_reference(site, device)}"),
        status=_read_status(paths, text(paths.status)),
        severity=_read_severity(paths, text(paths.severity)),
        happened_at=_read_time(find(alert, paths.time), received_at),
        summary=text(paths.summary, SUMMARY_LIMIT),
        url=_read_url(text(paths.url, URL_LIMIT)),
    )


def get_reference(site, device):
    """:return: str, by what a device at a site is told from all others"""
    return to_text(f"{site} / {device}") if device else site


def _read_status(paths, word):
    """A word that nobody named is an error, not a guess; none at all fires: such
    sources tell of what is wrong only."""
    if not paths.status or not word:
        return "firing"
    if word.lower() == "heartbeat":
        return "heartbeat"
    for status in ("firing", "resolved"):
        if _in(word, _split(getattr(paths, status))):
            return status
    raise FormatError(
        "unknown_status",
        where=paths.status,
        word=word,
        wanted=", ".join(filter(None, (paths.firing, paths.resolved))),
    )


def _read_severity(paths, word):
    for severity in ("critical", "info"):
        if _in(word, _split(getattr(paths, severity))):
            return severity
    return "warning"


def _read_time(value, received_at):
    """What is said to happen later has happened by now; clocks differ."""
    instant = to_instant(value) if value is not None else None
    # Alertmanager's year 1 is none.
    if not instant or instant.year < 1970:
        return received_at
    return min(instant, received_at)


def _read_url(url):
    """A link that does something else than open a page is none."""
    return url if url.lower().startswith(("https://", "http://")) else ""


def _read_alertmanager(paths, payload, received_at):
    if not isinstance(payload, dict) or not isinstance(payload.get("alerts"), list):
        raise FormatError("no_alerts", where="$.alerts")
    if len(payload["alerts"]) > MOST_ALERTS:
        raise FormatError("too_long", where="$.alerts", wanted=MOST_ALERTS)
    return [
        _read_alertmanager_alert(paths, alert, received_at)
        for alert in payload["alerts"]
    ]


def _read_alertmanager_alert(paths, alert, received_at):
    labels = find(alert, "labels") if isinstance(alert, dict) else None
    if not isinstance(labels, dict):
        raise FormatError("wrong_type", where="$.alerts[].labels", wanted="object")
    site = to_text(labels.get(paths.site))
    device = to_text(labels.get(paths.device))
    is_over = alert.get("status") == "resolved"
    flat = {
        **alert,
        # Who gives no site monitors things one by one.
        "site": site or device,
        "device": device if site else "",
        "at": alert.get("endsAt" if is_over else "startsAt"),
    }
    return _read_alert(ALERTMANAGER, flat, received_at)


ALERTMANAGER = Paths(
    site="site",
    device="device",
    name="labels.alertname",
    key="fingerprint",
    status="status",
    firing="firing",
    resolved="resolved",
    severity="labels.severity",
    critical=ALERTMANAGER_CRITICAL,
    info=ALERTMANAGER_INFO,
    time="at",
    summary="annotations.summary|annotations.description|annotations.message",
    url="generatorURL",
)


def _read_domotz(paths, payload, received_at):
    """One event; of services on ports each port is an alert of its own."""
    if not isinstance(payload, dict):
        raise FormatError("wrong_type", where="$", wanted="object")
    ports = find(payload, "data.value")
    if payload.get("name") != "device_tcp" or not isinstance(ports, list):
        return [_read_domotz_event(payload, received_at)]
    return [
        _read_domotz_event(_as_port_event(payload, port), received_at) for port in ports
    ]


def _as_port_event(payload, port):
    number, status = to_text(find(port, "port")), find(port, "status")
    data = {**payload["data"], "value": status}
    return {**payload, "name": f"device_tcp {number}".strip(), "data": data}


def _read_domotz_event(payload, received_at):
    """What has no status that is over one day is news."""
    status = find(payload, DOMOTZ.status)
    is_state = isinstance(status, str) and _in(
        status, _split(DOMOTZ.firing) + _split(DOMOTZ.resolved)
    )
    paths = DOMOTZ if is_state else DOMOTZ._replace(status="")
    alert = _read_alert(paths, payload, received_at)
    is_news = not is_state and alert.name not in DOMOTZ_LOST
    return alert._replace(severity="info") if is_news else alert


# A status without a word for it.
DOMOTZ_LOST = ("device_heartbeat_lost",)
READERS = {
    "plain": _read_plain,
    "alertmanager": _read_alertmanager,
    "domotz": _read_domotz,
    "auvik": _read_auvik,
    "mapped": _read_paths,
}
BUILT_IN = {"plain": PLAIN, "auvik": AUVIK, "domotz": DOMOTZ}


def _split(words):
    return [word.strip().lower() for word in words.split(",") if word.strip()]


def _in(word, words):
    return word.lower() in words
