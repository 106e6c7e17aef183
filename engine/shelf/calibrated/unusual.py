"""Unusual: cells that cannot be, and cells too extraordinary to learn from, by each store-SKU's own history.

In: `Panel`. Out: the panel without what cannot be, which cells nothing is learnt from, and a row for each of both. A
bulk order is kept as sold; a number that neither history nor revenue allows is unknown. Stock and prices that cannot
be are those of the last ordinary day.
"""

from typing import Any

import numpy as np
import polars as pl

from engine.arrays import Flags, Floats, Integers
from engine.blocks.together import Together
from engine.errors import Problem
from engine.kernels import rows
from engine.kernels.unusual import EXTRAORDINARY, IMPOSSIBLE, carry_ordinary, extremes, judge_sales, ordinary
from engine.settings.shelf.calibrated import DemandSettings
from engine.shelf.measures import Measure, replaced
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
    verdict = panel.memory.empty((panel.pairs.height, panel.n_days), np.uint8)
    usual = _usual_sales(panel, settings.bulk_quantile)

    def judge(block: slice) -> None:
        units, revenue, price = (panel.array(name, block) for name in ("units", "revenue", "price"))
        bounds = (settings.bulk_ratio, settings.impossible_ratio, settings.paid_share)
        judge_sales(units, revenue, price, usual[block], *bounds, verdict[block])

    rows.in_blocks(judge, usual.size)
    impossible, bulk = (np.nonzero(verdict == of) for of in (IMPOSSIBLE, EXTRAORDINARY))
    tables = [_listed(panel, "units", "units", *impossible), _listed(panel, "bulk", "units", *bulk)]
    corrected = {"units": _without(panel, *impossible)} if tables[0].height else {}
    for measure, ratio in (("on_hand", settings.stock_ratio), ("price", settings.price_ratio)):
        carried_forward, odd = _carried_forward(panel, measure, ratio)
        tables.append(odd)
        corrected |= {measure: carried_forward} if odd.height else {}
    np.minimum(verdict, 1, out=verdict)
    return panel.having(**corrected), verdict, pl.concat(tables).sort(*ORDER)


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
    usual = _ordinary(panel, "units", np.arange(panel.pairs.height), quantile)
    known = panel.together.joined(usual[~np.isnan(usual)])
    of_chain = panel.together.once(lambda: float(np.median(known)) if known.size else np.nan)
    of_pair = pl.col("usual").fill_nan(None)
    usual_by_pair = pl.DataFrame({"sku": panel.codes("sku"), "usual": usual}).with_columns(of_pair)
    filled = pl.coalesce(pl.col("usual"), pl.col("usual").median().over("sku")).fill_null(of_chain)
    return np.ascontiguousarray(usual_by_pair.select(filled).to_series().to_numpy())


def _ordinary(panel: Panel, measure: str, pair: Integers, quantile: float) -> Floats:
    usual = np.empty(pair.size)
    rows.in_blocks(lambda block: ordinary(panel.array(measure, pair[block]), quantile, usual[block]), pair.size)
    return usual


def _carried_forward(panel: Panel, measure: str, ratio: float) -> tuple[Measure, pl.DataFrame]:
    """A measure with its impossible cells overruled, and these; the measure itself where there are none."""
    smallest, largest = np.empty((2, panel.pairs.height))
    rows.in_blocks(
        lambda block: extremes(panel.array(measure, block), smallest[block], largest[block]), panel.pairs.height
    )
    # What is ordinary is no less than the smallest value: few rows can hold what is beyond a multiple of it.
    odd_rows = np.flatnonzero(largest > ratio * smallest)
    usual = _ordinary(panel, measure, odd_rows, MIDDLE)
    is_odd_row = largest[odd_rows] > ratio * usual
    odd_rows, usual = odd_rows[is_odd_row], usual[is_odd_row]
    values = np.array(panel.array(measure, odd_rows))
    verdict = np.empty(values.shape, np.uint8)
    carry_ordinary(values, usual, ratio, verdict)
    row, day = np.nonzero(verdict == IMPOSSIBLE)
    changed = np.unique(row)
    carried_forward = replaced(panel.measures[measure], odd_rows[changed], values[changed], panel.memory)
    return carried_forward, _listed(panel, measure, measure, odd_rows[row], day)


def _without(panel: Panel, pair: Integers, day: Integers) -> Measure:
    """The units without some cells."""
    changed, row = np.unique(pair, return_inverse=True)
    values = np.array(panel.array("units", changed))
    values[row, day] = np.nan
    return replaced(panel.measures["units"], changed, values, panel.memory)


def _listed(panel: Panel, kind: str, measure: str, pair: Integers, day: Integers) -> pl.DataFrame:
    """A row for each of some cells of a measure. kind: which of `WHY`."""
    dates: Any = np.datetime64(panel.first_day) + day.astype("timedelta64[D]")
    return panel.pairs.select(v.PAIR)[pair].with_columns(
        date=pl.Series(dates, dtype=pl.Date) if day.size else pl.lit(None, pl.Date),
        measure=pl.lit(kind),
        value=pl.Series(panel.at(measure, pair, day)),
        why=pl.lit(WHY[kind]),
    )
