"""What sales people say of gaps, and what calls added, told by those held out at random."""

from __future__ import annotations

import datetime as dt

import numpy as np
import polars as pl
import pytest

from engine.decisions.acts import Modify, Reject
from engine.decisions.store import open_decisions
from engine.decisions.whitespace.effect import effect_of_calls, measure
from engine.decisions.whitespace.gaps import complaints, gap_id, gaps
from engine.decisions.whitespace.settings import CallEffectSettings
from engine.decisions.whitespace.verdicts import act_of, verdicts
from engine.decisions.whitespace.words import VERDICT_SCHEMA, VERDICTS
from engine.errors import InputError, NotFoundError
from engine.outputs.whitespace.shapes import holdout_file, ranking_file
from engine.runs.registry import Run

DAY = dt.date(2020, 6, 30)
SETTINGS = CallEffectSettings(replicates=400)


@pytest.fixture
def run(tmp_path) -> Run:
    pairs = pl.DataFrame({"customer_id": ["a/b", "c", "d", "e"], "division": ["Tools & more"] * 4})
    pairs.write_parquet(tmp_path / ranking_file(DAY))
    return Run("ranking-1", tmp_path, {"as_of": str(DAY)})


def test_a_gap_is_a_customer_and_a_division_whatever_signs_they_have(run):
    (subject,) = gaps(run, [gap_id("a/b", "Tools & more")])
    assert dict(subject.attributes) == {"customer_id": "a/b", "division": "Tools & more"}
    assert (subject.kind, subject.as_of) == ("whitespace", DAY)


def test_a_gap_that_was_not_ranked_is_told(run):
    with pytest.raises(NotFoundError, match="has no gap 'z/Tools': 1 of 1 named"):
        gaps(run, ["z/Tools"])


def test_a_verdict_is_what_was_said_of_a_gap(run, tmp_path, monkeypatch):
    monkeypatch.setattr("engine.decisions.acts.kind_named", _kind)
    decisions = open_decisions(tmp_path)
    names = [gap_id(customer, "Tools & more") for customer in ("a/b", "c", "d", "e")]
    for subject, verdict in zip(gaps(run, names), VERDICTS, strict=True):
        decisions.decide(subject, act_of(verdict), by="ann", version=0)
    found = verdicts(decisions, [run.run_id])
    assert found.schema == VERDICT_SCHEMA
    assert dict(found.select("customer_id", "verdict").rows()) == {
        "a/b": "called",
        "c": "bought",
        "d": "refused",
        "e": "do_not_call",
    }


def test_a_rejection_before_any_call_is_no_verdict(run, tmp_path, monkeypatch):
    monkeypatch.setattr("engine.decisions.acts.kind_named", _kind)
    decisions = open_decisions(tmp_path)
    (subject,) = gaps(run, [gap_id("c", "Tools & more")])
    decisions.decide(subject, Reject(reason="wrong_data"), by="ann", version=0)
    assert verdicts(decisions, [run.run_id]).is_empty()


def test_a_word_that_is_no_verdict_is_refused_with_those_there_are():
    with pytest.raises(InputError, match="one of called, bought, refused, do_not_call"):
        act_of("perhaps")


def test_a_gap_is_changed_to_bought_alone(run):
    (subject,) = gaps(run, [gap_id("c", "Tools & more")])
    assert list(complaints(Modify(action="bought").model_dump(), subject)) == []
    assert list(complaints(Modify(action="bought", units=3).model_dump(), subject))
    assert list(complaints(Modify(action="later").model_dump(), subject))


def _kind(name: str) -> object:
    from engine.decisions.whitespace.gaps import GAPS

    assert name == GAPS.name
    return GAPS


def assigned(n: int, share: float = 0.2, seed: int = 0) -> pl.DataFrame:
    chance = np.random.default_rng(seed)
    return pl.DataFrame(
        {
            "customer_id": [f"c{number // 2:05}" for number in range(n)],
            "division": [f"division {number % 2}" for number in range(n)],
            "is_held_out": chance.permutation(n) < share * n,
            "holdout_chance": [share] * n,
            "would_be_selected": [True] * n,
        }
    )


def told(rows: pl.DataFrame, called: pl.Series) -> pl.DataFrame:
    return rows.filter(called).select("customer_id", "division", verdict=pl.lit("called"), decided_on=pl.lit(DAY))


def bought(rows: pl.DataFrame, base: float, added: pl.Series, seed: int = 3) -> pl.DataFrame:
    """Outcomes in which so many buy anyway, and a call adds so much."""
    label = np.random.default_rng(seed).random(rows.height) < base + added.to_numpy()
    return rows.select("customer_id", "division").with_columns(
        label=pl.Series(label.astype(int)), net_gp_window=pl.Series(100.0 * label)
    )


def test_what_calls_added_is_found_with_its_interval():
    rows = assigned(6000)
    calls = ~rows["is_held_out"]
    found = effect_of_calls(rows, told(rows, calls), bought(rows, 0.1, 0.06 * calls.cast(float)), SETTINGS)
    assert (found.to_call, found.held_out, found.left_out) == (4800, 1200, 0)
    assert found.added_share.low < 0.06 < found.added_share.high
    assert found.added_share.low > 0
    assert found.added_money.value == pytest.approx(100 * found.added_share.value)
    assert (found.called_share, found.called_share_held_out) == (1.0, 0.0)


def test_the_interval_holds_no_effect_as_often_as_it_says_where_customers_would_have_bought_anyway():
    settings = CallEffectSettings(replicates=200)
    held = 0
    for seed in range(40):
        rows = assigned(1500, seed=seed)
        calls = ~rows["is_held_out"]
        outcomes = bought(rows, 0.3, 0.0 * calls.cast(float), seed=1000 + seed)
        added = effect_of_calls(rows, told(rows, calls), outcomes, settings).added_share
        held += added.low < 0 < added.high
    assert held >= 35


def test_the_effect_of_a_published_list_is_told_by_the_verdicts_in_the_database(tmp_path, monkeypatch):
    monkeypatch.setattr("engine.decisions.acts.kind_named", _kind)
    rows = assigned(300)
    rows.write_parquet(tmp_path / holdout_file(DAY))
    rows.write_parquet(tmp_path / ranking_file(DAY))
    run, decisions = Run("ranking-1", tmp_path, {"as_of": str(DAY)}), open_decisions(tmp_path)
    names = [gap_id(*pair) for pair in rows.filter(~pl.col("is_held_out")).select("customer_id", "division").rows()]
    decisions.decide_many(gaps(run, names[:120]), act_of("called"), by="ann", versions={})
    found = measure(decisions, run, bought(rows, 0.2, pl.zeros(rows.height, eager=True)), SETTINGS)
    assert (found.to_call, found.held_out, found.called_share, found.called_share_held_out) == (240, 60, 0.5, 0.0)


def test_calling_only_who_would_buy_anyway_gains_nothing():
    rows = assigned(8000)
    eager = pl.Series(np.random.default_rng(5).random(rows.height) < 0.3)
    outcomes = bought(rows, 0.0, 0.9 * eager.cast(float))
    calls = ~rows["is_held_out"] & eager
    found = effect_of_calls(rows, told(rows, calls), outcomes, SETTINGS)
    assert found.added_share.low < 0 < found.added_share.high
    assert found.called_share == pytest.approx(0.3, abs=0.03)


def test_where_half_are_called_a_call_adds_twice_what_the_list_does():
    rows = assigned(6000)
    calls = ~rows["is_held_out"] & pl.Series(np.arange(rows.height) % 4 < 2)
    found = effect_of_calls(rows, told(rows, calls), bought(rows, 0.1, 0.2 * calls.cast(float)), SETTINGS)
    assert found.added_share_of_called.value == pytest.approx(found.added_share.value / found.called_share)
    assert found.added_share_of_called.value == pytest.approx(0.2, abs=0.05)


def test_only_gaps_that_would_have_been_called_are_compared():
    rows = assigned(1000).with_columns(would_be_selected=pl.int_range(pl.len()) < 600)
    found = effect_of_calls(rows, told(rows, rows["is_held_out"] & False), rows.clear().select(_outcome()), SETTINGS)
    assert found.to_call + found.held_out == 600


def test_of_too_few_held_out_nothing_is_claimed():
    rows = assigned(100)
    found = effect_of_calls(rows, told(rows, ~rows["is_held_out"]), rows.select(_outcome()), SETTINGS)
    assert (found.held_out, found.added_share) == (20, None)


def test_a_stratum_in_which_nobody_could_be_held_out_is_left_out_and_counted():
    rows = assigned(1000).with_columns(
        holdout_chance=pl.when(pl.col("division") == "division 0").then(0.0).otherwise("holdout_chance")
    )
    found = effect_of_calls(rows, told(rows, ~rows["is_held_out"]), rows.select(_outcome()), SETTINGS)
    assert found.left_out == 500


def _outcome() -> list[pl.Expr]:
    return [pl.col("customer_id", "division"), pl.lit(0).alias("label"), pl.lit(0.0).alias("net_gp_window")]
