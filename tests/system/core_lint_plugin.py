"""A pytest plugin that lets core's `test_lint` look at our addons alone."""

from unittest.mock import patch

import pytest

from odoo.modules import Manifest
from odoo.tools import config

from devtool.paths import MAIN_ADDON, ROOT, own_addons

# What helpdesk_mgmt does, which is in the database for the sake of our bridge to it.
OTHERS = {
    "BTREE_INDEX_IGNORE_FIELDS": {
        "helpdesk.ticket.duplicate_id",
        "helpdesk.ticket.partner_id",
    },
    "MODEL_METHODS_TO_IGNORE": {
        ("helpdesk.ticket", "message_new"),
        ("helpdesk.ticket", "message_update"),
    },
}


@pytest.fixture(autouse=True)
def only_our_findings(request, monkeypatch):
    """Add the others' to what core's checks let pass."""
    names = request.function.__globals__
    for name in OTHERS.keys() & names.keys():
        monkeypatch.setitem(names, name, {*names[name], *OTHERS[name]})


@pytest.fixture(autouse=True)
def only_our_addons():
    """Hide the others: core's findings in core are not ours to mend."""
    names = {path.name for path in own_addons()}
    ours = [m for m in Manifest.all_addon_manifests() if m.name in names]
    with (
        patch.object(Manifest, "all_addon_manifests", staticmethod(lambda: ours)),
        patch.object(config, "root_path", str(ROOT / MAIN_ADDON)),
    ):
        yield
