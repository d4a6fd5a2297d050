from typing import NamedTuple

from odoo import models

from ..tools.formats import get_reference
from .service_monitoring_site import UNKNOWN


class Place(NamedTuple):
    """By what a source tells a site, or with device a device at it, from others."""

    site: str
    device: str = ""


class ServiceMonitoringSource(models.Model):
    """What a source calls sites and devices: made as soon as it is heard of."""

    _inherit = "service.monitoring.source"

    def _get_sites(self, alerts):
        """Make what is not known yet, and tell the responsible of it.

        :param alerts: list of Alert
        :return: dict of site or device by Place, archived ones as well
        """
        self.ensure_one()
        names = self._get_names(alerts)
        sites = self._find_sites(names)
        self._note_names(sites, names)
        for is_device in (False, True):
            new = [p for p in names if p not in sites and bool(p.device) is is_device]
            values = [self._prepare_site(p, names[p], sites) for p in new]
            created = self.env["service.monitoring.site"].create(values)
            sites.update(zip(new, created, strict=True))
            if unknown := created.filtered_domain(UNKNOWN):
                self._tell_unknown(unknown)
        return sites

    def _get_names(self, alerts):
        """:return: dict of str by Place, the newest name or "" """
        names = {}
        for alert in alerts:
            site = Place(alert.site)
            names[site] = alert.site_name or names.get(site, "")
            if alert.device:
                device = Place(alert.site, alert.device)
                names[device] = alert.device_name or names.get(device, "")
        return names

    def _find_sites(self, places):
        """:return: dict of those known, by Place"""
        references = {get_reference(*place): place for place in places}
        known = self.env["service.monitoring.site"].with_context(active_test=False)
        known = known.search(
            [("source_id", "=", self.id), ("external_ref", "in", list(references))]
        ).with_env(self.env)
        return {references[site.external_ref]: site for site in known}

    def _note_names(self, sites, names):
        for place, site in sites.items():
            if names[place] and site.name != names[place]:
                site.name = names[place]

    def _prepare_site(self, place, name, sites):
        """:return: dict of values; a device of a site that is archived is, too"""
        at = sites.get(Place(place.site)) if place.device else None
        return {
            "source_id": self.id,
            "external_ref": get_reference(*place),
            "name": name or place.device or place.site,
            "parent_id": at and at.id,
            "active": not at or at.active,
        }
