"""The original design: pandas, one store-SKU after the other, one day after the other.

So slow that it runs on the first few stores of a chain; whoever compares it scales its seconds by the stores.
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


def cases(folder: Path, out: Path, stores: int | None) -> None:
    """Write every case of the folder, or of its first stores."""
    sales = pd.read_parquet(
        folder / "sales_transactions.parquet", columns=["store_id", "sku_id", "date", "units_sold"]
    )
    stock = pd.read_parquet(folder / "inventory_snapshot.parquet")
    days = pd.date_range(end=sales["date"].max(), periods=LOOKBACK_DAYS)
    if stores is not None:
        sales, stock = (table[table["store_id"] <= stores] for table in (sales, stock))
    sales, stock = (_in_span(table, days) for table in (sales, stock))
    open_days = {store_id: set(rows["date"]) for store_id, rows in sales.groupby("store_id")}
    sold, held = (dict(list(table.groupby(["store_id", "sku_id"]))) for table in (sales, stock))
    found = []
    for pair in sorted(sold.keys() | held.keys()):
        units = _by_day(sold.get(pair), "units_sold", days)
        on_hand = _by_day(held.get(pair), "quantity_on_hand", days)
        is_open = days.isin(list(open_days.get(pair[0], ())))
        found += [(*pair, days[first], days[last]) for first, last in _dark_runs(units, on_hand, is_open)]
    columns = ["store_id", "sku_id", "first_date", "last_date"]
    pd.DataFrame(found, columns=columns).to_parquet(out, index=False)


def _in_span(table: pd.DataFrame, days: pd.DatetimeIndex) -> pd.DataFrame:
    table = table.assign(date=pd.to_datetime(table["date"]))
    return table[table["date"].between(days[0], days[-1])]


def _by_day(rows: pd.DataFrame | None, column: str, days: pd.DatetimeIndex) -> pd.Series:
    if rows is None:
        return pd.Series(np.nan, index=days)
    return rows.set_index("date")[column].astype(np.float64).reindex(days)


def _dark_runs(units: pd.Series, on_hand: pd.Series, is_open: np.ndarray) -> list[tuple[int, int]]:
    """First and last day of every unbroken run of dark days of one store-SKU that is judged."""
    sold_lately = (units > 0).rolling(STOCK_FROM_SALES_DAYS, min_periods=1).max().shift(1) == 1
    carried_forward = on_hand.ffill()
    in_stock = (carried_forward > 0).where(carried_forward.notna(), sold_lately)
    if not in_stock.iloc[-ACTIVE_DAYS:].any():
        return []
    listed = (units.notna() | (on_hand > 0)).to_numpy().argmax()
    trading = is_open & (np.arange(LOOKBACK_DAYS) >= listed)
    imputed = _gaps_filled(units.fillna(0).where(trading))
    runs, length = [], 0
    for day in range(LOOKBACK_DAYS + 1):
        if day < LOOKBACK_DAYS and in_stock.iloc[day] and _is_dark(imputed, day):
            length += 1
            continue
        if length >= MIN_DARK_DAYS:
            runs.append((day - length, day - 1))
        length = 0
    return runs


def _gaps_filled(units: pd.Series) -> pd.Series:
    """Short runs of unknown days between known ones, on a straight line."""
    unknown = units.isna()
    gap = unknown.groupby((~unknown).cumsum()).transform("sum")
    return units.interpolate(limit_area="inside").where(gap <= LONGEST_GAP_DAYS, units)


def _is_dark(units: pd.Series, day: int) -> bool:
    past = units.iloc[max(day - WINDOW_DAYS, 0) : day].dropna()
    if len(past) < MIN_KEPT_DAYS:
        return False
    mean, reach = past.mean(), SIGMAS * past.std()
    kept = past[(past - mean).abs() <= reach + TIE * (mean + reach)]
    if len(kept) < MIN_KEPT_DAYS:
        return False
    bound = DARK_RATIO * kept.mean()
    return bool(bound > 0 and bound - units.iloc[day] > TIE * bound)


if __name__ == "__main__":
    compete(cases)
