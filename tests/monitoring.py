"""What system tests of monitoring share: a source on a real database, and what is kept
of what was sent to it."""

import sys
from typing import NamedTuple

from devtool.paths import ROOT

sys.path.insert(0, str(ROOT / "benchmarks"))

import _alerts

PREPARE = """
import sys
sys.path.insert(0, {folder!r})
import _alerts
source, secret = _alerts.prepare(env, {sites})
source.write({values})
env.cr.commit()
print("SOURCE", source.id, source.door_key, secret)
"""


class Source(NamedTuple):
    """A source of a database that a server serves."""

    id: int
    key: str
    secret: str

    def target(self, server):
        """Return what `_alerts.send` needs."""
        url = f"{server.url}/service/monitoring/{self.key}"
        return _alerts.Target(url, self.secret, server.database)


def prepare(database, sites=20, **values):
    """Make a source with known sites; return Source."""
    folder = str(ROOT / "benchmarks")
    script = PREPARE.format(folder=folder, sites=sites, values=values)
    line = next(
        line for line in database.script(script).splitlines() if "SOURCE" in line
    )
    _word, number, key, secret = line.split()
    return Source(int(number), key, secret)


def count(database, what, source):
    """Return a dict of numbers by the id of the delivery.

    :param what: `_alerts.count_kept` or `_alerts.count_events`
    """
    with database.connect() as connection:
        return what(connection.cursor(), source.id)
