from odoo import api, models


class ServiceAgreement(models.Model):
    _inherit = "service.agreement"

    @api.model
    def _load_demo_quotation(self):
        """Called by the demo data alone."""
        # Imported here, because a database without demo data never needs it.
        from ..demo import quotation

        quotation.load(self.env)
