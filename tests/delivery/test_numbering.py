"""Keys as numbers sort and compare as the keys do."""

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from engine.delivery.numbering import Numbering, places

ids = st.one_of(st.none(), st.integers(-(1 << 63), (1 << 63) - 1), st.just(0))
texts = st.one_of(st.none(), st.text(st.sampled_from("0aA9é直 -"), max_size=3))


@given(st.lists(st.tuples(ids, texts), max_size=12))
def test_numbers_tell_keys_apart_and_sort_as_they_do(rows):
    keys = pl.DataFrame(rows, schema={"store_id": pl.Int64, "sku_id": pl.String}, orient="row")
    every = {name: keys[name].drop_nulls().unique().sort() for name in keys.columns}
    numbering = Numbering(every)
    numbers = numbering.distinct({name: places(keys[name], every[name]) for name in keys.columns})
    assert_frame_equal(numbering.keys(numbers), keys.drop_nulls().unique().sort(keys.columns))


@pytest.mark.parametrize("ids", [["b", None, "c", "b"], [2, None, 3, 2], [2.0, None, 3.0, 2.0]])
def test_an_id_that_is_not_there_has_no_place(ids):
    found = pl.Series("sku_id", ids)
    assert places(found, found[:2]).to_list() == [0, 1, None, 0]
    assert places(found, found[:1]).to_list() == [0, None, None, 0]
