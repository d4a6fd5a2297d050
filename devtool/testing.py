"""`./dev test`: every stage from lint to the browser, and one sum at the end."""

import subprocess
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from . import lint, prepare
from .commands import call
from .databases import TESTED_IN
from .odoo_process import CONFIG
from .paths import LOG, MAIN_ADDON, PYTHON, ROOT, bridges
from .progress import duration, say
from .reports import Result, read_junit, show


@dataclass(frozen=True)
class Stage:
    """One run of pytest: over which folder, and what must be prepared for it."""

    name: str
    folder: str
    database: bool = True
    browser: bool = False
    inside_odoo: bool = False
    kind: str = "plain"  # of the database, for a stage inside Odoo
    part: int = 0  # of the files, in a round
    parts: int = 1

    def files(self):
        """Return its files with tests: of several parts, each has its share of all
        sizes."""
        files = sorted((ROOT / self.folder).glob("**/test_*.py"), key=_size)
        return files[self.part :: self.parts]


def _size(path):
    return path.stat().st_size, path.name


# The longest first, for the others to run beside it.
STAGES = (
    Stage("plain Python", "tests/unit", database=False),
    Stage("system", "tests/system", browser=True),
    *(
        Stage(
            f"addon {part + 1} of 2",
            f"{MAIN_ADDON}/tests",
            browser=True,
            inside_odoo=True,
            part=part,
            parts=2,
        )
        for part in range(2)
    ),
    Stage("browser", "tests/browser", browser=True),
    *(
        Stage(name, f"{name}/tests", inside_odoo=True, kind=TESTED_IN.get(name, name))
        for name in bridges()
    ),
)


def run(arguments):
    """Run lint and all stages, or with pytest arguments the stages they are about."""
    stages = [stage for stage in STAGES if is_wanted(stage, arguments)]
    workshop = prepare.workshop(browser=any(s.browser for s in stages), pdf=True)
    workshop.databases.drop_orphans()
    quick = [stage for stage in stages if not stage.database]
    slow = [stage for stage in stages if stage.database]
    with ThreadPoolExecutor(1) as pool:
        # What needs no database goes on while the databases are prepared.
        early = pool.submit(_run_early, workshop, quick, arguments)
        if slow:
            _prepare_databases(workshop.databases, {stage.kind for stage in slow})
        results = early.result()
    return show(results + _run_slow(workshop, slow, arguments))


def is_wanted(stage, arguments):
    """Tell whether a stage is there and, where paths are given, meant by one."""
    if not stage.files():
        say(f"{stage.name}: no tests in {stage.folder} yet")
        return False
    return not _paths(arguments) or bool(_chosen(stage, arguments))


def _own_arguments(stage, arguments):
    """Return pytest's arguments for a stage: its own files of what is asked for."""
    options = [argument for argument in arguments if not _paths([argument])]
    return options + _chosen(stage, _asked(stage, arguments))


def _asked(stage, arguments):
    return arguments if _paths(arguments) else [str(ROOT / stage.folder)]


def _chosen(stage, arguments):
    """Return those of the arguments that name files of the stage, or are its files
    where a folder is named."""
    files = stage.files()
    chosen = []
    for argument in arguments:
        for path in _paths([argument]):
            if path.is_dir():
                chosen += [str(file) for file in files if file.is_relative_to(path)]
            elif path in files:
                chosen.append(argument)
    return chosen


def _paths(arguments):
    named = (Path(argument.partition("::")[0]) for argument in arguments)
    return [path.resolve() for path in named if path.exists()]


def _prepare_databases(databases, kinds):
    """Make what the stages need, two at a time: each keeps one core busy."""
    databases.ensure("core")
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(databases.ensure, ("plain", "demo", *(kinds - {"plain"}))))


def _run_early(workshop, stages, arguments):
    results = [] if arguments else [lint.check_all(workshop)]
    return results + [_run_stage(s, workshop, arguments, live=False) for s in stages]


def _run_slow(workshop, stages, arguments):
    """Run the stages with databases, two at a time: each keeps one core busy."""
    if len(stages) < 2:
        return [_run_stage(stage, workshop, arguments) for stage in stages]
    say(f"\nrunning the tests: {', '.join(stage.name for stage in stages)} …")
    with ThreadPoolExecutor(2) as pool:
        running = [
            pool.submit(_run_stage, stage, workshop, arguments, live=False)
            for stage in stages
        ]
        return [each.result() for each in running]


def _run_stage(stage, workshop, arguments, live=True):
    """Run one stage, its output shown as it comes or in one piece; read its report."""
    started = time.monotonic()
    LOG.mkdir(parents=True, exist_ok=True)
    report = LOG / f"junit-{stage.name.replace(' ', '-')}.xml"
    report.unlink(missing_ok=True)
    with ExitStack() as stack:
        command = [PYTHON, "-m", "pytest", "-q", f"--junitxml={report}"]
        if stage.inside_odoo:
            database = stack.enter_context(workshop.databases.throwaway(stage.kind))
            command += _inside_odoo(database)
        command += _own_arguments(stage, arguments)
        code = _run_pytest(command, workshop.env, _title(stage), live)
    result = read_junit(stage.name, report, code)
    say(f"{stage.name}: {_counts(result)} in {duration(time.monotonic() - started)}")
    return result


def _run_pytest(command, env, title, live):
    if live:
        say(title)
        return call(command, cwd=ROOT, env=env)
    with tempfile.TemporaryFile("w+") as printed:
        streams = {"stdout": printed, "stderr": subprocess.STDOUT}
        code = call(command, cwd=ROOT, env=env, **streams)
        printed.seek(0)
        say(f"{title}\n{printed.read()}")
    return code


def _title(stage):
    return f"\n== {stage.name}: {stage.folder}"


def _inside_odoo(database):
    """Return the arguments by which pytest-odoo runs an addon's tests."""
    return [
        *("-o", "addopts=", "--tb=short", "--odoo-http"),
        *(f"--odoo-config={CONFIG}", f"--odoo-database={database}"),
    ]


def _counts(result: Result):
    return ", ".join(f"{number} {what}" for what, number in result.counts.items())
