"""Events: what a delivery said of one alert. Facts, of which alerts are made."""

from odoo import api, fields, models
from odoo.fields import Domain

WAITING = Domain("handed_at", "=", False)
# Of a site that is archived nobody wants to know.
TO_HAND_ON = (
    WAITING
    & Domain("is_stuck", "=", False)
    & Domain("delivery_id", "!=", False)
    & Domain("site_id.partner_id", "!=", False)
    & Domain("site_id.active", "=", True)
)


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

    is_stuck = fields.Boolean(
        string="Could Not Be Taken",
        readonly=True,
        help="Its delivery says why, and has a button to try it again.",
    )

    _position_uniq = models.Constraint(
        "UNIQUE(source_id, delivery_id, position)",
        "This alert of the delivery is known already.",
    )
    _waiting_idx = models.Index("(id) WHERE handed_at IS NULL")

    @api.model
    def _get_to_hand_on(self, limit):
        """:return: those of known sites that nobody took yet, as they came"""
        return self.search(TO_HAND_ON, order="id", limit=limit)

    def _is_waiting(self):
        """Whether it waits for somebody to say whose it is."""
        self.ensure_one()
        site = self.site_id
        return not self.handed_at and site.active and not site.partner_id
