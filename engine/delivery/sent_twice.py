"""Sent twice: rows of sales that came a second time, with another file or in the same one.

In: the source of a table whose rows add up. Out: the same source, told which rows to leave out, and what was found.

Receipts repeat: two sales of one unit on one day are equal rows. So rows are weighed together, not one by one. On the
days that two files share, a receipt of another till may be in both by chance, but rarely as often in one as in the
other; in one file a row is there an even number of times by chance, but hardly more than half of the rows are. Only
where nearly all rows agree, and enough of them, was something sent twice.
"""

import operator
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import reduce

import polars as pl

from engine.contracts.contract import AS_TEXT, UNUSABLE, Consequence, Reading, Rule, is_text, of_text
from engine.delivery.source import SOURCE_FILE, Part, Source
from engine.delivery.tables import EXAMPLES
from engine.errors import Problem
from engine.settings.shelf.delivered import InputSettings

SENT_TWICE = "row was sent twice"
TIMES = (4, 3, 2)
"""How often a row may have come in one file."""
SAMPLED_FROM_BYTES = 1 << 22
"""Larger tables are looked at in a sample of store-SKUs first."""
SAMPLED = 8
"""One store-SKU of so many."""
RUNS = {"pair": "pair begins", "date": "day begins"}
"""Of what a table has runs, and the column that tells where one begins."""
NEVER = pl.lit(value=False)
BETWEEN = "\x1f"
N = "n rows"
QUARANTINE = Consequence.QUARANTINE


@dataclass(frozen=True)
class Repeat:
    """Rows of a file that came before. rows: the rows in question, each once, with how often they came.

    earlier: the file they came with before; the same one where its rows are there `times` times.
    """

    file: str
    earlier: str
    times: int
    rows: pl.DataFrame
    of: int

    @property
    def surplus(self) -> int:
        """How many rows of the file are too many."""
        n_rows = int(self.rows[N].sum())
        return n_rows if self.file != self.earlier else n_rows - n_rows // self.times


def sent_twice(source: Source, settings: InputSettings) -> tuple[Source, list[Problem], list[Problem]]:
    """The source to go on with, problems that stop the night, and what else there is to know.

    With `sent_twice = once` the source sets the surplus rows aside, with `sum` it is as it was.
    """
    if settings.sent_twice == "sum" or not source.files:
        return source, [], []
    sampled = SAMPLED if sum(part.n_bytes for part in source.parts) >= SAMPLED_FROM_BYTES else 1
    n_rows, n_keys = _count_keys(source, sampled)
    if not n_rows:
        # Few store-SKUs with many rows may leave a sample without any.
        sampled = 1
        n_rows, n_keys = _count_keys(source, sampled)
    if n_rows == n_keys:
        return source, [], []
    fewer = settings.model_copy(update={"sent_twice_rows": -(-settings.sent_twice_rows // sampled)})
    repeats = _repeats(source, fewer, sampled)
    if repeats and sampled > 1:
        repeats = _repeats(source, settings, 1)
    problems = [_problem_of(source, repeat, settings) for repeat in repeats]
    if settings.sent_twice == "refuse" or not repeats:
        return source, problems, []
    return replace(source, parts=tuple(_counted_once(source, repeats))), [], problems


def _count_keys(source: Source, sampled: int) -> tuple[int, int]:
    """Rows of the sample, and different stores, SKUs and days."""
    rows = pl.concat(_steps(reading, part, sampled) for reading, part in source.readings())
    runs_are_whole = (
        (pl.col(begins).sum() == pl.col(name).filter(begins).n_unique()).alias(name) for name, begins in RUNS.items()
    )
    n_rows, *is_in_order = rows.select(pl.len(), *runs_are_whole).collect().row(0)
    # Where every store-SKU or every day is one run of ascending rows, none came twice; as good as every table is so,
    # and a number of every key would be much to remember.
    if any(is_in_order):
        return n_rows, n_rows
    return n_rows, rows.select(pl.struct(*RUNS).hash().n_unique()).collect().item()


def _steps(reading: Reading, part: Part, sampled: int) -> pl.LazyFrame:
    """Of every row of the sample its store-SKU as a number, its day, and whether it begins a run of either."""
    values, names = _values(reading), [name for name in reading.contract.key if name != "date"]
    rows = part.scan().filter(_sample(reading, part, sampled))
    rows = rows.select(*(values[name] for name in names), values["date"])
    rows = rows.with_columns(pl.struct(names).hash().alias("pair"))
    is_same, is_later = (
        {name: compared(pl.col(name), pl.col(name).shift()) for name in (*names, "pair", "date")}
        for compared in (operator.eq, operator.gt)
    )
    is_later_pair = reduce(lambda later, name: is_later[name] | (is_same[name] & later), reversed(names), NEVER)
    goes_on = {"pair": is_same["pair"] & is_later["date"], "date": is_same["date"] & is_later_pair}
    return rows.select(*RUNS, *(~on.fill_null(value=False).alias(RUNS[name]) for name, on in goes_on.items()))


def _values(reading: Reading) -> dict[str, pl.Expr]:
    return dict(zip(reading.contract.names, reading.values, strict=True))


def _sample(reading: Reading, part: Part, sampled: int) -> pl.Expr:
    """One of so many store-SKUs, with all their rows, whichever file they are in."""
    if sampled == 1:
        return pl.lit(value=True)
    values = _values(reading)
    names = [name for name in reading.contract.key if name != "date"]
    # Text is taken as it came, numbers as they are read: both cost next to nothing. A seed each, lest a store and a
    # SKU of one number cancel out.
    return (
        reduce(operator.xor, (_hashed(name, part, values[name], seed) for seed, name in enumerate(names))) % sampled
        == 0
    )


def _hashed(name: str, part: Part, value: pl.Expr, seed: int) -> pl.Expr:
    kind = part.schema[name]
    return of_text(name, kind, lambda text: text.hash(seed)) if is_text(kind) else value.hash(seed)


def _repeats(source: Source, settings: InputSettings, sampled: int) -> list[Repeat]:
    """What was sent twice, as far as one of `sampled` store-SKUs tells."""
    rows = _rows(source, sampled)
    columns = [name for name in rows.columns if name not in (SOURCE_FILE, N)]
    found = [*_within_files(rows, settings), *_across_files(rows, columns, settings)]
    order = {file.name: place for place, file in enumerate(file for part in source.parts for file in part.files)}
    return sorted(found, key=lambda repeat: (order[repeat.file], order[repeat.earlier]))


def _rows(source: Source, sampled: int) -> pl.DataFrame:
    """The different usable rows of every file, with how often each is there."""
    names = [column.name for column in source.contract.columns]
    plans = [
        reading.judged(part.scan(numbered=True).filter(_sample(reading, part, sampled)))
        .filter(~pl.col(UNUSABLE))
        .select(SOURCE_FILE, *names)
        .with_columns(AS_TEXT)
        for reading, part in source.readings()
    ]
    return pl.concat(plans).group_by(SOURCE_FILE, *names).agg(pl.len().alias(N)).sort(SOURCE_FILE, *names).collect()


def _within_files(rows: pl.DataFrame, settings: InputSettings) -> Iterator[Repeat]:
    """Files of which all rows, or all rows of some days, are there several times."""
    for own in rows.partition_by(SOURCE_FILE, maintain_order=True):
        file = str(own[SOURCE_FILE][0])
        for times in TIMES:
            is_multiple = pl.col(N) % times == 0
            of_day = (
                is_multiple.mean().over("date") >= settings.sent_twice_share,
                pl.len().over("date") >= settings.sent_twice_rows,
            )
            whole = own.select(is_multiple.mean()).item() >= settings.sent_twice_share
            several = own.filter(is_multiple, *(() if whole else of_day))
            if several.height >= settings.sent_twice_rows:
                yield Repeat(file, file, times, several, own.height)
                break


def _across_files(rows: pl.DataFrame, columns: list[str], settings: InputSettings) -> Iterator[Repeat]:
    """Files of which nearly all rows on the days shared with another file are rows of that one."""
    if rows[SOURCE_FILE].n_unique() == 1:
        return
    sizes = dict(rows.group_by(SOURCE_FILE).agg(pl.col(N).sum()).rows())
    pairs = rows.join(rows, on=columns, suffix=" there", nulls_equal=True).filter(
        pl.col(SOURCE_FILE) < pl.col(f"{SOURCE_FILE} there"), pl.col(N) == pl.col(f"{N} there")
    )
    for equal in pairs.partition_by(SOURCE_FILE, f"{SOURCE_FILE} there", maintain_order=True):
        names = (str(equal[SOURCE_FILE][0]), str(equal[f"{SOURCE_FILE} there"][0]))
        # The copy is the smaller one; of two alike the one whose name comes later.
        first, copy = sorted(names, key=lambda name: (-sizes[name], name))
        sides = [rows.filter(pl.col(SOURCE_FILE) == name) for name in names]
        shared = sides[0].join(sides[1], on="date", how="semi")["date"].unique().implode()
        fewer = min(side.filter(pl.col("date").is_in(shared)).height for side in sides)
        if equal.height >= max(settings.sent_twice_rows, settings.sent_twice_share * fewer):
            yield Repeat(copy, first, 1, equal.select(*columns, N).sort(columns), fewer)


def _problem_of(source: Source, repeat: Repeat, settings: InputSettings) -> Problem:
    days = repeat.rows["date"].sort()
    alone = repeat.file == repeat.earlier
    rows = f"{repeat.rows.height:,} of {repeat.of:,} different rows"
    if alone:
        what = f"{repeat.file}: {rows} are there {repeat.times} times or a multiple of it"
    else:
        what = f"{repeat.file} came already: {rows} of the days it shares are in {repeat.earlier} too"
    drop = "deliver its rows once" if alone else "take one of the files away"
    choose = "count them once with  --set inputs.sent_twice=once , or believe them with  --set inputs.sent_twice=sum"
    once = f"the {repeat.surplus:,} surplus rows are set aside"
    shown = repeat.rows.select(source.contract.key).head(EXAMPLES).iter_rows(named=True)
    examples = tuple(", ".join(f"{name} {value}" for name, value in row.items()) for row in shown)
    advice = once if settings.sent_twice == "once" else f"{drop}, {choose}"
    return Problem(source.contract.table, f"{what} ({days[0]} to {days[-1]})", advice, examples=examples)


def _counted_once(source: Source, repeats: list[Repeat]) -> Iterator[Part]:
    """The parts, each file with surplus rows a part of its own that has a rule against them."""
    advice = "the same rows came before; take the copy away"
    for part in source.parts:
        for file in part.files:
            surplus = pl.lit(value=False)
            for repeat in repeats:
                surplus = surplus | _is_surplus(repeat) if repeat.file == file.name else surplus
            yield replace(
                part, files=(file,), rules=(Rule(SENT_TWICE, "date", surplus, QUARANTINE, advice, is_fault=False),)
            )


def _is_surplus(repeat: Repeat) -> pl.Expr:
    columns = [name for name in repeat.rows.columns if name not in (SOURCE_FILE, N)]
    came = _mark(columns).is_in(repeat.rows.select(_mark(columns)).to_series().implode())
    if repeat.file != repeat.earlier:
        return came
    return came & (pl.int_range(pl.len()).over(columns) >= pl.len().over(columns) // repeat.times)


def _mark(columns: list[str]) -> pl.Expr:
    """A row as one text."""
    return pl.concat_str((pl.col(name).cast(pl.String).fill_null("") for name in columns), separator=BETWEEN)
