"""The virtual environment: every package of `requirements.lock`, nothing else."""

import hashlib
import importlib.util
import subprocess
import sys

from .commands import is_root, run_logged
from .debian import install_packages
from .errors import DevError
from .paths import LOCK_FILE, PYTHON, VENV
from .progress import step

STAMP = VENV / "complete"


def ensure():
    """Bring the virtual environment to what the lock file says, if it is not there."""
    wanted = _fingerprint()
    if STAMP.exists() and STAMP.read_text() == wanted:
        return
    with step("Python packages", f"creating {VENV}") as current:
        _create(current)
        _install(current)
        STAMP.write_text(wanted)


def add_path(folder):
    """Make a folder's packages importable in the virtual environment.

    The folder comes last on the path: what is installed wins over what lies in it.
    """
    site = next(VENV.glob("lib/python3.*/site-packages"))
    (site / "odoo-source.pth").write_text(f"{folder}\n")


def _fingerprint():
    version = "{}.{}".format(*sys.version_info[:2])
    return hashlib.sha256(f"{version}\n{LOCK_FILE.read_text()}".encode()).hexdigest()


def _create(current):
    if PYTHON.exists() and _version(PYTHON) == _version(sys.executable):
        return
    if not importlib.util.find_spec("ensurepip"):
        _install_ensurepip(current)
    run_logged([sys.executable, "-m", "venv", "--clear", VENV], "venv")


def _install_ensurepip(current):
    package = "python{}.{}-venv".format(*sys.version_info[:2])
    if not is_root():
        raise DevError(
            "this Python cannot make virtual environments",
            f"as root: apt-get install {package}",
        )
    current.say(f"installing the system package {package}")
    install_packages([package], current)


def _version(python):
    command = [python, "-c", "import sys; print(sys.version_info[:2])"]
    return subprocess.run(command, capture_output=True, check=False).stdout


def _install(current):
    total = sum(1 for line in LOCK_FILE.read_text().splitlines() if line.strip())
    seen = 0

    def follow(line):
        nonlocal seen
        if line.startswith(("Collecting ", "Requirement already", "Ignoring ")):
            seen += 1
            current.update(f"{seen} of {total}")
        elif line.startswith("Installing collected"):
            current.say(f"all {total} fetched, unpacking them")

    # No dependencies: the lock file is complete, and OCA's addons ask for a package
    # `odoo` that no registry has.
    run_logged(
        [PYTHON, "-m", "pip", "install", "--no-deps", "-r", LOCK_FILE],
        "pip",
        on_line=follow,
        failure="pip could not install the packages",
        hint="is the package registry reachable (pip config list)? Then run it again;"
        " what was fetched is kept",
    )
