from odoo import fields, models


class ServiceAgreement(models.Model):
    _inherit = "service.agreement"

    helpdesk_ticket_count = fields.Integer(
        string="Helpdesk Tickets", compute="_compute_helpdesk_ticket_count"
    )

    def _compute_helpdesk_ticket_count(self):
        counts = self._count_tickets("helpdesk.ticket")
        for agreement in self:
            agreement.helpdesk_ticket_count = counts.get(agreement, 0)

    def action_view_helpdesk_tickets(self):
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "helpdesk_mgmt.helpdesk_ticket_action"
        )
        action["domain"] = [("agreement_id", "=", self.id)]
        action["context"] = {"default_partner_id": self.partner_id.id}
        return action
