"""Every text that the pages can say, gathered from where it stands: templates, calls of `say`, vocabularies."""

from __future__ import annotations

import ast
import tomllib
from typing import TYPE_CHECKING, Final

from engine.decisions import words as w
from engine.decisions.shelf import words as sw
from engine.outputs.desks import desks, entry
from engine.outputs.glossary import TOPICS as GLOSSARY_TOPICS
from engine.outputs.shelf.severity import SEVERITIES
from panel_app.language import FOLDER
from panel_app.markup import HERE, _environment
from panel_app.pages.shelf import filtering, summary
from panel_app.pages.shelf.listing import SINGLE
from panel_app.pages.shelf.queue import GONE
from panel_app.pages.shelf.reasoning import FACTORS
from panel_app.texts import is_text, texts_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

HOME: Final = HERE.parent
BY_HAND: Final = ("index.html", "login.html", "logout.html", "refused.html")
"""Documents of their own, which are shown before anybody could say a language; the first has no text at all."""
TOPICS: Final = ("night", "case", "cause", "event", "days", "decision", "status")
"""Of the glossary: what the pages of the shelf desk call by name."""
TURNS: Final = ("first", "previous", "next", "last")
NOUNS: Final = ("night", "run", "Night", "Run")


def folders() -> tuple[Path, ...]:
    """Where the texts stand that every language has: the shell's, and those of the shelf desk."""
    return HERE, HERE / "pages" / "shelf"


def of_templates() -> Iterator[str]:
    """The texts of the templates."""
    environment = _environment()
    for folder in folders():
        for file in sorted((folder / "templates").glob("*.html")):
            if file.name not in BY_HAND:
                yield from texts_of(environment, file.read_text(encoding="utf-8"))


def of_code() -> Iterator[str]:
    """The texts that code says, in whatever way a call of `say` names them."""
    for folder in folders():
        for file in sorted(folder.glob("*.py")):
            for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "say":
                    yield from _chosen_between(node.args[0])


def _chosen_between(node: ast.AST) -> Iterator[str]:
    """A text, or those that an expression chooses between."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    for part in {ast.IfExp: ("body", "orelse")}.get(type(node), ()):
        yield from _chosen_between(getattr(node, part))


def of_vocabularies() -> Iterator[str]:
    """What is called by a key: terms, causes, reasons, checks, answers, decisions, pages."""
    for topic in TOPICS:
        yield from (each.name for each in GLOSSARY_TOPICS[topic].values())
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
    yield from (GONE, "usual level", "Lost so far", "worth")
    for desk in desks():
        yield from (page.title for page in entry(desk.pages)) if desk.pages else ()


def texts() -> list[str]:
    """Every text, once, in the order of the alphabet."""
    return sorted(each for each in {*of_templates(), *of_code(), *of_vocabularies()} if is_text(each))


def told(language: str) -> dict[str, str]:
    """The file of a language."""
    return tomllib.loads((FOLDER / f"{language}.toml").read_text(encoding="utf-8"))
