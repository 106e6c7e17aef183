"""Store-SKUs that came to their stores a few days ago: like stores give the dark ones away, at the promised rate."""

from __future__ import annotations

import polars as pl
import pytest

from bench.accuracy import open_chains
from engine.settings.shelf.calibrated import CalibratedSettings

SEEDS = range(51, 55)
FALSE_SHARE, RECALL = 0.10, 0.50


@pytest.mark.slow
def test_dark_shelves_of_late_listings_are_found_at_the_promised_rate_of_false_ones():
    settings = CalibratedSettings()
    told = []
    for seed in SEEDS:
        chain = open_chains.listed_late(open_chains.drawn(60, 0.0, seed), 0.2, seed)
        alerts = open_chains.late_alone(chain, open_chains.alerts_over(chain, settings))
        told.append(open_chains.scored(alerts, open_chains.late_alone(chain, open_chains.truth(chain, FALSE_SHARE))))
    total = pl.DataFrame(
        [{name: one[name] for name in ("alerts", "right", "findable", "found")} for one in told]
    ).sum()
    alerts, right, findable, found = total.row(0)
    assert alerts - right <= FALSE_SHARE * alerts
    assert found >= RECALL * findable > 50
