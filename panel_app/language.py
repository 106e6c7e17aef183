"""Language: the texts of pages in the language of who reads them, from one file a language in `languages/`.

In: an English text, which is its own key, and what is put in at `{1}`, `{2}`. Out: the text as the reader of this
very page speaks, or of this request where it is of a screen without a document. What a language has no word for stays
English.
"""

import re
import tomllib
from collections.abc import Mapping
from contextvars import ContextVar
from functools import cache
from pathlib import Path
from typing import Any, Final
from weakref import WeakKeyDictionary

import panel as pn
from markupsafe import Markup, escape

FOLDER: Final = Path(__file__).parent / "languages"
ENGLISH: Final = "en"
NAMES: Final = {ENGLISH: "English", "de": "Deutsch"}
"""What the languages are called in themselves."""
COOKIE: Final = "darkshelf_language"
PLACE: Final = re.compile(r"\{(\d+)\}")
_spoken: WeakKeyDictionary[Any, str] = WeakKeyDictionary()
_asked_in: ContextVar[str] = ContextVar("language", default=ENGLISH)


def chosen(asked: str, remembered: str, usual: str) -> str:
    """The language of a page: that of its address, else what the browser remembers, else the setting."""
    return next((each for each in (asked, remembered, usual) if each in NAMES), ENGLISH)


def speak(language: str) -> None:
    """Let the page that is made or changed here be in a language from now on; without a page the request."""
    document = pn.state.curdoc
    if document is None:
        _asked_in.set(language)
    else:
        _spoken[document] = language


def spoken() -> str:
    """The language of the page that is made or changed here; without a page that of the request."""
    document = pn.state.curdoc
    return _asked_in.get() if document is None else _spoken.get(document, ENGLISH)


def locale(usual: str) -> str:
    """The form of numbers and days. usual: of the settings; without it that of the language, empty for English."""
    return usual or ("" if spoken() == ENGLISH else spoken())


@cache
def catalogue(language: str) -> Mapping[str, str]:
    """The texts of a language by the English ones; empty for English."""
    if language == ENGLISH:
        return {}
    told: Mapping[str, str] = tomllib.loads((FOLDER / f"{language}.toml").read_text(encoding="utf-8"))
    return told


def say(text: str, *values: object) -> str:
    """A text in the reader's language. values: what stands at `{1}`, `{2}`; without any these stay as they are."""
    told = catalogue(spoken()).get(text, text)
    return PLACE.sub(lambda place: str(values[int(place[1]) - 1]), told) if values else told


def translated(text: str, *values: object) -> Markup:
    """The same for a template: the text is markup of ours, what is put in is escaped unless it is markup, too."""
    told = catalogue(spoken()).get(text, text)
    return Markup(PLACE.sub(lambda place: str(escape(values[int(place[1]) - 1])), told) if values else told)


def others() -> list[tuple[str, str]]:
    """The languages that the reader does not see now: key and name."""
    return [(key, name) for key, name in NAMES.items() if key != spoken()]
