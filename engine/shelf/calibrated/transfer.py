"""Transfer: one plan for the whole chain of what to ship where (specification, sections 7 and 9).

In: `Panel`, `Demand`, the night's cases. Out: shipments from dark shelves to neighbours that sell over, whole units.

A dark shelf spares what it holds beyond what it can sell over the projection window and its safety stock. A neighbour
needs what it will sell beyond its usual pace, which its deliveries follow, less what it holds above its own safety
stock. The plan earns the most margin less the cost of the way; a transport problem whose corners are whole numbers.
"""

import numpy as np
import polars as pl
from numpy.typing import NDArray

from engine.arrays import Floats, Integers
from engine.kernels import rows
from engine.kernels.pace import paces
from engine.settings.shelf.calibrated import TransferSettings
from engine.settings.shelf.common import MisallocationSettings, RecommendSettings
from engine.shelf.advice import destination
from engine.shelf.calibrated.expect import Demand
from engine.shelf.calibrated.recommend import KEEP_STOCK, at_risk
from engine.shelf.cause_measures import neighbour_lists
from engine.shelf.panel import Panel
from engine.vocabulary import shelf as v

COLUMNS = ("case_id", "sku_id", "from_store_id", "to_store_id", "units", "km", "gain", "gain_basis")
LANES_AT_ONCE = 50_000
"""SKUs share no stock: a long chain is solved some SKUs at a time."""
MOST_UNITS = 2.0**53
"""So many units are whole numbers of their own."""
WHOLE = 1e-6
"""A number of units this close to a whole one is it."""


def transfers(
    panel: Panel,
    found: Demand,
    cases: pl.DataFrame,
    is_dark: NDArray[np.bool_],
    misallocation: MisallocationSettings,
    settings: TransferSettings,
    recommend: RecommendSettings,
) -> pl.DataFrame:
    """The plan, by case and receiving store: `COLUMNS`. gain: margin or revenue, as gain_basis says, less cost.

    is_dark: (pairs,), detected tonight, whatever was made of it; nothing is shipped there.
    """
    spare = spared(cases, settings, recommend).with_columns(_places(panel, pl.col("pair")))
    need = needed(panel, found, cases, is_dark, misallocation, settings, recommend)
    lanes = _lanes(panel, spare, need, misallocation.radius_km, settings)
    shipped = lanes.with_columns(units=pl.Series(ship(lanes), dtype=pl.Int64)).filter(pl.col("units") > 0)
    ids = panel.stores["store_id"]
    return shipped.with_columns(
        sku_id=panel.skus["sku_id"].gather(shipped["sku"]),
        from_store_id=ids.gather(shipped["store"]),
        to_store_id=ids.gather(shipped["to_store"]),
        gain=pl.col("units") * pl.col("unit_gain"),
    ).select(COLUMNS)


def spared(cases: pl.DataFrame, settings: TransferSettings, recommend: RecommendSettings) -> pl.DataFrame:
    """Open cases whose stock may leave, with the whole units that may: pair, case_id, spare_units.

    A misallocated shelf keeps what it sells now; an overstocked one all that it is expected to sell, for its own
    action to work with. Cases of other causes keep everything: their stock is to sell where it lies.
    """
    expected = pl.col("expected_daily_units")
    own = pl.when(pl.col("primary_cause") == v.OVERSTOCK).then(expected).otherwise("actual_daily_units")
    kept = own * recommend.projection_days + expected * settings.safety_days
    is_source = (pl.col("status") == v.OPEN) & pl.col("primary_cause").is_in([v.MISALLOCATION, v.OVERSTOCK])
    spare = (pl.col("on_hand") - kept + WHOLE).floor().clip(upper_bound=MOST_UNITS).cast(pl.Int64)
    return cases.filter(is_source).select("pair", "case_id", spare_units=spare).filter(pl.col("spare_units") > 0)


def needed(
    panel: Panel,
    found: Demand,
    cases: pl.DataFrame,
    is_dark: NDArray[np.bool_],
    misallocation: MisallocationSettings,
    settings: TransferSettings,
    recommend: RecommendSettings,
) -> pl.DataFrame:
    """Store-SKUs that sell over and will run short: pair, need_units (whole), unit_value (money), gain_basis.

    Judged, not dark tonight and in no open case. Unknown stock or price needs nothing.
    """
    pace, usual = _paces(panel, found, misallocation, settings)
    is_dark = is_dark.copy()
    is_dark[cases.filter(pl.col("status") == v.OPEN)["pair"].to_numpy()] = True
    on_hand, price = (panel.array(name)[:, -1] for name in ("on_hand", "price"))
    own = np.maximum(on_hand - pace * settings.safety_days, 0.0)
    need = np.floor(np.nan_to_num((pace - usual) * recommend.projection_days - own) + WHOLE).clip(max=MOST_UNITS)
    cost = panel.skus["cost"].cast(pl.Float64).fill_null(np.nan).to_numpy()[panel.codes("sku")]
    value = price - np.nan_to_num(cost)
    over = pace > misallocation.high_ratio * usual
    rows_over = np.flatnonzero(panel.judged & ~is_dark & over & (need > 0) & (value > 0))
    basis = np.where(np.isnan(cost[rows_over]), "revenue", "margin")
    return pl.DataFrame(
        {
            "pair": rows_over,
            "need_units": need[rows_over].astype(np.int64),
            "unit_value": value[rows_over],
            "gain_basis": pl.Series(basis, dtype=pl.String),
        }
    )


def ship(lanes: pl.DataFrame) -> Integers:
    """Units on every lane that earn the most: (lanes,), whole.

    lanes: pair, to_pair, sku, spare_units (of pair), need_units (of to_pair), unit_gain. Every pair once with every
    to_pair. The same lanes in another order get the same units.
    """
    units = np.zeros(lanes.height, np.int64)
    ordered = lanes.with_row_index("place").sort("sku", "pair", "to_pair")
    sizes = ordered.group_by("sku", maintain_order=True).len()
    part = sizes.select(part=pl.col("len").cum_sum() // LANES_AT_ONCE, sku="sku")
    for _, some in ordered.join(part, on="sku", how="left", maintain_order="left").group_by(
        "part", maintain_order=True
    ):
        units[some["place"]] = _solve(some)
    return units


def with_transfers(cases: pl.DataFrame, plan: pl.DataFrame, recommend: RecommendSettings) -> pl.DataFrame:
    """The cases with what the plan does for them: added to the sentence, and to the recovery as far as it is at risk.

    The order of the cases stays.
    """
    place = destination(pl.col("to_store_id").cast(pl.String), pl.col("km"))
    by_case = (
        plan.sort("case_id", "units", "km", "to_store_id", descending=[False, True, False, False])
        .group_by("case_id", maintain_order=True)
        .agg(
            pl.col("units").sum().alias("shipped"), place.alias("places"), pl.col("gain").sum().alias("shipped_gain")
        )
        .with_columns(pl.col("places").list.join(", "))
    )
    joined = cases.join(by_case, on="case_id", how="left", maintain_order="left")
    sentence = pl.format("Transfer {} units to: {}", "shipped", "places")
    is_alone = pl.col("recommended_action") == KEEP_STOCK
    both = (
        pl.when(is_alone)
        .then(sentence)
        .otherwise(pl.format("{}; then t{}", "recommended_action", sentence.str.slice(1)))
    )
    recovery = pl.min_horizontal(pl.col("projected_recovery") + pl.col("shipped_gain"), at_risk(recommend))
    is_planned = pl.col("shipped").is_not_null()
    return joined.with_columns(
        recommended_action=pl.when(is_planned).then(both).otherwise("recommended_action"),
        projected_recovery=pl.when(is_planned).then(recovery).otherwise("projected_recovery"),
    ).select(cases.columns)


def _paces(
    panel: Panel, found: Demand, misallocation: MisallocationSettings, settings: TransferSettings
) -> tuple[Floats, Floats]:
    """Units a day of late and of before, on days like the recent ones; NaN where either is unknown.

    The recent pace is shrunk toward the usual one: a few sales by chance are no demand.
    """
    sums = np.empty((panel.pairs.height, 6))

    def add(block: slice) -> None:
        history = (
            panel.array("units")[block],
            panel.array("expected")[block],
            found.clean[block],
            found.level[block],
        )
        paces(*history, misallocation.window_days, sums[block])

    rows.in_blocks(add, len(sums))
    days, sold, factor, earlier_days, earlier_sold, earlier_factor = sums.T
    known = (np.minimum(days, earlier_days) >= misallocation.min_days) & (np.minimum(factor, earlier_factor) > 0)
    with np.errstate(invalid="ignore", divide="ignore"):
        expected_units = earlier_sold / earlier_factor * factor
        prior = settings.pace_prior_units * found.unit
        over = (sold + prior) / (expected_units + prior)
        usual = np.where(known, expected_units / days, np.nan)
    return over * usual, usual


def _places(panel: Panel, pair: pl.Expr) -> tuple[pl.Expr, ...]:
    """Codes of store and SKU of a pair."""
    return tuple(pl.lit(panel.pairs[name]).gather(pair).alias(name) for name in ("store", "sku"))


def _lanes(
    panel: Panel, spare: pl.DataFrame, need: pl.DataFrame, radius_km: float, settings: TransferSettings
) -> pl.DataFrame:
    """Every way from stock to spare to a need of the same SKU within the radius that would earn something."""
    starts, others, km = neighbour_lists(panel, radius_km)
    store = np.repeat(np.arange(panel.stores.height), np.diff(starts))
    ways = pl.DataFrame({"store": store, "to_store": others, "km": km})
    to = need.with_columns(_places(panel, pl.col("pair"))).rename({"pair": "to_pair", "store": "to_store"})
    cost = settings.cost_per_unit + settings.cost_per_unit_km * pl.col("km")
    return (
        spare.join(ways, on="store")
        .join(to, on=["to_store", "sku"])
        .with_columns(unit_gain=pl.col("unit_value") - cost)
        .filter(pl.col("unit_gain") > 0)
        .sort("sku", "pair", "to_pair")
    )


def _solve(lanes: pl.DataFrame) -> Integers:
    """The transport problem of some lanes. Raises RuntimeError when the solver does not find the best plan."""
    from scipy.optimize import linprog
    from scipy.sparse import csr_array

    spare = lanes.select("pair", "spare_units").unique(maintain_order=True)
    need = lanes.select("to_pair", "need_units").unique(maintain_order=True)
    row = np.concatenate(
        [_position(lanes["pair"], spare["pair"]), _position(lanes["to_pair"], need["to_pair"]) + len(spare)]
    )
    column = np.tile(np.arange(lanes.height), 2)
    limits = csr_array((np.ones(row.size), (row, column)), shape=(len(spare) + len(need), lanes.height))
    bounds = np.concatenate([spare["spare_units"].to_numpy(), need["need_units"].to_numpy()])
    found = linprog(-lanes["unit_gain"].to_numpy(), A_ub=limits, b_ub=bounds, method="highs-ds")
    whole = np.rint(found.x) if found.success else np.full(lanes.height, np.nan)
    if not found.success or np.abs(found.x - whole).max() > WHOLE:
        raise RuntimeError(f"no plan of whole units for {lanes.height} lanes: {found.message}")
    return whole.astype(np.int64)


def _position(values: pl.Series, among: pl.Series) -> Integers:
    place = pl.DataFrame({"key": among, "place": np.arange(len(among))})
    return pl.DataFrame({"key": values}).join(place, on="key", how="left", maintain_order="left")["place"].to_numpy()
