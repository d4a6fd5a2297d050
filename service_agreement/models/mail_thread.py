from odoo import models

# RFC 3834, and what Outlook and older mailing software send instead of it.
AUTOMATIC_PRECEDENCES = ("bulk", "junk", "list", "auto_reply")


class MailThread(models.AbstractModel):
    _inherit = "mail.thread"

    def _message_route_process(self, message, message_dict, routes):
        """Remember that a mail wrote itself: Odoo knows its own out-of-office notices,
        not those of the mail programs of our people."""
        if _is_automatic(message):
            self = self.with_context(service_agreement_automatic_mail=True)
        return super()._message_route_process(message, message_dict, routes)


def _is_automatic(message):
    """:param email.message.EmailMessage message: as it came in"""
    submitted = (message.get("Auto-Submitted") or "no").strip().lower()
    precedence = (message.get("Precedence") or "").strip().lower()
    return (
        not submitted.startswith("no")
        or precedence in AUTOMATIC_PRECEDENCES
        or bool(message.get("X-Autoreply") or message.get("X-Autorespond"))
    )
