"""Oddities: what is odd about the orders of a delivery, each named with its first examples.

In: typed tables. Out: remarks; nothing is changed.
"""

import datetime as dt
from collections.abc import Iterator

import polars as pl

from engine.delivery.tables import EXAMPLES
from engine.errors import Problem
from engine.settings.whitespace.inputs import InputSettings
from engine.vocabulary import whitespace as v
from engine.whitespace.names import alike
from engine.whitespace.tables import Tables

HUGE_QUANTILE = 0.99
MONTHS_AROUND = 6
"""Months before and after a month that tell how many rows are usual in it."""


def oddities(tables: Tables, settings: InputSettings) -> Iterator[Problem]:
    """One customer under two ids, a division that was renamed, months not delivered, orders of absurd size."""
    yield from _same_name(tables.customers)
    yield from _same_orders(tables.transactions, settings)
    yield from _renamed(tables.transactions, settings)
    yield from _thin_months(tables, settings)
    yield from _huge_orders(tables.transactions, settings)
    yield from _equal_lines(tables.transactions)


def _same_name(customers: pl.DataFrame) -> Iterator[Problem]:
    """Ids whose name and place are alike."""
    named = customers.drop_nulls("name")
    plain = pl.Series("plain", [alike(name) for name in named["name"]], pl.String)
    place = ("region", "city", "zip", "latitude", "longitude")
    groups = (
        named.with_columns(plain)
        .group_by("plain", *place)
        .agg(pl.col("customer_id").cast(pl.String).sort(), pl.col("name").sort().first())
    )
    twins = groups.filter(pl.col("customer_id").list.len() > 1).sort("name", pl.col("customer_id").list.first())
    if twins.height:
        examples = tuple(
            f"{name}: customer_id {', '.join(ids)}"
            for name, ids in twins.head(EXAMPLES).select("name", "customer_id").iter_rows()
        )
        count = int(twins["customer_id"].list.len().sum())
        yield Problem(
            v.CUSTOMERS,
            "one customer seems to be there under several ids: same name, same place",
            "give it one id: its orders under the other say nothing of the first",
            count,
            customers.height,
            examples,
        )


def _same_orders(transactions: pl.DataFrame, settings: InputSettings) -> Iterator[Problem]:
    """Ids whose orders are all equal: day, SKU, quantity and money."""
    facts = ("order_date", "sku_id", "quantity", "revenue_cents", "gross_profit_cents")
    lines = transactions.select("customer_id", mark=pl.struct(facts).hash(seed=0))
    # A sum of hashes knows no order of lines; wrapping is harmless.
    sums = lines.group_by("customer_id").agg(pl.len(), pl.col("mark").sum())
    groups = (
        sums.filter(pl.col("len") >= settings.same_orders)
        .group_by("len", "mark")
        .agg(pl.col("customer_id").cast(pl.String).sort())
    )
    twins = groups.filter(pl.col("customer_id").list.len() > 1).sort(pl.col("customer_id").list.first())
    if twins.height:
        examples = tuple(
            f"customer_id {', '.join(ids)}: {rows:,} equal lines each"
            for rows, ids in twins.head(EXAMPLES).select("len", "customer_id").iter_rows()
        )
        count = int((twins["len"] * twins["customer_id"].list.len()).sum())
        yield Problem(
            v.TRANSACTIONS,
            "several ids have the same orders",
            "deliver one of them: a score would know its own answer from the other",
            count,
            transactions.height,
            examples,
        )


def _renamed(transactions: pl.DataFrame, settings: InputSettings) -> Iterator[Problem]:
    """Divisions that end where another begins that sells their SKUs."""
    day = pl.col("order_date")
    spans = transactions.group_by("division").agg(day.min().alias("first"), day.max().alias("last"), pl.len())
    latest = pl.col("last") + pl.duration(days=settings.renamed_gap_days)
    pairs = spans.with_columns(latest=latest).join(spans, how="cross").sort("division", "division_right")
    follows = (pl.col("first_right") > pl.col("last")) & (pl.col("first_right") <= pl.col("latest"))
    renamed = [
        row
        for row in pairs.filter(follows).iter_rows(named=True)
        if _common_share(transactions, row["division"], row["division_right"]) >= settings.renamed_share
    ]
    if renamed:
        examples = tuple(
            f"{row['division']} ends on {row['last']}, {row['division_right']} begins on {row['first_right']}"
            for row in renamed[:EXAMPLES]
        )
        yield Problem(
            v.TRANSACTIONS,
            "a division seems to have been renamed: it ends, and another begins with its SKUs",
            "map its SKUs to the new name by a rule in whitespace.inputs.division_rules, so that history stays one",
            sum(row["len"] for row in renamed),
            transactions.height,
            examples,
        )


def _common_share(transactions: pl.DataFrame, division: str, other: str) -> float:
    """The share of the SKUs of a division that the other one sells, too."""
    own, its = (set(transactions.filter(pl.col("division") == name)["sku_id"].unique()) for name in (division, other))
    return len(own & its) / len(own)


def _thin_months(tables: Tables, settings: InputSettings) -> Iterator[Problem]:
    """Whole months between the first and the newest day with hardly any order."""
    month = pl.col("order_date").dt.truncate("1mo").alias("month")
    counts = tables.transactions.group_by(month).len().sort("month")
    first: dt.date = counts["month"][0]
    last = (tables.data_as_of + dt.timedelta(days=1)).replace(day=1)
    every = pl.date_range(first, last, "1mo", closed="left", eager=True).alias("month").to_frame()
    whole = every.join(counts, on="month", how="left", maintain_order="left").with_columns(pl.col("len").fill_null(0))
    usual = pl.col("len").rolling_median(2 * MONTHS_AROUND + 1, min_samples=1, center=True)
    # The first month may begin in its middle.
    thin = (
        whole.with_columns(usual=usual).slice(1).filter(pl.col("len") < settings.thin_month_share * pl.col("usual"))
    )
    if thin.height:
        examples = tuple(
            f"{start:%Y-%m}: {rows:,} rows, usually {usual:,.0f}"
            for start, rows, usual in thin.head(EXAMPLES).iter_rows()
        )
        what = "months hold hardly any order: they were probably not delivered"
        advice = "deliver them: until then nobody seems to have bought in them"
        yield Problem(v.TRANSACTIONS, what, advice, examples=examples)


def _huge_orders(transactions: pl.DataFrame, settings: InputSettings) -> Iterator[Problem]:
    """Orders far beyond the large ones. An order: the lines of one id, else those of a customer on one day."""
    order = ("customer_id", "order_date", "order_id")
    money = transactions.group_by(order).agg(pl.col("revenue_cents", "gross_profit_cents").sum())
    size = pl.max_horizontal(pl.col("revenue_cents", "gross_profit_cents").abs())
    sizes = money.with_columns(size=size)
    large = sizes["size"].quantile(HUGE_QUANTILE, "lower") or 0
    huge = sizes.filter(pl.col("size") > settings.huge_order_times * large, pl.lit(large > 0))
    if huge.height:
        examples = tuple(
            f"customer_id {row['customer_id']}, {row['order_date']}, order {row['order_id'] or '(no id)'}:"
            f" revenue {row['revenue_cents'] / 100:,.2f}, gross profit {row['gross_profit_cents'] / 100:,.2f}"
            for row in huge.sort("size", *order, descending=[True, False, False, False])
            .head(EXAMPLES)
            .iter_rows(named=True)
        )
        yield Problem(
            v.TRANSACTIONS,
            f"orders are more than {settings.huge_order_times:g} times as large as all but 1% of orders",
            "check them: they count, with amounts capped where features add them up",
            huge.height,
            money.height,
            examples,
        )


def _equal_lines(transactions: pl.DataFrame) -> Iterator[Problem]:
    """Lines of one order that are equal in everything."""
    lines = transactions.filter(pl.col("order_id").is_not_null())
    facts = ("order_id", "customer_id", "order_date", "division", "sku_id", "quantity", "gross_profit_cents")
    again = lines.group_by(facts).len().filter(pl.col("len") > 1).sort(facts)
    if again.height:
        examples = tuple(
            f"order {row['order_id']}, sku {row['sku_id']}: {row['len']} equal lines"
            for row in again.head(EXAMPLES).iter_rows(named=True)
        )
        count = int((again["len"] - 1).sum())
        advice = "they count as they are; deliver every line once"
        yield Problem(v.TRANSACTIONS, "lines of an order are there again", advice, count, lines.height, examples)
