"""Which answer of a customer goes for a piece of work."""

from datetime import date, timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st
from tools.approval import Approval, find_approval
from tools.rates import Price

MONDAY = date(2026, 3, 2)
PRICED = {"price": Decimal(150), "after_hours": Decimal(240), "trip": Decimal(95)}


def say(number, days, approved=True, **values):
    day = MONDAY + timedelta(days=days)
    return Approval(number, day, approved, **{**PRICED, **values})


def find(answers, days=0, **asked):
    found = find_approval(answers, MONDAY + timedelta(days=days), **asked)
    return found and found.id


def test_nothing_said_is_nothing_approved():
    assert find([]) is None
    assert find([say(1, 0, approved=False)]) is None


def test_the_last_word_before_the_work_counts():
    answers = [say(1, 0), say(2, 2), say(3, 4, approved=False)]
    assert [find(answers, days) for days in (0, 1, 2, 3, 4, 5)] == [
        1,
        1,
        2,
        2,
        None,
        None,
    ]


def test_what_was_done_before_he_was_asked_goes_by_the_first_approval():
    assert find([say(1, 2, approved=False), say(2, 3), say(3, 4)], 0) == 2


def test_approved_and_declined_on_one_day_the_work_of_that_day_is_approved():
    answers = [say(1, 0), say(2, 0, approved=False)]
    assert [find(answers, days) for days in (0, 1)] == [1, None]


def test_only_for_what_he_was_told():
    assert find([say(1, 0, work_type=7)], work_type=8) is None
    assert find([say(1, 0, work_type=7)], work_type=7) == 1
    assert find([say(1, 0)], work_type=8) == 1
    assert find([say(1, 0, trip=None)], unit="trip") is None
    assert find([say(1, 0, price=None)], unit="trip") == 1
    assert find([say(1, 0, currency=1)], currency=2) is None


def test_he_pays_what_he_approved_and_the_list_stays_the_list():
    listed = Price(Decimal(180), Decimal(200), Decimal(1), Decimal("0.25"), True, True)
    approval = say(1, 0, minimum=Decimal("0.5"), step=Decimal(1))
    price = approval.apply(listed)
    assert (price.price, price.list_price) == (150, 200)
    assert (price.minimum, price.step) == (Decimal("0.5"), Decimal("0.25"))
    assert approval.apply(listed, after_hours=True).price == 240
    assert approval.apply(listed, "trip").price == 95


def test_where_there_is_no_rate_any_more_he_pays_what_he_approved():
    price = say(1, 0, minimum=Decimal(1)).apply(Price())
    assert (price.price, price.minimum, price.found) == (150, 1, True)


answers_of = st.lists(st.tuples(st.integers(0, 6), st.booleans()), max_size=6)


@given(answers_of, st.integers(0, 6))
def test_nothing_said_later_takes_an_approval_back(said, day):
    said = sorted(said, key=lambda each: each[0])
    answers = [say(i, days, approved) for i, (days, approved) in enumerate(said)]
    found = find(answers, day)
    declined = [*answers, say(99, 7, approved=False)]
    assert find(declined, day) == found


@given(answers_of, st.integers(0, 6))
def test_only_what_he_approved_is_ever_found(said, day):
    answers = [say(i, days, ok) for i, (days, ok) in enumerate(sorted(said))]
    found = find(answers, day)
    assert found is None or answers[found].approved
