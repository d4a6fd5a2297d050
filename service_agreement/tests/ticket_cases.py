"""What every model of tickets must do: test cases, without a model.

How to use, in the tests of an addon that makes tickets of another one::

    @tagged("post_install", "-at_install")
    class TestHelpdeskTicket(TicketCases, PortalUsersMixin, HelpdeskCommon):
        pass

where ``HelpdeskCommon`` is a `ServiceDeskCommon` that says what a desk is there.
"""

from datetime import timedelta

from odoo.exceptions import AccessError, ValidationError


class TicketCases:
    """A ticket's life, SEMANTICS §4. Resolution is 8 h, the first answer 4 h."""

    allow_inherited_tests_method = True

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.ann = cls._create_portal_user("ann", cls.customer)
        cls.nobody = cls._create_customer("Nobody's Villa")
        cls.stranger = cls._create_portal_user("stranger", cls.nobody)

    def _kinds(self, ticket):
        return ticket.ticket_fact_ids.mapped("kind")

    def _texts(self, ticket):
        return [row["text"] for row in ticket._ticket_portal_promises()]

    def test_opened_it_finds_its_agreement_and_counts(self):
        ticket = self._open_ticket("2026-03-06 15:00")
        self.assertTrue(ticket.is_ticket)
        self.assertEqual(ticket.agreement_id, self.agreement)
        self.assertEqual(ticket.agreement_tier_id, self.tier)
        self.assertEqual(self._kinds(ticket), ["opened"])
        self.assertEqual(self.on_wall(ticket.sla_due_at), "Mon 11:00")
        self.assertEqual(self.on_wall(self._clock(ticket).deadline), "Mon 15:00")

    def test_opened_by_a_technician_who_may_read_no_agreement(self):
        model = self.env[self.ticket_model].with_user(self.agent)
        with self.at_desk("2026-03-06 15:00"):
            ticket = model.create(self._prepare_ticket_values())
            self.assertEqual(len(ticket.sla_summary), 2)
            self.assertEqual(ticket.sla_state, "running")
        self._move(ticket, "waiting", "2026-03-06 16:00")
        for record in (self.agreement, ticket.sudo().sla_clock_ids):
            with self.assertRaises(AccessError, msg=record._name):
                record.with_user(self.agent).read(["create_date"])

    def test_waiting_keeps_the_service_time_left(self):  # SLA-04, with 8 h
        ticket = self._open_ticket("2026-03-06 15:00")
        self._move(ticket, "waiting", "2026-03-06 16:00")
        clock = self._clock(ticket)
        self.assertEqual((clock.state, clock.deadline), ("paused", False))
        self._move(ticket, "In Progress", "2026-03-09 10:00")
        self.assertEqual(self._kinds(ticket), ["opened", "waiting", "resumed"])
        self.assertEqual(self.on_wall(clock.deadline), "Mon 17:00")

    def test_opened_waiting_nothing_is_used(self):  # SLA-08
        waiting = self.stages["waiting"]
        ticket = self._open_ticket("2026-03-06 10:00", stage_id=waiting.id)
        self._move(ticket, "In Progress", "2026-03-06 16:00")
        self.assertEqual(self._clock(ticket).used_seconds, 0)

    def test_answered_and_solved_in_time_it_is_kept(self):
        ticket = self._open_ticket("2026-03-06 15:00")
        self._answer(ticket, "2026-03-06 16:00")
        self._move(ticket, "solved", "2026-03-09 15:00")
        self.assertEqual(ticket.sla_state, "kept")
        self.assertEqual(set(ticket.sla_clock_ids.mapped("state")), {"met"})

    def test_late_it_is_missed_by_the_search_too(self):
        ticket = self._open_ticket("2026-03-06 15:00")
        model = self.env[self.ticket_model]
        for wall, state in (
            ("2026-03-06 15:01", "running"),
            ("2026-03-09 10:30", "at_risk"),
            ("2026-03-09 11:01", "missed"),
        ):
            with self.at_desk(wall):
                self.env.invalidate_all()
                self.assertEqual(ticket.sla_state, state)
                self.assertIn(ticket, model.search([("sla_state", "=", state)]))

    def test_reopened_it_resumes_with_what_was_left(self):  # REO-01
        ticket = self._open_ticket("2026-03-09 10:00")
        self._move(ticket, "solved", "2026-03-09 15:00")
        self._move(ticket, "In Progress", "2026-03-11 11:00")
        self.assertEqual(self.on_wall(self._clock(ticket).deadline), "Wed 14:00")

    def test_cancelled_it_is_neither_kept_nor_missed(self):
        ticket = self._open_ticket("2026-03-06 15:00")
        self._move(ticket, "cancelled", "2026-03-06 16:00")
        self.assertEqual(set(ticket.sla_clock_ids.mapped("state")), {"cancelled"})
        self.assertFalse(ticket.sla_state)

    def test_raised_it_counts_from_the_opening(self):  # PRI-01
        ticket = self._open_ticket("2026-03-09 10:00")
        with self.at_desk("2026-03-09 13:00"):
            ticket.priority = "3"
            clock = self._clock(ticket)
            self.assertEqual(self.on_wall(clock.deadline), "Mon 12:00")
            self.assertTrue(clock.reprioritised)

    def test_it_says_itself_how_it_is_solved_and_cancelled(self):
        for status, method in (
            ("solved", "_ticket_prepare_solve"),
            ("cancelled", "_ticket_prepare_cancel"),
        ):
            ticket = self._open_ticket("2026-03-06 15:00")
            with self.at_desk("2026-03-06 16:00"):
                ticket.write(getattr(ticket, method)())
            self.assertEqual(ticket._ticket_is_closed(), status)

    def test_another_customer_s_agreement_is_refused(self):
        ticket = self._open_ticket("2026-03-06 15:00", partner_id=self.nobody.id)
        self.assertTrue(ticket.agreement_missing)
        with self.assertRaisesRegex(ValidationError, "does not cover Nobody's Villa"):
            ticket.agreement_id = self.agreement

    def test_a_corrected_customer_is_promised_nothing_of_the_first(self):
        ticket = self._open_ticket("2026-03-06 15:00")
        with self.at_desk("2026-03-06 16:00"):
            ticket.partner_id = self.nobody
        self.assertFalse(ticket.agreement_id | ticket.sla_clock_ids.agreement_id)

    def test_accepted_whatever_is_misconfigured(self):
        self.calendar.attendance_ids.unlink()
        ticket = self._open_ticket("2026-03-06 15:00")
        self.assertEqual(ticket.agreement_id, self.agreement)
        self.assertFalse(ticket.sla_clock_ids)
        self.assertIn("no working hours", ticket.message_ids[0].body)

    def test_the_customer_reads_what_was_promised_and_whether_it_was_kept(self):
        self.customer.tz = "Europe/Lisbon"  # an hour behind the desk
        ticket = self._open_ticket("2026-03-09 10:00")
        self._answer(ticket, "2026-03-09 11:00")
        with self.at_desk("2026-03-09 12:00"):
            first, last = self._texts(ticket)
            self.assertRegex(first, r"Kept: Mon .*10:00")
            self.assertRegex(last, r"Due Mon .*5:00")
        with self.at_desk("2026-03-09 19:00"):
            self.assertRegex(self._texts(ticket)[1], r"Missed: was due Mon .*5:00")
        self._move(ticket, "waiting", "2026-03-09 12:00")
        self.assertEqual(self._texts(ticket)[1], "Waiting for you")

    def test_on_the_agreement_s_page_for_its_customer_alone(self):
        ticket = self._open_ticket("2026-03-06 15:00")
        with self.at_desk("2026-03-06 15:30"):
            tickets = self.agreement._get_portal_tickets()
            self.assertEqual(tickets, [ticket])
            (row,) = self.agreement._get_portal_ticket_rows(tickets)
        self.assertEqual(row["reference"], ticket._ticket_reference())
        self.assertIn("We answer by", row["text"])
        ticket._ticket_write({"partner_id": self.nobody.id})
        self.env.invalidate_all()
        self.assertEqual(self.agreement._get_portal_tickets(), [])

    def test_counted_in_the_report(self):
        ticket = self._open_ticket("2026-03-06 15:00")
        self._answer(ticket, "2026-03-06 16:00")
        row = self.env["service.agreement.sla.report"].search(
            [("agreement_id", "=", self.agreement.id), ("status", "=", "met")]
        )
        self.assertEqual((row.res_model, row.res_id), (self.ticket_model, ticket.id))
        self.assertEqual(row.action_open_ticket()["res_id"], ticket.id)

    def test_customers_read_no_clocks(self):
        ticket = self._open_ticket("2026-03-06 15:00")
        for user in (self.ann, self.stranger):
            for record in (ticket.sla_clock_ids, ticket.ticket_fact_ids):
                with self.assertRaises(AccessError, msg=record._name):
                    record.with_user(user).read(["create_date"])

    # The buttons of its form

    def test_arrived_once_however_often_it_is_pressed(self):
        ticket = self._open_ticket("2026-03-09 10:00")
        for wall in ("2026-03-09 11:00", "2026-03-09 12:00"):
            with self.at_desk(wall):
                ticket.with_user(self.agent).action_ticket_arrived()
        self.assertEqual(self._kinds(ticket), ["opened", "arrived"])
        fact = ticket.ticket_fact_ids[-1]
        self.assertEqual(self.on_wall(fact.at), "Mon 11:00")
        self.assertEqual(fact.author_id, self.agent.partner_id)

    def test_what_happened_is_added_by_hand(self):
        ticket = self._open_ticket("2026-03-09 10:00")
        with self.at_desk("2026-03-09 16:00"):
            action = ticket.action_ticket_add_fact()
            at = self.env.cr.now() - timedelta(hours=3)
            dialog = self.env[action["res_model"]].with_context(**action["context"])
            dialog.create(
                {"kind": "answered", "at": at.replace(microsecond=0), "note": "Phone"}
            ).action_confirm()
        clock = self._clock(ticket, "first_response")
        self.assertEqual(
            (clock.state, self.on_wall(clock.stopped_at)), ("met", "Mon 13:00")
        )

    def test_why_it_is_due_then(self):
        ticket = self._open_ticket("2026-03-09 10:00")
        with self.at_desk("2026-03-09 11:00"):
            action = ticket.with_user(self.agent).action_ticket_explain()
            dialog = self.env[action["res_model"]].with_user(self.agent)
            dialog = dialog.with_context(**action["context"]).create({})
            self.assertIn("8 working hours", str(dialog.explanation))

    def test_the_better_promise_of_a_higher_tier(self):  # MID-04
        ticket = self._open_ticket("2026-03-09 10:00")
        self.agreement.sudo().target_ids.filtered(
            lambda target: target.metric == "resolution"
        ).minutes = 60
        with self.at_desk("2026-03-09 10:30"):
            self.env.user.group_ids += self.env.ref("service_agreement.group_user")
            ticket.action_ticket_apply_better_promise()
        self.assertEqual(self.on_wall(self._clock(ticket).deadline), "Mon 11:00")
        self.assertEqual(
            self.on_wall(self._clock(ticket, "first_response").deadline), "Mon 14:00"
        )

    def test_deleted_with_all_that_hangs_on_it(self):
        ticket = self._open_ticket("2026-03-06 15:00")
        clocks, facts = ticket.sla_clock_ids, ticket.ticket_fact_ids
        ticket.unlink()
        self.assertFalse(clocks.exists() or facts.exists())


class TicketAnswerCases:
    """First response = the first public message by one of us (SLA-09)."""

    allow_inherited_tests_method = True
    # Of the ticket: where it arrived.
    desk_field = "project_id"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.ann = cls._create_portal_user("ann", cls.customer)

    def setUp(self):
        super().setUp()
        self.ticket = self._receive("ann@example.com", wall="2026-03-06 15:00")

    def _answered(self, ticket=None):
        return self._clock(ticket or self.ticket, "first_response").state == "met"

    def test_a_public_message_of_ours_answers(self):
        self._answer(self.ticket, "2026-03-06 16:00")
        self.assertTrue(self._answered())
        fact = self.ticket.ticket_fact_ids[-1]
        self.assertEqual(
            (fact.kind, fact.author_id), ("answered", self.agent.partner_id)
        )
        self.assertEqual(self.on_wall(fact.at), "Fri 16:00")

    def test_what_does_not_answer(self):
        for values in (
            {"subtype_xmlid": "mail.mt_note"},
            {"message_type": "notification"},
            {"message_type": "auto_comment"},
            {"message_type": "out_of_office"},
            {"is_internal": True},
            {"author_id": self.env.ref("base.partner_root").id},
        ):
            with self.subTest(values):
                self._answer(self.ticket, "2026-03-06 16:00", **values)
                self.assertFalse(self._answered())

    def test_the_customer_s_own_message_does_not_answer(self):
        author = self.ann.partner_id
        self._answer(self.ticket.sudo(), "2026-03-06 16:00", author_id=author.id)
        self.assertFalse(self._answered())

    def test_an_archived_colleague_does_not_answer(self):
        partner = self.agent.partner_id
        self.agent.active = False
        self._answer(
            self.ticket, "2026-03-06 16:00", user=self.env.user, author_id=partner.id
        )
        self.assertFalse(self._answered())

    def test_a_colleague_who_is_the_customer_does_not_answer_himself(self):
        self.ticket.partner_id = self.agent.partner_id
        self._answer(self.ticket, "2026-03-06 16:00")
        self.assertFalse(self._answered())

    def test_a_stage_change_does_not_answer(self):
        with self.at_desk("2026-03-06 16:00"):
            self.ticket.with_user(self.agent).stage_id = self.stages["In Progress"]
            self.env.flush_all()
            self.cr.precommit.run()
        self.assertFalse(self._answered())

    def test_a_customer_s_mail_opens_a_ticket_with_a_promise(self):
        ticket = self._receive("ann@example.com")
        self.assertEqual(ticket[self.desk_field], self.desk)
        self.assertEqual(ticket.agreement_id, self.agreement)
        clock = self._clock(ticket, "first_response")
        self.assertEqual(self.on_wall(clock.deadline), "Mon 12:00")
        self.assertFalse(self._answered(ticket))

    def test_a_colleague_s_mail_that_opens_a_ticket_does_not_answer_it(self):
        ticket = self._receive(self.agent.email)
        self.assertNotIn("answered", ticket.ticket_fact_ids.mapped("kind"))

    def test_a_customer_s_reply_does_not_answer(self):
        self.assertEqual(self._receive("ann@example.com", self.ticket), self.ticket)
        self.assertFalse(self._answered())

    def test_a_stranger_s_mail_is_accepted(self):
        ticket = self._receive("who@example.org")
        self.assertEqual(ticket.ticket_fact_ids.mapped("kind"), ["opened"])

    def test_our_reply_from_a_mail_program_answers(self):
        self.assertEqual(self._receive(self.agent.email, self.ticket), self.ticket)
        self.assertTrue(self._answered())
        author = self.ticket.ticket_fact_ids[-1].author_id
        self.assertEqual(author, self.agent.partner_id)

    def test_our_mail_program_s_out_of_office_does_not_answer(self):
        for headers in (
            "Auto-Submitted: auto-replied\n",
            "Precedence: auto_reply\n",
            "X-Autoreply: yes\n",
        ):
            with self.subTest(headers):
                self._receive(self.agent.email, self.ticket, headers)
                self.assertFalse(self._answered())

    def test_marked_as_not_automatic_it_answers(self):
        self._receive(self.agent.email, self.ticket, "Auto-Submitted: no\n")
        self.assertTrue(self._answered())

    # The customer writes

    def _kinds(self, ticket):
        return ticket.ticket_fact_ids.mapped("kind")

    def test_a_customer_s_reply_is_a_question(self):
        self._receive("ann@example.com", self.ticket)
        fact = self.ticket.ticket_fact_ids[-1]
        self.assertEqual((fact.kind, fact.author_id), ("asked", self.ann.partner_id))

    def test_a_customer_s_reply_resumes_what_waits_for_him(self):
        self._move(self.ticket, "waiting", "2026-03-06 15:30")
        self._receive("ann@example.com", self.ticket, wall="2026-03-06 16:00")
        self.assertEqual(self.ticket.stage_id, self.stages["In Progress"])
        self.assertEqual(
            self._kinds(self.ticket), ["opened", "waiting", "resumed", "asked"]
        )
        self.assertEqual(self._clock(self.ticket).state, "running")
        resumed = self.ticket.ticket_fact_ids[2]
        self.assertEqual(resumed.author_id, self.ann.partner_id)

    def test_his_mail_program_s_out_of_office_resumes_nothing(self):
        self._move(self.ticket, "waiting", "2026-03-06 15:30")
        for headers in ("Auto-Submitted: auto-replied\n", "Precedence: auto_reply\n"):
            self._receive("ann@example.com", self.ticket, headers)
        self.assertEqual(self._kinds(self.ticket), ["opened", "waiting"])
        self.assertEqual(self._clock(self.ticket).state, "paused")

    def test_our_answer_leaves_it_waiting(self):
        self._move(self.ticket, "waiting", "2026-03-06 15:30")
        self._receive(self.agent.email, self.ticket)
        self.assertEqual(self.ticket.stage_id, self.stages["waiting"])

    def test_a_reply_soon_after_the_solution_reopens_it(self):
        self._move(self.ticket, "solved", "2026-03-06 16:00")
        self._receive("ann@example.com", self.ticket, wall="2026-03-09 10:00")
        kinds = ["opened", "solved", "reopened", "resumed", "asked"]
        self.assertEqual(self._kinds(self.ticket), kinds)
        self.assertEqual(self.on_wall(self._clock(self.ticket).deadline), "Mon 17:00")

    def test_a_reply_long_after_it_was_closed_is_a_new_ticket(self):
        self._move(self.ticket, "solved", "2026-03-06 16:00")
        self._receive("ann@example.com", self.ticket, wall="2026-03-20 10:00")
        ticket = self.ticket.followed_by_ids
        self.assertEqual(ticket.follows_id, self.ticket)
        self.assertEqual(ticket.agreement_id, self.agreement)
        self.assertIn("It is still dark", ticket.description)
        self.assertIn(self.ann.partner_id, ticket.message_partner_ids)
        self.assertEqual(self.on_wall(self._clock(ticket).deadline), "Mon 10:00")
        self.assertEqual(self._kinds(self.ticket), ["opened", "solved"])
        self.assertEqual(self._kinds(ticket), ["opened"])
