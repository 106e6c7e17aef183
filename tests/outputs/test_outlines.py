"""Maps without a network: the lines that come with the package."""

from pathlib import Path

import pytest

from engine.outputs import outlines
from engine.outputs.outlines import COUNTRY, STATE, Box, lines_within

PLACES = {
    "Iowa": (Box(-97, 40, -90, 44), {STATE}),
    "Florida": (Box(-88, 24, -79, 31), {STATE, COUNTRY}),
    "Alps": (Box(5, 44, 15, 48), {COUNTRY}),
    "Japan": (Box(129, 30, 146, 46), {COUNTRY}),
    "middle of the Pacific": (Box(-140, -40, -135, -35), set()),
}


@pytest.mark.parametrize("place", PLACES)
def test_a_box_is_crossed_by_what_lies_there(place):
    box, kinds = PLACES[place]
    assert {line.kind for line in lines_within(box)} == kinds


def test_a_line_is_cut_where_it_leaves_the_box():
    box = Box(5, 44, 15, 48)
    for line in lines_within(box):
        assert len(line.longitude) == len(line.latitude) >= 2
        inside = line.longitude[1:-1].clip(box.west, box.east) == line.longitude[1:-1]
        assert inside.all()


def test_the_lines_are_small_and_say_whose_they_are():
    folder = Path(outlines.__file__).parent
    assert (folder / "outlines.parquet").stat().st_size < 400_000
    assert "Permission to use" in (folder / "outlines.LICENSE.txt").read_text(encoding="utf-8")
