"""A real Prometheus Alertmanager (Debian's) posts to a real Odoo: an alert fires and
recovers, with a key, with a password, and with a wrong one.
"""

import json
import subprocess
import urllib.request
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta, timezone

import pytest

from devtool import programs
from devtool.odoo_process import free_port
from tests import monitoring
from tests.support import wait_until

PATIENCE = 60  # seconds
LABELS = {
    "alertname": "RouterDown",
    "site": "site-7",
    "instance": "router-1",
    "severity": "critical",
}
CONFIG = """
route:
  receiver: service
  group_wait: 100ms
  group_interval: 1s
  repeat_interval: 1h
  group_by: [alertname, site]
receivers:
  - name: service
    webhook_configs:
      - url: '{target.url}'
        send_resolved: true
        http_config:
{credentials}
"""
KEY = """
          authorization:
            type: Bearer
            credentials: '{secret}'
"""
PASSWORD = """
          basic_auth:
            username: monitoring
            password: '{secret}'
"""
EVENTS = """
SELECT alert_name, status, severity, site.name, summary, handed_at IS NOT NULL
  FROM service_monitoring_event event
  JOIN service_monitoring_site site ON site.id = site_id
 WHERE event.source_id = {source}
 ORDER BY event.id
"""
FIRED = "RouterDown|firing|critical|router-1|It does not answer.|t"
RECOVERED = "RouterDown|resolved|critical|router-1|It does not answer.|t"


@pytest.fixture(scope="module")
def program():
    path = programs.alertmanager()
    if not path:
        pytest.skip("there is no Debian to take Alertmanager from")
    return path


class Alertmanager:
    """One that runs, and is told what is wrong."""

    def __init__(self, port):
        self.url = f"http://127.0.0.1:{port}"

    def is_ready(self):
        with suppress(OSError):
            return (
                urllib.request.urlopen(f"{self.url}/-/ready", timeout=5).status == 200
            )
        return False

    def tell(self, *, is_over=False):
        """Say that the router is down, or was until a minute ago."""
        now = datetime.now(timezone.utc)
        alert = {
            "labels": LABELS,
            "annotations": {"summary": "It does not answer."},
            "startsAt": (now - timedelta(minutes=5)).isoformat(),
        }
        if is_over:
            alert["endsAt"] = (now - timedelta(minutes=1)).isoformat()
        request = urllib.request.Request(
            f"{self.url}/api/v2/alerts",
            data=json.dumps([alert]).encode(),
            headers={"Content-Type": "application/json"},
        )
        assert urllib.request.urlopen(request, timeout=10).status == 200


@contextmanager
def running(program, folder, target, credentials):
    """Run one that posts to ``target``."""
    folder.mkdir()
    config = folder / "alertmanager.yml"
    config.write_text(
        CONFIG.format(
            target=target, credentials=credentials.format(secret=target.secret)
        )
    )
    port = free_port()
    command = [
        program,
        f"--config.file={config}",
        f"--storage.path={folder}",
        f"--web.listen-address=127.0.0.1:{port}",
        "--cluster.listen-address=",
    ]
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT)
    manager = Alertmanager(port)
    try:
        wait_until(manager.is_ready, PATIENCE, "Alertmanager starts")
        yield manager
    finally:
        process.terminate()
        process.wait(PATIENCE)


def test_it_fires_and_recovers(payment_database, program, tmp_path):
    by_key, by_password = (
        monitoring.prepare(
            payment_database, format="alertmanager", authentication=authentication
        )
        for authentication in ("bearer", "basic")
    )

    def events(source):
        return payment_database.sql(EVENTS.format(source=source.id))

    with payment_database.serve("--max-cron-threads=1") as server:
        target = by_key.target(server)
        wrong = target._replace(secret="another")
        with running(program, tmp_path / "wrong", wrong, KEY) as manager:
            manager.tell()
            log = tmp_path / "wrong" / "log"
            wait_until(lambda: "401" in log.read_text(), PATIENCE, "it is refused")
        assert not payment_database.sql("SELECT id FROM service_monitoring_delivery")

        with running(program, tmp_path / "key", target, KEY) as manager:
            manager.tell()
            wait_until(lambda: events(by_key) == [FIRED], PATIENCE, "it fires")
            manager.tell(is_over=True)
            both = [FIRED, RECOVERED]
            wait_until(lambda: events(by_key) == both, PATIENCE, "it recovers")
        keys = payment_database.sql("SELECT DISTINCT key FROM service_monitoring_event")
        assert len(keys) == 1, "what recovers is what fired"

        target = by_password.target(server)
        with running(program, tmp_path / "password", target, PASSWORD) as manager:
            manager.tell()
            wait_until(lambda: events(by_password) == [FIRED], PATIENCE, "it fires")
        log = server.log.read_text()
        assert by_key.secret not in log
        assert by_password.secret not in log
