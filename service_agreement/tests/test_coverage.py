"""Who pays: SEMANTICS §5 and §6 in the database, with the inputs of their tables and
with others."""

from odoo.fields import Command, Date
from odoo.tests import tagged

from ..models.service_agreement_change import PendingChange
from .common import ServiceDeskCommon, ServiceWorkMixin


class CoverageCase(ServiceWorkMixin, ServiceDeskCommon):
    """A customer with an agreement from January on, and work in March."""


@tagged("post_install", "-at_install")
class TestWhoPays(CoverageCase):
    """Which agreement, by the day the work was done."""

    def test_unlimited_work_is_covered(self):
        self._cover(self.agreement, {})
        line = self._log("2026-03-06", 2)
        paid = ("covered", 2, self.agreement)
        self.assertEqual(self._parts(line, "agreement_id"), [paid])
        self.assertEqual(line.service_verdict, "covered")
        self.assertEqual(line.service_agreement_id, self.agreement)

    def test_without_allowance_it_is_billed_by_the_agreed_rates(self):
        self._cover(self.agreement, rate_discount=10)
        line = self._log("2026-03-06", 2)
        self.assertEqual(
            self._parts(line, "price", "amount", "list_amount", "reason", "answer"),
            [("uncovered", 2, 135, 270, 300, "excluded", False)],
        )
        self.assertFalse(line.service_agreement_id)

    def test_mid_01_each_day_by_what_is_in_force_then(self):
        self._cover(self.agreement, {})
        with self.at_desk("2026-03-10 12:00"):
            self.agreement._end(_day("2026-03-31"), "cancelled")
        before, after = self._log("2026-03-31", 2), self._log("2026-04-01", 1)
        self.assertEqual(self._parts(before), [("covered", 2)])
        self.assertEqual(self._parts(after, "reason"), [("uncovered", 1, "expired")])

    def test_mid_01_across_the_midnight_of_the_last_day(self):
        self._cover(self.agreement, {})
        with self.at_desk("2026-03-10 12:00"):
            self.agreement._end(_day("2026-03-31"), "cancelled")
        night = self._log("2026-03-31", 3, "22:00")
        self.assertEqual(
            self._parts(night, "date", "amount"),
            [
                ("covered", 2, _day("2026-03-31"), 300),
                ("uncovered", 1, _day("2026-04-01"), 250),
            ],
        )

    def test_mid_01_the_midnight_is_that_of_the_site(self):
        self._cover(self.agreement, {})
        with self.at_desk("2026-03-10 12:00"):
            self.agreement._end(_day("2026-03-31"), "cancelled")
        self.customer.tz = "America/New_York"
        night = self._log("2026-03-31", 3, "22:00")
        self.assertEqual(self._parts(night), [("covered", 3)])

    def test_mid_02_it_is_the_day_of_the_work_that_counts(self):
        self._cover(self.agreement, {})
        with self.at_desk("2026-03-10 12:00"):
            self.agreement._end(_day("2026-03-31"), "cancelled")
        with self.at_desk("2026-04-05 12:00"):
            self.assertEqual(self._parts(self._log("2026-03-31", 2)), [("covered", 2)])

    def test_mid_03_work_before_the_upgrade_and_after(self):
        gold = self._create_tier("Gold", 299, 30)
        gold.allowance_ids = [
            Command.create({"name": "All of it", "kind": "unlimited"})
        ]
        with self.at_desk("2026-03-10 12:00"):
            self.agreement._change(PendingChange(_day("2026-03-15"), {}, [], tier=gold))
        self.assertEqual(
            self._parts(self._log("2026-03-14", 1), "reason"),
            [("uncovered", 1, "excluded")],
        )
        self.assertEqual(self._parts(self._log("2026-03-15", 1)), [("covered", 1)])

    def test_mid_04_the_promise_of_a_ticket_says_nothing_about_who_pays(self):
        self._cover(self.agreement, {})
        ticket = self._open_ticket("2026-03-06 15:00")
        promise = ticket.sla_promise_id
        with self.at_desk("2026-03-10 12:00"):
            self.agreement._end(_day("2026-03-31"), "cancelled")
        line = self._log("2026-04-02", 1, task_id=ticket.id)
        self.assertEqual(ticket.sla_promise_id, promise)
        self.assertEqual(self._parts(line), [("uncovered", 1)])

    def test_cov_01_the_system_goes_before_the_company(self):
        theatre = self._create_system("Theatre")
        self._cover(self.agreement, {})
        special = self._create_active("2026-02-01", system_ids=[theatre.id])
        self._cover(special, {})
        there = self._log("2026-03-06", 1, service_system_id=theatre.id)
        device = self.env["service.agreement.device"].create(
            {"name": "Projector", "system_id": theatre.id}
        )
        with_device = self._log("2026-03-06", 1, service_device_id=device.id)
        elsewhere = self._log("2026-03-06", 1)
        self.assertEqual(there.service_agreement_id, special)
        self.assertEqual(with_device.service_agreement_id, special)
        self.assertEqual(elsewhere.service_agreement_id, self.agreement)

    def test_cov_02_a_site_goes_before_the_company_and_after_the_system(self):
        house = self._create_site("Main House")
        theatre = self._create_system("Theatre", site_id=house.id)
        self._cover(self.agreement, {})
        of_site = self._create_active("2026-02-01", site_ids=[house.id])
        self._cover(of_site, {})
        line = self._log("2026-03-06", 1, service_system_id=theatre.id)
        self.assertEqual(line.service_agreement_id, of_site)
        of_system = self._create_active("2026-02-15", system_ids=[theatre.id])
        self._cover(of_system, {})
        of_system._decide_open_work()
        self.assertEqual(line.service_agreement_id, of_system)
        self.ticket.partner_id = house
        self.assertEqual(
            self._log("2026-03-06", 1).service_agreement_id,
            of_site,
            "the ticket is for the site",
        )

    def test_cov_03_unlimited_before_included_before_prepaid(self):
        kinds = ({"kind": "prepaid"}, {"kind": "included", "quantity": 4}, {})
        coverage = self._cover(self.agreement, *kinds)
        self._prepay(coverage, 10)
        line = self._log("2026-03-06", 1)
        self.assertFalse(line.service_draw_ids.lot_id)
        coverage.allowance_ids.filtered(lambda a: a.kind == "unlimited").unlink()
        self.agreement._decide_open_work()
        self.assertEqual(line.service_draw_ids.lot_id.allowance_id.kind, "included")

    def test_cov_04_the_earlier_start_then_the_lower_id(self):
        self._cover(self.agreement, {})
        older = self._create_active("2025-12-01")
        self._cover(older, {})
        self.assertEqual(self._log("2026-03-06", 1).service_agreement_id, older)
        twin = self._create_active("2025-12-01")
        self._cover(twin, {})
        self.assertEqual(self._log("2026-03-06", 1).service_agreement_id, older)

    def test_cov_05_what_starts_after_the_work_is_no_candidate(self):
        later = self._create_active("2026-03-07")
        self._cover(later, {})
        line = self._log("2026-03-06", 1)
        self.assertFalse(line.service_agreement_id)
        texts = [row["text"] for row in line._list_service_reasons()]
        self.assertIn("Silver starts only on 03/07/2026.", texts)

    def test_cov_06_a_parent_only_where_it_covers_its_children(self):
        parent = self._create_customer("Whitfield Holding")
        self.customer.parent_id = parent
        self.agreement._end(_day("2026-02-28"), "cancelled")
        of_parent = self._create_active("2026-01-01", partner_id=parent.id)
        coverage = self._cover(of_parent, {})
        line = self._log("2026-03-06", 1)
        self.assertEqual(self._parts(line), [("uncovered", 1)])
        coverage.covers_children = True
        of_parent._decide_open_work()
        self.assertEqual(line.service_agreement_id, of_parent)
        self._cover(self._create_active("2026-03-01"), {})
        own = self._log("2026-03-06", 1)
        self.assertEqual(own.service_agreement_id.partner_id, self.customer)

    def test_cov_07_work_that_is_not_covered_and_what_is_excluded(self):
        lamps = self.env["service.agreement.exclusion"].create({"name": "Lamps"})
        self._cover(
            self.agreement,
            {},
            covered_work_type_ids=[Command.set(self.remote.ids)],
            covered_exclusion_ids=[Command.set(lamps.ids)],
        )
        work = {"service_work_type_id": self.remote.id}
        self.assertEqual(
            self._parts(self._log("2026-03-06", 1, **work)), [("covered", 1)]
        )
        other = self._log("2026-03-06", 1, service_work_type_id=self.programming.id)
        self.assertEqual(self._parts(other, "reason"), [("uncovered", 1, "excluded")])
        self.assertEqual(
            [row["text"] for row in other._list_service_reasons()],
            ["Silver covers Whitfield Residence, but not for “Programming”."],
        )
        lamp = self._log("2026-03-06", 1, service_exclusion_id=lamps.id, **work)
        self.assertEqual(self._parts(lamp), [("uncovered", 1)])

    def test_cov_08_split_at_closing_time(self):
        self._cover(self.agreement, {}, coverage_calendar_id=self.calendar.id)
        line = self._log("2026-03-06", 2, "16:30")
        self.assertEqual(
            self._parts(line, "amount", "answer"),
            [("covered", 0.5, 75, "covered"), ("after_hours", 1.5, 375, "bill")],
        )
        morning = self._log("2026-03-09", 1, "08:15")
        self.assertEqual(
            sorted(self._parts(morning)), [("after_hours", 0.75), ("covered", 0.25)]
        )
        self.assertEqual(self._parts(self._log("2026-03-07", 2)), [("covered", 2)])

    def test_cov_09_what_a_person_chose_is_kept_and_flagged(self):
        self._cover(self.agreement, {})
        older = self._create_active("2025-12-01")
        self._cover(older, {}, covered_work_type_ids=[Command.set(self.remote.ids)])
        line = self._log("2026-03-06", 1, service_work_type_id=self.programming.id)
        self.assertEqual(line.service_agreement_id, self.agreement)
        line.service_choice_id = older
        self.assertEqual(line.service_agreement_id, older)
        self.assertEqual(
            line._list_service_flags(), ["Who pays was chosen by a person."]
        )
        line.unit_amount = 3
        self.assertEqual(self._parts(line, "agreement_id"), [("covered", 3, older)])

    def test_cov_09_a_choice_that_is_not_in_force_pays_nothing(self):
        self._cover(self.agreement, {})
        later = self._create_active("2026-04-01")
        self._cover(later, {})
        line = self._log("2026-03-06", 1, service_choice_id=later.id)
        self.assertEqual(line.service_agreement_id, self.agreement)
        self.assertEqual(line.service_choice_id, later)
        self.assertIn("does not pay for this", line._list_service_flags()[0])

    def test_another_customers_agreement_is_never_drawn_from(self):
        other = self._create_active(
            "2026-01-01", partner_id=self._create_customer("Other").id
        )
        self._cover(other, {})
        line = self._log("2026-03-06", 1, service_choice_id=other.id)
        self.assertEqual(self._parts(line), [("uncovered", 1)])

    def test_a_contacts_own_agreement_goes_before_the_companys(self):
        ann = self.env["res.partner"].create(
            {"name": "Ann", "parent_id": self.customer.id}
        )
        self._cover(self.agreement, {})
        own = self._create_active("2026-02-01", partner_id=ann.id)
        self._cover(own, {})
        self.assertEqual(
            self._log("2026-03-06", 1).service_agreement_id, self.agreement
        )
        self.ticket.partner_id = ann
        self.assertEqual(self._log("2026-03-06", 1).service_agreement_id, own)

    def test_suspended_days_are_not_covered_whatever_it_is_today(self):
        self._cover(self.agreement, {})
        with self.at_desk("2026-03-02 12:00"):
            self.agreement._suspend(_day("2026-03-05"), _day("2026-03-08"))
        self.assertEqual(self._parts(self._log("2026-03-04", 1)), [("covered", 1)])
        self.assertEqual(
            self._parts(self._log("2026-03-06", 1), "reason"),
            [("uncovered", 1, "expired")],
        )
        self.assertEqual(self._parts(self._log("2026-03-09", 1)), [("covered", 1)])

    def test_never_sold(self):
        nobody = self._create_customer("Nobody's Villa")
        ticket = self.ticket.copy({"partner_id": nobody.id})
        line = self._log("2026-03-06", 1, task_id=ticket.id)
        self.assertEqual(
            self._parts(line, "reason", "price"), [("uncovered", 1, "never_sold", 150)]
        )

    def test_without_agreement_the_companys_hours_tell_the_list_price(self):
        nobody = self._create_customer("Nobody's Villa")
        self.company.resource_calendar_id = self.calendar
        ticket = self.ticket.copy({"partner_id": nobody.id})
        line = self._log("2026-03-06", 2, "16:00", task_id=ticket.id)
        self.assertEqual(
            self._parts(line, "price", "is_after_hours"),
            [("uncovered", 1, 150, False), ("uncovered", 1, 250, True)],
        )

    def test_under_the_manufacturers_warranty_it_is_not_ours(self):
        device = self.env["service.agreement.device"].create(
            {
                "name": "Projector",
                "system_id": self._create_system("Theatre").id,
                "warranty_until": "2026-03-06",
            }
        )
        warranty = self.env["service.agreement.exclusion"].search(
            [("is_warranty", "=", True)]
        )
        self._cover(
            self.agreement, {}, covered_exclusion_ids=[Command.set(warranty.ids)]
        )
        line = self._log("2026-03-06", 1, service_device_id=device.id)
        self.assertEqual(self._parts(line), [("uncovered", 1)])
        self.assertIn("warranty", line._list_service_flags()[0])
        after = self._log("2026-03-07", 1, service_device_id=device.id)
        self.assertEqual(self._parts(after), [("covered", 1)])
        device.warranty_until = "2026-02-01"
        self.assertEqual(self._parts(line), [("covered", 1)])

    def test_a_known_defect_until_it_is_repaired(self):
        device = self.env["service.agreement.device"].create(
            {
                "name": "Amplifier",
                "system_id": self._create_system("Theatre").id,
                "known_defect": "Hums",
            }
        )
        defect = self.env["service.agreement.exclusion"].search(
            [("is_known_defect", "=", True)]
        )
        self._cover(self.agreement, {}, covered_exclusion_ids=[Command.set(defect.ids)])
        line = self._log("2026-03-06", 1, service_device_id=device.id)
        self.assertEqual(self._parts(line), [("uncovered", 1)])
        device.defect_until = "2026-03-06"
        self.assertEqual(self._parts(line), [("covered", 1)])


@tagged("post_install", "-at_install")
class TestAllowanceDraws(CoverageCase):
    """From which lot, and what is left over."""

    def test_blk_01_from_what_expires_first_then_starts_first(self):
        coverage = self._cover(self.agreement, {"kind": "prepaid"})
        june = self._prepay(coverage, 5, "2026-06-01", "2026-12-31")
        may = self._prepay(coverage, 5, "2026-05-01", "2026-12-31")
        line = self._log("2026-06-03", 3)
        self.assertEqual(self._parts(line, "lot_id"), [("covered", 3, may)])
        more = self._log("2026-06-04", 3)
        self.assertEqual(
            self._parts(more, "lot_id"), [("covered", 2, may), ("covered", 1, june)]
        )

    def test_blk_02_a_lot_that_is_over_pays_nothing(self):
        coverage = self._cover(self.agreement, {"kind": "prepaid"})
        self._prepay(coverage, 5, "2026-01-01", "2026-02-28")
        self.assertEqual(
            self._parts(self._log("2026-03-01", 1), "reason"),
            [("overage", 1, "excluded")],
        )
        self.assertEqual(self._parts(self._log("2026-02-28", 1)), [("covered", 1)])

    def test_blk_03_the_rest_of_the_hours_then_overage(self):
        coverage = self._cover(self.agreement, {"kind": "prepaid"})
        self._prepay(coverage, 2)
        line = self._log("2026-03-06", 3.5)
        self.assertEqual(
            self._parts(line, "amount", "answer"),
            [("covered", 2, 300, "covered"), ("overage", 1.5, 225, "bill")],
        )
        self.assertEqual(line.service_verdict, "partly")
        line.unit_amount = 1.5
        self.assertEqual(self._parts(line), [("covered", 1.5)])

    def test_blk_04_what_is_left_over_goes_down_the_list(self):
        first = self._cover(
            self.agreement, {"kind": "prepaid"}, {"kind": "included", "quantity": 1}
        )
        self._prepay(first, 2)
        line = self._log("2026-03-06", 4)
        kinds = line.service_draw_ids.sorted("id").lot_id.allowance_id.mapped("kind")
        self.assertEqual(kinds, ["included", "prepaid"])
        self.assertEqual(
            self._parts(line), [("covered", 1), ("covered", 2), ("overage", 1)]
        )

    def test_blk_05_a_late_entry_gets_what_its_day_had(self):
        coverage = self._cover(self.agreement, {"kind": "prepaid"})
        self._prepay(coverage, 2)
        second = self._log("2026-03-09", 2)
        self.assertEqual(self._parts(second), [("covered", 2)])
        first = self._log("2026-03-06", 1.5)
        self.assertEqual(self._parts(first), [("covered", 1.5)])
        self.assertEqual(self._parts(second), [("covered", 0.5), ("overage", 1.5)])

    def test_blk_06_moved_to_another_day_or_deleted_it_gives_back(self):
        coverage = self._cover(self.agreement, {"kind": "prepaid"})
        self._prepay(coverage, 2)
        first, second = self._log("2026-03-05", 2), self._log("2026-03-06", 2)
        self.assertEqual(self._parts(second), [("overage", 2)])
        first.date = "2026-03-07"
        self.assertEqual(self._parts(second), [("covered", 2)])
        self.assertEqual(self._parts(first), [("overage", 2)])
        second.unlink()
        self.assertEqual(self._parts(first), [("covered", 2)])

    def test_blk_07_a_month_without_rollover(self):
        self._cover(self.agreement, {"kind": "included", "quantity": 4})
        self.assertEqual(self._parts(self._log("2026-02-10", 1)), [("covered", 1)])
        march = self._log("2026-03-06", 6)
        self.assertEqual(self._parts(march), [("covered", 4), ("overage", 2)])
        self.assertEqual(self._parts(self._log("2026-04-02", 3)), [("covered", 3)])

    def test_blk_08_rounded_before_it_is_drawn(self):
        coverage = self._cover(self.agreement, {"kind": "prepaid"})
        self._prepay(coverage, 10)
        minimum = {self.on_site: 1, self.remote: 0}
        self.env["service.agreement.rate"].sudo().create(
            [
                {
                    "work_type_id": work.id,
                    "price": 150,
                    "minimum": hours,
                    "step_minutes": 15,
                    "company_id": self.company.id,
                }
                for work, hours in minimum.items()
            ]
        )
        for work, hours, counted in (
            (self.on_site, 0.1, 1),
            (self.remote, 0.1, 0.25),
            (self.on_site, 1.3, 1.5),
        ):
            line = self._log("2026-03-06", hours, service_work_type_id=work.id)
            hours_draw = line.service_draw_ids.filtered(lambda d: d.unit == "hour")
            self.assertEqual(hours_draw.mapped("units"), [counted])

    def test_blk_09_an_hour_of_a_senior_costs_two(self):
        senior = self.env["hr.job"].sudo().create({"name": "Senior"})
        self.technician.sudo().job_id = senior
        coverage = self._cover(
            self.agreement,
            {
                "kind": "prepaid",
                "job_factor_ids": [Command.create({"job_id": senior.id, "factor": 2})],
            },
        )
        self._prepay(coverage, 5)
        line = self._log("2026-03-06", 3)
        self.assertEqual(
            self._parts(line, "units"), [("covered", 2.5, 5), ("overage", 0.5, 0)]
        )

    def test_blk_10_money_is_drawn_at_the_price_of_the_work(self):
        coverage = self._cover(self.agreement, {"kind": "prepaid", "unit": "amount"})
        lot = self._prepay(coverage, 400)
        line = self._log("2026-03-06", 3)
        self.assertEqual(
            self._parts(line, "units"),
            [("covered", 2.6667, 400), ("overage", 0.3333, 0)],
        )
        self.assertEqual(lot.balance, 0)

    def test_blk_11_a_visit_pays_for_all_work_of_a_ticket_and_day(self):
        self._cover(
            self.agreement, {"kind": "included", "unit": "visits", "quantity": 1}
        )
        on_site = {"service_work_type_id": self.on_site.id}
        first = self._log("2026-03-06", 2, **on_site)
        again = self._log("2026-03-06", 1, **on_site)
        self.assertEqual(
            self._parts(first, "unit", "units"),
            [("covered", 2, "hour", 1), ("covered", 1, "trip", 0)],
        )
        self.assertEqual(self._parts(again, "units"), [("covered", 1, 0)])
        next_day = self._log("2026-03-07", 1, **on_site)
        self.assertEqual(
            self._parts(next_day, "unit"),
            [("overage", 1, "hour"), ("overage", 1, "trip")],
        )
        by_phone = self._log("2026-04-06", 1, service_work_type_id=self.remote.id)
        self.assertEqual(self._parts(by_phone), [("uncovered", 1)])

    def test_blk_11_an_incident_pays_for_a_ticket_to_its_end(self):
        self._cover(
            self.agreement, {"kind": "included", "unit": "incidents", "quantity": 1}
        )
        lines = [self._log(day, 2) for day in ("2026-03-06", "2026-03-09")]
        other = self.ticket.copy({"partner_id": self.customer.id})
        second = self._log("2026-03-10", 1, task_id=other.id)
        for line in lines:
            self.assertEqual(self._parts(line), [("covered", 2)])
        self.assertEqual(self._parts(second), [("overage", 1)])
        self.assertEqual(
            [line.service_draw_ids.units for line in lines], [1, 0], "paid once"
        )

    def test_the_customer_is_asked_before_more_is_billed(self):
        self._cover(
            self.agreement,
            {"kind": "included", "quantity": 1, "when_used_up": "ask"},
        )
        line = self._log("2026-03-06", 2)
        self.assertEqual(
            self._parts(line, "answer"),
            [("covered", 1, "covered"), ("overage", 1, False)],
        )

    def test_blk_15_every_lot_adds_up(self):
        coverage = self._cover(
            self.agreement,
            {"kind": "included", "quantity": 4, "rollover_cap": 2},
        )
        lines = [
            self._log(day, hours)
            for day, hours in (
                ("2026-01-10", 1.3),
                ("2026-02-10", 5.7),
                ("2026-03-06", 0.4),
                ("2026-02-03", 2.2),
            )
        ]
        lines[0].unit_amount = 2.9
        lines[2].unlink()
        draws = self.env["service.agreement.allowance.draw"]
        for lot in coverage.allowance_ids.lot_ids:
            entered = lot.granted + lot.adjusted + lot.rolled_in
            gone = lot.drawn + lot.forfeited + lot.rolled_out
            self.assertAlmostEqual(entered, gone + lot.balance, 4)
            drawn = sum(draws.search([("lot_id", "=", lot.id)]).mapped("units"))
            self.assertAlmostEqual(drawn, lot.drawn, 4)
            self.assertGreaterEqual(lot.balance, 0)


_day = Date.to_date
