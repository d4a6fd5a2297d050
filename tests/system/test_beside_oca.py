"""Installed together, OCA's contract and helpdesk_mgmt still pass their own tests.

With helpdesk_mgmt comes our bridge to it, which installs itself.
"""

import re

import pytest

from devtool.odoo_process import free_port
from tests.system.test_lifecycle import get_complaints

BRIDGE = "service_agreement_helpdesk_mgmt"

# What Odoo's own runner says at its end.
OUTCOME = re.compile(r"(\d+) failed, (\d+) error\(s\) of (\d+) tests when loading")
# As many as their suites had when this was written, with room for some to go.
AT_LEAST = {"contract": 60, "helpdesk_mgmt": 25}


@pytest.mark.parametrize("addon", ["contract", "helpdesk_mgmt"])
def test_their_own_suite_passes_with_us_installed(database, addon):
    database.odoo("-i", addon)
    bridges = "SELECT count(*) FROM ir_module_module WHERE state = 'installed' AND name"
    has_bridge = addon == "helpdesk_mgmt"
    assert database.sql(f"{bridges} = '{BRIDGE}'") == [str(int(has_bridge))]
    port = str(free_port(8400))
    log = database.odoo("-u", addon, "--test-tags", f"/{addon}", "--http-port", port)
    failed, errors, count = map(int, OUTCOME.findall(log)[-1])
    assert failed == errors == 0, log
    assert count >= AT_LEAST[addon], f"only {count} tests were run"


# A ticket of OCA's with a promise that runs.
PROMISED = """
plan = env.ref("service_agreement.plan_monthly")
tier = env["service.agreement.tier"].create({
    "name": "Silver", "list_price": 149.0, "term_months": 0,
    "price_ids": [(0, 0, {"plan_id": plan.id})],
    "target_ids": [(0, 0, {"priority": "1", "metric": "resolution", "minutes": 60})],
})
customer = env["res.partner"].create({"name": "Customer"})
env["service.agreement"].create({
    "partner_id": customer.id, "tier_id": tier.id, "plan_id": plan.id,
    "date_start": env.company._service_today(),
}).action_activate()
ticket = env["helpdesk.ticket"].create({
    "name": "Dark", "description": "Dark", "partner_id": customer.id,
})
assert ticket.sla_clock_ids
env.cr.commit()
"""


@pytest.mark.parametrize("addon", [BRIDGE, "service_agreement"])
def test_the_bridge_comes_with_helpdesk_and_goes_and_tickets_stay(database, addon):
    assert not get_complaints(database.odoo("-i", "helpdesk_mgmt"))
    installed = f"SELECT state FROM ir_module_module WHERE name = '{BRIDGE}'"
    assert database.sql(installed) == ["installed"]
    database.script(PROMISED)

    assert not get_complaints(database.uninstall(addon))
    left = f"SELECT name FROM ir_model_data WHERE module = '{BRIDGE}'"
    assert database.sql(left) == []
    assert database.sql("SELECT name FROM helpdesk_ticket") == ["Dark"]
