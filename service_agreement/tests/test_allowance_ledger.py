from datetime import date

from odoo.exceptions import AccessError
from odoo.tests import new_test_user, tagged

from ..models.service_agreement_change import PendingChange
from .allowance_cases import AllowanceCommon


@tagged("post_install", "-at_install")
class TestAllowanceLedger(AllowanceCommon):
    """Lots on record: SEMANTICS §6."""

    # Granted

    def test_granted_at_once_when_it_comes_into_force(self):
        allowance = self._start(self._including(), "2026-03-01")
        self.assertEqual(
            self._figures(allowance), {"2026-03-01": (4, 0, 0, 0, 0, 0, 4)}
        )

    def test_not_before_it_is_in_force(self):
        tier = self._including()
        with self.at("2026-02-20 10:00:00"):
            agreement = self._create_agreement("2026-03-01", tier_id=tier.id)
            agreement._refresh_ledgers()
            self.assertFalse(agreement.allowance_lot_ids)
            agreement.action_activate()
        # Signed ahead of its first day
        self.assertFalse(agreement.allowance_lot_ids)
        self._run_grants("2026-03-01")
        self.assertEqual(len(agreement.allowance_lot_ids), 1)

    def test_an_agreement_of_the_31st(self):
        allowance = self._start(
            self._including(rollover_cap=2.0), "2026-01-31", today="2026-01-31"
        )
        self._draw(allowance, ("2026-02-10", 3), today="2026-02-10")
        self._refresh(allowance, "2026-03-31")
        self.assertEqual(
            self._days(allowance, "granted"),
            [self._month("2026-01-31", number) for number in range(3)],
        )
        self.assertEqual(
            self._figures(allowance, "granted"),
            {
                "2026-01-31": (4, 0, 0, 3, 0, 1, 0),
                "2026-02-28": (4, 0, 0, 0, 2, 2, 0),
                "2026-03-31": (4, 0, 0, 0, 0, 0, 4),
            },
        )
        self.assertEqual(
            self._figures(allowance, "rolled"),
            {
                "2026-02-28": (0, 0, 1, 0, 1, 0, 0),
                "2026-03-31": (0, 0, 2, 0, 0, 0, 2),
            },
        )
        rolled = allowance.lot_ids.filtered(lambda lot: lot.kind == "rolled")
        self.assertEqual(
            rolled.sorted("date_start").origin_id.mapped("date_start"),
            [date(2026, 1, 31), date(2026, 2, 28)],
        )
        self._check_identity(allowance)

    def test_a_leap_day(self):
        allowance = self._start(
            self._including(interval_months=12, quantity=20), "2024-02-29"
        )
        self._refresh(allowance, "2028-03-01")
        self.assertEqual(
            [last for _first, last in self._days(allowance)],
            ["2025-02-27", "2026-02-27", "2027-02-27", "2028-02-28", "2029-02-27"],
        )

    def test_a_shorter_first_period_is_prorated(self):
        for method, granted in (("actual", 1.94), ("30_360", 1.87), ("none", 4)):
            tier = self._including()
            tier.proration_method = method
            allowance = self._start(tier, "2026-01-17", self.plan_first)
            self.assertEqual(allowance.lot_ids.granted, granted)
            self.assertEqual(self._days(allowance), [("2026-01-17", "2026-01-31")])

    def test_another_billing_plan_leaves_what_was_granted(self):
        allowance = self._start(self._including(), "2026-01-17")
        agreement = allowance.agreement_id
        with self.at("2026-02-20 10:00:00"):
            agreement._change(
                PendingChange(date(2026, 2, 20), {}, [], plan=self.plan_first)
            )
            agreement._refresh_ledgers()
        self.assertEqual(
            self._days(allowance),
            [("2026-01-17", "2026-02-16"), ("2026-02-17", "2026-03-16")],
        )

    # The daily action

    def test_the_daily_action_grants_carries_over_and_forfeits(self):
        allowance = self._start(self._including(rollover_cap=1), "2026-03-01")
        self._run_grants("2026-03-31")
        self.assertEqual(len(allowance.lot_ids), 1)
        self._run_grants("2026-04-01")
        self._run_grants("2026-04-01")
        self.assertEqual(
            self._figures(allowance, "granted"),
            {
                "2026-03-01": (4, 0, 0, 0, 3, 1, 0),
                "2026-04-01": (4, 0, 0, 0, 0, 0, 4),
            },
        )
        # Late by two months
        self._run_grants("2026-06-02")
        self.assertEqual(len(self._days(allowance, "granted")), 4)
        self._check_identity(allowance)

    def test_each_company_has_its_own_day(self):
        allowance = self._start(self._including(), "2026-03-01")
        self.company.partner_id.tz = "Pacific/Auckland"
        with self.at("2026-03-31 12:00:00"):
            # It is 1 April there
            self._run_cron("service_agreement.ir_cron_grant_allowances")
        self.assertIn("2026-04-01", self._figures(allowance))
        self.company.partner_id.tz = "America/Los_Angeles"
        with self.at("2026-05-01 05:00:00"):
            self._run_cron("service_agreement.ir_cron_grant_allowances")
        self.assertNotIn("2026-05-01", self._figures(allowance))

    def test_a_period_that_was_used_up_is_followed_by_the_next(self):
        allowance = self._start(self._including(), "2026-03-01")
        self._draw(allowance, ("2026-03-10", 4), today="2026-03-10")
        self._run_grants("2026-04-01")
        self.assertEqual(len(allowance.lot_ids), 2)

    def test_what_is_up_to_date_is_not_written_again(self):
        allowance = self._start(self._including(rollover_cap=1), "2026-03-01")
        self._refresh(allowance, "2026-05-15")
        self.env.flush_all()
        self.env.cr.execute(
            "SELECT id, xmin FROM service_agreement_allowance_lot ORDER BY id"
        )
        before = self.env.cr.fetchall()
        self._refresh(allowance, "2026-05-15")
        self.env.flush_all()
        self.env.cr.execute(
            "SELECT id, xmin FROM service_agreement_allowance_lot ORDER BY id"
        )
        self.assertEqual(self.env.cr.fetchall(), before)

    def test_the_number_of_queries_does_not_grow_with_agreements(self):
        def count(agreements):
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            with self.at("2026-03-15 10:00:00"):
                agreements._refresh_ledgers()
            return self.env.cr.sql_log_count - before

        tier = self._including(rollover_cap=1)
        found = self.env["service.agreement"]
        for _number in range(6):
            found |= self._start(tier, "2026-01-01").agreement_id
        count(found)
        count(found)
        self.assertEqual(count(found[:2]), count(found))

    # BLK

    def test_blk_03_what_is_left_over_is_not_taken(self):
        allowance = self._start(self._including(quantity=2), "2026-03-01")
        self.assertEqual(
            self._draw(allowance, ("2026-03-03", 3.5), today="2026-03-03"),
            [(allowance.lot_ids, 2.0)],
        )
        self.assertEqual(allowance.lot_ids.balance, 0)

    def test_blk_05_recomputed_the_earlier_work_gets_the_balance(self):
        allowance = self._start(self._including(quantity=2), "2026-03-01")
        self._draw(allowance, ("2026-03-10", 2), today="2026-03-10")
        draws = allowance.lot_ids.draw_ids
        ledgers = allowance._get_ledgers(date(2026, 3, 12), redecided=draws.line_id)
        taken = list(ledgers[allowance].take(date(2026, 3, 5), 2))
        self.assertEqual([units for _key, units in taken], [2])
        self.assertFalse(list(ledgers[allowance].take(date(2026, 3, 10), 2)))

    def test_blk_07_a_month_without_rollover(self):
        allowance = self._start(self._including(), "2026-03-01")
        taken = self._draw(allowance, ("2026-03-20", 6), today="2026-03-20")
        self.assertEqual([units for _lot, units in taken], [4])
        taken = self._draw(allowance, ("2026-04-02", 6), today="2026-04-02")
        self.assertEqual([units for _lot, units in taken], [4])
        self._check_identity(allowance)

    def test_an_overrun_is_taken_from_the_next_period(self):
        allowance = self._start(self._including(when_used_up="overrun"), "2026-03-01")
        self._draw(allowance, ("2026-03-20", 6), today="2026-03-20")
        self.assertEqual(allowance.lot_ids.balance, -2)
        self._run_grants("2026-04-01")
        self.assertEqual(
            self._figures(allowance),
            {
                "2026-03-01": (4, 0, 0, 6, 0, -2, 0),
                "2026-04-01": (4, 0, -2, 0, 0, 0, 2),
            },
        )

    def test_the_same_after_recomputing_from_the_draws_on_record(self):
        allowance = self._start(
            self._including(rollover_cap=3, rollover_months=2), "2026-01-31"
        )
        for day, units in (("2026-02-10", 1), ("2026-03-05", 5.5), ("2026-04-02", 2)):
            self._draw(allowance, (day, units), today=day)
        before = allowance.lot_ids.read()
        self._refresh(allowance, "2026-04-02")
        self.assertEqual(allowance.lot_ids.read(), before)
        self._check_identity(allowance)

    # Closed months

    def test_what_is_closed_is_never_rewritten(self):
        allowance = self._start(self._including(rollover_cap=1), "2026-01-01")
        self._draw(allowance, ("2026-01-20", 1), today="2026-01-20")
        self._refresh(allowance, "2026-03-10")
        self.company.sudo().service_closed_until = "2026-02-15"
        before = self._figures(allowance)
        # As if it had been agreed otherwise
        allowance.sudo().write({"quantity": 9, "rollover_cap": 5})
        self._refresh(allowance, "2026-03-10")
        after = self._figures(allowance, "granted")
        self.assertEqual(after["2026-01-01"], before["2026-01-01"])
        self.assertEqual(after["2026-02-01"][0], 4)
        self.assertEqual(after["2026-03-01"][0], 9)
        self._check_identity(allowance)

    def test_late_work_of_a_closed_month_takes_what_is_left(self):
        allowance = self._start(
            self._including(interval_months=3, quantity=6), "2026-01-01"
        )
        self._draw(allowance, ("2026-01-20", 1), today="2026-02-10")
        self.company.sudo().service_closed_until = "2026-01-31"
        taken = self._draw(allowance, ("2026-01-21", 9), today="2026-02-10")
        self.assertEqual([units for _lot, units in taken], [5])

    # Suspended, ended, renewed

    def test_suspended_grants_nothing_and_history_stays(self):
        """LIF-08"""
        allowance = self._start(self._including(), "2026-01-01")
        agreement = allowance.agreement_id
        self._draw(allowance, ("2026-01-10", 1), today="2026-01-10")
        with self.at("2026-01-20 10:00:00"):
            agreement.action_suspend()
        self.assertFalse(self._draw(allowance, ("2026-01-21", 1), today="2026-01-21"))
        self._run_grants("2026-03-02")
        self.assertEqual(
            self._figures(allowance), {"2026-01-01": (4, 0, 0, 1, 3, 0, 0)}
        )
        with self.at("2026-03-17 10:00:00"):
            agreement.action_resume()
        # 15 of 31 days
        self.assertEqual(
            self._figures(allowance)["2026-03-17"], (1.94, 0, 0, 0, 0, 0, 1.94)
        )

    def test_everything_is_over_on_the_last_day(self):
        allowance = self._start(self._including(rollover_cap=4), "2026-01-01")
        agreement = allowance.agreement_id
        with self.at("2026-01-10 10:00:00"):
            agreement._end(date(2026, 1, 20), "cancelled")
        self.assertEqual(self._days(allowance), [("2026-01-01", "2026-01-20")])
        self.assertEqual(allowance.lot_ids.balance, 4)
        with self.at("2026-01-12 10:00:00"):
            agreement.action_take_back_end()
        self.assertEqual(self._days(allowance), [("2026-01-01", "2026-01-31")])
        with self.at("2026-01-25 10:00:00"):
            agreement._end(date(2026, 1, 24), "cancelled")
        self._run_grants("2026-02-02")
        self.assertEqual(
            self._figures(allowance), {"2026-01-01": (4, 0, 0, 0, 4, 0, 0)}
        )

    def test_a_renewal_goes_on_as_before(self):
        tier = self._including(rollover_cap=4)
        allowance = self._start(
            tier, "2026-01-01", term_months=3, auto_renew=True, today="2026-01-01"
        )
        with self.at("2026-04-02 10:00:00"):
            self._run_cron("service_agreement.ir_cron_lifecycle")
        self.assertEqual(str(allowance.agreement_id.date_end), "2026-06-30")
        self.assertIn("2026-04-01", self._figures(allowance, "granted"))
        self.assertEqual(self._figures(allowance, "rolled")["2026-04-01"][-1], 4)

    # Another tier

    def test_what_is_left_of_the_old_tier_stays_usable(self):
        """The new one grants from its first day; nothing that was granted is taken."""
        allowance = self._start(self._including(), "2026-03-01")
        agreement = allowance.agreement_id
        self._draw(allowance, ("2026-03-05", 1), today="2026-03-05")
        with self.at("2026-03-11 10:00:00"):
            agreement._change(
                PendingChange(
                    date(2026, 3, 11),
                    {},
                    [],
                    tier=self._including("Platinum", 40, quantity=8),
                )
            )
        new = agreement._get_held_coverages().allowance_ids - allowance
        self.assertEqual(
            self._figures(new), {"2026-03-11": (5.42, 0, 0, 0, 0, 0, 5.42)}
        )
        taken = self._draw(new, ("2026-03-12", 9), today="2026-03-12")
        self.assertEqual(sorted(units for _lot, units in taken), [3, 5.42])
        self._run_grants("2026-04-01")
        self.assertEqual(
            self._figures(allowance), {"2026-03-01": (4, 0, 0, 4, 0, 0, 0)}
        )
        self.assertEqual(self._figures(new)["2026-04-01"][0], 8)
        self._check_identity(allowance | new)

    # Who may

    def test_nobody_writes_lots_over_the_api(self):
        lot = self._start(self._including(), "2026-03-01").lot_ids
        seller = new_test_user(
            self.env, "seller", groups="service_agreement.group_user"
        )
        for user in (self.env.user, seller):
            own = lot.with_user(user)
            self.assertEqual(own.granted, 4)
            for attempt in (
                lambda own=own: own.write({"granted": 100, "balance": 100}),
                lambda own=own: own.unlink(),
                lambda own=own: own.copy(),
            ):
                with self.assertRaises(AccessError):
                    attempt()

    def test_another_company_sees_nothing_of_it(self):
        lot = self._start(self._including(), "2026-03-01").lot_ids
        other = self.env["res.company"].create({"name": "Other"})
        seller = new_test_user(
            self.env,
            "seller",
            groups="service_agreement.group_user",
            company_id=other.id,
            company_ids=[(6, 0, other.ids)],
        )
        lots = self.env["service.agreement.allowance.lot"].with_user(seller)
        self.assertNotIn(lot.id, lots.search([]).ids)
        with self.assertRaises(AccessError):
            lots.browse(lot.id).read(["granted"])
