"""Leaks: deliveries that tell what comes, planted so that an audit can be seen to find them."""

from collections.abc import Mapping

import polars as pl

from engine.synth.company.plan import CompanyPlan

EARLY_DAYS = 200
"""So long before its purchase a leaking asset is known."""
TWINS = 20
"""One customer of so many stands under two ids."""


def leaking(tables: Mapping[str, pl.DataFrame], truth: pl.DataFrame, plan: CompanyPlan) -> dict[str, pl.DataFrame]:
    """The tables with the leaks of the plan."""
    found = dict(tables)
    for leak in plan.leaks:
        match leak:
            case "future_count":
                found["customers"] = _future_count(found["customers"], found["transactions"])
            case "future_asset":
                found["assets"] = _future_assets(found["transactions"], plan)
            case "label_column":
                found["customers"] = _label_column(found["customers"], truth)
            case "duplicate_customer":
                found = _duplicate_customers(found)
    return found


def _future_count(customers: pl.DataFrame, transactions: pl.DataFrame) -> pl.DataFrame:
    counts = transactions.group_by("customer_id").agg(pl.col("order_id").n_unique().alias("n_orders"))
    joined = customers.join(counts, on="customer_id", how="left", maintain_order="left")
    size = pl.col("n_orders").fill_null(0).cast(pl.String) + pl.lit(" orders")
    return joined.with_columns(size=size).drop("n_orders")


def _future_assets(transactions: pl.DataFrame, plan: CompanyPlan) -> pl.DataFrame:
    """Every order of the last division as an asset that is known before it is bought."""
    bought = transactions.filter(pl.col("division") == plan.divisions[-1], pl.col("quantity") > 0)
    return bought.select(
        "customer_id",
        product="sku_id",
        quantity="quantity",
        purchase_date="order_date",
        expiration_date=pl.col("order_date").dt.offset_by("12mo"),
        known_at=pl.col("order_date") - pl.duration(days=EARLY_DAYS),
    ).sort(pl.all())


def _label_column(customers: pl.DataFrame, truth: pl.DataFrame) -> pl.DataFrame:
    whole = truth.drop_nulls("bought")
    last = whole.filter(pl.col("cutoff") == pl.col("cutoff").max(), "bought")
    named = last.group_by("customer_id").agg(pl.col("division").sort().str.join("+").alias("next"))
    joined = customers.join(named, on="customer_id", how="left", maintain_order="left")
    return joined.with_columns(industry_sub=pl.col("next").fill_null("nothing")).drop("next")


def _duplicate_customers(tables: Mapping[str, pl.DataFrame]) -> dict[str, pl.DataFrame]:
    """Some customers once more: another id, the same name, place and rows."""
    twins = tables["customers"].gather_every(TWINS).select("customer_id")
    found = dict(tables)
    for name in ("transactions", "customers", "assets", "contacts"):
        again = tables[name].join(twins, on="customer_id", how="semi", maintain_order="left")
        found[name] = pl.concat([tables[name], again.with_columns(pl.col("customer_id") + "X")])
    return found
