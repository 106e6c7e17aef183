"""What a night says of the quality of its data is of the whole chain, in every one of its blocks."""

from __future__ import annotations

import pytest

from engine.memory import Memory
from engine.settings.shelf.night import load
from engine.shelf import summary
from engine.shelf.check import CLASSIC, Intake, check
from engine.shelf.classic import Classic
from engine.shelf.classic.expect import expect
from engine.shelf.desk import panel_plan
from engine.shelf.notices import feed_notices, record_notices
from engine.shelf.panel import Panel, panel
from tests.blocks.cutting import over_blocks
from tests.planted.chain import AS_OF, LAST_DAY, Chain, sells, write_tables

BLOCKS = pytest.mark.parametrize("blocks", [1, 2, 7, 30])
"""The last are more than there are SKUs."""
NOTICE_SHARE = 0.05


def faulty_chain() -> Chain:
    """Three stores with stock below 0, returns of nothing, free goods, days without rows, and much unknown."""
    chain = Chain(seed=4)
    for store in ("1", "2", "10"):
        chain.store(store, 50.0 if store == "1" else None)
        closed = [(range(50, 52), None)] if store == "10" else []
        chain.staple(store, [50, 51] if closed else ())
        for number in range(12):
            sku = f"sku {number}"
            units = sells(6 + number, *closed)
            on_hand = {0: 50, 30 + number: -number, 60: 40} if number % 2 else None
            chain.shelf(store, sku, units, on_hand=on_hand, price=None if number == 3 else {0: 4, LAST_DAY: 0})
            chain.sale((store, sku), 20, -1000.0 if number % 3 == 0 else 1.0)
    for number in range(8):
        chain.sku(f"sku {number}", "tea" if number % 2 else None)
    chain.shelf("1", "gone", sells(5), on_hand={0: 10, 60: 0})
    chain.shelf("2", "new", sells(4, (range(80), None)), on_hand=None)
    return chain


def panel_of(folder, profile: str) -> Panel:
    settings = load(assignments=[f"profile={profile}"])
    write_tables(folder, faulty_chain().rows_as_written(), "parquet", whole_ids=False)
    intake = Intake(readings=CLASSIC) if profile == "classic" else Intake()
    whole = panel(check(folder, AS_OF, intake=intake), panel_plan(settings, allow_partial=True), Memory())
    return expect(whole, settings.expect)


@pytest.fixture(scope="module")
def chain(tmp_path_factory) -> Panel:
    """The chain as the calibrated profile reads it."""
    return panel_of(tmp_path_factory.mktemp("chain"), "calibrated")


def quality(block: Panel) -> dict[str, object]:
    notices = (*feed_notices(block, NOTICE_SHARE), *record_notices(block))
    return summary.data_quality(block, min_history_days=100, found=notices)


@BLOCKS
def test_every_block_says_of_the_data_what_the_whole_chain_says(chain, blocks):
    assert over_blocks(chain, blocks, quality) == [quality(chain)] * blocks


def test_the_chain_has_what_is_counted(chain):
    facts = quality(chain)["facts"]
    counted = ("judged_", "skus_", "store_skus", "negative_", "unmatched_")
    assert all(number > 0 for name, number in facts.items() if name.startswith(counted))


@BLOCKS
def test_records_are_counted_over_all_blocks_and_the_first_ones_of_the_chain_are_told(chain, blocks):
    of_stock, of_returns = record_notices(chain)
    wrong = chain.stock_corrections
    assert of_stock.what.startswith(f"{wrong.height} stock records of {wrong.height} store-SKUs are below 0")
    first = wrong.row(0, named=True)
    assert of_stock.examples[0] == f"store 1, SKU {first['sku_id']}, {first['date']}: {first['quantity_on_hand']:g}"
    assert len(of_stock.examples) == len(of_returns.examples) > 1
    for told in over_blocks(chain, blocks, lambda block: tuple(record_notices(block))):
        assert told == (of_stock, of_returns)


@BLOCKS
def test_what_was_interpolated_is_told_of_all_days_of_the_chain(tmp_path, blocks):
    chain = panel_of(tmp_path, "classic")
    method = Classic(load(assignments=["profile=classic"]))
    whole = method.notices(chain, None)
    assert whole[-1].of == chain.pairs.height * chain.n_days
    assert over_blocks(chain, blocks, lambda block: method.notices(block, None)) == [whole] * blocks
