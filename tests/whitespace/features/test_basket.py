"""A lift counts the other buyers of a customer's SKUs who own a division, and a directed one those who came to it."""

import datetime as dt
from collections import defaultdict

import numpy as np
import polars as pl
import pytest

from engine.settings.whitespace.features import FeatureSettings
from engine.whitespace.features.matrix import Matrix
from engine.whitespace.months import add_months
from engine.whitespace.tables import Tables, as_of
from tests.whitespace.features.small import CUTOFF, SKUS

Firsts = dict[tuple[str, str], dt.date]


def firsts(tables: Tables) -> tuple[Firsts, Firsts]:
    """First days by customer and SKU, and by customer and division what was not only returned, of the exposure."""
    lines = as_of(tables, CUTOFF).transactions.filter(
        pl.col("order_date") > add_months(CUTOFF, -12), pl.col("order_date") <= CUTOFF - dt.timedelta(60)
    )
    of_skus, of_divisions = Firsts(), Firsts()
    for line in lines.sort("order_date").iter_rows(named=True):
        of_skus.setdefault((line["customer_id"], line["sku_id"]), line["order_date"])
        if line["gross_profit_cents"] >= 0:
            of_divisions.setdefault((line["customer_id"], line["division"]), line["order_date"])
    return of_skus, of_divisions


@pytest.mark.parametrize("is_directed", [False, True])
def test_lifts_are_those_of_the_definition(
    matrix: Matrix, tables: Tables, settings: FeatureSettings, is_directed: bool
) -> None:
    bought, began = firsts(tables)
    buyers: dict[str, set[str]] = defaultdict(set)
    for customer, sku in bought:
        buyers[sku].add(customer)
    shoppers = {customer for customer, _ in bought}
    division_of = {sku: tables.products["division"][place] for place, sku in enumerate(SKUS.categories)}
    mark = "_directed" if is_directed else ""
    weight, known = settings.lift_prior_owners, 0
    for row in matrix.pairs.iter_rows(named=True):
        one, division = row["customer_id"], row["division"]
        others = shoppers - {one}
        rate = sum((other, division) in began for other in others) / len(others)
        lifts = []
        for sku in (sku for customer, sku in bought if customer == one and division_of[sku] != division):
            with_sku = buyers[sku] - {one}
            if len(with_sku) < settings.lift_support:
                continue
            owners = [other for other in with_sku if (other, division) in began]
            if is_directed:
                owners = [other for other in owners if began[other, division] > bought[other, sku]]
            lifts.append((len(owners) + weight) / (rate * len(with_sku) + weight))
        found = row[f"mb_lift_max{mark}_lag60d"], row[f"mb_lift_mean{mark}_lag60d"]
        assert found == (pytest.approx((max(lifts), np.mean(lifts)), rel=1e-5) if lifts else (None, None))
        known += bool(lifts)
    assert known > 10


def test_what_comes_before_is_told_from_what_comes_after(matrix: Matrix) -> None:
    """Both orders together are all owners: a directed lift is never above the one without direction."""
    pairs = matrix.pairs.drop_nulls("mb_lift_mean_lag60d")
    for name in ("max", "mean"):
        plain, directed = pairs[f"mb_lift_{name}_lag60d"], pairs[f"mb_lift_{name}_directed_lag60d"]
        assert (directed <= plain).all()
    assert (pairs["mb_lift_mean_directed_lag60d"] < pairs["mb_lift_mean_lag60d"]).any()
