"""A web server that takes webhooks, or answers what it was told to answer."""

import json
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread


class Webhook(ThreadingHTTPServer):
    """`calls` are the requests that came: path, headers and the message in them. A negative answer is to hang up."""

    def __init__(self):
        self.calls = []
        self.answer = 204
        super().__init__(("127.0.0.1", 0), Handler)

    @property
    def address(self):
        return f"http://127.0.0.1:{self.server_port}/hook?key=a-secret"


class Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.calls.append((self.path, dict(self.headers), json.loads(body)))
        if self.server.answer > 0:
            self.send_response(self.server.answer)
            self.send_header("Location", "/elsewhere")
            self.end_headers()

    def log_message(self, *_words):
        """Nothing of it goes to the tests' output."""


@contextmanager
def webhook():
    """A running server; everything is closed at the end."""
    with Webhook() as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
