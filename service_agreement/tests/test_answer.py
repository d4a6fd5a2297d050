from unittest.mock import patch

from odoo.exceptions import AccessError, UserError
from odoo.fields import Domain
from odoo.tests import new_test_user, tagged

from .common import ServiceDeskCommon


def _decide_nothing(self, customers, lines=None, since=None):
    """In the engine's place."""


class SettlementCommon(ServiceDeskCommon):
    """People who settle months, and work at 100 an hour by the list."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env.user.group_ids += cls.env.ref("hr.group_hr_manager")
        cls.company.service_goodwill_budget = 200
        cls.anna = new_test_user(
            cls.env, "anna", "base.group_user,service_agreement.group_user"
        )
        cls.boss = new_test_user(
            cls.env, "boss", "base.group_user,service_agreement.group_manager"
        )
        cls.employee = cls.env["hr.employee"].create(
            {"name": "Tom", "hourly_cost": 40, "company_id": cls.company.id}
        )
        cls.nobody = cls._create_customer("Tran Residence")
        cls.env["service.agreement.rate"].search([]).unlink()
        cls.env["service.agreement.rate"].create({"price": 100})

    @classmethod
    def _create_work(cls, day="2026-02-10", hours=1.0, **values):
        return cls.env["account.analytic.line"].create(
            {
                "name": "New remote",
                "project_id": cls.desk.id,
                "employee_id": cls.employee.id,
                "partner_id": cls.nobody.id,
                "date": day,
                "unit_amount": hours,
                **values,
            }
        )

    def _get_month(self, day, company=None):
        first = Domain("date", "=", day)
        company = Domain("company_id", "=", (company or self.company).id)
        return self.env["service.agreement.month"].search(first & company)


class AnswerCommon(SettlementCommon):
    """Parts of work of any kind, written as the engine would: nobody decides here."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        lines = type(cls.env["account.analytic.line"])
        cls.startClassPatcher(
            patch.object(lines, "_decide_for_customers", _decide_nothing)
        )

    @classmethod
    def _create_part(cls, day="2026-02-10", worth=100.0, line=None, **values):
        line = line or cls._create_work(day)
        return (
            cls.env["service.agreement.allowance.draw"]
            .sudo()
            .create(
                {
                    "line_id": line.id,
                    "company_id": line.company_id.id,
                    "partner_id": line.partner_id.id,
                    "date": day,
                    "outcome": "uncovered",
                    "reason": "never_sold",
                    "quantity": line.unit_amount,
                    "currency_id": line.company_id.currency_id.id,
                    "price": worth,
                    "amount": worth,
                    "list_price": worth,
                    "list_amount": worth,
                    **values,
                }
            )
        )


@tagged("post_install", "-at_install")
class TestAnswer(AnswerCommon):
    """What becomes of work that no agreement pays for."""

    def test_an_answer_has_an_author_and_a_time(self):
        part = self._create_part()
        with self.at("2026-03-02 09:00:00"):
            part.with_user(self.anna).action_bill()
        self.assertEqual((part.answer, part.answered_by_id), ("bill", self.anna))
        self.assertEqual(str(part.answered_at), "2026-03-02 09:00:00")

    def test_given_away_keeps_why_it_was_not_covered(self):
        part = self._create_part()
        part.with_user(self.anna).action_give()
        self.assertEqual((part.answer, part.reason), ("given", "never_sold"))

    def test_another_answer_replaces_the_first(self):
        part = self._create_part()
        part.with_user(self.anna)._answer("goodwill", "Old friend")
        part.with_user(self.boss).action_warranty()
        self.assertEqual((part.answer, part.answer_note), ("warranty", False))
        self.assertEqual(part.answered_by_id, self.boss)

    def test_every_answer_is_on_record(self):
        parts = self._create_part() | self._create_part(worth=50)
        parts.with_user(self.anna)._answer("goodwill", "Old friend")
        [message] = parts.month_id.message_ids
        self.assertIn("2 parts", message.body)
        self.assertIn("150.00", message.body)
        self.assertIn("Tran Residence", message.body)
        self.assertIn("Old friend", message.body)
        self.assertEqual(message.author_id, self.anna.partner_id)

    def test_only_who_settles_months_answers(self):
        part = self._create_part()
        for user in (self.agent, new_test_user(self.env, "bill")):
            for action in ("action_bill", "action_give", "action_warranty"):
                with self.assertRaises(AccessError):
                    getattr(part.with_user(user), action)()
        accountant = new_test_user(
            self.env, "ada", "base.group_user,account.group_account_invoice"
        )
        with self.assertRaisesRegex(AccessError, "Only users of service agreements"):
            part.with_user(accountant).action_bill()

    def test_nobody_writes_an_answer_over_the_api(self):
        part = self._create_part()
        for user in (self.anna, self.boss):
            with self.assertRaises(AccessError):
                part.with_user(user).answer = "covered"
            with self.assertRaises(AccessError):
                part.month_id.with_user(user).is_closed = True
        self.env.user.group_ids += self.env.ref("base.group_erp_manager")
        with self.assertRaisesRegex(AccessError, "by hand"):
            self.company.with_user(self.env.user).service_closed_until = "2026-02-28"

    def test_what_is_covered_has_no_question(self):
        part = self._create_part(outcome="covered", answer="covered", reason=False)
        with self.assertRaisesRegex(UserError, "nothing to decide"):
            part.with_user(self.anna).action_bill()

    # Goodwill

    def test_goodwill_says_why(self):
        part = self._create_part()
        for note in (None, "", "  "):
            with self.assertRaisesRegex(UserError, "why it is goodwill"):
                part.with_user(self.anna)._answer("goodwill", note)

    def test_goodwill_is_asked_for_in_a_dialog(self):
        part = self._create_part()
        action = part.with_user(self.anna).action_goodwill()
        dialog = self.env[action["res_model"]].with_user(self.anna)
        dialog = dialog.with_context(**action["context"]).create({"note": "Friend"})
        self.assertEqual((dialog.worth, dialog.left), (100, 200))
        dialog.action_confirm()
        self.assertEqual((part.answer, part.answer_note), ("goodwill", "Friend"))
        self.assertEqual(part.month_id.goodwill_left, 100)

    def test_no_goodwill_beyond_the_budget_of_the_month(self):
        parts = [self._create_part() for _number in range(3)]
        for part in parts[:2]:
            part.with_user(self.anna)._answer("goodwill", "Friend")
        with self.assertRaisesRegex(UserError, r"100.00.*200.00.*February.*\s0.00"):
            parts[2].with_user(self.anna)._answer("goodwill", "Friend")
        self.assertFalse(parts[2].answer)
        # Given twice, it counts once.
        parts[0].with_user(self.anna)._answer("goodwill", "Friend of the house")
        # The next month has a budget of its own.
        march = self._create_part("2026-03-03")
        march.with_user(self.anna)._answer("goodwill", "Friend")
        self.assertEqual(march.answer, "goodwill")

    def test_a_manager_goes_beyond_it_with_a_note(self):
        part = self._create_part(worth=900)
        with self.assertRaisesRegex(UserError, "why it is goodwill"):
            part.with_user(self.boss)._answer("goodwill")
        part.with_user(self.boss)._answer("goodwill", "We broke it")
        self.assertEqual(part.answer, "goodwill")

    def test_a_customer_has_a_share_of_the_budget(self):
        self.company.service_goodwill_budget_customer = 120
        first, second = self._create_part(), self._create_part(worth=50)
        first.with_user(self.anna)._answer("goodwill", "Friend")
        with self.assertRaisesRegex(UserError, "Tran Residence"):
            second.with_user(self.anna)._answer("goodwill", "Friend")
        other = self._create_part(partner_id=self.customer.id, worth=50)
        other.with_user(self.anna)._answer("goodwill", "Friend")

    # In the currency of the company

    def test_worth_is_at_the_exchange_rate_of_its_day(self):
        euro = self._enable_currency("EUR")
        self.env["res.currency.rate"].create(
            [
                {"name": "2026-02-01", "rate": 0.5, "currency_id": euro.id},
                {"name": "2026-02-20", "rate": 1.0, "currency_id": euro.id},
            ]
        )
        part = self._create_part("2026-02-10", currency_id=euro.id)
        self.assertEqual((part.list_amount, part.worth), (100, 200))

    @classmethod
    def _enable_currency(cls, name):
        currency = cls.env.ref(f"base.{name}")
        currency.active = True
        currency.rate_ids.unlink()
        return currency
