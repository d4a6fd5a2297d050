from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.tools import format_date

DELIVERED = "service_agreement_sale.mail_activity_type_delivered"
# What is agreed as the start, as long as nobody knows the day.
WITH_DELIVERY = "delivery"
FACTS = (
    "sale_order_id",
    "starts_on_delivery",
    "delivered_on",
    "free_months",
    "free_until",
    "free_told_on",
)


class ServiceAgreement(models.Model):
    """An agreement that was sold with an order, and starts with its delivery."""

    _inherit = "service.agreement"

    sale_order_id = fields.Many2one(
        "sale.order",
        readonly=True,
        copy=False,
        index="btree_not_null",
        ondelete="restrict",
        groups="sales_team.group_sale_salesman,service_agreement.group_user,"
        "account.group_account_invoice,account.group_account_readonly",
    )
    starts_on_delivery = fields.Boolean(
        string="Starts with the Delivery", readonly=True, copy=False
    )
    delivered_on = fields.Date(readonly=True, copy=False, tracking=True)

    _sale_order_uniq = models.UniqueIndex(
        "(sale_order_id) WHERE sale_order_id IS NOT NULL AND end_reason IS NULL",
        "The order has its service agreement already.",
    )

    @api.model
    def _get_facts(self):
        """EXTENDS: how it came out of an order, and what was free."""
        return (*super()._get_facts(), *FACTS)

    # Started by the delivery

    def _awaits_delivery(self):
        """:return: bool, whether it is offered or signed, and starts when something is
        handed over
        """
        self.ensure_one()
        return (
            self.state == "proposed"
            and self.starts_on_delivery
            and not self.delivered_on
        )

    def _after_sign(self):
        """EXTENDS: signed, it still waits for the delivery; the document is kept as it
        was signed, not as it is when it starts.
        """
        if self._awaits_delivery():
            self._freeze_document()
            return None
        return super()._after_sign()

    def _get_agreed_facts(self, accepted=None):
        """EXTENDS: agreed is the delivery, whichever day it will be."""
        facts = super()._get_agreed_facts(accepted)
        known = accepted and accepted["start"]
        if self.starts_on_delivery and known in (None, WITH_DELIVERY):
            facts["start"] = WITH_DELIVERY
        return facts

    def _deliver(self, day):
        """Handed over: it covers what was delivered and, signed, starts on that day.

        :param date day: of the delivery
        """
        self._lock_and_wait()
        awaiting = self.filtered(lambda agreement: agreement._awaits_delivery())
        for agreement in awaiting:
            agreement._start_on(day)
            agreement._cover_delivered(day)
        awaiting._start_or_ask()

    def _start_or_ask(self):
        """What is signed is put in force; of the others a person is told."""
        signed = self.filtered("signed_on")
        signed.action_activate()
        (self - signed)._ask_to_sign()

    def _start_on(self, day):
        """Sudo callers only: from the offer on, nobody types over the start."""
        self.ensure_one()
        paid_from = self._get_paid_from(day, self.free_months)
        anchor = self.plan_id._get_anchor(paid_from)
        self.write({"date_start": day, "anchor_date": anchor, "delivered_on": day})
        for line in self.line_ids.filtered("is_suggested"):
            line.write(
                {
                    "anchor_date": anchor,
                    "date_start": self.free_months and paid_from,
                }
            )

    def _ask_to_sign(self):
        for agreement in self:
            agreement.activity_schedule(
                DELIVERED,
                user_id=agreement._get_responsible().id,
                note=agreement._get_unsigned_text(),
            )

    def _get_unsigned_text(self):
        self.ensure_one()
        if self.delivered_on:
            return self.env._(
                "Delivered on %(date)s, and nobody has signed yet: send it, or "
                "start it without signature.",
                date=format_date(self.env, self.delivered_on),
            )
        return self.env._(
            "It is to start on %(date)s, and nobody has signed yet: send it, or "
            "start it without signature.",
            date=format_date(self.env, self.date_start),
        )

    def _why_not_draft(self):
        """EXTENDS: nobody changes what the customer signed with the order."""
        self.ensure_one()
        return self._why_not_unsign() or super()._why_not_draft()

    def _why_not_unsign(self):
        """:return: why it is not changed and not deleted before it starts, or None"""
        self.ensure_one()
        if self.state == "proposed" and self.signed_on:
            return self.env._("%s is signed: end it instead.", self.name)
        return None

    @api.ondelete(at_uninstall=False)
    def _unlink_only_unsigned(self):
        for agreement in self:
            if reason := agreement._why_not_unsign():
                raise UserError(reason)

    # What was delivered

    def _cover_delivered(self, day):
        """The goods of the order are a system of the customer, each piece a device;
        those of an order that was cancelled and confirmed again are known.
        """
        self.ensure_one()
        order = self.sale_order_id
        if not self.system_ids and order.agreement_ids.system_ids:
            self.system_ids = order.agreement_ids.system_ids
        lines = order.order_line._get_delivered()
        if not lines or self.system_ids:
            return
        system = self.env["service.agreement.system"].create(
            self._prepare_system_values()
        )
        self.env["service.agreement.device"].create(
            lines._prepare_device_values(system, day)
        )
        self.system_ids = [Command.link(system.id)]

    def _prepare_system_values(self):
        self.ensure_one()
        order = self.sale_order_id
        site = order.partner_shipping_id
        is_theirs = self.commercial_partner_id in site._get_parents()
        return {
            "name": order.service_project_id.name or order.name,
            "partner_id": self.partner_id.id,
            "company_id": self.company_id.id,
            "site_id": is_theirs and site != self.partner_id and site.id,
        }

    # The order is cancelled

    def _withdraw_offer(self, reason):
        """Nobody can sign it any more; what was never offered goes."""
        self.ensure_one()
        if self.state == "draft":
            self.unlink()
            return
        self._end(self.company_id._service_today(), "cancelled", reason)
        # In the database, before it is asked whether the order has another one.
        self.flush_recordset(["end_reason"])
        self.message_post(body=reason)

    # In the portal

    def _get_portal_status(self):
        """EXTENDS: signed, and not started yet."""
        self.ensure_one()
        if self._awaits_delivery() and self.signed_on:
            return self.env._("Starts with the delivery"), "info"
        return super()._get_portal_status()

    # Links

    def action_view_sale_order(self):
        self.ensure_one()
        return self.sale_order_id.get_formview_action()
