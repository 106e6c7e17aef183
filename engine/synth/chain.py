"""A simulated chain of stores in the input format, with planted dark shelves and the truth about them.

plan → catalog → episodes → block by block: demand, stock, tables, truth. A block is a few stores: memory holds
one block and the row groups being filled, whatever the size of the chain.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from engine.synth.catalog import OFFER_RESPONSE, build_catalog
from engine.synth.demand import NO_PROMO, PROMO_TYPES, StoreDays, draw_store, end_to_end
from engine.synth.plan import ChainPlan
from engine.synth.scenarios import Episode, effect_of, plan_episodes
from engine.synth.stock import Trade, ordinary_stock, trade
from engine.synth.tables import TRUTH, TableFile, chain_files
from engine.vocabulary.shelf import IMPRESSIONS, INVENTORY, PRICING, SALES, SKUS, STORES

__all__ = ["ChainPlan", "ChainSummary", "write_chain"]

BLOCK_CELLS: Final = 500_000
"""Store-SKU-days simulated together, give or take a store."""


@dataclass(frozen=True, slots=True)
class ChainSummary:
    """What was written. rows: by table. planted: dark episodes in the truth. lost_revenue: what they lost."""

    out: Path
    store_skus: int
    first_date: date
    last_date: date
    rows: dict[str, int]
    planted: int
    lost_revenue: float


def write_chain(out: Path, plan: ChainPlan, *, stores_per_block: int | None = None) -> ChainSummary:
    """Write the tables of a chain and `truth.parquet` into a folder, which is made when missing.

    Tables of an earlier chain in the folder are replaced, when all the new ones are whole. stores_per_block bounds
    the memory and changes no byte; by default a block has about half a million store-SKU-days. Raises OutputError
    when the folder cannot be written.
    """
    catalog = build_catalog(plan)
    episodes = plan_episodes(plan, catalog.store_city, catalog.assortment, catalog.sku_daily_units)
    dates = np.arange(plan.days) + np.datetime64(plan.first_date, "D")
    stores_per_block = stores_per_block or max(1, BLOCK_CELLS // (plan.skus_per_store * plan.days))
    lost_revenue: list[float] = []
    with chain_files(out, plan.file_format) as files:
        files[STORES].append(catalog.stores)
        files[SKUS].append(catalog.skus)
        for first in range(1, plan.stores + 1, stores_per_block):
            block = range(first, min(first + stores_per_block, plan.stores + 1))
            days = end_to_end([draw_store(plan, catalog, store, episodes.get(store, ())) for store in block])
            traded = trade(days)
            _append_days(files, days, traded, dates)
            planted = [episode for store in block for episode in episodes.get(store, ())]
            truth = _truth(days, traded, planted, np.asarray(catalog.skus["cost"]), dates)
            files[TRUTH].append(truth)
            lost_revenue += truth["lost_revenue"]
    return ChainSummary(
        out=out,
        store_skus=plan.store_skus,
        first_date=plan.first_date,
        last_date=plan.last_date,
        rows={name: file.rows for name, file in files.items()},
        planted=files[TRUTH].rows,
        lost_revenue=sum(lost_revenue),
    )


def _append_days(
    files: Mapping[str, TableFile], days: StoreDays, traded: Trade, dates: NDArray[np.datetime64]
) -> None:
    """The rows of a block for the four daily tables, in the order of store, SKU and date."""
    on_promo = days.promo != NO_PROMO

    rows = _Rows(days, dates, days.is_open & ((traded.sold > 0) | days.kept_zero_sale))
    units, price = rows.of(traded.sold), rows.of(days.price)
    files[SALES].append([*rows.keys, units.astype(np.float32), (units * price).round(2), rows.of(on_promo)])

    rows = _Rows(days, dates, days.kept_snapshot)
    files[INVENTORY].append([*rows.keys, rows.of(traded.on_hand).astype(np.float32)])

    rows = _Rows(days, dates, days.kept_price)
    promo = rows.of(days.promo)
    promo_type = pa.DictionaryArray.from_arrays(pa.array(promo, mask=promo == NO_PROMO), PROMO_TYPES)
    files[PRICING].append([*rows.keys, rows.of(days.price), rows.of(on_promo), promo_type])

    rows = _Rows(days, dates, days.is_open & days.kept_impressions)
    files[IMPRESSIONS].append([*rows.keys, rows.of(days.impressions).astype(np.int32)])


class _Rows:
    """The rows of one table: the store-SKU-days of a block that are kept. keys: store_id, sku_id, date."""

    def __init__(self, days: StoreDays, dates: NDArray[np.datetime64], kept: NDArray[np.bool_]) -> None:
        self._cells = np.flatnonzero(kept)
        pair, day = np.divmod(self._cells, dates.size)
        self.keys = (days.store_id[pair], days.sku_id[pair], dates[day])

    def of(self, values: NDArray[Any]) -> NDArray[Any]:
        """The kept values of a measure."""
        return values.ravel()[self._cells]


def _truth(
    days: StoreDays,
    traded: Trade,
    episodes: Sequence[Episode],
    sku_cost: NDArray[np.float64],
    dates: NDArray[np.datetime64],
) -> dict[str, Any]:
    """What the dark episodes of a block lost, as columns. Grain: episode, in the order of store and SKU.

    normal_daily_units: mean expected units over the trading days of the episode, were there no episode.
    lost_units: the expected units that the episode took. lost_revenue: their worth at the regular price. The others
    say what the shelf is on its last day: its ordinary units of a mean day and the share of them that is left, its
    prices, what it costs, what a percent off gains in percent, the stock beyond its ordinary one, and whether the
    episode runs on after the chain.
    """
    row_of = {pair: row for row, pair in enumerate(zip(days.store_id.tolist(), days.sku_id.tolist(), strict=True))}
    dark = sorted(episode for episode in episodes if not episode.oversold)
    rows = [row_of[episode.store_id, episode.sku_id] for episode in dark]
    spans = [slice(episode.first_day - 1, episode.last_day) for episode in dark]
    ordinary = [days.ordinary_units[row, span] for row, span in zip(rows, spans, strict=True)]
    lost_units = [
        float(np.sum(units * (1.0 - effect_of(episode).units_ratio)))
        for episode, units in zip(dark, ordinary, strict=True)
    ]
    at_end = [effect_of(episode) for episode in dark]
    price, mean_units = days.regular_price[rows], days.mean_units[rows]
    on_hand = traded.on_hand[rows, [span.stop - 1 for span in spans]]
    return {
        "store_id": [episode.store_id for episode in dark],
        "sku_id": [episode.sku_id for episode in dark],
        "cause": [episode.cause for episode in dark],
        "first_date": [dates[span.start].item() for span in spans],
        "last_date": [dates[span.stop - 1].item() for span in spans],
        "normal_daily_units": [float(units[units > 0].mean()) for units in ordinary],
        "lost_units": lost_units,
        "lost_revenue": [units * float(days.regular_price[row]) for units, row in zip(lost_units, rows, strict=True)],
        "ordinary_daily_units": mean_units,
        "units_share": [float(effect.units_ratio[-1]) for effect in at_end],
        "regular_price": price,
        "price_share": [effect.price_ratio for effect in at_end],
        "unit_cost": sku_cost[[episode.sku_id - 1 for episode in dark]],
        "offer_response": np.full(len(dark), OFFER_RESPONSE),
        "surplus_units": np.maximum(on_hand - ordinary_stock(mean_units), 0.0),
        "runs_on": [span.stop == dates.size for span in spans],
    }
