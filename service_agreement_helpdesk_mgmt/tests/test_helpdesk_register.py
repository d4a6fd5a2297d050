from odoo.tests import tagged

from .common import HelpdeskCommon

NOW = "2026-03-06 15:00:00"


@tagged("post_install", "-at_install")
class TestHelpdeskRegister(HelpdeskCommon):
    """Who wrote a ticket of the helpdesk is an active client."""

    def test_a_ticket_makes_a_client(self):
        client = self._create_customer("Tran Residence")
        contact = client.create({"name": "Linh", "parent_id": client.id})
        register = self.env["service.agreement.register"]
        mine = [("partner_id", "=", client.id)]
        with self.at(NOW):
            self.assertFalse(register.search(mine))
            self.env["helpdesk.ticket"].create(
                {**self._prepare_ticket_values(), "partner_id": contact.id}
            )
            row = register.search(mine)
            self.assertEqual((row.state, row.company_id), ("never", self.company))
