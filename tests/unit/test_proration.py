"""Shares of an amount: SEMANTICS §2, and the fine print of `proration`."""

from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Context, Decimal, localcontext
from fractions import Fraction
from itertools import pairwise, permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tools.billing_period import Period, Recurrence
from tools.proration import prorate, share, split

DAY = timedelta(days=1)
METHODS = ["actual", "actual_30", "30_360", "none"]

property_test = settings(derandomize=True, deadline=None, max_examples=100)


def period(start, end):
    return Period(date.fromisoformat(start), date.fromisoformat(end))


def cut(whole, *days):
    """The parts of a period between its ends and some dates."""
    edges = [whole.start, *map(date.fromisoformat, days), whole.end]
    return [Period(*edge) for edge in pairwise(edges)]


def euros(*amounts):
    return [Decimal(amount) for amount in amounts]


JANUARY = period("2026-01-01", "2026-02-01")
FEBRUARY = period("2026-02-01", "2026-03-01")
MARCH = period("2026-03-01", "2026-04-01")
APRIL = period("2026-04-01", "2026-05-01")
YEAR = period("2026-01-01", "2027-01-01")


class TestExamples:
    def test_per_06_a_stub_of_a_calendar_month(self):
        stub = period("2026-01-17", "2026-02-01")
        assert prorate(Decimal("149.00"), stub, JANUARY) == Decimal("72.10")

    def test_pro_01_one_unit_more(self):
        part = period("2026-03-15", "2026-04-01")
        assert prorate(Decimal("22.00"), part, MARCH) == Decimal("12.06")

    @pytest.mark.parametrize(
        ("method", "expected"),
        [("actual", "54.84"), ("actual_30", "56.67"), ("30_360", "53.33")],
    )
    def test_pro_02_a_start_in_january(self, method, expected):
        part = period("2026-01-15", "2026-02-01")
        assert prorate(100, part, JANUARY, method) == Decimal(expected)

    @pytest.mark.parametrize(
        ("method", "expected"),
        [("actual", "50.00"), ("actual_30", "46.67"), ("30_360", "53.33")],
    )
    def test_pro_03_a_start_in_february(self, method, expected):
        part = period("2026-02-15", "2026-03-01")
        assert prorate(100, part, FEBRUARY, method) == Decimal(expected)

    def test_pro_06_and_07_a_change_in_mid_term(self):
        rest = period("2026-03-11", "2026-04-01")
        credit = prorate(Decimal(-89), rest, MARCH)
        charge = prorate(Decimal(149), rest, MARCH)
        assert (credit, charge) == (Decimal("-60.29"), Decimal("100.94"))
        assert credit + charge == Decimal("40.65")
        assert prorate(89, rest, MARCH) - charge == Decimal("-40.65")

    def test_pro_08_the_last_part_is_the_remainder(self):
        parts = cut(APRIL, "2026-04-16")
        assert split(Decimal("99.99"), parts, APRIL) == euros("50.00", "49.99")

    def test_pro_10_a_change_in_mid_year(self):
        rest = period("2026-07-01", "2027-01-01")
        assert prorate(1200, rest, YEAR) == Decimal("604.93")
        assert prorate(1800, rest, YEAR) == Decimal("907.40")

    def test_pro_12_up_and_down_again(self):
        rest = period("2026-03-11", "2026-04-01")
        prices = euros("-89", "149", "-149", "89")
        assert sum(prorate(price, rest, MARCH) for price in prices) == 0

    def test_pro_13_on_the_first_day_the_last_day_and_the_end(self):
        assert prorate(100, cut(MARCH, "2026-03-01")[1], MARCH) == 100
        assert prorate(100, cut(MARCH, "2026-03-31")[1], MARCH) == Decimal("3.23")
        assert prorate(100, cut(MARCH, "2026-04-01")[1], MARCH) == 0


class TestMethods:
    @pytest.mark.parametrize("method", METHODS)
    @pytest.mark.parametrize("whole", [JANUARY, FEBRUARY, APRIL, YEAR])
    def test_a_whole_period_is_the_full_price(self, method, whole):
        assert prorate(Decimal("99.99"), whole, whole, method) == Decimal("99.99")

    @pytest.mark.parametrize("method", METHODS)
    def test_a_whole_day_is_the_full_price(self, method):
        # By 30/360 this day has no length.
        whole = period("2026-01-30", "2026-01-31")
        assert prorate(10, whole, whole, method) == 10

    @pytest.mark.parametrize("method", METHODS)
    def test_an_empty_part_costs_nothing(self, method):
        assert prorate(100, period("2026-03-11", "2026-03-11"), MARCH, method) == 0

    def test_a_part_is_never_more_than_the_whole(self):
        assert prorate(100, cut(MARCH, "2026-03-31")[0], MARCH, "actual_30") == 100
        quarter = period("2026-07-01", "2026-10-01")
        assert prorate(100, cut(quarter, "2026-09-30")[0], quarter, "actual_30") == 100

    @pytest.mark.parametrize(
        ("start", "end", "denominator"),
        [
            ("2026-01-01", "2026-02-01", 30),
            ("2026-01-31", "2026-02-28", 30),
            ("2026-02-28", "2026-03-31", 30),
            ("2026-02-28", "2026-03-29", 30),
            ("2026-03-31", "2026-04-30", 30),
            ("2024-01-30", "2024-02-29", 30),
            ("2026-01-01", "2026-04-01", 90),
            ("2025-11-30", "2026-02-28", 90),
            ("2026-02-28", "2026-05-31", 90),
            ("2025-08-31", "2026-02-28", 180),
            ("2026-01-01", "2027-01-01", 360),
            ("2024-02-29", "2025-02-28", 360),
            ("2026-03-06", "2029-03-06", 1080),
            # no months: days and weeks, and stubs
            ("2026-03-06", "2026-03-13", 7),
            ("2026-03-06", "2026-04-03", 28),
            ("2026-01-17", "2026-02-01", 15),
            ("2026-01-31", "2026-02-27", 27),
            ("2026-02-27", "2026-03-29", 30),
            ("2026-01-15", "2026-02-28", 44),
            ("2024-01-31", "2024-02-28", 28),
            ("2026-01-01", "2026-12-31", 364),
        ],
    )
    def test_actual_30_divides_by_thirty_for_each_month(self, start, end, denominator):
        whole = period(start, end)
        part = Period(whole.start, whole.start + 5 * DAY)
        fine = Decimal("0.0000001")
        assert prorate(denominator * 7, part, whole, "actual_30", fine) == 35

    @pytest.mark.parametrize("unit", ["day", "week"])
    @pytest.mark.parametrize("interval", [1, 2, 3, 5, 10, 13, 52])
    def test_actual_30_is_actual_for_days_and_weeks(self, unit, interval):
        whole = Recurrence(date(2026, 1, 9), unit, interval).period(3)
        part = Period(whole.start, whole.start + whole.days // 2 * DAY)
        assert prorate(700, part, whole, "actual_30") == prorate(700, part, whole)

    @pytest.mark.parametrize(
        ("day", "left"),
        [
            ("2026-01-01", 30),
            ("2026-01-02", 29),
            ("2026-01-30", 1),
            ("2026-01-31", 1),
        ],
    )
    def test_30_360_counts_the_last_day_as_the_30th(self, day, left):
        part = Period(date.fromisoformat(day), JANUARY.end)
        assert prorate(30, part, JANUARY, "30_360") == left

    @pytest.mark.parametrize(
        ("whole", "day", "used", "days"),
        [
            (FEBRUARY, "2026-02-27", 26, 30),
            (FEBRUARY, "2026-02-28", 29, 30),
            (period("2024-02-01", "2024-03-01"), "2024-02-28", 27, 30),
            (period("2024-02-01", "2024-03-01"), "2024-02-29", 29, 30),
            (YEAR, "2026-07-01", 180, 360),
            (period("2026-01-31", "2026-02-28"), "2026-02-10", 10, 30),
            # In the denominator too: from the 29th to the end of February.
            (period("2026-01-29", "2026-02-28"), "2026-02-10", 11, 31),
            (period("2026-03-06", "2026-03-13"), "2026-03-08", 2, 7),
            (period("2026-02-25", "2026-03-04"), "2026-02-28", 5, 9),
        ],
    )
    def test_30_360_in_numerator_and_denominator(self, whole, day, used, days):
        part = Period(whole.start, date.fromisoformat(day))
        assert prorate(days, part, whole, "30_360") == used

    def test_none_is_the_full_amount_for_any_part(self):
        for part in cut(MARCH, "2026-03-02", "2026-03-20"):
            assert prorate(Decimal("99.99"), part, MARCH, "none") == Decimal("99.99")


class TestRounding:
    half = period("2026-04-01", "2026-04-16")

    @pytest.mark.parametrize(
        ("amount", "step", "expected"),
        [
            ("0.01", "0.01", "0.01"),
            ("0.03", "0.01", "0.02"),
            ("0.05", "0.01", "0.03"),
            ("0.0299", "0.01", "0.01"),
            ("0.03", "0.05", "0.00"),
            ("0.05", "0.05", "0.05"),
            ("0.14", "0.05", "0.05"),
            ("0.15", "0.05", "0.10"),
            ("1", "1", "1"),
            ("3", "1", "2"),
            ("0.99", "1", "0"),
            ("0.003", "0.001", "0.002"),
            ("25", "5", "15"),
            ("3", "3", "3"),
        ],
    )
    def test_half_away_from_zero_to_any_step(self, amount, step, expected):
        amount, step, expected = euros(amount, step, expected)
        assert prorate(amount, self.half, APRIL, "actual", step) == expected
        assert prorate(-amount, self.half, APRIL, "actual", step) == -expected

    def test_the_result_is_written_like_the_step(self):
        assert str(prorate(100, self.half, APRIL)) == "50.00"
        assert str(prorate(Decimal("-0.001"), self.half, APRIL)) == "0.00"
        assert str(prorate(100, self.half, APRIL, "actual", 1)) == "50"

    def test_only_once_and_of_the_exact_share(self):
        # A ratio cut to 28 digits would end just below the half cent.
        part = Period(MARCH.start, MARCH.start + DAY)
        assert prorate(Decimal("0.155"), part, MARCH) == Decimal("0.01")
        assert prorate(Decimal("0.15499"), part, MARCH) == 0

    def test_large_amounts_lose_no_digit(self):
        amount = Decimal("123456789012345678901234567890.12")
        for method in METHODS:
            assert prorate(amount, MARCH, MARCH, method) == amount
        parts = cut(MARCH, "2026-03-02", "2026-03-20")
        shares = split(amount, parts, MARCH)
        with localcontext(Context(prec=80)):
            assert sum(shares) == amount


class TestSplit:
    def test_the_parts_add_up(self):
        parts = cut(APRIL, "2026-04-11", "2026-04-21")
        assert split(100, parts, APRIL) == euros("33.33", "33.33", "33.34")
        assert split(-100, parts, APRIL) == euros("-33.33", "-33.33", "-33.34")

    def test_the_last_part_is_the_last_by_date(self):
        parts = cut(APRIL, "2026-04-11", "2026-04-21")
        expected = dict(zip(parts, euros("33.33", "33.33", "33.34"), strict=True))
        for shuffled in permutations(parts):
            shares = split(100, shuffled, APRIL)
            assert dict(zip(shuffled, shares, strict=True)) == expected

    def test_no_part_gets_more_than_is_left(self):
        parts = cut(MARCH, "2026-03-16", "2026-03-31")
        assert split(100, parts, MARCH, "actual_30") == euros("50", "50", "0")
        days = cut(MARCH, *(f"2026-03-{day:02}" for day in range(2, 32)))
        # Half a cent for each day, rounded up.
        for sign in (1, -1):
            shares = split(sign * Decimal("0.16"), days, MARCH)
            assert shares == [sign * Decimal("0.01")] * 16 + [0] * 15

    def test_the_last_part_makes_up_for_a_short_month(self):
        parts = cut(FEBRUARY, "2026-02-15")
        assert split(100, parts, FEBRUARY, "actual_30") == euros("46.67", "53.33")

    def test_parts_that_leave_a_gap_are_prorated_alone(self):
        first, _gap, last = cut(APRIL, "2026-04-11", "2026-04-21")
        assert split(100, [first, last], APRIL) == euros("33.33", "33.33")
        assert split(100, [last], APRIL) == euros("33.33")
        assert split(Decimal("99.99"), cut(APRIL, "2026-04-16")[1:], APRIL) == euros(
            "50"
        )

    def test_none_puts_all_of_it_on_the_first_by_date(self):
        parts = cut(APRIL, "2026-04-01", "2026-04-11", "2026-04-21")
        assert split(100, parts, APRIL, "none") == euros("0", "100", "0", "0")
        assert split(-7, parts[::-1], APRIL, "none") == euros("0", "0", "-7", "0")
        assert split(100, parts[2:], APRIL, "none") == euros("100", "0")

    @pytest.mark.parametrize("method", METHODS)
    def test_empty_parts_get_nothing_and_take_no_remainder(self, method):
        parts = cut(APRIL, "2026-04-01", "2026-04-16", "2026-04-16", "2026-05-01")
        shares = split(Decimal("99.99"), parts, APRIL, method)
        assert [shares[0], shares[2], shares[4]] == [0, 0, 0]
        assert sum(shares) == Decimal("99.99")

    @pytest.mark.parametrize("method", METHODS)
    def test_no_parts_and_only_empty_parts(self, method):
        assert split(100, [], APRIL, method) == []
        empty = period("2026-04-11", "2026-04-11")
        assert split(100, [empty, empty], APRIL, method) == [0, 0]

    @pytest.mark.parametrize("method", METHODS)
    def test_one_part_is_the_whole(self, method):
        assert split(Decimal("99.99"), [APRIL], APRIL, method) == euros("99.99")

    def test_an_amount_finer_than_the_step_is_rounded_to_it(self):
        parts = cut(APRIL, "2026-04-16")
        step = Decimal("0.05")
        shares = split(Decimal("99.99"), parts, APRIL, rounding=step)
        assert shares == euros("50.00", "50.00")

    @pytest.mark.parametrize("method", METHODS)
    def test_parts_that_overlap_are_refused(self, method):
        first, last = cut(APRIL, "2026-04-11")
        longer = period("2026-04-01", "2026-04-12")
        for parts in ([longer, last], [last, longer], [first, first], [APRIL, first]):
            with pytest.raises(ValueError, match="overlap"):
                split(100, parts, APRIL, method)


class TestShare:
    @pytest.mark.parametrize("method", METHODS)
    def test_one_part_is_prorated(self, method):
        for part in cut(MARCH, "2026-03-11", "2026-03-31"):
            assert share(100, [part], MARCH, method) == prorate(
                100, part, MARCH, method
            )

    @pytest.mark.parametrize("method", METHODS)
    def test_all_days_are_the_full_price_and_none_cost_nothing(self, method):
        assert share(Decimal("99.99"), cut(APRIL, "2026-04-16"), APRIL, method) == (
            Decimal("99.99")
        )
        assert share(100, [], APRIL, method) == 0

    def test_many_parts_are_rounded_once(self):
        days = cut(MARCH, *(f"2026-03-{day:02}" for day in range(2, 32)))
        assert share(1, days[:10], MARCH) == Decimal("0.32")

    def test_never_more_than_the_whole(self):
        parts = cut(MARCH, "2026-03-15", "2026-03-16")
        assert share(100, parts[::2], MARCH, "actual_30") == 100
        assert share(100, parts[::2], MARCH, "none") == 100

    def test_mistakes(self):
        first, last = cut(MARCH, "2026-03-11")
        with pytest.raises(ValueError, match="overlap"):
            share(100, [first, first], MARCH)
        with pytest.raises(ValueError, match="not within"):
            share(100, [last], APRIL)
        with pytest.raises(ValueError, match="method"):
            share(100, [], MARCH, "daily")
        with pytest.raises(ValueError, match="without days"):
            share(100, [], period("2026-03-01", "2026-03-01"))


class TestMistakes:
    @pytest.mark.parametrize("method", METHODS)
    @pytest.mark.parametrize(
        "part",
        [
            period("2026-02-28", "2026-03-02"),
            period("2026-03-31", "2026-04-02"),
            period("2026-01-01", "2026-01-05"),
            period("2026-02-01", "2026-05-01"),
            period("2026-04-02", "2026-04-02"),
        ],
    )
    def test_a_part_outside_of_the_whole(self, method, part):
        with pytest.raises(ValueError, match="not within"):
            prorate(100, part, MARCH, method)
        with pytest.raises(ValueError, match="not within"):
            split(100, [part], MARCH, method)

    def test_a_whole_without_days(self):
        empty = period("2026-03-01", "2026-03-01")
        with pytest.raises(ValueError, match="without days"):
            prorate(100, empty, empty)

    @pytest.mark.parametrize("part", [MARCH, period("2026-03-05", "2026-03-06")])
    def test_an_unknown_method(self, part):
        for method in ("daily", "", None):
            with pytest.raises(ValueError, match="method"):
                prorate(100, part, MARCH, method)
            with pytest.raises(ValueError, match="method"):
                split(100, [part], MARCH, method)

    @pytest.mark.parametrize("number", [9.99, "9.99", None])
    def test_money_is_never_a_float(self, number):
        for calculate in (
            lambda: prorate(number, MARCH, MARCH),
            lambda: prorate(100, MARCH, MARCH, rounding=number),
            lambda: split(number, [MARCH], MARCH),
            lambda: split(100, [MARCH], MARCH, rounding=number),
        ):
            with pytest.raises(TypeError, match="Decimal"):
                calculate()

    @pytest.mark.parametrize("amount", ["NaN", "Infinity", "-Infinity"])
    def test_amounts_are_finite(self, amount):
        with pytest.raises(ValueError, match="finite"):
            prorate(Decimal(amount), MARCH, MARCH)

    @pytest.mark.parametrize("step", [Decimal(0), Decimal("-0.01"), 0])
    def test_a_step_is_positive(self, step):
        with pytest.raises(ValueError, match="step"):
            prorate(100, MARCH, MARCH, rounding=step)


amounts = st.decimals(-100_000, 100_000, places=2)
small = st.decimals(-1, 1, places=2)
methods = st.sampled_from(METHODS)
steps = st.sampled_from(euros("0.01", "0.05", "1", "0.001", "0.25"))
anchors = st.dates(date(2019, 12, 27), date(2028, 3, 3))
wholes = st.builds(
    lambda anchor, unit, interval, n: Recurrence(anchor, unit, interval).period(n),
    anchors,
    st.sampled_from(["day", "week", "month", "month", "year"]),
    st.integers(1, 6),
    st.integers(-9, 9),
)


@st.composite
def cuts(draw):
    """A whole period and the parts between some of its days."""
    whole = draw(wholes)
    inner = draw(st.lists(st.integers(0, whole.days), max_size=12))
    edges = [whole.start + n * DAY for n in sorted([0, whole.days, *inner])]
    return whole, [Period(*edge) for edge in pairwise(edges)]


@property_test
@given(amounts | small, cuts(), methods, steps)
def test_parts_that_fill_the_whole_add_up(amount, whole_parts, method, step):
    whole, parts = whole_parts
    shares = split(amount, parts, whole, method, step)
    assert sum(shares) == prorate(amount, whole, whole, method, step)
    for each in shares:
        assert each % step == 0
        assert each * amount >= 0


@property_test
@given(amounts, cuts(), methods, steps)
def test_each_but_the_last_is_prorated_alone(amount, whole_parts, method, step):
    whole, parts = whole_parts
    alone = [prorate(amount, part, whole, method, step) for part in parts]
    kept = [n for n, part in enumerate(parts) if part.days][:-1]
    if abs(sum(alone[n] for n in kept)) <= abs(prorate(amount, whole, whole)):
        shares = split(amount, parts, whole, method, step)
        assert [shares[n] for n in kept] == [alone[n] for n in kept]
    if method != "none":
        assert split(amount, parts[1:], whole, method, step) == (
            alone[1:]
            if parts[0].days
            else split(amount, parts, whole, method, step)[1:]
        )


@property_test
@given(amounts, cuts(), methods, steps)
def test_a_credit_is_the_opposite_of_its_charge(amount, whole_parts, method, step):
    whole, parts = whole_parts
    for part in parts:
        assert prorate(-amount, part, whole, method, step) == -prorate(
            amount, part, whole, method, step
        )
    assert split(-amount, parts, whole, method, step) == [
        -share for share in split(amount, parts, whole, method, step)
    ]


@property_test
@given(amounts, cuts(), methods)
def test_a_part_is_between_nothing_and_the_whole(amount, whole_parts, method):
    whole, parts = whole_parts
    for part in parts:
        share = prorate(amount, part, whole, method)
        assert abs(share) <= abs(amount)
        longer = Period(whole.start, part.end)
        assert abs(share) <= abs(prorate(amount, longer, whole, method))


@property_test
@given(st.integers(-(10**9), 10**9), wholes, st.data())
def test_actual_is_days_over_days_rounded_once(cents, whole, data):
    days = data.draw(st.integers(0, whole.days))
    part = Period(whole.end - days * DAY, whole.end)
    exact = Fraction(cents, 100) * Fraction(days, whole.days)
    with localcontext(Context(prec=60)):
        expected = Decimal(exact.numerator) / Decimal(exact.denominator)
        expected = expected.quantize(Decimal("0.01"), ROUND_HALF_UP)
    assert prorate(Decimal(cents) / 100, part, whole) == expected


@property_test
@given(anchors, st.integers(1, 24), st.integers(-40, 40))
def test_actual_30_recognises_every_period_of_months(anchor, interval, n):
    whole = Recurrence(anchor, "month", interval).period(n)
    part = Period(whole.start, whole.start + 7 * DAY)
    assert prorate(30 * interval, part, whole, "actual_30") == 7
