"""Nights: what the loop back from the store reads of published nights, with ids as text.

In: runs. Out: frames.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path

import polars as pl

from engine.errors import NotFoundError
from engine.mirrors import told
from engine.outputs.money import currency_of
from engine.outputs.read import raising_damage, table
from engine.outputs.shelf import shapes
from engine.runs.registry import Registry, Run
from engine.vocabulary import shelf as v
from engine.vocabulary.common import DOLLARS
from engine.vocabulary.shelf import DESK as SHELF

DESK = SHELF
TEXT_IDS = tuple(pl.col(name).cast(pl.String) for name in v.PAIR)


def shelf_nights(out: Path, run_ids: Sequence[str] | None = None) -> list[Run]:
    """The shelf nights published under `out`, oldest first; those named, or all that can be read.

    Raises NotFoundError for one that is named and is none, or cannot be read.
    """
    registry = Registry(out)
    if run_ids is None:
        return registry.runs(DESK)
    named = [registry.find(run_id) for run_id in run_ids]
    for run in named:
        refuse_other_desks(run)
    return named


def currency_of_nights(out: Path, run_ids: Sequence[str] | None = None) -> str:
    """What stands before an amount of some nights, or of all: as the newest of them was told.

    Raises NotFoundError for one that is named and is none, or cannot be read.
    """
    nights = shelf_nights(out, run_ids)
    newest = max(nights, key=lambda run: (run.as_of, run.finished_at), default=None)
    return DOLLARS if newest is None else currency_of(newest.manifest)


def is_night(run: Run) -> bool:
    """Whether a run is a night of the shelf desk."""
    return run.desk == DESK


def refuse_other_desks(run: Run) -> None:
    """Raise NotFoundError for a run that is no night of the shelf desk."""
    if not is_night(run):
        raise NotFoundError(f"{run.run_id} is no night: name one with  --run , see  darkshelf runs list")


def judged_pairs(run: Run) -> pl.DataFrame:
    """The store-SKUs that a night judged, and those of its cases: store_id, sku_id, as text, sorted."""
    with raising_damage(run):
        parts = [table(run, name).select(TEXT_IDS) for name in (shapes.FEATURES, shapes.CASES)]
        return pl.concat(parts).unique().sort(v.PAIR).collect()


def open_cases(run: Run, columns: Iterable[str], store_id: str | None = None) -> pl.DataFrame:
    """The open cases of a night, of one store or of all, by value, descending.

    Columns: case_id, store_id and sku_id as text, and further ones.
    """
    with raising_damage(run):
        cases = table(run, shapes.CASES).filter(pl.col("status") == v.OPEN, of_store(store_id))
        return cases.select("case_id", *TEXT_IDS, *columns).collect()


def features(run: Run, columns: Iterable[str], store_id: str | None = None) -> pl.DataFrame:
    """Columns of every judged store-SKU, of one store or of all, with its ids as text."""
    with raising_damage(run):
        return table(run, shapes.FEATURES).filter(of_store(store_id)).select(*TEXT_IDS, *columns).collect()


def of_store(store_id: str | None) -> pl.Expr:
    """Whether a row is of a store; every row without one."""
    return pl.lit(value=True) if store_id is None else pl.col("store_id").cast(pl.String) == store_id


def names(run: Run) -> tuple[pl.DataFrame, pl.DataFrame]:
    """What stores and products are called: store_id, store_name; sku_id, sku_name, category. Ids as text.

    Raises NotFoundError for a night of an older form, which has no names of products.
    """
    store, sku = TEXT_IDS
    if not run.holds(shapes.SKUS):
        raise NotFoundError(
            f"the night {run.run_id} is of an older form, without {shapes.SKUS}, and has no checks; its cases can be "
            f"read as before. Publish the day anew:  darkshelf run INPUT --out {told(run.out)} "
            f"--as-of {run.as_of} --force"
        )
    with raising_damage(run):
        stores = table(run, shapes.STORES).select(store, "store_name").collect()
        return stores, table(run, shapes.SKUS).select(sku, "sku_name", "category").collect()
