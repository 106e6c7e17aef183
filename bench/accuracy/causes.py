"""Which cause a night names: where views follow the sales, where they do not, where an event is older than the fall.

Each planted chain is told in several ways. Grain of a figure: way, planted cause.
"""

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import polars as pl

from engine.settings.shelf.calibrated import CalibratedSettings
from engine.shelf import desk
from engine.synth.chain import ChainPlan, write_chain
from engine.synth.scenarios import SCENARIOS, Episode, effect_of
from engine.synth.tables import TRUTH
from engine.vocabulary import shelf as v

PLAN = ChainPlan(
    stores=100,
    skus=60,
    days=90,
    extra_episodes=0.06,
    extra_min_daily_units=4,
    median_daily_units=4,
    further_causes=True,
    weekend_peak=2,
    price_spread=30,
)
"""Seven causes planted at random; prices inside a category spread thirtyfold, weekends are twice as busy."""
SEEDS = range(401, 405)
EVENTS = (v.PRICE_TOO_HIGH, v.OVERSTOCK, v.PROMO_INEFFECTIVE, v.MISALLOCATION, v.NOT_ON_SHELF)
"""Causes whose views may follow the sales."""
SYMPTOMS = (v.CONVERSION_DROP, v.TRAFFIC_DROP)
UNKNOWN = "unknown"
"""What should be said of a fall that nothing in the tables explains."""
EARLIER_DAYS = 21
"""An event that a fall has nothing to do with began, or ended, so many days before it."""
RAISED_PRICE = 1.25
PROMO_DAYS, PROMO_PRICE, PROMO_LIFT = 10, 0.85, 0.4
"""A promotion that worked: its days, its share of the price, and the share sold on top of the usual sales."""

Random = np.random.Generator
Way = Callable[[Path, pl.DataFrame, Random], None]


def as_planted(folder: Path, truth: pl.DataFrame, random: Random) -> None:
    """Views fell where views were lost, and nowhere else."""


def views_follow(folder: Path, truth: pl.DataFrame, random: Random) -> None:
    """The views of every event fall from day to day as its sales do, by binomial thinning."""
    days = _days(truth.filter(pl.col("cause").is_in(EVENTS)))
    views = _laid_over(folder, v.IMPRESSIONS, days)
    kept = views["share"].fill_null(1.0).to_numpy()
    seen = random.binomial(views["impression_count"].to_numpy(), kept)
    _write(folder, v.IMPRESSIONS, views.with_columns(impression_count=pl.Series(seen, dtype=pl.Int32)))


def price_up_before(folder: Path, truth: pl.DataFrame, random: Random) -> None:
    """Where views were lost, the price had been raised weeks before, and sales had stayed."""
    lost = truth.filter(cause=v.TRAFFIC_DROP).with_columns(pl.col("first_date").dt.offset_by(f"-{EARLIER_DAYS}d"))
    days = _days(lost).with_columns(price_ratio=RAISED_PRICE)
    _write(folder, v.PRICING, _laid_over(folder, v.PRICING, days).with_columns(_times("price")))
    _write(folder, v.SALES, _laid_over(folder, v.SALES, days).with_columns(_times("revenue")))


def promotion_ended_before(folder: Path, truth: pl.DataFrame, random: Random) -> None:
    """Where views were lost, a promotion that worked had ended weeks before."""
    ended = pl.col("first_date").dt.offset_by(f"-{EARLIER_DAYS}d")
    promoted = truth.filter(cause=v.TRAFFIC_DROP).with_columns(
        first_date=ended.dt.offset_by(f"-{PROMO_DAYS - 1}d"), last_date=ended
    )
    days = _days(promoted).with_columns(price_ratio=PROMO_PRICE)
    is_promoted = pl.col("promo_flag") | pl.col("price_ratio").is_not_null()
    prices = _laid_over(folder, v.PRICING, days).with_columns(_times("price"), promo_flag=is_promoted)
    _write(folder, v.PRICING, prices)
    sales = _laid_over(folder, v.SALES, days)
    lift = pl.Series(random.binomial(sales["units_sold"].to_numpy().astype(np.int64), PROMO_LIFT))
    lifted = pl.col("units_sold") + pl.when(pl.col("price_ratio").is_not_null()).then(lift).otherwise(0)
    sales = sales.with_columns(
        _times("revenue") * lifted / pl.max_horizontal("units_sold", 1), promo_flag=is_promoted
    )
    _write(folder, v.SALES, sales.with_columns(units_sold=lifted.cast(pl.Float32)))


def without_views(folder: Path, truth: pl.DataFrame, random: Random) -> None:
    """Nobody counts views: what only they would tell is unknown."""
    (folder / f"{v.IMPRESSIONS}.parquet").unlink()


AS_PLANTED, VIEWS_FOLLOW = "as planted", "views follow"
PLACEBOS = ("price up weeks before", "promotion ended weeks before")
"""Ways of telling in which an event has nothing to do with the fall."""
WAYS: dict[str, tuple[Way, dict[str, str]]] = {
    AS_PLANTED: (as_planted, {cause: cause for cause in (*EVENTS, *SYMPTOMS)}),
    VIEWS_FOLLOW: (views_follow, {cause: cause for cause in (*EVENTS, *SYMPTOMS)}),
    PLACEBOS[0]: (price_up_before, {v.TRAFFIC_DROP: v.TRAFFIC_DROP}),
    PLACEBOS[1]: (promotion_ended_before, {v.TRAFFIC_DROP: v.TRAFFIC_DROP}),
    "no views": (without_views, {cause: cause for cause in EVENTS} | dict.fromkeys(SYMPTOMS, UNKNOWN)),
}
"""Each way of telling a chain, and what should be said of which planted cause."""


def named(seed: int, way: str) -> pl.DataFrame:
    """What a night says of every planted episode that it found: cause, wanted, said. Grain: episode found."""
    tell, wanted = WAYS[way]
    with TemporaryDirectory() as scratch:
        folder = Path(scratch) / "chain"
        write_chain(folder, PLAN.model_copy(update={"seed": seed}))
        truth = pl.read_parquet(folder / f"{TRUTH}.parquet").filter(pl.col("sku_id") > len(SCENARIOS))
        tell(folder, truth, np.random.default_rng([seed, *way.encode()]))
        night = desk.run(folder, Path(scratch) / "runs", CalibratedSettings())
        cases = pl.read_parquet(night.folder / "cases.parquet")
    overlaps = (
        truth.with_row_index("episode")
        .join(cases, on=v.PAIR)
        .filter(pl.col("detection_date") <= pl.col("last_date"), pl.col("last_dark_date") >= pl.col("first_date"))
    )
    return (
        overlaps.sort("revenue_at_risk", "case_id", descending=True, nulls_last=True)
        .unique("episode", keep="first", maintain_order=True)
        .filter(pl.col("cause").is_in(list(wanted)))
        .select(
            "cause",
            wanted=pl.col("cause").replace_strict(wanted),
            said=pl.col("primary_cause").fill_null(UNKNOWN),
        )
    )


def figures(seeds: Iterable[int] = SEEDS) -> dict[str, Any]:
    """Episodes found, and of how many the right cause was named, by way of telling, seed and planted cause."""
    return {way: {str(seed): _counts(named(seed, way)) for seed in seeds} for way in WAYS}


def right_of(seeds: Mapping[str, Mapping[str, Mapping[str, int]]]) -> dict[str, tuple[int, int]]:
    """Right and found of every planted cause in one way of telling, over all seeds."""
    total: dict[str, tuple[int, int]] = {}
    for by_cause in seeds.values():
        for cause, one in by_cause.items():
            right, found = total.get(cause, (0, 0))
            total[cause] = right + one["right"], found + one["found"]
    return total


def _counts(named: pl.DataFrame) -> dict[str, dict[str, int]]:
    is_right = pl.col("said") == pl.col("wanted")
    counts = named.group_by("cause").agg(found=pl.len(), right=is_right.sum()).sort("cause")
    return {one.pop("cause"): one for one in counts.iter_rows(named=True)}


def _days(truth: pl.DataFrame) -> pl.DataFrame:
    """The days of planted episodes. share: of its usual sales that each still sells on the day."""
    spans = truth.select(*v.PAIR, "cause", "first_date", "last_date").iter_rows()
    tables = [
        pl.DataFrame(
            {
                "date": pl.date_range(first, last, eager=True),
                "share": effect_of(Episode(store, sku, cause, 1, (last - first).days + 1)).units_ratio,
            }
        ).with_columns(store_id=pl.lit(store, pl.Int64), sku_id=pl.lit(sku, pl.Int64))
        for store, sku, cause, first, last in spans
    ]
    return pl.concat(tables)


def _laid_over(folder: Path, table: str, days: pl.DataFrame) -> pl.DataFrame:
    """A table with what its days say beside it, null on others."""
    rows = pl.read_parquet(folder / f"{table}.parquet")
    return rows.join(days, on=[*v.PAIR, "date"], how="left", maintain_order="left")


def _times(name: str) -> pl.Expr:
    """A column of money at the changed price."""
    return (pl.col(name) * pl.col("price_ratio").fill_null(1.0)).round(2)


def _write(folder: Path, table: str, rows: pl.DataFrame) -> None:
    rows.drop("share", "price_ratio", strict=False).write_parquet(folder / f"{table}.parquet")
