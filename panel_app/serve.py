"""Serving the dashboard: one process, local unless told otherwise, everything from the package.

For many readers several such processes stand behind a proxy that keeps each reader on one of them; `/health` and
`/metrics` are for the proxy and the watch.
"""

import gc
import json
import os
import secrets
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any, Final

import panel as pn
from tornado.web import RequestHandler

from engine.decisions.store import open_decisions
from engine.errors import DarkshelfError
from panel_app import charts
from panel_app.app import Dashboard
from panel_app.login import EVERYBODY, Access, login_options
from panel_app.settings import DashboardSettings

LOOPBACK: Final = ("127.0.0.1", "localhost", "::1")
COOKIE_SECRET: Final = "DARKSHELF_COOKIE_SECRET"
"""Environment variable that signs logins; without it they end with the process."""
UNUSED_SESSION_SECONDS: Final = 120
"""So long the page of a closed window is kept: its memory is the server's."""


def serve(
    out: Path,
    settings: DashboardSettings,
    *,
    address: str = "127.0.0.1",
    port: int = 5006,
    decisions: str | None = None,
    growth: Path | None = None,
    access: Access = EVERYBODY,
    origins: Collection[str] = (),
    prefix: str = "",
    announce: Callable[[], None] = lambda: None,
    **options: Any,
) -> Any:
    """Serve the nights of an output folder. Blocks until the process ends, unless told `start=False` or `threaded`.

    growth: where growth runs are published, if elsewhere. origins: hosts that a proxy serves this under. prefix: the
    path it is served under. Raises DarkshelfError when the decisions cannot be opened, OSError when the port is
    taken. announce: called when the server is about to listen.
    """
    pn.extension()
    charts.warm()
    # What is loaded by now stays for good. Looking through it for garbage, again and again, stops every reader.
    gc.collect()
    gc.freeze()
    dashboard = Dashboard(out, settings, open_decisions(out, decisions), deciders=access.deciders, growth=growth)
    login = login_options(access, os.environ.get(COOKIE_SECRET) or secrets.token_hex(32))
    announce()
    watch = {"dashboard": dashboard}
    hosts = [f"{address}:{port}", *(f"{host}:{port}" for host in LOOPBACK[:2] if address in LOOPBACK), *origins]
    return pn.serve(
        {"/": dashboard.page},
        address=address,
        port=port,
        websocket_origin=hosts if port else None,
        prefix=prefix,
        root_path=f"/{path}/" if (path := prefix.strip("/")) else None,
        # Behind a proxy the reader's own scheme is the one that it tells of; nobody else is believed.
        use_xheaders=bool(origins),
        show=False,
        title="darkshelf",
        verbose=False,
        extra_patterns=[("/health", Health, watch), ("/metrics", Metrics, watch)],
        check_unused_sessions=UNUSED_SESSION_SECONDS * 250,
        unused_session_lifetime=UNUSED_SESSION_SECONDS * 1000,
        **login,
        **options,
    )


class _Watch(RequestHandler):
    """What every answer about the server has: the dashboard, and no caching. Open to everybody, it names no data."""

    def initialize(self, dashboard: Dashboard) -> None:
        self.dashboard = dashboard

    def set_default_headers(self) -> None:
        self.set_header("Cache-Control", "no-store")


class Health(_Watch):
    """200 when the night and the decisions can be read, else 503 with what is wrong."""

    def get(self) -> None:
        """The state as one JSON object."""
        try:
            self.dashboard.decided.decisions.revision()
            latest = self.dashboard.nights.latest_id()
            if latest is not None:
                self.dashboard.nights.night(latest)
        except DarkshelfError as error:
            self.set_status(503)
            self.write(json.dumps({"status": "failing", "why": type(error).__name__}))
        else:
            self.write(json.dumps({"status": "ok", "night": latest}))
        self.set_header("Content-Type", "application/json")


class Metrics(_Watch):
    """Figures of the process in the text form that Prometheus reads."""

    def get(self) -> None:
        """One line a figure."""
        import psutil

        figures = {
            "darkshelf_sessions": ("Pages open in browsers", self.dashboard.sessions),
            "darkshelf_sessions_total": ("Pages opened since the start", self.dashboard.opened),
            "darkshelf_memory_bytes": ("Resident memory of the process", psutil.Process().memory_info().rss),
            "darkshelf_decisions_total": (
                "Entries in the database of decisions",
                self.dashboard.decided.decisions.count(),
            ),
        }
        lines = []
        for name, (words, value) in figures.items():
            kind = "counter" if name.endswith("_total") else "gauge"
            lines += [f"# HELP {name} {words}.", f"# TYPE {name} {kind}", f"{name} {value}"]
        self.set_header("Content-Type", "text/plain; version=0.0.4")
        self.write("\n".join(lines) + "\n")
