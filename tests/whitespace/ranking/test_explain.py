"""A sentence and reason codes say why; what may not be told is not."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.settings.whitespace.ranking import ExplanationSettings
from engine.whitespace.features.registry import Feature
from engine.whitespace.ranking.explain import OTHERWISE, guarded, reasons, sentence
from engine.whitespace.ranking.phrases import phrase

SETTINGS = ExplanationSettings()
ORDERS = Feature("rfm__all__tx_n__12m", "windows", "transactions", "all", "count", 365)
MONEY = Feature("rfm__all__gp_sum__24m", "windows", "transactions", "all", "money", 730)
CHURCH = Feature("is_church_supplies", "firmographics", "customers", "all", "flag")
FEATURES = (ORDERS, MONEY, CHURCH)


def told(added: list[float], values: tuple[float, ...] = (14, 1200, 1)) -> tuple[str, list[dict[str, object]]]:
    ((words, codes),) = reasons(FEATURES, np.array([values], np.float32), np.array([added]), "€", SETTINGS)
    return words, json.loads(codes)


def test_the_strongest_reasons_for_a_call_are_named_with_their_values():
    words, _ = told([0.5, 1.0, 0.0])
    assert words == "Speaks for it: gross profit in 24 months: €1,200; orders in 12 months: 14."


def test_reason_codes_have_feature_direction_and_share_of_all_that_features_add():
    _, codes = told([0.5, -1.5, 0.0])
    assert codes == [
        {"feature": MONEY.name, "direction": "lowers", "share": 0.75},
        {"feature": ORDERS.name, "direction": "raises", "share": 0.25},
    ]


def test_what_speaks_against_a_call_is_a_code_and_no_reason_to_call():
    words, _ = told([0.5, -1.5, 0.0])
    assert words == "Speaks for it: orders in 12 months: 14."


def test_a_guarded_feature_is_neither_told_nor_listed_and_keeps_its_share():
    words, codes = told([0.5, 0.0, 1.5])
    assert words == "Speaks for it: orders in 12 months: 14."
    assert codes == [{"feature": ORDERS.name, "direction": "raises", "share": 0.25}]


def test_without_a_reason_that_may_be_told_the_general_one_is():
    assert told([-0.5, 0.0, 1.5])[0] == OTHERWISE


def test_what_is_unknown_or_nothing_is_a_code_and_no_reason():
    words, codes = told([0.5, 0.4, 0.0], (np.nan, 0, 0))
    assert words == OTHERWISE
    assert [code["feature"] for code in codes] == [ORDERS.name, MONEY.name]


def test_features_that_say_the_same_are_told_once():
    lagged = Feature("rfm__all__tx_n__12m_off60d", "windows", "transactions", "all", "count", 365, 60)
    ((words, _),) = reasons((ORDERS, lagged), np.array([[14, 14]], np.float32), np.array([[1.0, 0.9]]), "€", SETTINGS)
    assert words == "Speaks for it: orders in 12 months: 14."


@pytest.mark.parametrize(
    ("feature", "value", "words"),
    [
        (
            Feature("is_industry_Machine-tools-60f271", "firmographics", "c", "all", "flag"),
            1,
            "industry Machine tools",
        ),
        (
            Feature("gp_12m_Services-1f20bd", "x", "t", "all", "money", 367),
            80,
            "gross profit of Services in 12 months: €80.00",
        ),
        (
            Feature("neighbours__div__owner_share__24m", "n", "t", "div", "share", 733),
            0.4,
            "similar customers that buy here: 40%",
        ),
        (
            Feature("rfm__div__recency_days__life", "r", "t", "div", "days"),
            90,
            "time since the last order here: 90 days",
        ),
        (Feature("als_f3", "embeddings", "t", "all", "score", 367), 0.2, ""),
        (Feature("rfm__all__gp_mean__3m_missing", "missing", "t", "all", "flag", 93), 1, ""),
        (Feature("something_new", "other", "t", "all", "score"), 1, "something new"),
    ],
)
def test_a_feature_is_said_in_words(feature, value, words):
    assert phrase(feature, value, "€") == words


@given(st.lists(st.text(min_size=1, max_size=200), max_size=4))
def test_no_sentence_is_longer_than_allowed(words):
    assert len(sentence(words, 149)) < 150


@pytest.mark.parametrize(
    ("text", "is_guarded"),
    [
        ("is_religious_goods", True),
        ("income class", True),
        ("share of union members", True),
        ("average margin", False),
        ("trace of orders", False),
    ],
)
def test_words_are_guarded_by_how_they_begin(text, is_guarded):
    assert bool(guarded(SETTINGS.guarded_words).search(text)) is is_guarded
