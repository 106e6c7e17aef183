"""The default producers in one call: from sales, stock and clusters to the tables that Step 12 reads.

sales → clusters → protect (Step 9) → reduce (Step 10) → nominate (Step 11)
"""

import hashlib
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from engine.contracts.growth import growth_contracts
from engine.delivery.source import Source
from engine.delivery.tables import Delivered, duplicates, open_tables, verify
from engine.errors import InputError, OutputError, Problem
from engine.growth.inputs import clean_clusters, clean_traffic, of_period
from engine.growth.upstream.clusters import Clusters, find_clusters
from engine.growth.upstream.nominate import nominate
from engine.growth.upstream.protect import protect
from engine.growth.upstream.reduce import reduce
from engine.growth.upstream.shelf_run import overstock, stars
from engine.growth.upstream.stock import stock
from engine.outputs.write import write_json, write_parquet
from engine.runs.registry import Run
from engine.settings.growth.scaling import InputSettings
from engine.settings.growth.upstream import DiscoverSettings
from engine.vocabulary import growth as v

REPORT = "discovery.json"


@dataclass(frozen=True)
class Discovery:
    """What a call of `discover` left behind. facts: as in `discovery.json`."""

    folder: Path
    facts: dict[str, Any]


def discover(
    folder: Delivered, out: Path, settings: DiscoverSettings, period: str | None = None, shelf: Run | None = None
) -> Discovery:
    """Write the tables of Step 12 for one half month into a new folder: sales, clusters, Steps 9, 10 and 11.

    period: by default the latest of the sales; earlier ones serve as history. shelf: a night whose stars and
    overstock are added. Raises OutputError, and InputError with every problem, also when `out` holds something.
    """
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise InputError([Problem(str(out), "is there already and not empty", "name a new folder for the tables")])
    sources = _checked(folder)
    tables = {name: source.usable() for name, source in sources.items()}
    sales = tables[v.STORE_SPU_SALES].collect()
    if "period" in sources[v.STORE_SPU_SALES].columns:
        period = period or str(sales["period"].max())
    made, facts = _produced(tables, sales, period, settings, shelf)
    facts = {"period": period, **facts}
    _write(out, made, facts)
    return Discovery(out, facts)


def _checked(folder: Delivered) -> dict[str, Source]:
    sources, problems = open_tables(folder, growth_contracts((v.STORE_SPU_SALES,)), as_text=True)
    stops, _ = verify(sources)
    problems += stops
    if not problems:
        key: tuple[str, ...] = v.STORE_SPU
        sales = sources[v.STORE_SPU_SALES]
        if "period" in sales.columns:
            key = (*key, "period")
        checks = [(sales.usable(), v.STORE_SPU_SALES, key)]
        if v.CLUSTERS in sources:
            checks.append((sources[v.CLUSTERS].usable(), v.CLUSTERS, ("str_code",)))
        found = (
            duplicates(rows, name, keys, f"deliver one row a {' and '.join(keys)}") for rows, name, keys in checks
        )
        problems += [problem for problem in found if problem is not None]
    if problems:
        raise InputError(problems)
    return sources


def _produced(
    tables: Mapping[str, pl.LazyFrame],
    sales: pl.DataFrame,
    period: str | None,
    settings: DiscoverSettings,
    shelf: Run | None,
) -> tuple[dict[str, pl.DataFrame], dict[str, Any]]:
    now = of_period(sales.lazy(), period)
    if now.head(1).collect().is_empty():
        raise InputError([Problem(v.STORE_SPU_SALES, f"has no row of {period}", "choose a period that is there")])
    clusters, found = _clusters(tables, now, settings)
    held = stock(now, clusters.lazy()).collect().lazy()
    step9 = protect(held, settings.protect).collect()
    history = sales.lazy().select(*v.STORE_SPU, "period", store_sales=pl.coalesce("store_sales", "current_spu_count"))
    step10 = _with_overstock(reduce(held, history, step9.lazy(), settings.reduce, settings.protect), shelf).collect()
    traffic = tables.get(v.TRAFFIC)
    visitors = None if traffic is None else clean_traffic(traffic, period, InputSettings())
    step11 = nominate(held, clusters.lazy(), visitors, step10.lazy(), period, settings.nominate).collect()
    step11 = _with_stars(step11, step10, shelf, settings)
    made = {v.CLUSTERS: clusters, v.STEP9: step9, v.STEP10: step10, v.STEP11: step11}
    if traffic is not None:
        made[v.TRAFFIC] = traffic.collect()
    facts = {
        "stores": clusters.height,
        "clusters": int(clusters["cluster_id"].n_unique()),
        "clusters_tried": None if found is None else found.choices.to_dicts(),
        "step9": _counted(step9, "rule9_reason"),
        "step10": _counted(step10, "rule10_reason"),
        "step10_volatile": int(step10["volatility_flag"].sum()),
        "step11_rows": step11.height,
        "step11_candidates": int(step11["is_growth_candidate"].sum()),
        "step11_by_type": _counted(step11.filter("is_growth_candidate"), "recommendation_type"),
        "step11_by_tier": _counted(step11.filter("is_growth_candidate"), "opportunity_tier"),
        "from_shelf_run": None if shelf is None else shelf.run_id,
    }
    return _dated({v.STORE_SPU_SALES: now.collect(), **made}, period), facts


def _clusters(
    tables: Mapping[str, pl.LazyFrame], now: pl.LazyFrame, settings: DiscoverSettings
) -> tuple[pl.DataFrame, Clusters | None]:
    if v.CLUSTERS in tables:
        return clean_clusters(tables[v.CLUSTERS]).sort("str_code").collect(), None
    units = pl.coalesce("store_sales", "current_spu_count").clip(lower_bound=0)
    found = find_clusters(now.select(*v.STORE_SPU, "cate_name", store_sales=units).collect(), settings.clusters)
    return found.stores, found


def _with_overstock(step10: pl.LazyFrame, shelf: Run | None) -> pl.LazyFrame:
    """Step 10 with the shelf desk's overstock; of two rows of a key both stay, and either one blocks."""
    return step10 if shelf is None else pl.concat([step10, overstock(shelf)], how="diagonal_relaxed")


def _with_stars(
    step11: pl.DataFrame, step10: pl.DataFrame, shelf: Run | None, settings: DiscoverSettings
) -> pl.DataFrame:
    """Step 11 with the shelf desk's stars, unless Step 10 reduces them; what is marked already stays as it is."""
    if shelf is None:
        return step11
    reduced = step10.filter("rule10_applied")
    marked = step11.filter("is_growth_candidate")
    added = stars(shelf, settings.shelf).collect()
    added = added.join(reduced, on=v.STORE_SPU, how="anti").join(marked, on=v.STORE_SPU, how="anti")
    kept = step11.join(added, on=v.STORE_SPU, how="anti")
    return pl.concat([kept, added], how="diagonal_relaxed")


def _dated(made: dict[str, pl.DataFrame], period: str | None) -> dict[str, pl.DataFrame]:
    """Every table sorted by key; the sales and the steps say of which half month and which sales they are."""
    sales = made[v.STORE_SPU_SALES].drop("dataset_id").sort(v.STORE_SPU)
    mark = hashlib.blake2b(sales.write_csv().encode(), digest_size=8).hexdigest()
    dated: dict[str, pl.DataFrame] = {}
    for name, frame in (made | {v.STORE_SPU_SALES: sales}).items():
        if name in (v.STORE_SPU_SALES, v.STEP9, v.STEP10, v.STEP11):
            said = [] if period is None else [pl.lit(period).alias("period")]
            frame = frame.with_columns(*said, dataset_id=pl.lit(mark))
        filled = [column for column in frame.columns if frame[column].null_count() < max(frame.height, 1)]
        key = [column for column in v.STORE_SPU if column in frame.columns]
        dated[name] = frame.select(filled).sort(key, maintain_order=True)
    return dated


def _counted(rows: pl.DataFrame, column: str) -> dict[str, int]:
    return dict(rows.group_by(column).len().sort(column).iter_rows())


def _write(out: Path, made: Mapping[str, pl.DataFrame], facts: dict[str, Any]) -> None:
    """The folder appears whole or not at all."""
    partial = out.with_name(f".{out.name}.partial")
    try:
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
        for name, frame in made.items():
            write_parquet(frame, partial / f"{name}.parquet")
        write_json(facts, partial / REPORT)
        if out.exists():
            out.rmdir()
        partial.rename(out)
    except OSError as error:
        shutil.rmtree(partial, ignore_errors=True)
        raise OutputError(f"{out} cannot be written: {error.strerror or error}") from error
