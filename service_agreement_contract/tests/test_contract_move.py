import re
from collections import Counter
from datetime import date, timedelta

from psycopg2.errors import CheckViolation

from odoo.exceptions import AccessError, UserError
from odoo.fields import Command, Date
from odoo.tests import new_test_user, tagged
from odoo.tools import mute_logger

from .common import ContractCommon

DATES = re.compile(r"(\d\d/\d\d/\d{4}) - (\d\d/\d\d/\d{4})")
DAY = timedelta(days=1)


@tagged("post_install", "-at_install")
class TestContractMove(ContractCommon):
    """From a period's first day on the agreement bills instead of the contract."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company.agreement_invoice_mode = "draft"

    def _sell(self, *lines, today="2026-03-11", until=None, **values):
        """A contract from January on, invoiced by OCA until ``until``, with a tier.

        :return: contract.contract
        """
        contract = self._create_contract(lines=lines or ({},), **values)
        self._moves = self._invoice(contract, until or today)
        with self.at(f"{today} 10:00:00"):
            contract.service_tier_id = self.tier
        return contract

    def _wizard(self, contracts, day="2026-03-11"):
        return (
            self.env["service.agreement.contract.move"]
            .with_context(active_model="contract.contract", active_ids=contracts.ids)
            .create({"date_from": day})
        )

    def _move(self, contract, day="2026-03-11", today="2026-03-11"):
        with self.at(f"{today} 10:00:00"):
            self._wizard(contract, day).action_move()
        return contract.service_agreement_id

    def _bill_both(self, contract, day="2026-08-31"):
        """All that OCA and we invoice until ``day``."""
        self._moves |= self._invoice(contract, day)
        with self.at(f"{day} 08:00:00"):
            self._bill(day)

    def _count_days(self, contract, line):
        """:return: Counter of the days that anybody billed of ``line``"""
        days = Counter()
        for move_line in self._moves.invoice_line_ids.filtered(
            lambda ml: ml.contract_line_id == line
        ):
            first, last = DATES.search(move_line.name).groups()
            days.update(_get_days(_parse(first), _parse(last)))
        charges = contract.service_agreement_id.line_ids
        periods = charges.filtered(lambda c: c.contract_line_id == line).period_ids
        for period in periods:
            days.update(_get_days(period.date_start, period.last_day))
        return days

    def _check_every_day_once(self, contract, since="2026-01-01"):
        for line in contract.contract_line_ids:
            days = self._count_days(contract, line)
            self.assertEqual(set(days.values()), {1}, line.name)
            self.assertEqual(min(days), max(Date.to_date(since), line.date_start))
            self.assertEqual(len(days), (max(days) - min(days)).days + 1)
            self.assertGreaterEqual(str(max(days)), "2026-07-31")

    # Every day once

    def test_in_advance_the_invoiced_month_is_the_contract_s_last(self):
        contract = self._sell()
        agreement = self._move(contract)
        line = contract.contract_line_ids
        self.assertEqual(str(line.date_end), "2026-03-31")
        self.assertEqual(str(agreement.next_invoice_date), "2026-04-01")
        self.assertFalse(agreement.is_billed_by_contract or agreement.date_end)
        self.assertEqual((agreement.state, agreement.mrr), ("active", 149.0))
        [invoice] = self._bill("2026-04-01")
        self.assertEqual(invoice.amount_untaxed, 149.0)
        self._bill_both(contract)
        self._check_every_day_once(contract)

    def test_in_arrears_the_contract_bills_the_month_that_runs(self):
        contract = self._sell({"recurring_invoicing_type": "post-paid"})
        agreement = self._move(contract)
        self.assertEqual(str(contract.contract_line_ids.date_end), "2026-03-31")
        self.assertEqual(str(agreement.next_invoice_date), "2026-05-01")
        self._bill_both(contract)
        self._check_every_day_once(contract)

    def test_in_arrears_and_moved_back_to_what_is_not_invoiced(self):
        contract = self._sell(
            {"recurring_invoicing_type": "post-paid"}, service_date_start="2026-01-01"
        )
        agreement = self._move(contract, "2026-03-01")
        self.assertEqual(str(contract.contract_line_ids.date_end), "2026-02-28")
        self.assertEqual(str(agreement.next_invoice_date), "2026-04-01")
        self._bill_both(contract)
        self._check_every_day_once(contract)

    def test_each_line_at_its_own_boundary(self):
        arrears = {"recurring_invoicing_type": "post-paid"}
        last_day = {
            "recurring_rule_type": "monthlylastday",
            "date_start": "2026-01-17",
        }
        contract = self._sell(
            {},
            {"recurring_rule_type": "quarterly", "price_unit": 90.0},
            {"recurring_rule_type": "weekly", "price_unit": 5.0},
            {"recurring_rule_type": "semesterly", **arrears},
            {"date_start": "2026-06-15", "price_unit": 12.0},
            last_day,
            {**last_day, **arrears},
            {"date_start": "2026-01-31", "price_unit": 8.0},
            {"recurring_interval": 2, **arrears},
        )
        agreement = self._move(contract)
        lines = contract.contract_line_ids
        self.assertEqual(lines.filtered("is_canceled"), lines[4])
        ends = ["03-31", "03-31", "03-11", "06-30", None, "03-31", "03-31", "03-27"]
        self.assertEqual(
            [(line.date_end and f"{line.date_end:%m-%d}") or None for line in lines],
            [*ends, "04-30"],
        )
        self.assertEqual(str(agreement.contract_moved_on), "2026-03-12")
        self._bill_both(contract, "2027-01-02")
        self._check_every_day_once(contract)

    def test_ahead_the_contract_goes_on_until_then(self):
        contract = self._sell()
        agreement = self._move(contract, "2026-06-15")
        self.assertEqual(str(contract.contract_line_ids.date_end), "2026-06-30")
        self.assertEqual(str(agreement.next_invoice_date), "2026-07-01")
        self._bill_both(contract)
        self._check_every_day_once(contract)

    def test_an_invoice_that_is_late_is_still_the_contract_s(self):
        contract = self._sell(until="2026-01-31")
        self._move(contract)
        self._bill_both(contract)
        self._check_every_day_once(contract)

    def test_a_date_of_invoice_that_was_typed_over_is_kept(self):
        contract = self._create_contract(lines=[{"date_start": "2026-01-10"}])
        line = contract.contract_line_ids
        line.recurring_next_date = "2026-02-01"
        self._moves = self.env["account.move"]
        with self.at("2026-01-20 10:00:00"):
            contract.service_tier_id = self.tier
        self._move(contract, "2026-01-25", "2026-01-25")
        self.assertEqual(str(line.recurring_next_date), "2026-02-01")
        self.assertEqual(str(line.date_end), "2026-02-28")
        self._bill_both(contract)
        self._check_every_day_once(contract)

    def test_without_a_rhythm_of_their_own_lines_move_all_the_same(self):
        for timing in ("pre-paid", "post-paid"):
            with self.subTest(timing):
                contract = self._sell(
                    {"recurring_invoicing_type": timing},
                    line_recurrence=False,
                    date_start="2026-01-01",
                    recurring_next_date=(
                        "2026-01-01" if timing == "pre-paid" else "2026-02-01"
                    ),
                    recurring_invoicing_type=timing,
                )
                self._move(contract)
                self._bill_both(contract)
                self._check_every_day_once(contract)

    def test_a_line_that_ends_stays_with_the_contract_and_ends(self):
        contract = self._sell({}, {"price_unit": 10.0, "date_end": "2026-03-31"})
        self._move(contract)
        self._bill_both(contract)
        ending = contract.contract_line_ids[1]
        days = self._count_days(contract, ending)
        self.assertEqual((set(days.values()), len(days)), ({1}, 90))

    def test_the_last_day_of_the_contract_is_the_agreement_s(self):
        contract = self._sell({"date_end": "2026-08-15"})
        agreement = self._move(contract)
        self.assertEqual(str(contract.date_end), "2026-03-31")
        self.assertEqual(str(agreement.date_end), "2026-08-15")

    # Afterwards

    @mute_logger("odoo.sql_db")
    def test_the_database_keeps_them_apart(self):
        contract = self._sell()
        agreement = self._move(contract)
        line, charge = contract.contract_line_ids, agreement.line_ids
        for change in (
            "UPDATE contract_line SET date_end = '2026-04-30' WHERE id = %s",
            "UPDATE contract_line SET date_end = NULL WHERE id = %s",
            "UPDATE contract_line SET last_date_invoiced = '2026-04-30' WHERE id = %s",
        ):
            with self.assertRaises(CheckViolation), self.env.cr.savepoint():
                self.env.cr.execute(change, [line.id])
        with self.assertRaises(CheckViolation), self.env.cr.savepoint():
            self.env["service.agreement.period"].sudo().create(
                {
                    "line_id": charge.id,
                    "date_start": "2026-03-01",
                    "date_end": "2026-04-01",
                    "whole_start": "2026-03-01",
                    "whole_end": "2026-04-01",
                }
            )

    def test_moved_the_agreement_decides(self):
        contract = self._sell()
        agreement = self._move(contract)
        with self.at("2026-03-12 10:00:00"):
            with self.assertRaisesRegex(UserError, "change the tier there"):
                contract.service_tier_id = self.gold
            with self.assertRaisesRegex(UserError, "stays on record"):
                contract.contract_line_ids.unlink()
            contract.active = False
            self.assertEqual(agreement.state, "active")
            agreement.action_suspend()
        self.assertEqual(agreement.state, "suspended")

    # Before

    def test_the_preview_says_what_it_does(self):
        contract = self._sell({}, {"price_unit": 90, "recurring_rule_type": "yearly"})
        with self.at("2026-03-11 10:00:00"):
            preview = self._wizard(contract).preview
        for text in (
            "Cinema of the Whitfields",
            contract.service_agreement_id.name,
            "03/31/2026",
            "04/01/2026",
            "149.00 per month",
            "90.00 per year",
        ):
            self.assertIn(text, preview)
        self.assertFalse(contract.service_moved_on)

    def test_what_cannot_be_moved_stays_and_says_why(self):
        odd = self._sell({}, {"price_unit": -10.0})
        good = self._sell()
        plain = self._create_contract()
        with self.at("2026-03-11 10:00:00"):
            wizard = self._wizard(odd | good | plain)
            self.assertEqual(wizard.movable_count, 1)
            self.assertIn("is less than nothing", wizard.preview)
            self.assertIn("choose a tier first", wizard.preview)
            wizard.action_move()
            self.assertEqual(
                [bool(c.service_moved_on) for c in (odd, good, plain)],
                [False, True, False],
            )
            with self.assertRaisesRegex(UserError, "None of these contracts"):
                self._wizard(odd | good).action_move()

    def test_counted_in_dozens_or_by_a_formula_it_stays(self):
        contract = self._sell()
        line = contract.contract_line_ids
        product = line.product_id
        product.uom_ids = [Command.link(self.env.ref("uom.product_uom_dozen").id)]
        line.uom_id = self.env.ref("uom.product_uom_dozen")
        self.assertIn("is counted in Dozens", line._why_not_move())
        line.uom_id = product.uom_id
        self.patch(type(line), "_get_quantity_to_invoice", lambda *_args: 7.0)
        self.assertIn("worked out for each invoice", line._why_not_move())

    def test_who_moves(self):
        contract = self._sell()
        clerk = new_test_user(
            self.env, "clerk", groups="account.group_account_invoice,base.group_user"
        )
        keeper = new_test_user(
            self.env, "keeper", groups="account.group_account_manager,base.group_user"
        )
        with self.at("2026-03-11 10:00:00"):
            with self.assertRaises(AccessError):
                self._wizard(contract).with_user(clerk).action_move()
            with self.assertRaises(AccessError):
                contract.with_user(clerk)._move_to_agreement(Date.today())
            wizard = self.env["service.agreement.contract.move"].with_user(keeper)
            wizard.create(
                {"contract_ids": contract.ids, "date_from": "2026-03-11"}
            ).action_move()
        self.assertEqual(str(contract.service_moved_on), "2026-04-01")


def _parse(text):
    month, day, year = map(int, text.split("/"))
    return date(year, month, day)


def _get_days(first, last):
    return [first + number * DAY for number in range((last - first).days + 1)]
