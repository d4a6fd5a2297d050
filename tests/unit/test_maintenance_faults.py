"""What was observed of devices, against a referee that counts day by day."""

from collections import Counter
from datetime import date, timedelta

import pytest
from dateutil.relativedelta import relativedelta
from hypothesis import given, settings
from hypothesis import strategies as st
from maintenance_tools.faults import (
    DAYS_A_YEAR,
    OLDEST,
    Life,
    Observed,
    by_age,
    days_between,
    faults_a_year,
    first_day,
    in_words,
    last_day,
    total,
)

property_test = settings(derandomize=True, deadline=None, max_examples=150)

days = st.dates(date(2008, 1, 1), date(2026, 12, 31))
lives = st.builds(
    lambda born, late, length, faults: Life(
        born, born + timedelta(late), born + timedelta(late + length), tuple(faults)
    ),
    days,
    st.integers(0, 2000),
    st.integers(-5, 5000),
    st.lists(days, max_size=8),
)


def each_day(life):
    count = max(0, (life.last - life.first).days + 1)
    return [life.first + timedelta(number) for number in range(count)]


@property_test
@given(lives)
def test_each_day_has_the_age_of_its_birthday(life):
    ages = Counter(
        min(relativedelta(day, life.born).years, OLDEST) for day in each_day(life)
    )
    assert {age: seen.days for age, seen in by_age(life).items()} == ages


@property_test
@given(lives)
def test_nothing_is_lost_or_doubled_between_ages(life):
    watched = set(each_day(life))
    together = total(by_age(life).values())
    assert together.days == len(watched)
    assert together.faults == sum(day in watched for day in life.faults)


@property_test
@given(lives)
def test_of_unknown_age_all_is_one_age(life):
    unknown = by_age(life._replace(born=None))
    assert total(unknown.values()) == total(by_age(life).values())
    assert set(unknown) <= {None}


@property_test
@given(lives, lives)
def test_two_devices_are_as_many_days_and_faults_as_each(one, other):
    both = total([*by_age(one).values(), *by_age(other).values()])
    assert both == total(by_age(one).values()) + total(by_age(other).values())


def test_who_was_born_in_a_leap_year_ages_on_the_28th():
    life = Life(date(2024, 2, 29), date(2024, 2, 29), date(2025, 2, 28))
    assert by_age(life) == {0: Observed(365, 0), 1: Observed(1, 0)}


@given(days, days, st.none() | days, days)
def test_observed_from_the_latest_of_its_beginnings(installed, entered, seen, begun):
    first = first_day(installed, entered, seen, begun)
    assert first == max(filter(None, (installed, seen, begun)))
    assert first_day(None, entered, seen, begun) == max(
        filter(None, (entered, seen, begun))
    )


def test_observed_until_it_is_removed_or_today():
    today = date(2026, 3, 6)
    assert last_day(None, today) == today
    assert last_day(date(2026, 1, 1), today) == date(2026, 1, 1)
    assert last_day(date(2027, 1, 1), today) == today


@pytest.mark.parametrize(
    ("observed", "mean"),
    [
        (Observed(3000, 0), None),
        (Observed(3000, 2), None),
        (Observed(3000, 3), 1000),
        (Observed(), None),
        (Observed(0, 5), None),
    ],
)
def test_of_few_faults_there_is_no_mean(observed, mean):
    assert days_between(observed) == mean
    assert (faults_a_year(observed) is None) == (mean is None)


@pytest.mark.parametrize(
    ("years", "faults", "words"),
    [
        (27, 3, ("devices", 9)),
        (100, 12, ("devices", 8)),
        (5, 3, ("devices", 2)),
        (4, 3, ("faults", 1)),
        (3, 6, ("faults", 2)),
        (27, 2, None),
    ],
)
def test_what_a_customer_reads(years, faults, words):
    assert in_words(Observed(round(years * DAYS_A_YEAR), faults)) == words


@given(st.integers(1, 10**6), st.integers(3, 10**4))
def test_what_a_customer_reads_is_the_mean(days, faults):
    observed = Observed(days, faults)
    unit, number = in_words(observed)
    mean_years = days_between(observed) / DAYS_A_YEAR
    if unit == "devices":
        assert abs(number - mean_years) <= 0.5 + 1e-9
        assert number >= 2
    else:
        assert number == 1 or abs(number - 1 / mean_years) <= 0.5 + 1e-6
