"""Databases: prepared once for what they are made of, copied in a second for each use.

`core` holds Odoo's own modules that ours needs, `plain` adds our addon (and with it our
bridges to those modules), `demo` adds our addon with its demo data. A bridge's name is
`plain` with that bridge, `all` is `plain` with every one. `data` is `demo` with ten
thousand agreements. Odoo's own demo data is never loaded: it would bury ours.
"""

import fcntl
import hashlib
import os
import re
import shutil
from contextlib import contextmanager
from datetime import datetime, timezone
from itertools import count
from pathlib import Path

from . import odoo_process
from .commands import output
from .errors import DevError
from .paths import (
    CHECKOUT_ID,
    FILESTORE,
    LOCK_FILE,
    MAIN_ADDON,
    ROOT,
    STATE,
    bridges,
)
from .postgres import programs
from .progress import step

CORE_MODULES = ("account", "hr_timesheet", "portal")
# Our bridges to what `core` has: Odoo installs them with the main addon.
SELF_INSTALLED = (
    "service_agreement_payment",
    "spreadsheet_dashboard_service_agreement",
)
# What a browser asks for on its first pages. Made with `demo`, for else each copy of it
# makes them again, which takes longer than many a story in the browser.
ASSETS = (
    "bus.websocket_worker_assets",
    "portal.assets_chatter",
    "portal.assets_chatter_style",
    "web.assets_emoji",
    "web.assets_frontend",
    "web.assets_frontend_lazy",
    "web.assets_frontend_minimal",
    "web.assets_web",
    "web.assets_web_print",
)
MAKE_ASSETS = f"""
for name in {ASSETS}:
    bundle = env["ir.qweb"]._get_asset_bundle(name)
    bundle.js()
    bundle.css()
env.cr.commit()
"""
# What makes `data` of `demo`, in Odoo's shell.
GENERATOR = ROOT / "benchmarks" / "_data.py"
# Ours that people choose to install.
CHOSEN = ("service_agreement_capacity", "service_agreement_monitoring")
# What a kind has beside ours: a provider of payments that does as it is told.
BESIDE = {
    "demo": ("payment_demo", "sale_management", "maintenance"),
    "service_agreement_payment": ("payment_demo", "sale_management", "maintenance"),
}
# Ours that a kind has for that, or because it has no need of a database of its own.
ALSO = {
    "demo": ("service_agreement_maintenance", "service_agreement_sale", *CHOSEN),
    "service_agreement_payment": (
        "service_agreement_maintenance",
        "service_agreement_sale",
        "spreadsheet_dashboard_service_agreement",
        *CHOSEN,
    ),
}
# The kinds of database that addons are tested in, where that is not one of their own.
TESTED_IN = dict.fromkeys(
    ALSO["service_agreement_payment"], "service_agreement_payment"
)
PREFIX = f"sa_{CHECKOUT_ID}_"
KEPT_OF_A_KIND = 2
# What does not end up in a database, so that editing it needs no new one.
NOT_IN_DATABASE = {"tests", "static", "__pycache__"}

_numbers = count(1)


class Databases:
    """The databases of this checkout on one PostgreSQL server."""

    def __init__(self, env, source):
        self._env = env
        self._source = source

    # -- prepared ones

    def ensure(self, kind):
        """Return the name of a prepared database, made first where it is missing."""
        name = self.prepared_name(kind)
        with (STATE / f"{kind}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not self.exists(name):
                self._make(kind, name)
                self._drop_old(kind)
        (FILESTORE / name).mkdir(parents=True, exist_ok=True)
        os.utime(FILESTORE / name)
        return name

    def prepared_name(self, kind):
        """Return the name that says what a prepared database is made of."""
        parts = [self._source.version, LOCK_FILE.read_text(), *CORE_MODULES]
        if kind != "core":
            parts.append(addons_fingerprint(*_own_addons_of(kind)))
        if kind == "data":
            parts.append(GENERATOR.read_text())
        if kind in ("demo", "data"):
            parts += ASSETS
            # Its tickets are open "since this morning": yesterday's are all too late.
            parts.append(datetime.now(timezone.utc).date().isoformat())
        digest = hashlib.sha256("\n".join(parts).encode()).hexdigest()[:10]
        return f"{PREFIX}{kind}_{digest}"

    def _make(self, kind, name):
        """Make it under another name: an interrupted one must not look finished."""
        building = f"{PREFIX}building_{kind}"
        self.drop(building)
        if kind == "core":
            with step("databases", "Odoo's own modules") as current:
                self.create(building)
                self._install(building, CORE_MODULES, current)
        elif kind == "data":
            with step("databases", "ten thousand agreements"):
                self.copy(self.ensure("demo"), building)
                self._generate(building)
        else:
            base = self.ensure("plain" if bridges_of(kind) else "core")
            with step("databases", f"our addon ({kind})") as current:
                self.copy(base, building)
                self._install_ours(building, kind, current)
                if kind == "demo":
                    current.say("pages for the browser")
                    failure = "the pages could not be made"
                    odoo_process.run_script(self._env, building, MAKE_ASSETS, failure)
        self.rename(building, name)

    def _install_ours(self, name, kind, current):
        modules = [*(bridges_of(kind) or [MAIN_ADDON]), *ALSO.get(kind, ())]
        beside = BESIDE.get(kind, ())
        if kind != "demo":
            return self._install(name, [*modules, *beside], current)
        # Before the rest, for these must bring no demo data of their own.
        self._install(name, beside, current)
        # Odoo loads a module's demo data only if all it depends on has some.
        self.sql(name, "UPDATE ir_module_module SET demo = (state = 'installed')")
        self._install(name, modules, current, "--with-demo")
        own = (*modules, *SELF_INSTALLED)
        self._check_installed(name, own)
        ours = ", ".join(f"'{addon}'" for addon in own)
        self.sql(name, f"UPDATE ir_module_module SET demo = (name IN ({ours}))")
        return None

    def _install(self, name, modules, current, *arguments):
        def follow(line):
            if found := re.search(r"Loading module (\w+) \((\d+)/(\d+)\)", line):
                module, number, total = found.groups()
                current.update(f"{number} of {total}, {module}")

        odoo_process.run_once(
            self._env,
            name,
            *("-i", ",".join(modules), *arguments),
            log_name=f"install-{name.removeprefix(PREFIX)}",
            on_line=follow,
            failure=f"{', '.join(modules)} could not be installed",
        )
        self._check_installed(name, modules)

    def _check_installed(self, name, modules):
        query = "SELECT name FROM ir_module_module WHERE state = 'installed'"
        missing = set(modules) - set(self.sql(name, query).split())
        if missing:
            raise DevError(f"Odoo did not install {', '.join(sorted(missing))}")

    def _generate(self, name):
        script = (
            "import sys\n"
            f"sys.path.insert(0, {str(GENERATOR.parent)!r})\n"
            "import _data\n"
            "_data.generate(env)\n"
        )
        odoo_process.run_script(
            self._env, name, script, failure="the data could not be generated"
        )

    def _drop_old(self, kind):
        """Keep the few newest of a kind: those used last."""
        prepared = [n for n in self.names() if n.startswith(f"{PREFIX}{kind}_")]
        prepared.sort(key=_last_used, reverse=True)
        for name in prepared[KEPT_OF_A_KIND:]:
            self.drop(name)

    # -- any of them

    def names(self):
        """Return the names of this checkout's databases."""
        query = "SELECT datname FROM pg_database"
        return [n for n in self.sql("postgres", query).split() if n.startswith(PREFIX)]

    def exists(self, name):
        """Tell whether a database is there."""
        return name in self.names()

    def create(self, name):
        """Create an empty database: Odoo would log an error for want of pg_trgm."""
        self._program(
            *("createdb", "-T", "template0", "-E", "UTF8", "--lc-collate=C", name)
        )

    def copy(self, template, name):
        """Copy a database with its files, replacing one of that name."""
        self.drop(name)
        self._disconnect(template)
        self._program("createdb", "-T", template, name)
        if (FILESTORE / template).exists():
            # Attachments are never changed in place, so a link is as good as a copy.
            shutil.copytree(FILESTORE / template, FILESTORE / name, copy_function=_link)
        return name

    @contextmanager
    def throwaway(self, kind):
        """Copy a prepared database for as long as it is needed."""
        name = f"{PREFIX}test_{os.getpid()}_{next(_numbers)}"
        try:
            yield self.copy(self.ensure(kind), name)
        finally:
            self.drop(name)

    def drop_orphans(self):
        """Drop the throw-away copies of processes that were killed."""
        for name in self.names():
            found = re.fullmatch(rf"{PREFIX}test_(\d+)_\d+", name)
            if found and not Path(f"/proc/{found[1]}").exists():
                self.drop(name)

    def install(self, name, modules):
        """Install more modules on a database."""
        with step("databases", ", ".join(modules)) as current:
            self._install(name, modules, current)

    def rename(self, name, new_name):
        """Rename a database with its files."""
        self._disconnect(name)
        if (FILESTORE / name).exists():
            shutil.rmtree(FILESTORE / new_name, ignore_errors=True)
            (FILESTORE / name).rename(FILESTORE / new_name)
        self.sql("postgres", f'ALTER DATABASE "{name}" RENAME TO "{new_name}"')

    def drop(self, name):
        """Drop a database with its files, if it is there, connections or not."""
        self._program("dropdb", "--if-exists", "--force", name)
        shutil.rmtree(FILESTORE / name, ignore_errors=True)

    def sql(self, name, query):
        """Run a query on a database and return its rows as lines."""
        arguments = ("-d", name, "-qAt", "-v", "ON_ERROR_STOP=1", "-c", query)
        return self._program("psql", *arguments)

    def _disconnect(self, name):
        """Close the connections that would keep a database from being copied."""
        end = (
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            # Autovacuum is not ours to end, and yields by itself.
            " WHERE backend_type = 'client backend' AND datname = "
        )
        self.sql("postgres", f"{end}'{name}'")

    def _program(self, program, *arguments):
        return output([programs() / program, *arguments], env=self._env)


def bridges_of(kind):
    """Return the names of the bridges that a kind of database has installed."""
    return [name for name in bridges() if kind in (name, "all")]


def _own_addons_of(kind):
    """Return the names of the bridges that shape a kind of database."""
    return [*bridges_of(kind), *ALSO.get(kind, ())]


def addons_fingerprint(*others):
    """Return a hash of all files of our addons that shape a database."""
    digest = hashlib.sha256()
    names = dict.fromkeys((MAIN_ADDON, *SELF_INSTALLED, *others))
    for addon in (ROOT / name for name in names):
        for path in sorted(addon.rglob("*")):
            parts = path.relative_to(addon).parts
            if path.is_file() and not NOT_IN_DATABASE.intersection(parts):
                digest.update(str(path.relative_to(ROOT)).encode())
                digest.update(path.read_bytes())
    return digest.hexdigest()


def _last_used(name):
    folder = FILESTORE / name
    return folder.stat().st_mtime if folder.exists() else 0


def _link(source, target):
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)
