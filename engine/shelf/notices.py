"""Notices: what the records of stock, returns and late feeds tell before a case is looked at.

In: `Panel`. Out: one `Problem` a kind, with its count, its first examples and what to do.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import polars as pl

from engine.contracts.shelf import AFTER_AS_OF
from engine.delivery.tables import EXAMPLES
from engine.errors import Problem
from engine.outputs.shelf import shapes
from engine.shelf.deliveries import NOT_DELIVERED
from engine.shelf.feeds import Feed
from engine.shelf.panel import Panel
from engine.vocabulary import shelf as v

RARELY = 2
"""Days between rows that are not every day."""


def _rare(panel: Panel, table: str, feed: Feed) -> Iterator[Problem]:
    """What is to be told of a table that most stores do not deliver every day: its last rows hold in between."""
    stores = panel.stores.height
    advice = "their last rows hold in between; what happened then cannot be seen"
    often = feed.usual_gap[np.isfinite(feed.usual_gap)]
    rare = often[often >= RARELY]
    if 2 * rare.size > stores:
        what = f"{rare.size:,} of {stores:,} stores deliver rows every {np.median(rare):.0f} days"
        yield Problem(table, what, advice)
    elif table != v.IMPRESSIONS and 2 * int((feed.last_row < 0).sum()) > stores:
        silent = int((feed.last_row < 0).sum())
        what = f"{silent:,} of {stores:,} stores have no row in the {panel.n_days} days up to the as-of day"
        yield Problem(table, what, advice)


def row_notices(panel: Panel, notice_share: float) -> Iterator[Problem]:
    """Tables of which more than this share of the rows was set aside, later days apart."""
    for table, account in panel.accounts.items():
        reasons = {why: count for why, count in account.reasons.items() if why != AFTER_AS_OF}
        worst = max(reasons.values(), default=0)
        if worst > notice_share * account.read:
            what = "rows were set aside"
            advice = f"correct them at their source; {shapes.QUARANTINE}/{table}.parquet lists them all"
            examples = tuple(f"{count:,}: {why}" for why, count in reasons.items())
            yield Problem(table, what, advice, account.quarantined, account.read, examples[:EXAMPLES])


def record_notices(panel: Panel) -> Iterator[Problem]:
    """Stock records below 0, and returns of what was never sold."""
    wrong = _first_and_counts(panel, panel.stock_corrections)
    left = _first_and_counts(panel, panel.unmatched_returns)
    if wrong.rows:
        what = f"{wrong.rows:,} stock records of {wrong.pairs:,} store-SKUs are below 0: they count as out of stock"
        advice = f"count these shelves and correct the records; {shapes.STOCK_CORRECTIONS} lists them all"
        yield Problem(v.INVENTORY, what, advice, examples=_examples(wrong.first, "quantity_on_hand"))
    if left.rows:
        what = f"{left.rows:,} returns undo no sale of the weeks before and count as no sales"
        advice = f"look at their dates and ids; {shapes.UNMATCHED_RETURNS} lists them all"
        yield Problem(v.SALES, what, advice, examples=_examples(left.first, "units"))


def feed_notices(panel: Panel, notice_share: float) -> Iterator[Problem]:
    """Tables that are older than the as-of day lets expect or repeat themselves, and days that cannot be.

    notice_share: so many prices of 0 on the as-of day are told.
    """
    stores, pairs = panel.stores["store_id"], panel.together.count(panel.pairs.height)
    for table, feed in panel.feeds.items():
        for ended in (True, False):
            late = np.flatnonzero(feed.is_stale & ((feed.last_row == feed.last_change) == ended))
            if late.size:
                last_day = panel.date(int(feed.last_change[late].max()))
                days = (panel.as_of - last_day).days
                who = "every store" if late.size == stores.len() else f"{late.size:,} of {stores.len():,} stores"
                how = "ends on" if ended else "repeats itself since"
                what = f"the table {how} {last_day} for {who}, {days} days before the as-of day {panel.as_of}"
                examples = tuple(
                    f"{stores[int(one)]}: {panel.date(feed.last_change[one])}" for one in late[:EXAMPLES]
                )
                advice = "deliver it up to the as-of day; until then its last values are no evidence of anything"
                yield Problem(table, what, advice, examples=examples)
        if panel.sources.tables[table].grain != "change":
            yield from _rare(panel, table, feed)
    where = np.argwhere(panel.emptied)
    if where.size:
        what = f"every stock record of a store is 0 on {len(where):,} store-days, though most were not the day before"
        examples = tuple(f"{stores[int(store)]}: {panel.date(day)}" for store, day in where[:EXAMPLES])
        yield Problem(v.INVENTORY, what, "these records count as unknown; deliver them again", examples=examples)
    if panel.free_prices > notice_share * pairs:
        what = f"the price is 0 or none in rows of {panel.as_of}: the last price before it holds"
        yield Problem(v.PRICING, what, "deliver the prices of that day", panel.free_prices, pairs)


def unknown_days(panel: Panel) -> pl.DataFrame:
    """The rows of `unknown_days.parquet`: every day of a store, or of a category, whose sales are not known, and why.

    store_id: null for a category of the whole chain. category: null for a store. state: closed or not_delivered.
    """
    states = panel.deliveries.stores
    store, day = np.nonzero(~panel.is_open & panel.deliveries.has_opened)
    code, of_category = np.nonzero(panel.deliveries.categories)
    names = pl.Series([*panel.categories, "(no category)"], dtype=pl.String)
    nowhere = pl.Series([None] * code.size, dtype=panel.stores["store_id"].dtype)
    days = pl.Series(np.concatenate([day, of_category]))
    is_closed = np.concatenate([states[store, day] != NOT_DELIVERED, np.zeros(code.size, np.bool_)])
    return pl.DataFrame(
        {
            "store_id": pl.concat([panel.stores["store_id"][store], nowhere]),
            "category": pl.concat([pl.Series([None] * store.size, dtype=pl.String), names[code]]),
            "date": pl.select(pl.lit(panel.first_day) + pl.duration(days=pl.lit(days))).to_series(),
            "state": pl.Series(np.where(is_closed, "closed", "not_delivered")),
        }
    )


class _Told(NamedTuple):
    """What the rows of all blocks come to. first: of them, by store, SKU and date."""

    rows: int
    pairs: int
    first: pl.DataFrame


def _first_and_counts(panel: Panel, own: pl.DataFrame) -> _Told:
    """own: the block's rows, by store, SKU and date."""
    rows, pairs = panel.together.added(np.array([own.height, own.n_unique(subset=v.PAIR)])).tolist()
    first = panel.together.rows(own.head(EXAMPLES)).sort(*v.PAIR, "date").head(EXAMPLES)
    return _Told(rows, pairs, first)


def _examples(rows: pl.DataFrame, value: str) -> tuple[str, ...]:
    return tuple(
        f"store {store}, SKU {sku}, {date}: {number:g}"
        for store, sku, date, number in rows.select(*v.PAIR, "date", value).iter_rows()
    )
