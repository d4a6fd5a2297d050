"""What tests outside a transaction stand on: real databases, servers and clients.

    def test_it(database):                      # a copy without demo data
        log = database.odoo("-u", "service_agreement")
        assert database.script("print(env['res.partner'].search_count([]))")
        with database.serve() as server:
            server.call("res.partner", "search_count", [[]])

The fixtures are in `conftest.py`; a module that wants the demo data asks for
`demo_database` or `demo_server`.
"""

import json
import subprocess
import time
import urllib.error
import urllib.request
import xmlrpc.client
from pathlib import Path

import psycopg2

from devtool import odoo_process
from devtool.paths import PYTHON, ROOT, log_file

API_KEY_SCRIPT = """
from datetime import datetime, timedelta
user = env["res.users"].search([("login", "=", {login!r})])
keys = env["res.users.apikeys"].with_user(user)
print("KEY", keys._generate("rpc", "test", datetime.now() + timedelta(hours=1)))
env.cr.commit()
"""


class Database:
    """A copied database, with all that a test may want to do to it."""

    def __init__(self, workshop, name):
        self.name = name
        self.env = workshop.env
        self._databases = workshop.databases

    def sql(self, query):
        """Run SQL and return a list of its rows, each a line."""
        return self._databases.sql(self.name, query).splitlines()

    def connect(self):
        """Open a connection to it, for tests of what two of them do at once."""
        names = {"host": "PGHOST", "port": "PGPORT", "user": "PGUSER"}
        known = {key: self.env[name] for key, name in names.items() if name in self.env}
        return psycopg2.connect(dbname=self.name, **known)

    def odoo(self, *arguments):
        """Run Odoo on it until it is done (`-i`, `-u` …) and return the log's text."""
        label = "".join(c if c.isalnum() else "-" for c in "-".join(arguments))
        path = odoo_process.run_once(
            self.env, self.name, *arguments, log_name=f"{self.name}{label}"
        )
        return path.read_text()

    def uninstall(self, *modules):
        """Uninstall modules and return the log's text."""
        return self.run("click-odoo-uninstall", "-m", ",".join(modules))

    def run(self, program, *arguments):
        """Run one of the click-odoo programs on it and return what it printed."""
        command = [PYTHON.parent / program, "-c", odoo_process.CONFIG, "-d", self.name]
        return _run([*command, *arguments], env=self.env)

    def script(self, code):
        """Run Python in Odoo's shell (`env` is there; commit yourself); its output."""
        command = odoo_process.shell_command(self.name)
        return _run(command, env=self.env, input=code)

    def start_script(self, code):
        """Start the same in the background, for tests of two things at once."""
        path = log_file(f"{self.name}-script-{abs(hash(code))}.py")
        path.write_text(code)
        with path.open() as source:
            return subprocess.Popen(
                odoo_process.shell_command(self.name),
                env=self.env,
                cwd=ROOT,
                stdin=source,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            )

    def api_key(self, login="admin"):
        """Make an API key for a user."""
        printed = self.script(API_KEY_SCRIPT.format(login=login))
        return next(
            line.split()[1] for line in printed.splitlines() if line.startswith("KEY ")
        )

    def serve(self, *arguments, variables=None, port=None):
        """Return a real server on it, to be used in a `with`."""
        return Server(self, arguments, variables, port)


class Server(odoo_process.OdooServer):
    """A real server, and the clients to talk to it."""

    def __init__(self, database, arguments=(), variables=None, port=None):
        super().__init__(
            {**database.env, **(variables or {})},
            database.name,
            port=port,
            arguments=("--max-cron-threads=0", *arguments),
            log_name=f"{database.name}-server",
        )
        self.db = database

    def call(self, model, method, arguments=(), options=None, *, login=("admin",) * 2):
        """Call a method as a user over XML-RPC; its faults are raised."""
        user, password = login
        common = xmlrpc.client.ServerProxy(f"{self.url}/xmlrpc/2/common")
        uid = common.authenticate(self.database, user, password, {})
        if not uid:
            raise PermissionError(f"{user} could not log in")
        who = (self.database, uid, password)
        with xmlrpc.client.ServerProxy(
            f"{self.url}/xmlrpc/2/object", allow_none=True
        ) as models:
            return models.execute_kw(
                *who, model, method, list(arguments), options or {}
            )

    def json2(self, key, model, method, **parameters):
        """Call a method over the JSON-2 API; return (status, answer)."""
        request = urllib.request.Request(
            f"{self.url}/json/2/{model}/{method}",
            data=json.dumps(parameters).encode(),
            headers={
                "Authorization": f"bearer {key}",
                "Content-Type": "application/json",
                "X-Odoo-Database": self.database,
            },
        )
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            return error.code, json.load(error)


def wait_until(condition, seconds, what):
    """Ask again and again until it is so; fail where it takes too long."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not within {seconds} s: {what}"
        time.sleep(0.1)


def _run(command, **options):
    """Run a command and return its output; a failure shows it."""
    done = subprocess.run(
        [str(part) for part in command],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        **options,
    )
    name = Path(str(command[0])).name
    assert done.returncode == 0, f"{name} ended with {done.returncode}:\n{done.stdout}"
    return done.stdout
