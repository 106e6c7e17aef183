"""Unusual: cells that cannot be, and cells too extraordinary to learn from, by each store-SKU's own history.

In: `Panel`. Out: the panel without what cannot be, which cells nothing is learnt from, and a row for each of both. A
bulk order is kept as sold; a number that neither history nor revenue allows is unknown. Stock and prices that cannot
be are those of the last ordinary day.
"""

from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from engine.arrays import Flags, Floats
from engine.blocks.together import Together
from engine.errors import Problem
from engine.kernels import rows
from engine.kernels.unusual import EXTRAORDINARY, IMPOSSIBLE, carry_ordinary, extremes, judge_sales, ordinary
from engine.settings.shelf.calibrated import DemandSettings
from engine.shelf.panel import Panel
from engine.vocabulary import shelf as v

MIDDLE = 0.5
EXAMPLES = 5
ORDER = (*v.PAIR, "date", "measure")
WHY = {
    "units": "far beyond what the store-SKU sells and not paid for",
    "bulk": "far beyond what the store-SKU sells: kept as sold, nothing is learnt from it",
    "on_hand": "far beyond any other stock of the store-SKU",
    "price": "far beyond any other price of the store-SKU",
}


def set_unusual_aside(panel: Panel, settings: DemandSettings) -> tuple[Panel, Flags, pl.DataFrame]:
    """The panel, the cells that nothing is learnt from (pairs, days), and what was found.

    The table: store_id, sku_id, date, measure (units, bulk, on_hand, price), value as delivered, why.
    """
    units, verdict = panel.array("units"), panel.memory.empty(panel.array("units").shape, np.uint8)
    usual = _usual_sales(panel, settings.bulk_quantile)

    def judge(block: slice) -> None:
        cells = (units[block], panel.array("revenue")[block], panel.array("price")[block], usual[block])
        bounds = (settings.bulk_ratio, settings.impossible_ratio, settings.paid_share)
        judge_sales(*cells, *bounds, verdict[block])

    rows.in_blocks(judge, usual.size)
    tables = [
        _listed(panel, name, units, verdict == of) for name, of in (("units", IMPOSSIBLE), ("bulk", EXTRAORDINARY))
    ]
    corrected = {"units": _with(panel, units, verdict == IMPOSSIBLE, np.nan)} if tables[0].height else {}
    for measure, ratio in (("on_hand", settings.stock_ratio), ("price", settings.price_ratio)):
        carried_forward, odd = _carried_forward(panel, measure, ratio)
        tables.append(odd)
        corrected |= {measure: carried_forward} if odd.height else {}
    columns = {name: pl.Series(array) for name, array in corrected.items()}
    found = pl.concat(tables).sort(*ORDER)
    return replace(panel, pairs=panel.pairs.with_columns(**columns)), (verdict > 0).astype(np.uint8), found


def notices(found: pl.DataFrame, together: Together) -> tuple[Problem, ...]:
    """What is to be told of the chain's cells that cannot be; none without any."""
    odd = found.filter(pl.col("measure") != "bulk")
    count = together.count(odd.height)
    first = together.rows(odd.head(EXAMPLES)).sort(*ORDER).head(EXAMPLES).iter_rows(named=True)
    if not count:
        return ()
    return (
        Problem(
            where="cells of units, stock and prices",
            what="cannot be, by the store-SKU's own history, and were set aside",
            advice="correct them at their source; unusual.parquet lists all of them",
            count=count,
            examples=tuple(
                f"store {x['store_id']}, SKU {x['sku_id']}, {x['date']}: {x['measure']} {x['value']:g}" for x in first
            ),
        ),
    )


def _usual_sales(panel: Panel, quantile: float) -> Floats:
    """Ordinary sales of a day with any, (pairs,): its own, else those of the SKU, else those of the chain."""
    usual = _ordinary(panel.array("units"), quantile)
    known = panel.together.joined(usual[~np.isnan(usual)])
    of_chain = panel.together.once(lambda: float(np.median(known)) if known.size else np.nan)
    of_pair = pl.col("usual").fill_nan(None)
    usual_by_pair = pl.DataFrame({"sku": panel.codes("sku"), "usual": usual}).with_columns(of_pair)
    filled = pl.coalesce(pl.col("usual"), pl.col("usual").median().over("sku")).fill_null(of_chain)
    return np.ascontiguousarray(usual_by_pair.select(filled).to_series().to_numpy())


def _ordinary(values: Floats, quantile: float) -> Floats:
    usual = np.empty(len(values))
    rows.in_blocks(lambda block: ordinary(values[block], quantile, usual[block]), len(values))
    return usual


def _carried_forward(panel: Panel, measure: str, ratio: float) -> tuple[Floats, pl.DataFrame]:
    """A measure with its impossible cells overruled, and these; the measure itself where there are none."""
    values = panel.array(measure)
    smallest, largest = np.empty((2, len(values)))
    rows.in_blocks(lambda block: extremes(values[block], smallest[block], largest[block]), len(values))
    # What is ordinary is no less than the smallest value: few rows can hold what is beyond a multiple of it.
    odd_rows = np.flatnonzero(largest > ratio * smallest)
    usual = _ordinary(values[odd_rows], MIDDLE)
    is_odd_row = largest[odd_rows] > ratio * usual
    odd_rows, usual = odd_rows[is_odd_row], usual[is_odd_row]
    if not odd_rows.size:
        return values, _listed(panel, measure, values, np.zeros((0, 0), np.bool_))
    some = np.ascontiguousarray(values[odd_rows])
    verdict = np.empty(some.shape, np.uint8)
    carry_ordinary(some, usual, ratio, verdict)
    is_odd = panel.memory.empty(values.shape, np.bool_)
    is_odd[:] = False
    is_odd[odd_rows] = verdict == IMPOSSIBLE
    carried_forward = panel.memory.empty(values.shape)
    carried_forward[:] = values
    carried_forward[odd_rows] = some
    return carried_forward, _listed(panel, measure, values, is_odd)


def _with(panel: Panel, values: Floats, where: NDArray[np.bool_], value: float) -> Floats:
    changed = panel.memory.empty(values.shape)
    changed[:] = values
    changed[where] = value
    return changed


def _listed(panel: Panel, measure: str, values: Floats, where: NDArray[np.bool_]) -> pl.DataFrame:
    pair, day = np.nonzero(where)
    dates: Any = np.datetime64(panel.first_day) + day.astype("timedelta64[D]")
    return panel.pairs.select(v.PAIR)[pair].with_columns(
        date=pl.Series(dates, dtype=pl.Date) if day.size else pl.lit(None, pl.Date),
        measure=pl.lit(measure),
        value=pl.Series(values[pair, day] if day.size else np.empty(0)),
        why=pl.lit(WHY[measure]),
    )
