"""Where everything lies. All state is in one folder, so that deleting it is a reset."""

import hashlib
import os
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
STATE = Path(os.environ.get("SERVICE_AGREEMENT_STATE") or ROOT / ".dev").resolve()

LOCK_FILE = ROOT / "requirements.lock"
VENV = STATE / "venv"
PYTHON = VENV / "bin" / "python"
ODOO = STATE / "odoo"
DEBIAN = STATE / "debian"
BIN = STATE / "bin"
POSTGRES = STATE / "postgres"
DATA = STATE / "data"
FILESTORE = DATA / "filestore"
LOG = STATE / "log"
FAILURES = STATE / "failures"

MAIN_ADDON = "service_agreement"

# Short and stable: tells the databases and sockets of two checkouts apart.
CHECKOUT_ID = hashlib.sha256(str(STATE).encode()).hexdigest()[:6]


def own_addons():
    """Return the folders of this repository's addons, the main one first."""
    folders = [path.parent for path in ROOT.glob("*/__manifest__.py")]
    return sorted(folders, key=lambda path: (path.name != MAIN_ADDON, path.name))


def bridges():
    """Return the names of our addons beside the main one."""
    return [path.name for path in own_addons() if path.name != MAIN_ADDON]


def log_file(name):
    """Return the path of a log, its folder made."""
    LOG.mkdir(parents=True, exist_ok=True)
    return LOG / f"{name}.log"
