"""What features learn: purchase rates that come back, axes that stay, caps and files that say what was learnt."""

import datetime as dt
import io
from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from scipy.special import hyp2f1

from engine.settings.whitespace.features import FeatureSettings
from engine.whitespace.features import bgnbd, embeddings
from engine.whitespace.features.basket import rules
from engine.whitespace.features.build import build, features, fit, registry
from engine.whitespace.features.ledger import gather
from engine.whitespace.features.matrix import Matrix
from engine.whitespace.features.publish import artifacts, checksum
from engine.whitespace.features.state import Frame, State
from engine.whitespace.features.view import View
from engine.whitespace.tables import Tables, as_of
from tests.whitespace.features.small import CUTOFF, DIVISIONS, TRAINED


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


def owning(tables: Tables, cutoff: dt.date) -> tuple[np.ndarray, list[str], list[str]]:
    """Customers and products with the logarithm of all units recorded by the cutoff."""
    seen = as_of(tables, cutoff).assets
    people, products = sorted(set(seen["customer_id"])), sorted(set(seen["product"]))
    units = np.zeros((len(people), len(products)))
    for row in seen.iter_rows(named=True):
        units[people.index(row["customer_id"]), products.index(row["product"])] += row["quantity"]
    return np.log1p(units), people, products


@pytest.mark.proves("L84")
def test_assets_are_embedded_by_their_truncated_decomposition(
    tables: Tables, state: State, settings: FeatureSettings
) -> None:
    """As fitted, where no axes are turned, and with a ridge that is next to nothing."""
    units, people, products = owning(tables, TRAINED)
    untold = replace(state, frames={"als_assets": Frame((), np.zeros((0, 4)))})
    free = settings.model_copy(update={"als_regularization": 1e-12})
    made = build(tables, TRAINED, untold, free)
    names = [f"als_assets_f{place}" for place in range(4)]
    found = (
        made.customers.filter(pl.col("customer_id").is_in(people)).select(names).to_numpy()[:, : len(products) - 1]
    )
    left, lengths, _ = np.linalg.svd(units, full_matrices=False)
    width = len(products) - 1
    np.testing.assert_allclose(
        found @ found.T, (left[:, :width] * lengths[:width]) @ left[:, :width].T, rtol=1e-4, atol=1e-4
    )
    others = made.customers.filter(~pl.col("customer_id").is_in(people))
    assert others.select(pl.col(names).null_count()).row(0) == (others.height,) * 4


@pytest.mark.proves("L84")
def test_likeness_by_assets_does_not_see_products_of_the_division_itself(
    tables: Tables, state: State, settings: FeatureSettings
) -> None:
    """Who owns S05 alone, which is of the second division, has no direction there and one everywhere else."""
    owner = tables.assets.filter(pl.col("product") == "S05").sort("known_at")["customer_id"][0]
    alone = tables.assets.filter((pl.col("customer_id") != owner) | (pl.col("product") == "S05"))
    ledger = gather(replace(tables, assets=alone))
    masked = embeddings.space(View(ledger, CUTOFF, state, settings), "als_assets")
    seen = masked.directions[ledger.customers.to_list().index(str(owner))]
    assert np.isnan(seen).any(axis=1).tolist() == [False, True, False]


def test_without_assets_for_the_training_rows_there_is_no_embedding_of_them(
    tables: Tables, settings: FeatureSettings
) -> None:
    none = replace(tables, assets=tables.assets.clear())
    names = [feature.name for feature in registry(settings, fit(none, TRAINED, settings))]
    assert not [name for name in names if name.startswith("als_assets")]
    assert "als__div__owner_likeness__12m" in names


def test_assets_that_stop_being_delivered_are_unknown_and_not_nothing(
    tables: Tables, state: State, settings: FeatureSettings
) -> None:
    matrix = build(replace(tables, assets=tables.assets.clear()), CUTOFF, state, settings)
    assert matrix.customers["als_assets_f0"].is_null().all()
    assert matrix.pairs["als_assets__div__owner_likeness__12m"].is_null().all()


@pytest.mark.proves("L84")
def test_the_likeness_of_who_owns_nothing_is_to_the_published_centroid(
    tables: Tables, state: State, settings: FeatureSettings, matrix: Matrix
) -> None:
    """And no two divisions have the same one."""
    view = View(gather(as_of(tables, CUTOFF)), CUTOFF, state, settings)
    built = features(tables, [CUTOFF], state, settings)
    files = {file.path: file.content for file in artifacts(built, state, DIVISIONS.categories.to_list())}
    folder = f"features/owner_centroids/{CUTOFF}/{state.hash()}"
    index = files[f"{folder}/owner_centroids.json"]
    assert (index["cutoff"], index["state"]) == (str(CUTOFF), state.hash())
    for kind in ("als", "als_assets"):
        told = [each for each in index["centroids"] if each["embedding"] == kind]
        assert [each["division"] for each in told] == DIVISIONS.categories.to_list()
        read = [np.load(io.BytesIO(files[f"{folder}/{each['file']}"])) for each in told]
        assert len({each.tobytes() for each in read}) == 3
        directions, owns = embeddings.space(view, kind).directions, view.owns("embedded")
        likeness = matrix.pairs[f"{kind}__div__owner_likeness__12m"].to_numpy().reshape(-1, 3)
        present = np.flatnonzero(view.present)
        for place, centroid in enumerate(read):
            assert np.linalg.norm(centroid) == pytest.approx(1)
            strangers = ~owns[present, place] & ~np.isnan(directions[present, place, 0])
            np.testing.assert_allclose(
                likeness[strangers, place], directions[present, place][strangers] @ centroid, atol=1e-6
            )


@pytest.mark.proves("L84")
def test_a_division_without_owners_has_no_centroid_and_is_told(
    tables: Tables, state: State, settings: FeatureSettings
) -> None:
    without = tables.transactions.filter(pl.col("division") != "Gamma")
    built = features(replace(tables, transactions=without), [CUTOFF], state, settings)
    files = {file.path.rsplit("/", 1)[-1]: file.content for file in artifacts(built, state, ["Alpha", "Gamma"])}
    told = {
        (each["division"], each["embedding"]): each["file"] for each in files["owner_centroids.json"]["centroids"]
    }
    assert told["Gamma", "als"] is None
    assert told["Gamma", "als_assets"] is None
    assert told["Alpha", "als"] in files
    assert not [name for name in files if "owner_centroid_Gamma" in name]
    pairs = built.matrices[CUTOFF].pairs.filter(pl.col("division") == "Gamma")
    assert pairs["als__div__owner_likeness__12m"].is_null().all()


@pytest.mark.proves("L84")
def test_a_centroid_of_another_day_or_of_other_axes_lies_elsewhere(
    tables: Tables, state: State, settings: FeatureSettings
) -> None:
    frame = state.frames["als"]
    turned = replace(state, frames={**state.frames, "als": Frame(frame.items, -frame.factors)})
    folders = {
        file.path.rsplit("/", 1)[0]
        for learned in (state, turned)
        for file in artifacts(features(tables, [TRAINED, CUTOFF], learned, settings), learned, ["Alpha"])
        if "owner_centroid" in file.path
    }
    assert len(folders) == 4


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
