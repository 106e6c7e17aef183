"""The store screen: the checks of one store, one after the other, for one thumb and a bad line.

One document holds every check of the sheet. Answers are kept in the browser until the server has them: each has a key
of its own and names what was painted, so that it is kept once, and never over what somebody else answered meanwhile.
The address holds the store (`store`) and the night (`run`), the newest without one.
"""

import asyncio
import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

from tornado.httputil import HTTPFile, parse_body_arguments
from tornado.web import HTTPError, stream_request_body

from engine.decisions.shelf import answers
from engine.decisions.shelf import words as sw
from engine.decisions.shelf.hits import hits_of_store
from engine.decisions.shelf.photos import keep_photo, photo_file
from engine.errors import DarkshelfError, InputError, NotFoundError, Problem, TryLaterError
from panel_app.language import say
from panel_app.markup import LOCALISE
from panel_app.pages.shelf import loop
from panel_app.pages.shelf.answers import said_of
from panel_app.pages.shelf.markup import render
from panel_app.screens import Screen, ScreenAt
from panel_app.stores.shelf import Night, Nights
from panel_app.stores.shelf_settings import ShelfPageSettings

TEXTS_BYTES: Final = 65_536
"""Room for everything in an answer but its photo."""


class _StoreScreen(Screen):
    """What the screens of a store have in common."""

    @property
    def nights(self) -> Nights:
        """The nights under the output folder."""
        return self.room.store_of(Nights)

    @property
    def told(self) -> ShelfPageSettings:
        """The settings of the desk's pages."""
        return self.dashboard.settings.of(ShelfPageSettings)

    def week(self, night: Night, store: str) -> str:
        """What the store found in the last days, as HTML."""
        days = self.told.hits_days
        found = hits_of_store(self.decisions, night.run, store, days)
        return render("store_screen_week.html", hits=found, days=days, currency=night.currency)


class StoreScreen(_StoreScreen):
    """The sheet of a store as a document; without a store the choice of one."""

    def get(self) -> None:
        """The document."""
        store = self.get_query_argument("store", "")
        facts: dict[str, Any] = {"trouble": "", "night": None, "name": store, "stores": [], "checks": [], "week": ""}
        try:
            facts |= self._sheet(store)
        except DarkshelfError as error:
            self.set_status(404 if isinstance(error, NotFoundError) else 503)
            facts["trouble"] = str(error)
        self.write(
            render(
                "store_screen.html",
                **facts,
                **self.facts(),
                store=store,
                words=sw.ANSWERS,
                script=script(),
                photo_side_pixels=self.told.photo_side_pixels,
            )
        )

    def _sheet(self, store: str) -> dict[str, Any]:
        night = self.nights.night(self.get_query_argument("run", "") or None)
        stores = dict(night.stores.select("store_key", "store_name").sort("store_key").iter_rows())
        if not store:
            return {"night": night, "stores": list(stores.items())}
        plan = loop.plan_of(self.decisions, self.nights, night.run_id, store_id=store)
        said = answers.latest(self.decisions, [night.run_id]).filter(store_id=store)
        given = {row["sku_id"]: row for row in said.iter_rows(named=True)}
        return {
            "night": night,
            "name": stores.get(store) or say("Store {1}", store),
            "plan": plan,
            "checks": [
                {"task": task, "counts": task.kind == sw.COUNT, **_state(given.get(task.sku_id))}
                for sheet in plan.stores
                for task in sheet.tasks
            ],
            "week": self.week(night, store),
        }


@stream_request_body
class StoreAnswers(_StoreScreen):
    """Takes one answer, or takes one back. What is said of it comes as JSON: the sender may forget it then.

    503 when it may be sent again later.
    """

    def prepare(self) -> None:
        """Let a photo in, which is larger than anything else that is sent here."""
        self._parts: list[bytes] = []
        connection: Any = self.request.connection
        connection.set_max_body_size(int(self.told.photo_megabytes * 1e6) + TEXTS_BYTES)
        super().prepare()

    def data_received(self, chunk: bytes) -> None:
        """A part of the body."""
        self._parts.append(chunk)

    async def post(self) -> None:
        """Keep it beside the event loop: a photo takes a moment."""
        arguments: dict[str, list[bytes]] = {}
        files: dict[str, list[HTTPFile]] = {}
        kind = self.request.headers.get("Content-Type", "")
        parse_body_arguments(kind, b"".join(self._parts), arguments, files)
        fields = {name: texts[-1].decode("utf-8", "replace") for name, texts in arguments.items()}
        photo = files["photo"][0]["body"] if files.get("photo") else b""
        reply = await asyncio.to_thread(self._reply, fields, photo)
        if reply["kind"] == "later":
            self.set_status(503)
        self.set_header("Content-Type", "application/json")
        self.write(json.dumps(reply))

    def _reply(self, fields: Mapping[str, str], photo: bytes) -> dict[str, Any]:
        store, sku = fields.get("store", ""), fields.get("sku", "")
        if not self.may_decide:
            return {"kind": "refused", "text": say("You may look, not answer.")}
        try:
            night = self.nights.night(fields.get("run", "") or None)
            kind, text = "done", self._kept(night, store, sku, fields, photo)
        except answers.AnsweredMeanwhileError as error:
            kind, text = "conflict", say("Not kept: {1}.", error)
        except TryLaterError as error:
            return {"kind": "later", "text": str(error)}
        except DarkshelfError as error:
            return {"kind": "refused", "text": said_of(error)}
        said = answers.latest(self.decisions, [night.run_id]).filter(store_id=store, sku_id=sku)
        latest = said.row(0, named=True) if said.height else None
        return {"kind": kind, "text": text, "week": self.week(night, store), **_state(latest)}

    def _kept(self, night: Night, store: str, sku: str, fields: Mapping[str, str], photo: bytes) -> str:
        """Keep what was sent; returns what is said of it."""
        by, key = self.user or f"store {store}", fields.get("key", "")
        if taken := fields.get("takes_back"):
            answers.take_back(self.decisions, night.run, store, sku, by=by, key=key, taken=taken)
            return say("Taken back.")
        given = answers.Given(
            store,
            sku,
            fields.get("answer", ""),
            fields.get("note", "").strip() or None,
            _count(fields.get("counted", "")),
            keep_photo(self.nights.out, photo, self.told) if photo else None,
        )
        answers.give(self.decisions, night.run, given, by=by, key=key, seen=fields.get("seen", ""))
        return say("Kept: {1}.", say(sw.ANSWERS[given.answer].wording))


class StorePhoto(_StoreScreen):
    """A photo that a store sent."""

    def get(self, name: str) -> None:
        """The file. 404 where there is none."""
        try:
            content = photo_file(self.nights.out, name).read_bytes()
        except (NotFoundError, OSError) as error:
            raise HTTPError(404, str(error)) from error
        self.set_header("Content-Type", "image/jpeg")
        self.write(content)


def _state(given: Mapping[str, Any] | None) -> dict[str, Any]:
    """What a card shows of the answer that counts, and what tells it from a later one."""
    said = given["answer"] if given else None
    return {
        "seen": answers.version_of(given),
        "key": (given["answer_key"] or "") if given else "",
        "answer": say(sw.ANSWERS[said].wording) if said in sw.ANSWERS else said,
        "photo": given["photo"] if given else None,
    }


def _count(text: str) -> float | None:
    """A number as a field has it, None where it is empty. Raises InputError."""
    try:
        return float(text) if text.strip() else None
    except ValueError:
        raise InputError([Problem("count", f"{text[:20]!r} is no number", "write digits alone")]) from None


@cache
def script() -> str:
    """What the document runs."""
    return LOCALISE + Path(__file__).with_suffix(".js").read_text(encoding="utf-8")


SCREENS: Final = (
    ScreenAt("store", StoreScreen),
    ScreenAt("store/answers", StoreAnswers),
    ScreenAt(r"store/photos/([0-9a-f]+\.jpg)", StorePhoto),
)
