"""Core's own `test_lint`, which no addon outside core is otherwise shown to."""

import importlib.util
import subprocess
from pathlib import Path

import pytest

from devtool.odoo_process import CONFIG
from devtool.paths import PYTHON, ROOT, log_file
from devtool.reports import read_junit

CHECKS = [
    "test_docstring",
    "test_dunderinit",
    "test_i18n",
    "test_index",
    "test_jstranslate",
    "test_manifests",
    "test_naming",
    "test_onchange_domains",
    "test_orm_import",
    "test_override_signatures",
    "test_pofile",
    "test_pylint",
    "test_routes",
    "test_test_holes",
]


@pytest.fixture(scope="module")
def core_lint(workshop):
    """Run all of them in one process; return {check: reasons of its failures}."""
    report = log_file("core-lint").with_suffix(".xml")
    report.unlink(missing_ok=True)
    # Without the bridges' dependencies, whose findings are not ours to mend either, but
    # with what people choose of ours.
    with workshop.databases.throwaway("service_agreement_payment") as name:
        done = subprocess.run(
            [
                *(PYTHON, "-m", "pytest", "-q", "-o", "addopts="),
                *(
                    "--import-mode=importlib",
                    "-p",
                    "tests.system.core_lint_plugin",
                    f"--junitxml={report}",
                ),
                *(f"--odoo-config={CONFIG}", f"--odoo-database={name}"),
                *(_folder() / f"{check}.py" for check in CHECKS),
            ],
            cwd=ROOT,
            env={**workshop.env, "PYTHONPATH": str(ROOT)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
    assert report.exists(), done.stdout
    return read_junit("core lint", report, done.returncode), done.stdout


@pytest.mark.parametrize("check", CHECKS)
def test_core_lint_has_nothing_to_say_about_our_addons(core_lint, check):
    result, printed = core_lint
    assert result.counts["passed"], printed
    found = [why for test, why in result.failures if f".{check}." in test]
    if found:
        pytest.fail("\n".join(found), pytrace=False)


def _folder():
    """Return where core's lint lies; Odoo is a package on this Python's path."""
    spec = importlib.util.find_spec("odoo")
    for path in map(Path, spec.submodule_search_locations):
        for addons in (path / "addons", path.parent / "addons"):
            folder = addons / "test_lint" / "tests"
            if folder.exists():
                return folder
    return pytest.fail(f"no test_lint near {path}")
