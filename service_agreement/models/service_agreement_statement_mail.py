"""Sending value statements: each once."""

import logging

from odoo import api, models
from odoo.exceptions import UserError
from odoo.fields import Domain

from . import instant

_logger = logging.getLogger(__name__)

TEMPLATE = "service_agreement.mail_template_statement"
REPORT = "service_agreement.action_report_statement"
LAYOUT = "mail.mail_notification_layout_with_responsible_signature"


class ServiceAgreementStatement(models.Model):
    _inherit = "service.agreement.statement"

    def action_send(self):
        """Send it to the customer, once; from then on it stays as it is."""
        self.check_access("write")
        self.lock_for_update()
        self._ensure_can(type(self)._why_not_send)
        # Sudo: facts, and an agreement that one need not be able to write.
        for each in self.sudo():
            each._send()

    def _why_not_send(self):
        if reason := self._why_not_prepare():
            return reason
        partner = self.sudo().partner_id
        if not partner.email:
            return self.env._(
                "%(customer)s has no mail address. Enter one, or print the statement.",
                customer=partner.display_name,
            )
        return None

    def _why_not_send_unseen(self):
        """:return: str, why somebody has to look at it first; or None"""
        if reason := self._why_not_send():
            return reason
        if not self.is_billed:
            return self.env._(
                "These days are not all billed yet. Post the invoices, prepare the "
                "statement again, and send it."
            )
        return None

    @api.model
    def _send_waiting(self):
        """Send what goes out by itself, one by one: what fails waits for a person."""
        waiting = self.search(
            Domain("goes_out", "=", True) & Domain("state", "=", "prepared")
        )
        self.env["ir.cron"]._commit_progress(remaining=len(waiting))
        for each in waiting:
            each.try_lock_for_update()._send_or_set_aside()
            if not self.env["ir.cron"]._commit_progress(1):
                return

    def _send_or_set_aside(self):
        """Of none: another one has it."""
        for each in self.filtered(lambda each: each.state == "prepared"):
            each = each.with_company(each.company_id)
            try:
                with self.env.cr.savepoint():
                    each._ensure_can(type(self)._why_not_send_unseen)
                    each._send()
            except UserError as error:
                each.write({"problem": str(error), "goes_out": False})

    def _send(self):
        self.ensure_one()
        # First: whatever comes after, nobody sends it a second time.
        self._mark_sent()
        self._mail()

    def _mark_sent(self):
        self.write(
            {"state": "sent", "sent_at": instant.now(self.env), "problem": False}
        )

    def _mail(self):
        """As a message of the agreement, in the customer's language."""
        self.ensure_one()
        template = self.env.ref(TEMPLATE)
        rendered = {
            name: template._render_field(name, self.ids, compute_lang=True)[self.id]
            for name in ("subject", "body_html")
        }
        agreement = self.agreement_id
        agreement.with_context(agreement_statement_id=self.id).message_post(
            subject=rendered["subject"],
            body=rendered["body_html"],
            attachments=self._render_attachments(),
            partner_ids=agreement.partner_id.ids,
            subtype_xmlid="mail.mt_comment",
            email_layout_xmlid=LAYOUT,
            email_from=(agreement.user_id or agreement.company_id).email_formatted,
        )

    def _render_attachments(self):
        """:return: list of (file name, PDF); empty where none can be made: the mail's
        button opens the same statement
        """
        self.ensure_one()
        # The PDF is made of what is in the database.
        self.env.flush_all()
        report = self.env["ir.actions.report"].with_company(self.company_id)
        try:
            pdf, _type = report._render_qweb_pdf(REPORT, self.ids)
        except UserError:
            _logger.warning("No PDF of %s", self.display_name, exc_info=True)
            return []
        return [(f"{self._in_lang()._get_report_base_filename()}.pdf", pdf)]

    def _get_report_base_filename(self):
        self.ensure_one()
        return self.env._(
            "Value statement %(agreement)s %(day)s",
            agreement=self.agreement_id.name,
            day=self.date_end,
        )


class ServiceAgreement(models.Model):
    _inherit = "service.agreement"

    def _notify_get_recipients_groups(self, message, model_description, msg_vals=False):
        """EXTENDS 'mail': the customer's button opens the statement that is sent."""
        groups = super()._notify_get_recipients_groups(
            message, model_description, msg_vals=msg_vals
        )
        number = self.env.context.get("agreement_statement_id")
        if not (self and isinstance(number, int)):
            return groups
        for name, _match, options in groups:
            if name == "portal_customer":
                options["button_access"] = {
                    "url": self.get_base_url()
                    + self.get_portal_url(suffix=f"/statements/{number}"),
                    "title": self.env._("See your statement"),
                }
        return groups
