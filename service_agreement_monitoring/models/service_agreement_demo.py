from odoo import api, models


class ServiceMonitoringSource(models.Model):
    _inherit = "service.monitoring.source"

    @api.model
    def _load_demo(self):
        """Called by the demo data alone: XML cannot live through some months."""
        # Imported here, because a database without demo data never needs it.
        from ..demo import monitoring

        monitoring.load(self.env)
