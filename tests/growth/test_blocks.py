"""Blocks of candidates: their size changes no number, and what one of them breaks is seen."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl
import pytest

from engine.growth import blocks, desk, publish
from engine.growth.blocks import task_of
from engine.growth.boundary import boundary, together
from engine.outputs.growth import shapes
from tests.growth.golden import golden_tables
from tests.growth.tables import PERIOD, Tables, candidate
from tests.growth.test_desk import REFERENCE

if TYPE_CHECKING:
    from engine.settings.growth.scaling import GrowthSettings


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    place = tmp_path_factory.mktemp("blocks")
    return desk.run(golden_tables().write(place / "in"), place / "out", REFERENCE).folder


@pytest.mark.slow
@pytest.mark.proves("I-28", "I-29")
@pytest.mark.parametrize("rows", [4, 20])
def test_the_size_of_a_block_changes_no_number(whole, tmp_path, monkeypatch, rows):
    for module in (blocks, publish):
        monkeypatch.setattr(module, "ROWS_PER_BLOCK", rows)
    monkeypatch.setattr(publish, "ROWS_EXPLAINED_AT_A_TIME", rows)
    made = desk.run(golden_tables().write(tmp_path / "in"), tmp_path / "out", REFERENCE).folder
    for name in shapes.DATA_FILES:
        if name.endswith(".parquet"):
            assert pl.read_parquet(made / name).equals(pl.read_parquet(whole / name)), name
        else:
            assert (made / name).read_bytes() == (whole / name).read_bytes(), name


def task(settings: GrowthSettings) -> blocks.Task:
    tables = golden_tables()
    return task_of(tables.frames(), tables.inputs(settings, PERIOD), settings)


@pytest.mark.parametrize("rows", [1, 4, 20, 21, 22])
def test_blocks_hold_every_candidate_once_in_order(monkeypatch, rows):
    """Three stores and every one of seven SPUs: no pair lies between two others."""
    monkeypatch.setattr(blocks, "ROWS_PER_BLOCK", rows)
    keys = [(f"S{n}", f"P{m}") for n in range(3) for m in range(7)]
    sales = [{"str_code": store, "spu_code": spu, "current_spu_count": 1.0} for store, spu in keys]
    clusters = [{"str_code": f"S{n}", "cluster_id": "1"} for n in range(3)]
    given = {"sales": sales, "clusters": clusters, "step11": [candidate(*key) for key in keys]}
    tables = Tables({**given, "step9": [], "step10": []})
    whole = task_of(tables.frames(), tables.inputs(REFERENCE), REFERENCE)
    parts = [block.given.candidates.collect()["pair"] for block in whole.blocks()]
    assert pl.concat(parts).to_list() == list(range(21))
    assert max(map(len, parts)) == min(rows, 21)


def test_without_candidates_there_is_one_block_of_nothing():
    tables = golden_tables()
    empty = Tables({**tables.rows, "step11": []})
    (block,) = task_of(empty.frames(), empty.inputs(REFERENCE, PERIOD), REFERENCE).blocks()
    assert block.scaled().is_empty()


@pytest.mark.proves("R85")
def test_a_fault_in_any_block_is_a_fault_of_the_run(monkeypatch):
    monkeypatch.setattr(blocks, "ROWS_PER_BLOCK", 4)
    parts = list(task(REFERENCE).blocks())
    audits = [block.scaled() for block in parts]
    audits[0] = audits[0].with_columns(pl.lit(float("inf")).alias("gap_ratio"))
    checked = zip(audits, parts, strict=True)
    checks = together(boundary(audit, block.step11, block.given, REFERENCE) for audit, block in checked)
    verdicts = {check.name: (check.verdict, check.looked_at, check.broken) for check in checks}
    assert verdicts["finite"] == ("FAIL", 21, 4)
    assert verdicts["step10_checked"] == ("PASS", 2, 0)
