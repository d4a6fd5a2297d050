"""`./dev lint`: each check is one line, and one test of `./dev test`."""

import os
import re
import subprocess
from pathlib import Path

from . import prepare
from .paths import ROOT, VENV, own_addons
from .progress import say
from .reports import Result, show

# Names of package registries' hosts: they belong in a machine's configuration. Written
# so that this file does not hold one.
REGISTRY_HOST = re.compile(
    rb"\b(?:pypi|pythonhosted|npmjs|debian|ubuntu|crates)\.(?:org|com|io|net)\b"
)
# The readme is at the root; a model that does much is one file per thing that it does.
NOT_WANTED = "missing-readme,consider-merging-classes-inherited"
PYTHON_FOLDERS = ("dev", "devtool", "tests", "benchmarks", "docs")


def run(fix=False):
    """Run all checks and print what they found."""
    return show([check_all(prepare.workshop(), fix)])


def check_all(workshop, fix=False):
    """Run all checks and return their outcome."""
    result = Result("lint")
    for name, command in _commands(fix).items():
        ok, text = _run(command, workshop.env)
        _add(result, name, ok, text)
    found = _registry_hosts()
    _add(result, "no registry host in any file", not found, "\n".join(found))
    return result


def _commands(fix):
    """Return the outside checkers, by name; with `fix` those that can mend do."""
    addons = [str(path) for path in own_addons()]
    names = ",".join(path.name for path in own_addons())
    python = [*addons, *(str(ROOT / f) for f in PYTHON_FOLDERS if (ROOT / f).exists())]
    manifestoo = ["manifestoo", "--odoo-series", "19.0", "--select", names]
    manifestoo += ["--addons-path", str(ROOT)]
    return {
        "ruff check": ["ruff", "check", *(["--fix"] if fix else []), *python],
        "ruff format": ["ruff", "format", *([] if fix else ["--check"]), *python],
        "pylint-odoo": ["pylint", "--score=n", f"--disable={NOT_WANTED}", *addons],
        "oca-checks": [
            "oca-checks-odoo-module",
            *(["--fix"] if fix else []),
            *addons,
        ],
        "licences": [*manifestoo, "check-licenses"],
    }


def _run(command, env):
    program = VENV / "bin" / command[0]
    done = subprocess.run(
        [program, *command[1:]],
        env=env,
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode == 0, done.stdout + done.stderr


def _add(result, name, ok, text):
    say(f"{'ok    ' if ok else 'FAILED'} {name}")
    if not ok:
        say(text.rstrip())
    result.add(name, "passed" if ok else "failed", "see above")


def _registry_hosts():
    """Return the places where a file of this repository names a registry."""
    found = []
    for path in _files():
        for number, line in enumerate(path.read_bytes().splitlines(), 1):
            if REGISTRY_HOST.search(line):
                found.append(f"{path.relative_to(ROOT)}:{number}")
    return found


def _files():
    for folder, folders, names in os.walk(ROOT):
        folders[:] = [f for f in folders if f not in (".git", ".dev", "__pycache__")]
        for name in names:
            path = Path(folder, name)
            if path.is_file() and path.suffix not in (".png", ".svg", ".woff2"):
                yield path
