"""The look-up of other systems: one case, the list of one store and the summary, asked one after the other."""

import http.client
import random
import secrets
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from urllib.parse import quote, urlsplit

from bench.dashboard.browsing import PATIENCE_SECONDS, seconds_of, serving
from engine.outputs.read import table
from engine.outputs.shelf import shapes
from engine.runs.registry import Registry
from panel_app.lookup.server import BASE
from panel_app.lookup.token import TOKEN

TRIES = 200
SEED = 11


def looked_up(out: Path) -> dict[str, list[float]]:
    """Seconds of every question over a night, on a connection that is kept; each asks for something else."""
    token = secrets.token_urlsafe()
    cases = table(Registry(out).find(), shapes.CASES).select("case_id", "store_id").collect()
    some = cases.sample(TRIES, seed=SEED)
    asked = {
        "look up a case": [f"/shelf/cases/{quote(case, safe='')}" for case in some["case_id"]],
        "look up a store": [f"/shelf/cases?store={store}&status=any" for store in some["store_id"]],
        "look up the summary": ["/shelf/summary"] * TRIES,
    }
    with serving(out, environment={TOKEN: token}) as address:
        return {what: list(_seconds(address, token, paths)) for what, paths in asked.items()}


def _seconds(address: str, token: str, paths: Sequence[str]) -> Iterator[float]:
    connection = http.client.HTTPConnection(urlsplit(address).netloc, timeout=PATIENCE_SECONDS)

    def ask(path: str) -> None:
        connection.request("GET", f"{BASE}{path}", headers={"Authorization": f"Bearer {token}"})
        answer = connection.getresponse()
        answer.read()
        if answer.status != http.HTTPStatus.OK:
            raise RuntimeError(f"{path} was answered by {answer.status}")

    for path in random.Random(SEED).sample(paths, len(paths)):
        yield seconds_of(partial(ask, path))
    connection.close()
