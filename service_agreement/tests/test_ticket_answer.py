from odoo.tests import tagged

from .common import PortalUsersMixin, ServiceDeskCommon

MAIL = """\
From: {sender}
To: {to}
Subject: {subject}
Message-Id: <{number}@mail.example.com>
In-Reply-To: {parent}
References: {parent}
Date: Fri, 06 Mar 2026 15:00:00 +0000
{headers}Content-Type: text/plain; charset="utf-8"

{body}
"""


@tagged("post_install", "-at_install")
class TestTicketAnswer(PortalUsersMixin, ServiceDeskCommon):
    """First response = the first public message by one of us (SLA-09)."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.ann = cls._create_portal_user("ann", cls.customer)
        cls.env["mail.alias.domain"].search([]).unlink()
        cls.alias_domain = cls.env["mail.alias.domain"].create(
            {"name": "desk.example.com"}
        )
        cls.company.alias_domain_id = cls.alias_domain
        cls.desk.write(
            {
                "alias_name": "support",
                "alias_domain_id": cls.alias_domain.id,
                "alias_contact": "everyone",
            }
        )
        cls.number = 0

    def setUp(self):
        super().setUp()
        number = self._receive("ann@example.com", wall="2026-03-06 15:00")
        self.ticket = self.env["project.task"].browse(number)

    def _answered(self, ticket=None):
        return self._clock(ticket or self.ticket, "first_response").state == "met"

    def _receive(self, sender, ticket=None, headers="", wall="2026-03-06 16:00"):
        """A raw mail through Odoo's gateway, as an answer or as a new ticket."""
        type(self).number += 1
        parent = ticket.message_ids.sorted("id")[:1].message_id if ticket else ""
        raw = MAIL.format(
            sender=sender,
            to="support@desk.example.com",
            subject="Re: dark",
            number=self.number,
            parent=parent,
            headers=headers,
            body="It is still dark.",
        )
        with self.at_desk(wall):
            thread = self.env["mail.thread"].with_user(self.env.ref("base.user_root"))
            return thread.sudo().message_process("project.task", raw)

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
        ticket = self.env["project.task"].browse(self._receive("ann@example.com"))
        self.assertEqual(ticket.project_id, self.desk)
        self.assertEqual(ticket.agreement_id, self.agreement)
        clock = self._clock(ticket, "first_response")
        self.assertEqual(self.on_wall(clock.deadline), "Mon 12:00")
        self.assertFalse(self._answered(ticket))

    def test_a_colleague_s_mail_that_opens_a_ticket_does_not_answer_it(self):
        ticket = self.env["project.task"].browse(self._receive(self.agent.email))
        self.assertNotIn("answered", ticket.ticket_fact_ids.mapped("kind"))

    def test_a_customer_s_reply_does_not_answer(self):
        self.assertEqual(self._receive("ann@example.com", self.ticket), self.ticket.id)
        self.assertFalse(self._answered())

    def test_a_stranger_s_mail_is_accepted(self):
        ticket = self.env["project.task"].browse(self._receive("who@example.org"))
        self.assertEqual(ticket.ticket_fact_ids.mapped("kind"), ["opened"])

    def test_our_reply_from_a_mail_program_answers(self):
        self.assertEqual(self._receive(self.agent.email, self.ticket), self.ticket.id)
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
