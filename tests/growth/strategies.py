"""Random tables of the growth desk: ties, zeros, negatives, nulls, NaN, repeated flags, lone stores."""

from __future__ import annotations

import math
from random import Random

from hypothesis import strategies as st

from tests.growth.tables import Row, Tables

SPUS = ("A1", "15K5107", "0A00005")
QUANTITIES = (0.0, 0.5, 1.0, 2.0, 3.0, 3.0, 4.0, 8.0, 8.0, 20.6, 35.8, 60.0, 200.0, 500.0, -3.0, None, math.nan)
SEXES = ("F", "女", " Female", "M", "男", "male", "unisex", "", None)
FLAGS = (True, True, False, None)
VISITORS = (0.0, 12.0, 80.0, 192.0, 109.0, -1.0, math.nan, None)
RATES = (None, 0.0, 0.3, 0.5, 0.7, 1.0, 1.3, -0.2)


def tables(most_stores: int = 40) -> st.SearchStrategy[Tables]:
    """Rows of every table, some of them not supplied, over up to `most_stores` stores in one to four clusters."""
    return st.builds(random_tables, st.integers(0, 2**32), st.integers(1, most_stores), st.integers(1, 4))


def random_tables(seed: int, n_stores: int, n_clusters: int) -> Tables:
    """The tables of a seed. With four clusters one has a single store, and one store belongs to none."""
    rng = Random(seed)
    stores = [f"{n:03}" for n in range(n_stores)]
    cluster = {store: n % n_clusters if n_clusters < 4 else min(n, 1) for n, store in enumerate(stores)}
    if n_clusters == 4:
        cluster.pop(stores[-1])
    keys = [(store, spu) for store in stores for spu in SPUS[: rng.randint(1, 3)]]
    return Tables(
        {
            "sales": [_sale(rng, key) for key in keys if rng.random() < 0.9],
            "clusters": [{"str_code": store, "cluster_id": str(its)} for store, its in cluster.items()],
            "store_traffic": rng.choice([None, [_visits(rng, store) for store in stores for _ in "ab"]]),
            "step9": _flags(rng, keys, "rule9_applied", recommended_quantity_change=1.0),
            "step10": _flags(rng, keys, "rule10_applied", volatility_flag=rng.choice(FLAGS)),
            "step11": [
                {"str_code": store, "spu_code": spu, "is_growth_candidate": rng.choice(FLAGS)} for store, spu in keys
            ],
        }
    )


def _sale(rng: Random, key: tuple[str, str]) -> Row:
    units = [rng.choice([rng.choice(QUANTITIES), round(rng.gammavariate(2, 10), 2)]) for _ in "ab"]
    return {
        "str_code": key[0],
        "spu_code": key[1],
        "current_spu_count": units[0],
        "store_sales": rng.choice([units[0], units[1]]),
        "sell_through_rate": rng.choice(RATES),
        "sex_name": rng.choice(SEXES),
    }


def _visits(rng: Random, store: str) -> Row:
    return {
        "str_code": store,
        "woman_into_str_cnt_avg": rng.choice(VISITORS),
        "male_into_str_cnt_avg": rng.choice(VISITORS),
    }


def _flags(rng: Random, keys: list[tuple[str, str]], flag: str, **further: object) -> list[Row] | None:
    """Rows of some keys, some of them twice; sometimes no table at all."""
    if rng.random() < 0.15:
        return None
    chosen = [key for key in keys for _ in range(rng.choice([0, 0, 0, 1, 1, 2]))]
    return [{"str_code": store, "spu_code": spu, flag: rng.choice(FLAGS), **further} for store, spu in chosen]
