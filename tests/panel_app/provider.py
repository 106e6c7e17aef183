"""An OpenID provider for the tests: whoever is asked for is let in, if the client knows the secret."""

from __future__ import annotations

import base64
import json
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlencode, urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterator

CLIENT, SECRET = "darkshelf-tests", "a secret that nobody types"
PEOPLE = {"ann": "ann@example.com", "eve": "eve@example.com"}


@dataclass
class Provider:
    """Where it listens, and what it saw. codes: of whom each code speaks, and where its reader came from."""

    address: str
    codes: dict[str, tuple[str, str]] = field(default_factory=dict)
    refused: list[str] = field(default_factory=list)

    @property
    def environment(self) -> dict[str, str]:
        """What tells Panel's generic provider where to ask."""
        return {
            "PANEL_OAUTH_AUTHORIZE_URL": f"{self.address}/authorize",
            "PANEL_OAUTH_TOKEN_URL": f"{self.address}/token",
            "PANEL_OAUTH_USER_URL": f"{self.address}/user",
        }


@contextmanager
def providing() -> Iterator[Provider]:
    """A provider that listens on this machine."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked = urlsplit(self.path)
            given = {key: values[-1] for key, values in parse_qs(asked.query).items()}
            if asked.path != "/authorize" or given.get("client_id") != CLIENT or "client_secret" in given:
                provider.refused.append(self.path)
                self._send(400, b"no", "text/plain")
                return
            links = []
            for name in PEOPLE:
                code = f"code-{len(provider.codes)}-{name}"
                provider.codes[code] = (name, given["redirect_uri"])
                back = f"{given['redirect_uri']}?{urlencode({'code': code, 'state': given['state']})}"
                links.append(f'<a href="{back.replace("&", "&amp;")}">{name}</a>')
            denied = f"{given['redirect_uri']}?{urlencode({'error': 'access_denied', 'state': given['state']})}"
            links.append(f'<a href="{denied.replace("&", "&amp;")}">nobody</a>')
            self._send(200, f'<link rel="icon" href="data:,">{"".join(links)}'.encode(), "text/html")

        def do_POST(self) -> None:
            text = self.rfile.read(int(self.headers["Content-Length"])).decode()
            given = {key: values[-1] for key, values in parse_qs(text).items()}
            name, redirect = provider.codes.pop(given.get("code", ""), ("", ""))
            if (given.get("client_secret"), given.get("redirect_uri")) != (SECRET, redirect):
                provider.refused.append(text)
                self._send(401, b'{"error": "invalid_client"}', "application/json")
                return
            claims = {"sub": f"id-{name}", "email": PEOPLE[name]}
            token = ".".join(
                base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=")
                for part in ({"alg": "none"}, claims, {})
            )
            told: dict[str, Any] = {"access_token": "opaque", "token_type": "Bearer", "id_token": token}
            self._send(200, json.dumps(told).encode(), "application/json")

        def _send(self, status: int, body: bytes, kind: str) -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    provider = Provider(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield provider
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
