"""The golden rows of the specification, one by one."""

from __future__ import annotations

import pytest

from engine.settings.growth.scaling import GrowthSettings
from tests.growth.golden import GOLDEN, PARAMETERS, SEED, Golden
from tests.growth.tables import Case, among_peers, only

REFERENCE = GrowthSettings(profile="reference")


@pytest.mark.parametrize("golden", PARAMETERS)
def test_a_golden_row_comes_to_what_the_specification_says(golden: Golden):
    row = only(among_peers(golden.case).scaled(REFERENCE))
    assert row["status"] == golden.status
    assert row["recommended_adjustment_quantity"] == pytest.approx(golden.quantity, abs=1e-9)
    assert row["raw_adjustment"] == (None if golden.raw is None else pytest.approx(golden.raw, abs=1e-9))
    assert row["cap_applied"] == golden.cap
    assert row["scaling_tier"] == (f"{golden.tier} Adjustment" if golden.tier else None)
    assert row["recommended_units"] == int(golden.quantity + 1e-9)


@pytest.mark.parametrize("golden", [pytest.param(g, id=name) for name, g in GOLDEN.items() if g.case.peers >= 5])
def test_the_peers_of_a_golden_row_have_its_quantile_and_median(golden: Golden):
    row = only(among_peers(golden.case).scaled(REFERENCE))
    assert row["cluster_p75"] == pytest.approx(golden.case.p75, abs=1e-12)
    assert row["cluster_median"] == pytest.approx(golden.case.median, abs=1e-12)
    assert row["peer_n"] == golden.case.peers


def test_the_seed_row_stays_as_it_is_with_elasticity():
    """Its peers vary little enough for the cap to decide still."""
    row = only(among_peers(Case(**SEED)).scaled(GrowthSettings()))
    assert 0.943 <= row["elasticity_dampener"] <= 1
    assert row["recommended_adjustment_quantity"] == 7.5
    assert row["cap_applied"] == "max_pct_median"
    assert row["cap_current"] == pytest.approx(10.3)
    assert row["gap_ratio"] == pytest.approx(0.4246, abs=5e-5)


def test_there_are_twenty_one_golden_rows():
    assert len(GOLDEN) == 21
