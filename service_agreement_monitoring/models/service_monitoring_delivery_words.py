from odoo import models

SHOWN_NAMES = 3


class ServiceMonitoringDelivery(models.Model):
    """Why something is not handled, in words for people."""

    _inherit = "service.monitoring.delivery"

    def _describe_format_error(self, error):
        """
        :param FormatError error: why a body cannot be read
        :return: str
        """
        values = {"where": "", "wanted": "", "word": "", **error.values}
        return self._get_format_texts()[error.code] % values

    def _get_format_texts(self):
        return {
            "not_json": self.env._("This is no JSON."),
            "wrong_type": self.env._("%(where)s should be of the type %(wanted)s."),
            "missing": self.env._("%(where)s is missing."),
            "not_one_of": self.env._("%(where)s should be one of: %(wanted)s."),
            "unknown_status": self.env._(
                "%(where)s says “%(word)s”, which is none of: %(wanted)s."
            ),
            "empty": self.env._("%(where)s is empty."),
            "too_long": self.env._("%(where)s has more than %(wanted)s."),
            "no_time": self.env._(
                "%(where)s is no time, as 2026-11-23T18:20:00Z would be."
            ),
            "no_alerts": self.env._("There are no alerts at %(where)s."),
        }

    def _describe_unknown(self, sites):
        """:return: str, whom it waits for; of a device its site is to be assigned"""
        sites = sites.parent_id | sites.filtered(lambda site: not site.parent_id)
        names = ", ".join(sites[:SHOWN_NAMES].mapped("display_name"))
        if len(sites) > SHOWN_NAMES:
            names = self.env._(
                "%(names)s and %(count)s more",
                names=names,
                count=len(sites) - SHOWN_NAMES,
            )
        return self.env._("It waits until somebody says whose this is: %s", names)
