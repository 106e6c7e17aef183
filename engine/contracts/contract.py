"""A contract: the typed columns of one table and the rules its rows obey.

A rule is an expression whose name is the complaint. One scan types, judges and uses the rows; only where
something is wrong are the rows looked at again, to say what.
"""

import datetime as dt
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from enum import Enum
from functools import cache

import polars as pl
from polars import selectors as cs

from engine.contracts.ids import canonical, exact_up_to

FAULTY = "faulty"
"""Under it `Reading.counts` has the rows that a fault of the export keeps out."""
UNUSABLE = "unusable"
"""Boolean column: the row breaks a rule that keeps it out of the computation."""
CALENDAR = dt.date.min, dt.date.max
"""Dates outside have no name in Python; such a cell is a fault of its export."""
ISO_DATE_BYTES = len("YYYY-MM-DD")
BLANK_LINE = "line is empty"
AS_TEXT = cs.enum().cast(pl.String)
"""Texts in the place of their numbers."""
WIDE_INTEGERS = (pl.UInt64, pl.Int128, pl.UInt128)
"""Whole numbers that may not fit an id, which has 64 bits and a sign."""


class Kind(Enum):
    """What a column holds, whatever the file calls it."""

    ID = "a whole number or text"
    DATE = "a date (YYYY-MM-DD)"
    NUMBER = "a number"
    FLAG = "a flag (0/1 or true/false)"
    TEXT = "text"


class Consequence(Enum):
    """What follows from a broken rule: no run, a row set aside, or a remark."""

    STOP = "stop"
    QUARANTINE = "quarantine"
    NOTE = "note"


@dataclass(frozen=True)
class Column:
    """One column of a table.

    required: without the column the table cannot be used; an optional one that is missing is read as null.
    null: what a null cell means, None when it means nothing. low, high: inclusive bounds of a number. fault: what
    follows from a number that is not finite or out of its bounds.
    """

    name: str
    kind: Kind
    required: bool = True
    null: Consequence | None = None
    low: float | None = None
    high: float | None = None
    fault: Consequence = Consequence.QUARANTINE


@dataclass(frozen=True)
class Rule:
    """A complaint about rows. column: what it is about. broken: true where a row breaks it; null counts as kept.

    is_fault: whether such a row is a fault of its export, and not one that is merely not asked for.
    """

    complaint: str
    column: str
    broken: pl.Expr
    consequence: Consequence
    advice: str
    is_fault: bool = True

    def flag(self) -> pl.Expr:
        """A Boolean column named by the complaint."""
        return self.broken.fill_null(value=False).alias(self.complaint)


@dataclass(frozen=True)
class Contract:
    """The promise of one table, one row per `key`. Rules of its own are over the typed columns.

    holds: the number whose last value holds until the next row, None where rows stand for their day alone.
    repeats: whether rows may share a key, as lines of receipts do. whole: whether it is delivered whole each time and
    not day by day, though its rows have dates: what a calendar says of days to come may change.
    ids_are_text: whether ids are codes, text however a file has them; otherwise they are as the tables carry them.
    """

    table: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    rules: tuple[Rule, ...] = ()
    required: bool = True
    holds: str | None = None
    repeats: bool = False
    ids_are_text: bool = False
    whole: bool = False

    @property
    def is_daily(self) -> bool:
        """Whether it is delivered day by day."""
        return "date" in self.key and not self.whole

    @property
    def names(self) -> tuple[str, ...]:
        """The names of its columns."""
        return tuple(column.name for column in self.columns)


@dataclass(frozen=True)
class Reading:
    """A contract applied to columns as some file has them.

    values: per contract column the expression that yields it in its own type, null where it cannot be read; ids that
    are text are an Enum of them where the column is one.
    raw_rules: judged on the columns as they came. typed_rules: judged on the values.
    """

    contract: Contract
    values: tuple[pl.Expr, ...]
    raw_rules: tuple[Rule, ...]
    typed_rules: tuple[Rule, ...]

    @property
    def rules(self) -> tuple[Rule, ...]:
        """Every rule in force."""
        return self.raw_rules + self.typed_rules

    @property
    def faulty(self) -> pl.Expr:
        """Of judged rows: whether a fault of the export keeps the row out."""
        keeps_out = [rule for rule in self.rules if rule.consequence is not Consequence.NOTE and rule.is_fault]
        return pl.any_horizontal(pl.lit(value=False), *(rule.complaint for rule in keeps_out)).alias(FAULTY)

    def judged(self, raw: pl.LazyFrame) -> pl.LazyFrame:
        """The typed columns, one Boolean column per rule, named by its complaint, and `unusable`.

        Grain: as `raw`, whose further columns stay.
        """
        keeps_out = [rule.complaint for rule in self.rules if rule.consequence is not Consequence.NOTE]
        # Every rule spares blank lines, so these are looked for once.
        blank = [rule.flag() for rule in self.raw_rules if rule.complaint == BLANK_LINE]
        others = [rule.flag() for rule in self.raw_rules if rule.complaint != BLANK_LINE]
        return (
            raw.with_columns(blank)
            .with_columns(*self.values, *others)
            .with_columns(rule.flag() for rule in self.typed_rules)
            .with_columns(pl.any_horizontal(keeps_out).alias(UNUSABLE))
        )

    def counts(self, raw: pl.LazyFrame) -> pl.LazyFrame:
        """One row: `rows`, `unusable` and `faulty` ones, and how many rows break each rule, by its complaint."""
        complaints = [pl.col(rule.complaint).sum() for rule in self.rules]
        totals = pl.len().alias("rows"), self.faulty.sum(), pl.col(UNUSABLE).sum()
        return self.judged(raw).select(*totals, *complaints)

    def quarantined(self, raw: pl.LazyFrame) -> pl.LazyFrame:
        """The typed rows that are kept out, with `reason` naming every rule they break."""
        reasons = [
            pl.when(rule.complaint).then(pl.lit(rule.complaint))
            for rule in self.rules
            if rule.consequence is not Consequence.NOTE
        ]
        reason = pl.concat_str(reasons, separator="; ", ignore_nulls=True).alias("reason")
        names = [column.name for column in self.contract.columns]
        rows = self.judged(raw).filter(UNUSABLE).select(*names, reason, pl.col("^source_.*$"))
        return rows.with_columns(AS_TEXT)


def read_as(
    contract: Contract, schema: Mapping[str, pl.DataType], ids_as_text: frozenset[str], *, blank_lines: bool = False
) -> Reading:
    """How to read a table whose files have this schema.

    ids_as_text: the id columns that some table carries as text and that are therefore text everywhere. blank_lines:
    a row without a single value is an empty line of the file, set aside instead of lacking its key.
    """
    values: list[pl.Expr] = []
    raw_rules: list[Rule] = []
    for column in contract.columns:
        raw_type = schema.get(column.name)
        if raw_type is None:
            values.append(pl.lit(None).cast(_typed(column, ids_as_text)).alias(column.name))
        else:
            values.append(_value(column, raw_type, ids_as_text).alias(column.name))
            raw_rules += _presence_rules(column, raw_type)
    text_ids = [column for column in contract.columns if _is_text_id(column, schema.get(column.name))]
    typed_rules = [
        _missing(column, column.null, pl.col(column.name).is_null()) for column in text_ids if column.null is not None
    ]
    if blank_lines:
        raw_rules = _sparing_blank_lines(contract, schema, raw_rules)
        typed_rules = [replace(rule, broken=rule.broken & ~pl.col(BLANK_LINE)) for rule in typed_rules]
    typed_rules += (rule for column in contract.columns for rule in _bound_rules(column))
    return Reading(contract, tuple(values), tuple(raw_rules), (*typed_rules, *contract.rules))


def _is_text_id(column: Column, raw_type: pl.DataType | None) -> bool:
    """Whether a column holds ids as text; whether one is missing shows when it was read."""
    return column.kind is Kind.ID and raw_type is not None and is_text(raw_type)


def _typed(column: Column, ids_as_text: frozenset[str]) -> pl.DataType:
    if column.kind is Kind.ID and column.name not in ids_as_text:
        return pl.Int64()
    types = {Kind.DATE: pl.Date(), Kind.NUMBER: pl.Float64(), Kind.FLAG: pl.Boolean()}
    return types.get(column.kind, pl.String())


def is_text(raw_type: pl.DataType) -> bool:
    """Whether a column of this type holds text; some exports leave it as bare bytes."""
    return raw_type in (pl.String, pl.Categorical, pl.Enum, pl.Binary)


def of_text(name: str, raw_type: pl.DataType, made: Callable[[pl.Expr], pl.Expr]) -> pl.Expr:
    """What is made of a column of text, row by row; of an Enum each text is looked at once. Null where it is null."""
    if not isinstance(raw_type, pl.Enum):
        return made(pl.col(name).cast(pl.String))
    texts = raw_type.categories.to_frame(name).lazy().select(made(pl.col(name)))
    each = cache(lambda: texts.collect().to_series())
    kind = texts.collect_schema().dtypes()[0]
    numbered = pl.col(name).to_physical()
    return numbered.map_batches(lambda numbers: each().gather(numbers), return_dtype=kind, is_elementwise=True)


def as_shown(name: str, raw_type: pl.DataType) -> pl.Expr:
    """A cell as text for a message; of a column of lists, structures and the like, the type."""
    return pl.lit(str(raw_type)) if raw_type.is_nested() else pl.col(name).cast(pl.String)


def _value(column: Column, raw_type: pl.DataType, ids_as_text: frozenset[str]) -> pl.Expr:
    """The column in its own type, null where a cell cannot be read as that."""
    raw = pl.col(column.name)
    if is_text(raw_type):
        if column.kind is Kind.ID and isinstance(raw_type, pl.Enum):
            return _numbered_ids(column.name, raw_type)
        return of_text(column.name, raw_type, lambda text: _value_of_text(column, text))
    typed = _typed(column, ids_as_text)
    nothing = pl.lit(None).cast(typed)
    match column.kind:
        case Kind.DATE:
            # A moment with a time zone belongs to the day its own clocks show: `cast` would take the day in UTC.
            return raw if raw_type == pl.Date else raw.dt.date() if raw_type == pl.Datetime else nothing
        case Kind.FLAG if raw_type.is_numeric():
            return pl.when(raw == 0).then(pl.lit(value=False)).when(raw == 1).then(pl.lit(value=True))
        case Kind.FLAG:
            return raw if raw_type == pl.Boolean else nothing
        case Kind.ID if raw_type.is_float() or raw_type.is_decimal():
            return pl.when(raw == raw.round()).then(raw.cast(pl.Int64, strict=False)).cast(typed)
        case Kind.ID if raw_type.is_integer():
            return raw.cast(pl.Int64, strict=raw_type not in WIDE_INTEGERS).cast(typed)
        case Kind.NUMBER if raw_type.is_numeric():
            return raw.cast(pl.Float64)
        case Kind.TEXT if not raw_type.is_nested():
            return raw.cast(pl.String)
    return nothing


def _value_of_text(column: Column, text: pl.Expr) -> pl.Expr:
    match column.kind:
        case Kind.DATE:
            date = text.str.to_date("%Y-%m-%d", strict=False)
            return pl.when(text.str.len_bytes() == ISO_DATE_BYTES, date.is_between(*CALENDAR)).then(date)
        case Kind.NUMBER:
            return text.str.strip_chars().cast(pl.Float64, strict=False)
        case Kind.FLAG:
            word = text.str.strip_chars().str.to_lowercase()
            return pl.when(word.is_in(["0", "false"])).then(False).when(word.is_in(["1", "true"])).then(True)
    return canonical(text) if column.kind is Kind.ID else pl.when(text != "").then(text)


def _numbered_ids(name: str, raw_type: pl.Enum) -> pl.Expr:
    """Ids in their one form, an Enum as they came."""
    texts = raw_type.categories
    forms = texts.to_frame(name).select(canonical(pl.col(name))).to_series()
    if forms.equals(texts):
        return pl.col(name)
    numbered = pl.Enum(forms.drop_nulls().unique().sort())
    return of_text(name, raw_type, lambda text: canonical(text).cast(numbered))


def _presence_rules(column: Column, raw_type: pl.DataType) -> list[Rule]:
    """Cells that are empty although they must not be, and cells that hold something else than their kind."""
    given = _given(column.name, raw_type)
    rules: list[Rule] = []
    if column.null is not None and not _is_text_id(column, raw_type):
        rules.append(_missing(column, column.null, ~given))
    if column.kind is Kind.ID and raw_type.is_float():
        advice = "deliver the column as whole numbers or as text: a float cannot tell such numbers apart"
        too_long = pl.col(column.name).abs() >= exact_up_to(raw_type)
        complaint = f"{column.name} has more digits than its column can hold"
        rules.append(Rule(complaint, column.name, too_long, Consequence.STOP, advice))
    if _may_be_unreadable(column, raw_type):
        rules.append(
            Rule(
                f"{column.name} cannot be read as {column.kind.value}",
                column.name,
                given & _is_unread(column, raw_type),
                Consequence.STOP,
                "correct these cells, or the export that wrote them",
            )
        )
    return rules


def _missing(column: Column, consequence: Consequence, broken: pl.Expr) -> Rule:
    """The rule that a cell be filled."""
    advice = {
        Consequence.STOP: "every row needs its key: fill it or leave the row out",
        Consequence.QUARANTINE: "such rows are set aside; deliver the value",
        Consequence.NOTE: "such cells count as unknown; deliver the value",
    }[consequence]
    return Rule(f"{column.name} is missing", column.name, broken, consequence, advice)


def _given(name: str, raw_type: pl.DataType) -> pl.Expr:
    """Whether a cell holds anything; empty text is nothing."""
    raw = pl.col(name)
    if isinstance(raw_type, pl.Enum) and (raw_type.categories != "").all():
        return raw.is_not_null()
    return (
        raw.is_not_null() & of_text(name, raw_type, lambda text: text != "")
        if is_text(raw_type)
        else raw.is_not_null()
    )


def _is_unread(column: Column, raw_type: pl.DataType) -> pl.Expr:
    """Whether a cell holds nothing that its kind can be."""
    if isinstance(raw_type, pl.Enum):
        # Texts are few. Where each of them can be read, no row has to be looked at.
        texts = raw_type.categories.to_frame(column.name).filter(pl.col(column.name) != "")
        if texts.select(_value_of_text(column, pl.col(column.name))).to_series().null_count() == 0:
            return pl.lit(value=False)
    typed = _value(column, raw_type, frozenset())
    if raw_type in (pl.Date, pl.Datetime):
        return typed.is_null() | ~typed.is_between(*CALENDAR)
    return typed.is_null()


def _sparing_blank_lines(
    contract: Contract, schema: Mapping[str, pl.DataType], raw_rules: Iterable[Rule]
) -> list[Rule]:
    """The rules, told to leave blank lines alone, and the one that sets those aside."""
    names = [column.name for column in contract.columns if column.name in schema]
    blank = ~pl.any_horizontal(_given(name, schema[name]) for name in names)
    advice = "such lines are set aside; they carry nothing"
    return [
        Rule(BLANK_LINE, contract.key[0], blank, Consequence.QUARANTINE, advice, is_fault=False),
        *(replace(rule, broken=rule.broken & ~pl.col(BLANK_LINE)) for rule in raw_rules),
    ]


def _may_be_unreadable(column: Column, raw_type: pl.DataType) -> bool:
    match column.kind:
        case Kind.TEXT:
            return raw_type.is_nested() or raw_type == pl.Binary
        case Kind.ID:
            return raw_type in WIDE_INTEGERS or not (raw_type.is_integer() or is_text(raw_type))
        case Kind.DATE:
            return True
        case Kind.NUMBER:
            return not raw_type.is_numeric()
        case Kind.FLAG:
            return raw_type != pl.Boolean


def _bound_rules(column: Column) -> list[Rule]:
    if column.kind is not Kind.NUMBER:
        return []
    value = pl.col(column.name)
    advice = {
        Consequence.STOP: "correct these cells at their source",
        Consequence.QUARANTINE: "such rows are set aside; correct them at their source",
        Consequence.NOTE: "such cells count as unknown; correct them at their source",
    }[column.fault]
    rules = [Rule(f"{column.name} is not finite", column.name, ~value.is_finite(), column.fault, advice)]
    outside = pl.lit(False)
    if column.low is not None:
        outside = outside | (value < column.low)
    if column.high is not None:
        outside = outside | (value > column.high)
    if column.low is not None or column.high is not None:
        negative = column.low == 0 and column.high is None
        complaint = "is negative" if negative else f"is not between {column.low:g} and {column.high:g}"
        rules.append(
            Rule(f"{column.name} {complaint}", column.name, outside & value.is_finite(), column.fault, advice)
        )
    return rules
