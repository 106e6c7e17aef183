"""The candidates of a scaling as a list to decide on: one by one with the keys of the queue, or many at once.

They are rows of their own, put together by story, product or cluster, or a grid of products by stores. What is ticked
of what is put together are its candidates that are scaled, at the versions that were painted.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import polars as pl

from engine.decisions import words as w
from engine.decisions.growth import words as gw
from engine.decisions.growth.candidates import candidates
from engine.decisions.store import Decisions, Progress
from engine.errors import DarkshelfError
from engine.outputs.growth.desk import candidate_codes, candidate_id
from engine.outputs.names import joined, parted
from engine.vocabulary import growth as v
from panel_app.bulk import Bulk, Pile, Versions
from panel_app.deciding import Reply, decide_on, decide_on_all, seen_in, sentence
from panel_app.kept import states
from panel_app.language import say
from panel_app.pages.growth.asked import CHOICES, GRID, VIEWS, Asked
from panel_app.pages.growth.markup import render
from panel_app.search import typed
from panel_app.session import Session
from panel_app.state import pages_beside, whole
from panel_app.stores.growth import GROUPS, MONEY, SUMS, WHOLE, Scaling, Scalings
from panel_app.stores.growth_settings import GrowthPageSettings

COLUMNS: Final = (
    ("spu_name", "Product", ""),
    ("store_name", "Store", ""),
    ("status", "Status", "wide"),
    ("cap_applied", "", "wide"),
    ("performance_gap", "", "num wide"),
    (WHOLE, "Units", "num"),
    (MONEY, "At unit price", "num"),
    ("decision", "Decision", "wide"),
)
"""Of the table: the column it is sorted by, its title where the glossary has none, and its class."""


class Candidates:
    """The list of one session. drawn: what was decided, as it is painted. decided: called when something was."""

    def __init__(self, session: Session, scaling: Scaling, decided: Callable[[], None]) -> None:
        self.session, self.scaling, self._decided_something = session, scaling, decided
        self.asked = Asked(session)
        self.reply: Reply | None = None
        self.moves = 0
        self.drawn = pl.DataFrame()
        self.shown: dict[str, int] = {}
        self.table = session.html("", label="candidates", pressed=self._press, sent=self._sent)
        self.bulk = Bulk(session, self._pile(), decided)

    def draw(self, decided: pl.DataFrame) -> None:
        """The list anew, as the view asks. decided: see `Scaling.select`."""
        self.drawn = decided
        found = self.select(decided)
        by = self.asked.by
        paint = self._groups if self.asked.is_of_groups else self._grid if by == GRID else self._rows
        self.shown = {}
        count = int(found.select(pl.len()).collect().item())
        self.table.html = render(
            "table.html",
            by=by,
            tabs=[(name, say(words), self.asked.to(1, by=name)) for name, words in VIEWS.items()],
            currency=self.scaling.currency,
            money_column=MONEY,
            count=count,
            of=self.scaling.summary["candidates"],
            filters={**CHOICES, "cluster": self.scaling.clusters},
            chosen=self.asked.filters,
            all_of=self.asked.to(1, product="", store=""),
            may_decide=self.session.may_decide,
            reasons=rejections(),
            ticked=self.bulk.ticked,
            moves=self.moves,
            reply=self.reply,
            **paint(found, count),
        )
        self.bulk.draw(count)

    def select(self, decided: pl.DataFrame) -> pl.LazyFrame:
        """The candidates that are filtered, in their order."""
        sort, ascending = self.asked.order
        return self.scaling.select(self.asked.filters, decided, sort=sort, ascending=ascending)

    def _rows(self, found: pl.LazyFrame, count: int) -> dict[str, Any]:
        """One candidate a row."""
        at, paging = self._paging(count)
        rows = self._page(found, at)
        named = [{**row, "id": candidate_id(row["str_code"], row["spu_code"])} for row in rows]
        self.shown = {row["id"]: row["version"] for row in named}
        opened, pointed = self.session.view.text("row"), self.session.view.case
        current = next((name for name in (pointed, opened) if name in self.shown), next(iter(self.shown), ""))
        return {
            **paging,
            "rows": [{**row, "href": self.asked.to(row=row["id"])} for row in named],
            "columns": [(name, say(title), look, self.asked.sorter(name)) for name, title, look in COLUMNS],
            "current": current,
        }

    def _groups(self, found: pl.LazyFrame, count: int) -> dict[str, Any]:
        """What is put together, a group a row."""
        keys = GROUPS[self.asked.by]
        groups = self._put_together(self.asked.by, found)
        at, paging = self._paging(int(groups.select(pl.len()).collect().item()))
        ticked = self._ticked_by(keys, found)
        filters = {"spu_code": "product", "cluster_id": "cluster"}
        rows = []
        for row in self._page(groups, at):
            codes = [row[name] for name in keys]
            inside = {filters[name]: str(code) for name, code in zip(keys, codes, strict=True)}
            named = {"id": joined(*codes), "href": self.asked.to(1, by="", **inside)}
            rows.append({**row, **named, "is_ticked": ticked.get(tuple(codes)) == row["candidates"]})
        return {**paging, "rows": rows, "sums": self._sums()}

    def _put_together(self, by: str, found: pl.LazyFrame) -> pl.LazyFrame:
        sort, ascending = self.asked.order
        return self.scaling.groups(by, found, sort=sort, ascending=ascending)

    def _sums(self) -> list[tuple[str, str, tuple[str, str | None]]]:
        """The columns that what is put together can be sorted by: each with its title and its link."""
        titles = {name: title for name, title, _ in COLUMNS}
        return [(name, say(titles[name]), self.asked.sorter(name)) for name in SUMS]

    def _ticked_by(self, keys: Sequence[str], found: pl.LazyFrame) -> Mapping[tuple[Any, ...], int]:
        """How many scaled candidates of each group are ticked."""
        if not self.bulk.ticked:
            return {}
        codes = pl.DataFrame(map(candidate_codes, self.bulk.ticked), schema=list(v.STORE_SPU), orient="row")
        ticked = found.filter(pl.col(WHOLE) > 0).join(codes.lazy(), on=v.STORE_SPU, how="semi")
        return {tuple(key): rows for *key, rows in ticked.group_by(keys).len().collect().iter_rows()}

    def _grid(self, found: pl.LazyFrame, count: int) -> dict[str, Any]:
        """Products by stores."""
        products = self._put_together("product", found)
        at, paging = self._paging(int(products.select(pl.len()).collect().item()))
        rows = self._page(products, at)
        most = self.session.settings.of(GrowthPageSettings).grid_stores
        grid = self.scaling.grid(found, [row["spu_code"] for row in rows], most)
        to = {
            "links": {codes: self.asked.to(row=candidate_id(*codes)) for codes in grid["cells"]},
            "to_store": {code: self.asked.to(1, by="", store=code) for code, *_ in grid["stores"]},
            "to_product": {row["spu_code"]: self.asked.to(1, by="", product=row["spu_code"]) for row in rows},
        }
        return {**paging, **grid, **to, "rows": rows, "sums": self._sums()}

    def _paging(self, count: int) -> tuple[int, dict[str, Any]]:
        """The page that is shown, and what its links need."""
        pages = max(-(-count // self.session.settings.page_rows), 1)
        at = min(self.session.view.at, pages)
        turn = {name: self.asked.to(at=place) for name, place in pages_beside(at, pages).items()}
        return at, {"at": at, "pages": pages, "turn": turn}

    def _page(self, found: pl.LazyFrame, at: int) -> list[dict[str, Any]]:
        size = self.session.settings.page_rows
        return found.slice((at - 1) * size, size).collect().to_dicts()

    def _members(self, codes: Mapping[str, str]) -> dict[str, int]:
        """The scaled candidates of a group with the versions that are painted."""
        is_of = [pl.col(name).cast(pl.String) == code for name, code in codes.items()]
        return _versions(self.select(self.drawn).filter(pl.col(WHOLE) > 0, *is_of).collect())

    def _press(self, do: str, value: str) -> None:
        if do in CHOICES or do == "cluster":
            self.session.go(self.asked.view(1, **{do: value}))
        elif do == "tick":
            self._tick(value)
            self.draw(self.drawn)
        elif do == "take-back":
            version, name = seen_in(value)
            self._take(name, version, w.UNDO, {}, then=name)

    def _tick(self, value: str) -> None:
        """A row by its id, or every candidate that is painted."""
        sign, told = value[:1], value[1:]
        if self.asked.is_of_groups:
            codes = dict(zip(GROUPS[self.asked.by], parted(told), strict=False))
            self.bulk.tick(sign, self._members(codes))
        else:
            self.bulk.tick(sign, self.shown if told == "all" else {k: n for k, n in self.shown.items() if k == told})

    def _sent(self, do: str, fields: Mapping[str, str]) -> None:
        if do == "find":
            self.session.go(self.asked.view(1, find=typed(fields)))
            return
        name, names = fields.get("subject", ""), list(self.shown)
        place = names.index(name) if name in names else None
        following = name if place is None else names[min(place + 1, len(names) - 1)]
        self._take(name, whole(fields.get("version", "")), fields.get("act", ""), fields, then=following)

    def _take(self, name: str, version: int, act: str, fields: Mapping[str, str], then: str) -> None:
        """An act on one row, as it was painted; then another one is pointed at."""
        try:
            (subject,) = candidates(self.scaling.run, [name])
        except DarkshelfError as error:
            self.reply = Reply("refused", sentence(error))
        else:
            self.reply = decide_on(self.session, subject, version, act, fields)
        if self.reply.kind == "done":
            self.moves += 1
            self.session.point_at(then)
        self._decided_something()

    def _pile(self) -> Pile:
        session, run = self.session, self.scaling.run

        def decide(
            ids: Sequence[str], versions: Versions, act: str, fields: Mapping[str, str], told: Progress
        ) -> Reply:
            try:
                chosen = candidates(run, ids)
            except DarkshelfError as error:
                return Reply("refused", sentence(error))
            return decide_on_all(session, chosen, versions, act, fields, told)

        words = (say("candidate"), say("candidates"), say("at unit price"))
        return Pile(*words, self.scaling.currency, rejections(), self._look, decide)

    def _look(self, ids: Sequence[str] | None) -> pl.DataFrame:
        """What `Pile.look` promises."""
        found = self.select(decided_on(self.session, self.scaling))
        if ids is not None:
            found = found.filter(pl.col("spu_code").is_in([candidate_codes(name)[1] for name in ids]))
        rows = found.select("str_code", "spu_code", "version", "decision", "decided_by", money=MONEY).collect()
        names = pl.Series("subject_id", list(_versions(rows)), dtype=pl.String)
        rows = rows.with_columns(names)
        return rows if ids is None else rows.filter(pl.col("subject_id").is_in(list(ids)))


def decided_on(session: Session, scaling: Scaling) -> pl.DataFrame:
    """What was decided on the candidates of a run: str_code, spu_code, decision, version and what was said."""
    state = states(session.decisions, gw.CANDIDATE).of(scaling.run.run_id)
    kept = ("decision", "version", "reason", "units", "comment", "assigned_to", "decided_by", "decided_at")
    return state.select(str_code="store_id", spu_code="sku_id", **{name: pl.col(name) for name in kept})


def prepare(scalings: Scalings, decisions: Decisions) -> None:
    """Read what was decided on the newest run, where there is one: 100,000 entries take two seconds."""
    newest = scalings.latest_id()
    if newest is not None:
        states(decisions, gw.CANDIDATE).of(newest)


def rejections() -> list[tuple[str, str]]:
    """The reasons a candidate can be rejected for: code and words."""
    return [(code, say(text)) for code, text in gw.REASONS.items()]


def _versions(rows: pl.DataFrame) -> dict[str, int]:
    """The version of each candidate by its id."""
    return {
        candidate_id(store, spu): version
        for store, spu, version in rows.select("str_code", "spu_code", "version").iter_rows()
    }
