"""From events to outages and tickets (SEMANTICS §8), by examples and by properties."""

from datetime import date, datetime, timedelta, timezone

from hypothesis import given, settings
from hypothesis import strategies as st
from monitoring_tools.alerts import (
    GATEWAY_GRACE,
    Event,
    Rules,
    Served,
    Span,
    cut_out,
    find_served,
    get_down_time,
    get_read_from,
    join,
    list_spans,
    list_steps,
    read,
)
from monitoring_tools.uptime import get_uptime, list_months

property_test = settings(derandomize=True, deadline=None, max_examples=300)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
START = datetime(2026, 3, 6, 10, tzinfo=timezone.utc)
LONG_AGO = START - timedelta(days=999)
RULES = Rules(minimum=2 * MINUTE, reopen=24 * HOUR)
FLAPPING = Rules(
    minimum=2 * MINUTE, reopen=24 * HOUR, flap_count=3, flap_within=30 * MINUTE
)
BEHIND = Rules(minimum=timedelta(0), reopen=24 * HOUR, behind_gateway=True)


def at(minutes):
    return START + minutes * MINUTE


def told(*signs):
    """:param signs: minutes of firings; below 0 (and ``-0.0``): of recoveries"""
    return [Event(at(abs(sign)), str(sign)[0] != "-") for sign in signs]


class Desk:
    """Keeps what an alert has got, as the model does: one ticket a number."""

    def __init__(self, rules):
        self.rules = rules
        self.events, self.served, self.healed_until = [], [], None
        self.open, self.log, self.read_from = {}, [], LONG_AGO

    def take(self, events, now, gateway=()):
        self.events += events
        known = [event for event in self.events if event.at >= self.read_from]
        served = [each for each in self.served if each.start >= self.read_from]
        reading = read(known, self.rules, now, gateway, [s.start for s in served])
        for step in list_steps(reading, served, self.healed_until, now):
            self.do(step)
        seen_until = get_read_from(reading.outages, self.rules, now)
        self.read_from = seen_until or self.read_from
        return reading

    def do(self, step):
        ticket = step.ticket
        if ticket is None:
            ticket = len(self.open)
            self.open[ticket] = True
            self.log.append(("new", ticket))
        elif step.news and not self.open[ticket] and not step.heals:
            self.open[ticket] = True
            self.log.append(("again", ticket))
        self.served += [Served(outage.start, ticket) for outage in step.news]
        if step.heals:
            if self.open[ticket]:
                self.open[ticket] = False
                self.log.append(("healed", ticket))
            self.healed_until = step.case.closed_at


class TestOutages:
    def test_five_times_is_one(self):
        assert list_spans(told(0, 1, 2, 3, 4)) == [Span(at(0), None)]

    def test_a_recovery_without_a_firing_is_nothing(self):
        assert list_spans(told(-5)) == []
        assert read(told(-5), RULES, at(9)).state == "recovered"

    def test_in_any_order(self):
        expected = [Span(at(0), at(3)), Span(at(5), None)]
        assert list_spans(told(5, -3, 0, 1)) == expected

    def test_at_one_instant_it_has_recovered(self):
        assert (
            list_spans(told(1, -1)) == list_spans(told(-1, 1)) == [Span(at(1), at(1))]
        )

    def test_what_is_told_of_later_is_not_there_yet(self):
        assert read(told(0, -9), RULES, at(5)).state == "open"


class TestMinimum:
    def test_shorter_is_no_ticket(self):
        reading = read(told(0, -1.99), RULES, at(60))
        assert (reading.cases, reading.state) == ((), "recovered")

    def test_as_long_is_one(self):
        assert len(read(told(0, -2), RULES, at(2)).cases) == 1

    def test_it_waits_and_says_until_when(self):
        reading = read(told(0), RULES, at(1))
        assert (reading.state, reading.look_at) == ("pending", at(2))
        assert read(told(0), RULES, at(2)).state == "open"

    def test_none_is_at_once(self):
        assert read(told(0), Rules(timedelta(0), HOUR), at(0)).state == "open"


class TestReopening:
    def log(self, again):
        desk = Desk(RULES)
        desk.take(told(0), at(2))
        desk.take(told(-10), at(10))
        desk.take(told(again), at(again + 2))
        return desk.log

    def test_within_the_hours_the_same_ticket(self):
        expected = [("new", 0), ("healed", 0), ("again", 0)]
        assert self.log(10 + 24 * 60) == expected

    def test_later_a_new_one(self):
        assert self.log(11 + 24 * 60) == [("new", 0), ("healed", 0), ("new", 1)]

    def test_what_is_too_short_reopens_nothing(self):
        desk = Desk(RULES)
        desk.take(told(0, -10, 60, -61), at(90))
        assert desk.log == [("new", 0), ("healed", 0)]

    def test_opened_again_by_a_person_it_is_not_closed_twice(self):
        desk = Desk(RULES)
        desk.take(told(0, -10), at(10))
        desk.open[0] = True
        desk.take(told(-12), at(12))
        assert desk.open[0]

    def test_solved_by_a_person_while_it_lasts_it_stays_solved(self):
        desk = Desk(RULES)
        desk.take(told(0), at(2))
        desk.open[0] = False
        desk.take(told(3, 4), at(5))
        assert desk.log == [("new", 0)]
        desk.take(told(-6, 7), at(9))
        assert desk.log == [("new", 0), ("again", 0)]

    def test_learnt_too_late_that_it_was_short_the_ticket_is_healed(self):
        desk = Desk(RULES)
        desk.take(told(0), at(5))
        desk.take(told(-1), at(6))
        assert desk.log == [("new", 0), ("healed", 0)]


class TestFlapping:
    SIGNS = (0, -3, 5, -8, 10, -13)

    def test_one_ticket_stays_open_until_it_was_quiet(self):
        desk = Desk(FLAPPING)
        for number, sign in enumerate(self.SIGNS):
            desk.take(told(sign), at(abs(sign) + 2 * (number % 2 == 0)))
        # Twice it came back, as any alert; the third time it flaps.
        assert [ticket for _what, ticket in desk.log] == [0] * len(desk.log)
        assert desk.open == {0: True}
        reading = desk.take([], at(20))
        assert (reading.state, reading.look_at) == ("flapping", at(30))
        assert desk.take([], at(42)).state == "flapping"
        assert desk.take([], at(43)).state == "recovered"
        assert desk.open == {0: False}

    def test_a_short_one_makes_it_wait_longer(self):
        reading = read(told(*self.SIGNS, 40, -41), FLAPPING, at(50))
        assert reading.cases[0].closed_at == at(71)

    def test_too_short_for_a_ticket_it_flaps_without(self):
        reading = read(told(0, -1, 2, -3, 4, -5), FLAPPING, at(6))
        assert (reading.state, reading.cases) == ("flapping", ())
        assert read(told(0, -1, 2, -3, 4, -5), FLAPPING, at(30)).state == "recovered"


class TestGateway:
    def test_some_seconds_before_it_there_is_no_ticket_of_its_own(self):
        gateway = [Span(at(0.2), None)]
        reading = read(told(0), BEHIND, at(60), gateway)
        assert (reading.state, reading.is_behind) == ("open", True)
        assert (reading.cases, reading.look_at) == ((), None)

    def test_where_the_gateway_answers_it_gets_one_after_a_moment(self):
        assert read(told(0), BEHIND, at(0.5)).state == "pending"
        assert read(told(0), BEHIND, START + GATEWAY_GRACE).state == "open"

    def test_still_down_after_the_gateway_it_gets_its_own(self):
        gateway = [Span(at(0.2), at(30))]
        reading = read(told(0), BEHIND, at(30.5), gateway)
        assert (reading.state, reading.look_at) == ("pending", at(31))
        (case,) = read(told(0), BEHIND, at(31), gateway).cases
        assert case.outages[0].due == at(31)

    def test_back_with_the_gateway_it_never_gets_one(self):
        gateway = [Span(at(0.2), at(30))]
        assert read(told(0, -30.5), BEHIND, at(60), gateway).cases == ()

    def test_what_had_a_ticket_before_keeps_it(self):
        reading = read(told(0), BEHIND, at(9), [Span(at(5), None)], [at(0)])
        assert (len(reading.cases), reading.is_behind) == (1, False)


class TestDownTime:
    def test_of_several_at_once_it_counts_once(self):
        spans = [Span(at(0), at(10)), Span(at(5), at(15)), Span(at(58), None)]
        assert get_down_time(spans, at(0), at(60)) == 17 * MINUTE
        assert get_down_time(spans, at(12), at(20)) == 3 * MINUTE


moments = st.integers(0, 40)
events = st.builds(Event, moments.map(lambda n: at(n / 2)), st.booleans())
batches = st.lists(st.lists(events, max_size=4), max_size=6)
spans = st.builds(
    lambda start, length: Span(at(start), None if length > 15 else at(start + length)),
    moments,
    st.integers(1, 18),
)
rules = st.builds(
    Rules,
    minimum=st.sampled_from([timedelta(0), MINUTE, 3 * MINUTE]),
    reopen=st.sampled_from([timedelta(0), 2 * MINUTE, HOUR]),
    flap_count=st.integers(0, 3),
    flap_within=st.sampled_from([timedelta(0), 2 * MINUTE, 5 * MINUTE]),
    behind_gateway=st.booleans(),
)
NOW = at(60)


class TestProperties:
    @property_test
    @given(batches, rules, st.lists(spans, max_size=3), st.randoms())
    def test_the_order_of_delivery_changes_nothing(self, parts, how, gateway, random):
        everything = [event for part in parts for event in part]
        shuffled = list(everything)
        random.shuffle(shuffled)
        expected = read(everything, how, NOW, gateway)
        assert read(shuffled, how, NOW, gateway) == expected
        assert read(everything + shuffled, how, NOW, gateway) == expected

    @property_test
    @given(batches, rules, st.lists(spans, max_size=3))
    def test_cut_into_batches_it_comes_out_the_same(self, parts, how, gateway):
        ordered = sorted(event for part in parts for event in part)
        whole, cut = Desk(how), Desk(how)
        expected = whole.take(ordered, NOW, gateway)
        for event in ordered:
            cut.take([event], NOW, gateway)
        assert cut.take([], NOW, gateway).state == expected.state
        assert sum(cut.open.values()) == sum(whole.open.values())

    @property_test
    @given(batches, rules)
    def test_never_two_open_tickets_and_replays_change_nothing(self, parts, how):
        desk = Desk(how)
        for number, part in enumerate(parts):
            now = at(8 * number)
            desk.take(part, now)
            assert sum(desk.open.values()) <= 1
            before = list(desk.log)
            desk.take(part, now)
            desk.take([], now)
            assert desk.log == before

    @property_test
    @given(batches, rules)
    def test_each_firing_is_in_exactly_one_outage(self, parts, how):
        everything = [event for part in parts for event in part]
        outages = read(everything, how, NOW).outages
        for event in everything:
            if event.firing:
                found = [o for o in outages if find_served(o, [Served(event.at, 1)])]
                assert len(found) == 1

    @property_test
    @given(batches, rules, st.lists(spans, max_size=3))
    def test_told_when_to_look_nothing_happens_before(self, parts, how, gateway):
        everything = [event for part in parts for event in part]
        now = at(10)
        known = [event for event in everything if event.at <= now]
        gateway = [span for span in gateway if span.end is None or span.end <= now]
        first = read(known, how, now, gateway)
        until = first.look_at or at(600)
        later = read(known, how, until - timedelta(seconds=1), gateway)
        assert (later.state, later.cases) == (first.state, first.cases)

    @property_test
    @given(batches, rules)
    def test_what_is_decided_need_not_be_read_again(self, parts, how):
        everything = [event for part in parts for event in part]
        desk, again = Desk(how), Desk(how)
        desk.take(everything, at(20))
        again.take(everything, at(20))
        again.read_from = LONG_AGO
        for now in (at(30), at(60), at(200)):
            assert desk.take([], now).state == again.take([], now).state
            again.read_from = LONG_AGO
        assert desk.log == again.log

    @property_test
    @given(spans, st.lists(spans, max_size=4))
    def test_what_is_cut_out_and_what_is_left_fill_the_span(self, span, others):
        first, end = at(0), at(100)
        parts = cut_out(span, others)
        left = get_down_time(parts, first, end)
        both = get_down_time([*parts, *others], first, end)
        assert left <= get_down_time([span], first, end)
        assert both == get_down_time([span, *others], first, end)
        assert join(parts) == [part for part in parts if part.start != part.end]


class TestUptime:
    def test_months_with_the_current_one_last(self):
        def begin(day):
            return datetime(day.year, day.month, day.day, tzinfo=timezone.utc)

        months = list_months(date(2026, 1, 15), 3, begin)
        assert [month.first.month for month in months] == [11, 12, 1]
        assert months[-1].end == begin(date(2026, 2, 1))

    def test_a_minute_is_not_nothing(self):
        spans = [Span(at(0), at(1))]
        month = timedelta(days=31)
        assert get_uptime([], START, START + month) == 100.0
        assert get_uptime(spans, START, START + month) == 99.99
        assert get_uptime(spans, START, START + MINUTE) == 0.0

    def test_of_no_time_nothing_is_said(self):
        assert get_uptime([], START, START) is None

    @property_test
    @given(st.lists(spans, max_size=4), st.lists(spans, max_size=2))
    def test_more_outages_are_never_more_uptime(self, some, more):
        before, after = (
            get_uptime(each, at(0), at(50)) for each in (some, [*some, *more])
        )
        assert 0 <= after <= before <= 100
