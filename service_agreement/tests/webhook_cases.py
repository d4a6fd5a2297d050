"""A receiver on this machine, which keeps what it is sent."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple


class Received(NamedTuple):
    path: str
    headers: dict
    body: bytes

    @property
    def data(self):
        return json.loads(self.body)


class Receiver:
    """``with Receiver(500, 200) as receiver:`` it answers so, the last code for ever.

    :ivar list received: of Received
    :ivar str url: to be sent to
    """

    def __init__(self, *codes):
        self.codes = list(codes) or [200]
        self.received = []
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), self._get_handler())
        self.url = f"http://127.0.0.1:{self.server.server_port}/hook?token=hidden"

    def __enter__(self):
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_error):
        self.server.shutdown()
        self.server.server_close()

    def answer(self):
        return self.codes.pop(0) if len(self.codes) > 1 else self.codes[0]

    def _get_handler(receiver):
        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                headers = dict(self.headers)
                receiver.received.append(Received(self.path, headers, body))
                self.send_response(receiver.answer())
                self.send_header("Location", receiver.url + "&followed=1")
                self.end_headers()

            def log_message(self, *_arguments):
                """Nothing is written beside the log of the tests."""

        return Handler
