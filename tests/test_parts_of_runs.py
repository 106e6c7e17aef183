"""Runs that are a part, done by itself, of another one: readers are never led to them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from engine.errors import InputError
from engine.runs.registry import Registry
from tests.runs import add

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def registry(tmp_path: Path) -> Registry:
    return Registry(tmp_path / "out")


def test_a_part_is_listed_and_found_and_never_the_latest(registry):
    add(registry, "whole", "2025-06-01")
    add(registry, "part", "2025-06-30", part_of="whole")
    assert registry.latest_id() == "whole"
    assert registry.find("part").part_of == "whole"
    assert [run.run_id for run in registry.runs()] == ["whole", "part"]
    with pytest.raises(InputError, match="is only a part of a run"):
        registry.point_to("part")


def test_the_latest_is_mended_and_rolled_back_to_whole_runs_alone(registry):
    add(registry, "first", "2025-06-01")
    add(registry, "part", "2025-06-02", part_of="first")
    add(registry, "second", "2025-06-03")
    add(registry, "later", "2025-06-30", part_of="second")
    (registry.out / "LATEST").write_text("nothing\n")
    assert registry.find().run_id == "second"
    assert registry.rollback().run_id == "first"


def test_pruning_takes_the_parts_of_what_goes_with_it(registry):
    add(registry, "early", "2025-06-01", finished_at="2025-06-01T01:00", part_of="")
    add(registry, "first", "2025-06-01", finished_at="2025-06-01T02:00")
    add(registry, "part", "2025-06-02", finished_at="2025-06-02T02:00", part_of="first")
    add(registry, "second", "2025-06-03", finished_at="2025-06-03T02:00")
    add(registry, "own", "2025-06-03", finished_at="2025-06-03T03:00", part_of="second")
    add(registry, "loose", "2025-06-03", finished_at="2025-06-03T04:00", part_of="")
    assert sorted(registry.prune(1)) == ["early", "first", "part"]
    assert sorted(run.run_id for run in registry.runs()) == ["loose", "own", "second"]
