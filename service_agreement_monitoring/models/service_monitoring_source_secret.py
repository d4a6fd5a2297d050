import secrets

from odoo import api, models, tools

from ..tools.door import Door
from .service_monitoring_source_mapping import LABEL_FIELDS, PATH_FIELDS

SECRET_BYTES = 32
# What is kept in memory of a source; who changes one of these must be heard at once.
DOOR_FIELDS = {
    "active",
    "alive_names",
    "authentication",
    "company_id",
    "door_key",
    "format",
    "per_minute",
    "previous_secret",
    "previous_valid_until",
    "secret",
    *LABEL_FIELDS,
    *PATH_FIELDS.values(),
}


class ServiceMonitoringSource(models.Model):
    """By what a source proves itself."""

    _inherit = "service.monitoring.source"

    @api.model_create_multi
    def create(self, vals_list):
        sources = super().create(vals_list)
        self.env.registry.clear_cache()
        return sources

    def write(self, vals):
        result = super().write(vals)
        if DOOR_FIELDS & vals.keys():
            self.env.registry.clear_cache()
        return result

    def unlink(self):
        result = super().unlink()
        self.env.registry.clear_cache()
        return result

    def _change_secret(self, old_valid_until=None):
        """Sudo: nobody may read or write secrets; who may make one is checked here.

        :param old_valid_until: until when the one that there was is taken, too
        :return: str, the new one, which is shown this once
        """
        self.ensure_one()
        self.check_access("write")
        source, secret = self.sudo(), secrets.token_urlsafe(SECRET_BYTES)
        source.write(
            {
                "secret": secret,
                "previous_secret": source.secret if old_valid_until else False,
                "previous_valid_until": source.secret and old_valid_until,
            }
        )
        source.message_post(body=self.env._("The secret was changed."))
        return secret

    @api.model
    @tools.ormcache("door_key")
    def _get_door(self, door_key):
        """Sudo: nobody is logged in at the door, and the secret is for it alone.

        :return: Door
        :raise KeyError: there is none, which is not remembered: anybody could fill the
            memory with keys of his own
        """
        # The database would not even look for some of what an address may hold.
        is_one = door_key.isascii() and door_key.isalnum()
        source = is_one and self.sudo().search([("door_key", "=", door_key)])
        if not source:
            raise KeyError(door_key)
        return Door(
            source_id=source.id,
            company_id=source.company_id.id,
            format=source.format,
            authentication=source.authentication,
            secret=source.secret or "",
            previous_secret=source.previous_secret or "",
            previous_until=source.previous_valid_until or None,
            per_minute=source.per_minute,
            paths=source._get_paths(),
        )
