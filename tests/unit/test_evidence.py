"""Which tier the calls of a customer speak for."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tools.evidence import ENOUGH, find_enough

counts = st.lists(st.integers(0, 1000), max_size=6)


@pytest.mark.parametrize(
    ("covered", "found"),
    [
        ([], None),
        ([0, 0], None),
        ([0, 9, 11], 1),
        ([0, 8, 11], 2),
        ([4, 4, 4], 0),
        ([0, 0, 1], 2),
    ],
)
def test_the_lowest_that_does_nearly_what_the_best_does(covered, found):
    assert find_enough(covered) == found


@given(counts)
def test_nothing_lower_does_enough(covered):
    found = find_enough(covered)
    if found is None:
        assert not any(covered)
        return
    enough = Fraction(ENOUGH) * max(covered)
    assert covered[found] >= enough
    assert all(count < enough for count in covered[:found])
