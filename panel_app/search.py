"""Search by words: what a reader types and what the data say are folded by one rule, so that `cafe` finds `Café`.

In: a text as it was typed, and columns of text. Out: conditions, one a word, which any of the columns may hold.
"""

from collections.abc import Iterable, Mapping
from typing import Final

import polars as pl

SPELT: Final = {"ß": "ss", "æ": "ae", "œ": "oe", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "ı": "i"}
"""Letters that are no plain letter with a mark; the others lose their marks by Unicode's own decomposition."""
FIND: Final = "find"
"""The field of a search box, and the key under which the address holds what was typed into it."""
LONGEST: Final = 200
"""Characters of a search that are looked at."""
BETWEEN: Final = "\n"
"""Stands between the columns in `folded_together`: no word holds it."""


def folded(text: pl.Expr) -> pl.Expr:
    """A text without case, accents and ligatures; null as empty."""
    bare = text.cast(pl.String).fill_null("").str.normalize("NFKD").str.replace_all(r"\p{M}", "")
    return bare.str.to_lowercase().str.replace_many(list(SPELT), list(SPELT.values()))


def folded_together(columns: Iterable[str]) -> pl.Expr:
    """Some columns of a row as one folded text."""
    return pl.concat_str([folded(pl.col(name)) for name in columns], separator=BETWEEN)


def typed(fields: Mapping[str, str]) -> str:
    """What a reader typed into a search box; empty for nothing."""
    return fields.get(FIND, "").strip()[:LONGEST]


def words_of(text: str) -> list[str]:
    """The folded words of what a reader typed."""
    bare: str = pl.select(folded(pl.lit(text))).item()
    return bare.split()


def holding(text: str, searched: pl.Expr) -> list[pl.Expr]:
    """Conditions on a folded text: it holds every word that was typed; none where nothing was."""
    return [searched.str.contains(word, literal=True) for word in words_of(text)]
