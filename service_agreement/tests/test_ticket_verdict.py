from odoo.exceptions import AccessError
from odoo.tests import Form, tagged

from .common import PortalUsersMixin, ServiceDeskCommon, ServiceWorkMixin


@tagged("post_install", "-at_install")
class TestTicketVerdict(ServiceWorkMixin, ServiceDeskCommon):
    """What a coordinator and a technician see of who pays."""

    def _ask(self, ticket, wall="2026-03-06 10:00"):
        """:return: dict, what the form of a ticket shows at that time"""
        with self.at_desk(wall):
            self.env.invalidate_all()
            return ticket.with_user(self.agent).get_service_coverage({})

    def _state(self, ticket, wall="2026-03-06 10:00"):
        with self.at_desk(wall):
            self.env.invalidate_all()
            return ticket.coverage_state

    def test_an_unlimited_agreement_pays(self):
        self._cover(self.agreement, {})
        told = self._ask(self.ticket)
        self.assertEqual(told["state"], "covered")
        self.assertIn(f"Covered by Silver ({self.agreement.name})", told["title"])
        self.assertFalse(told["notes"])
        (candidate,) = told["candidates"]
        self.assertTrue(candidate["pays"])
        self.assertTrue(all(reason["met"] for reason in candidate["reasons"]))

    def test_a_customer_without_agreement_reads_the_price(self):
        stranger = self._create_customer("Nobody's Villa")
        self.rate.write({"minimum": 1, "step_minutes": 15})
        ticket = self._open_ticket("2026-03-06 09:00", partner_id=stranger.id)
        told = self._ask(ticket)
        self.assertEqual(told["state"], "no_agreement")
        self.assertEqual(told["title"], "Not covered: the customer has no agreement")
        (note,) = told["notes"]
        self.assertRegex(note, r"150\.00 per hour, at least 1 h, .*40\.00 per trip")
        self.assertFalse(told["candidates"])

    def test_expired_is_another_thing_than_never_sold(self):
        self.agreement.date_end = "2026-02-28"
        told = self._ask(self.ticket)
        self.assertEqual(told["state"], "no_agreement")
        self.assertIn("no agreement is in force any more", told["title"])

    def test_what_is_left_after_the_hour(self):
        coverage = self._cover(self.agreement, {"kind": "prepaid"})
        self._prepay(coverage, 2.5)
        told = self._ask(self.ticket)
        self.assertEqual(told["notes"], ["After this hour, 1.5 h left."])
        self._log("2026-03-05", 2)
        told = self._ask(self.ticket)
        self.assertEqual(told["state"], "partly")
        self.assertRegex(told["notes"][0], r"0\.5 h covered by .*, 0\.5 h more than")
        self._log("2026-03-05", 1)
        self.assertEqual(self._state(self.ticket), "used_up")

    def test_what_is_not_covered_says_why(self):
        self._cover(
            self.agreement, {}, covered_work_type_ids=[(6, 0, self.remote.ids)]
        )
        self.ticket.work_type_id = self.programming
        told = self._ask(self.ticket)
        self.assertEqual(told["state"], "uncovered")
        self.assertEqual(told["notes"][0], "Does not pay for Programming")
        (candidate,) = told["candidates"]
        self.assertEqual(candidate["outcome"], "Does not pay")

    def test_changed_and_not_saved_it_is_answered_too(self):
        self._cover(
            self.agreement, {}, covered_work_type_ids=[(6, 0, self.remote.ids)]
        )
        self.ticket.work_type_id = self.programming
        with self.at_desk("2026-03-06 10:00"):
            told = self.ticket.get_service_coverage({"work_type_id": self.remote.id})
            self.assertEqual(told["state"], "covered")
            self.assertEqual(self.ticket.coverage_state, "uncovered")
            new = self.env["project.task"].get_service_coverage(
                {"project_id": self.desk.id, "partner_id": self.customer.id}
            )
        self.assertEqual(new["state"], "uncovered")

    def test_asking_draws_nothing(self):
        coverage = self._cover(self.agreement, {"kind": "prepaid"})
        lot = self._prepay(coverage, 1)
        twin = self._open_ticket("2026-03-06 09:00")
        for ticket in (self.ticket, twin):
            self.assertEqual(self._state(ticket), "covered")
        self.assertEqual((lot.drawn, lot.balance), (0, 1))
