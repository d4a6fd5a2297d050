"""`./dev test`: every stage from lint to the browser, and one sum at the end."""

import subprocess
import tempfile
import time
from collections import deque
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from threading import Lock

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
    kind: str = ""  # of the database; none where it is empty
    browser: bool = False
    inside_odoo: bool = False
    second_try: bool = False  # of what failed, when the machine is quiet
    part: int = 0  # of the files, in a round
    parts: int = 1

    def files(self):
        """Return its files with tests: of several parts, each has its share of all
        sizes."""
        files = sorted((ROOT / self.folder).glob("**/test_*.py"), key=_size)
        return files[self.part :: self.parts]


def _size(path):
    return path.stat().st_size, path.name


def _stages(parts, name, folder, **options):
    """Return the stages that share the files of a folder."""
    for part in range(parts):
        title = f"{name} {part + 1} of {parts}"
        yield Stage(title, folder, part=part, parts=parts, **options)


# In parts, for the two that run at a time to end together.
STAGES = (
    Stage("plain Python", "tests/unit"),
    *_stages(
        *(2, "browser", "tests/browser"), kind="demo", browser=True, second_try=True
    ),
    *_stages(2, "system", "tests/system", kind="demo", browser=True),
    *_stages(
        *(4, "addon", f"{MAIN_ADDON}/tests"),
        kind="plain",
        browser=True,
        inside_odoo=True,
    ),
    *(
        Stage(name, f"{name}/tests", kind=TESTED_IN.get(name, name), inside_odoo=True)
        for name in bridges()
    ),
)


def run(arguments):
    """Run lint and all stages, or with pytest arguments the stages they are about."""
    stages = [stage for stage in STAGES if is_wanted(stage, arguments)]
    workshop = prepare.workshop(browser=any(s.browser for s in stages), pdf=True)
    workshop.databases.drop_orphans()
    results = work_off(_lines(workshop, stages, arguments))
    for result in results:
        _try_again(workshop, stages, arguments, result)
    return show(results)


def _lines(workshop, stages, arguments):
    """Return two lines of jobs: what stands on the demo data, which takes long to make,
    and the rest.
    """
    live = len(stages) == 1
    run_stage = partial(_run_stage, workshop=workshop, arguments=arguments, live=live)
    with_demo = [stage for stage in stages if stage.kind == "demo"]
    others = [stage for stage in stages if stage not in with_demo]
    checks = [] if arguments else [partial(lint.check_all, workshop)]
    return (
        [partial(run_stage, stage) for stage in with_demo],
        checks + [partial(run_stage, stage) for stage in others],
    )


def work_off(lines):
    """Do jobs of two lines, one of each at a time: each keeps one core busy.

    Who has done his own line goes on with the other.

    :return: what they return
    """
    lines, lock = [deque(line) for line in lines], Lock()

    def take(own, other):
        with lock:
            line = own or other
            return line.popleft() if line else None

    def work(own, other):
        return [job() for job in iter(partial(take, own, other), None)]

    with ThreadPoolExecutor(2) as pool:
        workers = [pool.submit(work, *each) for each in (lines, lines[::-1])]
        try:
            wait(workers, return_when=FIRST_EXCEPTION)
        finally:
            # Where one broke off, the other does no more than what it is at.
            for line in lines:
                line.clear()
    return [result for worker in workers for result in worker.result()]


def _try_again(workshop, stages, arguments, result):
    """Run once more, alone, the files of those that failed by what may be chance."""
    stage = next((each for each in stages if each.name == result.stage), None)
    if not stage or not stage.second_try:
        return
    options = [argument for argument in arguments if not _paths([argument])]
    for file in files_of_failures(stage, result):
        say(f"\n{file.name}: a second try, now that nothing else is running")
        own = [*options, str(file)]
        result.try_again(_run_pytest(stage, workshop, own, "second-try", live=True))


def files_of_failures(stage, result):
    """Return the files of the tests that failed, each once."""
    modules = [test.partition("::")[0] for test, _reason in result.failures]
    named = [ROOT / f"{module.replace('.', '/')}.py" for module in modules]
    return [file for file in dict.fromkeys(named) if file in stage.files()]


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


def _run_stage(stage, workshop, arguments, live):
    """Run one stage, its output shown as it comes or in one piece; read its report."""
    if stage.kind:
        workshop.databases.ensure(stage.kind)
    started = time.monotonic()
    own = _own_arguments(stage, arguments)
    result = _run_pytest(stage, workshop, own, stage.name.replace(" ", "-"), live)
    say(f"{stage.name}: {_counts(result)} in {duration(time.monotonic() - started)}")
    return result


def _run_pytest(stage, workshop, arguments, name, live):
    """Run pytest as a stage does.

    :param str name: of its report
    """
    LOG.mkdir(parents=True, exist_ok=True)
    report = LOG / f"junit-{name}.xml"
    report.unlink(missing_ok=True)
    with ExitStack() as stack:
        command = [PYTHON, "-m", "pytest", "-q", f"--junitxml={report}"]
        if stage.inside_odoo:
            database = stack.enter_context(workshop.databases.throwaway(stage.kind))
            command += _inside_odoo(database)
        code = _call([*command, *arguments], workshop.env, _title(stage), live)
    return read_junit(stage.name, report, code)


def _call(command, env, title, live):
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
        *("-o", "addopts=", "--tb=short", "--odoo-http", "-p", "tests.inside_odoo"),
        *(f"--odoo-config={CONFIG}", f"--odoo-database={database}"),
    ]


def _counts(result: Result):
    return ", ".join(f"{number} {what}" for what, number in result.counts.items())
