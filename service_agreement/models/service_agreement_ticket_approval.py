from odoo import api, fields, models
from odoo.exceptions import UserError

from .instant import now
from .service_agreement_approval import ANSWERS
from .written import Written

APPROVAL = "service.agreement.approval"
# Of a ticket that cannot wait: what it costs is asked for this very hour.
URGENT = "3"


class ServiceAgreementTicketMixin(models.AbstractModel):
    """The customer is asked before something is done that costs him, and answers."""

    _inherit = "service.agreement.ticket.mixin"

    approval_ids = fields.One2many(
        "service.agreement.approval",
        "res_id",
        string="Approvals",
        readonly=True,
        groups="service_agreement.group_user",
    )
    approval_state = fields.Selection(
        ANSWERS,
        string="Price",
        readonly=True,
        copy=False,
        help="The customer's last word on the price of what is not covered. Empty: he"
        " was not asked.",
    )
    approval_text = fields.Char(
        string="What the Customer Said",
        compute="_compute_approval_text",
        export_string_translation=False,
    )

    @api.depends("approval_state")
    def _compute_approval_text(self):
        """Sudo: a technician reads what the customer approved, and no agreement.

        Most tickets cost nothing, and are not looked up.
        """
        asked = self.filtered("approval_state")
        approvals = asked._ticket_approvals() if asked else {}
        for ticket in self:
            found = approvals.get(ticket._origin.id)
            ticket.approval_text = found and found[-1]._describe()

    def _ticket_approvals(self):
        """:return: dict of service.agreement.approval by id of the ticket, in order"""
        approvals = self.env[APPROVAL].sudo()
        found = approvals.search(
            [("res_model", "=", self._name), ("res_id", "in", self._origin.ids)]
        )
        return found.grouped("res_id")

    def _ticket_last_approval(self):
        """:return: service.agreement.approval, the last word; empty: there is none"""
        self.ensure_one()
        approvals = self._ticket_approvals().get(self.id)
        return approvals[-1] if approvals else self.env[APPROVAL].sudo()

    # What is offered

    def _ticket_prepare_question(self):
        """:return: dict of what is asked, see ``_preview_service_work``: an hour of
        work of today, or of right now where it cannot wait
        """
        ticket = self.sudo()
        values = {
            "customer": ticket._ticket_customer(),
            "system": ticket.system_id,
            "device": ticket.device_id,
            "work_type": ticket.work_type_id,
            "exclusion": ticket.exclusion_id,
            "choice": ticket.payer_id,
        }
        return {**values, **get_when(ticket._ticket_company(), self._ticket_priority())}

    def _ticket_get_offer(self):
        """What the customer reads of the next hour of work.

        Sudo: who asks may read nothing of what it is decided by; who calls sees to it
        that it is his own ticket.

        :return: service_offer.ServiceOffer; None: whose ticket it is, is not known
        """
        self.ensure_one()
        ticket = self.sudo()
        if not (ticket._ticket_in_scope() and ticket._ticket_customer()):
            return None
        lines = self.env["account.analytic.line"]
        offer = lines._offer_service_work(
            ticket._ticket_company(), self._ticket_prepare_question()
        )
        last = self._ticket_last_approval()
        if last.answer == "asked" and last._is_about(offer):
            # He was told a price, and that one goes, whatever the list says today.
            offer.tell(last._get_prices())
        return offer

    # The customer's answer

    def _ticket_answer_price(self, is_approved, author, name, key):
        """Keep what the customer says of the price he was shown.

        Sudo: customers write no facts; who calls sees to it that he may speak for the
        customer of this ticket.

        :param res.partner author: who says so; empty: somebody who has the link
        :param str name: his name
        :param str key: of the offer he was shown
        :return: "approved", "declined", "changed": he was shown another price, or
            "nothing": there is nothing to approve
        """
        self.ensure_one()
        offer = self._ticket_get_offer()
        if not (offer and offer.needs_approval):
            return "nothing"
        if key != offer.key:
            return "changed"
        ticket = self.sudo()
        answer = "approved" if is_approved else "declined"
        approval = ticket._ticket_keep_price(answer, offer, author, name)
        ticket._ticket_tell_team(approval)
        ticket._ticket_work_lines()._decide_service_work()
        return answer

    def _ticket_keep_price(self, answer, offer, author, name):
        """:return: service.agreement.approval"""
        customer = self._ticket_customer().commercial_partner_id
        self._ticket_write({"approval_state": answer})
        return self.env[APPROVAL].create(
            {
                "res_model": self._name,
                "res_id": self.id,
                "answer": answer,
                "at": self._ticket_now(),
                "company_id": self._ticket_company().id,
                "partner_id": customer.id,
                "author_id": author.id,
                "author_name": name or author.name or customer.name,
                "words": offer.words,
                **offer.get_values(),
            }
        )

    def _ticket_tell_team(self, approval):
        """Note it, tell who works on the ticket, and go on if it waited for this."""
        author = approval.author_id or self._ticket_customer()
        self.message_post(
            author_id=author.id,
            body=approval._describe(),
            message_type="notification",
            subtype_xmlid="mail.mt_note",
            partner_ids=self._ticket_assignees().partner_id.ids,
        )
        if self._ticket_is_waiting() and not self._ticket_is_closed():
            self._ticket_resume(author)


class ServiceAgreementApproval(models.Model):
    _inherit = "service.agreement.approval"

    def _is_about(self, offer):
        """:return: bool, whether an offer is of the same work, in the same currency"""
        mine, other = self._get_prices(), offer.get_values()
        same = ("work_type_id", "currency_id", "is_for_hours", "is_for_trips")
        return all(mine[name] == other[name] for name in same)


class ProjectTask(models.Model):
    _inherit = "project.task"

    def write(self, vals):
        """Another customer's ticket: the link that the first one has opens it no more,
        nor its prices."""
        if "partner_id" not in vals:
            return super().write(vals)
        tickets = self.sudo()
        before = {ticket: ticket.partner_id.commercial_partner_id for ticket in tickets}
        result = super().write(vals)
        tickets.filtered(
            lambda t: (
                t.access_token
                and before[t]
                and before[t] != t.partner_id.commercial_partner_id
                and t._ticket_in_scope()
            )
        ).access_token = False
        return result

    # EXTENDS 'service.agreement.ticket.mixin'
    def _ticket_prepare_question(self):
        return {**super()._ticket_prepare_question(), "task": self}

    def action_ticket_ask_price(self):
        """Send the customer the price, and a link by which he answers."""
        self.ensure_one()
        self._ticket_check_may_work()
        lang = self.sudo()._ticket_customer().lang or self.env.lang
        ticket = self.with_context(lang=lang)
        offer = ticket._ticket_get_offer()
        if reason := self._ticket_why_not_ask(offer):
            raise UserError(reason)
        # Sudo: a technician asks, who may read no prices; what he asks is decided.
        user = self.env.user
        asked = ticket.sudo()._ticket_keep_price(
            "asked", offer, user.partner_id, user.name
        )
        ticket._ticket_send_price()
        self.sudo()._message_log(
            author_id=user.partner_id.id, body=asked.with_env(self.env)._describe()
        )
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "success",
                "message": self.env._(
                    "%(customer)s was asked by mail.",
                    customer=self.sudo()._ticket_customer().name,
                ),
                "next": {"type": "ir.actions.client", "tag": "soft_reload"},
            },
        }

    def _ticket_send_price(self):
        template = self.env.ref("service_agreement.mail_template_ticket_price")
        # Sudo: the template reads what the customer was told.
        template = template.sudo().with_context(
            service_agreement_written=Written.BY_ITSELF
        )
        template.send_mail(self.id)

    def _ticket_why_not_ask(self, offer):
        """:return: str, why the customer cannot be asked, or None"""
        customer = self.sudo()._ticket_customer()
        if offer is None:
            return self.env._("Say first whose ticket it is: choose the customer.")
        if not offer.asked:
            return self.env._("There is nothing to ask: %(text)s", text=offer.text)
        if not offer.is_priced:
            return self.env._(
                "There is no price for such work yet. Add a rate, then ask."
            )
        if not customer.email:
            return self.env._(
                "%(customer)s has no e-mail address: add one, or call.",
                customer=customer.name,
            )
        return None


def get_when(company, priority, at=None):
    """
    :param datetime at: naive UTC, of the request; now if empty
    :return: dict of the day, or of the start where it cannot wait
    """
    at = at or now(company.env)
    return {"start": at} if priority == URGENT else {"day": company._service_day(at)}
