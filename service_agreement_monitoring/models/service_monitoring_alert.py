"""Alerts: what is wrong at a site, from first to last."""

from odoo import api, models


class ServiceMonitoringAlert(models.Model):
    """One alert of one site."""

    _name = "service.monitoring.alert"
    _description = "Monitoring Alert"

    @api.model
    def _take(self, events):
        """Take what sources told of sites that have a customer.

        :param events: recordset of service.monitoring.event, in the order of arrival;
            may be called again with the same ones
        """
