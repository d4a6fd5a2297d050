from datetime import date

from odoo.fields import Command
from odoo.tests import tagged

from .common import ServiceDeskCommon, ServiceWorkMixin


@tagged("post_install", "-at_install")
class TestAllowanceWork(ServiceWorkMixin, ServiceDeskCommon):
    """Real work on the ledger: what is logged, bought and adjusted meets."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.coverage = cls._cover(
            cls.agreement,
            {"kind": "included", "quantity": 4.0, "warn_percent": 20.0},
            {"kind": "prepaid", "quantity": 10.0, "price": 900.0, "sequence": 20},
        )
        cls.included, cls.prepaid = cls.coverage.allowance_ids

    def _buy(self, day, quantity=10, price=900):
        return self.agreement._add_prepaid(
            self.prepaid, quantity, price, date.fromisoformat(day)
        )

    def _check_identity(self):
        """BLK-15"""
        for lot in self.agreement.allowance_lot_ids:
            self.assertAlmostEqual(
                lot.granted + lot.adjusted + lot.rolled_in,
                lot.drawn + lot.forfeited + lot.rolled_out + lot.balance,
                4,
            )
            self.assertAlmostEqual(lot.drawn, sum(lot.draw_ids.mapped("units")), 4)

    def test_blk_07_each_month_has_its_own(self):
        with self.at("2026-04-10 10:00:00"):
            march, april = self._log("2026-03-31", 6), self._log("2026-04-01", 3)
        self.assertEqual(self._parts(march), [("covered", 4), ("overage", 2)])
        self.assertEqual(self._parts(april), [("covered", 3)])
        self._check_identity()

    def test_what_is_carried_over_goes_first(self):
        self.included.sudo().write({"rollover_cap": 3, "rollover_months": 1})
        with self.at("2026-04-10 10:00:00"):
            # Three of February, and of March
            self._log("2026-03-31", 5.5)
            line = self._log("2026-04-02", 6)
        drawn = line.service_draw_ids.filtered("lot_id").sorted("id")
        self.assertEqual(
            [(draw.lot_id.kind, draw.units) for draw in drawn],
            [("rolled", 1.5), ("granted", 4)],
        )
        # Late work of March takes it back
        with self.at("2026-04-11 10:00:00"):
            self._log("2026-03-30", 1)
        self.assertEqual(
            self._parts(line), [("covered", 0.5), ("covered", 4), ("overage", 1.5)]
        )
        self._check_identity()

    def test_bought_later_it_covers_what_was_to_be_billed(self):
        with self.at("2026-03-10 10:00:00"):
            line = self._log("2026-03-06", 6)
            self.assertEqual(self._parts(line), [("covered", 4), ("overage", 2)])
            self._buy("2026-03-07")
            self.assertEqual(self._parts(line), [("covered", 4), ("overage", 2)])
            self._buy("2026-03-01")
        self.assertEqual(self._parts(line), [("covered", 4), ("covered", 2)])
        self._check_identity()

    def test_adjusted_it_covers_more(self):
        with self.at("2026-03-10 10:00:00"):
            line = self._log("2026-03-06", 6)
            lot = line.service_draw_ids.lot_id
            lot._adjust(0.5, "The visit took longer than it had to")
        self.assertEqual(self._parts(line), [("covered", 4.5), ("overage", 1.5)])
        self.assertEqual(lot.balance, 0)
        self._check_identity()

    def test_paid_it_covers_from_that_day_and_not_after_it_bounced(self):
        self.prepaid.sudo().paid_only = True
        with self.at("2026-03-10 10:00:00"):
            self._buy("2026-03-01")
            early, late = self._log("2026-03-02", 5), self._log("2026-03-09", 2)
            invoice = self._bill("2026-03-10").filtered(
                lambda m: (
                    self.prepaid.lot_ids.agreement_line_id
                    & m.line_ids.agreement_line_id
                )
            )
            self.assertEqual(self._parts(late), [("overage", 2)])
            register = self.env["account.payment.register"].with_context(
                active_model="account.move", active_ids=invoice.ids
            )
            register.create({"payment_date": "2026-03-05"})._create_payments()
            self.assertEqual(self._parts(early), [("covered", 4), ("overage", 1)])
            self.assertEqual(self._parts(late), [("covered", 2)])
            invoice.line_ids.remove_move_reconcile()
            self.assertEqual(self._parts(late), [("overage", 2)])
        self._check_identity()

    def test_suspended_after_the_fact(self):
        """What was granted and used stays on record; what is not settled is asked."""
        with self.at("2026-03-10 10:00:00"):
            before, within = self._log("2026-03-02", 1), self._log("2026-03-09", 1)
            self.agreement._suspend(date(2026, 3, 5))
        self.assertEqual(self._parts(before), [("covered", 1)])
        self.assertEqual(self._parts(within), [("uncovered", 1)])
        self._check_identity()

    def test_ended_the_days_before_stay_covered(self):
        with self.at("2026-03-10 10:00:00"):
            self._buy("2026-03-01")
            before, after = self._log("2026-03-05", 5), self._log("2026-03-08", 1)
            self.agreement._end(date(2026, 3, 6), "cancelled")
            self.agreement._refresh_ledgers()
        self.assertEqual(self._parts(before), [("covered", 4), ("covered", 1)])
        self.assertEqual(self._parts(after, "reason"), [("uncovered", 1, "expired")])
        self.assertEqual(self.prepaid.lot_ids.forfeited, 9)
        self._check_identity()

    def _overrun(self):
        """Six hours of four in March, to be taken from April."""
        self.included.sudo().when_used_up = "overrun"
        with self.at("2026-03-10 10:00:00"):
            line = self._log("2026-03-06", 6)
        self.assertEqual(self._parts(line), [("covered", 6)])

    def _describe_overruns(self, invoices):
        return [
            (line["name"], line["amount"])
            for document in invoices
            for line in document["lines"]
            if "beyond" in line["name"]
        ]

    def test_an_overrun_that_no_period_makes_up_for_is_billed_with_the_end(self):
        self._overrun()
        sold = [("Help: 2 h used beyond what was included", 300)]
        with self.at("2026-03-20 10:00:00"):
            ending = self.agreement._plan_end(date(2026, 3, 31), "cancelled")
            shown = self.agreement._describe_invoices(
                self.agreement._preview_end(ending)
            )
            self.assertEqual(self._describe_overruns(shown), sold)
            self.agreement._end(date(2026, 3, 31), "cancelled")
        lot = self.included.lot_ids.filtered(lambda each: each.drawn)
        self.assertEqual((lot.adjusted, lot.drawn, lot.balance), (2, 6, 0))
        with self.at("2026-03-30 10:00:00"):
            late = self._log("2026-03-30", 1)
        self.assertEqual(self._parts(late, "answer"), [("overage", 1, "bill")])
        self._check_identity()
        billed = self._bill("2026-04-01").invoice_line_ids
        overrun = billed.filtered(lambda line: "beyond" in line.name)
        self.assertEqual((overrun.name, overrun.price_subtotal), sold[0])
        self.assertEqual(overrun.product_id, self.company._get_work_product("hour"))

    def test_ended_later_the_next_period_makes_up_for_it(self):
        self._overrun()
        with self.at("2026-03-20 10:00:00"):
            self.agreement._end(date(2026, 4, 30), "cancelled")
        self.assertFalse(self.agreement.line_ids.filtered("overrun_lot_id"))

    def test_taken_back_the_overrun_is_owed_again(self):
        self._overrun()
        lot = self.included.lot_ids.filtered(lambda each: each.drawn)
        with self.at("2026-03-20 10:00:00"):
            self.agreement._end(date(2026, 3, 31), "cancelled")
            self.agreement.action_take_back_end()
        self.assertEqual((lot.adjusted, lot.balance), (0, -2))
        self._check_identity()

    def test_a_technician_uses_up_the_hours_and_the_customer_is_told(self):
        self.customer.email = "anna@example.com"
        with self.at("2026-03-10 10:00:00"):
            self._log("2026-03-10", 3.5)
            self.assertTrue(self.included.is_low)
            self._run_cron("service_agreement.ir_cron_allowance_notices")
            self._run_cron("service_agreement.ir_cron_allowance_notices")
        told = self.agreement.message_ids.filtered("subject")
        self.assertEqual(told.mapped("subject"), ["Help: 0.5 h left"])

    def test_another_company_has_its_own(self):
        other = self.setup_other_company()["company"]
        other.partner_id.tz = "Pacific/Auckland"
        tier = self._create_tier(
            "Theirs",
            99.0,
            5,
            company_id=False,
            allowance_ids=[Command.create({"name": "Help", "quantity": 7.0})],
        )
        with self.at("2026-03-10 10:00:00"):
            theirs = (
                self.env["service.agreement"]
                .with_company(other)
                .create(
                    {
                        "partner_id": self.customer.id,
                        "company_id": other.id,
                        "tier_id": tier.id,
                        "plan_id": self.plan_monthly.id,
                        "date_start": "2026-03-01",
                    }
                )
            )
            theirs.action_activate()
            self.assertEqual(self._parts(self._log("2026-03-06", 5))[0][1], 4)
            both = theirs | self.agreement
            left = [m[0]["left"] for m in both._get_allowance_meters().values()]
        self.assertEqual(left, [7, 0])
        with self.at("2026-03-31 12:00:00"):
            # It is 1 April where they are
            self._run_cron("service_agreement.ir_cron_grant_allowances")
        self.assertEqual(len(theirs.allowance_lot_ids), 2)
        april = self.included.lot_ids.filtered(
            lambda lot: str(lot.date_start) == "2026-04-01"
        )
        self.assertFalse(april)
