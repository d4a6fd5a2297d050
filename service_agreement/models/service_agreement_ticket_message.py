from markupsafe import Markup

from odoo import models
from odoo.tools.misc import clean_context

from .written import Written

# What people say in public. Acknowledgements, out-of-office notices, tracking and
# the mails of templates have other types.
SPOKEN_TYPES = ("comment", "email")


class ServiceAgreementTicketMixin(models.AbstractModel):
    """What is said on a ticket: an answer of ours, or a question of the customer's."""

    _inherit = "service.agreement.ticket.mixin"

    def _message_post_after_hook(self, message, msg_vals):
        ticket = self.sudo()
        if ticket._ticket_is_answer(message):
            ticket._ticket_record("answered", author=message.author_id)
        elif ticket._ticket_is_question(message):
            ticket._ticket_hear(message)
        return super()._message_post_after_hook(message, msg_vals)

    def _ticket_is_answer(self, message):
        """Whether a message answers the customer: public, by one of us, by hand.

        Not the message that opened the ticket, not a note, not what Odoo or a mail
        program sends by itself, not what the customer says.
        """
        return (
            self._ticket_is_spoken(message)
            and message.author_id != self._ticket_customer()
            and _is_ours(message.author_id)
        )

    def _message_mail_after_hook(self, mails):
        """What a person wrote to many at once, from the list, is an answer on each,
        though nothing is posted for it; what was not sent is none."""
        if self._ticket_how_written() is Written.BY_HAND:
            for mail in mails.filtered(lambda mail: mail.state != "cancel"):
                ticket, author = self.sudo().browse(mail.res_id), mail.author_id
                customer = ticket._ticket_customer()
                if (
                    ticket._ticket_in_scope()
                    and author != customer
                    and _is_ours(author)
                ):
                    ticket._ticket_record("answered", author=author)
        return super()._message_mail_after_hook(mails)

    def _ticket_how_written(self):
        return self.env.context.get("service_agreement_written")

    def _ticket_is_question(self, message):
        """Whether a message waits for an answer: public and by the customer, his
        colleagues, or an address that nobody knows.

        Not by somebody else who reads along.
        """
        if not self._ticket_is_spoken(message):
            return False
        author, customer = message.author_id, self._ticket_customer()
        if not author or (customer and author == customer):
            return True
        return not _is_ours(author) and (
            not customer
            or author.commercial_partner_id == customer.commercial_partner_id
        )

    def _ticket_is_spoken(self, message):
        return bool(
            message.message_type in SPOKEN_TYPES
            and message.subtype_id
            and not message.subtype_id.internal
            and not message.is_internal
            and message.subtype_id != self._creation_subtype()
            and self._ticket_how_written() is not Written.BY_ITSELF
            and self._ticket_in_scope()
        )

    def _ticket_recall_answers(self, until=None):
        """What was answered before it was a ticket needs no other answer.

        :param datetime until: what is being said from then on, is noted by who said it
        :return: dict of the first mail.message that answered, by ticket
        """
        messages = self.env["mail.message"].search(
            [
                ("model", "=", self._name),
                ("res_id", "in", self.ids),
                ("message_type", "in", SPOKEN_TYPES),
                ("date", "<", until or self._ticket_now()),
            ],
            order="date, id",
        )
        answers = {}
        for message in messages:
            ticket = self.browse(message.res_id)
            if ticket not in answers and ticket._ticket_is_answer(message):
                answers[ticket] = message
        return answers

    # The customer writes

    def _ticket_hear(self, message):
        """The customer wrote: what waited for him is worked on again, what was solved
        goes on, and what was closed long ago becomes another ticket."""
        if merged := self._ticket_merged_into():
            merged._ticket_record("asked", author=message.author_id)
            return
        closed = self._ticket_status().closed
        if self._ticket_is_final():
            if other := self._ticket_find_follow_up():
                other._ticket_repeat(message)
            else:
                self._ticket_follow_up(message)
            return
        if closed or self._ticket_is_waiting():
            self._ticket_resume(message.author_id)
        self._ticket_record("asked", author=message.author_id)

    def _ticket_resume(self, author):
        """Move the ticket to a stage in which it is worked on."""
        ticket = self._ticket_on_behalf_of(author)
        if values := ticket._ticket_prepare_resume():
            ticket.write(values)
        else:
            kind = "reopened" if ticket._ticket_is_closed() else "resumed"
            ticket._ticket_record(kind)

    # Another matter, after the promise was closed

    def _ticket_is_final(self):
        """Whether nothing goes on here any more."""
        closed = self._ticket_status().closed
        return bool(closed) and (closed == "cancelled" or self._ticket_is_over())

    def _ticket_find_follow_up(self):
        """:return: the last ticket that goes on with this one, or with one that did;
        empty if there is none, or nothing goes on there either
        """
        found = following = self.browse()
        if "followed_by_ids" in self._fields:
            following = self.followed_by_ids
        while following:
            found |= following.filtered(lambda t: not t._ticket_is_final())
            following = following.followed_by_ids
        return found.sorted("id")[-1:]

    def _ticket_apart(self):
        """:return: itself, without what a context says of another ticket"""
        return self.with_env(self.env(context=clean_context(self.env.context)))

    def _ticket_repeat(self, message):
        """What the customer wrote on the ticket before this one is for this one."""
        ticket = self._ticket_apart()
        ticket.message_post(
            body=message.body,
            subject=message.subject,
            author_id=message.author_id.id or None,
            email_from=message.email_from,
            message_type="comment",
            subtype_xmlid="mail.mt_comment",
            attachment_ids=message.attachment_ids.copy(
                {"res_model": self._name, "res_id": self.id}
            ).ids,
        )

    def _ticket_follow_up(self, message=None):
        """Open a new ticket that goes on with this one, under the agreement in force.

        :param mail.message message: of the customer, which asks for it
        :return: the new ticket; empty if this model knows no such thing
        """
        self.ensure_one()
        text = message.body if message else Markup()
        values = self._ticket_prepare_follow_up(text)
        if not values:
            return self.browse()
        model = self._ticket_apart()
        company = self._ticket_owner() or self._ticket_company()
        ticket = model.with_company(company).create(values)
        if message:
            ticket._ticket_take_over(message)
        self._message_log(
            body=self.env._("It goes on as %(ticket)s.", ticket=ticket._get_html_link())
        )
        ticket._message_log(
            body=self.env._(
                "Follows %(ticket)s, which was closed.", ticket=self._get_html_link()
            )
        )
        return ticket

    def _ticket_take_over(self, message):
        """The new ticket has what came with the message, and answers reach whoever
        wrote it."""
        for attachment in message.attachment_ids:
            attachment.copy({"res_model": self._name, "res_id": self.id})
        self.message_subscribe(message.author_id.ids)


def _is_ours(partner):
    return any(user._is_internal() for user in partner.user_ids)
