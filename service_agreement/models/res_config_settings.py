from odoo import api, fields, models


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    service_desk_project_id = fields.Many2one(
        related="company_id.service_desk_project_id", readonly=False
    )
    agreement_invoice_mode = fields.Selection(
        related="company_id.agreement_invoice_mode", readonly=False, required=True
    )
    agreement_invoice_date = fields.Selection(
        related="company_id.agreement_invoice_date", readonly=False, required=True
    )
    agreement_credit_suspended = fields.Boolean(
        related="company_id.agreement_credit_suspended", readonly=False
    )
    agreement_reopen_days = fields.Integer(
        related="company_id.agreement_reopen_days", readonly=False
    )
    service_goodwill_budget = fields.Monetary(
        related="company_id.service_goodwill_budget", readonly=False
    )
    service_goodwill_budget_customer = fields.Monetary(
        related="company_id.service_goodwill_budget_customer", readonly=False
    )
    service_hours_product_id = fields.Many2one(
        related="company_id.service_hours_product_id", readonly=False
    )
    service_trip_product_id = fields.Many2one(
        related="company_id.service_trip_product_id", readonly=False
    )
    service_work_months = fields.Integer(
        related="company_id.service_work_months", readonly=False
    )
    service_show_free_work = fields.Boolean(
        related="company_id.service_show_free_work", readonly=False
    )
    service_own_customers = fields.Boolean(
        related="company_id.service_own_customers", readonly=False
    )
    service_work_report = fields.Boolean(
        related="company_id.service_work_report", readonly=False
    )
    is_invoice_sending_off = fields.Boolean(
        compute="_compute_is_invoice_sending_off",
        help="Odoo's scheduled action that sends invoices is switched off.",
    )

    @api.depends("company_id")
    def _compute_is_invoice_sending_off(self):
        cron = self.env.ref("account.ir_cron_account_move_send", False)
        self.is_invoice_sending_off = not cron or not cron.sudo().active
