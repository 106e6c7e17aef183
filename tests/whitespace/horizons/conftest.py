"""One trained run of the generated company, small enough to be followed, ablated and validated in the suite."""

from __future__ import annotations

import pytest

from bench.whitespace.canaries import SETTINGS, trained_run
from engine.settings.whitespace.features import FeatureSettings
from engine.settings.whitespace.horizons import HorizonSettings
from engine.settings.whitespace.modeling import BoostingSettings, LinearSettings, ModelSettings
from engine.whitespace.ranking.learn import learn

LINEAR = LinearSettings(inverse_penalties=(0.01,), iterations=50)
BOOSTING = BoostingSettings(trees=20, leaves=(7,), leaf_rows=(50,))
QUICK = SETTINGS.model_copy(
    update={
        "features": FeatureSettings(families=("windows", "recency", "lifecycle", "popularity")),
        "horizons": HorizonSettings(bootstrap_replicates=100),
        "modeling": ModelSettings(
            boosting=BOOSTING, own_boosting=BOOSTING, linear=LINEAR, own_linear=LINEAR, bootstrap_replicates=50
        ),
    }
)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """To train the run takes long, whatever it is asked: what needs it carries the mark by itself."""
    for item in items:
        if "followed" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.slow)


@pytest.fixture(scope="session")
def followed(company_tables):
    """The context of a run as of 2024-06-30, half a year before the data end."""
    return trained_run(company_tables, QUICK)


@pytest.fixture(scope="session")
def learned(followed):
    """What its earlier cutoffs taught about money."""
    rows, features, settings = followed.dataset.rows, followed.dataset.features, followed.settings.ranking
    return learn(rows, followed.trained, features, followed.tables, followed.cutoff, settings)
