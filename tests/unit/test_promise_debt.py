"""What is owed, and whether there are hands for it."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import combinations_with_replacement
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tools.billing_period import Recurrence
from tools.ledger import Ledger, Lot, LotKey, Terms
from tools.promise_debt import (
    Account,
    Call,
    Capacity,
    Load,
    Past,
    account,
    fit,
    get_capacity,
    hours_by_month,
)

property_test = settings(derandomize=True, deadline=None, max_examples=200)

ZERO = Decimal(0)
START = date(2026, 1, 5)
LAST = date(2026, 12, 31)
MONTHS = [date(2026, month, 1) for month in range(1, 7)]

quantities = st.decimals(0, 8, places=2)
days = st.integers(0, 300).map(lambda number: START + timedelta(number))
works = st.lists(st.tuples(days, quantities), max_size=12)


@st.composite
def sales(draw):
    """What was agreed and bought, and on which day of the year it ends, if it does."""
    terms = Terms(
        draw(quantities),
        Recurrence(date(2026, 1, 31), "month", draw(st.sampled_from([1, 3]))),
        rollover_cap=draw(quantities),
        rollover_months=draw(st.integers(0, 3)),
        overrun=draw(st.booleans()),
    )
    bought = [
        Lot(LotKey(1, "bought", number), first, draw(st.none() | st.just(LAST)), units)
        for number, (first, units) in enumerate(draw(works)[:3])
    ]
    bought = [
        replace(lot, expiry=lot.end, adjusted=draw(st.sampled_from([ZERO, Decimal(1)])))
        for lot in bought
    ]
    return terms, bought, draw(st.none() | days)


def build(sale):
    """:return: ledgers of an agreement, and of the one that replaced it if it ended"""
    terms, bought, last_day = sale
    stop = last_day and last_day + timedelta(days=1)
    known = [lot.renew() for lot in bought]
    spans = [(START, stop)] if not stop or stop > START else []
    first = Ledger(
        1, terms, spans, until=LAST, known=known, last_day=last_day, first_day=START
    )
    if not last_day:
        return [first]
    heir = Ledger(
        2, terms, [(stop, None)], until=LAST, replaced=[first], first_day=stop
    )
    return [first, heir]


def work_off(ledgers, done):
    """:return: all that was taken"""
    used = ZERO
    for day, units in sorted(done):
        for ledger in ledgers:
            taken = sum((part for _key, part in ledger.take(day, units)), ZERO)
            used, units = used + taken, units - taken
    return used


class TestAccount:
    @property_test
    @given(sales(), works, days)
    def test_sold_is_used_or_forfeited_or_owed(self, sale, done, today):
        ledgers = build(sale)
        used = work_off(ledgers, done)
        for ledger in reversed(ledgers):
            ledger.advance(today)
        found = account(lot for ledger in ledgers for lot in ledger.lots)
        assert found.sold == found.used + found.forfeited + found.owed
        assert found.used == used

    @property_test
    @given(sales(), works, days)
    def test_also_as_it_is_put_on_record(self, sale, done, today):
        ledgers = build(sale)
        used = work_off(ledgers, done)
        for ledger in reversed(ledgers):
            ledger.advance(today)
        lots = [lot for ledger in ledgers for lot in ledger.lots]
        found = account(lot.as_of(today) for lot in lots if lot.is_on_record(today))
        assert found.sold == found.used + found.forfeited + found.owed
        assert found.used == used

    def test_what_is_carried_over_was_sold_once(self):
        terms = Terms(
            Decimal(4), Recurrence(MONTHS[0], "month"), rollover_cap=Decimal(2)
        )
        ledger = Ledger(1, terms, [(MONTHS[0], None)], until=MONTHS[2])
        list(ledger.take(date(2026, 1, 10), Decimal(1)))
        ledger.advance(MONTHS[1])
        assert account(ledger.lots) == Account(8, 1, 1, 6)

    def test_of_nothing(self):
        assert account([]) == Account(0, 0, 0, 0)


def loads(*hours):
    """:param hours: pairs of hours of visits and capacity, by month"""
    return [
        Load(month, Decimal(visits), None if capacity is None else Decimal(capacity))
        for month, (visits, capacity) in zip(MONTHS, hours, strict=False)
    ]


def call(first, last, hours):
    return Call(MONTHS[first], MONTHS[last], Decimal(hours))


class TestFit:
    def test_enough_hands(self):
        [month] = fit(loads((30, 80)), [call(0, 0, 40)])
        assert (month.owed, month.free, month.missing) == (70, 10, 0)
        assert (month.share, month.level) == (Decimal("0.875"), "fits")

    def test_visits_alone_are_too_many(self):
        [month] = fit(loads((90, 80)), [])
        assert (month.free, month.level) == (-10, "over")

    def test_hours_of_that_month_only_cannot_be_worked_before(self):
        first, second = fit(loads((0, 80), (0, 80)), [call(1, 1, 100)])
        assert (first.level, second.level) == ("fits", "short")
        assert (second.free, second.missing) == (-20, 20)

    def test_hours_that_can_be_called_before_fit_in_before(self):
        first, second = fit(loads((0, 80), (0, 80)), [call(0, 1, 100)])
        assert (first.level, second.level) == ("fits", "early")
        assert (first.owed, second.missing) == (0, 0)

    def test_what_expires_first_is_worked_first(self):
        found = fit(loads((10, 10), (0, 10), (0, 10)), [call(0, 2, 10), call(1, 1, 10)])
        assert [month.missing for month in found] == [0, 0, 0]

    def test_taken_in_advance_of_the_next_period(self):
        [month] = fit(loads((0, 10)), [call(0, 0, 4), call(0, 0, -2)])
        assert (month.owed, month.free) == (2, 8)

    def test_due_later_than_all_months_loads_none(self):
        [month] = fit(loads((0, 10)), [Call(MONTHS[0], date.max, Decimal(99))])
        assert (month.owed, month.level) == (0, "fits")

    def test_without_anybody(self):
        [month] = fit(loads((3, None)), [call(0, 0, 1)])
        assert (month.owed, month.level) == (4, "unknown")
        assert (month.free, month.share) == (None, None)
        [month] = fit(loads((3, 0)), [])
        assert (month.share, month.level) == (None, "over")

    hours = st.integers(0, 5)

    @property_test
    @given(
        st.lists(st.tuples(hours, hours), min_size=4, max_size=4),
        st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3), hours), max_size=8),
    )
    def test_something_is_missing_only_where_no_plan_would_do(self, months, wishes):
        """By Hall: in some stretch more may only be worked than there is time for."""
        months = loads(*((min(pair), max(pair)) for pair in months))
        calls = [call(min(a, b), max(a, b), hours) for a, b, hours in wishes]
        stretches = combinations_with_replacement(MONTHS[:4], 2)
        impossible = any(
            sum(hours for a, b, hours in calls if first <= a and b <= last)
            > sum(m.capacity - m.visits for m in months if first <= m.month <= last)
            for first, last in stretches
        )
        assert any(month.missing for month in fit(months, calls)) == impossible

    @property_test
    @given(
        st.lists(st.tuples(hours, hours), min_size=4, max_size=4),
        st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3), hours), max_size=8),
        st.integers(0, 3),
    )
    def test_one_more_technician_never_makes_it_worse(self, months, wishes, lucky):
        calls = [call(min(a, b), max(a, b), hours) for a, b, hours in wishes]
        before = loads(*months)
        after = list(before)
        after[lucky] = replace(after[lucky], capacity=after[lucky].capacity + 3)
        missing = [sum(m.missing for m in fit(each, calls)) for each in (before, after)]
        assert missing[1] <= missing[0]

    @property_test
    @given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3), hours), max_size=8))
    def test_all_that_is_due_is_owed_in_some_month(self, wishes):
        calls = [call(min(a, b), max(a, b), hours) for a, b, hours in wishes]
        found = fit(loads(*[(1, 10)] * 4), calls)
        assert sum(month.owed for month in found) == 4 + sum(c.hours for c in calls)


class TestCapacity:
    def test_less_what_the_past_took(self):
        past = Past(Decimal(1000), tickets=Decimal(200), other=Decimal(500))
        found = get_capacity(Decimal(160), past)
        assert found == Capacity(160, 32, 80, 48)

    def test_who_logs_more_than_he_works_has_no_time_left(self):
        past = Past(Decimal(100), tickets=Decimal(60), other=Decimal(60))
        assert get_capacity(Decimal(160), past) == Capacity(160, 80, 80, 0)

    def test_without_a_past_all_of_it(self):
        assert get_capacity(Decimal(160), Past()) == Capacity(160, 0, 0, 160)

    @property_test
    @given(quantities, quantities, quantities, quantities)
    def test_adds_up(self, working, past, tickets, other):
        found = get_capacity(working, Past(past, tickets, other))
        assert found.left == pytest.approx(
            found.working - found.tickets - found.other, abs=Decimal("1e-9")
        )
        assert found.left >= Decimal("-1e-9")

    def test_hours_are_of_the_month_on_their_own_clock(self):
        zone = ZoneInfo("Pacific/Auckland")
        start = datetime(2026, 12, 1, 9, tzinfo=zone)
        evening = datetime(2026, 11, 30, 20, tzinfo=zone)
        hours = hours_by_month(
            [
                (start, start + timedelta(hours=8)),
                (evening, evening + timedelta(minutes=90)),
            ]
        )
        assert hours == {date(2026, 12, 1): 8, date(2026, 11, 1): Decimal("1.5")}
