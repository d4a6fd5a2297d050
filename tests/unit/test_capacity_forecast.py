"""What may come in, what is kept of it, and how many hands that takes."""

import time
from collections import Counter
from dataclasses import replace
from datetime import date, datetime, timezone
from decimal import Decimal
from random import Random

import pytest
from capacity_tools.demand import Cover, Demand, Effort, Past, Promise, Prospect
from capacity_tools.desk import NEVER
from capacity_tools.extra_hands import fewest
from capacity_tools.forecast import Forecast, Key, _student
from capacity_tools.hands import ENOUGH, count, times, together
from capacity_tools.week_clock import WeekClock
from hypothesis import given, settings
from hypothesis import strategies as st
from tools.working_time import WorkingTime

UTC = timezone.utc
HOUR = 3600
DAY = 24 * HOUR
WEEK = 7 * DAY
MONDAY = date(2026, 3, 2)
OFFICE = WorkingTime({day: [(540, 1020)] for day in range(5)}, "UTC")
ALWAYS = WorkingTime.always()
CLOCK = WeekClock(MONDAY, "UTC")
property_test = settings(derandomize=True, deadline=None, max_examples=40)

GOLD = Cover(
    "gold",
    {
        (urgency, metric): Promise(seconds, OFFICE)
        for urgency in range(4)
        for metric, seconds in (
            ("first_response", HOUR),
            ("update", 2 * HOUR),
            ("on_site", 8 * HOUR),
            ("resolution", 16 * HOUR),
        )
    },
    credit=Decimal("14.90"),
    cap=Decimal("37.25"),
)
# Within the hours of a day, at any time.
SHARP = Cover("sharp", {(0, "first_response"): Promise(HOUR, ALWAYS)})


def shifts(weeks, start=9, end=17):
    """:return: list of the working days of one person, from two weeks before"""
    return [
        (week * WEEK + day * DAY + start * HOUR, week * WEEK + day * DAY + end * HOUR)
        for week in range(-2, weeks + 2)
        for day in range(5)
    ]


def history(number, cover=GOLD, hours=3, seed=1):
    """:return: list of Past, as a busy desk has them"""
    dice = Random(seed)
    return [
        Past(
            minute=dice.randrange(5) * 1440 + dice.randrange(480, 1080),
            urgency=dice.randrange(4),
            work=1 + int(dice.expovariate(1 / (hours * HOUR))),
            on_site=dice.random() < 0.4,
            questions=(DAY,) if dice.random() < 0.2 else (),
            customer=dice.randrange(50),
            cover=cover,
        )
        for _number in range(number)
    ]


def demand(past, weeks=8, **values):
    values = {"history_weeks": 52, "effort": Effort(usual={None: [HOUR]}), **values}
    return Demand(CLOCK, weeks, past, **values)


class TestWeekClock:
    def test_seconds_count_from_the_first_midnight(self):
        assert CLOCK.second(0, 9 * 60) == 9 * HOUR
        assert CLOCK.second(-1, 0) == -WEEK
        assert CLOCK.moment(9 * HOUR) == datetime(2026, 3, 2, 9, tzinfo=UTC)

    def test_nine_o_clock_is_nine_o_clock_also_in_summer(self):
        paris = WeekClock(MONDAY, "Europe/Paris")
        winter, summer = paris.second(0, 9 * 60), paris.second(4, 9 * 60)
        assert summer - winter == 4 * WEEK - HOUR
        assert paris.hour_of_week(summer) == paris.hour_of_week(winter) == 9

    def test_weeks_begin_on_monday(self):
        with pytest.raises(ValueError, match="not a Monday"):
            WeekClock(date(2026, 3, 3), "UTC")


class TestEffort:
    @property_test
    @given(st.integers(60, 10**6), st.booleans(), st.integers(0, 9))
    def test_all_parts_are_the_work_and_some_of_it_is_always_left(
        self, work, on_site, questions
    ):
        past = Past(0, on_site=on_site, questions=(1,) * questions)
        answer, way, rest = Effort().split(work, past)
        assert answer * (1 + questions) + way + rest == work
        assert answer >= 1 and rest >= 1 and (way >= 1) == on_site

    def test_other_work_goes_on_beside_the_work_and_not_beside_the_answer(self):
        past = Past(0, on_site=True)
        answer, way, rest = Effort().split(4 * HOUR, past)
        assert Effort(share=0.5).split(4 * HOUR, past) == (answer, way, 2 * rest)

    def test_what_nobody_wrote_down_is_as_others_of_its_urgency(self):
        effort = Effort(usual={3: [7], None: [5]})
        assert effort.draw(Past(0, urgency=3), Random(1)) == 7
        assert effort.draw(Past(0, urgency=0), Random(1)) == 5


class TestDemand:
    def test_what_is_asked_after_the_weeks_is_work_and_not_counted(self):
        past = [Past(600, work=2 * HOUR, questions=(3 * WEEK,), cover=GOLD)]
        tasks, checks, _work = demand(past * 520, weeks=4).draw(1, 0)
        arrivals = [tasks[check.task].arrival for check in checks]
        assert arrivals
        assert all(0 <= arrival < 4 * WEEK for arrival in arrivals)
        assert any(task.arrival >= 4 * WEEK for task in tasks)

    def test_a_seed_always_draws_the_same(self):
        first, again = demand(history(99)).draw(5, 0), demand(history(99)).draw(5, 0)
        assert first == again
        assert first != demand(history(99)).draw(6, 0)
        assert first != demand(history(99)).draw(5, 1)

    def test_as_many_come_as_came(self):
        past = history(520)
        numbers = [
            len(
                [t for t in demand(past, weeks=20).draw(1, n).tasks if len(t.works) > 1]
            )
            for n in range(40)
        ]
        # 10 a week, over 20 weeks and those to warm up.
        assert sum(numbers) / 40 == pytest.approx(220, rel=0.03)

    def test_as_much_is_expected_as_comes_if_all_is_sold(self):
        sale = Prospect("p1", 0.5, GOLD, per_week=3, pool=history(20))
        expected = demand(history(520), weeks=20, prospects=[sale]).expected
        assert expected == pytest.approx((10 + 3) * 22)

    def test_the_work_is_that_of_the_time_that_counts(self):
        past = [Past(600, work=HOUR)] * 520
        drawn = demand(past).draw(1, 0)
        counted = [task for task in drawn.tasks if task.arrival >= 0]
        assert drawn.work == HOUR * len(counted)
        assert drawn.work == sum(sum(task.works) for task in counted)

    def test_they_come_at_the_hours_at_which_they_came(self):
        past = [Past(5 * 1440 + 20 * 60, cover=SHARP, work=60)]
        checks = demand(past * 52).draw(1, 0).checks
        assert {check.hour for check in checks} == {5 * 24 + 20}

    def test_more_growth_adds_to_what_there_is(self):
        few = demand(history(200, cover=None)).draw(1, 0).tasks
        more = demand(history(200, cover=None), growth=1.5).draw(1, 0).tasks
        assert more[: len(few)] == few
        assert len(more) > len(few)

    def test_what_comes_before_the_time_is_not_counted(self):
        tasks, checks, _work = demand(history(500)).draw(1, 0)
        assert min(task.arrival for task in tasks) < 0
        assert all(tasks[check.task].arrival >= 0 for check in checks)

    def test_an_agreement_that_is_sold_promises_and_brings_tickets(self):
        past = [replace(each, cover=None) for each in history(300)]
        sale = Prospect("p1", 1.0, GOLD, customer=7, per_week=3, pool=history(20))
        before = demand(past).draw(1, 0)
        tasks, checks, _work = demand(past, prospects=[sale]).draw(1, 0)
        assert not before.checks
        own = [task for task in tasks[: len(before.tasks)] if task.dues[0] < NEVER]
        assert own and len({check.task for check in checks}) > len(own)

    def test_one_that_is_never_sold_changes_nothing(self):
        sale = Prospect("p1", 0.0, GOLD, customer=7, per_week=3, pool=history(20))
        assert demand(history(99), prospects=[sale]).draw(1, 0) == demand(
            history(99)
        ).draw(1, 0)

    def test_a_chance_is_how_often_it_is_sold(self):
        sale = Prospect("p1", 0.3, GOLD)
        sold = [sale.is_sold(f"1/{number}") for number in range(1000)]
        assert sum(sold) / 1000 == pytest.approx(0.3, abs=0.04)
        better = replace(sale, chance=0.6)
        assert all(better.is_sold(f"1/{n}") for n in range(1000) if sold[n])

    def test_a_metric_is_promised_only_where_something_is_done_for_it(self):
        past = [Past(600, work=HOUR, cover=GOLD), Past(600, work=HOUR, on_site=True)]
        checks = demand([past[0]] * 52).draw(1, 0).checks
        assert {c.metric for c in checks} == {"first_response", "resolution"}
        gold_there = replace(past[1], cover=GOLD, questions=(60,))
        checks = demand([gold_there] * 52).draw(1, 0).checks
        assert {c.metric for c in checks} == {
            "first_response",
            "on_site",
            "resolution",
            "update",
        }


class TestForecast:
    def test_with_enough_people_all_is_kept_but_what_takes_longer_by_itself(self):
        forecast = Forecast(demand(history(800)), 1, 3)
        outcome = forecast.with_hands([(-3 * WEEK, ENOUGH)])
        assert outcome.kept == forecast.possible
        short = [replace(p, work=min(p.work, HOUR)) for p in history(800)]
        forecast = Forecast(demand(short), 1, 3)
        outcome = forecast.with_hands([(-3 * WEEK, ENOUGH)])
        assert outcome.kept == forecast.promised
        assert outcome.credit == 0

    def test_enough_people_in_the_hours_of_the_promise_are_enough(self):
        short = [replace(p, work=min(p.work, HOUR)) for p in history(800)]
        forecast = Forecast(demand(short), 1, 2)
        office = times(count(shifts(8)), 1000)
        assert forecast.with_hands(office).kept == forecast.promised

    def test_nobody_there_keeps_nothing_and_pays_up_to_the_cap(self):
        cover = replace(GOLD, credit=Decimal(10), cap=Decimal(25), period=4 * WEEK)
        forecast = Forecast(demand(history(800, cover)), 1, 2)
        outcome = forecast.with_hands([])
        assert not any(outcome.kept.values())
        # What falls due after the eighth week is due in the third period.
        assert outcome.credit in (Decimal(50), Decimal(75), Decimal("62.5"))

    def test_what_fails_is_told_by_the_hour_in_which_it_came(self):
        late = [Past(5 * 1440 + 20 * 60, cover=SHARP, work=60)] * 52
        good = [Past(600, cover=SHARP, work=60)] * 52
        forecast = Forecast(demand(late + good), 1, 2)
        outcome = forecast.with_hands(count(shifts(8)))
        kept = Counter({hour.hour: n for hour, n in outcome.kept_by_hour.items()})
        assert kept[5 * 24 + 20] == 0
        assert kept[10] == forecast.promised_by_hour["first_response", 10]

    def test_a_share_has_a_spread_and_certainty_has_none(self):
        forecast = Forecast(demand(history(2500)), 1, 5)
        tight = forecast.with_hands(count(shifts(8) * 3))
        loose = forecast.with_hands([(-3 * WEEK, ENOUGH)])
        key = Key("gold", 0, "first_response")
        assert 0 < tight.spread[key] < 0.3
        assert loose.spread[key] == 0

    @pytest.mark.parametrize(("degrees", "known"), [(4, 2.776), (19, 2.093)])
    def test_few_draws_say_less(self, degrees, known):
        assert _student(degrees) == pytest.approx(known, rel=0.02)

    @property_test
    @given(
        st.integers(0, 10**6),
        st.integers(1, 4),
        st.lists(st.tuples(st.integers(-100, 1500), st.integers(1, 60)), max_size=8),
    )
    def test_more_people_never_make_any_figure_worse(self, seed, people, more):
        forecast = Forecast(demand(history(1500, seed=seed), weeks=3), seed, 2)
        few = times(count(shifts(3)), people)
        extra = count((start * HOUR, (start + n) * HOUR) for start, n in more)
        before, after = map(forecast.with_hands, (few, together(few, extra)))
        assert all(after.kept[key] >= n for key, n in before.kept.items())
        assert all(after.kept_by_hour[k] >= n for k, n in before.kept_by_hour.items())
        assert after.credit <= before.credit
        for aim in (0.5, 0.95):
            assert forecast.meets(few, aim) <= forecast.meets(together(few, extra), aim)

    def test_an_aim_is_met_when_each_promise_is_kept_as_often(self):
        forecast = Forecast(demand(history(1500)), 1, 3)
        hands = count(shifts(8) * 2)
        outcome = forecast.with_hands(hands)
        shares = [
            outcome.kept[key] / number
            for key, number in forecast.promised.items()
            if forecast.possible[key] >= 0.9 * number
        ]
        worst = min(shares)
        assert forecast.meets(hands, worst)
        assert not forecast.meets(hands, worst + 0.001)

    def test_progress_is_told_draw_by_draw(self):
        told = []
        Forecast(demand(history(10)), 1, 3, told.append).with_hands([], told.append)
        assert told == [1, 2, 3, 1, 2, 3]

    def test_a_year_of_five_thousand_tickets_is_worked_through_in_a_second(self):
        past = history(5000, hours=2.5)
        started = time.process_time()
        forecast = Forecast(demand(past, weeks=52), 1, 2)
        forecast.with_hands(times(count(shifts(52)), 8))
        # Of a processor's time; it takes about a quarter of that.
        assert time.process_time() - started < 2


class TestFewest:
    @property_test
    @given(st.lists(st.integers(0, 12), min_size=1, max_size=8))
    def test_every_smallest_choice_is_found(self, needed):
        needed.sort(reverse=True)

        def enough(first, second):
            return second < len(needed) and first >= needed[min(second, 7)]

        found = fewest(enough, 7)
        every = [(a, b) for a in range(8) for b in range(8) if enough(a, b)]
        smallest = [
            (a, b)
            for a, b in every
            if not any(x <= a and y <= b and (x, y) != (a, b) for x, y in every)
        ]
        assert found == sorted(smallest, key=lambda pair: pair[1])

    def test_it_asks_little(self):
        asked = []
        found = fewest(lambda a, b: not asked.append((a, b)) and a + b >= 4, 30)
        assert found == [(4, 0), (3, 1), (2, 2), (1, 3), (0, 4)]
        assert len(asked) < 20

    def test_nothing_is_found_where_the_most_is_not_enough(self):
        assert fewest(lambda _first, _second: False, 3) == []
