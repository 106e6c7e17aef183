"""Serving the dashboard: one process, local unless told otherwise, everything from the package.

For many readers several such processes stand behind a proxy that keeps each reader on one of them; `/health` and
`/metrics` are for the proxy and the watch.
"""

import gc
import json
import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import panel as pn
from tornado.ioloop import PeriodicCallback
from tornado.web import RequestHandler

from engine.decisions.store import open_decisions
from panel_app.app import THEME_COOKIE, Dashboard
from panel_app.charts import warm
from panel_app.door.door import LOADED_BY
from panel_app.door.headers import ForeignHost, foreign_hosts, headers_transform, host_name, with_port
from panel_app.language import COOKIE as LANGUAGE_COOKIE
from panel_app.login import EVERYBODY, Access, make_door
from panel_app.lookup.server import handlers as lookup_handlers
from panel_app.lookup.token import Token
from panel_app.news import News
from panel_app.screens import screens
from panel_app.settings import DashboardSettings

LOGGER = logging.getLogger("darkshelf.dashboard")
LOOPBACK: Final = ("127.0.0.1", "localhost", "::1")
EVERY_ADDRESS: Final = ("0.0.0.0", "::")
LOOK_SECONDS: Final = 1
"""So soon a login that ended elsewhere, or that expired, closes its pages here."""
LARGEST_BODY_BYTES: Final = 65_536
"""Of a request. The longest is a login; files of answers come by the websocket."""
UNUSED_SESSION_SECONDS: Final = 120
"""So long the page of a closed window is kept: its memory is the server's."""


def serve(
    out: Path,
    settings: DashboardSettings,
    *,
    address: str = "127.0.0.1",
    port: int = 5006,
    decisions: str | None = None,
    further: Mapping[str, Sequence[Path]] | None = None,
    access: Access = EVERYBODY,
    origins: Collection[str] = (),
    prefix: str = "",
    lookup: Token | None = None,
    announce: Callable[[], None] = lambda: None,
) -> None:
    """Serve the published runs of an output folder. Blocks until the process is interrupted.

    further: more folders with runs, by the name of their desk. origins: hosts that a proxy serves this under. prefix:
    the path it is served under. lookup: what other systems show to look up what was published; None for nobody.
    announce: called when the server listens. Raises DarkshelfError when the decisions or
    the secrets cannot be opened, OSError when the port is taken.
    """
    pn.extension()
    warm()
    # What is loaded by now stays for good. Looking through it for garbage, again and again, stops every reader.
    gc.collect()
    gc.freeze()
    hosts = own_hosts(address, port, origins)
    path = f"/{prefix.strip('/')}/" if prefix.strip("/") else "/"
    door, keys = make_door(out, settings, access, hosts, path)
    dashboard = Dashboard(
        out, settings, open_decisions(out, decisions), deciders=access.deciders, further=further, logins=door.logins
    )
    watch = {"dashboard": dashboard}
    server = pn.serve(
        {"/": dashboard.page},
        address=address,
        port=port,
        websocket_origin=[host for host in hosts if not host.startswith("[")],
        prefix=prefix,
        root_path=path if path != "/" else None,
        # Behind a proxy the reader's own scheme and address are those that it tells of; nobody else is believed.
        use_xheaders=bool(origins),
        http_server_kwargs={"max_body_size": LARGEST_BODY_BYTES},
        show=False,
        start=False,
        title="darkshelf",
        verbose=False,
        extra_patterns=[
            ("/health", Health, watch),
            ("/metrics", Metrics, watch),
            *screens(dashboard, door),
            *lookup_handlers(dashboard.rooms, lookup, path),
        ],
        check_unused_sessions=UNUSED_SESSION_SECONDS * 250,
        unused_session_lifetime=UNUSED_SESSION_SECONDS * 1000,
        auth_provider=door,
        cookie_path=path,
        cookie_secret=keys.logins,
        secret_key=keys.pages,
        sign_sessions=True,
        session_token_expiration=settings.page_token_seconds,
        # The token stands in the page, where scripts read it: no cookie of the door goes into it.
        include_cookies=[THEME_COOKIE, LANGUAGE_COOKIE, LOADED_BY],
        include_headers=[],
        transforms=[headers_transform(settings)],
        **_provider_options(access),
    )
    # Bokeh does not read `[::1]:port`, and Panel offers no way to a rule that comes before all of its own.
    server._tornado.websocket_origins.update(hosts)
    server._tornado.add_handlers(foreign_hosts({host_name(host) for host in hosts}), [(".*", ForeignHost)])
    news = News(dashboard.rooms.registries)
    if news.registries:
        news.bring()
        PeriodicCallback(news.look, 1000 * settings.places_poll_seconds).start()
    PeriodicCallback(dashboard.changes.look, 1000 * settings.decisions_poll_seconds).start()
    if door.logins is not None:
        PeriodicCallback(door.look, LOOK_SECONDS * 1000).start()
    announce()
    server.start()
    server.io_loop.start()


def own_hosts(address: str, port: int, origins: Collection[str]) -> list[str]:
    """The `host:port` that pages of this server come from; those of a proxy as they are given, else by port 80."""
    names = [address, *(LOOPBACK if address in LOOPBACK or address in EVERY_ADDRESS else ())]
    own = [f"[{name}]:{port}" if ":" in name else f"{name}:{port}" for name in names]
    return list(dict.fromkeys([*own, *(with_port(origin.lower()) for origin in origins)]))


def _provider_options(access: Access) -> dict[str, Any]:
    """What Panel's OAuth handlers are told; the provider itself is the door's business."""
    return {key: option for key, option in (access.oauth or {}).items() if key != "oauth_provider"}


class _Watch(RequestHandler):
    """What every answer about the server has: the dashboard, and no caching. Open to everybody, it names no data."""

    def initialize(self, dashboard: Dashboard) -> None:
        self.dashboard = dashboard

    def set_default_headers(self) -> None:
        self.set_header("Cache-Control", "no-store")


class Health(_Watch):
    """200 when a page can be shown and decided on, else 503 with which part fails; the log says why, once."""

    reported = ""

    def get(self) -> None:
        """The state as one JSON object."""
        state, trouble = state_of(self.dashboard)
        self.set_status(503 if trouble else 200)
        # Whoever asks every second must not fill the log: it gets what is new.
        if trouble and trouble != Health.reported:
            LOGGER.error("no page can be shown: %s", trouble)
        Health.reported = trouble
        self.write(json.dumps(state))
        self.set_header("Content-Type", "application/json")


def state_of(dashboard: Dashboard) -> tuple[dict[str, str], str]:
    """What anybody may know of the state of a server, and for its log what is wrong, empty when nothing is.

    What the first page needs is read once and stays in memory: asking again costs nothing.
    """
    part = "door"
    try:
        if dashboard.logins is not None:
            dashboard.logins.check()
        part = "decisions"
        dashboard.decisions.revision()
        part = "runs"
        room, page = dashboard.rooms.home()
        store = room.store(page)
        part = store.noun
        first = store.open()
        first.load()
    except Exception as error:
        # Whatever it is, a page shows nothing then; who asks is to be told, not to meet a traceback.
        return {"status": "failing", "part": part, "why": type(error).__name__}, f"{part}: {error}"
    return {"status": "ok", part: first.run_id}, ""


class Metrics(_Watch):
    """Figures of the process, and how the newest run of every desk went, in the text form that Prometheus reads."""

    def get(self) -> None:
        """One line a figure."""
        import psutil
        from prometheus_client import CONTENT_TYPE_LATEST, Gauge, generate_latest

        from engine.outputs.metrics import metrics

        figures = {
            "darkshelf_sessions": ("Pages open in browsers", self.dashboard.sessions),
            "darkshelf_sessions_total": ("Pages opened since the start", self.dashboard.opened),
            "darkshelf_memory_bytes": ("Resident memory of the process", psutil.Process().memory_info().rss),
            "darkshelf_decisions_total": ("Entries in the database of decisions", self.dashboard.decisions.count()),
        }
        shown = metrics(self.dashboard.rooms.newest_runs(), figures=False)
        for name, (words, value) in figures.items():
            Gauge(name, words, registry=shown).set(value)
        self.set_header("Content-Type", CONTENT_TYPE_LATEST)
        self.write(generate_latest(shown))
