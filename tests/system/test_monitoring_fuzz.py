"""Ten thousand odd bodies and headers: each gets an answer that is no error of ours,
and nothing is half written (issue 8).

Most go through Odoo's WSGI application in one process, which costs no connection each;
some over a real one, where requests can be broken that no application ever sees.
"""

import hashlib
import hmac
import json
import re
import socket
from collections import Counter
from urllib.parse import quote

from devtool.paths import ROOT
from tests.mutations import mutations

SEED = 20261123
INSIDE = 9_000
OVER_HTTP = 1_000

PREPARE = """
import json, sys
from odoo.addons.service_agreement_monitoring.tools.examples import BODIES
BODIES["mapped"] = {"id": 7, "place": {"id": 4}, "what": "Ping", "state": "down"}
paths = {"map_site": "place.id|site.0", "map_alert": "what", "map_status": "state",
         "map_firing": "down", "map_resolved": "up", "map_time": "at",
         "map_delivery": "id"}
sources = []
customer = env["res.partner"].create({"name": "Whitfield Residence"})
for number, (format, example) in enumerate(BODIES.items()):
    source = env["service.monitoring.source"].create({
        "name": format, "format": format, "per_minute": 0,
        "authentication": "signed" if number % 2 else "bearer", **paths})
    env["service.monitoring.site"].create({
        "source_id": source.id, "name": "Known", "external_ref": "lake-house",
        "partner_id": customer.id})
    sources.append({"format": format, "authentication": source.authentication,
        "secret": source._change_secret(), "key": source.door_key, "example": example})
env.cr.commit()
print("SOURCES", json.dumps(sources))
"""

FUZZ = """
import io, json, logging, sys
from collections import Counter
sys.path.insert(0, {root!r})
from tests.mutations import mutations
from odoo import http
from odoo.addons.service_agreement_monitoring.tools.door import sign

env.cr.commit()
logging.getLogger("odoo.http").setLevel(logging.ERROR)
codes, new = Counter(), set()

def call(mutation):
    path, _mark, query = mutation.suffix.partition("?")
    headers = {{"HTTP_" + name.upper().replace("-", "_"): value
               for name, value in mutation.headers.items()}}
    answers = []
    response = http.root({{
        "REQUEST_METHOD": mutation.method,
        "PATH_INFO": "/service/monitoring/" + mutation.source["key"] + path,
        "QUERY_STRING": query, "SERVER_NAME": "localhost", "SERVER_PORT": "80",
        "HTTP_HOST": "localhost", "REMOTE_ADDR": "127.0.0.1",
        "SERVER_PROTOCOL": "HTTP/1.1", "wsgi.url_scheme": "http",
        "wsgi.version": (1, 0), "wsgi.multithread": False, "wsgi.run_once": False,
        "wsgi.multiprocess": True, "wsgi.errors": sys.stderr,
        "wsgi.input": io.BytesIO(mutation.body),
        "HTTP_X_ODOO_DATABASE": env.cr.dbname, **headers,
        "CONTENT_LENGTH": str(len(mutation.body)),
        "CONTENT_TYPE": mutation.headers.get("Content-Type", ""),
    }}, lambda status, headers, *_error: answers.append(int(status[:3])))
    content = b"".join(response)
    codes[answers[0]] += 1
    assert answers[0] < 500, (mutation, content)
    if answers[0] in (202, 400, 422) and content.startswith(b"{{"):
        delivery = json.loads(content).get("delivery")
        new.add((mutation.source["key"], delivery))

for mutation in mutations({sources!r}, sign, {number}, {seed}):
    call(mutation)
env.cr.execute('''
    SELECT door_key, external_id, count(*) FROM service_monitoring_delivery delivery
      JOIN service_monitoring_source source ON source.id = source_id GROUP BY 1, 2''')
rows = env.cr.fetchall()
assert all(number == 1 for *_names, number in rows)
assert {{(key, name) for key, name, _number in rows}} == new, "told and kept differ"
print("CODES", json.dumps(codes))
"""

HANDLE = """
deliveries = env["service.monitoring.delivery"]
type(env["service.monitoring.alert"])._take = lambda self, events: None
while deliveries.search_count([("state", "=", "new")]):
    deliveries._cron_handle()
env.cr.execute("SELECT state, count(*) FROM service_monitoring_delivery GROUP BY 1")
print("STATES", dict(env.cr.fetchall()))
print("REASONS", deliveries.search_count([("reason", "ilike", "log")]))
"""


def sign(secret, timestamp, body):
    """As the documentation says, without the addon's own code."""
    message = f"{timestamp}.".encode() + body
    return "sha256=" + hmac.new(secret.encode(), message, hashlib.sha256).hexdigest()


def post(port, mutation, number):
    """Send it over a connection of its own, some of them broken; return the status.

    :param int number: every fifth is broken, in turn, in one of `BREAKS`
    """
    path = quote(
        f"/service/monitoring/{mutation.source['key']}{mutation.suffix}", "/?=%"
    )
    lines = [f"{mutation.method} {path} HTTP/1.1", "Host: localhost"]
    lines += [f"{name}: {value}" for name, value in mutation.headers.items()]
    lines.append(f"Content-Length: {len(mutation.body)}")
    head = "\r\n".join(lines).encode("utf-8", "replace")
    request = head + b"\r\n\r\n" + mutation.body
    if number % 5 == 0:
        request = BREAKS[number // 5 % len(BREAKS)](head, mutation.body)
    return exchange(port, request)


def exchange(port, request):
    """Return the status, or 0 where the connection is closed without a word."""
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        try:
            connection.sendall(request)
            connection.shutdown(socket.SHUT_WR)
            answer = connection.recv(64)
        except (BrokenPipeError, ConnectionResetError):
            return 0
    found = re.match(rb"HTTP/1\.\d (\d{3})", answer)
    return int(found[1]) if found else 0


def _in_pieces(head, body, piece):
    head = re.sub(rb"Content-Length: \d+", b"Transfer-Encoding: chunked", head)
    return head + b"\r\n\r\n" + piece + body


# What no client sends that means well.
BREAKS = (
    lambda head, body: head + b"\r\n\r\n" + body[: len(body) // 2],
    lambda head, body: head[: len(head) // 2],
    lambda head, body: _in_pieces(head, body, b"not a number\r\n"),
    lambda head, body: _in_pieces(head, body, b"-5\r\n"),
    lambda head, body: _in_pieces(head, body, b"ffffff\r\n"),
    lambda head, body: _in_pieces(head, body, b"%x\r\n" % len(body)) + b"\r\n0\r\n\r\n",
    lambda head, body: re.sub(rb"Length: \d+", b"Length: x", head) + b"\r\n\r\n" + body,
    lambda head, body: re.sub(rb"Length: ", b"Length: -", head) + b"\r\n\r\n" + body,
    lambda head, body: head + b"\r\nX-Odd: \xff\xfe\r\n\r\n" + body,
    lambda head, body: (
        head.replace(b" HTTP/1.1", b"\x00 HTTP/1.1") + b"\r\n\r\n" + body
    ),
    lambda head, body: head + b"\r\nContent-Length: 3\r\n\r\n" + body,
    lambda head, body: body,
)


def get_line(printed, word):
    return re.search(rf"^{word} (.*)$", printed, re.MULTILINE)[1]


def test_ten_thousand_odd_requests_are_answered(payment_database):
    database = payment_database
    sources = json.loads(get_line(database.script(PREPARE), "SOURCES"))
    script = FUZZ.format(root=str(ROOT), sources=sources, number=INSIDE, seed=SEED)
    codes = json.loads(get_line(database.script(script), "CODES"))
    assert {"200", "202", "400", "401", "405", "415", "422"} <= codes.keys(), codes
    with database.serve() as server:
        outside = Counter()
        for mutation in mutations(sources, sign, OVER_HTTP, SEED + 1):
            outside[post(server.port, mutation, outside.total())] += 1
        log = server.log.read_bytes()
    assert not [code for code in outside if code >= 500], outside
    # Of a request that is none Odoo's server says so, and closes the connection.
    assert f" ERROR {database.name} ".encode() not in log
    printed = database.script(HANDLE)
    assert get_line(printed, "REASONS") == "0", "something could not be handled"
    assert "new" not in get_line(printed, "STATES")
