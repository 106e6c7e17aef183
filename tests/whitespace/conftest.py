"""A generated company that the tests of the whitespace desk share."""

import pytest

from engine.delivery.frames import frames_of
from engine.settings.whitespace.inputs import InputSettings
from engine.synth.company.company import Company, simulate
from engine.synth.company.plan import CompanyPlan
from engine.whitespace.check import check
from engine.whitespace.tables import Tables


@pytest.fixture(scope="session")
def generated_company() -> Company:
    """600 customers, 4 divisions, four and a half years: tables as delivered, and the truth behind them."""
    return simulate(CompanyPlan())


@pytest.fixture(scope="session")
def company_tables(generated_company: Company) -> Tables:
    """The same company, checked."""
    return check(frames_of(generated_company.tables), InputSettings()).tables
