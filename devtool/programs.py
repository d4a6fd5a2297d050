"""Programs besides Python: Chromium for browser tests, wkhtmltopdf for documents."""

import shutil
import subprocess

from . import debian
from .commands import is_root
from .errors import DevError
from .paths import BIN, DEBIAN
from .progress import say, step

ALERTMANAGER = "prometheus-alertmanager"
CHROMIUM_NAMES = (
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
)


def chromium():
    """Return the path of a browser that works, installed first where there is none."""
    path = _find(CHROMIUM_NAMES) or _obtain("chromium") or _find(CHROMIUM_NAMES)
    if not path:
        raise DevError(
            "browser tests need Chromium, which is neither here nor installable",
            "as root: apt-get install chromium; or put a Chromium on the PATH",
        )
    return path


def wkhtmltopdf():
    """Return the path of wkhtmltopdf; without it everything but PDFs works."""
    path = _find(["wkhtmltopdf"]) or _obtain("wkhtmltopdf")
    if not path:
        say("note: without wkhtmltopdf documents cannot be printed as PDF")
    return path


def alertmanager():
    """Return the path of Prometheus' Alertmanager; None where it cannot be had.

    Never installed, for that would start it as a service of the machine.
    """
    found = _find([ALERTMANAGER])
    if not found and debian.available():
        with step("programs", f"unpacking {ALERTMANAGER}") as current:
            _unpack(ALERTMANAGER, current)
            _write_starter_with_its_files(ALERTMANAGER)
    return found or _find([ALERTMANAGER])


def _write_starter_with_its_files(package):
    """Let a program that knows its files by absolute paths find those unpacked: for it
    alone, they are mounted where they would be installed."""
    root = DEBIAN / package
    mount = f'mount --bind "{root}/usr/share" /usr/share'
    start = f'exec "{root}/usr/bin/{package}" "$@"'
    (BIN / package).write_text(
        f"#!/bin/sh\nexec unshare -rm sh -c '{mount} && {start}' {package} \"$@\"\n"
    )


def _find(names):
    search = [None, str(BIN)]
    paths = [shutil.which(name, path=path) for name in names for path in search]
    return next((path for path in paths if path and _works(path)), None)


def _works(path):
    """Tell a program from a stub: on some systems the name is there, but no more."""
    try:
        command = [path, "--version"]
        return subprocess.run(command, capture_output=True, timeout=60).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False


def _obtain(package):
    """Install a package, or unpack it privately; return its path or None."""
    if not debian.available():
        return None
    try:
        with step("programs", f"installing {package}") as current:
            if is_root():
                debian.install_packages([package], current)
            else:
                _unpack(package, current)
    except DevError as error:
        say(str(error))
    return _find([package])


def _unpack(package, current):
    """Unpack a package and what it lacks, and write a starter that finds it all."""
    apt = debian.PrivateApt(DEBIAN / f"apt-{package}")
    apt.update()
    names = apt.missing_for(package)
    if not names:
        raise DevError(f"{package} is not in the machine's package sources")
    current.say(f"downloading {len(names)} packages")
    root = debian.unpack(apt.fetch(names, current), DEBIAN / package)
    root = root.rename(DEBIAN / package)
    _write_starter(package, root)
    shutil.rmtree(apt.folder)


def _write_starter(package, root):
    """Start the real program, not the package's own script with its absolute paths."""
    real = next(
        path
        for path in (root / "usr/lib" / package / package, root / "usr/bin" / package)
        if path.exists()
    )
    libraries = sorted({str(path.parent) for path in root.rglob("*.so*")})
    BIN.mkdir(parents=True, exist_ok=True)
    starter = BIN / package
    starter.write_text(
        f'#!/bin/sh\nLD_LIBRARY_PATH="{":".join(libraries)}" exec "{real}" "$@"\n'
    )
    starter.chmod(0o755)
