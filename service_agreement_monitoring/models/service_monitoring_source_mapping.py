from odoo import fields, models

from ..tools.formats import Paths

# Of `Paths` what a person may set for a format of his own.
PATH_FIELDS = {
    "delivery": "map_delivery",
    "alerts": "map_alerts",
    "site": "map_site",
    "site_name": "map_site_name",
    "device": "map_device",
    "device_name": "map_device_name",
    "name": "map_alert",
    "key": "map_key",
    "status": "map_status",
    "firing": "map_firing",
    "resolved": "map_resolved",
    "severity": "map_severity",
    "critical": "map_critical",
    "info": "map_info",
    "time": "map_time",
    "summary": "map_summary",
    "url": "map_url",
}
LABEL_FIELDS = ("site_label", "device_label")


class ServiceMonitoringSource(models.Model):
    """Where in a body each thing stands, for formats that we do not know."""

    _inherit = "service.monitoring.source"

    site_label = fields.Char(
        string="Label of the Site",
        default="site",
        help="The label that says at which site it is.",
    )
    device_label = fields.Char(
        string="Label of the Device",
        default="instance",
        help="The label that says which device it is. Without a label of the site this "
        "one stands for it.",
    )
    map_alerts = fields.Char(
        string="List of Alerts",
        help="Where the list of alerts stands. Empty: the whole is one alert, or the "
        "list itself.",
    )
    map_delivery = fields.Char(
        string="Delivery", help="What is the same when the same is sent again."
    )
    map_site = fields.Char(string="Site")
    map_site_name = fields.Char(string="Name of the Site")
    map_device = fields.Char(string="Device")
    map_device_name = fields.Char(string="Name of the Device")
    map_alert = fields.Char(string="Alert", help="What is wrong, in the same words.")
    map_key = fields.Char(
        string="Key of the Alert",
        help="What has the same key is the same alert. Empty: alert, site and device.",
    )
    map_status = fields.Char(
        string="Status", help="Empty: it tells of what is wrong only."
    )
    map_firing = fields.Char(string="It Is Wrong", help="Words, with commas between.")
    map_resolved = fields.Char(string="It Is Over", help="Words, with commas between.")
    map_severity = fields.Char(string="Severity")
    map_critical = fields.Char(string="It Is Critical", help="Words between commas.")
    map_info = fields.Char(string="It Is for Information", help="Words between commas.")
    map_time = fields.Char(string="Time")
    map_summary = fields.Char(string="Summary")
    map_url = fields.Char(string="Link")

    def _get_paths(self):
        """:return: Paths"""
        self.ensure_one()
        alive = self.alive_names or ""
        if self.format == "alertmanager":
            labels = {"site": self.site_label or "", "device": self.device_label or ""}
            return Paths(**labels, alive=alive)
        if self.format != "mapped":
            return Paths(alive=alive)
        values = {name: self[field] or "" for name, field in PATH_FIELDS.items()}
        return Paths(**values, alive=alive)
