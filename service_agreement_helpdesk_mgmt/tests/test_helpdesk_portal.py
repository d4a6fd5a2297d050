from odoo import http
from odoo.tests import HttpCase, tagged

from odoo.addons.service_agreement.tests.common import PortalUsersMixin

from .common import HelpdeskCommon


@tagged("post_install", "-at_install")
class TestHelpdeskPortal(PortalUsersMixin, HelpdeskCommon, HttpCase):
    """What the customer reads on OCA's own page of a ticket."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.ann = cls._create_portal_user("ann", cls.customer)
        other = cls._create_customer("Nobody's Villa")
        cls.stranger = cls._create_portal_user("stranger", other)

    def _read_page(self, ticket, login):
        self.authenticate(login, login)
        return self.url_open(f"/my/ticket/{ticket.id}").text

    def test_the_customer_reads_what_was_promised_and_whether_it_was_kept(self):
        ticket = self._open_ticket("2026-03-06 15:00")
        self._answer(ticket, "2026-03-06 16:00")
        self._move(ticket, "solved", "2026-03-09 16:00")
        page = self._read_page(ticket, "ann")
        self.assertIn("What we promised", page)
        self.assertIn("We answer within 4", page)
        self.assertRegex(page, r"Kept: Fri 6 Mar")
        self.assertRegex(page, r"Missed: Mon 9 Mar")

    def test_another_customer_is_not_let_in(self):
        ticket = self._open_ticket("2026-03-06 15:00")
        page = self._read_page(ticket, "stranger")
        self.assertNotIn("What we promised", page)
        self.assertNotIn(ticket.name, page)

    def test_without_a_promise_nothing_is_said(self):
        partner = self.stranger.partner_id
        ticket = self._open_ticket("2026-03-06 15:00", partner_id=partner.id)
        page = self._read_page(ticket, "stranger")
        self.assertIn(ticket.name, page)
        self.assertNotIn("What we promised", page)

    def test_the_agreement_s_page_lists_it(self):
        ticket = self._open_ticket("2026-03-06 15:00")
        self.authenticate("ann", "ann")
        page = self.url_open(f"/my/agreements/{self.agreement.id}").text
        self.assertIn(ticket.number, page)
        self.assertIn(f"/my/ticket/{ticket.id}", page)

    def _request(self, **values):
        data = {"csrf_token": http.Request.csrf_token(self), **values}
        return self.url_open(f"/my/agreements/{self.agreement.id}/request", data=data)

    def test_requested_in_the_portal_it_is_a_ticket_of_the_helpdesk_once(self):
        self.authenticate("ann", "ann")
        for _again in range(2):
            page = self._request(subject="Dark", priority="3", form_key="c" * 32).text
        ticket = self.env["helpdesk.ticket"].search([("name", "=", "Dark")])
        self.assertIn(ticket.number, page)
        self.assertEqual((ticket.team_id, ticket.priority), (self.desk, "3"))
        self.assertEqual(ticket.partner_email, self.ann.email)
        self.assertEqual(ticket.agreement_id, self.agreement)
        self.assertIn(self.ann.partner_id, ticket.message_partner_ids)
        self.assertFalse(self.env["project.task"].search([("name", "=", "Dark")]))

    def test_a_project_for_requests_goes_first_and_no_team_is_none(self):
        self.assertEqual(self.agreement._get_request_model(), "helpdesk.ticket")
        self.desk.show_in_portal = False
        self.assertFalse(self.agreement._get_request_model())
        project = self.env["project.project"].create(
            {"name": "Desk", "is_service_desk": True}
        )
        self.company.service_desk_project_id = project
        self.desk.show_in_portal = True
        self.assertEqual(self.agreement._get_request_model(), "project.task")

    def test_closed_by_the_customer_it_is_solved(self):
        ticket = self._open_ticket("2026-03-06 15:00")
        self.authenticate("ann", "ann")
        done = self.stages["solved"]
        self.url_open(f"/ticket/close?ticket_id={ticket.id}&stage_id={done.id}")
        self.assertIn("solved", ticket.ticket_fact_ids.mapped("kind"))
