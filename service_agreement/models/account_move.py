from odoo import api, fields, models
from odoo.fields import Domain


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
