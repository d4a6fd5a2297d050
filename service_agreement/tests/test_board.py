from odoo.tests import HttpCase, tagged

from .board_cases import BoardCases
from .common import PortalUsersMixin, ServiceDeskCommon


@tagged("post_install", "-at_install")
class TestBoard(BoardCases, ServiceDeskCommon):
    """Of tasks."""


@tagged("post_install", "-at_install")
class TestDispatch(ServiceDeskCommon):
    """Giving tickets out."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.bea = cls._create_agent("bea")

    def test_given_to_somebody_it_is_assigned_to_him(self):
        ticket = self._open_ticket("2026-03-06 15:00", user_ids=False)
        self.assertFalse(ticket.technician_id)
        ticket.with_user(self.agent).technician_id = self.bea
        self.assertEqual(ticket.user_ids, self.bea)
        ticket.technician_id = False
        self.assertFalse(ticket.user_ids)

    def test_who_has_it_keeps_it_when_another_one_helps(self):
        ticket = self._open_ticket("2026-03-06 15:00", user_ids=self.bea.ids)
        ticket.user_ids |= self.agent
        self.assertEqual(ticket.technician_id, self.bea)
        ticket.user_ids -= self.bea
        self.assertEqual(ticket.technician_id, self.agent)

    def test_what_is_no_ticket_has_no_technician(self):
        project = self.env["project.project"].create({"name": "Installation"})
        task = self._open_ticket(
            "2026-03-06 15:00", project_id=project.id, user_ids=self.bea.ids
        )
        self.assertFalse(task.technician_id)
        project.is_service_desk = True
        self.assertEqual(task.technician_id, self.bea)

    def _columns(self, wall, domain):
        with self.at_desk(wall):
            model = self.env[self.ticket_model].with_user(self.agent)
            model = model.with_context(read_group_expand=True)
            result = model.web_read_group(
                domain,
                ["technician_id"],
                auto_unfold=True,
                unfold_read_specification={"name": {}},
                unfold_read_default_limit=80,
            )
        return {
            group["technician_id"] and group["technician_id"][0]: group
            for group in result["groups"]
        }

    def test_every_technician_of_late_has_a_column_and_nobody_s_is_open(self):
        done = self._open_ticket("2026-03-02 15:00", user_ids=self.bea.ids)
        ticket = self._open_ticket("2026-03-06 15:00", user_ids=False)
        columns = self._columns("2026-03-06 16:00", [("id", "=", ticket.id)])
        self.assertEqual(columns[self.bea.id]["__count"], 0)
        (record,) = columns[False]["__records"]
        self.assertEqual(record["id"], ticket.id)
        done.technician_id = False
        columns = self._columns("2026-03-06 16:00", [("id", "=", ticket.id)])
        self.assertNotIn(self.bea.id, columns)


@tagged("post_install", "-at_install")
class TestCompliance(PortalUsersMixin, ServiceDeskCommon):
    """Kept out of those that are decided."""

    def _work(self, solved):
        ticket = self._open_ticket("2026-03-06 15:00", user_ids=self.agent.ids)
        self._answer(ticket, "2026-03-06 16:00")
        self._move(ticket, "solved", solved)
        return ticket

    def _read_counts(self):
        self.env.invalidate_all()
        agreement = self.agreement
        return agreement.promise_kept_count, agreement.promise_missed_count

    def test_counted_on_the_agreement(self):
        self.assertFalse(self.agreement.compliance_text)
        self._work("2026-03-09 10:00")
        self._work("2026-03-10 10:00")
        with self.at_desk("2026-03-10 11:00"):
            self.assertEqual(self._read_counts(), (3, 1))
            self.assertEqual(self.agreement.compliance_text, "75 % kept")

    def test_what_is_cancelled_or_open_counts_in_neither(self):
        ticket = self._open_ticket("2026-03-06 15:00")
        self._open_ticket("2026-03-06 15:00")
        self._move(ticket, "cancelled", "2026-03-06 16:00")
        with self.at_desk("2026-03-06 17:00"):
            self.assertEqual(self._read_counts(), (0, 0))

    def test_one_miss_is_not_rounded_away(self):
        self.assertEqual(self.agreement._get_compliance_text(999, 1), "99 % kept")

    def test_by_technician(self):
        self._work("2026-03-10 10:00")
        with self.at_desk("2026-03-10 11:00"):
            ((technician, kept, missed, share),) = self.env[
                "service.agreement.sla.report"
            ]._read_group(
                [("agreement_id", "=", self.agreement.id)],
                ["technician_id"],
                ["met:sum", "missed:sum", "compliance:avg"],
            )
        self.assertEqual((technician, kept, missed, share), (self.agent, 1, 1, 50))

    def test_in_plain_words_for_the_customer(self):
        ticket = self._work("2026-03-10 10:00")
        with self.at_desk("2026-03-10 11:00"):
            compliance = self.agreement._get_portal_compliance()
        self.assertEqual((compliance["kept"], compliance["decided"]), (1, 2))
        (miss,) = compliance["missed"]
        self.assertEqual((miss["ticket"], miss["promise"]), (ticket, "Solution"))
        self.assertRegex(miss["due"], r"Mon 9 Mar.*3:00")
        self.assertRegex(miss["done"], r"Tue 10 Mar.*10:00")

    def test_last_year_is_another_year(self):
        self._work("2026-03-10 10:00")
        with self.at_desk("2027-01-01 00:30"):
            self.assertEqual(self.agreement._get_portal_compliance(), {})

    def test_another_customer_s_tickets_are_not_shown(self):
        ticket = self._work("2026-03-10 10:00")
        other = self._create_customer("Nobody's Villa")
        ticket.sudo().sla_clock_ids.partner_id = other
        with self.at_desk("2026-03-10 11:00"):
            self.assertEqual(self.agreement._get_portal_compliance(), {})


@tagged("post_install", "-at_install")
class TestCompliancePage(PortalUsersMixin, ServiceDeskCommon, HttpCase):
    """The customer's page of his agreement; nobody else's."""

    def test_the_customer_alone_reads_it(self):
        self._create_portal_user("ann", self.customer)
        self._create_portal_user("eve", self._create_customer("Harrow Clinic"))
        ticket = self.env[self.ticket_model].create(self._prepare_ticket_values())
        ticket.with_user(self.agent).message_post(
            body="On our way", message_type="comment", subtype_xmlid="mail.mt_comment"
        )
        page = f"/my/agreements/{self.agreement.id}"
        self.authenticate("ann", "ann")
        self.assertIn("kept it", self.url_open(page).text)
        self.authenticate("eve", "eve")
        self.assertNotIn("kept it", self.url_open(page).text)
