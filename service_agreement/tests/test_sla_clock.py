from datetime import date

from psycopg2.errors import UniqueViolation

from odoo.tests import tagged
from odoo.tools import mute_logger

from .common import ServiceDeskCommon


@tagged("post_install", "-at_install")
class TestSlaClock(ServiceDeskCommon):
    """SEMANTICS §4, as a ticket lives through it. Resolution is 8 h, answer 4 h."""

    def test_due_after_the_service_hours_promised(self):  # SLA-01
        ticket = self._open_ticket("2026-03-06 15:00")
        clock = self._clock(ticket, "first_response")
        self.assertEqual(self.on_wall(clock.deadline), "Mon 11:00")
        self.assertEqual(self.on_wall(ticket.sla_due_at), "Mon 11:00")
        self.assertEqual(ticket.agreement_id, self.agreement)
        self.assertEqual(ticket.agreement_tier_id, self.tier)

    def test_due_at_closing_time_not_at_the_next_opening(self):  # SLA-03
        ticket = self._open_ticket("2026-03-09 09:00")
        self.assertEqual(self.on_wall(self._clock(ticket).deadline), "Mon 17:00")

    def test_opened_outside_of_hours(self):  # SLA-02
        ticket = self._open_ticket("2026-03-07 12:00")
        clock = self._clock(ticket, "first_response")
        self.assertEqual(self.on_wall(clock.deadline), "Mon 13:00")

    def test_urgent_runs_day_and_night(self):  # SLA-20
        ticket = self._open_ticket("2026-03-07 12:00", priority="3")
        self.assertEqual(self.on_wall(self._clock(ticket).deadline), "Sat 14:00")
        self.assertFalse(self._clock(ticket).sla_calendar_id)

    def test_a_pause_keeps_the_service_time_left(self):  # SLA-04, with 8 h
        ticket = self._open_ticket("2026-03-06 15:00")
        self._move(ticket, "waiting", "2026-03-06 16:00")
        clock = self._clock(ticket)
        self.assertEqual((clock.state, clock.deadline), ("paused", False))
        self.assertEqual(clock.remaining_seconds, 7 * 3600)
        self.assertEqual(
            self.on_wall(ticket.sla_due_at),
            "Mon 11:00",
            "first_response does not pause",
        )
        self._move(ticket, "In Progress", "2026-03-09 10:00")
        self.assertEqual(self.on_wall(clock.deadline), "Mon 17:00")

    def test_a_pause_over_the_weekend_moves_nothing(self):  # SLA-05
        ticket = self._open_ticket("2026-03-06 15:00")
        before = self._clock(ticket).deadline
        self._move(ticket, "waiting", "2026-03-07 10:00")
        self._move(ticket, "In Progress", "2026-03-08 10:00")
        self.assertEqual(self._clock(ticket).deadline, before)

    def test_created_waiting_nothing_is_used(self):  # SLA-08
        waiting = self.stages["waiting"].id
        ticket = self._open_ticket("2026-03-06 10:00", stage_id=waiting)
        self.assertEqual(self._clock(ticket).state, "paused")
        self._move(ticket, "In Progress", "2026-03-06 16:00")
        self.assertEqual(self._clock(ticket).used_seconds, 0)
        self.assertEqual(self.on_wall(self._clock(ticket).deadline), "Mon 16:00")

    def test_waiting_for_another_task_pauses_nothing(self):
        ticket = self._open_ticket("2026-03-06 10:00")
        with self.at_desk("2026-03-06 11:00"):
            ticket.state = "04_waiting_normal"
        self.assertEqual(self._clock(ticket).state, "running")

    def test_met_at_the_very_second_of_the_deadline(self):  # SLA-12
        ticket = self._open_ticket("2026-03-06 15:00")
        self._answer(ticket, "2026-03-09 11:00")
        self.assertEqual(self._clock(ticket, "first_response").state, "met")

    def test_missed_then_done_stays_missed(self):  # SLA-13
        ticket = self._open_ticket("2026-03-06 15:00")
        self._answer(ticket, "2026-03-09 12:30")
        clock = self._clock(ticket, "first_response")
        self.assertEqual((clock.state, clock.late_seconds), ("missed", 90 * 60))
        self.assertEqual(self.on_wall(clock.deadline), "Mon 11:00")
        self._answer(ticket, "2026-03-09 13:00")
        self.assertEqual(clock.late_seconds, 90 * 60)
        self.assertEqual(self.on_wall(ticket.sla_due_at), "Mon 15:00")

    def test_a_calendar_edited_later_moves_no_open_ticket(self):  # SLA-16
        ticket = self._open_ticket("2026-03-06 15:00")
        self.calendar.attendance_ids.hour_to = 12
        self._move(ticket, "waiting", "2026-03-09 09:30")
        self._move(ticket, "In Progress", "2026-03-09 09:30")
        self.assertEqual(self.on_wall(self._clock(ticket).deadline), "Mon 15:00")
        later = self._open_ticket("2026-03-09 09:00")
        self.assertEqual(self.on_wall(self._clock(later).deadline), "Wed 11:00")
        self.assertNotEqual(
            self._clock(ticket).sla_calendar_id, self._clock(later).sla_calendar_id
        )

    def test_a_tier_edited_later_moves_no_ticket(self):
        ticket = self._open_ticket("2026-03-06 15:00")
        self.agreement.target_ids.minutes = 15
        with self.at_desk("2026-03-06 15:10"):
            ticket.priority = "3"
        self.assertEqual(self.on_wall(self._clock(ticket).deadline), "Fri 17:00")

    def test_an_agreement_that_ended_keeps_its_open_promises(self):
        ticket = self._open_ticket("2026-03-06 15:00")
        with self.at_desk("2026-03-06 16:00"):
            self.agreement._end(date(2026, 3, 5), "cancelled", "They move away")
        self._answer(ticket, "2026-03-09 10:00")
        self.assertEqual(self.agreement.state, "ended")
        self.assertEqual(self._clock(ticket, "first_response").state, "met")
        self.assertEqual(self.on_wall(self._clock(ticket).deadline), "Mon 15:00")
        later = self._open_ticket("2026-03-09 10:30")
        self.assertFalse(later.agreement_id)

    def test_tickets_share_one_frozen_promise(self):
        tickets = self._open_ticket("2026-03-06 15:00")
        tickets += self._open_ticket("2026-05-06 15:00")
        self.assertEqual(len(tickets.sla_promise_id), 1)
        self.assertEqual(len(tickets.sla_clock_ids.sla_calendar_id), 1)

    def test_reopened_resumes_with_what_was_left(self):  # REO-01
        ticket = self._open_ticket("2026-03-09 10:00")
        self._answer(ticket, "2026-03-09 11:00")
        self._move(ticket, "solved", "2026-03-09 15:00")
        self.assertEqual(self._clock(ticket).state, "met")
        self.assertFalse(ticket.sla_due_at)
        self._move(ticket, "In Progress", "2026-03-11 11:00")
        self.assertEqual(ticket.state, "01_in_progress")
        self.assertEqual(self.on_wall(self._clock(ticket).deadline), "Wed 14:00")
        self.assertEqual(self._clock(ticket, "first_response").state, "met")

    def test_reopened_too_late_stays_closed_and_says_so(self):
        ticket = self._open_ticket("2026-03-09 10:00")
        self._move(ticket, "solved", "2026-03-09 15:00")
        self._move(ticket, "In Progress", "2026-03-17 11:00")
        self.assertEqual(self._clock(ticket).state, "met")
        self.assertIn("more than 7 days", ticket.message_ids[0].body)

    def test_reopened_too_late_once_is_too_late_for_good(self):
        ticket = self._open_ticket("2026-03-02 10:00")
        self._move(ticket, "solved", "2026-03-02 11:00")
        self._move(ticket, "In Progress", "2026-03-20 11:00")
        self._move(ticket, "solved", "2026-03-20 14:00")
        self._move(ticket, "In Progress", "2026-03-21 14:00")
        self.assertNotIn("reopened", ticket.ticket_fact_ids.mapped("kind"))
        self.assertEqual(set(ticket.sla_clock_ids.mapped("state")), {"met"})

    def test_reopened_in_time_starts_the_days_anew(self):
        ticket = self._open_ticket("2026-03-02 10:00")
        for day in (2, 6, 12):
            self._move(ticket, "solved", f"2026-03-{day:02} 11:00")
            self._move(ticket, "In Progress", f"2026-03-{day + 4:02} 11:00")
        self.assertEqual(self._clock(ticket).status, "missed")
        self.assertEqual(ticket.ticket_fact_ids.mapped("kind").count("reopened"), 3)

    def test_solved_counts_as_an_answer(self):
        ticket = self._open_ticket("2026-03-09 10:00")
        self._move(ticket, "solved", "2026-03-09 11:00")
        self.assertEqual(set(ticket.sla_clock_ids.mapped("state")), {"met"})
        self.assertEqual(ticket.sla_state, "kept")

    def test_cancelled_is_neither_met_nor_missed(self):
        ticket = self._open_ticket("2026-03-09 10:00")
        with self.at_desk("2026-03-09 11:00"):
            ticket.state = "1_canceled"
        self.assertEqual(set(ticket.sla_clock_ids.mapped("state")), {"cancelled"})
        self.assertFalse(ticket.sla_state)
        self.assertFalse(ticket.sla_due_at)

    def test_raised_priority_counts_from_the_start(self):  # PRI-01
        ticket = self._open_ticket("2026-03-09 10:00")
        with self.at_desk("2026-03-09 13:00"):
            ticket.priority = "3"
            clock = self._clock(ticket)
            self.assertEqual(self.on_wall(clock.deadline), "Mon 12:00")
            self.assertEqual(clock.status, "missed")
            self.assertTrue(clock.reprioritised)
        with self.at_desk("2026-03-09 14:00"):
            ticket.priority = "0"
            self.assertEqual(clock.status, "missed", "lowering undoes no breach")

    def test_what_was_missed_before_was_not_missed_by_a_new_priority(self):
        ticket = self._open_ticket("2026-03-05 10:00")
        clock = self._clock(ticket, "first_response")
        with self.at_desk("2026-03-09 16:00"):
            self.assertEqual(clock.status, "missed")
            ticket.priority = "3"
        self.assertFalse(clock.late_by_change)
        self.assertEqual(clock.priority, "0")

    def test_a_new_priority_whose_deadline_is_ahead_breaks_nothing(self):
        ticket = self._open_ticket("2026-03-09 10:00")
        with self.at_desk("2026-03-09 10:10"):
            ticket.priority = "3"
            self.assertEqual(set(ticket.sla_clock_ids.mapped("priority")), {"3"})
        self.assertFalse(any(ticket.sla_clock_ids.mapped("late_by_change")))

    def test_late_by_the_old_deadline_too_it_is_a_miss_like_any_other(self):
        ticket = self._open_ticket("2026-03-09 09:00")
        with self.at_desk("2026-03-09 16:50"):
            ticket.priority = "3"
            clock = self._clock(ticket)
            self.assertTrue(clock.reprioritised)
        for wall, excused in (("2026-03-09 17:00", True), ("2026-03-10 09:00", False)):
            with self.at_desk(wall):
                self.env.invalidate_all()
                self.assertEqual(clock.reprioritised, excused, wall)

    def test_done_by_the_old_deadline_it_is_no_miss_of_ours(self):
        ticket = self._open_ticket("2026-03-09 09:00")
        with self.at_desk("2026-03-09 16:50"):
            ticket.priority = "3"
        self._move(ticket, "solved", "2026-03-09 16:55")
        self.assertTrue(self._clock(ticket).reprioritised)

    def test_today_s_promise_that_is_late_at_once_is_marked(self):
        ticket = self._open_ticket("2026-03-09 09:00")
        self.agreement.target_ids.minutes = 2 * 60
        with self.at_desk("2026-03-09 15:00"):
            ticket.action_ticket_apply_promise()
            clock = self._clock(ticket)
            self.assertEqual((clock.status, clock.reprioritised), ("missed", True))

    def test_raised_while_solved_it_counts_once_reopened(self):
        ticket = self._open_ticket("2026-03-09 10:00")
        self._move(ticket, "solved", "2026-03-09 10:30")
        with self.at_desk("2026-03-09 11:00"):
            ticket.priority = "3"
        self.assertEqual(self._clock(ticket).priority, "0")
        self._move(ticket, "In Progress", "2026-03-11 11:00")
        clock = self._clock(ticket)
        self.assertEqual(
            (clock.priority, self.on_wall(clock.deadline)), ("3", "Wed 12:30")
        )

    def test_cancelled_and_taken_up_again_it_goes_on(self):
        ticket = self._open_ticket("2026-03-09 10:00")
        with self.at_desk("2026-03-09 12:00"):
            ticket.state = "1_canceled"
        with self.at_desk("2026-03-11 11:00"):
            ticket.state = "01_in_progress"
        dues = [
            self.on_wall(self._clock(ticket, metric).deadline)
            for metric in ("first_response", "resolution")
        ]
        self.assertEqual(dues, ["Wed 13:00", "Wed 17:00"])

    def test_moved_off_the_desk_and_back_it_goes_on(self):
        ticket = self._open_ticket("2026-03-09 10:00")
        stage = ticket.stage_id
        other = self.env["project.project"].create({"name": "Building"})
        with self.at_desk("2026-03-09 12:00"):
            ticket.project_id = other
        self.assertEqual(self._clock(ticket).state, "cancelled")
        with self.at_desk("2026-03-11 11:00"):
            ticket.write({"project_id": self.desk.id, "stage_id": stage.id})
        self.assertEqual(self._clock(ticket).state, "running")
        self.assertEqual(self.on_wall(self._clock(ticket).deadline), "Wed 17:00")

    def test_solved_without_an_answer_and_reopened_an_answer_is_owed(self):
        ticket = self._open_ticket("2026-03-09 10:00")
        self._move(ticket, "solved", "2026-03-09 11:00")
        self._move(ticket, "In Progress", "2026-03-11 11:00")
        clock = self._clock(ticket, "first_response")
        self.assertEqual(
            (clock.state, self.on_wall(clock.deadline)), ("running", "Wed 14:00")
        )

    def test_born_closed_nothing_is_promised(self):
        ticket = self._open_ticket(
            "2026-03-09 10:00", stage_id=self.stages["solved"].id, state="1_done"
        )
        self.assertEqual(ticket.ticket_fact_ids.mapped("kind"), ["opened", "solved"])
        self.assertFalse(ticket.sla_clock_ids)
        self.assertEqual(ticket.agreement_id, self.agreement)

    def test_lowered_before_the_breach(self):  # PRI-03
        ticket = self._open_ticket("2026-03-09 10:00", priority="3")
        with self.at_desk("2026-03-09 10:20"):
            ticket.priority = "0"
        self.assertEqual(self.on_wall(self._clock(ticket).deadline), "Tue 10:00")

    def test_answered_then_raised(self):  # PRI-05
        ticket = self._open_ticket("2026-03-09 10:00")
        self._answer(ticket, "2026-03-09 11:00")
        with self.at_desk("2026-03-09 11:10"):
            ticket.priority = "3"
        clock = self._clock(ticket, "first_response")
        self.assertEqual((clock.state, clock.minutes), ("met", 240))

    def test_missed_is_found_at_any_instant_without_a_cron(self):
        ticket = self._open_ticket("2026-03-06 15:00")
        clock = self._clock(ticket, "first_response")
        for wall, state in (
            ("2026-03-06 15:00", "running"),
            ("2026-03-09 09:59", "running"),
            ("2026-03-09 10:00", "at_risk"),
            ("2026-03-09 11:00", "at_risk"),
            ("2026-03-09 11:01", "missed"),
        ):
            with self.at_desk(wall), self.subTest(wall):
                self.env.invalidate_all()
                self.assertEqual(ticket.sla_state, state)
                self.assertEqual(clock.status, state)
                self._assert_found_only_as(ticket, "sla_state", state)
                self._assert_found_only_as(clock, "status", state)

    def test_within_the_second_of_the_deadline(self):
        ticket = self._open_ticket("2026-03-06 15:00")
        clock = self._clock(ticket, "first_response")
        for instant in (clock.deadline, clock.risk_at):
            with self.at(instant.replace(microsecond=500_000)):
                self.env.invalidate_all()
                self.assertEqual(ticket.sla_state, "at_risk")
                self._assert_found_only_as(ticket, "sla_state", "at_risk")
                self._assert_found_only_as(clock, "status", "at_risk")

    def _assert_found_only_as(self, record, field, state):
        for value in dict(record._fields[field].selection):
            found = record.search([(field, "=", value), ("id", "=", record.id)])
            self.assertEqual(bool(found), value == state, value)
        missing = record.search([(field, "!=", state), ("id", "=", record.id)])
        self.assertFalse(missing)

    def test_what_is_stored_is_what_the_facts_say(self):
        ticket = self._open_ticket("2026-03-06 15:00")
        self._move(ticket, "waiting", "2026-03-06 16:00")
        self._answer(ticket, "2026-03-09 12:30")
        self._move(ticket, "In Progress", "2026-03-09 13:00")
        self._move(ticket, "solved", "2026-03-10 10:00")
        names = (
            "state",
            "deadline",
            "used_seconds",
            "remaining_seconds",
            "late_seconds",
        )
        before = ticket.sla_clock_ids.read(names)
        clocks = ticket.sla_clock_ids.sudo()
        clocks.write({"state": "running", "deadline": False, "used_seconds": 7})
        ticket.sudo()._ticket_read_clocks()
        self.assertEqual(ticket.sla_clock_ids.read(names), before)

    def test_opposite_changes_in_one_second_leave_the_last(self):
        ticket = self._open_ticket("2026-03-09 10:00")
        self._move(ticket, "waiting", "2026-03-09 11:00")
        with self.at_desk("2026-03-09 12:00"):
            ticket.stage_id = self.stages["In Progress"]
            ticket.stage_id = self.stages["waiting"]
        self.assertEqual(self._clock(ticket).state, "paused")

    @mute_logger("odoo.sql_db")
    def test_the_database_refuses_a_second_clock(self):
        ticket = self._open_ticket("2026-03-09 10:00")
        with self.assertRaises(UniqueViolation):
            self._clock(ticket).sudo().copy({"state": "running"})
