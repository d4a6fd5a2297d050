"""Sources: the monitoring systems that tell us what happens at customers'."""

import secrets

from odoo import fields, models
from odoo.fields import NO_ACCESS

DOOR_KEY_BYTES = 12


class ServiceMonitoringSource(models.Model):
    """One monitoring system, with the address and the secret it posts alerts with."""

    _name = "service.monitoring.source"
    _description = "Monitoring Source"
    _inherit = ["service.agreement.guard", "mail.thread", "mail.activity.mixin"]
    _order = "sequence, name, id"
    _facts = ("door_key", "secret", "previous_secret", "last_heard_at")

    name = fields.Char(required=True, tracking=True)
    active = fields.Boolean(default=True, tracking=True)
    sequence = fields.Integer(default=10)
    company_id = fields.Many2one(
        "res.company", required=True, index=True, default=lambda self: self.env.company
    )
    user_id = fields.Many2one(
        "res.users",
        string="Responsible",
        default=lambda self: self.env.user,
        domain="[('share', '=', False), ('company_ids', 'in', company_id)]",
        tracking=True,
        help="Is told when something unknown is heard of.",
    )
    format = fields.Selection(
        [
            ("plain", "Plain JSON"),
            ("alertmanager", "Prometheus Alertmanager"),
            ("mapped", "Other: say where each field stands"),
        ],
        default="plain",
        required=True,
        tracking=True,
    )
    door_key = fields.Char(
        string="Address Key",
        default=lambda self: secrets.token_hex(DOOR_KEY_BYTES),
        required=True,
        readonly=True,
        copy=False,
        groups="service_agreement.group_manager",
        help="The last part of the address that alerts are posted to.",
    )
    secret = fields.Char(readonly=True, copy=False, groups=NO_ACCESS)
    previous_secret = fields.Char(readonly=True, copy=False, groups=NO_ACCESS)
    previous_valid_until = fields.Datetime(
        string="Old Secret Valid Until", readonly=True, copy=False
    )
    last_heard_at = fields.Datetime(string="Last Heard", readonly=True, copy=False)

    # What becomes of its alerts
    minimum_seconds = fields.Integer(
        string="Minimum Duration",
        default=120,
        help="Seconds that an alert must last before it becomes a ticket.",
    )
    reopen_hours = fields.Integer(
        string="Reopen Within",
        default=24,
        help="Hours in which the same alert reopens its ticket; later it gets a new one.",
    )
    flap_count = fields.Integer(
        string="Flapping After",
        default=4,
        help="An alert that comes this many times in the minutes beside is flapping.",
    )
    flap_minutes = fields.Integer(string="Flapping Within", default=30)
    silent_days = fields.Integer(
        string="Silent After",
        default=7,
        help="Days without a word after which a monitored customer counts as silent.",
    )

    _door_key_uniq = models.Constraint(
        "UNIQUE(door_key)", "Another source has this address."
    )
    _settings_not_negative = models.Constraint(
        "CHECK(minimum_seconds >= 0 AND reopen_hours >= 0 AND flap_count >= 0"
        " AND flap_minutes >= 0 AND silent_days >= 0)",
        "Durations and counts cannot be negative.",
    )
