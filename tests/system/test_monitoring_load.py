"""Odoo is killed while alerts come: what was acknowledged is there exactly once, and
becomes events (issue 8).
"""

import itertools
import os
import signal
import threading
import time
from pathlib import Path

from tests import monitoring
from tests.monitoring import _alerts
from tests.support import wait_until

RATE = 20  # alerts a second
SITES = 20
PATIENCE = 180  # seconds until all is handled
ACKNOWLEDGED = (200, 202)
LEFT = "SELECT count(*) FROM service_monitoring_delivery WHERE state = 'new'"
NOT_ONE_EACH = """
SELECT delivery_id FROM service_monitoring_event GROUP BY delivery_id
HAVING count(*) != 1
"""
OUT_OF_ORDER = """
SELECT count(*) FROM (
    SELECT delivery_id
           < lag(delivery_id) OVER (PARTITION BY site_id ORDER BY id) AS late
      FROM service_monitoring_event) AS events
 WHERE late
"""


class Load(threading.Thread):
    """Sends one delivery after the other until it is told to stop."""

    def __init__(self, target):
        super().__init__(daemon=True)
        self.target = target
        self.sent = []
        self.is_over = threading.Event()

    def run(self):
        numbers = itertools.takewhile(
            lambda _number: not self.is_over.is_set(), itertools.count()
        )
        _alerts.send(self.target, numbers, RATE, SITES, self.sent)

    def wait_for_more(self, number=RATE):
        """Wait until so many more were acknowledged."""
        wanted = len(self.get_acknowledged()) + number
        wait_until(
            lambda: len(self.get_acknowledged()) >= wanted, PATIENCE, "they come in"
        )

    def get_acknowledged(self):
        return {each.id for each in [*self.sent] if each.status in ACKNOWLEDGED}

    def send_again(self):
        """Send what got no answer, as sources do, until it has one; return its ids."""
        again = {each.id for each in self.sent} - self.get_acknowledged()
        for _time in range(10):
            left = {each.id for each in self.sent} - self.get_acknowledged()
            numbers = sorted(int(name.removeprefix("delivery-")) for name in left)
            _alerts.send(self.target, numbers, RATE / 2, SITES, self.sent)
        assert not {each.id for each in self.sent} - self.get_acknowledged()
        return again

    def stop(self):
        self.is_over.set()
        self.join()


def get_children(pid):
    """Return the processes that one started, as {pid: command line}."""
    children = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(path.read_text().rpartition(")")[2].split()[1])
            if parent == pid:
                command = path.with_name("cmdline").read_text()
                children[int(path.parent.name)] = command
        except (FileNotFoundError, ProcessLookupError):
            continue
    return children


def serve(database, port=None):
    return database.serve(*_alerts.arguments(), port=port)


def test_nothing_acknowledged_is_lost_when_odoo_is_killed(payment_database):
    database = payment_database
    source = monitoring.prepare(database, SITES)
    with serve(database) as server:
        load = Load(source.target(server))
        load.start()
        load.wait_for_more()
        workers = [
            pid
            for pid, command in get_children(server.process.pid).items()
            if "gevent" not in command.split("\0")
        ]
        for pid in workers[:2]:
            os.kill(pid, signal.SIGKILL)
        load.wait_for_more()
    # Ended in good order, as for an upgrade.
    with serve(database, server.port) as server:
        load.wait_for_more()
        family = [server.process.pid, *get_children(server.process.pid)]
        for pid in family:
            os.kill(pid, signal.SIGKILL)
        server.process.wait()
        time.sleep(0.5)
    with serve(database, server.port) as server:
        load.wait_for_more()
        load.stop()
        acknowledged = load.get_acknowledged()
        again = load.send_again()
        wait_until(lambda: database.sql(LEFT) == ["0"], PATIENCE, "all are handled")
        assert source.secret not in server.log.read_text()

    assert len(acknowledged) >= 4 * RATE
    assert again, "the server was never away"
    wanted = dict.fromkeys([each.id for each in load.sent], 1)
    assert monitoring.count(database, _alerts.count_kept, source) == wanted
    assert monitoring.count(database, _alerts.count_events, source) == wanted
    assert database.sql(NOT_ONE_EACH) == []
    assert database.sql(OUT_OF_ORDER) == ["0"]
