"""Every text that the pages can say, gathered from where it stands: templates, calls of `say`, vocabularies."""

from __future__ import annotations

import ast
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Final

from engine.decisions import words as w
from engine.decisions.growth import words as gw
from engine.decisions.shelf import sheet
from engine.decisions.shelf import words as sw
from engine.decisions.whitespace import words as ww
from engine.outputs import glossary
from engine.outputs.desks import desks, entry
from engine.outputs.shelf.severity import SEVERITIES
from panel_app.bulk import DEEDS
from panel_app.language import FOLDER
from panel_app.markup import HERE, _environment
from panel_app.pages.growth import asked, candidates, scaling
from panel_app.pages.shelf import accuracy, filtering, summary
from panel_app.pages.shelf.listing import SINGLE
from panel_app.pages.shelf.reasoning import FACTORS, UNEXPLAINED
from panel_app.pages.whitespace import SHEETS, ablation
from panel_app.queue import GONE
from panel_app.texts import is_text, texts_of

if TYPE_CHECKING:
    from collections.abc import Iterator

HOME: Final = HERE.parent
BY_HAND: Final = ("index.html", "login.html", "logout.html", "refused.html")
"""Documents of their own, which are shown before anybody could say a language; the first has no text at all."""
TOPICS: Final = ("night", "quality", "case", "cause", "event", "days", "decision", "status", "growth", "whitespace")
"""Of the glossary: what the pages call by name."""
SAID_BY: Final = {"say": 0, "translated": 0, "Sentence": 0, "Step": 1}
"""Calls in code that have a text, and its place among their arguments."""
TURNS: Final = ("first", "previous", "next", "last")
NOUNS: Final = ("night", "run", "Night", "Run")


def folders() -> tuple[Path, ...]:
    """Where the texts stand: the shell's, and those of each desk."""
    return HERE, *(HERE / "pages" / desk for desk in ("shelf", "growth", "whitespace"))


def of_templates() -> Iterator[str]:
    """The texts of the templates."""
    environment = _environment()
    for folder in folders():
        for file in sorted((folder / "templates").glob("*.html")):
            if file.name not in BY_HAND:
                yield from texts_of(environment, file.read_text(encoding="utf-8"))


def of_code() -> Iterator[str]:
    """The texts that code says, of the pages and of the sheet that the Value page shows."""
    for file in (Path(sheet.__file__), *(file for folder in folders() for file in sorted(folder.glob("*.py")))):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in SAID_BY:
                yield from _chosen_between(node.args[SAID_BY[node.func.id]])


def _chosen_between(node: ast.AST) -> Iterator[str]:
    """A text, or those that an expression chooses between."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    for part in {ast.IfExp: ("body", "orelse")}.get(type(node), ()):
        yield from _chosen_between(getattr(node, part))


def of_vocabularies() -> Iterator[str]:
    """What is called by a key: terms, causes, reasons, checks, answers, decisions, pages, charts."""
    for topic in TOPICS:
        yield from (each.name for each in glossary.topics()[topic].values())
    yield from sw.REASONS.values()
    yield from (check.question for check in (*sw.CHECKS.values(), sw.LOOK_FOR_IT))
    yield from (answer.wording for answer in sw.ANSWERS.values())
    yield from (*w.DECISIONS.values(), w.UNDECIDED, *SEVERITIES)
    yield from (name for _, name in FACTORS)
    yield from (
        *filtering.NAMES.values(),
        *(filtering.SINGLE_NAMES[name] for name in SINGLE),
        *summary.TITLES.values(),
    )
    yield from (*TURNS, *NOUNS, "open", "closed", "margin", "revenue", "high", "medium", "low", "very low")
    yield from (GONE, UNEXPLAINED, "usual level", *DEEDS.values(), *accuracy.PARTS.values())
    yield from of_further_desks()
    # Another test may have installed a desk from elsewhere, whose words are its own.
    for desk in (desk for desk in desks() if desk.pages.startswith("panel_app.")):
        yield desk.name.capitalize()
        yield from (page.title for page in entry(desk.pages))


def of_further_desks() -> Iterator[str]:
    """What the pages of growth and whitespace call by a key."""
    yield from (*asked.VIEWS.values(), *(title for _, title, _ in candidates.COLUMNS), *scaling.CHART_NAMES.values())
    yield from (*gw.REASONS.values(), *ww.REASONS.values(), ww.CALLED)
    yield from (text for sheet in SHEETS for text in (sheet.PLAN.title, sheet.PLAN.lead))
    yield from (ablation.TITLE, "Coverage", "What the model looks at")


def texts() -> list[str]:
    """Every text, once, in the order of the alphabet."""
    return sorted(each for each in {*of_templates(), *of_code(), *of_vocabularies()} if is_text(each))


def told(language: str) -> dict[str, str]:
    """The file of a language."""
    return tomllib.loads((FOLDER / f"{language}.toml").read_text(encoding="utf-8"))
