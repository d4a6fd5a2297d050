"""Dated changes, replayed: SEMANTICS §2."""

from datetime import date
from decimal import Decimal
from itertools import permutations

from tools.charge_history import Change, Existing, Stretch, assign, replay

from tests.unit.ledger import terms_of, whole_of

JANUARY, MARCH, APRIL = (date(2026, month, 1) for month in (1, 3, 4))


def replayed(*changes, **terms):
    """[(start, end, price, quantity)] of what starts at 100 each in January."""
    facts = [Change(day, n, values) for n, (day, values) in enumerate(changes)]
    return [
        (s.start, s.end, int(s.values["price_unit"]), int(s.values["quantity"]))
        for s in replay(JANUARY, terms_of(100, **terms), facts, whole_of)
    ]


def price(amount):
    return {"price_unit": Decimal(amount)}


def quantity(number):
    return {"quantity": Decimal(number)}


def on(day, month=3):
    return date(2026, month, day)


class TestReplay:
    def test_nothing_changes(self):
        assert replayed() == [(JANUARY, None, 100, 1)]
        assert replayed((MARCH, price(100))) == [(JANUARY, None, 100, 1)]

    def test_another_price(self):
        assert replayed((on(11), price(149))) == [
            (JANUARY, on(11), 100, 1),
            (on(11), None, 149, 1),
        ]

    def test_more_of_the_same_is_beside_it_until_the_period_ends(self):
        assert replayed((on(15), quantity(3))) == [
            (JANUARY, APRIL, 100, 1),
            (on(15), APRIL, 100, 2),
            (APRIL, None, 100, 3),
        ]

    def test_more_from_the_first_day_of_a_period(self):
        assert replayed((MARCH, quantity(3))) == [
            (JANUARY, MARCH, 100, 1),
            (MARCH, None, 100, 3),
        ]

    def test_more_twice_in_a_period(self):
        assert replayed((on(15), quantity(2)), (on(20), quantity(3))) == [
            (JANUARY, APRIL, 100, 1),
            (on(15), APRIL, 100, 1),
            (on(20), APRIL, 100, 1),
            (APRIL, None, 100, 3),
        ]

    def test_less_ends_what_there_is(self):
        assert replayed((on(15), quantity(3)), (on(20), quantity(2))) == [
            (JANUARY, on(20), 100, 1),
            (on(15), on(20), 100, 2),
            (on(20), None, 100, 2),
        ]

    def test_more_at_another_price_ends_what_there_is(self):
        assert replayed((on(15), {**price(90), **quantity(2)})) == [
            (JANUARY, on(15), 100, 1),
            (on(15), None, 90, 2),
        ]

    def test_a_change_on_the_day_on_which_an_addition_joins(self):
        assert replayed((on(15), quantity(2)), (APRIL, price(90))) == [
            (JANUARY, APRIL, 100, 1),
            (on(15), APRIL, 100, 1),
            (APRIL, None, 90, 2),
        ]

    def test_removed_and_back_again(self):
        removed, back = {"removed": True}, {"removed": False}
        assert replayed((on(11), removed), (on(20), price(1))) == [
            (JANUARY, on(11), 100, 1)
        ]
        [_first, second] = replay(
            JANUARY,
            terms_of(100),
            [Change(on(11), 1, removed), Change(on(20), 2, back)],
            whole_of,
        )
        assert second == Stretch(on(20), None, terms_of(100))

    def test_removed_on_the_first_day(self):
        assert not replayed((JANUARY, {"removed": True}))

    def test_before_the_start_holds_from_the_start(self):
        changes = [(date(2025, 12, 1), price(90)), (date(2025, 11, 1), quantity(2))]
        assert replayed(*changes) == [(JANUARY, None, 90, 2)]

    def test_the_later_entered_of_one_day_wins(self):
        assert replayed((on(11), price(149)), (on(11), price(100))) == [
            (JANUARY, None, 100, 1)
        ]

    def test_a_late_fact_keeps_what_later_ones_say(self):
        assert replayed((on(20), price(149)), (on(11), quantity(0))) == [
            (JANUARY, on(11), 100, 1),
            (on(11), on(20), 100, 0),
            (on(20), None, 149, 0),
        ]

    def test_the_order_of_entry_does_not_matter(self):
        facts = [
            Change(on(15), 1, quantity(2)),
            Change(on(11), 2, {"factor": Decimal("1.03")}),
            Change(on(15), 3, price(90)),
            Change(on(5, 4), 4, quantity(3)),
        ]
        results = [
            replay(JANUARY, terms_of(100), shuffled, whole_of)
            for shuffled in permutations(facts)
        ]
        assert all(result == results[0] for result in results)

    def test_what_is_charged_once_does_not_change_afterwards(self):
        assert replayed((on(11), price(149)), unit=None) == [(JANUARY, None, 100, 1)]
        assert replayed((JANUARY, price(149)), unit=None) == [(JANUARY, None, 149, 1)]

    def test_a_factor_multiplies_the_rounded_price(self):
        yearly = [
            Change(date(2026 + n, 1, 1), n, {"factor": Decimal("1.03")})
            for n in (1, 2, 3)
        ]
        stretches = replay(JANUARY, terms_of("149.00"), yearly, whole_of)
        prices = [str(stretch.values["price_unit"]) for stretch in stretches]
        assert prices == ["149.00", "153.47", "158.07", "162.81"]


class TestAssign:
    def test_what_is_on_record_is_found_by_its_terms_and_start(self):
        old, new = terms_of(89), terms_of(149)
        stretches = [Stretch(JANUARY, MARCH, old), Stretch(MARCH, None, new)]
        existing = [Existing("a", JANUARY, old), Existing("b", APRIL, terms_of(99))]
        pairs, unwanted = assign(stretches, existing)
        assert [key for _stretch, key in pairs] == ["a", None]
        assert unwanted == ["b"]

    def test_each_record_is_used_once(self):
        alike = [Stretch(MARCH, APRIL, terms_of(9))] * 2
        existing = [Existing(key, MARCH, terms_of(9)) for key in "ab"]
        pairs, unwanted = assign(alike, existing)
        assert {key for _stretch, key in pairs} == {"a", "b"}
        assert not unwanted
