from datetime import date, datetime, timezone

from odoo.fields import Command
from odoo.tests import new_test_user

from odoo.addons.service_agreement.tests.common import (
    PortalUsersMixin,
    ServiceDeskCommon,
)

TODAY = "2026-03-06 12:00"


class MaintenanceCommon(PortalUsersMixin, ServiceDeskCommon):
    """A desk in Amsterdam that has noted tickets since 2020, and whose devices break.

    It is Friday 6 March 2026 in ``with self.at_desk(TODAY)``.
    """

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env.user.group_ids += cls.env.ref("maintenance.group_equipment_manager")
        cls.salesman = cls._create_user("salesman", "service_agreement.group_user")
        cls.manager = cls._create_user("manager", "service_agreement.group_manager")
        cls.keeper = cls._create_user("keeper", "maintenance.group_equipment_manager")
        cls.employee = cls._create_user("employee", "base.group_user")
        cls.kind = cls.env["maintenance.equipment.category"].create(
            {"name": "Projectors", "company_id": cls.company.id}
        )
        cls.product = cls.env["product.product"].create({"name": "Projector X1"})
        cls.env["maintenance.team"].create(
            {"name": "Workshop", "company_id": cls.company.id}
        )
        cls.theater = cls._create_system(
            "Home Theater", cls._device("Projector"), cls._device("Amplifier")
        )
        cls.projector, cls.amplifier = cls.theater.device_ids
        # Since when the desk notes what breaks; about nothing in particular.
        cls._ticket("2020-01-01 10:00")

    @classmethod
    def _create_user(cls, login, groups):
        return new_test_user(
            cls.env,
            login,
            groups,
            company_id=cls.company.id,
            company_ids=[Command.set(cls.company.ids)],
        )

    @classmethod
    def _device(cls, name, **values):
        return Command.create({"name": name, "installed_on": "2022-03-06", **values})

    @classmethod
    def _create_system(cls, name, *devices, **values):
        return cls.env["service.agreement.system"].create(
            {
                "name": name,
                "partner_id": cls.customer.id,
                "company_id": cls.company.id,
                "device_ids": list(devices),
                **values,
            }
        )

    @classmethod
    def _ticket(cls, wall, device=None, **values):
        """:return: a ticket opened at that time on the desk's wall, about a device"""
        local = datetime.fromisoformat(wall).replace(tzinfo=cls.desk_zone)
        if device:
            values.update(
                system_id=device.system_id.id,
                device_id=device.id,
                partner_id=device.partner_id.id,
            )
        with cls.at(None, local.astimezone(timezone.utc).replace(tzinfo=None)):
            ticket = cls.env["project.task"].create(
                {**cls._prepare_ticket_values(), **values}
            )
            cls.env.flush_all()
        return ticket

    @classmethod
    def _request(cls, day, device, **values):
        return cls.env["maintenance.request"].create(
            {
                "name": "It stays dark",
                "company_id": cls.company.id,
                "equipment_id": device.equipment_id.id,
                "request_date": day,
                **values,
            }
        )

    def _rows(self, *devices, **where):
        """:return: service.agreement.fault of these devices, as it is today"""
        domain = [(name, "=", value) for name, value in where.items()]
        if devices:
            domain.append(("device_id", "in", [device.id for device in devices]))
        with self.at_desk(TODAY):
            self.env["service.agreement.fault"].invalidate_model()
            rows = self.env["service.agreement.fault"].search(domain)
            rows.fetch()
        return rows

    def _faults(self, *devices):
        return sum(self._rows(*devices).mapped("fault_count"))

    def _days(self, *devices):
        return sum(self._rows(*devices).mapped("observed_days"))


def days(first, last):
    """:return: int, from the first to the last of these days, both included"""
    return (date.fromisoformat(last) - date.fromisoformat(first)).days + 1
