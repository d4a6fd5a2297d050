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

    def _get_request_model(self):
        """Without a project for them, requests are tickets of the helpdesk."""
        if model := super()._get_request_model():
            return model
        return "helpdesk.ticket" if self._get_request_team() else None

    def _get_request_team(self):
        """Sudo: asked for a customer; the first team that OCA offers him."""
        return (
            self.env["helpdesk.ticket.team"]
            .sudo()
            .search(
                [
                    ("show_in_portal", "=", True),
                    ("company_id", "in", (False, self.company_id.id)),
                ],
                limit=1,
            )
        )

    def action_view_helpdesk_tickets(self):
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "helpdesk_mgmt.helpdesk_ticket_action"
        )
        action["domain"] = [("agreement_id", "=", self.id)]
        action["context"] = {"default_partner_id": self.partner_id.id}
        return action
