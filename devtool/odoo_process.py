"""Odoo as a process: its configuration, its command line, a server that ends."""

import os
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from contextlib import closing, suppress

from .commands import run_logged, tail
from .errors import DevError
from .paths import BIN, DATA, PYTHON, ROOT, STATE, VENV, log_file
from .postgres import programs

CONFIG = STATE / "odoo.conf"
# A server with workers starts itself again, and for that wants to be a file.
LAUNCHER = BIN / "odoo-server"
START_SECONDS = 120
STOP_SECONDS = 20


def write_config(source):
    """Write the configuration that every Odoo of this checkout shares."""
    DATA.mkdir(parents=True, exist_ok=True)
    addons = ",".join(str(path) for path in (ROOT, *source.addons))
    CONFIG.write_text(
        "[options]\n"
        f"addons_path = {addons}\n"
        f"data_dir = {DATA}\n"
        "http_interface = 127.0.0.1\n"
        "list_db = False\n"
        "workers = 0\n"
    )
    BIN.mkdir(parents=True, exist_ok=True)
    LAUNCHER.write_text("from odoo.cli.command import main\n\nmain()\n")


def environment(variables):
    """Return the environment of every child: our Python, PostgreSQL, our programs."""
    dropped = {"ODOO_RC", "OPENERP_SERVER", "PGDATABASE", "PYTHONHOME", "PYTHONPATH"}
    kept = {name: value for name, value in os.environ.items() if name not in dropped}
    path = [str(VENV / "bin"), str(BIN), str(programs()), os.environ.get("PATH", "")]
    return {**kept, **variables, "PATH": os.pathsep.join(path)}


def command(*arguments):
    """Return the command line of Odoo: `command("shell", "-d", name)`."""
    subcommand, *rest = arguments
    return [str(PYTHON), "-m", "odoo", subcommand, "-c", str(CONFIG), *map(str, rest)]


def shell_command(database):
    """Return the command line of Odoo's shell, which runs what it is given."""
    options = ("--no-http", "--log-level=warn", "--max-cron-threads=0")
    return command("shell", "-d", database, *options)


def run_once(env, database, *arguments, log_name, on_line=None, failure=None):
    """Run Odoo until it has installed, upgraded or tested, and return its log's path.

    Odoo ends well after many an error, so the log is asked as well.
    """
    path = run_logged(
        command(
            "server",
            *("-d", database, "--no-http", "--max-cron-threads=0"),
            *("--stop-after-init", *arguments),
        ),
        log_name,
        on_line=on_line,
        failure=failure,
        env=env,
        cwd=ROOT,
    )
    errors = [line for line in path.read_text().splitlines() if _is_error(line)]
    if errors:
        shown = "\n".join(errors[:5])
        raise DevError(f"{failure or 'Odoo'}: errors in {path}:\n{shown}")
    return path


def run_script(env, database, script, failure):
    """Run Python in Odoo's shell, where `env` is there; it commits what it wants kept.

    Odoo's shell prints what went wrong, and ends as badly.
    """
    done = subprocess.run(
        shell_command(database),
        input=script,
        text=True,
        env=env,
        capture_output=True,
        check=False,
    )
    if done.returncode:
        raise DevError(f"{failure}:\n{done.stdout}{done.stderr}")


def _is_error(line):
    return line.split(" ")[3:4] in (["ERROR"], ["CRITICAL"])


def free_port(first=None):
    """Return a port that nobody listens on: the next one from `first`, or any."""
    if first is None:
        with closing(socket.socket()) as probe:
            probe.bind(("127.0.0.1", 0))
            return probe.getsockname()[1]
    return next(port for port in range(first, 65536) if port_is_free(port))


def port_is_free(port):
    """Tell whether a server could listen on a port."""
    with closing(socket.socket()) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        with suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return True
    return False


class OdooServer:
    """A real Odoo server on one database; a context manager that ends it."""

    def __init__(self, env, database, *, port=None, arguments=(), log_name="server"):
        self.database = database
        self.port = port or free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = log_file(log_name)
        self._env = env
        self._arguments = arguments

    def __enter__(self):
        self._output = self.log.open("w")
        server = (
            *(PYTHON, LAUNCHER, "-c", CONFIG),
            *("-d", self.database, "--db-filter", f"^{self.database}$"),
            *("--http-port", str(self.port), *map(str, self._arguments)),
        )
        self.process = subprocess.Popen(
            # Should we be killed, Odoo ends as well.
            ["setpriv", "--pdeathsig", "TERM", *server],
            env=self._env,
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=self._output,
            stderr=subprocess.STDOUT,
            # Ctrl-C is for us; we then end Odoo in good order.
            start_new_session=True,
        )
        try:
            self._wait_until_healthy()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_exception):
        self.stop()

    def stop(self):
        """End the server: first politely, then for good."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            with suppress(subprocess.TimeoutExpired):
                self.process.wait(STOP_SECONDS)
            if self.process.poll() is None:
                self.process.kill()
                self.process.wait()
        self._output.close()

    def _wait_until_healthy(self):
        deadline = time.monotonic() + START_SECONDS
        while not self._healthy():
            if self.process.poll() is not None:
                raise DevError(f"Odoo did not start; {self.log}:\n{tail(self.log)}")
            if time.monotonic() > deadline:
                raise DevError(f"Odoo gave no answer in {START_SECONDS} s: {self.log}")
            time.sleep(0.2)

    def _healthy(self):
        with suppress(OSError, urllib.error.URLError):
            with urllib.request.urlopen(f"{self.url}/web/health", timeout=30) as answer:
                return answer.status == 200
        return False
