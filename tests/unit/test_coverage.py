"""Who pays: SEMANTICS §5 with its examples, and what must hold for any work."""

from collections import Counter
from dataclasses import replace
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from itertools import permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tools.allowance import Lot, Stock
from tools.coverage import (
    INDIVISIBLE,
    KINDS,
    LEVELS,
    Candidate,
    Part,
    Place,
    Work,
    decide,
    get_job,
    judge,
    split_days,
    survey,
)
from tools.working_time import WorkingTime

property_test = settings(derandomize=True, deadline=None, max_examples=100)

FRIDAY = date(2026, 3, 6)
OFFICE = WorkingTime({day: [(540, 1020)] for day in range(5)}, "UTC")
NIGHT = WorkingTime({day: [(1020, 1440)] for day in range(7)}, "UTC")
START = date(2026, 1, 1)
COMPANY = {"company": {7}}


def at(text, day=FRIDAY):
    return datetime.fromisoformat(f"{day}T{text}:00+00:00").astimezone(timezone.utc)


def work(number=1, quantity="2", day=FRIDAY, hours=None, **values):
    place = Place(device=1, system=2, site=3, contact=4, company=7, parents=(8, 9))
    start, end = (at(text, day) for text in hours) if hours else (None, None)
    values = {"place": place, "start": start, "end": end, **values}
    return Work(number, day, Decimal(quantity), **values)


def agreement(number=1, start=START, covers=COMPANY, **values):
    return Candidate(number, start, covers=covers, **values)


def hours(quantity, number=1, **values):
    lots = (Lot(number, Decimal(quantity), START),)
    return agreement(number, kind="included", lots=lots, **values)


def parts(*works, by):
    return {
        verdict.work.id: [
            (part.outcome, str(part.quantity.normalize()), part.candidate)
            for part in verdict.parts
        ]
        for verdict in decide(works, by)
    }


class TestExamples:
    def test_cov_01_the_device_goes_before_the_company(self):
        device = agreement(2, covers={"device": {1}})
        assert parts(work(), by=[agreement(1), device]) == {1: [("covered", "2", 2)]}

    def test_cov_04_the_earlier_start_then_the_lower_id(self):
        older = agreement(5, date(2025, 12, 1))
        assert parts(work(), by=[agreement(1), older]) == {1: [("covered", "2", 5)]}
        assert parts(work(), by=[agreement(3), agreement(2)]) == {
            1: [("covered", "2", 2)]
        }

    def test_cov_05_what_starts_after_the_work_is_no_candidate(self):
        later = agreement(1, FRIDAY + timedelta(days=1))
        assert parts(work(), by=[later]) == {1: [("uncovered", "2", None)]}
        assert [r.code for r in judge(later, work()).reasons if not r.met] == [
            "in_force"
        ]

    def test_cov_08_split_at_closing_time(self):
        late = work(hours=("16:30", "18:30"))
        assert parts(late, by=[agreement(hours=OFFICE)]) == {
            1: [("covered", "0.5", 1), ("after_hours", "1.5", 1)]
        }

    def test_cov_09_what_a_person_chose_goes_first(self):
        device = agreement(2, covers={"device": {1}})
        chosen = work(chosen=1)
        assert parts(chosen, by=[agreement(1), device]) == {1: [("covered", "2", 1)]}

    def test_mid_01_each_day_by_what_is_in_force_then(self):
        until = agreement(1, end=date(2026, 3, 31))
        before = work(1, "2", date(2026, 3, 31))
        after = work(2, "1", date(2026, 4, 1))
        assert parts(after, before, by=[until]) == {
            1: [("covered", "2", 1)],
            2: [("uncovered", "1", None)],
        }

    def test_mid_01_across_midnight(self):
        until = agreement(1, end=date(2026, 3, 31))
        start = at("22:00", date(2026, 3, 31))
        night = replace(work(), start=start, end=start + timedelta(hours=3))
        pieces = split_days(replace(night, quantity=Decimal(3)), "UTC")
        assert [(each.day.day, each.quantity) for each in pieces] == [(31, 2), (1, 1)]
        assert [p.outcome for v in decide(pieces, [until]) for p in v.parts] == [
            "covered",
            "uncovered",
        ]

    def test_blk_03_the_rest_of_the_hours_then_overage(self):
        assert parts(work(quantity="3.5"), by=[hours(2)]) == {
            1: [("covered", "2", 1), ("overage", "1.5", 1)]
        }

    def test_what_is_left_over_goes_down_the_list(self):
        prepaid = replace(hours(10, 2), kind="prepaid")
        assert parts(work(quantity="3.5"), by=[prepaid, hours(2)]) == {
            1: [("covered", "2", 1), ("covered", "1.5", 2)]
        }


class TestOrder:
    @pytest.mark.parametrize("level", range(len(LEVELS) - 1))
    def test_the_nearer_level_goes_first(self, level):
        ids = {"device": 1, "system": 2, "site": 3, "contact": 4, "company": 7}
        near = LEVELS[level]
        nearer = agreement(9, covers={near: {ids[near]}})
        further = [
            agreement(number, covers={each: {ids[each]}})
            for number, each in enumerate(LEVELS[level + 1 : -1])
        ]
        assert parts(work(), by=[*further, nearer])[1] == [("covered", "2", 9)]

    def test_a_parent_only_where_it_covers_its_children(self):
        parent = agreement(covers={"company": {9}})
        assert parts(work(), by=[parent])[1] == [("uncovered", "2", None)]
        parent = replace(parent, covers_children=True)
        assert parts(work(), by=[parent])[1] == [("covered", "2", 1)]
        assert judge(parent, work()).level == "parent"

    def test_unlimited_before_included_before_prepaid(self):
        free, included = agreement(9), hours(10, 5)
        prepaid = replace(hours(10, 1), kind="prepaid")
        assert parts(work(), by=[prepaid, included, free])[1] == [("covered", "2", 9)]
        assert parts(work(), by=[prepaid, included])[1] == [("covered", "2", 5)]

    def test_then_the_sequence(self):
        first = agreement(9, date(2026, 2, 1), sequence=1)
        assert parts(work(), by=[agreement(1), first])[1] == [("covered", "2", 9)]


class TestReasons:
    def get_failed(self, candidate, piece):
        return [
            (r.code, r.detail) for r in judge(candidate, piece).reasons if not r.met
        ]

    def test_all_that_speaks_against_it_is_said(self):
        wrong = agreement(
            covers={"company": {1}},
            end=date(2026, 3, 5),
            work_kinds=frozenset({"remote"}),
            exclusions=frozenset({"lightning"}),
            hours=OFFICE,
        )
        done = work(
            kind="on_site",
            exclusions=frozenset({"lightning"}),
            hours=("18:00", "20:00"),
        )
        assert self.get_failed(wrong, done) == [
            ("in_force", None),
            ("place", None),
            ("work_kind", "on_site"),
            ("exclusion", "lightning"),
            ("hours", None),
        ]

    def test_wholly_out_of_hours_it_is_billed_by_its_rates(self):
        done = work(hours=("18:00", "20:00"))
        billed = parts(done, by=[agreement(hours=OFFICE)])[1]
        assert billed == [("after_hours", "2", 1)]

    def test_without_an_hour_it_counts_as_business_hours(self):
        assert parts(work(), by=[agreement(hours=OFFICE)])[1] == [("covered", "2", 1)]


class TestHours:
    def test_what_one_does_not_cover_another_may(self):
        late = work(hours=("16:30", "18:30"))
        office, night = agreement(1, hours=OFFICE), agreement(2, hours=NIGHT)
        assert parts(late, by=[night, office])[1] == [
            ("covered", "0.5", 1),
            ("covered", "1.5", 2),
        ]

    def test_a_lunch_break_leaves_two_parts_not_three(self):
        lunch = WorkingTime({4: [(540, 720), (780, 1020)]}, "UTC")
        day = work(quantity="4", hours=("11:00", "15:00"))
        assert parts(day, by=[agreement(hours=lunch)])[1] == [
            ("covered", "3", 1),
            ("after_hours", "1", 1),
        ]

    def test_seconds_at_the_edge_of_the_hours_are_no_part(self):
        def seconds(start, end):
            begun, ended = (
                datetime.fromisoformat(f"2026-03-06T{text}+00:00").astimezone(
                    timezone.utc
                )
                for text in (start, end)
            )
            return work(quantity="1", start=begun, end=ended)

        office = agreement(hours=OFFICE)
        for done in (("15:59:36", "17:00:36"), ("08:59:30", "10:00:00")):
            assert parts(seconds(*done), by=[office]) == {1: [("covered", "1", 1)]}
        for done in (("16:59:30", "18:00:00"), ("08:00:00", "09:00:59")):
            found = parts(seconds(*done), by=[office])
            assert found == {1: [("after_hours", "1", 1)]}
        minute = parts(seconds("16:01:00", "17:01:00"), by=[office])
        assert [outcome for outcome, *_rest in minute[1]] == ["covered", "after_hours"]
        [verdict] = decide([seconds("16:59:30", "18:00:00")], [office])
        [judgement] = verdict.judgements
        assert [r.code for r in judgement.reasons if not r.met] == ["hours"]

    def test_less_than_one_can_print_is_no_overage(self):
        """100.00 at 150.00 an hour are forty minutes, of work noted as 0.67 hours."""
        lots = (Lot(1, Decimal(100), START),)
        money = agreement(
            kind="prepaid",
            unit="amount",
            lots=lots,
            per_hour=lambda _work: Decimal(150),
        )
        assert parts(work(quantity="0.67"), by=[money]) == {1: [("covered", "0.67", 1)]}
        found = parts(work(quantity="0.68"), by=[money])
        assert found == {1: [("covered", "0.6667", 1), ("overage", "0.0133", 1)]}

    def test_seconds_after_midnight_are_of_the_day_before(self):
        late = work(hours=("22:00", "23:59"))
        late = replace(late, end=late.end + timedelta(seconds=90))
        assert [(p.day, p.quantity) for p in split_days(late, "UTC")] == [(FRIDAY, 2)]
        early = replace(late, start=late.end - timedelta(seconds=45))
        early = replace(early, end=late.end + timedelta(hours=1))
        assert [p.day for p in split_days(early, "UTC")] == [date(2026, 3, 7)]

    def test_what_counts_more_than_it_lasted_is_shared_alike(self):
        short = work(quantity="1", hours=("16:54", "17:06"))
        assert parts(short, by=[agreement(hours=OFFICE)])[1] == [
            ("covered", "0.5", 1),
            ("after_hours", "0.5", 1),
        ]

    def test_midnight_is_the_sites(self):
        start = at("22:00")
        night = replace(work(), start=start, end=start + timedelta(hours=2))
        assert len(split_days(night, "America/New_York")) == 1
        assert [each.day.day for each in split_days(night, "Europe/Berlin")] == [6, 7]


class TestEdges:
    def test_a_factor_of_zero_costs_nothing(self):
        free = work(factor=Decimal(0))
        assert parts(free, by=[hours(1)])[1] == [("covered", "2", 1)]

    def test_work_of_nothing_has_no_parts(self):
        assert parts(work(quantity="0"), by=[agreement()])[1] == []

    def test_a_factor_draws_more_than_the_work(self):
        done = work(quantity="3", factor=Decimal("1.5"))
        assert decide([done], [hours(3)])[0].parts == (
            Part("covered", Decimal(2), 1, 1),
            Part("overage", Decimal(1), 1),
        )

    @pytest.mark.parametrize(
        "broken",
        [
            lambda: work(quantity="-1"),
            lambda: replace(work(), start=at("10:00")),
            lambda: work(hours=("12:00", "11:00")),
            lambda: agreement(kind="free"),
        ],
    )
    def test_what_cannot_be_is_refused(self, broken):
        with pytest.raises(ValueError):
            broken()


def visits(quantity, number=1, unit="visits", **values):
    return replace(hours(quantity, number, **values), unit=unit)


class TestWholeUnits:
    """A visit or an incident is paid once, and never by half."""

    def test_blk_11_a_visit_pays_for_all_work_of_its_day(self):
        first, second = work(1, job=5), work(2, "3", job=5)
        other = work(3, "1", job=6)
        [one, two, three] = decide([first, second, other], [visits(1)])
        assert one.parts == (Part("covered", Decimal(2), 1, 1),)
        assert [part.units for part in one.parts] == [1]
        assert two.parts == (Part("covered", Decimal(3), 1, 1),)
        assert [part.units for part in two.parts] == [0]
        assert three.parts == (Part("overage", Decimal(1), 1),)

    def test_an_incident_goes_on_the_next_day_and_a_visit_does_not(self):
        days = [work(n, day=FRIDAY + timedelta(days=n), job=5) for n in (1, 2)]
        assert parts(*days, by=[visits(1, unit="incidents")])[2] == [
            ("covered", "2", 1)
        ]
        assert parts(*days, by=[visits(1)])[2] == [("overage", "2", 1)]

    def test_half_a_visit_is_none(self):
        assert parts(work(), by=[visits("0.5")])[1] == [("overage", "2", 1)]
        halves = replace(
            visits(1), lots=tuple(Lot(n, Decimal("0.5"), START) for n in (1, 2))
        )
        [verdict] = decide([work()], [halves])
        assert [(p.lot, p.quantity, p.units) for p in verdict.parts] == [
            (1, 1, Decimal("0.5")),
            (2, 1, Decimal("0.5")),
        ]

    def test_paid_before_it_costs_nothing_more(self):
        done = work(job=5)
        paid = {(1, ("job", 5, FRIDAY)): 7}
        [verdict] = decide([done], [visits(0)], paid=paid)
        assert verdict.parts == (Part("covered", Decimal(2), 1, 7),)

    def test_out_of_its_hours_a_visit_is_billed(self):
        late = work(hours=("16:30", "18:30"), job=5)
        assert parts(late, by=[visits(1, hours=OFFICE)])[1] == [
            ("covered", "0.5", 1),
            ("after_hours", "1.5", 1),
        ]


class TestTerms:
    def test_what_an_hour_costs_is_the_candidates(self):
        money = replace(hours(100), unit="amount", per_hour=lambda _work: Decimal(150))
        [verdict] = decide([work()], [money])
        assert [(p.outcome, p.quantity, p.units) for p in verdict.parts] == [
            ("covered", Decimal("0.6667"), 100),
            ("overage", Decimal("1.3333"), 0),
        ]

    def test_stocks_in_place_of_lots_are_drawn_from(self):
        stock = Stock([Lot(9, Decimal(1), START)], "expiry_first")
        [verdict] = decide([work()], [hours(5)], stocks={1: stock})
        assert verdict.parts[0] == Part("covered", Decimal(1), 1, 9)
        assert stock.left(FRIDAY) == 0

    def test_without_allowance_its_rates_apply(self):
        rates = agreement(kind="none", hours=OFFICE)
        late = work(hours=("16:30", "18:30"))
        [verdict] = decide([late], [rates])
        assert verdict.parts == (
            Part("uncovered", Decimal("0.5"), 1),
            Part("uncovered", Decimal("1.5"), 1, after_hours=True),
        )
        assert verdict.best == 1

    def test_what_is_excluded_is_billed_by_the_rates_of_who_covers_the_place(self):
        no_lamps = agreement(exclusions=frozenset({"lamp"}))
        elsewhere = agreement(2, covers={"company": {1}})
        lamp = work(exclusions=frozenset({"lamp"}))
        [verdict] = decide([lamp], [elsewhere, no_lamps])
        assert verdict.parts == (Part("uncovered", Decimal(2), 1),)

    def test_by_nobodys_rates_the_hours_of_who_serves_count(self):
        late = work(hours=("16:30", "18:30"))
        [verdict] = decide([late], [], office=OFFICE)
        assert verdict.parts == (
            Part("uncovered", Decimal("0.5")),
            Part("uncovered", Decimal("1.5"), after_hours=True),
        )

    def test_days_on_which_it_is_not_in_force(self):
        gap = (FRIDAY, FRIDAY)
        assert parts(work(), by=[agreement(gaps=(gap,))])[1] == [
            ("uncovered", "2", None)
        ]
        open_ended = agreement(gaps=((FRIDAY + timedelta(days=1), None),))
        later = work(2, day=FRIDAY + timedelta(days=9))
        assert parts(work(), later, by=[open_ended]) == {
            1: [("covered", "2", 1)],
            2: [("uncovered", "2", None)],
        }

    def test_chosen_by_its_owner_it_pays_for_what_it_does_not_cover(self):
        only_remote = agreement(1, owner=8, work_kinds=frozenset({"remote"}))
        chosen = work(kind="on_site", chosen=8)
        by = [only_remote, agreement(2, owner=9)]
        assert parts(chosen, by=by)[1] == [("covered", "2", 1)]
        assert parts(chosen, by=[replace(only_remote, end=START), by[1]])[1] == [
            ("covered", "2", 2)
        ]

    def test_who_pays_first_is_known_before_it_is_rounded(self):
        far, near = agreement(1), agreement(2, covers={"device": {1}})
        assert survey(work(), [far, near]).best is near
        assert survey(work(), []).best is None
        billed = agreement(3, kind="none")
        assert survey(work(), [billed]).best is billed

    def test_what_comes_late_gets_what_is_left(self):
        late = work(1, "2", day=FRIDAY - timedelta(days=5), late=True)
        assert parts(late, work(2, "2"), by=[hours(3)]) == {
            1: [("covered", "1", 1), ("overage", "1", 1)],
            2: [("covered", "2", 1)],
        }

    def test_an_overrun_is_taken_all_the_same(self):
        class Overdrawn(Stock):
            def take(self, day, units):
                yield self.lots[0].id, units

        lots = [Lot(9, Decimal(0), START)]
        stock = Overdrawn(lots, "expiry_first")
        by = replace(visits(0), overrun=True)
        [verdict] = decide([work()], [by], stocks={1: stock})
        assert verdict.parts == (Part("covered", Decimal(2), 1, 9),)


quantities = st.decimals("0.25", 8, places=2)
places = st.builds(
    Place,
    device=st.none() | st.integers(1, 2),
    site=st.none() | st.integers(1, 2),
    company=st.integers(6, 8),
    parents=st.sampled_from([(), (7,)]),
)


@st.composite
def works(draw):
    found = []
    for number in range(draw(st.integers(1, 5))):
        day = FRIDAY + timedelta(days=draw(st.integers(-3, 3)))
        start = at("00:00", day) + timedelta(minutes=15 * draw(st.integers(0, 60)))
        length = draw(st.none() | st.integers(1, 34))
        end = length and start + timedelta(minutes=15 * length)
        piece = work(number, draw(quantities), day, place=draw(places))
        piece = replace(piece, start=end and start, end=end)
        piece = replace(piece, job=draw(st.none() | st.integers(1, 2)))
        found.append(replace(piece, factor=draw(st.sampled_from(FACTORS))))
    return found


FACTORS = [Decimal(1), Decimal("0.5"), Decimal(2)]
PRICES = [Decimal("0.75"), Decimal(3), Decimal("33.33")]
UNITS = ("hours", "amount", "visits", "incidents")
ends = st.none() | st.integers(-1, 2).map(lambda n: FRIDAY + timedelta(days=n))
covered = st.sampled_from([COMPANY, {"site": {1}}, {"device": {1}}, {"company": {6}}])


@st.composite
def candidates(draw, first=0, units=UNITS):
    found = []
    for number in range(first, first + draw(st.integers(0, 4))):
        values = {
            "covers": draw(covered),
            "covers_children": draw(st.booleans()),
            "hours": draw(st.sampled_from([None, OFFICE, NIGHT])),
            "end": draw(st.none() | st.just(FRIDAY)),
            "sequence": draw(st.integers(1, 2)),
        }
        kind = draw(st.sampled_from(KINDS))
        lots, per_hour = (), draw(st.sampled_from([None, *PRICES]))
        if kind in ("included", "prepaid"):
            lots = tuple(
                Lot(10 * number + index, draw(quantities), START, draw(ends))
                for index in range(draw(st.integers(1, 2)))
            )
            values["unit"] = draw(st.sampled_from(units))
        if per_hour:
            values["per_hour"] = lambda _work, price=per_hour: price
        found.append(agreement(number, kind=kind, lots=lots, **values))
    return found


# Paid for on one day, whatever comes later.
LASTING = ("hours", "amount", "visits")


def get_billed(verdicts):
    """Work that nobody pays for."""
    return sum(
        part.quantity
        for verdict in verdicts
        for part in verdict.parts
        if part.outcome != "covered"
    )


class TestProperties:
    @property_test
    @given(works(), candidates())
    def test_all_work_is_answered_to_the_second(self, done, by):
        for verdict in decide(done, by):
            assert sum(part.quantity for part in verdict.parts) == verdict.work.quantity
            assert all(part.quantity > 0 for part in verdict.parts)

    @property_test
    @given(works(), candidates())
    def test_no_lot_gives_more_than_it_holds(self, done, by):
        drawn = Counter()
        for verdict in decide(done, by):
            for part in verdict.parts:
                assert not part.units or part.outcome == "covered"
                drawn[part.candidate, part.lot] += part.units
        for each in by:
            for lot in each.lots:
                assert drawn[each.id, lot.id] <= lot.quantity

    @property_test
    @given(works().filter(lambda found: len(found) < 4), candidates())
    def test_the_order_of_entry_does_not_matter(self, done, by):
        expected = decide(done, by)
        for shuffled in permutations(done):
            assert decide(shuffled, by) == expected

    @property_test
    @given(works(), candidates())
    def test_what_a_visit_paid_is_paid_once(self, done, by):
        whole = {each.id for each in by if each.unit in INDIVISIBLE}
        units = Counter()
        for verdict in decide(done, by):
            for part in verdict.parts:
                if part.candidate in whole:
                    unit = by[[c.id for c in by].index(part.candidate)].unit
                    units[part.candidate, get_job(unit, verdict.work)] += part.units
        assert set(units.values()) <= {0, 1}

    @property_test
    @given(
        works(),
        candidates(units=LASTING),
        candidates(first=10, units=LASTING),
    )
    def test_another_agreement_never_makes_a_covered_customer_pay_more(
        self, done, by, more
    ):
        """Of an incident that goes on, the day on which it is paid decides from which
        lot: an agreement that pays for its first day may leave the rest to a lot that
        is over by then. Such rules say so themselves."""
        before, after = decide(done, by), decide(done, [*by, *more])
        assert get_billed(after) <= get_billed(before)

    @property_test
    @given(works(), candidates())
    def test_the_verdict_does_not_depend_on_the_order_of_candidates(self, done, by):
        expected = [verdict.parts for verdict in decide(done, by)]
        assert [v.parts for v in decide(done, by[::-1])] == expected

    @property_test
    @given(works())
    def test_days_add_up_to_the_work(self, done):
        for each in done:
            pieces = split_days(each, "Australia/Lord_Howe")
            assert sum(piece.quantity for piece in pieces) == each.quantity
            if each.start is not None:
                assert pieces[0].start == each.start
                assert pieces[-1].end == each.end
