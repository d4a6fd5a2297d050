from odoo import Command
from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, tagged

from .test_sla_warning import WarningCommon


@tagged("post_install", "-at_install")
class TestSlaDelay(WarningCommon):
    """The customer hears of a delay: from a person, or by itself if so chosen."""

    def _get_notices(self, ticket):
        return ticket.message_ids.filtered(lambda m: "late" in (m.subject or ""))

    def _compose(self, ticket, user=None):
        """Press the button and open the composer."""
        action = ticket.with_user(user or self.agent).action_tell_delay()
        composer = self.env[action["res_model"]].with_user(user or self.agent)
        return Form(composer.with_context(**action["context"]))

    def test_by_itself_only_if_the_company_wants_it(self):
        ticket = self._open()
        self._warn("2026-03-09 11:01")
        self.assertFalse(self._get_notices(ticket))
        self.company.service_delay_notice = True
        other = self._open()
        self._warn("2026-03-09 11:01")
        self.assertEqual(len(self._get_notices(other)), 1)
        self._warn("2026-03-09 15:00")
        self.assertEqual(len(self._get_notices(other)), 1)

    def test_what_it_says(self):
        self.company.service_delay_notice = True
        self.customer.tz = "Europe/Lisbon"  # an hour behind the desk
        ticket = self._open()
        self._warn("2026-03-09 11:01")
        notice = self._get_notices(ticket)
        self.assertIn("We are late: The projector stays dark", notice.subject)
        for text in (
            "Hello Whitfield Residence",
            "We promised you an answer by",
            "Mon 9 Mar, 10:00",
            "We did not make it, and we are sorry",
            "Agent",
            "What happens next",
        ):
            self.assertIn(text, " ".join(notice.body.split()).replace("\u202f", " "))
        self.assertEqual(notice.partner_ids, self.customer)
        self.assertEqual(notice.author_id, self.company.partner_id)

    def test_in_the_customer_s_language(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        self.company.service_delay_notice = True
        self.customer.lang = "fr_FR"
        template = self.env.ref("service_agreement.mail_template_delay_notice")
        template.with_context(lang="fr_FR").subject = "late: en retard"
        ticket = self._open()
        self._warn("2026-03-09 11:01")
        notice = self._get_notices(ticket)
        self.assertEqual(notice.subject, "late: en retard")
        self.assertIn("lun. 9 mars", notice.body)

    def test_by_itself_it_is_no_answer(self):
        self.company.service_delay_notice = True
        ticket = self._open()
        self._warn("2026-03-09 11:01")
        self.assertNotIn("answered", ticket.ticket_fact_ids.mapped("kind"))
        self.assertTrue(ticket.sla_clock_ids._is_open())

    def test_who_was_answered_late_hears_nothing_more(self):
        self.company.service_delay_notice = True
        ticket = self._open()
        self._answer(ticket, "2026-03-09 12:00")
        self._warn("2026-03-09 13:00")
        self.assertFalse(self._get_notices(ticket))
        self.assertEqual(ticket.sla_clock_ids.notice_ids.percent, 100)

    def test_a_customer_without_address_is_not_told(self):
        self.company.service_delay_notice = True
        self.customer.email = False
        ticket = self._open()
        self._warn("2026-03-09 11:01")
        self.assertFalse(ticket.sla_clock_ids.customer_told_at)

    def test_a_technician_reads_it_before_it_goes(self):
        ticket = self._open()
        with self.at_desk("2026-03-09 10:40"):
            self.assertTrue(ticket.with_user(self.agent).can_tell_delay)
            form = self._compose(ticket)
            self.assertIn("We may be late", form.subject)
            self.assertIn("It looks as if we will not make it", form.body)
            form.body = "<p>Piet comes at noon.</p>"
            form.save()._action_send_mail()
            self.env.invalidate_all()
            self.assertFalse(ticket.can_tell_delay)
        notice = self._get_notices(ticket)
        self.assertIn("Piet comes at noon", notice.body)
        self.assertIn(self.customer, notice.partner_ids)
        self.assertEqual(notice.author_id, self.agent.partner_id)

    def _promise_solution(self, minutes=4 * 60):
        self.env["service.agreement.sla.target"].create(
            {
                "agreement_id": self.agreement.id,
                "priority": "0",
                "metric": "resolution",
                "minutes": minutes,
                "calendar_id": self.calendar.id,
            }
        )

    def test_it_names_all_that_is_late_and_all_of_it_is_told(self):
        self._promise_solution(5 * 60)
        ticket = self._open()
        with self.at_desk("2026-03-09 12:01"):
            form = self._compose(ticket)
            text = " ".join(form.body.split()).replace("\u202f", " ")
            self.assertRegex(text, r"an answer by <strong>Mon 9 Mar, 11:00")
            self.assertRegex(text, r" and a solution by <strong>Mon 9 Mar, 12:00")
            form.save()._action_send_mail()
            self.env.invalidate_all()
            self.assertFalse(ticket.can_tell_delay)
        self.assertTrue(all(c.customer_told_at for c in ticket.sla_clock_ids))

    def test_what_is_at_risk_is_not_named_with_what_is_late(self):
        self._promise_solution(5 * 60)
        ticket = self._open()
        with self.at_desk("2026-03-09 11:30"):
            form = self._compose(ticket)
            self.assertNotIn("a solution", form.body)
            form.save()._action_send_mail()
            self.env.invalidate_all()
            self.assertTrue(ticket.can_tell_delay)
            self.assertIn("a solution", self._compose(ticket).body)

    def test_by_itself_it_names_all_that_is_late_once(self):
        self.company.service_delay_notice = True
        self._promise_solution()
        ticket = self._open()
        self._warn("2026-03-09 11:01")
        notice = self._get_notices(ticket)
        self.assertEqual(len(notice), 1)
        for text in ("an answer", "a solution"):
            self.assertIn(text, notice.body)

    def test_told_by_hand_it_is_not_told_again(self):
        self.company.service_delay_notice = True
        self._promise_solution()
        ticket = self._open()
        self._answer(ticket, "2026-03-06 15:10")
        with self.at_desk("2026-03-09 10:40"):
            self._compose(ticket).save()._action_send_mail()
        self._warn("2026-03-09 11:01")
        self.assertEqual(len(self._get_notices(ticket)), 1)

    def test_nothing_to_tell_of_what_is_on_time(self):
        ticket = self._open()
        with self.at_desk("2026-03-06 15:10"):
            self.assertFalse(ticket.can_tell_delay)
            with self.assertRaisesRegex(UserError, "nothing that is late"):
                ticket.action_tell_delay()

    def test_a_forged_context_marks_no_other_ticket(self):
        ticket, other = self._open(), self._open()
        clock = other.sla_clock_ids
        self._answer(
            ticket.with_context(service_delay_clock_ids=clock.ids), "2026-03-06 16:00"
        )
        self.assertFalse(clock.customer_told_at)


@tagged("post_install", "-at_install")
class TestSlaMiss(WarningCommon):
    """Why a promise was missed; it stays missed."""

    def setUp(self):
        super().setUp()
        # Nobody answers; seen from Monday noon it is late.
        self.ticket = self._open()
        self.clock = self.ticket.sla_clock_ids
        self.reason = self.env.ref("service_agreement.sla_miss_reason_access")

    def test_a_coordinator_says_why(self):
        with self.at_desk("2026-03-09 12:00"):
            clock = self.clock.with_user(self.coordinator)
            clock.write({"miss_reason_id": self.reason.id, "miss_note": "Gate closed"})
            self.assertEqual(clock.status, "missed")
        self.assertEqual(self.clock.justified_by_id, self.coordinator)
        self.assertEqual(self.on_wall(self.clock.justified_at), "Mon 12:00")
        self.assertTrue(self.clock.is_excused)

    def test_taken_away_it_is_to_be_explained_again(self):
        with self.at_desk("2026-03-09 12:00"):
            self.clock.miss_reason_id = self.reason
            self.clock.miss_reason_id = False
        self.assertFalse(self.clock.justified_by_id or self.clock.justified_at)

    def test_what_is_not_missed_needs_no_reason(self):
        with self.at_desk("2026-03-06 16:00"):
            with self.assertRaisesRegex(UserError, "nothing to explain"):
                self.clock.with_user(self.coordinator).miss_reason_id = self.reason

    def test_nobody_writes_anything_else(self):
        with self.at_desk("2026-03-09 12:00"):
            for values in (
                {"state": "met"},
                {"miss_note": "x", "deadline": "2026-03-10 12:00:00"},
                {"justified_by_id": self.env.uid},
                {"told_percent": 100},
                {"customer_told_at": "2026-03-09 12:00:00"},
            ):
                with self.assertRaisesRegex(AccessError, "by hand"):
                    self.clock.with_user(self.coordinator).write(values)

    def test_a_technician_explains_nothing(self):
        with self.at_desk("2026-03-09 12:00"), self.assertRaises(AccessError):
            self.clock.with_user(self.agent).miss_note = "It was not me"

    def test_the_list_to_work_through(self):
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "service_agreement.action_service_agreement_missed"
        )
        self.assertIn("missed", action["domain"])
        clocks = self.env["service.agreement.sla.clock"].with_user(self.coordinator)
        with self.at_desk("2026-03-09 13:00"):
            to_explain = [("status", "=", "missed"), ("miss_reason_id", "=", False)]
            self.assertEqual(clocks.search(to_explain), self.clock)
            self.assertEqual(self.clock.late_hours, 2)
            self.clock.miss_reason_id = self.reason
            self.assertFalse(clocks.search(to_explain))

    def test_reasons_of_another_company_are_not_offered(self):
        other = self.env["res.company"].create({"name": "Other"})
        reason = self.reason.copy({"company_id": other.id})
        user = self._create_staff("elsewhere")
        user.write({"company_ids": [Command.set(other.ids)], "company_id": other.id})
        self.assertIn(reason, reason.with_user(user).search([]))
        self.assertNotIn(reason, reason.with_user(self.coordinator).search([]))
        clocks = self.env["service.agreement.sla.clock"].with_user(user)
        self.assertFalse(clocks.search([]))
