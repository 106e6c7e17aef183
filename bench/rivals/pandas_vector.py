"""Vectorised pandas: one wide frame a measure, days down and store-SKUs across, no loop over either.

Rolling mean and deviation give the bounds of the trimming; the kept days are summed lag by lag.
"""

from pathlib import Path

import numpy as np
import pandas as pd

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
    sold, held = _wide(folder, stores)
    units, in_stock = _imputed(sold, held)
    judged = in_stock.columns[in_stock.iloc[-ACTIVE_DAYS:].any()]
    units, in_stock = units[judged], in_stock[judged]
    expected = _expected(units)
    bound = DARK_RATIO * expected
    # Rolling sums drift: what is left of them when nothing was sold is not an expectation.
    dark = in_stock & (expected > TIE) & (bound - units > TIE * bound)
    _runs(dark).to_parquet(out, index=False)


def _wide(folder: Path, stores: int | None) -> list[pd.DataFrame]:
    """Units and on-hand as delivered, days down and store-SKUs across."""
    chosen = None if stores is None else [("store_id", "<=", stores)]
    measures = {"sales_transactions": "units_sold", "inventory_snapshot": "quantity_on_hand"}
    tables = [
        pd.read_parquet(folder / f"{table}.parquet", columns=[*PAIR, "date", measure], filters=chosen)
        for table, measure in measures.items()
    ]
    days = pd.date_range(end=tables[0]["date"].max(), periods=LOOKBACK_DAYS)
    series = [
        table.assign(date=pd.to_datetime(table["date"])).set_index([*PAIR, "date"])[measure].astype(np.float64)
        for table, measure in zip(tables, measures.values(), strict=True)
    ]
    wide = [one.unstack(PAIR).reindex(days) for one in series]
    pairs = wide[0].columns.union(wide[1].columns)
    return [one.reindex(columns=pairs) for one in wide]


def _imputed(sold: pd.DataFrame, held: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Units, and whether in stock."""
    is_open = sold.notna().T.groupby(level="store_id").any().T
    is_open = is_open.reindex(columns=sold.columns.get_level_values("store_id")).set_axis(sold.columns, axis=1)
    is_listed = (sold.notna() | (held > 0)).cummax()
    units = sold.fillna(0).where(is_open & is_listed)
    day = pd.DataFrame(
        np.where(units.notna(), np.arange(LOOKBACK_DAYS, dtype=np.float64)[:, None], np.nan),
        units.index,
        units.columns,
    )
    is_short = day.bfill() - day.ffill() <= LONGEST_GAP_DAYS + 1
    units = units.where(~is_short, units.interpolate(limit_area="inside"))
    on_hand = held.ffill()
    seen_to_sell = (sold > 0).rolling(STOCK_FROM_SALES_DAYS, min_periods=1).max().shift(1) == 1
    return units, (on_hand > 0).where(on_hand.notna(), seen_to_sell)


def _expected(units: pd.DataFrame) -> pd.DataFrame:
    before = units.rolling(WINDOW_DAYS, min_periods=MIN_KEPT_DAYS)
    mean, reach = before.mean().shift(1), SIGMAS * before.std().shift(1)
    bound = reach + TIE * (mean + reach)
    total, count = (pd.DataFrame(0.0, units.index, units.columns) for _ in range(2))
    for lag in range(1, WINDOW_DAYS + 1):
        past = units.shift(lag)
        is_kept = (past - mean).abs() <= bound
        total += past.where(is_kept, 0.0)
        count += is_kept
    return (total / count).where(count >= MIN_KEPT_DAYS)


def _runs(dark: pd.DataFrame) -> pd.DataFrame:
    """The first and last day of every unbroken run that is long enough."""
    flags = dark.to_numpy()
    closed = np.zeros((1, flags.shape[1]), np.bool_)
    edges = np.diff(np.vstack([closed, flags, closed]).astype(np.int8), axis=0).T
    pair, first = np.nonzero(edges == 1)
    last = np.nonzero(edges == -1)[1] - 1
    is_long = last - first + 1 >= MIN_DARK_DAYS
    found = dark.columns[pair[is_long]].to_frame(index=False)
    return found.assign(first_date=dark.index[first[is_long]], last_date=dark.index[last[is_long]])


if __name__ == "__main__":
    compete(cases)
