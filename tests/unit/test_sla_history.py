"""Clocks derived from histories, and what the trace of one tells."""

from dataclasses import replace
from datetime import datetime, timedelta, timezone
from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from tools.sla_clock import Fact, Target, in_minutes, read, trace
from tools.sla_history import (
    ROLES,
    Happening,
    Line,
    derive,
    get_due_at,
    read_at,
    renumber,
)
from tools.working_time import WorkingTime

OFFICE = WorkingTime({day: [(9 * 60, 17 * 60)] for day in range(5)}, "UTC")
HOUR = timedelta(hours=1)
KINDS = sorted({kind for roles in ROLES.values() for kind in roles} - {"opened"})


def at(day, hour, minute=0):
    return datetime(2026, 3, day, hour, minute, tzinfo=timezone.utc)


def get_lines(source, priority):
    """A source is the hours it promises; urgent is a quarter of them."""
    hours = source / 4 if priority == "3" else source
    if not hours:
        return {}
    target = Target(hours * HOUR, OFFICE)
    return {metric: Line(metric, target, (source, priority)) for metric in ROLES}


def live(*happenings):
    """:return: dict of the clocks of a ticket opened Monday 10:00, by metric, number"""
    opening = Happening(at(9, 10), "opened", "0", 8)
    clocks = derive([opening, *happenings], get_lines)
    return {(clock.metric, clock.number): clock for clock in clocks}


class TestTerms:
    def test_nothing_is_derived_before_the_opening(self):
        assert derive([Happening(at(9, 10), "answered")], get_lines) == []

    def test_a_priority_counts_from_the_start(self):  # PRI-01
        clock = live(Happening(at(9, 13), "priority", "3"))["resolution", 1]
        assert clock.reading.deadline == at(9, 12)
        assert clock.reading.state == "missed"
        assert clock.is_excused(clock.as_of)

    def test_lowering_undoes_no_breach(self):
        clock = live(
            Happening(at(9, 13), "priority", "3"), Happening(at(9, 14), "priority", "0")
        )["resolution", 1]
        assert clock.is_excused(clock.as_of)
        assert clock.reading.deadline == at(9, 12)

    def test_what_was_kept_stays_kept(self):  # PRI-05
        clock = live(
            Happening(at(9, 11), "answered"), Happening(at(9, 15), "priority", "3")
        )["first_response", 1]
        assert clock.reading.state == "met"
        assert not clock.late_by_change

    def test_what_is_promised_no_longer_is_dropped_unless_it_is_decided(self):
        clocks = live(
            Happening(at(9, 11), "answered"), Happening(at(9, 12), "agreement", None, 0)
        )
        assert list(clocks) == [("first_response", 1)]

    def test_promised_later_it_counts_from_the_opening(self):
        opening = Happening(at(9, 10), "opened", "0")
        late = Happening(at(9, 12), "agreement", None, 4)
        clock = derive([opening, late], get_lines)[0]
        assert clock.reading.deadline == at(9, 14)
        assert clock.as_of == at(9, 12)


class TestLateByChange:
    """Nobody was promised in time what is late as soon as it is promised."""

    @pytest.mark.parametrize(
        "change",
        [
            Happening(at(9, 15), "priority", "3"),
            Happening(at(9, 15), "agreement", None, 2),
        ],
    )
    def test_excused_until_it_is_late_by_what_was_promised_before(self, change):
        clock = live(change)["resolution", 1]
        assert (clock.reading.state, clock.late_by_change) == ("missed", True)
        assert clock.excused_until == at(10, 10)
        assert clock.is_excused(at(10, 10))
        assert not clock.is_excused(at(10, 10, 1))

    @pytest.mark.parametrize(
        ("solved", "excused"), [(at(10, 10), True), (at(10, 11), False)]
    )
    def test_done_it_is_settled(self, solved, excused):
        change = Happening(at(9, 15), "priority", "3")
        clock = live(change, Happening(solved, "solved"))["resolution", 1]
        assert clock.is_excused(at(20, 10)) == excused

    def test_promised_for_the_first_time_when_it_was_late_already(self):
        opening = Happening(at(9, 10), "opened", "0")
        late = Happening(at(9, 15), "agreement", None, 4)
        clock = derive([opening, late], get_lines)[0]
        assert clock.reading.state == "missed"
        assert clock.is_excused(at(20, 10))


class TestReopened:
    @pytest.mark.parametrize("closing", ["solved", "cancelled", "merged"])
    @pytest.mark.parametrize("metric", ["first_response", "on_site", "resolution"])
    def test_it_goes_on_with_what_was_left(self, metric, closing):  # REO-01
        closed = Happening(at(9, 15), closing)
        clock = live(closed, Happening(at(11, 11), "reopened"))[metric, 1]
        assert (clock.reading.state, clock.reading.deadline) == ("running", at(11, 14))

    def test_so_does_a_question_that_was_cancelled(self):
        clocks = live(
            Happening(at(9, 11), "asked"),
            Happening(at(9, 15), "cancelled"),
            Happening(at(11, 11), "reopened"),
            Happening(at(11, 12), "answered"),
        )
        clock = clocks["update", 1]
        assert (clock.reading.state, clock.reading.deadline) == ("met", at(11, 15))

    def test_so_does_a_question_that_was_solved_and_not_answered(self):
        history = [Happening(at(9, 11), "asked"), Happening(at(9, 15), "solved")]
        clock = live(*history)["update", 1]
        assert (clock.reading.state, clock.stopped_at) == ("met", at(9, 15))
        history += [Happening(at(11, 11), "reopened"), Happening(at(11, 11), "asked")]
        clocks = live(*history)
        clock = clocks["update", 1]
        assert (clock.reading.state, clock.reading.deadline) == ("running", at(11, 15))
        assert ("update", 2) not in clocks
        clocks = live(*history, Happening(at(11, 12), "answered"))
        assert clocks["update", 1].reading.state == "met"

    def test_a_question_answered_while_it_was_closed_is_owed_nothing(self):
        clock = live(
            Happening(at(9, 11), "asked"),
            Happening(at(9, 12), "solved"),
            Happening(at(9, 13), "answered"),
            Happening(at(11, 11), "reopened"),
        )["update", 1]
        assert (clock.reading.state, clock.stopped_at) == ("met", at(9, 12))

    @pytest.mark.parametrize("closing", ["solved", "cancelled"])
    def test_the_next_question_after_a_missed_one_is_another_round(self, closing):
        clocks = live(
            Happening(at(9, 11), "asked"),
            Happening(at(10, 12), closing),
            Happening(at(11, 11), "reopened"),
            Happening(at(11, 12), "asked"),
        )
        states = [clocks["update", n].reading.state for n in (1, 2)]
        assert states == ["missed", "running"]
        assert clocks["update", 2].started_at == at(11, 12)

    def test_a_missed_question_of_an_open_ticket_stays_the_first_unanswered(self):
        clocks = live(
            Happening(at(9, 11), "asked"),
            Happening(at(10, 12), "reopened"),
            Happening(at(10, 12), "asked"),
        )
        assert ("update", 2) not in clocks

    def test_cancelled_at_last_it_is_cancelled(self):
        clock = live(
            Happening(at(9, 12), "cancelled"),
            Happening(at(9, 13), "reopened"),
            Happening(at(9, 14), "cancelled"),
        )["resolution", 1]
        assert clock.reading.state == "cancelled"

    def test_missed_before_it_was_cancelled_it_stays_missed(self):
        clock = live(
            Happening(at(10, 12), "cancelled"), Happening(at(10, 13), "reopened")
        )["resolution", 1]
        assert (clock.reading.state, clock.reading.deadline) == ("missed", at(10, 10))

    def test_who_was_answered_is_not_owed_an_answer_again(self):
        clock = live(
            Happening(at(9, 11), "answered"),
            Happening(at(9, 12), "solved"),
            Happening(at(9, 13), "reopened"),
        )["first_response", 1]
        assert (clock.reading.state, clock.stopped_at) == ("met", at(9, 11))

    def test_a_priority_of_a_solved_ticket_counts_once_it_is_reopened(self):
        history = [
            Happening(at(9, 11), "solved"),
            Happening(at(9, 12), "priority", "3"),
        ]
        clock = live(*history)["resolution", 1]
        assert (clock.reading.state, clock.line.label) == ("met", (8, "0"))
        clock = live(*history, Happening(at(9, 15), "reopened"))["resolution", 1]
        assert (clock.reading.state, clock.reading.deadline) == ("running", at(9, 16))


def test_a_round_keeps_its_number():
    second = [Happening(at(9, 12), "asked"), Happening(at(9, 13), "answered")]
    first = [Happening(at(9, 10, 30), "asked"), Happening(at(9, 11), "answered")]
    known = {("update", 1): (at(9, 10, 30), at(9, 13))}
    rounds = renumber(live(*first, *second).values(), known)
    numbers = {c.started_at: c.number for c in rounds if c.metric == "update"}
    assert numbers == {at(9, 12): 1, at(9, 10, 30): 2}


def test_a_round_that_ends_earlier_keeps_its_number():
    clocks = live(Happening(at(9, 11), "asked"), Happening(at(9, 12), "answered"))
    known = {("update", 3): (at(9, 11), at(9, 14))}
    rounds = renumber(clocks.values(), known)
    assert [c.number for c in rounds if c.metric == "update"] == [3]


@pytest.mark.parametrize(
    ("now", "promised", "due"),
    [(at(9, 11), 4, at(9, 14)), (at(9, 11), 16, at(11, 10))],
)
def test_when_another_line_would_be_due(now, promised, due):
    line = get_lines(promised, "0")["resolution"]
    opening = Happening(at(9, 10), "opened", "0", 8)
    assert get_due_at(line, [opening], now) == due


happenings = st.lists(
    st.builds(
        Happening,
        st.integers(0, 5 * 24 * 4).map(lambda n: at(9, 10) + n * timedelta(minutes=15)),
        st.sampled_from([*KINDS, "priority", "agreement"]),
        st.sampled_from([None, None, "0", "3"]),
        st.sampled_from([None, None, None, 0, 4, 8]),
    ),
    max_size=12,
)


@given(happenings, st.randoms(use_true_random=False))
def test_written_down_in_any_order_it_is_the_same(history, chance):
    """Facts of different instants; of equal ones the order is what happened."""
    unique = list({happening.at: happening for happening in history}.values())
    shuffled = chance.sample(unique, len(unique))
    assert live(*shuffled) == live(*unique)


@given(happenings)
def test_at_most_the_last_round_of_updates_is_open(history):
    rounds = [c for key, c in sorted(live(*history).items()) if key[0] == "update"]
    assert all(clock.stopped_at for clock in rounds[:-1])
    starts = [clock.started_at for clock in rounds]
    assert starts == sorted(starts)


@given(happenings)
def test_every_question_is_in_a_round(history):
    """Whatever closes and reopens the ticket, a customer who writes is owed an answer,
    by a round that is open then."""
    promised = [replace(h, source=None) for h in history if h.kind != "merged"]
    history = list({happening.at: happening for happening in promised}.values())
    rounds = [c for key, c in live(*history).items() if key[0] == "update"]
    is_closed = False
    for happening in sorted(history, key=lambda happening: happening.at):
        if happening.kind in ("solved", "cancelled", "reopened"):
            is_closed = happening.kind != "reopened"
        elif happening.kind == "asked" and happening.at > at(9, 10) and not is_closed:
            assert any(
                c.started_at <= happening.at
                and (not c.stopped_at or c.stopped_at > happening.at)
                for c in rounds
            )


@given(happenings, st.integers(0, 300), st.integers(0, 300))
def test_reading_is_independent_of_when_it_is_read(history, hours, more):
    """Reading in between changes nothing: the later reading is of the facts alone."""
    for clock in live(*history).values():
        early = clock.as_of + hours * HOUR
        late = early + more * HOUR
        first = read_at(clock, late)
        read_at(clock, early)
        assert read_at(clock, late) == first


clock_facts = st.lists(
    st.builds(
        Fact,
        st.integers(1, 400).map(lambda n: at(9, 10) + n * timedelta(minutes=15)),
        st.sampled_from(("pause", "resume", "stop", "reopen", "cancel")),
    ),
    max_size=10,
)


@example([Fact(at(9, 10, 15), "stop"), Fact(at(13, 13), "reopen")], 99, 1)
@given(clock_facts, st.integers(0, 200), st.integers(0, 40))
def test_the_steps_of_a_trace_add_up_to_the_reading(history, hours, promised):
    facts = [Fact(at(9, 10), "start"), *history]
    target, now = Target(promised * HOUR, OFFICE), at(9, 10) + hours * HOUR
    steps, reading = trace(target, facts, now), read(target, facts, now)
    late = sum((step.late for step in steps), timedelta())
    assert late == reading.late
    assert sum((step.used for step in steps), late) == reading.used
    for step, following in pairwise(steps):
        assert step.end == following.start
        assert step.phase != following.phase
    if steps:
        assert (steps[0].start, steps[-1].end) == (at(9, 10), now)
        assert steps[-1].remaining == reading.remaining
        assert steps[-1].deadline == reading.deadline


@given(clock_facts, st.integers(0, 400), st.integers(1, 40))
def test_whole_minutes_add_up_too(facts, hours, minutes):
    """From an odd second on, so that every stretch ends within a minute."""
    start = at(9, 10) + timedelta(seconds=20)
    facts = [Fact(start, "start"), *(f for f in facts if f.at > start)]
    target = Target(minutes * 20 * timedelta(minutes=1), OFFICE)
    steps = in_minutes(trace(target, facts, start + hours * HOUR))
    used = timedelta(0)
    for step in steps:
        used += step.used
        assert not used % timedelta(minutes=1)
        assert timedelta(0) <= step.used
        if step.remaining >= timedelta(minutes=1):
            assert used + step.remaining == target.duration


def test_a_trace_tells_a_pause():  # SLA-04
    facts = [
        Fact(at(6, 15), "start"),
        Fact(at(6, 16), "pause"),
        Fact(at(9, 10), "resume"),
    ]
    steps = trace(Target(4 * HOUR, OFFICE), facts, at(9, 11))
    assert [(step.phase, step.used) for step in steps] == [
        ("counted", HOUR),
        ("waiting", timedelta()),
        ("counted", HOUR),
    ]
    assert steps[-1].deadline == at(9, 13)
