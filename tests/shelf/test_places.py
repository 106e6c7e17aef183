"""Coordinates that are no place are unknown: nothing is shipped there (specification, section 1)."""

from __future__ import annotations

import polars as pl
import pytest

from engine.settings.shelf.calibrated import CalibratedSettings
from engine.settings.shelf.delivered import InputSettings
from engine.shelf import desk
from engine.shelf.check import check
from engine.shelf.places import unknown_places
from tests.planted.small import small_chain, write_csv

Place = tuple[float | None, float | None]
MUNICH: list[Place] = [(48.1 + n / 50, 11.5 + n / 30) for n in range(20)]


def stores(*places: Place, name: str | None = None) -> pl.DataFrame:
    """Stores around Munich, the last ones elsewhere; with a name they are one store under several ids."""
    rows = [*MUNICH, *places]
    return pl.DataFrame(
        {
            "store_id": range(len(rows)),
            "store_name": [f"Store {n}" for n in range(len(MUNICH))]
            + [name or f"Else {n}" for n in range(len(places))],
            "latitude": [latitude for latitude, _ in rows],
            "longitude": [longitude for _, longitude in rows],
        },
        schema_overrides={"latitude": pl.Float64, "longitude": pl.Float64},
    )


def found(frame: pl.DataFrame, **settings: float) -> list[int]:
    return unknown_places(frame, InputSettings(**settings))[0].to_list()  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("places", "unknown"),
    [
        pytest.param([(48.2, 11.6)], [], id="among_the_others"),
        pytest.param([(52.5, 13.4)], [], id="far_from_the_others"),
        pytest.param([(None, None)], [], id="not_delivered"),
        pytest.param([(0.0, 0.0)], [20], id="zero_zero"),
        pytest.param([(-0.5, 0.9)], [20], id="near_zero_zero"),
        pytest.param([(0.0, 20.0)], [], id="on_the_equator"),
        pytest.param([(11.6, 48.2)], [20], id="swapped"),
        pytest.param([(50.0, 9.0)] * 2, [], id="two_on_a_point"),
        pytest.param([(50.0, 9.0)] * 3, [20, 21, 22], id="three_on_a_point"),
    ],
)
def test_what_is_no_place(places, unknown):
    assert found(stores(*places)) == unknown


def test_one_store_under_several_ids_stands_where_it_stands():
    assert found(stores(*[(50.0, 9.0)] * 3, name="Fair")) == []


def test_a_few_of_many_stores_may_share_a_point():
    """Three tills of one mall are three in a hundred and fifty."""
    many = pl.concat(
        [
            stores(*[(50.0, 9.0)] * 3),
            *(stores().with_columns(pl.col("store_id") + 100 * n, pl.col("latitude") + n / 7) for n in range(1, 8)),
        ]
    )
    assert found(many) == []


def test_the_last_row_of_a_store_tells_where_it_stands():
    twice = pl.concat([stores((0.0, 0.0)), stores((48.3, 11.7)).tail(1)])
    assert found(twice) == []


@pytest.mark.parametrize(
    ("places", "settings", "unknown"),
    [
        ([(1.5, 0.0)], {"zero_place_degrees": 2}, [20]),
        ([(50.0, 9.0)] * 3, {"shared_place_stores": 4}, []),
        ([(50.0, 9.0)] * 3, {"shared_place_share": 0.2}, []),
        ([(11.6, 48.2)], {"swapped_place_spread": 1000}, []),
    ],
)
def test_every_setting_of_the_places_is_heeded(places, settings, unknown):
    assert found(stores(*places), **settings) == unknown


def test_a_notice_says_why_how_many_and_where():
    _, (notice,) = unknown_places(stores((0.0, 0.0), (11.6, 48.2), (None, None)), InputSettings())
    assert (notice.where, notice.count, notice.of) == ("stores", 2, 22)
    assert "at 0,0, where unknown places end up (1); latitude and longitude swapped (1)" in notice.what
    assert notice.examples[0] == "store 20 (Else 0) at 0.0, 0.0: at 0,0, where unknown places end up"


@pytest.mark.slow
def test_a_night_takes_an_unknown_place_for_none_and_the_store_keeps_its_name(tmp_path):
    """North and South stand 13 km apart; when both are said to be at 0,0 they are 0 km apart and nowhere."""
    tables = small_chain()
    tables["stores"] = tables["stores"].with_columns(
        pl.when(pl.col("store_id") < 3).then(0.0).otherwise(name).alias(name) for name in ("latitude", "longitude")
    )
    folder = write_csv(tmp_path / "in", tables)
    assert check(folder).unknown_places == ("1", "2")
    run = desk.run(folder, tmp_path / "out", CalibratedSettings()).folder
    told = pl.read_parquet(run / "stores.parquet").sort("store_id")
    assert told["latitude"].to_list() == [None, None, 48.0]
    assert told["store_name"].to_list() == ["North", "South", "East"]
