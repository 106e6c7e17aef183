"""Names: how much a column or file looks like one of ours by what it is called, in several languages."""

import difflib
import re
import tomllib
import unicodedata
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from engine.delivery.near_miss import CALLED

WORDS = Path(__file__).with_name("words.toml")
UNITS: Mapping[str, float] = {
    "cents": 0.01,
    "cent": 0.01,
    "ct": 0.01,
    "centimes": 0.01,
    "g": 0.001,
    "gram": 0.001,
    "grams": 0.001,
    "gramm": 0.001,
    "gramos": 0.001,
}
"""Words behind a name that say in what it is counted, and what that is of the whole."""
CONTAINED = 0.82
"""A name that has all words of another and more is alike so much."""
ALIKE = 0.86
"""Of `difflib`: names less alike than this are two names."""


def words_of(name: str) -> tuple[str, ...]:
    """The words of a name, without accents and signs: `QtySold` and `qty_sold` are two words each."""
    plain = unicodedata.normalize("NFKD", name.replace("ß", "ss"))
    plain = "".join(sign for sign in plain if not unicodedata.combining(sign))
    plain = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", plain)
    return tuple(re.findall(r"[a-z0-9]+", plain.lower()))


def unit_of(name: str) -> float | None:
    """What the unit at the end of a name is of the whole, such as 0.01 of `price_cents`; None without one."""
    words = words_of(name)
    return UNITS.get(words[-1]) if len(words) > 1 else None


def likeness(theirs: str, ours: str) -> float:
    """From 0 to 1, how much a name of theirs looks like ours or what that is called elsewhere."""
    words = words_of(theirs)
    if len(words) > 1 and words[-1] in UNITS:
        words = words[:-1]
    return max((_alike(words, known) for known in _known(ours)), default=0.0)


@cache
def _known(ours: str) -> tuple[tuple[str, ...], ...]:
    told = tomllib.loads(WORDS.read_text(encoding="utf-8"))
    further = [*told["tables"].get(ours, ()), *told["columns"].get(ours, ())]
    return tuple(dict.fromkeys(words_of(name) for name in (ours, *CALLED.get(ours, ()), *further)))


def _alike(words: tuple[str, ...], known: tuple[str, ...]) -> float:
    one, other = "".join(words), "".join(known)
    if one == other:
        return 1.0
    ratio = difflib.SequenceMatcher(None, one, other).ratio()
    if ratio >= ALIKE:
        return ratio
    return CONTAINED * len(known) / (len(known) + 0.1 * (len(words) - len(known))) if set(known) < set(words) else 0.0
