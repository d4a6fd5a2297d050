"""Make `from tools.working_time import …` work without Odoo.

Importing `service_agreement.tools` would run the addon's own `__init__.py`, which needs
Odoo; putting the addon's folder on the path would let its `tests` and `models` shadow
others. So the one package is registered by its name.
"""

import importlib.util
import sys
from pathlib import Path

FOLDER = Path(__file__).resolve().parents[2] / "service_agreement" / "tools"


def _register_tools():
    spec = importlib.util.spec_from_file_location(
        "tools", FOLDER / "__init__.py", submodule_search_locations=[str(FOLDER)]
    )
    package = importlib.util.module_from_spec(spec)
    sys.modules["tools"] = package
    spec.loader.exec_module(package)


_register_tools()
