from datetime import timedelta

from odoo import fields, models

OVERLAP = timedelta(days=7)


class ServiceMonitoringSecret(models.TransientModel):
    """Make the secret of a source, and show it this once."""

    _name = "service.monitoring.secret"
    _description = "Secret of a Monitoring Source"

    source_id = fields.Many2one(
        "service.monitoring.source", required=True, ondelete="cascade"
    )
    has_secret = fields.Boolean(related="source_id.has_secret")
    old_valid_until = fields.Datetime(
        string="Old Secret Valid Until",
        default=lambda self: fields.Datetime.now() + OVERLAP,
        help="Until then both are taken. Empty: the old one ends at once.",
    )
    # Of no table: it is shown, and gone with the window.
    secret = fields.Char(store=False, readonly=True)

    def action_make(self):
        self.ensure_one()
        secret = self.source_id._change_secret(self.old_valid_until)
        return {
            "name": self.env._("Copy It Now"),
            "type": "ir.actions.act_window",
            "res_model": self._name,
            "view_mode": "form",
            "target": "new",
            "context": {
                "default_source_id": self.source_id.id,
                "default_secret": secret,
            },
        }
