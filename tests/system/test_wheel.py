"""The addon as a package: `pip install ./service_agreement` beside an Odoo."""

import ast
import subprocess
import zipfile

import pytest

from devtool.paths import MAIN_ADDON, PYTHON, ROOT


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """Build it as pip does, from the machine's registry."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [PYTHON, "-m", "pip", "wheel", "-q", "--no-deps", "-w", folder]
    done = subprocess.run(
        [*command, ROOT / MAIN_ADDON], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return zipfile.ZipFile(next(folder.glob("*.whl")))


def test_it_holds_everything_the_manifest_names(wheel):
    inside = f"odoo/addons/{MAIN_ADDON}/"
    files = {name.removeprefix(inside) for name in wheel.namelist()}
    manifest = ast.literal_eval(wheel.read(f"{inside}__manifest__.py").decode())
    named = {*manifest["data"], *manifest["demo"], *manifest["images"]}
    assert named <= files
    assert {"static/description/icon.png", "static/description/index.html"} <= files
    assert "tools/working_time.py" in files


def test_it_says_what_it_needs(wheel):
    metadata = next(name for name in wheel.namelist() if name.endswith("METADATA"))
    text = wheel.read(metadata).decode()
    assert "Name: odoo-addon-service_agreement" in text
    assert "Requires-Dist: odoo" in text
