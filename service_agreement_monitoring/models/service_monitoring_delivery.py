"""Deliveries: what sources posted, word for word, and what became of it."""

from odoo import fields, models


class ServiceMonitoringDelivery(models.Model):
    """One body as it came. Handled in the background; never lost."""

    _name = "service.monitoring.delivery"
    _description = "Monitoring Delivery"
    _inherit = ["service.agreement.guard"]
    _order = "id desc"
    _rec_name = "external_id"

    source_id = fields.Many2one(
        "service.monitoring.source", required=True, ondelete="restrict", readonly=True
    )
    company_id = fields.Many2one(related="source_id.company_id", store=True, index=True)
    external_id = fields.Char(
        string="Delivery", required=True, readonly=True, help="By which it is known."
    )
    received_at = fields.Datetime(string="Received", required=True, readonly=True)
    handled_at = fields.Datetime(string="Handled", readonly=True)
    body = fields.Text(readonly=True, groups="service_agreement.group_manager")
    pretty_body = fields.Text(
        string="What Was Posted",
        compute="_compute_pretty_body",
        groups="service_agreement.group_manager",
    )
    state = fields.Selection(
        [
            ("new", "To Handle"),
            ("done", "Done"),
            ("parked", "Parked"),
            ("refused", "Refused"),
        ],
        default="new",
        required=True,
        readonly=True,
    )
    reason = fields.Char(readonly=True)
    event_ids = fields.One2many(
        "service.monitoring.event", "delivery_id", string="Events"
    )

    _external_id_uniq = models.Constraint(
        "UNIQUE(source_id, external_id)", "This delivery is known already."
    )
    _to_handle_idx = models.Index("(id) WHERE state = 'new'")
    _to_settle_idx = models.Index("(source_id) WHERE state = 'parked'")
