"""The addons as packages: `pip install ./service_agreement` beside an Odoo."""

import ast
import subprocess
import zipfile

import pytest

from devtool.paths import MAIN_ADDON, PYTHON, bridges, own_addons

NAMED = ("data", "demo", "images")


@pytest.fixture(scope="module")
def wheels(tmp_path_factory):
    """Build all as pip does, from the machine's registry; return {addon: wheel}."""
    folder = tmp_path_factory.mktemp("wheels")
    command = [PYTHON, "-m", "pip", "wheel", "-q", "--no-deps", "-w", folder]
    done = subprocess.run(
        [*command, *own_addons()], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    paths = {path.name.split("-")[0]: path for path in folder.glob("*.whl")}
    return {
        path.name: zipfile.ZipFile(paths[f"odoo_addon_{path.name}"])
        for path in own_addons()
    }


def get_files(wheels, addon):
    """Return the addon's files in its wheel, as paths inside the addon."""
    return {
        name.removeprefix(f"odoo/addons/{addon}/") for name in wheels[addon].namelist()
    }


def get_metadata(wheels, addon):
    names = wheels[addon].namelist()
    metadata = next(name for name in names if name.endswith("METADATA"))
    return wheels[addon].read(metadata).decode()


@pytest.mark.parametrize("addon", [path.name for path in own_addons()])
def test_it_holds_everything_the_manifest_names(wheels, addon):
    text = wheels[addon].read(f"odoo/addons/{addon}/__manifest__.py").decode()
    manifest = ast.literal_eval(text)
    named = {name for key in NAMED for name in manifest.get(key, ())}
    files = get_files(wheels, addon)
    assert named <= files
    assert {"static/description/icon.png", "static/description/index.html"} <= files
    assert f"Name: odoo-addon-{addon}\n" in get_metadata(wheels, addon)


def test_the_tools_without_odoo_are_in_it(wheels):
    assert "tools/working_time.py" in get_files(wheels, MAIN_ADDON)


def test_it_says_what_it_needs(wheels):
    assert "Requires-Dist: odoo" in get_metadata(wheels, MAIN_ADDON)


@pytest.mark.parametrize("addon", bridges())
def test_a_bridge_needs_the_main_addon(wheels, addon):
    text = get_metadata(wheels, addon)
    assert f"Requires-Dist: odoo-addon-{MAIN_ADDON}" in text
