"""Receivers of alerts on this machine: a mail server, and a web server that answers well, badly or not at all."""

from __future__ import annotations

import json
import socket
from contextlib import contextmanager
from email import message_from_bytes, policy
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import TYPE_CHECKING, Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult

if TYPE_CHECKING:
    from collections.abc import Iterator
    from email.message import EmailMessage


class Mailbox:
    """What a mail server took, and the passwords it was shown."""

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []
        self.passwords: list[bytes] = []

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        self.mails.append(message_from_bytes(envelope.content, policy=policy.default))
        return "250 taken"

    def admit(self, server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> AuthResult:
        self.passwords.append(data.password)
        return AuthResult(success=True)


@contextmanager
def mail_server() -> Iterator[tuple[Mailbox, str]]:
    """A mailbox and its `host:port`. It asks for no encryption: everything stays on this machine."""
    box = Mailbox()
    options = {"authenticator": box.admit, "auth_required": False, "auth_require_tls": False}
    server = Controller(box, hostname="127.0.0.1", port=free_port(), **options)
    server.start()
    try:
        yield box, f"{server.hostname}:{server.port}"
    finally:
        server.stop()


class Web:
    """What a web server took: paths and bodies. status: what it answers; None: nothing until the end."""

    def __init__(self) -> None:
        self.status: int | None = 200
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self.is_over = Event()


@contextmanager
def web_server() -> Iterator[tuple[Web, str]]:
    """A web server and its `host:port`."""
    web = Web()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            web.calls.append((self.path, json.loads(body)))
            if web.status is None:
                web.is_over.wait(20)
                return
            self.send_response(web.status)
            self.end_headers()
            self.wfile.write(b"ok")

        def log_message(self, *_: object) -> None:
            """Nothing on the terminal."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield web, f"127.0.0.1:{server.server_port}"
    finally:
        web.is_over.set()
        server.shutdown()
        thread.join()
        server.server_close()


def free_port() -> int:
    """A port where nobody listens."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])
