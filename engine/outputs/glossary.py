"""The one glossary: what every metric, column, cause, status and action that a person sees means, in plain words.

In: glossary.toml, which comes with the package. Out: one entry per key, the same for dashboard, reports and pages.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from types import MappingProxyType
from typing import Final

from engine.outputs.document import render

TITLES: Final = {
    "night": "A night",
    "quality": "The data of a night",
    "case": "A case",
    "days": "The days of a case",
    "cause": "Causes",
    "evidence": "Evidence",
    "shelf": "Shelves, prices, places",
    "transfer": "Transfers",
    "event": "Events",
    "status": "Statuses and flags",
    "decision": "Decisions, tasks and answers",
    "growth": "Growth",
    "whitespace": "Whitespace",
}
"""Topics in the order of reading, with their headings."""
SCORE_OF: Final = "score_"


@dataclass(frozen=True)
class Entry:
    """One thing that is shown. unit: "" for what has none; "money" is in the currency of the prices."""

    key: str
    name: str
    unit: str
    meaning: str
    topic: str

    @property
    def tip(self) -> str:
        """The meaning with its unit, for a tooltip. Plain text: escape it where it meets markup."""
        unit = f" ({self.unit})" if self.unit else ""
        return f"{self.name}{unit}. {self.meaning}".strip()


@cache
def topics() -> Mapping[str, Mapping[str, Entry]]:
    """Every entry by topic and key."""
    # A night shows nothing: it need not wait for this.
    text = files("engine.outputs").joinpath("glossary.toml").read_text(encoding="utf-8")
    found = {
        topic: {key: Entry(key, name, unit, meaning, topic) for key, (name, unit, meaning) in told.items()}
        for topic, told in tomllib.loads(text).items()
    }
    for cause in found["cause"].values():
        key, name = f"{SCORE_OF}{cause.key}", f"Score: {cause.name}"
        found["evidence"][key] = Entry(key, name, "0 to 100", cause.meaning, "evidence")
    return MappingProxyType({topic: MappingProxyType(found[topic]) for topic in TITLES})


@cache
def entries() -> Mapping[str, Entry]:
    """Every entry by its key, the name that files and code use. Of a key with two topics, the first topic's."""
    found: dict[str, Entry] = {}
    for each in reversed(list(topics().values())):
        found |= each
    return MappingProxyType(found)


def name_of(key: str | None, topic: str | None = None) -> str:
    """How a key is called; the key itself with spaces where there is no entry, "–" for a null."""
    if key is None or key == "":
        return "–"
    found = topics()[topic].get(key) if topic else entries().get(key)
    return found.name if found else key.replace("_", " ")


def tip_of(key: str, topic: str | None = None) -> str:
    """The tooltip of a key; empty where there is no entry."""
    found = topics()[topic].get(key) if topic else entries().get(key)
    return found.tip if found else ""


def as_markdown() -> str:
    """The tables of docs/glossary.md, one per topic."""
    return render(Path(__file__).with_suffix(".md"), titles=TITLES, topics=topics(), score_of=SCORE_OF)
