"""Work is decided again when what it was decided by changes; what is settled stays."""

from psycopg2 import IntegrityError

from odoo.exceptions import AccessError, UserError
from odoo.fields import Command, Date
from odoo.tests import tagged
from odoo.tools import mute_logger

from .common import PortalUsersMixin
from .test_coverage import CoverageCase

_day = Date.to_date


@tagged("post_install", "-at_install")
class TestDecidedAgain(CoverageCase):
    def test_a_ticket_says_for_its_work_what_it_says_itself(self):
        self._cover(
            self.agreement, {}, covered_work_type_ids=[Command.set(self.remote.ids)]
        )
        self.ticket.work_type_id = self.programming
        line, corrected = self._log("2026-03-06", 1), self._log("2026-03-06", 1)
        self.assertEqual(self._parts(line), [("uncovered", 1)])
        corrected.service_work_type_id = self.on_site
        self.ticket.work_type_id = self.remote
        self.assertEqual(self._parts(line), [("covered", 1)])
        self.assertEqual(corrected.service_work_type_id, self.on_site)

    def test_the_customer_of_a_ticket_was_another_one(self):
        coverage = self._cover(self.agreement, {"kind": "prepaid"})
        lot = self._prepay(coverage, 5)
        line = self._log("2026-03-06", 2)
        self.assertEqual(lot.balance, 3)
        self.ticket.partner_id = self._create_customer("Nobody's Villa")
        self.assertEqual(self._parts(line, "reason"), [("uncovered", 2, "never_sold")])
        self.assertEqual(lot.balance, 5)

    def test_another_customer_has_other_systems(self):
        self.ticket.system_id = self._create_system("Cinema")
        line = self._log("2026-03-06", 1)
        self.assertTrue(line.service_system_id)
        self.ticket.partner_id = self._create_customer("Nobody's Villa")
        self.assertFalse(line.service_system_id)

    def test_chosen_on_the_ticket_it_pays_for_all_its_work(self):
        self._cover(self.agreement, {})
        older = self._create_active("2025-12-01")
        line = self._log("2026-03-06", 1)
        self._cover(older, {})
        self.ticket.payer_id = older
        self.assertEqual(line.service_agreement_id, older)
        self.assertEqual(self._log("2026-03-07", 1).service_choice_id, older)

    def test_an_agreement_that_starts_covers_what_was_worked_since(self):
        nobody = self._create_customer("Nobody's Villa")
        ticket = self.ticket.copy({"partner_id": nobody.id})
        line = self._log("2026-03-06", 1, task_id=ticket.id)
        self.tier.allowance_ids = [
            Command.create({"name": "All of it", "kind": "unlimited"})
        ]
        agreement = self._create_agreement("2026-03-01", partner_id=nobody.id)
        self.assertEqual(self._parts(line), [("uncovered", 1)], "it is a draft")
        agreement.action_activate()
        self.assertEqual(self._parts(line), [("covered", 1)])

    def test_sites_systems_and_the_customer_of_an_agreement(self):
        self._cover(self.agreement, {})
        line = self._log("2026-03-06", 1)
        theatre = self._create_system("Theatre")
        self.agreement.system_ids = theatre
        self.assertEqual(self._parts(line), [("uncovered", 1)])
        line.service_system_id = theatre
        self.assertEqual(self._parts(line), [("covered", 1)])
        self.agreement.system_ids = False
        self.agreement.site_ids = self._create_site("Main House")
        self.assertEqual(self._parts(line), [("uncovered", 1)])

    def test_a_company_that_is_moved_in_its_tree(self):
        holding = self._create_customer("Holding")
        of_holding = self._create_active("2026-01-01", partner_id=holding.id)
        self._cover(of_holding, {}, covers_children=True)
        line = self._log("2026-03-06", 1)
        self.assertFalse(line.service_agreement_id)
        self.customer.parent_id = holding
        self.assertEqual(line.service_agreement_id, of_holding)
        self.customer.parent_id = False
        self.assertFalse(line.service_agreement_id)

    def test_a_project_becomes_a_service_desk_and_none_again(self):
        self._cover(self.agreement, {})
        plain = self.env["project.project"].create({"name": "Plain"})
        task = self.env["project.task"].create(
            {"name": "x", "project_id": plain.id, "partner_id": self.customer.id}
        )
        line = self._log("2026-03-06", 1, task_id=task.id)
        self.assertFalse(line.service_draw_ids)
        plain.is_service_desk = True
        self.assertEqual(self._parts(line), [("covered", 1)])
        plain.is_service_desk = False
        self.assertFalse(line.service_draw_ids)
        self.assertFalse(line.service_verdict)

    def test_a_price_that_was_missing(self):
        nobody = self._create_customer("Nobody's Villa")
        ticket = self.ticket.copy({"partner_id": nobody.id})
        self.rate.unlink()
        line = self._log("2026-03-06", 1, task_id=ticket.id)
        self.assertEqual(line.service_issue, "rate")
        self.env["service.agreement.rate"].create(
            {"price": 99, "company_id": self.company.id}
        )
        self.assertEqual(self._parts(line, "amount"), [("uncovered", 1, 99)])
        self.assertFalse(line.service_issue)

    def test_answers_of_people_stay_with_their_question(self):
        coverage = self._cover(self.agreement, {"kind": "prepaid"})
        self._prepay(coverage, 1)
        line = self._log("2026-03-06", 3)
        overage = line.service_draw_ids.filtered(lambda d: d.outcome == "overage")
        overage._answer("given")
        line.unit_amount = 2
        self.assertEqual(
            self._parts(line, "answer"),
            [("covered", 1, "covered"), ("overage", 1, "given")],
        )
        self.assertEqual(overage.quantity, 1)

    def test_an_answer_goes_for_what_another_agreement_does_not_pay_either(self):
        nobody = self._create_customer("Nobody's Villa")
        ticket = self.ticket.copy({"partner_id": nobody.id})
        line = self._log("2026-03-06", 3, "15:00", task_id=ticket.id)
        line.service_draw_ids._answer("goodwill", "Old friend")
        said = line.service_draw_ids.answered_at
        agreement = self._create_agreement("2026-03-01", partner_id=nobody.id)
        office = {"coverage_calendar_id": self.calendar.id}
        self._cover(agreement, {"kind": "included", "quantity": 1}, **office)
        with self.at("2026-03-10 10:00:00"):
            agreement.action_activate()
        self.assertEqual(
            self._parts(line, "answer", "answer_note"),
            [
                ("covered", 1, "covered", False),
                ("overage", 1, "goodwill", "Old friend"),
                ("after_hours", 1, "goodwill", "Old friend"),
            ],
        )
        free = line.service_draw_ids.filtered("answered_by_id")
        self.assertEqual(free.answered_by_id, self.env.user)
        self.assertEqual(set(free.mapped("answered_at")), {said})
        self.assertFalse(agreement.work_count)

    def test_worth_is_rounded_once_in_the_currency_of_the_list(self):
        euro = self.setup_other_currency("EUR", rates=[("2026-01-01", 0.3333)])
        pricelist = self.env["product.pricelist"].create(
            {"name": "EUR", "currency_id": euro.id}
        )
        customer = self._create_customer("Far Away")
        agreement = self._create_active(
            "2026-01-01", partner_id=customer.id, pricelist_id=pricelist.id
        )
        self._cover(agreement)
        ticket = self.ticket.copy({"partner_id": customer.id})
        line = self._log("2026-03-06", 3.37, task_id=ticket.id)
        draw = line.service_draw_ids
        self.assertEqual((draw.list_price, draw.list_amount), (50, 168.5))
        self.assertEqual(draw.worth, 505.5)

    def test_moved_to_another_day_it_began_at_the_same_time(self):
        line = self._log("2026-03-06", 1, "16:30")
        line.date = "2026-03-09"
        self.assertEqual(self.on_wall(line.service_start), "Mon 16:30")

    def test_trips_are_made_once_a_day_and_paid_with_the_work(self):
        self._cover(self.agreement, {}, covers_trips=True)
        on_site = {"service_work_type_id": self.on_site.id}
        first, second = (self._log("2026-03-06", 1, **on_site) for _n in range(2))
        self.assertEqual((first.service_trips, second.service_trips), (1, 0))
        self.assertEqual(self._parts(first), [("covered", 1), ("covered", 1)])
        first.unlink()
        self.assertEqual(second.service_trips, 1)
        self._cover(self.agreement, {})
        self.agreement._decide_open_work()
        self.assertEqual(
            self._parts(second, "unit", "amount"),
            [("covered", 1, "hour", 150), ("uncovered", 1, "trip", 40)],
        )

    def test_corrected_it_leaves_its_trip_to_the_other_work_of_the_visit(self):
        on_site = {"service_work_type_id": self.on_site.id}
        first, second = (self._log("2026-03-06", 1, **on_site) for _n in range(2))
        first.service_work_type_id = self.remote
        self.assertEqual((first.service_trips, second.service_trips), (0, 1))
        self.assertEqual(
            self._parts(second, "unit"),
            [("uncovered", 1, "hour"), ("uncovered", 1, "trip")],
        )
        first.write({**on_site, "date": "2026-03-09"})
        self.assertEqual((first.service_trips, second.service_trips), (1, 1))
        first.date = "2026-03-06"
        self.assertEqual((first.service_trips, second.service_trips), (0, 1))

    def test_at_night_it_is_paid_by_what_is_granted_the_day_after(self):
        coverage = self._cover(
            self.agreement, {"kind": "included", "quantity": 2, "unit": "hours"}
        )
        coverage.allowance_ids.anchor_date = "2026-01-01"
        with self.at_desk("2026-03-31 20:00"):
            self._log("2026-03-31", 2)
            night = self._log("2026-03-31", 2, "23:00")
        self.assertEqual(
            self._parts(night, "date"),
            [("overage", 1, _day("2026-03-31")), ("covered", 1, _day("2026-04-01"))],
        )

    def test_started_on_another_day_somebody_should_look_at_it(self):
        line = self._log("2026-03-06", 1, service_start="2026-02-06 10:00:00")
        self.assertEqual(line.service_issue, "start")
        self.assertEqual(line.service_draw_ids.date, _day("2026-03-06"))
        month = line.service_draw_ids.month_id
        self.assertEqual((month.missing_count, month.doubtful_count), (0, 1))
        line.service_start = "2026-03-06 10:00:00"
        self.assertFalse(line.service_issue)

    def test_planned_work_is_no_incident(self):
        preventive = self.env.ref("service_agreement.work_type_preventive")
        incidents = {"kind": "included", "unit": "incidents", "quantity": 1}
        coverage = self._cover(self.agreement, incidents)
        planned = self._log("2026-03-06", 1, service_work_type_id=preventive.id)
        fault = self._log("2026-03-09", 1)
        for covered in (preventive.browse(), preventive | self.remote):
            coverage.sudo().covered_work_type_ids = covered
            self.agreement._decide_open_work()
            self.assertEqual(self._parts(planned)[0], ("uncovered", 1))
            self.assertEqual(self._parts(fault), [("covered", 1)])
            fault.service_work_type_id = self.remote

    def test_the_role_is_that_of_the_day_of_the_work(self):
        self.env.user.group_ids += self.env.ref("hr.group_hr_manager")
        senior = self.env["hr.job"].create({"name": "Senior"})
        self.rate.create(
            {"price": 200, "job_id": senior.id, "date_start": "2020-01-01"}
        )
        line, later = (self._log(day, 1) for day in ("2026-03-06", "2026-04-06"))
        self.technician.version_id.date_version = "2026-01-01"
        self.technician.create_version(
            {"date_version": "2026-04-01", "job_id": senior.id}
        )
        self.agreement._decide_open_work()
        self.assertEqual(
            [part.price for part in (line | later).service_draw_ids.sorted("date")],
            [150, 200],
        )

    def test_the_customer_of_a_project_is_another_one(self):
        self._cover(self.agreement, {})
        line = self._log("2026-03-06", 1, task_id=False, project_id=self.desk.id)
        self.assertFalse(line.service_draw_ids.partner_id)
        self.desk.partner_id = self.customer
        self.assertEqual(self._parts(line), [("covered", 1)])
        self.assertFalse(line.service_issue)

    def test_a_customer_with_work_is_not_deleted(self):
        stranger = self._create_customer("Nobody's Villa")
        ticket = self.ticket.copy({"partner_id": stranger.id})
        line = self._log("2026-03-06", 1, task_id=ticket.id)
        with (
            self.assertRaises(IntegrityError),
            mute_logger("odoo.sql_db"),
            self.env.cr.savepoint(),
        ):
            stranger.unlink()
            self.env.flush_all()
        self.assertEqual(line.service_draw_ids.partner_id, stranger)

    def test_two_customers_were_one(self):
        self._cover(self.agreement, {})
        self.customer.is_company = False
        twin = self._create_customer("Whitfield", is_company=False)
        ticket = self.ticket.copy({"partner_id": twin.id})
        line = self._log("2026-03-06", 1, task_id=ticket.id)
        self.assertEqual(self._parts(line), [("uncovered", 1)])
        wizard = self.env["base.partner.merge.automatic.wizard"].sudo()
        wizard._merge((twin | self.customer).ids, self.customer)
        self.env.invalidate_all()
        self.assertEqual(
            self._parts(line, "partner_id"), [("covered", 1, self.customer)]
        )

    def test_what_was_invoiced_and_is_not_any_more_is_decided_again(self):
        self.company.service_hours_product_id = self.product
        stranger = self._create_customer("Nobody's Villa")
        ticket = self.ticket.copy({"partner_id": stranger.id})
        line = self._log("2026-03-06", 2, task_id=ticket.id)
        line.service_draw_ids._answer("bill")
        for take_back in ("button_cancel", "unlink"):
            invoice = line.service_draw_ids._create_invoices()
            agreement = self._create_agreement("2026-01-01", partner_id=stranger.id)
            self._cover(agreement, {"kind": "included", "quantity": 1})
            agreement.action_activate()
            self.assertEqual(self._parts(line), [("uncovered", 2)])
            getattr(invoice, take_back)()
            self.env.invalidate_all()
            self.assertEqual(
                self._parts(line, "answer"),
                [("covered", 1, "covered"), ("overage", 1, "bill")],
            )
            overage = line.service_draw_ids.filtered(lambda d: d.outcome == "overage")
            self.assertEqual(overage.agreement_line_id.agreement_id, agreement)
            self.assertFalse(overage.is_invoiced)
            with self.at("2026-03-10 12:00:00"):
                agreement._end(_day("2026-02-28"), "cancelled")
            line.service_draw_ids._answer("bill")


@tagged("post_install", "-at_install")
class TestSettledWork(CoverageCase):
    def setUp(self):
        super().setUp()
        coverage = self._cover(self.agreement, {"kind": "prepaid"})
        self.lot = self._prepay(coverage, 4)

    def _settle(self, day):
        """Close the months up to that of ``day``, in the April after it."""
        months = self.env["service.agreement.month"].sudo()
        days = ["2026-01-01", "2026-02-01", day]
        for month in months._get_for((self.company.id, _day(each)) for each in days):
            with self.at("2026-04-20 09:00:00"):
                month.action_close()

    def test_what_is_settled_is_not_changed_and_says_so(self):
        line = self._log("2026-03-06", 2)
        self._settle("2026-03-31")
        for change in (
            lambda: line.write({"unit_amount": 3}),
            lambda: line.write({"date": "2026-04-02"}),
            line.unlink,
        ):
            with self.assertRaisesRegex(UserError, "settled"):
                change()
        line.name = "Focused the projector"
        self.assertEqual(self._parts(line), [("covered", 2)])

    def test_a_late_entry_takes_what_is_left_today(self):
        self._log("2026-03-06", 2)
        april = self._log("2026-04-02", 1.5)
        self._settle("2026-03-31")
        late = self._log("2026-03-02", 3)
        self.assertEqual(self._parts(late), [("covered", 0.5), ("overage", 2.5)])
        self.assertEqual(self._parts(april), [("covered", 1.5)])
        april.unit_amount = 0.5
        self.assertEqual(self._parts(late), [("covered", 1.5), ("overage", 1.5)])
        self.assertEqual(self.lot.balance, 0)

    def test_another_rate_or_agreement_leaves_what_is_settled(self):
        line = self._log("2026-03-06", 6)
        before = self._parts(line, "price", "amount", "agreement_id")
        self._settle("2026-03-31")
        self._cover(self._create_active("2025-12-01"), {})
        self.agreement._end(Date.to_date("2026-02-28"), "cancelled")
        self.agreement._decide_open_work()
        self.assertEqual(self._parts(line, "price", "amount", "agreement_id"), before)


@tagged("post_install", "-at_install")
class TestMessyWork(CoverageCase):
    """Whatever comes in is kept, decided, or says what is missing."""

    def test_an_imported_month_loses_nothing(self):
        coverage = self._cover(
            self.agreement,
            {"kind": "included", "quantity": 20},
            coverage_calendar_id=self.calendar.id,
        )
        nobody = self._create_customer("Nobody's Villa")
        tickets = [
            self.ticket,
            self.ticket.copy({"partner_id": nobody.id}),
            self.ticket.copy({"partner_id": False}),
        ]
        freelancer = self.env["hr.employee"].sudo().create({"name": "No cost, no user"})
        lines = self.env["account.analytic.line"].create(
            [
                {
                    "name": "/",
                    "project_id": self.desk.id,
                    "task_id": tickets[n % 3].id if n % 7 else False,
                    "employee_id": (self.technician, freelancer)[n % 2].id,
                    "date": f"2026-03-{n % 31 + 1:02}",
                    "unit_amount": (1.25, -0.5, 0, 9.3, 0.01)[n % 5],
                    "service_start": n % 3
                    and f"2026-03-{n % 31 + 1:02} {n * 7 % 24:02}:40:00",
                    "service_work_type_id": (self.on_site, self.remote)[n % 2].id
                    if n % 4
                    else False,
                }
                for n in range(500)
            ]
        )
        self.assertEqual(len(lines.exists()), 500)
        for line in lines:
            hours = line.service_draw_ids.filtered(lambda d: d.unit == "hour")
            if line.unit_amount < 0:
                self.assertEqual(line.service_issue, "negative")
            else:
                self.assertAlmostEqual(
                    sum(hours.mapped("quantity")), line.unit_amount, 4
                )
            if not line.partner_id:
                self.assertIn(line.service_issue, ("negative", "customer"))
        issues = set(lines.mapped("service_issue"))
        self.assertEqual(issues, {False, "negative", "customer", "overlap"})
        for lot in coverage.allowance_ids.lot_ids:
            self.assertGreaterEqual(lot.balance, 0)

    def test_two_things_at_once(self):
        self._cover(self.agreement, {})
        first = self._log("2026-03-06", 2, "09:00")
        second = self._log("2026-03-06", 1, "10:30")
        after = self._log("2026-03-06", 1, "11:30")
        self.assertEqual(
            [line.service_issue for line in (first, second, after)],
            ["overlap", "overlap", False],
        )
        self.assertEqual(self._parts(first), [("covered", 2)])
        second.service_start = False
        self.assertFalse(first.service_issue)

    def test_hours_that_nobody_can_count_in(self):
        nobody = self._create_customer("Nobody's Villa")
        ticket = self.ticket.copy({"partner_id": nobody.id})
        self.company.resource_calendar_id = self._create_calendar("Odd", [], 9, 17)
        line = self._log("2026-03-06", 2, "20:00", task_id=ticket.id)
        self.assertEqual(self._parts(line, "price"), [("uncovered", 2, 150)])


@tagged("post_install", "-at_install")
class TestCoverageAccess(PortalUsersMixin, CoverageCase):
    """Who sees, and who says, who pays."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.desk.privacy_visibility = "employees"
        cls.agent.group_ids += cls.env.ref("hr_timesheet.group_hr_timesheet_user")
        cls._cover(cls.agreement, {})
        cls.other = cls._create_agent("other")
        cls.colleague = (
            cls.env["hr.employee"]
            .sudo()
            .create({"name": "Cole", "user_id": cls.other.id})
        )

    def test_a_technician_logs_and_sees_who_pays(self):
        line = self._log("2026-03-06", 2)
        his = (
            self.env["account.analytic.line"]
            .with_user(self.agent)
            .create(
                {
                    "name": "Worked",
                    "task_id": self.ticket.id,
                    "date": "2026-03-06",
                    "unit_amount": 1,
                }
            )
        )
        self.assertEqual(his.service_verdict, "covered")
        self.assertEqual(his.service_draw_ids.outcome, "covered")
        self.assertIn("Silver", his._list_service_reasons()[0]["text"])
        others = self._log("2026-03-06", 1, employee_id=self.colleague.id)
        with self.assertRaises(AccessError):
            others.service_draw_ids.with_user(self.agent).read(["outcome"])
        his.unit_amount = 3
        self.assertEqual(self._parts(his), [("covered", 3)])
        self.assertTrue(line)

    def test_nobody_writes_what_was_decided(self):
        line = self._log("2026-03-06", 2)
        draw = line.service_draw_ids
        for user in (self.agent, self.env.user):
            for record, values in (
                (line, {"service_verdict": "uncovered"}),
                (line, {"service_explanation": {}}),
                (draw, {"answer": "bill"}),
                (draw, {"lot_id": False}),
            ):
                with self.assertRaises(AccessError), self.cr.savepoint():
                    record.with_user(user).write(values)
            with self.assertRaises(AccessError), self.cr.savepoint():
                draw.with_user(user).unlink()
        forged = (
            self.env["account.analytic.line"]
            .with_user(self.agent)
            .with_context(default_service_issue="rate")
            .create({"name": "x", "task_id": self.ticket.id, "unit_amount": 1})
        )
        self.assertFalse(forged.service_issue)

    def test_only_who_makes_agreements_chooses_who_pays(self):
        line = self._log("2026-03-06", 2)
        with self.assertRaises(AccessError):
            line.with_user(self.agent).service_choice_id = self.agreement
        with self.assertRaises(AccessError):
            self.ticket.with_user(self.agent).payer_id = self.agreement

    def test_a_customer_reads_none_of_it(self):
        line = self._log("2026-03-06", 2)
        ann = self._create_portal_user("ann", self.customer)
        with self.assertRaises(AccessError):
            line.service_draw_ids.with_user(ann).read(["outcome"])
        with self.assertRaises(AccessError):
            line.with_user(ann).read(["service_verdict"])
