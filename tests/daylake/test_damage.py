"""A lake that is none, is damaged or is of a later version is told so, and how to mend it."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from engine.errors import InputError
from engine.lake.manifest import open_lake
from tests.bad_input.night import assert_one_message
from tests.command import darkshelf
from tests.daylake.deliveries import SALES, differences, within
from tests.planted.small import AS_OF, small_chain

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.daylake.deliveries import Chain


@pytest.fixture
def complaint(chain, capsys) -> Callable[[], str]:
    """What a night over the lake and a check of it complain of, both with exit code 2."""

    def refuses() -> str:
        answer = darkshelf(capsys, "run", "--lake", chain.lake, "--out", chain.place / "refused")
        assert answer.code == 2, answer
        assert_one_message(answer)
        assert darkshelf(capsys, "check", "--lake", chain.lake).complaint == answer.complaint
        return answer.complaint

    return refuses


def newest_file(chain: Chain) -> Path:
    """The file of the newest day of sales."""
    part = open_lake(chain.lake).tables[SALES][-1]
    assert part.rows is not None
    return chain.lake / SALES / part.rows.name


def test_a_place_without_anything_is_no_lake(chain, complaint):
    assert f"{chain.lake}: is not there\n    do   : make one with  darkshelf ingest INPUT" in complaint()


def test_a_folder_of_tables_is_no_lake(chain, complaint):
    chain.lake = chain.delivery(small_chain())
    assert "is no lake: there is no lake.json that may be read" in complaint()


def test_a_lake_is_no_folder_of_tables(chain, capsys):
    """Files that are no longer part of it may lie in it."""
    chain.begin_with_small_chain()
    for words in (["run", chain.lake, "--out", chain.place / "o"], ["check", chain.lake]):
        answer = darkshelf(capsys, *words)
        assert (answer.code, answer.out) == (2, "")
        assert f"is a lake, not a folder of delivered tables\n    do   : name it with  --lake {chain.lake}" in (
            answer.complaint
        )
    answer = darkshelf(capsys, "ingest", chain.lake, "--lake", chain.place / "other")
    assert answer.code == 2
    assert "is a lake, not a folder of delivered tables" in answer.complaint


def test_a_lake_of_a_later_format_is_refused_by_all(chain, complaint, capsys):
    chain.begin_with_small_chain()
    manifest = chain.lake / "lake.json"
    manifest.write_text(json.dumps({"format": 3, "something": "else"}))
    expected = "has format 3; this version of darkshelf reads formats up to 2"
    assert expected in complaint()
    answer = darkshelf(capsys, "ingest", chain.delivery(small_chain()), "--lake", chain.lake)
    assert answer.code == 2
    assert expected in answer.complaint
    assert json.loads(manifest.read_text())["format"] == 3


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(lambda content: content[:-20], id="cut_short"),
        pytest.param(lambda _: b"", id="empty"),
        pytest.param(lambda _: b"[]", id="something_else"),
        pytest.param(lambda _: b"[" * 100_000, id="deep"),
        pytest.param(lambda content: content.replace(b'"rows":12', b'"rows":13', 1), id="another_count"),
        pytest.param(lambda content: content.replace(b'"rows"', b'"row"'), id="other_keys"),
        pytest.param(lambda content: re.sub(rb'"name":"', b'"name":"../', content), id="files_elsewhere"),
    ],
)
def test_a_damaged_manifest_is_named(chain, complaint, damage):
    chain.begin_with_small_chain()
    manifest = chain.lake / "lake.json"
    manifest.write_bytes(damage(manifest.read_bytes()))
    assert f"{manifest}: is damaged: " in complaint()
    assert "restore the file, or ingest everything into a new lake" in complaint()


def test_a_table_that_the_lake_does_not_hold_yet_is_missing(chain, complaint):
    chain.ingest({name: small_chain()[name] for name in (SALES, "impressions")})
    assert "cannot be used (1):\n  1. inventory_snapshot: the table is missing" in complaint()
    assert f"do   : deliver it with  darkshelf ingest INPUT --lake {chain.lake}" in complaint()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("damage", "what"),
    [
        pytest.param(lambda file: file.unlink(), "is missing", id="missing"),
        pytest.param(lambda file: file.write_bytes(file.read_bytes()[:-9]), "is not whole: ", id="cut_short"),
    ],
)
def test_a_file_that_is_gone_or_cut_is_named_and_an_ingest_of_its_day_mends_it(chain, complaint, damage, what):
    chain.begin_with_small_chain()
    whole = chain.night()
    file = newest_file(chain)
    damage(file)
    message = complaint()
    assert f"(1):\n  1. {SALES}: {SALES}/{file.name} {what}" in message
    assert f"do   : restore the file, or delete it and ingest {AS_OF} again" in message
    chain.ingest({SALES: within(small_chain(), AS_OF, AS_OF)[SALES]})
    assert differences(chain.night(), whole) == []


def flipped(file: Path) -> None:
    """Another content of the same size."""
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)


@pytest.mark.slow
@pytest.mark.parametrize(
    "damage", [flipped, lambda file: file.write_bytes(bytes(file.stat().st_size))], ids=["one_bit", "all_zero"]
)
def test_a_file_whose_content_has_changed_is_named_and_an_ingest_of_its_day_mends_it(chain, complaint, damage):
    chain.begin_with_small_chain()
    whole = chain.night()
    file = newest_file(chain)
    damage(file)
    message = complaint()
    assert f"1. {SALES}: {SALES}/{file.name} is not what was written: its content has changed" in message
    assert f"do   : restore the file, or delete it and ingest {AS_OF} again" in message
    assert chain.ingest({SALES: within(small_chain(), AS_OF, AS_OF)[SALES]}).tables[SALES].replaced == (f"{AS_OF}",)
    assert differences(chain.night(), whole) == []


def test_a_month_whose_content_has_changed_is_carried_into_no_other_file(chain):
    chain.begin_with_small_chain()
    month = open_lake(chain.lake).tables[SALES][0]
    assert month.rows is not None
    flipped(chain.lake / SALES / month.rows.name)
    first = min(small_chain()[SALES]["date"])
    correction = within(small_chain(), first, first)[SALES].with_columns(units_sold=1.0)
    before = chain.content()
    with pytest.raises(InputError, match=r"is not what was written: .*\n.* ingest 2025-05-12 to 2025-05-31 again"):
        chain.ingest({SALES: correction})
    assert chain.content() == before


def as_format_1(lake: Path) -> None:
    """A lake as older versions wrote it: without a seal, and without hashes."""
    manifest = json.loads((lake / "lake.json").read_text())
    files = [
        part.get(kind)
        for parts in manifest["tables"].values()
        for part in parts
        for kind in ("rows", "faulty", "last")
    ]
    for file in files:
        if file is not None:
            del file["content"]
    (lake / "lake.json").write_text(json.dumps({"format": 1, "tables": manifest["tables"]}))


@pytest.mark.slow
def test_a_lake_of_format_1_is_read_and_the_next_change_seals_it(chain):
    chain.begin_with_small_chain()
    whole = chain.night()
    as_format_1(chain.lake)
    assert differences(chain.night(), whole) == []
    assert chain.ingest(small_chain()).tables[SALES].unchanged
    corrected = within(small_chain(), AS_OF, AS_OF)[SALES].with_columns(units_sold=3.0)
    chain.ingest({SALES: corrected})
    sealed = json.loads((chain.lake / "lake.json").read_text())
    assert (sealed["format"], len(sealed["seal"])) == (2, 16)


@pytest.mark.slow
@pytest.mark.parametrize("day", ["2025-02-31", "yesterday", ""])
def test_a_day_that_is_none_is_damage_of_the_manifest(chain, complaint, day):
    chain.begin_with_small_chain()
    as_format_1(chain.lake)
    manifest = chain.lake / "lake.json"
    manifest.write_text(manifest.read_text().replace(f'"{AS_OF}"', f'"{day}"'))
    assert f"{manifest}: is damaged: " in complaint()


# Looking through a lake


def test_a_whole_lake_is_verified(chain, capsys):
    chain.begin_with_small_chain()
    told = darkshelf(capsys, "lake", "verify", "--lake", chain.lake, "--json").json()
    files = list(chain.lake.glob("*/*.parquet"))
    assert told == {
        "lake": str(chain.lake),
        "files": len(files),
        "n_bytes": sum(file.stat().st_size for file in files),
        "without_hash": 0,
        "damages": [],
    }
    as_format_1(chain.lake)
    answer = darkshelf(capsys, "lake", "verify", "--lake", chain.lake)
    assert answer.code == 0
    assert f"{len(files):,} files, " in answer.out
    assert f"{len(files):,} of them were written by an older version and have no hash" in answer.out


@pytest.mark.slow
def test_every_damage_of_a_lake_is_listed_at_once(chain, capsys):
    chain.begin_with_small_chain()
    lake = open_lake(chain.lake)
    names = {table: lake.tables[table][-1].files[0].name for table in (SALES, "pricing", "stores")}
    flipped(chain.lake / SALES / names[SALES])
    (chain.lake / "pricing" / names["pricing"]).unlink()
    (chain.lake / "stores" / names["stores"]).write_bytes(b"")
    answer = darkshelf(capsys, "lake", "verify", "--lake", chain.lake)
    assert (answer.code, answer.out) == (2, "")
    assert "the input cannot be used (3):" in answer.err
    assert f"{SALES}/{names[SALES]} is not what was written" in answer.err
    assert f"pricing/{names['pricing']} is missing" in answer.err
    assert f"stores/{names['stores']} is not whole: 0 bytes" in answer.err
    assert "or delete it and ingest the table again" in answer.err
    assert len(darkshelf(capsys, "lake", "verify", "--lake", chain.lake, "--json").json()["problems"]) == 3


@pytest.mark.slow
def test_a_damaged_month_is_named_when_a_correction_needs_it_and_replaced_when_all_of_it_comes(chain):
    chain.begin_with_small_chain()
    whole = chain.night()
    month = open_lake(chain.lake).tables[SALES][0]
    assert month.rows is not None
    (chain.lake / SALES / month.rows.name).unlink()
    first = min(small_chain()[SALES]["date"])
    correction = within(small_chain(), first, first)[SALES].with_columns(units_sold=1.0)
    advice = re.escape("restore the file, or delete it and ingest 2025-05-12 to 2025-05-31 again")
    with pytest.raises(InputError, match=advice):
        chain.ingest({SALES: correction})
    chain.ingest({SALES: within(small_chain(), first, first + timedelta(days=25))[SALES]})
    assert differences(chain.night(), whole) == []
