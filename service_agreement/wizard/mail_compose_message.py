from odoo import models

from ..models.written import Written


class MailComposeMessage(models.TransientModel):
    _inherit = "mail.compose.message"

    def _action_send_mail_mass_mail(self, res_ids, auto_commit=False):
        """Remember that a person wrote these mails, not a template or a campaign: by
        the mails alone nobody could tell."""
        campaign = "mass_mailing_id" in self._fields and self.mass_mailing_id
        if self.message_type == "comment" and not campaign:
            self = self.with_context(service_agreement_written=Written.BY_HAND)
        return super()._action_send_mail_mass_mail(res_ids, auto_commit=auto_commit)
