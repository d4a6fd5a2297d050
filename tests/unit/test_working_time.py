"""Service calendars: SEMANTICS §4, and the fine print of `working_time`."""

import time
from bisect import bisect_right
from datetime import date, datetime, timedelta, timezone
from functools import cache
from itertools import accumulate, pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tools.working_time import WorkingTime

UTC = timezone.utc
ZERO = timedelta(0)
HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)
TICK = timedelta(microseconds=1)
NINE_TO_FIVE = {day: [(540, 1020)] for day in range(5)}
ALL_DAY = {day: [(0, 1440)] for day in range(7)}
OFFICE = WorkingTime(NINE_TO_FIVE, "UTC")
PARIS = WorkingTime(NINE_TO_FIVE, "Europe/Paris")

property_test = settings(derandomize=True, deadline=None, max_examples=100)


def march(day, hour=0, minute=0, second=0):
    """March 2026 in UTC; the 6th is a Friday, so is the 13th."""
    return datetime(2026, 3, day, hour, minute, second, tzinfo=UTC)


def local(zone, *args, fold=0):
    return datetime(*args, tzinfo=ZoneInfo(zone), fold=fold)


class TestAdd:
    def test_sla_01_friday_afternoon_goes_over_the_weekend(self):
        assert OFFICE.add(march(6, 15), 4 * HOUR) == march(9, 11)

    def test_sla_02_from_a_closed_day(self):
        assert OFFICE.add(march(7, 12), HOUR) == march(9, 10)

    def test_sla_03_used_up_at_closing_time_is_due_at_closing_time(self):
        assert OFFICE.add(march(9, 9), 8 * HOUR) == march(9, 17)
        assert OFFICE.add(march(6, 9), 8 * HOUR) == march(6, 17)

    def test_sla_03_from_closing_time_it_is_the_next_opening(self):
        assert OFFICE.add(march(6, 17), MINUTE) == march(9, 9, 1)

    def test_from_before_opening(self):
        assert OFFICE.add(march(9, 3), HOUR) == march(9, 10)

    def test_a_lunch_break_does_not_count(self):
        calendar = WorkingTime({0: [(540, 720), (780, 1020)]}, "UTC")
        assert calendar.add(march(9, 11), 2 * HOUR) == march(9, 14)
        assert calendar.add(march(9, 9), 3 * HOUR) == march(9, 12)

    @pytest.mark.parametrize("start", [march(7, 12), march(9, 12), march(9, 17)])
    def test_nothing_is_the_start_itself(self, start):
        assert OFFICE.add(start, ZERO) == start

    def test_nothing_is_the_start_itself_where_nothing_is_ever_open(self):
        assert WorkingTime({}, "UTC").add(march(7), ZERO) == march(7)

    def test_going_back_over_the_weekend(self):
        assert OFFICE.add(march(9, 11), -4 * HOUR) == march(6, 15)

    def test_going_back_gives_the_latest_instant(self):
        assert OFFICE.add(march(9, 11), -2 * HOUR) == march(9, 9)
        assert OFFICE.add(march(7, 12), -8 * HOUR) == march(6, 9)

    def test_results_are_aware_and_in_utc(self):
        for duration in (HOUR, ZERO, -HOUR):
            result = PARIS.add(local("Asia/Kathmandu", 2026, 3, 6, 18), duration)
            assert result.utcoffset() == ZERO
            assert result.tzinfo is UTC

    def test_seconds_and_microseconds_are_kept(self):
        start = march(6, 16, 59, 59) + TICK
        assert OFFICE.add(start, timedelta(seconds=1)) == march(9, 9) + TICK

    def test_a_start_in_any_zone(self):
        start = local("America/New_York", 2026, 3, 6, 9)
        assert PARIS.add(start, 2 * HOUR) == local("Europe/Paris", 2026, 3, 6, 17)
        assert PARIS.add(start, 3 * HOUR) == local("Europe/Paris", 2026, 3, 9, 10)

    def test_the_second_of_a_repeated_hour_is_an_hour_later(self):
        first = local("Europe/Paris", 2026, 10, 25, 2, 30)
        second = local("Europe/Paris", 2026, 10, 25, 2, 30, fold=1)
        calendar = WorkingTime.always()
        assert calendar.between(first, second) == HOUR
        assert calendar.add(first, HOUR) == calendar.add(second, ZERO)


class TestNever:
    """None where the calendar can never provide the time, and without delay."""

    @pytest.mark.parametrize("weekly", [{}, {0: []}, {3: ()}])
    def test_a_calendar_without_hours(self, weekly):
        calendar = WorkingTime(weekly, "Europe/Paris")
        assert calendar.add(march(6), TICK) is None
        assert calendar.add(march(6), -TICK) is None
        assert calendar.between(march(1), march(31)) == ZERO
        assert not calendar.is_open(march(6, 12))

    def test_only_special_days_work_then_give_none(self):
        days = {date(2026, 3, 7): [(600, 660)], date(2026, 5, 1): [(600, 720)]}
        calendar = WorkingTime({}, "UTC", special=days)
        assert calendar.add(march(1), HOUR) == march(7, 11)
        assert calendar.add(march(1), 3 * HOUR) == datetime(2026, 5, 1, 12, tzinfo=UTC)
        assert calendar.add(march(1), 3 * HOUR + TICK) is None
        june = datetime(2026, 6, 1, tzinfo=UTC)
        assert calendar.add(june, TICK) is None
        assert calendar.add(june, -3 * HOUR) == march(7, 10)
        assert calendar.add(june, -3 * HOUR - TICK) is None
        assert calendar.add(march(1), -TICK) is None

    def test_special_days_are_found_from_any_distance(self):
        day = {date(2026, 3, 7): [(0, 1440)]}
        for zone in ("Pacific/Kiritimati", "Pacific/Niue"):
            calendar = WorkingTime({}, zone, special=day)
            end = local(zone, 2026, 3, 8).astimezone(UTC)
            for year in (1, 1900, 2025):
                start = datetime(year, 5, 5, tzinfo=UTC)
                assert calendar.add(start, 24 * HOUR) == end
            for year in (2027, 9999):
                start = datetime(year, 5, 5, tzinfo=UTC)
                assert calendar.add(start, -24 * HOUR) == end - 24 * HOUR

    def test_closed_for_fifty_years(self):
        reopening = datetime(2076, 3, 6, 9, tzinfo=UTC)
        calendar = WorkingTime(NINE_TO_FIVE, "UTC", [(march(6), reopening)])
        assert calendar.add(march(6, 12), HOUR) == reopening + HOUR
        assert calendar.add(reopening + HOUR, -2 * HOUR) == march(5, 16)

    def test_closed_for_ever(self):
        end = datetime.max.replace(tzinfo=UTC)
        calendar = WorkingTime(NINE_TO_FIVE, "UTC", [(march(6, 12), end)])
        assert calendar.add(march(6, 11), HOUR) == march(6, 12)
        assert calendar.add(march(6, 11), HOUR + TICK) is None
        start = datetime.min.replace(tzinfo=UTC)
        assert WorkingTime(NINE_TO_FIVE, "UTC", [(start, end)]).add(end, HOUR) is None

    @pytest.mark.parametrize("days", [999_999_999, 3_652_060, 3_000_000])
    def test_more_than_there_is_time(self, days):
        duration = timedelta(days=days)
        assert OFFICE.add(march(6), duration) is None
        assert OFFICE.add(march(6), -duration) is None
        assert WorkingTime.always().add(march(6), duration) is None

    def test_the_longest_durations(self):
        assert OFFICE.add(march(6), timedelta.max) is None
        assert OFFICE.add(march(6), timedelta.min) is None

    def test_the_ends_of_time(self):
        calendar = WorkingTime(ALL_DAY, "Asia/Kathmandu")
        first = datetime.min.replace(tzinfo=UTC)
        last = datetime.max.replace(tzinfo=UTC)
        assert calendar.add(last, HOUR) is None
        assert calendar.add(first, -HOUR) is None
        east = first.replace(tzinfo=ZoneInfo("Asia/Tokyo"))
        west = last.replace(tzinfo=ZoneInfo("America/New_York"))
        assert calendar.add(east, ZERO) == first
        assert calendar.add(west, ZERO) == last
        assert not calendar.is_open(east)
        assert not calendar.is_open(west)

    def test_never_is_found_quickly(self):
        end = datetime.max.replace(tzinfo=UTC)
        began = time.perf_counter()
        WorkingTime({}, "Europe/Paris").add(march(6), HOUR)
        WorkingTime(NINE_TO_FIVE, "UTC", [(march(1), end)]).add(march(6), HOUR)
        WorkingTime({0: [(0, 1)]}, "UTC").add(march(6), timedelta.max)
        # Generous: this is about walking to the year 9999, not about speed.
        assert time.perf_counter() - began < 1


class TestFarAway:
    """Long walks take a short cut of 400 years at a time."""

    @pytest.mark.parametrize("zone", ["UTC", "Europe/Paris", "Africa/Casablanca"])
    def test_four_hundred_years_repeat(self, zone):
        weekly = {6: [(60, 170)], 2: [(0, 1440)]}
        near = WorkingTime(weekly, zone)
        far = WorkingTime(weekly, zone)
        start = datetime(2150, 1, 1, tzinfo=UTC)
        shift = timedelta(days=146_097)
        for days in (1, 100, 1000):
            service = timedelta(days=days, minutes=7)
            assert far.add(start + shift, service) == near.add(start, service) + shift
        whole = near.between(start, start + shift)
        assert near.between(start, start + 2 * shift) == 2 * whole
        end = start + 2 * shift + timedelta(days=40)
        span = far.between(start, end)
        assert far.between(far.add(start, span), end) == ZERO
        assert far.add(far.add(start, span), -span) >= start
        assert span == far.between(start, start + shift) + far.between(
            start + shift, end
        )

    def test_a_day_in_the_far_future_is_not_skipped(self):
        day = date(2777, 3, 3)
        noon = datetime(2777, 3, 3, 12, tzinfo=UTC)
        holiday = (noon + timedelta(days=365), noon + timedelta(days=366))
        start = datetime(2776, 12, 1, tzinfo=UTC)
        end = datetime(2779, 1, 1, tzinfo=UTC)
        plain = WorkingTime(ALL_DAY, "UTC").between(start, end)
        closed = WorkingTime(ALL_DAY, "UTC", [holiday]).between(start, end)
        special = WorkingTime(ALL_DAY, "UTC", special={day: []}).between(start, end)
        assert plain == end - start
        assert plain - closed == plain - special == timedelta(days=1)

    def test_memory_stays_bounded(self):
        calendar = WorkingTime(ALL_DAY, "UTC")
        calendar.between(march(1), datetime(2150, 1, 1, tzinfo=UTC))
        assert len(calendar._chunks) <= 1024


class TestBetween:
    def test_only_open_time_counts(self):
        assert OFFICE.between(march(6, 15), march(9, 11)) == 4 * HOUR
        assert OFFICE.between(march(7), march(9)) == ZERO
        assert OFFICE.between(march(2), march(30)) == 20 * 8 * HOUR

    def test_backwards_is_negative(self):
        assert OFFICE.between(march(9, 11), march(6, 15)) == -4 * HOUR

    def test_holidays_are_left_out(self):
        holiday = (march(9), march(10))
        calendar = WorkingTime(NINE_TO_FIVE, "UTC", [holiday])
        assert calendar.between(march(6, 15), march(10, 11)) == 4 * HOUR

    def test_always_is_plain_time(self):
        calendar = WorkingTime.always()
        start = local("Europe/Paris", 2026, 3, 28, 12)
        end = local("Europe/Paris", 2027, 3, 29, 12)
        assert calendar.between(start, end) == end.astimezone(UTC) - start
        assert calendar.add(start, 24 * HOUR) == start.astimezone(UTC) + 24 * HOUR
        assert calendar.is_open(start)


class TestIsOpen:
    def test_open_at_opening_and_closed_at_closing(self):
        assert OFFICE.is_open(march(6, 9))
        assert OFFICE.is_open(march(6, 17) - TICK)
        assert not OFFICE.is_open(march(6, 9) - TICK)
        assert not OFFICE.is_open(march(6, 17))
        assert not OFFICE.is_open(march(7, 12))

    def test_midnight_between_two_open_days_is_open(self):
        calendar = WorkingTime({0: [(0, 1440)], 1: [(0, 60)]}, "UTC")
        assert calendar.is_open(march(10))
        assert not calendar.is_open(march(9) - TICK)


class TestHours:
    def test_a_weekday_that_is_left_out_is_closed(self):
        assert WorkingTime({1: [(540, 1020)]}, "UTC").add(march(6), HOUR) == march(
            10, 10
        )

    def test_ranges_may_touch_overlap_and_come_unsorted(self):
        messy = [(720, 900), (540, 600), (600, 720), (630, 640), (880, 1020)]
        calendar = WorkingTime(dict.fromkeys(range(5), messy), "UTC")
        assert calendar.between(march(9), march(10)) == 8 * HOUR
        assert calendar.add(march(6, 15), 4 * HOUR) == march(9, 11)

    @pytest.mark.parametrize(
        "bounds", [(-1, 60), (0, 1441), (60, 60), (1020, 540), (540.5, 600)]
    )
    def test_a_range_that_makes_no_sense_is_refused(self, bounds):
        with pytest.raises(ValueError, match="minutes"):
            WorkingTime({0: [bounds]}, "UTC")
        with pytest.raises(ValueError, match="minutes"):
            WorkingTime({}, "UTC", special={date(2026, 3, 6): [bounds]})

    @pytest.mark.parametrize("weekday", [-1, 7, "0", None])
    def test_an_unknown_weekday_is_refused(self, weekday):
        with pytest.raises(ValueError, match="weekdays"):
            WorkingTime({weekday: [(540, 1020)]}, "UTC")

    @pytest.mark.parametrize(
        "zone", ["Europe/Nowhere", "", None, False, "../etc", "America"]
    )
    def test_an_unknown_zone_is_refused(self, zone):
        with pytest.raises(ValueError, match="time zone"):
            WorkingTime(NINE_TO_FIVE, zone)

    def test_what_was_passed_in_may_be_changed_afterwards(self):
        weekly, closed, special = {0: [(540, 1020)]}, [], {}
        calendar = WorkingTime(weekly, "UTC", closed, special)
        weekly[0].append((0, 60))
        closed.append((march(1), march(31)))
        special[date(2026, 3, 9)] = []
        assert calendar.between(march(9), march(10)) == 8 * HOUR


class TestSpecial:
    def test_it_replaces_the_hours_of_its_day(self):
        special = {date(2026, 3, 6): [(600, 660)], date(2026, 3, 7): [(600, 660)]}
        calendar = WorkingTime(NINE_TO_FIVE, "UTC", special=special)
        assert calendar.between(march(6), march(7)) == HOUR
        assert calendar.between(march(7), march(8)) == HOUR
        assert calendar.between(march(9), march(10)) == 8 * HOUR

    def test_without_hours_it_closes_the_day(self):
        calendar = WorkingTime(NINE_TO_FIVE, "UTC", special={date(2026, 3, 9): []})
        assert calendar.add(march(6, 15), 4 * HOUR) == march(10, 11)

    def test_it_is_a_local_day(self):
        special = {date(2026, 3, 6): [(0, 1440)]}
        calendar = WorkingTime({}, "Asia/Tokyo", special=special)
        assert calendar.is_open(march(5, 15))
        assert not calendar.is_open(march(6, 15))

    def test_closed_cuts_it_too(self):
        special = {date(2026, 3, 7): [(600, 720)]}
        closed = [(march(7, 10, 30), march(7, 11))]
        calendar = WorkingTime({}, "UTC", closed, special)
        assert calendar.between(march(7), march(8)) == 1.5 * HOUR
        assert calendar.add(march(7), HOUR) == march(7, 11, 30)

    @pytest.mark.parametrize("day", [march(6), "2026-03-06", 5])
    def test_its_key_is_a_date(self, day):
        with pytest.raises(TypeError, match="date"):
            WorkingTime({}, "UTC", special={day: []})


class TestClosed:
    def test_it_is_half_open(self):
        calendar = WorkingTime(NINE_TO_FIVE, "UTC", [(march(6, 10), march(6, 11))])
        assert calendar.is_open(march(6, 10) - TICK)
        assert not calendar.is_open(march(6, 10))
        assert calendar.is_open(march(6, 11))
        assert calendar.add(march(6, 9), HOUR) == march(6, 10)
        assert calendar.add(march(6, 12), -HOUR) == march(6, 11)

    def test_ranges_may_overlap_touch_come_unsorted_and_from_a_generator(self):
        days = [(10, 12), (6, 7), (9, 11), (12, 13), (9, 10)]
        closed = ((march(start), march(end)) for start, end in days)
        calendar = WorkingTime(NINE_TO_FIVE, "UTC", closed)
        assert calendar.between(march(2), march(16)) == 5 * 8 * HOUR

    def test_an_empty_one_changes_nothing(self):
        calendar = WorkingTime(NINE_TO_FIVE, "UTC", [(march(6, 12), march(6, 12))])
        assert calendar.between(march(6), march(7)) == 8 * HOUR

    def test_one_that_ends_before_it_starts_is_refused(self):
        with pytest.raises(ValueError, match="before it starts"):
            WorkingTime(NINE_TO_FIVE, "UTC", [(march(7), march(6))])

    def test_seconds_count(self):
        closed = [(march(6, 12, 0, 1), march(6, 12, 0, 3))]
        calendar = WorkingTime(NINE_TO_FIVE, "UTC", closed)
        assert calendar.between(march(6), march(7)) == 8 * HOUR - timedelta(seconds=2)


class TestNaive:
    naive = march(6).replace(tzinfo=None)

    def test_naive_datetimes_are_refused(self):
        for question in (
            lambda: OFFICE.add(self.naive, HOUR),
            lambda: OFFICE.add(self.naive, ZERO),
            lambda: OFFICE.between(self.naive, march(7)),
            lambda: OFFICE.between(march(7), self.naive),
            lambda: OFFICE.is_open(self.naive),
            lambda: WorkingTime({}, "UTC", [(self.naive, march(7))]),
        ):
            with pytest.raises(ValueError, match="naive"):
                question()

    def test_dates_are_refused(self):
        with pytest.raises(TypeError, match="datetime"):
            OFFICE.add(date(2026, 3, 6), HOUR)


class TestClockChange:
    """Durations are elapsed time, hours are wall time."""

    spring = date(2026, 3, 29)  # Paris: 02:00 -> 03:00
    autumn = date(2026, 10, 25)  # Paris: 03:00 -> 02:00

    def hours(self, day, start, end, zone="Europe/Paris"):
        """The service time of one day with hours given in minutes."""
        return self.calendar(day, start, end, zone).between(
            march(1), datetime(2026, 12, 1, tzinfo=UTC)
        )

    def calendar(self, day, start, end, zone="Europe/Paris"):
        return WorkingTime({}, zone, special={day: [(start, end)]})

    def test_weekly_hours_keep_their_wall_time(self):
        start = local("Europe/Paris", 2026, 3, 27, 16)
        assert PARIS.add(start, 2 * HOUR) == local("Europe/Paris", 2026, 3, 30, 10)

    def test_a_whole_day_has_23_or_25_hours(self):
        assert self.hours(self.spring, 0, 1440) == 23 * HOUR
        assert self.hours(self.autumn, 0, 1440) == 25 * HOUR

    def test_hours_inside_the_gap_vanish(self):
        assert self.hours(self.spring, 120, 180) == ZERO
        assert self.hours(self.spring, 130, 170) == ZERO

    def test_hours_inside_a_gap_around_midnight_vanish(self):
        evening = {date(1919, 3, 30): [(1380, 1425)]}
        calendar = WorkingTime({}, "America/Toronto", special=evening)
        start = datetime(1919, 3, 1, tzinfo=UTC)
        assert calendar.add(start, 30 * MINUTE) is not None
        assert calendar.add(start, 31 * MINUTE) is None

    def test_hours_half_inside_the_gap_keep_the_half_that_exists(self):
        opening = self.calendar(self.spring, 150, 300)
        three = local("Europe/Paris", 2026, 3, 29, 3)
        assert opening.between(march(28), march(31)) == 2 * HOUR
        assert opening.add(march(28), HOUR) == three.astimezone(UTC) + HOUR
        assert opening.add(march(31), -2 * HOUR) == three
        assert self.calendar(self.spring, 60, 150).add(march(28), HOUR) == three

    def test_of_a_repeated_hour_the_first_occurrence_opens(self):
        calendar = self.calendar(self.autumn, 150, 300)
        first = local("Europe/Paris", 2026, 10, 25, 2, 30).astimezone(UTC)
        assert self.hours(self.autumn, 150, 300) == 3.5 * HOUR
        assert calendar.is_open(first)
        assert not calendar.is_open(first - TICK)

    def test_of_a_repeated_hour_the_first_occurrence_closes(self):
        calendar = self.calendar(self.autumn, 0, 150)
        first = local("Europe/Paris", 2026, 10, 25, 2, 30).astimezone(UTC)
        assert self.hours(self.autumn, 0, 150) == 2.5 * HOUR
        assert not calendar.is_open(first)
        assert calendar.is_open(first - TICK)
        assert self.hours(self.autumn, 130, 170) == 40 * MINUTE

    @pytest.mark.parametrize(
        ("zone", "day", "hours"),
        [
            ("Australia/Lord_Howe", date(2026, 10, 4), 23.5),
            ("Australia/Lord_Howe", date(2026, 4, 5), 24.5),
            ("Australia/Sydney", date(2026, 10, 4), 23),
            ("Africa/Cairo", date(2026, 4, 24), 23),
            ("Africa/Cairo", date(2026, 10, 29), 25),
            ("Asia/Beirut", date(2026, 3, 29), 23),
            ("Asia/Beirut", date(2026, 10, 24), 25),
        ],
    )
    def test_days_as_long_as_they_are(self, zone, day, hours):
        assert self.hours(day, 0, 1440, zone) == hours * HOUR

    def test_a_date_that_a_zone_skips_does_not_exist(self):
        special = {date(2011, 12, 30): [(0, 1440)]}
        calendar = WorkingTime({}, "Pacific/Apia", special=special)
        assert calendar.add(datetime(2011, 12, 1, tzinfo=UTC), TICK) is None
        every_day = WorkingTime(ALL_DAY, "Pacific/Apia")
        start = local("Pacific/Apia", 2011, 12, 29, 12)
        assert every_day.add(start, 24 * HOUR) == local(
            "Pacific/Apia", 2011, 12, 31, 12
        )

    @pytest.mark.parametrize(
        "zone", ["Europe/Paris", "America/St_Johns", "Asia/Beirut", "Pacific/Apia"]
    )
    def test_all_day_every_day_is_plain_time(self, zone):
        start, end = datetime(1995, 1, 1, tzinfo=UTC), datetime(2040, 1, 1, tzinfo=UTC)
        assert WorkingTime(ALL_DAY, zone).between(start, end) == end - start


# Five days around a change of the clock: its zone and the day in the middle.
CHANGES = [
    ("Europe/Paris", date(2026, 3, 29)),
    ("Europe/Paris", date(2026, 10, 25)),
    ("America/New_York", date(2026, 3, 8)),
    ("America/New_York", date(2026, 11, 1)),
    ("Australia/Sydney", date(2026, 4, 5)),
    ("Australia/Sydney", date(2026, 10, 4)),
    ("Australia/Lord_Howe", date(2026, 4, 5)),
    ("Australia/Lord_Howe", date(2026, 10, 4)),
    ("Asia/Beirut", date(2026, 3, 29)),  # midnight is skipped
    ("Asia/Beirut", date(2026, 10, 25)),  # the hour before midnight is repeated
    ("Africa/Cairo", date(2026, 4, 24)),
    ("Africa/Cairo", date(2026, 10, 30)),
    ("America/Sao_Paulo", date(2018, 11, 4)),
    ("America/Sao_Paulo", date(2018, 2, 18)),
    ("America/Toronto", date(1919, 3, 31)),  # 23:30 -> 00:30
    ("America/Havana", date(2026, 11, 1)),  # the hour after midnight is repeated
    ("America/St_Johns", date(2010, 3, 14)),  # 00:01 -> 01:01
    ("America/St_Johns", date(2010, 11, 7)),  # 00:01 -> 23:01 of the day before
    ("Pacific/Apia", date(2011, 12, 30)),  # a day that never was
    ("Pacific/Kwajalein", date(1993, 8, 21)),
    ("Asia/Kathmandu", date(1986, 1, 1)),  # a change by a quarter of an hour
    ("Asia/Kathmandu", date(2026, 1, 1)),
]
DAYS = 5
MINUTES = DAYS * 1440


@cache
def wall_minutes(zone, middle):
    """What the wall clock shows at most, in each minute of the five days.

    That it never goes backwards is the rule of the first occurrence: a repeated hour
    belongs to what follows its first time.
    """
    zone = ZoneInfo(zone)
    first = datetime.combine(middle, datetime.min.time(), UTC) - 2 * timedelta(days=1)
    shown, highest = [], None
    for minute in range(-1440, MINUTES):
        wall = (first + minute * MINUTE).astimezone(zone).replace(tzinfo=None)
        highest = max(highest or wall, wall)
        shown.append((highest.date(), highest.hour * 60 + highest.minute))
    return first, shown[1440:]


def brute_force(zone, middle, weekly, closed, special):
    """The minutes in which the desk is open, one by one."""
    _first, shown = wall_minutes(zone, middle)
    minutes = []
    for position, (day, minute) in enumerate(shown):
        hours = special.get(day, weekly.get(day.weekday(), []))
        is_open = any(start <= minute < end for start, end in hours)
        is_closed = any(start <= position < end for start, end in closed)
        minutes.append(is_open and not is_closed)
    return minutes


def spans(limit):
    """Ranges of two different numbers up to a limit."""
    pairs = st.tuples(st.integers(0, limit), st.integers(0, limit))
    return pairs.filter(lambda pair: pair[0] != pair[1]).map(
        lambda pair: tuple(sorted(pair))
    )


# Odd hours around midnight and around the clock changes, besides any others.
starts, ends = [0, 1, 30, 90, 105, 130, 1380, 1395, 1439], [150, 170, 1440]
night = st.tuples(st.sampled_from(starts), st.sampled_from(ends)).filter(
    lambda pair: pair[0] < pair[1]
)
day_hours = st.lists(spans(1440) | night, max_size=3)


@pytest.mark.parametrize(("zone", "middle"), CHANGES)
@settings(derandomize=True, deadline=None, max_examples=25)
@given(data=st.data())
def test_like_counting_minutes(zone, middle, data):
    weekly = data.draw(st.dictionaries(st.integers(0, 6), day_hours))
    offsets = st.integers(-2, 2)
    dates = offsets.map(lambda days: middle + timedelta(days=days))
    special = data.draw(st.dictionaries(dates, day_hours, max_size=2))
    closed = data.draw(st.lists(spans(MINUTES), max_size=2))
    first, _shown = wall_minutes(zone, middle)
    ranges = [(first + a * MINUTE, first + b * MINUTE) for a, b in closed]
    calendar = WorkingTime(weekly, zone, ranges, special)
    minutes = brute_force(zone, middle, weekly, closed, special)
    passed = list(accumulate(minutes, initial=0))

    start, end = data.draw(spans(MINUTES))
    expected = passed[end] - passed[start]
    start_at, end_at = first + start * MINUTE, first + end * MINUTE
    assert calendar.between(start_at, end_at) == expected * MINUTE
    if end < MINUTES:
        assert calendar.is_open(end_at) == minutes[end]
    if expected:
        # The earliest instant is the end of the minute that completes the time,
        # the latest the beginning of the minute that it begins with.
        earliest = passed.index(passed[end])
        assert calendar.add(start_at, expected * MINUTE) == first + earliest * MINUTE
        latest = bisect_right(passed, passed[start]) - 1
        assert calendar.add(end_at, -expected * MINUTE) == first + latest * MINUTE


calendars = st.sampled_from(
    [
        OFFICE,
        PARIS,
        WorkingTime.always(),
        WorkingTime({5: [(1380, 1440)], 6: [(0, 1440)]}, "Asia/Beirut"),
        WorkingTime({day: [(0, 150), (170, 1440)] for day in range(7)}, "Europe/Paris"),
        WorkingTime(
            {0: [(540, 720), (780, 1020)], 3: [(0, 1)]},
            "Australia/Lord_Howe",
            [
                (
                    march(1) + day * timedelta(days=30),
                    march(9) + day * timedelta(days=30),
                )
                for day in range(40)
            ],
            {date(2027, 1, 1) + timedelta(days=9 * n): [(0, 700)] for n in range(30)},
        ),
    ]
)
zones = st.sampled_from(["UTC", "Europe/Paris", "America/St_Johns"]).map(ZoneInfo)
instants = st.datetimes(
    datetime(2025, 1, 1),  # noqa: DTZ001 - the zone is drawn
    datetime(2030, 1, 1),  # noqa: DTZ001
    timezones=zones,
)
durations = st.timedeltas(timedelta(0), timedelta(days=60))


@property_test
@given(calendars, instants, instants, instants)
def test_service_time_adds_up(calendar, one, two, three):
    assert calendar.between(one, two) == -calendar.between(two, one)
    assert calendar.between(one, three) == (
        calendar.between(one, two) + calendar.between(two, three)
    )
    elapsed = abs(two.astimezone(UTC) - one.astimezone(UTC))
    assert abs(calendar.between(one, two)) <= elapsed


@property_test
@given(calendars, instants, durations)
def test_adding_is_the_earliest_instant(calendar, start, duration):
    end = calendar.add(start, duration)
    assert calendar.between(start, end) == duration
    if duration:
        assert calendar.between(start, end - TICK) == duration - TICK


@property_test
@given(calendars, instants, durations)
def test_going_back_is_the_latest_instant(calendar, start, duration):
    end = calendar.add(start, -duration)
    assert calendar.between(end, start) == duration
    if duration:
        assert calendar.between(end + TICK, start) == duration - TICK


@property_test
@given(calendars, instants, durations, durations)
def test_adding_twice_is_adding_once(calendar, start, one, two):
    twice = calendar.add(calendar.add(start, one), two)
    assert twice == calendar.add(start, one + two)


@property_test
@given(instants, instants, durations)
def test_what_was_asked_before_does_not_matter(one, two, duration):
    cold, warm = (WorkingTime(NINE_TO_FIVE, "Europe/Paris") for _n in range(2))
    warm.add(two, duration)
    warm.add(one, -duration)
    assert cold.between(one, two) == warm.between(one, two) == PARIS.between(one, two)


@property_test
@given(calendars, instants, instants)
def test_openings_are_the_service_time_between(calendar, start, end):
    openings = list(calendar.openings(start, end))
    lengths = sum((closing - opening for opening, closing in openings), ZERO)
    assert lengths == max(calendar.between(start, end), ZERO)
    for opening, closing in openings:
        assert start <= opening < closing <= end
        assert calendar.between(opening, closing) == closing - opening
    for (_opening, closing), (opening, _closing) in pairwise(openings):
        assert closing < opening
        assert calendar.between(closing, opening) == ZERO


def test_openings_that_touch_are_one():
    whole = WorkingTime(ALL_DAY, "UTC").openings(march(1), march(31))
    assert list(whole) == [(march(1), march(31))]


def test_openings_are_looked_for_when_asked_for():
    openings = OFFICE.openings(march(6, 16), datetime(9999, 1, 1, tzinfo=UTC))
    assert next(openings) == (march(6, 16), march(6, 17))
    assert next(openings) == (march(9, 9), march(9, 17))


def test_openings_of_a_naive_instant_are_refused_at_once():
    with pytest.raises(ValueError, match="naive"):
        OFFICE.openings(march(1), datetime(2026, 3, 2))  # noqa: DTZ001
