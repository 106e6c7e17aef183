"""A chain, the tables of a scaling and a company, in a folder to work in."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

import engine as darkshelf
from tests.every_desk import Made, two_runs
from tests.growth.golden import GOLDEN
from tests.growth.tables import PERIOD, among_peers, merged

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="session")
def place(tmp_path_factory) -> Path:
    """A folder with `data/chain` for the shelf desk and `data/growth` for the growth desk; nobody writes there."""
    folder = tmp_path_factory.mktemp("face")
    darkshelf.simulate(folder / "data" / "chain", stores=40, skus=10, days=60, extra_episodes=0.1)
    tables = merged(*(among_peers(each.case, f"S{n:02}", f"P{n:02}", n) for n, each in enumerate(GOLDEN.values())))
    for name in ("sales", "step9", "step10", "step11"):
        for row in tables.rows[name]:
            row["period"] = PERIOD
    tables.write(folder / "data" / "growth")
    return folder


@pytest.fixture(scope="session")
def chain(place) -> Path:
    return place / "data" / "chain"


@pytest.fixture(scope="session")
def night(chain) -> darkshelf.Night:
    """A night over the chain, whose run goes with it."""
    return darkshelf.run_shelf(chain)


@pytest.fixture(scope="session")
def scaling(place) -> darkshelf.Scaling:
    return darkshelf.run_growth(place / "data" / "growth")


@pytest.fixture(scope="session")
def company(tmp_path_factory) -> Made:
    """The tables of a small company, and the run that all examples ask for, the first of two; nobody writes there.

    What an example says of a run holds of one of sixty customers as of a larger one.
    """
    return two_runs(tmp_path_factory, "whitespace")


@pytest.fixture(scope="session")
def ranked(company) -> darkshelf.Ranked:
    return darkshelf.open_run(company.out, company.runs[0].run_id)


@pytest.fixture
def workplace(place, tmp_path, monkeypatch) -> Path:
    """An empty working folder but for `data`, with links to the tables of both desks."""
    (tmp_path / "data").mkdir()
    for name in ("chain", "growth"):
        (tmp_path / "data" / name).symlink_to(place / "data" / name)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def company_workplace(company, workplace) -> Path:
    """The same with the tables of a company, and a copy of what was published over them."""
    (workplace / "data" / "company").symlink_to(company.place)
    shutil.copytree(company.out, workplace / "data" / "whitespace")
    return workplace
