"""Installed together, OCA's contract and helpdesk_mgmt still pass their own tests."""

import importlib.util
import subprocess
from pathlib import Path

import pytest

from devtool.odoo_process import CONFIG
from devtool.paths import PYTHON, ROOT, log_file
from devtool.reports import read_junit


@pytest.mark.parametrize("addon", ["contract", "helpdesk_mgmt"])
def test_their_own_suite_passes_with_us_installed(database, addon):
    database.odoo("-i", addon)
    report = log_file(f"{database.name}-{addon}").with_suffix(".xml")
    done = subprocess.run(
        [
            *(PYTHON, "-m", "pytest", "-q", "-o", "addopts=", "--odoo-http"),
            *(f"--odoo-config={CONFIG}", f"--odoo-database={database.name}"),
            *(f"--junitxml={report}", get_tests(addon)),
        ],
        cwd=ROOT,
        env=database.env,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert report.exists(), done.stdout
    result = read_junit(addon, report, done.returncode)
    assert not result.failures, done.stdout
    assert result.counts["passed"], "no test was run"


def get_tests(addon):
    """Return the folder of an addon that pip installed."""
    spec = importlib.util.find_spec("odoo")
    for path in spec.submodule_search_locations:
        folder = Path(path) / "addons" / addon / "tests"
        if folder.exists():
            return folder
    return pytest.fail(f"{addon} is not installed: run ./dev test")
