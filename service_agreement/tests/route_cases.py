"""A walk over all routes of an addon: nobody gets an error of ours or another's data.

An addon that adds routes inherits `RouteWalk`, has its own table and knows its records.
"""

import inspect
import threading
from typing import NamedTuple
from unittest.mock import patch

from odoo import http
from odoo.tools import mute_logger

# What a page of ours leaves behind that is no change: of Odoo, and of being looked at.
TRACES = ("ir_attachment", "res_device_log", "res_users_log", "bus_bus", "ir_cron")
LONG = "9" * 30
ODD_WORDS = ("", "-1", LONG, "²", "💥'\"<b>%00" + "a" * 3000)
ODD_VALUES = (None, True, -1, 10**30, "\x00", "💥", [1], {"a": []})


class Route(NamedTuple):
    """What a route is meant to be.

    :ivar str auth: who comes in at all
    :ivar tuple methods: of HTTP; none: all of them
    :ivar str kind: "http" or "jsonrpc"
    :ivar bool notes_view: the first look at it is noted down
    :ivar bool extends: it is another addon's, which the walk leaves to that addon
    """

    auth: str = "public"
    methods: tuple = ()
    kind: str = "http"
    notes_view: bool = False
    extends: bool = False


def get_rules(env, addon):
    """:return: list of werkzeug rules of an addon, those that it overrides too"""
    # Odoo's own runner names the database on the thread, others do not.
    thread, name = threading.current_thread(), env.cr.dbname
    with patch.object(thread, "dbname", name, create=True):
        rules = list(env["ir.http"].routing_map().iter_rules())
    module = f"odoo.addons.{addon}."
    return [
        rule
        for rule in rules
        if inspect.unwrap(rule.endpoint.func).__module__.startswith(module)
    ]


class RouteWalk:
    """To be mixed with `HttpCase`; set the attributes in `setUpClass`.

    :cvar str addon: whose routes are walked
    :cvar dict table: of Route by path
    :cvar dict records: of the customer's record, by the name of the argument
    :cvar dict tokens: of access token, by the name of the argument
    :cvar insiders, outsiders: lists of logins; None is nobody
    :cvar str secret: that is on the customer's pages, and on no page for outsiders
    """

    # Of Odoo: the tests are here, and run in each class that has routes to walk.
    allow_inherited_tests_method = True
    table = {}
    records = {}
    tokens = {}
    insiders = ()
    outsiders = (None,)
    secret = ""

    # Which routes there are

    def _get_rules(self):
        return get_rules(self.env, self.addon)

    def test_every_route_is_known(self):
        """A new route is walked by these tests, or they fail."""
        found = {rule.rule: self._describe(rule) for rule in self._get_rules()}
        wanted = {
            path: route._replace(notes_view=False, extends=False)
            for path, route in self.table.items()
        }
        self.assertEqual(found, wanted)

    def _describe(self, rule):
        routing = rule.endpoint.routing
        methods = tuple(routing.get("methods") or ())
        return Route(routing["auth"], methods, routing["type"])

    def _get_walked(self):
        """:return: list of werkzeug rules of the addon's own routes"""
        rules = self._get_rules()
        return [rule for rule in rules if not self.table[rule.rule].extends]

    # How they are called

    def _get_path(self, rule, **others):
        """:return: str, the path with the ids of the customer's records, or others"""
        values = {
            name: others.get(name, 1 if name == "page" else self.records.get(name))
            for name in rule.arguments
        }
        unknown = [name for name, value in values.items() if value is None]
        self.assertFalse(unknown, "The walk has no record for this argument.")
        path = rule.rule
        for name, value in values.items():
            value = getattr(value, "id", value)
            for converter in ("int", "string"):
                path = path.replace(f"<{converter}:{name}>", str(value))
        return path

    def _get_parameters(self, rule):
        """:return: set of the names that the endpoint knows"""
        function = inspect.unwrap(rule.endpoint.func)
        parameters = inspect.signature(function).parameters.values()
        named = {p.name for p in parameters if p.kind is not p.VAR_KEYWORD}
        return named - {"self", *rule.arguments} | {"name", "message"}

    def _call(self, rule, method, params=None, **others):
        """:return: requests.Response"""
        path = self._get_path(rule, **others)
        if self._describe(rule).kind == "jsonrpc":
            body = {"jsonrpc": "2.0", "method": "call", "id": 1, "params": params or {}}
            return self.url_open(path, json=body)
        if method == "GET":
            return self.opener.get(
                self.base_url() + path, params=params, allow_redirects=False, timeout=60
            )
        data = [("csrf_token", http.Request.csrf_token(self))]
        data += params.items() if isinstance(params, dict) else params or []
        return self.url_open(path, data=data, method="POST", allow_redirects=False)

    def _methods(self, rule):
        return self._describe(rule).methods or ("GET", "POST")

    # What is checked of each

    def _check_answer(self, rule, answer, *what):
        """No error of ours, however odd the question."""
        told = (rule.rule, *what, answer.status_code, answer.text[:300])
        self.assertLess(answer.status_code, 500, told)
        if self._describe(rule).kind == "jsonrpc" and answer.status_code == 200:
            error = answer.json().get("error")
            name = error and error["data"]["name"]
            if name:
                self.assertTrue(name.startswith(("odoo.", "werkzeug.")), (told, name))

    def _check_outsider(self, rule, answer, *what):
        self._check_answer(rule, answer, *what)
        self.assertNotIn(self.secret, answer.text, (rule.rule, *what))

    def _count_changes(self):
        """:return: dict of how many rows were written so far, by table"""
        self.env.flush_all()
        self.env.cr.execute(
            """
            SELECT relname, n_tup_ins + n_tup_upd + n_tup_del
              FROM pg_stat_xact_user_tables
             WHERE n_tup_ins + n_tup_upd + n_tup_del > 0 AND relname != ALL(%s)
            """,
            [list(TRACES)],
        )
        return dict(self.env.cr.fetchall())

    def _check_unchanged(self, before, rule, login):
        after = self._count_changes()
        changed = {n: c - before.get(n, 0) for n, c in after.items()}
        written = {name: count for name, count in changed.items() if count}
        self.assertFalse(written, (rule.rule, login))

    # The walks

    @mute_logger("odoo.http")
    def test_outsiders_see_and_change_nothing(self):
        """Another customer, anybody, with tokens of others or parts of the right one:
        nothing of the customer's is shown, and nothing changes."""
        for login in self.outsiders:
            self.authenticate(login, login)
            for rule in self._get_walked():
                before = self._count_changes()
                for token in self._get_wrong_tokens(rule):
                    for method in self._methods(rule):
                        params = {"access_token": token} if token else None
                        answer = self._call(rule, method, params)
                        self._check_outsider(rule, answer, login, method, token)
                self._check_unchanged(before, rule, login)

    def _get_wrong_tokens(self, rule):
        own = {self.tokens.get(name) for name in rule.arguments} - {None}
        others = {*self.tokens.values()} - own
        stale = "0" * 36
        return [None, stale, "é", *others, *(token[:-1] for token in own)]

    @mute_logger("odoo.http")
    def test_looking_changes_nothing(self):
        """Looking changes nothing."""
        for login in (*self.insiders, None):
            self.authenticate(login, login)
            for rule in self._get_walked():
                if self._describe(rule).kind == "jsonrpc":
                    continue
                params = dict.fromkeys(self._get_parameters(rule), "1")
                token = {self.tokens.get(name) for name in rule.arguments} - {None}
                params["access_token"] = next(iter(token), "")
                before = self._count_changes()
                answer = self._call(rule, "GET", params)
                self._check_answer(rule, answer, login)
                if not self.table[rule.rule].notes_view:
                    self._check_unchanged(before, rule, login)

    @mute_logger("odoo.http")
    def test_odd_questions_are_answered(self):
        """Whatever is sent gets an answer: with the link and with a login."""
        for login in (self.insiders[0], None):
            self.authenticate(login, login)
            for rule in self._get_walked():
                token = {self.tokens.get(name) for name in rule.arguments} - {None}
                for params in self._get_odd_parameters(rule):
                    if token:
                        params = {"access_token": next(iter(token)), **params}
                    for method in self._methods(rule):
                        answer = self._call(rule, method, params)
                        self._check_answer(rule, answer, login, method, params)

    def _get_odd_parameters(self, rule):
        names = sorted(self._get_parameters(rule) - {"access_token"})
        if self._describe(rule).kind == "jsonrpc":
            return [dict.fromkeys(names, value) for value in ODD_VALUES]
        odd = [dict.fromkeys(names, word) for word in ODD_WORDS]
        return [
            *odd,
            {f"{name}[]": "x" for name in names},
            {name: ["1", "2"] for name in names},
        ]

    @mute_logger("odoo.http")
    def test_ids_that_nobody_has(self):
        """Ids that nobody has."""
        self.authenticate(None, None)
        for rule in self._get_walked():
            for number in (0, 2**31 - 1, 2**31, 10**30):
                others = {name: number for name in rule.arguments if name != "kind"}
                for method in self._methods(rule):
                    answer = self._call(rule, method, **others)
                    self._check_outsider(rule, answer, method, number)
