"""The pages against the program: every setting, command, link and column they name is what the code says.

`python -m tests.test_docs` writes the tables of docs/settings.md anew.
"""

from __future__ import annotations

import json
import re
import shlex
from itertools import groupby, takewhile
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import polars as pl
import pytest

from bench.page import between_marks
from engine.contracts.contract import Consequence, Kind
from engine.contracts.shelf import contracts
from engine.decisions.alerts.subscriptions import AlertSettings
from engine.decisions.shelf.settings import LoopSettings
from engine.decisions.shelf.words import ANSWERS
from engine.outputs import read
from engine.outputs.shelf import shapes
from engine.outputs.shelf.desk import DESK
from engine.outputs.shelf.report import ReportSettings
from engine.settings import loading as config
from engine.settings.growth.scaling import BacktestSettings, GrowthSettings
from engine.settings.growth.upstream import DiscoverSettings
from engine.settings.mirror import MachineSettings
from engine.settings.shelf.night import PROFILES, known_keys, readers
from panel_app.settings import dashboard_settings

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pydantic.fields import FieldInfo

    from engine.runs.registry import Run

ROOT = Path(__file__).parents[1]
PAGES = sorted(
    page for pattern in ("*.md", "docs/**/*.md", "data/*.md", "engine/**/*.md") for page in ROOT.glob(pattern)
)
SETTINGS_PAGE = ROOT / "docs" / "settings.md"
FORMATS_PAGE = ROOT / "docs" / "file-formats.md"

FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
INLINE = re.compile(r"`(darkshelf [^`]+)`")
COMMAND = re.compile(r"(?:^|[\s/])(darkshelf [a-z-].*)")
SHELL_ANSWER = re.compile(r'"?\$+(?:\([^)]*\)|\w+)"?')
LINK = re.compile(r"\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
ROW = re.compile(r"^\| `(\w+)` \|(.*)\|$", re.MULTILINE)

WORDS_FOR_TYPES = {pl.String: "text", pl.Date: "date", pl.Boolean: "flag", pl.Float64: "number", pl.Float32: "number"}
WORDS_FOR_KINDS = {Kind.ID: "id", Kind.DATE: "date", Kind.NUMBER: "number", Kind.FLAG: "flag", Kind.TEXT: "text"}
WORDS_FOR_EMPTY = {
    Consequence.STOP: "stops the run",
    Consequence.QUARANTINE: "row set aside",
    Consequence.NOTE: "unknown, counted",
    None: "unknown",
}


# Settings


DESKS = {
    "Report of a night: ": ReportSettings,
    "Decisions: ": LoopSettings,
    "Alerts: ": AlertSettings,
    "Dashboard: ": dashboard_settings(),
    "This machine: ": MachineSettings,
    "Growth, scale: ": GrowthSettings,
    "Growth, discover: ": DiscoverSettings,
    "Growth, backtest: ": BacktestSettings,
}
"""The settings of every other command that has any, under the beginning of their headings."""


def settings_tables() -> str:
    """One table a section of the settings, from the settings themselves."""
    of_desks = (tables_of(dict(config.described(model)), beginning) for beginning, model in DESKS.items())
    return "\n".join([tables_of_the_night(), *of_desks])


def sections(keys: Iterable[str]) -> Iterator[tuple[str, list[str]]]:
    """The keys by their section."""
    for section, group in groupby(keys, key=lambda key: key.rpartition(".")[0]):
        yield section, list(group)


def tables_of_the_night() -> str:
    """The tables of the settings of a night, with the profile that reads each key."""
    known, lines = known_keys(), []
    for section, keys in sections(known):
        header = "| key | default | bounds | read by | meaning |"
        lines += [f"## {section or 'The whole run'}", "", header, "|---|---|---|---|---|"]
        for key in keys:
            who = readers(key)[0] if len(readers(key)) < len(PROFILES) else "both"
            field = known[key]
            row = (
                f"`{key}`",
                config.value_of(PROFILES[readers(key)[0]](), key),
                config.bounds(field),
                who,
                field.description,
            )
            lines.append(f"| {' | '.join(map(str, row))} |")
        lines.append("")
    return "\n".join(lines)


def tables_of(fields: dict[str, FieldInfo], beginning: str) -> str:
    """The tables of one command's settings."""
    lines = []
    for section, keys in sections(fields):
        header = "| key | default | bounds | meaning |"
        lines += [f"## {beginning}{section or 'the whole run'}", "", header, "|---|---|---|---|"]
        for key in keys:
            bounds = config.bounds(fields[key]).replace("|", "\\|")
            lines.append(f"| `{key}` | {fields[key].default} | {bounds} | {fields[key].description} |")
        lines.append("")
    return "\n".join(lines)


def settings_page() -> str:
    """The page as it should be: its own prose, and the tables between the two marks."""
    return between_marks(SETTINGS_PAGE, "generated", settings_tables())


def test_the_settings_page_says_what_the_settings_are():
    message = "write it anew with  python -m tests.test_docs"
    assert SETTINGS_PAGE.read_text(encoding="utf-8") == settings_page(), message


# Commands


class Line(NamedTuple):
    """A command as a page writes it. whole: it can be run as it stands, so it has to parse to its end."""

    page: Path
    text: str
    whole: bool

    def words(self) -> list[str]:
        """The words after `darkshelf`, up to the first sign that belongs to the shell."""
        lexer = shlex.shlex(SHELL_ANSWER.sub("2026-03-31", self.text), posix=True, punctuation_chars=True)
        lexer.whitespace_split = True
        return list(takewhile(lambda word: not set(word) <= set("();<>|&"), lexer))[1:]


def commands() -> Iterator[Line]:
    """Every command line of every page."""
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        for _, block in FENCE.findall(text):
            for line in block.replace("\\\n", " ").splitlines():
                if found := COMMAND.search(line):
                    yield Line(page, found[1], whole=True)
        for found in INLINE.findall(FENCE.sub("", text)):
            yield Line(page, found, whole=False)


def named(lines: Iterator[Line]) -> list[object]:
    """Each different command once, under a name that reads aloud."""
    once = {(line.text, line.whole): line for line in lines}
    return [pytest.param(line, id=f"{line.page.name}: {line.text}") for line in once.values()]


@pytest.mark.parametrize("line", named(commands()))
def test_every_command_on_a_page_is_one_the_program_knows(line, tmp_path, monkeypatch):
    from typer.main import get_command

    from cli.main import app

    monkeypatch.setenv("DARKSHELF_MIRROR__FOLDER", str(tmp_path))
    command, words = get_command(app), line.words()
    while hasattr(command, "commands") and words and not words[0].startswith("-"):
        assert words[0] in command.commands, f"{line.page.name}: {line.text}: there is no verb {words[0]}"
        command, words = command.commands[words[0]], words[1:]
    if line.whole:
        command.make_context("darkshelf", list(words))
    known = {option for parameter in command.params for option in parameter.opts}
    assert {word for word in words if word.startswith("--")} <= known, f"{line.page.name}: {line.text}"


# Links


@pytest.mark.parametrize("page", [pytest.param(page, id=str(page.relative_to(ROOT))) for page in PAGES])
def test_every_link_leads_somewhere(page):
    targets = LINK.findall(FENCE.sub("", page.read_text(encoding="utf-8")))
    astray = [target for target in targets if "://" not in target and not leads_somewhere(page, target)]
    assert astray == []


def leads_somewhere(page: Path, target: str) -> bool:
    """Whether a relative link names a file that is there, and a heading that is in it."""
    name, _, anchor = target.partition("#")
    file = (page.parent / name).resolve() if name else page
    return file.exists() and (not anchor or anchor in anchors(file))


def anchors(page: Path) -> set[str]:
    """What the headings of a page are called in links."""
    headings = HEADING.findall(FENCE.sub("", page.read_text(encoding="utf-8")))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


# Columns


@pytest.fixture(scope="module")
def night(tmp_path_factory) -> Run:
    """A night over a small chain, one row of which is set aside."""
    from engine.settings.shelf.calibrated import CalibratedSettings
    from engine.shelf import desk
    from engine.synth.chain import write_chain
    from engine.synth.plan import ChainPlan

    folder = tmp_path_factory.mktemp("documented")
    write_chain(folder / "in", ChainPlan(stores=12, skus=4, days=60))
    pricing = folder / "in" / "pricing.parquet"
    rows = pl.read_parquet(pricing)
    rows.with_columns(price=pl.when(pl.int_range(pl.len()) == 3).then(-1.0).otherwise("price")).write_parquet(pricing)
    fair = pl.DataFrame({"date": rows["date"].max(), "kind": "fair"})
    fair.write_parquet(folder / "in" / "events.parquet")
    desk.run(folder / "in", folder / "out", CalibratedSettings())
    return read.find_run(folder / "out")


def documented(name: str) -> list[tuple[str, list[str]]]:
    """The table rows under the heading of a file or table: the name in the first cell, and the other cells."""
    _, found, rest = FORMATS_PAGE.read_text(encoding="utf-8").partition(f"# `{name}`\n")
    assert found, f"{FORMATS_PAGE.name} has no heading `{name}`"
    section = re.split(r"^#", rest, maxsplit=1, flags=re.MULTILINE)[0]
    return [(column, [cell.strip() for cell in cells.split("|")]) for column, cells in ROW.findall(section)]


def in_words(column: str, kind: pl.DataType) -> str:
    """How the page calls the type of an output column."""
    if column in {"store_id", "sku_id", "from_store_id", "to_store_id"}:
        return "id"
    if isinstance(kind, pl.List | pl.Array):
        inner = in_words("", kind.inner)
        return f"list of {inner}" if inner == "text" else f"list of {inner}s"
    return "whole number" if kind.is_integer() else WORDS_FOR_TYPES[type(kind)]


PARQUET = (
    shapes.CASES,
    shapes.EVIDENCE,
    *shapes.CALIBRATED_FILES,
    shapes.OCCASIONS,
    shapes.FEATURES,
    shapes.DAILY,
    shapes.STORES,
    shapes.SKUS,
)


@pytest.mark.parametrize("name", PARQUET)
def test_every_column_of_an_output_is_on_the_page_in_its_order(night, name):
    schema = read.table(night, name).collect_schema()
    page = [(column, cells[0]) for column, cells in documented(name)]
    assert page == [(column, in_words(column, kind)) for column, kind in schema.items()]


def test_no_parquet_output_is_left_out(night):
    assert {file.name for file in night.folder.glob("*.parquet")} == set(PARQUET)


def test_the_case_file_has_the_first_columns_of_the_cases(night):
    header = (night.folder / shapes.CASES_CSV).read_text(encoding="utf-8").splitlines()[0].split(",")
    assert header == [column for column, _ in documented(shapes.CASES)][: len(header)]
    assert len(header) == 14


def test_the_days_of_sql_are_on_the_page(night):
    answer = read.query(night, "select * from days limit 0", DESK.views(night))
    assert [column for column, _ in documented("days")] == answer.columns


def test_what_is_set_aside_keeps_the_columns_of_its_table_and_a_reason(night):
    (file,) = (night.folder / shapes.QUARANTINE).glob("*.parquet")
    columns = [column for column, _ in documented(file.stem)]
    assert pl.read_parquet_schema(file).names() == [*columns, "reason"]


@pytest.mark.parametrize("name", [shapes.SUMMARY, shapes.DATA_QUALITY, shapes.MANIFEST])
def test_every_key_of_a_report_is_on_the_page(night, name):
    content = json.loads((night.folder / name).read_text(encoding="utf-8"))
    keys = {*content, *content.get("facts", {}), *content.get("rows", {}).get("stores", {})}
    assert {key for key, _ in documented(name)} == keys


@pytest.mark.parametrize("contract", [pytest.param(each, id=name) for name, each in contracts(None).items()])
def test_every_input_table_is_on_the_page_as_its_contract_has_it(contract):
    promised = [
        (
            column.name,
            [WORDS_FOR_KINDS[column.kind], "yes" if column.required else "no", WORDS_FOR_EMPTY[column.null]],
        )
        for column in contract.columns
    ]
    assert [(column, cells[:3]) for column, cells in documented(contract.table)] == promised


def test_the_page_of_answers_has_every_word_and_what_it_says():
    tells = {True: "yes", False: "no", None: "does not tell"}
    page = ROOT / "docs" / "deciding.md"
    rows = [
        (word, [cell.strip() for cell in cells.split("|")]) for word, cells in ROW.findall(page.read_text("utf-8"))
    ]
    found = [(word, *cells) for word, cells in rows if word in ANSWERS]
    assert found == [(word, each.wording, tells[each.is_dark]) for word, each in ANSWERS.items()]


if __name__ == "__main__":
    SETTINGS_PAGE.write_text(settings_page(), encoding="utf-8")
