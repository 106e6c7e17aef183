"""Traits: what the values of a column say of it. In: a column as its file has it. Out: `Traits`."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, replace

import polars as pl

from engine.contracts.contract import Kind

LOOKED_AT = 2_000
"""Different values of a column that are looked at."""
DAYS = ("%Y-%m-%d", "%Y%m%d", "%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y", "%d-%m-%Y", "%Y/%m/%d", "%d.%m.%y")
MOMENTS = (
    "%+",
    "%Y-%m-%d %H:%M:%S",
    "%Y-%m-%dT%H:%M:%S",
    "%Y-%m-%d %H:%M",
    "%d.%m.%Y %H:%M:%S",
    "%d.%m.%Y %H:%M",
    "%d/%m/%Y %H:%M",
    "%m/%d/%Y %H:%M",
)
YEARS = dt.date(1990, 1, 1), dt.date(2100, 12, 31)
"""What looks like a date outside of them is a number."""
NUMBERS: Mapping[tuple[str, str | None, str], str] = {
    (".", None, "before"): r"^[+-]?(\d+\.?\d*|\.\d+)$",
    (".", None, "behind"): r"^(\d+\.?\d*|\.\d+)-?$",
    (",", ".", "before"): r"^[+-]?(\d{1,3}(\.\d{3})*|\d+)(,\d*)?$",
    (".", ",", "before"): r"^[+-]?(\d{1,3}(,\d{3})*|\d+)(\.\d*)?$",
}
"""Ways to write numbers, the plainest first: decimal sign, sign between thousands, where the minus."""
YES = frozenset({"j", "ja", "y", "yes", "o", "oui", "s", "si", "sí", "x", "1", "true", "t", "wahr", "vrai"})
NO = frozenset({"n", "nein", "no", "non", "0", "false", "f", "falsch", "faux", ""})


@dataclass(frozen=True)
class Traits:
    """What a column may be.

    formats: of dates, those that every value has, the likeliest first; `""` is a date that needs none. is_moment: of
    whole moments, with the one or two times of day that all have in `times`. numbers: the ways in which its numbers
    may be written. words: those of a flag, for yes and for no. n_unique, n_empty, n_rows: of what was looked at.
    """

    n_rows: int
    n_unique: int
    n_empty: int
    formats: tuple[str, ...] = ()
    is_moment: bool = False
    times: tuple[dt.time, ...] = ()
    numbers: tuple[tuple[str, str | None, str], ...] = ()
    is_whole: bool = False
    words: tuple[tuple[str, ...], tuple[str, ...]] | None = None

    def may_be(self, kind: Kind) -> bool:
        """Whether every value can be of a kind."""
        match kind:
            case Kind.DATE:
                return bool(self.formats)
            case Kind.NUMBER:
                return bool(self.numbers)
            case Kind.FLAG:
                return self.words is not None
            case Kind.ID:
                return not self.is_moment and (not self.numbers or self.is_whole)
        return not self.is_moment


def traits(column: pl.Series) -> Traits:
    """What a column may be."""
    text = (
        column.cast(pl.String).str.strip_chars() if not column.dtype.is_nested() else column.head(0).cast(pl.String)
    )
    given = text.filter(text.is_not_null() & (text != ""))
    values = given.unique(maintain_order=True).head(LOOKED_AT)
    plain = Traits(len(column), given.n_unique(), len(column) - len(given))
    if values.is_empty():
        return plain
    if column.dtype == pl.Date:
        return replace(plain, formats=("",))
    if column.dtype == pl.Datetime:
        return replace(plain, formats=("",), is_moment=True, times=_times(column.drop_nulls()))
    plain = replace(plain, words=_words(column, values, has_empty=plain.n_empty > 0))
    numbers = tuple(way for way, form in NUMBERS.items() if values.str.contains(form).all())
    plain = replace(plain, numbers=numbers, is_whole=bool(values.str.contains(r"^\d+(\.0*)?$").all()))
    days = sorted((span, place, form) for place, form in enumerate(DAYS) if (span := _span(values, form)) is not None)
    if days:
        # Between two orders of day and month the one whose days lie closer together is right.
        return replace(plain, formats=tuple(form for span, _, form in days if span <= 2 * days[0][0]))
    for form in MOMENTS:
        moments = values.str.to_datetime(form, strict=False, time_unit="us")
        if moments.null_count() == 0:
            return replace(plain, formats=(form,), is_moment=True, times=_times(moments))
    return plain


def _span(values: pl.Series, form: str) -> int | None:
    """How many days lie between the first and the last date of a format; None where some value has another."""
    days = values.str.to_date(form, strict=False)
    if days.null_count() or not days.is_between(*YEARS).all():
        return None
    written = days.dt.to_string(form)
    plain = values.str.replace_all(r"\b0(\d)", "$1") == written.str.replace_all(r"\b0(\d)", "$1")
    first, last = days.min(), days.max()
    assert isinstance(first, dt.date)
    assert isinstance(last, dt.date)
    return (last - first).days if plain.all() else None


def _times(moments: pl.Series) -> tuple[dt.time, ...]:
    """The times of day of moments, three at most: more are told by none."""
    found = moments.dt.time().unique().sort()
    return tuple(found.head(3))


def _words(
    column: pl.Series, values: pl.Series, *, has_empty: bool
) -> tuple[tuple[str, ...], tuple[str, ...]] | None:
    """The words for yes and for no of a flag; both empty where the contract reads them as they are."""
    if column.dtype == pl.Boolean:
        return (), ()
    found = set(values)
    yes, no = ({word for word in found if word.lower() in known} for known in (YES, NO))
    if len(found) > 2 or yes | no != found:
        return None
    if found <= {"0", "1"} or {word.lower() for word in found} <= {"true", "false"}:
        return (), ()
    if not no and has_empty:
        return tuple(sorted(yes)), ("",)
    return (tuple(sorted(yes)), tuple(sorted(no))) if yes and no else None
