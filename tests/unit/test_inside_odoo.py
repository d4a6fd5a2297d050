"""Between tests inside Odoo nothing is kept but what is as true after a test."""

from types import SimpleNamespace

import pytest

from tests.inside_odoo import WarmCaches


class Cache(dict):
    """As much of Odoo's as is used; who empties it tells."""

    def __init__(self, cleared):
        super().__init__()
        self.cleared = cleared

    @property
    def snapshot(self):
        return dict(self)

    def clear(self):
        self.cleared.add(id(self))
        super().clear()


@pytest.fixture
def cleared():
    return set()


@pytest.fixture
def caches(cleared):
    """Two caches, with what was found out while a class was set up."""
    pair = Cache(cleared), Cache(cleared)
    for cache in pair:
        cache["ir.model.data", "plan"] = 1
    return pair


def run_test(caches, cleared, test):
    """Run a test as the plugin does, and empty the caches after it as Odoo does."""
    registry = SimpleNamespace(_Registry__caches=dict(enumerate(caches)))
    warm = WarmCaches(registry, cleared)
    warm.begin()
    test()
    warm.end()
    for cache in caches:
        cache.clear()
    warm.restore()


def test_what_a_test_found_out_is_kept(caches, cleared):
    def look():
        caches[0]["res.users", 2] = "groups"

    run_test(caches, cleared, look)
    assert caches[0] == {("ir.model.data", "plan"): 1, ("res.users", 2): "groups"}
    assert caches[1] == {("ir.model.data", "plan"): 1}


def test_of_a_cache_that_a_test_emptied_only_what_was_there_before(caches, cleared):
    def change():
        caches[0]["res.users", 2] = "groups"
        caches[0].clear()
        caches[0]["ir.model.data", "plan"] = "of this test"
        caches[1]["res.users", 2] = "groups"

    run_test(caches, cleared, change)
    assert caches[0] == {("ir.model.data", "plan"): 1}
    assert caches[1] == {("ir.model.data", "plan"): 1, ("res.users", 2): "groups"}


def test_no_rule_of_a_test_is_kept(caches, cleared):
    def read():
        caches[0]["ir.rule", 2, "res.partner"] = "his own company"

    run_test(caches, cleared, read)
    assert caches[0] == {("ir.model.data", "plan"): 1}


def test_where_setting_up_failed_there_is_nothing_to_put_back(caches, cleared):
    registry = SimpleNamespace(_Registry__caches=dict(enumerate(caches)))
    WarmCaches(registry, cleared).restore()
    assert caches[0] == {("ir.model.data", "plan"): 1}
