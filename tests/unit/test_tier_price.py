from datetime import date
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tools.tier_price import (
    BANDS,
    Blocks,
    break_even,
    curve,
    get_band,
    get_steps,
    per_hour,
    price_for,
    share_paying,
    to_sellable,
)

property_test = settings(derandomize=True, deadline=None, max_examples=200)

CENT = Decimal("0.01")
money = st.decimals(0, 100_000, places=2)
prices = st.lists(money, min_size=1, max_size=50)
percents = st.integers(1, 100)
margins = st.integers(0, 99).map(Decimal)


def test_what_the_price_has_to_bring_in_is_the_cost_less_what_is_billed():
    assert break_even(Decimal(1840), Decimal(300), Decimal(12)) == Decimal("128.34")


def test_who_is_billed_more_than_he_costs_needs_no_price():
    assert break_even(Decimal(300), Decimal(1840), Decimal(12)) == 0


def test_a_margin_is_of_what_comes_in():
    assert break_even(Decimal(600), Decimal(0), Decimal(12), Decimal(50)) == 100


def test_a_currency_without_cents_has_whole_prices():
    price = break_even(Decimal(1000), Decimal(0), Decimal(3), cent=Decimal(1))
    assert price == 334


@pytest.mark.parametrize(("months", "margin"), [(0, 0), (-1, 0), (12, 100), (12, -1)])
def test_no_price_leaves_all_of_it(months, margin):
    with pytest.raises(ValueError):
        break_even(Decimal(1), Decimal(0), Decimal(months), Decimal(margin))


@given(cost=money, billed=money, months=st.integers(1, 60), margin=margins)
@property_test
def test_at_the_price_the_margin_is_left_and_a_cent_less_leaves_less(
    cost, billed, months, margin
):
    price = break_even(cost, billed, Decimal(months), margin)

    def leaves_it(price):
        revenue = Fraction(price) * months + Fraction(billed)
        return (revenue - Fraction(cost)) >= revenue * Fraction(margin) / 100

    assert leaves_it(price)
    assert not price or not leaves_it(price - CENT)


@given(prices=prices, percent=percents)
@property_test
def test_at_the_price_for_so_many_so_many_pay_and_a_cent_less_is_not_enough(
    prices, percent
):
    price = price_for(prices, percent)
    assert share_paying(prices, price) * 100 >= percent
    assert share_paying(prices, price - CENT) * 100 < percent


@given(prices=prices)
@property_test
def test_the_more_are_to_pay_the_higher_the_price(prices):
    found = [price_for(prices, percent) for percent in (50, 80, 95, 100)]
    assert found == sorted(found)
    assert found[-1] == max(prices)


@pytest.mark.parametrize("percent", [0, -5, 101])
def test_a_percentage_that_is_none(percent):
    with pytest.raises(ValueError):
        price_for([Decimal(1)], percent)


def test_nobody_has_no_price_and_no_share():
    with pytest.raises(ValueError):
        price_for([], 50)
    assert share_paying([], Decimal(5)) == 0
    assert curve([], get_steps(Decimal(0))) == [(0, 0)]


@given(prices=prices)
@property_test
def test_the_curve_rises_to_all_in_even_steps(prices):
    points = curve(prices, get_steps(max(prices)))
    shares = [share for _price, share in points]
    assert shares == sorted(shares)
    assert shares[-1] == 1
    assert len(points) <= 41
    steps = {b - a for (a, _s), (b, _t) in pairwise(points)}
    assert len(steps) <= 1
    assert all(share_paying(prices, Decimal(price)) == s for price, s in points)


@pytest.mark.parametrize(
    ("price", "sellable"),
    [
        ("0", 0),
        ("7.20", 8),
        ("10", 19),
        ("19", 19),
        ("19.01", 29),
        ("128.34", 129),
        ("149", 149),
        ("149.50", 159),
        ("1001", 1090),
        ("1340", 1390),
        ("12345", 12900),
    ],
)
def test_a_price_for_the_catalogue(price, sellable):
    assert to_sellable(Decimal(price)) == sellable


@given(a=money, b=money)
@property_test
def test_a_price_for_the_catalogue_is_never_lower_and_keeps_the_order(a, b):
    assert to_sellable(a) >= a
    assert to_sellable(to_sellable(a)) == to_sellable(a)
    if a <= b:
        assert to_sellable(a) <= to_sellable(b)


@given(size=st.integers(-1, 100))
@property_test
def test_every_size_is_in_one_band(size):
    band = get_band(size, 10, 30)
    assert BANDS.index(band) == (size > 0) + (size >= 10) + (size >= 30)


def test_an_hour_nobody_worked_brings_in_nothing():
    assert per_hour(Decimal(100), Decimal(0)) == 0
    assert per_hour(Decimal(100), Decimal(4)) == 25


def take(blocks, day, units):
    return [(key[1], got) for key, got in blocks.take(day, Decimal(units))]


def test_a_block_is_bought_when_the_last_one_is_used_up():
    blocks = Blocks("villa", Decimal(10))
    assert take(blocks, date(2026, 1, 5), 4) == [(1, 4)]
    assert blocks.left(date(2026, 1, 5)) == 6
    assert take(blocks, date(2026, 2, 5), 8) == [(1, 6), (2, 2)]
    assert blocks.bought == [date(2026, 1, 5), date(2026, 2, 5)]


def test_a_block_is_over_after_its_months():
    blocks = Blocks("villa", Decimal(10), validity=6)
    take(blocks, date(2026, 1, 5), 4)
    assert blocks.left(date(2026, 7, 4)) == 6
    assert blocks.left(date(2026, 7, 5)) == 0
    assert take(blocks, date(2026, 7, 5), 1) == [(2, 1)]


@given(works=st.lists(st.decimals("0.01", 40, places=2), max_size=30))
@property_test
def test_blocks_are_bought_as_needed_and_no_more(works):
    blocks = Blocks("villa", Decimal(10))
    taken = [got for n in works for _key, got in blocks.take(date(2026, 1, 1), n)]
    assert sum(taken) == sum(works)
    assert len(blocks.bought) == -(-Fraction(sum(works)) // 10)
