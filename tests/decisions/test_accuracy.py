"""How right the nights were: what was promised, what was answered, and what was missed."""

from __future__ import annotations

import datetime as dt

import numpy as np
import polars as pl
import pytest

from engine.decisions.shelf import accuracy, answers, samples
from engine.decisions.shelf.settings import AccuracySettings, TaskSettings
from engine.vocabulary import shelf as v
from tests.decisions.nights import AS_OF, case, publish

SETTINGS = AccuracySettings()
MORNING = dt.datetime(2026, 4, 1, 9, tzinfo=dt.UTC)


def answer(decisions, run, word_of: dict[tuple[str, str], str]) -> None:
    given = [answers.Given(store, sku, word) for (store, sku), word in word_of.items()]
    answers.record(decisions, run, given, by="Eve", at=MORNING)


def night_of(tmp_path, count: int, **columns):
    """A night with so many cases, one a store."""
    return publish(tmp_path, [case(n, 1, **columns) for n in range(count)], {(n, 1): 1.0 for n in range(count)})


def words(dark: int, fine: int, silent: int = 0) -> dict[tuple[str, str], str]:
    kinds = dark * ["empty_backroom"] + fine * ["on_shelf_fine"] + silent * ["not_found"]
    return {(str(n), "1"): word for n, word in enumerate(kinds)}


def test_without_answers_nothing_is_claimed(beside, tmp_path):
    night_of(tmp_path, 3)
    found = accuracy.measure(beside, tmp_path, SETTINGS)
    assert (found.nights, found.asked, found.conclusive, found.drawn, found.brier) == (0, 0, 0, None, None)
    assert found.overall["verdict"] == accuracy.TOO_FEW
    assert found.recall.estimate is None


def test_precision_is_claimed_from_thirty_answers_that_tell(beside, tmp_path):
    run = night_of(tmp_path, 40)
    answer(beside, run, words(dark=20, fine=9, silent=11))
    few = accuracy.measure(beside, tmp_path, SETTINGS)
    assert (few.asked, few.conclusive, few.overall["precision"]) == (40, 29, None)
    answer(beside, run, {("39", "1"): "on_shelf_fine"} | {})
    later = [answers.Given("39", "1", "on_shelf_fine")]
    answers.record(beside, run, later, by="Max", at=MORNING + dt.timedelta(hours=1))
    enough = accuracy.measure(beside, tmp_path, SETTINGS)
    assert (enough.conclusive, enough.overall["answers"], enough.overall["dark"]) == (30, 30, 20)
    assert enough.overall["precision"] == pytest.approx(2 / 3)


@pytest.mark.parametrize(
    ("dark", "verdict"), [(10, accuracy.WORSE), (32, accuracy.AS_PROMISED), (40, accuracy.BETTER)]
)
def test_what_was_promised_is_held_against_what_came_back(beside, tmp_path, dark, verdict):
    run = night_of(tmp_path, 40)
    answer(beside, run, words(dark=dark, fine=40 - dark))
    overall = accuracy.measure(beside, tmp_path, SETTINGS).overall
    assert (overall["promised"], overall["verdict"]) == (pytest.approx(0.8), verdict)
    assert overall["precision_low"] <= overall["precision"] <= overall["precision_high"]


def test_the_classic_rule_promises_nothing(beside, tmp_path):
    cases = [case(n, 1) for n in range(40)]
    run = publish(tmp_path, cases, {(n, 1): 1.0 for n in range(40)}, profile="classic")
    answer(beside, run, words(dark=10, fine=30))
    found = accuracy.measure(beside, tmp_path, SETTINGS)
    assert (found.overall["precision"], found.overall["promised"], found.overall["verdict"]) == (0.25, None, None)
    assert (found.calibration.height, found.brier) == (0, None)


def test_every_part_has_a_row_of_its_own(beside, tmp_path):
    kinds = [(v.NOT_ON_SHELF, "Dairy", 85.0), (v.PRICE_TOO_HIGH, "Bakery", 100.0), (None, None, 20.0)]
    rows = [
        case(n, 1, primary_cause=cause, category=category, confidence_score=score)
        for n, (cause, category, score) in enumerate(40 * kinds)
    ]
    run = publish(tmp_path, rows, {(n, 1): 1.0 for n in range(120)})
    answer(beside, run, {(str(n), "1"): "on_shelf_fine" if n % 3 == 2 else "price_label_wrong" for n in range(120)})
    found = accuracy.measure(beside, tmp_path, SETTINGS)
    parts = {(row["part"], row["name"]): row for row in found.parts.iter_rows(named=True) if row["part"] != "store"}
    assert {name: row["precision"] for name, row in parts.items()} == {
        ("all", "all"): pytest.approx(2 / 3),
        ("cause", "none"): 0.0,
        ("cause", v.NOT_ON_SHELF): 1.0,
        ("cause", v.PRICE_TOO_HIGH): 1.0,
        ("category", "none"): 0.0,
        ("category", "Dairy"): 1.0,
        ("category", "Bakery"): 1.0,
        ("confidence", "0 to 50"): 0.0,
        ("confidence", "80 to 90"): 1.0,
        ("confidence", "95 to 100"): 1.0,
    }
    assert found.calibration["promised"].to_list() == pytest.approx([0.2, 0.85, 1.0])
    assert found.parts.filter(pl.col("part") == "store")["verdict"].unique().to_list() == [accuracy.TOO_FEW]
    assert found.cause_right is not None
    assert found.cause_right.estimate == 0.5
    assert found.brier == pytest.approx((40 * 0.15**2 + 40 * 0 + 40 * 0.2**2) / 120)


@pytest.mark.parametrize(("score", "band"), [(50.0, "50 to 70"), (49.9, "0 to 50"), (100.0, "95 to 100")])
def test_a_band_has_its_lower_bound_and_not_its_upper_one(beside, tmp_path, score, band):
    run = night_of(tmp_path, 1, confidence_score=score)
    answer(beside, run, words(dark=1, fine=0))
    assert accuracy.measure(beside, tmp_path, SETTINGS).calibration["name"].to_list() == [band]


def test_a_closed_case_is_no_promise(beside, tmp_path):
    run = night_of(tmp_path, 40, status=v.CLOSED)
    answer(beside, run, words(dark=40, fine=0))
    assert accuracy.measure(beside, tmp_path, SETTINGS).asked == 0


LARGE, SMALL = 48, 12
NIGHTS, STORES = 24, 10


@pytest.fixture
def many_nights(beside, tmp_path):
    """Nights whose truth is known: of two sizes, with four cases a store of which three are dark.

    In a large night a quarter of the other products is dark too, in a small one none.
    """
    for day in range(NIGHTS):
        sizes = {f"s{n}": LARGE if day % 2 else SMALL for n in range(STORES)}
        cases = [case(store, f"c{n}") for store in sizes for n in range(4)]
        pairs = [(store, f"p{n:02}") for store, size in sizes.items() for n in range(size)]
        judged = dict.fromkeys([*((row["store_id"], row["sku_id"]) for row in cases), *pairs], 1.0)
        run = publish(tmp_path, cases, judged, as_of=AS_OF - dt.timedelta(days=day))
        drawn = samples.drawn(beside, run, TaskSettings())
        answer(beside, run, {pair: said(*pair, day) for pair in drawn.select(v.PAIR).iter_rows()})
    return tmp_path


def said(store: str, sku: str, day: int) -> str:
    if (int(store[1:]) + day) % 5 == 0:
        return "not_checked"  # Whole stores do not answer now and then.
    is_dark = sku in {"c0", "c1", "c2"} or (day % 2 == 1 and sku[0] == "p" and int(sku[1:]) % 4 == 0)
    return "empty_backroom" if is_dark else "on_shelf_fine"


@pytest.mark.slow
def test_recall_is_found_from_a_few_random_products(beside, many_nights):
    """30 dark cases a night, and every second night 120 dark products without a case: a third is found."""
    recall = accuracy.measure(beside, many_nights, SETTINGS).recall
    truth = 30 / (30 + 5 * LARGE / 4)
    assert recall.low < truth < recall.high
    assert abs(recall.estimate - truth) < 0.06
    unweighted = 0.75 * 4 / (0.75 * 4 + recall.dark_without_case / recall.pairs * (LARGE + SMALL) / 2)
    assert abs(unweighted - truth) > 0.06


@pytest.mark.slow
def test_precision_of_the_drawn_cases_is_that_of_all_whatever_else_was_checked(beside, many_nights):
    """The true cases are checked on purpose: what was checked looks better than what was promised to be."""
    for run in accuracy.shelf_nights(many_nights):
        extra = {(f"s{n}", sku): "empty_backroom" for n in range(STORES) for sku in ("c0", "c1", "c2")}
        answer(beside, run, extra)
    found = accuracy.measure(beside, many_nights, SETTINGS)
    assert found.overall["precision"] > 0.88
    assert found.drawn.low < 0.75 < found.drawn.high
    assert abs(found.drawn.estimate - 0.75) < 0.07


def test_the_share_that_is_missed_is_bounded_where_no_product_was_found_dark(beside, tmp_path):
    cases = [case(n, "c") for n in range(30)]
    judged = {(n, sku): 1.0 for n in range(30) for sku in ("c", *(f"p{k}" for k in range(20)))}
    run = publish(tmp_path, cases, judged)
    drawn = samples.drawn(beside, run, TaskSettings(sample_pairs=60, sample_cases=30))
    answer(
        beside,
        run,
        {pair: "damaged" if pair[1] == "c" else "on_shelf_fine" for pair in drawn.select(v.PAIR).iter_rows()},
    )
    recall = accuracy.measure(beside, tmp_path, SETTINGS).recall
    assert (recall.estimate, recall.high) == (1.0, 1.0)
    # Of 60 looked at none was dark: up to 7.7% of 600 may be, 46, beside at least 26 that were found.
    assert 0.30 < recall.low < 0.45


def test_recall_says_what_it_takes(beside, tmp_path):
    run = night_of(tmp_path, 3)
    samples.drawn(beside, run, TaskSettings())
    answer(beside, run, words(dark=3, fine=0))
    found = accuracy.measure(beside, tmp_path, SETTINGS)
    assert found.recall.why_not == (
        "3 drawn cases and 0 drawn store-SKUs without a case were answered; it takes 30 of each"
    )


def test_some_nights_can_be_asked_about(beside, tmp_path):
    first = night_of(tmp_path, 2)
    second = publish(tmp_path, [case(1, 1)], {(1, 1): 1.0}, as_of=AS_OF + dt.timedelta(days=1))
    answer(beside, first, words(dark=2, fine=0))
    answer(beside, second, {("1", "1"): "on_shelf_fine"})
    assert accuracy.measure(beside, tmp_path, SETTINGS).conclusive == 3
    assert accuracy.measure(beside, tmp_path, SETTINGS, [second.run_id]).conclusive == 1


def test_recall_of_simulated_chains_lies_in_its_interval_as_often_as_it_says(beside):
    """The estimator alone, many times: intervals put together of two hold the truth at least so often."""
    random = np.random.default_rng(23)
    held, tries = 0, 200
    for _ in range(tries):
        rows = []
        for store in range(40):
            rates = {True: random.beta(6, 2), False: random.beta(1, 20)}
            for has_case, size, lots in ((True, 4, 1), (False, 30, 2)):
                rows += [(str(store), has_case, lots / size, random.random() < rates[has_case]) for _ in range(lots)]
        drawn = pl.DataFrame(rows, schema=["store_id", "has_case", "probability", "is_dark"], orient="row")
        recall = accuracy._recall(drawn, SETTINGS)
        truth = 4 * 0.75 / (4 * 0.75 + 30 / 21)
        held += recall.low <= truth <= recall.high
    assert held / tries >= 0.95
