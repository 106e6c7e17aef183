"""What a dashboard is told: the shell's own settings, and a section for the pages of every desk."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from engine.errors import SettingsError
from panel_app.settings import DashboardSettings, load_settings
from panel_app.stores.shelf_settings import ShelfPageSettings

if TYPE_CHECKING:
    from pathlib import Path

FILE = """
page_rows = 20

[shelf]
red_share = 0.1
orange_share = 0.3
"""


def problems(**assigned: object) -> list[tuple[str, str, str]]:
    with pytest.raises(SettingsError) as refused:
        load_settings(assignments=assigned)
    return [(problem.where, problem.what, problem.advice) for problem in refused.value.problems]


def test_a_file_and_assignments_tell_the_shell_and_the_pages_of_a_desk(tmp_path: Path) -> None:
    file = tmp_path / "dashboard.toml"
    file.write_text(FILE, encoding="utf-8")
    told = load_settings(file, ["shelf.orange_share=0.4", "shelf.trend_nights=7"])
    pages = told.of(ShelfPageSettings)
    assert told.page_rows == 20
    assert (pages.red_share, pages.orange_share, pages.trend_nights) == (0.1, 0.4, 7)


def test_the_shell_alone_has_no_setting_of_a_desk() -> None:
    assert not {name for name in DashboardSettings.model_fields if name in ShelfPageSettings.model_fields}


@pytest.mark.parametrize("key", ["red_share", "orange_share", "trend_nights", "map_tiles"])
def test_a_key_that_went_to_a_desk_is_refused_with_its_new_place(key: str) -> None:
    assert problems(**{key: 1}) == [(key, "is no setting", f"did you mean shelf.{key}?")]


def test_a_misspelt_key_of_a_desk_is_refused_with_the_nearest() -> None:
    assert problems(**{"shelf.red_shore": 1}) == [
        ("shelf.red_shore", "is no setting", "did you mean shelf.red_share?")
    ]


def test_a_currency_of_the_dashboard_is_refused_with_the_place_where_it_is_told() -> None:
    ((where, what, advice), other) = problems(currency="EUR", colour="red")
    assert (where, what) == ("currency", "is no setting any more")
    assert "darkshelf run --set currency=" in advice
    assert other[0] == "colour"


def test_severities_must_ascend() -> None:
    ((where, what, _),) = problems(**{"shelf.orange_share": 0.01})
    assert where == "shelf"
    assert "is not below orange_share" in what


def test_images_come_from_the_dashboard_alone_unless_tiles_are_told() -> None:
    assert load_settings().image_addresses == ()
    tiles = "https://tiles.example.com/{z}/{x}/{y}.png"
    assert load_settings(assignments={"shelf.map_tiles": tiles}).image_addresses == (tiles,)
