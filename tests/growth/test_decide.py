"""What becomes of a candidate, by its raw and its capped quantity alone: the edges, and a hair beside them."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest

from engine.growth.decide import STATUS, TIER, decide
from engine.settings.growth.scaling import CapSettings, TierSettings
from engine.vocabulary import growth as v

HAIR = 1e-12
CAPS, TIERS = CapSettings(), TierSettings()


def decided(raw: float | None, capped: float | None = None, gate: str | None = None) -> dict[str, Any]:
    """One candidate. capped: as raw where nothing is said."""
    given = {"raw_adjustment": [raw], "capped_adjustment": [raw if capped is None else capped]}
    frame = pl.LazyFrame(
        {"gate": [gate], **given, "binding_cap": [v.CAP_MEDIAN]},
        schema={
            "gate": STATUS,
            "raw_adjustment": pl.Float64,
            "capped_adjustment": pl.Float64,
            "binding_cap": pl.Enum(v.GROWTH_CAPS),
        },
    )
    found = decide(frame, CAPS, TIERS).collect()
    assert (found.schema["status"], found.schema["scaling_tier"]) == (STATUS, TIER)
    return found.row(0, named=True)


@pytest.mark.parametrize("raw", [CAPS.min_units, CAPS.min_units - HAIR])
def test_the_minimum_is_enough_and_a_hair_less_is_the_minimum(raw):
    row = decided(raw)
    assert (row["status"], row["recommended_adjustment_quantity"]) == (v.SCALED, CAPS.min_units)
    assert row["cap_applied"] == v.CAP_MEDIAN


def test_less_than_the_minimum_is_nothing_and_no_cap_is_named():
    row = decided(CAPS.min_units - 1e-6)
    assert (row["status"], row["recommended_adjustment_quantity"], row["recommended_units"]) == (
        v.BELOW_MIN_QTY,
        0.0,
        0,
    )
    assert (row["cap_applied"], row["scaling_tier"]) == (None, None)


def test_a_cap_that_leaves_less_than_the_minimum_suppresses_and_is_named():
    row = decided(CAPS.min_units + 5, CAPS.min_units - 1e-6)
    assert (row["status"], row["recommended_adjustment_quantity"]) == (v.SUPPRESSED_BY_CAP, 0.0)
    assert (row["cap_applied"], row["scaling_tier"]) == (v.CAP_MEDIAN, None)
    assert decided(CAPS.min_units + 5, CAPS.min_units)["status"] == v.SCALED


def test_a_closed_gate_decides_whatever_the_quantities_are():
    row = decided(50.0, gate=v.BLOCKED_STEP10)
    assert (row["status"], row["recommended_adjustment_quantity"], row["cap_applied"]) == (
        v.BLOCKED_STEP10,
        0.0,
        None,
    )


@pytest.mark.parametrize(
    ("units", "tier"),
    [
        (TIERS.minimal_units, 0),
        (TIERS.minimal_units + HAIR, 0),
        (TIERS.minimal_units + 1e-6, 1),
        (TIERS.moderate_units, 1),
        (TIERS.moderate_units + HAIR, 1),
        (TIERS.moderate_units + 1e-6, 2),
    ],
)
def test_a_tier_ends_with_its_bound(units, tier):
    assert decided(units)["scaling_tier"] == v.SCALING_TIERS[tier]


def test_whole_units_are_rounded_down_and_a_hair_below_a_whole_is_that_whole():
    assert [decided(units)["recommended_units"] for units in (7.999, 8.0, 8.0 - HAIR)] == [7, 8, 8]
