from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.tests import tagged

from .common import ContractCommon


@tagged("post_install", "-at_install")
class TestContractFollow(ContractCommon):
    """The contract decides, and the agreement follows."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.contract = cls._create_contract(
            service_tier_id=cls.tier.id, service_date_start="2026-01-01"
        )
        cls.agreement = cls.contract.service_agreement_id
        cls.line = cls.contract.contract_line_ids

    def test_another_price_is_a_movement_of_revenue(self):
        with self.at("2026-03-11 10:00:00"):
            self.line.price_unit = 199.0
        self.assertEqual(self.agreement.mrr, 199.0)
        self.assertEqual(self.agreement.amount_untaxed, 199.0)
        newest = self.agreement.movement_ids.sorted("id")[-1]
        self.assertEqual((newest.kind, newest.amount), ("expansion", 50.0))
        self.assertEqual(str(newest.date), "2026-03-11")

    def test_lines_come_and_go(self):
        with self.at("2026-03-11 10:00:00"):
            self.contract.contract_line_ids = [
                Command.create(
                    self._prepare_contract_line("2026-03-01", price_unit=20.0)
                ),
                Command.create(
                    self._prepare_contract_line("2026-05-01", price_unit=7.0)
                ),
            ]
            self.assertEqual(self.agreement.mrr, 169.0)
            added, ahead = self.contract.contract_line_ids - self.line
            added.is_canceled = True
            ahead.unlink()
            self.assertEqual(self.agreement.mrr, 149.0)
            self.assertEqual(len(self.agreement.line_ids), 2)
            added.is_canceled = False
            self.assertEqual(self.agreement.mrr, 169.0)
            added.unlink()
        self.assertEqual(self.agreement.mrr, 149.0)

    def test_another_tier_is_promised_from_today(self):
        with self.at("2026-03-11 10:00:00"):
            self.contract.service_tier_id = self.gold
        self.assertEqual(self.agreement.tier_id, self.gold)
        self.assertEqual(str(self.agreement.change_ids.date), "2026-03-11")
        self.assertEqual(self.agreement.mrr, 149.0)
        self.assertEqual(self.contract.service_agreement_id, self.agreement)

    def test_without_a_tier_nothing_is_promised_any_more(self):
        with self.at("2026-03-11 10:00:00"):
            self.contract.service_tier_id = False
        self.assertEqual(self.agreement.state, "ended")
        self.assertEqual(self.agreement.end_reason, "cancelled")
        self.assertEqual(str(self.agreement.date_end), "2026-03-10")
        self.assertEqual(self.agreement.mrr, 0.0)
        with self.at("2026-03-20 10:00:00"):
            self.line.price_unit = 150.0
            self.assertEqual(self.contract.service_agreement_id, self.agreement)
            self.contract.service_tier_id = self.gold
        again = self.contract.service_agreement_id
        self.assertNotEqual(again, self.agreement)
        self.assertEqual((again.state, again.tier_id), ("active", self.gold))
        self.assertEqual(str(again.date_start), "2026-03-20")

    def test_it_ends_with_its_contract_and_not_before(self):
        with self.at("2026-03-11 10:00:00"):
            self.line.date_end = "2026-04-30"
            self.assertEqual(str(self.agreement.date_end), "2026-04-30")
            self.assertEqual(self.agreement.state, "active")
        with self.at("2026-05-01 10:00:00"):
            self._run_cron("service_agreement.ir_cron_lifecycle")
        self.assertEqual(self.agreement.state, "ended")
        self.assertEqual(self.agreement.end_reason, "expired")

    def test_a_section_keeps_no_contract_going(self):
        with self.at("2026-03-11 10:00:00"):
            self.contract.contract_line_ids = [
                Command.create({"name": "Cinema", "display_type": "line_section"})
            ]
            self.line.date_end = "2026-04-30"
        self.assertFalse(self.contract.date_end)
        self.assertEqual(str(self.agreement.date_end), "2026-04-30")

    def test_with_all_lines_cancelled_nothing_is_promised(self):
        with self.at("2026-03-11 10:00:00"):
            self.line.is_canceled = True
        self.assertEqual(self.agreement.state, "ended")
        self.assertEqual(str(self.agreement.date_end), "2026-03-10")

    def test_other_lines_in_one_write_are_no_end(self):
        with self.at("2026-03-11 10:00:00"):
            self.contract.contract_line_ids = [
                Command.delete(self.line.id),
                Command.create(
                    self._prepare_contract_line("2026-03-11", price_unit=99.0)
                ),
            ]
        self.assertEqual(self.contract.service_agreement_id, self.agreement)
        self.assertEqual((self.agreement.state, self.agreement.mrr), ("active", 99.0))

    def test_one_that_cannot_be_followed_stops_no_other(self):
        foreign = self.setup_other_currency("EUR")
        pricelist = self.env["product.pricelist"].create(
            {"name": "Abroad", "currency_id": self.agreement.currency_id.id}
        )
        self.contract.pricelist_id = pricelist
        self.line.automatic_price = True
        pricelist.currency_id = foreign
        other = self._create_active("2026-01-01", date_end="2026-03-31")
        for day in ("2026-04-01", "2026-04-02"):
            with self.at(f"{day} 03:00:00"):
                self._run_cron("service_agreement.ir_cron_lifecycle")
        self.assertEqual(other.state, "ended")
        self.assertIn("counts in", self.contract.activity_ids.note)

    def test_a_contract_that_goes_on_leaves_no_gap(self):
        with self.at("2026-03-11 10:00:00"):
            self.line.date_end = "2026-03-31"
        with self.at("2026-04-02 10:00:00"):
            self._run_cron("service_agreement.ir_cron_lifecycle")
            self.assertEqual(self.agreement.state, "ended")
            self.line.date_end = False
        again = self.contract.service_agreement_id
        self.assertNotEqual(again, self.agreement)
        self.assertEqual(str(again.date_start), "2026-04-01")
        self.assertEqual(again.replaces_id, self.agreement)

    def test_an_archived_contract_promises_nothing_meanwhile(self):
        with self.at("2026-03-11 10:00:00"):
            self.contract.active = False
        self.assertEqual(self.agreement.state, "suspended")
        self.assertEqual(self.agreement.mrr, 0.0)
        with self.at("2026-03-20 10:00:00"):
            self.contract.active = True
        self.assertEqual(self.agreement.state, "active")
        self.assertEqual(self.agreement.mrr, 149.0)

    def test_the_customer_goes_with_it(self):
        other = self._create_customer("Hartley House")
        with self.at("2026-03-11 10:00:00"):
            self.contract.partner_id = other
        self.assertEqual(self.agreement.partner_id, other)
        kinds = self.agreement.movement_ids.mapped("kind")
        self.assertCountEqual(kinds, ["new", "churn", "new"])

    def test_company_and_currency_stay_while_something_is_promised(self):
        other = self._create_company(name="Branch")
        with (
            self.at("2026-03-11 10:00:00"),
            self.assertRaisesRegex(UserError, "Remove the tier first"),
            self.env.cr.savepoint(),
        ):
            self.contract.write({"company_id": other.id, "journal_id": False})
        foreign = self.setup_other_currency("EUR")
        with (
            self.at("2026-03-11 10:00:00"),
            self.assertRaisesRegex(UserError, "counts in"),
            self.env.cr.savepoint(),
        ):
            self.contract.currency_id = foreign

    def test_nothing_is_decided_behind_the_contract_s_back(self):
        agreement = self.agreement
        decided = "follows it: change the tier"
        with self.at("2026-03-11 10:00:00"):
            for decide in (
                agreement.action_change,
                agreement.action_end,
                agreement.action_suspend,
                agreement.action_replace,
                agreement.action_renew,
            ):
                with self.subTest(decide), self.assertRaisesRegex(UserError, decided):
                    decide()
            # Nor by saying that one is the contract.
            with self.assertRaisesRegex(UserError, decided):
                agreement.with_context(by_contract=True).action_suspend()

    def test_prices_of_a_pricelist_are_looked_at_every_day(self):
        self.product.list_price = 80.0
        with self.at("2026-03-11 10:00:00"):
            self.line.automatic_price = True
            self.assertEqual(self.agreement.mrr, 80.0)
            self.product.list_price = 90.0
        with self.at("2026-03-12 03:00:00"):
            self._run_cron("service_agreement.ir_cron_lifecycle")
        self.assertEqual(self.agreement.mrr, 90.0)
