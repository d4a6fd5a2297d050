"""Price a Tier: real work, decided once more as if customers had been on a tier."""

from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import new_test_user, tagged

from .common import ServiceDeskCommon, ServiceWorkMixin


class ReplayCommon(ServiceWorkMixin, ServiceDeskCommon):
    """A technician who costs 50.00 an hour, and a tier of two hours a month at 90.00
    for what is beyond; the list says 150.00, after hours 250.00.
    """

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.agreement.sudo().coverage_ids.unlink()
        cls.technician.sudo().hourly_cost = 50.0
        cls.gold = cls._create_tier(
            "Gold",
            100.0,
            30,
            coverage_calendar_id=cls.calendar.id,
            allowance_ids=[Command.create({"name": "Hours", "quantity": 2.0})],
            rate_ids=[Command.create({"price": 90.0, "price_after_hours": 200.0})],
        )

    def _replay(self, tier=None, until="2026-12-31", today="2027-01-10", **values):
        with self.at(f"{today} 10:00:00"):
            replay = self.env["service.agreement.tier.replay"].create(
                {
                    "tier_id": (tier or self.gold).id,
                    "date_until": until,
                    "company_id": self.company.id,
                    **values,
                }
            )
            replay.action_start()
        return replay

    def _line(self, replay, customer=None):
        customer = customer or self.customer
        return replay.line_ids.filtered(lambda line: line.partner_id == customer)

    def _for(self, customer, **values):
        return self.env["project.task"].create(
            {**self._prepare_ticket_values(), "partner_id": customer.id, **values}
        )


@tagged("post_install", "-at_install")
class TestTierReplay(ReplayCommon):
    def test_it_runs(self):
        with self.at("2026-12-01 10:00:00"):
            self._log("2026-03-03", 3.0, "10:00")
            self._log("2026-04-03", 1.0, "16:30")
        replay = self._replay()
        line = self._line(replay)
        self.assertEqual(replay.state, "done")
        self.assertEqual(line.months, 12)
        self.assertEqual((line.hours, line.cost), (4, 200))
        self.assertEqual((line.hours_inside, line.hours_outside), (2.5, 1.5))
        self.assertEqual(line.work_billed, 90 + 0.5 * 200)
        self.assertEqual(line.fee, 1200)
        self.assertEqual(line.margin, 1200 + 190 - 200)
