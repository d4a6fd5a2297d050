"""Weeks on a wall clock, and the seconds that a simulation counts in.

How to use::

    clock = WeekClock(date(2026, 3, 2), "Europe/Paris")
    clock.second(0, 9 * 60)  # 32400: nine o'clock on the first Monday
    clock.moment(32400)      # the same as an aware datetime in UTC
"""

from datetime import date, datetime, time, timedelta, timezone
from zoneinfo import ZoneInfo

UTC = timezone.utc
MINUTES_PER_WEEK = 7 * 24 * 60
HOURS_PER_WEEK = 7 * 24


class WeekClock:
    """
    :param monday: the first day that counts; second 0 is its midnight
    :param tz: IANA name of the zone on whose wall clock the hours of a week are read
    :raise ValueError: for another weekday
    """

    def __init__(self, monday: date, tz: str):
        if monday.weekday():
            raise ValueError(f"not a Monday: {monday}")
        self._zone = ZoneInfo(tz)
        self._first = datetime.combine(monday, time.min)
        self._start = self._first.replace(tzinfo=self._zone).astimezone(UTC)

    def second(self, week: int, minute: int) -> int:
        """The instant at which the clock shows a minute of a week; 0 is Monday 0:00."""
        local = self._first + timedelta(weeks=week, minutes=minute)
        return self.count(local.replace(tzinfo=self._zone))

    def moment(self, second: int) -> datetime:
        """:return: aware, in UTC"""
        return self._start + timedelta(seconds=second)

    def count(self, moment: datetime) -> int:
        """:param moment: an aware datetime; what is past the whole second is dropped"""
        since = moment.astimezone(UTC) - self._start
        return since.days * 86_400 + since.seconds

    def minute_of_week(self, moment: datetime) -> int:
        """:param moment: an aware datetime"""
        local = moment.astimezone(self._zone)
        return (local.weekday() * 24 + local.hour) * 60 + local.minute

    def hour_of_week(self, second: int) -> int:
        return self.minute_of_week(self.moment(second)) // 60
