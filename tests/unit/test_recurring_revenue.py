"""Recurring revenue in a month, and what its changes are called (SEMANTICS §7)."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tools.recurring_revenue import (
    booked_change,
    movement_kind,
    movement_kinds,
    periods_per_month,
)

REVENUE = st.one_of(st.just(Decimal(0)), st.decimals(0, 99999, places=2))


@pytest.mark.parametrize(
    ("unit", "interval", "price", "expected"),
    [
        ("year", 1, "1609.20", "134.10"),
        ("month", 3, "300", "100"),
        ("month", 6, "600", "100"),
        ("week", 1, "12", "52"),
        ("year", 2, "2400", "100"),
    ],
)
def test_rev_04_prices_normalised_to_a_month(unit, interval, price, expected):
    per_month = Fraction(price) * periods_per_month(unit, interval)
    assert per_month == Fraction(expected)


@pytest.mark.parametrize(
    ("before", "after", "had_revenue", "kind"),
    [
        (0, 100, False, "new"),
        (0, 100, True, "reactivation"),
        (100, 150, True, "expansion"),
        (150, 100, True, "contraction"),
        (100, 0, True, "churn"),
    ],
)
def test_kinds(before, after, had_revenue, kind):
    assert movement_kind(before, after, had_revenue) == kind


def test_negative_revenue_is_refused():
    with pytest.raises(ValueError, match="negative"):
        movement_kind(100, -1, True)


def test_the_end_of_one_of_two_agreements_is_no_churn():
    assert movement_kinds(150, True, [(-100, "a")]) == ["contraction"]
    assert movement_kinds(150, True, [(-100, "a"), (-50, "b")]) == ["churn"] * 2


def test_two_agreements_of_a_new_customer_are_both_new():
    assert movement_kinds(0, False, [(100, "a"), (50, "b")]) == ["new", "new"]


def test_independent_changes_of_one_day_keep_their_own_kind():
    kinds = movement_kinds(150, True, [(30, "a"), (-20, "b")])
    assert kinds == ["expansion", "contraction"]


@pytest.mark.parametrize(
    ("new_price", "kind"),
    [(290, "expansion"), (149, "expansion"), (89, "contraction")],
)
def test_a_replacement_is_judged_by_the_difference(new_price, kind):
    kinds = movement_kinds(149, True, [(-149, "silver"), (new_price, "silver")])
    assert kinds == [kind, kind]


@given(st.lists(REVENUE, min_size=1, max_size=30))
def test_any_history_adds_up_and_tells_one_story(figures):
    last, had, total = Decimal(0), False, Decimal(0)
    story = []
    for figure in figures:
        if figure != last:
            story.append(kind := movement_kind(last, figure, had))
            total += figure - last
            # Won only by who had nothing, lost only by who has nothing left.
            assert (kind in ("new", "reactivation")) == (last == 0)
            assert (kind == "churn") == (figure == 0)
            assert (kind in ("contraction", "churn")) == (figure < last)
            had = True
        last = figure
    assert total == figures[-1]
    assert story.count("new") == bool(story)
    if story:
        assert story[0] == "new"
        lost = [kind for kind in story if kind == "churn"]
        back = [kind for kind in story if kind == "reactivation"]
        assert len(lost) - len(back) in (0, 1)


@given(st.dictionaries(st.sampled_from("abcd"), st.tuples(REVENUE, REVENUE)))
def test_the_kinds_of_one_customer_never_contradict_each_other(agreements):
    before = sum(old for old, _new in agreements.values())
    after = sum(new for _old, new in agreements.values())
    changes = [(new - old, a) for a, (old, new) in agreements.items() if new != old]
    kinds = set(movement_kinds(before, before > 0, changes))
    if changes and not before:
        assert kinds == {"new"}
    elif changes and not after:
        assert kinds == {"churn"}
    else:
        assert kinds <= {"expansion", "contraction"}


def test_what_is_lost_leaves_at_the_rate_it_came_in_with():
    assert booked_change(100, 60, Decimal(80)) == Decimal(-32)
    assert booked_change(60, 0, Decimal("48.01")) == Decimal("-48.01")
    with pytest.raises(ValueError, match="fall"):
        booked_change(60, 60, 48)


@given(
    st.lists(st.decimals("0.01", 9999, places=2), unique=True, min_size=1, max_size=9),
    st.decimals("0.1", 10, places=4),
)
def test_booked_revenue_never_falls_below_nothing(figures, rate):
    before, *rest = sorted(figures, reverse=True)
    booked = round(before * rate, 2)
    for after in [*rest, Decimal(0)]:
        booked += round(booked_change(before, after, booked), 2)
        assert booked >= 0
        before = after
    assert booked == 0
