"""Any changes, in any order, with any runs in between (SEMANTICS §1 to §3)."""

from copy import deepcopy
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st
from tools.charges import Waiver

from tests.unit.ledger import Ledger, terms_of

DAY = timedelta(days=1)
START = date(2026, 1, 1)
CREDITED = st.just(True)

property_test = settings(derandomize=True, deadline=None, max_examples=90)

# Close together, so that they meet.
days = st.integers(0, 100).map(lambda n: START + n * DAY)
prices = st.sampled_from(["22", "9.99", "89", "100", "149.00", "0.05", "1200", "0"])
plans = st.sampled_from(
    [("month", 1)] * 5 + [("month", 3), ("year", 1), ("week", 2), ("day", 10)]
)
anchors = st.dates(date(2024, 1, 1), date(2026, 12, 31))


@st.composite
def terms(draw, once=True):
    unit, interval = draw(plans)
    if once and draw(st.integers(0, 7)) == 0:
        unit = None
    return terms_of(
        draw(prices),
        draw(st.sampled_from([1, 2, 0])),
        discount=draw(st.sampled_from([Decimal(0), Decimal(0), Decimal("12.5")])),
        unit=unit,
        interval=interval,
        anchor=draw(anchors),
        arrears=draw(st.booleans()),
        group=draw(st.sampled_from(["21 %", "21 %", "6 %"])),
    )


CHANGED = ["discount", "factor", "plan", "removed", "group", "several"]


@st.composite
def new_values(draw):
    """What a change says of a recurring charge."""
    name = draw(st.sampled_from([*["price", "quantity"] * 2, *CHANGED]))
    if name == "plan":
        unit, interval = draw(plans)
        return {"unit": unit, "interval": interval, "anchor": draw(anchors)}
    price, quantity = Decimal(draw(prices)), Decimal(draw(st.integers(0, 4)))
    return {
        "price": {"price_unit": price},
        "quantity": {"quantity": quantity},
        "discount": {"discount": Decimal(draw(st.sampled_from([0, 10, 100])))},
        "factor": {"factor": Decimal("1.03")},
        "removed": {"removed": draw(st.booleans())},
        "group": {"group": draw(st.sampled_from(["21 %", "6 %"]))},
        "several": {"price_unit": price, "quantity": quantity},
    }[name]


@st.composite
def waivers(draw, credited):
    start = draw(days)
    length = draw(st.none() | st.integers(0, 40))
    end = None if length is None else start + length * DAY
    return Waiver(start, end, draw(credited), stops=draw(st.booleans()))


@st.composite
def steps(draw, credited=CREDITED):
    """What happens to an agreement, one after the other."""
    what = draw(
        st.sampled_from(
            ["run"] * 4 + ["change"] * 4 + ["waive"] * 3 + ["end", "resume"]
        )
    )
    if what == "run":
        return what, draw(st.integers(0, 40))
    if what == "change":
        return what, draw(days), draw(new_values()), draw(st.booleans())
    if what == "waive":
        return what, draw(waivers(credited))
    return what, draw(days)


@st.composite
def ledgers(draw, policies=("carry", "carry", "credit_note")):
    ledger = Ledger(
        today=START,
        policy=draw(st.sampled_from(policies)),
        method=draw(
            st.sampled_from(["actual", "actual", "actual_30", "30_360", "none"])
        ),
        rounding=draw(st.sampled_from([Decimal("0.01")] * 3 + [Decimal("0.05")])),
    )
    ledger.agree(START, draw(terms(once=False)))
    if draw(st.booleans()):
        ledger.agree(draw(days), draw(terms()))
    return ledger


def take(ledger, step):
    """Let one thing happen to the first charge, or to the agreement."""
    what, *rest = step
    if what == "run":
        ledger.run(ledger.today + rest[0] * DAY)
    elif what == "change":
        day, values, at_once = rest
        ledger.change(0, day, values, at_once=at_once)
    elif what == "waive":
        ledger.waive(*rest)
    elif what == "resume":
        opened = [n for n, waiver in enumerate(ledger.waivers) if not waiver.end]
        for number in opened:
            ledger.resume(number, *rest)
    else:
        ledger.end_on(*rest)


def finish(ledger):
    ledger.end_on(ledger.end or ledger.today + 40 * DAY)
    ledger.run_to_the_end()


def story(credited=CREDITED):
    return st.lists(steps(credited), min_size=2, max_size=10)


def check_invoices(ledger):
    for invoice in ledger.invoices:
        amounts = {}
        for piece in invoice.pieces:
            assert piece.due == invoice.due
            group = piece.charge.group
            amounts[group] = amounts.get(group, 0) + piece.amount
            assert invoice.kind != "forfeit" or piece.amount < 0
        if invoice.kind == "invoice":
            assert all(amount >= 0 for amount in amounts.values())
        else:
            assert invoice.amount < 0


def check_rows(ledger):
    for agreed in ledger.charges:
        for line in agreed.lines:
            parts = sorted((r.part for r in line.rows.values()), key=lambda p: p.start)
            assert all(one.end <= other.start for one, other in pairwise(parts))
            for row in line.rows.values():
                assert 0 <= row.charged + row.adjusted <= row.charged


def play(ledger, happened):
    for step in happened:
        take(ledger, step)
    finish(ledger)
    check_invoices(ledger)
    check_rows(ledger)


@property_test
@given(ledgers(), story())
def test_what_is_billed_is_the_price_of_what_was_served(ledger, happened):
    play(ledger, happened)
    allowed = ledger.cuts() * ledger.rounding
    assert abs(ledger.billed - ledger.served()) <= allowed


@property_test
@given(ledgers(["forfeit"]), story())
def test_a_forfeited_credit_makes_it_no_less(ledger, happened):
    play(ledger, happened)
    assert ledger.billed >= ledger.served() - ledger.cuts() * ledger.rounding


@property_test
@given(ledgers(["carry", "credit_note", "forfeit"]), story(credited=st.booleans()))
def test_days_waived_without_credit_are_paid_for_if_they_were_billed(ledger, happened):
    play(ledger, happened)
    allowed = ledger.cuts() * ledger.rounding
    least = ledger.served(credited_only=False)
    assert ledger.billed >= least - allowed
    if ledger.policy != "forfeit":
        assert ledger.billed <= ledger.served(waived=False) + allowed


@property_test
@given(
    ledgers(["carry", "carry", "credit_note", "forfeit"]), story(st.booleans()), steps()
)
def test_the_runs_produce_what_was_shown(ledger, happened, last):
    for step in [*happened, last]:
        take(ledger, step)
    ledger.run(ledger.today)
    shown = ledger.preview(12)
    if not shown:
        return
    dues = sorted({due for due, *_rest in shown})
    often = {day for due in dues for day in (due, due + DAY, due + 9 * DAY)}
    monthly = {dues[0] + n * 31 * DAY for n in range((dues[-1] - dues[0]).days // 31)}
    for run_days in (sorted(often), [*sorted(monthly), dues[-1]], [dues[-1]]):
        copy = deepcopy(ledger)
        made = [
            invoice for day in run_days for invoice in copy.run(max(day, copy.today))
        ]
        assert made[: len(shown)] == shown


@property_test
@given(ledgers(["carry", "credit_note", "forfeit"]), story(st.booleans()))
def test_a_run_on_the_same_day_adds_nothing(ledger, happened):
    for step in happened:
        take(ledger, step)
        ledger.run(ledger.today)
        assert not ledger.run(ledger.today)


@property_test
@given(
    ledgers(),
    st.lists(st.tuples(days, new_values()), min_size=1, max_size=5).flatmap(
        lambda facts: st.tuples(st.just(facts), st.permutations(list(enumerate(facts))))
    ),
    st.lists(st.integers(0, 60), min_size=5, max_size=5),
    st.lists(st.integers(0, 60), min_size=5, max_size=5),
)
def test_the_order_of_entry_does_not_matter(ledger, facts, gaps, other_gaps):
    in_order, shuffled = list(enumerate(facts[0])), facts[1]
    other = deepcopy(ledger)
    for book, entered, pauses in (
        (ledger, in_order, gaps),
        (other, shuffled, other_gaps),
    ):
        for (order, (day, values)), pause in zip(entered, pauses, strict=False):
            book.change(0, day, values, order=order)
            book.run(book.today + pause * DAY)
        book.end_on(START + 200 * DAY)
        book.run_to_the_end()
    assert ledger.stretches(ledger.charges[0]) == other.stretches(other.charges[0])
    assert abs(ledger.billed - other.billed) <= (
        (ledger.cuts() + other.cuts()) * ledger.rounding
    )


@property_test
@given(ledgers(["carry", "credit_note"]), days, new_values(), st.data())
def test_up_and_down_again_on_one_day_is_nothing(ledger, day, up, data):
    ledger.run(START + data.draw(st.integers(0, 80)) * DAY)
    untouched = deepcopy(ledger)
    down = {**ledger.charges[0].values, "removed": False}
    ledger.change(0, day, up)
    if data.draw(st.booleans()):
        ledger.run(ledger.today + data.draw(st.integers(0, 90)) * DAY)
    ledger.change(0, day, down)
    for book in (ledger, untouched):
        book.end_on(START + 200 * DAY)
        book.run_to_the_end()
    check_invoices(ledger)
    assert ledger.billed == untouched.billed
