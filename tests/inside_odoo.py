"""A pytest plugin for tests inside Odoo: what costs time is done once for all of them.

It changes nothing that a test sees; Odoo's own runner does without it.
"""

from unittest.mock import patch

import pytest


@pytest.fixture(scope="session", autouse=True)
def kept_company(load_registry):
    """Keep a company for all test classes; the database is thrown away."""
    from odoo.addons.service_agreement.tests.common import ServiceAgreementCommon

    ServiceAgreementCommon.keep_company()


@pytest.fixture(scope="session", autouse=True)
def warm_caches(kept_company):
    """Let each test begin with what Odoo has cached since its class was set up."""
    from odoo.tests.common import TransactionCase
    from odoo.tools.lru import LRU

    cleared = set()
    set_up, clear = TransactionCase.setUp, LRU.clear

    def set_up_warm(case):
        caches = WarmCaches(case.registry, cleared)
        # After the test is rolled back, and Odoo has emptied its caches.
        case.addCleanup(caches.restore)
        set_up(case)
        caches.begin()
        case.addCleanup(caches.end)

    def clear_and_tell(cache):
        cleared.add(id(cache))
        clear(cache)

    with (
        patch.object(TransactionCase, "setUp", set_up_warm),
        patch.object(LRU, "clear", clear_and_tell),
    ):
        yield


class WarmCaches:
    """Odoo's caches around one test.

    Odoo empties them after every test, for the test is rolled back; to find out anew
    who may read what is a third of the time of a test. What was cached is as true after
    the test as before it, unless the test changed what it depends on: then Odoo emptied
    that cache in the midst of the test, and it is again what it was before.
    """

    # Domains of rules name values of partners, and no change of those empties a cache.
    NOT_KEPT = ("ir.rule",)

    def __init__(self, registry, cleared):
        self._caches = registry._Registry__caches.values()
        self._cleared = cleared
        self._kept = []  # (cache, {key: value})

    def begin(self):
        """Remember what is cached before the test."""
        self._kept = [(cache, cache.snapshot) for cache in self._caches]
        self._cleared.clear()

    def end(self):
        """Remember what the test adds, where it emptied nothing."""
        for cache, kept in self._kept:
            if id(cache) not in self._cleared:
                kept.update(
                    (key, value)
                    for key, value in cache.snapshot.items()
                    if key[0] not in self.NOT_KEPT
                )

    def restore(self):
        """Put back what was remembered."""
        for cache, kept in self._kept:
            cache.update(kept)
