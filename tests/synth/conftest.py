"""One chain for all: large enough for the five scenarios, small enough to read whole."""

from pathlib import Path
from typing import NamedTuple

import polars as pl
import pytest

from engine.synth.chain import ChainPlan, ChainSummary, write_chain


class Chain(NamedTuple):
    plan: ChainPlan
    summary: ChainSummary
    sales: pl.DataFrame
    inventory: pl.DataFrame
    pricing: pl.DataFrame
    impressions: pl.DataFrame
    stores: pl.DataFrame
    skus: pl.DataFrame
    truth: pl.DataFrame

    def day(self, number: int) -> pl.Expr:
        """The date of a day, counted from 1."""
        return pl.lit(self.plan.first_date) + pl.duration(days=number - 1)

    def between(self, first_day: int, last_day: int) -> pl.Expr:
        return pl.col("date").is_between(self.day(first_day), self.day(last_day))


def read_chain(plan: ChainPlan, folder: Path, **options: int) -> Chain:
    summary = write_chain(folder, plan, **options)
    names = ("sales_transactions", "inventory_snapshot", "pricing", "impressions", "stores", "skus", "truth")
    return Chain(plan, summary, *(pl.read_parquet(folder / f"{name}.parquet") for name in names))


@pytest.fixture(scope="session")
def chain(tmp_path_factory: pytest.TempPathFactory) -> Chain:
    plan = ChainPlan(stores=60, skus=40, days=90, seed=11, extra_episodes=0.02)
    return read_chain(plan, tmp_path_factory.mktemp("chain"))
