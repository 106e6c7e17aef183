"""Step 12 against an independent reading of it in plain Python."""

from __future__ import annotations

import math
import random

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings

from engine.growth.scale import scale
from engine.settings.growth.scaling import GrowthSettings
from tests.growth.strategies import tables
from tests.growth.tables import PERIOD, Tables, candidate
from tests.oracles.growth import Rules, scaled

COMPARED = (
    "cluster_id",
    "status",
    "recommended_adjustment_quantity",
    "recommended_units",
    "performance_gap",
    "gap_ratio",
    "cluster_p75",
    "cluster_median",
    "peer_n",
    "peer_percentile",
    "store_sales",
    "current_spu_count",
    "base_scaling",
    "affinity_modifier",
    "elasticity_dampener",
    "sell_through_boost",
    "step9_dampener",
    "raw_adjustment",
    "cap_current",
    "cap_median",
    "cap_absolute",
    "cap_applied",
    "scaling_tier",
)
READINGS = [
    pytest.param(GrowthSettings(), Rules(), id="default"),
    pytest.param(
        GrowthSettings(profile="reference"), Rules(one_sales_column=True, elasticity=0, boost=0), id="reference"
    ),
    pytest.param(GrowthSettings(caps={"zero_current": "strict"}), Rules(strict_zero=True), id="strict_zero"),
    pytest.param(GrowthSettings(benchmark={"own_store": "left_out"}), Rules(leave_out=True), id="leave_one_out"),
    pytest.param(GrowthSettings(benchmark={"peers": "all_stores"}), Rules(zero_fill=True), id="zero_fill"),
    pytest.param(GrowthSettings(benchmark={"shrinkage_peers": 10}), Rules(shrinkage=10), id="shrinkage"),
    pytest.param(
        GrowthSettings(benchmark={"peers": "all_stores", "own_store": "left_out"}),
        Rules(zero_fill=True, leave_out=True),
        id="zero_fill_without_own",
    ),
]


def assert_agree(found: dict, wanted: dict) -> None:
    """Every compared column of every candidate, numbers to 1e-9 of their size."""
    assert found.keys() == wanted.keys()
    for key, row in wanted.items():
        for name in COMPARED:
            mine, theirs = found[key][name], row[name]
            if isinstance(theirs, float) and mine is not None:
                assert math.isclose(mine, theirs, rel_tol=1e-9, abs_tol=1e-9), (key, name, mine, theirs)
            else:
                assert mine == theirs, (key, name, mine, theirs, row)


@pytest.mark.slow
@pytest.mark.proves("I-28", "I-22", "R8", "R11", "R21", "R22", "R23")
@pytest.mark.parametrize(("method", "rules"), READINGS)
@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(made=tables())
def test_step_12_agrees_with_a_plain_reading_of_it(method: GrowthSettings, rules: Rules, made: Tables):
    assert_agree(made.scaled(method), scaled(made.rows, rules))


@pytest.mark.proves("I-22", "I-28")
@pytest.mark.parametrize("peers", [1, 2, 3, 4, 5, 6, 7, 50, 199, 200])
def test_from_one_to_two_hundred_peers_both_agree(peers: int):
    rng = random.Random(peers)
    sold = {f"S{n:03}": float(round(rng.choice([rng.gammavariate(2, 6), 3, 0]), 2)) for n in range(peers)}
    made = Tables(
        {
            "sales": [
                {"str_code": store, "spu_code": "A1", "current_spu_count": units, "store_sales": units}
                for store, units in sold.items()
            ],
            "clusters": [{"str_code": store, "cluster_id": "1"} for store in sold],
            "step9": None,
            "step10": None,
            "step11": [candidate(store, "A1") for store in sold],
        }
    )
    assert_agree(made.scaled(GrowthSettings()), scaled(made.rows))


@pytest.mark.proves("I-28")
@settings(max_examples=15, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(made=tables())
def test_streaming_and_in_memory_come_to_the_same(made: Tables):
    plan = scale(made.inputs(GrowthSettings()), GrowthSettings())
    streamed, in_memory = (
        plan.collect(engine=engine).sort("str_code", "spu_code") for engine in ("streaming", "in-memory")
    )
    assert streamed.equals(in_memory)


@pytest.mark.proves("I-28")
@settings(max_examples=15, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(made=tables())
def test_a_cluster_on_its_own_comes_to_the_same(made: Tables):
    """Without traffic: which sex an SPU is made for is a fact of the chain, not of a cluster."""
    made.rows["store_traffic"] = None
    whole = made.scaled(GrowthSettings())
    clusters = {row["str_code"]: row["cluster_id"] for row in made.rows["clusters"] or []}
    for one in set(clusters.values()):
        part = Tables(
            {
                name: None
                if rows is None
                else [row for row in rows if "str_code" not in row or clusters.get(row["str_code"]) == one]
                for name, rows in made.rows.items()
            }
        )
        assert part.scaled(GrowthSettings()).items() <= whole.items()


def test_a_shuffled_input_changes_no_bit():
    rng = random.Random(4)
    rows = [
        {
            "str_code": f"{s:03}",
            "spu_code": f"P{p}",
            "current_spu_count": rng.random() * 40,
            "store_sales": rng.random() * 60,
        }
        for s in range(60)
        for p in range(5)
    ]
    made = {
        "sales": rows,
        "clusters": [{"str_code": f"{s:03}", "cluster_id": str(s % 3)} for s in range(60)],
        "step9": [],
        "step10": [],
        "step11": [candidate(row["str_code"], row["spu_code"]) for row in rows],
    }
    first = Tables(made).scaled(GrowthSettings())
    for seed in range(4):
        shuffled = {name: random.Random(seed).sample(given, len(given)) for name, given in made.items()}
        assert Tables(shuffled).scaled(GrowthSettings(), PERIOD if seed % 2 else None) == first


def test_every_column_of_the_specification_is_there():
    made = scale(
        Tables({"sales": [], "clusters": [], "step9": None, "step10": None, "step11": []}).inputs(GrowthSettings()),
        GrowthSettings(),
    )
    assert set(COMPARED) <= set(made.collect_schema().names())
    assert made.collect().schema["recommended_units"] == pl.Int32
