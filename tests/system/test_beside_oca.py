"""Installed together, OCA's contract and helpdesk_mgmt still pass their own tests."""

import re

import pytest

from devtool.odoo_process import free_port

# What Odoo's own runner says at its end.
OUTCOME = re.compile(r"(\d+) failed, (\d+) error\(s\) of (\d+) tests when loading")
# As many as their suites had when this was written, with room for some to go.
AT_LEAST = {"contract": 60, "helpdesk_mgmt": 25}


@pytest.mark.parametrize("addon", ["contract", "helpdesk_mgmt"])
def test_their_own_suite_passes_with_us_installed(database, addon):
    database.odoo("-i", addon)
    port = str(free_port(8400))
    log = database.odoo("-u", addon, "--test-tags", f"/{addon}", "--http-port", port)
    failed, errors, count = map(int, OUTCOME.findall(log)[-1])
    assert failed == errors == 0, log
    assert count >= AT_LEAST[addon], f"only {count} tests were run"
