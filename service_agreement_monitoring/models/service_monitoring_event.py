"""Events: what a delivery said of one alert. Facts, of which alerts are made."""

from odoo import fields, models


class ServiceMonitoringEvent(models.Model):
    """An alert fires, has recovered, or a site is just alive."""

    _name = "service.monitoring.event"
    _description = "Monitoring Event"
    _inherit = ["service.agreement.guard"]
    _order = "id desc"
    _rec_name = "alert_name"

    source_id = fields.Many2one(
        "service.monitoring.source",
        required=True,
        readonly=True,
        ondelete="restrict",
        index=True,
    )
    company_id = fields.Many2one(related="source_id.company_id", store=True, index=True)
    site_id = fields.Many2one(
        "service.monitoring.site",
        string="Site or Device",
        required=True,
        readonly=True,
        ondelete="restrict",
        index=True,
    )
    delivery_id = fields.Many2one(
        "service.monitoring.delivery", readonly=True, ondelete="set null", index=True
    )
    position = fields.Integer(
        readonly=True, help="Of the alerts in a delivery the how manieth, from 0."
    )
    alert_name = fields.Char(string="Alert", required=True, readonly=True)
    key = fields.Char(
        required=True,
        readonly=True,
        help="What is the same alert has the same key, within its source.",
    )
    status = fields.Selection(
        [("firing", "Firing"), ("resolved", "Recovered"), ("heartbeat", "Alive")],
        required=True,
        readonly=True,
    )
    severity = fields.Selection(
        [("info", "Information"), ("warning", "Warning"), ("critical", "Critical")],
        default="warning",
        required=True,
        readonly=True,
    )
    happened_at = fields.Datetime(string="Happened", required=True, readonly=True)
    summary = fields.Char(readonly=True)
    url = fields.Char(string="Link", readonly=True)
    handed_at = fields.Datetime(
        string="Handed On",
        readonly=True,
        help="Empty: it waits for its site to get a customer.",
    )

    _position_uniq = models.Constraint(
        "UNIQUE(source_id, delivery_id, position)",
        "This alert of the delivery is known already.",
    )
    _waiting_idx = models.Index("(site_id, id) WHERE handed_at IS NULL")
