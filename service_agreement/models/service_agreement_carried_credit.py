from dataclasses import replace

from odoo import api, fields, models

from ..tools.charges import Invoice, carried


class ServiceAgreement(models.Model):
    """Credit beyond what the next invoice can take: shown, and paid out on request.

    A large credit and a small charge would else go along with each other for years.
    """

    _inherit = "service.agreement"

    carried_credit = fields.Monetary(
        string="Credit Carried Forward",
        compute="_compute_carried_credit",
        compute_sudo=True,
        groups="account.group_account_invoice,account.group_account_readonly,"
        "service_agreement.group_user",
        help="What the next invoice cannot take of the customer's credit, before "
        "taxes. The invoices after it take it, as far as they charge enough.",
    )

    @api.depends(
        "next_invoice_date",
        "credit_policy",
        "end_reason",
        "line_ids.adjust_on",
        "line_ids.superseded_on",
        "line_ids.price_unit",
        "period_ids.charged",
        "period_ids.is_stale",
        "waiver_ids.date_start",
        "waiver_ids.date_end",
    )
    def _compute_carried_credit(self):
        charges = self._get_charges()
        for agreement in self:
            credit = agreement._get_carried_credit(charges[agreement])
            agreement.carried_credit = (
                -agreement._describe_invoice(credit)["untaxed"] if credit else 0.0
            )

    def _get_carried_credit(self, charges):
        """
        :param charges: list of tools.charges.Charge of this agreement
        :return: tools.charges.Invoice, the credit note that would pay it out today; or
            None, also where no credit is carried as the agreement has it
        """
        self.ensure_one()
        if self._get_credit_policy() != "carry":
            return None
        today = self.company_id._service_today()
        pieces = tuple(replace(piece, due=today) for piece in carried(charges))
        return Invoice(today, pieces, "credit") if pieces else None

    def _why_not_pay_out(self):
        self.ensure_one()
        agreement = self.sudo()
        if not agreement._get_carried_credit(agreement._get_charges()[agreement]):
            return self.env._(
                "The next invoice takes all the credit of %s: nothing is carried on.",
                self.name,
            )
        return self._get_obstacles(self.company_id._service_today()).get(self)

    def action_pay_out_credit(self):
        """Make a credit note, now, of what the next invoice leaves of the credit.

        :raise UserError: nothing is left, or no credit note can be made
        """
        self.ensure_one()
        self.env["service.agreement.period"]._ensure_may_correct()
        self._ensure_can(type(self)._why_not_pay_out, operation="read")
        self.lock_for_update()
        # Sudo: rights were checked, and a manager need not keep the books.
        agreement = self.sudo().with_company(self.company_id)
        credit = agreement._get_carried_credit(agreement._get_charges()[agreement])
        move = agreement._bill_pieces(agreement._prepare_due_pieces(credit), credit.due)
        agreement.message_post(
            body=self.env._("Credit paid out: %(move)s", move=move.display_name)
        )
        if move.with_env(self.env).has_access("read"):
            return self._get_invoices_action(move)
        return None
