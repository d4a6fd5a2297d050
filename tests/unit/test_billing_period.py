"""Billing periods: SEMANTICS §1, and the fine print of `billing_period`."""

import time
from calendar import monthrange
from dataclasses import FrozenInstanceError
from datetime import date, datetime, timedelta, timezone
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tools.billing_period import Period, Recurrence

DAY = timedelta(days=1)

property_test = settings(derandomize=True, deadline=None, max_examples=100)


def starts(recurrence, count, first=0):
    return [recurrence.period(n).start for n in range(first, first + count)]


def month_starts(year, *days):
    return [date(year, month, day) for month, day in days]


class TestPeriod:
    def test_it_is_half_open(self):
        march = Period(date(2026, 3, 1), date(2026, 4, 1))
        assert march.days == 31
        assert march.last_day == date(2026, 3, 31)

    def test_it_may_be_empty(self):
        assert Period(date(2026, 3, 1), date(2026, 3, 1)).days == 0

    def test_it_does_not_end_before_it_starts(self):
        with pytest.raises(ValueError, match="before it starts"):
            Period(date(2026, 3, 2), date(2026, 3, 1))

    @pytest.mark.parametrize(
        "day", [datetime(2026, 3, 1, tzinfo=timezone.utc), "2026-03-01", None]
    )
    def test_it_has_plain_dates(self, day):
        with pytest.raises(TypeError, match="date"):
            Period(day, date(2026, 4, 1))
        with pytest.raises(TypeError, match="date"):
            Period(date(2026, 1, 1), day)

    def test_it_is_a_value(self):
        march = Period(date(2026, 3, 1), date(2026, 4, 1))
        assert {march: 1}[Period(date(2026, 3, 1), date(2026, 4, 1))] == 1
        with pytest.raises(FrozenInstanceError):
            march.end = date(2026, 5, 1)


class TestRecurrence:
    def test_per_01_the_last_day_does_not_drift(self):
        assert starts(Recurrence(date(2026, 1, 31), "month"), 6) == month_starts(
            2026, (1, 31), (2, 28), (3, 31), (4, 30), (5, 31), (6, 30)
        )

    def test_per_04_printed_last_days(self):
        monthly = Recurrence(date(2026, 1, 31), "month")
        assert [monthly.period(n).last_day for n in range(4)] == month_starts(
            2026, (2, 27), (3, 30), (4, 29), (5, 30)
        )

    def test_per_05_a_day_on_the_end_belongs_to_the_next_period(self):
        monthly = Recurrence(date(2026, 1, 31), "month")
        assert monthly.index(monthly.period(4).last_day) == 4
        assert monthly.index(monthly.period(4).end) == 5

    def test_an_anchor_of_the_28th_is_not_the_last_day(self):
        monthly = Recurrence(date(2026, 2, 28), "month")
        assert starts(monthly, 3) == month_starts(2026, (2, 28), (3, 28), (4, 28))

    def test_an_anchor_after_the_start_carries_the_day(self):
        # 30 April with day 31 uses 31 March, or 31 May.
        for anchor in (date(2026, 3, 31), date(2026, 5, 31)):
            monthly = Recurrence(anchor, "month")
            period = monthly.period(monthly.index(date(2026, 4, 30)))
            assert period == Period(date(2026, 4, 30), date(2026, 5, 31))

    def test_a_leap_day(self):
        yearly = Recurrence(date(2024, 2, 29), "year")
        assert starts(yearly, 5) == [
            date(2024, 2, 29),
            date(2025, 2, 28),
            date(2026, 2, 28),
            date(2027, 2, 28),
            date(2028, 2, 29),
        ]
        assert yearly.period(-24).start == date(2000, 2, 29)
        assert yearly.period(-124).start == date(1900, 2, 28)

    def test_a_quarter_is_three_months_and_a_half_year_six(self):
        quarterly = Recurrence(date(2025, 11, 30), "month", 3)
        assert starts(quarterly, 3) == [
            date(2025, 11, 30),
            date(2026, 2, 28),
            date(2026, 5, 30),
        ]
        half = Recurrence(date(2025, 8, 31), "month", 6)
        assert starts(half, 3, -1) == [
            date(2025, 2, 28),
            date(2025, 8, 31),
            date(2026, 2, 28),
        ]

    def test_the_anchor_carries_the_month_of_quarters_and_years(self):
        quarterly = Recurrence(date(2026, 2, 1), "month", 3)
        period = quarterly.period(quarterly.index(date(2026, 1, 15)))
        assert period == Period(date(2025, 11, 1), date(2026, 2, 1))
        yearly = Recurrence(date(2026, 7, 1), "year")
        assert yearly.period(yearly.index(date(2026, 6, 30))).start == date(2025, 7, 1)

    def test_days_and_weeks(self):
        weekly = Recurrence(date(2026, 3, 6), "week", 2)
        assert weekly.period(-1) == Period(date(2026, 2, 20), date(2026, 3, 6))
        assert weekly.period(0).days == 14
        assert weekly.index(date(2026, 3, 5)) == -1
        daily = Recurrence(date(2026, 3, 6), "day", 10)
        assert daily.period(2).start == date(2026, 3, 26)

    def test_several_years(self):
        assert Recurrence(date(2026, 3, 6), "year", 3).period(1) == Period(
            date(2029, 3, 6), date(2032, 3, 6)
        )

    def test_due_in_advance_and_in_arrears(self):
        monthly = Recurrence(date(2026, 1, 1), "month")
        february = monthly.period(1)
        assert monthly.due(february) == date(2026, 2, 1)
        assert monthly.due(february, arrears=True) == date(2026, 3, 1)

    def test_a_period_cut_short_is_due_the_day_after_its_end(self):
        monthly = Recurrence(date(2026, 1, 1), "month")
        last_day = date(2026, 2, 10)
        cut = monthly.periods(date(2026, 1, 1), last_day + DAY)[-1]
        assert cut.last_day == last_day
        assert monthly.due(cut, arrears=True) == last_day + DAY


class TestPeriods:
    monthly = Recurrence(date(2026, 1, 1), "month")

    def test_per_06_and_07_a_stub_comes_first(self):
        stub, february = self.monthly.periods(date(2026, 1, 17), date(2026, 3, 1))
        assert stub == Period(date(2026, 1, 17), date(2026, 2, 1))
        assert stub.days == 15
        assert february == Period(date(2026, 2, 1), date(2026, 3, 1))
        assert self.monthly.due(stub) == date(2026, 1, 17)
        assert self.monthly.due(stub, arrears=True) == date(2026, 2, 1)
        assert self.monthly.due(february, arrears=True) == date(2026, 3, 1)

    def test_both_ends_are_clipped(self):
        assert self.monthly.periods(date(2026, 1, 10), date(2026, 1, 20)) == [
            Period(date(2026, 1, 10), date(2026, 1, 20))
        ]

    def test_three_missed_months_are_three_periods(self):
        periods = self.monthly.periods(date(2026, 4, 1), date(2026, 7, 1))
        assert [p.start for p in periods] == month_starts(2026, (4, 1), (5, 1), (6, 1))

    def test_before_the_anchor(self):
        assert self.monthly.periods(date(2025, 11, 15), date(2026, 1, 1)) == [
            Period(date(2025, 11, 15), date(2025, 12, 1)),
            Period(date(2025, 12, 1), date(2026, 1, 1)),
        ]

    def test_nothing_is_an_empty_list(self):
        assert self.monthly.periods(date(2026, 1, 17), date(2026, 1, 17)) == []

    def test_backwards_is_refused(self):
        with pytest.raises(ValueError, match="before it starts"):
            self.monthly.periods(date(2026, 1, 17), date(2026, 1, 16))


class TestMistakes:
    @pytest.mark.parametrize("unit", ["quarter", "months", "", None])
    def test_an_unknown_unit(self, unit):
        with pytest.raises(ValueError, match="unit"):
            Recurrence(date(2026, 1, 1), unit)

    @pytest.mark.parametrize("interval", [0, -1, 1.5, "1", None, True])
    def test_an_interval_that_is_no_number_of_units(self, interval):
        with pytest.raises(ValueError, match="number of units"):
            Recurrence(date(2026, 1, 1), "month", interval)

    def test_datetimes(self):
        noon = datetime(2026, 3, 6, 12, tzinfo=timezone.utc)
        with pytest.raises(TypeError, match="date"):
            Recurrence(noon, "month")
        for unit in ("day", "month"):
            with pytest.raises(TypeError, match="date"):
                Recurrence(date(2026, 1, 1), unit).index(noon)
        with pytest.raises(TypeError, match="date"):
            Recurrence(date(2026, 1, 1), "month").periods(noon, date(2026, 4, 1))


class TestEndsOfTime:
    @pytest.mark.parametrize("unit", ["day", "week", "month", "year"])
    @pytest.mark.parametrize("n", [10**7, -(10**7), 10**12, -(10**12)])
    def test_a_period_outside_of_them_is_refused(self, unit, n):
        with pytest.raises(ValueError, match="out of the calendar"):
            Recurrence(date(2026, 1, 1), unit).period(n)

    @pytest.mark.parametrize("unit", ["day", "week", "month", "year"])
    @pytest.mark.parametrize("interval", [1, 7, 5000, 10**6])
    @pytest.mark.parametrize("anchor", [date.min, date(2026, 1, 31), date.max])
    def test_every_date_has_an_index_and_periods(self, unit, interval, anchor):
        recurrence = Recurrence(anchor, unit, interval)
        assert recurrence.index(anchor) == 0
        assert recurrence.index(date.min) <= 0 <= recurrence.index(date.max)
        for start in (date.min, date.max - 9 * DAY):
            periods = recurrence.periods(start, start + 9 * DAY)
            assert (periods[0].start, periods[-1].end) == (start, start + 9 * DAY)

    def test_far_away_is_as_quick_as_near(self):
        daily, monthly = (Recurrence(date.min, unit) for unit in ("day", "month"))
        began = time.perf_counter()
        for _n in range(1000):
            daily.index(date.max)
            monthly.index(date.max)
        # Generous: counting one by one would take minutes.
        assert time.perf_counter() - began < 1


days = st.dates(date(1890, 1, 1), date(2150, 1, 1))
units = st.sampled_from(["day", "week", "month", "year"])
month_ends = days.map(lambda day: day.replace(day=monthrange(day.year, day.month)[1]))
recurrences = st.builds(Recurrence, days | month_ends, units, st.integers(1, 40))


@property_test
@given(recurrences, st.integers(-40, 40))
def test_periods_tile(recurrence, n):
    period = recurrence.period(n)
    assert period.days > 0
    assert period.end == recurrence.period(n + 1).start
    assert recurrence.index(period.start) == recurrence.index(period.last_day) == n
    assert recurrence.period(0).start == recurrence.anchor


@property_test
@given(recurrences, days)
def test_the_index_is_that_of_the_period_that_contains_the_day(recurrence, day):
    period = recurrence.period(recurrence.index(day))
    assert period.start <= day < period.end


@property_test
@given(days | month_ends, st.integers(1, 24), st.integers(-60, 60))
def test_months_keep_the_anchor_day_or_the_last(anchor, interval, n):
    start = Recurrence(anchor, "month", interval).period(n).start
    months = 12 * anchor.year + anchor.month + n * interval
    assert 12 * start.year + start.month == months
    last = monthrange(start.year, start.month)[1]
    assert start.day == min(anchor.day, last)


@property_test
@given(days | month_ends, st.integers(1, 10), st.integers(-20, 20))
def test_a_year_is_twelve_months(anchor, interval, n):
    yearly = Recurrence(anchor, "year", interval)
    assert yearly.period(n) == Recurrence(anchor, "month", 12 * interval).period(n)


@property_test
@given(recurrences, days, st.integers(1, 1500))
def test_clipped_periods_fill_the_span_exactly(recurrence, start, length):
    end = start + length * DAY
    periods = recurrence.periods(start, end)
    assert (periods[0].start, periods[-1].end) == (start, end)
    assert all(one.end == two.start for one, two in pairwise(periods))
    for piece in periods:
        whole = recurrence.period(recurrence.index(piece.start))
        assert piece.start == max(whole.start, start)
        assert piece.end == min(whole.end, end)
