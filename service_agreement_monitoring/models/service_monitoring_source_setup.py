from odoo import api, fields, models

from ..tools.examples import get_setup

MANAGER = "service_agreement.group_manager"
PATH = "/service/monitoring"


class ServiceMonitoringSource(models.Model):
    """How the other system is set up, so that nobody has to look it up."""

    _inherit = "service.monitoring.source"

    address = fields.Char(
        compute="_compute_address",
        groups=MANAGER,
        help="Where the other system posts its alerts to.",
    )
    setup = fields.Text(string="Example", compute="_compute_setup", groups=MANAGER)
    has_secret = fields.Boolean(compute="_compute_has_secret")
    is_old_secret_valid = fields.Boolean(compute="_compute_has_secret")

    @api.depends("door_key")
    def _compute_address(self):
        for source in self:
            source.address = f"{source.get_base_url()}{PATH}/{source.door_key}"

    @api.depends("address", "format", "authentication")
    def _compute_setup(self):
        for source in self:
            source.setup = get_setup(
                source.format, source.authentication, source.address
            )

    @api.depends("secret", "previous_valid_until")
    def _compute_has_secret(self):
        """Sudo: whether there is one, not which."""
        now = fields.Datetime.now()
        for source in self:
            secret = source.sudo()
            source.has_secret = bool(secret.secret)
            until = secret.previous_secret and secret.previous_valid_until
            source.is_old_secret_valid = bool(until and until > now)

    def action_change_secret(self):
        """Open what makes a secret and shows it, once."""
        self.ensure_one()
        return {
            "name": self.env._("Secret"),
            "type": "ir.actions.act_window",
            "res_model": "service.monitoring.secret",
            "view_mode": "form",
            "target": "new",
            "context": {"default_source_id": self.id},
        }

    def action_try(self):
        """Open what shows how an alert would be understood, and sends one."""
        self.ensure_one()
        return {
            "name": self.env._("Send a Test Alert"),
            "type": "ir.actions.act_window",
            "res_model": "service.monitoring.try",
            "view_mode": "form",
            "target": "new",
            "context": {"default_source_id": self.id},
        }

    def _get_last_body(self):
        """Sudo: for the window in which who may set it up tries it."""
        self.check_access("write")
        last = self.env["service.monitoring.delivery"].sudo()
        return last.search([("source_id", "=", self.id)], limit=1).body or ""
