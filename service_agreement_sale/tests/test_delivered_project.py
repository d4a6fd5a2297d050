from odoo.exceptions import UserError
from odoo.tests import tagged

from .common import SaleServiceCommon

TODAY = "2026-05-20 10:00:00"


@tagged("post_install", "-at_install")
class TestDeliveredProject(SaleServiceCommon):
    """Delivered projects whose customers were never asked."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.project = cls._create_project(delivered_on="2026-04-10")

    def _find(self):
        with self.at(TODAY):
            return self.env["project.project"].search(
                [("is_service_unsold", "=", True), ("id", "=", self.project.id)]
            )

    def test_a_customer_who_was_never_asked(self):
        self.assertTrue(self._find())
        with self.at(TODAY):
            self.assertEqual(self.project.delivered_days, 40)

    def test_not_before_its_days_are_over(self):
        self.company.project_agreement_days = 40
        self.assertTrue(self._find())
        self.company.project_agreement_days = 41
        self.assertFalse(self._find())

    def test_not_what_is_not_delivered(self):
        self.project.delivered_on = False
        self.assertFalse(self._find())

    def test_not_with_an_agreement(self):
        self._create_active("2026-04-20")
        self.assertFalse(self._find())

    def test_not_after_an_offer(self):
        proposal = self.env["service.agreement.proposal"].create(
            {"partner_id": self.customer.id}
        )
        self.assertTrue(self._find())
        proposal._send()
        self.assertFalse(self._find())

    def test_not_after_a_written_no(self):
        proposal = self.env["service.agreement.proposal"].create(
            {"partner_id": self.customer.id, "validity_date": "2099-01-01"}
        )
        proposal._send()
        proposal._decline("price", "", "Carla")
        self.assertFalse(self._find())

    def test_not_with_an_open_quotation(self):
        order = self._quote()
        self.assertTrue(self._find())
        order.action_quotation_sent()
        self.assertFalse(self._find())

    def test_in_the_register_a_quotation_with_tiers_is_an_offer(self):
        order = self._quote(validity_date="2026-06-30")
        self.assertEqual(self._get_register().state, "never")
        order.action_quotation_sent()
        order.date_order = "2026-05-10 10:00:00"
        row = self._get_register()
        self.assertEqual((row.state, row.is_open, row.step), ("offered", True, "sign"))
        self.assertEqual(str(row.offered_on), "2026-05-10")
        found = order.search(row.action_open_offered()["domain"])
        self.assertEqual(found, order)
        order.validity_date = "2026-05-11"
        row = self._get_register()
        self.assertEqual(
            (row.state, row.is_open, row.step), ("offered", False, "offer")
        )
        with self.at(TODAY):
            self.assertIn("expired", row.next_step)
        order.agreement_option_ids.unlink()
        self.assertEqual(self._get_register().state, "never")

    def _get_register(self):
        self.env.invalidate_all()
        with self.at(TODAY):
            row = self.env["service.agreement.register"].search(
                [
                    ("partner_id", "=", self.customer.id),
                    ("company_id", "=", self.company.id),
                ]
            )
            row.mapped("step")
        return row

    def test_one_click_to_a_proposal(self):
        action = self.project.action_make_proposal()
        self.assertEqual(action["res_model"], "service.agreement.proposal")
        self.assertEqual(action["context"]["default_partner_id"], self.customer.id)

    def test_nothing_is_offered_to_nobody(self):
        self.project.partner_id = False
        with self.assertRaisesRegex(UserError, "no customer"):
            self.project.action_make_proposal()
