from odoo import api, models

from . import ticket_notes


class ServiceAgreement(models.Model):
    """Tickets that come in together look for their agreement once, unless one of them
    changes in between."""

    _inherit = "service.agreement"

    @api.model_create_multi
    def create(self, vals_list):
        ticket_notes.forget_matches(self.env)
        return super().create(vals_list)

    def write(self, vals):
        ticket_notes.forget_matches(self.env)
        return super().write(vals)

    def unlink(self):
        ticket_notes.forget_matches(self.env)
        return super().unlink()


class ServiceAgreementTier(models.Model):
    _inherit = "service.agreement.tier"

    def write(self, vals):
        """Of two agreements the higher tier counts."""
        ticket_notes.forget_matches(self.env)
        return super().write(vals)
