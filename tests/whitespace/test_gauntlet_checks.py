"""The parts of the gauntlet on small cases: dates, folds, label timing, shuffles, fingerprints."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from bench.whitespace.canaries import with_twins
from engine.settings.whitespace.gauntlet import GauntletSettings, WaiverSettings
from engine.settings.whitespace.modeling import ModelSettings
from engine.vocabulary import whitespace as v
from engine.whitespace import fingerprint, metrics
from engine.whitespace.features.state import State
from engine.whitespace.gauntlet.date_audit import audited, date_audit, of_state
from engine.whitespace.gauntlet.overlap import LABEL_REACHES, SAME_ID, SAME_ORDERS, overlap
from engine.whitespace.gauntlet.permutation import area, area_error, exchanged, shuffled
from engine.whitespace.gauntlet.reproducibility import some_customers
from engine.whitespace.gauntlet.shapes import unfit
from engine.whitespace.gauntlet.small import small
from engine.whitespace.gauntlet.timing import timing
from engine.whitespace.gauntlet.truncation import later_rows, poisoned, truncated
from engine.whitespace.gauntlet.verdict import ALL
from engine.whitespace.models import LOGREG, MONOTONE
from engine.whitespace.splits import rolling_origins
from engine.whitespace.tables import as_of
from tests.whitespace import panels

CUTOFF = dt.date(2023, 6, 30)
SETTINGS = GauntletSettings()
MODELING = ModelSettings()
STATE = State(
    seen={},
    line_profit=1.0,
    customer_profit=1.0,
    pair_profit_cap=1.0,
    vocabularies={},
    division_shares={},
    purchase_rates={},
)


@pytest.fixture(scope="module")
def split():
    """Rows of the small panel, and their folds."""
    rows = panels.dataset(120).rows
    return rows, rolling_origins(rows, MODELING, WaiverSettings())


def folds_judged(rows, folds, tables):
    return overlap(rows, folds, tables, MODELING.purge_days, SETTINGS, CUTOFF)


def seen(*rows):
    return pl.DataFrame(
        rows,
        {"feature": pl.String, "source": pl.String, "latest_event": pl.Date, "latest_known": pl.Date},
        orient="row",
    )


def matrix(*rows):
    dataset = panels.dataset(20)
    first = next(iter(dataset.features.matrices.values()))
    return replace(first, cutoff=CUTOFF, seen=seen(*rows))


@pytest.mark.parametrize(
    ("row", "status"),
    [
        pytest.param(("money", "transactions", CUTOFF, CUTOFF), "OK", id="the day of the cutoff is seen"),
        pytest.param(("money", "transactions", None, None), "OK", id="nobody bought yet"),
        pytest.param(
            ("money", "transactions", CUTOFF + dt.timedelta(1), CUTOFF), "LEAK", id="an event of the next day"
        ),
        pytest.param(("money", "assets", CUTOFF, CUTOFF + dt.timedelta(1)), "LEAK", id="known the next day"),
        pytest.param(("other", "transactions", CUTOFF, CUTOFF), "UNKNOWN", id="a feature that says nothing"),
    ],
)
def test_the_newest_dates_of_a_feature_are_on_or_before_its_cutoff(row, status):
    assert audited(matrix(row), ["money"]).filter(pl.col("feature") == "money")["status"].to_list() == [status]


def test_a_feature_that_does_not_say_what_it_saw_fails():
    dataset = panels.dataset(20)
    silent = {cutoff: replace(one, seen=seen()) for cutoff, one in dataset.features.matrices.items()}
    result = date_audit(replace(dataset.features, matrices=silent), STATE, CUTOFF, CUTOFF)
    assert result.status == v.FAIL
    assert unfit(result.artifacts[0]) == ""


@pytest.mark.parametrize(
    ("day", "status"),
    [("2023-06-30", "OK"), ("2023-07-01", "LEAK"), ("", "UNKNOWN")],
    ids=["in time", "late", "silent"],
)
def test_what_was_fitted_saw_nothing_after_the_last_tuning_cutoff(day, status):
    state = replace(STATE, seen={"newest_order_date": day, "newest_known_at": day})
    assert of_state(state, CUTOFF)["status"].to_list() == [status]


@pytest.mark.proves("L117", "L118")
def test_the_splitter_of_the_desk_shares_no_customer_and_no_label_interval(split, company_tables):
    rows, folds = split
    assert folds_judged(rows, folds, company_tables).status == v.PASS


@pytest.mark.proves("L8", "L10")
def test_no_run_has_so_few_shuffles_that_its_smallest_p_could_not_be_significant():
    fewest = next(one.ge for one in GauntletSettings.model_fields["permutations"].metadata if hasattr(one, "ge"))
    assert 1 / (fewest + 1) <= SETTINGS.permutation_max_p
    for permutations in (20, 30, 50):
        with pytest.raises(ValidationError, match="greater than or equal to 99"):
            GauntletSettings(permutations=permutations)


def test_a_run_without_folds_fails(split, company_tables):
    assert folds_judged(split[0], (), company_tables).status == v.FAIL


def test_a_customer_on_both_sides_is_named(split, company_tables):
    rows, folds = split
    wrong = [replace(folds[0], train=folds[0].train | folds[0].valid)]
    result = folds_judged(rows, wrong, company_tables)
    assert result.status == v.FAIL
    assert {SAME_ID, LABEL_REACHES} <= set(result.artifacts[0].content["what"])
    assert unfit(result.artifacts[0]) == ""


def test_a_training_label_that_ends_within_the_purge_days_is_an_offence(split, company_tables):
    rows, folds = split
    sooner = [replace(fold, cutoff=fold.train_label_end + dt.timedelta(MODELING.purge_days - 1)) for fold in folds]
    assert set(folds_judged(rows, sooner, company_tables).artifacts[0].content["what"]) == {LABEL_REACHES}


def test_ids_with_the_same_orders_are_one_customer(company_tables):
    doubled = with_twins(company_tables)
    ids = doubled.customers[v.CUSTOMER].cast(pl.String)
    rows = pl.DataFrame(
        {v.CUSTOMER: ids, "label": [1, 0] * (len(ids) // 2) + [0] * (len(ids) % 2)},
        schema_overrides={"label": pl.Int8},
    ).with_columns(cutoff=pl.lit(CUTOFF), window_end=pl.lit(dt.date(2022, 1, 31)))
    fold = replace(panels_fold(), train=~ids.str.ends_with("X").to_numpy(), valid=ids.str.ends_with("X").to_numpy())
    table = folds_judged(rows, [fold], doubled).artifacts[0].content
    same = table.filter(pl.col("what") == SAME_ORDERS)
    assert (same["customer_id"] == same["other_id"] + "X").all()
    assert same.height > 10


def panels_fold():
    rows = panels.dataset(20).rows
    return replace(rolling_origins(rows, MODELING, WaiverSettings())[0], cutoff=CUTOFF)


def test_truncated_tables_hold_nothing_later_and_poisoned_ones_are_false_only_there(company_tables):
    assert later_rows(truncated(company_tables, CUTOFF), CUTOFF) == 0
    false = poisoned(company_tables, CUTOFF)
    assert as_of(false, CUTOFF).transactions.equals(as_of(company_tables, CUTOFF).transactions)
    later = pl.col("order_date") > CUTOFF
    ours, theirs = (tables.transactions.filter(later) for tables in (company_tables, false))
    assert theirs["revenue_cents"].to_list() == (ours["revenue_cents"] * 1000).to_list()
    assert sorted(theirs[v.CUSTOMER].cast(pl.String)) != []
    assert theirs[v.CUSTOMER].to_list()[1:] == ours[v.CUSTOMER].to_list()[:-1]


@pytest.mark.parametrize("candidate", [LOGREG, MONOTONE])
def test_the_small_estimator_gives_the_same_scores_whatever_it_learned_before(candidate):
    rng = np.random.default_rng(0)
    train, valid = (rng.normal(size=(n, 12)).astype(np.float32) for n in (400, 200))
    train[rng.random(train.shape) < 0.1] = np.nan
    labels = (np.nan_to_num(train[:, 0]) + rng.normal(size=400) > 1).astype(np.uint8)
    machine = small(candidate, train, valid, replace_features(0.9), 7)
    first = machine.scores(labels)
    machine.scores(rng.permutation(labels))
    fresh = small(candidate, train, valid, replace_features(0.9), 7)
    assert metrics.auc((valid[:, 0] > 0).astype(np.uint8), first) > 0.9
    np.testing.assert_allclose(fresh.scores(labels), first, rtol=1e-9)


def test_shuffled_labels_of_all_divisions_together_do_not_tell_who_buys_within_one():
    """How many neighbours own a division tells how popular it is, and within it who will buy."""
    rng = np.random.default_rng(0)
    n = 4000
    division = rng.integers(8, size=n)
    neighbours = rng.random(n) + division / 2
    label = (rng.random(n) < 1 / (1 + np.exp(4 - 2 * neighbours + division / 2))).astype(np.uint8)
    rows = pl.DataFrame(
        {
            v.CUTOFF: [CUTOFF] * n,
            v.DIVISION: pl.Series(
                [f"division {one}" for one in division], dtype=pl.Enum([f"division {i}" for i in range(8)])
            ),
            "label": label,
            "place": np.arange(n),
        }
    )
    fold = SimpleNamespace(train=np.arange(n) < n / 2, valid=np.arange(n) >= n / 2)
    values = np.column_stack((neighbours, rng.normal(size=(n, 40)))).astype(np.float32)
    context = SimpleNamespace(
        settings=SimpleNamespace(gauntlet=SETTINGS.model_copy(update={"permutations": 99}), modeling=MODELING),
        dataset=SimpleNamespace(rows=rows, values=lambda part, features: values[part["place"].to_numpy()]),
        trained=SimpleNamespace(
            divisions={"division 0": SimpleNamespace(champion=LOGREG, folder="pooled", features=())}
        ),
        measured_folds=[fold],
    )
    found = shuffled(context, ALL)
    assert found.true > 0.55
    assert found.p_value == 0.01
    assert found.mean == pytest.approx(0.5, abs=0.01)


def replace_features(share):
    return SETTINGS.model_copy(update={"small_feature_share": share})


@given(st.lists(st.integers(0, 4), min_size=1, max_size=60), st.integers(0, 99))
def test_labels_areexchanged_within_their_stratum_alone(strata, seed):
    codes = np.array(strata)
    taken = exchanged(codes, np.random.default_rng(seed))
    assert sorted(taken) == list(range(codes.size))
    assert (codes[taken] == codes).all()


def test_the_area_of_the_shuffles_is_the_auc():
    rng = np.random.default_rng(1)
    labels, scores = rng.integers(0, 2, 300).astype(np.uint8), rng.integers(0, 20, 300).astype(float)
    assert area(labels, scores, np.zeros(300, np.int64)) == pytest.approx(metrics.auc(labels, scores))


def test_shuffles_are_scored_among_rows_of_one_division():
    rng = np.random.default_rng(2)
    groups, scores = rng.integers(0, 5, 200), rng.integers(0, 9, 200).astype(float)
    labels = (rng.random(200) < 0.1 + 0.15 * groups).astype(np.uint8)
    pairs = [
        (scores[one] > scores[other]) + 0.5 * (scores[one] == scores[other])
        for one in np.flatnonzero(labels)
        for other in np.flatnonzero((labels == 0) & (groups == groups[one]))
    ]
    assert area(labels, scores, groups) == pytest.approx(np.mean(pairs))
    assert area(labels, groups.astype(float), groups) == pytest.approx(0.5)


def test_the_error_of_an_auc_without_signal_is_that_of_a_rank_sum():
    labels = np.repeat([0, 1], (60, 40)).astype(np.uint8)
    assert area_error(0.5, labels, np.zeros(100, np.int64)) == pytest.approx(
        ((40 + 60 + 1) / (12 * 40 * 60)) ** 0.5, rel=0.01
    )


def buyers(delays, horizon=184):
    cutoff = dt.date(2023, 6, 30)
    return pl.DataFrame(
        {
            v.DIVISION: ["Services"] * len(delays),
            v.CUTOFF: [cutoff] * len(delays),
            "label": [1] * len(delays),
            "first_purchase_date": [cutoff + dt.timedelta(days=days) for days in delays],
            "window_start": [cutoff + dt.timedelta(days=1)] * len(delays),
            "window_end": [cutoff + dt.timedelta(days=horizon)] * len(delays),
        }
    )


@pytest.mark.parametrize(
    ("delays", "status"),
    [
        pytest.param(range(1, 185), v.PASS, id="spread evenly"),
        pytest.param([*range(1, 185), *range(1, 15), *range(1, 15)] * 3, v.WARN, id="many in the first days"),
        pytest.param([*range(1, 185), 0], v.FAIL, id="one on the cutoff itself"),
        pytest.param([*range(1, 185), 190], v.FAIL, id="one after the window"),
    ],
)
def test_first_purchases_lie_in_their_windows_and_are_spread_over_them(delays, status):
    result = timing(buyers(list(delays)), CUTOFF, SETTINGS)
    assert result.pooled == status
    assert [unfit(file) for file in result.artifacts] == ["", ""]


def test_a_fingerprint_is_of_values_and_not_of_how_they_lie_in_memory():
    whole = pl.DataFrame({"id": ["a", "b", "c"], "x": [1.0, None, -0.0]})
    pieces = pl.concat([whole[:1], whole[1:]], rechunk=False).with_columns(pl.col("x") + 0.0)
    assert fingerprint.of_frame(whole) == fingerprint.of_frame(pieces)
    hidden = pl.DataFrame({"id": ["a", "b", "c"], "x": [1.0, 5.0, 0.0]}).with_columns(
        pl.when(pl.col("id") == "b").then(None).otherwise("x").alias("x")
    )
    assert fingerprint.of_frame(whole) == fingerprint.of_frame(hidden)


def test_the_columns_that_differ_are_named():
    one = pl.DataFrame({"id": ["a"], "x": [1.0], "y": [2.0]})
    other = pl.DataFrame({"id": ["a"], "x": [None], "z": [2.0]}, {"id": pl.String, "x": pl.Float64, "z": pl.Float64})
    assert fingerprint.Columns.of(one).differing(fingerprint.Columns.of(other)) == ("x", "y", "z")


def test_an_empty_text_and_an_unknown_one_are_not_the_same():
    assert fingerprint.of_column(pl.Series(["", "a"])) != fingerprint.of_column(pl.Series([None, "a"]))
    assert fingerprint.of_column(pl.Series(["ab", "c"])) != fingerprint.of_column(pl.Series(["a", "bc"]))


def test_a_computation_that_is_repeated_for_some_customers_takes_all_their_rows(company_tables):
    some = some_customers(company_tables, 50, 1)
    assert some.customers.height == 50
    ids = some.customers[v.CUSTOMER].to_list()
    whole = company_tables.transactions.filter(pl.col(v.CUSTOMER).is_in(ids))
    assert some.transactions.equals(whole)
