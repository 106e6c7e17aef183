"""Inject: episodes planted into real sales by thinning them, the truth of which is known to the unit.

In: the tables of a folder. Out: a folder with the same tables but for the thinned sales, and `Planted`. Every unit
sold on a day of an episode is kept with the chance of its depth, independently: what is left of a count of any
distribution is such a count with a smaller mean. Rows outside episodes keep their values.
"""

import itertools
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from engine.backtest.plan import Injection
from engine.delivery.source import Source
from engine.kernels.seeds import hash_texts
from engine.outputs.write import write_parquet
from engine.shelf.check import Sources
from engine.vocabulary import shelf as v

KEY = (*v.PAIR, "date")
_NUMBERS = ("depth", "velocity", "grain", "lost_units")
EPISODE = pl.Schema({"first_date": pl.Date, "last_date": pl.Date, **dict.fromkeys(_NUMBERS, pl.Float64)})
"""What is known of an episode beside its store-SKU. depth: share of the sales left, null when it was not planted
here. velocity: units a day without the episode. grain: units of the smallest sale. lost_units: in all, expected when
planted."""


@dataclass(frozen=True)
class Planted:
    """The truth. Grain of episodes: store, SKU, episode; columns of `EPISODE`. Of losses: store, SKU, date, with
    lost_units and lost_revenue, null where the row had none. Of pairs: store, SKU with velocity, units a day.
    """

    episodes: pl.DataFrame
    losses: pl.DataFrame
    pairs: pl.DataFrame


def velocities(sources: Sources) -> pl.DataFrame:
    """Units a day of every store-SKU from its first sales row to the as-of day, and the date of that row."""
    sales = sources.tables[v.SALES].usable().select(*KEY, "units_sold").collect()
    days = (pl.lit(sources.as_of) - pl.col("first_date")).dt.total_days() + 1
    # Sorted, so that a sum of fractions is the same whatever the order of the rows.
    return (
        sales.group_by(v.PAIR)
        .agg(pl.col("date").min().alias("first_date"), pl.col("units_sold").sort().sum().alias("units"))
        .select(*v.PAIR, "first_date", velocity=pl.col("units") / days)
        .sort(v.PAIR)
    )


def inject(sources: Sources, plan: Injection, into: Path, spared: pl.DataFrame | None = None) -> Planted:
    """Write the tables with planted episodes into a folder that does not exist yet.

    spared: store-SKUs, by their ids, that get no episode. Only rows that a night would use are written.
    """
    pairs = velocities(sources)
    sales = sources.tables[v.SALES].usable().collect()
    free = pairs if spared is None else pairs.join(_as_keys(spared, pairs), on=v.PAIR, how="anti").sort(v.PAIR)
    episodes = _choose(free, sources, plan).join(smallest_sales(sales), on="sku_id", how="left").sort(v.PAIR)
    episodes = episodes.select(*v.PAIR, *EPISODE)
    thinned, losses = thin(sales, episodes, plan.seed)
    into.mkdir(parents=True)
    for name, source in sources.tables.items():
        if name != v.SALES:
            _link(source, into)
    write_parquet(thinned, into / f"{v.SALES}.parquet")
    return Planted(episodes, losses, pairs.select(*v.PAIR, "velocity"))


def thin(sales: pl.DataFrame, episodes: pl.DataFrame, seed: int) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The sales with every unit inside an episode kept with the chance of its depth, and what was lost.

    Rows stay in their order. Sales are thinned in units of the episode's grain; revenue shrinks with
    the units. Every store-SKU draws from a stream of its own.
    """
    numbered = sales.with_row_index("row")
    inside = (
        numbered.join(episodes.select(*v.PAIR, "first_date", "last_date", "depth", "grain"), on=v.PAIR)
        .filter(pl.col("date").is_between("first_date", "last_date"))
        .sort(*KEY, "units_sold", "revenue", "row")
    )
    kept = _keep(inside, seed)
    left = inside.select("row", left_units=pl.col("units_sold") * kept, left_revenue=pl.col("revenue") * kept)
    thinned = numbered.join(left, on="row", how="left", maintain_order="left")
    losses = inside.select(
        *KEY, lost_units=pl.col("units_sold") * (1 - kept), lost_revenue=pl.col("revenue") * (1 - kept)
    )
    is_inside = pl.col("left_units").is_not_null()
    return (
        thinned.with_columns(
            units_sold=pl.coalesce("left_units", "units_sold"),
            revenue=pl.when(is_inside).then("left_revenue").otherwise("revenue"),
        ).select(sales.columns),
        losses,
    )


def _keep(inside: pl.DataFrame, seed: int) -> pl.Series:
    """Share kept of the units of each row; rows of one store-SKU stand together."""
    if inside.is_empty():
        return pl.Series([], dtype=pl.Float64)
    grains = (inside["units_sold"] / inside["grain"]).round().clip(lower_bound=1).cast(pl.Int64).to_numpy()
    grains = np.where(inside["units_sold"].to_numpy() > 0, grains, 0)
    depth, keys = inside["depth"].to_numpy(), seeds_of_pairs(inside, f"thin {seed}")
    kept = np.zeros(len(grains))
    bounds = np.flatnonzero(np.r_[True, keys[1:] != keys[:-1], True])
    for first, end in itertools.pairwise(bounds):
        random = np.random.default_rng(int(keys[first]))
        kept[first:end] = random.binomial(grains[first:end], depth[first:end])
    return pl.Series(kept / np.maximum(grains, 1))


def seeds_of_pairs(pairs: pl.DataFrame, salt: str) -> np.ndarray[tuple[int], np.dtype[np.uint64]]:
    """A seed for each row from its store, its SKU and a word: the same whatever else is in the data."""
    texts = pairs.select(pl.concat_str(pl.lit(salt), *v.PAIR, separator=" "))["literal"]
    content = [text.encode() for text in texts]
    ends = np.concatenate([[0], np.cumsum([len(text) for text in content], dtype=np.int64)]).astype(np.int64)
    seeds = np.empty(len(content), np.uint64)
    hash_texts(np.frombuffer(b"".join(content), np.uint8), ends, seeds)
    return seeds


def _choose(pairs: pl.DataFrame, sources: Sources, plan: Injection) -> pl.DataFrame:
    """One episode for a share of the store-SKUs with enough history and any sale."""
    rows = []
    seeds = seeds_of_pairs(pairs, f"choose {plan.seed}")
    for key, (store, sku, first_date, velocity) in zip(seeds, pairs.iter_rows(), strict=True):
        random = np.random.default_rng(int(key))
        places = (sources.as_of - first_date).days - plan.history_days - plan.shortest_days + 2
        if random.random() >= plan.share or places < 1 or not velocity > 0:
            continue
        begin = plan.history_days + int(random.integers(places))
        days = int(random.integers(plan.shortest_days, plan.longest_days, endpoint=True))
        depth = plan.depths[int(random.integers(len(plan.depths)))]
        rows.append((store, sku, first_date, begin, days, depth, velocity))
    kinds: dict[str, Any] = {name: pairs.schema[name] for name in v.PAIR}
    kinds |= {"listed": pl.Date, "begin": pl.Int64, "days": pl.Int64, "depth": pl.Float64, "velocity": pl.Float64}
    first = pl.col("listed") + pl.duration(days="begin")
    last = pl.min_horizontal(first + pl.duration(days=pl.col("days") - 1), pl.lit(sources.as_of))
    return (
        pl.DataFrame(rows, schema=kinds, orient="row")
        .with_columns(first_date=first, last_date=last)
        .with_columns(
            lost_units=(1 - pl.col("depth"))
            * pl.col("velocity")
            * ((pl.col("last_date") - pl.col("first_date")).dt.total_days() + 1)
        )
        .drop("listed", "begin", "days")
    )


def smallest_sales(sales: pl.DataFrame) -> pl.DataFrame:
    """Grain of every SKU: 1 where all sales are whole, else the smallest sale of each SKU."""
    sold = sales.filter(pl.col("units_sold") > 0)
    smallest = sold.group_by("sku_id").agg(pl.col("units_sold").min().alias("grain"))
    if sold.is_empty() or (sold["units_sold"] % 1 == 0).all():
        return smallest.with_columns(grain=pl.lit(1.0))
    return smallest


def _as_keys(some: pl.DataFrame, like: pl.DataFrame) -> pl.DataFrame:
    return some.select(pl.col(name).cast(like.schema[name]) for name in v.PAIR).unique()


def _link(source: Source, into: Path) -> None:
    """The files of a table under their own names: their content is what it was."""
    for part in source.parts:
        for file in part.files:
            place = into / file.name
            place.parent.mkdir(parents=True, exist_ok=True)
            place.symlink_to(file.path.resolve())
