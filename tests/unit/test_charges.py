"""From what was agreed and billed to the invoices that follow: SEMANTICS §1 to §3."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from itertools import islice

import pytest
from tools.billing_period import Period, Recurrence
from tools.charges import (
    NEVER,
    Billed,
    Charge,
    Terms,
    Waiver,
    carried,
    differences,
    schedule,
    unbilled,
)

from tests.unit.ledger import Ledger, terms_of

DAY = timedelta(days=1)
MONTHLY = Recurrence(date(2026, 1, 1), "month")
YEARLY = Recurrence(date(2026, 1, 1), "year")


def day(text):
    """ "03-11": of 2026."""
    return date.fromisoformat(f"2026-{text}")


def period(start, end):
    return Period(day(start), day(end))


MARCH = period("03-01", "04-01")


def charge(price, start="03-01", end=None, recurrence=MONTHLY, **more):
    terms = {
        name: more.pop(name)
        for name in ("arrears", "method", "rounding")
        if name in more
    }
    end = end and day(end)
    key = more.pop("key", "line")
    return Charge(
        key, day(start), end, Terms(Decimal(price), recurrence, **terms), **more
    )


def billed(price, part=MARCH, whole=MARCH, charged=None, **more):
    price = Decimal(price)
    charged = price if charged is None else Decimal(charged)
    return Billed(str(part.start), part, whole, price, charged, **more)


def invoices(charges, count=3, policy="carry"):
    """[("03-01", kind, [amounts as text])]"""
    charges = [charges] if isinstance(charges, Charge) else charges
    return [
        (f"{i.due:%m-%d}", i.kind, [str(piece.amount) for piece in i.pieces])
        for i in islice(schedule(charges, policy), count)
    ]


def totals(ledger, count=3):
    """[("03-01", amount as text)] of what follows."""
    return [
        (f"{due:%m-%d}", str(sum(piece[3] for piece in pieces)))
        for due, _kind, pieces in ledger.preview(count)
    ]


def monthly_ledger(price, until="03-01", **more):
    """From January on, and billed up to a day."""
    ledger = Ledger(today=day("01-01"), **more)
    ledger.agree(day("01-01"), terms_of(price))
    ledger.run(day(until))
    return ledger


class TestPeriods:
    def test_per_01_and_04_the_last_day_of_each_month(self):
        recurrence = Recurrence(day("01-31"), "month")
        pieces = list(islice(unbilled(charge(9, "01-31", None, recurrence)), 6))
        starts = [f"{piece.part.start:%m-%d}" for piece in pieces]
        assert starts == ["01-31", "02-28", "03-31", "04-30", "05-31", "06-30"]
        assert [piece.due for piece in pieces] == [p.part.start for p in pieces]
        last_days = [f"{piece.part.last_day:%m-%d}" for piece in pieces[:4]]
        assert last_days == ["02-27", "03-30", "04-29", "05-30"]

    def test_per_06_a_stub_in_advance(self):
        assert invoices(charge(149, "01-17"), 2) == [
            ("01-17", "invoice", ["72.10"]),
            ("02-01", "invoice", ["149.00"]),
        ]

    def test_per_07_a_stub_in_arrears(self):
        assert invoices(charge(149, "01-17", arrears=True), 2) == [
            ("02-01", "invoice", ["72.10"]),
            ("03-01", "invoice", ["149.00"]),
        ]

    def test_in_advance_and_in_arrears_on_one_invoice(self):
        both = [charge(10, key=1), charge(20, "02-01", key=2, arrears=True)]
        assert invoices(both, 1) == [("03-01", "invoice", ["10.00", "20.00"])]

    def test_an_end_cuts_a_period_in_arrears_and_is_when_it_is_due(self):
        assert invoices(charge(31, end="03-21", arrears=True)) == [
            ("03-21", "invoice", ["20.00"])
        ]

    def test_but_not_where_the_charge_goes_on_under_other_terms(self):
        until = charge(31, end="03-21", arrears=True, continued=True, key=1)
        since = charge(62, "03-21", arrears=True, key=2)
        assert invoices([until, since], 1) == [("04-01", "invoice", ["20.00", "22.00"])]

    def test_an_end_in_arrears_after_days_not_charged(self):
        waivers = [Waiver(day("03-05"), day("03-10"))]
        cut = charge(31, end="03-21", arrears=True, waivers=waivers)
        pieces = list(unbilled(cut))
        assert [piece.due for piece in pieces] == [day("03-21")] * 2
        assert [str(piece.amount) for piece in pieces] == ["4.00", "11.00"]

    def test_three_missed_months_are_three_periods(self):
        ledger = monthly_ledger(89, until="01-01")
        assert [due for due, *_rest in ledger.run(day("04-15"))] == [
            day("02-01"),
            day("03-01"),
            day("04-01"),
        ]

    def test_a_reopened_period_is_due_again(self):
        row = billed(31, period("04-01", "05-01"), period("04-01", "05-01"))
        reopened = charge(31, settled=day("03-01"), billed=[row])
        assert invoices(reopened, 2) == [
            ("03-01", "invoice", ["31.00"]),
            ("05-01", "invoice", ["31.00"]),
        ]


class TestProration:
    @pytest.mark.parametrize(
        ("start", "amounts"),
        [
            ("01-15", {"actual": "54.84", "actual_30": "56.67", "30_360": "53.33"}),
            ("02-15", {"actual": "50.00", "actual_30": "46.67", "30_360": "53.33"}),
        ],
    )
    def test_pro_02_and_03_by_method(self, start, amounts):
        for method, amount in amounts.items():
            assert invoices(charge(100, start, method=method), 1)[0][2] == [amount]

    def test_without_proration_a_period_in_two_pieces_is_paid_once(self):
        waivers = [Waiver(day("03-10"), day("03-20"))]
        pieces = islice(unbilled(charge(100, method="none", waivers=waivers)), 3)
        assert [str(piece.amount) for piece in pieces] == ["100.00", "0.00", "100.00"]

    def test_the_last_piece_of_a_period_is_the_remainder(self):
        april = period("04-01", "05-01")
        row = billed("99.99", period("04-01", "04-16"), april, "50.00")
        rest = charge("99.99", "04-01", "05-01", billed=[row], settled=day("04-16"))
        assert invoices(rest) == [("04-16", "invoice", ["49.99"])]

    def test_the_remainder_does_not_depend_on_a_credit_being_billed_yet(self):
        # Of what was billed until the 10th two days were given back.
        waivers = [
            Waiver(day("03-03"), day("03-05")),
            Waiver(day("03-10"), day("03-20")),
        ]
        part = period("03-01", "03-10")
        amounts = set()
        for adjusted in ("0", "-6.46"):
            row = billed(100, part, MARCH, "29.03", adjusted=Decimal(adjusted))
            after = charge(100, waivers=waivers, billed=[row])
            amounts.add(next(unbilled(after)).amount)
        assert amounts == {Decimal("61.29") - Decimal("22.58")}

    def test_what_is_served_of_a_period_stays_paid_without_proration(self):
        # The first of two pieces bears the whole price; its days are waived later.
        rows = [
            billed(100, period("03-01", "03-10"), MARCH, "100"),
            billed(100, period("03-20", "04-01"), MARCH, "0"),
        ]
        waivers = [Waiver(day("03-01"), day("03-20"))]
        assert not list(
            differences(charge(100, method="none", billed=rows, waivers=waivers))
        )

    def test_actual_30_after_the_first_of_two_pieces_is_given_back(self):
        rows = [
            billed(100, period("03-01", "03-31"), MARCH, "100"),
            billed(100, period("03-31", "04-01"), MARCH, "0"),
        ]
        waivers = [Waiver(day("03-01"), day("03-31"))]
        given = charge(100, method="actual_30", billed=rows, waivers=waivers)
        assert [piece.amount for piece in differences(given)] == [Decimal("-96.67")]

    def test_a_credit_is_never_more_than_was_charged(self):
        row = billed(31, charged="5.00")
        [credit] = differences(charge(31, end="03-01", billed=[row]))
        assert credit.amount == -5
        free = billed(31, charged="0")
        assert not list(differences(charge(31, end="03-01", billed=[free])))


class TestChanges:
    def test_pro_01_one_unit_more_in_mid_month(self):
        ledger = monthly_ledger("22.00")
        ledger.change(0, day("03-15"), {"quantity": Decimal(2)})
        assert [(line.start, line.end) for line in ledger.charges[0].lines] == [
            (day("01-01"), day("04-01")),
            (day("03-15"), day("04-01")),
            (day("04-01"), None),
        ]
        [april, may] = ledger.preview(2)
        amounts = sorted(str(piece[3]) for piece in april[2])
        assert amounts == ["12.06", "44.00"]
        assert [str(piece[3]) for piece in may[2]] == ["44.00"]

    def test_pro_06_a_higher_price_in_mid_month(self):
        ledger = monthly_ledger(89)
        ledger.change(0, day("03-11"), {"price_unit": Decimal(149)})
        [(due, _kind, pieces), *_rest] = ledger.preview(1)
        assert due == day("04-01")
        assert [str(p[3]) for p in pieces] == ["-60.29", "100.94", "149.00"]
        assert pieces[0][2] == pieces[1][2] == period("03-11", "04-01")

    def test_pro_06_on_an_invoice_of_its_own(self):
        ledger = monthly_ledger(89)
        ledger.change(0, day("03-11"), {"price_unit": Decimal(149)}, at_once=True)
        assert totals(ledger, 2) == [("03-11", "40.65"), ("04-01", "149.00")]

    def test_pro_07_a_lower_price_in_mid_month(self):
        ledger = monthly_ledger(149)
        ledger.change(0, day("03-11"), {"price_unit": Decimal(89)})
        assert totals(ledger, 2) == [("04-01", "48.35"), ("05-01", "89.00")]

    def test_pro_08_a_change_on_day_16_of_30(self):
        ledger = monthly_ledger("99.99", until="04-01")
        ledger.change(0, day("04-16"), {"price_unit": Decimal("149.00")})
        credit = ledger.preview(1)[0][2][0]
        # 50.00 are kept of the 99.99: together never 100.00.
        assert (credit[3], credit[2]) == (Decimal("-49.99"), period("04-16", "05-01"))

    def test_pro_10_in_mid_year(self):
        ledger = Ledger(today=day("01-01"))
        ledger.agree(day("01-01"), terms_of(1200, unit="year"))
        ledger.run(day("01-01"))
        ledger.change(0, day("07-01"), {"price_unit": Decimal(1800)})
        [(due, _kind, pieces)] = ledger.preview(1)
        assert due == date(2027, 1, 1)
        assert [str(p[3]) for p in pieces] == ["-604.93", "907.40", "1800.00"]

    @pytest.mark.parametrize("billed_between", [False, True])
    def test_pro_12_up_and_down_again(self, billed_between):
        ledger = monthly_ledger(89)
        ledger.change(0, day("03-11"), {"price_unit": Decimal(149)})
        if billed_between:
            ledger.run(day("04-01"))
        ledger.change(0, day("03-11"), {"price_unit": Decimal(89)})
        ledger.run(day("07-01"))
        assert ledger.billed == 7 * 89

    @pytest.mark.parametrize(
        ("on", "credit"), [("03-01", "-31.00"), ("03-31", "-1.00"), ("04-01", None)]
    )
    def test_pro_13_on_the_first_day_the_last_day_and_the_end(self, on, credit):
        ledger = monthly_ledger(31)
        ledger.change(0, day(on), {"price_unit": Decimal(62)})
        amounts = [str(piece[3]) for piece in ledger.preview(2)[0][2]]
        [*credits, _rest] = amounts if not credit else amounts[:-1]
        assert credits == ([credit] if credit else [])

    def test_pro_14_back_dated_by_two_months(self):
        ledger = monthly_ledger(31, until="03-01")
        ledger.change(0, day("02-15"), {"price_unit": Decimal(62)})
        # 15.50 more for 14 of February's 28 days, 31.00 more for March.
        assert totals(ledger, 2) == [("04-01", "108.50"), ("05-01", "62.00")]

    def test_a_change_before_the_invoice_rides_on_it(self):
        ledger = monthly_ledger(31, until="02-01")
        ledger.change(0, day("03-11"), {"price_unit": Decimal(62)})
        [(due, _kind, pieces)] = ledger.preview(1)
        assert due == day("03-01")
        assert [str(piece[3]) for piece in pieces] == ["10.00", "42.00"]

    def test_an_added_line_is_co_termed(self):
        ledger = monthly_ledger(31)
        ledger.agree(day("03-11"), terms_of(62))
        assert totals(ledger, 2) == [("03-11", "42.00"), ("04-01", "93.00")]

    def test_pro_16_a_setup_fee_once_and_whole(self):
        fee = charge(500, "03-17", recurrence=None)
        assert invoices(fee) == [("03-17", "invoice", ["500.00"])]
        row = billed(500, period("03-17", "03-18"), period("03-17", "03-18"))
        assert not invoices(charge(500, "03-17", recurrence=None, billed=[row]))

    def test_a_setup_fee_that_is_removed_before_it_was_billed_is_not_billed(self):
        assert not invoices(charge(50, "03-01", "03-11", recurrence=None, removed=True))
        ended = charge(50, "03-01", "03-11", recurrence=None)
        assert invoices(ended) == [("03-01", "invoice", ["50.00"])]

    def test_a_setup_fee_that_was_billed_is_not_given_back(self):
        row = billed(50, part=period("03-01", "03-02"), whole=period("03-01", "03-02"))
        gone = charge(50, end="03-11", recurrence=None, removed=True, billed=[row])
        assert not invoices(gone)

    def test_a_setup_fee_that_was_billed_does_not_change(self):
        ledger = Ledger(today=day("01-01"))
        ledger.agree(day("01-01"), terms_of(500, unit=None))
        ledger.run(day("01-01"))
        ledger.change(0, day("03-01"), {"price_unit": Decimal(600)})
        assert not ledger.preview()


class TestSettlement:
    """What is left when service ends is due on one day."""

    def test_days_after_a_change_ride_on_it(self):
        row = billed(31, charged=31)
        old = charge(31, end="03-11", billed=[row], key="old", adjust_on=day("04-01"))
        new = charge(93, "03-11", "03-21", key="new", bill_from=day("04-01"))
        both = [replace(each, settle_on=day("03-21")) for each in (old, new)]
        assert invoices(both) == [("03-21", "invoice", ["-21.00", "30.00"])]

    def test_in_arrears_also_what_a_change_continued(self):
        old = charge(31, end="03-11", arrears=True, continued=True, key="old")
        new = charge(62, "03-11", "03-21", arrears=True, key="new")
        both = [replace(each, settle_on=day("03-21")) for each in (old, new)]
        assert invoices(both) == [("03-21", "invoice", ["10.00", "20.00"])]

    def test_what_was_due_before_stays_due_then(self):
        late = charge(31, "03-01", "04-11", settle_on=day("04-11"))
        assert invoices(late) == [
            ("03-01", "invoice", ["31.00"]),
            ("04-01", "invoice", ["10.33"]),
        ]

    def test_a_day_in_the_past_is_settled_when_it_was_ended(self):
        late = charge(31, end="03-11", billed=[billed(31)], settle_on=day("03-25"))
        assert invoices(late) == [("03-25", "credit", ["-21.00"])]


class TestCredits:
    ROW = billed(310, period("03-01", "04-01"))

    def test_a_credit_carries_over_several_invoices(self):
        old = charge(310, end="03-01", billed=[self.ROW], key="old")
        new = charge(124, "04-01", key="new")
        assert invoices([old, new], 4) == [
            ("04-01", "invoice", ["-124.00", "124.00"]),
            ("05-01", "invoice", ["-124.00", "124.00"]),
            ("06-01", "invoice", ["-62.00", "124.00"]),
            ("07-01", "invoice", ["124.00"]),
        ]

    def test_what_the_next_invoice_cannot_take_is_carried(self):
        old = charge(310, end="03-01", billed=[self.ROW], key="old")
        new = charge(124, "04-01", key="new")
        assert [str(piece.amount) for piece in carried([old, new])] == ["-186.00"]
        assert not carried([old, replace(new, terms=replace(new.terms, net=310))])
        assert not carried([old])
        later = replace(old, adjust_on=day("05-01"))
        assert not carried([later, new])

    def test_the_rest_of_a_credit_is_a_credit_note_after_the_last_invoice(self):
        old = charge(310, end="03-01", billed=[self.ROW], key="old")
        new = charge(124, "04-01", "05-01", key="new")
        # No invoice of 0.00 beside it: the credit note tells of both.
        assert invoices([old, new], 4) == [("04-01", "credit", ["-310.00", "124.00"])]

    def test_a_credit_note_does_not_wait_for_a_later_credit(self):
        ends = [("a", "03-11"), ("b", "05-01")]
        gone = [
            charge(310, end="03-01", billed=[self.ROW], key=key, adjust_on=day(on))
            for key, on in ends
        ]
        assert invoices(gone) == [(on, "credit", ["-310.00"]) for _key, on in ends]

    def test_a_credit_note_at_once(self):
        old = charge(
            310, end="03-11", billed=[self.ROW], key="old", adjust_on=day("03-11")
        )
        new = charge(124, "04-01", key="new")
        assert invoices([old, new], 2, "credit_note") == [
            ("03-11", "credit", ["-210.00"]),
            ("04-01", "invoice", ["124.00"]),
        ]

    def test_a_forfeited_credit_only_meets_what_replaces_it(self):
        old = charge(
            310, end="03-11", billed=[self.ROW], key="old", adjust_on=day("04-01")
        )
        new = charge(31, "03-11", key="new", bill_from=day("04-01"))
        assert invoices([old, new], 2, "forfeit") == [
            ("04-01", "invoice", ["-21.00", "21.00", "31.00"]),
            ("04-01", "forfeit", ["-189.00"]),
        ]

    def test_a_part_of_a_credit_that_is_used_up_is_on_the_credit_note(self):
        old = charge(310, end="03-21", billed=[self.ROW], key="old")
        new = charge(31, "03-21", "04-01", key="new", bill_from=day("03-21"))
        assert invoices([replace(old, adjust_on=day("03-21")), new]) == [
            ("03-21", "credit", ["-110.00", "11.00"])
        ]

    def test_of_two_tax_groups_an_invoice_remains_where_something_is_left_to_pay(self):
        old = charge(310, end="03-01", billed=[self.ROW], key="old", group="21 %")
        same = charge(124, "04-01", "05-01", key="same", group="21 %")
        new = charge(10, "04-01", "05-01", key="new", group="6 %")
        assert invoices([old, same, new]) == [
            ("04-01", "invoice", ["-124.00", "124.00", "10.00"]),
            ("04-01", "credit", ["-186.00"]),
        ]

    @pytest.mark.parametrize(
        ("policy", "expected"),
        [
            ("carry", [("04-01", "invoice", ["-31.00", "31.00"])]),
            ("forfeit", [("04-01", "invoice", ["-31.00", "31.00"])]),
            ("credit_note", [("04-01", "credit", ["-40.00", "31.00"])]),
        ],
    )
    def test_what_was_granted_is_given_whatever_the_policy(self, policy, expected):
        row = replace(self.ROW, full=Decimal(40), charged=Decimal(40))
        granted = charge(40, end="03-01", billed=[row], key="credit", granted=True)
        fee = charge(31, "04-01", key="fee")
        found = invoices([granted, fee], 3, policy)
        assert found[: len(expected)] == expected
        if policy != "credit_note":
            assert found[1] == ("05-01", "invoice", ["-9.00", "31.00"])

    def test_granted_and_nothing_charged_any_more_it_is_paid_back(self):
        row = replace(self.ROW, full=Decimal(40), charged=Decimal(40))
        granted = charge(
            40, end="03-01", billed=[row], adjust_on=day("04-01"), granted=True
        )
        assert invoices(granted, policy="forfeit") == [("04-01", "credit", ["-40.00"])]

    def test_what_was_forfeited_is_not_charged_when_service_goes_on_after_all(self):
        ledger = monthly_ledger(31, policy="forfeit")
        ledger.end_on(day("03-11"))
        [(_due, kind, _pieces)] = ledger.run(day("03-11"))
        assert kind == "forfeit"
        ledger.end_on(None)
        assert totals(ledger, 1) == [("04-01", "31.00")]
        ledger.end_on(day("03-06"))
        assert totals(ledger) == [("03-11", "-5.00")]

    def test_lif_10_and_13_an_end_in_a_billed_period_is_a_credit_note(self):
        ledger = monthly_ledger(31)
        ledger.end_on(day("03-11"))
        assert [
            (kind, str(pieces[0][3])) for _due, kind, pieces in ledger.preview()
        ] == [("credit", "-21.00")]

    def test_lif_10_run_out(self):
        ledger = monthly_ledger(31)
        ledger.end_on(day("04-01"))
        assert not ledger.preview()

    def test_other_taxes_are_not_set_off_and_get_a_credit_note(self):
        # Nothing with the old taxes is charged any more: it would carry on for ever.
        old = charge(310, end="03-01", billed=[self.ROW], key="old", group="21 %")
        new = charge(124, "04-01", key="new", group="6 %")
        assert invoices([old, new], 3) == [
            ("04-01", "invoice", ["124.00"]),
            ("04-01", "credit", ["-310.00"]),
            ("05-01", "invoice", ["124.00"]),
        ]

    def test_nothing_can_be_set_off_against_what_is_free(self):
        old = charge(310, end="03-01", billed=[self.ROW], key="old")
        assert invoices([old, charge(0, "04-01", key="new")], 2) == [
            ("04-01", "credit", ["-310.00", "0.00"]),
            ("05-01", "invoice", ["0.00"]),
        ]

    def test_charges_of_two_tax_groups_are_one_invoice_in_the_order_given(self):
        lines = [charge(n, key=n, group=n % 2) for n in (1, 2, 3)]
        assert invoices(lines, 1) == [("03-01", "invoice", ["1.00", "2.00", "3.00"])]


class TestDaysNotCharged:
    def test_lif_08_suspended_without_an_end(self):
        waivers = [Waiver(day("03-11"), None, stops=True)]
        suspended = charge(31, waivers=waivers)
        assert invoices(suspended) == [("03-01", "invoice", ["10.00"])]

    @pytest.mark.parametrize(("credited", "given"), [(True, "-10.00"), (False, None)])
    def test_suspended_in_a_billed_period(self, credited, given):
        waivers = [Waiver(day("03-11"), day("03-21"), credited, stops=True)]
        suspended = charge(
            31, billed=[billed(31)], settled=day("04-01"), waivers=waivers
        )
        amounts = ["31.00"] if not given else [given, "31.00"]
        assert invoices(suspended, 1) == [("04-01", "invoice", amounts)]

    @pytest.mark.parametrize("policy", ["carry", "credit_note", "forfeit"])
    def test_a_credit_waits_for_the_resumption(self, policy):
        waivers = [Waiver(day("03-11"), None, stops=True)]
        suspended = charge(31, billed=[billed(31)], waivers=waivers)
        assert not invoices(suspended, policy=policy)

    def test_and_then_goes_with_the_first_invoice(self):
        waivers = [Waiver(day("03-11"), day("05-11"), stops=True)]
        resumed = charge(31, billed=[billed(31)], waivers=waivers)
        assert invoices(resumed, 1) == [("05-11", "invoice", ["-21.00", "21.00"])]

    def test_what_falls_due_while_suspended_waits(self):
        waivers = [Waiver(day("03-11"), day("04-11"), stops=True)]
        suspended = charge(31, arrears=True, waivers=waivers)
        assert invoices(suspended, 2) == [
            ("04-11", "invoice", ["10.00"]),
            ("05-01", "invoice", ["20.67"]),
        ]

    def test_a_written_off_period(self):
        waivers = [Waiver(day("03-01"), day("04-01"))]
        not_billed = charge(31, waivers=waivers)
        assert invoices(not_billed, 1) == [("04-01", "invoice", ["31.00"])]
        was_billed = charge(31, waivers=waivers, billed=[billed(31)])
        assert invoices(was_billed, 2) == [
            ("04-01", "invoice", ["-31.00", "31.00"]),
            ("05-01", "invoice", ["31.00"]),
        ]

    def test_waivers_that_overlap_touch_or_are_empty(self):
        waivers = [
            Waiver(day("03-11"), day("03-21"), stops=True),
            Waiver(day("03-05"), day("03-15")),
            Waiver(day("03-21"), day("03-31"), stops=True),
            Waiver(day("03-02"), day("03-02")),
            Waiver(day("03-04"), day("03-03")),
        ]
        pieces = list(unbilled(charge(31, end="04-01", waivers=waivers)))
        assert [p.part for p in pieces] == [
            period("03-01", "03-05"),
            period("03-31", "04-01"),
        ]
        [credit] = differences(
            charge(31, end="04-01", waivers=waivers, billed=[billed(31)])
        )
        assert (credit.amount, credit.part) == (-26, period("03-05", "03-31"))
        assert credit.due == NEVER

    def test_a_suspension_that_is_taken_back_is_charged_again(self):
        row = billed(31, adjusted=Decimal("-10.00"))
        assert invoices(charge(31, billed=[row]), 1) == [
            ("04-01", "invoice", ["31.00", "10.00"])
        ]


class TestEdges:
    def test_windows_without_days(self):
        for end in ("03-01", "02-01"):
            assert not invoices(charge(31, end=end))
            assert not invoices(charge(31, end=end, recurrence=None))

    def test_settled_after_the_end(self):
        assert not invoices(charge(31, end="03-21", settled=day("04-01")))

    def test_nothing_agreed(self):
        assert not invoices([])

    def test_a_price_of_nothing_goes_on_for_ever(self):
        assert invoices(charge(0), 2) == [
            ("03-01", "invoice", ["0.00"]),
            ("04-01", "invoice", ["0.00"]),
        ]

    def test_all_days_waived_comes_to_an_end(self):
        waivers = [Waiver(day("03-01"), day("04-01")), Waiver(day("04-01"), None)]
        assert not invoices(charge(31, waivers=waivers))

    def test_a_coarse_currency(self):
        assert invoices(charge(100, "03-17", rounding=Decimal(1)), 1)[0][2] == ["48"]

    def test_a_run_adds_nothing_on_the_same_day(self):
        ledger = monthly_ledger(31)
        assert not ledger.run(day("03-01"))


def test_lif_01_three_percent_a_year():
    ledger = Ledger(today=day("01-01"))
    ledger.agree(day("01-01"), terms_of("149.00", unit="year"))
    for year in (2027, 2028, 2029):
        ledger.change(0, date(year, 1, 1), {"factor": Decimal("1.03")})
    amounts = [str(pieces[0][3]) for _due, _kind, pieces in ledger.preview(4)]
    assert amounts == ["149.00", "153.47", "158.07", "162.81"]


class TestRiding:
    """What has no invoice of its own rides on that of others."""

    def work(self, on, price=180, until="07-01", **more):
        until = NEVER if until is None else day(until)
        return charge(
            price, on, recurrence=None, key=f"work {on}", rides_until=until, **more
        )

    def dues(self, charges, count=6):
        return [
            (invoice.due, piece.charge.key, piece.amount)
            for invoice in islice(schedule(charges), count)
            for piece in invoice.pieces
            if piece.charge.rides_until
        ]

    @pytest.mark.parametrize("on", ["03-01", "03-03", "03-31"])
    def test_in_advance_work_rides_on_the_next_periods_invoice(self, on):
        monthly = charge(149)
        assert self.dues([self.work(on), monthly])[0][0] == day("04-01")

    def test_in_arrears_on_the_invoice_of_its_own_period(self):
        monthly = charge(149, arrears=True)
        assert self.dues([self.work("03-03"), monthly])[0][0] == day("04-01")

    def test_entered_late_it_rides_on_the_next_one_that_is_not_made(self):
        monthly = charge(149, settled=day("05-01"))
        assert self.dues([self.work("03-03"), monthly])[0][0] == day("05-01")

    def test_an_invoice_too_far_ahead_is_not_waited_for(self):
        yearly = charge(1200, "01-01", recurrence=YEARLY, settled=date(2027, 1, 1))
        found = self.dues([self.work("03-03"), self.work("06-30"), yearly], 2)
        assert [row[0] for row in found] == [day("07-01")] * 2

    def test_without_anything_else_it_is_due_on_its_last_day(self):
        assert self.dues([self.work("03-03")]) == [(day("07-01"), "work 03-03", 180)]

    def test_what_was_billed_is_not_billed_again(self):
        done = self.work("03-03", settled=day("03-04"))
        assert not self.dues([done, charge(149)])

    def test_of_a_suspended_agreement_it_waits(self):
        closed = Waiver(day("03-10"), None, stops=True)
        charges = [self.work("03-03", waivers=[closed]), charge(149, waivers=[closed])]
        assert not self.dues(charges)
        over = replace(closed, end=day("05-15"))
        charges = [replace(each, waivers=[over]) for each in charges]
        assert self.dues(charges)[0][0] == day("05-15")

    def test_what_is_free_makes_no_invoice_of_its_own(self):
        free = self.work("03-03", 0, None)
        assert not list(islice(schedule([free]), 3))
        assert self.dues([free, charge(149)]) == [(day("04-01"), "work 03-03", 0)]

    def test_what_is_free_rides_on_that_of_other_work(self):
        free = self.work("03-03", 0, None)
        found = self.dues([free, self.work("03-05", until="04-01")])
        assert [row[0] for row in found] == [day("04-01")] * 2

    def test_a_credit_that_would_be_forfeited_is_no_gift_for_work(self):
        half = charge(149, end="03-15", billed=[billed(149)], settled=day("04-01"))
        work = self.work("03-20", 500, "04-01")
        found = {i.kind: i.amount for i in schedule([half, work], "forfeit")}
        assert found["invoice"] == 500
        assert found["forfeit"] < 0

    def test_a_credit_is_set_off_against_work_of_the_same_taxes(self):
        half = charge(149, end="03-15", billed=[billed(149)], settled=day("04-01"))
        [invoice] = schedule([half, self.work("03-20", 500, "04-01")], "carry")
        assert invoice.amount == 500 - Decimal("81.71")
