"""Charts of a whitespace run: SVG in the colour of the page, with what was not computed left out."""

from datetime import date
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from engine.outputs.names import joined
from engine.outputs.shown import as_text
from engine.outputs.whitespace import charts
from engine.outputs.whitespace.desk import DESK
from engine.outputs.whitespace.report import ReportSettings, report
from engine.runs.registry import Registry
from tests.panel_app import whitespace_runs

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

NOTHING = {"value": None, "low": None, "high": None}
SOME = {"value": -0.01, "low": -0.02, "high": 0.01}
BINS = pl.DataFrame({"mean_predicted": [0.1, None], "fraction_positives": [0.0, None], "count": [50, 0]})
DECILES = pl.DataFrame({"decile": [1, 2], "bought_in_division_mean": [0.4, None], "p_mean": [0.3, None]})
YIELDS = pl.DataFrame({"k_percent": [5, 10], "capture": [0.2, None], "pos_rate": [0.4, None]})
CURVE = pl.DataFrame(
    {"horizon_days": [0, 30], "curve": ["frozen", "frozen"], "auc": [0.8, None], "auc_low": 0.7, "auc_high": 0.9}
)
ESTIMATES: list[dict[str, Any]] = [{"auc": -0.1, "auc_low": -0.2, "auc_high": 0.1}, {"auc": None}]


@pytest.mark.parametrize(
    "draw",
    [
        pytest.param(lambda: charts.draw_reliability(BINS), id="reliability"),
        pytest.param(lambda: charts.draw_gains(DECILES), id="gains"),
        pytest.param(lambda: charts.draw_coverage(YIELDS), id="coverage"),
        pytest.param(
            lambda: charts.draw_shifts(
                [{"days": 7, "delta_auc": SOME}, {"days": 14, "delta_auc": NOTHING}], {"delta_auc": 0.01}
            ),
            id="shifts",
        ),
        pytest.param(lambda: charts.draw_lines(CURVE, ["auc"], "horizon_days", "curve", "AUC"), id="lines"),
        pytest.param(lambda: charts.draw_estimates(["one", "two"], ESTIMATES, "auc", "AUC"), id="estimates"),
        pytest.param(lambda: charts.draw_estimates([], [], "auc", "AUC"), id="no_estimates"),
        pytest.param(
            lambda: charts.draw_importance(pl.DataFrame({"feature": ["x" * 60, "北京"], "share": [0.6, 0.4]})),
            id="importance",
        ),
    ],
)
def test_a_chart_takes_the_colour_of_the_page_and_leaves_out_what_is_unknown(draw: "Callable[[], str]") -> None:
    svg = draw()
    assert svg.startswith("<svg")
    assert "currentColor" in svg
    assert svg == draw(), "the same numbers make the same chart"


def test_the_interval_of_a_share_is_wilsons() -> None:
    low, high = charts._share_intervals(pl.Series([0.5, 0.0]).to_numpy(), pl.Series([100, 50]).to_numpy())
    assert low == pytest.approx([0.4038, 0.0], abs=1e-4)
    assert high == pytest.approx([0.5962, 0.0713], abs=1e-4)


@pytest.mark.slow
def test_money_is_told_in_the_currency_of_its_run(tmp_path: "Path") -> None:
    earlier = Registry(tmp_path).find(whitespace_runs.publish(tmp_path, date(2025, 12, 31)))
    run = Registry(tmp_path).find(whitespace_runs.publish(tmp_path, currency="€"))
    assert "€1,23" in report(run, ReportSettings())
    assert "€90" in report(run, ReportSettings())
    gap = str(DESK.explain(run, joined("C/000", whitespace_runs.SERVICES)))
    assert "€100.00" in gap
    assert "€90.00" in gap
    assert "€1,23" in as_text(DESK.shown(run))
    assert "$" not in f"{report(run, ReportSettings())}{gap}{as_text(DESK.shown(run))}"
    assert "$1,23" in as_text(DESK.shown(earlier))


@pytest.mark.slow
def test_the_report_draws_what_comes_first(tmp_path: "Path") -> None:
    run = Registry(tmp_path).find(whitespace_runs.publish(tmp_path))
    assert report(run, ReportSettings()).count("<svg") == 3
    assert report(run, ReportSettings(division=whitespace_runs.TOOLS)).count("<svg") == 3
    assert "a division cap of 80.0%: it would\nbring $12.00 more" in report(run, ReportSettings())
