from datetime import date
from decimal import Decimal

from odoo.exceptions import AccessError
from odoo.tests import tagged

from .common import ServiceAgreementCommon


class AllowanceCommon(ServiceAgreementCommon):
    """An agreement of four hours a month, and what was drawn of it."""

    @classmethod
    def _cover(cls, agreement, start=False, tier=None, **allowance):
        """The agreement covers, from a day on, so many hours."""
        coverage = cls.env["service.agreement.coverage"].create(
            {
                "agreement_id": agreement.id,
                "tier_id": (tier or agreement.tier_id).id,
                "date_start": start,
            }
        )
        return cls._allow(coverage, **allowance) if allowance else coverage

    @classmethod
    def _allow(cls, coverage, **values):
        return cls.env["service.agreement.allowance"].create(
            {
                "coverage_id": coverage.id,
                "name": "Included hours",
                "quantity": 4.0,
                "interval_months": 1,
                **values,
            }
        )

    def _work(self, allowance, *works, today):
        """Draw ``(day, units)`` from the ledger, and store it as on ``today``."""
        ledgers = allowance._get_ledgers(date.fromisoformat(today))
        taken = [
            (key, units)
            for day, units in works
            for key, units in ledgers[allowance].take(
                date.fromisoformat(day), Decimal(str(units))
            )
        ]
        lots = allowance._store_ledgers(ledgers, date.fromisoformat(today))
        return [(lots[key], float(units)) for key, units in taken]

    def _figures(self, lots):
        """(from, last day, granted, adjusted, rolled in, drawn, forfeited, rolled out,
        balance) of each lot."""
        return [
            (
                str(lot.date_start),
                str(lot.date_end),
                lot.granted,
                lot.adjusted,
                lot.rolled_in,
                lot.drawn,
                lot.forfeited,
                lot.rolled_out,
                lot.balance,
            )
            for lot in lots.sorted("id")
        ]


@tagged("post_install", "-at_install")
class TestAllowanceLedger(AllowanceCommon):
    """Lots on record: SEMANTICS §6."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.agreement = cls._create_active("2026-01-31")
        cls.agreement.coverage_ids.unlink()
        cls.allowance = cls._cover(cls.agreement, rollover_cap=2.0, rollover_months=1)

    def test_lots_of_an_agreement_of_the_31st(self):
        self._work(self.allowance, ("2026-02-10", 3), today="2026-03-31")
        self.assertEqual(
            self._figures(self.agreement.allowance_lot_ids),
            [
                ("2026-01-31", "2026-02-27", 4, 0, 0, 3, 0, 1, 0),
                ("2026-02-28", "2026-03-30", 4, 0, 0, 0, 2, 2, 0),
                ("2026-03-31", "2026-04-29", 4, 0, 0, 0, 0, 0, 4),
                ("2026-02-28", "2026-03-30", 0, 0, 1, 0, 1, 0, 0),
                ("2026-03-31", "2026-04-29", 0, 0, 2, 0, 0, 0, 2),
            ],
        )
        rolled = self.agreement.allowance_lot_ids.filtered(
            lambda lot: lot.kind == "rolled"
        )
        self.assertEqual(
            rolled.origin_id.mapped("date_start"),
            [date(2026, 1, 31), date(2026, 2, 28)],
        )

    def test_storing_again_writes_nothing(self):
        self._work(self.allowance, today="2026-04-15")
        self.env.flush_all()
        with self.assertQueryCount(8):
            self._work(self.allowance, today="2026-04-15")

    def test_nobody_writes_them_over_the_api(self):
        self._work(self.allowance, today="2026-02-15")
        lot = self.agreement.allowance_lot_ids.with_user(self.env.user)
        with self.assertRaises(AccessError):
            lot.write({"granted": 100})
