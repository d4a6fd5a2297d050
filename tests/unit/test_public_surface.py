"""Each addon with models says what of it is public; see tests/public_surface.py."""

from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_every_addon_with_models_has_a_table_and_looks_at_it():
    for manifest in ROOT.glob("*/__manifest__.py"):
        addon = manifest.parent
        if not any((addon / folder).is_dir() for folder in ("models", "wizard")):
            continue
        assert (addon / "tests" / "public_methods.csv").is_file(), addon.name
        tests = (path.read_text() for path in (addon / "tests").glob("test_*.py"))
        wanted = f'addon = "{addon.name}"'
        assert any("PublicSurface" in text and wanted in text for text in tests), (
            f"{addon.name} has no test that inherits PublicSurface"
        )
