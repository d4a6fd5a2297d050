from datetime import date, datetime, timedelta, timezone

from odoo.fields import Command
from odoo.tests import new_test_user

from odoo.addons.service_agreement.tests.common import (
    ServiceDeskCommon,
    ServiceWorkMixin,
)

TODAY = "2026-03-02 09:00:00"


class CapacityCommon(ServiceWorkMixin, ServiceDeskCommon):
    """Four weeks of a desk, up to Monday 2 March 2026, and who works at it.

    Each Tuesday at 10:00 somebody with an agreement asks for an hour's work, and each
    Saturday at 20:00 something urgent comes in: promised for day and night, while Tess
    works Mon-Fri 9-17.
    """

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.technician.sudo().resource_calendar_id = cls.calendar
        cls.technician.sudo().tz = "Europe/Amsterdam"
        cls.company.resource_calendar_id = cls.calendar
        cls.calm = cls.env["project.task"]
        cls.urgent = cls.env["project.task"]
        for week in range(4):
            tuesday = date(2026, 2, 3) + timedelta(weeks=week)
            saturday = tuesday + timedelta(days=4)
            cls.calm |= cls._came_in(f"{tuesday} 10:00", 1.0)
            cls.urgent |= cls._came_in(f"{saturday} 20:00", 0.5, priority="3")
        cls.salesman = new_test_user(
            cls.env,
            "salesman",
            "service_agreement.group_user",
            company_id=cls.company.id,
        )
        cls.manager = new_test_user(
            cls.env,
            "manager",
            "service_agreement.group_manager",
            company_id=cls.company.id,
        )

    @classmethod
    def _came_in(cls, wall, hours=0.0, **values):
        """:return: a ticket opened at that time on the desk's wall, with its hours"""
        local = datetime.fromisoformat(wall).replace(tzinfo=cls.desk_zone)
        utc = local.astimezone(timezone.utc)
        with cls.at(None, utc.replace(tzinfo=None)):
            ticket = cls.env["project.task"].create(
                {**cls._prepare_ticket_values(), **values}
            )
            if hours:
                cls._log(wall[:10], hours, task_id=ticket.id)
        return ticket

    @classmethod
    def _ask(cls, **values):
        """:return: a check of the next eight weeks, not started"""
        with cls.at(None, TODAY):
            return cls.env["service.agreement.capacity.run"].create(
                {
                    "company_id": cls.company.id,
                    "months": 1,
                    "weeks": 8,
                    "draws": 3,
                    "sale_ids": [],
                    **values,
                }
            )

    @classmethod
    def _answer(cls, run):
        """Work it through at once, as the scheduled action does."""
        with cls.at(None, TODAY):
            run.sudo().write(run._prepare_start_values())
            run._work()
            run.invalidate_recordset()
        return run

    @classmethod
    def _check(cls, **values):
        return cls._answer(cls._ask(**values))

    def _chance(self, run, priority, metric):
        found = run.target_ids.filtered(
            lambda t: (t.priority, t.metric) == (priority, metric)
        )
        return found.chance

    @classmethod
    def _create_proposal(cls, tiers, **values):
        return cls.env["service.agreement.proposal"].create(
            {
                "partner_id": cls.customer.id,
                "option_ids": [Command.create({"tier_id": tier.id}) for tier in tiers],
                **values,
            }
        )
