from odoo import fields, models
from odoo.exceptions import UserError

CANCELLED = "service_agreement_sale.mail_activity_type_order_cancelled"


class SaleOrder(models.Model):
    """What becomes of the chosen tier when the order is confirmed, or cancelled."""

    _inherit = "sale.order"

    def _action_confirm(self):
        """EXTENDS 'sale': the agreement of what was chosen is made."""
        result = super()._action_confirm()
        for order in self:
            order._link_project()
            order._make_agreement()
        return result

    def _prepare_confirmation_values(self):
        """EXTENDS 'sale': what suggests itself is worked out while it still may."""
        self.flush_recordset(["agreement_start_on"])
        self.agreement_option_ids.flush_recordset(["price_unit", "price_listed"])
        return super()._prepare_confirmation_values()

    def _link_project(self):
        """The project that the order has just made, by Odoo's own sale_project; none
        that many orders share, and none that was handed over before.

        Sudo: it may be the customer who confirms, and salespeople see no projects.
        """
        self.ensure_one()
        order = self.sudo()
        if not order.service_project_id and "project_ids" in order._fields:
            shared = order.order_line.product_id.project_id
            own = order.order_line.project_id or order.project_id - shared
            order.service_project_id = own.filtered(
                lambda p: (
                    not p.is_service_desk and not p.is_template and not p.delivered_on
                )
            )[:1]

    def _make_agreement(self):
        """Offer what was chosen, signed where the quotation was, and start it unless a
        delivery is waited for. Once, however often it is called.

        Sudo: an order is confirmed by the customer who signs it, or by a salesperson
        who may not make agreements otherwise.
        """
        self.ensure_one()
        order = self.sudo().with_company(self.company_id)
        option = order.agreement_option_id
        if not option or order.agreement_ids.filtered(lambda a: not a.end_reason):
            return
        agreement = order.env["service.agreement"].create(
            order._prepare_agreement_values(option)
        )
        agreement._propose()
        order._sign_agreement(agreement)
        order._withdraw_proposals()
        if not agreement._awaits_delivery():
            agreement._cover_delivered(agreement.date_start)
            agreement._start_or_ask()
        order._note_agreement(agreement)

    def _prepare_agreement_values(self, option):
        """
        :param sale.order.agreement.option option: the chosen one
        :return: values of the service.agreement
        """
        self.ensure_one()
        delivered = self._get_delivered_on()
        return {
            **option._prepare_agreement_values(self._get_start()),
            "sale_order_id": self.id,
            "starts_on_delivery": self.agreement_start_on == "delivery"
            and not delivered,
        }

    def _sign_agreement(self, agreement):
        """Who signed the quotation signed the service on it, as it stands now."""
        self.ensure_one()
        if self.signature and self.signed_by:
            agreement.write(
                {
                    "signed_by": self.signed_by,
                    "signed_on": self.signed_on,
                    "signature": self.signature,
                }
            )
            agreement._freeze_document()

    def _note_agreement(self, agreement):
        self.ensure_one()
        self.message_post(
            body=self.env._("Service agreement: %s", agreement._get_html_link())
        )
        agreement.message_post(body=self.env._("Made of %s", self._get_html_link()))

    # The delivery, where no project tells it

    def action_start_service(self):
        """Delivered today: the service starts. For orders without a project, or with
        one that was delivered before.
        """
        self.check_access("write")
        for order in self:
            awaiting = order.sudo().agreement_ids.filtered(
                lambda agreement: agreement._awaits_delivery()
            )
            if not awaiting:
                raise UserError(
                    order.env._("No service of %s waits for a delivery.", order.name)
                )
            today = order.company_id._service_today()
            awaiting._deliver(order._get_delivered_on() or today)

    # Cancelled

    def _action_cancel(self):
        """EXTENDS 'sale': what was only offered is withdrawn with it."""
        result = super()._action_cancel()
        for order in self:
            order.sudo()._withdraw_agreements()
        return result

    def _withdraw_proposals(self):
        """Sudo callers only: who orders, or cancels, may not offer anything."""
        self.proposal_ids.filtered(
            lambda p: p.state in ("draft", "sent")
        ).action_withdraw()

    def _withdraw_agreements(self):
        self.ensure_one()
        self._withdraw_proposals()
        agreements = self.agreement_ids
        offered = agreements.filtered(lambda a: a.state in ("draft", "proposed"))
        for agreement in offered:
            agreement._withdraw_offer(
                self.env._("The order %s was cancelled.", self.name)
            )
        for agreement in agreements.filtered(
            lambda a: a.state in ("active", "suspended") and not a.end_reason
        ):
            agreement.activity_schedule(
                CANCELLED,
                user_id=agreement._get_responsible().id,
                note=self.env._(
                    "The order %s was cancelled, and this agreement is in force: end "
                    "it, or keep it.",
                    self.name,
                ),
            )

    # A proposal of its own

    def action_make_proposal(self):
        """Offer the tiers of this quotation by themselves, side by side."""
        self.ensure_one()
        proposals = self.env["service.agreement.proposal"]
        proposals.check_access("create")
        if self.state == "cancel":
            raise UserError(
                self.env._("%s is cancelled: nothing is offered with it.", self.name)
            )
        # Sudo for the link to the order: a fact that this makes.
        proposal = proposals.sudo().create(self._prepare_proposal_values())
        return proposal.with_env(self.env).get_formview_action()

    def _prepare_proposal_values(self):
        self.ensure_one()
        names = ("company_id", "partner_id", "user_id", "pricelist_id")
        options = self.agreement_option_ids
        values = {
            **{name: self[name].id for name in names},
            "partner_shipping_id": self.partner_shipping_id.id,
            "sale_order_id": self.id,
        }
        if not options:
            return values
        preferred = options.filtered("is_recommended") or options.filtered("is_chosen")
        return {
            **values,
            "option_ids": [
                fields.Command.create({"tier_id": tier.id, "sequence": number})
                for number, tier in enumerate(options.tier_id, 1)
            ],
            "plan_ids": [fields.Command.set(options.plan_id.ids)],
            "recommended_tier_id": preferred[:1].tier_id.id,
        }
