"""What every family of features says of a customer, against slow definitions and the words of the specification."""

import datetime as dt
from dataclasses import replace
from typing import get_args

import numpy as np
import polars as pl
import pytest

from engine.settings.whitespace.features import Family, FeatureSettings
from engine.whitespace.features.build import build, fit
from engine.whitespace.features.families import registry
from engine.whitespace.features.matrix import Matrix
from engine.whitespace.features.state import State
from engine.whitespace.months import add_months
from engine.whitespace.slug import slug
from engine.whitespace.tables import Tables, as_of
from tests.whitespace.features.small import CUTOFF, TRAINED, company

NAMES = """rfm__all__tx_n__12m rfm__div__tx_n__3m rfm__all__gp_sum__24m rfm__div__gp_mean__6m
rfm__all__tx_n__12m_off60d
rfm__div__gp_sum__24m_off60d margin__all__gp_pct__12m rfm__all__gp_sum__delta_12m_prev12m
rfm__div__tx_n__ratio_12m_prev12m rfm__all__tx_n__rate_90_30d rfm__div__recency_days__life rfm__all__log_recency__life
rfm__div__recency_decay__hl90 rfm__all__recency_days__life_lag30d lifecycle__all__tenure_days__life
lifecycle__all__tenure_lt3m__life lifecycle__all__active_months__24m lifecycle__div__p_alive__life
lifecycle__all__expected_tx__6m season__all__q1_share__24m trajectory__all__gp_monthly_slope_12m
xdiv__div__gp_share__12m xdiv__all__division_nunique__12m xdiv__div__ever_bought__life
diversity__div__sku_nunique__12m returns__all__return_rate__12m mb_lift_max_lag60d mb_lift_mean_lag60d
mb_lift_max_directed_lag60d mb_lift_mean_directed_lag60d
affinity__div__lift_topk__12m_lag60d als_f0 i2v_ppmi_f0 als__div__owner_likeness__12m
neighbours__div__owner_share__24m neighbours__div__owner_share__24m_off60d nearby__div__owner_share__24m
popularity__div__buyer_rate__12m popularity__div__growth__12m price__div__level_gap__12m
enc__industry__tx_rate_24m_smooth enc__industry_sub__gp_share_24m_smooth enc__city__tx_rate_24m_smooth
taste__div__category_likeness__12m assets_active_total assets_expiring_90d assets__div__tenure_days
contacts__all__contact_n__12m contacts__div__contact_n__rate_90_30d rep_share_bucket0
rfm__div__months_since_beyond_24m__life""".split()


@pytest.mark.proves("L54", "L55", "L56", "L57", "L58", "L51", "L61", "L62", "L66", "L161")
def test_the_reference_names_are_there(settings: FeatureSettings, state: State) -> None:
    names = [feature.name for feature in registry(settings, state)]
    assert not set(NAMES) - set(names)
    assert len(names) == len(set(names))


@pytest.mark.proves("L157")
def test_the_matrix_has_the_columns_of_the_registry_and_a_row_for_whoever_has_a_history(
    matrix: Matrix, tables: Tables, settings: FeatureSettings, state: State
) -> None:
    facts = registry(settings, state)
    assert matrix.customers.columns[1:] == [feature.name for feature in facts if feature.scope == "all"]
    assert matrix.pairs.columns[2:] == [feature.name for feature in facts if feature.scope == "div"]
    seen = as_of(tables, CUTOFF)
    history = {
        name for table in (seen.transactions, seen.assets, seen.contacts) for name in table["customer_id"].to_list()
    }
    assert matrix.customers["customer_id"].to_list() == sorted(history)
    assert matrix.pairs.height == len(history) * 3
    assert matrix.pairs.equals(matrix.pairs.sort("customer_id", "division"))


@pytest.mark.proves("L59", "L53", "L64")
@pytest.mark.parametrize("family", get_args(Family))
def test_a_family_that_is_off_leaves_no_column(family: Family, tables: Tables, settings: FeatureSettings) -> None:
    others = tuple(name for name in settings.families if name != family)
    fewer = settings.model_copy(update={"families": others})
    assert family not in {feature.family for feature in registry(fewer, fit(tables, TRAINED, fewer))}


def slow_sums(tables: Tables, months: int, lag_days: int, measure: pl.Expr) -> pl.DataFrame:
    until = CUTOFF - dt.timedelta(lag_days)
    lines = as_of(tables, CUTOFF).transactions.filter(
        pl.col("order_date") > add_months(until, -months), pl.col("order_date") <= until
    )
    return lines.group_by("customer_id", "division").agg(slow=measure)


@pytest.mark.parametrize("months", [3, 6, 12, 24])
@pytest.mark.parametrize("lag_days", [0, 60])
def test_windows_are_sums_of_lines_within_whole_months(
    matrix: Matrix, tables: Tables, state: State, months: int, lag_days: int
) -> None:
    span = f"{months}m" + f"_off{lag_days}d" * bool(lag_days)
    for name, measure in (
        (f"rfm__div__tx_n__{span}", pl.len().cast(pl.Float64)),
        (f"rfm__div__gp_sum__{span}", pl.sum("gross_profit_cents") / 100),
        (f"diversity__div__sku_nunique__{span}", pl.n_unique("sku_id").cast(pl.Float64)),
    ):
        slow = matrix.pairs.join(
            slow_sums(tables, months, lag_days, measure), on=["customer_id", "division"], how="left"
        )
        low, high = state.caps.get(name, (-np.inf, np.inf))
        wanted = np.clip(slow["slow"].fill_null(0).to_numpy(), low, high)
        np.testing.assert_allclose(slow[name].to_numpy(), wanted, rtol=1e-6, err_msg=name)


@pytest.mark.proves("L50")
def test_a_decay_halves_with_every_half_life(matrix: Matrix) -> None:
    days = matrix.pairs["rfm__div__recency_days__life"].to_numpy()
    for half_life in (30, 90, 180):
        decay = matrix.pairs[f"rfm__div__recency_decay__hl{half_life}"].to_numpy()
        np.testing.assert_allclose(decay, 0.5 ** (days / half_life), rtol=1e-5)


@pytest.mark.proves("L241", "L242")
def test_what_was_never_bought_is_unknown(matrix: Matrix) -> None:
    never = matrix.pairs.filter(
        pl.col("xdiv__div__ever_bought__life") == 0, pl.col("lifecycle__div__order_days__life") == 0
    )
    assert never.height
    for name in (
        "rfm__div__recency_days__life",
        "rfm__div__log_recency__life",
        "rfm__div__gp_mean__12m",
        "margin__div__gp_pct__12m",
        "lifecycle__div__tenure_days__life",
        "lifecycle__div__p_alive__life",
    ):
        assert never[name].null_count() == never.height, name
    assert never["rfm__div__tx_n__12m"].to_list() == [0] * never.height


@pytest.mark.proves("L57", "L58", "L66")
@pytest.mark.parametrize("seed", range(4))
def test_shares_flags_and_ratios_stay_within_bounds(seed: int, settings: FeatureSettings) -> None:
    tables = company(seed)
    state = fit(tables, TRAINED, settings)
    matrix = build(tables, CUTOFF, state, settings)
    for feature in registry(settings, state):
        table = matrix.customers if feature.scope == "all" else matrix.pairs
        values = table[feature.name].drop_nulls().to_numpy()
        assert np.isfinite(values).all(), feature.name
        if feature.kind in ("share", "flag"):
            assert ((values >= 0) & (values <= 1 + 1e-6)).all(), feature.name
        if feature.kind == "ratio":
            assert (np.abs(values) <= 1).all(), feature.name
        if "_ratio" in feature.name:
            assert (np.abs(values) <= settings.log_ratio_limit).all(), feature.name
        if feature.kind in ("count", "days") and "quantity" not in feature.name and "sku_qty" not in feature.name:
            assert (values >= 0).all(), feature.name


def test_quarters_of_a_customer_add_up_to_one(matrix: Matrix) -> None:
    whole = matrix.customers.select(pl.sum_horizontal(pl.col("^season__all__q._share__24m$"))).to_series()
    bought = matrix.customers["rfm__all__tx_n__24m"] > 0
    np.testing.assert_allclose(whole.filter(bought).to_numpy(), 1, rtol=1e-6)


@pytest.mark.proves("L49")
def test_two_lines_of_one_day_are_no_interval(tables: Tables, state: State, settings: FeatureSettings) -> None:
    twice = replace(tables, transactions=pl.concat([tables.transactions, tables.transactions]))
    once = build(tables, CUTOFF, state, settings).customers["lifecycle__all__ipi_median_days__life"]
    assert once.equals(build(twice, CUTOFF, state, settings).customers["lifecycle__all__ipi_median_days__life"])


def test_a_purchase_after_the_cutoff_is_no_active_asset_and_a_later_renewal_does_not_show(
    tables: Tables, state: State, settings: FeatureSettings
) -> None:
    later = CUTOFF + dt.timedelta(10)
    bought = tables.assets.head(1).with_columns(purchase_date=pl.lit(later), known_at=pl.lit(later))
    known = tables.assets.filter(pl.max_horizontal("purchase_date", "known_at") <= CUTOFF)
    renewed = known.head(1).with_columns(known_at=pl.lit(later), expiration_date=pl.lit(dt.date(2030, 1, 1)))
    more = replace(tables, assets=pl.concat([tables.assets, bought, renewed]))
    names = [feature.name for feature in registry(settings, state) if feature.family == "assets"]
    for table in ("customers", "pairs"):
        one, other = (getattr(build(each, CUTOFF, state, settings), table) for each in (tables, more))
        there = [name for name in names if name in one.columns]
        assert one.select(there).equals(other.select(there), null_equal=True)


def test_subscriptions_of_a_product_are_its_assets_that_have_not_expired_and_those_that_have(
    matrix: Matrix, tables: Tables, state: State
) -> None:
    seen = as_of(tables, CUTOFF).assets.filter(pl.col("expiration_date").is_not_null())
    owners, known = set(as_of(tables, CUTOFF).assets["customer_id"]), 0
    for product in state.vocabularies["assets"]:
        mark = slug(product)
        columns = [f"assets_{name}_{mark}" for name in ("on_subs", "off_subs", "subs_share")]
        for row in matrix.customers.select("customer_id", *columns).iter_rows():
            one, on, off, share = row
            own = seen.filter(pl.col("customer_id") == one, pl.col("product") == product).rows(named=True)
            wanted_on = sum(asset["quantity"] for asset in own if asset["expiration_date"] >= CUTOFF)
            wanted_off = sum(asset["quantity"] for asset in own if asset["expiration_date"] < CUTOFF)
            assert (on, off) == ((wanted_on, wanted_off) if one in owners else (None, None))
            both = wanted_on + wanted_off
            assert share == (pytest.approx(wanted_on / both) if both else None)
            known += bool(both)
    assert known


@pytest.mark.proves("L65", "L66")
def test_an_encoder_leaves_the_customer_itself_out(tables: Tables, state: State, settings: FeatureSettings) -> None:
    """A customer's own sales change the rates of the others of its industry, and not its own."""
    day = pl.lit(CUTOFF)
    own = tables.transactions.filter(pl.col("customer_id") == "C01", pl.col("order_date") <= CUTOFF)
    extra = pl.concat([own.head(1).with_columns(order_date=day, known_at=day)] * 30)
    divisions = [
        extra.with_columns(
            division=pl.lit(row["division"]).cast(extra.schema["division"]),
            sku_id=pl.lit(row["sku_id"]).cast(extra.schema["sku_id"]),
        )
        for row in tables.products.unique("division", keep="first", maintain_order=True).iter_rows(named=True)
    ]
    more = replace(tables, transactions=pl.concat([tables.transactions, *divisions]))
    names = [feature.name for feature in registry(settings, state) if feature.family == "encoders"]
    one, other = (
        build(each, CUTOFF, state, settings).pairs.filter(pl.col("customer_id") == "C01").select(names)
        for each in (tables, more)
    )
    assert one.equals(other, null_equal=True)


@pytest.mark.proves("L241", "L243")
def test_a_flag_says_what_is_unknown_and_no_two_say_the_same(matrix: Matrix, state: State) -> None:
    assert state.missing
    for name in state.missing:
        table = matrix.customers if name in matrix.customers.columns else matrix.pairs
        assert (table[f"{name}_missing"] == table[name].is_null().cast(pl.Float32)).all(), name


def test_a_fitted_division_that_is_not_delivered_any_more_is_named(
    tables: Tables, state: State, settings: FeatureSettings
) -> None:
    gone = state.vocabularies["divisions"][0]
    kept = pl.Enum([name for name in tables.transactions["division"].dtype.categories if name != gone])
    fewer = tables.transactions.filter(pl.col("division") != gone)
    fewer = fewer.with_columns(pl.col("division").cast(pl.String).cast(kept))
    contacts = tables.contacts.clear()
    with pytest.raises(ValueError, match=rf"fitted on division '{gone}'"):
        build(replace(tables, transactions=fewer, contacts=contacts), CUTOFF, state, settings)
