"""The panels of all blocks are the panel of the whole chain, cut: every byte, account, notice and message."""

from __future__ import annotations

import errno
import itertools
import os
import weakref
from dataclasses import fields, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
import pytest

from engine.blocks.together import ALONE
from engine.blocks.turns import in_turns
from engine.errors import DarkshelfError
from engine.kernels.deliveries import N_SUMS
from engine.lake.ingest import ingest
from engine.lake.manifest import is_lake, open_lake
from engine.memory import Memory
from engine.settings.shelf.night import load
from engine.shelf import panel as module_of_panel
from engine.shelf.check import Intake, check, readings_of
from engine.shelf.deliveries import NOT_DELIVERED, SHUT
from engine.shelf.desk import panel_plan
from engine.shelf.measures import Narrow, Whole
from engine.shelf.panel import panel
from engine.shelf.seen import cut_skus
from tests.blocks.cutting import of_skus
from tests.planted.awkward import AS_OF, write_awkward_chain
from tests.planted.small import SKUS, small_chain, write_csv, write_parquet
from tests.settings.plain import LAST, PRICES, SALES, even_trade, lately, told_of_outside, uneven_deliveries, write

if TYPE_CHECKING:
    from datetime import date
    from pathlib import Path

    from engine.blocks.together import Together
    from engine.shelf.panel import Panel

MANY = 12
"""Where a chain has fewer SKUs, three blocks more than those are enough to leave some of them empty."""


def numbers_of_blocks(n_skus: int) -> list[int]:
    """Into how many blocks a chain is cut."""
    return [2, min(MANY, n_skus + 3)]


def panels(folder: Path, blocks: int, *words: str, at_once: int = 1, as_of: date | None = None) -> list[Panel]:
    """The panel of every block of a chain."""
    settings = load(assignments=words)
    intake = Intake(settings.inputs, settings.delivery, readings_of(settings.profile))
    sources = check(open_lake(folder) if is_lake(folder) else folder, as_of, intake)
    seen = sources.within(settings.panel.lookback_days, settings.panel.held_days)
    memory = Memory(None, folder.parent)

    def program(together: Together) -> Panel:
        placed = panel(seen, panel_plan(settings, allow_partial=True), memory, together)
        assert placed.category_price.shape[1] == placed.n_days
        return placed

    return in_turns(program, blocks, at_once)


def told(value: Any) -> Any:
    """What a value is to the byte: arrays with their kind, frames by column, objects by field."""
    if isinstance(value, np.ndarray):
        return value.dtype.str, value.shape, value.tobytes()
    if isinstance(value, pl.Series):
        return value.name, value.dtype, told(value.to_numpy()) if value.dtype.is_float() else value.to_list()
    if isinstance(value, pl.DataFrame):
        return [told(column) for column in value]
    if isinstance(value, Narrow | Whole):
        return told(value.rows(slice(None)))
    if isinstance(value, dict):
        return [(name, told(each)) for name, each in value.items()]
    if isinstance(value, list):
        return [told(each) for each in value]
    if hasattr(value, "__dataclass_fields__"):
        return [(field.name, told(getattr(value, field.name))) for field in fields(value)]
    return value


def assert_same(found: Panel, wanted: Panel) -> None:
    """Every field of two panels, but for where they live and whom they ask."""
    for field in fields(wanted):
        if field.name not in ("sources", "memory", "together"):
            assert told(getattr(found, field.name)) == told(getattr(wanted, field.name)), field.name


def assert_blocks_are_the_whole(folder: Path, *words: str, at_once: int = 1, as_of: date | None = None) -> Panel:
    (whole,) = panels(folder, 1, *words, as_of=as_of)
    for blocks in numbers_of_blocks(whole.skus.height):
        found = panels(folder, blocks, *words, at_once=at_once, as_of=as_of)
        ends = list(itertools.accumulate((each.skus.height for each in found), initial=0))
        assert ends[-1] == whole.skus.height
        for own, (first, end) in zip(found, itertools.pairwise(ends), strict=True):
            assert_same(own, of_skus(whole, first, end))
            assert own.category_price.tobytes() == whole.category_price.tobytes()
    return whole


def test_mean_prices_are_asked_for_once_until_prices_are_others(tmp_path):
    (whole,) = panels(write_parquet(tmp_path / "in", small_chain()), 1)
    units = whole.measures["units"]
    assert whole.having(expected=units).category_price is whole.category_price
    assert whole.having(expected=units).without("revenue").category_price is whole.category_price
    assert told(whole.having(price=units).category_price) != told(whole.category_price)


@pytest.mark.parametrize("blocks", [1, 2])
def test_cells_that_were_lent_are_forgotten_once_all_blocks_have_placed_their_tables(tmp_path, monkeypatch, blocks):
    asked = []
    for name in ("lent", "end_lending"):
        plain = getattr(Memory, name)
        monkeypatch.setattr(Memory, name, lambda *of, plain=plain, name=name: (asked.append(name), plain(*of))[1])
    panels(write_parquet(tmp_path / "in", small_chain()), blocks)
    assert asked == ["lent"] * 2 * blocks + ["end_lending"] * blocks


@pytest.mark.parametrize("profile", ["classic", "calibrated"])
@pytest.mark.parametrize(
    ("file_format", "whole_ids"),
    [
        pytest.param("csv", False, id="text_in_csv", marks=pytest.mark.slow),
        pytest.param("parquet", False, id="text_in_parquet"),
        pytest.param("parquet", True, id="numbers", marks=pytest.mark.slow),
    ],
)
def test_of_a_chain_that_holds_every_awkward_fact(tmp_path, profile, file_format, whole_ids):
    write_awkward_chain(tmp_path / "in", format=file_format, whole_ids=whole_ids)
    words = f"profile={profile}", "inputs.max_set_aside_share=1"
    whole = assert_blocks_are_the_whole(tmp_path / "in", *words, at_once=2, as_of=AS_OF)
    assert whole.skus.height > MANY
    assert whole.accounts["pricing"].quarantined > 0
    assert whole.interpolated > 0 or profile == "calibrated"


@pytest.mark.slow
def test_of_a_chain_with_a_calendar_and_weather(tmp_path):
    told_of_outside(tmp_path / "in")
    days = pl.DataFrame({"date": [LAST, LAST, LAST, LAST], "kind": ["sale", "sale", "fair", "flood"]})
    limits = {"sku_id": [4, 29, 4711, None], "category": [None, None, None, "category 2"]}
    events = pl.read_parquet(tmp_path / "in/events.parquet")
    pl.concat(
        [events, days.with_columns(**{name: pl.Series(each) for name, each in limits.items()})], how="diagonal"
    ).write_parquet(tmp_path / "in/events.parquet")
    whole = assert_blocks_are_the_whole(tmp_path / "in")
    assert whole.outside.calendar["sku"].drop_nulls().to_list() == [3, 28]
    assert len(whole.outside.notices) == 1


@pytest.mark.slow
def test_of_stores_and_days_that_were_not_delivered(tmp_path):
    whole = assert_blocks_are_the_whole(uneven_deliveries(tmp_path / "in"))
    assert (whole.deliveries.stores == NOT_DELIVERED).any()


def test_of_a_store_that_sells_nothing_of_anything(tmp_path):
    tables = small_chain()
    is_shut = (pl.col("store_id") == 2) & (pl.col("date") > pl.col("date").max() - pl.duration(days=5))
    sold = pl.when(is_shut).then(0.0).otherwise("units_sold").alias("units_sold")
    tables["sales_transactions"] = tables["sales_transactions"].with_columns(sold)
    whole = assert_blocks_are_the_whole(write_parquet(tmp_path / "in", tables))
    assert whole.deliveries.stores[1, -1] == SHUT


@pytest.mark.slow
def test_of_feeds_that_ended_and_stock_that_cannot_be(tmp_path):
    tables = small_chain()
    has_ended = (pl.col("store_id") == 2) & (pl.col("date") > pl.col("date").max() - pl.duration(days=20))
    tables["impressions"] = tables["impressions"].filter(~has_ended)
    is_gone = (pl.col("store_id") == 1) & (pl.col("date") == pl.col("date").max())
    stock = pl.when(is_gone).then(0.0).otherwise("quantity_on_hand").alias("quantity_on_hand")
    tables["inventory_snapshot"] = tables["inventory_snapshot"].with_columns(stock)
    whole = assert_blocks_are_the_whole(write_parquet(tmp_path / "in", tables))
    assert whole.feeds["impressions"].is_stale.tolist() == [False, True, False]
    assert whole.emptied.any()


@pytest.mark.slow
def test_of_an_as_of_day_that_is_not_complete(tmp_path):
    tables = even_trade()
    is_lost = lately(1) & (pl.col("sku_id") % 2 == 1)
    whole = assert_blocks_are_the_whole(write(tmp_path / "in", {**tables, SALES: tables[SALES].filter(~is_lost)}))
    assert whole.is_partial


@pytest.mark.slow
def test_of_a_category_that_was_not_delivered(tmp_path):
    tables = even_trade()
    is_lost = lately(1) & (pl.col("sku_id") % 3 == 1)
    whole = assert_blocks_are_the_whole(write(tmp_path / "in", {**tables, SALES: tables[SALES].filter(~is_lost)}))
    assert whole.deliveries.categories.any()


def test_of_returns_and_stock_below_nothing(tmp_path):
    tables = small_chain()
    sales, stock = tables["sales_transactions"], tables["inventory_snapshot"]
    back = sales.filter(pl.col("date") == pl.col("date").max()).with_columns(units_sold=pl.col("sku_id") * -99.0)
    wrong = stock.filter(pl.col("store_id") == 2).with_columns(quantity_on_hand=pl.lit(-2.0))
    tables |= {"sales_transactions": pl.concat([sales, back]), "inventory_snapshot": pl.concat([stock, wrong])}
    whole = assert_blocks_are_the_whole(write_parquet(tmp_path / "in", tables))
    assert whole.accounts["sales_transactions"].netted > 0
    assert whole.unmatched_returns.height > 0
    assert whole.stock_corrections.height > 0


def test_of_sales_and_stock_alone(tmp_path):
    tables = small_chain()
    kept = {name: tables[name] for name in ("sales_transactions", "inventory_snapshot")}
    kept["sales_transactions"] = kept["sales_transactions"].drop("promo_flag")
    assert_blocks_are_the_whole(write_parquet(tmp_path / "in", kept))


@pytest.mark.slow
def test_of_a_lake_that_was_taken_in_by_and_by(tmp_path):
    tables = even_trade()
    write(tmp_path / "in", {name: table for name, table in tables.items() if name != PRICES})
    ingest(tmp_path / "in", tmp_path / "lake", load().ingest)
    whole = assert_blocks_are_the_whole(tmp_path / "lake", "panel.lookback_days=40")
    assert whole.accounts[SALES].outside_panel > 0


@pytest.mark.slow
def test_rows_without_a_sku_are_the_first_blocks(tmp_path):
    tables = small_chain()
    nobody = tables["pricing"].head(5).with_columns(sku_id=pl.lit(None, pl.Int64))
    write_csv(tmp_path / "in", {**tables, "pricing": pl.concat([tables["pricing"], nobody])})
    assert messages(tmp_path / "in", 1) == messages(tmp_path / "in", 3)
    assert "sku_id is missing" in messages(tmp_path / "in", 3)


def messages(folder: Path, blocks: int) -> str:
    with pytest.raises(DarkshelfError) as stopped:
        panels(folder, blocks)
    return f"{type(stopped.value).__name__}: {stopped.value}"


def with_turned_signs(tables: dict[str, pl.DataFrame]) -> None:
    is_turned = pl.col("sku_id") > 11
    sales, stock = tables["sales_transactions"], tables["inventory_snapshot"]
    turned = pl.when(is_turned).then(-pl.col("units_sold")).otherwise("units_sold").alias("units_sold")
    tables["sales_transactions"] = sales.with_columns(turned)
    tables["inventory_snapshot"] = stock.with_columns(-pl.col("quantity_on_hand"))


def with_prices_that_are_none(tables: dict[str, pl.DataFrame]) -> None:
    wrong = pl.when(pl.col("sku_id") == 14).then(-1.0).otherwise("price").alias("price")
    tables["pricing"] = tables["pricing"].with_columns(wrong)


def with_a_flag_that_is_none(tables: dict[str, pl.DataFrame]) -> None:
    is_late = (pl.col("sku_id") == 14) & (pl.col("store_id") == 3)
    flag = pl.when(is_late).then(pl.lit("perhaps")).otherwise(pl.col("promo_flag").cast(pl.String))
    tables["pricing"] = tables["pricing"].with_columns(promo_flag=flag)


@pytest.mark.slow
@pytest.mark.parametrize("spoil", [with_turned_signs, with_prices_that_are_none, with_a_flag_that_is_none])
@pytest.mark.parametrize("write_as", [write_csv, write_parquet])
def test_a_night_that_stops_says_the_same_word_for_word(tmp_path, spoil, write_as):
    tables = small_chain()
    spoil(tables)
    write_as(tmp_path / "in", tables)
    said = messages(tmp_path / "in", 1)
    assert {messages(tmp_path / "in", blocks) for blocks in numbers_of_blocks(len(SKUS))} == {said}


def test_a_day_that_is_refused_is_refused_by_all_blocks_in_the_same_words(tmp_path):
    tables = even_trade()
    is_lost = lately(1) & (pl.col("sku_id") % 2 == 1)
    write(tmp_path / "in", {**tables, SALES: tables[SALES].filter(~is_lost)})
    settings = load()
    sources = check(tmp_path / "in")

    def said(blocks: int) -> str:
        with pytest.raises(DarkshelfError, match="is not complete") as stopped:
            in_turns(lambda each: panel(sources, panel_plan(settings), Memory(), each), blocks)
        return str(stopped.value)

    assert said(7) == said(1)


def test_a_file_that_cannot_be_read_ends_all_blocks_with_its_name(tmp_path):
    write_parquet(tmp_path / "in", small_chain())
    settings = load()
    sources = check(tmp_path / "in")
    file = tmp_path / "in" / "impressions.parquet"
    whole = file.read_bytes()
    file.write_bytes(whole[:4] + bytes(len(whole) // 2) + whole[4 + len(whole) // 2 :])

    def said(blocks: int) -> str:
        with pytest.raises(DarkshelfError, match=r"impressions\.parquet cannot be read") as stopped:
            in_turns(lambda each: panel(sources, panel_plan(settings), Memory(), each), blocks)
        return str(stopped.value)

    assert said(3) == said(1)


def test_a_disk_that_is_full_is_no_table_that_cannot_be_read(tmp_path, monkeypatch):
    write_parquet(tmp_path / "in", small_chain())
    sources, memory = check(tmp_path / "in"), Memory()

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(memory, "empty", full)
    monkeypatch.setattr(module_of_panel, "reread_as_text", lambda _: pytest.fail("read again"))
    with pytest.raises(OSError, match="No space left on device"):
        panel(sources, panel_plan(load()), memory)


def test_a_disk_that_fills_up_while_tables_are_read_again_is_no_table_that_cannot_be_read(tmp_path, monkeypatch):
    write_parquet(tmp_path / "in", small_chain())
    sources, memory = check(tmp_path / "in"), Memory()
    failing = iter([pl.exceptions.ComputeError("a cell that cannot be read")])

    def full(*_: object, **__: object) -> None:
        raise next(failing, OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)))

    monkeypatch.setattr(memory, "empty", full)
    monkeypatch.setattr(module_of_panel, "_refuse_broken_files", lambda *_: pytest.fail("a table is blamed"))
    with pytest.raises(OSError, match="No space left on device"):
        panel(sources, panel_plan(load()), memory)


@pytest.mark.parametrize(
    ("pairs", "blocks", "wanted"),
    [
        pytest.param([1, 1, 1, 1], 2, [2, 2], id="alike"),
        pytest.param([9, 1, 1, 1], 2, [1, 3], id="by_their_store_skus"),
        pytest.param([1, 1, 1, 9], 2, [3, 1], id="the_last_is_large"),
        pytest.param([1, 9, 1], 3, [1, 1, 1], id="one_each"),
        pytest.param([5, 5], 4, [1, 1, 0, 0], id="more_blocks_than_skus"),
        pytest.param([5, 5], 1, [2], id="one_block"),
    ],
)
def test_blocks_have_about_equally_many_store_skus(pairs, blocks, wanted):
    cut = cut_skus(np.array(pairs), blocks)
    assert [each.stop - each.start for each in cut] == wanted
    assert [each.start for each in cut] == [0, *(each.stop for each in cut[:-1])]


def test_a_block_that_waits_for_a_sum_holds_nothing_of_what_it_gave():
    given: list[weakref.ref[np.ndarray]] = []

    def own() -> np.ndarray:
        array = np.ones((10, N_SUMS), np.int64)
        given.append(weakref.ref(array))
        return array

    def program(together: Together) -> int:
        total = together.added(own())
        return sum(each() is not None for each in given) if together.number == 3 else int(total[0, 0])

    assert in_turns(program, 4) == [4, 4, 4, 0]


def test_the_days_of_a_block_that_takes_turns_live_in_files(tmp_path):
    write_parquet(tmp_path / "in", small_chain())
    (first, _) = panels(tmp_path / "in", 2)
    (alone,) = panels(tmp_path / "in", 1)
    assert first.array("promo").base is not None
    assert first.memory is not alone.memory
    assert replace(alone, together=ALONE).memory.empty((3, 3)).base is None
