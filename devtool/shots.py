"""`./dev shots`: the screenshots of the documentation, from the demo database."""

from . import odoo_process, prepare
from .commands import call
from .errors import DevError
from .paths import PYTHON, ROOT
from .progress import say

SCRIPT = ROOT / "docs" / "shots.py"
IMAGES = ROOT / "docs" / "images"
CALL = (
    "import runpy, sys; "
    "runpy.run_path(sys.argv[1])['main'](sys.argv[2], sys.argv[3], sys.argv[4])"
)


def run():
    """Serve a copy of the demo database and let `docs/shots.py` look at it."""
    if not SCRIPT.exists():
        raise DevError(f"{SCRIPT.relative_to(ROOT)} is missing: it lists the screens")
    workshop = prepare.workshop(browser=True)
    IMAGES.mkdir(parents=True, exist_ok=True)
    with workshop.databases.throwaway("demo") as database:
        server = odoo_process.OdooServer(workshop.env, database, log_name="shots")
        with server:
            say(f"taking screenshots of {server.url} into {IMAGES} …")
            arguments = [SCRIPT, server.url, IMAGES, workshop.chromium]
            return call([PYTHON, "-c", CALL, *arguments], env=workshop.env, cwd=ROOT)
