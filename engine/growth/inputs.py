"""Inputs: from tables under contract to the clean columns that Step 12 works on.

In: typed tables. Out: `Inputs`, lazy frames with unique keys, null where something is not known.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import polars as pl

from engine.contracts.growth import CLUSTER_SPELLINGS
from engine.growth.keys import PAIR, Codes
from engine.growth.periods import within
from engine.settings.growth.scaling import ConflictSettings, GrowthSettings, InputSettings
from engine.vocabulary import growth as v

KEY = v.STORE_SPU
KEYED = (v.STORE_SPU_SALES, v.CLUSTERS, v.TRAFFIC, v.STEP9, v.STEP10, v.STEP11)


@dataclass(frozen=True)
class Inputs:
    """What Step 12 may see. Step 11's score and tier are no part of it, so they cannot move a quantity.

    Tables are in memory, with codes and `pair` as `Codes` numbers them, and sorted by it where they have it.
    candidates: pair, store, SPU; what Step 11 marked. sales: pair, store, SPU, `store_sales` and `current_spu_count`
    (units, 0 or more, null unknown), `sell_through_rate` (0 to 1), `sex_name`. clusters: store, `cluster_id`. spus:
    SPU and the `spu_sex_name` most stores give it. traffic: store, mean visitors `women` and `men`. step9: pair,
    `step9_boosted`, `step9_units`. step10: pair, `step10_blocked`. The last three are None when not supplied.
    """

    codes: Codes
    candidates: pl.LazyFrame
    sales: pl.LazyFrame
    clusters: pl.LazyFrame
    spus: pl.LazyFrame
    traffic: pl.LazyFrame | None
    step9: pl.LazyFrame | None
    step10: pl.LazyFrame | None

    def between(self, first: int, last: int) -> "Inputs":
        """The same for the candidates of a range of pairs; what other stores sell is no part of it."""
        own = pl.col(PAIR).is_between(first, last)
        return replace(
            self,
            candidates=self.candidates.filter(own),
            sales=self.sales.filter(own),
            step9=None if self.step9 is None else self.step9.filter(own),
            step10=None if self.step10 is None else self.step10.filter(own),
        )


def inputs(tables: Mapping[str, pl.LazyFrame], period: str | None, settings: GrowthSettings) -> Inputs:
    """Clean the tables of one half month.

    tables: by name, in the columns of their contracts. period: the half month, None when the sales carry none.
    """
    codes = Codes.of([tables[name] for name in KEYED if name in tables])
    sales = clean_sales(of_period(tables[v.STORE_SPU_SALES], period), settings.inputs)
    traffic, step9, step10 = (tables.get(name) for name in (v.TRAFFIC, v.STEP9, v.STEP10))
    sold = in_memory(sales.pipe(codes.keyed))
    return Inputs(
        codes=codes,
        candidates=in_memory(marked(tables[v.STEP11]).select(KEY).pipe(codes.keyed)),
        sales=sold,
        clusters=in_memory(clean_clusters(tables[v.CLUSTERS]).pipe(codes.keyed)),
        spus=in_memory(_spus(sold)),
        traffic=None
        if traffic is None
        else in_memory(clean_traffic(traffic, period, settings.inputs).pipe(codes.keyed)),
        step9=None if step9 is None else in_memory(boosts(step9.pipe(codes.keyed))),
        step10=None if step10 is None else in_memory(_blocks(step10.pipe(codes.keyed), period, settings.conflicts)),
    )


def in_memory(table: pl.LazyFrame) -> pl.LazyFrame:
    """The table, read once and in the order of its pairs, each once: a run asks for it several times."""
    read = table.collect()
    if PAIR not in read.columns:
        return read.lazy()
    if not read[PAIR].is_sorted():
        read = read.sort(PAIR)
    is_repeated = (read[PAIR].diff(null_behavior="drop") == 0).any()
    return (read.unique(PAIR, maintain_order=True) if is_repeated else read).lazy()


def marked(step11: pl.LazyFrame) -> pl.LazyFrame:
    """The rows that Step 11 marked as candidates; an empty mark is none."""
    return step11.filter(pl.col("is_growth_candidate").fill_null(value=False))


def of_period(table: pl.LazyFrame, period: str | None) -> pl.LazyFrame:
    """The rows of one half month; all when there is none."""
    return table if period is None else table.filter(pl.col("period").is_null() | (pl.col("period") == period))


def clean_sales(sales: pl.LazyFrame, settings: InputSettings) -> pl.LazyFrame:
    """The sales of one half month with what Step 12 reads of them. Negative quantities count as 0."""
    if settings.duplicate_sales == "sum":
        sales = _added_up(sales)
    current = known(pl.col("current_spu_count")).clip(lower_bound=0)
    own = pl.coalesce(known(pl.col("store_sales")), known(pl.col("current_spu_count"))).clip(lower_bound=0)
    return sales.select(
        *KEY,
        current_spu_count=current,
        store_sales=own if settings.sales_column == "store_sales" else current,
        sell_through_rate=known(pl.col("sell_through_rate")).clip(0, 1),
        sex_name=_spelt_alike(sales),
    )


def _spelt_alike(sales: pl.LazyFrame) -> pl.Expr:
    """What the sales call the sex an SPU is made for, in lower case and trimmed, as a category; null for no text.

    The few spellings there are are looked at, and not every row.
    """
    spellings = sales.select(pl.col("sex_name").drop_nulls().unique().cast(pl.String)).collect()["sex_name"]
    alike = spellings.str.strip_chars().str.to_lowercase()
    is_given = alike != ""
    return (
        pl.col("sex_name")
        .cast(pl.String)
        .replace_strict(spellings.filter(is_given), alike.filter(is_given), default=None, return_dtype=pl.Categorical)
    )


def clean_clusters(clusters: pl.LazyFrame) -> pl.LazyFrame:
    """Store and `cluster_id` (Int32), whatever the table calls it."""
    number = pl.coalesce(pl.col(CLUSTER_SPELLINGS).cast(pl.String)).cast(pl.Int32, strict=False)
    return clusters.select("str_code", cluster_id=number)


def boosts(step9: pl.LazyFrame) -> pl.LazyFrame:
    """The pairs that Step 9 raises in any row, `step9_boosted`, with its largest increase in units."""
    units = known(pl.col("recommended_quantity_change")).max().fill_null(0.0)
    raised = step9.filter(pl.col("rule9_applied").fill_null(value=False))
    return raised.group_by(PAIR).agg(step9_boosted=pl.lit(value=True), step9_units=units)


def known(value: pl.Expr) -> pl.Expr:
    """The number, null where it is no finite number."""
    return pl.when(value.is_finite()).then(value)


def _added_up(sales: pl.LazyFrame) -> pl.LazyFrame:
    """One row a store and SPU: quantities added up in ascending order, so that the order of rows changes no digit."""
    units = ("current_spu_count", "store_sales")
    added = [pl.when(pl.col(name).count() > 0).then(pl.col(name).sort().sum()).alias(name) for name in units]
    return sales.group_by(KEY).agg(
        *added, pl.col("sell_through_rate").max(), pl.col("sex_name").drop_nulls().sort().first()
    )


def _spus(sales: pl.LazyFrame) -> pl.LazyFrame:
    """The sex that most stores give an SPU, the first by name of equals, for stores that do not carry it."""
    votes = sales.drop_nulls("sex_name").group_by("spu_code", "sex_name").len()
    return (
        votes.sort("spu_code", "len", "sex_name", descending=[False, True, False])
        .unique("spu_code", keep="first", maintain_order=True)
        .select("spu_code", spu_sex_name="sex_name")
    )


def clean_traffic(traffic: pl.LazyFrame, period: str | None, settings: InputSettings) -> pl.LazyFrame:
    """Mean visitors a store over the window; a negative count is none."""
    window = within(pl.col("period"), period, settings.traffic_window_periods - 1)
    women, men = pl.col("woman_into_str_cnt_avg"), pl.col("male_into_str_cnt_avg")
    counted = traffic.filter(window).filter(known(women) >= 0, known(men) >= 0)
    return counted.group_by("str_code").agg(women=_mean(women), men=_mean(men))


def _mean(value: pl.Expr) -> pl.Expr:
    """The mean, added up in ascending order: Polars' own depends on the order of rows."""
    return value.sort().implode().list.mean()


def _blocks(step10: pl.LazyFrame, period: str | None, settings: ConflictSettings) -> pl.LazyFrame:
    """The pairs that Step 10 reduces or finds volatile, not long ago: `step10_blocked`."""
    recent = within(pl.col("period"), period, settings.step10_lookback_periods)
    flags = ("rule10_applied", "volatility_flag")
    reduced = pl.any_horizontal(pl.col(flag).fill_null(value=False) for flag in flags)
    return step10.filter(recent, reduced).select(PAIR, step10_blocked=pl.lit(value=True)).unique(PAIR)
