from odoo import models


class ServiceAgreement(models.Model):
    _inherit = "service.agreement"

    def _get_portal_monitoring(self):
        """How the systems of this agreement are; those that nobody watches are last.

        Sudo: read for the customer, who may read neither alerts nor outages.

        :return: list of dict: name, state ("up", "down" or None), rows (see
            `_get_uptime_rows`)
        """
        self.ensure_one()
        systems = self.sudo()._get_portal_covered_systems()
        rows = systems._get_uptime_rows()
        shown = [
            {
                "name": system.name,
                "state": rows[system][0]["state"] if rows[system] else None,
                "rows": rows[system],
            }
            for system in systems
        ]
        return sorted(shown, key=lambda system: not system["rows"])
