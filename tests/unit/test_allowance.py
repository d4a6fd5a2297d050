"""Lots and draws: SEMANTICS §6, and the fine print of `allowance`."""

from collections import Counter
from datetime import date, timedelta
from decimal import Decimal
from itertools import permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tools.allowance import Draw, Lot, Work, allocate, round_work

property_test = settings(derandomize=True, deadline=None, max_examples=100)

FIRST = date(2026, 1, 1)


def lot(number, quantity, start, end=None, **values):
    end = end and date.fromisoformat(end)
    return Lot(number, Decimal(quantity), date.fromisoformat(start), end, **values)


def work(number, day, quantity, factor="1"):
    return Work(number, date.fromisoformat(day), Decimal(quantity), Decimal(factor))


def draw(number, lot_id, quantity):
    return Draw(number, lot_id, Decimal(quantity))


MAY = lot(1, 5, "2026-05-01", "2026-12-31")
JUNE = lot(2, 5, "2026-06-01", "2026-12-31")


class TestExamples:
    def test_blk_01_of_two_that_end_together_the_earlier_start(self):
        assert allocate([JUNE, MAY], [work(1, "2026-06-03", 3)]) == [draw(1, 1, 3)]

    def test_the_earliest_expiry_goes_first(self):
        short = lot(3, 5, "2026-06-01", "2026-06-30")
        forever = lot(4, 5, "2026-01-01")
        drawn = allocate([forever, MAY, short], [work(1, "2026-06-03", 12)])
        assert drawn == [draw(1, 3, 5), draw(1, 1, 5), draw(1, 4, 2)]

    def test_start_first_for_those_who_want_it(self):
        short = lot(3, 5, "2026-06-01", "2026-06-30")
        drawn = allocate([short, MAY], [work(1, "2026-06-03", 3)], "start_first")
        assert drawn == [draw(1, 1, 3)]

    def test_blk_03_what_is_left_over_is_overage(self):
        two = lot(1, 2, "2026-01-01")
        drawn = allocate([two], [work(1, "2026-06-03", "3.5")])
        assert drawn == [draw(1, 1, 2), draw(1, None, "1.5")]

    def test_blk_05_a_late_entry_gets_the_balance_of_its_day(self):
        two = lot(1, 2, "2026-01-01")
        typed_first, typed_late = work(1, "2026-06-03", 2), work(2, "2026-06-02", 2)
        drawn = allocate([two], [typed_first, typed_late])
        assert drawn == [draw(2, 1, 2), draw(1, None, 2)]

    def test_blk_07_a_month_without_rollover(self):
        march = lot(3, 4, "2026-03-01", "2026-03-31")
        april = lot(4, 4, "2026-04-01", "2026-04-30")
        drawn = allocate([march, april], [work(1, "2026-03-20", 6)])
        assert drawn == [draw(1, 3, 4), draw(1, None, 2)]

    @pytest.mark.parametrize(
        ("quantity", "minimum", "step", "expected"),
        [
            ("0.1", "1", "0.25", "1"),
            ("0.1", "0", "0.25", "0.25"),
            ("1.01", "1", "0.25", "1.25"),
            ("1.25", "1", "0.25", "1.25"),
            ("1.3", "0", "0", "1.3"),
            ("0", "1", "0.25", "0"),
            ("0.4", "0.5", "0.2", "0.5"),
        ],
    )
    def test_blk_08_minimum_and_steps(self, quantity, minimum, step, expected):
        counted = round_work(Decimal(quantity), Decimal(minimum), Decimal(step))
        assert counted == Decimal(expected)


class TestEdges:
    def test_the_last_day_is_valid(self):
        assert allocate([MAY], [work(1, "2026-12-31", 1)]) == [draw(1, 1, 1)]

    def test_the_day_after_is_not(self):
        assert allocate([MAY], [work(1, "2027-01-01", 1)]) == [draw(1, None, 1)]

    def test_before_the_first_day_nothing_is_drawn(self):
        assert allocate([MAY], [work(1, "2026-04-30", 1)]) == [draw(1, None, 1)]

    def test_what_is_not_paid_is_left_alone(self):
        unpaid = lot(1, 5, "2026-01-01", paid=False)
        assert allocate([unpaid], [work(1, "2026-06-03", 1)]) == [draw(1, None, 1)]

    def test_a_factor_draws_more_and_its_overage_is_in_units_of_work(self):
        three = lot(1, 3, "2026-01-01")
        drawn = allocate([three], [work(1, "2026-06-03", 3, "1.5")])
        assert drawn == [draw(1, 1, 3), draw(1, None, 1)]

    def test_what_counts_nothing_draws_nothing(self):
        assert allocate([MAY], [work(1, "2026-06-03", 3, "0")]) == []
        assert allocate([MAY], [work(1, "2026-06-03", 0)]) == []

    def test_an_empty_lot_leaves_no_draw(self):
        empty = lot(3, 0, "2026-01-01", "2026-06-30")
        assert allocate([empty, MAY], [work(1, "2026-06-03", 1)]) == [draw(1, 1, 1)]

    def test_thirds_keep_their_digits(self):
        one = lot(1, 1, "2026-01-01")
        *_covered, overage = allocate([one], [work(1, "2026-06-03", 1, "3")])
        assert abs(overage.quantity - Decimal(2) / 3) < Decimal("0.0001")

    @pytest.mark.parametrize(
        "broken",
        [
            lambda: lot(1, -1, "2026-01-01"),
            lambda: lot(1, 1, "2026-01-02", "2026-01-01"),
            lambda: work(1, "2026-01-01", -1),
            lambda: work(1, "2026-01-01", 1, "-1"),
            lambda: allocate([], [], "newest"),
            lambda: round_work(Decimal(-1)),
        ],
    )
    def test_what_cannot_be_is_refused(self, broken):
        with pytest.raises(ValueError):
            broken()


quantities = st.decimals(0, 20, places=2)
days = st.integers(0, 120).map(lambda number: FIRST + timedelta(days=number))


@st.composite
def lots(draw_one):
    found = []
    for number in range(draw_one(st.integers(0, 5))):
        start = draw_one(days)
        length = draw_one(st.none() | st.integers(0, 90))
        end = None if length is None else start + timedelta(days=length)
        found.append(Lot(number, draw_one(quantities), start, end, draw_one(BOOL)))
    return found


BOOL = st.booleans()
factors = st.sampled_from([Decimal(text) for text in ("0.5", "1", "1.5", "2", "0")])
works = st.lists(st.tuples(days, quantities, factors), max_size=6).map(
    lambda rows: [Work(number, *row) for number, row in enumerate(rows)]
)
orders = st.sampled_from(["expiry_first", "start_first"])


class TestProperties:
    @property_test
    @given(lots(), works, orders)
    def test_no_lot_gives_more_than_it_holds(self, given_lots, done, order):
        drawn = Counter()
        for each in allocate(given_lots, done, order):
            drawn[each.lot] += each.quantity
        for each in given_lots:
            assert drawn[each.id] <= (each.quantity if each.paid else 0)

    @property_test
    @given(lots(), works, orders)
    def test_all_work_is_accounted_for(self, given_lots, done, order):
        paid = Counter()
        factor = {each.id: each.factor for each in done}
        for each in allocate(given_lots, done, order):
            units = each.quantity * (1 if each.lot is not None else factor[each.work])
            paid[each.work] += units
        assert all(paid[each.id] == each.quantity * each.factor for each in done)

    @property_test
    @given(lots(), works, orders)
    def test_overage_only_where_nothing_is_left(self, given_lots, done, order):
        drawn, by_id = Counter(), {each.id: each for each in done}
        for each in allocate(given_lots, done, order):
            if each.lot is not None:
                drawn[each.lot] += each.quantity
                continue
            for source in given_lots:
                if source.paid and source.is_valid(by_id[each.work].day):
                    assert drawn[source.id] == source.quantity

    @property_test
    @given(lots(), works.filter(lambda rows: len(rows) < 4), orders)
    def test_the_order_of_entry_does_not_matter(self, given_lots, done, order):
        expected = allocate(given_lots, done, order)
        for shuffled in permutations(done):
            assert allocate(reversed(given_lots), shuffled, order) == expected

    @property_test
    @given(lots(), works, orders, quantities)
    def test_another_lot_never_leaves_more_over(self, given_lots, done, order, more):
        def overage(of_lots):
            found = Counter()
            for each in allocate(of_lots, done, order):
                if each.lot is None:
                    found["units"] += each.quantity * by_id[each.work].factor
            return found["units"]

        by_id = {each.id: each for each in done}
        extra = Lot(99, more, FIRST)
        assert overage([*given_lots, extra]) <= overage(given_lots)
