"""Service time by `tools/working_time.py`, against `resource.calendar` of core.

Monday to Friday 9–17 with 20 holidays, random starts over two years, durations up to
40 hours; the same calls on both sides.
"""

import random
import sys
from datetime import datetime, timedelta, timezone
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from _support import alternate, row

CALLS = 200
FIRST_DAY = datetime(2026, 1, 1, tzinfo=timezone.utc)


# As often as it takes for a clock of this resolution to see it.
AGAIN = 50


def run(env):
    calendar = _create_calendar(env)
    spec = calendar._get_service_spec(env.company, "UTC", FIRST_DAY.year)
    frozen = env["service.agreement.sla.calendar"]._freeze(spec, calendar)
    working_time, cases = frozen._working_time(), _get_cases()
    return [
        *_measure_add(calendar, working_time, cases),
        *_measure_between(calendar, working_time, cases),
    ]


def _measure_add(calendar, working_time, cases):
    def ours():
        for _again in range(AGAIN):
            for start, hours in cases:
                working_time.add(start, timedelta(hours=hours))

    def core():
        for start, hours in cases:
            calendar.plan_hours(hours, start, compute_leaves=True)

    return _get_rows("WorkingTime.add", "plan_hours", *alternate(ours, core))


def _measure_between(calendar, working_time, cases):
    month = timedelta(days=30)

    def ours():
        for _again in range(AGAIN):
            for start, _hours in cases:
                working_time.between(start, start + month)

    def core():
        for start, _hours in cases:
            calendar.get_work_hours_count(start, start + month)

    names = ("WorkingTime.between", "get_work_hours_count")
    return _get_rows(*names, *alternate(ours, core))


def _get_rows(our_name, core_name, ours, core):
    return [
        row(f"{our_name}: µs a call", ours / AGAIN / CALLS * 1e6),
        row(f"{core_name}: µs a call", core / CALLS * 1e6),
        row(f"{core_name} / {our_name}", core * AGAIN / ours, 200, at_least=True),
    ]


def _create_calendar(env):
    calendar = env["resource.calendar"].create(
        {
            "name": "Monday to Friday 9-17",
            "tz": "UTC",
            "attendance_ids": [
                (5, 0, 0),
                *(
                    (
                        0,
                        0,
                        {
                            "name": "Day",
                            "dayofweek": str(day),
                            "hour_from": 9,
                            "hour_to": 17,
                            "day_period": "morning",
                        },
                    )
                    for day in range(5)
                ),
            ],
        }
    )
    holidays = random.Random(19).sample(range(730), 20)
    for day in holidays:
        start = FIRST_DAY.replace(tzinfo=None) + timedelta(days=day)
        env["resource.calendar.leaves"].create(
            {
                "name": "Holiday",
                "calendar_id": calendar.id,
                "date_from": start,
                "date_to": start + timedelta(hours=23, minutes=59, seconds=59),
            }
        )
    return calendar


def _get_cases():
    draw = random.Random(2026)
    return [
        (
            FIRST_DAY + timedelta(minutes=draw.randrange(2 * 365 * 24 * 60)),
            draw.choice((0.5, 1, 4, 8, 16, 40)),
        )
        for _call in range(CALLS)
    ]
