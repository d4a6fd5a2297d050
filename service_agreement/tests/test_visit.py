"""Preventive visits: what is owed, planned, made, brought forward and lost."""

from datetime import date

from psycopg2 import IntegrityError

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Command
from odoo.tests import new_test_user, tagged
from odoo.tools import mute_logger

from ..models.service_agreement_change import PendingChange
from .common import PortalUsersMixin, ServiceDeskCommon

CRON = "service_agreement.ir_cron_visits"


class VisitCommon(ServiceDeskCommon):
    """Two visits a year, three and nine months after the start on 14 January 2026."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company.resource_calendar_id = cls.calendar
        cls.company.service_desk_project_id = cls.desk
        cls.customer.write({"email": "anna@whitfield.example.com", "tz": False})
        cls.gold = cls._create_tier("Gold", 199.0, 30)
        cls.plan = cls._create_plan(cls.gold)
        with cls._clock_at("2026-01-14 09:00:00"):
            cls.gold_agreement = cls._create_gold()
        cls.first, cls.second = cls.gold_agreement.visit_ids.sorted("date")[:2]

    @classmethod
    def _clock_at(cls, instant):
        return cls().at(instant)

    @classmethod
    def _create_plan(cls, tier, **values):
        return cls.env["service.agreement.visit.plan"].create(
            {
                "tier_id": tier.id,
                "months": "3, 9",
                "check_ids": [
                    Command.create({"name": "Firmware of all devices"}),
                    Command.create({"name": "Projector lamp and filter"}),
                ],
                **values,
            }
        )

    @classmethod
    def _create_gold(cls, start="2026-01-14", **values):
        return cls._create_active(start, tier_id=cls.gold.id, **values)

    def _plan_visits(self, wall):
        with self.at_desk(wall):
            self._run_cron(CRON)

    def _dates(self, agreement=None, state=None):
        visits = (agreement or self.gold_agreement).visit_ids.sorted("date")
        return [str(v.date) for v in visits if state in (None, v.state)]

    def _make(self, visit, wall):
        """Its ticket is solved."""
        with self.at_desk(wall):
            visit.task_id.stage_id = self.stages["solved"]


@tagged("post_install", "-at_install")
class TestVisitOwed(VisitCommon):
    def test_an_agreement_in_force_owes_the_visits_of_a_year_ahead(self):
        self.assertEqual(self._dates(), ["2026-04-14", "2026-10-14"])
        self.assertEqual(self.first.number_text, "1 of 2")
        self.assertEqual(self.first.state, "owed")
        self.assertEqual(self.first.window_from, date(2026, 4, 9))
        self.assertEqual(self.first.window_to, date(2026, 4, 19))
        self.assertEqual(self.first.usable_until, date(2027, 1, 13))
        self.assertEqual(self.gold_agreement.visit_plan_text[:17], "Preventive visit:")

    def test_a_visit_is_on_a_working_day(self):
        self.env["resource.calendar.leaves"].create(
            {
                "name": "Holiday",
                "calendar_id": self.calendar.id,
                "date_from": "2026-06-03 22:00:00",
                "date_to": "2026-06-04 21:59:59",
            }
        )
        with self.at("2026-01-10 09:00:00"):
            agreement = self._create_gold("2026-03-04")
        # 4 June is a holiday, 4 December a Friday.
        self.assertEqual(self._dates(agreement), ["2026-06-05", "2026-12-04"])

    def test_planned_again_and_again_it_stays_the_same(self):
        for _again in range(2):
            self._plan_visits("2026-01-15 06:00")
        self.assertEqual(self._dates(), ["2026-04-14", "2026-10-14"])
        self._plan_visits("2026-06-01 06:00")
        self.assertEqual(self._dates(), ["2026-06-01", "2026-10-14", "2027-04-14"])

    def test_the_database_refuses_a_visit_twice(self):
        with mute_logger("odoo.sql_db"), self.assertRaises(IntegrityError):
            self.first.sudo().copy({"task_ids": []})

    def test_a_proposal_owes_nothing(self):
        self.assertFalse(
            self._create_agreement("2026-01-14", tier_id=self.gold.id).visit_ids
        )

    def test_the_catalogue_changes_no_agreement(self):
        self.plan.months = "1, 2, 3"
        self.plan.check_ids.unlink()
        self._plan_visits("2026-01-15 06:00")
        self.assertEqual(len(self.gold_agreement.visit_ids), 2)
        frozen = self.first.plan_id
        self.assertEqual((frozen.months, len(frozen.check_ids)), ("3, 9", 2))
        manager = new_test_user(
            self.env,
            login="boss",
            groups="base.group_user,service_agreement.group_manager",
        )
        self.plan.with_user(manager).months = "3, 9"
        with self.assertRaisesRegex(UserError, "in force"):
            frozen.with_user(manager).months = "1"
        with self.assertRaisesRegex(UserError, "in force"):
            frozen.check_ids.with_user(manager).unlink()

    def test_a_draft_may_be_negotiated(self):
        agreement = self._create_agreement("2026-01-14", tier_id=self.gold.id)
        salesman = new_test_user(
            self.env,
            login="salesman",
            groups="base.group_user,service_agreement.group_user",
        )
        plans = agreement.coverage_ids.visit_plan_ids.with_user(salesman)
        plans.months = "6"
        with self.at("2026-01-14 09:00:00"):
            agreement.with_user(salesman).action_activate()
        self.assertEqual(self._dates(agreement), ["2026-07-14"])

    def test_what_is_typed_as_months_is_checked(self):
        for months in ("March", "12", ""):
            with self.assertRaisesRegex((ValidationError, UserError), "3, 9"):
                self.plan.months = months
        self.plan.write({"counted_by": "calendar", "months": "12, 4", "day": 15})
        self.assertIn("15 Apr", self.plan.summary)

    def test_one_for_each_system(self):
        systems = self.env["service.agreement.system"].create(
            [
                {"name": name, "partner_id": self.customer.id}
                for name in ("Home theatre", "Network")
            ]
        )
        self.plan.place = "system"
        with self.at("2026-01-14 09:00:00"):
            agreement = self._create_gold(system_ids=[Command.set(systems[0].ids)])
            self.assertEqual(agreement.visit_ids.system_id, systems[0])
            agreement.system_ids = systems[1]
        states = {v.system_id.name: v.state for v in agreement.visit_ids}
        self.assertEqual(states, {"Home theatre": "cancelled", "Network": "owed"})

    def test_put_on_record_late_it_owes_what_its_present_year_does(self):
        with self.at("2026-03-02 09:00:00"):
            agreement = self._create_gold("2024-11-10")
        self.assertEqual(self._dates(agreement)[:2], ["2026-02-10", "2026-08-10"])

    def _change_tier(self, tier, wall, day):
        with self.at_desk(wall):
            pending = PendingChange(date.fromisoformat(day), {}, [], tier=tier)
            return self.gold_agreement._change(pending)

    def test_another_tier_from_a_day_on(self):
        change = self._change_tier(self.tier, "2026-06-01 09:00", "2026-07-01")
        self.assertEqual(self._dates(state="owed"), ["2026-04-14"])
        self.assertEqual(self.second.cancel_reason, "changed")
        with self.at_desk("2026-06-02 09:00"):
            change.action_withdraw()
        self.assertEqual(self.second.state, "owed")

    def test_the_same_visits_by_other_terms_are_the_same_visits(self):
        platinum = self._create_tier("Platinum", 399.0, 40)
        self._create_plan(platinum, planned_hours=4)
        self._plan_visits("2026-04-08 06:00")
        self.second.sudo().write({"planned_on": "2026-05-04"})
        with self.at_desk("2026-05-04 09:00"):
            self.second.action_plan()
            self.second.task_id.stage_id = self.stages["solved"]
        self._change_tier(platinum, "2026-06-01 09:00", "2026-07-01")
        self._plan_visits("2026-07-02 06:00")
        self.assertEqual(self._dates(), ["2026-04-14", "2026-05-04", "2027-04-14"])
        self.assertEqual(self.second.state, "done")
        self.assertEqual(self.second.plan_id.planned_hours, 4)
        self.assertEqual(self.second.planned_hours, 2)


@tagged("post_install", "-at_install")
class TestVisitTicket(VisitCommon):
    def test_its_ticket_is_made_a_week_before(self):
        self._plan_visits("2026-04-06 23:00")
        self.assertFalse(self.first.task_id)
        self._plan_visits("2026-04-07 01:00")
        task = self.first.task_id
        self.assertEqual(self.first.state, "planned")
        self.assertEqual(task.name, "Preventive visit 1 of 2")
        self.assertEqual(self.on_wall(task.date_deadline), "Tue 17:00")
        self.assertEqual(task.project_id, self.desk)
        self.assertEqual(task.partner_id, self.customer)
        self.assertEqual(task.agreement_id, self.gold_agreement)
        self.assertTrue(task.work_type_id.is_preventive)
        self.assertEqual(
            task.visit_check_ids.mapped("name"),
            ["Firmware of all devices", "Projector lamp and filter"],
        )
        self.assertTrue(task.activity_ids)
        self.assertEqual(self.second.state, "owed")

    def test_the_cron_twice_makes_one_ticket(self):
        for _again in range(2):
            self._plan_visits("2026-04-08 06:00")
        self.assertEqual(len(self.first.task_ids), 1)
        with mute_logger("odoo.sql_db"), self.assertRaises(IntegrityError):
            self.first.task_id.sudo().copy().visit_id = self.first
            self.env.flush_all()

    def test_the_customer_is_told_the_day_in_his_language(self):
        self.env["res.lang"]._activate_lang("nl_NL")
        self.customer.lang = "nl_NL"
        self._plan_visits("2026-04-08 06:00")
        message = self.first.task_id.message_ids.filtered("partner_ids")
        self.assertEqual(message.partner_ids, self.customer)
        self.assertIn("dinsdag, 14 april 2026", message.body)
        self.assertEqual(self.first.told_date, date(2026, 4, 14))
        self.assertFalse(self.first.told_otherwise)

    def test_moved_on_the_ticket_or_on_the_visit_it_is_one_day(self):
        self._plan_visits("2026-04-08 06:00")
        task = self.first.task_id
        task.date_deadline = "2026-04-16 08:00:00"
        self.assertEqual(self.first.date, date(2026, 4, 16))
        self.assertTrue(self.first.told_otherwise)
        self.first.date = "2026-04-17"
        self.assertEqual(self.on_wall(task.date_deadline), "Fri 10:00")
        self.first.action_tell()
        self.assertFalse(self.first.told_otherwise)
        self.assertIn("instead of 14 April", task.message_ids[0].body)

    def test_who_has_no_mail_address_is_called(self):
        self.customer.email = False
        self._plan_visits("2026-04-08 06:00")
        self.assertTrue(self.first.told_otherwise)
        with self.assertRaisesRegex(UserError, "Told Already"):
            self.first.action_tell()
        self.first.task_id.with_user(self.agent).action_told_visit()
        self.assertFalse(self.first.told_otherwise)

    def test_a_contact_of_the_customer_is_told_where_only_he_has_mail(self):
        self.customer.email = False
        contact = self.env["res.partner"].create(
            {
                "name": "Ann",
                "parent_id": self.customer.id,
                "email": "ann@whitfield.example.com",
            }
        )
        self._plan_visits("2026-04-08 06:00")
        self.assertEqual(self.first.task_id.partner_id, contact)
        self.assertFalse(self.first.told_otherwise)

    def test_before_it_has_a_ticket_it_may_be_moved_too(self):
        self.first.date = "2026-05-04"
        self._plan_visits("2026-04-08 06:00")
        self.assertFalse(self.first.task_id)
        self._plan_visits("2026-04-27 06:00")
        self.assertEqual(self.on_wall(self.first.task_id.date_deadline), "Mon 17:00")
        self.assertEqual(self.first.date, date(2026, 5, 4))

    def test_a_cron_that_was_down_plans_it_the_next_working_day(self):
        self._plan_visits("2026-05-02 06:00")
        self.assertEqual(self.first.date, date(2026, 5, 4))
        self.assertEqual(self.first.state, "planned")

    def test_without_a_service_desk_it_says_what_to_do(self):
        self.company.service_desk_project_id = False
        self._plan_visits("2026-04-08 06:00")
        self.assertEqual(self.first.state, "owed")
        self.assertIn("service desk", self.first.problem)
        self.company.service_desk_project_id = self.desk
        self._plan_visits("2026-04-09 06:00")
        self.assertEqual((self.first.state, self.first.problem), ("planned", False))

    def test_nothing_is_promised_on_it(self):
        self._plan_visits("2026-04-08 06:00")
        task = self.first.task_id
        self.assertTrue(task.is_ticket)
        self.assertFalse(task.sla_clock_ids)
        self.assertFalse(task.sla_state or task.sla_promise_id)
        task.action_ticket_apply_promise()
        self.assertFalse(task.sla_clock_ids)
        self.assertEqual(self.gold_agreement.ticket_count, 0)
        self.assertFalse(self.gold_agreement._get_portal_tickets())

    def test_made_it_is_done(self):
        self._plan_visits("2026-04-08 06:00")
        self._make(self.first, "2026-04-14 12:00")
        self.assertEqual(self.first.state, "done")
        self.assertEqual(self.first.done_on, date(2026, 4, 14))
        with self.at_desk("2026-04-20 08:00"):
            self.gold_agreement.invalidate_recordset()
            self.assertEqual(self.gold_agreement.visit_text, "1 of 2 done")
            self.assertEqual(self.gold_agreement.visit_next_date, date(2026, 10, 14))

    def test_what_the_customer_answers_then_is_another_matter(self):
        self._plan_visits("2026-04-08 06:00")
        self._make(self.first, "2026-04-14 12:00")
        task = self.first.task_id
        with self.at_desk("2026-04-15 09:00"):
            task.message_post(
                body="The lamp flickers now",
                author_id=self.customer.id,
                message_type="email",
                subtype_xmlid="mail.mt_comment",
            )
        self.assertEqual(self.first.state, "done")
        follow_up = task.followed_by_ids
        self.assertEqual(len(follow_up), 1)
        self.assertFalse(follow_up.visit_id)

    def test_who_made_the_last_one_makes_the_next(self):
        self._plan_visits("2026-04-08 06:00")
        self.first.task_id.user_ids = self.agent
        self._make(self.first, "2026-04-14 12:00")
        self._plan_visits("2026-10-08 06:00")
        self.assertEqual(self.second.task_id.user_ids, self.agent)

    def test_its_timesheet_is_preventive_service_work(self):
        self._plan_visits("2026-04-08 06:00")
        employee = (
            self.env["hr.employee"]
            .sudo()
            .create({"name": "Tom", "user_id": self.agent.id})
        )
        line = self.env["account.analytic.line"].create(
            {
                "name": "Checked",
                "task_id": self.first.task_id.id,
                "project_id": self.desk.id,
                "unit_amount": 2,
                "employee_id": employee.id,
            }
        )
        self.assertTrue(line.is_service_work)


@tagged("post_install", "-at_install")
class TestVisitLife(VisitCommon):
    """What becomes of visits when something becomes of their agreement."""

    def test_suspended_no_visits_and_resumed_again(self):
        self._plan_visits("2026-04-08 06:00")
        with self.at_desk("2026-04-10 09:00"):
            self.gold_agreement.action_suspend()
            self.assertEqual(self._dates(state="cancelled"), self._dates())
            self.assertEqual(self.first.cancel_reason, "suspended")
            self.assertEqual(self.first.task_id.state, "1_canceled")
        self._plan_visits("2026-04-11 06:00")
        with self.at_desk("2026-04-13 09:00"):
            self.gold_agreement.action_resume()
            self.assertEqual((self.first.state, self.second.state), ("planned", "owed"))
            self.assertEqual(self.first.task_id.state, "01_in_progress")
        self.assertEqual(len(self.first.task_ids), 1)

    def test_what_was_due_while_suspended_stays_cancelled(self):
        with self.at_desk("2026-04-01 09:00"):
            self.gold_agreement._suspend(date(2026, 4, 1), date(2026, 4, 30))
        self._plan_visits("2026-05-02 06:00")
        self.assertEqual((self.first.state, self.second.state), ("cancelled", "owed"))

    def test_ended_its_future_visits_are_cancelled_and_the_customer_hears(self):
        self._plan_visits("2026-04-08 06:00")
        with self.at_desk("2026-04-09 09:00"):
            self.gold_agreement._end(date(2026, 4, 10), "cancelled")
        self.assertEqual(self._dates(state="cancelled"), self._dates())
        task = self.first.task_id
        self.assertEqual(task.state, "1_canceled")
        self.assertIn("cancelled", task.message_ids[0].body)
        self.assertEqual(
            task.message_ids[0].subtype_id.get_external_id(),
            {task.message_ids[0].subtype_id.id: "mail.mt_comment"},
        )

    def test_an_end_that_is_taken_back_takes_it_back(self):
        with self.at_desk("2026-04-01 09:00"):
            self.gold_agreement._end(date(2026, 8, 31), "cancelled")
            self.assertEqual(
                (self.first.state, self.second.state), ("owed", "cancelled")
            )
            self.gold_agreement.action_take_back_end()
            self.assertEqual(self.second.state, "owed")

    def test_owed_and_not_made_when_it_ends_is_forfeited(self):
        self._plan_visits("2026-04-08 06:00")
        with self.at_desk("2026-04-30 09:00"):
            self.gold_agreement._end(date(2026, 4, 29), "cancelled")
        self.assertEqual(
            (self.first.state, self.second.state), ("forfeited", "cancelled")
        )
        self.assertEqual(self.first.task_id.state, "1_canceled")

    def test_made_after_it_was_forfeited_it_is_made(self):
        self.test_owed_and_not_made_when_it_ends_is_forfeited()
        self._make(self.first, "2026-05-04 09:00")
        self.assertEqual(self.first.state, "done")

    def test_not_made_in_its_year_it_is_forfeited(self):
        self._plan_visits("2026-04-08 06:00")
        self._plan_visits("2027-01-13 06:00")
        self.assertEqual(self.first.state, "planned")
        self._plan_visits("2027-01-14 06:00")
        self.assertEqual(self.first.state, "forfeited")

    def test_or_carried_over_as_the_tier_says(self):
        self.plan.carry_months = 3
        with self.at("2026-01-14 09:00:00"):
            agreement = self._create_gold()
        visit = agreement.visit_ids.sorted("date")[0]
        self._plan_visits("2026-04-08 06:00")
        self._plan_visits("2027-04-13 06:00")
        self.assertEqual(visit.state, "planned")
        self._plan_visits("2027-04-14 06:00")
        self.assertEqual(visit.state, "forfeited")

    def test_one_with_a_day_ahead_is_not_forfeited(self):
        self._plan_visits("2026-04-08 06:00")
        with self.at_desk("2027-01-10 09:00"):
            self.first.date = "2027-01-20"
        self._plan_visits("2027-01-14 06:00")
        self.assertEqual(self.first.state, "planned")
        self._plan_visits("2027-01-21 06:00")
        self.assertEqual(self.first.state, "forfeited")

    def test_late_needs_no_cron(self):
        visits = self.env["service.agreement.visit"]
        ours = [("agreement_id", "=", self.gold_agreement.id)]
        with self.at_desk("2026-04-19 23:00"):
            self.assertFalse(visits.search([*ours, ("is_late", "=", True)]))
        with self.at_desk("2026-04-20 00:30"):
            late = visits.search([*ours, ("is_late", "=", True)])
            self.first.invalidate_recordset(["is_late"])
            self.assertTrue(self.first.is_late)
        self.assertEqual(late, self.first)

    def test_the_customer_does_not_want_it(self):
        self._plan_visits("2026-04-08 06:00")
        with self.at_desk("2026-04-09 09:00"):
            self.first.action_decline()
        self._plan_visits("2026-04-10 06:00")
        self.assertEqual(self.first.cancel_reason, "declined")
        self.first.action_take_back()
        self.assertEqual(self.first.state, "planned")

    def test_hours_owed(self):
        self.assertEqual(self.first.owed_hours, 2)
        self._plan_visits("2026-04-08 06:00")
        self.assertEqual(self.first.owed_hours, 2)
        self._make(self.first, "2026-04-14 12:00")
        self.assertEqual(self.first.owed_hours, 0)

    def test_renewed_it_goes_on(self):
        self.gold.write({"term_months": 12, "auto_renew": True})
        with self.at("2026-01-14 09:00:00"):
            agreement = self._create_gold()
        self._plan_visits("2027-02-01 06:00")
        self.assertIn("2027-10-14", self._dates(agreement))
        self.assertEqual(set(agreement.visit_ids.mapped("year")), {1, 2})

    def test_an_agreement_that_ends_with_its_term_owes_nothing_after(self):
        self.gold.write({"term_months": 12, "auto_renew": False})
        with self.at("2026-01-14 09:00:00"):
            agreement = self._create_gold()
        self._plan_visits("2026-08-01 06:00")
        self.assertEqual(len(agreement.visit_ids), 2)


@tagged("post_install", "-at_install")
class TestVisitBroughtForward(VisitCommon):
    def _open_fault(self, wall, **values):
        with self.at_desk(wall):
            values = {"agreement_id": self.gold_agreement.id, **values}
            return self._open_ticket(wall, **values)

    def _near(self, fault, wall):
        with self.at_desk(wall):
            fault.invalidate_recordset()
            return fault.near_visit_id

    def test_within_ten_working_days_it_is_proposed(self):
        fault = self._open_fault("2026-03-30 09:00")
        self.assertFalse(self._near(fault, "2026-03-30 09:05"))
        fault = self._open_fault("2026-03-31 09:00")
        self.assertEqual(self._near(fault, "2026-03-31 09:05"), self.first)
        self.assertEqual(fault.near_visit_date, date(2026, 4, 14))
        self._move(fault, "solved", "2026-04-01 09:00")
        self.assertFalse(self._near(fault, "2026-04-01 09:05"))

    def test_of_another_system_it_is_not(self):
        theatre, network = self.env["service.agreement.system"].create(
            [
                {"name": name, "partner_id": self.customer.id}
                for name in ("Home theatre", "Network")
            ]
        )
        self.plan.place = "system"
        with self.at("2026-01-14 09:00:00"):
            agreement = self._create_gold(system_ids=[Command.set(theatre.ids)])
        visit = agreement.visit_ids.sorted("date")[0]
        for system, near in ((theatre, visit), (network, visit.browse())):
            fault = self._open_fault(
                "2026-04-07 09:00", agreement_id=agreement.id, system_id=system.id
            )
            self.assertEqual(self._near(fault, "2026-04-07 09:05"), near)

    def test_one_click_moves_it_and_everybody_knows(self):
        fault = self._open_fault("2026-04-03 15:00")
        with self.at_desk("2026-04-04 10:00"):
            fault.with_user(self.agent).action_bring_visit_forward()
        # 4 April is a Saturday.
        self.assertEqual(self.first.date, date(2026, 4, 6))
        self.assertEqual(self.first.brought_by_id, fault)
        self.assertEqual(self.first.brought_from, date(2026, 4, 14))
        self.assertEqual(self.first.told_date, date(2026, 4, 6))
        for record in (self.gold_agreement, self.first.task_id, fault):
            bodies = " ".join(record.message_ids.mapped("body"))
            self.assertIn("brought forward from", bodies)
        self.assertFalse(self._near(fault, "2026-04-04 10:05"))
        self._plan_visits("2026-04-08 06:00")
        self.assertEqual(len(self.first.task_ids), 1)
        with self.at_desk("2026-04-05 10:00"), self.assertRaises(UserError):
            fault.action_bring_visit_forward()

    def test_one_that_is_planned_already_is_moved(self):
        self._plan_visits("2026-04-08 06:00")
        fault = self._open_fault("2026-04-08 15:00")
        with self.at_desk("2026-04-08 16:00"):
            fault.action_bring_visit_forward()
        self.assertEqual(self.on_wall(self.first.task_id.date_deadline), "Wed 17:00")
        self.assertEqual(len(self.first.task_ids), 1)

    def test_a_visit_brings_no_other_forward(self):
        self._plan_visits("2026-04-08 06:00")
        self.assertFalse(self._near(self.first.task_id, "2026-04-08 09:00"))


@tagged("post_install", "-at_install")
class TestVisitAccess(PortalUsersMixin, VisitCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.ann = cls._create_portal_user("ann", cls.customer)
        cls.stranger = cls._create_portal_user(
            "stranger", cls._create_customer("Nobody's Villa")
        )

    def test_a_technician_fills_in_the_checklist_and_no_fact(self):
        self._plan_visits("2026-04-08 06:00")
        task = self.first.task_id.with_user(self.agent)
        check = task.visit_check_ids[0]
        with self.at_desk("2026-04-14 10:00"):
            check.write({"result": "defect", "note": "Two versions behind"})
        self.assertEqual(check.checked_by_id, self.agent)
        self.assertTrue(check.checked_at)
        task.write({"visit_summary": "All updated"})
        self.assertEqual(self.first.summary, "All updated")
        self.assertEqual(self.first.check_text, "1 of 2")
        with self.assertRaises(AccessError):
            check.write({"checked_by_id": self.env.uid})
        with self.assertRaises(AccessError):
            task.visit_id.write({"forfeited_on": "2026-04-14"})
        with self.assertRaises(AccessError):
            task.visit_id.unlink()
        with self.assertRaises(AccessError):
            task.write({"visit_id": self.second.id})
        with self.assertRaises(AccessError):
            task.visit_id.plan_id.read(["months"])

    def test_a_technician_reads_and_plans_visits(self):
        visit = self.first.with_user(self.agent)
        fields = list(visit.fields_get())
        visit.read([name for name in fields if name != "plan_id"])
        with self.at_desk("2026-04-01 09:00"):
            visit.action_plan()
        self.assertEqual(self.first.state, "planned")

    def test_the_customer_reads_his_visits_and_nobody_else(self):
        self._plan_visits("2026-04-08 06:00")
        visits = self.env["service.agreement.visit"]
        self.assertEqual(visits.with_user(self.ann).search([]), self.first)
        self.assertFalse(visits.with_user(self.stranger).search([]))
        with self.assertRaises(AccessError):
            self.first.with_user(self.stranger).read(["date"])
        with self.assertRaises(AccessError):
            self.second.with_user(self.ann).read(["date"])
        for method in ("action_decline", "action_plan", "action_tell"):
            with self.assertRaises(AccessError):
                getattr(self.first.with_user(self.ann), method)()
        with self.assertRaises(AccessError):
            self.first.with_user(self.ann).write({"date": "2026-05-01"})

    def test_another_company_sees_none(self):
        other = self.env["res.company"].create({"name": "Other"})
        user = new_test_user(
            self.env,
            login="elsewhere",
            groups="base.group_user,service_agreement.group_manager",
            company_id=other.id,
            company_ids=[Command.set(other.ids)],
        )
        for model in ("service.agreement.visit", "service.agreement.visit.plan"):
            mine = self.env[model].with_user(user)
            found = mine.search([("agreement_id", "!=", False)])
            self.assertFalse(found)

    def test_each_company_has_its_own_today(self):
        """East of the date line it is a week before when it is not yet at home."""
        self.company.partner_id.tz = "Pacific/Auckland"
        with self.at("2026-04-06 13:00:00"):
            self._run_cron(CRON)
        self.assertEqual(self.first.state, "planned")

    def test_twice_as_many_visits_take_as_many_queries(self):
        def create(count):
            with self.at("2026-01-14 09:00:00"):
                agreements = self.env["service.agreement"]
                for _number in range(count):
                    agreements |= self._create_gold()
            return agreements

        counts = []
        for agreements in (create(4), create(8)):
            with self.at("2026-01-15 09:00:00"):
                self.env.flush_all()
                self.env.invalidate_all()
                before = self.env.cr.sql_log_count
                agreements._sync_visits()
                self.env.flush_all()
                counts.append(self.env.cr.sql_log_count - before)
        self.assertLessEqual(counts[1], counts[0] + 2, counts)
