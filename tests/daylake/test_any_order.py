"""Days in any order, corrected any number of times: a lake comes to what the last word on every day comes to."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.lake.manifest import open_lake
from engine.settings.shelf.night import load
from tests.daylake.deliveries import SALES, Chain, differences, night_over
from tests.planted.small import FIRST_DAY, N_DAYS, small_chain

BASE = small_chain()
DATED = [name for name, frame in BASE.items() if "date" in frame.columns]
MEASURES = {SALES: "units_sold", "inventory_snapshot": "quantity_on_hand", "pricing": "price"} | {
    "impressions": "impression_count"
}
ANY_SIZE = load(assignments=["ingest.min_kept_share=0", "inputs.max_set_aside_share=1"])


def version(table: str, number: int) -> pl.DataFrame:
    """A table as it is told for the nth time: other measures, and from the second time on faults and repeats."""
    frame, measure = BASE[table], MEASURES[table]
    if number == 0:
        return frame
    place = (pl.col("sku_id") + pl.col("date").dt.day() + number) % 5
    told = frame.with_columns(
        pl.when(place == 0).then(-1).when(place == 1).then(None).otherwise(pl.col(measure) + number).alias(measure)
    )
    return pl.concat([told, told.filter(place == 3).with_columns(pl.col(measure) * 2)])


Days = frozenset[int]
spans = st.tuples(st.integers(0, N_DAYS - 1), st.integers(1, N_DAYS)).map(
    lambda span: frozenset(range(span[0], min(N_DAYS, span[0] + span[1])))
)
corrections = st.tuples(
    st.sets(st.sampled_from(DATED), min_size=1),
    st.one_of(spans, st.frozensets(st.integers(0, N_DAYS - 1), min_size=1, max_size=6)),
    st.integers(0, 3),
)


def of_days(frame: pl.DataFrame, days: Days) -> pl.DataFrame:
    return frame.filter((pl.col("date") - FIRST_DAY).dt.total_days().is_in(list(days)))


def final(told: dict[tuple[str, int], int]) -> dict[str, pl.DataFrame]:
    """The tables by the last word on every day."""
    tables = dict(BASE)
    for table in DATED:
        numbers: dict[int, set[int]] = {}
        for day in range(N_DAYS):
            numbers.setdefault(told.get((table, day), 0), set()).add(day)
        tables[table] = pl.concat(of_days(version(table, n), frozenset(days)) for n, days in numbers.items())
    return tables


@pytest.mark.slow
@settings(max_examples=5)
@given(
    order=st.permutations([frozenset(range(first, min(N_DAYS, first + 17))) for first in range(0, N_DAYS, 17)]),
    told=st.lists(corrections, max_size=4),
    days_back=st.sampled_from([0, 0, 7]),
)
def test_any_order_of_days_and_corrections_comes_to_the_final_files(order, told, days_back):
    with TemporaryDirectory() as place:
        chain = Chain(Path(place))
        for days in order:
            chain.ingest({name: of_days(BASE[name], days) if name in DATED else BASE[name] for name in BASE})
        last_word: dict[tuple[str, int], int] = {}
        for tables, days, number in told:
            delivered = {name: of_days(version(name, number), days) for name in sorted(tables)}
            usable = {name: frame for name, frame in delivered.items() if is_usable(frame, name)}
            if usable:
                chain.ingest(usable, settings=ANY_SIZE)
                for name, frame in usable.items():
                    seen = (frame["date"] - FIRST_DAY).dt.total_days()
                    last_word |= {(name, day): number for day in seen}
        as_of = FIRST_DAY + timedelta(days=N_DAYS - 1 - days_back)
        folder = chain.delivery(final(last_word))
        plain = night_over(folder, chain.place / "plain", as_of, ANY_SIZE)
        assert differences(chain.night(as_of, ANY_SIZE), plain) == []
        once = Chain(Path(place) / "once")
        once.place.mkdir()
        once.ingest(final(last_word))
        assert once.lake.joinpath("lake.json").read_bytes() == chain.lake.joinpath("lake.json").read_bytes()
        assert named_files(once) == named_files(chain)


def is_usable(frame: pl.DataFrame, table: str) -> bool:
    """Whether a delivery of this table alone would be taken: a required one needs a row without a fault."""
    return bool((frame[MEASURES[table]] >= 0).any()) or (table == "impressions" and frame.height > 0)


def named_files(chain: Chain) -> dict[str, bytes]:
    """The bytes of every file that belongs to the lake."""
    lake = open_lake(chain.lake)
    return {
        f"{table}/{file.name}": (chain.lake / table / file.name).read_bytes()
        for table, parts in lake.tables.items()
        for part in parts
        for file in part.files
    }
