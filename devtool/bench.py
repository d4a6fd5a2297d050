"""`./dev bench`: wall-clock comparisons, one file of `benchmarks/` after the other."""

import ast
import json

from . import odoo_process, prepare
from .errors import DevError
from .paths import ROOT, STATE
from .progress import say

FOLDER = ROOT / "benchmarks"
COLUMNS = ("bench", "measure", "value", "limit", "holds")
# What Odoo's shell runs: `env` is there, and the transaction is rolled back at its end.
SCRIPT = """
import importlib.util, json, sys
sys.path.insert(0, {folder!r})
spec = importlib.util.spec_from_file_location("bench", {path!r})
bench = importlib.util.module_from_spec(spec)
spec.loader.exec_module(bench)
with open({result!r}, "w") as result:
    json.dump(bench.run(env), result)
"""


# What `./dev bench data` counts: what the benchmarks of steering look at.
COUNTED = (
    "service_agreement",
    "project_task",
    "account_analytic_line",
    "service_agreement_allowance_draw",
    "service_agreement_sla_clock",
    "service_agreement_movement",
    "service_agreement_period",
    "service_agreement_proposal",
    "service_agreement_visit",
    "account_move",
)


def run(name=None, json_file=None):
    """Run the benchmarks, print the table, and fail where nothing was measured."""
    if name == "data":
        return _show_data()
    files = sorted(FOLDER.glob(f"bench_{name or ''}*.py"))
    if not files:
        raise DevError(f"no benchmark {FOLDER.name}/bench_{name or '*'}.py")
    workshop = prepare.workshop()
    rows = [row for path in files for row in _measure(workshop, path)]
    _show(rows)
    if json_file:
        with open(json_file, "w", encoding="utf-8") as file:
            json.dump(rows, file, indent=2)
    return 0 if rows else 1


def _show_data():
    """Make the database with ten thousand agreements, and say what is in it."""
    databases = prepare.workshop().databases
    name = databases.ensure("data")
    say(f"database {name}")
    for table in COUNTED:
        count = int(databases.sql(name, f"SELECT COUNT(*) FROM {table}"))
        say(f"{count:>10,}  {table}")
    return 0


def _measure(workshop, path):
    """Run one benchmark on a database of its own."""
    bench = path.stem.removeprefix("bench_")
    say(f"measuring {bench} …")
    result = STATE / "bench.json"
    with workshop.databases.throwaway(_read(path, "DATABASE", "plain")) as database:
        if modules := _read(path, "MODULES", ()):
            workshop.databases.install(database, modules)
        script = SCRIPT.format(folder=str(FOLDER), path=str(path), result=str(result))
        failure = f"benchmark {bench} failed"
        odoo_process.run_script(workshop.env, database, script, failure)
    return [{"bench": bench, **row} for row in json.loads(result.read_text())]


def _read(path, name, default):
    """Return a constant of a benchmark, which itself needs Odoo to be imported:

    ``DATABASE``, the kind of database it starts from; ``MODULES``, the peer's addons
    to install there.
    """
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == name:
            return ast.literal_eval(node.value)
    return default


def _show(rows):
    """Print a table as wide as what is in it."""
    lines = [COLUMNS, *(tuple(_text(row.get(c)) for c in COLUMNS) for row in rows)]
    widths = [max(len(line[i]) for line in lines) for i in range(len(COLUMNS))]
    for line in lines:
        say(
            "  ".join(
                cell.ljust(width) for cell, width in zip(line, widths, strict=True)
            ).rstrip()
        )


def _text(value):
    if isinstance(value, bool):
        return "yes" if value else "NO"
    if isinstance(value, float):
        return f"{value:.3g}"
    return "" if value is None else str(value)
