"""What ending early costs."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tools.billing_period import Period, Recurrence
from tools.charges import Charge, Terms, Waiver, unbilled
from tools.settlement import clawback, price, termination_fee

START = date(2026, 1, 1)
YEAR = Period(START, date(2027, 1, 1))


def monthly(net=Decimal(149), **values):
    terms = Terms(Decimal(net), Recurrence(START, "month"))
    return Charge("charge", START, values.pop("end", None), terms, **values)


def left_after(last_day):
    return Period(last_day + timedelta(1), YEAR.end)


class TestPrice:
    def test_whole_months_cost_the_price_of_an_invoice(self):
        assert price(monthly(), left_after(date(2026, 7, 31))) == Decimal(745)

    def test_parts_are_prorated(self):
        """PRO-06: 21 of March's 31 days, and April."""
        days = Period(date(2026, 3, 11), date(2026, 5, 1))
        assert price(monthly(), days) == Decimal("249.94")

    def test_what_is_billed_already_costs_the_same(self):
        billed = monthly(settled=date(2026, 9, 1))
        days = left_after(date(2026, 7, 31))
        assert price(billed, days) == price(monthly(), days)

    def test_only_days_on_which_it_is_served(self):
        charge = monthly(end=date(2026, 9, 1))
        assert price(charge, left_after(date(2026, 7, 31))) == Decimal(149)
        assert price(charge, left_after(date(2026, 9, 30))) == 0

    def test_a_one_off_charge_is_no_part_of_a_term(self):
        setup = Charge("setup", START, None, Terms(Decimal(150), None))
        assert price(setup, YEAR) == 0

    @pytest.mark.parametrize("end", [date(2026, 4, 1), None])
    def test_suspended_days_cost_nothing_unless_asked(self, end):
        pause = Waiver(date(2026, 3, 1), end, stops=True)
        days = Period(date(2026, 2, 1), date(2026, 5, 1))
        charge = monthly(waivers=[pause])
        assert price(charge, days) == (Decimal(298) if end else Decimal(149))
        assert price(charge, days, waived=True) == Decimal(447)


class TestTerminationFee:
    @pytest.mark.parametrize(("percent", "fee"), [("80", "596.00"), ("50", "372.50")])
    def test_lif_12(self, percent, fee):
        left = left_after(date(2026, 7, 31))
        assert termination_fee([monthly()], left, Decimal(percent)) == Decimal(fee)

    def test_of_all_charges_rounded_once(self):
        charges = [monthly("10.01"), monthly("10.01"), monthly("10.01")]
        left = left_after(date(2026, 11, 30))
        assert termination_fee(charges, left, Decimal(50)) == Decimal("15.02")

    def test_to_the_step_of_the_currency(self):
        left = left_after(date(2026, 11, 30))
        fee = termination_fee([monthly("99.99")], left, Decimal(50), Decimal("0.05"))
        assert fee == Decimal("50.00")

    def test_no_term_no_fee(self):
        assert termination_fee([monthly()], None, Decimal(80)) == 0

    def test_below_nothing_is_refused(self):
        with pytest.raises(ValueError, match="not a percentage"):
            termination_fee([monthly()], YEAR, Decimal(-1))

    @given(st.dates(START, date(2026, 12, 31)), st.integers(0, 100))
    def test_never_more_than_what_is_left_and_falling(self, last_day, percent):
        left = left_after(last_day)
        fee = termination_fee([monthly()], left, Decimal(percent))
        assert 0 <= fee <= price(monthly(), left)
        later = left_after(min(last_day + timedelta(1), date(2026, 12, 31)))
        assert termination_fee([monthly()], later, Decimal(percent)) <= fee


class TestClawback:
    def test_what_was_taken_off_the_days_served(self):
        """Ten per cent off 149.00 are 14.90 a month."""
        served = Period(START, date(2026, 8, 1))
        given_back = clawback([(monthly("134.10"), Decimal(10))], served)
        assert given_back == Decimal("104.30")

    def test_nothing_without_discount_or_when_not_early(self):
        assert clawback([(monthly(), Decimal(0))], YEAR) == 0
        assert clawback([(monthly(), Decimal(10))], None) == 0

    def test_a_price_lower_by_all_of_it_gives_nothing_back(self):
        assert clawback([(monthly(0), Decimal(100))], YEAR) == 0

    def test_suspended_days_were_not_served(self):
        pause = Waiver(date(2026, 3, 1), date(2026, 4, 1), stops=True)
        served = Period(START, date(2026, 8, 1))
        charge = monthly("134.10", waivers=[pause])
        assert clawback([(charge, Decimal(10))], served) == Decimal("89.40")

    @given(
        st.integers(1, 99),
        st.dates(START, date(2026, 12, 31)),
        st.decimals("0.01", 10_000, places=2),
    )
    def test_with_it_the_days_served_cost_the_full_price(self, percent, last, full):
        served = Period(START, last + timedelta(1))
        charge = monthly(full * (100 - percent) / 100)
        paid = price(charge, served)
        given_back = clawback([(charge, Decimal(percent))], served)
        assert abs(given_back - paid * percent / (100 - percent)) <= Decimal("0.005")


@given(st.dates(START, date(2026, 12, 30)))
def test_served_and_left_make_the_whole_term(last_day):
    served = Period(START, last_day + timedelta(1))
    whole = sum(piece.amount for piece in unbilled(monthly(end=YEAR.end)))
    both = price(monthly(), served) + price(monthly(), left_after(last_day))
    assert abs(both - whole) <= Decimal("0.01")
