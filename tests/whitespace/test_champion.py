"""The champion is the simplest candidate that none beats by more than one standard error."""

from __future__ import annotations

import datetime as dt
import itertools

import numpy as np
import polars as pl
import pytest

from engine.resampling import Clusters
from engine.settings.whitespace.modeling import ModelSettings
from engine.whitespace.champion import champion, mean_average_precision

ORDER = ("plain", "fine", "finest")
SETTINGS = ModelSettings()
CUTOFFS = (dt.date(2019, 3, 31), dt.date(2019, 6, 30))


def predictions(noise: float, seed: int = 0) -> pl.DataFrame:
    """Scores of the same customers and labels, the worse the more noise."""
    rng, own = np.random.default_rng(7), np.random.default_rng(seed)
    n = 800
    labels = rng.random(n) < 0.15
    return pl.DataFrame(
        {
            "customer_id": [f"c{number % 400}" for number in range(n)],
            "division": "Ample",
            "cutoff": [CUTOFFS[number // 400] for number in range(n)],
            "label": labels.astype(np.int8),
            "net_gp_window": np.zeros(n),
            "p": 1 / (1 + np.exp(-(labels - 1 + noise * own.normal(size=n)))),
        }
    )


def choose(told):
    customers = Clusters(predictions(1.0)["customer_id"], 100, 0.95)
    return champion(told, ORDER, customers, SETTINGS)


def test_a_better_model_takes_the_place_of_a_simpler_one():
    verdict = choose({"plain": predictions(2.0, 1), "fine": predictions(0.4, 2)})
    assert verdict.champion == "fine"
    assert verdict.figures["fine"] == pytest.approx(mean_average_precision(predictions(0.4, 2)))
    (only,) = verdict.rounds
    assert only.difference.value > only.difference.standard_error
    assert only.won


def test_a_model_that_is_better_by_chance_alone_does_not():
    same = predictions(1.0, 1)
    nearly = same.with_columns(p=(pl.col("p") + 1e-9 * pl.col("label")))
    assert choose({"plain": same, "fine": nearly}).champion == "plain"
    assert choose({"plain": same, "fine": same}).champion == "plain"


@pytest.mark.proves("L52")
def test_neither_the_order_of_settings_nor_that_of_rows_decides():
    told = {"plain": predictions(1.5, 1), "fine": predictions(1.2, 2), "finest": predictions(0.8, 3)}
    verdicts = [choose({name: told[name] for name in names}) for names in itertools.permutations(told)]
    verdicts.append(choose({name: rows.sample(fraction=1, shuffle=True, seed=1) for name, rows in told.items()}))
    assert {verdict.champion for verdict in verdicts} == {verdicts[0].champion}
    assert len({verdict.rounds for verdict in verdicts[:-1]}) == 1


def test_candidates_are_compared_on_the_rows_that_all_of_them_have():
    whole, part = predictions(0.4, 1), predictions(2.0, 2).filter(pl.col("cutoff") == CUTOFFS[1])
    verdict = choose({"plain": part, "fine": whole})
    assert verdict.figures["fine"] == pytest.approx(
        mean_average_precision(whole.filter(pl.col("cutoff") == CUTOFFS[1]))
    )


def test_where_nothing_can_be_compared_the_simplest_stays():
    nobody = predictions(1.0).with_columns(label=pl.lit(0, pl.Int8))
    assert choose({"plain": nobody, "fine": nobody}).champion == "plain"
    assert choose({"fine": nobody.clear(), "plain": nobody}).champion == "plain"


def test_no_candidate_is_refused():
    with pytest.raises(ValueError, match="no candidate has a prediction"):
        choose({})
