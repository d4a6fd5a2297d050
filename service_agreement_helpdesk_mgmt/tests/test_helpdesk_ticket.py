from odoo.tests import tagged

from odoo.addons.service_agreement.tests.board_cases import BoardCases
from odoo.addons.service_agreement.tests.common import (
    PortalUsersMixin,
    TicketMailMixin,
)
from odoo.addons.service_agreement.tests.ticket_cases import (
    TicketAnswerCases,
    TicketCases,
)

from .common import HelpdeskCommon


@tagged("post_install", "-at_install")
class TestHelpdeskTicket(TicketCases, PortalUsersMixin, HelpdeskCommon):
    """The life of a ticket, and what is special to OCA's."""

    def _merge(self, ticket, into, wall):
        with self.at_desk(wall):
            self.env["helpdesk.ticket.duplicate.wizard"].create(
                {"ticket_id": ticket.id, "duplicate_of_id": into.id}
            ).action_confirm()

    def test_oca_s_stages_say_what_they_mean(self):
        statuses = {stage.name: stage.ticket_status for stage in self.stages.values()}
        self.assertEqual(statuses["Awaiting"], "waiting")
        self.assertEqual(statuses["Done"], "solved")
        self.assertFalse(statuses["New"] or statuses["In Progress"])
        for name in ("cancelled", "rejected"):
            stage = self.env.ref(f"helpdesk_mgmt.helpdesk_ticket_stage_{name}")
            self.assertEqual(stage.ticket_status, "cancelled")

    def test_closed_and_its_meaning_never_differ(self):
        stage = self.env["helpdesk.ticket.stage"].create({"name": "With sales"})
        self.assertFalse(stage.ticket_status)
        for values, status, closed in (
            ({"closed": True}, "solved", True),
            ({"ticket_status": "cancelled"}, "cancelled", True),
            ({"ticket_status": "waiting"}, "waiting", False),
            ({"closed": True, "ticket_status": "cancelled"}, "cancelled", True),
            ({"closed": False}, False, False),
        ):
            stage.write(values)
            self.assertEqual((stage.ticket_status, stage.closed), (status, closed))
        created = stage.create({"name": "Refused", "ticket_status": "cancelled"})
        self.assertTrue(created.closed)

    def test_who_works_on_it_and_the_team_s_leader_are_warned(self):
        leader = self._create_agent("leader")
        self.desk.user_id = leader
        ticket = self._open_ticket("2026-03-06 15:00", user_id=self.agent.id)
        with self.at_desk("2026-03-06 17:00"):
            self._run_cron("service_agreement.ir_cron_warn")
        notices = self._clock(ticket, "first_response").notice_ids
        self.assertEqual((notices.percent, notices.user_ids), (50, self.agent))
        self.assertEqual(ticket.activity_ids.user_id, self.agent)
        with self.at_desk("2026-03-09 10:40"):
            self._run_cron("service_agreement.ir_cron_warn")
            self.assertTrue(ticket.can_tell_delay)
        notices = self._clock(ticket, "first_response").notice_ids
        self.assertEqual(notices.user_ids, self.agent | leader)

    def test_a_duplicate_is_cancelled_and_the_other_counts_from_its_opening(self):
        first = self._open_ticket("2026-03-09 09:00")
        second = self._open_ticket("2026-03-09 12:00")
        self._merge(first, second, "2026-03-09 12:30")
        self.assertEqual(set(first.sla_clock_ids.mapped("state")), {"cancelled"})
        self.assertEqual(self.on_wall(second.sla_due_at), "Mon 13:00")

    def test_a_later_duplicate_moves_nothing(self):
        first = self._open_ticket("2026-03-09 09:00")
        second = self._open_ticket("2026-03-09 12:00")
        self._merge(second, first, "2026-03-09 12:30")
        self.assertEqual(self.on_wall(first.sla_due_at), "Mon 13:00")
        self.assertEqual(self._kinds(first), ["opened"])

    def test_what_was_kept_stays_kept_whatever_is_merged_into_it(self):
        first = self._open_ticket("2026-03-09 09:00")
        second = self._open_ticket("2026-03-09 12:00")
        self._answer(second, "2026-03-09 13:30")
        self._merge(first, second, "2026-03-09 14:00")
        self.assertEqual(self._clock(second, "first_response").state, "met")

    def test_another_customer_s_duplicate_moves_nothing(self):
        first = self._open_ticket("2026-03-09 09:00", partner_id=self.nobody.id)
        second = self._open_ticket("2026-03-09 12:00")
        self._merge(first, second, "2026-03-09 12:30")
        self.assertEqual(self.on_wall(second.sla_due_at), "Mon 16:00")

    def test_another_team_s_first_stage_ends_the_waiting(self):
        team = self.desk.create({"name": "Field Service"})
        stage = self.stages["waiting"]
        stage.team_ids = self.desk
        ticket = self._open_ticket("2026-03-09 09:00", stage_id=stage.id)
        with self.at_desk("2026-03-09 10:00"):
            ticket.team_id = team
        self.assertEqual(self._kinds(ticket), ["opened", "waiting", "resumed"])
        self.assertEqual(self._clock(ticket).used_seconds, 0)

    def test_the_mail_of_a_stage_does_not_answer(self):
        ticket = self._open_ticket("2026-03-06 15:00")
        stage = self.stages["In Progress"]
        stage.mail_template_id = self.env.ref("helpdesk_mgmt.changed_stage_template")
        with self.at_desk("2026-03-06 16:00"):
            ticket.with_user(self.agent).stage_id = stage
            self.env.flush_all()
            self.cr.precommit.run()
        self.assertNotIn("answered", self._kinds(ticket))

    def test_the_agreement_counts_and_opens_them(self):
        ticket = self._open_ticket("2026-03-06 15:00")
        self.assertEqual(self.agreement.helpdesk_ticket_count, 1)
        self.assertEqual(self.agreement.ticket_count, 0)
        action = self.agreement.action_view_helpdesk_tickets()
        model = self.env[action["res_model"]]
        self.assertEqual(model.search(action["domain"]), ticket)


@tagged("post_install", "-at_install")
class TestHelpdeskAnswer(
    TicketAnswerCases, TicketMailMixin, PortalUsersMixin, HelpdeskCommon
):
    """What answers a ticket, by real mails to a team."""

    desk_field = "team_id"

    def test_a_reply_on_a_duplicate_goes_to_the_ticket_that_goes_on(self):
        other = self._open_ticket("2026-03-06 15:00")
        with self.at_desk("2026-03-06 15:30"):
            self.env["helpdesk.ticket.duplicate.wizard"].create(
                {"ticket_id": self.ticket.id, "duplicate_of_id": other.id}
            ).action_confirm()
        self._receive("ann@example.com", self.ticket)
        self.assertNotIn("asked", self.ticket.ticket_fact_ids.mapped("kind"))
        self.assertEqual(other.ticket_fact_ids[-1].kind, "asked")
        self.assertFalse(self.ticket.followed_by_ids)


@tagged("post_install", "-at_install")
class TestHelpdeskBoard(BoardCases, HelpdeskCommon):
    """What breaks next of helpdesk tickets, and who has it."""

    def test_given_to_somebody_it_is_assigned_to_him(self):
        ticket = self._open_ticket("2026-03-06 15:00", user_id=False)
        ticket.with_user(self.agent).technician_id = self.agent
        self.assertEqual(ticket.user_id, self.agent)

    def test_the_dispatch_board_is_that_of_tasks(self):
        view = self.env.ref(
            "service_agreement_helpdesk_mgmt.helpdesk_ticket_view_dispatch"
        )
        arch = self.env[self.ticket_model].get_view(view.id, "kanban")["arch"]
        self.assertIn('default_group_by="technician_id"', arch)

    def test_the_calendar_is_that_of_tasks(self):
        view = self.env.ref(
            "service_agreement_helpdesk_mgmt.helpdesk_ticket_view_calendar"
        )
        arch = self.env[self.ticket_model].get_view(view.id, "calendar")["arch"]
        self.assertIn('date_start="sla_due_at"', arch)
