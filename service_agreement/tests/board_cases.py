"""What a board shows of tickets of every model: test cases, without a model.

Used as those of `ticket_cases`.
"""


class BoardCases:
    """What breaks next on a ticket, in service time, and what a board costs."""

    allow_inherited_tests_method = True

    def _next(self, ticket, wall):
        with self.at_desk(wall):
            self.env.invalidate_all()
            return ticket.sla_next

    def _hours(self, countdown):
        return countdown["left"] / 3600

    def test_time_left_is_service_time(self):
        ticket = self._open_ticket("2026-03-06 15:00")  # a Friday
        countdown = self._next(ticket, "2026-03-06 16:00")
        self.assertEqual(countdown["metric"], "first_response")
        self.assertEqual(self._hours(countdown), 3)
        self.assertEqual(self._hours(self._next(ticket, "2026-03-07 12:00")), 2)

    def test_it_counts_in_the_hours_of_the_desk(self):
        ticket = self._open_ticket("2026-03-06 15:00")
        countdown = self._next(ticket, "2026-03-06 16:00")
        friday, monday = countdown["openings"][:2]
        self.assertEqual(friday[0], countdown["at"])
        self.assertEqual(friday[1] - friday[0], 3600)
        self.assertEqual(monday[0] - friday[1], 64 * 3600)
        self.assertLessEqual(len(countdown["openings"]), 10)

    def test_hours_that_changed_later_do_not_count(self):
        ticket = self._open_ticket("2026-03-06 15:00")
        self.calendar.attendance_ids.hour_to = 20
        countdown = self._next(ticket, "2026-03-06 18:00")
        self.assertEqual(self._hours(countdown), 2)
        self.assertGreater(countdown["openings"][0][0], countdown["at"])

    def test_paused_it_rests_with_what_is_left(self):
        ticket = self._open_ticket("2026-03-06 15:00")
        self._answer(ticket, "2026-03-06 15:30")
        self._move(ticket, "waiting", "2026-03-06 16:00")
        countdown = self._next(ticket, "2026-03-10 12:00")
        self.assertEqual(countdown["metric"], "resolution")
        self.assertEqual((countdown["rests"], countdown["openings"]), (True, []))
        self.assertEqual(self._hours(countdown), 7)

    def test_late_it_counts_how_late_in_service_time(self):
        ticket = self._open_ticket("2026-03-06 15:00")
        self._answer(ticket, "2026-03-06 15:30")
        self.assertEqual(self._hours(self._next(ticket, "2026-03-10 10:00")), -3)

    def test_late_and_then_waiting_it_gets_no_later(self):
        ticket = self._open_ticket("2026-03-06 15:00")
        self._answer(ticket, "2026-03-06 15:30")
        self._move(ticket, "waiting", "2026-03-09 16:00")
        self.assertEqual(self._hours(self._next(ticket, "2026-03-12 10:00")), -1)
        self._move(ticket, "In Progress", "2026-03-12 10:00")
        self.assertEqual(self._hours(self._next(ticket, "2026-03-12 11:00")), -2)

    def test_done_it_says_how_it_ended(self):
        ticket = self._open_ticket("2026-03-06 15:00")
        self._answer(ticket, "2026-03-06 16:00")
        self._move(ticket, "solved", "2026-03-09 10:00")
        self.assertEqual(ticket.sla_next, {"state": "kept"})

    def test_nothing_promised_nothing_counts(self):
        other = self._create_customer("Nobody's Villa")
        ticket = self._open_ticket("2026-03-06 15:00", partner_id=other.id)
        self.assertFalse(ticket.sla_next)

    def test_a_technician_reads_it_who_may_read_no_clock(self):
        ticket = self._open_ticket("2026-03-06 15:00").with_user(self.agent)
        with self.at_desk("2026-03-06 16:00"):
            self.env.invalidate_all()
            self.assertEqual(self._hours(ticket.sla_next), 3)
            self.env.invalidate_all()
            self.assertEqual(self._hours(ticket.sla_summary[0]["countdown"]), 3)

    def test_a_board_costs_no_query_per_ticket(self):
        def count(tickets):
            self.env.invalidate_all()
            tickets.mapped("sla_due_at")
            before = self.cr.sql_log_count
            tickets.mapped("sla_next")
            return self.cr.sql_log_count - before

        tickets = self.env[self.ticket_model]
        for _number in range(20):
            tickets += self._open_ticket("2026-03-06 15:00")
        self._move(tickets[::2], "waiting", "2026-03-10 15:00")
        with self.at_desk("2026-03-11 10:00"):
            count(tickets)
            self.assertEqual(count(tickets[:10]), count(tickets))

    def test_the_city_is_the_customer_s(self):
        self.customer.city = "Haarlem"
        contact = self.env["res.partner"].create(
            {"name": "Ann", "parent_id": self.customer.id}
        )
        ticket = self._open_ticket("2026-03-06 15:00", partner_id=contact.id)
        self.assertEqual(ticket.ticket_city, "Haarlem")
