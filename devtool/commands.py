"""Running other programs: their output goes to a log, their end is checked."""

import os
import signal
import subprocess
from pathlib import Path

from .errors import DevError
from .paths import log_file

LINES_SHOWN = 15


def tail(path, lines=LINES_SHOWN):
    """Return the last lines of a log, for an error message."""
    return "\n".join(Path(path).read_text(errors="replace").splitlines()[-lines:])


def run_logged(command, log_name, *, on_line=None, failure=None, hint="", **options):
    """Run a command with its output in a log; let `on_line` follow how far it is."""
    path = log_file(log_name)
    with (
        path.open("w") as log,
        subprocess.Popen(
            [str(part) for part in command],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            **options,
        ) as process,
    ):
        for line in process.stdout:
            log.write(line)
            log.flush()
            if on_line:
                on_line(line.rstrip())
    if process.returncode:
        what = failure or f"{Path(command[0]).name} failed"
        raise DevError(f"{what}; the end of {path}:\n{tail(path)}", hint)
    return path


_called = set()


def call(command, **options):
    """Run a command for a person to see, and return its exit code."""
    with subprocess.Popen([str(part) for part in command], **options) as process:
        _called.add(process)
        try:
            return process.wait()
        finally:
            _called.discard(process)


def interrupt_called():
    """Pass on that we are to end, for what we called to end in good order."""
    for process in list(_called):
        process.send_signal(signal.SIGINT)


def output(command, **options):
    """Return what a short command prints."""
    command = [str(part) for part in command]
    options = {"stdin": subprocess.DEVNULL, **options}
    result = subprocess.run(
        command, capture_output=True, text=True, check=False, **options
    )
    if result.returncode:
        raise DevError(f"{' '.join(command)}: {result.stderr.strip()}")
    return result.stdout.strip()


def is_root():
    """Tell whether system packages can be installed and users be changed."""
    return os.geteuid() == 0
