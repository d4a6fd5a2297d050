from odoo import models

from .written import Written

# What older mail programs send instead of what RFC 3834 asks for. Not "list" or "bulk":
# a group address that forwards a person's mail adds these.
AUTOMATIC_PRECEDENCE = "auto_reply"


class MailThread(models.AbstractModel):
    _inherit = "mail.thread"

    def _message_route_process(self, message, message_dict, routes):
        """Remember that a mail wrote itself: Odoo knows its own out-of-office notices,
        not those of the mail programs of our people."""
        if _is_automatic(message):
            self = self.with_context(service_agreement_written=Written.BY_ITSELF)
        return super()._message_route_process(message, message_dict, routes)


def _is_automatic(message):
    """:param email.message.EmailMessage message: as it came in"""
    submitted = (message.get("Auto-Submitted") or "no").strip().lower()
    precedence = (message.get("Precedence") or "").strip().lower()
    return (
        not submitted.startswith("no")
        or precedence == AUTOMATIC_PRECEDENCE
        or bool(message.get("X-Autoreply") or message.get("X-Autorespond"))
    )
