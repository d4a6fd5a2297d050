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


def run(env):
    calendar = _create_calendar(env)
    working_time = env["service.agreement.sla.calendar"]._freeze(
        calendar._get_service_spec(env.company, "UTC", FIRST_DAY.year), calendar
    )._working_time()
    cases = _get_cases()

    def ours_add():
        # As often as it takes for a clock of this resolution to see it.
        for _again in range(50):
            for start, hours in cases:
                working_time.add(start, timedelta(hours=hours))

    def core_add():
        for start, hours in cases:
            calendar.plan_hours(hours, start, compute_leaves=True)

    def ours_between():
        for _again in range(50):
            for start, _hours in cases:
                working_time.between(start, start + timedelta(days=30))

    def core_between():
        for start, _hours in cases:
            calendar.get_work_hours_count(start, start + timedelta(days=30))

    add, plan_hours = alternate(ours_add, core_add)
    between, count = alternate(ours_between, core_between)
    return [
        row("WorkingTime.add: µs a call", add / 50 / CALLS * 1e6),
        row("plan_hours: µs a call", plan_hours / CALLS * 1e6),
        row("plan_hours / add", plan_hours * 50 / add, 200, at_least=True),
        row("WorkingTime.between, 30 days: µs a call", between / 50 / CALLS * 1e6),
        row("get_work_hours_count, 30 days: µs a call", count / CALLS * 1e6),
        row("get_work_hours_count / between", count * 50 / between, 200, at_least=True),
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
