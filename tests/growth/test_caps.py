"""Which cap binds, by the quantity and the caps alone."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest

from engine.growth.caps import CAP, with_caps
from engine.settings.growth.scaling import CapSettings
from engine.vocabulary import growth as v

HAIR = 1e-12
CAPS = CapSettings()


def capped(raw: float | None, held: float | None, median: float | None, caps: CapSettings = CAPS) -> dict[str, Any]:
    """One candidate that holds so much, whose peers have that median."""
    numbers = {"raw_adjustment": raw, "current_spu_count": held, "cluster_median": median}
    frame = pl.LazyFrame(
        {name: [number] for name, number in numbers.items()}, schema=dict.fromkeys(numbers, pl.Float64)
    )
    found = with_caps(frame, caps).collect()
    assert found.schema["binding_cap"] == CAP
    assert {found.schema[name] for name in found.columns if name != "binding_cap"} == {pl.Float64}
    return found.row(0, named=True)


def test_the_tightest_cap_binds_and_the_earlier_of_equal_ones_is_named():
    held = CAPS.absolute_units / CAPS.current_share
    median = CAPS.absolute_units / CAPS.median_share
    for many, its, cap in (
        (held, median, v.CAP_CURRENT),
        (2 * held, median, v.CAP_MEDIAN),
        (2 * held, 2 * median, v.CAP_ABSOLUTE),
        (held / 2, median / 4, v.CAP_MEDIAN),
        (held / 4, median / 2, v.CAP_CURRENT),
    ):
        row = capped(1e6, many, its)
        assert row["binding_cap"] == cap
        assert row["capped_adjustment"] == min(row["cap_current"], row["cap_median"], row["cap_absolute"])


@pytest.mark.parametrize("raw", [CAPS.absolute_units, CAPS.absolute_units + HAIR])
def test_what_is_exactly_at_a_cap_or_a_hair_above_it_is_not_capped(raw):
    row = capped(raw, 1e6, 1e6)
    assert (row["binding_cap"], row["capped_adjustment"]) == (v.NO_CAP, raw)
    assert capped(CAPS.absolute_units + 1e-6, 1e6, 1e6)["capped_adjustment"] == CAPS.absolute_units


def test_a_cap_that_does_not_apply_is_unknown_and_so_is_one_of_nothing_to_cap():
    row = capped(1e6, 0.0, None)
    assert (row["cap_current"], row["cap_median"], row["binding_cap"]) == (None, None, v.CAP_ABSOLUTE)
    strict = capped(1e6, 0.0, None, CapSettings(zero_current="strict"))
    assert (strict["cap_current"], strict["binding_cap"], strict["capped_adjustment"]) == (0.0, v.CAP_CURRENT, 0.0)
    unknown = capped(None, 10.0, 10.0)
    assert (unknown["binding_cap"], unknown["capped_adjustment"]) == (None, None)
