from odoo.tests import tagged

from odoo.addons.service_agreement.tests.coverage_cases import PayerCases

from .common import HelpdeskCommon


@tagged("post_install", "-at_install")
class TestHelpdeskPayer(PayerCases, HelpdeskCommon):
    """Of OCA's tickets; and what is asked of them is answered."""

    def test_a_customer_without_agreement_is_seen_on_the_ticket(self):
        nobody = self._create_customer("Nobody's Villa")
        ticket = self._open(partner_id=nobody.id).with_user(self.agent)
        with self.at_desk("2026-03-06 16:00"):
            told = ticket.get_service_coverage({})
            self.assertEqual(told["state"], "no_agreement")
            self.assertEqual(ticket.coverage_state, "no_agreement")
            found = ticket.search([("coverage_state", "=", "no_agreement")])
        self.assertIn(ticket, found)
