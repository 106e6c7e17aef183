"""Inputs: from tables under contract to the clean columns that Step 12 works on.

In: typed tables. Out: `Inputs`, lazy frames with unique keys, null where something is not known.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace

import polars as pl

from engine import vocabulary as v
from engine.contracts.growth import CLUSTER_SPELLINGS
from engine.growth.periods import within
from engine.growth.settings import ConflictSettings, GrowthSettings, InputSettings

KEY = v.STORE_SPU


@dataclass(frozen=True)
class Inputs:
    """What Step 12 may see. Step 11's score and tier are no part of it, so they cannot move a quantity.

    candidates: store, SPU; what Step 11 marked. sales: store, SPU, `store_sales` and `current_spu_count` (units, 0 or
    more, null unknown), `sell_through_rate` (0 to 1), `sex_name`. clusters: store, `cluster_id`. spus: SPU and the
    `spu_sex_name` most stores give it. traffic: store, mean visitors `women` and `men`. step9: store, SPU,
    `step9_boosted`, `step9_units`. step10: store, SPU, `step10_blocked`. The last three are None when not supplied.
    """

    candidates: pl.LazyFrame
    sales: pl.LazyFrame
    clusters: pl.LazyFrame
    spus: pl.LazyFrame
    traffic: pl.LazyFrame | None
    step9: pl.LazyFrame | None
    step10: pl.LazyFrame | None

    def in_memory(self) -> "Inputs":
        """The same, read once: a run asks for them several times."""
        tables = {field.name: getattr(self, field.name) for field in fields(self)}
        return replace(self, **{name: table.collect().lazy() for name, table in tables.items() if table is not None})


def inputs(tables: Mapping[str, pl.LazyFrame], period: str | None, settings: GrowthSettings) -> Inputs:
    """Clean the tables of one half month.

    tables: by name, in the columns of their contracts. period: the half month, None when the sales carry none.
    """
    sales = clean_sales(of_period(tables[v.STORE_SPU_SALES], period), settings.inputs)
    traffic, step9, step10 = (tables.get(name) for name in (v.TRAFFIC, v.STEP9, v.STEP10))
    return Inputs(
        candidates=marked(tables[v.STEP11]).select(KEY).unique(),
        sales=sales,
        clusters=clean_clusters(tables[v.CLUSTERS]),
        spus=_spus(sales),
        traffic=None if traffic is None else clean_traffic(traffic, period, settings.inputs),
        step9=None if step9 is None else boosts(step9),
        step10=None if step10 is None else _blocks(step10, period, settings.conflicts),
    )


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
    sex = pl.col("sex_name").str.strip_chars().str.to_lowercase()
    return sales.select(
        *KEY,
        current_spu_count=current,
        store_sales=own if settings.sales_column == "store_sales" else current,
        sell_through_rate=known(pl.col("sell_through_rate")).clip(0, 1),
        sex_name=pl.when(sex != "").then(sex),
    )


def clean_clusters(clusters: pl.LazyFrame) -> pl.LazyFrame:
    """Store and `cluster_id` (Int32), whatever the table calls it."""
    number = pl.coalesce(CLUSTER_SPELLINGS).cast(pl.Int32, strict=False)
    return clusters.select("str_code", cluster_id=number)


def boosts(step9: pl.LazyFrame) -> pl.LazyFrame:
    """Store, SPU, whether Step 9 raises it in any row, and its largest increase in units."""
    raised = pl.col("rule9_applied").fill_null(value=False)
    units = pl.when(raised).then(known(pl.col("recommended_quantity_change"))).max()
    return step9.group_by(KEY).agg(step9_boosted=raised.any(), step9_units=units.fill_null(0.0))


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
    recent = within(pl.col("period"), period, settings.step10_lookback_periods)
    flags = ("rule10_applied", "volatility_flag")
    reduced = pl.any_horizontal(pl.col(flag).fill_null(value=False) for flag in flags)
    return step10.filter(recent).group_by(KEY).agg(step10_blocked=reduced.any())
