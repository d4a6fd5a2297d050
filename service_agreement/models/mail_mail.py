from odoo import models


class MailMail(models.Model):
    _inherit = "mail.mail"

    # EXTENDS 'mail'
    def _postprocess_sent_message(
        self, success_pids, success_emails, failure_reason=False, failure_type=None
    ):
        """An agreement's invoice that the mail server refused is somebody's to-do."""
        if failure_type:
            mails = self.filtered(lambda m: m.model == "account.move" and m.res_id)
            moves = self.env["account.move"].browse(mails.mapped("res_id")).exists()
            moves._report_not_sent(failure_reason or self.env._("unknown reason"))
        return super()._postprocess_sent_message(
            success_pids, success_emails, failure_reason, failure_type
        )
