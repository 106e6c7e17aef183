"""`darkshelf init` finds the columns of ten exports by itself; its questions answered, it reads what they hold."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING

import polars as pl
import pytest

from engine.contracts.shelf import contracts
from engine.delivery.proposal.names import likeness
from engine.delivery.proposal.propose import Choice, Proposal, propose, settled
from engine.delivery.proposal.sheets import dialect_of, sheets_of
from engine.delivery.proposal.traits import traits
from engine.delivery.proposal.written import written
from engine.delivery.tables import open_tables
from engine.outputs.desks import desk_named
from engine.settings.mapping import ColumnMapping, TableMapping
from tests.command import darkshelf
from tests.mapping import exports, more_exports
from tests.mapping.exports import clean_tables
from tests.mapping.ten import TEN

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tests.mapping.exports import Frames

PROMISED = contracts(None, signed=True)
BY_QUESTION = {
    "receipts with returns": {"sales_transactions": exports.POS},
    "a schema of a database": {
        "sales_transactions": {"store_id": "branch_id", "sku_id": "product_id", "date": "ordered_on"}
        | {"units_sold": "quantity", "revenue": "line_total", "promo_flag": "on_promotion"}
    },
}
"""What the columns are that the mapping of the test makes by SQL."""
NO_NAMES = ("weights in grams", "amounts in cents")
"""Their further columns are called as ours."""
SHARE_RIGHT = 0.9


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> Frames:
    return clean_tables(tmp_path_factory.mktemp("chain"))


@pytest.fixture(scope="module")
def proposals(tables: Frames, tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, tuple[Path, Proposal]]:
    made = {}
    for name, export in TEN.items():
        folder = tmp_path_factory.mktemp("export")
        export.write(tables, folder)
        made[name] = folder, propose(sheets_of(folder, folder), PROMISED)
    return made


def read(text: str) -> TableMapping:
    return TableMapping.model_validate(tomllib.loads(text))


def is_right(found: ColumnMapping | None, meant: ColumnMapping) -> bool:
    """Whether a column is made alike; the zone is asked for, and where a minus stands shows where there is one."""
    apart = {"zone": None, "minus": "before"}
    return found is not None and found.model_copy(update=apart) == meant.model_copy(update=apart)


@pytest.mark.parametrize("name", TEN)
def test_nine_of_ten_columns_are_right_without_an_answer(
    name: str, proposals: Mapping[str, tuple[Path, Proposal]]
) -> None:
    found = read(written(proposals[name][1])).tables
    right = []
    for table, sources in read(TEN[name].mapping).tables.items():
        for place, source in enumerate(sources):
            by_question = BY_QUESTION.get(name, {}).get(table, {})
            meant = {ours: ColumnMapping(found_as=theirs) for ours, theirs in by_question.items()} | source.columns
            mine = found[table][place].columns if len(found.get(table, ())) > place else {}
            names = {ours: mine[ours].found_as if ours in mine else None for ours in by_question}
            right += [theirs == names[ours] for ours, theirs in by_question.items()]
            right += [is_right(mine.get(ours), how) for ours, how in meant.items() if ours not in by_question]
            if name in NO_NAMES:
                own = set(exports.KEYS) | set(more_exports.SCALED[table])
                right += [mine[ours].found_as == ours for ours in own & set(mine) - set(meant)]
    assert sum(right) >= SHARE_RIGHT * len(right)


def answers(table: str, choice: Choice) -> str:
    return more_exports.ZONE if choice.asks == "zone" else ""


@pytest.mark.parametrize("name", [name for name in TEN if name != "receipts with returns"])
def test_with_its_questions_answered_the_rows_are_those_of_the_mapping_by_hand(
    name: str, proposals: Mapping[str, tuple[Path, Proposal]]
) -> None:
    folder, proposal = proposals[name]
    texts = {"by_hand": TEN[name].mapping, "proposed": written(settled(proposal, answers))}
    rows = {}
    for which, text in texts.items():
        (folder / f"{which}.toml").write_text(text, encoding="utf-8")
        sources, problems = open_tables(folder / f"{which}.toml", PROMISED)
        assert problems == []
        rows[which] = {table: source.usable().collect() for table, source in sources.items()}
    assert rows["proposed"].keys() == rows["by_hand"].keys()
    for table, meant in rows["by_hand"].items():
        assert rows["proposed"][table].equals(meant), table


def test_the_command_writes_a_mapping_that_marks_what_is_not_sure(
    proposals: Mapping[str, tuple[Path, Proposal]], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    folder, _ = proposals["moments in UTC"]
    file = tmp_path / "darkshelf.toml"
    answer = darkshelf(capsys, "init", folder, "--to", file, "--yes")
    assert (answer.code, "6 tables" in answer.out) == (0, True)
    assert "# unsure: every moment is at 06:00: the days of which zone?" in file.read_text("utf-8").replace(
        "07:00", "06:00"
    )
    again = darkshelf(capsys, "init", folder, "--to", file, "--yes")
    assert again.code == 2
    assert "is there already" in again.err


@pytest.mark.parametrize("place", ["nowhere", "empty"])
def test_a_place_without_tables_is_told(place: str, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    answer = darkshelf(capsys, "init", tmp_path / place, "--to", tmp_path / "x.toml")
    assert answer.code == 2
    assert "is not there" in answer.err or "holds no table" in answer.err


def test_a_format_of_dates_is_the_one_under_which_they_lie_together() -> None:
    days = [f"0{month}/{day:02}/2026" for month in (3, 4) for day in (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12)]
    assert traits(pl.Series(days)).formats[0] == "%m/%d/%Y"
    assert traits(pl.Series([*days, "04/13/2026"])).formats == ("%m/%d/%Y",)


@pytest.mark.parametrize(
    ("text", "dialect"),
    [
        (b"a,b\n1,2\n", {"separator": ","}),
        (
            "Bericht\nä;b\n1;2\nSumme\n".encode("cp1252"),
            {"separator": ";", "encoding": "cp1252", "skip_start": 1, "skip_end": 1},
        ),
        ("a\tb\n1\t2\n".encode("utf-16"), {"separator": "\t", "encoding": "utf-16"}),
    ],
)
def test_a_dialect_is_found_in_the_text(text: bytes, dialect: dict[str, object], tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(text)
    assert dialect_of(tmp_path / "a.csv") == dialect


def test_names_are_alike_across_capitals_accents_and_units() -> None:
    assert likeness("QtySold", "units_sold") == likeness("qty_sold", "units_sold") == 1
    assert likeness("Längengrad", "longitude") == likeness("price_cents", "price") == 1
    assert likeness("unrelated", "price") < 0.6


def test_order_lines_are_neither_counted_once_nor_taken_for_contacts(tmp_path: Path) -> None:
    lines = {"customer_id": ["a", "a", "b"], "sku_id": ["x", "x", "y"], "order_date": ["2026-03-01"] * 3}
    measures = {
        "division": ["d"] * 3,
        "quantity": [1, 1, 2],
        "revenue": [2.5, 2.5, 5.0],
        "gross_profit": [1.0, 1.0, 2.0],
    }
    pl.DataFrame(lines | measures).write_csv(tmp_path / "transactions.csv")
    found = propose(sheets_of(tmp_path, tmp_path), desk_named("whitespace").promised()).tables
    assert "contacts" not in found
    assert "distinct" not in found["transactions"][0].keys
