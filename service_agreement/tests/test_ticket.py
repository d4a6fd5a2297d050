from unittest.mock import patch

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Command
from odoo.tests import HttpCase, tagged

from .common import PortalUsersMixin, ServiceDeskCommon


@tagged("post_install", "-at_install")
class TestTicket(ServiceDeskCommon):
    """What becomes a ticket, and by which agreement."""

    def test_only_service_desk_tasks_are_tickets(self):
        project = self.env["project.project"].create({"name": "Installation"})
        task = self._open_ticket("2026-03-06 15:00", project_id=project.id)
        self.assertFalse(task.is_ticket)
        self.assertFalse(task.agreement_id)
        self.assertFalse(task.ticket_fact_ids)

    def test_a_subtask_is_no_ticket(self):
        ticket = self._open_ticket("2026-03-06 15:00")
        subtask = self._open_ticket("2026-03-06 15:00", parent_id=ticket.id)
        self.assertFalse(subtask.is_ticket)
        self.assertFalse(subtask.sla_clock_ids)

    def test_a_template_is_no_ticket(self):
        template = self._open_ticket("2026-03-06 15:00", is_template=True)
        self.assertFalse(template.sla_clock_ids)

    def test_a_contact_of_the_customer_is_covered(self):
        contact = self.env["res.partner"].create(
            {"name": "Ann", "parent_id": self.customer.id}
        )
        ticket = self._open_ticket("2026-03-06 15:00", partner_id=contact.id)
        self.assertEqual(ticket.agreement_id, self.agreement)

    def test_without_agreement_the_ticket_says_so(self):
        other = self._create_customer("Nobody's Villa")
        ticket = self._open_ticket("2026-03-06 15:00", partner_id=other.id)
        self.assertTrue(ticket.agreement_missing)
        self.assertFalse(ticket.sla_state)
        self.assertEqual(ticket.ticket_fact_ids.mapped("kind"), ["opened"])

    def test_an_agreement_not_yet_in_force_covers_nothing(self):
        ticket = self._open_ticket("2025-12-31 15:00")
        self.assertFalse(ticket.agreement_id)

    def test_the_day_is_the_company_s(self):
        ticket = self._open_ticket("2026-01-01 00:30")  # still 31 December in UTC
        self.assertEqual(ticket.agreement_id, self.agreement)

    def test_a_customer_named_later_starts_the_promise_from_the_opening(self):
        ticket = self._open_ticket("2026-03-06 15:00", partner_id=False)
        self.assertFalse(ticket.sla_clock_ids)
        with self.at_desk("2026-03-06 16:00"):
            ticket.partner_id = self.customer
        clock = self._clock(ticket, "first_response")
        self.assertEqual(self.on_wall(clock.deadline), "Mon 11:00")

    def test_what_happened_before_the_promise_counts(self):
        ticket = self._open_ticket("2026-03-06 15:00", partner_id=False)
        self._answer(ticket, "2026-03-06 15:30")
        with self.at_desk("2026-03-06 16:00"):
            ticket.partner_id = self.customer
        self.assertEqual(self._clock(ticket, "first_response").state, "met")

    def test_an_agreement_chosen_by_hand_starts_the_promise(self):
        ticket = self._open_ticket("2026-03-06 15:00", partner_id=False)
        ticket._ticket_write({"partner_id": self.customer.id})
        with self.at_desk("2026-03-06 16:00"):
            ticket.agreement_id = self.agreement
        self.assertEqual(self.on_wall(ticket.sla_due_at), "Mon 11:00")
        self.assertEqual(ticket.agreement_tier_id, self.tier)

    def test_another_customer_s_agreement_is_refused(self):
        other = self._create_customer("Nobody's Villa")
        ticket = self._open_ticket("2026-03-06 15:00", partner_id=other.id)
        with self.assertRaisesRegex(ValidationError, "does not cover Nobody's Villa"):
            ticket.agreement_id = self.agreement

    def test_another_company_s_agreement_is_refused(self):
        company = self.env["res.company"].create({"name": "Elsewhere"})
        desk = self.desk.copy({"company_id": company.id})
        ticket = self._open_ticket("2026-03-06 15:00", project_id=desk.id)
        self.assertFalse(ticket.agreement_id)
        with self.assertRaisesRegex(ValidationError, "served by Elsewhere"):
            ticket.agreement_id = self.agreement

    def test_a_corrected_customer_gets_his_own_promise(self):
        other = self._create_customer("Nobody's Villa")
        theirs = self._create_active("2026-01-01", partner_id=other.id)
        ticket = self._open_ticket("2026-03-06 15:00")
        with self.at_desk("2026-03-06 16:00"):
            ticket.with_user(self.agent).partner_id = other
        self.assertEqual(ticket.agreement_id, theirs)
        self.assertEqual(ticket.sla_clock_ids.agreement_id, theirs)
        self.assertEqual(ticket.sla_clock_ids.partner_id, other)
        self.assertEqual(self.on_wall(ticket.sla_due_at), "Mon 11:00")
        self.assertIn("The customer was corrected", ticket.message_ids[0].body)

    def test_a_corrected_customer_without_agreement_is_promised_nothing(self):
        ticket = self._open_ticket("2026-03-06 15:00")
        with self.at_desk("2026-03-06 16:00"):
            ticket.partner_id = self._create_customer("Nobody's Villa")
        self.assertFalse(ticket.agreement_id | ticket.sla_clock_ids.agreement_id)
        self.assertFalse(ticket.agreement_tier_id)
        self.assertFalse(ticket.sla_state or ticket.sla_due_at)
        self.assertTrue(ticket.agreement_missing)

    def test_a_promise_kept_before_the_customer_was_corrected_stays(self):
        ticket = self._open_ticket("2026-03-06 15:00")
        self._answer(ticket, "2026-03-06 15:30")
        with self.at_desk("2026-03-06 16:00"):
            ticket.partner_id = self._create_customer("Nobody's Villa")
        clock = ticket.sla_clock_ids
        self.assertEqual((clock.metric, clock.state), ("first_response", "met"))
        self.assertEqual(clock.agreement_id, self.agreement)
        self.assertFalse(ticket.agreement_id)
        self.assertTrue(ticket.agreement_missing)

    def test_another_contact_of_the_customer_changes_no_promise(self):
        contact = self.env["res.partner"].create(
            {"name": "Ann", "parent_id": self.customer.id}
        )
        ticket = self._open_ticket("2026-03-06 15:00")
        clocks = ticket.sla_clock_ids
        with self.at_desk("2026-03-06 16:00"):
            ticket.partner_id = contact
        self.assertEqual(ticket.sla_clock_ids, clocks)

    def test_a_later_change_of_the_tier_reaches_no_agreement(self):
        silent = self._create_tier("Bronze", 10.0, 10)
        other = self._create_customer("Nobody's Villa")
        self._create_active("2026-01-01", tier_id=silent.id, partner_id=other.id)
        self.tier.target_ids.copy({"tier_id": silent.id})
        ticket = self._open_ticket("2026-03-06 15:00", partner_id=other.id)
        self.assertTrue(ticket.agreement_id)
        self.assertFalse(ticket.sla_clock_ids)

    def test_a_time_zone_the_server_does_not_know_refuses_no_ticket(self):
        for partner in (self.customer, self.company.partner_id):
            self.env.cr.execute(
                "UPDATE res_partner SET tz = 'Mars/Olympus' WHERE id = %s", [partner.id]
            )
            self.env.invalidate_all()
            ticket = self._open_ticket("2026-03-06 15:00")
            clock = self._clock(ticket, "first_response")
            self.assertEqual(self.on_wall(clock.deadline), "Mon 11:00")

    def test_a_frozen_time_zone_that_is_unknown_by_now_is_read_as_utc(self):
        ticket = self._open_ticket("2026-03-06 10:00")
        hours = self._clock(ticket).sla_calendar_id.sudo()
        hours.spec = hours.spec.replace("Europe/Amsterdam", "Mars/Olympus")
        ticket.sudo()._ticket_read_clocks()
        self.assertEqual(self.on_wall(self._clock(ticket).deadline), "Fri 18:00")

    def test_a_manager_s_fact_sets_the_clocks(self):
        ticket = self._open_ticket("2026-03-06 15:00")
        manager = self._create_agent("manager")
        manager.group_ids += self.env.ref("service_agreement.group_manager")
        with self.at_desk("2026-03-10 15:00"):
            self.env["service.agreement.ticket.fact"].with_user(manager).create(
                {
                    "res_model": "project.task",
                    "res_id": ticket.id,
                    "kind": "answered",
                    "at": "2026-03-06 14:30:00",
                    "company_id": self.company.id,
                }
            )
        self.assertEqual(self._clock(ticket, "first_response").state, "met")
        self.assertEqual(self.on_wall(ticket.sla_due_at), "Mon 15:00")

    def test_moved_into_the_desk_counts_from_then(self):
        project = self.env["project.project"].create({"name": "Installation"})
        task = self._open_ticket("2026-03-06 10:00", project_id=project.id)
        with self.at_desk("2026-03-06 15:00"):
            task.project_id = self.desk
        clock = self._clock(task, "first_response")
        self.assertEqual(self.on_wall(clock.deadline), "Mon 11:00")

    def test_moved_out_of_the_desk_is_cancelled(self):
        project = self.env["project.project"].create({"name": "Installation"})
        ticket = self._open_ticket("2026-03-06 10:00")
        with self.at_desk("2026-03-06 11:00"):
            ticket.project_id = project
        self.assertEqual(set(ticket.sla_clock_ids.mapped("state")), {"cancelled"})

    def test_a_ticket_is_accepted_whatever_is_misconfigured(self):
        self.calendar.attendance_ids.unlink()
        ticket = self._open_ticket("2026-03-06 15:00")
        self.assertEqual(ticket.agreement_id, self.agreement)
        self.assertFalse(ticket.sla_clock_ids)
        self.assertIn("no working hours", ticket.message_ids[0].body)

    def test_applying_today_s_promise_is_logged_and_keeps_what_was_kept(self):
        ticket = self._open_ticket("2026-03-09 10:00")
        self._answer(ticket, "2026-03-09 11:00")
        self.agreement.target_ids.minutes = 60
        with self.at_desk("2026-03-09 12:00"):
            ticket.action_ticket_apply_promise()
        self.assertEqual(self.on_wall(self._clock(ticket).deadline), "Mon 11:00")
        self.assertEqual(self._clock(ticket, "first_response").minutes, 240)
        self.assertIn("was applied", ticket.message_ids[0].body)

    def test_compliance_counts_what_is_late_right_now(self):
        tickets = self._open_ticket("2026-03-09 10:00")
        tickets += self._open_ticket("2026-03-09 10:00")
        self._answer(tickets[0], "2026-03-09 11:00")
        for wall, decided in (
            ("2026-03-09 13:00", [("met", 1), ("open", 1)]),
            ("2026-03-09 15:00", [("met", 1), ("missed", 1)]),
        ):
            with self.at_desk(wall):
                groups = self.env["service.agreement.sla.report"]._read_group(
                    [
                        ("res_id", "in", tickets.ids),
                        ("metric", "=", "first_response"),
                    ],
                    ["status"],
                    ["__count"],
                )
                self.assertEqual(sorted(groups), decided)

    def test_a_copy_is_a_new_ticket(self):
        ticket = self._open_ticket("2026-03-06 15:00")
        with self.at_desk("2026-03-09 09:00"):
            copy = ticket.copy()
        clock = self._clock(copy, "first_response")
        self.assertEqual(self.on_wall(clock.deadline), "Mon 13:00")

    def test_deleted_with_all_that_hangs_on_it(self):
        ticket = self._open_ticket("2026-03-06 15:00")
        clocks, facts = ticket.sla_clock_ids, ticket.ticket_fact_ids
        ticket.unlink()
        self.assertFalse(clocks.exists() | clocks.browse(facts.exists().ids))

    def test_a_solved_stage_closes_the_task_and_back(self):
        ticket = self._open_ticket("2026-03-06 15:00")
        self._move(ticket, "solved", "2026-03-06 16:00")
        self.assertEqual(ticket.state, "1_done")
        self._move(ticket, "New", "2026-03-06 16:10")
        self.assertEqual(ticket.state, "01_in_progress")
        kinds = ticket.ticket_fact_ids.mapped("kind")
        self.assertEqual(kinds, ["opened", "solved", "reopened", "resumed"])

    def test_a_new_desk_gets_stages_that_tell_what_they_mean(self):
        statuses = self.desk.type_ids.mapped("ticket_status")
        self.assertEqual(statuses, [False, False, "waiting", "solved", "cancelled"])

    def test_a_desk_with_stages_keeps_them(self):
        project = self.env["project.project"].create(
            {"name": "Old", "type_ids": [Command.create({"name": "To do"})]}
        )
        project.is_service_desk = True
        self.assertEqual(project.type_ids.mapped("name"), ["To do"])

    def _create_old_project(self, wall, **values):
        """A project that is no desk, and an open and a solved task in it."""
        stages = [
            {"name": "To do"},
            {"name": "With the customer", "ticket_status": "waiting"},
        ]
        project = self.env["project.project"].create(
            {"name": "Old", "type_ids": [Command.create(stage) for stage in stages]}
        )
        return project, [
            self._open_ticket(wall, project_id=project.id, state=state, **values)
            for state in ("01_in_progress", "1_done")
        ]

    def test_open_tasks_join_when_their_project_becomes_a_desk(self):
        project, (task, solved) = self._create_old_project("2026-03-06 15:00")
        self._answer(task, "2026-03-06 16:00")
        self.assertFalse(task.is_ticket or task.ticket_fact_ids)
        with self.at_desk("2026-03-09 09:00"):
            project.is_service_desk = True
        self.assertTrue(task.is_ticket)
        self.assertEqual(task.agreement_id, self.agreement)
        self.assertEqual(task.ticket_fact_ids.mapped("kind"), ["opened"])
        self.assertEqual(self.on_wall(task.sla_due_at), "Mon 13:00")
        self.assertEqual(self.on_wall(self._clock(task).deadline), "Mon 17:00")
        self.assertFalse(solved.ticket_fact_ids)
        self.assertFalse(solved.agreement_id)

    def test_a_solved_task_of_a_new_desk_is_a_ticket_from_its_reopening(self):
        project, (_task, solved) = self._create_old_project("2026-03-02 15:00")
        project.is_service_desk = True
        with self.at_desk("2026-03-06 14:00"), self.assertRaises(UserError):
            solved.action_ticket_apply_promise()
        with self.at_desk("2026-03-06 15:00"):
            solved.state = "01_in_progress"
        clock = self._clock(solved, "first_response")
        self.assertEqual(self.on_wall(clock.deadline), "Mon 11:00")

    def _forget_opening(self, tasks):
        """As those are that became tickets without anybody noticing."""
        tasks.sla_clock_ids.sudo().unlink()
        tasks.ticket_fact_ids.sudo().unlink()

    def test_a_ticket_without_opening_can_be_promised_something(self):
        other = self._create_customer("Nobody's Villa")
        ticket = self._open_ticket("2026-03-06 15:00", partner_id=other.id)
        self._forget_opening(ticket)
        ticket._ticket_write({"partner_id": self.customer.id})
        with self.at_desk("2026-03-06 16:00"):
            ticket.action_ticket_apply_promise()
        self.assertEqual(self.on_wall(ticket.sla_due_at), "Mon 11:00")

    def test_a_ticket_without_opening_is_answered_then_gets_its_customer(self):
        ticket = self._open_ticket("2026-03-06 15:00", partner_id=False)
        self._forget_opening(ticket)
        self._answer(ticket, "2026-03-06 15:30")
        kinds = ticket.ticket_fact_ids.mapped("kind")
        self.assertEqual(kinds, ["opened", "answered"])
        with self.at_desk("2026-03-06 16:00"):
            ticket.with_user(self.agent).partner_id = self.customer
        self.assertEqual(self._clock(ticket, "first_response").state, "met")

    def test_a_ticket_without_opening_waits_then_gets_its_customer(self):
        ticket = self._open_ticket("2026-03-06 15:00", partner_id=False)
        self._forget_opening(ticket)
        self._move(ticket, "waiting", "2026-03-06 16:00")
        with self.at_desk("2026-03-06 16:30"):
            ticket.partner_id = self.customer
        self.assertEqual(self._clock(ticket).state, "paused")
        self.assertEqual(self._clock(ticket).used_seconds, 3600)

    def test_the_customer_s_clock_face(self):
        self.customer.tz = "America/New_York"
        ticket = self._open_ticket("2026-03-06 15:00")  # 9:00 in New York
        clock = self._clock(ticket, "first_response")
        self.assertEqual(self.on_wall(clock.deadline), "Fri 19:00")

    def _create_address(self, kind, tz):
        return self.env["res.partner"].create(
            {"name": kind, "type": kind, "tz": tz, "parent_id": self.customer.id}
        )

    def test_the_clock_face_of_the_site_before_the_customer_s(self):
        self.customer.tz = "Europe/Amsterdam"
        house = self._create_address("delivery", "America/New_York")
        ticket = self._open_ticket("2026-03-06 15:00", partner_id=house.id)
        clock = self._clock(ticket, "first_response")
        self.assertEqual(self.on_wall(clock.deadline), "Fri 19:00")
        here = self._open_ticket("2026-03-06 15:00")
        self.assertNotEqual(ticket.sla_promise_id, here.sla_promise_id)
        self.assertEqual(
            self.on_wall(self._clock(here, "first_response").deadline), "Mon 11:00"
        )

    def test_the_clock_face_of_the_agreement_s_site_before_the_customer_s(self):
        self.customer.tz = "Europe/Amsterdam"
        house = self._create_address("delivery", "America/New_York")
        self.agreement.sudo().partner_shipping_id = house
        ticket = self._open_ticket("2026-03-06 15:00")
        clock = self._clock(ticket, "first_response")
        self.assertEqual(self.on_wall(clock.deadline), "Fri 19:00")

    def test_the_clock_face_of_a_contact_s_company_where_he_has_none(self):
        self.customer.tz = "America/New_York"
        ann = self._create_address("contact", False)
        ticket = self._open_ticket("2026-03-06 15:00", partner_id=ann.id)
        self.assertEqual(ticket._ticket_tz(), "America/New_York")

    def test_without_any_clock_face_the_company_s(self):
        self.env["res.partner"].search([]).tz = False
        self.company.partner_id.tz = "Asia/Tokyo"
        ticket = self._open_ticket("2026-03-06 15:00")
        self.assertFalse(ticket._ticket_tz())
        self.calendar.flush_recordset()
        with patch.object(type(self.calendar), "tz", "Moon/Base"):
            spec = self.calendar._get_service_spec(self.company, False, 2026)
        self.assertEqual(spec["tz"], "Asia/Tokyo")

    def test_created_one_by_one_they_look_for_their_agreement_once(self):
        agreements = self.env["service.agreement"]
        with patch.object(
            type(agreements), "_match", return_value=self.agreement
        ) as match:
            for _number in range(3):
                self._open_ticket("2026-03-06 15:00")
        self.assertEqual(match.call_count, 1)

    def test_a_higher_agreement_made_in_between_counts(self):
        first = self._open_ticket("2026-03-06 15:00")
        gold = self._create_tier("Gold", 249.0, 90)
        better = self._create_active("2026-01-01", tier_id=gold.id)
        second = self._open_ticket("2026-03-06 15:00")
        self.assertEqual(
            (first.agreement_id, second.agreement_id), (self.agreement, better)
        )
        self.tier.rank = 95
        third = self._open_ticket("2026-03-06 15:00")
        self.assertEqual(third.agreement_id, self.agreement)

    def _check_growth(self, count):
        """What a desk costs more than a plain project hardly grows with the tickets.

        :param count: function of a number of tickets that returns queries
        """

        def count_plain(number):
            self.desk.is_service_desk = False
            self.env.flush_all()
            try:
                return count(number)
            finally:
                self.desk.is_service_desk = True

        count(5), count_plain(5)
        ours = count(20) - count_plain(20), count(40) - count_plain(40)
        self.assertLessEqual(ours[1] - ours[0], 2, ours)

    def test_promised_anew_many_cost_the_queries_of_few(self):
        def count(number):
            tickets = self.env["project.task"].union(
                *(self._open_ticket("2026-03-06 15:00") for _each in range(number))
            )
            for target in self.agreement.target_ids:
                target.minutes += 60
            with self.at_desk("2026-03-06 16:00"):
                self.env.flush_all()
                before = self.env.cr.sql_log_count
                tickets.action_ticket_apply_promise()
                self.env.flush_all()
                queries = self.env.cr.sql_log_count - before
            self.assertEqual(len(set(tickets.mapped("sla_due_at"))), 1)
            return queries

        count(2)  # warms the caches
        few, many = count(10), count(20)
        self.assertLess(many - few, 5)

    def test_queries_grow_slowly_with_the_number_of_moves(self):
        def count(number):
            tickets = self.env["project.task"].create(
                [self._prepare_ticket_values()] * number
            )
            self.env.flush_all()
            self.env.invalidate_all()
            with self.at_desk("2026-03-06 16:00"):
                before = self.env.cr.sql_log_count
                tickets.stage_id = self.stages["waiting"]
                self.env.flush_all()
                return self.env.cr.sql_log_count - before

        self._check_growth(count)

    def test_queries_grow_slowly_with_the_number_of_tickets(self):
        def create(number):
            self.env["project.task"].create(
                [
                    {
                        "name": f"Ticket {index}",
                        "project_id": self.desk.id,
                        "partner_id": self.customer.id,
                    }
                    for index in range(number)
                ]
            )
            self.env.flush_all()

        def count(number):
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            create(number)
            return self.env.cr.sql_log_count - before

        self._check_growth(count)


@tagged("post_install", "-at_install")
class TestTicketAccess(PortalUsersMixin, ServiceDeskCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.desk.privacy_visibility = "portal"
        cls.ann = cls._create_portal_user("ann", cls.customer)
        cls.stranger = cls._create_portal_user(
            "stranger", cls._create_customer("Another Villa")
        )

    def test_a_technician_opens_and_works_tickets_without_any_right_on_agreements(self):
        desk = self.env["project.task"].with_user(self.agent)
        with self.at_desk("2026-03-06 15:00"):
            ticket = desk.create(
                {
                    "name": "Dark",
                    "project_id": self.desk.id,
                    "partner_id": self.customer.id,
                }
            )
            ticket.stage_id = self.stages["waiting"]
            ticket.priority = "3"
            shown = ticket.web_read(
                {
                    "agreement_id": {"fields": {"display_name": {}}},
                    "sla_due_at": {},
                    "sla_state": {},
                    "sla_summary": {},
                    "agreement_missing": {},
                }
            )[0]
            self.assertIn(self.agreement.name, shown["agreement_id"]["display_name"])
            self.assertEqual(len(shown["sla_summary"]), 2)
            self.assertEqual(shown["sla_state"], "running")
            self.assertTrue(desk.search([("sla_state", "=", "running")]))
        for record in (
            self.agreement,
            ticket.sudo().sla_clock_ids,
            ticket.sudo().ticket_fact_ids,
            self.tier.target_ids,
        ):
            with self.assertRaises(AccessError, msg=record._name):
                record.with_user(self.agent).read(["create_date"])

    def test_a_technician_forges_no_fact(self):
        ticket = self._open_ticket("2026-03-06 15:00")
        facts = self.env["service.agreement.ticket.fact"].with_user(self.agent)
        with self.assertRaises(AccessError):
            facts.create(
                {
                    "res_model": "project.task",
                    "res_id": ticket.id,
                    "kind": "answered",
                    "at": "2026-03-06 14:01:00",
                    "company_id": self.company.id,
                }
            )

    def test_a_technician_promises_nothing_new(self):
        ticket = self._open_ticket("2026-03-06 15:00")
        with self.assertRaises(AccessError):
            ticket.with_user(self.agent).action_ticket_apply_promise()

    def test_nobody_changes_a_fact(self):
        ticket = self._open_ticket("2026-03-06 15:00")
        manager = self._create_agent("manager")
        manager.group_ids += self.env.ref("service_agreement.group_manager")
        facts = ticket.ticket_fact_ids.with_user(manager)
        with self.assertRaises(AccessError):
            facts.write({"at": "2026-03-06 10:00:00"})
        with self.assertRaises(AccessError):
            facts.unlink()

    def test_the_customer_opens_a_ticket_in_the_portal(self):
        self.desk.collaborator_ids = [
            Command.create({"partner_id": self.ann.partner_id.id})
        ]
        self.desk.message_subscribe(self.ann.partner_id.ids)
        desk = self.env["project.task"].with_user(self.ann)
        with self.at_desk("2026-03-06 15:00"):
            ticket = desk.with_context(default_project_id=self.desk.id).create(
                {"name": "Dark", "partner_id": self.ann.partner_id.id}
            )
        self.assertEqual(ticket.sudo().agreement_id, self.agreement)
        self.assertEqual(len(ticket.sudo().sla_clock_ids), 2)
        with self.at_desk("2026-03-06 16:00"):
            ticket.stage_id = self.stages["solved"]
        self.assertEqual(ticket.sudo().sla_state, "kept")

    def test_customers_read_neither_clocks_nor_facts(self):
        ticket = self._open_ticket("2026-03-06 15:00")
        for user in (self.ann, self.stranger):
            for record in (
                ticket.sla_clock_ids,
                ticket.ticket_fact_ids,
                ticket.sla_promise_id,
                ticket.sla_clock_ids.sla_calendar_id,
            ):
                with self.assertRaises(AccessError, msg=record._name):
                    record.with_user(user).read(["create_date"])
            with self.assertRaises(AccessError):
                ticket.with_user(user).read(["sla_due_at"])

    def test_a_customer_reads_his_own_promises_only(self):
        targets = self.agreement.target_ids
        self.assertTrue(targets.with_user(self.ann).mapped("duration_text"))
        with self.assertRaises(AccessError):
            targets.with_user(self.stranger).mapped("duration_text")
        with self.assertRaises(AccessError):
            self.tier.target_ids.with_user(self.ann).read(["minutes"])

    def test_another_company_sees_no_clock(self):
        ticket = self._open_ticket("2026-03-06 15:00")
        other = self.env["res.company"].create({"name": "Other"})
        user = self._create_agent("elsewhere")
        user.write(
            {
                "company_ids": [Command.set(other.ids)],
                "company_id": other.id,
                "group_ids": [
                    Command.link(self.env.ref("service_agreement.group_user").id)
                ],
            }
        )
        for record in (ticket.sla_clock_ids, ticket.ticket_fact_ids):
            with self.assertRaises(AccessError):
                record.with_user(user).read(["create_date"])


@tagged("post_install", "-at_install")
class TestTicketPage(PortalUsersMixin, ServiceDeskCommon, HttpCase):
    """What the customer reads on the page of his ticket."""

    def test_what_was_promised_and_whether_it_was_kept_for_him_alone(self):
        ann = self._create_portal_user("ann", self.customer)
        self._create_portal_user("stranger", self._create_customer("Harrow Clinic"))
        self.customer.tz = "Europe/Lisbon"  # an hour behind the desk
        self.desk.privacy_visibility = "portal"
        ticket = self._open_ticket("2026-03-06 15:00", partner_id=ann.partner_id.id)
        self._answer(ticket, "2026-03-06 16:00")
        self._move(ticket, "solved", "2026-03-09 16:00")
        ticket.message_subscribe(ann.partner_id.ids)
        self.authenticate("ann", "ann")
        page = self.url_open(f"/my/tasks/{ticket.id}").text
        self.assertIn("We answer within 4", page)
        self.assertRegex(page, r"Kept: Fri 6 Mar, 3:00")
        self.assertRegex(page, r"Missed: Mon 9 Mar, 3:00.*due Mon 9 Mar, 2:00")
        self.authenticate("stranger", "stranger")
        page = self.url_open(f"/my/tasks/{ticket.id}").text
        self.assertNotIn("We answer within 4", page)
        self.assertNotIn(ticket.name, page)
