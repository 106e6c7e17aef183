"""What every answer tells the browser to hold back: frames, scripts, cameras; and names that are not ours.

In: the names of the server and what the settings allow. Out: headers on every answer, and a refusal by name.
"""

import re
import secrets
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from tornado.httputil import HTTPHeaders, HTTPServerRequest
from tornado.web import OutputTransform, RequestHandler

if TYPE_CHECKING:
    from panel_app.settings import DashboardSettings

HSTS_SECONDS: Final = 31_536_000
"""A year: for so long a browser that came by TLS asks for nothing without it."""
NONCE_BYTES: Final = 16
PORT: Final = re.compile(r":\d+$")
UNUSED_FEATURES: Final = ("camera", "geolocation", "microphone", "payment", "usb", "serial", "hid", "midi")


def headers_transform(settings: "DashboardSettings") -> type[OutputTransform]:
    """What Tornado puts between every handler and the browser: it adds the headers.

    Each request gets a `nonce`: scripts inside its page run only when they carry it.
    """
    parts = (urlsplit(address) for address in settings.image_addresses)
    images = " ".join(dict.fromkeys(f"{part.scheme}://{part.netloc}" for part in parts if part.netloc))
    fixed = {
        "X-Content-Type-Options": "nosniff",
        # Who serves images, such as map tiles, may ask to be told for which site; nobody is told what is looked at.
        "Referrer-Policy": "strict-origin" if images else "same-origin",
        "Permissions-Policy": ", ".join(f"{feature}=()" for feature in UNUSED_FEATURES),
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
        **({} if settings.frame_origins else {"X-Frame-Options": "SAMEORIGIN"}),
    }

    class Headers(OutputTransform):
        def __init__(self, request: HTTPServerRequest) -> None:
            super().__init__(request)
            self.request = request
            vars(request)["nonce"] = self.nonce = secrets.token_urlsafe(NONCE_BYTES)

        def transform_first_chunk(
            self, status_code: int, headers: HTTPHeaders, chunk: bytes, finishing: bool
        ) -> tuple[int, HTTPHeaders, bytes]:
            headers["Content-Security-Policy"] = content_policy(self.nonce, images, settings.frame_origins)
            headers.update(fixed)
            if self.request.protocol == "https":
                headers["Strict-Transport-Security"] = f"max-age={HSTS_SECONDS}"
            headers.pop("Server", None)
            return status_code, headers, chunk

    return Headers


def content_policy(nonce: str, images: str, frame_origins: str) -> str:
    """What a page may load and run, and whose pages may show it in a frame."""
    rules: Mapping[str, str] = {
        "default-src": "'self'",
        # Bokeh makes functions out of the formats of axes: charts fail without `eval`. Panel makes modules out
        # of the pieces of a page, and fetches them.
        "script-src": f"'self' 'nonce-{nonce}' 'unsafe-eval' blob:",
        "script-src-attr": "'none'",
        "style-src": "'self' 'unsafe-inline'",
        "img-src": " ".join(filter(None, ["'self' data: blob:", images])),
        "font-src": "'self' data:",
        "connect-src": "'self' blob:",
        "worker-src": "'none'",
        "object-src": "'none'",
        "base-uri": "'none'",
        "form-action": "'self'",
        "frame-src": "'none'",
        "frame-ancestors": " ".join(filter(None, ["'self'", frame_origins])),
    }
    return "; ".join(f"{name} {value}" for name, value in rules.items())


def foreign_hosts(names: Collection[str]) -> str:
    """A pattern of every host name but these, lower-cased and without a port, as Tornado matches it."""
    ours = "|".join(re.escape(name.lower()) for name in sorted(names))
    return rf"(?!(?:{ours})$).*$"


def host_name(origin: str) -> str:
    """The host of `host`, `host:port` or `[::1]:port`."""
    return PORT.sub("", origin)


def with_port(origin: str) -> str:
    """The same as `host:port`. Browsers leave out the usual port: it is 80 here, whatever the scheme, as at Bokeh."""
    return origin if PORT.search(origin) else f"{origin}:80"


class ForeignHost(RequestHandler):
    """Refuses whoever asked for a name that is not ours: a page elsewhere may have pointed its own name here."""

    def prepare(self) -> None:
        """Answer 403, whatever was asked for."""
        self.set_status(403)
        self.set_header("Content-Type", "text/plain; charset=utf-8")
        self.finish("The dashboard is not served under this name. Name it with --origin when it is started.\n")
