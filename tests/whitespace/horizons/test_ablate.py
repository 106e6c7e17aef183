"""Variants of features are compared on the same rows, and a proposal needs months enough, and to be sure."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from engine.settings.whitespace.features import FeatureSettings
from engine.settings.whitespace.run import Sections
from engine.vocabulary import whitespace as v
from engine.whitespace.ablate import FAR, FULL, ORIGINS, SAFE, SCHEMA, VARIANTS, ablate, arm, artifacts, pooled_over
from engine.whitespace.auto_safe import artifacts as proposal_files
from engine.whitespace.auto_safe import auto_safe
from engine.whitespace.features.safe import safe
from engine.whitespace.gauntlet.verdict import ALL
from engine.whitespace.splits import far_months

MONTHS = ("2019-03-31", "2019-06-30", "2019-12-31")


@pytest.fixture(scope="module")
def found(followed):
    return ablate(followed)


@pytest.mark.slow
@pytest.mark.proves("L28", "L41", "L42")
def test_four_variants_are_measured_on_rolling_origins_and_on_three_far_months(found):
    pooled = found.table.filter(pl.col("division") == ALL)
    assert set(pooled["variant"]) == set(VARIANTS)
    holdouts = pooled["holdout"].unique().to_list()
    assert {ORIGINS, FAR} < set(holdouts)
    assert len(holdouts) == 5
    assert pooled.group_by("holdout").agg(pl.col("n").n_unique(), pl.col("positives").n_unique())["n"].max() == 1
    full = pooled.filter(pl.col("variant") == FULL)
    assert full["full_minus_auc"].to_list() == [0.0] * 5
    assert pooled.filter(pl.col("variant") == SAFE)["features"].max() < full["features"].min()


def test_in_a_far_month_no_training_label_ends_within_the_days_before(followed):
    rows, days = followed.dataset.rows, followed.settings.horizons.ablation.far_days
    folds = far_months(rows, days, 3)
    assert len(folds) == 3
    for fold in folds:
        assert fold.train_label_end <= fold.cutoff - dt.timedelta(days)
        assert rows.filter(pl.Series(fold.valid))[v.CUTOFF].unique().to_list() == [fold.cutoff]
        assert rows.filter(pl.Series(fold.train))["window_end"].max() == fold.train_label_end


@pytest.mark.proves("L155")
def test_a_safe_arm_has_twins_in_place_of_what_it_drops_and_nothing_the_policy_drops(followed):
    registry = followed.dataset.features.registry
    policy = safe(registry, FeatureSettings())
    swapped = next(iter(policy.swapped))
    kept = next(name for name in policy.kept if name not in policy.swapped.values())
    assert set(arm(registry, policy, (swapped, kept))) == {policy.swapped[swapped], kept}
    assert arm(registry, policy, (policy.dropped[0],)) == policy.kept


def test_months_that_differ_more_than_customers_explain_widen_the_error():
    rng = np.random.default_rng(1)
    drawn = [0.01 * rng.normal(size=4000) for _ in range(3)]
    same, error = pooled_over([0.02, 0.02, 0.02], drawn)
    apart, wider = pooled_over([-0.08, 0.02, 0.12], drawn)
    assert same == apart == pytest.approx(0.02)
    assert error == pytest.approx(0.01 / np.sqrt(3), rel=0.1)
    assert wider == pytest.approx(0.1 / np.sqrt(3), rel=0.1)
    assert pooled_over([0.02, float("nan")], drawn[:2])[0] == 0.02
    assert np.isnan(pooled_over([float("nan")], drawn[:1])).all()


def test_too_few_far_months_fail(followed):
    rows = followed.dataset.rows.filter(pl.col(v.CUTOFF).is_in(followed.dataset.rows[v.CUTOFF].unique().sort()[-4:]))
    dataset = replace(followed.dataset, rows=rows)
    folds = [
        fold.within(np.isin(followed.dataset.rows[v.CUTOFF], rows[v.CUTOFF].unique())) for fold in followed.folds
    ]
    kept = tuple(fold for fold in folds if fold.train.any() and fold.valid.any())
    check = ablate(replace(followed, dataset=dataset, folds=kept)).check
    assert check.pooled == v.FAIL
    assert "3 are needed" in check.readings.filter(pl.col("status") == v.FAIL)["note"][0]


@pytest.mark.slow
@pytest.mark.proves("L102")
def test_what_fails_on_a_division_that_is_trained_on_everything_by_a_waiver_is_waived(followed, found):
    listed = followed.divisions[0]
    strict = {
        "gauntlet": {"strict": True},
        "horizons": {"bootstrap_replicates": 100, "ablation": {"max_loss": 0, "reliance": 1}},
    }
    rules = Sections.model_validate({**strict, "waivers": {"safe": True}, "modeling": {"safe_divisions": [listed]}})
    settings = followed.settings.model_copy(
        update={
            "gauntlet": rules.gauntlet,
            "horizons": rules.horizons,
            "waivers": rules.waivers,
            "modeling": followed.settings.modeling.model_copy(update={"safe_divisions": (listed,)}),
        }
    )
    readings = ablate(replace(followed, settings=settings)).check.readings
    worse = readings.filter(pl.col("value") < 0)
    assert set(worse.filter(pl.col("division") == listed)["status"]) <= {v.WAIVED}
    assert set(worse.filter(pl.col("division") != listed)["status"]) <= {v.FAIL}
    assert worse.height


@pytest.mark.slow
@pytest.mark.proves("L29", "L30", "L31", "L32")
def test_the_files_tell_how_much_better_all_features_are(found):
    files = {file.path: file.content for file in artifacts(found)}
    name = next(path for path in files if path.startswith("ablation/pooled/") and path.endswith(f"{FAR}.json"))
    row = found.table.row(
        by_predicate=(pl.col("division") == ALL) & (pl.col("holdout") == FAR) & (pl.col("variant") == SAFE),
        named=True,
    )
    assert files[name]["delta_auc_full_minus_safe"]["value"] == row["full_minus_auc"]
    assert len(files) == 2 + 2 * 5 * (1 + len(found.divisions))


def table(division: str, gaps: tuple[float, ...], error: float) -> pl.DataFrame:
    """What an ablation publishes of SAFE on a division. gaps: of far months."""
    rows = [
        {"holdout": month, "full_minus_auc": gap, "months": 1}
        for month, gap in zip((*MONTHS, "2020-06-30"), gaps, strict=False)
    ]
    rows += [
        {"holdout": ORIGINS, "full_minus_auc": -0.1, "months": 1},
        {"holdout": FAR, "full_minus_auc": sum(gaps) / len(gaps), "months": len(gaps)},
    ]
    shared = {"division": division, "variant": SAFE, "full_minus_auc_error": error, "positives": 50}
    return pl.DataFrame([{**dict.fromkeys(SCHEMA.names()), **shared, **row} for row in rows], SCHEMA, orient="row")


CASES = [
    pytest.param((-0.02, -0.02, -0.02), 0.002, "proposed", id="better_by_enough_and_sure"),
    pytest.param((-0.02, -0.02, -0.02), 0.02, "nothing_to_propose", id="better_but_perhaps_by_chance"),
    pytest.param((-0.004, -0.004, -0.004), 0.0001, "nothing_to_propose", id="sure_but_by_too_little"),
    pytest.param((0.02, 0.02, 0.02), 0.002, "nothing_to_propose", id="worse"),
    pytest.param((-0.02, -0.02), 0.002, "too_few_far_months", id="two_months_are_too_few"),
]


@pytest.mark.proves("L29", "L43")
@pytest.mark.parametrize(("gaps", "error", "status"), CASES)
def test_a_division_is_proposed_only_on_three_months_by_enough_and_beyond_chance(gaps, error, status):
    proposal = auto_safe(table("Services", gaps, error), Sections())
    assert proposal.status == status
    assert proposal.divisions == (("Services",) if status == "proposed" else ())


@pytest.mark.proves("L44")
def test_a_proposal_is_a_change_of_the_settings_with_its_evidence_and_edits_nothing():
    settings = Sections.model_validate({"modeling": {"safe_divisions": ["Training"]}})
    both = pl.concat([table(name, (-0.02, -0.03, -0.02), 0.001) for name in ("Services", "Training")])
    proposal = auto_safe(both, settings)
    assert proposal.divisions == ("Services",)
    assert '+    "Services",\n' in proposal.diff
    assert '     "Training",\n' in proposal.diff
    assert settings.modeling.safe_divisions == ("Training",)
    told = proposal.evidence[0]
    assert [month["holdout"] for month in told["far_months"]] == list(MONTHS)
    assert told["is_proposed"]
    names = {file.path: file.content for file in proposal_files(proposal)}
    assert names["auto_safe_proposal.txt"] == proposal.diff
    assert names["auto_safe_proposal.json"]["add"] == ["Services"]


def test_many_divisions_are_judged_together():
    """A gap that one division alone would prove does not stand among forty that show nothing."""
    others = [table(f"division {number:02}", (0.0, 0.0, 0.0), 0.01) for number in range(40)]
    doubtful = table("Services", (-0.02, -0.02, -0.02), 0.01)
    assert auto_safe(doubtful, Sections()).divisions == ("Services",)
    assert auto_safe(pl.concat([doubtful, *others]), Sections()).divisions == ()
