"""Keys: the distinct ids of a table, as its files have them and as they are read.

In: a source. Out: `Keys`, and what is to be known of the ids: numbers that lost their digits, ids in several forms.
"""

import datetime as dt
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

import polars as pl

from engine.contracts.contract import AS_TEXT, Consequence, Rule
from engine.contracts.ids import lost_digits
from engine.delivery.numbering import Numbering, places
from engine.delivery.source import Source
from engine.delivery.tables import EXAMPLES, judge
from engine.errors import Problem

ON_DAYS = "on the days"
"""Column of `Keys.places`: whether it is a row of the days that were asked about."""


@dataclass(frozen=True)
class Keys:
    """The distinct keys of a table, dates apart.

    forms: by id column a row per id and way to write it: `read`, as the id is read, null where it cannot be, and
    `written`, as the files have it, as text. places: a row per key and way to write it, by id column the row of its
    id in `forms`; where `keys` was asked about days, a row each for those of the days and those of others.
    """

    source: Source
    forms: Mapping[str, pl.DataFrame]
    places: pl.DataFrame

    @property
    def ids(self) -> tuple[str, ...]:
        """The id columns of the table."""
        return _ids(self.source)

    def of(self, name: str) -> pl.Series:
        """The distinct ids of a column, as they are read."""
        return self.forms[name]["read"].drop_nulls().unique()

    def numbers(self, numbering: Numbering) -> pl.Series:
        """The distinct keys of some columns as numbers, sorted; those that cannot be read have none."""
        found = {name: places(self.forms[name]["read"], ids) for name, ids in numbering.every.items()}
        if len(found) > 1:
            found = {name: standing.gather(self.places[name]) for name, standing in found.items()}
        return numbering.distinct(found)

    def on_days(self) -> "Keys":
        """Those of the days that `keys` was asked about; ids of other days stay in `forms`."""
        return replace(self, places=self.places.filter(ON_DAYS))


def keys(source: Source, first: dt.date | None = None, days: tuple[dt.date, dt.date] | None = None) -> Keys:
    """The distinct keys of a table. first: of rows of this day and later alone.

    days: the first and the last of days whose keys are told apart, see `Keys.on_days`. Files are read in batches, the
    id columns and the date alone. Raises what a file that cannot be read raises.
    """
    names = _ids(source)
    forms: dict[str, list[pl.DataFrame]] = {name: [] for name in names}
    written: list[pl.DataFrame] = []
    for reading, part in source.readings():
        values = dict(zip(reading.contract.names, reading.values, strict=True))
        told_apart = {} if days is None else {ON_DAYS: values["date"].is_between(*days).fill_null(value=False)}
        rows = part.scan() if first is None else part.scan().filter(values["date"] >= first)
        raw = distinct(rows.select(*names, **told_apart), [*names, *told_apart])
        found = {}
        for name in names:
            # Ids are few and keys are many: what is asked of an id is asked of each once.
            ways = raw.select(name).unique()
            n_before = sum(each.height for each in forms[name])
            found[name] = (places(raw[name], ways[name]) + n_before).cast(pl.UInt32)
            forms[name].append(ways.select(read=values[name], written=pl.col(name).cast(pl.String)))
        written.append(pl.DataFrame(found).with_columns(raw[name] for name in told_apart))
    read = {name: pl.concat(each.with_columns(AS_TEXT) for each in found) for name, found in forms.items()}
    return Keys(source, read, pl.concat(written))


def distinct(plan: pl.LazyFrame, names: Collection[str]) -> pl.DataFrame:
    """The distinct rows of a plan with these columns alone, in no order; memory follows what is distinct.

    A row of nulls alone may be left out.
    """
    # Tables are mostly sorted: one row of each run is enough, and far fewer rows are left to compare.
    is_new = pl.any_horizontal(pl.col(name).ne_missing(pl.col(name).shift()) for name in names)
    return plan.filter(is_new).unique().collect(engine="streaming")


def _ids(source: Source) -> tuple[str, ...]:
    return tuple(name for name in source.contract.key if name != "date")


def without_digits(found: Keys) -> list[Problem]:
    """The problems of ids that are numbers without their last digits, with the first rows of each."""
    problems = []
    for name in found.ids:
        lost = lost_digits(found.of(name).cast(pl.String)).sort()
        if len(lost):
            rule = Rule(
                f"{name} is a number that lost its digits: {', '.join(lost.head(EXAMPLES))}",
                name,
                pl.col(name).cast(pl.String).is_in(lost.implode()),
                Consequence.STOP,
                "export the ids as text; several ids may have become one",
            )
            source = replace(found.source, contract=replace(found.source.contract, rules=(rule,)))
            stops, _ = judge(source, source.complaints())
            problems += [problem for problem in stops if problem.what == rule.complaint]
    return problems


def in_two_forms(tables: Iterable[Keys]) -> list[Problem]:
    """What is to be told of ids that are not written in their one form, an id column a problem."""
    tables = list(tables)
    names = dict.fromkeys(name for found in tables for name in found.ids)
    return [problem for name in names for problem in _forms_of(name, [each for each in tables if name in each.ids])]


def _forms_of(name: str, tables: list[Keys]) -> Iterator[Problem]:
    forms = pl.concat(
        each.forms[name]
        .select(table=pl.lit(each.source.contract.table), read=pl.col("read").cast(pl.String), written="written")
        .drop_nulls()
        .unique()
        for each in tables
    )
    odd = forms.filter(pl.col("read") != pl.col("written"))
    if odd.is_empty():
        return
    n_odd, n_ids = (
        dict(rows.group_by("table").agg(pl.col("read").n_unique()).sort("table").rows()) for rows in (odd, forms)
    )
    where = ", ".join(f"{count:,} of {n_ids[table]:,} in {table}" for table, count in n_odd.items())
    plain = [table for table in n_ids if table not in n_odd]
    elsewhere = f"; as they are read in {', '.join(plain)}" if plain else ""
    shown = odd.sort("read", "written", "table").unique("read", keep="first", maintain_order=True).head(EXAMPLES)
    yield Problem(
        name,
        f"ids are written in another form than they are read in ({where}){elsewhere}",
        "nothing, where both forms are one id; else change the ids, not their form",
        odd["read"].n_unique(),
        None,
        tuple(f"{written!r} in {table} is {read!r}" for table, read, written in shown.iter_rows()),
    )
