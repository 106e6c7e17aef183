"""The look-up: what was published, as JSON for other systems; the description tells the truth about every answer."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import quote, urlsplit

import polars as pl
import pytest
from openapi_schema_validator import OAS31Validator
from openapi_spec_validator import OpenAPIV31SpecValidator

from engine.errors import InputError
from engine.growth import desk as growth_desk
from engine.outputs.glossary import tip_of
from engine.settings.growth.scaling import GrowthSettings
from engine.vocabulary import shelf as v
from panel_app.lookup import answers
from panel_app.lookup.description import description
from panel_app.lookup.token import SHORTEST, token_of
from panel_app.rooms import Rooms
from panel_app.settings import load_settings
from tests.growth.test_desk import golden_tables
from tests.panel_app.people import Answer, Reader
from tests.panel_app.serving import serving
from tests.panel_app.whitespace_runs import publish as publish_whitespace
from tests.toy import desk as toy
from tests.toy.installed import toy_installed

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from panel_app.stores.shelf import Night
    from tests.panel_app.conftest import Published

TOKEN = "a token of at least thirty-two characters"
SHOWN = {"Authorization": f"Bearer {TOKEN}"}


class Asker(NamedTuple):
    """Another system: it has the token, and holds every answer against the description."""

    reader: Reader
    document: dict[str, Any]

    def ask(self, path: str, **headers: str) -> Answer:
        return self.reader.ask(f"lookup/v1/{path}", {**SHOWN, **headers})

    def told(self, path: str, status: int = 200) -> dict[str, Any]:
        """The answer, which is of the shape that the description promises for its address and status."""
        answer = self.ask(path)
        assert answer.status == status, answer.text
        found: dict[str, Any] = json.loads(answer.text)
        OAS31Validator({**self.schema(path, status), "components": self.document["components"]}).validate(found)
        return found

    def schema(self, path: str, status: int) -> dict[str, Any]:
        words = urlsplit(path).path.split("/", 2)
        known = "/" + "/".join(words[:2]) + ("/{id}" if len(words) == 3 else "")
        answers_of = self.document["paths"][known]["get"]["responses"][str(status)]
        kind = "application/json" if status == 200 else "application/problem+json"
        schema: dict[str, Any] = answers_of["content"][kind]["schema"]
        return schema


@pytest.fixture(scope="module")
def further(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Folders with a growth and a whitespace run."""
    folder = tmp_path_factory.mktemp("desks")
    growth_desk.run(golden_tables().write(folder / "in"), folder / "growth", GrowthSettings())
    publish_whitespace(folder / "whitespace")
    return {"growth": folder / "growth", "whitespace": folder / "whitespace"}


@pytest.fixture(scope="module")
def asker(published: Published, further: dict[str, Path]) -> Iterator[Asker]:
    words = [word for desk, folder in further.items() for word in ("--further", f"{desk}={folder}")]
    with serving(
        published.out, *words, "--set", "lookup_rows=3", environment={"DARKSHELF_LOOKUP_TOKEN": TOKEN}
    ) as address:
        reader = Reader(address)
        described = reader.ask("lookup/v1/openapi.json", SHOWN)
        yield Asker(reader, json.loads(described.text))


@pytest.mark.slow
def test_the_description_is_valid_openapi_and_names_every_desk(asker):
    OpenAPIV31SpecValidator(asker.document).validate()
    assert asker.document["servers"] == [{"url": "/lookup/v1"}]
    assert {path.split("/")[1] for path in asker.document["paths"]} == {"shelf", "growth", "whitespace"}


def test_the_description_says_of_every_column_what_the_glossary_says(asker):
    columns = asker.document["components"]["schemas"]["Case"]["properties"]
    assert set(columns) == {"id", *v.CASE_COLUMNS, *v.FURTHER_CASE_COLUMNS}
    assert columns["revenue_at_risk"]["description"] == tip_of("revenue_at_risk")


def test_the_summary_of_tonight_is_what_was_published(asker, night: Night):
    told = asker.told("shelf/summary")
    assert told["run_id"] == night.run_id
    assert told["figures"] == night.summary
    assert (told["currency"], told["is_partial"]) == ("$", False)


def test_one_case_is_told_as_it_was_published(asker, night: Night):
    row = night.cases.row(0, named=True)
    told = asker.told(f"shelf/cases/{quote(row['case_id'], safe='')}")["case"]
    assert told["id"] == row["case_id"]
    assert told["store_id"] == str(row["store_id"])
    assert told["detection_date"] == row["detection_date"].isoformat()
    assert told["revenue_at_risk"] == pytest.approx(row["revenue_at_risk"])


def test_the_list_of_a_store_has_its_open_cases_by_value(asker, night: Night):
    of_store = night.cases.filter(pl.col("store_key") == "1", pl.col("status") == "open")
    told = asker.told("shelf/cases?store=1")
    assert [case["id"] for case in told["cases"]] == of_store["case_id"].to_list()
    assert told["count"] == of_store.height


def test_pages_hold_every_case_once_and_stay_with_their_run(asker, night: Night):
    path, seen = "shelf/cases?status=any", []
    while path:
        told = asker.told(path)
        seen += [case["id"] for case in told["cases"]]
        assert told["next"] is None or f"run={night.run_id}" in told["next"]
        path = f"shelf/cases{told['next']}" if told["next"] else ""
    assert seen == night.cases["case_id"].to_list()
    assert told["pages"] == told["page"] == -(-night.cases.height // 3)
    assert asker.told("shelf/cases?status=any&page=99")["cases"] == []


def test_an_earlier_run_is_told_when_it_is_named(asker, published: Published):
    assert asker.told(f"shelf/summary?run={published.before}")["run_id"] == published.before


def test_candidates_of_growth_are_told_in_whole_units_and_money(asker):
    told = asker.told("growth/candidates?rows=100")
    assert told["count"] == 11
    assert all(
        row["recommended_units"] == int(row["recommended_adjustment_quantity"] + 1e-9) for row in told["candidates"]
    )
    one = told["candidates"][0]
    assert asker.told(f"growth/candidates/{quote(one['id'], safe='')}")["candidate"] == one
    assert asker.told("growth/summary")["figures"]["scaled"] == 11


def test_whitespace_tells_of_those_who_are_to_be_called_alone_unless_it_is_asked_for_others(asker):
    called = asker.told("whitespace/gaps?rows=100")
    assert {gap["state"] for gap in called["gaps"]} == {"to_call"}
    every = asker.told("whitespace/gaps?rows=100&state=any")
    assert every["count"] > called["count"]
    one = called["gaps"][0]
    assert asker.told(f"whitespace/gaps/{quote(one['id'], safe='')}")["gap"] == one


@pytest.mark.parametrize(
    ("path", "status", "where", "advice"),
    [
        pytest.param("shelf/cases?stoer=1", 400, "stoer", "ask by run, page, rows, store", id="a_misspelt_parameter"),
        pytest.param("shelf/cases?status=dim", 400, "status", "give one of open, closed, any", id="no_status"),
        pytest.param("shelf/cases?page=0", 400, "page", "give a whole number from 1 up", id="no_page"),
        pytest.param("shelf/cases?rows=1001", 400, "rows", "from 1 to 1000", id="too_many_rows"),
        pytest.param("shelf/cases?run=../x", 400, "run", "leave it out", id="no_id_of_a_run"),
        pytest.param("shelf/summary?run=2031-01-01-x", 404, "run", "newest", id="a_run_that_is_not_there"),
        pytest.param("shelf/cases/nothing", 404, "case", "one of its cases", id="a_case_that_is_not_there"),
    ],
)
def test_a_question_without_an_answer_is_told_what_is_wrong_where_and_what_to_do(asker, path, status, where, advice):
    told = asker.told(path, status)
    assert (told["where"], told["status"]) == (where, status)
    assert advice in told["advice"]


@pytest.mark.parametrize("path", ["attic/summary", "shelf/candidates", "", "shelf", "shelf/cases/1/2"])
def test_addresses_that_are_not_there_are_told_as_json(asker, path):
    answer = asker.ask(path)
    assert (answer.status, answer.headers["Content-Type"]) == (404, "application/problem+json")
    assert set(json.loads(answer.text)) == {"title", "status", "where", "detail", "advice"}


@pytest.mark.parametrize("shown", ["", TOKEN, f"Basic {TOKEN}", "Bearer ", f"Bearer {TOKEN}x", "Bearer ÿ"])
def test_nobody_is_told_anything_without_the_token(asker, shown):
    headers = {"Authorization": shown} if shown else {}
    for path in ("shelf/summary", "openapi.json", "attic"):
        answer = asker.reader.ask(f"lookup/v1/{path}", headers)
        assert answer.status == 401
        assert answer.headers["WWW-Authenticate"] == "Bearer"
        assert json.loads(answer.text)["where"] == "Authorization"


def test_nothing_is_taken_in(asker):
    answer = asker.reader.ask("lookup/v1/shelf/summary", SHOWN, form={"figures": "none"})
    assert (answer.status, answer.headers["Allow"]) == (405, "GET, HEAD")
    assert json.loads(answer.text)["advice"] == "ask with GET"


def test_what_is_known_is_not_sent_again_until_there_is_a_newer_run(asker, published: Published):
    first = asker.ask("shelf/cases?store=1")
    assert published.main in first.headers["ETag"]
    again = asker.ask("shelf/cases?store=1", **{"If-None-Match": first.headers["ETag"]})
    assert (again.status, again.text) == (304, "")
    earlier = asker.ask(f"shelf/cases?store=1&run={published.before}", **{"If-None-Match": first.headers["ETag"]})
    assert earlier.status == 200


def test_without_a_token_there_is_no_look_up(served):
    assert Reader(served).ask("lookup/v1/shelf/summary", SHOWN).status == 404


def test_a_token_that_could_be_guessed_is_refused(tmp_path):
    with pytest.raises(InputError, match=rf"the token has {SHORTEST - 1} characters, and {SHORTEST} are the least"):
        token_of({"DARKSHELF_LOOKUP_TOKEN": "x" * (SHORTEST - 1)})
    with pytest.raises(InputError, match="cannot be read"):
        token_of({"DARKSHELF_LOOKUP_TOKEN_FILE": str(tmp_path / "nothing")})
    (tmp_path / "token").write_text(f"{TOKEN}\n", encoding="utf-8")
    token = token_of({"DARKSHELF_LOOKUP_TOKEN_FILE": str(tmp_path / "token")})
    assert token is not None
    assert token.is_shown_by(f"Bearer {TOKEN}")
    assert token_of({}) is None
    assert TOKEN not in repr(token)


def test_a_desk_that_nobody_knows_has_its_summary_looked_up(tmp_path):
    with toy_installed(tmp_path / "packages"):
        place = toy.write_toy(tmp_path / "in")
        run_id = toy.run(place, tmp_path / "out", toy.ToySettings()).run.run_id
        rooms = Rooms(tmp_path / "out", load_settings())
        told = answers.summary(answers.room_named(rooms, "toy"), {})
        assert (told["run_id"], told["figures"]["quiet"]) == (run_id, 2)
        document = description(rooms.rooms, "/lookup/v1", 100, 1000)
        assert "/toy/summary" in document["paths"]
