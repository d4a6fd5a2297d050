from datetime import date

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Command
from odoo.tests import Form, new_test_user, tagged

from .common import ServiceAgreementCommon


class ChangeWizardCommon(ServiceAgreementCommon):
    """An agreement of 89.00 on the 1st of the month, March billed in advance."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.gold = cls._create_tier("Gold", 149.0, 30)
        cls.bronze = cls._create_tier("Bronze", 89.0, 10)
        cls.setup_fee = cls.env["product.product"].create(
            {
                "name": "Setup",
                "type": "service",
                "list_price": 250.0,
                "taxes_id": [Command.set(cls.tax_sale_a.ids)],
            }
        )
        with cls.at(cls, "2026-03-01 09:00:00"):
            cls.agreement = cls._create_active(
                "2026-03-01", cls.plan_first, tier_id=cls.bronze.id
            )
            cls._run_billing("2026-03-01")
        cls.origin = cls.agreement.line_ids

    def _open(self, agreement=None, **values):
        wizard = Form(
            self.env["service.agreement.change.wizard"].with_context(
                default_agreement_id=(agreement or self.agreement).id
            )
        )
        for name, value in values.items():
            setattr(wizard, name, value)
        return wizard

    def _get_pending(self, wizard):
        return wizard.save()._get_pending()

    def _assert_runs_make(self, preview, agreement):
        """Bill month by month: the invoices are those of the preview, to the cent."""
        shown = [row for row in preview["invoices"]["rows"] if row["is_made_with"]]
        made = []
        for row in shown:
            if made and made[-1][0] == row["day"]:
                continue
            with self.at(f"{row['day']} 12:00:00"):
                moves, failed = self._run_billing(row["day"], agreement)
            self.assertFalse(failed)
            made += [
                (row["day"], move.move_type, move.amount_untaxed_signed)
                for move in moves.sorted("id")
            ]
        kinds = {"invoice": "out_invoice", "credit": "out_refund"}
        self.assertEqual(
            made,
            [
                (row["day"], kinds[row["kind"]], row["with"])
                for row in shown
                if not row["forfeited"]
            ],
        )


@tagged("post_install", "-at_install")
class TestChangeWizard(ChangeWizardCommon):
    """What a person does in the wizard, and what it shows before."""

    def test_a_higher_tier(self):
        """PRO-06, with what is shown before it is confirmed"""
        with self.at("2026-03-11 12:00:00"):
            wizard = self._open(tier_id=self.gold, timing="at_once")
            with wizard.line_ids.edit(0) as line:
                self.assertEqual(line.price_unit, 149.0)
                self.assertEqual(line.name, "Gold service agreement")
            preview = wizard.preview
            difference = preview["difference"]
            self.assertEqual(
                [(row["amount"], row["share"]) for row in difference["rows"]],
                [(-60.29, "21 of 31 days"), (100.94, "21 of 31 days")],
            )
            self.assertEqual(difference["net"], 40.65)
            self.assertEqual(difference["billed_on"], "Mar 11, 2026")
            self.assertEqual(preview["mrr"], {"now": 89.0, "then": 149.0})
            wizard.save().action_confirm()
            self.assertEqual(self.agreement.tier_id, self.gold)
        self._assert_runs_make(preview, self.agreement)

    def test_twelve_invoices_line_by_line(self):
        with self.at("2026-03-11 12:00:00"):
            preview = self._open(tier_id=self.gold).preview
        rows = preview["invoices"]["rows"]
        self.assertEqual(len(rows), 12)
        self.assertEqual(
            [(row["without"], row["with"], row["difference"]) for row in rows[:2]],
            [(89.0, 189.65, 100.65), (89.0, 149.0, 60.0)],
        )
        self.assertEqual(
            [
                (line["name"], line["without"], line["with"])
                for line in rows[0]["lines"]
            ],
            [
                ("Bronze service agreement", None, -60.29),
                ("Gold service agreement", None, 100.94),
                ("Bronze service agreement", 89.0, None),
                ("Gold service agreement", None, 149.0),
            ],
        )

    def test_a_lower_tier_is_taken_off_the_next_invoice(self):
        with self.at("2026-03-11 12:00:00"):
            self._open(tier_id=self.gold).save().action_confirm()
            self._bill("2026-04-01")
        with self.at("2026-04-16 12:00:00"):
            wizard = self._open(tier_id=self.bronze)
            preview = wizard.preview
            self.assertEqual(preview["difference"]["net"], -30.0)
            wizard.save().action_confirm()
        self._assert_runs_make(preview, self.agreement)

    def test_only_what_differs_is_recorded(self):
        with self.at("2026-03-15 12:00:00"):
            wizard = self._open()
            with wizard.line_ids.edit(0) as line:
                line.quantity = 2
            pending = self._get_pending(wizard)
        self.assertEqual(pending.values, {self.origin: {"quantity": 2}})
        self.assertFalse(pending.tier or pending.plan or pending.additions)

    def test_what_is_typed_stays_until_something_else_is_suggested(self):
        with self.at("2026-03-15 12:00:00"):
            wizard = self._open()
            with wizard.line_ids.edit(0) as line:
                line.quantity = 2
                line.price_unit = 80
            wizard.when = "next_period"
            self.assertEqual(wizard.date, date(2026, 4, 1))
            with wizard.line_ids.edit(0) as line:
                self.assertEqual((line.quantity, line.price_unit), (2, 80))
            wizard.tier_id = self.gold
            with wizard.line_ids.edit(0) as line:
                self.assertEqual((line.quantity, line.price_unit), (2, 149))

    def test_another_plan(self):
        with self.at("2026-03-11 12:00:00"):
            wizard = self._open(when="next_period", plan_id=self.plan_yearly)
            with wizard.line_ids.edit(0) as line:
                self.assertEqual(line.price_unit, 961.2)
                line.price_unit = 1000.0
            preview = wizard.preview
            wizard.save().action_confirm()
        self.assertEqual(preview["mrr"], {"now": 89.0, "then": 83.33})
        rows = preview["invoices"]["rows"]
        self.assertEqual([row["with"] for row in rows], [1000.0] + [0.0] * 11)
        self._assert_runs_make(preview, self.agreement)

    def test_other_charges_cost_the_same_a_month_under_another_plan(self):
        with self.at("2026-03-11 12:00:00"):
            wizard = self._open(when="next_period")
            with wizard.addition_ids.new() as line:
                line.product_id = self.setup_fee
                line.price_unit = 10.0
            wizard.save().action_confirm()
            wizard = self._open(when="next_period", plan_id=self.plan_quarterly)
            with wizard.line_ids.edit(1) as line:
                self.assertEqual(line.price_unit, 30.0)

    def test_charges_are_added_and_end(self):
        with self.at("2026-03-16 12:00:00"):
            wizard = self._open()
            with wizard.line_ids.edit(0) as line:
                line.is_removed = True
            with wizard.addition_ids.new() as line:
                line.product_id = self.setup_fee
                line.charge = "one_off"
                self.assertEqual((line.name, line.price_unit), ("Setup", 250.0))
            with wizard.addition_ids.new() as line:
                line.product_id = self.product
                line.name = "Second house"
                line.price_unit = 62.0
            preview = wizard.preview
            self.assertEqual(
                sorted(row["amount"] for row in preview["difference"]["rows"]),
                [-45.94, 32.0, 250.0],
            )
            wizard.save().action_confirm()
        self.assertEqual(
            self.agreement.line_ids.filtered("change_id").mapped("charge"),
            ["one_off", "recurring"],
        )
        self._assert_runs_make(preview, self.agreement)

    def test_from_a_day_in_the_past(self):
        """PRO-14"""
        self._bill("2026-05-01")
        with self.at("2026-05-10 12:00:00"):
            wizard = self._open(when="day", date="2026-04-16", tier_id=self.gold)
            preview = wizard.preview
            self.assertEqual(preview["difference"]["net"], 30.0 + 60.0)
            self.assertEqual(preview["difference"]["billed_on"], "Jun 1, 2026")
            wizard.save().action_confirm()
        self._assert_runs_make(preview, self.agreement)

    def test_from_a_day_to_come(self):
        with self.at("2026-03-05 12:00:00"):
            wizard = self._open(when="day", date="2026-05-11", tier_id=self.gold)
            preview = wizard.preview
            self.assertEqual(preview["difference"]["net"], 40.65)
            wizard.save().action_confirm()
            self.assertEqual(self.agreement.tier_id, self.bronze)
            again = self._open(when="day", date="2026-05-20")
            self.assertEqual(again.held_tier_name, "Stays Gold")
        self._assert_runs_make(preview, self.agreement)

    def test_from_the_start_of_a_period_nothing_is_corrected(self):
        with self.at("2026-03-05 12:00:00"):
            preview = self._open(when="next_period", tier_id=self.gold).preview
        self.assertFalse(preview["difference"]["rows"])

    def test_at_renewal(self):
        with self.at("2026-03-05 12:00:00"):
            wizard = self._open(when="renewal")
            self.assertIn("does not renew", wizard.problem)
            self.agreement.sudo().write({"term_months": 12, "auto_renew": True})
            wizard = self._open(when="renewal")
            self.assertEqual(wizard.date, date(2027, 3, 1))

    def test_prices_with_taxes_and_totals_rounded_together(self):
        self.company.tax_calculation_rounding_method = "round_globally"
        included = self.tax_sale_a.copy(
            {
                "name": "21 % included",
                "amount": 21.0,
                "price_include_override": "tax_included",
            }
        )
        with self.at("2026-03-01 12:00:00"):
            agreement = self._create_agreement("2026-03-01", self.plan_first)
            for price in (99.99, 33.33):
                agreement.line_ids[0].copy(
                    {"agreement_id": agreement.id, "price_unit": price}
                )
            agreement.line_ids.tax_ids = included
            agreement.action_activate()
            self._bill("2026-03-01")
        with self.at("2026-03-12 12:00:00"):
            wizard = self._open(agreement)
            for number in range(3):
                with wizard.line_ids.edit(number) as line:
                    line.price_unit = 77.77 + number
            preview = wizard.preview
            wizard.save().action_confirm()
        self._assert_runs_make(preview, agreement)

    def test_what_cannot_be_is_said_and_not_done(self):
        with self.at("2026-03-11 12:00:00"):
            wizard = self._open(when="day", date="2026-02-01", tier_id=self.gold)
            self.assertIn("starts on", wizard.problem)
            self.assertFalse(wizard.preview)
            with self.assertRaisesRegex(UserError, "starts on"):
                wizard.save().action_confirm()
            wizard = self._open()
            with wizard.line_ids.edit(0) as line:
                line.discount = 101
            self.assertIn("between 0 and 100", wizard.problem)
            with self.assertRaisesRegex(UserError, "Nothing is different"):
                self._open().save().action_confirm()

    def test_the_customer_reads_it_in_his_language(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        self.gold.with_context(lang="fr_FR").name = "Or"
        self.customer.lang = "fr_FR"
        with self.at("2026-03-11 12:00:00"):
            pending = self._get_pending(self._open(tier_id=self.gold))
        self.assertIn("Or", pending.values[self.origin]["name"])

    def test_what_changed_is_told(self):
        with self.at("2026-03-11 12:00:00"):
            wizard = self._open(tier_id=self.gold, note="A second house")
            wizard.save().action_confirm()
        change = self.agreement.change_ids
        self.assertEqual(change.old_tier_id, self.bronze)
        self.assertEqual(
            change.summary, "Tier Gold; Gold service agreement: price $\xa0149.00"
        )
        body = self.agreement.message_ids.filtered(lambda m: "Tier Gold" in m.body).body
        self.assertIn("A second house", body)
        self.assertEqual(self.agreement.current_line_ids.price_unit, 149.0)
        self.assertEqual(self.agreement.past_line_ids.price_unit, 89.0)

    def test_what_is_to_come_is_in_the_document(self):
        with self.at("2026-03-05 12:00:00"):
            wizard = self._open(when="day", date="2026-07-01", tier_id=self.gold)
            with wizard.addition_ids.new() as line:
                line.product_id = self.setup_fee
                line.charge = "one_off"
            wizard.save().action_confirm()
            self.assertEqual(
                self.agreement._get_document_upcoming(),
                [
                    "From July 1, 2026: Gold service agreement, $\xa0149.00 per month",
                    "From July 1, 2026: Setup, $\xa0250.00 once",
                ],
            )
            self.assertEqual(
                self.agreement._get_document_lines("recurring"), self.origin
            )
            wizard = self._open(when="day", date="2026-08-01")
            with wizard.line_ids.edit(0) as line:
                line.is_removed = True
            wizard.save().action_confirm()
            self.assertEqual(
                self.agreement._get_document_upcoming()[-1],
                "From August 1, 2026: no longer Gold service agreement",
            )

    def test_another_tier_leaves_the_last_day(self):
        with self.at("2027-03-05 12:00:00"):
            agreement = self.agreement.sudo()
            agreement.write({"term_months": 12, "auto_renew": True})
            agreement.date_end = date(2028, 2, 29)
            self._open(tier_id=self.gold).save().action_confirm()
            self.assertEqual(self.agreement.tier_id, self.gold)
            self.assertEqual(self.agreement.date_end, date(2028, 2, 29))

    def test_a_change_that_was_taken_back_holds_no_more(self):
        with self.at("2026-03-05 12:00:00"):
            self._open(
                when="day", date="2026-05-11", tier_id=self.gold
            ).save().action_confirm()
            self.agreement.change_ids.action_withdraw()
            again = self._open(when="day", date="2026-05-20")
            self.assertEqual(again.held_tier_name, "Stays Bronze")
            with again.line_ids.edit(0) as line:
                self.assertEqual(line.price_unit, 89.0)


@tagged("post_install", "-at_install")
class TestChangeWizardAccess(ChangeWizardCommon):
    """Who may change an agreement, and who may not even look at what it would do."""

    def _as(self, *groups, **values):
        groups = ",".join(["base.group_user", *groups])
        user = new_test_user(self.env, login="somebody", groups=groups, **values)
        return self.env["service.agreement.change.wizard"].with_user(user)

    def test_a_salesman_changes_it(self):
        with self.at("2026-03-11 12:00:00"):
            Wizard = self._as("service_agreement.group_user")
            wizard = Form(Wizard.with_context(default_agreement_id=self.agreement.id))
            wizard.tier_id = self.gold
            self.assertEqual(wizard.preview["difference"]["net"], 40.65)
            wizard.save().action_confirm()
            self.assertEqual(self.agreement.tier_id, self.gold)
            self.assertEqual(self.agreement.change_ids.create_uid, Wizard.env.user)

    def test_technician_accountant_and_customer_do_not(self):
        values = {"agreement_id": self.agreement.id, "tier_id": self.gold.id}
        for groups in (
            ["project.group_project_user"],
            ["account.group_account_invoice"],
        ):
            with self.subTest(groups), self.assertRaises(AccessError):
                self._as(*groups).create(values)
            self.env["res.users"].search([("login", "=", "somebody")]).login = groups[0]
        portal = new_test_user(self.env, login="p", groups="base.group_portal")
        with self.assertRaises(AccessError):
            self.env["service.agreement.change.wizard"].with_user(portal).create(values)

    def test_another_company_does_not(self):
        other = self.env["res.company"].create({"name": "Elsewhere"})
        Wizard = self._as(
            "service_agreement.group_user",
            company_id=other.id,
            company_ids=[Command.set(other.ids)],
        )
        with self.assertRaises(AccessError):
            wizard = Wizard.create({"agreement_id": self.agreement.id})
            wizard.read(["preview", "line_ids"])
        with self.assertRaises(AccessError):
            Wizard.new({"agreement_id": self.agreement.id}).preview  # noqa: B018

    def test_forged_values_are_refused(self):
        Wizard = self._as("service_agreement.group_user")
        with self.at("2026-03-01 12:00:00"):
            other = self._create_active("2026-03-01", self.plan_first)
        base = {"agreement_id": self.agreement.id, "when": "day", "date": "2026-03-11"}
        with self.assertRaises(ValidationError):
            Wizard.create(
                {
                    **base,
                    "line_ids": [
                        Command.create(
                            {"origin_id": other.line_ids.id, "price_unit": 1.0}
                        )
                    ],
                }
            )
        negative = Wizard.create(
            {
                **base,
                "line_ids": [
                    Command.create({"origin_id": self.origin.id, "price_unit": -1.0})
                ],
            }
        )
        with self.assertRaisesRegex(UserError, "negative"):
            negative.action_confirm()
        draft = self._create_agreement("2026-03-01")
        with self.assertRaisesRegex(UserError, "not in force"):
            Wizard.create(
                {
                    "agreement_id": draft.id,
                    "when": "day",
                    "date": "2026-03-11",
                    "tier_id": self.gold.id,
                }
            ).action_confirm()

    def test_a_tier_of_another_company_is_refused(self):
        other = self.env["res.company"].create({"name": "Elsewhere"})
        foreign = self.gold.copy({"company_id": other.id})
        with self.assertRaises(UserError):
            self._as("service_agreement.group_user").create(
                {"agreement_id": self.agreement.id, "tier_id": foreign.id}
            )
