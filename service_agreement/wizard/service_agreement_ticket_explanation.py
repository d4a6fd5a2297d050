from odoo import api, fields, models


class ServiceAgreementTicketExplanation(models.TransientModel):
    """Shows the facts of a ticket and the arithmetic of its deadlines, in words."""

    _name = "service.agreement.ticket.explanation"
    _description = "Why This Deadline"

    res_model = fields.Char(required=True, readonly=True)
    res_id = fields.Many2oneReference(
        model_field="res_model", required=True, readonly=True
    )
    explanation = fields.Html(compute="_compute_explanation", sanitize=False)

    @api.depends("res_model", "res_id")
    def _compute_explanation(self):
        tickets = self.env["service.agreement.ticket.mixin"]
        for wizard in self:
            if wizard.res_model not in tickets._get_ticket_models():
                wizard.explanation = False
                continue
            ticket = self.env[wizard.res_model].browse(wizard.res_id)
            ticket._ticket_check_may_read()
            wizard.explanation = ticket._ticket_render_explanation()
