"""The SLA clock: SEMANTICS §4, and the fine print of `sla_clock`."""

from dataclasses import FrozenInstanceError, replace
from datetime import datetime, timedelta, timezone
from itertools import permutations
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tools.sla_clock import Fact, Target, read
from tools.working_time import WorkingTime

UTC = timezone.utc
ZERO = timedelta(0)
HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)
SECOND = timedelta(seconds=1)
NINE_TO_FIVE = {day: [(540, 1020)] for day in range(5)}
OFFICE = WorkingTime(NINE_TO_FIVE, "UTC")
ALWAYS = WorkingTime.always()
NEVER = WorkingTime({}, "UTC")

property_test = settings(derandomize=True, deadline=None, max_examples=100)


def march(day, hour=0, minute=0, second=0):
    """March 2026 in UTC; the 6th is a Friday, the 9th a Monday."""
    return datetime(2026, 3, day, hour, minute, second, tzinfo=UTC)


def facts(**instants):
    """Facts by kind; a kind that happens twice is written `pause_2`."""
    return [Fact(at, kind.partition("_")[0]) for kind, at in instants.items()]


FOUR_HOURS = Target(4 * HOUR, OFFICE)
EIGHT_HOURS = Target(8 * HOUR, OFFICE)


class TestRunning:
    def test_sla_01_counts_down_to_the_deadline(self):
        reading = read(FOUR_HOURS, facts(start=march(6, 15)), march(6, 16))
        assert reading.state == "running"
        assert reading.used == HOUR
        assert reading.remaining == 3 * HOUR
        assert reading.deadline == march(9, 11)
        assert reading.late == ZERO

    def test_sla_02_started_on_a_closed_day(self):
        reading = read(Target(HOUR, OFFICE), facts(start=march(7, 12)), march(7, 13))
        assert (reading.used, reading.deadline) == (ZERO, march(9, 10))

    def test_sla_20_each_target_by_its_own_calendar(self):
        start = facts(start=march(6, 15))
        urgent = read(Target(4 * HOUR, ALWAYS), start, march(6, 16))
        medium = read(Target(4 * HOUR, OFFICE), start, march(6, 16))
        assert (urgent.deadline, medium.deadline) == (march(6, 19), march(9, 11))

    def test_at_the_deadline_it_still_runs(self):
        reading = read(FOUR_HOURS, facts(start=march(6, 15)), march(9, 11))
        assert reading.state == "running"
        assert reading.remaining == ZERO
        late = read(FOUR_HOURS, facts(start=march(6, 15)), march(9, 11, 0, 1))
        assert late.state == "missed"

    def test_the_deadline_is_in_utc(self):
        start = datetime(2026, 3, 6, 15, tzinfo=ZoneInfo("Asia/Tokyo"))
        deadline = read(FOUR_HOURS, facts(start=start), march(6, 12)).deadline
        assert deadline.tzinfo is UTC

    def test_a_calendar_that_never_provides_the_time_never_misses(self):
        reading = read(Target(HOUR, NEVER), facts(start=march(6)), march(30))
        assert reading.state == "running"
        assert reading.deadline is None
        assert reading.remaining == HOUR

    def test_a_target_of_zero_is_due_at_its_start(self):
        zero = Target(ZERO, OFFICE)
        start = facts(start=march(9, 10))
        assert read(zero, start, march(9, 10)).deadline == march(9, 10)
        assert read(zero, start, march(9, 10)).state == "running"
        assert read(zero, start, march(9, 11)).late == HOUR


class TestPause:
    def test_a_pause_freezes_and_the_deadline_is_empty(self):
        happened = facts(start=march(6, 15), pause=march(6, 16))
        for now in (march(6, 16), march(9, 12), march(30)):
            reading = read(FOUR_HOURS, happened, now)
            assert reading.state == "paused"
            assert reading.used == HOUR
            assert reading.remaining == 3 * HOUR
            assert reading.deadline is None

    def test_sla_04_resumed_goes_on_with_what_was_left(self):
        happened = facts(start=march(6, 15), pause=march(6, 16), resume=march(9, 10))
        reading = read(FOUR_HOURS, happened, march(9, 12))
        assert reading.state == "running"
        assert reading.deadline == march(9, 13)
        assert reading.used == 3 * HOUR

    def test_sla_05_outside_of_the_hours_a_pause_moves_nothing(self):
        happened = facts(start=march(6, 15), pause=march(7, 10), resume=march(8, 10))
        assert read(FOUR_HOURS, happened, march(9, 9)).deadline == march(9, 11)

    def test_sla_08_created_in_a_waiting_state(self):
        happened = facts(pause=march(9, 10), start=march(9, 10))
        reading = read(FOUR_HOURS, happened, march(13))
        assert (reading.state, reading.used) == ("paused", ZERO)
        happened += facts(resume=march(10, 9))
        assert read(FOUR_HOURS, happened, march(13)).deadline == march(10, 13)

    def test_waiting_since_before_the_start(self):
        happened = facts(pause=march(9, 9), start=march(9, 10))
        assert read(FOUR_HOURS, happened, march(9, 12)).state == "paused"
        happened += facts(resume=march(9, 9, 30))
        assert read(FOUR_HOURS, happened, march(9, 12)).used == 2 * HOUR

    def test_waiting_set_twice_has_no_effect(self):
        happened = facts(
            start=march(9, 9),
            pause=march(9, 10),
            pause_2=march(9, 12),
            resume=march(9, 13),
        )
        reading = read(FOUR_HOURS, happened, march(9, 14))
        assert (reading.state, reading.used) == ("running", 2 * HOUR)

    def test_resume_without_pause_has_no_effect(self):
        happened = facts(start=march(9, 9), resume=march(9, 10), resume_2=march(9, 11))
        plain = read(FOUR_HOURS, facts(start=march(9, 9)), march(9, 12))
        assert read(FOUR_HOURS, happened, march(9, 12)) == plain

    def test_a_target_that_does_not_pause(self):
        target = replace(FOUR_HOURS, pausable=False)
        happened = facts(start=march(9, 9), pause=march(9, 10), resume=march(9, 15))
        for now in (march(9, 12), march(9, 16)):
            assert read(target, happened, now) == read(target, happened[:1], now)
        waiting = facts(start=march(9, 9), pause=march(9, 9))
        assert read(target, waiting, march(9, 12)).used == 3 * HOUR

    def test_at_the_deadline_it_can_still_be_paused(self):
        happened = facts(start=march(6, 9), pause=march(6, 17))
        reading = read(EIGHT_HOURS, happened, march(30))
        assert (reading.state, reading.remaining) == ("paused", ZERO)

    def test_with_nothing_left_it_is_due_at_the_instant_it_resumes(self):
        happened = facts(start=march(6, 9), pause=march(6, 17), resume=march(9, 10))
        at = read(EIGHT_HOURS, happened, march(9, 10))
        assert (at.state, at.deadline) == ("running", march(9, 10))
        after = read(EIGHT_HOURS, happened, march(9, 12))
        assert (after.state, after.late) == ("missed", 2 * HOUR)
        happened += facts(stop=march(9, 10))
        # At equal instants stop goes before resume: straight out of waiting.
        assert read(EIGHT_HOURS, happened, march(9, 12)).state == "met"


class TestMet:
    def test_sla_12_done_at_the_deadline(self):
        happened = facts(start=march(6, 15), stop=march(9, 11))
        reading = read(FOUR_HOURS, happened, march(30))
        assert reading.state == "met"
        assert reading.deadline == march(9, 11)
        assert (reading.used, reading.remaining) == (4 * HOUR, ZERO)

    def test_the_reading_stays_what_it_was_at_the_stop(self):
        happened = facts(
            start=march(9, 9),
            pause=march(9, 10),
            resume=march(9, 12),
            stop=march(9, 13),
        )
        reading = read(FOUR_HOURS, happened, march(9, 13))
        assert reading.state == "met"
        assert (reading.used, reading.remaining) == (2 * HOUR, 2 * HOUR)
        assert reading.deadline == march(9, 15)
        assert read(FOUR_HOURS, happened, march(30)) == reading

    def test_straight_out_of_a_long_wait_is_met(self):
        happened = facts(start=march(6, 15), pause=march(6, 16), stop=march(20, 12))
        reading = read(FOUR_HOURS, happened, march(30))
        assert (reading.state, reading.used) == ("met", HOUR)
        assert reading.deadline is None

    def test_nothing_but_reopening_changes_it(self):
        happened = facts(start=march(9, 9), stop=march(9, 10))
        met = read(FOUR_HOURS, happened, march(9, 10))
        for kind in ("start", "stop", "cancel", "pause", "resume"):
            more = [*happened, Fact(march(9, 11), kind)]
            assert read(FOUR_HOURS, more, march(30)) == met

    def test_at_one_instant_done_goes_before_cancelled(self):
        happened = facts(start=march(9, 9), cancel=march(9, 10), stop=march(9, 10))
        assert read(FOUR_HOURS, happened, march(30)).state == "met"


class TestMissed:
    def test_sla_13_lateness_is_service_time(self):
        reading = read(FOUR_HOURS, facts(start=march(9, 9)), march(10, 10))
        assert reading.state == "missed"
        assert reading.deadline == march(9, 13)
        assert reading.late == 5 * HOUR
        assert reading.used == 9 * HOUR
        assert reading.remaining == ZERO

    def test_sla_13_stays_missed_when_it_is_done(self):
        happened = facts(start=march(9, 9), stop=march(9, 14))
        for now in (march(9, 14), march(30)):
            reading = read(FOUR_HOURS, happened, now)
            assert (reading.state, reading.late) == ("missed", HOUR)
            assert reading.deadline == march(9, 13)

    def test_done_on_saturday_for_friday_at_closing_time(self):
        happened = facts(start=march(6, 9), stop=march(7, 12))
        reading = read(EIGHT_HOURS, happened, march(30))
        assert (reading.state, reading.late) == ("missed", ZERO)
        assert reading.deadline == march(6, 17)
        assert reading.used == 8 * HOUR

    def test_a_pause_on_saturday_for_friday_comes_too_late(self):
        happened = facts(start=march(6, 9), pause=march(7, 12), resume=march(9, 10))
        paused = read(EIGHT_HOURS, happened, march(7, 13))
        assert (paused.state, paused.deadline) == ("missed", march(6, 17))
        assert read(EIGHT_HOURS, happened, march(9, 12)).late == 2 * HOUR

    def test_a_pause_stops_the_lateness(self):
        happened = facts(
            start=march(9, 9),
            pause=march(9, 14),
            resume=march(9, 16),
            stop=march(10, 10),
        )
        paused = read(FOUR_HOURS, happened, march(9, 15))
        assert (paused.state, paused.late) == ("missed", HOUR)
        assert paused.deadline == march(9, 13)
        done = read(FOUR_HOURS, happened, march(30))
        assert (done.late, done.used) == (3 * HOUR, 7 * HOUR)
        assert done.deadline == march(9, 13)

    def test_a_pause_does_not_stop_a_target_that_does_not_pause(self):
        target = replace(FOUR_HOURS, pausable=False)
        happened = facts(start=march(9, 9), pause=march(9, 14))
        assert read(target, happened, march(9, 16)).late == 3 * HOUR

    def test_reopening_leaves_it_missed(self):
        happened = facts(start=march(9, 9), stop=march(9, 14), reopen=march(9, 15))
        done = read(FOUR_HOURS, happened[:2], march(9, 14))
        assert read(FOUR_HOURS, happened, march(30)) == done
        happened += facts(stop=march(16, 9), cancel=march(16, 10))
        assert read(FOUR_HOURS, happened, march(30)) == done

    def test_cancelling_leaves_it_missed_and_ends_the_lateness(self):
        happened = facts(start=march(9, 9), cancel=march(9, 14))
        reading = read(FOUR_HOURS, happened, march(30))
        assert (reading.state, reading.late) == ("missed", HOUR)
        assert reading.deadline == march(9, 13)

    def test_pri_01_a_shorter_target_counts_from_the_original_start(self):
        urgent = Target(2 * HOUR, OFFICE)
        reading = read(urgent, facts(start=march(9, 10)), march(9, 13))
        assert (reading.state, reading.deadline) == ("missed", march(9, 12))
        assert reading.late == HOUR

    def test_pri_03_a_longer_target_counts_from_the_original_start(self):
        happened = facts(start=march(9, 10), pause=march(9, 11), resume=march(9, 12))
        assert read(FOUR_HOURS, happened, march(9, 13)).deadline == march(9, 15)
        assert read(EIGHT_HOURS, happened, march(9, 13)).deadline == march(10, 11)

    def test_pri_05_what_was_answered_in_time_stays_met(self):
        happened = facts(start=march(9, 9), stop=march(9, 10))
        for hours in (1, 4, 8):
            reading = read(Target(hours * HOUR, OFFICE), happened, march(30))
            assert reading.state == "met"


class TestCancelled:
    def test_it_is_neither_met_nor_missed(self):
        happened = facts(start=march(9, 9), cancel=march(9, 10))
        reading = read(FOUR_HOURS, happened, march(30))
        assert reading.state == "cancelled"
        assert reading.deadline is None
        assert (reading.used, reading.remaining) == (HOUR, 3 * HOUR)
        assert reading.late == ZERO

    def test_at_the_deadline_it_can_still_be_cancelled(self):
        happened = facts(start=march(9, 9), cancel=march(9, 13))
        assert read(FOUR_HOURS, happened, march(30)).state == "cancelled"

    def test_while_paused(self):
        happened = facts(start=march(9, 9), pause=march(9, 10), cancel=march(20))
        reading = read(FOUR_HOURS, happened, march(30))
        assert (reading.state, reading.used) == ("cancelled", HOUR)

    def test_it_is_final(self):
        happened = facts(start=march(9, 9), cancel=march(9, 10))
        cancelled = read(FOUR_HOURS, happened, march(9, 10))
        for kind in ("start", "stop", "pause", "resume", "reopen"):
            more = [*happened, Fact(march(9, 11), kind)]
            assert read(FOUR_HOURS, more, march(30)) == cancelled


class TestReopened:
    def test_reo_01_resumes_with_what_was_left(self):
        happened = facts(start=march(9, 10), stop=march(9, 15), reopen=march(11, 11))
        reading = read(EIGHT_HOURS, happened, march(11, 12))
        assert reading.state == "running"
        assert reading.deadline == march(11, 14)
        assert (reading.used, reading.remaining) == (6 * HOUR, 2 * HOUR)

    def test_closed_again(self):
        happened = facts(
            start=march(9, 10),
            stop=march(9, 15),
            reopen=march(11, 11),
            stop_2=march(11, 13),
        )
        reading = read(EIGHT_HOURS, happened, march(30))
        assert (reading.state, reading.deadline) == ("met", march(11, 14))
        assert reading.used == 7 * HOUR

    def test_missed_after_reopening(self):
        happened = facts(start=march(9, 10), stop=march(9, 15), reopen=march(11, 11))
        reading = read(EIGHT_HOURS, happened, march(11, 16))
        assert (reading.state, reading.late) == ("missed", 2 * HOUR)
        assert reading.deadline == march(11, 14)

    def test_with_nothing_left_it_is_due_at_the_instant_it_reopens(self):
        happened = facts(start=march(6, 9), stop=march(6, 17), reopen=march(9, 10))
        assert read(EIGHT_HOURS, happened, march(9, 10)).deadline == march(9, 10)
        assert read(EIGHT_HOURS, happened, march(9, 10)).state == "running"
        assert read(EIGHT_HOURS, happened, march(9, 10, 1)).state == "missed"

    def test_reopened_and_cancelled(self):
        happened = facts(
            start=march(9, 10),
            stop=march(9, 15),
            reopen=march(11, 11),
            cancel=march(11, 12),
        )
        assert read(EIGHT_HOURS, happened, march(30)).state == "cancelled"

    def test_a_stop_ends_the_waiting(self):
        happened = facts(
            start=march(9, 9),
            pause=march(9, 10),
            stop=march(9, 12),
            reopen=march(10, 9),
        )
        reading = read(EIGHT_HOURS, happened, march(10, 10))
        assert (reading.state, reading.used) == ("running", 2 * HOUR)
        assert reading.deadline == march(10, 16)

    @pytest.mark.parametrize("pause", [march(9, 12), march(10, 9)])
    def test_reopened_into_waiting(self, pause):
        happened = facts(
            start=march(9, 9), stop=march(9, 11), pause=pause, reopen=march(10, 9)
        )
        reading = read(EIGHT_HOURS, happened, march(30))
        assert (reading.state, reading.used) == ("paused", 2 * HOUR)
        assert reading.deadline is None
        happened += facts(resume=march(11, 9))
        assert read(EIGHT_HOURS, happened, march(11, 9)).deadline == march(11, 15)

    def test_what_is_open_cannot_be_reopened(self):
        for happened in (
            facts(start=march(9, 9)),
            facts(start=march(9, 9), pause=march(9, 10)),
            facts(start=march(9, 9), cancel=march(9, 10)),
        ):
            more = [*happened, Fact(march(9, 11), "reopen")]
            now = march(9, 12)
            assert read(FOUR_HOURS, more, now) == read(FOUR_HOURS, happened, now)


class TestFacts:
    def test_they_are_sorted(self):
        happened = facts(
            start=march(9, 9),
            pause=march(9, 10),
            resume=march(9, 12),
            stop=march(9, 13),
        )
        expected = read(FOUR_HOURS, happened, march(30))
        for shuffled in permutations(happened):
            assert read(FOUR_HOURS, iter(shuffled), march(30)) == expected

    @pytest.mark.parametrize(
        ("kinds", "state"),
        [
            (["pause", "start"], "paused"),
            (["cancel", "stop", "start"], "met"),
            (["reopen", "stop", "start"], "running"),
            (["resume", "pause", "start"], "running"),
            (["pause", "cancel", "start"], "cancelled"),
            (["reopen", "pause", "stop", "start"], "paused"),
            (["reopen", "resume", "pause", "stop", "start"], "running"),
        ],
    )
    def test_the_order_at_equal_instants(self, kinds, state):
        for shuffled in permutations(kinds):
            happened = [Fact(march(9, 10), kind) for kind in shuffled]
            assert read(FOUR_HOURS, happened, march(9, 11)).state == state

    def test_those_after_now_are_ignored_and_at_now_are_not(self):
        happened = facts(start=march(9, 9), stop=march(9, 11))
        assert read(FOUR_HOURS, happened, march(9, 11) - SECOND).state == "running"
        assert read(FOUR_HOURS, happened, march(9, 11)).state == "met"

    def test_the_first_start_counts(self):
        happened = facts(start=march(9, 11), start_2=march(9, 9))
        assert read(FOUR_HOURS, happened, march(9, 12)).deadline == march(9, 13)

    @pytest.mark.parametrize(
        "happened",
        [[], facts(stop=march(9, 9)), facts(pause=march(9, 9), start=march(9, 13))],
    )
    def test_no_start_is_an_error(self, happened):
        with pytest.raises(ValueError, match="started"):
            read(FOUR_HOURS, happened, march(9, 12))

    def test_before_the_start_nothing_can_end(self):
        happened = facts(stop=march(9, 8), cancel=march(9, 8), start=march(9, 9))
        assert read(FOUR_HOURS, happened, march(9, 10)).state == "running"

    def test_they_may_come_in_any_zone(self):
        # In a repeated hour 02:50 comes before 02:10.
        paris = ZoneInfo("Europe/Paris")
        first = datetime(2026, 10, 25, 2, 50, tzinfo=paris)
        second = datetime(2026, 10, 25, 2, 10, tzinfo=paris, fold=1)
        target = Target(30 * MINUTE, ALWAYS)
        happened = [Fact(second, "stop"), Fact(first, "start")]
        reading = read(target, happened, second)
        assert (reading.state, reading.used) == ("met", 20 * MINUTE)
        assert read(target, happened, first).state == "running"

    def test_mistakes_are_refused(self):
        with pytest.raises(ValueError, match="naive"):
            Fact(march(9).replace(tzinfo=None), "start")
        with pytest.raises(ValueError, match="unknown kind"):
            Fact(march(9), "solved")
        with pytest.raises(ValueError, match="negative"):
            Target(-SECOND, OFFICE)
        with pytest.raises(ValueError, match="naive"):
            read(FOUR_HOURS, facts(start=march(9)), march(9).replace(tzinfo=None))

    def test_they_cannot_be_changed(self):
        for frozen in (
            Fact(march(9), "start"),
            FOUR_HOURS,
            read(FOUR_HOURS, facts(start=march(9)), march(9)),
        ):
            with pytest.raises(FrozenInstanceError):
                frozen.state = frozen.kind = frozen.pausable = None


# (state, kind of fact) -> next state, by the rules; anything else changes nothing.
TRANSITIONS = {
    ("new", "start"): "open",
    ("open", "stop"): "met",
    ("open", "cancel"): "cancelled",
    ("met", "reopen"): "open",
}
ORDER = ["start", "stop", "cancel", "pause", "resume", "reopen"]


def brute_force(target, happened, now, step):
    """State, used and late, by counting the service time of each step."""
    at = min(fact.at for fact in happened)
    used, late, state, waiting, missed = ZERO, ZERO, "new", False, False
    while True:
        here = [fact.kind for fact in happened if fact.at == at]
        for kind in sorted(here, key=ORDER.index):
            if not (missed and kind == "reopen"):
                state = TRANSITIONS.get((state, kind), state)
            if kind in ("pause", "resume", "stop"):
                waiting = kind == "pause" and target.pausable
        if at == now:
            break
        if state == "open" and not waiting:
            # Any time at all after the last step of it is too late, open or not.
            missed = missed or used == target.duration
            passed = step if target.calendar.is_open(at) else ZERO
            used, late = used + passed, late + passed * missed
        at += step
    if state == "open":
        state = "paused" if waiting else "running"
    return "missed" if missed else state, used, late


STEP = 30 * MINUTE
steps = st.integers(0, 24 * 8).map(lambda n: march(5) + n * STEP)
kinds = st.sampled_from(["stop", "cancel", "pause", "resume", "reopen", "start"])
likely = st.sampled_from(["pause", "resume", "stop", "reopen"])
histories = st.lists(st.builds(Fact, steps, likely | kinds), max_size=8)
targets = st.builds(
    Target,
    st.integers(1, 30).map(lambda n: n * STEP),
    st.sampled_from([OFFICE, ALWAYS]),
    st.sampled_from([True, True, False]),
)


@property_test
@given(targets, histories, steps, steps)
def test_like_counting_half_hours(target, history, start, now):
    history = [*history, Fact(start, "start")]
    if min(fact.at for fact in history if fact.kind == "start") > now:
        now = start
    reading = read(target, history, now)
    expected = brute_force(target, history, now, STEP)
    assert (reading.state, reading.used, reading.late) == expected


@property_test
@given(targets, histories, steps)
def test_what_every_reading_keeps(target, history, now):
    history = [*history, Fact(march(5), "start")]
    reading = read(target, history, now)
    assert reading.remaining >= ZERO
    assert reading.late >= ZERO
    assert reading.used + reading.remaining == target.duration + reading.late
    if reading.state == "missed":
        assert reading.remaining == ZERO
        assert reading.deadline < now
    else:
        assert reading.late == ZERO
    if reading.state == "running":
        assert reading.deadline >= now
        assert target.calendar.between(now, reading.deadline) == reading.remaining
    if reading.state in ("paused", "cancelled"):
        assert reading.deadline is None


@property_test
@given(targets, histories, histories, steps, steps)
def test_what_happens_later_changes_nothing(target, history, later, now, later_now):
    history = [*history, Fact(march(5), "start")]
    reading = read(target, history, now)
    more = [*history, *(fact for fact in later if fact.at > now)]
    assert read(target, more, now) == reading
    assert read(target, [*reversed(more)], now) == reading
    after = read(target, more, max(now, later_now))
    if reading.state == "missed":
        assert after.state == "missed"
        assert after.deadline == reading.deadline
        assert after.late >= reading.late
    if reading.state == "cancelled":
        assert after == reading


@property_test
@given(targets, histories, steps)
def test_a_pause_and_resume_at_one_instant_change_nothing(target, history, at):
    history = [f for f in history if f.kind not in ("pause", "resume", "cancel")]
    history = [*history, Fact(march(5), "start")]
    hiccup = [Fact(at, "pause"), Fact(at, "resume")]
    plain = read(target, history, march(9))
    assert read(target, [*history, *hiccup], march(9)) == plain
