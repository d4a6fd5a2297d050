"""The command line: what `./dev` can do, and who does it."""

import argparse
import signal
import sys

from . import bench, lint, serving, shots, testing
from .commands import interrupt_called
from .errors import DevError
from .progress import say


def main(arguments=None):
    """Run one command and return its exit code."""
    options, rest = _parser().parse_known_args(arguments)
    if rest and options.command != "test":
        _parser().error(f"unknown arguments: {' '.join(rest)}")
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        return _COMMANDS[options.command](options, rest) or 0
    except DevError as error:
        sys.stdout.flush()
        print(error, file=sys.stderr)  # noqa: T201
        return 1
    except KeyboardInterrupt:
        say("\nended")
        return 130


def _interrupt(*_signal):
    """Make being ended the same as Ctrl-C, so that everything is put away."""
    interrupt_called()
    raise KeyboardInterrupt


def _parser():
    parser = argparse.ArgumentParser(
        prog="./dev",
        description="Run, test and look after service_agreement. State is in .dev/.",
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    _add_run(commands)
    commands.add_parser(
        "test",
        help="run every check and test; arguments go to pytest",
        description="Run lint and all tests; with pytest arguments, only what they "
        "match: ./dev test tests/unit, ./dev test -k billing",
    )
    lint = commands.add_parser("lint", help="run the linters")
    lint.add_argument("--fix", action="store_true", help="let ruff mend what it can")
    for name, what in (("shell", "open Odoo's shell"), ("psql", "open psql")):
        command = commands.add_parser(name, help=f"{what} on the demo database")
        command.add_argument("--db", metavar="NAME", help="another database")
    bench = commands.add_parser("bench", help="run the benchmarks of benchmarks/")
    bench.add_argument(
        "name",
        nargs="?",
        help="only this one; data: make the database of ten thousand agreements",
    )
    bench.add_argument("--json", metavar="FILE", help="write the results there as well")
    commands.add_parser("shots", help="take the screenshots of docs/images")
    return parser


def _add_run(commands):
    run = commands.add_parser("run", help="prepare everything and start Odoo")
    run.add_argument("--port", type=_port, help="listen there (default: 8069 or next)")
    run.add_argument("--no-demo", action="store_true", help="an empty database")
    run.add_argument("--fresh", action="store_true", help="make the database anew")


def _port(text):
    if not 0 < int(text) < 65536:
        raise argparse.ArgumentTypeError("a port is a number from 1 to 65535")
    return int(text)


def _run(options, _rest):
    return serving.run(options.port, not options.no_demo, options.fresh)


def _test(_options, rest):
    return testing.run(rest)


def _lint(options, _rest):
    return lint.run(options.fix)


def _shell(options, _rest):
    return serving.shell(options.db)


def _psql(options, _rest):
    return serving.psql(options.db)


def _bench(options, _rest):
    return bench.run(options.name, options.json)


def _shots(_options, _rest):
    return shots.run()


_COMMANDS = {
    "run": _run,
    "test": _test,
    "lint": _lint,
    "shell": _shell,
    "psql": _psql,
    "bench": _bench,
    "shots": _shots,
}
