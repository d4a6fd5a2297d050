from psycopg2.errors import CheckViolation

from odoo.exceptions import UserError, ValidationError
from odoo.tests import tagged
from odoo.tools import mute_logger

from odoo.addons.service_agreement.tests.common import ServiceWorkMixin

from .common import ContractCommon


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


@tagged("post_install", "-at_install")
class TestContractRiders(ServiceWorkMixin, ContractCommon):
    """What is charged beside the contract is on its invoice; once."""
