"""Blocks: the candidates of a run, so many at a time, each block with what it needs and nothing else.

In: clean tables, benchmarks of everybody, names. Out: audited candidates with their names, block by block, sorted by
store and SPU. A row needs no other row, so blocks change no number; memory follows the block.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import polars as pl

from engine.growth.benchmark import Benchmarks, benchmarks_of
from engine.growth.inputs import Inputs, in_memory, known, marked
from engine.growth.keys import PAIR, Codes
from engine.growth.scale import NUMBERS, keep_the_list, scale
from engine.settings.growth.scaling import GrowthSettings
from engine.vocabulary import growth as v

ROWS_PER_BLOCK = 500_000
"""So many candidates are scaled, checked and written at a time."""
SAID_BY_STEP11 = ("opportunity_tier", "opportunity_score", "recommendation_type")
SPU_NAMES = ("spu_name", "cate_name")
STORE_NAMES = ("store_name",)
COLUMNS = (*v.STORE_SPU, "cluster_id", *NUMBERS, *SAID_BY_STEP11, *STORE_NAMES, *SPU_NAMES, "unit_price")
"""Columns of the scaled candidates and what is known of them; the audit adds the newsvendor quantity and the plan."""


@dataclass(frozen=True)
class Names:
    """What the sales call stores and SPUs, the first by name of several. spus: with the median price."""

    stores: pl.LazyFrame
    spus: pl.LazyFrame


@dataclass(frozen=True)
class Task:
    """A scaling, whole or the part of one block. step11: what Step 11 said of its candidates, with pair and key."""

    given: Inputs
    benchmarks: Benchmarks
    step11: pl.LazyFrame
    names: Names
    settings: GrowthSettings

    def blocks(self) -> Iterator["Task"]:
        """The task in parts of about equal size, by pair; one without candidates when there are none."""
        for first, last in ranges(self.given):
            own = pl.col(PAIR).is_between(first, last)
            yield replace(
                self,
                given=self.given.between(first, last),
                benchmarks=self.benchmarks.between(first, last),
                step11=self.step11.filter(own),
            )

    def without_shrinkage(self) -> "Task":
        """The same task with benchmarks as the clusters have them."""
        benchmark = self.settings.benchmark.model_copy(update={"shrinkage_peers": 0.0})
        settings = self.settings.model_copy(update={"benchmark": benchmark})
        return replace(self, benchmarks=benchmarks_of(self.given, settings), settings=settings)

    def scaled(self) -> pl.DataFrame:
        """The candidates as Step 12 leaves them, in `COLUMNS`, sorted by key. Raises BoundaryError."""
        rows = scale(self.given, self.settings, self.benchmarks).collect()
        return self._named(keep_the_list(rows, self.given.candidates.collect()))

    def _named(self, rows: pl.DataFrame) -> pl.DataFrame:
        """The rows with names and with what Step 11 said of them, as it said it; codes and names are text again."""
        said = self.step11.select(PAIR, *SAID_BY_STEP11).with_columns(pl.col("opportunity_score").fill_nan(None))
        named = rows.lazy().join_asof(said, on=PAIR, tolerance=0)
        for key, names in (("str_code", self.names.stores), ("spu_code", self.names.spus)):
            named = named.join(names, on=key, how="left", maintain_order="left")
        codes = pl.col(v.STORE_SPU).cast(pl.String)
        return named.select(COLUMNS).with_columns(codes, pl.col(pl.Categorical).cast(pl.String)).collect()


def ranges(given: Inputs) -> Iterator[tuple[int, int]]:
    """First and last pair of every block; one block of nothing when there are no candidates."""
    pairs = given.candidates.select(PAIR).collect()[PAIR]
    firsts = pairs.gather_every(ROWS_PER_BLOCK).to_list() or [0]
    ends = [first - 1 for first in firsts[1:]] + [int(pairs[-1]) if len(pairs) else 0]
    yield from zip(firsts, ends, strict=True)


def task_of(tables: Mapping[str, pl.LazyFrame], given: Inputs, settings: GrowthSettings) -> Task:
    """The whole scaling. tables: by name, as `given` was made from them."""
    step11 = in_memory(given.codes.keyed(marked(tables[v.STEP11])).select(PAIR, *v.STORE_SPU, *SAID_BY_STEP11))
    return Task(given, benchmarks_of(given, settings), step11, _names(tables, given.codes), settings)


def _names(tables: Mapping[str, pl.LazyFrame], codes: Codes) -> Names:
    sales = codes.keyed(tables[v.STORE_SPU_SALES])
    price = known(pl.col("unit_price")).median()
    stores = sales.group_by("str_code").agg(pl.col(STORE_NAMES).min())
    return Names(
        stores.collect().lazy(),
        sales.group_by("spu_code").agg(pl.col(SPU_NAMES).min(), unit_price=price).collect().lazy(),
    )
