"""What a calendar says of a day is learnt like an offer, from the days before the night, and is told."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import InputError
from engine.memory import Memory
from engine.settings.shelf.calibrated import EventSettings
from engine.settings.shelf.night import load
from engine.shelf import calibrated, desk
from engine.shelf.calibrated.event_rows import table_of_events
from engine.shelf.calibrated.events import Event, Excluded
from engine.shelf.calibrated.occasions import Occasions, learn, matched
from engine.shelf.check import check
from engine.shelf.desk import panel_plan
from engine.shelf.outside import PLACES, ROWS
from engine.shelf.panel import panel
from engine.vocabulary import shelf as v

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from engine.shelf.calibrated import Demand
    from engine.shelf.panel import Panel

AS_OF = date(2026, 3, 31)
N_DAYS, N_STORES, N_SKUS = 90, 10, 6
FAIRS = (10, 24, 40, 55, 71)
"""Days of the panel, the last one 89, on which drinks sell three times as much."""
LIFT = 3.0


NO_CASES = pl.DataFrame(
    schema={
        **dict.fromkeys(("pair", "store_id", "sku_id"), pl.Int64),
        **dict.fromkeys(("case_id", "status", "primary_cause"), pl.String),
        **dict.fromkeys(("detection_date", "last_dark_date"), pl.Date),
        **dict.fromkeys(("lost_units", "revenue_at_risk"), pl.Float64),
    }
)


def date_of(day: int) -> date:
    return AS_OF - timedelta(days=N_DAYS - 1 - day)


@pytest.fixture(scope="module")
def tables() -> dict[str, pl.DataFrame]:
    """Ten stores of two regions; even SKUs are drinks, odd ones are snacks, which do not care for fairs."""
    random = np.random.default_rng(11)
    stores, skus, days = np.meshgrid(np.arange(N_STORES), np.arange(N_SKUS), np.arange(N_DAYS), indexing="ij")
    lift = np.where(np.isin(days, FAIRS) & (skus % 2 == 0), LIFT, 1.0)
    keys = {"store_id": stores.ravel(), "sku_id": skus.ravel()}
    grid = pl.DataFrame(keys).with_columns(date=pl.Series([date_of(int(day)) for day in days.ravel()]))
    units = pl.Series(random.poisson(6.0 * lift).ravel().astype(np.float64))
    return {
        "sales_transactions": grid.with_columns(units_sold=units, revenue=units * 2, promo_flag=pl.lit(value=False)),
        "inventory_snapshot": grid.with_columns(quantity_on_hand=pl.lit(99.0)),
        "pricing": grid.with_columns(price=pl.lit(2.0), promo_flag=pl.lit(value=False)),
        "stores": pl.DataFrame({"store_id": range(N_STORES), "region": ["north", "south"] * (N_STORES // 2)}),
        "skus": pl.DataFrame({"sku_id": range(N_SKUS), "category": ["drinks", "snacks"] * (N_SKUS // 2)}),
    }


def events(days: Sequence[int] = FAIRS, **cells: Any) -> pl.DataFrame:
    """A row a day; cells are the same in all of them."""
    return pl.DataFrame({"date": [date_of(day) for day in days]}).with_columns(**{"kind": pl.lit("fair"), **cells})


@pytest.fixture(scope="module")
def chain(tables, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("fairs")
    for name, frame in tables.items():
        frame.write_parquet(folder / f"{name}.parquet")
    return folder


@pytest.fixture
def learnt_of(chain, tmp_path):
    """The panel and what is learnt of it, with some outside tables; further words are settings."""

    def learnt(*assignments: str, **outside: pl.DataFrame) -> tuple[Panel, Demand]:
        for file in chain.glob("*.parquet"):
            (tmp_path / file.name).symlink_to(file)
        for name, frame in outside.items():
            frame.write_parquet(tmp_path / f"{name}.parquet")
        settings = load(assignments=assignments)
        known = panel(check(tmp_path, AS_OF), panel_plan(settings), Memory())
        null = calibrated.null_distribution(settings.demand, settings.episode)
        return calibrated.expect(known, settings.demand, settings.episode, null)

    return learnt


def multiplied(of: Demand) -> np.ndarray:
    """What the occasions of every cell do, (pairs, days)."""
    return of.occasions.product(of.occasion)[of.occasions.group]


# What is learnt


def test_the_lift_of_fairs_is_learnt_of_drinks_and_not_of_snacks(learnt_of):
    believed = ("demand.occasions.prior_units=1", "demand.occasions.prior_days=0")
    _, demand = learnt_of(*believed, events=events())
    drinks, snacks = demand.occasion[:2, 0]
    assert drinks == pytest.approx(LIFT, rel=0.1)
    assert snacks == pytest.approx(1.0, rel=0.1)


def test_few_days_tell_less_of_their_kind_than_many_do(learnt_of, tmp_path):
    found = []
    for days in (FAIRS[:2], FAIRS):
        _, demand = learnt_of(events=events(days))
        found.append(demand.occasion[0, 0])
        for file in tmp_path.glob("*.parquet"):
            file.unlink()
    assert 1.2 < found[0] < found[1] < LIFT


def test_a_night_on_a_fair_expects_what_fairs_before_it_sold(learnt_of):
    _, demand = learnt_of(events=events((*FAIRS, N_DAYS - 1)))
    drinks, snacks = (multiplied(demand)[demand.category == category, -1] for category in (0, 1))
    assert set(drinks) == {demand.occasion[0, 0]}
    assert set(snacks) == {demand.occasion[1, 0]}


def test_the_judged_night_itself_teaches_nothing(learnt_of):
    _, demand = learnt_of(events=events((N_DAYS - 1,)))
    assert demand.occasions.kinds == ("fair",)
    assert (demand.occasion == 1.0).all()


def test_what_became_known_after_the_night_is_unknown(learnt_of):
    late, early = (pl.lit(AS_OF + timedelta(days=days)) for days in (1, 0))
    chain, demand = learnt_of(events=pl.concat([events(known_since=late), events((3,), known_since=early)]))
    assert chain.outside.calendar["day"].to_list() == [3]
    assert chain.accounts["events"].outside_panel == len(FAIRS)
    assert demand.occasions.happened.any()


@pytest.mark.parametrize(
    ("limit", "holds"),
    [
        ({}, lambda store, sku: True),
        ({"store_id": 3}, lambda store, sku: store == 3),
        ({"region": "south"}, lambda store, sku: store % 2 == 1),
        ({"sku_id": 4}, lambda store, sku: sku == 4),
        ({"category": "snacks"}, lambda store, sku: sku % 2 == 1),
        ({"region": "north", "sku_id": 4}, lambda store, sku: store % 2 == 0 and sku == 4),
        ({"store_id": 3, "region": "north"}, lambda store, sku: False),
    ],
    ids=["everywhere", "store", "region", "sku", "category", "region_and_sku", "store_of_another_region"],
)
def test_an_event_holds_where_it_is_limited_to(learnt_of, limit, holds):
    chain, demand = learnt_of(events=events(**{name: pl.lit(value) for name, value in limit.items()}))
    happened = demand.occasions.sets[demand.occasions.happened].any(axis=-1)
    ids = chain.pairs.select("store_id", "sku_id").iter_rows()
    expected = [[bool(holds(store, sku)) and day in FAIRS for day in range(N_DAYS)] for store, sku in ids]
    assert happened[demand.occasions.group].tolist() == expected


def test_groups_are_of_one_category(learnt_of):
    _, demand = learnt_of(events=events(store_id=pl.lit(3)))
    assert (demand.occasions.category[demand.occasions.group] == demand.category).all()


def test_events_that_are_not_learnt_change_no_expectation(learnt_of, chain, tmp_path):
    told, demand = learnt_of("demand.occasions.learn_events=false", events=events())
    for file in tmp_path.glob("*.parquet"):
        file.unlink()
    without, _ = learnt_of()
    assert demand.occasions.kinds == ()
    assert demand.occasions.rows["kind"].to_list() == ["fair"] * len(FAIRS)
    assert told.array("expected").tolist() == without.array("expected").tolist()


@pytest.mark.slow
def test_holidays_are_told_and_learnt_only_where_that_is_asked_for(learnt_of, tmp_path):
    both = pl.concat([events(), events((6, 30), kind=pl.lit("public holiday"))])
    _, demand = learnt_of(events=both)
    assert demand.occasions.kinds == ("fair",)
    assert set(demand.occasions.rows["kind"]) == {"fair", "public holiday"}
    for file in tmp_path.glob("*.parquet"):
        file.unlink()
    _, demand = learnt_of("demand.occasions.learn_holidays=true", "demand.occasions.learn_events=false", events=both)
    assert demand.occasions.kinds == ("public holiday",)


def test_falls_of_the_whole_chain_and_of_a_store_bear_the_names_of_their_days(learnt_of):
    monday = events(
        (40,), kind=pl.lit("public holiday"), name=pl.lit("Easter Monday"), store_id=pl.lit(None, pl.Int64)
    )
    roof = events((41,), kind=pl.lit("closed"), name=pl.lit("New roof"), store_id=pl.lit(3, pl.Int64))
    chain, demand = learnt_of(events=pl.concat([monday, roof]))
    falls = (Event(v.HOLIDAY, -1, 40, 41), Event(v.STORE_WIDE, 3, 40, 44), Event(v.STORE_WIDE, 4, 41, 44))
    episodes = pl.DataFrame(schema={"pair": pl.Int64, "first": pl.Int64, "last": pl.Int64, "kind": pl.String})
    told = table_of_events(chain, demand, Excluded(falls, episodes), NO_CASES, EventSettings()).sort(
        "kind", "store_id"
    )
    beginnings = [sentence.partition("The whole")[0] for sentence in told["explanation"]]
    assert beginnings == ["Easter Monday. ", "Easter Monday, New roof. ", ""]


# Against slow definitions


N_GROUPS, SHORT = 4, 6


@given(
    happened=st.sets(st.tuples(st.integers(0, N_GROUPS - 1), st.integers(0, SHORT - 1), st.integers(0, 2))),
    seed=st.integers(0, 99),
)
def test_each_kind_is_a_ratio_of_sums_given_the_others(happened, seed):
    """Category by category, kind by kind, in as many rounds; the last day teaches nothing."""
    random = np.random.default_rng(seed)
    sold, due = random.uniform(0, 30, (2, N_GROUPS, SHORT))
    category, prior = np.array([0, 0, 1, 1]), np.array([5.0, 20.0, 80.0])
    found = {
        (group, day): tuple(kind for kind in range(3) if (group, day, kind) in happened)
        for group, day in product(range(N_GROUPS), range(SHORT))
    }
    sets = sorted({(), *found.values()})
    past = {(day, kind) for _, day, kind in happened if day < SHORT - 1}
    of = Occasions(
        group=np.arange(N_GROUPS),
        category=category,
        rows=pl.DataFrame(schema=ROWS),
        kinds=("a", "b", "c"),
        prior_units=prior,
        prior_days=1.5,
        sets=np.array([[kind in one for kind in range(3)] for one in sets]),
        happened=np.array([sets.index(one) for one in found.values()], np.int32).reshape(N_GROUPS, SHORT),
        past_days=np.array([sum(other == kind for _, other in past) for kind in range(3)]),
    )
    factor = dict.fromkeys(product(range(2), range(3)), 1.0)
    for _, kind in product(range(3), range(3)):
        sums = {each: [0.0, 0.0] for each in range(2)}
        for group, day in product(range(N_GROUPS), range(SHORT - 1)):
            if (group, day, kind) in happened:
                others = [factor[category[group], other] for other in range(3) if (group, day, other) in happened]
                mine = factor[category[group], kind]
                sums[category[group]][0] += sold[group, day]
                sums[category[group]][1] += due[group, day] * np.prod(others) / mine
        n_days = len({day for _, day, other in happened if other == kind and day < SHORT - 1})
        units, expected = (sum(one[place] for one in sums.values()) for place in (0, 1))
        added = prior[kind] + 1.5 * expected / max(n_days, 1)
        whole = (units + added) / (expected + added)
        for each, (units, expected) in sums.items():
            added = prior[kind] + 1.5 * expected / max(n_days, 1)
            factor[each, kind] = (units + added * whole) / (expected + added)
    nothing = np.zeros_like(sold)
    learnt = learn(of, of.sums(np.stack([sold, nothing, due, nothing]), 2))
    assert learnt.ravel().tolist() == pytest.approx([factor[key] for key in sorted(factor)])


limit = st.none() | st.integers(0, 2)


@pytest.mark.slow
@given(
    rows=st.lists(st.tuples(st.sampled_from("ab"), st.integers(0, 3), limit, limit, limit), max_size=8),
    places=st.lists(st.tuples(*[st.integers(0, 2)] * 3), max_size=6),
)
def test_a_row_holds_for_the_places_that_all_its_limits_name(rows, places):
    calendar = pl.DataFrame([(kind, kind, *rest) for kind, *rest in rows], schema=ROWS, orient="row")
    where = pl.DataFrame(
        [(number, *place) for number, place in enumerate(places)],
        schema=dict.fromkeys(("place", *PLACES), pl.Int64),
        orient="row",
    )
    expected = [
        (kind, day, number)
        for kind, day, *limits in rows
        for number, place in enumerate(places)
        if all(limit in (None, position) for limit, position in zip(limits, place, strict=True))
    ]
    assert sorted(matched(calendar, where).select("kind", "day", "place").rows()) == sorted(expected)


# What tables may look like


def test_rows_that_repeat_a_day_kind_and_limit_count_once_and_the_last_names_it(learnt_of):
    chain, _ = learnt_of(events=pl.concat([events((5, 5), name=pl.lit("first")), events((5,), name=pl.lit("last"))]))
    assert chain.outside.calendar["name"].to_list() == ["last"]
    account = chain.accounts["events"]
    assert (account.read, account.used, account.replaced) == (3, 3, 2)


def test_the_order_of_the_rows_changes_nothing(learnt_of, tmp_path):
    many = pl.concat(
        [events(region=pl.lit("north")), events((3, 30), kind=pl.lit("strike"), region=pl.lit(None, pl.String))]
    )
    chain, demand = learnt_of(events=many)
    for file in tmp_path.glob("*.parquet"):
        file.unlink()
    other, again = learnt_of(events=many.reverse())
    assert chain.outside.calendar.equals(other.outside.calendar)
    assert demand.occasion.tolist() == again.occasion.tolist()


def test_events_of_strange_places_are_told_and_not_used(learnt_of):
    strange = pl.concat(
        [
            events((5,), store_id=pl.lit(77), region=pl.lit(None, pl.String)),
            events((6,), store_id=pl.lit(None, pl.Int64), region=pl.lit("nrth")),
        ],
        how="vertical_relaxed",
    )
    chain, demand = learnt_of(events=strange)
    (problem,) = demand.occasions.notices
    assert (problem.where, problem.count, problem.of) == ("events", 2, 2)
    assert "store_id 77" in problem.examples[0]
    assert "region nrth" in problem.examples[1]
    assert chain.outside.calendar.is_empty()


def test_a_kind_of_nearly_every_day_is_told_and_teaches_nothing(learnt_of):
    always = events(range(N_DAYS), kind=pl.lit("ordinary day"))
    _, demand = learnt_of(events=pl.concat([always, events()]))
    (problem,) = demand.occasions.notices
    assert problem.examples == ("ordinary day: 90 days",)
    assert demand.occasions.kinds == ("fair",)


def test_a_date_that_is_none_stops_the_night_and_is_shown(chain, tmp_path):
    for file in chain.glob("*.parquet"):
        (tmp_path / file.name).symlink_to(file)
    (tmp_path / "events.csv").write_text("date,kind\n2026-03-01,fair\n2026-02-30,fair\n", encoding="utf-8")
    with pytest.raises(InputError, match="date cannot be read as a date") as told:
        desk.run(tmp_path, tmp_path / "out", load())
    assert "2026-02-30" in str(told.value)


def test_an_event_without_a_kind_is_set_aside(learnt_of):
    nameless = pl.concat([events(range(0, 80, 2)), events((5,), kind=pl.lit(None, pl.String))])
    chain, _ = learnt_of(events=nameless)
    assert chain.accounts["events"].reasons == {"kind is missing": 1}


def test_days_before_and_after_the_panel_are_accounted_for(learnt_of):
    chain, _ = learnt_of(events=events((-4, 3, 95)))
    account = chain.accounts["events"]
    assert (account.read, account.used, account.outside_panel) == (3, 1, 2)
