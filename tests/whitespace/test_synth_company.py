"""A generated company says the truth about itself, and its leaks are where they are said to be."""

from __future__ import annotations

import datetime as dt

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal
from sklearn.metrics import roc_auc_score

from engine.delivery.frames import frames_of
from engine.errors import OutputError
from engine.settings.whitespace.inputs import InputSettings
from engine.settings.whitespace.labels import LabelSettings
from engine.synth.company.company import company, simulate
from engine.synth.company.plan import NAMES, CompanyPlan
from engine.whitespace.check import check
from engine.whitespace.panel import labels
from engine.whitespace.tables import as_of

SMALL = CompanyPlan(customers=120, truth_draws=20)
QUARTERS = [
    dt.date(2023, 3, 31),
    dt.date(2023, 6, 30),
    dt.date(2023, 9, 30),
    dt.date(2023, 12, 31),
    dt.date(2024, 3, 31),
]


@pytest.fixture(scope="module")
def judged(generated_company, company_tables) -> pl.DataFrame:
    """Gaps as of five cutoffs: whether they closed, and the true chance that they would."""
    rows = labels(company_tables, QUARTERS, LabelSettings()).filter("is_expansion")
    texts = rows.with_columns(pl.col("customer_id", "division").cast(pl.String))
    return texts.join(generated_company.truth, on=["customer_id", "division", "cutoff"], validate="1:1")


def test_one_plan_is_one_company_and_another_seed_is_another(tmp_path):
    first, second = company(tmp_path / "first", SMALL), company(tmp_path / "second", SMALL)
    for name in (*first.tables, "truth", "drivers"):
        files = [(tmp_path / each / f"{name}.parquet").read_bytes() for each in ("first", "second")]
        assert files[0] == files[1]
    assert_frame_equal(first.truth, second.truth)
    other = simulate(SMALL.model_copy(update={"seed": 8}))
    assert not other.tables["transactions"].equals(first.tables["transactions"])


def test_gaps_close_as_often_as_they_truly_should(judged):
    chances, closed = judged["probability"].to_numpy(), judged["label"].to_numpy()
    error = np.sqrt((chances * (1 - chances)).sum())
    assert abs(closed.sum() - chances.sum()) < 3 * error
    for part in judged.sort("probability").iter_slices(judged.height // 5):
        expected = part["probability"].sum()
        assert abs(part["label"].sum() - expected) < 4 * np.sqrt(expected) + 1


def test_who_knows_the_truth_ranks_gaps_well(judged):
    assert roc_auc_score(judged["label"], judged["probability"]) > 0.74


def test_the_labels_of_gaps_are_what_the_truth_says(judged):
    assert (judged["label"].cast(pl.Boolean) == judged["bought"]).all()


def test_a_planted_driver_at_least_doubles_what_it_drives(generated_company, company_tables, judged):
    driver = generated_company.drivers.filter(pl.col("what") == "cross").row(0, named=True)
    shares = []
    for cutoff in QUARTERS:
        recent = (pl.col("order_date") > cutoff - dt.timedelta(days=240)) & (pl.col("division") == driver["source"])
        exposed = as_of(company_tables, cutoff).transactions.filter(recent)["customer_id"].cast(pl.String).unique()
        rows = judged.filter(pl.col("cutoff") == cutoff, pl.col("division") == driver["target"])
        shares.append(rows.with_columns(is_exposed=pl.col("customer_id").is_in(exposed.implode())))
    rates = dict(pl.concat(shares).group_by("is_exposed").agg(pl.col("label").mean()).rows())
    assert rates[True] > 2 * rates[False]


def test_assets_have_renewals_that_are_known_when_they_are_made(generated_company):
    assets = generated_company.tables["assets"]
    records = assets.group_by("customer_id", "product", "purchase_date").len()
    assert (records["len"] > 1).any()
    assert (assets["known_at"] >= assets["purchase_date"]).all()


@pytest.mark.parametrize("divisions", [("Service plans", "Service calls"), NAMES], ids=["two", "all"])
def test_a_company_has_the_divisions_it_is_asked_for(divisions):
    drawn = simulate(SMALL.model_copy(update={"divisions": divisions}))
    assert set(drawn.tables["transactions"]["division"]) == set(divisions)
    assert drawn.tables["products"]["sku_id"].is_unique().all()
    assert set(drawn.drivers["source"]) | set(drawn.drivers["target"]) <= set(divisions)


def test_a_folder_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match="file: the company cannot be written"):
        company(tmp_path / "file", SMALL)


class TestLeaks:
    """Planted leaks."""

    def leaking(self, leak: str):
        return simulate(SMALL.model_copy(update={"leaks": (leak,)}))

    def test_nothing_but_what_leaks_differs(self):
        clean, leaking = simulate(SMALL), self.leaking("future_count")
        assert_frame_equal(clean.truth, leaking.truth)
        for name in ("transactions", "assets", "contacts", "products"):
            assert_frame_equal(clean.tables[name], leaking.tables[name])

    def test_a_count_of_orders_includes_those_to_come(self):
        tables = self.leaking("future_count").tables
        counts = dict(tables["transactions"].group_by("customer_id").agg(pl.col("order_id").n_unique()).rows())
        sizes = dict(tables["customers"].select("customer_id", "size").rows())
        assert all(sizes[customer] == f"{count} orders" for customer, count in counts.items())

    def test_an_asset_is_known_before_it_is_bought(self):
        assets = self.leaking("future_asset").tables["assets"]
        assert (assets["known_at"] < assets["purchase_date"]).all()

    def test_a_column_says_what_is_bought_next(self):
        company = self.leaking("label_column")
        last = company.truth.filter(pl.col("cutoff") == dt.date(2024, 6, 30), "bought")
        named = company.tables["customers"].filter(pl.col("industry_sub") != "nothing")
        assert set(named["customer_id"]) == set(last["customer_id"])

    def test_a_customer_under_two_ids_is_told(self):
        delivery = check(frames_of(self.leaking("duplicate_customer").tables), InputSettings())
        remarks = "\n".join(str(remark) for remark in delivery.remarks)
        assert "customer_id C000001, C000001X" in remarks
        assert "several ids have the same orders" in remarks
