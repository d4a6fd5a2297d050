from datetime import date, timedelta
from decimal import Decimal
from itertools import permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tools.rates import Price, Rate, RateBook, Terms

property_test = settings(derandomize=True, deadline=None, max_examples=100)

DAY = date(2026, 3, 6)


def rate(number, price, **values):
    return Rate(number, values.pop("kind", "hour"), Decimal(price), **values)


def find(rates, terms=None, day=DAY, **asked):
    return RateBook(rates, terms).find(day, **asked)


def test_the_list_is_what_who_has_nothing_agreed_pays():
    price = find([rate(1, 150, after_hours=Decimal(240))], after_hours=True)
    assert (price.price, price.list_price, price.found) == (240, 240, True)


def test_after_hours_cost_the_same_where_nothing_is_said():
    assert find([rate(1, 150)], after_hours=True).price == 150


def test_what_was_agreed_goes_before_a_discount_and_the_list():
    rates = [rate(1, 150), rate(2, 120, owner=7)]
    agreed = find(rates, {7: Terms(Decimal(10))}, coverage=7)
    assert (agreed.price, agreed.list_price) == (120, 150)


def test_a_discount_is_taken_off_the_list_of_the_day():
    rates = [rate(1, 150), rate(2, 160, start=date(2026, 7, 1))]
    terms = {7: Terms(Decimal(15))}
    assert find(rates, terms, coverage=7).price == Decimal("127.5")
    later = find(rates, terms, day=date(2026, 7, 1), coverage=7)
    assert (later.price, later.list_price) == (136, 160)


def test_a_rate_of_another_kind_does_not_price_a_trip():
    assert find([rate(1, 150)], kind="trip") == Price()
    assert find([rate(1, 95, kind="trip")], kind="trip").price == 95


def test_an_agreed_rate_without_a_list_leaves_the_list_price_open():
    price = find([rate(1, 120, owner=7)], coverage=7)
    assert (price.price, price.found) == (120, True)
    assert (price.list_price, price.list_found) == (0, False)


def test_work_type_and_role_then_work_type_then_role_then_any():
    rates = [
        rate(4, 150),
        rate(3, 160, job=1),
        rate(2, 170, work_type=1),
        rate(1, 180, work_type=1, job=1),
    ]
    asked = [{"work_type": 1, "job": 1}, {"work_type": 1}, {"job": 1}, {}]
    for order in permutations(rates):
        prices = [find(order, **each).price for each in asked]
        assert prices == [180, 170, 160, 150]


def test_a_rate_ends_after_its_last_day():
    rates = [rate(1, 150), rate(2, 100, work_type=1, end=DAY)]
    assert find(rates, work_type=1).price == 100
    assert find(rates, day=DAY + timedelta(days=1), work_type=1).price == 150


def test_prices_are_in_the_currency_of_what_was_agreed():
    book = RateBook(
        [rate(1, 150), rate(2, 120, owner=7)],
        {7: Terms(currency="EUR"), 8: Terms(Decimal(10), "EUR")},
        lambda amount, currency, _day: amount / 2 if currency == "EUR" else amount,
    )
    assert book.find(DAY, coverage=7) == Price(
        Decimal(120), Decimal(75), found=True, list_found=True, worth=Decimal(150)
    )
    assert book.find(DAY, coverage=8).price == Decimal("67.5")


@pytest.mark.parametrize("values", [{"minimum": Decimal(-1)}, {"kind": "mile"}])
def test_nonsense_is_refused(values):
    with pytest.raises(ValueError):
        rate(1, 150, **values)
    with pytest.raises(ValueError):
        find([], kind="mile")


ids = st.none() | st.integers(1, 2)
days = st.none() | st.dates(date(2026, 1, 1), date(2026, 12, 31))
rows = st.lists(
    st.builds(
        rate,
        st.integers(1, 99),
        st.integers(0, 500),
        work_type=ids,
        job=ids,
        start=days,
    ),
    unique_by=lambda row: row.id,
)


@property_test
@given(rows, days.filter(bool), ids, ids, st.integers(0, 500))
def test_a_rate_of_a_later_day_moves_no_price_before(held, day, work_type, job, price):
    later = rate(100, price, start=day)
    eve = day - timedelta(days=1)
    asked = {"day": eve, "work_type": work_type, "job": job}
    assert find(held, **asked) == find([*held, later], **asked)


@property_test
@given(rows, days.filter(bool), ids, ids)
def test_the_order_of_the_rows_does_not_matter(held, day, work_type, job):
    asked = {"day": day, "work_type": work_type, "job": job}
    assert find(held, **asked) == find(held[::-1], **asked)
