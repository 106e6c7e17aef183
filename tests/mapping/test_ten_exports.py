"""A mapped export is the same night as the tables it was made of."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl
import pytest

from engine.delivery.proposal.propose import propose, settled
from engine.delivery.proposal.sheets import sheets_of
from engine.delivery.proposal.written import written
from engine.outputs.shelf import shapes
from engine.settings.shelf.night import load
from engine.shelf import desk
from tests.mapping.exports import clean_tables, write_clean
from tests.mapping.ten import TEN
from tests.mapping.test_init import PROMISED, answers

if TYPE_CHECKING:
    from pathlib import Path

    from tests.mapping.exports import Frames

pytestmark = pytest.mark.slow
ABOUT_ROWS = {shapes.DATA_QUALITY}
"""What tells of rows as they lie in files: receipts have more of them than days."""


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> Frames:
    return clean_tables(tmp_path_factory.mktemp("chain"))


@pytest.fixture(scope="module")
def clean(tables: Frames, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    folder = tmp_path_factory.mktemp("clean")
    write_clean(tables, folder / "in")
    found = night(folder / "in", folder / "out")
    assert pl.read_parquet(found[shapes.CASES]).filter(status="open").height > 0
    return found


def night(place: Path, out: Path) -> dict[str, bytes]:
    """The data files of a night over a place."""
    found = desk.run(place, out, load())
    return {name: (found.folder / name).read_bytes() for name in shapes.DATA_FILES if name not in ABOUT_ROWS}


@pytest.mark.parametrize("name", TEN)
def test_a_mapped_export_is_the_night_of_the_tables_it_was_made_of(
    name: str, tables: Frames, clean: dict[str, bytes], tmp_path: Path
) -> None:
    TEN[name].write(tables, tmp_path)
    mapping = tmp_path / "darkshelf.toml"
    mapping.write_text(TEN[name].mapping, encoding="utf-8")
    mapped = night(mapping, tmp_path / "out")
    assert {file for file in clean if mapped[file] != clean[file]} == set()


@pytest.mark.parametrize("name", TEN)
def test_with_the_questions_of_init_answered_it_is_that_night_too(
    name: str, tables: Frames, clean: dict[str, bytes], tmp_path: Path
) -> None:
    TEN[name].write(tables, tmp_path)
    mapping = tmp_path / "darkshelf.toml"
    proposal = settled(propose(sheets_of(tmp_path, tmp_path), PROMISED), answers)
    mapping.write_text(written(proposal), encoding="utf-8")
    mapped = night(mapping, tmp_path / "out")
    assert {file for file in clean if mapped[file] != clean[file]} == set()


def test_a_log_of_changes_is_neither_late_nor_rare(tables: Frames, tmp_path: Path) -> None:
    weekly = tables["inventory_snapshot"].filter(pl.col("date").dt.weekday() == 1)
    write_clean({**tables, "inventory_snapshot": weekly}, tmp_path / "in")
    told = {}
    for grain in ("row", "change"):
        lines = [f'[tables.{name}]\nsource = "in/{name}.csv"' for name in tables]
        mapping = tmp_path / f"{grain}.toml"
        mapping.write_text("\n".join(lines).replace('t.csv"', f't.csv"\ngrain = "{grain}"'), encoding="utf-8")
        notices = desk.inspect(mapping, load()).quality["notices"]
        told[grain] = [notice["what"] for notice in notices if notice["where"] == "inventory_snapshot"]
    assert "6 of 6 stores deliver rows every 7 days" in told["row"]
    assert told["change"] == []
