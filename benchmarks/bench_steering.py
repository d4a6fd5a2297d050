"""What it costs to open each report of steering, on ten thousand agreements.

The seconds that PostgreSQL takes for a view of an action, as the browser opens it: with
the filters and groups it begins with. On the database of ``./dev bench data``.
"""

import sys
import threading
import time
from ast import literal_eval
from functools import partial
from pathlib import Path
from statistics import median

from lxml import etree

sys.path.insert(0, str(Path(__file__).parent))

from _support import row

DATABASE = "data"
ROUNDS = 3
# Seconds of SQL.
LIMIT = 1
LIMIT_COCKPIT = 2
LIMIT_REPLAY = 60
PAGE = 80
ACTIONS = (
    "service_agreement.action_service_agreement_register",
    "service_agreement.action_service_agreement_retention",
    "service_agreement.action_service_agreement_revenue_month",
    "service_agreement.action_service_agreement_attach",
    "service_agreement.action_service_agreement_risk",
    "service_agreement.action_service_agreement_movement",
    "service_agreement.action_service_agreement_revenue",
    "service_agreement.action_service_agreement_leakage",
    "service_agreement.action_service_agreement_profit",
    "service_agreement.action_service_agreement_sla_clock",
    "service_agreement.action_service_agreement_promise_month",
    "service_agreement.action_service_agreement_worth_summary",
)


def run(env):
    rows = []
    for name in ACTIONS:
        if action := env.ref(name, raise_if_not_found=False):
            rows += Report(env, action).measure()
    return [*rows, *measure_cockpit(env), *measure_replay(env)]


def get_seconds(env, function):
    """:return: float, seconds of SQL of a call, the median of a few from cold caches"""
    thread = threading.current_thread()
    times = []
    for _round in range(ROUNDS):
        env.invalidate_all()
        thread.query_count, thread.query_time = 0, 0
        function()
        times.append(thread.query_time)
    return median(times)


class Report:
    """A window action, and its views as they are when it is opened."""

    def __init__(self, env, action):
        self.env, self.action = env, action
        self.model = env[action.res_model]
        self.search = self._get_arch("search")
        self.domain = literal_eval(action.domain or "[]")
        self.groups = []
        for name, value in literal_eval(action.context or "{}").items():
            if value and name.startswith("search_default_"):
                self._apply(name.removeprefix("search_default_"))

    def _get_arch(self, kind):
        own = {view.view_mode: view.view_id.id for view in self.action.view_ids}
        view = own.get(kind)
        if kind == "search":
            view = self.action.search_view_id.id
        return etree.fromstring(self.model.get_view(view or None, kind)["arch"])

    def _apply(self, name):
        [found] = self.search.xpath(f"//filter[@name='{name}']")
        self.domain = self.domain + literal_eval(found.get("domain") or "[]")
        group = literal_eval(found.get("context") or "{}").get("group_by")
        self.groups += [group] if group else []

    def measure(self):
        """:return: list of rows, one of each view; the limit is for the first, with
        which it opens
        """
        kinds = self.action.view_mode.split(",")
        return [
            row(
                f"{self.action.name}, {kind}: s of SQL",
                get_seconds(self.env, getattr(self, f"_open_{kind}")),
                LIMIT if kind == kinds[0] else None,
            )
            for kind in kinds
            if hasattr(self, f"_open_{kind}")
        ]

    def _open_list(self):
        arch = self._get_arch("list")
        if self.groups:
            return self._group(self.groups[:1], self._get_sums(arch))
        names = [n.get("name") for n in arch.iter("field")]
        self.model.web_search_read(
            self.domain, self._get_specification(names), limit=PAGE, count_limit=10_001
        )
        return None

    def _open_kanban(self):
        arch = self._get_arch("kanban")
        names = [n.get("name") for n in arch.iter("field")]
        specification = self._get_specification(names)
        group = arch.get("default_group_by")
        if group:
            self.model.web_read_group(
                self.domain,
                [group],
                auto_unfold=True,
                unfold_read_specification=specification,
                unfold_read_default_limit=PAGE,
            )
        else:
            self.model.web_search_read(
                self.domain, specification, limit=PAGE, count_limit=10_001
            )

    def _open_pivot(self):
        """Total, rows, columns and cells: the pivot asks for all of them at once."""
        fields = self._get_arch("pivot").findall("field")
        rows = self.groups or self._get_groups(fields, "row")
        columns = self._get_groups(fields, "col")
        sets = dict.fromkeys(map(tuple, ([], rows, columns, rows + columns)))
        self.model.formatted_read_grouping_sets(
            self.domain, list(sets), self._get_measures(fields)
        )

    def _open_graph(self):
        fields = self._get_arch("graph").findall("field")
        groups = [n for n in fields if n.get("type") != "measure"]
        self._group(
            self.groups or self._get_groups(groups[:2]), self._get_measures(fields)[:1]
        )

    def _group(self, groups, measures):
        self.model.formatted_read_group(
            self.domain, groups, [*dict.fromkeys(measures), "__count"]
        )

    def _get_groups(self, nodes, kind=None):
        """:return: list of what to group by, dates by the interval that is shown"""
        return [
            ":".join(filter(None, (node.get("name"), self._get_interval(node))))
            for node in nodes
            if kind in (None, node.get("type"))
        ]

    def _get_interval(self, node):
        kind = self.model._fields[node.get("name")].type
        return node.get("interval", "month") if kind in ("date", "datetime") else None

    def _get_measures(self, nodes):
        names = [n.get("name") for n in nodes if n.get("type") == "measure"]
        return [f"{name}:{self.model._fields[name].aggregator}" for name in names]

    def _get_sums(self, arch):
        names = [n.get("name") for n in arch.iter("field") if n.get("sum")]
        return [f"{name}:sum" for name in names]

    def _get_specification(self, names):
        fields = {name: self.model._fields[name] for name in names}
        return {
            name: {"fields": {"display_name": {}}} if field.relational else {}
            for name, field in fields.items()
        }


def measure_cockpit(env):
    """The page as it is opened, with all of its figures and both tables."""
    cockpit = env["service.agreement.cockpit"].create({"period": "last_12"})
    arch = etree.fromstring(cockpit.get_view(view_type="form")["arch"])
    specification = {}
    for node in arch.xpath("//field[not(ancestor::list)]"):
        columns = {column.get("name"): {} for column in node.xpath("./list/field")}
        specification[node.get("name")] = {"fields": columns} if columns else {}
    seconds = get_seconds(env, partial(cockpit.web_read, specification))
    return [row("Cockpit: s of SQL", seconds, LIMIT_COCKPIT)]


def measure_replay(env):
    """Two years of everybody's work, as if they had been on the first tier."""
    if "service.agreement.tier.replay" not in env:
        return []
    tier = env["service.agreement.tier"].search([], order="rank", limit=1)
    replay = env["service.agreement.tier.replay"].create(
        {"tier_id": tier.id, "month_count": 24}
    )
    start = time.perf_counter()
    replay._start(replay._get_customers())
    sold = replay._get_sold()
    while left := replay._get_left(replay._batch_size):
        replay._work_out(left, sold)
        env.flush_all()
        env.invalidate_all()
    replay._finish()
    return [
        row("Replay of 24 months: s", time.perf_counter() - start, LIMIT_REPLAY),
        row("Replay of 24 months: clients", replay.customer_count),
    ]
