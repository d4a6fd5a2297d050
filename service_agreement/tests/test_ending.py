import random
from datetime import date, timedelta
from decimal import Decimal

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import new_test_user, tagged

from ..models.service_agreement_change import PendingChange
from .common import ServiceAgreementCommon, ServiceDeskCommon


class EndingCommon(ServiceAgreementCommon):
    """Ends by the wizard, as people do, and compares what it shows with the run."""

    def _create_term(self, price=149.0, start="2026-01-01", **values):
        """In force for a year, billed monthly on the 1st unless told otherwise."""
        plan = values.pop("plan", self.plan_first)
        values = {"term_months": 12, "auto_renew": False, **values}
        agreement = self._create_agreement(start, plan, **values)
        agreement.line_ids.price_unit = price
        agreement.action_activate()
        return agreement

    def _open_wizard(self, agreement, **values):
        return self.env["service.agreement.end"].create(
            {"agreement_id": agreement.id, **values}
        )

    def _preview(self, wizard):
        """(due, kind, untaxed, with taxes) of the invoices the wizard shows."""
        agreement = wizard.agreement_id
        ending = agreement._plan_end(wizard.effective_day, **wizard._get_terms())
        documents = agreement._describe_invoices(agreement._preview_end(ending))
        return [
            (d["kind"], d["untaxed"], d["total"], [ln["amount"] for ln in d["lines"]])
            for d in documents
        ]

    def _describe_moves(self, moves):
        kinds = {"out_invoice": "invoice", "out_refund": "credit"}
        return [
            (
                kinds[move.move_type],
                move.amount_untaxed_signed,
                move.amount_total_signed,
                [
                    line.price_subtotal * (-1 if move.move_type == "out_refund" else 1)
                    for line in move.invoice_line_ids
                ],
            )
            for move in moves.sorted("id")
        ]

    def _end_on(self, agreement, today, last_day=None, until="2028-12-31", **values):
        """End it by the wizard and bill; what was shown must be what follows.

        :return: list of (kind, untaxed, with taxes, amounts of the lines)
        """
        with self.at(f"{today} 12:00:00"):
            if last_day:
                values["last_day"] = last_day
            wizard = self._open_wizard(agreement, **values)
            shown = self._preview(wizard)
            wizard.action_confirm()
        with self.at(f"{until} 12:00:00"):
            self._run_cron("service_agreement.ir_cron_lifecycle")
        billed = self._describe_moves(self._bill(until))
        self.assertEqual(billed, shown, "what was shown before is what was billed")
        return billed


@tagged("post_install", "-at_install")
class TestEnding(EndingCommon):
    """SEMANTICS §3: what an end costs, and who says so."""

    # Paid days

    def test_unused_days_are_paid_back(self):
        """LIF-10: 12 of March's 31 days."""
        agreement = self._create_term(term_months=0)
        self._bill("2026-03-01")
        billed = self._end_on(agreement, "2026-03-19", "2026-03-19")
        self.assertEqual(billed, [("credit", -57.68, -66.33, [-57.68])])
        self.assertEqual(agreement.state, "ended")
        credit = agreement._get_invoices()[:1]
        self.assertIn("12 of 31 days", credit.invoice_line_ids.name)

    def test_it_runs_to_the_end_of_what_is_billed(self):
        """LIF-10: nothing is paid back, nothing more is billed."""
        agreement = self._create_term(term_months=0, end_policy="run_out")
        self._bill("2026-03-01")
        self.assertEqual(self._end_on(agreement, "2026-03-19", "2026-03-19"), [])
        self.assertEqual(str(agreement.date_end), "2026-03-31")

    def test_run_out_is_the_end_of_the_period_asked_for(self):
        agreement = self._create_term(term_months=0, end_policy="run_out")
        self._bill("2026-03-01")
        billed = self._end_on(agreement, "2026-03-19", "2026-05-10")
        self.assertEqual([row[1] for row in billed], [149.0, 149.0])
        self.assertEqual(str(agreement.date_end), "2026-05-31")

    def test_run_out_is_never_beyond_a_last_day_that_is_decided(self):
        agreement = self._create_term(end_policy="run_out", date_end="2026-03-25")
        wizard = self._open_wizard(agreement, last_day="2026-03-10")
        self.assertEqual(str(wizard.effective_day), "2026-03-25")

    def test_in_arrears_the_last_days_are_charged(self):
        arrears = self.plan_first.copy({"name": "After", "timing": "arrears"})
        agreement = self._create_term(plan=arrears, term_months=0)
        self._bill("2026-03-01")
        billed = self._end_on(agreement, "2026-03-10", "2026-03-19")
        self.assertEqual([row[1] for row in billed], [91.32])

    def test_until_a_day_ahead_it_is_billed_as_usual(self):
        agreement = self._create_term(term_months=0)
        self._bill("2026-03-01")
        billed = self._end_on(agreement, "2026-03-05", "2026-05-15")
        self.assertEqual([row[1] for row in billed], [149.0, 72.10])

    def test_a_period_billed_before_it_was_ended_ahead_is_paid_back_afterwards(self):
        agreement = self._create_term(term_months=0)
        self._bill("2026-03-01")
        with self.at("2026-03-05 12:00:00"):
            self._open_wizard(agreement, last_day="2026-03-19").action_confirm()
        self.assertFalse(self._bill("2026-03-19"))
        self.assertEqual(agreement.state, "active")
        self.assertEqual(str(agreement.next_invoice_date), "2026-03-20")
        self.assertEqual(self._bill("2026-03-20").amount_untaxed_signed, -57.68)

    def test_an_end_is_paid_back_also_where_credits_are_not_given(self):
        agreement = self._create_term(term_months=0, credit_policy="forfeit")
        self._bill("2026-03-01")
        billed = self._end_on(agreement, "2026-03-19", "2026-03-19")
        self.assertEqual([row[1] for row in billed], [-57.68])

    def test_a_last_day_set_otherwise_is_a_credit_note(self):
        """LIF-13"""
        for policy in ("carry", "credit_note", "forfeit"):
            agreement = self._create_term(term_months=0, credit_policy=policy)
            invoice = self._bill("2026-03-01").sorted("id")[-1]
            agreement.sudo().date_end = "2026-03-19"
            self.assertEqual(invoice.amount_untaxed, 149.0)
            credit = self._bill("2026-03-20")
            self.assertEqual(credit.move_type, "out_refund")
            self.assertEqual(credit.amount_untaxed, 57.68)
            self.assertFalse(self._bill("2026-12-31"))

    def test_cancelled_before_its_start_all_is_paid_back(self):
        agreement = self._create_term(start="2026-04-01")
        with self.at("2026-03-10 12:00:00"):
            agreement.action_bill_now()
        billed = self._end_on(agreement, "2026-03-15", "2026-03-15")
        self.assertEqual([row[:2] for row in billed], [("credit", -149.0)])
        self.assertFalse(agreement.activated_on)

    # A change shortly before the end

    def _change_price(self, agreement, today, day, price, **facts):
        line = agreement.line_ids.filtered(lambda ln: not ln.origin_id)
        values = {line: {"price_unit": Decimal(price)}}
        with self.at(f"{today} 12:00:00"):
            pending = PendingChange(date.fromisoformat(day), values, [], **facts)
            return agreement._change(pending)

    def test_days_after_a_change_ride_on_the_settlement(self):
        agreement = self._create_term(31.0, term_months=0)
        self._bill("2026-03-01")
        self._change_price(agreement, "2026-03-11", "2026-03-11", 93)
        self.assertEqual(str(agreement.next_invoice_date), "2026-04-01")
        billed = self._end_on(agreement, "2026-03-12", "2026-03-20", "2026-03-21")
        self.assertEqual([row[3] for row in billed], [[-21.0, 30.0]])
        self.assertEqual(str(agreement._get_invoices()[0].invoice_date), "2026-03-21")
        self.assertFalse(agreement.next_invoice_date)

    def test_a_credit_of_a_change_rides_on_the_settlement_too(self):
        agreement = self._create_term(93.0, term_months=0)
        self._bill("2026-03-01")
        self._change_price(agreement, "2026-03-11", "2026-03-11", 31)
        billed = self._end_on(agreement, "2026-03-12", "2026-03-20", "2026-03-21")
        self.assertEqual([row[3] for row in billed], [[-63.0, 10.0]])
        self.assertEqual([row[:2] for row in billed], [("credit", -53.0)])

    def test_in_arrears_all_is_due_the_day_after_the_end(self):
        arrears = self.plan_first.copy({"name": "After", "timing": "arrears"})
        agreement = self._create_term(31.0, plan=arrears, term_months=0)
        self._bill("2026-03-01")
        self._change_price(agreement, "2026-03-11", "2026-03-11", 93)
        billed = self._end_on(agreement, "2026-03-12", "2026-03-20", "2026-03-21")
        self.assertEqual([row[3] for row in billed], [[10.0, 30.0]])

    def test_with_an_end_far_ahead_a_change_is_billed_as_ever(self):
        agreement = self._create_term(31.0, term_months=0)
        self._bill("2026-03-01")
        with self.at("2026-03-05 12:00:00"):
            agreement._end(date(2026, 5, 31), "cancelled")
        self._change_price(agreement, "2026-03-11", "2026-03-11", 93)
        self.assertEqual(str(agreement.next_invoice_date), "2026-04-01")
        self.assertEqual(self._bill("2026-04-01").amount_untaxed, 93.0 - 21 + 63)

    def test_taken_back_the_days_after_a_change_wait_for_the_next_invoice_again(self):
        agreement = self._create_term(31.0, term_months=0)
        self._bill("2026-03-01")
        self._change_price(agreement, "2026-03-05", "2026-03-11", 62, timing="at_once")
        dues = [(i.due, i.amount) for i in agreement._get_next_invoices()]
        with self.at("2026-03-05 12:00:00"):
            agreement._end(date(2026, 3, 8), "cancelled")
            self.assertEqual(str(agreement.next_invoice_date), "2026-03-09")
            agreement.action_take_back_end()
        self.assertEqual(
            [(i.due, i.amount) for i in agreement._get_next_invoices()], dues
        )
        self.assertFalse(agreement.settle_on)

    def test_a_setup_fee_removed_before_it_was_billed_is_not_settled(self):
        agreement = self._create_agreement("2026-03-01", self.plan_first)
        values = {"name": "Setup", "charge": "one_off", "price_unit": 50.0}
        setup = agreement.line_ids.copy({**values, "agreement_id": agreement.id})
        agreement.action_activate()
        day, removed = date(2026, 3, 5), {setup: {"removed": True}}
        with self.at("2026-03-05 12:00:00"):
            shown = agreement._get_changed_invoices(PendingChange(day, removed, []), 1)
            agreement._change(PendingChange(day, removed, []))
        self.assertEqual([i.amount for i in shown], [149])
        billed = self._end_on(agreement, "2026-03-06", "2026-03-31")
        self.assertEqual([row[3] for row in billed], [[149.0]])

    def test_a_setup_fee_that_was_billed_stays_so(self):
        agreement = self._create_agreement("2026-03-01", self.plan_first)
        values = {"name": "Setup", "charge": "one_off", "price_unit": 50.0}
        setup = agreement.line_ids.copy({**values, "agreement_id": agreement.id})
        agreement.action_activate()
        self._bill("2026-03-01")
        with self.at("2026-03-05 12:00:00"):
            removed = {setup: {"removed": True}}
            agreement._change(PendingChange(date(2026, 3, 5), removed, []))
        self.assertEqual(self._bill("2026-04-01").amount_untaxed, 149.0)

    # Fee and clawback

    def test_a_fee_of_the_rest_of_the_term(self):
        """LIF-12"""
        for percent, fee in ((80, 596.0), (50, 372.5)):
            agreement = self._create_term(termination_fee_percent=percent)
            self._bill("2026-07-01")
            billed = self._end_on(agreement, "2026-07-20", "2026-07-31")
            self.assertEqual([row[1] for row in billed], [fee])

    def test_fee_and_credit_are_one_invoice(self):
        agreement = self._create_term(termination_fee_percent=50)
        self._bill("2026-07-01")
        billed = self._end_on(agreement, "2026-07-20", "2026-07-19")
        # 12 of 31 days back; 50 % of those and five months
        self.assertEqual(billed[0][3], [-57.68, 401.34])

    def test_a_credit_larger_than_the_fee_is_a_credit_note(self):
        yearly = {"plan": self.plan_yearly, "termination_fee_percent": 10}
        agreement = self._create_term(1609.20, **yearly)
        self._bill("2026-01-01")
        billed = self._end_on(agreement, "2026-07-31")
        # One credit note that tells of both, and no invoice of 0.00
        self.assertEqual([row[3] for row in billed], [[-674.54, 67.45]])
        self.assertEqual(billed[0][0], "credit")

    def test_no_fee_at_the_end_of_the_term_nor_without_one(self):
        kept = self._create_term(termination_fee_percent=80)
        self._bill("2026-12-01")
        self.assertEqual(self._end_on(kept, "2026-12-10", "2026-12-31"), [])
        free = self._create_term(termination_fee_percent=80, term_months=0)
        self._bill("2026-07-01")
        self.assertEqual(self._end_on(free, "2026-07-20", "2026-07-31"), [])

    def test_of_a_term_that_renews_only_the_present_one_counts(self):
        agreement = self._create_term(
            termination_fee_percent=80, auto_renew=True, start="2025-01-01"
        )
        with self.at("2026-01-02 12:00:00"):
            self._run_cron("service_agreement.ir_cron_lifecycle")
        self._bill("2026-07-01")
        billed = self._end_on(agreement, "2026-07-20", "2026-07-31")
        self.assertEqual([row[1] for row in billed], [596.0])

    def test_after_the_present_term_nothing_is_left_of_it(self):
        agreement = self._create_term(termination_fee_percent=80, auto_renew=True)
        self._bill("2026-07-01")
        with self.at("2026-07-20 12:00:00"):
            wizard = self._open_wizard(agreement, last_day="2027-03-31")
            self.assertFalse(wizard.is_early)
            ending = agreement._plan_end(wizard.effective_day, "cancelled")
        self.assertFalse(ending.lines)

    def test_the_discount_of_the_plan_is_taken_back(self):
        """Ten per cent off the days served: 1,609.20 a year instead of 1,788.00."""
        agreement = self._create_term(
            1609.20, plan=self.plan_yearly, clawback_discount=True
        )
        self.assertEqual(agreement.line_ids.plan_discount, 10.0)
        self._bill("2026-01-01")
        billed = self._end_on(agreement, "2026-07-31")
        # 212 of 365 days: 934.66 paid for them, 103.85 less than without discount
        self.assertEqual([row[3] for row in billed], [[-674.54, 103.85]])

    def test_a_later_change_of_the_plan_s_discount_changes_nothing(self):
        agreement = self._create_term(1609.20, plan=self.plan_yearly)
        self.plan_yearly.discount = 50.0
        self.assertEqual(agreement.line_ids.plan_discount, 10.0)

    def test_a_price_of_its_own_tells_the_discount(self):
        price = self.tier.price_ids.filtered(lambda p: p.plan_id == self.plan_yearly)
        price.price = 1699.0
        agreement = self._create_agreement("2026-01-01", self.plan_yearly)
        self.assertEqual(agreement.line_ids.plan_discount, 4.98)

    def test_the_catalogue_s_policy_is_copied_once(self):
        tier = self._create_tier(
            "Gold",
            289.0,
            30,
            end_policy="run_out",
            termination_fee_percent=40,
            clawback_discount=True,
        )
        agreement = self._create_active("2026-01-01", tier_id=tier.id)
        tier.write({"end_policy": "refund", "termination_fee_percent": 90})
        self.assertEqual(agreement.end_policy, "run_out")
        self.assertEqual(agreement.termination_fee_percent, 40)
        self.assertTrue(agreement.clawback_discount)
        with self.assertRaisesRegex(UserError, "is in force"):
            agreement.termination_fee_percent = 0

    def test_a_charge_that_ends_by_itself_has_no_rest(self):
        agreement = self._create_agreement(
            "2026-01-01",
            self.plan_first,
            term_months=12,
            auto_renew=False,
            termination_fee_percent=80,
        )
        rack = agreement.line_ids.copy({"agreement_id": agreement.id})
        rack.write({"name": "Rack", "price_unit": 30.0, "date_end": "2026-07-31"})
        agreement.action_activate()
        self._bill("2026-07-01")
        billed = self._end_on(agreement, "2026-07-20", "2026-07-31")
        self.assertEqual([row[1] for row in billed], [596.0])

    # Taking it back

    def test_an_end_ahead_is_taken_back(self):
        agreement = self._create_term(termination_fee_percent=80, auto_renew=True)
        self._bill("2026-07-01")
        with self.at("2026-07-10 12:00:00"):
            before = agreement._get_next_invoices()
            agreement._end(date(2026, 7, 31), "cancelled", "Moved away")
            self.assertEqual(len(agreement.line_ids), 2)
            agreement.action_take_back_end()
            self.assertEqual(
                [(i.due, i.amount) for i in agreement._get_next_invoices()],
                [(i.due, i.amount) for i in before],
            )
        self.assertEqual(len(agreement.line_ids), 1)
        self.assertTrue(agreement.auto_renew)
        self.assertFalse(agreement.end_reason or agreement.end_note)
        self.assertEqual(str(agreement.date_end), "2026-12-31")

    def test_what_was_paid_back_ahead_is_charged_again(self):
        agreement = self._create_term(term_months=0)
        self._bill("2026-07-01")
        with self.at("2026-07-10 12:00:00"):
            agreement._end(date(2026, 7, 19), "cancelled")
            agreement.action_bill_now()
            self.assertEqual(sum(agreement.period_ids.mapped("amount")), 985.32)
            agreement.action_take_back_end()
        self._bill("2026-08-01")
        self.assertAlmostEqual(sum(agreement.period_ids.mapped("amount")), 8 * 149.0, 2)

    def test_ended_or_settled_is_not_taken_back(self):
        agreement = self._create_term(termination_fee_percent=80)
        with self.assertRaisesRegex(UserError, "not about to end"):
            agreement.action_take_back_end()
        self._bill("2026-07-01")
        with self.at("2026-07-10 12:00:00"):
            agreement._end(date(2026, 7, 31), "cancelled")
            with self.assertRaisesRegex(UserError, "Take that back first"):
                agreement._end(date(2026, 8, 31), "cancelled")
            agreement.action_bill_now()
            with self.assertRaisesRegex(UserError, "settled already"):
                agreement.action_take_back_end()
        with self.at("2026-08-01 12:00:00"), self.assertRaisesRegex(UserError, "over"):
            agreement.action_take_back_end()

    def test_a_term_that_passed_meanwhile_was_renewed(self):
        agreement = self._create_term(auto_renew=True)
        with self.at("2026-12-01 12:00:00"):
            agreement._end(date(2027, 3, 31), "cancelled")
        with self.at("2027-02-01 12:00:00"):
            agreement.action_take_back_end()
        self.assertEqual(str(agreement.date_end), "2027-12-31")

    # Suspended

    def test_what_was_served_before_a_suspension_is_billed_at_the_end(self):
        arrears = self.plan_first.copy({"name": "After", "timing": "arrears"})
        agreement = self._create_term(plan=arrears, term_months=0)
        with self.at("2026-01-10 12:00:00"):
            agreement.action_suspend()
        billed = self._end_on(agreement, "2026-03-15", "2026-03-15")
        self.assertEqual([row[1] for row in billed], [43.26])

    def test_a_suspended_one_pays_its_fee_too(self):
        agreement = self._create_term(termination_fee_percent=80)
        self._bill("2026-07-01")
        with self.at("2026-07-05 12:00:00"):
            agreement.action_suspend()
        billed = self._end_on(agreement, "2026-07-20", "2026-07-31")
        self.assertEqual([row[1] for row in billed], [596.0])

    # Who

    def _create_salesman(self):
        return new_test_user(
            self.env,
            login="salesman",
            groups="base.group_user,service_agreement.group_user",
            company_id=self.company.id,
            company_ids=[(6, 0, self.company.ids)],
        )

    def test_a_salesman_ends_by_what_was_agreed(self):
        agreement = self._create_term(termination_fee_percent=80)
        self._bill("2026-07-01")
        wizards = self.env["service.agreement.end"].with_user(self._create_salesman())
        values = {"agreement_id": agreement.id, "last_day": "2026-07-31"}
        for forged in (
            {"fee_percent": 0.0},
            {"clawback_amount": 0.0},
            {"end_policy": "refund"},
        ):
            with self.assertRaises(AccessError):
                wizards.create({**values, **forged})
        with self.at("2026-07-20 12:00:00"):
            wizard = wizards.create(values)
            with self.assertRaises(AccessError):
                wizard.fee_percent = 0.0
            self.assertIn("596.00", wizard.settlement)
            wizard.action_confirm()
        self.assertEqual(self._bill("2026-08-01").amount_untaxed, 596.0)

    def test_who_is_replaced_pays_no_fee_unless_a_manager_says_so(self):
        terms = {"termination_fee_percent": 80, "clawback_discount": True}
        agreement = self._create_term(1609.20, plan=self.plan_yearly, **terms)
        self._bill("2026-01-01")
        with self.at("2026-07-20 12:00:00"):
            wizard = self._open_wizard(agreement, last_day="2026-07-31")
            self.assertEqual((wizard.fee_percent, wizard.clawback_amount), (80, 103.85))
            self.assertIn("Early termination", wizard.settlement)
            wizard.reason = "replaced"
            self.assertEqual((wizard.fee_percent, wizard.clawback_amount), (0, 0))
            self.assertNotIn("Early termination", wizard.settlement)
            wizard.fee_percent = 50
            self.assertIn("Early termination: 50 %", wizard.settlement)
        same = {"reason": "replaced", "fee_percent": 0}
        billed = self._end_on(agreement, "2026-07-20", "2026-07-31", **same)
        self.assertEqual([row[3] for row in billed], [[-674.54]])

    def test_a_manager_waives_the_fee(self):
        agreement = self._create_term(termination_fee_percent=80)
        self._bill("2026-07-01")
        billed = self._end_on(agreement, "2026-07-20", "2026-07-31", fee_percent=0.0)
        self.assertEqual(billed, [])

    def test_only_a_manager_ends_on_a_past_day(self):
        agreement = self._create_term()
        salesman = agreement.with_user(self._create_salesman())
        with self.at("2026-07-20 12:00:00"):
            with self.assertRaisesRegex(UserError, "is past"):
                salesman._end(date(2026, 7, 10), "cancelled")
            agreement._end(date(2026, 7, 10), "cancelled")
        self.assertEqual(agreement.state, "ended")

    def test_no_fee_is_forged(self):
        agreement = self._create_term().with_user(self._create_salesman())
        with self.assertRaisesRegex(AccessError, "by hand"):
            agreement.before_end = {"auto_renew": True}
        with self.assertRaisesRegex(UserError, "in force"):
            agreement.line_ids.plan_discount = 99.0
        with self.assertRaisesRegex(AccessError, "by hand"):
            agreement.line_ids.write({"is_settlement": True})

    def test_technicians_and_other_companies_do_not_end_it(self):
        agreement = self._create_term()
        other = self.env["res.company"].create({"name": "Elsewhere"})
        groups = "base.group_user,service_agreement.group_manager"
        stranger = new_test_user(
            self.env,
            login="stranger",
            groups=groups,
            company_id=other.id,
            company_ids=[(6, 0, other.ids)],
        )
        technician = new_test_user(
            self.env, login="tech", groups="base.group_user,project.group_project_user"
        )
        for user in (stranger, technician):
            with self.assertRaises(AccessError):
                agreement.with_user(user).action_take_back_end()
            with self.assertRaises(AccessError):
                wizards = self.env["service.agreement.end"].with_user(user)
                wizards.create({"agreement_id": agreement.id}).action_confirm()
        self.assertFalse(agreement.end_reason)

    def test_a_proposal_ends_without_a_settlement(self):
        agreement = self._create_agreement("2026-03-01")
        agreement._propose()
        wizard = self._open_wizard(agreement, note="Too expensive")
        self.assertFalse(wizard.settlement)
        wizard.action_confirm()
        self.assertEqual((agreement.state, agreement.end_note), ("ended", wizard.note))


@tagged("post_install", "-at_install")
class TestEndingSums(EndingCommon):
    def _change_at_random(self, agreement, rng, today):
        """Another price or quantity from a day of the last or the next weeks on."""
        day = max(agreement.date_start, today + timedelta(rng.randint(-20, 20)))
        timing = rng.choice(["next_invoice", "at_once"])
        terms = rng.choice(
            [{"price_unit": Decimal("200.01")}, {"quantity": Decimal(2)}]
        )
        values = {agreement.line_ids.filtered(lambda ln: not ln.origin_id): terms}
        with self.at(f"{today} 12:00:00"):
            if not agreement._why_not_change(day):
                agreement._change(PendingChange(day, values, [], timing=timing))

    def test_whatever_was_agreed_what_is_shown_is_billed(self):
        rng = random.Random(3)
        arrears = self.plan_first.copy({"name": "After", "timing": "arrears"})
        plans = [self.plan_monthly, self.plan_first, arrears, self.plan_quarterly]
        for number in range(20):
            start = date(2026, 1, rng.randint(1, 31))
            today = start + timedelta(rng.randint(0, 300))
            agreement = self._create_term(
                rng.choice([149.0, 99.99, 33.33]),
                start,
                plan=rng.choice([*plans, self.plan_yearly]),
                auto_renew=rng.random() < 0.5,
                term_months=rng.choice([0, 6, 12]),
                credit_policy=rng.choice(["carry", "credit_note", "forfeit"]),
                end_policy=rng.choice(["refund", "run_out"]),
                termination_fee_percent=rng.choice([0, 33, 80]),
                clawback_discount=rng.random() < 0.5,
            )
            if agreement.date_end and agreement.date_end < today:
                with self.at(f"{today} 12:00:00"):
                    self._run_cron("service_agreement.ir_cron_lifecycle")
            if agreement.state == "ended":
                # Nobody ended it: what it owes is not what the next one shows.
                self._bill("2028-12-31")
                continue
            self._bill(str(today))
            if rng.random() < 0.3:
                with self.at(f"{today} 12:00:00"):
                    agreement._suspend(today, today + timedelta(5), True)
            last_day = max(start, today + timedelta(rng.randint(-20, 60)))
            if rng.random() < 0.6:
                self._change_at_random(agreement, rng, today)
            with self.subTest(number=number, start=start, today=today, last=last_day):
                billed = self._end_on(agreement, str(today), str(last_day))
                for kind, untaxed, *_rest in billed:
                    self.assertGreaterEqual(untaxed * (kind == "invoice"), 0)
                self.assertEqual(agreement.state, "ended")
                self.assertFalse(agreement.next_invoice_date)


@tagged("post_install", "-at_install")
class TestReplacement(EndingCommon):
    """One agreement instead of another."""

    def _replace(self, agreement, today, start):
        with self.at(f"{today} 12:00:00"):
            action = agreement.action_replace()
            new = self.env["service.agreement"].browse(action["res_id"])
            new.date_start = start
            new.tier_id = self.gold
            new.action_activate()
        return new

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.gold = cls._create_tier("Gold", 289.0, 30)

    def test_the_old_one_ends_the_day_before_without_a_fee(self):
        old = self._create_term(
            termination_fee_percent=80, clawback_discount=True, end_policy="run_out"
        )
        self._bill("2026-03-01")
        new = self._replace(old, "2026-03-10", "2026-03-20")
        self.assertEqual(old.end_reason, "replaced")
        self.assertEqual(str(old.date_end), "2026-03-19")
        self.assertEqual(old.replaced_by_ids, new)
        self.assertEqual(new.line_ids.price_unit, 289.0)
        moves = self._bill("2026-04-01")
        self.assertEqual(moves & old._get_invoices(), moves - new._get_invoices())
        self.assertEqual(
            self._describe_moves(moves & old._get_invoices()),
            [("credit", -57.68, -66.33, [-57.68])],
        )
        billed = (moves & new._get_invoices()).sorted("id")
        self.assertEqual(billed.mapped("amount_untaxed"), [111.87, 289.0])

    def test_no_day_is_covered_twice_or_not_at_all(self):
        old = self._create_term()
        new = self._replace(old, "2026-03-10", "2026-03-20")
        both = old | new
        self.assertEqual(both._in_force_on(date(2026, 3, 19)), old)
        self.assertEqual(both._in_force_on(date(2026, 3, 20)), new)

    def test_a_draft_that_exists_is_opened_again(self):
        old = self._create_term()
        first, second = old.action_replace(), old.action_replace()
        self.assertEqual(first["res_id"], second["res_id"])
        self.assertEqual(old.state, "active", "a draft ends nothing")

    def test_one_that_ends_before_ends_as_it_was_to(self):
        old = self._create_term(date_end="2026-03-10")
        self._replace(old, "2026-03-05", "2026-03-20")
        self.assertFalse(old.end_reason)
        self.assertEqual(str(old.date_end), "2026-03-10")

    def test_one_that_was_to_end_later_ends_without_its_fee(self):
        old = self._create_term(termination_fee_percent=80)
        with self.at("2026-03-05 12:00:00"):
            old._end(date(2026, 6, 30), "cancelled")
            self.assertEqual(len(old.line_ids), 2)
        self._replace(old, "2026-03-10", "2026-03-20")
        self.assertEqual(old.end_reason, "replaced")
        self.assertEqual(len(old.line_ids), 1)

    def test_its_end_is_taken_back_only_when_the_new_one_ended(self):
        old = self._create_term()
        new = self._replace(old, "2026-03-10", "2026-03-20")
        with self.at("2026-03-12 12:00:00"):
            with self.assertRaisesRegex(UserError, "end that one first"):
                old.action_take_back_end()
            new._end(date(2026, 3, 12), "cancelled")
            old.action_take_back_end()
        self.assertFalse(old.end_reason)

    def test_it_starts_after_the_one_it_replaces(self):
        old = self._create_term()
        with self.assertRaisesRegex(UserError, "choose a later start"):
            self._replace(old, "2026-03-10", "2026-01-01")
        self.assertEqual(old.state, "active")

    def test_another_customer_s_is_not_replaced(self):
        old = self._create_term()
        stranger = self._create_customer("Stranger")
        with self.assertRaisesRegex(ValidationError, "another customer's"):
            self._create_agreement(
                "2026-05-01", partner_id=stranger.id, replaces_id=old.id
            )

    def test_what_is_charged_besides_goes_over_and_fees_do_not(self):
        old = self._create_agreement("2026-01-01", self.plan_first)
        rack = old.line_ids.copy({"agreement_id": old.id, "is_suggested": False})
        rack.write({"name": "Rack", "price_unit": 30.0})
        setup = {"charge": "one_off", "name": "Setup", "agreement_id": old.id}
        rack.copy(setup)
        old.action_activate()
        new = self._replace(old, "2026-03-10", "2026-03-20")
        self.assertEqual(sorted(new.line_ids.mapped("price_unit")), [30.0, 289.0])


@tagged("post_install", "-at_install")
class TestEndingTickets(ServiceDeskCommon):
    def test_open_tickets_keep_their_promise(self):
        ticket = self._open_ticket("2026-03-06 15:00")
        deadline = self._clock(ticket).deadline
        with self.at_desk("2026-03-06 16:00"):
            self.agreement._end(date(2026, 3, 5), "cancelled")
        self.assertEqual(self.agreement.state, "ended")
        self.assertEqual(ticket.agreement_id, self.agreement)
        self.assertEqual(self._clock(ticket).deadline, deadline)
        self.assertEqual(self._clock(ticket).state, "running")
        later = self._open_ticket("2026-03-06 17:00")
        self.assertFalse(later.agreement_id)
