"""A chain of one store that sells ten a day, and the stages up to the one under test."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl
import pytest
from hypothesis import settings

from engine.memory import Memory
from engine.runs.journal import Journal
from engine.settings.shelf.night import load
from engine.shelf import calibrated
from engine.shelf.cases import rank
from engine.shelf.check import CLASSIC, Intake, check
from engine.shelf.classic.expect import expect
from engine.shelf.desk import Judged, judge, panel_plan
from engine.shelf.panel import panel
from engine.shelf.parts import CaseParts
from tests.planted.chain import AS_OF, Chain, write_tables

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from engine.shelf.calibrated import Demand
    from engine.shelf.panel import Panel


@dataclass(frozen=True)
class Night(Judged):
    """A night with every measure of its cases at hand. parts: what is published of them."""

    cases: pl.DataFrame  # type: ignore[assignment]
    parts: CaseParts

    @property
    def tables(self) -> Mapping[str, pl.DataFrame]:
        """What the method publishes beside the cases."""
        made = self.method.tables(self.panel, self.found, self.parts)
        return {name: table.rows for name, table in made.items()}


settings.register_profile("shelf", deadline=None, derandomize=True, database=None, max_examples=60)
settings.load_profile("shelf")


@pytest.fixture
def chain() -> Chain:
    """One open store on the equator; tests add what they are about."""
    chain = Chain(seed=1)
    chain.store("1", 0.0, 20.0)
    chain.staple("1")
    return chain


@pytest.fixture
def expected_panel(tmp_path) -> Callable[..., Panel]:
    """The panel of a chain with its expectations. Further words are settings, such as `detect.dark_ratio=0.5`."""

    def build(chain: Chain, *assignments: str) -> Panel:
        settings = load(assignments=["profile=classic", *assignments])
        write_tables(tmp_path, chain.rows_as_written(), "parquet", whole_ids=False)
        sources = check(tmp_path, AS_OF, intake=Intake(readings=CLASSIC))
        return expect(panel(sources, panel_plan(settings, allow_partial=True), Memory()), settings.expect)

    return build


@pytest.fixture
def demand_of(tmp_path) -> Callable[..., tuple[Panel, Demand]]:
    """What the calibrated profile learns of a chain, with its panel. Further words are settings."""

    def learn(chain: Chain, *assignments: str) -> tuple[Panel, Demand]:
        settings = load(assignments=assignments)
        write_tables(tmp_path, chain.rows_as_written(), "parquet", whole_ids=False)
        known = panel(check(tmp_path, AS_OF), panel_plan(settings, allow_partial=True), Memory())
        null = calibrated.null_distribution(settings.demand, settings.episode)
        return calibrated.expect(known, settings.demand, settings.episode, null)

    return learn


@pytest.fixture
def judged(tmp_path) -> Callable[..., Night]:
    """A chain judged to the end, with every measure of the cases. Further words are settings."""

    def night(chain: Chain, *assignments: str) -> Night:
        write_tables(tmp_path, chain.rows_as_written(), "parquet", whole_ids=False)
        blocks: list[pl.DataFrame] = []
        settings = load(assignments=["profile=classic", *assignments])
        sources = check(tmp_path, AS_OF, intake=Intake(readings=CLASSIC))
        chain = panel(sources, panel_plan(settings, allow_partial=True), Memory())
        parts = tmp_path / "cases"
        parts.mkdir(exist_ok=True)
        night = judge(chain, settings, Journal(), lambda _: None, blocks.append, CaseParts(parts))
        return Night(**{**vars(night), "cases": rank(pl.concat(blocks)), "parts": night.cases})

    return night


@pytest.fixture
def only_case(judged) -> Callable[..., dict]:
    """The one case of a chain, as a row."""

    def the_case(chain: Chain, *assignments: str) -> dict:
        (case,) = judged(chain, *assignments).cases.to_dicts()
        return case

    return the_case
