"""All that anybody with an API key may call of an addon: listed, and on purpose.

Whatever has no underscore can be called over JSON-2 and XML-RPC. So each addon keeps a
table of it, ``tests/public_methods.csv``: model, method and why it is public,

- ``api``: for other systems; typed, documented, described in docs/api.md,
- ``button``: a button or script of ours calls it,
- ``override``: Odoo itself made it public.

An addon that adds models inherits `PublicSurface`, says its name and has its own table;
``python -m odoo shell`` is not needed to write it: the failing test prints the lines.
"""

import csv
import inspect
import re
from functools import cache
from pathlib import Path

from odoo.exceptions import AccessError
from odoo.modules import Manifest, get_module_path
from odoo.service.model import get_public_method

HEADER = ("model", "method", "why")
KINDS = ("api", "button", "override")
TABLE = "tests/public_methods.csv"
HELP = (
    "These methods of %(addon)s can be called by anybody with an API key, and are not "
    "in %(addon)s/%(table)s. Give them an underscore or @api.private; or, if they are "
    "public on purpose, see to it that they check rights and input, and add:\n%(lines)s"
)
GONE = (
    "These lines of %(addon)s/%(table)s are not public any more, or of another kind: "
    "take them out.\n%(lines)s"
)


class PublicSurface:
    """To be mixed with `TransactionCase`.

    :cvar str addon: whose methods these are
    """

    # Of Odoo: the tests are here, and run in each class that has a table.
    allow_inherited_tests_method = True
    addon = None

    def test_nothing_is_public_unnoticed(self):
        found, listed = self._find_public(), self._read_table()
        told = {"addon": self.addon, "table": TABLE}
        new = "\n".join(",".join(row) for row in sorted(found - listed))
        self.assertFalse(new, HELP % {**told, "lines": new})
        gone = "\n".join(",".join(row) for row in sorted(listed - found))
        self.assertFalse(gone, GONE % {**told, "lines": gone})

    def test_what_is_for_other_systems_is_documented(self):
        for model, name, kind in self._read_table():
            if kind != "api":
                continue
            method, told = getattr(self.env.registry[model], name), (model, name)
            doc = inspect.getdoc(method) or ""
            self.assertTrue(doc, told)
            parameters = list(inspect.signature(method).parameters.values())[1:]
            for parameter in parameters:
                self.assertIsNot(parameter.annotation, parameter.empty, told)
                self.assertRegex(doc, rf":param {parameter.name}:", told)
            self.assertNotIn({"ids", "context"}, {p.name for p in parameters})

    # What is public

    def _find_public(self):
        """:return: set of (model, method, kind) of this addon in the registry"""
        return {
            (model, name, self._get_kind(cls, name))
            for model, cls in self.env.registry.items()
            for base in cls._base_classes__
            for name in self._list_methods(cls, base)
            if self._is_public(model, name)
        }

    def _list_methods(self, cls, base):
        """:return: set of the names that a base of a model brings by this addon"""
        if "pool" not in vars(base):
            return _list_own(base) if base._module == self.addon else set()
        # Another model, as a mixin: what it brings comes with who needs the other.
        inherited_by = cls._inherit_module.get(base._name)
        brought = (
            _list_own(each)
            for each in base.mro()
            if self.addon == _get_later(getattr(each, "_module", None), inherited_by)
        )
        return set().union(*brought)

    def _is_public(self, model, name):
        try:
            return bool(get_public_method(self.env[model], name))
        except (AccessError, AttributeError):
            return False

    def _get_kind(self, cls, name):
        """What Odoo has, we override; what our files name, they call."""
        first = [base for base in cls.mro() if name in vars(base)][-1]
        if not _is_ours(getattr(first, "_module", None)):
            return "override"
        return "button" if name in self._get_called() else "api"

    def _get_called(self):
        """:return: set of words in the views and scripts of our addons"""
        if not hasattr(type(self), "_called"):
            addons = Path(get_module_path("service_agreement")).parent
            files = [
                path
                for kind in ("*/views/*.xml", "*/wizard/*.xml", "*/static/src/**/*.*")
                for path in addons.glob(kind)
                if _is_ours(path.relative_to(addons).parts[0])
                and path.suffix in (".xml", ".js")
            ]
            words = (set(re.findall(r"\w+", path.read_text())) for path in files)
            type(self)._called = set().union(*words)
        return self._called

    def _read_table(self):
        """:return: set of (model, method, kind)"""
        path = Path(get_module_path(self.addon)) / TABLE
        with path.open() as lines:
            rows = {tuple(row) for row in csv.reader(lines)} - {HEADER}
        self.assertLessEqual({kind for _model, _name, kind in rows}, set(KINDS))
        return rows


def _is_ours(module):
    return bool(module) and "service_agreement" in module


def _get_later(definer, inheritor):
    """A mixin's method is on a model as soon as both addons are there.

    :param str definer: addon that defines the method
    :param str inheritor: addon that makes the model inherit the mixin
    :return: str, the one that needs the other; None of strangers, and of Odoo's
    """
    if not (_is_ours(definer) and _is_ours(inheritor)):
        return None
    if inheritor in _list_needed(definer):
        return definer
    return inheritor if definer in _list_needed(inheritor) else None


@cache
def _list_needed(addon):
    """:return: set of the names of an addon and of ours that it needs"""
    needed = filter(_is_ours, Manifest.for_addon(addon)["depends"])
    return {addon}.union(*map(_list_needed, needed))


def _list_own(cls):
    return {
        name
        for name, value in vars(cls).items()
        if not name.startswith("_") and inspect.isroutine(value)
    }
