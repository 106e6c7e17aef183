"""Summary: the key figures of a night, its stores, and what the data were worth.

Money is added up in whole cents, so that the order of rows changes no digit.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict

import numpy as np
import polars as pl
from numpy.typing import NDArray

from engine.delivery.source import Source
from engine.errors import Problem
from engine.kernels import rows
from engine.shelf.accounts import RowAccount
from engine.shelf.deliveries import ALL_CLOSED, NOT_DELIVERED
from engine.shelf.panel import Panel
from engine.vocabulary import shelf as v

CENTS = 100
CASE_COLUMNS = (
    "store_id",
    "status",
    "primary_cause",
    "confidence_score",
    "recovery_basis",
    "revenue_at_risk",
    "projected_30d_loss",
    "daily_revenue_at_risk",
    "recoverable_margin_30d",
    "recoverable_revenue_30d",
    "projected_recovery",
)
"""All that is asked of a case here."""
WITHOUT = {
    "revenue": "units × price takes its place, and prices are held against nothing",
    "promo_flag": "it knows of no promotion",
}
"""What follows when a column that may be left out is empty in every row."""
NOT_DELIVERED_MEANS = {
    v.PRICING: "the price is revenue ÷ units of the last day with sales; a change while nothing sells is not seen",
    v.IMPRESSIONS: "no drop of conversion can be seen",
    v.STORES: "stores have no names and no places: no neighbours are looked at, nothing goes from store to store",
    v.SKUS: "SKUs have no names, no category averages and no cost",
}
"""What follows when a table that may be left out was not delivered."""
SAID_BY = {v.STORES: "stores_without_place", v.SKUS: "skus_without_category"}
"""The fact that is told already by a table that was not delivered."""
NO_PRICE_AT_ALL = "no row of sales has a revenue either, so no price is known and no case has an amount"


def key_figures(panel: Panel, cases: pl.DataFrame) -> dict[str, object]:
    """The content of `summary.json`: counts, revenue at risk in all, of open cases and by cause.

    cases: of the block; the figures are of the cases of all blocks. A sum of no known amount is null. What actions
    bring is summed by what it is counted as, margin or revenue; over all only where that is the same.
    """
    n_pairs, n_judged = panel.together.added(np.array([panel.pairs.height, panel.judged.sum()])).tolist()
    counts = {"store_skus": n_pairs, "store_skus_judged": n_judged}
    cases = panel.together.rows(cases)
    return {"as_of": panel.as_of.isoformat(), **counts, **panel.together.once(lambda: _figures(cases))}


def _figures(cases: pl.DataFrame) -> dict[str, object]:
    open_cases = cases.filter(pl.col("status") == v.OPEN)
    by_cause = (
        open_cases.with_columns(pl.col("primary_cause").fill_null("none"))
        .group_by("primary_cause")
        .agg(pl.len().alias("cases"), _cents("revenue_at_risk").sum().alias("cents"))
        .sort("cents", "primary_cause", descending=[True, False])
    )
    return {
        "cases": cases.height,
        "cases_open": open_cases.height,
        "stores_with_open_cases": open_cases["store_id"].n_unique(),
        "revenue_at_risk": _total(cases, "revenue_at_risk"),
        "revenue_at_risk_open": _total(open_cases, "revenue_at_risk"),
        "projected_30d_loss_open": _total(open_cases, "projected_30d_loss"),
        "daily_revenue_at_risk_open": _total(open_cases, "daily_revenue_at_risk"),
        "recoverable_margin_30d_open": _total(open_cases, "recoverable_margin_30d"),
        "recoverable_revenue_30d_open": _total(open_cases, "recoverable_revenue_30d"),
        "projected_recovery_open": _total(open_cases, "projected_recovery") if is_one_basis(open_cases) else None,
        **{f"projected_recovery_{basis}_open": _brought(open_cases, basis) for basis in ("margin", "revenue")},
        "mean_confidence_open": _mean_tenth(open_cases["confidence_score"]),
        "open_by_cause": {
            cause: {"cases": count, "revenue_at_risk": cents / CENTS} for cause, count, cents in by_cause.iter_rows()
        },
    }


def stores_table(panel: Panel, cases: pl.DataFrame) -> pl.DataFrame:
    """The rows of `stores.parquet`: every store with its place, its open cases and their revenue at risk.

    cases: of the block; those of all blocks are counted.
    """
    open_cases = panel.together.rows(cases.filter(pl.col("status") == v.OPEN))
    return panel.together.once(lambda: _stores_with(panel.stores, open_cases))


def _stores_with(stores: pl.DataFrame, open_cases: pl.DataFrame) -> pl.DataFrame:
    of_store = open_cases.group_by("store_id").agg(
        pl.len().alias("cases_open"),
        _cents("revenue_at_risk").sum().alias("at_risk"),
        _sum_of_one_basis().alias("recovery"),
    )
    return (
        stores.join(of_store, on="store_id", how="left", maintain_order="left")
        .with_columns(
            pl.col("cases_open").fill_null(0),
            revenue_at_risk_open=(pl.col("at_risk").fill_null(0) / CENTS).round(2),
            projected_recovery_open=(pl.when(pl.col("cases_open") > 0).then("recovery").otherwise(0) / CENTS).round(
                2
            ),
        )
        .drop("at_risk", "recovery")
    )


def data_quality(panel: Panel, min_history_days: int, found: Iterable[Problem]) -> dict[str, object]:
    """The content of `data_quality.json`: where every row went, and what the planner should know.

    found: notices of the method, beside those of the input and of the panel.
    """
    trading = panel.is_open.any(axis=0)
    first_trading = int(trading.argmax()) if trading.any() else trading.size
    history_days = trading.size - first_trading
    states = np.where(panel.deliveries.has_opened, panel.deliveries.stores, 0)
    facts = {
        "history_days": history_days,
        "closed_store_days": int(np.isin(states, ALL_CLOSED).sum()),
        "undelivered_store_days": int((states == NOT_DELIVERED).sum()),
        "interpolated_days": panel.interpolated,
        **_counts_of_chain(panel),
        "stores_without_place": int(panel.stores["latitude"].is_null().sum()),
        "skus_without_category": panel.together.count(panel.skus["category"].null_count()),
    }
    return {
        "as_of": panel.as_of.isoformat(),
        "first_day": panel.first_day.isoformat(),
        "rows": {
            name: {
                "read": account.read,
                "used": account.used,
                "netted": account.netted,
                "quarantined": account.quarantined,
                "outside_panel": account.outside_panel,
                "replaced": account.replaced,
            }
            for name, account in panel.accounts.items()
        },
        "quarantined_because": {
            name: dict(account.reasons) for name, account in panel.accounts.items() if account.reasons
        },
        "facts": facts,
        "notices": [asdict(notice) for notice in (*panel.sources.notices, *panel.notices, *found)],
        "warnings": _warnings(panel, facts, panel.together.count(panel.skus.height), min_history_days),
    }


def _counts_of_chain(panel: Panel) -> dict[str, int]:
    """What is counted in every block and added up."""
    judged = panel.judged
    pair, last = np.flatnonzero(judged), panel.n_days - 1
    of_block = {
        "negative_stock_records": panel.stock_corrections.height,
        "unmatched_returns": panel.unmatched_returns.height,
        "store_skus": panel.pairs.height,
        "store_skus_judged": judged.sum(),
        "store_skus_out_of_stock": (~judged).sum(),
        "judged_without_expectation": np.isnan(panel.at("expected", pair, last)).sum(),
        "judged_never_in_inventory": (_known_days(panel, "on_hand", pair) == 0).sum(),
        "judged_without_price": np.isnan(panel.at("price", pair, last)).sum(),
        "judged_with_unknown_days": (_known_days(panel, "units", pair) < panel.n_days).sum(),
    }
    of_chain = panel.together.added(np.array(list(of_block.values()), np.int64))
    return dict(zip(of_block, of_chain.tolist(), strict=True))


def _known_days(panel: Panel, measure: str, pair: NDArray[np.int64]) -> NDArray[np.int64]:
    """On how many days each of some pairs knows a measure, (rows,)."""
    known = np.empty(pair.size, np.int64)

    def count(block: slice) -> None:
        known[block] = np.count_nonzero(~np.isnan(panel.array(measure, pair[block])), axis=1)

    rows.in_blocks(count, known.size)
    return known


def _warnings(panel: Panel, facts: dict[str, int], n_skus: int, min_history_days: int) -> list[str]:
    of_judged = f"of {facts['store_skus_judged']:,} judged store-SKUs"
    counted = {
        "judged_without_expectation": f"{of_judged} have no expectation: too few known days",
        "judged_never_in_inventory": f"{of_judged} were never in inventory: sales tell their stock",
        "judged_without_price": f"{of_judged} have no price on the as-of day",
        "judged_with_unknown_days": f"{of_judged} have days of unknown sales: closed, or before their listing",
        "store_skus_out_of_stock": f"of {facts['store_skus']:,} store-SKUs are out of stock and not judged",
        "closed_store_days": "store-days count as closed: the store never sells on such days, or sold nothing",
        "undelivered_store_days": "store-days were not delivered as usual: they count as unknown",
        "stores_without_place": f"of {panel.stores.height:,} stores have no coordinates: no neighbours are looked at",
        "skus_without_category": f"of {n_skus:,} SKUs have no category",
    }
    absent = [name for name in NOT_DELIVERED_MEANS if name not in panel.accounts]
    said = {fact for name, fact in SAID_BY.items() if name in absent}
    warnings = [f"{facts[fact]:,} {text}" for fact, text in counted.items() if facts[fact] and fact not in said]
    if facts["history_days"] < min_history_days:
        warnings.insert(0, f"only {facts['history_days']} days of sales history; {min_history_days} are wanted")
    is_priceless = v.PRICING in absent and panel.accounts[v.SALES].never_has("revenue")
    without = {name: means for name, means in WITHOUT.items() if name != "revenue" or not is_priceless}
    for name, account in panel.accounts.items():
        warnings += [*_row_warnings(name, account, without), *_log_warnings(panel.sources.tables[name], account)]
    means = NOT_DELIVERED_MEANS | ({v.PRICING: NO_PRICE_AT_ALL} if is_priceless else {})
    return [*warnings, *(f"the table {name} was not delivered: {means[name]}" for name in absent)]


def _row_warnings(table: str, account: RowAccount, follows: Mapping[str, str]) -> list[str]:
    """follows: what is told of a column that is empty in every row."""
    of_rows = f"of {account.read:,} rows of {table}"
    what = "and were summed" if table == v.SALES else "and the later row overruled the earlier"
    counted = {
        f"{of_rows} repeat a key {what}": account.replaced,
        f"{of_rows} are returns and were taken off the sales they undo": account.netted,
        f"{of_rows} were set aside": account.quarantined,
        **{
            f"{of_rows} have no {column}: it counts as unknown": n
            for column, n in account.unknown.items()
            if not account.never_has(column)
        },
    }
    never = [
        f"no row of {table} has a {name}: {follows[name]}"
        for name in account.unknown
        if name in follows and account.never_has(name)
    ]
    return [*(f"{count:,} {text}" for text, count in counted.items() if count), *never]


def _log_warnings(source: Source, account: RowAccount) -> Iterator[str]:
    """What the rows of a table stand for that is said to have a row a change or a week."""
    held = source.contract.holds
    if source.grain != "row" and held is not None:
        called = source.in_their_words(held)
        yield (
            f"{account.used:,} rows of {source.contract.table} hold until the next {source.grain}: they tell "
            f"{called} on {account.carried:,} further days of store-SKUs"
        )


def _cents(column: str) -> pl.Expr:
    return (pl.col(column) * CENTS).round().cast(pl.Int64)


def is_one_basis(cases: pl.DataFrame) -> bool:
    """Whether what the actions of all cases bring is counted as the same, so that it may be added up."""
    return cases["recovery_basis"].n_unique() <= 1


def _total(cases: pl.DataFrame, column: str) -> float | None:
    """In whole cents; None where there are cases and no amount of theirs is known."""
    known = cases.select(_cents(column)).to_series().drop_nulls()
    return int(known.sum()) / CENTS if known.len() or cases.is_empty() else None


def _brought(cases: pl.DataFrame, basis: str) -> float | None:
    """What the actions bring that is counted as this; None without such a case."""
    counted = cases.filter(recovery_basis=basis)
    return None if counted.is_empty() else _total(counted, "projected_recovery")


def _sum_of_one_basis() -> pl.Expr:
    """Cents that the actions of a group of cases bring; null where they are counted differently or none is known."""
    cents = _cents("projected_recovery")
    is_one = (pl.col("recovery_basis").n_unique() <= 1) & (cents.count() > 0)
    return pl.when(is_one).then(cents.sum())


def _mean_tenth(scores: pl.Series) -> float | None:
    """Mean of one-decimal scores, from whole tenths, to one decimal."""
    known = scores.drop_nulls()
    tenths = int((known * 10).round().cast(pl.Int64).sum())
    return round(tenths / 10 / len(known), 1) if len(known) else None
