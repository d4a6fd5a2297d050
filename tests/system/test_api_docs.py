"""What docs/api.md shows is run: the client, curl, a receiver of webhooks."""

import csv
import json
import os
import re
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request

import pytest

from devtool.paths import ROOT
from tests.support import wait_until

DOC = (ROOT / "docs" / "api.md").read_text()
SECRET = "a secret for the test"
PREPARE = """
company = env.company
if not company.chart_template:
    env["account.chart.template"].try_loading("generic_coa", company)
plan = env.ref("service_agreement.plan_monthly")
tier = env["service.agreement.tier"].create({
    "name": "Gold", "list_price": 249.0, "price_ids": [(0, 0, {"plan_id": plan.id})],
    "target_ids": [
        (0, 0, {
            "priority": str(n), "metric": "first_response", "minutes": 60 * (4 - n),
        })
        for n in range(4)
    ],
    "allowance_ids": [
        (0, 0, {"name": "Help", "kind": "included", "unit": "hours", "quantity": 4})
    ],
})
customer = env["res.partner"].create({"name": "Whitfield Residence"})
env["service.agreement.system"].create(
    {"name": "Theatre", "partner_id": customer.id}
)
company.service_desk_project_id = env["project.project"].create(
    {"name": "Service Desk", "is_service_desk": True, "company_id": company.id}
)
env["service.agreement.rate"].create({"price": 150.0, "company_id": company.id})
admin = env.ref("base.user_admin")
if not admin.employee_ids:
    env["hr.employee"].create({"name": "Mitchell", "user_id": admin.id})
env["service.webhook"].create({
    "name": "Centre", "url": "http://127.0.0.1:%(port)s/hook", "secret": "%(secret)s",
})
env.cr.commit()
"""


def find_blocks(kind):
    """:return: dict of the texts of code blocks, by what the comment before names"""
    pattern = rf"<!-- {kind}: (\S+) -->\n```\w+\n(.*?)\n```"
    return dict(re.findall(pattern, DOC, re.DOTALL))


@pytest.fixture
def folder(tmp_path):
    """The files of the page, as somebody saves them."""
    for name, text in find_blocks("file").items():
        (tmp_path / name).write_text(text + "\n")
    return tmp_path


@pytest.fixture
def receiver(folder):
    """The receiver of the page, running; yields its port and where it prints."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    printed = folder / "printed"
    with printed.open("w") as output:
        process = subprocess.Popen(
            [sys.executable, folder / "receiver.py", str(port)],
            env={**os.environ, "WEBHOOK_SECRET": SECRET},
            stdout=output,
        )
        try:
            wait_until(lambda: answers(port), 20, "the receiver listens")
            yield port, printed
        finally:
            process.terminate()
            process.wait()


def answers(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def test_the_page_is_about_all_that_is_for_other_systems():
    table = ROOT / "service_agreement" / "tests" / "public_methods.csv"
    rows = csv.DictReader(table.read_text().splitlines())
    methods = {row["method"] for row in rows if row["why"] == "api"}
    assert {name for name in methods if f"`{name}`" in DOC} == methods
    assert set(find_blocks("answer")) == methods - {"action_suspend"}


def test_client_curl_and_receiver_do_as_the_page_says(database, folder, receiver):
    port, printed = receiver
    database.script(PREPARE % {"port": port, "secret": SECRET})
    key = database.api_key()
    with database.serve("--max-cron-threads=1") as server:
        variables = {
            **os.environ,
            "ODOO_URL": server.url,
            "ODOO_KEY": key,
            "ODOO_DB": database.name,
        }

        def run(*command):
            return subprocess.run(
                command,
                cwd=folder,
                env=variables,
                capture_output=True,
                text=True,
                check=True,
            )

        first = run(sys.executable, "day.py")
        told = json.loads(first.stdout)
        assert "422 priority: 'soon' is not" in first.stderr
        check_day(told)
        again = json.loads(run(sys.executable, "day.py").stdout)
        check_nothing_is_made_twice(told, again)
        lines = run("bash", "day.sh").stdout.strip().splitlines()
        assert json.loads(lines[0])["agreement"] == told["open_ticket"]["agreement"]
        assert json.loads(lines[-1])["name"] == "No sound in the theatre"
        wait_until(
            lambda: printed.read_text().count("ticket.promised {") == 2,
            60,
            "both tickets are told of",
        )
    check_events(printed.read_text(), told)
    check_forged_is_refused(port)


def check_day(told):
    for method, text in find_blocks("answer").items():
        assert shape(told[method]) == shape(json.loads(text)), method
    assert told["create_from_tier"]["untaxed"] == "249.00"
    assert told["open_ticket"]["promises"][0]["state"] == "running"
    assert told["book_work"]["parts"][0]["amount"] == "0.00"
    assert told["get_allowances"][0]["allowances"][0]["used"] == 0.5


def check_nothing_is_made_twice(told, again):
    for method in ("create_from_tier", "open_ticket", "book_work"):
        assert again[method]["id"] == told[method]["id"]
        assert (told[method]["created"], again[method]["created"]) == (True, False)


def check_events(printed, told):
    events = [json.loads(line.partition(" ")[2]) for line in printed.splitlines()]
    by_name = {event["event"]: event for event in reversed(events)}
    assert {"agreement.signed", "ticket.promised"} <= set(by_name)
    example = json.loads(find_blocks("event")["ticket.promised"])
    assert shape(by_name["ticket.promised"]) == shape(example)
    signed = by_name["agreement.signed"]["data"]["agreement"]
    assert signed["id"] == told["create_from_tier"]["id"]
    assert len({event["id"] for event in events}) == len(events)


def check_forged_is_refused(port):
    for signature in ("", "sha256=" + "0" * 64):
        request = urllib.request.Request(
            f"http://127.0.0.1:{port}/hook",
            data=b"{}",
            headers={
                "X-Service-Timestamp": str(int(time.time())),
                "X-Service-Signature": signature,
            },
        )
        with pytest.raises(urllib.error.HTTPError, match="401"):
            urllib.request.urlopen(request, timeout=10)


def shape(value):
    """:return: the names in it, without values: of a list, of its first one"""
    if isinstance(value, dict):
        return {name: shape(each) for name, each in value.items()}
    if isinstance(value, list):
        return [shape(each) for each in value[:1]]
    return None
