"""What each format looks like, and how it is sent: for whoever sets a source up."""

import json

from .door import SIGNATURE_HEADER, TIMESTAMP_HEADER

BODIES = {
    "plain": {
        "alerts": [
            {
                "site": "lake-house",
                "site_name": "Lake House",
                "device": "router-1",
                "device_name": "Router in the rack",
                "alert": "Device offline",
                "status": "firing",
                "severity": "critical",
                "summary": "The router has not answered for three minutes.",
            }
        ]
    },
    "alertmanager": {
        "version": "4",
        "groupKey": '{}:{alertname="DeviceOffline"}',
        "truncatedAlerts": 0,
        "status": "firing",
        "receiver": "service",
        "alerts": [
            {
                "status": "firing",
                "labels": {
                    "alertname": "DeviceOffline",
                    "site": "lake-house",
                    "instance": "router-1",
                    "severity": "critical",
                },
                "annotations": {"summary": "The router does not answer."},
                "startsAt": "2026-03-06T14:58:00Z",
                "endsAt": "0001-01-01T00:00:00Z",
                "fingerprint": "5a4c1d6f0b2e8a97",
            }
        ],
    },
    "auvik": {
        "companyId": "lake-house",
        "companyName": "Lake House",
        "entityId": "router-1",
        "entityName": "Router in the rack",
        "entityType": "device",
        "alertName": "Device offline",
        "alertDescription": "The router does not answer.",
        "alertSeverityString": "Critical",
        "alertStatusString": "Triggered",
        "date": "2026-03-06T14:58:00.000Z",
    },
    "domotz": {
        "name": "device_status",
        "timestamp": "2026-03-06T14:58:00Z",
        "data": {
            "agent_id": 17,
            "agent": {"id": 17, "display_name": "Lake House"},
            "device_id": 4711,
            "device": {"id": 4711, "display_name": "Router in the rack"},
            "value": "DOWN",
        },
    },
}
# As short as it gets, for a command line.
SHORT = '{"alerts": [{"site": "lake-house", "alert": "Offline", "status": "firing"}]}'

SIGNED = f"""\
SECRET='the secret'
BODY='%(body)s'
NOW=$(date +%%s)
SIGNATURE=$(printf '%%s.%%s' "$NOW" "$BODY" \\
  | openssl dgst -sha256 -hmac "$SECRET" -r | cut -d' ' -f1)
curl '%(address)s' \\
  -H 'Content-Type: application/json' \\
  -H "{TIMESTAMP_HEADER}: $NOW" \\
  -H "{SIGNATURE_HEADER}: sha256=$SIGNATURE" \\
  --data-binary "$BODY"
"""
BEARER = """\
SECRET='the secret'
curl '%(address)s' \\
  -H 'Content-Type: application/json' \\
  -H "Authorization: Bearer $SECRET" \\
  --data-binary '%(body)s'
"""
BASIC = """\
SECRET='the secret'
curl '%(address)s' \\
  -H 'Content-Type: application/json' \\
  -u "monitoring:$SECRET" \\
  --data-binary '%(body)s'
"""
COMMANDS = {"signed": SIGNED, "bearer": BEARER, "basic": BASIC}
ALERTMANAGER = """\
receivers:
  - name: service
    webhook_configs:
      - url: '%(address)s'
        send_resolved: true
        http_config:
%(credentials)s
"""
CREDENTIALS = {
    "bearer": """\
          authorization:
            type: Bearer
            credentials: 'the secret'""",
    "basic": """\
          basic_auth:
            username: monitoring
            password: 'the secret'""",
}


def get_body(format):
    """:return: str, an example of the format, "" where only its owner knows it"""
    body = BODIES.get(format)
    return json.dumps(body, indent=2) if body else ""


def get_setup(format, authentication, address):
    """:return: str, what to type, or to put into the other system's configuration"""
    if format == "alertmanager" and authentication in CREDENTIALS:
        credentials = CREDENTIALS[authentication]
        return ALERTMANAGER % {"address": address, "credentials": credentials}
    body = SHORT if format == "plain" else json.dumps(BODIES.get(format, {}))
    return COMMANDS[authentication] % {"address": address, "body": body}
