"""A lake keeps ids in their one form, and refuses what a night would refuse."""

from __future__ import annotations

import polars as pl
import pytest

from engine.errors import InputError
from engine.lake.manifest import open_lake
from engine.shelf.check import check
from tests.daylake.deliveries import SALES, differences, night_over
from tests.planted.small import small_chain, write_csv

INVENTORY = "inventory_snapshot"
SKU = pl.col("sku_id").cast(pl.String)


def with_skus(written: pl.Expr, *tables: str) -> dict[str, pl.DataFrame]:
    """The chain, in some tables with its SKUs written otherwise."""
    return {
        name: frame.with_columns(sku_id=written) if name in tables else frame for name, frame in small_chain().items()
    }


@pytest.mark.slow
@pytest.mark.parametrize("written", [SKU + ".0", SKU + "  "], ids=["as_floats", "padded"])
def test_a_lake_keeps_one_form_and_the_ingest_tells_the_other(chain, written):
    done = chain.ingest(with_skus(written, INVENTORY), write_csv)
    (notice,) = done.notices
    assert f"(4 of 4 in {INVENTORY})" in notice.what
    stored = {part.rows.name for part in open_lake(chain.lake).tables[INVENTORY]}
    assert all(
        pl.read_parquet(chain.lake / INVENTORY / name)["sku_id"].is_in(["11", "12", "13", "14"]).all()
        for name in stored
    )
    plain = night_over(write_csv(chain.place / "plain", small_chain()), chain.place / "expected")
    assert differences(chain.night(), plain) == []
    assert chain.ingest(small_chain(), write_csv).tables[INVENTORY].replaced == ()


@pytest.mark.slow
def test_a_lake_that_was_written_before_is_read_in_one_form(chain, monkeypatch):
    """Ids stood in a lake as they came."""
    with monkeypatch.context() as before:
        before.setattr("engine.contracts.contract.canonical", lambda text: pl.when(text != "").then(text))
        chain.ingest(with_skus(SKU + "  ", INVENTORY), write_csv)
    plain = night_over(write_csv(chain.place / "plain", small_chain()), chain.place / "expected")
    assert differences(chain.night(), plain) == ["data_quality.json"], "the other form is told"


def test_ids_that_lost_their_digits_are_refused_and_leave_nothing(chain):
    lost = pl.when(pl.col("sku_id") > 12).then(pl.lit("7.61234E+12")).otherwise(SKU)
    with pytest.raises(InputError, match=r"sku_id is a number that lost its digits: 7\.61234E\+12: 300 of 594 rows"):
        chain.ingest(with_skus(lost, SALES), write_csv)
    assert not (chain.lake / "lake.json").exists()


def test_what_looks_like_a_table_is_named_by_an_ingest(chain):
    tables = small_chain()
    tables["prices"] = tables.pop("pricing")
    (notice,) = chain.ingest(tables, write_csv).notices
    assert (notice.where, notice.what) == ("pricing", "was not delivered, but prices.csv looks like it")
    with pytest.raises(InputError, match=r"prices\.csv looks like pricing: rename it"):
        chain.ingest({"prices": tables["prices"]}, write_csv)


def test_keys_of_old_days_are_looked_at_where_new_ones_do_not_meet(chain):
    """A price that was set once and holds is known, though it was set long before what is read of a night."""
    tables = small_chain()
    pricing = tables["pricing"]
    first = pricing.filter(pl.col("date") == pl.col("date").min())
    long_ago = first.with_columns(pl.col("date") - pl.duration(days=200))
    once = long_ago.filter(pl.col("sku_id") == 14)
    chain.ingest(tables | {"pricing": pl.concat([once, pricing.filter(pl.col("sku_id") != 14)])}, write_csv)
    assert check(open_lake(chain.lake)).notices == ()
