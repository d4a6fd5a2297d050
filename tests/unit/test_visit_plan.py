"""Preventive visits: how many, and when."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tools.visit_plan import (
    VisitPattern,
    is_near,
    last_day_of_year,
    parse_months,
    working_day,
    working_days_until,
    year_of,
)

DAY = timedelta(days=1)


def on_weekdays(day):
    return day.weekday() < 5


def never(_day):
    return False


def dues(pattern, start, year, is_working=on_weekdays):
    return [str(visit.due) for visit in pattern.visits(start, year, is_working)]


def test_three_and_nine_months_after_the_start():
    pattern = VisitPattern((3, 9), window=5)
    assert dues(pattern, date(2026, 1, 14), 0) == ["2026-04-14", "2026-10-14"]
    assert dues(pattern, date(2026, 1, 14), 1) == ["2027-04-14", "2027-10-14"]


def test_months_are_counted_from_the_start_and_not_from_each_other():
    pattern = VisitPattern((1, 2), window=0)
    assert dues(pattern, date(2026, 1, 31), 0) == ["2026-02-28", "2026-03-31"]


def test_a_saturday_becomes_monday_and_the_window_stays():
    (visit,) = VisitPattern((3,), window=5).visits(date(2025, 12, 14), 0, on_weekdays)
    assert visit.default == date(2026, 3, 14)
    assert (visit.first, visit.last) == (date(2026, 3, 9), date(2026, 3, 19))
    assert visit.due == date(2026, 3, 16)


def test_where_the_rest_of_the_window_is_closed_it_is_before():
    (visit,) = VisitPattern((3,), window=1).visits(date(2025, 12, 14), 0, on_weekdays)
    assert visit.due == date(2026, 3, 13)


def test_where_nobody_works_in_the_window_it_stays():
    assert dues(VisitPattern((3,)), date(2025, 12, 14), 0) == ["2026-03-14"]
    assert dues(VisitPattern((3,), 5), date(2025, 12, 14), 0, never) == ["2026-03-14"]


def test_fixed_months_of_the_calendar():
    pattern = VisitPattern((4, 10), by_calendar=True, day=15)
    assert dues(pattern, date(2026, 6, 1), 0) == ["2026-10-15", "2027-04-15"]
    assert dues(pattern, date(2026, 4, 15), 0) == ["2026-04-15", "2026-10-15"]


def test_at_the_start_the_window_does_not_reach_before_it():
    (visit,) = VisitPattern((0,), window=5).visits(date(2026, 3, 14), 0, on_weekdays)
    assert visit.first == date(2026, 3, 14)


def test_within_ten_working_days_of_the_visit():
    visit = date(2026, 5, 14)
    assert is_near(date(2026, 4, 30), visit, 10, on_weekdays)
    assert not is_near(date(2026, 4, 29), visit, 10, on_weekdays)
    assert not is_near(visit, visit, 10, on_weekdays)
    assert not is_near(date(2026, 5, 13), visit, 0, on_weekdays)


def test_months_as_they_are_typed():
    assert parse_months(" 9, 3,3 ") == (3, 9)
    assert parse_months("") == ()
    with pytest.raises(ValueError):
        parse_months("March")


@pytest.mark.parametrize(
    "values",
    [
        {"months": ()},
        {"months": (12,)},
        {"months": (0,), "by_calendar": True},
        {"months": (9, 3)},
        {"months": (3, 3)},
        {"months": (3,), "window": -1},
        {"months": (3,), "day": 31},
    ],
)
def test_a_pattern_that_is_none(values):
    with pytest.raises(ValueError):
        VisitPattern(**values)


starts = st.dates(date(2000, 1, 1), date(2080, 12, 31))
years = st.integers(0, 15)
closed_days = st.sets(st.integers(0, 6), max_size=7)


@st.composite
def patterns(draw):
    by_calendar = draw(st.booleans())
    allowed = st.integers(1, 12) if by_calendar else st.integers(0, 11)
    months = draw(st.sets(allowed, min_size=1))
    return VisitPattern(
        tuple(sorted(months)),
        draw(st.integers(0, 14)),
        by_calendar,
        draw(st.integers(1, 28)),
    )


@given(patterns(), starts, years, closed_days)
def test_as_many_as_promised_each_within_its_window(pattern, start, year, closed):
    def is_working(day):
        return day.weekday() not in closed

    visits = pattern.visits(start, year, is_working)
    assert visits == pattern.visits(start, year, is_working)
    assert [visit.number for visit in visits] == list(range(1, len(pattern.months) + 1))
    for visit in visits:
        assert visit.first <= visit.due <= visit.last
        assert visit.first <= visit.default <= visit.last
        assert visit.last - visit.first <= 2 * pattern.window * DAY
        if not is_working(visit.due):
            window = range((visit.last - visit.first).days + 1)
            assert not any(is_working(visit.first + n * DAY) for n in window)


@given(patterns(), starts, years)
def test_years_follow_each_other_and_no_visit_is_before_the_start(pattern, start, year):
    visits = pattern.visits(start, year, on_weekdays)
    following = pattern.visits(start, year + 1, on_weekdays)
    days = [visit.default for visit in visits + following]
    assert days == sorted(set(days))
    assert all(day >= start for day in days)


@given(patterns(), starts, years)
def test_a_year_s_visits_lie_in_that_year(pattern, start, year):
    # An agreement of 29 February begins its other years a day early.
    first = last_day_of_year(start, year - 1) + DAY
    last = last_day_of_year(start, year) + (start.day == 29) * DAY
    for visit in pattern.visits(start, year, on_weekdays):
        assert first <= visit.default <= last
    assert year_of(start, first) == year


@given(starts, st.integers(0, 60), st.integers(0, 20))
def test_near_is_what_a_calendar_would_count(fault, distance, days):
    visit = fault + distance * DAY
    between = [fault + n * DAY for n in range(1, distance + 1)]
    counted = len([day for day in between if on_weekdays(day)])
    assert working_days_until(fault, visit, on_weekdays) == counted
    near = is_near(fault, visit, days, on_weekdays)
    assert near == (distance > 0 and days > 0 and counted <= days)


@given(starts, st.integers(0, 9), st.integers(0, 9))
def test_the_next_working_day_comes_before_the_one_before(day, back, ahead):
    first, last = day - back * DAY, day + ahead * DAY
    found = working_day(day, first, last, on_weekdays)
    ahead_days = [day + n * DAY for n in range(ahead + 1)]
    if expected := next(filter(on_weekdays, ahead_days), None):
        assert found == expected
