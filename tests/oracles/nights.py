"""Nights of the oracle over awkward chains: it takes seconds for each, and judges it once a session."""

from __future__ import annotations

import pickle
from typing import TYPE_CHECKING, Any, NamedTuple

from tests.once import once
from tests.oracles.classic import cases_of, classic_night, features_of
from tests.planted.awkward import AS_OF, write_awkward_chain

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


class Written(NamedTuple):
    """An awkward chain, see `write_awkward_chain`."""

    format: str
    seed: int = 7
    whole_ids: bool = False


class Judged(NamedTuple):
    """What the oracle says of a chain. accounts: rows by table. branches: those that it took."""

    cases: list[dict[str, Any]]
    features: list[dict[str, Any]]
    accounts: dict[str, dict[str, int]]
    branches: set[str]


def judged(factory: pytest.TempPathFactory, chain: Written) -> tuple[Path, Judged]:
    """The folder of a chain, where nobody writes, and what the oracle says of it."""

    def make(folder: Path) -> None:
        write_awkward_chain(folder / "in", chain.seed, chain.format, chain.whole_ids)
        night = classic_night(folder / "in", AS_OF)
        cases, features = cases_of(night), features_of(night)
        branches = {branch for branch, times in night.seen.items() if times}
        said = Judged(cases, features, night.inputs.accounts, branches)
        (folder / "said").write_bytes(pickle.dumps(said))

    place = once(factory, "-".join(("oracle", *map(str, chain))), make)
    return place / "in", pickle.loads((place / "said").read_bytes())
