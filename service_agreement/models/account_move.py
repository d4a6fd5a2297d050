from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import plaintext2html


class AccountMove(models.Model):
    _inherit = "account.move"

    agreement_ids = fields.Many2many(
        "service.agreement",
        string="Service Agreements",
        compute="_compute_agreement_ids",
        search="_search_agreement_ids",
        groups="account.group_account_readonly,account.group_account_invoice,"
        "service_agreement.group_user",
    )
    agreement_count = fields.Integer(
        compute="_compute_agreement_ids",
        groups="account.group_account_readonly,account.group_account_invoice,"
        "service_agreement.group_user",
    )

    agreement_billing_run_id = fields.Many2one(
        "service.agreement.billing.run",
        string="Billing Run",
        readonly=True,
        copy=False,
        index="btree_not_null",
        help="The run that made this invoice of service agreements.",
    )

    @api.depends("line_ids.agreement_id")
    def _compute_agreement_ids(self):
        for move in self:
            move.agreement_ids = move.line_ids.agreement_id
            move.agreement_count = len(move.agreement_ids)

    def _search_agreement_ids(self, operator, value):
        if operator != "in":
            return NotImplemented
        linked = Domain("line_ids.agreement_id", "!=", False)
        found = Domain("line_ids.agreement_id", "in", [v for v in value if v])
        return found | ~linked if False in value else found

    # Sending

    def _queue_agreement_sending(self):
        """Hand posted invoices to Odoo's asynchronous sending, each by the method its
        customer prefers; invoices that are sent by hand wait for somebody to do so.

        What cannot be sent stays posted, and the owner of the agreement learns why.
        """
        queued = self.browse()
        for move in self:
            methods = self.env["account.move.send"]._get_default_sending_methods(move)
            if methods == {"email"} and not move._has_email_recipient():
                move._report_not_sent(
                    self.env._(
                        "%(customer)s has no email address.",
                        customer=move.partner_id.display_name,
                    )
                )
            elif methods - {"manual"}:
                queued |= move
        for author, moves in queued.grouped(lambda m: m.invoice_user_id).items():
            moves.sending_data = self._prepare_sending_data(author)
        if queued:
            self.env.ref("account.ir_cron_account_move_send")._trigger()

    def _prepare_sending_data(self, author):
        """:return: what Odoo's sending wants to know: in whose name"""
        user = author or self.env.user
        return {"author_user_id": user.id, "author_partner_id": user.partner_id.id}

    def _has_email_recipient(self):
        """Of the customer, or of another whom the mail template names."""
        self.ensure_one()
        if self.partner_id.email:
            return True
        send = self.env["account.move.send"]
        template = send._get_default_mail_template_id(self)
        lang = send._get_default_mail_lang(self, template)
        return bool(send._get_default_mail_partner_ids(self, template, lang))

    def _report_not_sent(self, reason):
        """Tell why, on the invoice and as a to-do of whoever owns the agreement.

        Sudo: who sends need not be able to change agreements, nor the owner of one to
        read invoices.

        :param str reason: for people
        """
        for move in self.sudo().filtered("agreement_ids"):
            agreement = move.agreement_ids[:1]
            move._message_log(body=self.env._("Not sent: %(reason)s", reason=reason))
            agreement.activity_schedule(
                "mail.mail_activity_data_warning",
                summary=self.env._("The invoice did not reach the customer"),
                note=plaintext2html(f"{move.name}: {reason}"),
                user_id=(agreement.user_id or self.env.user).id,
            )

    def action_view_agreements(self):
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "service_agreement.action_service_agreement"
        )
        if self.agreement_count == 1:
            return dict(
                action,
                view_mode="form",
                views=[(False, "form")],
                res_id=self.agreement_ids.id,
            )
        return dict(action, domain=[("id", "in", self.agreement_ids.ids)])
