"""The description of the look-up in OpenAPI 3.1, worked out from the desks that are installed.

In: the rooms of the dashboard. Out: the document as JSON holds it. Shapes are those that the answers are made of.
"""

from collections.abc import Iterator, Mapping
from importlib.metadata import version
from typing import Any, Final

from pydantic import BaseModel, create_model
from pydantic.json_schema import models_json_schema

from panel_app.lookup.answers import PAGE, ROWS, RUN, Page, Problem, Summary, Told
from panel_app.lookup.desk import ALL, Lookup, Parameter
from panel_app.rooms import Room

OPENAPI: Final = "3.1.1"
PROBLEM_JSON: Final = "application/problem+json"
REFUSALS: Final = {
    "401": "The token is missing or wrong.",
    "404": "There is no such run or finding.",
    "503": "The run cannot be read now.",
}
UNDERSTOOD: Final = {"400": "A parameter is not known, or has a value that is none."}
REF: Final = "#/components/schemas/{model}"


def description(rooms: list[Room], base: str, rows_usual: int, rows_most: int) -> dict[str, Any]:
    """The document. base: the path that all addresses begin with. rows_usual, rows_most: of one page of a list."""
    _, shapes = models_json_schema(
        [(model, "serialization") for model in _models(rooms)], ref_template=REF, title="Look-up"
    )
    return {
        "openapi": OPENAPI,
        "info": {
            "title": "darkshelf look-up",
            "version": version("darkshelf"),
            "summary": "What was published, for other systems. Read only.",
        },
        "servers": [{"url": base}],
        "security": [{"token": []}],
        "paths": dict(path for room in rooms for path in _paths(room, rows_usual, rows_most)),
        "components": {
            "schemas": shapes["$defs"],
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }


def one_model(room: Room, lookup: Lookup) -> type[BaseModel]:
    """The shape of an answer with one finding."""
    fields: dict[str, Any] = {lookup.item: (lookup.model, ...)}
    return create_model(f"{room.desk.title()}{lookup.item.title()}", __base__=Told, **fields)


def many_model(room: Room, lookup: Lookup) -> type[BaseModel]:
    """The shape of one page of a list."""
    fields: dict[str, Any] = {lookup.items: (list[lookup.model], ...)}  # type: ignore[name-defined]
    return create_model(f"{room.desk.title()}{lookup.items.title()}", __base__=Page, **fields)


def _models(rooms: list[Room]) -> Iterator[type[BaseModel]]:
    yield from (Problem, Summary)
    for room in rooms:
        if room.lookup is not None:
            yield from (one_model(room, room.lookup), many_model(room, room.lookup))


def _paths(room: Room, rows_usual: int, rows_most: int) -> Iterator[tuple[str, dict[str, Any]]]:
    run = _in_query(RUN, "The id of a run; without it the newest.", {"type": "string"})
    summary = f"The key figures of a run of the {room.desk} desk"
    yield f"/{room.desk}/summary", _asking(f"{room.desk}_summary", summary, [run], "Summary")
    lookup = room.lookup
    if lookup is None:
        return
    paging = [
        _in_query(PAGE, "Which page, from 1.", {"type": "integer", "minimum": 1, "default": 1}),
        _in_query(
            ROWS, "Rows of a page.", {"type": "integer", "minimum": 1, "maximum": rows_most, "default": rows_usual}
        ),
    ]
    asked = [_in_query(name, told.description, _values(told)) for name, told in lookup.parameters.items()]
    by = f"The {lookup.items} of a run, page by page"
    shape = f"{room.desk.title()}{lookup.items.title()}"
    yield f"/{room.desk}/{lookup.items}", _asking(f"{room.desk}_{lookup.items}", by, [run, *asked, *paging], shape)
    named: dict[str, Any] = {
        "name": "id",
        "in": "path",
        "required": True,
        "description": f"The id of the {lookup.item}, percent-encoded.",
        "schema": {"type": "string"},
    }
    yield (
        f"/{room.desk}/{lookup.items}/{{id}}",
        _asking(
            f"{room.desk}_{lookup.item}",
            f"One {lookup.item} of a run",
            [named, run],
            f"{room.desk.title()}{lookup.item.title()}",
        ),
    )


def _values(parameter: Parameter) -> dict[str, Any]:
    choices: dict[str, Any] = {"enum": [*parameter.choices, ALL]} if parameter.choices else {}
    default = {"default": parameter.default} if parameter.default else {}
    return {"type": "string", **choices, **default}


def _in_query(name: str, says: str, schema: Mapping[str, Any]) -> dict[str, Any]:
    return {"name": name, "in": "query", "description": says, "schema": dict(schema)}


def _asking(name: str, summary: str, parameters: list[dict[str, Any]], shape: str) -> dict[str, Any]:
    """One address: it is asked by GET, and an unchanged answer need not be sent again."""
    known = {
        "name": "If-None-Match",
        "in": "header",
        "description": "The `ETag` of an answer that is known: 304 where it is still the answer.",
        "schema": {"type": "string"},
    }
    etag = {"ETag": {"description": "Names the run.", "schema": {"type": "string"}}}
    answers: dict[str, Any] = {
        "200": {"description": summary, "headers": etag, "content": {"application/json": {"schema": _ref(shape)}}},
        "304": {"description": "What is known is still the answer.", "headers": etag},
    }
    refused = {"content": {PROBLEM_JSON: {"schema": _ref("Problem")}}}
    answers |= {status: {"description": says, **refused} for status, says in {**UNDERSTOOD, **REFUSALS}.items()}
    return {
        "get": {"operationId": name, "summary": summary, "parameters": [*parameters, known], "responses": answers}
    }


def _ref(shape: str) -> dict[str, str]:
    return {"$ref": REF.format(model=shape)}
