"""Cells: from a cell as the user's files have it to the spelling of the contract.

In: how a column is mapped, and its type. Out: an expression over their columns. A cell that is not written as the
mapping says is put in «quotes», which no kind can be read from: the contract then counts and lists it like any other.
"""

import datetime as dt
import re
from collections.abc import Mapping
from fractions import Fraction
from string import Formatter

import polars as pl

from engine.contracts.contract import Column, Kind, is_text
from engine.settings.mapping import ColumnMapping, SourceMapping

READ_BY: Mapping[Kind, frozenset[str]] = {
    Kind.NUMBER: frozenset({"decimal", "thousands", "minus", "scale"}),
    Kind.DATE: frozenset({"format", "zone"}),
    Kind.FLAG: frozenset({"true", "false"}),
}
"""Which options of a column are for which kind."""
HAS_TIME = ("%H", "%I", "%T", "%R", "%s", "%+", "%c")
"""What a format has in it when it is one of moments."""
HAS_OFFSET = ("%z", "%:z", "%#z", "%Z", "%+", "%s")
ADJOINING = re.compile(r"%\w%")
"""In a format whose digits no sign parts."""
MOMENT = "%+"
"""How moments are written that name a zone and no format, by ISO 8601."""


def theirs_of(how: ColumnMapping, known: Mapping[str, pl.DataType]) -> tuple[str, ...]:
    """The names of their columns that one of ours is made of; none for a constant. known: their columns."""
    if how.found_as is None:
        return ()
    if how.found_as in known or "{" not in how.found_as:
        return (how.found_as,)
    try:
        return tuple(name for _, name, _, _ in Formatter().parse(how.found_as) if name)
    except ValueError:
        return (how.found_as,)


def misplaced(how: ColumnMapping, kind: Kind) -> tuple[str, ...]:
    """The options that are given to a column of a kind that does not read them."""
    given = how.model_fields_set - {"found_as", "value"}
    return tuple(sorted(given - READ_BY.get(kind, frozenset())))


def spelled(column: Column, how: ColumnMapping, source: SourceMapping, known: Mapping[str, pl.DataType]) -> pl.Expr:
    """A column of the contract, by its name, as text in the contract's spelling or in a type that needs none."""
    if how.value is not None:
        return _constant(how.value).alias(column.name)
    raw, raw_type = _raw(how, known)
    match column.kind:
        case Kind.NUMBER:
            made = _number(raw, raw_type, how, source)
        case Kind.DATE:
            made = _date(raw, raw_type, how)
        case Kind.FLAG if how.true:
            made = _flag(raw, how)
        case _:
            made = raw
    return made.alias(column.name)


def moment(how: ColumnMapping, known: Mapping[str, pl.DataType]) -> pl.Expr | None:
    """The moments of a column of dates on the clocks that tell its day, without a zone; None where it has none."""
    if how.value is not None:
        return None
    raw, raw_type = _raw(how, known)
    if raw_type == pl.Datetime or how.zone or any(sign in (how.format or "") for sign in HAS_TIME):
        return _moment(raw, raw_type, how).dt.replace_time_zone(None)
    return None


def _raw(how: ColumnMapping, known: Mapping[str, pl.DataType]) -> tuple[pl.Expr, pl.DataType]:
    """Their column, or several put together as text, and its type."""
    names = theirs_of(how, known)
    if names == (how.found_as,):
        raw_type = known[names[0]]
        return (pl.col(names[0]).cast(pl.String), pl.String()) if is_text(raw_type) else (pl.col(names[0]), raw_type)
    pieces: list[pl.Expr] = []
    for text, name, _, _ in Formatter().parse(str(how.found_as)):
        pieces += [pl.lit(text)] if text else []
        pieces += [pl.col(name).cast(pl.String)] if name else []
    return pl.concat_str(pieces), pl.String()


def _constant(value: object) -> pl.Expr:
    return pl.lit(value.isoformat() if isinstance(value, dt.date) else value)


def _number(raw: pl.Expr, raw_type: pl.DataType, how: ColumnMapping, source: SourceMapping) -> pl.Expr:
    """A number; written as text it becomes text with a decimal point, of cents that of the whole."""
    if not is_text(raw_type):
        return _scaled(raw.cast(pl.Float64), how.scale) if how.scale is not None and raw_type.is_numeric() else raw
    decimal, thousands = how.decimal or source.decimal, how.thousands or source.thousands
    text, plain = raw.str.strip_chars(), raw
    if (decimal, thousands, how.minus) != (".", None, "before"):
        digits, minus = r"\d+", "-?" if how.minus == "behind" else ""
        if thousands is not None:
            digits = rf"(?:\d{{1,3}}(?:{re.escape(thousands)}\d{{3}})+|\d+)"
        before = "" if how.minus == "behind" else "[+-]?"
        is_one = text.str.contains(
            rf"^{before}(?:{digits}(?:{re.escape(decimal)}\d*)?|{re.escape(decimal)}\d+){minus}$"
        )
        plain = text if thousands is None else text.str.replace_all(thousands, "", literal=True)
        plain = plain.str.replace(decimal, ".", literal=True)
        if how.minus == "behind":
            plain = pl.when(plain.str.ends_with("-")).then(pl.lit("-") + plain.str.strip_suffix("-")).otherwise(plain)
        plain = _or_quoted(raw, is_one, plain)
    if how.scale is None:
        return plain
    number = plain.str.strip_chars().cast(pl.Float64, strict=False)
    return _or_quoted(raw, number.is_not_null(), _scaled(number, how.scale).cast(pl.String))


def _scaled(number: pl.Expr, scale: float) -> pl.Expr:
    """A number times its scale, rounded once: 1299 cents are the 12.99 that is written so."""
    exact = Fraction(str(scale))
    times = number if exact.numerator == 1 else number * exact.numerator
    # By one number Polars divides as it multiplies by the inverse, which rounds twice: it gets a column of them.
    return times if exact.denominator == 1 else times / (number.pow(0) * exact.denominator)


def _date(raw: pl.Expr, raw_type: pl.DataType, how: ColumnMapping) -> pl.Expr:
    if raw_type == pl.Datetime:
        return _moment(raw, raw_type, how).dt.date() if how.zone else raw
    if raw_type == pl.Date or (how.format is None and how.zone is None):
        return raw
    text = raw.cast(pl.String)
    if how.zone or any(sign in (how.format or "") for sign in HAS_TIME):
        day = _moment(text, pl.String(), how).dt.date()
    else:
        written = text.str.strip_chars()
        day = written.str.to_date(how.format, strict=False)
        if ADJOINING.search(how.format or ""):
            # Polars reads 2026033 as the third of March, too.
            day = pl.when(day.dt.to_string(str(how.format)) == written).then(day)
    return _or_quoted(text, day.is_not_null(), day.dt.to_string("%Y-%m-%d"))


def _moment(raw: pl.Expr, raw_type: pl.DataType, how: ColumnMapping) -> pl.Expr:
    """A moment on the clocks of its zone; what says no offset is UTC where a zone is named."""
    moment = raw
    if raw_type != pl.Datetime:
        form = how.format or MOMENT
        moment = raw.cast(pl.String).str.strip_chars().str.to_datetime(form, strict=False, time_unit="us")
        is_aware = any(sign in form for sign in HAS_OFFSET)
    else:
        is_aware = isinstance(raw_type, pl.Datetime) and raw_type.time_zone is not None
    if how.zone is None:
        return moment
    return (moment if is_aware else moment.dt.replace_time_zone("UTC")).dt.convert_time_zone(how.zone)


def _flag(raw: pl.Expr, how: ColumnMapping) -> pl.Expr:
    text = raw.cast(pl.String)
    word = text.str.strip_chars()
    if "" in how.false or "" in how.true:
        word = word.fill_null("")
    return (
        pl.when(word.is_in(how.true))
        .then(pl.lit("true"))
        .when(word.is_in(how.false))
        .then(pl.lit("false"))
        .when(word != "")
        .then(quoted(text))
    )


def _or_quoted(raw: pl.Expr, is_readable: pl.Expr, made: pl.Expr) -> pl.Expr:
    """What was made of a cell, the quoted cell where nothing could be; null where it is empty."""
    return pl.when(is_readable).then(made).when(raw.str.strip_chars() != "").then(quoted(raw))


def quoted(raw: pl.Expr) -> pl.Expr:
    """A cell that is not written as the mapping says, so that nothing is read from it."""
    return pl.concat_str(pl.lit("«"), raw, pl.lit("»"))
