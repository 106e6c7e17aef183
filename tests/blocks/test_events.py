"""The events of a night are the same however many blocks the chain is cut into, and told once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl
import pytest

from engine.outputs.shelf import shapes
from engine.shelf.calibrated import end_notices, ended_on
from engine.shelf.calibrated.event_rows import table_of_events
from engine.shelf.calibrated.events import Excluded
from engine.shelf.parts import CaseParts
from engine.shelf.publish import OWN_COLUMNS
from engine.vocabulary import shelf as v
from tests.blocks.cutting import in_order_of, over_blocks
from tests.blocks.eventful import ENDED, NEW, Eventful, learn
from tests.blocks.test_detect import BLOCKS, found_by, named, same_bytes

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from engine.errors import Problem
    from engine.shelf.panel import Panel
    from engine.shelf.parts import Table

OF_ALL = {shapes.EVENTS, shapes.PRICE_RESPONSE, shapes.UNKNOWN_DAYS}
"""Tables of which every block holds all rows."""


@pytest.fixture(scope="module")
def chain(tmp_path_factory) -> Eventful:
    """A chain to which much happens, its expectations learnt."""
    return learn(tmp_path_factory.mktemp("eventful"))


@pytest.fixture(scope="module")
def cases(chain) -> pl.DataFrame:
    """The cases of the whole chain, as published."""
    runs, found = chain.method.detect(chain.panel, chain.learnt)
    known = (chain.panel, found)
    measured = chain.method.diagnose(*known, chain.method.measure(*known, runs))
    return chain.method.recommend(*known, measured).select("pair", *OWN_COLUMNS)


def tables_of(chain: Eventful, block: Panel, cases: pl.DataFrame, folder: Path) -> Mapping[str, Table]:
    learnt = chain.learnt_by(block)
    _, found = chain.method.detect(block, learnt)
    folder.mkdir()
    parts = CaseParts(folder)
    parts.add(chain.cases_of(block, cases))
    return chain.method.tables(block, found, parts)


@BLOCKS
def test_blocks_exclude_the_episodes_that_the_whole_chain_excludes(chain, blocks):
    _, whole = chain.method.detect(chain.panel, chain.learnt)
    assert set(whole.excluded.episodes["kind"]) >= {v.RAN_OUT, v.UNIT_CHANGE, v.LAUNCH}
    found = found_by(chain, blocks)
    every = pl.concat([named(panel, each.excluded.episodes) for panel, _, each in found])
    of_chain = named(chain.panel, whole.excluded.episodes)
    order = ("store_id", "sku_id", "first")
    assert same_bytes(every.sort(order), of_chain.sort(order))


@BLOCKS
def test_what_happened_to_stores_and_the_chain_is_known_in_every_block_and_of_skus_in_their_own(chain, blocks):
    of_stores = (v.HOLIDAY, v.LATE_FEED, v.STORE_WIDE)
    _, whole = chain.method.detect(chain.panel, chain.learnt)
    assert {event.kind for event in whole.excluded.events} == {*of_stores, v.CHAIN_WIDE, v.END_OF_LIFE, v.LAUNCH}
    skus = []
    for panel, _, found in found_by(chain, blocks):
        mine = [event for event in found.excluded.events if event.kind in of_stores]
        assert mine == [event for event in whole.excluded.events if event.kind in of_stores]
        of_skus = (event for event in found.excluded.events if event.kind not in of_stores)
        skus += [(event.kind, panel.skus["sku_id"][event.group], event.first, event.last) for event in of_skus]
    of_chain = (event for event in whole.excluded.events if event.kind not in of_stores)
    assert sorted(skus) == [
        (event.kind, chain.panel.skus["sku_id"][event.group], event.first, event.last) for event in of_chain
    ]


@BLOCKS
def test_a_sku_has_ended_on_the_day_on_which_it_has_in_the_whole_chain(chain, blocks):
    def ended(block: Panel) -> tuple[object, tuple[Problem, ...]]:
        learnt = chain.learnt_by(block)
        return ended_on(block, learnt.course, chain.settings.events), tuple(end_notices(block, learnt.ended))

    days, notices = zip(*over_blocks(chain.panel, blocks, ended), strict=True)
    assert in_order_of(chain.panel, blocks, list(days)).tolist() == chain.learnt.ended.tolist()
    (notice,) = end_notices(chain.panel, chain.learnt.ended)
    assert notice.what.startswith("1 of 24 SKUs have ended")
    assert notice.examples[0].startswith(f"{ENDED}: since")
    assert notices == ((notice,),) * blocks


@pytest.mark.slow
@BLOCKS
def test_every_block_tells_the_events_of_the_whole_chain_alike(chain, cases, blocks, tmp_path):
    whole = tables_of(chain, chain.panel, cases, tmp_path / "whole")
    told = whole[shapes.EVENTS].rows
    assert set(told["kind"]) >= {v.HOLIDAY, v.LATE_FEED, v.STORE_WIDE, v.RAN_OUT, v.CHAIN_WIDE, v.SKU_IN_REGION}
    # Two launches of its store-SKUs are told with it.
    assert told.filter(kind=v.LAUNCH)["sku_id"].to_list() == [NEW]
    (holiday,) = told.filter(kind=v.HOLIDAY).to_dicts()
    assert holiday["members"] == chain.panel.judged.sum()
    # Every store-SKU of a chain in one cell is no answer.
    assert holiday["store_skus"] == []
    of_a_part = told.filter(pl.col("kind") != v.HOLIDAY)
    assert of_a_part["members"].equals(of_a_part["store_skus"].list.len().cast(pl.Int64))

    def program(block: Panel) -> Mapping[str, Table]:
        return tables_of(chain, block, cases, tmp_path / f"block-{block.together.number}")

    every = over_blocks(chain.panel, blocks, program, at_once=2)
    for name in OF_ALL:
        for of_block in every:
            assert of_block[name].by == ()
            assert same_bytes(of_block[name].rows, whole[name].rows)


@BLOCKS
def test_the_other_tables_are_those_of_the_whole_chain_when_put_together_and_sorted(chain, cases, blocks, tmp_path):
    def program(block: Panel) -> Mapping[str, Table]:
        return tables_of(chain, block, cases, tmp_path / f"block-{block.together.number}")

    whole = tables_of(chain, chain.panel, cases, tmp_path / "whole")
    every = over_blocks(chain.panel, blocks, program, at_once=2)
    for name in whole.keys() - OF_ALL:
        together = pl.concat([of_block[name].rows for of_block in every])
        assert same_bytes(together.sort(whole[name].by, maintain_order=True, nulls_last=True), whole[name].rows), name


@BLOCKS
def test_a_store_sku_that_ran_out_twice_is_one_member_and_all_that_it_lost_counts(chain, cases, blocks):
    pairs = chain.panel.pairs.with_row_index("pair").filter(pl.col("store_id") == 3).head(20)

    def told(block: Panel, spans: tuple[tuple[int, int], ...]) -> pl.DataFrame:
        own = chain.cases_of(block, pairs.select(pl.col("pair").cast(pl.Int64), "store_id", "sku_id"))["pair"]
        rows = [(pair, first, last, v.RAN_OUT) for pair in own for first, last in spans]
        schema = {"pair": pl.Int64, "first": pl.Int64, "last": pl.Int64, "kind": pl.String}
        excluded = Excluded((), pl.DataFrame(rows, schema=schema, orient="row"))
        known = (block, chain.learnt_by(block).demand, excluded)
        return table_of_events(*known, chain.cases_of(block, cases.clear()), chain.settings.events)

    early, late = (16, 25), (40, 62)
    once, again, both = (told(chain.panel, spans).row(0, named=True) for spans in ((early,), (late,), (early, late)))
    assert both["members"] == len(both["store_skus"]) == 20
    assert (both["first_date"], both["last_date"]) == (once["first_date"], again["last_date"])
    assert both["lost_units"] == pytest.approx(once["lost_units"] + again["lost_units"])
    assert both["lost_revenue"] == pytest.approx(once["lost_revenue"] + again["lost_revenue"])
    for of_block in over_blocks(chain.panel, blocks, lambda block: told(block, (early, late))):
        assert of_block.to_dicts() == [both]
