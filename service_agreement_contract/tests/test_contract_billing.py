from psycopg2.errors import CheckViolation

from odoo.exceptions import UserError
from odoo.fields import Date
from odoo.tests import tagged
from odoo.tools import mute_logger

from odoo.addons.service_agreement.tests.test_sla_warning import WarningCommon
from odoo.addons.service_agreement.tests.work_cases import WorkCommon

from .common import ContractCommon, ContractMixin


@tagged("post_install", "-at_install")
class TestContractBilling(ContractCommon):
    """Billed by the contract, and by nobody else."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.contract = cls._create_contract(
            service_tier_id=cls.tier.id, service_date_start="2026-01-01"
        )
        cls.agreement = cls.contract.service_agreement_id
        cls.charge = cls.agreement.line_ids

    def _period_values(self):
        return {
            "line_id": self.charge.id,
            "date_start": "2026-01-01",
            "date_end": "2026-02-01",
            "whole_start": "2026-01-01",
            "whole_end": "2026-02-01",
        }

    def test_our_run_does_not_pick_it(self):
        self.assertFalse(self.agreement.next_invoice_date)
        self.assertFalse(self._bill("2026-06-01"))
        self.assertFalse(self.agreement.period_ids)
        reason = f"is billed by the contract {self.contract.display_name}"
        with self.assertRaisesRegex(UserError, reason):
            self.agreement.action_bill_now()

    @mute_logger("odoo.sql_db")
    def test_the_database_refuses_a_period_of_ours(self):
        Period = self.env["service.agreement.period"].sudo()
        with self.assertRaises(CheckViolation), self.env.cr.savepoint():
            Period.create(self._period_values())
        with self.assertRaises(CheckViolation), self.env.cr.savepoint():
            self.env.cr.execute(
                """
                INSERT INTO service_agreement_period
                       (line_id, kind, date_start, date_end, whole_start, whole_end)
                VALUES (%s, 'service', '2026-01-01', '2026-02-01', '2026-01-01',
                        '2026-02-01')
                """,
                [self.charge.id],
            )

    @mute_logger("odoo.sql_db")
    def test_nor_does_a_contract_take_over_what_we_billed(self):
        agreement = self._create_active("2026-01-01")
        self._bill("2026-01-01")
        contract = self._create_contract()
        with self.assertRaises(CheckViolation), self.env.cr.savepoint():
            self.env.cr.execute(
                "UPDATE service_agreement SET contract_id = %s WHERE id = %s",
                [contract.id, agreement.id],
            )

    def test_the_refusal_is_in_words(self):
        class Diag:
            constraint_name = "service_agreement_period_billed_by_contract"

        class Error(Exception):
            diag = Diag

        message = self.agreement.period_ids._sql_error_to_message(Error())
        self.assertIn("A contract bills these days", message)

    def test_its_invoices_are_the_agreement_s_invoices(self):
        moves = self._invoice(self.contract, "2026-03-01")
        self.assertEqual(len(moves), 3)
        self.assertEqual(moves.invoice_line_ids.agreement_id, self.agreement)
        self.assertEqual(self.agreement.invoice_count, 3)
        self.assertEqual(str(self.charge.settled_until), "2026-04-01")
        self.assertEqual(str(self.agreement.contract_next_date), "2026-04-01")
        self.assertEqual(self.agreement.contract_next_amount, 149.0)

    def test_it_is_earned_in_the_months_it_was_for(self):
        contract = self._create_contract(
            lines=[
                {},
                {"recurring_rule_type": "yearly", "price_unit": 365.0},
            ],
            service_tier_id=self.tier.id,
            service_date_start="2026-01-01",
        )
        self._invoice(contract, "2026-01-01")
        agreement = contract.service_agreement_id
        rows = self.env["service.agreement.profit"].search(
            [("agreement_id", "=", agreement.id)], order="date"
        )
        self.assertEqual(len(rows), 12)
        earned = [round(row.revenue, 2) for row in rows[:2]]
        self.assertEqual(earned, [149.0 + 31.0, 28.0])

    def test_of_different_rhythms_the_amounts_are_those_of_the_first_one(self):
        quarter = {"recurring_rule_type": "quarterly", "price_unit": 90.0}
        contract = self._create_contract(
            lines=[{}, quarter],
            service_tier_id=self.tier.id,
            service_date_start="2026-01-01",
        )
        self.assertEqual(contract.service_agreement_id.amount_untaxed, 179.0)


@tagged("post_install", "-at_install")
class TestContractRiders(ContractMixin, WorkCommon):
    """What is charged beside the contract is on its invoice; once."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company.agreement_invoice_mode = "draft"
        villa = cls._create_customer("Nobody's Villa")
        cls.contract = cls._create_contract(
            partner_id=villa.id,
            service_tier_id=cls.tier.id,
            service_date_start="2026-01-01",
        )
        cls.agreement = cls.contract.service_agreement_id
        cls.ticket.partner_id = villa

    def setUp(self):
        super().setUp()
        self._invoice(self.contract, "2026-03-01")
        self.enterContext(self.at("2026-03-06 12:00:00"))

    def test_work_rides_on_the_next_invoice_of_the_contract_once(self):
        draw = self._log("2026-03-03", 1.5)
        self.assertFalse(self.agreement.next_invoice_date)
        self.assertEqual(self.agreement.contract_next_amount, 149.0 + 180.0)
        [april, may] = self._invoice(self.contract, "2026-05-01")
        self.assertEqual(april.amount_untaxed, 149.0 + 180.0)
        self.assertEqual(april.invoice_line_ids[-1].quantity, 1.5)
        self.assertEqual(draw.move_line_id.move_id, april)
        self.assertEqual(self.agreement.period_ids.kind, "one_off")
        self.assertEqual(may.amount_untaxed, 149.0)
        self.assertFalse(self._run_billing("2027-01-01", self.agreement)[0])

    def test_a_deleted_draft_gives_it_to_the_next_one(self):
        self._log("2026-03-03", 1.0)
        april = self._invoice(self.contract, "2026-04-01")
        april.unlink()
        may = self._invoice(self.contract, "2026-05-01")
        self.assertEqual(may.amount_untaxed, 149.0 + 120.0)

    def test_of_a_yearly_contract_nobody_waits_a_year(self):
        contract = self._create_contract(
            lines=[{"recurring_rule_type": "yearly"}],
            service_tier_id=self.tier.id,
            service_date_start="2026-01-01",
        )
        agreement = contract.service_agreement_id
        self._invoice(contract, "2026-01-01")
        self._log("2026-03-03", 1.0, agreement=agreement)
        due = agreement.next_invoice_date
        self.assertEqual(str(due), "2026-07-01")
        [move] = self._run_billing(str(due), agreement)[0]
        self.assertEqual(move.amount_untaxed, 120.0)
        self.assertFalse(move.invoice_line_ids.contract_line_id)
        self.assertFalse(agreement.next_invoice_date)

    def test_hours_bought_in_advance_have_an_invoice_of_their_own(self):
        line = self.env["service.agreement.line"].sudo()
        line.create(
            {
                "agreement_id": self.agreement.id,
                "product_id": self.product.id,
                "name": "Ten hours",
                "charge": "one_off",
                "price_unit": 1000.0,
                "date_start": "2026-03-06",
            }
        )
        self.assertEqual(str(self.agreement.next_invoice_date), "2026-03-06")
        [move] = self._run_billing("2026-03-06", self.agreement)[0]
        self.assertEqual(move.amount_untaxed, 1000.0)
        self.assertEqual(self._invoice(self.contract, "2026-04-01").amount_untaxed, 149)

    def test_after_the_contract_it_has_an_invoice_of_its_own(self):
        self.contract.contract_line_ids.date_end = "2026-03-31"
        self._log("2026-03-03", 1.0)
        with self.at("2026-04-01 12:00:00"):
            self._run_cron("service_agreement.ir_cron_lifecycle")
            self.assertEqual(self.agreement.state, "ended")
            [move] = self._run_billing("2026-04-01", self.agreement)[0]
        self.assertEqual(move.amount_untaxed, 120.0)

    def test_without_a_tier_any_more_it_has_an_invoice_of_its_own(self):
        self._log("2026-03-03", 1.0)
        self.contract.service_tier_id = False
        [move] = self._run_billing("2026-03-06", self.agreement)[0]
        self.assertEqual(move.amount_untaxed, 120.0)

    def test_moved_over_it_is_on_our_next_invoice(self):
        self._log("2026-03-03", 1.0)
        self.contract._move_to_agreement(Date.to_date("2026-03-06"))
        [move] = self._run_billing("2026-04-01", self.agreement)[0]
        self.assertEqual(move.amount_untaxed, 149.0 + 120.0)
        self.assertFalse(self._invoice(self.contract, "2026-04-01"))

    def test_a_contract_that_is_posted_at_once_leaves_it_for_another_time(self):
        draw = self._log("2026-03-03", 1.0)
        contract = type(self.contract)
        self.patch(
            contract, "_get_open_invoice", lambda *_args: self.env["account.move"]
        )
        april = self._invoice(self.contract, "2026-04-01")
        self.assertEqual(april.amount_untaxed, 149.0)
        self.assertFalse(draw.is_invoiced)


@tagged("post_install", "-at_install")
class TestContractCredit(ContractMixin, WarningCommon):
    """A credit for a missed promise is taken off the contract's invoice."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        terms = {"sla_credit_percent": 10, "sla_credit_cap": 25}
        tier = cls._create_tier("Gold", 149.0, 30, **terms)
        promise = cls.agreement.target_ids.filtered(
            lambda target: target.metric == "first_response"
        )
        promise.copy({"tier_id": tier.id, "agreement_id": False})
        cls.villa = cls._create_customer("Nobody's Villa")
        cls.contract = cls._create_contract(
            partner_id=cls.villa.id,
            service_tier_id=tier.id,
            service_date_start="2026-01-01",
        )

    def _miss(self):
        ticket = self._open(partner_id=self.villa.id)
        self._warn("2026-03-10 12:00")
        clocks = [("clock_id", "in", ticket.sla_clock_ids.ids)]
        return self.env["service.agreement.sla.credit"].search(clocks)

    def test_it_is_taken_off_once(self):
        self._invoice(self.contract, "2026-03-01")
        credit = self._miss()
        self.assertEqual((credit.fee, credit.amount), (149.0, 14.9))
        with self.at("2026-03-11 10:00:00"):
            credit.action_grant()
        [april, may] = self._invoice(self.contract, "2026-05-01")
        self.assertEqual(april.amount_untaxed, 134.10)
        self.assertEqual(may.amount_untaxed, 149.0)
        self.assertEqual(credit.amount_billed, 14.9)

    def test_it_waits_where_the_invoice_would_be_below_zero(self):
        self._invoice(self.contract, "2026-03-01")
        credit = self._miss()
        with self.at("2026-03-11 10:00:00"):
            credit.action_grant()
        riders = self.contract._get_service_riders()[self.contract]
        cheap = self.env["account.move"].new({"move_type": "out_invoice"})
        self.assertFalse(self.contract._fit_riders(cheap, riders))
        self.assertTrue(riders)
