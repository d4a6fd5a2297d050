from odoo.tests import tagged

from .common import AutopayCommon

NOW = "2026-03-06 15:00:00"


@tagged("post_install", "-at_install")
class TestWorthAutopay(AutopayCommon):
    """An agreement that pays automatically is worth more."""

    def _row(self):
        self.env.invalidate_all()
        with self.at(NOW):
            row = self.env["service.agreement.worth"].search(
                [("agreement_id", "=", self.agreement.id)]
            )
            row.mapped("worth")
        return row

    def test_as_long_as_the_consent_holds(self):
        multiple = self.env.ref("service_agreement_payment.worth_multiple_autopay")
        before = self._row()
        self.assertFalse(before.has_autopay)
        worth = before.worth
        self._agree(self.agreement)
        self.assertEqual(self._row().worth, worth + 149 * multiple.multiple)
        self.agreement.autopay_consent_ids.sudo().withdrawn_on = NOW
        self.assertEqual(self._row().worth, worth)

    def test_the_list_says_what_it_would_add(self):
        with self.at(NOW):
            [row] = self.env["service.agreement.worth.summary"].search(
                [("fact", "=", "autopay"), ("company_id", "=", self.company.id)]
            )
            self.assertRegex(row.text, "1 agreement does not pay automatically: .*596")
