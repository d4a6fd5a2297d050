"""Odoo 19 itself: a checkout of yours, Debian's package, or a clone."""

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from . import debian
from .commands import run_logged
from .errors import DevError
from .paths import DEBIAN, ODOO
from .progress import step

PACKAGE = "odoo-19"
# What the package only links to. Without jQuery every page is an error.
COMPANIONS = [
    "libjs-jquery",
    "libjs-jquery-form",
    "libjs-underscore",
    "fonts-roboto-unhinted",
    "fonts-montserrat",
    "fonts-ocr-b",
    "fonts-inconsolata",
    # Odoo wants version 4; the newest suite has 7, without the files it links to.
    "fonts-font-awesome/stable",
]
REPOSITORY = "https://github.com/odoo/odoo.git"
KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
# Not free, so not in Debian; without it every page logs an error in the browser.
ABSENT = "addons/mail/static/lib/selfie_segmentation/selfie_segmentation.js"


@dataclass(frozen=True)
class OdooSource:
    """An Odoo to run: what to put on Python's path, and where more addons lie."""

    path: Path
    addons: tuple
    version: str


def ensure():
    """Return the Odoo to use, fetched first where there is none."""
    if os.environ.get("ODOO_SOURCE"):
        return _checkout(Path(os.environ["ODOO_SOURCE"]).resolve())
    if not (ODOO / "VERSION").exists():
        _fetch()
    if (ODOO / "odoo-bin").exists():
        return _checkout(ODOO)
    packages = ODOO / "usr" / "lib" / "python3" / "dist-packages"
    return OdooSource(packages, (), (ODOO / "VERSION").read_text().strip())


def _checkout(path):
    if not (path / "odoo" / "release.py").exists():
        raise DevError(
            f"{path} is no Odoo checkout: it has no odoo/release.py",
            "let ODOO_SOURCE name the folder that holds odoo-bin, or unset it",
        )
    addons = path / "addons"
    return OdooSource(path, (addons,) if addons.exists() else (), f"checkout {path}")


def _fetch():
    with step("Odoo", "looking for Odoo 19") as current:
        mirror = debian.mirror() if debian.available() else None
        if mirror and Path(KEYRING).exists():
            _unpack_debian(mirror, current)
        elif shutil.which("git"):
            _clone(current)
        else:
            raise DevError("neither Debian's archive nor git is here to fetch Odoo")


def _unpack_debian(mirror, current):
    line = f"deb [signed-by={KEYRING}] {mirror} {{}} main\n"
    apt = debian.PrivateApt(DEBIAN / "odoo", line.format("sid") + line.format("stable"))
    apt.update()
    current.say("downloading 130 MB from Debian")
    debs = apt.fetch([PACKAGE, *COMPANIONS], current)
    current.say("unpacking 1.2 GB")
    partial = debian.unpack(debs, ODOO)
    absent = partial / "usr/lib/python3/dist-packages/odoo" / ABSENT
    absent.parent.mkdir(parents=True, exist_ok=True)
    absent.touch()
    package = next(deb for deb in debs if deb.name.startswith(f"{PACKAGE}_"))
    (partial / "VERSION").write_text(package.name.split("_")[1])
    partial.rename(ODOO)
    shutil.rmtree(apt.folder)


def _clone(current):
    current.say(f"cloning {REPOSITORY}, branch 19.0; some 250 MB")
    partial = ODOO.with_name("odoo.part")
    shutil.rmtree(partial, ignore_errors=True)
    clone = ["git", "clone", "--progress", "--depth", "1", "--branch", "19.0"]
    run_logged(
        [*clone, REPOSITORY, partial],
        "git-clone",
        on_line=current.update,
        failure="Odoo could not be cloned",
        hint="is the network reachable? Or name a checkout: ODOO_SOURCE=… ./dev …",
    )
    (partial / "VERSION").write_text("branch 19.0")
    shutil.rmtree(ODOO, ignore_errors=True)
    partial.rename(ODOO)
