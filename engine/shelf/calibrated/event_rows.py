"""Event rows: the rows of `events.parquet`, one an event, whatever the number of its members.

In: `Panel`, `Demand`, what was excluded, published cases; all of a block of the chain. Out: one row per event of the
whole chain, by value, descending, the same in every block. Amounts of events that group cases are those of the cases;
the cases themselves stay as they are.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl

from engine.arrays import Floats, Integers
from engine.blocks import exact
from engine.kernels import rows
from engine.settings.shelf.calibrated import EventSettings
from engine.shelf.calibrated.events import Event, Excluded
from engine.shelf.calibrated.expect import Demand
from engine.shelf.calibrated.measure import episode_totals
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
_KEYS = ("kind", "store", "sku_id", "since")
"""What is one event; since: its first day where the event is of a whole store or SKU or the chain."""
_AMOUNTS = ("lost", "due", "money")
_SUMS = tuple(f"{amount}_{part}" for amount in _AMOUNTS for part in range(exact.N_PARTS))
"""Parts of the sums of units lost, units expected and money lost, so that no digit depends on the blocks."""
_OF_CASES = (
    *("case_id", "store_id", "sku_id", "region", "category", "primary_cause"),
    *("detection_date", "last_dark_date", "lost_units", "revenue_at_risk"),
)
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
    wide = _wide(panel, found, excluded.events)
    parts = panel.together.rows(pl.concat([wide, _of_excluded(panel, found, excluded.episodes, wide)]))
    own = with_names(panel.stores, panel.skus, cases.filter(pl.col("status") == v.OPEN)).select(_OF_CASES)
    stocked = panel.together.rows(_stocked(panel).join(own, on="sku_id", how="semi", maintain_order="left"))
    every = panel.together.rows(own).rechunk()
    order = ["lost_revenue", "kind", "store_id", "sku_id", "first_date", "category", "region", "cause"]

    def whole() -> pl.DataFrame:
        tables = (_added_up(panel, parts), grouped(every, stocked, of))
        told = pl.concat(table.select(pl.col(name).cast(kind) for name, kind in schema.items()) for table in tables)
        return told.sort(order, descending=[True, *[False] * 7], nulls_last=True)

    return panel.together.once(whole)


def grouped(cases: pl.DataFrame, stocked: pl.DataFrame, of: EventSettings) -> pl.DataFrame:
    """Open cases that began together: of one SKU in nearly every store of a region, whatever their causes; of one SKU
    and cause in many stores; of one category, region and cause.

    cases: open, of the whole chain, with names. stocked: by sku_id and region, how many stores there are judged.
    """
    left = cases.with_columns(pl.col("primary_cause").fill_null("unknown"))
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
    judged = panel.pairs.filter("judged")
    # Ids and regions are few: their places are counted, and what was found gets its names.
    regions = panel.stores["region"].unique().sort()
    region = panel.stores["region"].replace_strict(regions, pl.int_range(len(regions), eager=True))
    of_pair = judged.select("sku", region=region.gather(judged["store"]))
    found = of_pair.group_by("sku", "region", maintain_order=True).agg(stores=pl.len().cast(pl.Int64))
    return found.select(
        sku_id=panel.skus["sku_id"].gather(found["sku"]), region=regions.gather(found["region"]), stores="stores"
    )


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


def _wide(panel: Panel, found: Demand, happened: Sequence[Event]) -> pl.DataFrame:
    """Events of whole stores, SKUs and the chain, a row each, with the part that the block's store-SKUs have in them.

    `_KEYS`, first and last (days), members, store_skus, stores (of each of these, a position) and `_SUMS`. An event
    of the whole chain names no store-SKUs: its members are all that are judged.
    """
    schema: dict[str, Any] = {"kind": pl.String, "store": pl.Int64, "sku_id": panel.skus["sku_id"].dtype}
    schema |= dict.fromkeys(("since", "first", "last", "members"), pl.Int64)
    schema |= {"store_skus": pl.List(pl.String), "stores": pl.List(pl.Int64), **dict.fromkeys(_SUMS, pl.Float64)}
    rows = []
    for event in happened:
        of_store = event.kind in OF_STORES
        pair, factor = _members(panel, found, event)
        named = pair if event.group >= 0 else pair[:0]
        sums = _parts(_lost(panel, found, pair, event.first, event.last, factor)).sum(axis=0)
        rows.append(
            {
                "kind": event.kind,
                "store": event.group if of_store else None,
                "sku_id": panel.skus["sku_id"][event.group] if not of_store and event.group >= 0 else None,
                "since": event.first,
                "first": event.first,
                "last": event.last,
                "members": pair.size,
                "store_skus": _names(panel, named).to_list(),
                "stores": panel.codes("store")[named].tolist(),
                **dict(zip(_SUMS, sums.tolist(), strict=True)),
            }
        )
    return pl.DataFrame(rows, schema=schema, orient="row")


def _members(panel: Panel, found: Demand, event: Event) -> tuple[Integers, Floats]:
    """The judged store-SKUs of an event, and the factor of its days that the expectation already owes to it."""
    judged = panel.judged
    if event.group < 0:
        return np.flatnonzero(judged), np.ones(panel.n_days)
    if event.kind in OF_STORES:
        return np.flatnonzero(judged & (panel.codes("store") == event.group)), found.store_day[event.group]
    return np.flatnonzero(judged & (panel.codes("sku") == event.group)), found.sku_day[event.group]


def _lost(panel: Panel, found: Demand, pair: Integers, first: int, last: int, factor: Floats) -> Floats:
    """Units lost, units expected, and money lost by each of some store-SKUs over some days, (pairs, 3)."""
    days, (due, sold) = slice(first, last + 1), np.empty((2, pair.size))

    def add(block: slice) -> None:
        some = pair[block]
        usable = found.usable[some, days] == 1
        expected, units = (np.nan_to_num(panel.array(name, some)[:, days]) for name in ("expected", "units"))
        due[block] = np.where(usable, expected / factor[days], 0.0).sum(axis=1)
        sold[block] = np.where(usable, units, 0.0).sum(axis=1)

    rows.in_blocks(add, pair.size)
    lost = due - sold
    return np.stack([lost, due, lost * np.nan_to_num(found.usual_price[pair])], axis=1)


def _parts(amounts: Floats) -> Floats:
    """The parts of amounts, in the order of `_SUMS`: (rows, amounts) to (rows, sums)."""
    return exact.by_group(np.arange(amounts.size), amounts.ravel(), amounts.size).reshape(-1, len(_SUMS))


def _of_excluded(panel: Panel, found: Demand, episodes: pl.DataFrame, wide: pl.DataFrame) -> pl.DataFrame:
    """Episodes that no event of a whole store or SKU covers, one row per kind and store or SKU, as `_wide` has them.

    An episode never lost less than nothing.
    """
    pair, first, last = (episodes[name].to_numpy() for name in ("pair", "first", "last"))
    sums = episode_totals(panel, found.usable, pair, first, last)
    lost = np.maximum(sums[:, 2] - sums[:, 1], 0.0)
    amounts = np.stack([lost, sums[:, 2], lost * np.nan_to_num(found.usual_price[pair])], axis=1)
    by_store, store = pl.col("kind").is_in(OF_STORES), panel.pairs["store"].gather(episodes["pair"])
    is_member = pl.struct("kind", "pair").is_first_distinct()
    return (
        episodes.with_columns(
            pl.DataFrame(_parts(amounts), schema=list(_SUMS)),
            store=pl.when(by_store).then(store),
            sku_id=pl.when(~by_store).then(panel.pairs["sku_id"].gather(episodes["pair"])),
            since=pl.lit(None, pl.Int64),
            store_skus=_names(panel, pair),
            stores=store,
        )
        .join(wide, on=["kind", "store", "sku_id"], how="anti", nulls_equal=True)
        .sort("kind", "pair", "first")
        .with_columns(is_member=is_member)
        .group_by(_KEYS, maintain_order=True)
        .agg(
            pl.col("first").min(),
            pl.col("last").max(),
            pl.col("is_member").sum().cast(pl.Int64).alias("members"),
            pl.col("store_skus", "stores").filter("is_member"),
            pl.col(_SUMS).sum(),
        )
        .select(wide.columns)
    )


def _names(panel: Panel, pair: Integers) -> pl.Series:
    return panel.pairs.select(v.PAIR)[pair].select(pl.concat_str(v.PAIR, separator="_")).to_series()


def _added_up(panel: Panel, parts: pl.DataFrame) -> pl.DataFrame:
    """One row per event from the parts that blocks have in it, in no order; members by store and SKU.

    No event lost less than nothing.
    """
    names, stores = (pl.col(name).list.explode(empty_as_null=False) for name in ("store_skus", "stores"))
    merged = parts.group_by(_KEYS, maintain_order=True).agg(
        pl.col("first").min(),
        pl.col("last").max(),
        pl.col("members").sum(),
        names.sort_by(stores, maintain_order=True),
        pl.col(_SUMS).sum(),
    )
    lost, due, money = exact.total(merged.select(_SUMS).to_numpy().reshape(-1, len(_AMOUNTS), exact.N_PARTS)).T
    lost = np.maximum(lost, 0.0)
    share = [f"{100 * (1 - one / of):.0f}" if of > 0 else "0" for one, of in zip(lost, due, strict=True)]
    known = (_known_for(panel, *row) for row in merged.select("kind", "store", "first", "last").iter_rows())
    told = [
        before + _EXPLANATIONS[kind].format(share=some)
        for before, kind, some in zip(known, merged["kind"], share, strict=True)
    ]
    nothing = {name: pl.lit(None) for name in ("category", "region", "cause")}
    return merged.with_columns(
        store_id=panel.stores["store_id"].gather(merged["store"]),
        first_date=pl.lit(panel.first_day) + pl.duration(days="first"),
        last_date=pl.lit(panel.first_day) + pl.duration(days="last"),
        case_ids=pl.lit([], pl.List(pl.String)),
        lost_units=lost,
        lost_revenue=np.maximum(money, 0.0),
        explanation=pl.Series(told, dtype=pl.String),
        **nothing,
    )


def _known_for(panel: Panel, kind: str, store: int | None, first: int, last: int) -> str:
    """What a calendar says of these days of the whole chain, or of the store of the event; nothing without any."""
    here = pl.col("store").is_null()
    if kind == v.STORE_WIDE:
        here |= pl.col("store") == store
    elif kind != v.HOLIDAY:
        return ""
    of_all = pl.col("sku").is_null() & pl.col("category").is_null()
    days = panel.outside.calendar.filter(here, of_all, pl.col("day").is_between(first, last))
    names = days.sort("day", "name")["name"].unique(maintain_order=True).to_list()
    return f"{', '.join(names)}. " if names else ""
