"""Transfer: one plan for the whole chain of what to ship where (specification, sections 7 and 9).

In: `Panel`, `Demand`, the night's cases. Out: shipments of whole units from misallocated and overstocked shelves.

A misallocated shelf spares what it holds beyond what it can sell over the projection window and its safety stock; an
overstocked one its surplus, each unit of which is worth its part of what undoing the overstock brings. A neighbour
that sells over needs what it will sell beyond its usual pace, which its deliveries follow, less what it holds above
its own safety stock. Other neighbours take surplus in place of their next deliveries. The plan earns the most money
less the cost of the way; a transport problem whose corners are whole numbers.
"""

import numpy as np
import polars as pl
from numpy.typing import NDArray

from engine.arrays import Floats, Integers
from engine.errors import DarkshelfError
from engine.kernels import rows
from engine.kernels.pace import paces
from engine.linear_programme import Lines, best_amounts
from engine.settings.shelf.calibrated import ActionSettings, TransferSettings
from engine.settings.shelf.common import MisallocationSettings
from engine.shelf.advice import destination
from engine.shelf.calibrated.expect import Demand
from engine.shelf.calibrated.recommend import worth_of_time
from engine.shelf.cause_measures import neighbour_lists
from engine.shelf.panel import Panel
from engine.stats import ratio
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
    recommend: ActionSettings,
) -> pl.DataFrame:
    """The plan, by case and receiving store: `COLUMNS`. gain: margin or revenue, as gain_basis says, less cost.

    is_dark: (pairs,), detected tonight, whatever was made of it; nothing is shipped there.
    """
    spare = spared(cases, settings, recommend).with_columns(_places(panel, pl.col("pair")))
    need = needed(panel, found, cases, spare, is_dark, misallocation, settings, recommend)
    lanes = _lanes(panel, spare, need, misallocation.radius_km, settings)
    units = _shipped_in_chain(panel, lanes)
    shipped = lanes.with_columns(units=pl.Series(units, dtype=pl.Int64)).filter(pl.col("units") > 0)
    ids = panel.stores["store_id"]
    return shipped.with_columns(
        sku_id=panel.skus["sku_id"].gather(shipped["sku"]),
        from_store_id=ids.gather(shipped["store"]),
        to_store_id=ids.gather(shipped["to_store"]),
        gain=pl.col("units") * pl.col("unit_gain"),
    ).select(COLUMNS)


def spared(cases: pl.DataFrame, settings: TransferSettings, recommend: ActionSettings) -> pl.DataFrame:
    """Open cases whose stock may leave, with the whole units that may: pair, case_id, spare_units, unit_worth.

    unit_worth: money a unit that leaves brings where it lay, the surplus of an overstocked shelf alone. A
    misallocated shelf keeps what it sells now. Cases of other causes keep everything: their stock is to sell where it
    lies.
    """
    is_overstock = pl.col("primary_cause") == v.OVERSTOCK
    kept = (
        pl.col("actual_daily_units") * recommend.projection_days
        + pl.col("expected_daily_units") * settings.safety_days
    )
    beyond = pl.when(is_overstock).then("surplus_units").otherwise(pl.col("on_hand") - kept)
    spare = (beyond + WHOLE).floor().clip(upper_bound=MOST_UNITS).cast(pl.Int64)
    worth = pl.when(is_overstock).then(ratio(pl.col("recoverable_30d"), pl.col("surplus_units")))
    is_source = (pl.col("status") == v.OPEN) & pl.col("primary_cause").is_in([v.MISALLOCATION, v.OVERSTOCK])
    return (
        cases.filter(is_source)
        .select("pair", "case_id", spare_units=spare, unit_worth=worth.fill_null(0.0))
        .filter(pl.col("spare_units") > 0)
    )


def needed(
    panel: Panel,
    found: Demand,
    cases: pl.DataFrame,
    spare: pl.DataFrame,
    is_dark: NDArray[np.bool_],
    misallocation: MisallocationSettings,
    settings: TransferSettings,
    recommend: ActionSettings,
) -> pl.DataFrame:
    """Store-SKUs that may be served: pair, need_units (whole), unit_value (money), gain_basis.

    Judged, not dark tonight and in no open case. Those that sell over and will run short gain the value of a unit;
    those that take surplus in place of a delivery gain nothing themselves. Unknown stock or price needs nothing.
    """
    pace, usual = _paces(panel, found, misallocation, settings)
    is_dark = is_dark.copy()
    is_dark[cases.filter(pl.col("status") == v.OPEN)["pair"].to_numpy()] = True
    every = np.arange(panel.pairs.height)
    on_hand, price = (panel.at(name, every, -1) for name in ("on_hand", "price"))
    cost = panel.skus["cost"].cast(pl.Float64).fill_null(np.nan).to_numpy()[panel.codes("sku")]
    value = price - np.nan_to_num(cost)
    safety, days = pace * settings.safety_days, recommend.projection_days
    over = pace > misallocation.high_ratio * usual
    takes = ~over & np.isin(panel.codes("sku"), spare.filter(pl.col("unit_worth") > 0)["sku"].to_numpy())
    short = (pace - usual) * days - np.maximum(on_hand - safety, 0.0)
    replaced = np.minimum(pace * days, pace * days + safety - on_hand)
    need = np.floor(np.nan_to_num(np.where(over, short, replaced)) + WHOLE).clip(max=MOST_UNITS)
    served = np.flatnonzero(panel.judged & ~is_dark & (over | takes) & (need > 0) & (value > 0))
    basis = np.where(np.isnan(cost[served]), "revenue", "margin")
    return pl.DataFrame(
        {
            "pair": served,
            "need_units": need[served].astype(np.int64),
            "unit_value": np.where(over, value, 0.0)[served],
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


def _shipped_in_chain(panel: Panel, lanes: pl.DataFrame) -> Integers:
    """Units on every lane of the block, by one plan for the lanes of all blocks.

    Where plans earn the same, the solver's choice may follow which SKUs it is given together.
    """
    together = panel.together
    sizes = together.gathered((panel.pairs.height, panel.skus.height))
    pairs_before, skus_before = np.sum([(0, 0), *sizes[: together.number]], axis=0).tolist()
    in_chain = lanes.select(
        pl.col("pair", "to_pair") + pairs_before,
        pl.col("sku") + skus_before,
        *("spare_units", "need_units", "unit_gain"),
    )
    every = together.gathered(in_chain)
    units = together.once(lambda: ship(pl.concat(every)))
    first = sum(block.height for block in every[: together.number])
    return units[first : first + lanes.height]


def with_transfers(
    cases: pl.DataFrame, plan: pl.DataFrame, recommend: ActionSettings
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The cases with what the plan does for them, and the part of the plan that is done.

    A misallocated shelf ships what the plan says, for what it gains as far as that is at risk. An overstocked one
    does where that brings more than its own action. The order of the cases stays.
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
    is_overstock = pl.col("primary_cause") == v.OVERSTOCK
    at_stake = pl.when(is_overstock).then("recoverable_30d").otherwise(_at_risk(recommend))
    gain = pl.min_horizontal("shipped_gain", at_stake)
    joined = cases.join(by_case, on="case_id", how="left", maintain_order="left").with_columns(gain=gain)
    ships = pl.col("shipped").is_not_null() & (~is_overstock | (pl.col("gain") > pl.col("projected_recovery")))
    instead = pl.when(is_overstock).then(pl.lit(", in place of their next deliveries")).otherwise(pl.lit(""))
    # The loss behind a surplus is known within its interval; what a neighbour will sell is a guess without one.
    scale = {end: ratio(pl.col(f"revenue_at_risk{end}"), pl.col("revenue_at_risk")) for end in ("_low", "_high")}
    bounds = {
        f"projected_recovery{end}": pl.when(is_overstock).then(pl.col("gain") * part) for end, part in scale.items()
    }
    values = {
        "recommended_action": pl.format("Transfer {} units to: {}{}", "shipped", "places", instead),
        "action": pl.lit(v.TRANSFER),
        "action_units": pl.col("shipped"),
        "projected_recovery": pl.col("gain"),
        **bounds,
    }
    transferred = joined.with_columns(
        pl.when(ships).then(value).otherwise(name).alias(name) for name, value in values.items()
    )
    done = transferred.filter(action=v.TRANSFER).select("case_id")
    return (
        transferred.with_columns(*worth_of_time(recommend.minutes)).select(cases.columns),
        plan.join(done, on="case_id", how="semi", maintain_order="left"),
    )


def _at_risk(settings: ActionSettings) -> pl.Expr:
    """What the case loses over the projection window, in margin or revenue, however much is in stock."""
    gap = pl.col("expected_daily_units") - pl.col("actual_daily_units")
    unit_value = (pl.col("price") - pl.col("cost").fill_null(0.0)).clip(lower_bound=0)
    return gap.clip(lower_bound=0) * settings.projection_days * unit_value


def _paces(
    panel: Panel, found: Demand, misallocation: MisallocationSettings, settings: TransferSettings
) -> tuple[Floats, Floats]:
    """Units a day of late and of before, on days like the recent ones; NaN where either is unknown.

    The recent pace is shrunk toward the usual one: a few sales by chance are no demand.
    """
    sums = np.empty((panel.pairs.height, 6))

    def add(block: slice) -> None:
        history = (
            panel.array("units", block),
            panel.array("expected", block),
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
        .with_columns(unit_gain=pl.col("unit_worth") + pl.col("unit_value") - cost)
        .filter(pl.col("unit_gain") > 0)
        .sort("sku", "pair", "to_pair")
    )


def _solve(lanes: pl.DataFrame) -> Integers:
    """The transport problem of some lanes. Raises DarkshelfError when the solver does not find the best plan."""
    spare = lanes.select("pair", "spare_units").unique(maintain_order=True)
    need = lanes.select("to_pair", "need_units").unique(maintain_order=True)
    most = np.concatenate([spare["spare_units"].to_numpy(), need["need_units"].to_numpy()]).astype(np.float64)
    line = np.concatenate(
        [_position(lanes["pair"], spare["pair"]), _position(lanes["to_pair"], need["to_pair"]) + len(spare)]
    )
    ones = np.ones(line.size)
    limits = Lines(line, np.tile(np.arange(lanes.height), 2), ones, np.full(most.size, -np.inf), most)
    units = best_amounts(lanes["unit_gain"].to_numpy(), np.full(lanes.height, np.inf), limits).amounts
    whole = np.rint(units)
    if np.abs(units - whole).max() > WHOLE:
        raise DarkshelfError(f"no plan of whole units for {lanes.height} lanes")
    return whole.astype(np.int64)


def _position(values: pl.Series, among: pl.Series) -> Integers:
    place = pl.DataFrame({"key": among, "place": np.arange(len(among))})
    return pl.DataFrame({"key": values}).join(place, on="key", how="left", maintain_order="left")["place"].to_numpy()
