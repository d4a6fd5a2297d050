"""Thresholds and credits of promises, apart from Odoo."""

from datetime import datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tools.sla_credit import credit, divide, room_left
from tools.sla_warning import thresholds, used_up_at
from tools.working_time import WorkingTime

UTC = timezone.utc
OFFICE = WorkingTime({day: [(540, 1020)] for day in range(5)}, "UTC")
FRIDAY = datetime(2026, 3, 6, 15, tzinfo=UTC)

hours = st.integers(1, 40).map(lambda number: timedelta(hours=number))
starts = st.integers(0, 400_000).map(
    lambda minutes: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
)
amounts = st.decimals("0.01", 5000, places=2)
percents = st.decimals(0, 100, places=1)


def at(percent, start=FRIDAY, duration=timedelta(hours=4), calendar=OFFICE):
    deadline = calendar.add(start, duration)
    return used_up_at(percent, duration, calendar, start, deadline)


@pytest.mark.parametrize(
    ("percent", "expected"),
    [
        (25, "2026-03-06 16:00"),
        (50, "2026-03-06 17:00"),  # at closing time, not at the next opening
        (75, "2026-03-09 10:00"),
        (90, "2026-03-09 10:36"),
        (100, "2026-03-09 11:00"),
    ],
)
def test_across_the_weekend(percent, expected):
    assert f"{at(percent):%Y-%m-%d %H:%M}" == expected


def test_after_a_pause_it_follows_the_deadline():
    # One hour used on Friday, the rest from Tuesday 10:00 on.
    deadline = datetime(2026, 3, 10, 13, tzinfo=UTC)
    found = used_up_at(75, timedelta(hours=4), OFFICE, FRIDAY, deadline)
    assert found == datetime(2026, 3, 10, 12, tzinfo=UTC)


def test_no_percent():
    with pytest.raises(ValueError, match="not a percent"):
        at(101)


@given(starts, hours, st.integers(1, 99))
def test_that_much_is_used_by_then(start, duration, percent):
    found = at(percent, start, duration)
    used = OFFICE.between(start, found)
    assert abs(used - duration * percent / 100) < timedelta(seconds=1)
    assert start <= found <= OFFICE.add(start, duration)


@given(starts, hours)
def test_in_the_order_of_the_percents(start, duration):
    found = [at(percent, start, duration) for percent in (1, 25, 50, 75, 90, 100)]
    assert found == sorted(found)


def test_what_is_still_to_be_told():
    assert thresholds([90, 50, 75], 0) == [50, 75, 90, 100]
    assert thresholds([50, 75, 75], 50) == [75, 100]
    assert thresholds([], 0) == [100]
    assert thresholds([50], 100) == []


@pytest.mark.parametrize(
    ("given_so_far", "expected"),
    [
        ("0", "14.90"),
        ("14.90", "14.90"),
        ("29.80", "7.45"),
        ("37.25", "0"),
        ("99", "0"),
    ],
)
def test_up_to_the_cap(given_so_far, expected):
    room = room_left(Decimal(149), Decimal(25), Decimal(given_so_far))
    found = credit(Decimal(149), Decimal(10), room)
    assert found == Decimal(expected)


@given(amounts, percents, percents, st.integers(1, 12))
def test_all_credits_of_a_period_stay_below_its_cap(fee, percent, cap, misses):
    total = Decimal(0)
    for _miss in range(misses):
        amount = credit(fee, percent, room_left(fee, cap, total))
        assert amount >= 0
        total += amount
    assert total <= fee * cap / 100 + Decimal("0.005")


@given(amounts, st.lists(amounts, min_size=1, max_size=5))
def test_parts_add_up(amount, weights):
    parts = divide(amount, weights)
    assert sum(parts) == amount
    assert all(part >= 0 for part in parts)
