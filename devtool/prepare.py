"""From nothing to a workshop where Odoo runs: each part made once, then found."""

import fcntl
import shutil
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from . import odoo_process, odoo_source, postgres, programs, python_env
from .databases import Databases
from .errors import DevError
from .paths import STATE
from .progress import say

GIGABYTE = 10**9
NEEDED_BYTES = 6 * GIGABYTE


@dataclass(frozen=True)
class Workshop:
    """What a command needs: the children's environment and the databases."""

    env: dict
    databases: Databases
    chromium: str | None


def workshop(*, browser=False, pdf=False):
    """Prepare all that is missing, and return what to work with.

    Two commands of one checkout do this one after the other.
    """
    _check_disk()
    STATE.mkdir(parents=True, exist_ok=True)
    with (STATE / "prepare.lock").open("w") as lock:
        _wait_for(lock)
        return _prepare(browser, pdf)


def _prepare(browser, pdf):
    with ThreadPoolExecutor() as pool:
        packages = pool.submit(python_env.ensure)
        source = pool.submit(odoo_source.ensure)
        others = pool.submit(_programs, browser, pdf)
        packages.result()
        python_env.add_path(source.result().path)
        variables = postgres.ensure()
        chromium = others.result()
    odoo_process.write_config(source.result())
    env = odoo_process.environment(variables)
    return Workshop(env, Databases(env, source.result()), chromium)


def _programs(browser, pdf):
    if pdf:
        programs.wkhtmltopdf()
    return programs.chromium() if browser else None


def _check_disk():
    """Refuse early what would break off in the middle."""
    if (STATE / "venv" / "complete").exists():
        return
    parent = next(path for path in STATE.parents if path.exists())
    free = shutil.disk_usage(parent).free
    if free < NEEDED_BYTES:
        raise DevError(
            f"{free / GIGABYTE:.1f} GB free at {parent}, but "
            f"{NEEDED_BYTES // GIGABYTE} GB are needed",
            "make room, or let SERVICE_AGREEMENT_STATE name a folder on a larger disk",
        )


def _wait_for(lock):
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        say("another ./dev of this checkout is preparing; waiting for it")
        fcntl.flock(lock, fcntl.LOCK_EX)
