"""What tests of allowances start from."""

from datetime import date
from decimal import Decimal

from odoo.fields import Command

from ..tools.billing_period import Recurrence
from .common import ServiceAgreementCommon


class AllowanceCommon(ServiceAgreementCommon):
    """Agreements whose tier includes hours, and work that is drawn from them.

    ``self._draw(allowance, (day, units), today=day)`` is what deciding who pays does:
    take, store, and put on record what was taken.
    """

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.customer.email = "anna@example.com"
        cls.env.user.email = "manager@example.com"
        plan = cls.env["account.analytic.plan"].create({"name": "Service"})
        cls.account = cls.env["account.analytic.account"].create(
            {"name": "Service", "plan_id": plan.id}
        )

    @classmethod
    def _including(cls, name="Gold", rank=30, **allowance):
        """A tier that includes four hours a month, unless told otherwise."""
        values = {"name": "Service hours", "quantity": 4.0, **allowance}
        return cls._create_tier(
            name, 149.0, rank, allowance_ids=[Command.create(values)]
        )

    @classmethod
    def _prepaid(cls, **allowance):
        """A tier of which ten hours are bought in advance."""
        values = {"kind": "prepaid", "quantity": 10.0, "price": 900.0, **allowance}
        return cls._including("Block", **values)

    def _start(self, tier, start, plan=None, today=None, **values):
        """:return: the allowance of an agreement put in force on its first day"""
        with self.at(f"{today or start} 10:00:00"):
            agreement = self._create_active(start, plan, tier_id=tier.id, **values)
        return agreement.coverage_ids.allowance_ids

    def _draw(self, allowance, *works, today, redecided=None):
        """:return: list of (lot, units)"""
        day = date.fromisoformat(today)
        ledgers = allowance._get_ledgers(day, redecided=redecided)
        taken = []
        for on, units in works:
            on = date.fromisoformat(on)
            taken += [
                (on, key, float(got))
                for key, got in ledgers[allowance].take(on, Decimal(str(units)))
            ]
        lots = allowance._store_ledgers(ledgers, day)
        for on, key, units in taken:
            self._record_draw(lots[key], on, units)
        return [(lots[key], units) for _on, key, units in taken]

    def _record_draw(self, lot, day, units):
        line = self.env["account.analytic.line"].create(
            {"name": "Repair", "date": day, "account_id": self.account.id}
        )
        return (
            self.env["service.agreement.allowance.draw"]
            .sudo()
            .create(
                {
                    "line_id": line.id,
                    "company_id": lot.company_id.id,
                    "date": day,
                    "outcome": "covered",
                    "answer": "covered",
                    "agreement_id": lot.agreement_id.id,
                    "lot_id": lot.id,
                    "quantity": units,
                    "units": units,
                    "currency_id": lot.agreement_id.currency_id.id,
                }
            )
        )

    def _refresh(self, allowance, today):
        """What the daily action does."""
        with self.at(f"{today} 03:00:00"):
            allowance.agreement_id._refresh_ledgers()

    def _run_grants(self, today):
        with self.at(f"{today} 03:00:00"):
            self._run_cron("service_agreement.ir_cron_grant_allowances")

    def _figures(self, allowance, kind=None):
        """{first day: (granted, adjusted, rolled in, drawn, forfeited, rolled out,
        balance)}, of each lot that is on record."""
        lots = allowance.lot_ids.filtered(lambda lot: kind in (None, lot.kind))
        return {
            str(lot.date_start): (
                lot.granted,
                lot.adjusted,
                lot.rolled_in,
                lot.drawn,
                lot.forfeited,
                lot.rolled_out,
                lot.balance,
            )
            for lot in lots.sorted(lambda lot: (lot.date_start, lot.id))
        }

    def _days(self, allowance, kind=None):
        lots = allowance.lot_ids.filtered(lambda lot: kind in (None, lot.kind))
        lots = lots.sorted(lambda lot: (lot.date_start, lot.id))
        return [(str(lot.date_start), str(lot.date_end)) for lot in lots]

    def _check_identity(self, allowance):
        """BLK-15"""
        for lot in allowance.lot_ids:
            self.assertAlmostEqual(
                lot.granted + lot.adjusted + lot.rolled_in,
                lot.drawn + lot.forfeited + lot.rolled_out + lot.balance,
                4,
            )
            self.assertAlmostEqual(lot.drawn, sum(lot.draw_ids.mapped("units")), 4)

    @staticmethod
    def _month(anchor, number):
        period = Recurrence(date.fromisoformat(anchor), "month").period(number)
        return str(period.start), str(period.last_day)
