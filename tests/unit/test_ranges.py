"""Gaps between taken days."""

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st
from tools.ranges import gaps

DAY = date(2026, 1, 1)


def days(first, last):
    return DAY + timedelta(first), DAY + timedelta(last)


def test_nothing_taken_is_one_gap():
    assert gaps(*days(0, 31), []) == [days(0, 31)]


def test_a_gap_before_between_and_after():
    taken = [days(20, 25), days(5, 10)]
    assert gaps(*days(0, 31), taken) == [days(0, 5), days(10, 20), days(25, 31)]


def test_without_end():
    assert gaps(DAY, None, [days(0, 5)]) == [(DAY + timedelta(5), None)]


def test_all_taken():
    assert gaps(*days(3, 9), [days(0, 31)]) == []


@given(
    st.lists(st.integers(0, 40), min_size=2, max_size=12, unique=True),
    st.integers(0, 40),
    st.integers(0, 40),
)
def test_every_day_is_either_taken_or_in_a_gap(edges, first, last):
    edges = sorted(edges)[: len(edges) // 2 * 2]
    taken = [days(*pair) for pair in zip(edges[::2], edges[1::2], strict=True)]
    first, last = sorted((first, last))
    free = gaps(*days(first, last), taken)
    for number in range(first, last):
        day = DAY + timedelta(number)
        in_gap = sum(start <= day < end for start, end in free)
        in_taken = sum(start <= day < end for start, end in taken)
        assert in_gap + in_taken == 1
    assert all(
        DAY + timedelta(first) <= s < e <= DAY + timedelta(last) for s, e in free
    )
