"""Telling the customer that a promise is not kept."""

from markupsafe import Markup

from odoo import fields, models
from odoo.exceptions import UserError

from . import instant

TEMPLATE = "service_agreement.mail_template_delay_notice"


class ResCompany(models.Model):
    _inherit = "res.company"

    service_manager_id = fields.Many2one(
        "res.users",
        domain="[('share', '=', False), ('company_ids', 'in', id)]",
        help="Is told of promises that are about to be missed, as the warnings say.",
    )
    service_delay_notice = fields.Boolean(
        string="Tell Customers of a Delay",
        help="As soon as a promise is missed the customer gets a mail, once for each "
        "promise. Switched off, somebody does it from the ticket.",
    )


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    service_manager_id = fields.Many2one(
        related="company_id.service_manager_id", readonly=False
    )
    service_delay_notice = fields.Boolean(
        related="company_id.service_delay_notice", readonly=False
    )


class ServiceAgreementSlaClock(models.Model):
    """The delay notice: one text, written by the scheduled action or by a person."""

    _inherit = "service.agreement.sla.clock"

    customer_told_at = fields.Datetime(
        string="Customer Told",
        readonly=True,
        copy=False,
        help="When the customer was told that it is, or will be, late.",
    )

    def _after_breach(self):
        result = super()._after_breach()
        if self.company_id.service_delay_notice and not self._is_old_news():
            self._attempt(self._send_delay_notice)
        return result

    def _is_to_tell(self):
        """Whether the customer waits for it, and does not know that it is late."""
        self.ensure_one()
        return self._is_open() and bool(self.deadline) and not self.customer_told_at

    def _send_delay_notice(self):
        """By itself: nobody's answer, so it is none of a promise, either."""
        self.ensure_one()
        ticket, customer = self._get_ticket(), self._get_customer()
        if not (self._is_to_tell() and ticket and customer.email):
            return
        named = self._get_delay_clocks()
        subject, body = self._render_delay_notice()
        company = self.company_id
        ticket.with_context(lang=customer.lang).message_post(
            subject=subject,
            body=body,
            partner_ids=customer.ids,
            author_id=company.partner_id.id,
            email_from=company.email_formatted or self.env.user.email_formatted,
            message_type="auto_comment",
            subtype_xmlid="mail.mt_comment",
            email_layout_xmlid="mail.mail_notification_light",
        )
        named._record_customer_told()

    def _record_customer_told(self):
        self.customer_told_at = instant.now(self.env)

    def _get_customer(self):
        """:return: res.partner who asked, in whose language and time zone we answer"""
        return self._get_ticket()._ticket_customer() or self.partner_id

    def _render_delay_notice(self):
        """:return: (subject, Markup), in the customer's language and on his clock"""
        self.ensure_one()
        lang = self._get_customer().lang or self.env.lang
        template = self.env.ref(TEMPLATE).sudo()
        template = template.with_context(template_preview_lang=lang)
        values = template._generate_template([self.id], ["subject", "body_html"])
        return values[self.id]["subject"], Markup(values[self.id]["body_html"])

    # What the template asks

    def _get_delay_clocks(self):
        """:return: those of the ticket's promises that this notice names: what is late
        with what is late, what is at risk with what is at risk"""
        self.ensure_one()
        clocks = self._get_ticket().sudo()._ticket_clocks()
        alike = clocks.filtered(
            lambda clock: clock.status == self.status and clock._is_to_tell()
        )
        return (self | alike).sorted("deadline")

    def _get_delay_promises(self):
        """:return: Markup, "an answer by Mon 9 Mar, 13:00 and a solution by …" """
        texts = [clock._get_delay_promise() for clock in self._get_delay_clocks()]
        text = texts.pop()
        while texts:
            text = self.env._("%(one)s and %(another)s", one=texts.pop(), another=text)
        return text

    def _get_delay_promise(self):
        self.ensure_one()
        when = Markup("<strong>%s</strong>") % self._get_delay_deadline()
        texts = {
            "first_response": self.env._("an answer by %(when)s", when=when),
            "update": self.env._("news by %(when)s", when=when),
            "on_site": self.env._("a technician on site by %(when)s", when=when),
            "resolution": self.env._("a solution by %(when)s", when=when),
        }
        return texts[self.metric]

    def _is_late(self):
        self.ensure_one()
        return self._get_status(instant.now(self.env)) == "missed"

    def _get_delay_deadline(self):
        """:return: str, on the customer's clock; empty while it waits for him"""
        self.ensure_one()
        if not self.deadline:
            return ""
        return self.agreement_id._format_portal_instant(self.deadline)

    def _get_delay_people(self):
        """:return: str, names of who works on it; empty if nobody does yet"""
        self.ensure_one()
        return ", ".join(self._get_ticket()._ticket_assignees().mapped("name"))

    def _get_delay_reference(self):
        """:return: str, "The projector stays dark (#12)" """
        self.ensure_one()
        ticket = self._get_ticket()
        return self.env._(
            "%(ticket)s (%(reference)s)",
            ticket=ticket[ticket._rec_name],
            reference=ticket._ticket_reference(),
        )


class ServiceAgreementTicketMixin(models.AbstractModel):
    _inherit = "service.agreement.ticket.mixin"

    can_tell_delay = fields.Boolean(
        compute="_compute_can_tell_delay",
        export_string_translation=False,
        help="A promise is late, or soon will be, and the customer was not told.",
    )

    def _compute_can_tell_delay(self):
        clocks = self._ticket_clocks_to_tell()
        for ticket in self:
            ticket.can_tell_delay = ticket.id in clocks

    def _ticket_clocks_to_tell(self):
        """:return: dict by ticket id of the service.agreement.sla.clock to tell of:
        what is late first. Sudo: a technician tells, and may not read clocks.
        """
        clocks = (
            self.sudo()
            ._ticket_clocks()
            .filtered(
                lambda clock: (
                    clock.status in ("at_risk", "missed") and clock._is_to_tell()
                )
            )
        )
        by_ticket = clocks.sorted("deadline").grouped("res_id")
        return {res_id: group[:1] for res_id, group in by_ticket.items()}

    def action_tell_delay(self):
        """Write the delay notice in Odoo's composer: a person reads it, edits it and
        sends it, in his own name."""
        self.ensure_one()
        self._ticket_check_may_work()
        clock = self._ticket_clocks_to_tell().get(self.id)
        if not clock:
            raise UserError(
                self.env._("The customer waits for nothing that is late or at risk.")
            )
        subject, body = clock._render_delay_notice()
        return {
            "name": self.env._("Tell the Customer"),
            "type": "ir.actions.act_window",
            "res_model": "mail.compose.message",
            "view_mode": "form",
            "views": [(False, "form")],
            "target": "new",
            "context": {
                "default_model": self._name,
                "default_res_ids": self.ids,
                "default_composition_mode": "comment",
                "default_subject": subject,
                "default_body": body,
                "default_partner_ids": clock._get_customer().ids,
                "default_subtype_xmlid": "mail.mt_comment",
                "default_email_layout_xmlid": "mail.mail_notification_light",
                "force_email": True,
                "service_delay_clock_ids": clock._get_delay_clocks().ids,
            },
        }

    def _message_post_after_hook(self, message, msg_vals):
        told = self.env.context.get("service_delay_clock_ids")
        by_us = self.env.user._is_internal()
        if told and by_us and not message.is_internal:
            # Only of this ticket, whatever a client sends as context.
            clocks = self.sudo()._ticket_clocks()
            clocks.filtered(lambda clock: clock.id in told)._record_customer_told()
        return super()._message_post_after_hook(message, msg_vals)
