"""Cases and findings are published in one order, however they were cut while the night ran."""

from __future__ import annotations

import datetime as dt

import numpy as np
import polars as pl
import pytest

from engine.blocks.together import ALONE, Together
from engine.blocks.turns import in_turns
from engine.shelf.cases import rank
from engine.shelf.parts import CaseParts, FindingParts

N_CASES = 130
CUTS = [[N_CASES], [1, N_CASES - 1], [60, 70], [10] * 13]
CAUSES = ("price", "stock")


@pytest.fixture(scope="module")
def cases() -> pl.DataFrame:
    """Amounts that tie, that differ by less than is told, and that are not known; ids that tell ties apart."""
    draw = np.random.default_rng(5)
    amounts = [(None, 0.0, 3.5, 3.5 + 1e-9, 12.25)[kind] for kind in draw.integers(0, 5, N_CASES)]
    first = dt.date(2026, 1, 1)
    return pl.DataFrame(
        {
            "pair": np.arange(N_CASES) // 2,
            "case_id": [f"{number}" for number in draw.permutation(N_CASES)],
            "detection_date": [first + dt.timedelta(days=number % 2) for number in range(N_CASES)],
            "revenue_at_risk": pl.Series(amounts, dtype=pl.Float64),
        }
    )


def cut(rows: pl.DataFrame, heights: list[int]) -> list[pl.DataFrame]:
    ends = np.cumsum(heights).tolist()
    return [rows.slice(end - height, height) for end, height in zip(ends, heights, strict=True)]


def parts_of(cases: pl.DataFrame, heights: list[int], folder) -> CaseParts:
    parts = CaseParts(folder)
    for some in cut(cases, heights):
        parts.add(some)
    return parts


@pytest.mark.parametrize("heights", CUTS)
@pytest.mark.parametrize("at_a_time", [1, 7, N_CASES])
def test_parts_are_merged_by_rank(cases, tmp_path, heights, at_a_time):
    blocks = list(parts_of(cases, heights, tmp_path).ranked(at_a_time))
    assert max(block.height for block in blocks) == at_a_time
    assert pl.concat(blocks).equals(rank(cases))


def test_a_part_whose_rows_have_all_come_is_not_opened_again(cases, tmp_path):
    ranked = parts_of(rank(cases), [10] * 13, tmp_path).ranked(10)
    found = []
    for number, block in enumerate(ranked):
        found.append(block)
        (tmp_path / f"cases-{number}.arrow").unlink()
    assert pl.concat(found).equals(rank(cases))


@pytest.mark.parametrize("heights", CUTS)
def test_all_cases_come_back_by_store_sku_and_first_day(cases, tmp_path, heights):
    parts = parts_of(cases, heights, tmp_path)
    assert parts.whole().equals(cases)
    assert parts.height == N_CASES
    assert sorted(parts.columns("case_id")["case_id"]) == sorted(cases["case_id"])


def test_other_cases_take_the_place_of_all_there_were(cases, tmp_path):
    parts = parts_of(cases, [10] * 13, tmp_path)
    parts.replace(cases.head(3))
    assert parts.whole().equals(cases.head(3))
    assert len(list(tmp_path.iterdir())) == 1


def test_no_cases_are_one_empty_block(cases, tmp_path):
    (block,) = parts_of(cases.clear(), [0], tmp_path).ranked(5)
    assert block.equals(cases.clear())


def test_the_cases_of_all_blocks_are_ranked_together(cases, tmp_path):
    def program(together: Together) -> list[pl.DataFrame]:
        folder = tmp_path / str(together.number)
        folder.mkdir()
        own = parts_of(cases.filter(pl.col("pair") % 3 == together.number), [1, 3, 20], folder)
        return list(own.of_all_blocks(together).ranked(50))

    known = pl.concat(pl.concat(cut(cases.filter(pl.col("pair") % 3 == block), [1, 3, 20])) for block in range(3))
    for blocks in in_turns(program, 3):
        assert pl.concat(blocks).equals(rank(known))


def findings_of(some: pl.DataFrame) -> pl.DataFrame:
    return pl.concat([some.select("case_id", cause=pl.lit(cause)) for cause in CAUSES])


@pytest.mark.parametrize("heights", [*CUTS, [0]])
@pytest.mark.parametrize("at_a_time", [1, 50, 1000])
def test_findings_come_cause_by_cause_over_all_parts(cases, tmp_path, heights, at_a_time):
    parts = FindingParts(tmp_path)
    known = cases.head(sum(heights))
    for some in cut(known, heights):
        parts.add(findings_of(some), some["pair"] // 20)
    blocks = list(parts.by_cause(ALONE, at_a_time))
    assert {block.height for block in blocks[:-1]} <= {at_a_time}
    assert pl.concat(blocks).equals(findings_of(known))


@pytest.mark.slow
def test_findings_of_all_blocks_come_by_store_and_then_by_block(cases, tmp_path):
    stored = cases.with_columns(store=pl.col("pair") // 20, block=pl.col("pair") % 20 // 5)

    def program(together: Together) -> list[pl.DataFrame]:
        folder = tmp_path / str(together.number)
        folder.mkdir()
        parts = FindingParts(folder)
        own = stored.filter(block=together.number)
        for some in (own.head(4), own.slice(4)):
            parts.add(findings_of(some), some["store"])
        return list(parts.by_cause(together, 7))

    for blocks in in_turns(program, 4):
        assert pl.concat(blocks).equals(findings_of(stored.sort("store", "block", maintain_order=True)))
