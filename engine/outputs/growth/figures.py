"""Figures of a growth run in numbers, one function a figure: the report and the dashboard draw the same.

In: a published run. Out: small frames, every category there is in its fixed order, those without rows as 0.
"""

from collections.abc import Mapping
from typing import Any

import polars as pl

from engine.outputs.growth import shapes
from engine.outputs.read import summary, table
from engine.runs.registry import Run
from engine.stats import half_up
from engine.vocabulary import growth as v
from engine.vocabulary.common import TIE_TOLERANCE

QUANTITY = "recommended_adjustment_quantity"
BINS = 20
THOUSANDTHS = 1000
SENSITIVITY = (0.75, 1.0, 1.25)
"""What each cap is multiplied with to see what it is worth."""
CAP_COLUMNS: Mapping[str, str] = {
    v.CAP_CURRENT: "cap_current",
    v.CAP_MEDIAN: "cap_median",
    v.CAP_ABSOLUTE: "cap_absolute",
}
MEDIAN_EDGES = (2.0, 5.0, 10.0, 20.0, 50.0)
"""Between which cluster medians the dead zone is told apart, in units."""
NO_CATEGORY = "–"


def one_decimal(number: float) -> str:
    """A number as every page, chart, report and text of a run writes it: one decimal, ties up."""
    return f"{half_up(number, 1):,.1f}"


def tiers(run: Run) -> pl.DataFrame:
    """Scaled rows and units per tier."""
    return _kinds(run, "by_tier", "tier")


def caps(run: Run) -> pl.DataFrame:
    """Scaled rows and units per cap that binds."""
    return _kinds(run, "by_cap", "cap")


def flow(run: Run) -> dict[str, Any]:
    """What Step 11 decided and what Step 12 did: candidates, scaled rows, units."""
    facts = summary(run)
    return {name: facts[name] for name in ("candidates", "scaled", "units", "whole_units")}


def funnel(run: Run) -> pl.DataFrame:
    """From candidates to scaled rows: per status its rows, those that are left after it, and units.

    units: what scaled rows get; of rows below the minimum or suppressed, what they would get without; else 0.
    """
    counts = summary(run)["by_status"]
    wanted = pl.when(pl.col("status") == v.SCALED).then(QUANTITY).otherwise("raw_adjustment").fill_null(0.0)
    held = table(run, shapes.AUDIT).group_by(pl.col("status").cast(pl.String)).agg(units=_thousandths(wanted))
    units = dict(held.collect().iter_rows())
    left = sum(counts.values())
    rows = [("candidates", left, left, 0.0)]
    for status in v.GROWTH_STATUSES:
        left -= counts[status] if status != v.SCALED else 0
        rows.append((status, counts[status], left, units.get(status, 0.0)))
    return pl.DataFrame(rows, schema=["step", "rows", "left", "units"], orient="row")


def opportunities(run: Run) -> pl.DataFrame:
    """Candidates and scaled rows by the tier that Step 11 gave them, by name, those without one last."""
    found = table(run, shapes.AUDIT).group_by(tier=pl.col("opportunity_tier").fill_null(NO_CATEGORY))
    counted = found.agg(rows=pl.len(), scaled=(pl.col(QUANTITY) > 0).sum()).collect()
    return counted.sort((pl.col("tier") == NO_CATEGORY), "tier")


def adjustments(run: Run) -> tuple[pl.DataFrame, float | None, float | None]:
    """The distribution of quantities in twenty bins of equal width, with their mean and median."""
    quantity = _scaled(run).select(QUANTITY).collect()[QUANTITY].sort()
    if quantity.is_empty():
        return pl.DataFrame(schema={"low": pl.Float64, "high": pl.Float64, "rows": pl.Int64}), None, None
    low, high = float(quantity[0]), float(quantity[-1])
    width = (high - low) / BINS or 1.0
    place = ((quantity - low) / width).floor().clip(0, BINS - 1).cast(pl.Int32)
    counted = pl.DataFrame({"bin": range(BINS)}, schema={"bin": pl.Int32}).join(
        place.alias("bin").value_counts(name="rows"), on="bin", how="left", maintain_order="left"
    )
    edges = counted.select(
        low=low + pl.col("bin") * width, high=low + (pl.col("bin") + 1) * width, rows=pl.col("rows").fill_null(0)
    )
    total = int((quantity * THOUSANDTHS).round().cast(pl.Int64).sum())
    return edges, total / THOUSANDTHS / len(quantity), float(quantity.quantile(0.5, "linear") or 0.0)


def gap_and_quantity(run: Run, most: int = 3000) -> pl.DataFrame:
    """Gap, quantity and binding cap of scaled rows: all, or `most` of them evenly by key."""
    rows = _scaled(run).select(*v.STORE_SPU, "performance_gap", QUANTITY, "cap_applied").sort(v.STORE_SPU).collect()
    return rows.gather_every(max(1, -(-rows.height // most)))


def envelope(run: Run) -> tuple[float, float]:
    """What no quantity can leave: so many units per unit of the gap at most, and so many at all.

    The first is the share of the gap that is closed, times the largest boosts of visitors and sell-through.
    """
    settings = run.manifest["settings"]
    boosts = (1 + settings["affinity"]["max_boost"]) * (1 + settings["sell_through"]["max_boost"])
    return settings["gap"]["base_factor"] * boosts, settings["caps"]["absolute_units"]


def peer_examples(run: Run) -> list[dict[str, Any]]:
    """One row of the audit for each status that has a benchmark, the one with the largest gap, scaled rows first."""
    rows = table(run, shapes.AUDIT).filter(pl.col("cluster_p75") > 0)
    order = ("performance_gap", *v.STORE_SPU)
    largest = rows.sort(order, descending=[True, False, False], nulls_last=True)
    found = [largest.filter(pl.col("status") == status).head(1) for status in (v.SCALED, v.SUPPRESSED_BY_CAP)]
    return [row for one in pl.collect_all(found) for row in one.iter_rows(named=True)]


def heat_map(run: Run) -> pl.DataFrame:
    """Units per cluster and category, one row per cluster, one column per category."""
    rows = (
        _scaled(run)
        .with_columns(pl.col("cate_name").fill_null(NO_CATEGORY))
        .group_by("cluster_id", "cate_name")
        .agg(units=_units())
    )
    sold = rows.sort("cate_name").collect()
    wide = sold.pivot("cate_name", index="cluster_id", values="units").sort("cluster_id")
    return wide.with_columns(pl.exclude("cluster_id").fill_null(0.0))


def conflicts(run: Run) -> pl.DataFrame:
    """Candidates by what Steps 9 and 10 decided of them, and how many of those were scaled: four rows, always."""
    audit = table(run, shapes.AUDIT).select(
        raised="step9_boosted", reduced=pl.col("status") == v.BLOCKED_STEP10, scaled=pl.col(QUANTITY) > 0
    )
    found = audit.group_by("raised", "reduced").agg(rows=pl.len(), scaled=pl.col("scaled").sum()).collect()
    every = pl.DataFrame({"raised": [False, False, True, True], "reduced": [False, True, False, True]})
    return every.join(found, on=["raised", "reduced"], how="left", maintain_order="left").fill_null(0)


def dead_zone(run: Run) -> pl.DataFrame:
    """Of candidates whose gap is worth closing, the share that caps and minimum left with nothing, by median."""
    wanted = (v.BELOW_MIN_QTY, v.SUPPRESSED_BY_CAP, v.SCALED)
    audit = table(run, shapes.AUDIT).filter(pl.col("status").cast(pl.String).is_in(wanted))
    labels = [_label(low, high) for low, high in zip((0.0, *MEDIAN_EDGES), (*MEDIAN_EDGES, None), strict=True)]
    group = sum(((pl.col("cluster_median") > edge).cast(pl.Int32) for edge in MEDIAN_EDGES), start=pl.lit(0))
    found = audit.group_by(band=group).agg(rows=pl.len(), without=(pl.col(QUANTITY) == 0).sum()).collect()
    every = pl.DataFrame({"band": range(len(labels)), "cluster_median": labels}, schema_overrides={"band": pl.Int32})
    bands = every.join(found, on="band", how="left", maintain_order="left").fill_null(0)
    share = pl.when(pl.col("rows") > 0).then(pl.col("without") / pl.col("rows"))
    return bands.select("cluster_median", "rows", "without", share=share)


def sensitivity(run: Run) -> pl.DataFrame:
    """Units in all when one cap is a quarter lower or higher than it is."""
    least = float(run.manifest["settings"]["caps"]["min_units"])
    audit = table(run, shapes.AUDIT).filter(pl.col("raw_adjustment") >= least).collect()
    rows = []
    for cap in CAP_COLUMNS:
        for factor in SENSITIVITY:
            limits = [pl.col(column) * (factor if name == cap else 1.0) for name, column in CAP_COLUMNS.items()]
            left = pl.min_horizontal("raw_adjustment", *limits)
            kept = pl.when(left >= least - TIE_TOLERANCE).then(left).otherwise(0.0)
            thousandths = audit.select((kept * THOUSANDTHS).round().cast(pl.Int64).sum()).item() or 0
            rows.append((cap, factor, thousandths / THOUSANDTHS))
    return pl.DataFrame(rows, schema=["cap", "factor", "units"], orient="row")


def top(run: Run, key: str, most: int = 10) -> pl.DataFrame:
    """The stores or SPUs with the most units, with their names. key: `str_code` or `spu_code`."""
    name = {"str_code": "store_name", "spu_code": "spu_name"}[key]
    found = _scaled(run).group_by(key).agg(pl.col(name).min().alias("name"), rows=pl.len(), units=_units())
    return found.sort("units", key, descending=[True, False]).head(most).collect()


def peer_strip(run: Run, cluster_id: int, spu_code: str) -> pl.DataFrame:
    """The sales of every peer of a cluster and SPU, ascending, for the strip behind an explanation."""
    peers = table(run, shapes.PEERS).filter(pl.col("cluster_id") == cluster_id, pl.col("spu_code") == spu_code)
    return peers.select("str_code", "store_sales", "peer_percentile").sort("store_sales", "str_code").collect()


def _scaled(run: Run) -> pl.LazyFrame:
    return table(run, shapes.AUDIT).filter(pl.col(QUANTITY) > 0)


def _units() -> pl.Expr:
    return _thousandths(pl.col(QUANTITY))


def _thousandths(units: pl.Expr) -> pl.Expr:
    """Added up in whole thousandths: the order of rows changes no digit."""
    return (units * THOUSANDTHS).round().cast(pl.Int64).sum() / THOUSANDTHS


def _kinds(run: Run, name: str, kind: str) -> pl.DataFrame:
    rows = [(each, facts["rows"], facts["units"]) for each, facts in summary(run)[name].items()]
    return pl.DataFrame(rows, schema={kind: pl.String, "rows": pl.Int64, "units": pl.Float64}, orient="row")


def _label(low: float, high: float | None) -> str:
    return f"above {low:g}" if high is None else f"{low:g}–{high:g}"
