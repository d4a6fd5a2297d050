from odoo import api, models


class ServiceAgreement(models.Model):
    _inherit = "service.agreement"

    @api.model
    def _load_demo_history(self):
        """Called by the demo data alone: XML cannot live through fourteen months."""
        # Imported here, because a database without demo data never needs it.
        from ..demo import history

        history.load(self.env)
