"""Alerts in numbers: a client that keeps its pace whatever the server does.

It measures from when a request should have been sent, so that a server that holds it
up does not look faster for it.
"""

import asyncio
import json
import time
import urllib.parse
from typing import NamedTuple

from devtool.odoo_process import free_port

PATIENCE = 30  # seconds that one request may take
# As many as may wait in the queue of two workers; what is more, the kernel drops.
CONNECTIONS = 16


class Sent(NamedTuple):
    """What became of one delivery.

    :ivar str id: of the delivery
    :ivar int status: of HTTP, 0 where there was no answer
    :ivar float seconds: from when it was due until it was answered
    """

    id: str
    status: int
    seconds: float


def arguments(workers=2):
    """Return what a server with workers and one cron thread is started with."""
    return (
        *(f"--workers={workers}", f"--gevent-port={free_port()}"),
        "--max-cron-threads=1",
    )


def get_body(number, sites, kinds=25):
    """Return the body of the n-th delivery: one alert, of one of many sites."""
    alert = {
        "site": f"site-{number % sites}",
        "alert": f"Alert {number // sites % kinds}",
        "status": "firing" if number // sites // kinds % 2 == 0 else "resolved",
        "summary": f"Number {number}",
    }
    return json.dumps({"alerts": [alert]}).encode()


class Target(NamedTuple):
    """Where alerts are posted to.

    :ivar str url: the address of the source
    :ivar str secret: its key
    """

    url: str
    secret: str
    database: str


def send(target, numbers, rate, sites, sent=None):
    """Send one delivery for each number, ``rate`` a second; return a list of Sent.

    :param sent: a list to be filled meanwhile, for who looks at it from outside
    """
    sent = [] if sent is None else sent
    asyncio.run(_send_all(target, numbers, rate, sites, sent))
    return sent


async def _send_all(target, numbers, rate, sites, sent):
    start = time.monotonic()
    tasks, free = [], asyncio.Semaphore(CONNECTIONS)
    for place, number in enumerate(numbers):
        due = start + place / rate
        await asyncio.sleep(max(0, due - time.monotonic()))
        body = get_body(number, sites)
        task = _send(target, number, body, due, sent, free)
        tasks.append(asyncio.create_task(task))
    await asyncio.gather(*tasks)


async def _send(target, number, body, due, sent, free):
    delivery = f"delivery-{number}"
    try:
        async with free, asyncio.timeout(PATIENCE):
            status = await _post(target, delivery, body)
    except (OSError, TimeoutError, ValueError, IndexError):
        status = 0
    sent.append(Sent(delivery, status, time.monotonic() - due))


async def _post(target, delivery, body):
    """Return the status; Odoo's workers close the connection after each answer."""
    parts = urllib.parse.urlsplit(target.url)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    head = (
        f"POST {parts.path} HTTP/1.1\r\nHost: {parts.netloc}\r\n"
        # Else Odoo asks PostgreSQL for its databases each time, where a filter is set.
        f"X-Odoo-Database: {target.database}\r\n"
        f"Authorization: Bearer {target.secret}\r\n"
        f"X-Monitoring-Delivery: {delivery}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    try:
        writer.write(head.encode() + body)
        line = await reader.readline()
        await reader.read()
        return int(line.split()[1])
    finally:
        writer.close()


# What is in the database


def prepare(env, sites):
    """Make a source with known sites, and commit; return (source, secret)."""
    source = env["service.monitoring.source"].create(
        {"name": "Load", "authentication": "bearer", "per_minute": 10**6}
    )
    secret = source._change_secret()
    customer = env["res.partner"].create({"name": "Whitfield Residence"})
    env["service.monitoring.site"].create(
        [
            {
                "source_id": source.id,
                "external_ref": f"site-{number}",
                "name": f"Site {number}",
                "partner_id": customer.id,
            }
            for number in range(sites)
        ]
    )
    env.cr.commit()
    return source, secret


def count_kept(cursor, source_id):
    """Return a dict of how often each delivery is kept, by its id."""
    return _count(cursor, KEPT, source_id)


def count_events(cursor, source_id):
    """Return a dict of how many events were handed on, by the id of the delivery."""
    return _count(cursor, HANDED_ON, source_id)


def _count(cursor, query, source_id):
    cursor.execute(query, [source_id])
    return dict(cursor.fetchall())


KEPT = """
SELECT external_id, count(*) FROM service_monitoring_delivery
 WHERE source_id = %s GROUP BY external_id
"""
HANDED_ON = """
SELECT external_id, count(*)
  FROM service_monitoring_event event
  JOIN service_monitoring_delivery delivery ON delivery.id = delivery_id
 WHERE event.source_id = %s AND handed_at IS NOT NULL
 GROUP BY external_id
"""
