"""Sheets: pages that show what a run found of a division, and change nothing.

In: a plan of what a page tells. Out: the page: a heading with the division, what is told, its charts, and the files
behind it. The address holds the division (`division`), which all pages of the desk share, and the keys of the plan.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

import panel as pn
from markupsafe import Markup

from engine.errors import NotFoundError
from engine.outputs.whitespace.read import has_any
from engine.runs.registry import Run
from panel_app.language import say
from panel_app.pages.page import Page
from panel_app.pages.whitespace.markup import render
from panel_app.search import LONGEST
from panel_app.session import Session
from panel_app.state import View, address
from panel_app.stores.whitespace import Whitespace, Whitespaces

DIVISION: Final = "division"
FILE_PAGE: Final = "file"

WhitespacePage = partial(Page, store=Whitespaces, shared=frozenset({DIVISION}))
"""A page that shows one whitespace run."""


@dataclass(frozen=True)
class Asked:
    """What a sheet is asked: a run, a division of it, empty for all together, and the view in the address."""

    run: Whitespace
    division: str
    session: Session

    @property
    def view(self) -> View:
        """What is looked at."""
        return self.session.view

    def text(self, key: str) -> str:
        """What the address says of a key, empty without it."""
        return self.view.text(key)

    def to(self, page: str = "", at: int = 1, **changes: str) -> str:
        """The address of another page of the run, or of this one with other texts."""
        moved = self.view.to(page, keep={DIVISION}) if page else self.view
        return address(moved.with_texts(changes, keep=set(moved.more) - set(changes), at=at))

    def render(self, template: str, /, **facts: Any) -> Markup:
        """A template with its facts, money in the currency of the run."""
        return render(template, currency=self.run.currency, **facts)

    def to_file(self, name: str) -> str:
        """The address of the page of a file."""
        return self.to(FILE_PAGE, file=name)


@dataclass(frozen=True)
class Told:
    """What a sheet tells. charts: what draws them, by caption. files: behind it, by path."""

    text: Markup
    charts: Mapping[str, Callable[[], str]] = field(default_factory=dict)
    files: Sequence[str] = ()


@dataclass(frozen=True)
class Plan:
    """A sheet. tell: what is told. needs: the files without which it is nothing, as a pattern; `verb` makes them.

    keys: of the address beside the division, which fields of the text set. has_divisions: whether a division is
    chosen.
    """

    key: str
    title: str
    lead: str
    tell: Callable[[Asked], Told]
    needs: str = ""
    verb: str = "run"
    keys: tuple[str, ...] = ()
    has_divisions: bool = True

    @property
    def page(self) -> Page:
        """The sheet as a page of the menu."""
        return WhitespacePage(self.key, self.title, lambda session: Sheet(session, self).view)


class Sheet:
    """A sheet in one session."""

    def __init__(self, session: Session, plan: Plan) -> None:
        self.session, self.plan = session, plan
        self.run = session.shown(Whitespace)
        self.head = session.html("", label="heading", pressed=self._press)
        self.text = session.html("", label=plan.key, pressed=self._press, sent=self._send)
        self.figures = session.html("", label="figures")
        self.files = session.html("", label="files")
        self.charts: Mapping[str, Callable[[], str]] = {}
        self.division = division_of(session, self.run)
        self.draw()
        session.follow(self._follow)

    @property
    def view(self) -> pn.viewable.Viewable:
        """Heading, text, charts, files."""
        pieces = (self.head, self.text, self.figures, self.files)
        return pn.Column(*pieces, sizing_mode="stretch_width")

    def draw(self) -> None:
        """Everything that depends on the view; charts come after it."""
        plan, asked = self.plan, Asked(self.run, self.division, self.session)
        section = self._section(asked)
        divisions = self.run.divisions if plan.has_divisions else ()
        self.head.html = render(
            "head.html",
            key=plan.key,
            title=say(plan.title),
            lead=say(plan.lead),
            divisions=divisions,
            division=asked.division,
        )
        self.text.html = section.text
        files = [(name, asked.to_file(name)) for name in section.files if self.run.has(name)]
        self.files.html = render("files.html", files=files)
        self.charts = {
            title: partial(self.run.chart, f"{plan.key} {title}", asked.division, draw)
            for title, draw in section.charts.items()
        }
        self.figures.html = ""
        if self.charts:
            self.session.later(self._draw_figures)

    def _section(self, asked: Asked) -> Told:
        needed = self.plan.needs
        if not needed or has_any(self.run.run, needed):
            return self.plan.tell(asked)
        parts = self.session.store(Whitespaces).parts_with(self.run.run_id, needed)
        what = say("The run {1} has no {2}.", self.run.run_id, needed)
        return Told(nothing(asked, self.plan.title, what, self.plan.verb, parts))

    def _draw_figures(self) -> None:
        drawn = {say(title): Markup(draw()) for title, draw in self.charts.items()}
        self.figures.html = render("figures.html", charts=drawn)

    def _follow(self, view: View) -> bool:
        # Links of the menu hold the division: where it changes everything is drawn anew.
        if view.text(DIVISION) != self.division:
            return False
        self.draw()
        return True

    def _press(self, do: str, value: str) -> None:
        if do == DIVISION or do in self.plan.keys:
            self._move({do: value})

    def _send(self, do: str, fields: Mapping[str, str]) -> None:
        given = {key: fields[key].strip()[:LONGEST] for key in self.plan.keys if key in fields}
        self._move(given)

    def _move(self, changes: Mapping[str, str]) -> None:
        view = self.session.view
        self.session.go(view.with_texts(changes, keep=set(view.more) - set(changes)))


def division_of(session: Session, run: Whitespace) -> str:
    """The division in the address, empty for all together. Raises NotFoundError where the run does not have it."""
    asked = session.view.text(DIVISION)
    if asked and asked not in run.divisions:
        known = ", ".join(run.divisions) or "none"
        raise NotFoundError(f"the run {run.run_id} has no division {asked!r}; there are {known}")
    return asked


def nothing(asked: Asked, title: str, what: str, verb: str, parts: Sequence[Run] = ()) -> Markup:
    """What a page says where a run did not do what it shows, and what to do."""
    named = [(part, address(View(asked.view.page, part.run_id))) for part in parts]
    return render("nothing.html", title=say(title), what=what, verb=verb, parts=named, models=models_of(asked))


def models_of(asked: Asked) -> tuple[str, str] | None:
    """The run whose models were taken, and the address of this page of it; None where the run trained its own."""
    taken = asked.run.run.manifest.get("models_of")
    return None if taken is None else (str(taken), address(View(asked.view.page, str(taken))))
