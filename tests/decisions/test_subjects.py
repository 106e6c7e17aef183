"""What can be decided on is what was published."""

from __future__ import annotations

import datetime as dt
import json

import polars as pl
import pytest

from engine.decisions.growth import words as gw
from engine.decisions.growth.candidates import candidates
from engine.decisions.shelf import words as sw
from engine.decisions.shelf.cases import cases
from engine.errors import NotFoundError
from engine.outputs.growth import shapes as growth_shapes
from engine.outputs.growth.desk import candidate_id
from engine.runs.registry import Registry
from tests.decisions.nights import case, publish


def test_cases_come_in_the_order_they_were_named_in_with_ids_as_text(tmp_path):
    run = publish(tmp_path, [case(1, 2), case(3, 4)], {(1, 2): 1.0, (3, 4): 1.0})
    second, first = cases(run, ["3_4_2026-03-25", "1_2_2026-03-25"])
    assert (second.store_id, first.store_id, first.sku_id) == ("3", "1", "2")
    assert (first.kind, first.run_id, first.detection_date) == (sw.CASE, run.run_id, dt.date(2026, 3, 25))


def test_a_case_that_is_not_there_is_told_with_how_many(tmp_path):
    run = publish(tmp_path, [case(1, 2)], {(1, 2): 1.0})
    with pytest.raises(NotFoundError, match="has no case 'nope': 1 of 2 named"):
        cases(run, ["nope", "1_2_2026-03-25"])


def test_a_candidate_knows_what_was_recommended(tmp_path):
    folder = tmp_path / "runs" / "growth"
    folder.mkdir(parents=True)
    rows = {"str_code": ["S1", "S1"], "spu_code": ["P/1", "P2"], "recommended_adjustment_quantity": [4.5, None]}
    pl.DataFrame(rows).write_parquet(folder / growth_shapes.AUDIT)
    (folder / "manifest.json").write_text(json.dumps({"as_of": "2026-03-31"}))
    run = Registry(tmp_path).find("growth")
    one, other = candidates(run, ["S1/P%2F1", "S1/P2"])
    assert (one.subject_id, one.kind, one.store_id, one.sku_id) == ("S1/P%2F1", gw.CANDIDATE, "S1", "P/1")
    assert (one.proposed_units, other.proposed_units) == (4.5, 0.0)
    with pytest.raises(NotFoundError, match="has no candidate 'S9/P2'"):
        candidates(run, ["S9/P2"])


def test_no_two_candidates_share_an_id():
    assert candidate_id("a/b", "c") != candidate_id("a", "b/c")
    assert candidate_id("a%2Fb", "c") != candidate_id("a/b", "c")
