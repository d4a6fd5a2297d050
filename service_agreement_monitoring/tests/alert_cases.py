"""What tests of alerts start from."""

from datetime import timedelta

from odoo.addons.service_agreement.tests.common import ServiceDeskCommon


class AlertCommon(ServiceDeskCommon):
    """A source that watches a router, and a camera behind it, at the customer's.

    ``self._tell("2026-03-06 15:00", "firing")``: the router is told of at that time
    on the desk's wall, and taken; ``self._look("2026-03-06 15:02")``: time went by.
    """

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company.service_desk_project_id = cls.desk
        cls.system = cls.env["service.agreement.system"].create(
            {"name": "Network", "partner_id": cls.customer.id}
        )
        cls.source = cls._create_source("Watchtower")
        cls.router = cls._watch("router", system_id=cls.system.id)
        cls.camera = cls._watch("camera", gateway_site_id=cls.router.id)

    @classmethod
    def _create_source(cls, name, **values):
        return cls.env["service.monitoring.source"].create(
            {
                "name": name,
                "minimum_seconds": 120,
                "reopen_hours": 24,
                "flap_count": 4,
                "flap_minutes": 30,
                "silent_days": 7,
                **values,
            }
        )

    @classmethod
    def _watch(cls, reference, **values):
        return cls.env["service.monitoring.site"].create(
            {
                "name": reference.title(),
                "source_id": cls.source.id,
                "external_ref": reference,
                "partner_id": cls.customer.id,
                **values,
            }
        )

    def _event(self, wall, status, site=None, name="Offline", seconds=0, **values):
        """Told of as soon as it happens."""
        site = site or self.router
        with self.at_desk(wall) as now:
            return (
                self.env["service.monitoring.event"]
                .sudo()
                .create(
                    {
                        "source_id": site.source_id.id,
                        "site_id": site.id,
                        "alert_name": name,
                        "key": f"{name}|{site.external_ref}",
                        "status": status,
                        "happened_at": now + timedelta(seconds=seconds),
                        **values,
                    }
                )
            )

    def _take(self, wall, events):
        with self.at_desk(wall):
            self.env["service.monitoring.alert"]._take(events)
            self.env.flush_all()

    def _tell(self, wall, *statuses, **values):
        """:return: the alert, after it was told of"""
        for status in statuses:
            events = self._event(wall, status, **values)
            self._take(wall, events)
        return events.alert_id

    def _look(self, wall):
        with self.at_desk(wall):
            self._run_cron("service_agreement_monitoring.ir_cron_look")

    def _ticket(self, alert):
        return self.env["project.task"].browse(alert.res_id)

    def _tickets(self):
        return self.env["project.task"].search(
            [("is_from_monitoring", "=", True)], order="id"
        )
