"""What is ordinary of a row, and the smallest and largest of its values."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from engine.kernels.unusual import extremes

VALUES = st.lists(st.sampled_from([np.nan, -1.0, 0.0, 0.5, 2.0, 7.0, np.inf]), min_size=1, max_size=8)


@given(VALUES)
def test_the_extremes_of_a_row_are_its_smallest_value_above_0_and_its_largest(values):
    smallest, largest = np.empty(1), np.empty(1)
    extremes(np.array([values]), smallest, largest)
    assert smallest[0] == min((value for value in values if value > 0), default=np.inf)
    assert largest[0] == max((value for value in values if not np.isnan(value)), default=-np.inf)
