from odoo import api, models


class ServiceAgreementDevice(models.Model):
    _inherit = "service.agreement.device"

    @api.model
    def _load_demo_equipment(self):
        """Called by the demo data alone."""
        # Imported here, because a database without demo data never needs it.
        from ..demo import equipment

        equipment.load(self.env)
