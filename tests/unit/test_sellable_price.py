"""Prices on quotations: never below what they are made of, and always one of a kind."""

import importlib.util
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

ROOT = Path(__file__).resolve().parents[2]
FILE = ROOT / "service_agreement_sale" / "tools" / "sellable_price.py"
# By its file: its addon is another one than that of the other tools.
_spec = importlib.util.spec_from_file_location("sellable_price", FILE)
sellable = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(sellable)

AMOUNTS = st.decimals(0, 10**6, places=6)
STEPS = st.sampled_from([Decimal(step) for step in ("0.05", "1", "5", "10", "100")])


@given(AMOUNTS, STEPS, st.data())
def test_it_is_the_lowest_price_that_is_not_below(amount, step, data):
    less = data.draw(st.decimals(0, step, places=2).filter(lambda x: x < step))
    price = sellable.round_up(amount, step, less)
    if not amount:
        assert price == 0
        return
    assert amount <= price < amount + step
    assert (price + less) % step == 0


@given(AMOUNTS, STEPS)
def test_rounded_twice_is_rounded_once(amount, step):
    once = sellable.round_up(amount, step)
    assert sellable.round_up(once, step) == once


@given(AMOUNTS)
def test_without_a_step_it_stays(amount):
    assert sellable.round_up(amount, Decimal(0)) == amount


@given(st.decimals(0, 10**6, places=2), st.decimals(0, 100, places=2))
def test_twelve_months_are_the_share_of_a_year(amount, percent):
    yearly = sellable.monthly_share(amount, percent) * 12
    assert abs(yearly - amount * percent / 100) < Decimal("0.000001")


@pytest.mark.parametrize("less", ["10", "11", "-1"])
def test_what_is_taken_off_is_less_than_a_step(less):
    with pytest.raises(ValueError, match=less):
        sellable.round_up(Decimal(5), Decimal(10), Decimal(less))
