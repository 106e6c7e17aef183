"""Blocks that run again, as those of a lost worker do, give every answer that they gave before."""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

import pytest

from engine.blocks.exchange import Caller, Exchange, run_slot
from engine.blocks.executor import InProcess
from engine.settings.shelf.night import load
from engine.shelf import desk
from engine.synth.chain import write_chain
from engine.synth.plan import ChainPlan
from tests.planted.awkward import AS_OF, write_awkward_chain

if TYPE_CHECKING:
    from pathlib import Path

    from engine.blocks.exchange import Program

BLOCKS = 3


class Twice(InProcess):
    """The process itself, which runs all blocks again once they have ended. folder: where their answers lie."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.answers = folder, 0

    def run(self, program: Program[Any], *_: object, **__: object) -> list[Any]:
        Caller(self.folder)
        first = run_slot(program, BLOCKS, Exchange(self.folder, 0, 1))
        self.answers = len(list(self.folder.iterdir()))
        run_slot(program, BLOCKS, Exchange(self.folder, 0, 1))
        return first


@pytest.mark.slow
@pytest.mark.parametrize("profile", ["calibrated", "classic"])
@pytest.mark.parametrize("is_awkward", [True, False], ids=["awkward", "ordinary"])
def test_a_night_that_runs_again_answers_as_before(tmp_path, monkeypatch, profile, *, is_awkward):
    chain, answers = tmp_path / "in", tmp_path / "answers"
    answers.mkdir()
    if is_awkward:
        write_awkward_chain(chain, format="parquet")
    else:
        write_chain(chain, ChainPlan(stores=40, skus=30, days=90))
    twice = Twice(answers)
    monkeypatch.setattr(desk, "executor", lambda *_: nullcontext(twice))
    as_of = AS_OF if is_awkward else None
    desk.run(chain, tmp_path / "out", load(assignments=[f"profile={profile}"]), as_of, blocks=BLOCKS)
    assert twice.answers > BLOCKS
    assert len(list(answers.iterdir())) == twice.answers
