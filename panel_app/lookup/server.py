"""The look-up over HTTP: addresses below `/lookup/v1`, asked with a token, answered as JSON.

Answers are worked out beside the event loop: nobody who looks at a page waits for another system.
"""

import asyncio
import json
import logging
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import version
from typing import Any, Final

from tornado.web import RequestHandler

from panel_app.lookup import answers
from panel_app.lookup.answers import MISSING, RefusedError
from panel_app.lookup.description import PROBLEM_JSON, description
from panel_app.lookup.token import Token
from panel_app.rooms import Rooms

LOGGER = logging.getLogger("darkshelf.dashboard")
BASE: Final = "/lookup/v1"
WORKERS: Final = ThreadPoolExecutor(1, "darkshelf-lookup")
"""One question at a time: a system that asks for thousands of cases takes no more than one core from the readers."""
Asked = Callable[[], dict[str, Any]]


@dataclass(frozen=True)
class Lookups:
    """What the handlers are given. base: the path of the look-up, with that of a proxy before it."""

    rooms: Rooms
    token: Token
    base: str

    @cached_property
    def description(self) -> dict[str, Any]:
        """The description of the look-up."""
        settings = self.rooms.settings
        return description(self.rooms.rooms, self.base, settings.lookup_rows, settings.lookup_rows_most)


def handlers(rooms: Rooms, token: Token | None, prefix: str = "") -> list[tuple[str, type[RequestHandler], Any]]:
    """The addresses of the look-up; none where no token is set. prefix: the path that a proxy serves this under."""
    if token is None:
        return []
    given = {"lookups": Lookups(rooms, token, f"{prefix.rstrip('/')}{BASE}")}
    word = "([^/]+)"
    return [
        (f"{BASE}/openapi.json", Description, given),
        (f"{BASE}/{word}/summary", Summary, given),
        (f"{BASE}/{word}/{word}", Many, given),
        (f"{BASE}/{word}/{word}/(.+)", One, given),
        (f"{BASE}.*", Nothing, given),
    ]


class Handler(RequestHandler):
    """What every answer has: a look at the token first, JSON, and a problem where there is no answer."""

    SUPPORTED_METHODS = ("GET", "HEAD")

    def initialize(self, lookups: Lookups) -> None:
        """Take what all handlers share."""
        self.lookups = lookups

    def set_default_headers(self) -> None:
        """Let what was answered be kept by who asked, who has to ask whether it still holds."""
        self.set_header("Cache-Control", "private, no-cache")
        self.set_header("Vary", "Authorization")

    def prepare(self) -> None:
        """Refuse who shows no token."""
        if not self.lookups.token.is_shown_by(self.request.headers.get("Authorization", "")):
            self.set_header("WWW-Authenticate", "Bearer")
            self.refuse(
                RefusedError(401, "Authorization", "no token, or a wrong one", "send  Authorization: Bearer TOKEN")
            )

    @property
    def words(self) -> Mapping[str, str]:
        """The query, the last value of each word."""
        return {name: self.get_query_argument(name) for name in self.request.query_arguments}

    async def answer(self, ask: Asked) -> None:
        """Answer a question with what is asked for, or with why there is none."""
        try:
            found = await asyncio.get_running_loop().run_in_executor(WORKERS, ask)
        except RefusedError as refusal:
            self.refuse(refusal)
            return
        self.set_header("Etag", f'"{found["run_id"]}.{version("darkshelf")}"')
        if self.check_etag_header():
            self.set_status(304)
            return
        self.tell(found)

    def refuse(self, refusal: RefusedError) -> None:
        """Say why there is no answer."""
        self.set_status(refusal.status)
        self.set_header("Content-Type", PROBLEM_JSON)
        self.finish(json.dumps(refusal.problem))

    def tell(self, found: Mapping[str, Any]) -> None:
        """Send an answer."""
        self.set_header("Content-Type", "application/json")
        self.finish(json.dumps(found, ensure_ascii=False, allow_nan=False))

    def write_error(self, status_code: int, **facts: Any) -> None:
        """What nobody foresaw is told as JSON, too; the log has its traceback."""
        if status_code == 405:
            self.set_header("Allow", ", ".join(self.SUPPORTED_METHODS))
            self.refuse(RefusedError(405, self.request.method or "", "the look-up is read only", "ask with GET"))
        else:
            self.refuse(
                RefusedError(status_code, self.request.path[:200], "the answer failed", "see the log of the server")
            )


class Summary(Handler):
    """The key figures of a run."""

    async def get(self, desk: str) -> None:
        """Of a desk."""
        await self.answer(lambda: answers.summary(answers.room_named(self.lookups.rooms, desk), self.words))

    head = get


class Many(Handler):
    """A list of findings, page by page."""

    async def get(self, desk: str, items: str) -> None:
        """Of a desk, by the name of its findings."""
        settings = self.lookups.rooms.settings
        await self.answer(
            lambda: answers.many(
                answers.room_named(self.lookups.rooms, desk),
                items,
                self.words,
                settings.lookup_rows,
                settings.lookup_rows_most,
            )
        )

    head = get


class One(Handler):
    """One finding by its id."""

    async def get(self, desk: str, items: str, name: str) -> None:
        """Of a desk, by the name of its findings and the id."""
        await self.answer(lambda: answers.one(answers.room_named(self.lookups.rooms, desk), items, name, self.words))

    head = get


class Description(Handler):
    """The description of the look-up."""

    def get(self) -> None:
        """The document."""
        self.tell(self.lookups.description)

    head = get


class Nothing(Handler):
    """Whatever else is asked for below the address of the look-up."""

    def get(self) -> None:
        """Say what there is."""
        self.refuse(
            RefusedError(
                MISSING, self.request.path[:200], "there is no such address", f"see {self.lookups.base}/openapi.json"
            )
        )

    head = get
