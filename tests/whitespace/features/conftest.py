"""Features of a small company, fitted and built once for tests that only look at them."""

import pytest

from engine.settings.whitespace.features import FeatureSettings
from engine.whitespace.features.build import build, fit
from engine.whitespace.features.matrix import Matrix
from engine.whitespace.features.state import State
from engine.whitespace.tables import Tables
from tests.whitespace.features.small import CUTOFF, TRAINED, company

SETTINGS = FeatureSettings(factors=4, named_skus=3, neighbours=4, nearby=3, lift_support=2, wide_divisions=2)


@pytest.fixture(scope="session")
def settings() -> FeatureSettings:
    """All families, small enough for a small company."""
    return SETTINGS


@pytest.fixture(scope="session")
def tables() -> Tables:
    """One small company."""
    return company()


@pytest.fixture(scope="session")
def state(tables: Tables) -> State:
    """What features learn half a year before the cutoff."""
    return fit(tables, TRAINED, SETTINGS)


@pytest.fixture(scope="session")
def matrix(tables: Tables, state: State) -> Matrix:
    """The features as of the cutoff."""
    return build(tables, CUTOFF, state, SETTINGS)
