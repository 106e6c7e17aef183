"""Publish: from scaled candidates to the files of a run folder, block by block.

In: the scaled candidates of a block. Out: files. Memory follows the block.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import polars as pl

from engine.contracts.contract import UNUSABLE
from engine.delivery.source import PARQUET
from engine.growth.benchmark import Benchmarks
from engine.growth.blocks import ROWS_PER_BLOCK
from engine.growth.check import Delivery
from engine.growth.fit import Fit
from engine.growth.inputs import Inputs
from engine.growth.keys import PEER_GROUP
from engine.outputs.growth import shapes
from engine.outputs.growth.explain import explain
from engine.outputs.growth.explanation_facts import ExplanationFacts
from engine.outputs.write import appended_parquet, write_csv_rows, write_parquet
from engine.vocabulary import growth as v
from engine.vocabulary.common import TIE_TOLERANCE

MARKDOWN = ".md"
FORMS = (".csv", *PARQUET, MARKDOWN)
"""What decisions can be exported as."""
NAMED = (("str_code", "store_name"), ("spu_code", "spu_name"))
PEER_COLUMNS = ("cluster_id", "spu_code", "str_code", "store_sales", "peer_percentile")
ROWS_EXPLAINED_AT_A_TIME = 100_000
"""So many rows have their texts in memory."""


def with_fit(audit: pl.DataFrame, optimum: pl.Series | None, plan: Fit | None) -> pl.DataFrame:
    """The audit with the newsvendor quantity and the plan under stock; null where neither was asked for."""
    nothing = pl.Series("newsvendor_units", [None], pl.Int32).new_from_index(0, audit.height)
    audit = audit.with_columns(nothing if optimum is None else optimum)
    if plan is None:
        return audit.with_columns(fitted_quantity=pl.lit(None, pl.Float64), fitted_units=pl.lit(None, pl.Int32))
    fitted = audit.join(plan.rows, on=v.STORE_SPU, how="left", maintain_order="left")
    units = pl.col("fitted_quantity").fill_null(0.0)
    return fitted.with_columns(fitted_quantity=units, fitted_units=(units + TIE_TOLERANCE).floor().cast(pl.Int32))


@contextmanager
def rows_into(folder: Path, known: ExplanationFacts, most_explained: int) -> Iterator[Callable[[pl.DataFrame], None]]:
    """A function that adds the rows of a block to the audit, and those that are scaled to the recommendations.

    Up to `most_explained` recommendations are published with their texts, and as CSV; more of them as numbers alone.
    """
    waiting: list[pl.DataFrame] = []
    with ExitStack() as files:
        add_audit = files.enter_context(appended_parquet(folder / shapes.AUDIT))
        add_numbers: list[Callable[[pl.DataFrame], None]] = []

        def add(block: pl.DataFrame) -> None:
            add_audit(block)
            waiting.append(block.filter(pl.col("recommended_adjustment_quantity") > 0))
            if not add_numbers and sum(rows.height for rows in waiting) > most_explained:
                add_numbers.append(files.enter_context(appended_parquet(folder / shapes.RECOMMENDATIONS)))
            while add_numbers and waiting:
                add_numbers[0](waiting.pop(0))

        yield add
        if not add_numbers:
            explained_rows = explain(pl.concat(waiting).lazy(), known)
            write_explained(explained_rows, (folder / shapes.RECOMMENDATIONS, folder / shapes.RECOMMENDATIONS_CSV))


def write_explained(rows: pl.LazyFrame, files: Iterable[Path]) -> int:
    """Write rows to files, each CSV or Parquet by its name, so many at a time; how many rows there are.

    rows: lazy; a slice at a time is computed and held.
    """
    count = int(rows.select(pl.len()).collect().item())
    with ExitStack() as stack:
        adds = [stack.enter_context(_appended(file)) for file in files]
        for first in range(0, max(count, 1), ROWS_EXPLAINED_AT_A_TIME):
            block = rows.slice(first, ROWS_EXPLAINED_AT_A_TIME).collect()
            for add in adds:
                add(block)
    return count


@contextmanager
def _appended(file: Path) -> Iterator[Callable[[pl.DataFrame], None]]:
    """A function that adds told rows to a file of one of the `FORMS`."""
    if file.suffix in PARQUET:
        with appended_parquet(file) as add:
            yield add
        return
    with file.open("wb") as stream:

        def add_text(block: pl.DataFrame) -> None:
            if file.suffix == MARKDOWN:
                stream.write("".join(block.select(_in_markdown()).to_series()).encode())
            else:
                write_csv_rows(block, stream, header=not stream.tell())

        yield add_text


def _in_markdown() -> pl.Expr:
    """A section a row: store, SPU, and the explanation line by line."""
    store, spu = (pl.format("{} {}", code, pl.col(name).fill_null("")) for code, name in NAMED)
    lines = pl.col("full_explanation").str.replace_all("\n", "\n- ", literal=True)
    return pl.format("## {}, {}\n\n- {}\n\n", store.str.strip_chars_end(), spu.str.strip_chars_end(), lines)


def publish_peers(folder: Path, benchmarks: Benchmarks, given: Inputs) -> None:
    """The peers of every cluster and SPU that has a candidate, with their sales and places, cluster after cluster."""
    candidates = given.candidates.join(given.clusters, on="str_code").pipe(given.codes.grouped)
    groups = candidates.select(PEER_GROUP).unique().collect().lazy()
    wanted = benchmarks.peers().join(groups, on=PEER_GROUP, how="semi").select(PEER_GROUP, *PEER_COLUMNS).collect()
    order = (PEER_GROUP, "store_sales", "str_code")
    with appended_parquet(folder / shapes.PEERS) as add:
        for low, high in _cluster_ranges(wanted):
            some = wanted.filter(pl.col("cluster_id").is_between(low, high)).sort(order)
            add(some.select(PEER_COLUMNS).with_columns(pl.col(*v.STORE_SPU).cast(pl.String)))


def _cluster_ranges(rows: pl.DataFrame) -> list[tuple[int, int]]:
    """Ranges of clusters with about so many rows each; one without any where there are no rows."""
    sizes = (
        rows.group_by("cluster_id").len().sort("cluster_id").with_columns(pl.col("len").cum_sum() // ROWS_PER_BLOCK)
    )
    ranges = sizes.group_by("len", maintain_order=True).agg(
        low=pl.col("cluster_id").min(), high=pl.col("cluster_id").max()
    )
    return list(ranges.select("low", "high").iter_rows()) or [(0, 0)]


def publish_quarantine(folder: Path, delivery: Delivery) -> None:
    """The rows kept out of the run, a file per table that has any, with the reason, sorted by their content."""
    for name, loaded in delivery.loaded.items():
        if loaded.counts[UNUSABLE]:
            rows = delivery.sources[name].quarantined().drop("source_file", "source_row").collect()
            write_parquet(rows.sort(rows.columns, nulls_last=True), folder / shapes.QUARANTINE / f"{name}.parquet")
