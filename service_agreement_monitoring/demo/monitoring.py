"""What the demo company's monitoring saw: some months of it, cheap to make."""

import json
from datetime import timedelta

from odoo.addons.service_agreement.demo.timeline import Timeline

# Pays for it, and was never connected.
SILENT = "lindqvist"
# Is connected, and pays for nothing of it.
UNPAID = "okafor"
MINUTE = timedelta(minutes=1)
# (customer, system, alert, severity, begun so many minutes ago, lasted; 0: it lasts)
STORY = [
    ("whitfield", "Network", "Offline", "critical", 97 * 1440, 190),
    ("hargrove", "Main House", "Offline", "critical", 61 * 1440, 75),
    ("whitfield", "Network", "Offline", "critical", 33 * 1440, 42),
    ("okafor", "Whole-House Audio", "Amplifier too hot", "warning", 4 * 1440, 55),
    ("whitfield", "Network", "Packet loss", "warning", 200, 35),
    ("hargrove", "Main House", "Switch port down", "warning", 25, 0),
]
UNKNOWN = {
    "alerts": [
        {
            "site": "boathouse-12",
            "site_name": "Boathouse 12",
            "alert": "Offline",
            "status": "firing",
            "severity": "critical",
            "summary": "The gateway has not answered for ten minutes.",
        }
    ]
}


def load(env):
    company = env.ref("base.main_company")
    line = Timeline(env, company)
    source = line.env.ref("service_agreement_monitoring.source_demo").sudo()
    sites = _connect(line, source)
    for number, told in enumerate(STORY):
        _plan(line, source, sites, number, told)
    line.run()
    _tell_unknown(source, line.now)
    env["service.agreement"].sudo().with_company(company)._cron_silence()


def _connect(line, source):
    """All systems of customers who pay for it, but those of one; and of one who does
    not. :return: dict of sites by (customer, system)"""
    customers = (
        line.env["service.agreement"]
        .search([("bills_monitoring", "=", True), ("company_id", "=", line.company.id)])
        .commercial_partner_id
    )
    customers += line.named(f"partner_{UNPAID}")
    customers -= line.named(f"partner_{SILENT}")
    systems = line.env["service.agreement.system"].search(
        [("commercial_partner_id", "in", customers.ids)]
    )
    rows = [(system.partner_id, system) for system in systems]
    without = customers - systems.commercial_partner_id
    rows += [(customer, systems.browse()) for customer in without]
    sites = source.env["service.monitoring.site"].create(
        [
            {
                "source_id": source.id,
                "name": " ".join(filter(None, (customer.name, system.name))),
                "external_ref": f"site-{customer.id}-{system.id or 0}",
                "partner_id": customer.id,
                "system_id": system.id,
                "last_heard_at": line.now - 3 * MINUTE,
            }
            for customer, system in rows
        ]
    )
    source.last_heard_at = line.now - 3 * MINUTE
    return {
        (customer, system.name): site
        for (customer, system), site in zip(rows, sites, strict=True)
    }


def _plan(line, source, sites, number, told):
    customer, system, alert, severity, ago, lasted = told
    site = sites[line.named(f"partner_{customer}"), system]
    begin = line.now - ago * MINUTE
    values = {
        "source_id": source.id,
        "site_id": site.id,
        "alert_name": alert,
        "key": f"{site.external_ref}|{alert}",
        "severity": severity,
        "position": number,
    }
    # Told of a little later: what is too short was no ticket by then.
    line.at(begin + 3 * MINUTE, _tell, source, values, "firing", begin)
    if lasted:
        end = begin + lasted * MINUTE
        line.at(end, _tell, source, values, "resolved", end)


def _tell(source, values, status, happened_at):
    summaries = {"firing": "It does not answer.", "resolved": "It answers again."}
    event = source.env["service.monitoring.event"].create(
        {
            **values,
            "status": status,
            "happened_at": happened_at,
            "summary": summaries[status],
            "handed_at": happened_at,
        }
    )
    source.env["service.monitoring.alert"]._take(event)


def _tell_unknown(source, now):
    """Through the whole house, but for its door: it is set apart for a person."""
    delivery = source.env["service.monitoring.delivery"].create(
        {
            "source_id": source.id,
            "external_id": "demo-1",
            "received_at": now - 12 * MINUTE,
            "body": json.dumps(UNKNOWN),
        }
    )
    delivery._make_events()
    delivery._settle()
