"""What features learn: purchase rates that come back, axes that stay, caps and files that say what was learnt."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from scipy.special import hyp2f1

from engine.settings.whitespace.features import FeatureSettings
from engine.whitespace.features import bgnbd
from engine.whitespace.features.basket import rules
from engine.whitespace.features.build import build, features, fit
from engine.whitespace.features.ledger import gather
from engine.whitespace.features.matrix import Matrix
from engine.whitespace.features.publish import artifacts, checksum
from engine.whitespace.features.state import Frame, State
from engine.whitespace.features.view import View
from engine.whitespace.tables import Tables
from tests.whitespace.features.small import CUTOFF, TRAINED


def simulated(rates: bgnbd.Rates, customers: int) -> bgnbd.History:
    """Customers that buy and leave as the model says, seen for 100 weeks."""
    random = np.random.default_rng(5)
    r, alpha, a, b = rates
    repeats, last = np.zeros(customers), np.zeros(customers)
    for customer in range(customers):
        rate, leaving, week = random.gamma(r, 1 / alpha), random.beta(a, b), 0.0
        while (week := week + random.exponential(1 / rate)) <= 100:
            repeats[customer] += 1
            last[customer] = week
            if random.random() < leaving:
                break
    return bgnbd.History(repeats, last, np.full(customers, 100.0))


@pytest.mark.proves("L49")
def test_planted_purchase_rates_are_found_again() -> None:
    truth = (1.2, 8.0, 1.5, 6.0)
    found = bgnbd.fitted(simulated(truth, 4000))
    assert found[0] / found[1] == pytest.approx(truth[0] / truth[1], rel=0.15)
    assert found[2] / (found[2] + found[3]) == pytest.approx(truth[2] / (truth[2] + truth[3]), rel=0.2)


def test_expected_orders_are_those_of_the_paper() -> None:
    history = bgnbd.History(np.array([0.0, 2, 7]), np.array([0.0, 20, 50]), np.array([30.0, 30, 52]))
    r, alpha, a, b = rates = (0.8, 6.0, 1.6, 4.0)
    repeats, last, weeks = history
    series = hyp2f1(r + repeats, b + repeats, a + b + repeats - 1, 26 / (alpha + weeks + 26))
    growth = 1 - ((alpha + weeks) / (alpha + weeks + 26)) ** (r + repeats) * series
    odds = np.where(repeats > 0, a / (b + repeats - 1), 0) * ((alpha + weeks) / (alpha + last)) ** (r + repeats)
    wanted = (a + b + repeats - 1) / (a - 1) * growth / (1 + odds)
    np.testing.assert_allclose(bgnbd.expected_orders(history, rates, 26), wanted, rtol=1e-9)
    assert bgnbd.alive(history, rates)[0] == 1


def test_a_frame_that_was_turned_turns_the_axes_with_it(
    tables: Tables, state: State, settings: FeatureSettings, matrix: Matrix
) -> None:
    random = np.random.default_rng(0)
    turn, _ = np.linalg.qr(random.normal(size=(4, 4)))
    frame = state.frames["als"]
    turned = replace(state, frames={**state.frames, "als": Frame(frame.items, frame.factors @ turn)})
    names = [f"als_f{place}" for place in range(4)]
    before = matrix.customers.select(names).to_numpy()
    after = build(tables, CUTOFF, turned, settings).customers.select(names).to_numpy()
    np.testing.assert_allclose(after, before @ turn, atol=1e-4)


@pytest.mark.proves("L63")
def test_axes_stay_from_one_refit_to_the_next(tables: Tables, state: State, settings: FeatureSettings) -> None:
    """As fitted and as built on the same day, by two factorisations of which one is turned to the other."""
    other = settings.model_copy(update={"seed": 7, "als_iterations": 30})
    names = [f"als_f{place}" for place in range(4)]
    one = build(tables, TRAINED, state, settings).customers.select(names).drop_nulls().to_numpy()
    two = build(tables, TRAINED, state, other).customers.select(names).drop_nulls().to_numpy()
    assert np.corrcoef(one.ravel(), two.ravel())[0, 1] > 0.6


def test_caps_are_customers_own_values_within_the_tails(
    tables: Tables, state: State, settings: FeatureSettings, matrix: Matrix
) -> None:
    low, high = state.caps["rfm__div__gp_sum__24m"]
    assert low < 0 < high or 0 <= low < high
    values = matrix.pairs["rfm__div__gp_sum__24m"]
    assert values.max() <= np.float32(high)
    assert values.min() >= np.float32(low)


@pytest.mark.proves("L60", "L61")
def test_rules_name_support_rate_and_lift_of_other_divisions_skus(
    tables: Tables, state: State, settings: FeatureSettings
) -> None:
    table = rules(View(gather(tables), CUTOFF, state, settings), "Gamma")
    assert table.columns == ["sku", "support", "baseline_division_rate", "lift"]
    assert not set(table["sku"]) & {"S08", "S09", "S10", "S11"}
    assert (table["support"] >= settings.lift_support).all()


def test_files_tell_of_every_feature_its_facts_and_coverage(
    tables: Tables, state: State, settings: FeatureSettings
) -> None:
    built = features(tables, [CUTOFF], state, settings)
    files = {file.path: file.content for file in artifacts(built, state, ["Beta / Co"])}
    catalog = next(content for path, content in files.items() if path.startswith("features/feature_catalog_Beta-Co-"))
    assert isinstance(catalog, pl.DataFrame)
    assert catalog["name"].to_list() == list(built.names())
    statistics = next(content for path, content in files.items() if "feature_stats_Beta-Co-" in path)
    assert isinstance(statistics, dict)
    assert statistics["division"] == "Beta / Co"
    assert statistics["checksum"] == checksum(built.matrices[CUTOFF])
    assert statistics["state"] == state.hash()
    assert files["features/feature_state.json"]["seen"]["cutoff"] == "2019-12-31"


def test_an_empty_history_is_no_error(tables: Tables, settings: FeatureSettings, state: State) -> None:
    empty = replace(
        tables,
        transactions=tables.transactions.clear(),
        assets=tables.assets.clear(),
        contacts=tables.contacts.clear(),
    )
    matrix = build(empty, CUTOFF, state, settings)
    assert matrix.customers.is_empty()
    assert not fit(empty, TRAINED, settings).missing
