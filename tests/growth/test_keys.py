"""Keys as numbers sort and join as the codes do, and a table read once is the table."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.contracts.growth import growth_contracts
from engine.delivery.tables import open_tables
from engine.growth.keys import PAIR, Codes
from tests.growth.golden import GOLDEN
from tests.growth.tables import among_peers

codes = st.text(st.sampled_from("0aA9é直 -"), min_size=1, max_size=4)
tables = st.lists(st.tuples(codes, codes), min_size=1, max_size=30, unique=True)


@settings(max_examples=40)
@given(first=tables, second=tables)
def test_pairs_of_two_tables_sort_and_join_as_their_codes_do(first, second):
    schema = {"str_code": pl.String, "spu_code": pl.String}
    one, other = (pl.LazyFrame(rows, schema=schema, orient="row") for rows in (first, second))
    keys = Codes.of([one, other])
    sorted_pairs = keys.keyed(one).sort(PAIR).collect()
    assert sorted_pairs.select(pl.col("str_code", "spu_code").cast(pl.String)).rows() == sorted(first)
    assert sorted_pairs[PAIR].n_unique() == len(first)
    both = keys.keyed(one).join(keys.keyed(other), on=PAIR, how="semi").collect()
    assert {(row["str_code"], row["spu_code"]) for row in both.iter_rows(named=True)} == {*first} & {*second}


def test_a_code_that_no_table_names_has_no_pair():
    known = pl.LazyFrame({"str_code": ["a"], "spu_code": ["x"]})
    foreign = pl.LazyFrame({"str_code": ["a", "b"], "spu_code": ["y", "x"]})
    assert Codes.of([known]).keyed(foreign).collect()[PAIR].to_list() == [None, None]


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_a_table_that_is_read_once_is_the_table(tmp_path, form):
    made = among_peers(GOLDEN["seed"].case)
    made.rows["sales"][3] |= {"store_sales": None, "sell_through_rate": 0.4}
    sources, problems = open_tables(made.write(tmp_path / "in", form), growth_contracts(()), as_text=True)
    assert not problems
    texts = pl.Categorical(pl.Categories.random())
    for source in sources.values():
        loaded = source.load(texts)
        rows = loaded.table().with_columns(pl.col(pl.Categorical).cast(pl.String)).collect()
        assert rows.select(sorted(rows.columns)).equals(source.usable().select(sorted(rows.columns)).collect())
        assert loaded.counts == source.complaints()
