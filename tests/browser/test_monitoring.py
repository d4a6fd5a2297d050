"""What a monitoring system posts becomes a ticket, which recovers and returns."""

import hashlib
import hmac
import json
import time
from urllib.request import Request, urlopen

import pytest
from playwright.sync_api import expect

from tests.browser.steps import log_in

SECRET, DOOR_KEY = "whisper", "lighthouse"
ALERT = "Router does not answer"
# A source whose alerts need not last, and a site of Carla's that it tells of.
PREPARE = f"""
system = env.ref("service_agreement.system_whitfield_network_demo")
source = env["service.monitoring.source"].create({{
    "name": "Lighthouse", "minimum_seconds": 0,
}})
source.write({{"secret": "{SECRET}", "door_key": "{DOOR_KEY}"}})
env["service.monitoring.site"].create({{
    "source_id": source.id, "name": "Orchard Bend", "external_ref": "orchard-bend",
    "system_id": system.id,
}})
env.cr.commit()
"""


@pytest.fixture(scope="module")
def demo_server(demo_database):
    """The demo with a source that we know the secret of."""
    demo_database.script(PREPARE)
    with demo_database.serve() as server:
        yield server


def test_an_alert_becomes_a_ticket_recovers_and_returns(demo_server, page):
    tell(demo_server, "firing")
    log_in(page, "cora")
    page.clock.install()
    row = open_alerts(page)
    expect(row).to_contain_text("Firing")
    open_ticket(page, row)
    expect(page.locator(".o_service_promise")).to_contain_text("left")

    row = open_alerts(page)
    tell(demo_server, "resolved")
    # The list is read anew by itself, and shows what is not over.
    page.clock.run_for("00:20")
    expect(row).to_have_count(0)

    page.locator(".o_facet_remove").first.click()
    expect(row).to_contain_text("Recovered")
    open_ticket(page, row)
    expect(page.locator(".o_form_view")).to_contain_text("It recovered by itself")
    expect(status(page)).to_contain_text("Solved")

    tell(demo_server, "firing")
    page.reload()
    expect(page.locator(".o_form_view")).to_contain_text(ALERT)
    expect(page.locator(".o_form_view")).not_to_contain_text("It recovered by itself")
    expect(status(page)).not_to_contain_text("Solved")
    page.locator("button[name=action_view_alerts]").click()
    expect(page.locator(".o_data_row")).to_have_count(1)
    expect(page.locator("td[name=event_count]")).to_have_text("3")


def tell(server, state):
    """Post it as a monitoring system does, and have it handled."""
    alert = {"site": "orchard-bend", "alert": ALERT, "status": state}
    body = json.dumps({"alerts": [{**alert, "severity": "critical"}]}).encode()
    now = str(int(time.time()))
    digest = hmac.new(SECRET.encode(), f"{now}.".encode() + body, hashlib.sha256)
    request = Request(
        f"{server.url}/service/monitoring/{DOOR_KEY}",
        data=body,
        headers={
            "Content-Type": "application/json",
            "X-Monitoring-Timestamp": now,
            "X-Monitoring-Signature": f"sha256={digest.hexdigest()}",
            "X-Monitoring-Delivery": f"{state}-{time.time()}",
        },
    )
    with urlopen(request, timeout=30) as answer:
        assert answer.status < 300
    crons = server.call(
        "ir.cron", "search", [[("cron_name", "ilike", "handle what monitoring told")]]
    )
    server.call("ir.cron", "method_direct_trigger", [crons])


def open_alerts(page):
    page.goto("/odoo/alerts")
    return page.locator(".o_data_row", has_text=ALERT)


def open_ticket(page, row):
    row.locator("td[name=name]").click()
    page.locator("button[name=action_view_ticket]").click()
    expect(page.locator("button[name=action_view_alerts]")).to_be_visible()


def status(page):
    return page.locator(".o_arrow_button_current")
