"""A customer approves a price, and that is what he is billed."""

from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import TransactionCase, new_test_user, tagged

from .common import PortalUsersMixin, ServiceDeskCommon, ServiceWorkMixin


class ApprovalCase(
    ServiceWorkMixin, ServiceDeskCommon, PortalUsersMixin, TransactionCase
):
    """Programming is not covered, remote help is; on a Friday afternoon."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._cover(
            cls.agreement,
            {},
            covered_work_type_ids=[Command.set(cls.remote.ids)],
            coverage_calendar_id=cls.calendar.id,
        )
        cls.rate.unlink()
        cls.rate = cls.env["service.agreement.rate"].create(
            {
                "price": 150.0,
                "price_after_hours": 250.0,
                "minimum": 1.0,
                "step_minutes": 15,
                "company_id": cls.company.id,
            }
        )
        cls.customer.email = "house@example.com"
        cls.ann = cls._create_portal_user("ann", cls.customer)
        cls.ticket.work_type_id = cls.programming

    def _offer(self):
        return self.ticket._ticket_get_offer()

    def _say(self, is_approved=True, key=None, wall="2026-03-06 15:00"):
        with self.at_desk(wall):
            key = self._offer().key if key is None else key
            return self.ticket._ticket_answer_price(
                is_approved, self.ann.partner_id, "Ann", key
            )

    def _raise_to(self, price, wall="2026-03-06 16:00", rate=None):
        """From that day on the list says something else."""
        with self.at_desk(wall):
            (rate or self.rate).price = price

    def _draws(self, line):
        return line.sudo().service_draw_ids


@tagged("post_install", "-at_install")
class TestApproval(ApprovalCase):
    def test_what_is_offered_is_what_would_be_billed(self):
        with self.at_desk("2026-03-06 15:00"):
            offer = self._offer()
            draw = self._draws(self._log("2026-03-06", 1.0))
        self.assertTrue(offer.needs_approval)
        self.assertIn("150.00 per hour", offer.price_text)
        self.assertIn("at least 1 h", offer.price_text)
        self.assertIn("Programming", offer.text)
        self.assertEqual((draw.outcome, draw.answer), ("uncovered", False))
        self.assertEqual(offer.get_values()["price"], draw.price)
        self.assertIn("150.00", offer.text)

    def test_covered_work_needs_no_approval(self):
        self.ticket.work_type_id = self.remote
        with self.at_desk("2026-03-06 15:00"):
            offer = self._offer()
            draw = self._draws(self._log("2026-03-06", 1.0))
        self.assertEqual((offer.verdict, offer.asked), ("covered", []))
        self.assertEqual(draw.answer, "covered")
        self.assertEqual(self._say(), "nothing")

    def test_the_price_he_approved_is_the_price_he_pays(self):
        self.assertEqual(self._say(), "approved")
        self._raise_to(190.0, "2026-03-09 08:00")
        draw = self._draws(self._log("2026-03-10", 2.0))
        self.assertEqual((draw.answer, draw.price, draw.amount), ("bill", 150, 300))
        self.assertEqual(draw.list_price, 190, "leakage is told by the list of the day")
        self.assertEqual(draw.approval_id.author_name, "Ann")
        other = self.env["project.task"].create(self._prepare_ticket_values())
        other.work_type_id = self.programming
        draw = self._draws(self._log("2026-03-10", 2.0, task_id=other.id))
        self.assertEqual((draw.answer, draw.price), (False, 190))

    def test_what_was_done_before_he_approved_is_approved_too(self):
        draw = self._draws(self._log("2026-03-05", 1.0))
        self.assertFalse(draw.answer)
        self._say()
        self.assertEqual((draw.answer, draw.approval_id.answer), ("bill", "approved"))

    def test_after_hours_at_the_price_he_was_told_for_that(self):
        self._say()
        with self.at_desk("2026-03-06 16:00"):
            self.rate.price_after_hours = 300
        draws = self._draws(self._log("2026-03-06", 2.0, "16:00"))
        self.assertEqual(sorted(draws.mapped("price")), [150, 250])
        self.assertEqual(set(draws.mapped("answer")), {"bill"})

    def test_approved_for_programming_is_not_approved_for_a_visit(self):
        self._say()
        line = self._log("2026-03-06", 1.0, service_work_type_id=self.on_site.id)
        self.assertEqual(set(self._draws(line).mapped("answer")), {False})

    def test_a_trip_he_was_told_of(self):
        self.ticket.work_type_id = self.on_site
        self._say()
        self._raise_to(60.0, rate=self.trip_rate)
        draws = self._draws(self._log("2026-03-06", 1.0))
        prices = {draw.unit: (draw.price, draw.answer) for draw in draws}
        self.assertEqual(prices, {"hour": (150, "bill"), "trip": (40, "bill")})

    def test_covered_work_stays_covered_after_an_approval(self):
        self._say()
        line = self._log("2026-03-06", 1.0, service_work_type_id=self.remote.id)
        self.assertEqual(self._draws(line).answer, "covered")
        self.assertFalse(self._draws(line).approval_id)

    def test_used_up_and_to_be_asked(self):
        coverage = self._cover(
            self.agreement, {"kind": "prepaid", "when_used_up": "ask", "quantity": 1}
        )
        self._prepay(coverage, 1.0)
        draws = self._draws(self._log("2026-03-06", 3.0))
        self.assertEqual(
            {draw.outcome: draw.answer for draw in draws},
            {"covered": "covered", "overage": False},
        )
        self._say()
        draws = self._draws(self.ticket.timesheet_ids)
        self.assertEqual(
            {draw.outcome: draw.answer for draw in draws},
            {"covered": "covered", "overage": "bill"},
        )

    def test_a_person_s_answer_goes_first(self):
        line = self._log("2026-03-06", 1.0)
        self._draws(line)._answer("given")
        self._say()
        self.assertEqual(self._draws(line).answer, "given")

    def test_declined_nothing_is_billed_and_the_technician_sees_it(self):
        self.assertEqual(self._say(False), "declined")
        draw = self._draws(self._log("2026-03-06", 1.0))
        self.assertFalse(draw.answer)
        ticket = self.ticket.with_user(self.agent)
        ticket.invalidate_recordset()
        self.assertEqual(ticket.approval_state, "declined")
        self.assertIn("Ann did not want it", ticket.approval_text)
        self.assertIn("Ann did not want it", ticket.message_ids[0].body)

    def test_approved_after_all(self):
        self._say(False)
        self.assertEqual(self._say(wall="2026-03-09 10:00"), "approved")
        self.assertEqual(self._draws(self._log("2026-03-09", 1.0)).answer, "bill")

    def test_another_price_than_he_saw_is_not_approved(self):
        with self.at_desk("2026-03-06 15:00"):
            key = self._offer().key
        self._raise_to(160.0, "2026-03-06 14:30")
        for forged in (key, "", "x", "é"):
            self.assertEqual(self._say(key=forged), "changed")
        self.assertFalse(self.ticket.approval_ids)

    def test_approved_twice_is_approved_once(self):
        with self.at_desk("2026-03-06 15:00"):
            key = self._offer().key
        self.assertEqual(self._say(key=key), "approved")
        self.assertEqual(self._say(key=key), "nothing")
        self.assertEqual(len(self.ticket.approval_ids), 1)

    def test_without_a_rate_there_is_nothing_to_approve(self):
        (self.rate | self.trip_rate).unlink()
        with self.at_desk("2026-03-06 15:00"):
            offer = self._offer()
        self.assertTrue(offer.asked)
        self.assertFalse(offer.needs_approval)

    def test_waiting_for_his_word_it_goes_on(self):
        self._move(self.ticket, "waiting", "2026-03-06 14:00")
        self._say()
        self.assertEqual(self.ticket.stage_id, self.stages["In Progress"])

    def test_it_is_a_fact_with_author_and_time(self):
        self._say()
        approval = self.ticket.approval_ids
        self.assertRecordValues(
            approval,
            [
                {
                    "answer": "approved",
                    "author_id": self.ann.partner_id.id,
                    "partner_id": self.customer.id,
                    "price": 150.0,
                    "minimum": 1.0,
                    "step_minutes": 15,
                    "work_type_id": self.programming.id,
                }
            ],
        )
        self.assertEqual(self.on_wall(approval.at), "Fri 15:00")
        self.assertIn("150.00 per hour", approval.words)

    def test_nobody_forges_one(self):
        self._say()
        approval = self.ticket.approval_ids
        seller = new_test_user(
            self.env,
            "seller",
            groups="service_agreement.group_manager,project.group_project_manager",
        )
        values = approval.copy_data()[0]
        for user in (seller, self.agent, self.ann):
            mine = approval.with_user(user)
            with self.assertRaises(AccessError):
                mine.create(values)
            with self.assertRaises(AccessError):
                mine.write({"price": 1.0})
            with self.assertRaises(AccessError):
                mine.unlink()
        self.assertEqual(approval.with_user(seller).price, 150)
        for user in (self.agent, self.ann):
            with self.assertRaises(AccessError):
                approval.with_user(user).read(["price"])

    def test_deleted_with_its_ticket(self):
        self._say()
        approval = self.ticket.approval_ids
        self.ticket.unlink()
        self.assertFalse(approval.exists())

    def test_many_tickets_ask_as_few_queries_as_one(self):
        tickets = self.env["project.task"].create(
            [self._prepare_ticket_values() for _number in range(12)]
        )
        tickets.work_type_id = self.programming
        for ticket in tickets:
            ticket._ticket_write({"approval_state": "approved"})
        self.env.flush_all()
        approvals = self.env["service.agreement.approval"]
        with self.assertQueryCount(1):
            self.assertEqual(set(approvals._get_by_job(tickets.ids)), {*tickets.ids})


@tagged("post_install", "-at_install")
class TestAsking(ApprovalCase):
    def _ask(self, user=None, wall="2026-03-06 15:00"):
        with self.at_desk(wall):
            self.ticket.with_user(user or self.agent).action_ticket_ask_price()

    def _mails(self):
        return self.env["mail.mail"].search(
            [("model", "=", "project.task"), ("res_id", "=", self.ticket.id)]
        )

    def test_a_technician_asks_and_the_customer_gets_the_price_and_a_link(self):
        self._ask()
        mail = self._mails()
        self.assertEqual(mail.recipient_ids, self.customer)
        self.assertIn("150.00 per hour", mail.body_html)
        self.assertIn(f"access_token={self.ticket.access_token}", mail.body_html)
        self.assertEqual(self.ticket.approval_state, "asked")
        self.assertIn("Agent asked the customer", self.ticket.message_ids[0].body)
        self.assertNotIn("answered", self.ticket.ticket_fact_ids.mapped("kind"))

    def test_the_price_he_was_mailed_goes_though_the_list_changed(self):
        self._ask()
        self._raise_to(190.0)
        with self.at_desk("2026-03-09 10:00"):
            self.assertIn("150.00", self._offer().price_text)
        self.assertEqual(self._say(wall="2026-03-09 10:00"), "approved")
        self.assertEqual(self._draws(self._log("2026-03-09", 1.0)).price, 150)

    def test_of_other_work_he_was_told_nothing(self):
        self._ask()
        self.ticket.work_type_id = self.on_site
        with self.at_desk("2026-03-06 15:00"):
            self.assertIn("per trip", self._offer().price_text)

    def test_why_not(self):
        self.customer.email = False
        with self.assertRaisesRegex(UserError, "no e-mail address"):
            self._ask()
        self.rate.unlink()
        with self.assertRaisesRegex(UserError, "Add a rate"):
            self._ask()
        self.ticket.work_type_id = self.remote
        with self.assertRaisesRegex(UserError, "nothing to ask"):
            self._ask()
        self.ticket.partner_id = False
        with self.assertRaisesRegex(UserError, "choose the customer"):
            self._ask()
        self.assertFalse(self._mails())

    def test_customers_ask_nobody(self):
        self.ticket.message_subscribe(self.ann.partner_id.ids)
        with self.assertRaises(AccessError):
            self._ask(self.ann)
