from odoo import api, fields, models


class ServiceAgreementGoodwill(models.TransientModel):
    """Why work is given as goodwill, and what is left of the month's budget."""

    _name = "service.agreement.goodwill"
    _description = "Goodwill"

    draw_ids = fields.Many2many("service.agreement.allowance.draw", required=True)
    company_currency_id = fields.Many2one(related="draw_ids.company_currency_id")
    worth = fields.Monetary(
        currency_field="company_currency_id", compute="_compute_figures"
    )
    left = fields.Monetary(
        string="Left This Month",
        currency_field="company_currency_id",
        compute="_compute_figures",
        help="Of the company's budget for goodwill, before this.",
    )
    note = fields.Char(string="Why", required=True)

    @api.depends("draw_ids")
    def _compute_figures(self):
        for goodwill in self:
            goodwill.worth = sum(goodwill.draw_ids.mapped("worth"))
            goodwill.left = sum(goodwill.draw_ids.month_id.mapped("goodwill_left"))

    def action_confirm(self):
        self.draw_ids._answer("goodwill", self.note)
        return {"type": "ir.actions.act_window_close"}
