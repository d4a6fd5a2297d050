"""Of which days a value statement tells."""

from datetime import date, timedelta
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tools.statement import (
    SHORTEST,
    days_to_tell,
    last_span,
    left_to_use,
    plan_saving,
    share,
)

Q1 = (date(2026, 1, 1), date(2026, 3, 31))
Q2 = (date(2026, 4, 1), date(2026, 6, 30))
days = st.dates(date(2000, 1, 1), date(2100, 12, 31))


class TestLastSpan:
    @pytest.mark.parametrize(
        ("today", "months", "first", "last"),
        [
            ("2026-04-01", 3, "2026-01-01", "2026-03-31"),
            ("2026-03-31", 3, "2025-10-01", "2025-12-31"),
            ("2026-12-31", 3, "2026-07-01", "2026-09-30"),
            ("2026-07-01", 6, "2026-01-01", "2026-06-30"),
            ("2026-06-30", 6, "2025-07-01", "2025-12-31"),
            ("2024-02-29", 12, "2023-01-01", "2023-12-31"),
        ],
    )
    def test_of_the_calendar(self, today, months, first, last):
        span = (date.fromisoformat(first), date.fromisoformat(last))
        assert last_span(date.fromisoformat(today), months) == span

    @given(days, st.sampled_from([3, 6, 12]))
    def test_it_is_over_and_the_next_one_is_not(self, today, months):
        first, last = last_span(today, months)
        assert first.day == 1
        assert last < today
        assert last_span(last + timedelta(1), months) == (first, last)
        assert last_span(last, months)[1] == first - timedelta(1)


class TestDaysToTell:
    def test_all_of_them(self):
        assert days_to_tell(Q2, date(2020, 1, 1)) == Q2
        assert days_to_tell(Q2, date(2020, 1, 1), told_until=Q1[1]) == Q2

    def test_from_the_start_to_the_last_day(self):
        start, end = date(2026, 4, 10), date(2026, 6, 15)
        assert days_to_tell(Q2, start, end) == (start, end)

    def test_a_few_days_go_with_the_next_ones(self):
        start = date(2026, 3, 20)
        assert days_to_tell(Q1, start) is None
        assert days_to_tell(Q2, start) == (start, Q2[1])

    def test_nothing_twice(self):
        assert days_to_tell(Q2, Q1[0], told_until=Q2[1]) is None
        half = (Q1[0], Q2[1])
        assert days_to_tell(half, Q1[0], told_until=Q1[1]) == Q2

    def test_over_before_it_began(self):
        assert days_to_tell(Q2, date(2026, 1, 1), date(2026, 3, 31)) is None

    @given(days, st.none() | days, st.none() | days, days)
    def test_within_what_is_to_be_told(self, start, last_day, told, today):
        span = last_span(today, 3)
        told = told and max(told, start)
        if found := days_to_tell(span, start, last_day, told):
            first, last = found
            assert first >= start
            assert told is None or first > told
            assert first >= span[0] - timedelta(SHORTEST)
            assert last <= min(span[1], last_day or span[1])
            assert (last - first).days >= SHORTEST - 1


class TestShare:
    def test_of_a_year_by_days(self):
        year = (date(2026, 1, 1), date(2027, 1, 1))
        assert share(Fraction(365), *year, *Q1) == 90
        assert share(Fraction(365), *year, date(2025, 1, 1), date(2025, 2, 1)) == 0

    @given(days, st.integers(1, 800), days, st.integers(0, 400))
    def test_parts_are_the_whole(self, start, length, cut, rest):
        end = start + timedelta(length)
        cut = min(max(cut, start), end - timedelta(1))
        amount = Fraction(rest, 7)
        before = share(amount, start, end, date.min, cut)
        after = share(amount, start, end, cut + timedelta(1), date(2999, 1, 1))
        assert before + after == amount


def test_plan_saving():
    assert plan_saving(Fraction(90), Fraction(10)) == 10
    assert plan_saving(Fraction(90), Fraction(0)) == 0
    assert plan_saving(Fraction(0), Fraction(100)) == 0


class TestLeftToUse:
    def test_what_was_taken_before_is_not_there(self):
        assert left_to_use([(1, None, 10.0)], {1: 4.0}) == 6.0

    def test_carried_over_counts_once(self):
        lots = [(1, None, 3.0), (2, 1, 1.0), (3, 9, 0.5)]
        assert left_to_use(lots, {}) == 3.5
