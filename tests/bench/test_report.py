"""The page of the baseline against the baseline, and targets against figures."""

from __future__ import annotations

import pytest

from bench.speed import baseline, report, targets


def sizes(seconds: dict[int, float], name: str = "night") -> dict:
    """A baseline in which one contender took so long at each number of store-SKUs."""
    return {
        f"{store_skus}": {"store_skus": store_skus, "rounds": {name: [{"seconds": took}]}}
        for store_skus, took in seconds.items()
    }


def test_the_page_says_what_the_baseline_says():
    message = "write it anew with  python -m bench.speed.report"
    assert report.PAGE.read_text(encoding="utf-8") == report.page(baseline.read()), message


@pytest.mark.parametrize(
    ("seconds", "power"),
    [
        pytest.param({10: 1.0, 100: 10.0}, 1.0, id="linear"),
        pytest.param({10: 1.0, 100: 100.0}, 2.0, id="quadratic"),
        pytest.param({10: 5.0, 100: 5.0, 1000: 5.0}, 0.0, id="constant"),
        pytest.param({10: 1.0}, None, id="one_size_tells_nothing"),
    ],
)
def test_growth_is_the_power_of_the_store_skus(seconds, power):
    assert targets.exponent(sizes(seconds), "night", "seconds") == (None if power is None else pytest.approx(power))


def night_over_floor(night: float) -> targets.Outcome:
    rounds = {"night": [{"seconds": night}] * 3, "floor": [{"seconds": 0.1}] * 3}
    found = targets.outcomes({targets.SIZE: {"store_skus": 100_000, "rounds": rounds}})
    return next(outcome for outcome in found if outcome.what == "night / floor")


def test_a_target_is_met_missed_or_not_measured():
    assert night_over_floor(1.8).is_met
    assert not night_over_floor(1.81).is_met
    assert [outcome.is_met for outcome in targets.outcomes({})] == [None] * len(targets.outcomes({}))


def test_a_ratio_below_one_is_told_the_other_way_round():
    rounds = {"ours": [{"seconds": 1.0}] * 3, "duckdb_sql": [{"seconds": 11.0}] * 3}
    found = targets.outcomes({targets.SIZE: {"store_skus": 100_000, "rounds": rounds}})
    told = next(outcome for outcome in found if outcome.what == "detection / DuckDB SQL")
    assert (told.target, told.measured, told.is_met) == ("at least 10 × faster", "11 × (11 to 11)", True)


@pytest.mark.parametrize(("seconds", "is_met"), [(1200.0, True), (1201.0, False)])
def test_ten_million_within_their_limit_take_at_most_twelve_times_as_long_as_one_million(seconds, is_met):
    found = targets.outcomes(
        {
            "1m": {"store_skus": 1_000_000, "rounds": {"process": [{"wall_seconds": 100.0, "peak_mib": 1.0}]}},
            "10m": {"store_skus": 10_000_000, "rounds": {"capped": [{"wall_seconds": seconds, "peak_mib": 6144.0}]}},
        }
    )
    told = {outcome.what: outcome.is_met for outcome in found}
    assert told["ten million within their limit / one million"] is is_met
    assert told["peak memory within 6 GiB at 10m"]
