"""Event rows: the rows of `events.parquet`, one an event, whatever the number of its members.

In: `Panel`, `Demand`, what was excluded, published cases. Out: one row per event, by value, descending. Amounts of
events that group cases are those of the cases; the cases themselves stay as they are.
"""

import datetime as dt
from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from engine.arrays import Integers
from engine.settings.shelf.calibrated import EventSettings
from engine.shelf.calibrated.events import Event, Excluded
from engine.shelf.calibrated.expect import Demand
from engine.shelf.panel import Panel
from engine.shelf.publish import with_names
from engine.vocabulary import shelf as v

OF_STORES = (v.STORE_WIDE, v.LATE_FEED, v.RAN_OUT)
"""Kinds that are named by store; the others are named by SKU."""
COLUMNS: dict[str, Any] = {
    "kind": pl.String,
    "store_id": None,
    "sku_id": None,
    "category": pl.String,
    "region": pl.String,
    "cause": pl.String,
    "first_date": pl.Date,
    "last_date": pl.Date,
    "members": pl.Int64,
    "store_skus": pl.List(pl.String),
    "case_ids": pl.List(pl.String),
    "lost_units": pl.Float64,
    "lost_revenue": pl.Float64,
    "explanation": pl.String,
}
_EXPLANATIONS = {
    v.HOLIDAY: "The whole chain sold {share}% of its expectation.",
    v.LATE_FEED: "The store reported no sales: a late or broken delivery of data, or a closed door.",
    v.STORE_WIDE: "The whole store sold {share}% of its expectation.",
    v.CHAIN_WIDE: "It sold {share}% of its expectation in the whole chain.",
    v.END_OF_LIFE: "It has all but stopped selling in the whole chain: the end of its life.",
    v.LAUNCH: "It was listed only lately; what it sells when the launch is over is not known yet.",
    v.UNIT_CHANGE: "Price and units jumped against each other: another unit of sale.",
    v.RAN_OUT: "Stock was down to a few days of sales: the shelf ran out, it was not dark.",
    v.RISEN: "It is back where it was before a rise, or rose only later: no fall.",
}


def table_of_events(
    panel: Panel, found: Demand, excluded: Excluded, cases: pl.DataFrame, of: EventSettings
) -> pl.DataFrame:
    """Whole stores, SKUs and the chain; excluded episodes, by store or SKU; and cases with one reason."""
    ids = {"store_id": panel.stores["store_id"].dtype, "sku_id": panel.skus["sku_id"].dtype}
    schema = {name: kind or ids[name] for name, kind in COLUMNS.items()}
    rows = [*_wide(panel, found, excluded.events), *_of_excluded(panel, found, excluded)]
    happened = pl.DataFrame(rows, schema=schema, orient="row")
    grouped_cases = grouped(with_names(panel, cases), _stocked(panel), of).select(
        pl.col(name).cast(kind) for name, kind in schema.items()
    )
    order = ["lost_revenue", "kind", "store_id", "sku_id", "first_date", "category", "region", "cause"]
    return pl.concat([happened, grouped_cases]).sort(order, descending=[True, *[False] * 7], nulls_last=True)


def grouped(cases: pl.DataFrame, stocked: pl.DataFrame, of: EventSettings) -> pl.DataFrame:
    """Open cases that began together: of one SKU in nearly every store of a region, whatever their causes; of one SKU
    and cause in many stores; of one category, region and cause.

    carried: by sku_id and region, how many stores there are judged.
    """
    left = cases.filter(pl.col("status") == v.OPEN).with_columns(pl.col("primary_cause").fill_null("unknown"))
    left = left.join(stocked, on=["sku_id", "region"], how="left", maintain_order="left")
    nearly_all = pl.max_horizontal(of.region_share * pl.col("stores"), of.group_stores)
    of_region = pl.format("It fell in {} of {} stores of the region: {}.", "members", "stores", "cause")
    of_cause = pl.format("{} cases began together for one reason: {}.", "members", "cause")
    tables = []
    for kind, keys, parting, least, text in (
        (v.SKU_IN_REGION, ["sku_id", "region"], [], nearly_all, of_region),
        (v.SKU_IN_STORES, ["sku_id"], ["primary_cause"], pl.lit(of.group_stores), of_cause),
        (v.CATEGORY_IN_REGION, ["category", "region"], ["primary_cause"], pl.lit(of.group_cases), of_cause),
    ):
        together = _begun_together(left, [*keys, *parting], of.group_gap_days)
        many = together.filter(pl.len().over("group") >= least, *(pl.col(key).is_not_null() for key in keys))
        tables.append(_events_of(many, kind, keys, text))
        left = left.join(many.select("case_id"), on="case_id", how="anti", maintain_order="left")
    return pl.concat(tables, how="diagonal_relaxed")


def _stocked(panel: Panel) -> pl.DataFrame:
    """How many judged stores of each region carry each SKU: sku_id, region, stores."""
    judged = np.flatnonzero(panel.judged)
    named = with_names(panel, panel.pairs.select(v.PAIR)[judged].with_columns(pair=judged))
    return named.group_by("sku_id", "region").agg(stores=pl.len().cast(pl.Int64))


def _begun_together(cases: pl.DataFrame, keys: Sequence[str], gap_days: int) -> pl.DataFrame:
    """`group`: a number for cases of equal keys, a new one when a case begins too long after the one before it."""
    ordered = cases.sort(*keys, "detection_date", "case_id", nulls_last=True)
    is_new = pl.any_horizontal(pl.col(key).ne_missing(pl.col(key).shift()) for key in keys)
    late = (pl.col("detection_date") - pl.col("detection_date").shift()).dt.total_days() > gap_days
    return ordered.with_columns(group=(is_new | late.fill_null(value=True)).cum_sum())


def _events_of(many: pl.DataFrame, kind: str, keys: Sequence[str], text: pl.Expr) -> pl.DataFrame:
    """One row per group; the cause is that of most of its cases. text: what is said of it."""
    empty = [name for name in ("store_id", "sku_id", "category", "region") if name not in keys]
    return (
        many.group_by("group", maintain_order=True)
        .agg(
            *(pl.col(key).first() for key in keys),
            pl.col("primary_cause").mode().min().alias("cause"),
            pl.col("stores").first(),
            pl.col("detection_date").min().alias("first_date"),
            pl.col("last_dark_date").max().alias("last_date"),
            pl.len().cast(pl.Int64).alias("members"),
            pl.concat_str("store_id", "sku_id", separator="_").alias("store_skus"),
            pl.col("case_id").alias("case_ids"),
            pl.col("lost_units").sum(),
            pl.col("revenue_at_risk").sum().alias("lost_revenue"),
        )
        .with_columns(text.alias("explanation"), kind=pl.lit(kind), **{name: pl.lit(None) for name in empty})
    )


def _wide(panel: Panel, found: Demand, happened: Sequence[Event]) -> list[dict[str, Any]]:
    rows = []
    for event in happened:
        members, factor = _members(panel, found, event)
        lost, expected_units, money = _lost(panel, found, members, event.first, event.last, factor)
        share = f"{100 * (1 - lost / expected_units):.0f}" if expected_units > 0 else "0"
        rows.append(_row(panel, event.kind, event.group, members, event.first, event.last, lost, money, share))
    return rows


def _members(panel: Panel, found: Demand, event: Event) -> tuple[Integers, NDArray[np.float64]]:
    """The judged store-SKUs of an event, and the factor of its days that the expectation already owes to it."""
    judged = panel.judged
    if event.group < 0:
        return np.flatnonzero(judged), np.ones(panel.n_days)
    if event.kind in OF_STORES:
        return np.flatnonzero(judged & (panel.codes("store") == event.group)), found.store_day[event.group]
    return np.flatnonzero(judged & (panel.codes("sku") == event.group)), found.sku_day[event.group]


def _lost(
    panel: Panel, found: Demand, pair: Integers, first: int, last: int, factor: NDArray[np.float64]
) -> tuple[float, float, float]:
    """Units lost, units expected, and money lost by some store-SKUs over some days, never less than nothing."""
    days = slice(first, last + 1)
    usable = found.usable[pair, days] == 1
    expected_units = np.where(usable, np.nan_to_num(panel.array("expected")[pair, days]) / factor[days], 0.0)
    lost = expected_units.sum(axis=1) - np.where(usable, np.nan_to_num(panel.array("units")[pair, days]), 0.0).sum(
        axis=1
    )
    money = lost * np.nan_to_num(found.usual_price[pair])
    return max(float(lost.sum()), 0.0), float(expected_units.sum()), max(float(money.sum()), 0.0)


def _of_excluded(panel: Panel, found: Demand, excluded: Excluded) -> list[dict[str, Any]]:
    """Episodes that no event of a whole store or SKU covers, one row per kind and store or SKU."""
    known = {(event.kind, event.group) for event in excluded.events}
    known |= {(v.CHAIN_WIDE, event.group) for event in excluded.events if event.kind == v.END_OF_LIFE}
    of_store = pl.col("kind").is_in(OF_STORES)
    episodes = excluded.episodes.with_columns(
        group=pl.when(of_store)
        .then(panel.pairs["store"].gather(excluded.episodes["pair"]))
        .otherwise(panel.pairs["sku"].gather(excluded.episodes["pair"]))
    ).sort("kind", "group", "pair", "first")
    rows = []
    for (kind, group), members in episodes.group_by("kind", "group", maintain_order=True):
        if (kind, group) in known:
            continue
        pair, first, last = (members[name].to_numpy() for name in ("pair", "first", "last"))
        none = np.ones(panel.n_days)
        parts = [_lost(panel, found, pair[[n]], first[n], last[n], none) for n in range(pair.size)]
        lost, expected_units, money = (sum(part[place] for part in parts) for place in range(3))
        share = f"{100 * (1 - lost / expected_units):.0f}" if expected_units > 0 else "0"
        rows.append(
            _row(panel, str(kind), int(str(group)), np.unique(pair), first.min(), last.max(), lost, money, share)
        )
    return rows


def _row(
    panel: Panel, kind: str, group: int, pair: Integers, first: int, last: int, lost: float, money: float, share: str
) -> dict[str, Any]:
    by_store = kind in OF_STORES
    names = panel.pairs[pair].select(pl.concat_str(v.PAIR, separator="_")).to_series()
    return {
        "kind": kind,
        "store_id": panel.stores["store_id"][group] if by_store and group >= 0 else None,
        "sku_id": panel.skus["sku_id"][group] if not by_store and group >= 0 else None,
        "category": None,
        "region": None,
        "cause": None,
        "first_date": panel.first_day + dt.timedelta(days=int(first)),
        "last_date": panel.first_day + dt.timedelta(days=int(last)),
        "members": len(names),
        "store_skus": names.to_list(),
        "case_ids": [],
        "lost_units": lost,
        "lost_revenue": money,
        "explanation": _known_for(panel, kind, group, first, last) + _EXPLANATIONS[kind].format(share=share),
    }


def _known_for(panel: Panel, kind: str, group: int, first: int, last: int) -> str:
    """What a calendar says of these days of the whole chain, or of the store of the event; nothing without any."""
    here = pl.col("store").is_null()
    if kind == v.STORE_WIDE:
        here |= pl.col("store") == group
    elif kind != v.HOLIDAY:
        return ""
    of_all = pl.col("sku").is_null() & pl.col("category").is_null()
    days = panel.outside.calendar.filter(here, of_all, pl.col("day").is_between(first, last))
    names = days.sort("day", "name")["name"].unique(maintain_order=True).to_list()
    return f"{', '.join(names)}. " if names else ""
