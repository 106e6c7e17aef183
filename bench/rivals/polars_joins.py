"""Pure Polars: tables joined onto the cells of a grid, rolling windows over each store-SKU.

Store-SKU and day become one whole number, the cell; on sorted cells Polars joins by merging. Mean, deviation and
extremes of the days before each day are rolling expressions. Values to trim are rare: only the days whose extremes
lie outside their bounds are joined back to the values.
"""

import datetime as dt
from pathlib import Path

import polars as pl

from bench.rivals import (
    ACTIVE_DAYS,
    DARK_RATIO,
    LONGEST_GAP_DAYS,
    LOOKBACK_DAYS,
    MIN_DARK_DAYS,
    MIN_KEPT_DAYS,
    SIGMAS,
    STOCK_FROM_SALES_DAYS,
    TIE,
    WINDOW_DAYS,
    compete,
)

PAIR = ["store_id", "sku_id"]


def cases(folder: Path, out: Path, stores: int | None) -> None:
    """Write every case of the folder, or of its first stores."""
    sales, stock = (
        pl.scan_parquet(folder / f"{table}.parquet") for table in ("sales_transactions", "inventory_snapshot")
    )
    last_date = sales.select(pl.col("date").max()).collect().item()
    first_date = last_date - dt.timedelta(days=LOOKBACK_DAYS - 1)
    sales = _in_span(sales, first_date, last_date, stores).rename({"units_sold": "units"})
    stock = _in_span(stock, first_date, last_date, stores).rename({"quantity_on_hand": "on_hand"})
    pairs = _pairs(sales, stock)
    sold, held = _by_cell(sales, pairs), _by_cell(stock, pairs)
    imputed = _imputed(pairs, sold, held, _unknown(pairs, sold))
    runs = _runs(_judged(_past(imputed))).join(pairs, on="pair")
    first, last = (
        first_date + pl.duration(days=pl.col(cell) % LOOKBACK_DAYS) for cell in ("first_cell", "last_cell")
    )
    runs.select(*PAIR, first.alias("first_date"), last.alias("last_date")).write_parquet(out)


def _in_span(table: pl.LazyFrame, first_date: dt.date, last_date: dt.date, stores: int | None) -> pl.LazyFrame:
    chosen = pl.col("date").is_between(first_date, last_date)
    if stores is not None:
        chosen &= pl.col("store_id") <= stores
    day = (pl.col("date") - first_date).dt.total_days().cast(pl.UInt32)
    measure = pl.col("^(units_sold|quantity_on_hand)$").cast(pl.Float64)
    return table.filter(chosen).select(*PAIR, day.alias("day"), measure)


def _pairs(sales: pl.LazyFrame, stock: pl.LazyFrame) -> pl.DataFrame:
    """Every store-SKU, numbered, with its first listed day and the day of its first snapshot; 90 when never."""
    day = pl.col("day").min()
    sold = sales.group_by(PAIR).agg(listed=day, first_snapshot=pl.lit(None, pl.UInt32))
    held = stock.group_by(PAIR).agg(listed=pl.col("day").filter(pl.col("on_hand") > 0).min(), first_snapshot=day)
    firsts = pl.col("listed", "first_snapshot").min().fill_null(LOOKBACK_DAYS)
    every = pl.concat([sold, held]).group_by(PAIR).agg(firsts).sort(PAIR)
    return every.collect().with_row_index("pair")


def _cell(day: str) -> pl.Expr:
    return (pl.col("pair") * LOOKBACK_DAYS + pl.col(day)).alias("cell")


def _by_cell(table: pl.LazyFrame, pairs: pl.DataFrame) -> pl.LazyFrame:
    """A table by cell. Its rows come sorted by store, SKU and day, so its cells are sorted too."""
    numbered = table.join(pairs.lazy().select(*PAIR, "pair"), on=PAIR, maintain_order="left")
    kept = numbered.select("store_id", "day", _cell("day"), pl.col("^(units|on_hand)$"))
    return kept.collect().lazy().set_sorted("cell")


def _unknown(pairs: pl.DataFrame, sold: pl.LazyFrame) -> pl.LazyFrame:
    """The cells before the listing and on closed days, and the units that fill a short gap between open days."""
    every_day = pl.LazyFrame({"day": pl.int_range(LOOKBACK_DAYS, dtype=pl.UInt32, eager=True)})
    open_day = pl.when("is_open").then("day")
    closed = (
        pairs.lazy()
        .select(pl.col("store_id").unique())
        .join(every_day, how="cross")
        .join(sold.select("store_id", "day", is_open=True).unique(), on=["store_id", "day"], how="left")
        .sort("store_id", "day")
        .with_columns(
            before=open_day.forward_fill().over("store_id"), after=open_day.backward_fill().over("store_id")
        )
        .filter(pl.col("is_open").is_null())
    )
    gaps = pairs.lazy().join(closed, on="store_id").filter(pl.col("day") >= pl.col("listed"))
    is_short = (pl.col("before") >= pl.col("listed")) & (pl.col("after") - pl.col("before") <= LONGEST_GAP_DAYS + 1)
    for side in ("before", "after"):
        units = sold.select(pl.col("cell").alias(f"{side}_cell"), pl.col("units").alias(f"units_{side}"))
        gaps = gaps.with_columns(_cell(side).alias(f"{side}_cell")).join(units, on=f"{side}_cell", how="left")
    start, end = pl.col("units_before").fill_null(0), pl.col("units_after").fill_null(0)
    share = (pl.col("day") - pl.col("before")) / (pl.col("after") - pl.col("before"))
    filled = gaps.select(_cell("day"), filled=pl.when(is_short).then(start + (end - start) * share))
    unlisted = pairs.lazy().filter(pl.col("listed") > 0).join(every_day, how="cross")
    before_listing = unlisted.filter(pl.col("day") < pl.col("listed")).select(
        _cell("day"), filled=pl.lit(None, pl.Float64)
    )
    return pl.concat([filled, before_listing]).with_columns(is_unknown=True).sort("cell")


def _imputed(pairs: pl.DataFrame, sold: pl.LazyFrame, held: pl.LazyFrame, unknown: pl.LazyFrame) -> pl.LazyFrame:
    """Units of every cell, null when unknown, and whether it is in stock; sorted."""
    cells = pl.LazyFrame({"cell": pl.int_range(pairs.height * LOOKBACK_DAYS, dtype=pl.UInt32, eager=True)})
    delivered = (
        cells.set_sorted("cell")
        .join(sold.select("cell", "units"), on="cell", how="left", maintain_order="left")
        .join(held.select("cell", "on_hand"), on="cell", how="left", maintain_order="left")
        .with_columns(pair=(pl.col("cell") // LOOKBACK_DAYS).set_sorted())
        .collect()
        .lazy()
    )
    sold_lately = (pl.col("units").fill_null(0) > 0).cast(pl.UInt8).rolling_max(STOCK_FROM_SALES_DAYS, min_samples=1)
    late = pairs.lazy().filter(pl.col("first_snapshot") > 0)
    seen_to_sell = delivered.join(late, on="pair", how="semi", maintain_order="left").select(
        "cell", seen_to_sell=sold_lately.shift(1).over("pair") == 1
    )
    units = pl.when("is_unknown").then("filled").otherwise(pl.col("units").fill_null(0))
    in_stock = pl.coalesce(pl.col("on_hand").forward_fill().over("pair") > 0, "seen_to_sell", False)
    return (
        delivered.join(unknown.set_sorted("cell"), on="cell", how="left", maintain_order="left")
        .join(seen_to_sell.set_sorted("cell"), on="cell", how="left", maintain_order="left")
        .select("cell", "pair", units=units, in_stock=in_stock)
        .collect()
        .lazy()
    )


def _past(imputed: pl.LazyFrame) -> pl.LazyFrame:
    """The imputed cells with number and trimmed mean of the known days before each, where there are enough."""
    units = pl.col("units")
    framed = {
        "n": units.is_not_null().cast(pl.Float64).rolling_sum(WINDOW_DAYS, min_samples=MIN_KEPT_DAYS),
        "mean": units.rolling_mean(WINDOW_DAYS, min_samples=MIN_KEPT_DAYS),
        "deviation": units.rolling_std(WINDOW_DAYS, min_samples=MIN_KEPT_DAYS),
        "highest": units.rolling_max(WINDOW_DAYS, min_samples=MIN_KEPT_DAYS),
        "lowest": units.rolling_min(WINDOW_DAYS, min_samples=MIN_KEPT_DAYS),
    }
    before = {name: expression.shift(1).over("pair") for name, expression in framed.items()}
    reach = SIGMAS * pl.col("deviation")
    bound = reach + TIE * (pl.col("mean") + reach)
    past = imputed.with_columns(**before).with_columns(bound=bound).collect().lazy()
    top, bottom = pl.col("mean") + pl.col("bound"), pl.col("mean") - pl.col("bound")
    outside = past.filter((pl.col("highest") > top) | (pl.col("lowest") < bottom)).drop("units", "in_stock")
    suspects = (
        past.select("pair", "units", pl.col("cell").alias("suspect"))
        .join(outside.group_by("pair").agg(top=top.min(), bottom=bottom.max()), on="pair")
        .filter((pl.col("units") > pl.col("top")) | (pl.col("units") < pl.col("bottom")))
    )
    back = pl.col("cell").cast(pl.Int64) - pl.col("suspect").cast(pl.Int64)
    kept = pl.col("n").first() - pl.len()
    trimmed = (
        outside.join(suspects.select("pair", "units", "suspect"), on="pair")
        .filter(back.is_between(1, WINDOW_DAYS), (pl.col("units") - pl.col("mean")).abs() > pl.col("bound"))
        .group_by("cell")
        .agg(
            kept_n=kept,
            kept_mean=(pl.col("n").first() * pl.col("mean").first() - pl.col("units").sum()) / kept,
        )
    )
    return past.join(trimmed, on="cell", how="left", maintain_order="left").select(
        "cell", "pair", "units", "in_stock", n=pl.coalesce("kept_n", "n"), expected=pl.coalesce("kept_mean", "mean")
    )


def _judged(cells: pl.LazyFrame) -> pl.LazyFrame:
    """The cells in stock of the store-SKUs that were in stock of late."""
    lately = pl.col("cell") % LOOKBACK_DAYS >= LOOKBACK_DAYS - ACTIVE_DAYS
    return cells.filter("in_stock").filter(lately.any().over("pair"))


def _runs(judged: pl.LazyFrame) -> pl.DataFrame:
    """Pair, first and last cell of every unbroken run of dark days that is long enough."""
    bound = DARK_RATIO * pl.col("expected")
    # Rolling sums drift: what is left of them when nothing was sold is not an expectation.
    is_dark = (pl.col("expected") > TIE) & (bound - pl.col("units") > TIE * bound)
    dark = judged.filter(pl.col("n") >= MIN_KEPT_DAYS, is_dark).select("pair", "cell").sort("cell").collect()
    run = (pl.col("cell") - pl.int_range(pl.len(), dtype=pl.UInt32)).alias("run")
    runs = dark.group_by("pair", run).agg(
        first_cell=pl.col("cell").min(), last_cell=pl.col("cell").max(), days=pl.len()
    )
    return runs.filter(pl.col("days") >= MIN_DARK_DAYS)


if __name__ == "__main__":
    compete(cases)
