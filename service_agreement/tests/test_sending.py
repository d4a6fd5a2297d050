from unittest.mock import patch

from odoo.tests import tagged
from odoo.tools import mute_logger

from odoo.addons.base.models.ir_mail_server import IrMail_Server
from odoo.addons.mail.tests.common import MailCase

from .common import ServiceAgreementCommon

SEND = "odoo.addons.account.models.account_move_send.AccountMoveSend"


@tagged("post_install", "-at_install")
class TestSending(MailCase, ServiceAgreementCommon):
    """Left as a draft, posted, or posted and sent in the background."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.customer.email = "whitfield@example.com"
        cls.env.user.email = "service@example.com"

    def _send(self):
        """What Odoo's scheduled actions do afterwards: send, and deliver."""
        with self.mock_mail_gateway():
            self._run_cron("account.ir_cron_account_move_send")
            self._run_cron("mail.ir_cron_mail_scheduler_action")

    def _get_warnings(self, agreement):
        warning = self.env.ref("mail.mail_activity_data_warning")
        return agreement.activity_ids.filtered(
            lambda activity: activity.activity_type_id == warning
        )

    def test_posted_is_what_happens_unless_told_otherwise(self):
        self._create_active("2026-03-01")
        move = self._bill("2026-03-01")
        self.assertEqual(move.state, "posted")
        self.assertFalse(move.sending_data)

    def test_a_draft_is_billed_and_not_billed_again(self):
        self.company.agreement_invoice_mode = "draft"
        agreement = self._create_active("2026-03-01")
        move = self._bill("2026-03-01")
        self.assertEqual(move.state, "draft")
        self.assertEqual(str(move.invoice_date), "2026-03-01")
        self.assertEqual(
            self._get_periods(agreement), [("2026-03-01", "2026-03-31", 149.0)]
        )
        self.assertFalse(self._bill("2026-03-01"))
        move.action_post()
        self.assertEqual(str(move.invoice_date), "2026-03-01")

    def test_an_agreement_may_say_otherwise_than_the_company(self):
        self.company.agreement_invoice_mode = "send"
        modes = (False, "draft", "post", "send")
        agreements = self.env["service.agreement"].union(
            *(self._create_active("2026-03-01", invoice_mode=mode) for mode in modes)
        )
        moves = self._bill("2026-03-01").sorted("id")
        self.assertEqual(len(moves), len(agreements))
        self.assertEqual(
            [(move.state, bool(move.sending_data)) for move in moves],
            [
                ("posted", True),
                ("draft", False),
                ("posted", False),
                ("posted", True),
            ],
        )

    def test_the_customer_gets_the_invoice_with_its_document(self):
        agreement = self._create_active("2026-03-01", invoice_mode="send")
        move = self._bill("2026-03-01")
        self.assertFalse(move.is_move_sent, "later, in a transaction of its own")
        self._send()
        self.assertTrue(move.is_move_sent)
        self.assertFalse(move.sending_data)
        mail = self._new_mails.filtered(lambda m: m.res_id == move.id)
        self.assertEqual(mail.recipient_ids, self.customer)
        self.assertEqual(mail.attachment_ids.mapped("mimetype"), ["application/pdf"])
        self.assertIn(move.name.replace("/", "_"), mail.attachment_ids.name)
        message = mail.mail_message_id
        self.assertIn(message, move.message_ids)
        self.assertEqual(message.author_id, agreement.user_id.partner_id)
        self.assertFalse(self._get_warnings(agreement))

    def test_without_an_address_it_is_posted_and_somebody_is_told(self):
        self.customer.email = False
        agreement = self._create_active("2026-03-01", invoice_mode="send")
        move = self._bill("2026-03-01")
        self.assertEqual(move.state, "posted")
        self.assertFalse(move.sending_data)
        warning = self._get_warnings(agreement)
        self.assertEqual(warning.user_id, agreement.user_id)
        self.assertIn(move.name, warning.note)
        self.assertIn("has no email address", warning.note)
        self.assertIn("has no email address", move.message_ids[0].body)
        self.assertFalse(agreement.billing_issue, "billed it is")

    def test_who_wants_it_by_hand_gets_it_by_hand(self):
        self.customer.invoice_sending_method = "manual"
        agreement = self._create_active("2026-03-01", invoice_mode="send")
        move = self._bill("2026-03-01")
        self._send()
        self.assertEqual(move.state, "posted")
        self.assertFalse(move.is_move_sent)
        self.assertFalse(self._get_warnings(agreement))

    @mute_logger("odoo.addons.mail.models.mail_mail")
    def test_a_refused_mail_makes_no_second_invoice_and_is_seen(self):
        agreement = self._create_active("2026-03-01", invoice_mode="send")
        move = self._bill("2026-03-01")
        with (
            self.mock_mail_gateway(),
            patch.object(
                IrMail_Server, "send_email", side_effect=OSError("no <route>")
            ),
        ):
            self._run_cron("account.ir_cron_account_move_send")
            self._run_cron("mail.ir_cron_mail_scheduler_action")
        warning = self._get_warnings(agreement)
        self.assertEqual(len(warning), 1)
        self.assertIn("no &lt;route&gt;", warning.note)
        self.assertEqual(move.state, "posted")
        self.assertFalse(self._bill("2026-03-31"))
        self.assertEqual(agreement._get_invoices(), move)

    def test_a_document_that_cannot_be_made_is_seen(self):
        agreement = self._create_active("2026-03-01", invoice_mode="send")
        move = self._bill("2026-03-01")

        def refuse(_self, _invoice, data):
            data["error"] = {"error_title": "No such format"}

        hook = "._hook_invoice_document_before_pdf_report_render"
        with patch(SEND + hook, refuse):
            self._send()
        self.assertFalse(move.is_move_sent)
        self.assertIn("No such format", self._get_warnings(agreement).note)
        self.assertEqual(agreement._get_invoices(), move)

    def test_other_invoices_are_none_of_our_business(self):
        move = self.init_invoice("out_invoice", amounts=[100.0], post=True)
        move._report_not_sent("whatever")
        self.assertNotIn("whatever", str(move.message_ids.mapped("body")))

    def test_a_failed_batch_sends_each_invoice_once(self):
        """One by one after a failure: what was rolled back is not in the queue."""
        good = self._create_active("2026-03-01", invoice_mode="send")
        journal = self.company_data["default_journal_sale"].copy({"code": "OLD"})
        bad = self._create_active(
            "2026-03-01", invoice_mode="send", journal_id=journal.id
        )
        journal.active = False
        move = self._bill("2026-03-01")
        self.assertEqual(move.agreement_ids, good)
        self.assertEqual(
            self.env["account.move"].search([("sending_data", "!=", False)]), move
        )
        self.assertIn("archived journal", bad.billing_issue)
