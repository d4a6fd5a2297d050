"""How billed work stands on an invoice."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tools.work_charge import as_printed, latest_day

CENT = Decimal("0.01")
MONEY = st.decimals(0, 100_000, places=2)


def printed(quantity, price, amount):
    values = (Decimal(str(value)) for value in (quantity, price, amount))
    return as_printed(*values, CENT, CENT)


def test_hours_at_their_price():
    assert printed("1.5", 120, 180) == (Decimal("1.5"), 120)


def test_five_minutes_are_no_hundredths_of_an_hour():
    assert printed("0.0833", 120, "10.00") == (1, Decimal("10.00"))


@given(st.decimals(0, 1000, places=4), MONEY, MONEY)
def test_what_is_printed_multiplies_to_the_amount(quantity, price, amount):
    shown, unit = as_printed(quantity, price, amount, CENT, CENT)
    assert abs(shown * unit - amount) <= CENT / 2


@pytest.mark.parametrize(
    ("day", "months", "expected"),
    [
        ("2026-03-03", 0, "2026-04-01"),
        ("2026-03-31", 0, "2026-04-01"),
        ("2026-12-01", 0, "2027-01-01"),
        ("2026-01-16", 3, "2026-05-01"),
        ("2026-11-30", 13, "2028-01-01"),
    ],
)
def test_the_first_of_the_month_after_so_many(day, months, expected):
    found = latest_day(date.fromisoformat(day), months)
    assert found == date.fromisoformat(expected)


@given(st.dates(date(2000, 1, 1), date(2100, 1, 1)), st.integers(0, 120))
def test_it_is_a_later_day(day, months):
    assert latest_day(day, months) > day
