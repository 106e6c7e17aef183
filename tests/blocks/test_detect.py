"""What a night finds is the same however many blocks the chain is cut into."""

from __future__ import annotations

from dataclasses import replace
from io import BytesIO
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
import pytest

from engine.blocks.turns import in_turns
from engine.settings.shelf.calibrated import EpisodeSettings
from engine.shelf.calibrated.chance import Chances, Tonight, q_values, tonight
from engine.shelf.calibrated.detect import detect
from engine.shelf.calibrated.neighbours import neighbour_weights
from tests.blocks.cutting import in_order_of, over_blocks
from tests.blocks.eventful import Eventful, learn

if TYPE_CHECKING:
    from engine.blocks.together import Together
    from engine.shelf.calibrated.method import Found
    from engine.shelf.panel import Panel

BLOCKS = pytest.mark.parametrize("blocks", [1, 2, 7, 30], ids=lambda blocks: f"{blocks}_blocks")
"""The last are more than there are SKUs."""
CHANCES = ("log_likelihood_ratio", "p_values", "q_values")


@pytest.fixture(scope="module")
def chain(tmp_path_factory) -> Eventful:
    """A chain to which much happens, its expectations learnt."""
    return learn(tmp_path_factory.mktemp("eventful"))


def found_by(chain: Eventful, blocks: int) -> list[tuple[Panel, pl.DataFrame, Found]]:
    def program(block: Panel) -> tuple[Panel, pl.DataFrame, Found]:
        return block, *chain.method.detect(block, chain.learnt_by(block))

    return over_blocks(chain.panel, blocks, program, at_once=2)


def named(panel: Panel, runs: pl.DataFrame) -> pl.DataFrame:
    """Runs with the ids of their store-SKUs in place of a block's own numbers."""
    return pl.concat([panel.pairs.select("store_id", "sku_id")[runs["pair"]], runs.drop("pair")], how="horizontal")


def same_bytes(one: pl.DataFrame, other: pl.DataFrame) -> bool:
    files = BytesIO(), BytesIO()
    for rows, file in zip((one, other), files, strict=True):
        rows.rechunk().write_parquet(file)
    return files[0].getvalue() == files[1].getvalue()


@BLOCKS
def test_blocks_find_the_runs_of_the_whole_chain(chain, blocks):
    whole, _ = chain.method.detect(chain.panel, chain.learnt)
    assert {status for (status,) in whole.select(pl.col("q_value").is_null()).iter_rows()} == {True, False}
    every = pl.concat([named(panel, runs) for panel, runs, _ in found_by(chain, blocks)])
    assert same_bytes(every.sort("store_id", "sku_id", "first"), named(chain.panel, whole))


@BLOCKS
def test_every_store_sku_has_the_chance_that_it_has_in_the_whole_chain(chain, blocks):
    _, whole = chain.method.detect(chain.panel, chain.learnt)
    found = [found for *_, found in found_by(chain, blocks)]
    for name in CHANCES:
        every = in_order_of(chain.panel, blocks, [getattr(each.chances, name) for each in found])
        assert every.tobytes() == getattr(whole.chances, name).tobytes()
    for name in ("first", "last"):
        every = in_order_of(chain.panel, blocks, [getattr(each, name) for each in found])
        assert every.tolist() == getattr(whole, name).tolist()


@BLOCKS
def test_every_block_knows_what_the_chances_of_the_whole_chain_say(chain, blocks):
    _, whole = chain.method.detect(chain.panel, chain.learnt)
    assert whole.tonight.bound > whole.tonight.threshold > 0
    assert [found.tonight for *_, found in found_by(chain, blocks)] == [whole.tonight] * blocks


@BLOCKS
def test_neighbours_weigh_as_they_do_in_the_whole_chain(chain, blocks):
    def chance(region: str, store_id: int, sku_id: int) -> float:
        """Low in most stores of some regions, and of one SKU in all of them."""
        random = np.random.default_rng([store_id, sku_id])
        is_dark = np.random.default_rng([*region.encode(), sku_id]).random() < 0.2 or sku_id == 3
        return random.random() * (0.01 if is_dark and random.random() < 0.7 else 1.0)

    def weights(panel: Panel) -> np.ndarray[Any, Any]:
        region = panel.stores["region"].gather(panel.pairs["store"])
        ids = panel.pairs.select("store_id", "sku_id").iter_rows()
        chances = [chance(name, *pair) for name, pair in zip(region, ids, strict=True)]
        return neighbour_weights(panel, np.array(chances), np.arange(panel.pairs.height), EpisodeSettings())

    whole = weights(chain.panel)
    assert np.unique(whole).size > 10
    assert in_order_of(chain.panel, blocks, over_blocks(chain.panel, blocks, weights)).tobytes() == whole.tobytes()


@BLOCKS
def test_past_stretches_have_to_pass_what_the_rate_of_the_whole_chain_asks_for(chain, blocks):
    lenient = chain.settings.episode.model_copy(update={"closed_log_likelihood_ratio": 0.1})

    def past(block: Panel) -> pl.DataFrame:
        learnt = chain.learnt_by(block)
        known = (block, learnt.demand, learnt.null)
        runs, _ = detect(*known, chain.settings.demand, lenient, learnt.ended)
        return named(block, runs.filter(pl.col("q_value").is_null()))

    whole = past(chain.panel)
    least = whole["log_likelihood_ratio"].min()
    assert whole.height > 5
    assert least > lenient.closed_log_likelihood_ratio
    every = pl.concat(over_blocks(chain.panel, blocks, past))
    assert same_bytes(every.sort("store_id", "sku_id", "first"), whole)


@BLOCKS
@pytest.mark.parametrize("with_least", [True, False])
def test_a_p_value_is_counted_among_those_of_the_whole_chain(chain, blocks, with_least):
    random = np.random.default_rng(1)
    chances, least = random.random((2, chain.panel.pairs.height)) ** 2
    at = chain.panel.pairs.select("store_id", "sku_id").with_columns(chances=chances, least=least)

    def rates(block: Panel) -> np.ndarray[Any, Any]:
        own = block.pairs.select("store_id", "sku_id").join(at, on=["store_id", "sku_id"], maintain_order="left")
        of_least = own["least"].to_numpy() if with_least else None
        return q_values(own["chances"].to_numpy(), 0.5, block.together, of_least)

    whole = rates(chain.panel)
    assert 0 < (whole <= 0.5).sum() < whole.size
    assert in_order_of(chain.panel, blocks, over_blocks(chain.panel, blocks, rates)).tobytes() == whole.tobytes()


@BLOCKS
def test_a_night_without_a_finding_asks_what_a_lone_one_among_all_that_were_tried_would_have_to_show(blocks):
    def program(together: Together) -> Tonight:
        chances = np.array([0.4, 0.9, np.nan])
        return tonight(Chances(chances, chances, chances), 0.10, together)

    for found in in_turns(program, blocks):
        assert (found.bound, found.threshold) == (0.10, 0.10 / (2 * blocks))
        assert sum(found.report["p_values"]["counts"]) == 2 * blocks


def test_a_chain_of_which_nothing_is_tried_finds_nothing(chain):
    def program(block: Panel) -> tuple[int, float]:
        idle = block.pairs.with_columns(judged=pl.lit(value=False))
        runs, found = chain.method.detect(replace(block, pairs=idle), chain.learnt_by(block))
        return runs.height, found.tonight.bound

    assert over_blocks(chain.panel, 3, program) == [(0, EpisodeSettings().max_fdr)] * 3
