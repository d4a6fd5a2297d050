"""Make `from tools.working_time import …` work without Odoo.

Importing `service_agreement.tools` would run the addon's own `__init__.py`, which needs
Odoo; putting the addon's folder on the path would let its `tests` and `models` shadow
others. So the packages are registered by their names.
"""

import importlib.util
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
# By the name under which it is imported here.
PACKAGES = {
    "maintenance_tools": ROOT / "service_agreement_maintenance" / "tools",
    "tools": ROOT / "service_agreement" / "tools",
    "capacity_tools": ROOT / "service_agreement_capacity" / "tools",
}


def _register(name, folder):
    spec = importlib.util.spec_from_file_location(
        name, folder / "__init__.py", submodule_search_locations=[str(folder)]
    )
    package = importlib.util.module_from_spec(spec)
    sys.modules[name] = package
    spec.loader.exec_module(package)


for name, folder in PACKAGES.items():
    _register(name, folder)
