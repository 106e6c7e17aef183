"""Tables of the growth desk to be measured on: `python -m bench.speed.growth_tables FOLDER SPUS`.

Three thousand stores in thirty clusters carry three quarters of the SPUs. Demand is gamma-Poisson, so that stores
differ by more than chance. Two thirds of all pairs are candidates: a million at 500 SPUs, ten million at 5,000. A
part of them is raised by Step 9 or reduced by Step 10.
"""

import sys
from pathlib import Path

import numpy as np
import polars as pl
from numpy.random import Generator
from numpy.typing import NDArray

STORES, CLUSTERS = 3_000, 30
CARRIED_SHARE, CANDIDATE_SHARE = 0.75, 2 / 3
RAISED_SHARE, REDUCED_SHARE = 0.03, 0.05
DEMAND_MEAN_LOG, DEMAND_SPREAD_LOG, STORE_SHAPE = 2.0, 0.9, 4.0
PERIOD = "202506A"
CATEGORIES = ("直筒裤", "jogger", "shirt", "skirt", "dress", "jacket", "coat", "knitwear", "shoes", "belt")
SEXES = ("女", "男", "中性")
SEED = 7


def write_tables(folder: Path, spus: int) -> Path:
    """The five tables of a scaling and the traffic, a Parquet file each, sorted by key."""
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(SEED)
    stores = pl.Series("str_code", [f"{11_000 + n}" for n in range(STORES)])
    codes = pl.Series("spu_code", [f"{15 + n % 4}K{5000 + n}" for n in range(spus)])
    pairs = np.arange(STORES * spus)
    cluster = rng.integers(0, CLUSTERS, STORES)
    _sales(rng, pairs, stores, codes, cluster).write_parquet(folder / "sales.parquet")
    pl.DataFrame({"str_code": stores, "cluster_id": cluster}).write_parquet(folder / "clusters.parquet")
    visitors = {
        "woman_into_str_cnt_avg": rng.uniform(40, 260, STORES).round(1),
        "male_into_str_cnt_avg": rng.uniform(40, 260, STORES).round(1),
    }
    pl.DataFrame({"str_code": stores, "period": PERIOD, **visitors}).write_parquet(folder / "store_traffic.parquet")
    candidates = pairs[rng.random(pairs.size) < CANDIDATE_SHARE]
    _keys(candidates, stores, codes).with_columns(
        period=pl.lit(PERIOD),
        is_growth_candidate=pl.lit(value=True),
        opportunity_score=pl.Series(rng.random(candidates.size).round(4)),
        opportunity_tier=pl.Series(
            rng.choice(["High Confidence Growth", "Medium Confidence Growth"], candidates.size)
        ),
    ).write_parquet(folder / "step11.parquet")
    for step, share, flag, sign in (
        ("step9", RAISED_SHARE, "rule9_applied", 1),
        ("step10", REDUCED_SHARE, "rule10_applied", -1),
    ):
        _keys(pairs, stores, codes).with_columns(pl.Series(flag, rng.random(pairs.size) < share)).with_columns(
            period=pl.lit(PERIOD), recommended_quantity_change=pl.when(flag).then(float(sign)).otherwise(0.0)
        ).write_parquet(folder / f"{step}.parquet")
    return folder


def _keys(pairs: NDArray[np.int64], stores: pl.Series, codes: pl.Series) -> pl.DataFrame:
    return pl.DataFrame([stores.gather(pairs // len(codes)), codes.gather(pairs % len(codes))])


def _sales(
    rng: Generator, pairs: NDArray[np.int64], stores: pl.Series, codes: pl.Series, cluster: NDArray[np.int64]
) -> pl.DataFrame:
    assortment = pairs[rng.random(pairs.size) < CARRIED_SHARE]
    store, spu = assortment // len(codes), assortment % len(codes)
    usual = rng.lognormal(DEMAND_MEAN_LOG, DEMAND_SPREAD_LOG, (CLUSTERS, len(codes)))[cluster[store], spu]
    sold = rng.poisson(usual * rng.gamma(STORE_SHAPE, 1 / STORE_SHAPE, assortment.size)).astype(float)
    held = sold + rng.poisson(usual / 2)
    category = rng.integers(0, len(CATEGORIES), len(codes))
    return _keys(assortment, stores, codes).with_columns(
        period=pl.lit(PERIOD),
        current_spu_count=pl.Series(held),
        store_sales=pl.Series(sold),
        unit_price=pl.Series(rng.uniform(20, 400, len(codes)).round(0)[spu]),
        sell_through_rate=pl.Series((sold / np.maximum(held, 1)).round(3)),
        cate_name=pl.Series(CATEGORIES).gather(category[spu]),
        sex_name=pl.Series(SEXES).gather(rng.integers(0, len(SEXES), len(codes))[spu]),
        spu_name=pl.Series([f"L'été n° {n}" for n in range(len(codes))]).gather(spu),
        store_name=pl.Series([f"O'Brien’s {n}" for n in range(STORES)]).gather(store),
    )


if __name__ == "__main__":
    write_tables(Path(sys.argv[1]), int(sys.argv[2]))
