"""A pytest plugin that lets core's `test_lint` look at our addons alone."""

from unittest.mock import patch

import pytest

from odoo.modules import Manifest
from odoo.tools import config

from devtool.paths import MAIN_ADDON, ROOT, own_addons


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
