"""The ledger of an allowance: SEMANTICS §6, and the fine print of `ledger`."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tools.billing_period import Recurrence
from tools.ledger import Ledger, Lot, LotKey, Terms

property_test = settings(derandomize=True, deadline=None, max_examples=100)

ZERO = Decimal(0)


def day(text):
    return date.fromisoformat(text)


def monthly(quantity, anchor="2026-01-01", months=1, **terms):
    recurrence = Recurrence(day(anchor), "month", months)
    return Terms(Decimal(quantity), recurrence, **terms)


def ledger(terms, start="2026-01-01", end=None, until="2026-12-31", **values):
    spans = [(day(start), end and day(end))]
    return Ledger(1, terms, spans, until=day(until), **values)


def take(book, text, units):
    return [(*key[1:], taken) for key, taken in book.take(day(text), Decimal(units))]


def row(lot):
    return (
        lot.key,
        lot.start,
        lot.end,
        lot.granted,
        lot.adjusted,
        lot.rolled_in,
        lot.drawn,
        lot.forfeited,
        lot.rolled_out,
        lot.balance,
    )


def rows(book, today):
    today = day(today) if isinstance(today, str) else today
    book.advance(today)
    found = [lot.as_of(today) for lot in book.lots if lot.is_on_record(today)]
    return sorted(row(lot) for lot in found)


def account(book, today, kind="granted"):
    """The figures of the lots of a kind, by their first day."""
    return {str(r[1]): tuple(r[3:]) for r in rows(book, today) if r[0].kind == kind}


def bought(number, quantity, start, end=None, paid="0001-01-01", **values):
    return Lot(
        LotKey(1, "bought", number),
        day(start),
        end and day(end),
        Decimal(quantity),
        usable_from=paid and day(paid),
        **values,
    )


class TestPeriods:
    def test_an_anchor_of_the_31st_comes_back_to_it(self):
        book = ledger(monthly(4, "2026-01-31"), "2026-01-31")
        starts = [str(r[1]) for r in rows(book, "2026-05-31")]
        assert starts == [
            "2026-01-31",
            "2026-02-28",
            "2026-03-31",
            "2026-04-30",
            "2026-05-31",
        ]

    def test_29_february_in_common_years(self):
        terms = monthly(10, "2024-02-29", 12)
        book = ledger(terms, "2024-02-29", until="2028-12-31")
        ends = [str(r[2]) for r in rows(book, "2028-03-01")]
        assert ends == [
            "2025-02-27",
            "2026-02-27",
            "2027-02-27",
            "2028-02-28",
            "2029-02-27",
        ]

    @pytest.mark.parametrize(
        ("method", "granted"), [("actual", "1.94"), ("actual_30", "2"), ("none", "4")]
    )
    def test_a_first_shorter_period_is_prorated(self, method, granted):
        book = ledger(monthly(4, proration=method), "2026-01-17")
        assert account(book, "2026-01-20")["2026-01-17"][0] == Decimal(granted)

    def test_visits_are_granted_whole(self):
        quarterly = monthly(2, months=3, step=Decimal(1))
        assert account(ledger(quarterly, "2026-02-10"), "2026-02-10") == {
            "2026-02-10": (1, 0, 0, 0, 0, 0, 1)
        }
        # A day of a quarter is no visit.
        assert not rows(ledger(quarterly, "2026-03-31"), "2026-03-31")

    def test_nothing_before_it_starts_nor_after_the_last_day(self):
        book = ledger(monthly(4), end="2026-03-11", last_day=day("2026-03-10"))
        last = rows(book, "2026-06-01")[-1]
        assert (str(last[1]), str(last[2])) == ("2026-03-01", "2026-03-10")
        assert last[-3:] == (4, 0, 0)  # forfeited on the last day
        assert not take(book, "2026-03-11", 1)

    def test_nothing_is_granted_while_suspended(self):
        pause = (day("2026-02-10"), day("2026-04-16"))
        spans = [(day("2026-01-01"), pause[0]), (pause[1], None)]
        book = Ledger(1, monthly(4), spans, until=day("2026-12-31"), suspended=[pause])
        assert not take(book, "2026-02-20", 1)
        granted = {key: r[0] for key, r in account(book, "2026-05-01").items()}
        assert granted == {
            "2026-01-01": 4,
            "2026-02-01": 4,
            "2026-04-16": 2,
            "2026-05-01": 4,
        }

    def test_resumed_within_the_period_grants_nothing_more(self):
        pause = (day("2026-02-10"), day("2026-02-20"))
        spans = [(day("2026-01-01"), pause[0]), (pause[1], None)]
        book = Ledger(1, monthly(4), spans, until=day("2026-12-31"), suspended=[pause])
        assert take(book, "2026-02-20", 5) == [("granted", day("2026-02-01"), 4)]


class TestCarriedOver:
    def test_without_rollover_the_rest_is_forfeited_and_shown(self):
        book = ledger(monthly(4))
        take(book, "2026-01-20", 3)
        assert account(book, "2026-01-31")["2026-01-01"] == (4, 0, 0, 3, 0, 0, 1)
        assert account(book, "2026-02-01")["2026-01-01"] == (4, 0, 0, 3, 1, 0, 0)

    def test_up_to_the_cap_with_its_own_expiry(self):
        book = ledger(monthly(4, rollover_cap=Decimal(2), rollover_months=2))
        take(book, "2026-01-20", 1)
        rolled = account(book, "2026-02-01", "rolled")
        assert rolled == {"2026-02-01": (0, 0, 2, 0, 0, 0, 2)}
        assert account(book, "2026-02-01")["2026-01-01"] == (4, 0, 0, 1, 1, 2, 0)
        # Of two that are valid, what expires first.
        assert take(book, "2026-02-10", 5) == [
            ("granted", day("2026-02-01"), 4),
            ("rolled", day("2026-01-01"), 1),
        ]
        assert account(book, "2026-04-01", "rolled")["2026-02-01"] == (
            *(0, 0, 2, 1, 1, 0, 0),
        )

    def test_of_an_anchor_of_the_31st(self):
        terms = monthly(4, "2026-01-31", rollover_cap=Decimal(4))
        book = ledger(terms, "2026-01-31")
        found = [r for r in rows(book, "2026-04-01") if r[0].kind == "rolled"]
        assert [(str(r[1]), str(r[2])) for r in found] == [
            ("2026-02-28", "2026-03-30"),
            ("2026-03-31", "2026-04-29"),
        ]

    def test_without_end(self):
        terms = monthly(4, rollover_cap=Decimal(4), rollover_months=0)
        book = ledger(terms, end="2026-03-01")
        assert rows(book, "2026-12-01")[-1][2] is None
        assert take(book, "2026-12-01", 9)[0][2] == 4

    def test_what_was_carried_over_is_not_carried_again(self):
        book = ledger(monthly(4, rollover_cap=Decimal(4)))
        assert account(book, "2026-03-01", "rolled") == {
            "2026-02-01": (0, 0, 4, 0, 4, 0, 0),
            "2026-03-01": (0, 0, 4, 0, 0, 0, 4),
        }

    def test_nothing_is_carried_past_the_last_day(self):
        terms = monthly(4, rollover_cap=Decimal(4))
        book = ledger(terms, end="2026-02-01", last_day=day("2026-01-31"))
        assert account(book, "2026-02-01") == {"2026-01-01": (4, 0, 0, 0, 4, 0, 0)}
        assert not account(book, "2026-02-01", "rolled")


class TestOverrun:
    def test_it_is_taken_from_the_next_period(self):
        book = ledger(monthly(4, overrun=True))
        assert take(book, "2026-01-20", 6) == [
            ("granted", day("2026-01-01"), 4),
            ("granted", day("2026-01-01"), 2),
        ]
        assert account(book, "2026-01-31")["2026-01-01"] == (4, 0, 0, 6, 0, 0, -2)
        assert account(book, "2026-02-01") == {
            "2026-01-01": (4, 0, 0, 6, 0, -2, 0),
            "2026-02-01": (4, 0, -2, 0, 0, 0, 2),
        }

    def test_more_than_a_period(self):
        book = ledger(monthly(4, overrun=True))
        take(book, "2026-01-20", 11)
        assert account(book, "2026-03-01")["2026-03-01"] == (4, 0, -3, 0, 0, 0, 1)

    def test_no_more_than_what_is_still_to_be_granted(self):
        book = ledger(
            monthly(4, overrun=True), end="2026-04-01", last_day=day("2026-03-31")
        )
        # Four of January, and those of February and March.
        assert sum(units for *_key, units in take(book, "2026-01-20", 20)) == 12
        assert not take(book, "2026-02-20", 1)
        assert account(book, "2026-06-01")["2026-03-01"][-1] == 0

    def test_what_was_overrun_for_good_before_it_was_ended_stays_open(self):
        known = Lot(LotKey(1, "granted", day("2026-01-01")), day("2026-01-01"), drawn=6)
        book = ledger(
            monthly(4, overrun=True),
            end="2026-02-01",
            last_day=day("2026-01-31"),
            known=[known],
        )
        assert not take(book, "2026-01-20", 1)
        assert book.missing(day("2026-01-31")) == 2
        assert account(book, "2026-06-01")["2026-01-01"][-1] == -2
        assert book.missing(day("2026-06-01")) == 2

    def test_others_never_go_below_zero(self):
        book = ledger(monthly(4))
        assert take(book, "2026-01-20", 6) == [("granted", day("2026-01-01"), 4)]
        assert not take(book, "2026-01-21", 1)


class TestBought:
    def test_blk_01_of_two_that_end_together_the_earlier_start(self):
        lots = [
            bought(7, 5, "2026-06-01", "2026-12-31"),
            bought(9, 5, "2026-05-01", "2026-12-31"),
        ]
        book = Ledger(1, Terms(), until=day("2026-12-31"), known=lots)
        assert take(book, "2026-06-03", 3) == [("bought", 9, 3)]

    def test_what_is_not_paid_is_left_alone_until_then(self):
        lots = [bought(1, 5, "2026-01-01", paid=None)]
        book = Ledger(1, Terms(), until=day("2026-12-31"), known=lots)
        assert not take(book, "2026-06-03", 3)
        lots = [bought(1, 5, "2026-01-01", paid="2026-06-03")]
        book = Ledger(1, Terms(), until=day("2026-12-31"), known=lots)
        assert not take(book, "2026-06-02", 3)
        assert take(book, "2026-06-03", 3) == [("bought", 1, 3)]

    def test_beside_what_is_granted_which_expires_first(self):
        lots = [bought(1, 5, "2026-01-01", "2026-12-31")]
        book = ledger(monthly(4), known=lots)
        assert take(book, "2026-01-20", 6) == [
            ("granted", day("2026-01-01"), 4),
            ("bought", 1, 2),
        ]

    def test_what_is_left_of_it_outlives_new_terms(self):
        old = Ledger(
            1, Terms(), until=day("2026-12-31"), known=[bought(1, 5, "2026-01-01")]
        )
        new = Ledger(
            2,
            monthly(4),
            [(day("2026-03-11"), None)],
            until=day("2026-12-31"),
            before=[old],
        )
        assert take(old, "2026-03-10", 1) == [("bought", 1, 1)]
        assert take(new, "2026-03-11", 8) == [
            ("granted", day("2026-03-01"), Decimal("2.71")),
            ("bought", 1, 4),
        ]

    def _replace(self, bought_until=None, moved=None, drawn=0):
        """An agreement to the end of March, and the one that replaces it on 5 April."""
        until, block = day("2026-12-31"), bought(1, 5, "2026-01-01", bought_until)
        old = Ledger(
            1,
            Terms(),
            until=until,
            known=[replace(block, drawn=Decimal(drawn))],
            last_day=day("2026-03-31"),
        )
        new = Ledger(
            2,
            Terms(),
            until=until,
            known=moved or [],
            replaced=[old],
            first_day=day("2026-04-05"),
        )
        return old, new

    def test_what_was_paid_for_goes_on_with_the_agreement_that_replaces_it(self):
        old, new = self._replace("2026-06-30", drawn=1)
        assert take(old, "2026-03-10", 1) == [("bought", 1, 1)]
        assert not take(new, "2026-04-04", 1)
        assert take(new, "2026-04-05", 1) == [("moved", 1, 1)]
        assert not take(new, "2026-07-01", 1)
        [given], [taken] = old.lots, new.lots
        assert (given.rolled_out, given.forfeited, given.balance) == (3, 0, 0)
        assert (taken.rolled_in, taken.drawn, taken.forfeited) == (3, 1, 2)
        assert (taken.start, taken.end) == (day("2026-04-05"), day("2026-06-30"))

    def test_what_has_expired_by_then_does_not(self):
        for last in ("2026-03-15", "2026-04-03"):
            old, new = self._replace(last)
            new.advance(day("2026-05-01"))
            assert old.lots[0].forfeited == 5
            assert not new.lots

    def test_late_work_does_not_take_what_the_next_one_has_used(self):
        moved = Lot(LotKey(2, "moved", 1), day("2026-04-05"), drawn=Decimal(4))
        old, new = self._replace(moved=[moved])
        assert take(old, "2026-03-10", 3) == [("bought", 1, 1)]
        new.advance(day("2026-05-01"))
        assert (new.lots[0].rolled_in, new.lots[0].balance) == (4, 0)


class TestOnRecord:
    def test_a_late_entry_gets_what_is_left_of_its_day(self):
        book = ledger(monthly(4))
        book.advance(day("2026-02-10"))
        assert not take(book, "2026-01-10", 1)  # January is forfeited
        assert take(book, "2026-02-02", 1) == [("granted", day("2026-02-01"), 1)]

    def test_what_is_drawn_for_good_of_what_was_carried_over_is_not_drawn_before(self):
        rolled = Lot(LotKey(1, "rolled", day("2026-01-01")), day("2026-02-01"), drawn=3)
        jan = Lot(LotKey(1, "granted", day("2026-01-01")), day("2026-01-01"))
        book = ledger(monthly(4, rollover_cap=Decimal(4)), known=[jan, rolled])
        assert take(book, "2026-01-20", 4) == [("granted", day("2026-01-01"), 1)]
        assert account(book, "2026-02-01", "rolled")["2026-02-01"][-1] == 0

    def test_a_grant_never_falls_below_what_was_drawn_for_good(self):
        known = Lot(
            LotKey(1, "granted", day("2026-02-01")),
            day("2026-02-01"),
            granted=Decimal(4),
            drawn=Decimal(3),
        )
        spans = [(day("2026-01-01"), day("2026-02-01"))]
        book = Ledger(1, monthly(4), spans, until=day("2026-12-31"), known=[known])
        assert account(book, "2026-02-02")["2026-02-01"] == (3, 0, 0, 3, 0, 0, 0)

    def test_an_adjustment_is_drawn_from(self):
        known = Lot(
            LotKey(1, "granted", day("2026-01-01")), day("2026-01-01"), adjusted=1
        )
        book = ledger(monthly(4), known=[known])
        assert take(book, "2026-01-20", 6) == [("granted", day("2026-01-01"), 5)]

    def test_what_was_granted_in_a_closed_month_stays(self):
        key = LotKey(1, "granted", day("2026-01-01"))
        known = Lot(key, day("2026-01-01"), granted=Decimal(9))
        book = ledger(monthly(4), known=[known], fixed=[key])
        assert account(book, "2026-01-01")["2026-01-01"][0] == 9

    def test_work_of_a_day_ahead_closes_nothing_before(self):
        book = ledger(monthly(4, rollover_cap=Decimal(4), rollover_months=2))
        take(book, "2026-02-10", 1)
        assert account(book, "2026-01-20") == {
            "2026-01-01": (4, 0, 0, 0, 0, 0, 4),
            "2026-02-01": (4, 0, 0, 1, 0, 0, 3),
        }
        # But what was carried over and is drawn there already, is.
        take(book, "2026-02-11", 4)
        assert account(book, "2026-01-20")["2026-01-01"] == (4, 0, 0, 0, 0, 4, 0)


quantities = st.decimals(0, 8, places=2)
days = st.integers(0, 200).map(lambda number: date(2026, 1, 1) + timedelta(number))
works = st.lists(st.tuples(days, quantities), max_size=12)
LAST = date(2026, 12, 31)


@st.composite
def all_terms(draw):
    anchor = draw(st.sampled_from(["2026-01-01", "2026-01-31", "2025-12-29"]))
    months = draw(st.sampled_from([1, 2, 3]))
    return monthly(
        draw(quantities),
        anchor,
        months,
        rollover_cap=draw(quantities),
        rollover_months=draw(st.integers(0, 3)),
        overrun=draw(st.booleans()),
        proration=draw(st.sampled_from(["actual", "30_360", "none"])),
    )


@st.composite
def facts(draw):
    """Everything a ledger is computed from, but for what is drawn."""
    edges = sorted({draw(days), draw(days), draw(days)})
    suspended = [(a, b) for a, b in pairwise(edges[:2])]
    start = date(2026, 1, 5)
    spans = [(start, None)]
    if suspended and suspended[0][0] > start:
        spans = [(start, suspended[0][0]), (suspended[0][1], None)]
    last_day = draw(st.none() | days.map(lambda each: max(each, edges[-1])))
    if last_day:
        stop = last_day + timedelta(days=1)
        spans = [(a, min(b or stop, stop)) for a, b in spans]
    lots = [
        Lot(LotKey(1, "bought", n), first, None, units)
        for n, (first, units) in enumerate(draw(st.lists(st.tuples(days, quantities))))
    ]
    return {
        "terms": draw(all_terms()),
        "spans": spans,
        "last_day": last_day,
        "suspended": suspended,
        "bought": lots,
    }


def build(given_facts, known=(), **values):
    taken = dict(given_facts)
    lots = [lot.renew() for lot in taken.pop("bought")]
    by_key = {lot.key: lot for lot in [*lots, *known]}
    return Ledger(1, until=LAST, known=by_key.values(), **taken, **values)


def work_off(book, done):
    """:return: list of what was taken, work by work in the order of time"""
    return [[*book.take(*each)] for each in sorted(done)]


class TestProperties:
    @property_test
    @given(facts(), works, days)
    def test_every_lot_adds_up_on_any_day(self, given_facts, done, today):
        book = build(given_facts)
        work_off(book, done)
        for _key, _start, _end, granted, adjusted, rolled_in, *out in rows(book, today):
            assert granted + adjusted + rolled_in == sum(out)

    @property_test
    @given(facts(), works, days)
    def test_what_is_carried_over_arrives(self, given_facts, done, today):
        book = build(given_facts)
        work_off(book, done)
        found = rows(book, today)
        assert sum(r[5] for r in found) == sum(r[8] for r in found)

    @property_test
    @given(facts(), works)
    def test_no_overdraft(self, given_facts, done):
        book = build(given_facts)
        taken = work_off(book, done)
        book.advance(LAST)
        drawn = sum((units for parts in taken for _key, units in parts), ZERO)
        assert drawn == sum(lot.drawn for lot in book.lots)
        if not given_facts["terms"].overrun:
            assert all(lot.balance >= 0 for lot in book.lots)
        for each, parts in zip(sorted(done), taken, strict=True):
            assert sum(units for _key, units in parts) <= each[1]

    @property_test
    @given(facts(), works, st.randoms())
    def test_the_order_of_entry_does_not_matter(self, given_facts, done, random):
        book, other = build(given_facts), build(given_facts)
        shuffled = random.sample(done, len(done))
        assert work_off(book, done) == work_off(other, shuffled)
        assert rows(book, LAST) == rows(other, LAST)

    @property_test
    @given(facts(), works, days, days)
    def test_computing_again_gives_the_same(self, given_facts, done, closed, today):
        """With what is closed as it was stored, and the rest decided again."""
        book = build(given_facts)
        taken = work_off(book, done)
        expected = rows(book, today)
        again = self.restore(given_facts, book, done, taken, closed, today)
        later = [each for each in sorted(done) if each[0] > closed]
        assert work_off(again, later) == taken[len(done) - len(later) :]
        final = {r[0] for r in expected} - {r[0] for r in rows(again, today)}
        kept = [r for r in expected if r[0] not in final]
        assert rows(again, today) == kept

    def restore(self, given_facts, book, done, taken, closed, today):
        stored = [lot.as_of(today) for lot in book.lots if lot.is_on_record(today)]
        over = [lot for lot in stored if lot.end and lot.end <= closed]
        over = {lot.key for lot in over if not lot.balance}
        fixed = {}
        for (worked, _units), parts in zip(sorted(done), taken, strict=True):
            for key, units in parts if worked <= closed else ():
                fixed[key] = fixed.get(key, ZERO) + units
        return build(
            {
                **given_facts,
                "bought": [b for b in given_facts["bought"] if b.key not in over],
            },
            known=[
                replace(lot, drawn=fixed.get(lot.key, ZERO), forfeited=ZERO)
                for lot in stored
                if lot.key not in over
            ],
            fixed={lot.key for lot in stored if lot.start <= closed},
            final=max((k.since for k in over if k.kind == "granted"), default=None),
        )
