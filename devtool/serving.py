"""`./dev run`, `./dev shell` and `./dev psql`: a database that stays."""

from . import odoo_process, prepare
from .commands import call
from .databases import PREFIX, addons_fingerprint
from .errors import DevError
from .paths import DATA, MAIN_ADDON
from .postgres import programs
from .progress import say

DEFAULT_PORT = 8069
# What the demo data creates. (who, login, password)
DEMO_LOGINS = (
    ("owner", "olivia", "olivia"),
    ("coordinator", "cora", "cora"),
    ("technician", "tom", "tom"),
    ("accountant", "anna", "anna"),
    ("customer", "carla.whitfield@example.com", "carla"),
)
PLAIN_LOGINS = (("administrator", "admin", "admin"),)


def run(port=None, demo=True, fresh=False):
    """Start Odoo on the database that stays, and serve until somebody ends it."""
    port = _choose_port(port)
    workshop = prepare.workshop(pdf=True)
    name, arguments = _standing_database(workshop, demo, fresh)
    say(f"starting Odoo on database {name} …")
    server = odoo_process.OdooServer(
        workshop.env, name, port=port, arguments=arguments, log_name="run"
    )
    with server:
        _remember(name)
        _welcome(server, DEMO_LOGINS if demo else PLAIN_LOGINS)
        code = server.process.wait()
    raise DevError(f"Odoo ended by itself, code {code}", f"see {server.log}")


def shell(database=None):
    """Open Odoo's shell."""
    workshop = prepare.workshop()
    name = database or _standing_database(workshop)[0]
    return call(odoo_process.shell_command(name), env=workshop.env)


def psql(database=None):
    """Open PostgreSQL's shell."""
    workshop = prepare.workshop()
    name = database or _standing_database(workshop)[0]
    return call([programs() / "psql", "-d", name], env=workshop.env)


def _choose_port(port):
    if port is None:
        return odoo_process.free_port(DEFAULT_PORT)
    if not odoo_process.port_is_free(port):
        raise DevError(
            f"port {port} is taken",
            "name another one, or leave out --port and the next free one is used",
        )
    return port


def _standing_database(workshop, demo=True, fresh=False):
    """Return its name, and what Odoo must upgrade since it was last used."""
    kind = "demo" if demo else "plain"
    name, databases = f"{PREFIX}run_{kind}", workshop.databases
    if fresh or not databases.exists(name):
        databases.copy(databases.ensure(kind), name)
        _remember(name)
    if _fingerprint_file(name).read_text() == addons_fingerprint():
        return name, ()
    say("the addon changed since the last start: upgrading it in the database")
    return name, ("-u", MAIN_ADDON)


def _fingerprint_file(name):
    return DATA / f"{name}.addons"


def _remember(name):
    _fingerprint_file(name).write_text(addons_fingerprint())


def _welcome(server, logins):
    say(f"\n  Odoo is at  {server.url}\n")
    for who, login, password in logins:
        say(f"  {who:<14} {login}  /  {password}")
    say(f"\n  log: {server.log}")
    say("  Ctrl-C ends it; the data stays (--fresh starts anew)\n")
