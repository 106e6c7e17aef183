"""No feature sees what had not happened or was not known at the cutoff, and each sees only the days that it says."""

import datetime as dt
import os
import subprocess
import sys
from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from engine.settings.whitespace.features import FeatureSettings
from engine.whitespace.features.build import build, features, fit
from engine.whitespace.features.families import registry
from engine.whitespace.features.matrix import Matrix
from engine.whitespace.features.state import State
from engine.whitespace.tables import Tables
from tests.whitespace.features.small import CUTOFF, TRAINED, company

FEW = FeatureSettings(factors=3, named_skus=2, neighbours=3, nearby=3, lift_support=1)


def same(matrix: Matrix, other: Matrix) -> None:
    for name in ("customers", "pairs", "seen"):
        assert_frame_equal(getattr(matrix, name), getattr(other, name), check_exact=True)


def poisoned(tables: Tables, cutoff: dt.date) -> Tables:
    """All that lies after the cutoff a thousandfold, and every table in another order."""
    later = pl.max_horizontal("order_date", "known_at") > cutoff
    money = ("quantity", "revenue_cents", "gross_profit_cents")
    wrong = [pl.when(later).then(pl.col(name) * 1000).otherwise(pl.col(name)).alias(name) for name in money]
    bought_later = pl.max_horizontal("purchase_date", "known_at") > cutoff
    return replace(
        tables,
        transactions=tables.transactions.with_columns(wrong).sample(fraction=1, shuffle=True, seed=3),
        assets=tables.assets.with_columns(
            quantity=pl.when(bought_later).then(pl.col("quantity") * 1000).otherwise(pl.col("quantity"))
        ).sample(fraction=1, shuffle=True, seed=4),
        contacts=tables.contacts.filter(pl.col("date") <= cutoff).sample(fraction=1, shuffle=True, seed=5),
    )


def cut(tables: Tables, cutoff: dt.date) -> Tables:
    """Without what lies after the cutoff."""
    return replace(
        tables,
        transactions=tables.transactions.filter(pl.max_horizontal("order_date", "known_at") <= cutoff),
        assets=tables.assets.filter(pl.max_horizontal("purchase_date", "known_at") <= cutoff),
        contacts=tables.contacts.filter(pl.col("date") <= cutoff),
    )


@pytest.mark.slow
@given(st.integers(0, 10_000), st.integers(-200, 100))
@examples(max_examples=6)
def test_a_deleted_or_poisoned_future_changes_no_feature(seed: int, shift: int) -> None:
    tables, cutoff = company(seed, lines=250), CUTOFF + dt.timedelta(shift)
    state = fit(tables, TRAINED, FEW)
    matrix = build(tables, cutoff, state, FEW)
    same(matrix, build(cut(tables, cutoff), cutoff, state, FEW))
    same(matrix, build(poisoned(tables, cutoff), cutoff, state, FEW))
    same(matrix, features(tables, [TRAINED, cutoff], state, FEW).matrices[cutoff])


def test_what_is_fitted_knows_nothing_after_the_training_cutoff(
    tables: Tables, state: State, settings: FeatureSettings
) -> None:
    assert fit(poisoned(tables, TRAINED), TRAINED, settings).hash() == state.hash()
    assert fit(cut(tables, TRAINED), TRAINED, settings).hash() == state.hash()


def test_an_order_that_was_told_late_is_not_seen_before(
    tables: Tables, state: State, settings: FeatureSettings
) -> None:
    late = tables.transactions.head(1).with_columns(
        order_date=pl.lit(CUTOFF), known_at=pl.lit(CUTOFF).dt.offset_by("1d")
    )
    more = replace(tables, transactions=pl.concat([tables.transactions, late]))
    same(build(more, CUTOFF, state, settings), build(tables, CUTOFF, state, settings))


def changed(matrix: Matrix, other: Matrix) -> set[str]:
    """The features with another value anywhere."""
    pairs = ((matrix.customers, other.customers), (matrix.pairs, other.pairs))
    names = {name for old, _ in pairs for name in old.columns if old.schema[name] == pl.Float32}
    return {
        name
        for old, new in pairs
        for name in set(old.columns) & names
        if not old[name].equals(new[name], null_equal=True)
    }


@pytest.fixture(scope="module")
def unsold() -> tuple[Tables, State, Matrix]:
    """A company, what is fitted of it, and its features before anything more is sold."""
    tables = company(7)
    state = fit(tables, TRAINED, FEW)
    return tables, state, build(tables, CUTOFF, state, FEW)


@pytest.mark.slow
@pytest.mark.proves("L60", "L157")
@given(st.integers(0, 1000), st.integers(0, 10), st.integers(0, 11))
@examples(max_examples=25)
def test_a_sale_changes_only_features_whose_window_holds_its_day(
    unsold: tuple[Tables, State, Matrix], days_ago: int, buyer: int, sku: int
) -> None:
    tables, state, matrix = unsold
    day = CUTOFF - dt.timedelta(days_ago)
    sale = tables.transactions.filter(pl.col("customer_id") == f"C{buyer:02}").head(1)
    product = tables.products.row(sku, named=True)
    sale = sale.with_columns(
        order_date=pl.lit(day),
        known_at=pl.lit(day),
        sku_id=pl.lit(product["sku_id"]).cast(sale.schema["sku_id"]),
        division=pl.lit(product["division"]).cast(sale.schema["division"]),
        gross_profit_cents=pl.lit(4_321, pl.Int64),
        quantity=pl.lit(3, pl.Int64),
    )
    more = replace(tables, transactions=pl.concat([tables.transactions, sale]))
    moved = changed(matrix, build(more, CUTOFF, state, FEW))
    for feature in registry(FEW, state):
        if feature.name in moved:
            assert feature.source == "transactions", feature
            assert feature.uses_target, feature
            assert feature.lag_days <= days_ago, feature
            assert feature.window_days is None or days_ago < feature.lag_days + feature.window_days, feature


def test_what_was_seen_is_told_by_feature_and_never_lies_after_the_cutoff(matrix: Matrix) -> None:
    assert matrix.seen.height == matrix.customers.width + matrix.pairs.width - 3
    dated = matrix.seen.filter(pl.col("source").is_in(["transactions", "assets", "contacts"]))
    assert dated.null_count().sum_horizontal().item() == 0
    assert dated.select(pl.max_horizontal("latest_event", "latest_known").max()).item() <= CUTOFF


def test_features_do_not_hang_on_the_order_of_rows(
    tables: Tables, matrix: Matrix, state: State, settings: FeatureSettings
) -> None:
    shuffled = replace(tables, transactions=tables.transactions.sample(fraction=1, shuffle=True, seed=1))
    same(matrix, build(shuffled, CUTOFF, state, settings))


HASHES = """
from tests.whitespace.features.conftest import SETTINGS
from tests.whitespace.features.small import CUTOFF, TRAINED, company
from engine.whitespace.features.build import build, fit
from engine.whitespace.features.publish import checksum
state = fit(company(), TRAINED, SETTINGS)
print(state.hash(), checksum(build(company(), CUTOFF, state, SETTINGS)))
"""


@pytest.mark.slow
def test_two_processes_with_other_threads_and_hash_seeds_agree_to_the_bit() -> None:
    told = set()
    for threads, seed in (("1", "1"), ("2", "7")):
        environment = {**os.environ, "PYTHONHASHSEED": seed}
        for name in ("POLARS_MAX_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
            environment[name] = threads
        command = [sys.executable, "-W", "ignore", "-c", HASHES]
        told.add(subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout)
    assert len(told) == 1


@pytest.mark.slow
def test_an_order_of_a_million_moves_no_other_customer_beyond_a_cap(
    tables: Tables, settings: FeatureSettings
) -> None:
    buyer = tables.transactions["customer_id"][0]
    first = (
        pl.int_range(pl.len())
        == tables.transactions.with_row_index().filter(
            pl.col("order_date").is_between(dt.date(2019, 8, 1), TRAINED), pl.col("customer_id") == buyer
        )["index"][0]
    )
    million = pl.when(first).then(100_000_000).otherwise(pl.col("gross_profit_cents")).alias("gross_profit_cents")
    odd = replace(tables, transactions=tables.transactions.with_columns(million))
    facts = {}
    for name, company_tables in (("plain", tables), ("odd", odd)):
        state = fit(company_tables, TRAINED, settings)
        facts[name] = state, build(company_tables, CUTOFF, state, settings)
    (state, plain), (_, other) = facts["plain"], facts["odd"]
    for feature in registry(settings, state):
        table = "customers" if feature.scope == "all" else "pairs"
        before, after = (
            getattr(matrix, table).filter(pl.col("customer_id") != buyer)[feature.name].fill_null(np.nan).to_numpy()
            for matrix in (plain, other)
        )
        if feature.name in state.caps:
            low, high = state.caps[feature.name]
            inside = (before > low) & (before < high)
            before, after = before[inside], after[inside]
            np.testing.assert_array_equal(before, np.minimum(before, np.where(np.isnan(after), before, after)))
        else:
            np.testing.assert_allclose(after, before, rtol=0.1, atol=0.02, err_msg=feature.name)
