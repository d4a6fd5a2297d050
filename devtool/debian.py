"""Debian packages: installed as root, or unpacked in a private folder by anyone."""

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from .commands import output, run_logged

REGISTRY_HINT = (
    "are the machine's apt sources reachable (apt-get update)? Then run it again"
)

# Let apt say how far it is, one line at a time.
STATUS = ("-oAPT::Status-Fd=1",)


def available():
    """Tell whether this machine knows Debian packages at all."""
    return bool(shutil.which("apt-get") and shutil.which("dpkg"))


def mirror():
    """Return the address of Debian's main archive as this machine knows it, if any."""
    targets = output(
        ["apt-get", "indextargets", "--format", "$(REPO_URI)", "Created-By: Packages"]
    )
    uris = [uri.rstrip("/") for uri in targets.splitlines()]
    return next((uri for uri in uris if uri.endswith("/debian")), None)


def install_packages(names, current):
    """Install system packages, which takes root."""
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    run_logged(["apt-get", "update"], "apt-update", hint=REGISTRY_HINT, env=quiet)
    run_logged(
        ["apt-get", "install", "-y", "--no-install-recommends", *STATUS, *names],
        "apt-install",
        on_line=lambda line: _follow(line, current),
        failure=f"apt-get could not install {' '.join(names)}",
        hint=REGISTRY_HINT,
        env=quiet,
    )


def _follow(line, current):
    """Read apt's status lines, `dlstatus:1:45.3:text`."""
    kind, _, rest = line.partition(":")
    if kind in ("dlstatus", "pmstatus"):
        percent = rest.split(":")[1]
        doing = "downloading" if kind == "dlstatus" else "installing"
        current.update(f"{doing} {percent.split('.')[0]} %")


@dataclass
class PrivateApt:
    """apt with package lists of its own: needs no root and changes nothing outside.

    Without `sources` it reads those of the machine.
    """

    folder: Path
    sources: str = ""

    def update(self):
        """Fetch the package lists."""
        for name in ("lists/partial", "cache/archives/partial"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        if self.sources:
            (self.folder / "sources.list").write_text(self.sources)
        run_logged(
            ["apt-get", "update", *self.options()],
            "apt-update",
            failure="the package lists could not be fetched",
            hint=REGISTRY_HINT,
        )

    def options(self):
        """Return what keeps apt inside the folder."""
        options = {
            "Dir::State::Lists": self.folder / "lists",
            "Dir::Cache": self.folder / "cache",
            "APT::Sandbox::User": "root",
            "Debug::NoLocking": 1,
        }
        if self.sources:
            options["Dir::Etc::SourceList"] = self.folder / "sources.list"
            options["Dir::Etc::SourceParts"] = "/dev/null"
        return [f"-o{name}={value}" for name, value in options.items()]

    def missing_for(self, package):
        """Return the packages that this machine lacks to run a package, itself too."""
        install = ["apt-get", "install", "-s", "--no-install-recommends"]
        simulated = output([*install, *self.options(), package])
        lines = [line.split() for line in simulated.splitlines()]
        return [words[1] for words in lines if words[:1] == ["Inst"]]

    def fetch(self, packages, current):
        """Download packages, their signatures checked, and return the files."""
        folder = self.folder / "debs"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        run_logged(
            ["apt-get", "download", *STATUS, *self.options(), *packages],
            "apt-download",
            on_line=lambda line: _follow(line, current),
            failure="the download broke off",
            hint=REGISTRY_HINT,
            cwd=folder,
        )
        return sorted(folder.glob("*.deb"))


def unpack(debs, root):
    """Unpack packages beside `root` and return where, for the caller to rename.

    So an interrupted run leaves nothing that looks complete.
    """
    partial = root.with_name(f"{root.name}.part")
    shutil.rmtree(partial, ignore_errors=True)
    for deb in debs:
        run_logged(
            ["dpkg", "-x", deb, partial],
            "dpkg",
            failure=f"{deb.name} is damaged",
            hint="run it again; it will be fetched anew",
        )
    shutil.rmtree(root, ignore_errors=True)
    return partial
