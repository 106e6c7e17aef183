"""Answers: what a store found, one product after the other, on a phone; or a whole file at once.

The address holds the store (`store`) and the product that is asked for (`sku`).
"""

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from uuid import uuid4

import panel as pn
import panel_material_ui as pmu
import polars as pl

from engine.decisions.shelf import answers
from engine.decisions.shelf import words as sw
from engine.decisions.shelf.answer_file import import_answers
from engine.decisions.shelf.tasks import Task
from engine.errors import DarkshelfError, NotFoundError, ProblemsError
from panel_app.deciding import Reply
from panel_app.language import say
from panel_app.pages.shelf import loop
from panel_app.pages.shelf.listing import KEYS
from panel_app.pages.shelf.markup import render
from panel_app.pages.shelf.page import NightPage
from panel_app.pages.shelf.tasks import store_of
from panel_app.session import Session
from panel_app.state import View, address
from panel_app.stores.shelf import Night, Nights

SUFFIXES = (".csv", ".parquet")
LARGEST_BYTES = 20_000_000
MOST_STORES = 2000


class AnswersPage:
    """The questions of one session's store."""

    def __init__(self, session: Session) -> None:
        self.session, self.night = session, session.shown(Night)
        self.reply: Reply | None = None
        self.asking = ""
        self.piece = session.html("", label="answers", pressed=self._press, sent=self._answer)
        self.upload = pmu.FileInput(accept=",".join(SUFFIXES), label=say("Answers from a file"), variant="outlined")
        self.upload.param.watch(lambda event: self._import(), "value")
        self._draw()
        session.follow(self._follow)
        # The question stays, which a thumb may be about to answer.
        session.on_decided(self._draw)

    @property
    def view(self) -> pn.viewable.Viewable:
        """The question, and the file where answers are taken."""
        pieces = [self.piece, self.upload] if self.session.may_decide else [self.piece]
        return pn.Column(*pieces, sizing_mode="stretch_width")

    def _draw(self) -> None:
        view, session = self.session.view, self.session
        store = store_of(view)
        stores = self.night.stores.select("store_key", "store_name").sort("store_key").head(MOST_STORES)
        facts: dict[str, Any] = {"asked": [], "task": None, "done": 0}
        if store is not None:
            facts = self._questions(store)
        self.piece.html = render(
            "answers.html",
            night=self.night,
            stores=list(stores.iter_rows()),
            store=store,
            name=next((name for key, name in stores.iter_rows() if key == store), None),
            words=sw.ANSWERS,
            reply=self.reply,
            may_decide=session.may_decide,
            **facts,
        )

    def _questions(self, store: str) -> dict[str, Any]:
        """The checks of a store with their answers, and the one that is asked now: of the address, or the next."""
        view = self.session.view
        try:
            plan = loop.plan(self.session, self.night.run_id, store_id=store)
        except NotFoundError:
            return {"asked": [], "task": None, "done": 0}
        tasks = [task for sheet in plan.stores for task in sheet.tasks]
        open_sku, given = view.text("sku") or self.asking, self._given(store)
        asked = [_question(view, store, task, given.get(task.sku_id)) for task in tasks]
        waiting = [each for each in asked if each["answer"] is None]
        task = next((each for each in asked if each["task"].sku_id == open_sku), waiting[0] if waiting else None)
        self.asking = task["task"].sku_id if task else ""
        return {"asked": asked, "task": task, "done": len(asked) - len(waiting)}

    def _given(self, store: str) -> dict[str, dict[str, Any]]:
        """The latest answer on each product of a store, by SKU."""
        found = answers.latest(self.session.decisions, [self.night.run_id]).filter(pl.col("store_id") == store)
        return {row["sku_id"]: row for row in found.iter_rows(named=True)}

    def _follow(self, view: View) -> bool:
        self.reply, self.asking = None, ""
        self._draw()
        return True

    def _press(self, do: str, value: str) -> None:
        if do == "store":
            self.session.go(View(page="answers", run=self.session.view.run, more={"store": (value,)}))

    def _answer(self, do: str, fields: Mapping[str, str]) -> None:
        store = store_of(self.session.view)
        if not self.session.may_decide or store is None:
            self.reply = Reply("refused", say("You may look, not answer."))
        else:
            self.reply = self._kept(store, fields)
        reply = self.reply
        to_next = {} if reply.kind == "done" else {"sku": fields.get("sku", "")}
        self.session.go(self.session.view.with_texts(to_next, keep=KEYS, at=self.session.view.at))
        self.reply = reply
        self._draw()

    def _kept(self, store: str, fields: Mapping[str, str]) -> Reply:
        """Keep an answer, unless somebody answered since the question was painted."""
        given = answers.Given(store, fields.get("sku", ""), fields.get("answer", ""), fields.get("note") or None)
        by, key = self.session.user or f"store {store}", uuid4().hex
        try:
            answers.give(self.session.decisions, self.night.run, given, by=by, key=key, seen=fields.get("seen", ""))
        except answers.AnsweredMeanwhileError as error:
            return Reply("conflict", say("Not kept: {1}.", error))
        except DarkshelfError as error:
            return Reply("refused", said_of(error))
        return Reply("done", say("Kept: {1}.", say(sw.ANSWERS[given.answer].wording)))

    def _import(self) -> None:
        content, name = self.upload.value, str(self.upload.filename or "")
        if not content:
            return
        self.reply = self._imported(content, Path(name).suffix.lower())
        self._draw()

    def _imported(self, content: bytes, suffix: str) -> Reply:
        if not self.session.may_decide:
            return Reply("refused", say("You may look, not answer."))
        if suffix not in SUFFIXES or len(content) > LARGEST_BYTES:
            most = LARGEST_BYTES // 1_000_000
            return Reply("refused", say("A file of answers is CSV or Parquet and at most {1} MB.", most))
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / f"answers{suffix}"
            file.write_bytes(content)
            try:
                found = import_answers(self.session.decisions, self.session.store(Nights).out, file)
            except DarkshelfError as error:
                return Reply("refused", said_of(error))
        counts = (f"{each:,}" for each in (found.rows, found.new, found.known, found.blank))
        return Reply("done", say("{1} rows: {2} new answers, {3} known already, {4} without an answer.", *counts))


def said_of(error: DarkshelfError) -> str:
    """Why nothing was kept, every problem in a sentence."""
    if isinstance(error, ProblemsError):
        problems = " ".join(f"{each.where}: {each.what}; {each.advice}." for each in error.problems)
        return say("Nothing was kept. {1}", problems)
    return say("Nothing was kept. {1}", error)


def _question(view: View, store: str, task: Task, given: Mapping[str, Any] | None) -> dict[str, Any]:
    href = address(View(page="answers", run=view.run, more={"store": (store,), "sku": (task.sku_id,)}))
    answer = task.answer
    label = say(sw.ANSWERS[answer].wording) if answer in sw.ANSWERS else answer
    return {"task": task, "answer": label, "href": href, "seen": answers.version_of(given)}


PAGE = NightPage("answers", "Answers", lambda session: AnswersPage(session).view)
