from __future__ import annotations

import numpy as np
import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from engine.shelf.classic.measure import seeds_of
from tests.kernels import naive


@given(st.lists(st.text(max_size=8), max_size=6), st.integers(0, 5))
def test_a_seed_is_the_hash_of_the_key_and_of_nothing_else(keys, first):
    found = seeds_of(pl.Series(keys, dtype=pl.String).slice(first))
    assert found.tolist() == [naive.seed_of(key) for key in keys[first:]]


def test_published_hashes_are_met():
    """Vectors of the authors' own test suite (Noll, fnv_test_str)."""
    known = {"": 0xCBF29CE484222325, "a": 0xAF63DC4C8601EC8C, "foobar": 0x85944171F73967E8}
    assert seeds_of(pl.Series(list(known))).tolist() == np.array(list(known.values()), np.uint64).tolist()
