"""What an owner steers by: periods, shares, and what revenue churned (SEMANTICS §7)."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tools.recurring_revenue import movement_kind
from tools.steering import KINDS, RevenueFlow, get_period, get_share

DAYS = st.dates(date(2000, 2, 1), date(2099, 12, 31))
REVENUE = st.one_of(st.just(Decimal(0)), st.decimals(0, 9999, places=2))
# Of each customer what he paid at one time after the other; before the period so many.
HISTORIES = st.lists(
    st.tuples(st.lists(REVENUE, max_size=5), st.lists(REVENUE, max_size=5)),
    max_size=12,
)


@pytest.mark.parametrize(
    ("name", "today", "first"),
    [
        ("month", "2026-11-23", "2026-11-01"),
        ("quarter", "2026-11-23", "2026-10-01"),
        ("quarter", "2026-03-31", "2026-01-01"),
        ("year", "2026-11-23", "2026-01-01"),
        ("last_12", "2026-11-23", "2025-12-01"),
        ("last_12", "2026-12-01", "2026-01-01"),
        ("last_12", "2024-02-29", "2023-03-01"),
    ],
)
def test_a_period_ends_today(name, today, first):
    today, first = date.fromisoformat(today), date.fromisoformat(first)
    assert get_period(name, today) == (first, today)


def test_an_unknown_period_is_refused():
    with pytest.raises(ValueError, match="unknown period"):
        get_period("week", date(2026, 11, 23))


@given(DAYS)
def test_the_longer_period_begins_no_later(today):
    firsts = [get_period(name, today)[0] for name in ("month", "quarter", "year")]
    assert firsts == sorted(firsts, reverse=True)
    assert all(first.day == 1 and first <= today for first in firsts)
    months = get_period("last_12", today)[0]
    assert (today.year - months.year) * 12 + today.month - months.month == 11


def test_a_share_of_nothing_is_nothing():
    assert get_share(3, 4) == 0.75
    assert get_share(3, 0) == 0


def test_churn_gross_and_net():
    flow = RevenueFlow(1000, 300, expansion=50, contraction=-20, churn=-80)
    assert flow.closing == 1250
    assert flow.gross_churn == 0.1
    assert flow.net_churn == 0.05


def test_those_who_stay_may_buy_more_than_was_lost():
    assert RevenueFlow(1000, expansion=150, churn=-50).net_churn == -0.1


def test_who_begins_in_the_period_churns_nothing_of_what_was_before():
    assert RevenueFlow(0, new=100).gross_churn == 0


def flow_of(histories):
    """Book each customer's revenue as movements, as the addon does."""
    booked = dict.fromkeys(KINDS, Decimal(0))
    opening = Decimal(0)
    for before, during in histories:
        paid, had = Decimal(0), False
        for revenue in before:
            paid, had = revenue, had or bool(revenue)
        opening += paid
        for revenue in during:
            if revenue != paid:
                booked[movement_kind(paid, revenue, had)] += revenue - paid
            paid, had = revenue, had or bool(revenue)
    return RevenueFlow(opening, **booked)


@given(HISTORIES)
def test_movements_add_up_to_the_change_of_revenue(histories):
    flow = flow_of(histories)
    paid = sum(((before + during) or [Decimal(0)])[-1] for before, during in histories)
    assert flow.closing == paid
    assert flow.contraction <= 0 >= flow.churn
    assert min(flow.new, flow.expansion, flow.reactivation) >= 0


@given(HISTORIES)
def test_net_churn_is_gross_churn_less_what_old_customers_pay_more(histories):
    flow = flow_of(histories)
    assert flow.gross_churn >= 0
    more = get_share(flow.expansion + flow.reactivation, flow.opening)
    assert abs(flow.net_churn - (flow.gross_churn - more)) < Decimal("1e-9")
