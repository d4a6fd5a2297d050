from datetime import date

from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import new_test_user, tagged
from odoo.tools import mute_logger

from .common import PortalUsersMixin, ServiceAgreementCommon

MODELS = [
    "service.agreement.plan",
    "service.agreement.tier",
    "service.agreement.tier.price",
    "service.agreement.sla.target",
    "service.agreement",
    "service.agreement.line",
    "service.agreement.period",
    "service.agreement.billing.run",
    "service.agreement.billing.failure",
    "service.agreement.billing.preview",
    "service.agreement.movement",
    "service.agreement.sla.clock",
    "service.agreement.ticket.fact",
    "service.agreement.sla.calendar",
    "service.agreement.sla.warning",
    "service.agreement.sla.notice",
    "service.agreement.sla.miss.reason",
    "service.agreement.sla.credit",
    "service.agreement.month",
    "service.agreement.work.type",
    "service.agreement.exclusion",
    "service.agreement.rate",
    "service.agreement.system",
    "service.agreement.device",
    "service.agreement.coverage",
    "service.agreement.terms",
    "service.agreement.terms.section",
    "service.agreement.proposal",
    "service.agreement.proposal.option",
    "service.agreement.proposal.extra",
    "service.agreement.proposal.opening",
    "service.agreement.statement",
    "service.agreement.tier.replay",
    "service.agreement.tier.replay.line",
    "service.agreement.tier.replay.point",
]


@tagged("post_install", "-at_install")
class TestAccess(PortalUsersMixin, ServiceAgreementCommon):
    """Who may do what, one actor after another."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()

        def user(login, groups):
            groups = ",".join(["base.group_user", *groups])
            return new_test_user(cls.env, login=login, groups=groups)

        cls.salesman = user("salesman", ["service_agreement.group_user"])
        cls.manager = user("manager", ["service_agreement.group_manager"])
        cls.accountant = user("accountant", ["account.group_account_invoice"])
        cls.technician = user(
            "technician",
            ["project.group_project_user", "hr_timesheet.group_hr_timesheet_user"],
        )
        cls.employee = user("employee", [])
        cls.stranger_company = cls._create_customer("Stranger Inc.")
        cls.carla = cls._create_portal_user("carla", cls.customer)
        cls.carlo = cls._create_portal_user("carlo", cls.customer)
        cls.stranger = cls._create_portal_user("stranger", cls.stranger_company)
        cls.agreement = cls._create_active("2026-03-01")
        cls._run_billing(cls.agreement.date_start)

    def _as(self, user, record=None):
        return (record or self.agreement).with_user(user).with_company(self.company)

    def test_every_model_has_access_rights_and_a_record_rule(self):
        models = self.env["ir.model"].search(
            [("model", "=like", "service.agreement%"), ("transient", "=", False)]
        )
        concrete = models.filtered(lambda m: not self.env[m.model]._abstract)
        self.assertLessEqual(set(MODELS), set(concrete.mapped("model")))
        for model in concrete.filtered(lambda m: self.env[m.model]._auto):
            self.assertTrue(model.access_ids, f"{model.model} has no access rights")
            self.assertTrue(model.rule_ids, f"{model.model} has no record rule")

    def test_a_salesman_makes_and_runs_agreements(self):
        agreement = self._as(self.salesman).copy({"date_start": "2026-04-01"})
        agreement._propose()
        agreement.action_draft()
        agreement.line_ids.price_unit = 140
        agreement.action_activate()
        agreement.action_suspend()
        agreement.action_resume()

    def test_a_salesman_changes_neither_the_catalogue_nor_what_was_billed(self):
        with self.assertRaises(AccessError):
            self._as(self.salesman, self.tier).list_price = 1
        with self.assertRaises(AccessError):
            self._as(self.salesman, self.plan_monthly).name = "Weekly"
        with self.assertRaises(AccessError):
            self._as(self.salesman, self.agreement.period_ids).unlink()
        with self.assertRaises(AccessError):
            self._as(self.salesman).unlink()
        with self.assertRaises(AccessError):
            self._as(self.salesman).action_bill_now()

    def test_nobody_sets_by_hand_what_only_happens(self):
        for user in (self.salesman, self.manager):
            agreement = self._as(user)
            for values in (
                {"state": "ended"},
                {"signed_by": "Carla", "signed_on": "2026-03-01 10:00:00"},
                {"activated_on": "2020-01-01 00:00:00"},
            ):
                with self.assertRaisesRegex(AccessError, "by hand"):
                    agreement.write(values)
            with self.assertRaisesRegex(AccessError, "by hand"):
                agreement.line_ids.settled_until = "2030-01-01"
            with self.assertRaisesRegex(AccessError, "by hand"):
                agreement.copy({"state": "active"})

    # What was agreed, as it comes over the API
    AGREED_VALUES = (
        ("date_end", "2030-01-01", '"End" or "Renew"'),
        ("auto_renew", True, '"Renew by Itself"'),
        ("plan_id", False, '"Change"'),
        *(
            (name, value, '"Replace"')
            for name, value in (
                ("term_months", 60),
                ("notice_days", 365),
                ("escalation_percent", 30.0),
                ("escalation_notice_days", 0),
                ("escalation_date", "2026-02-01"),
                ("end_policy", "run_out"),
                ("termination_fee_percent", 100.0),
                ("clawback_discount", True),
                ("anchor_date", "2026-01-15"),
                ("note", "Nothing is promised"),
                ("highlights", "Everything"),
                ("exclusions", "Everything"),
            )
        ),
    )

    def test_nobody_types_over_what_was_agreed(self):
        for user in (self.salesman, self.manager):
            for name, value, button in self.AGREED_VALUES:
                with self.assertRaisesRegex(UserError, f"in force.*{button}"):
                    self._as(user).write({name: value})
        with self.at("2026-03-10 12:00:00"):
            self._as(self.manager)._end(date(2026, 3, 9), "cancelled")
        for name, value, _button in self.AGREED_VALUES:
            with self.assertRaisesRegex(UserError, "is over"):
                self._as(self.manager).write({name: value})

    def test_nobody_changes_what_the_customer_reads(self):
        offer = self._create_agreement("2026-05-01")
        offer._propose()
        for user in (self.salesman, self.manager):
            mine, lines = self._as(user, offer), self._as(user, offer.line_ids)
            for name, value, _button in self.AGREED_VALUES:
                with self.assertRaisesRegex(UserError, '"Back to Draft"'):
                    mine.write({name: value})
            with self.assertRaisesRegex(UserError, '"Back to Draft"'):
                lines.price_unit = 1
            with self.assertRaisesRegex(UserError, '"Back to Draft"'):
                lines.copy({"agreement_id": offer.id})
            with self.assertRaisesRegex(UserError, '"Back to Draft"'):
                lines.unlink()
        mine.write({"validity_date": "2026-06-01", "client_order_ref": "PO 7"})
        mine.action_draft()
        lines.price_unit = 140
        mine.write({"term_months": 24, "plan_id": self.plan_yearly.id})
        self.assertEqual((mine.term_months, mine.plan_id), (24, self.plan_yearly))

    def test_a_manager_keeps_the_catalogue(self):
        self._as(self.manager, self.tier).list_price = 155
        self._as(self.manager, self.plan_monthly).name = "Each month"
        with self.assertRaises(AccessError):
            self._as(self.manager, self.agreement.period_ids).unlink()

    def test_an_accountant_bills_and_reads_and_changes_nothing(self):
        agreement = self._as(self.accountant)
        self.assertEqual(agreement.name, self.agreement.name)
        with self.at("2026-03-05 10:00:00"):
            agreement.action_bill_now()
        self.assertEqual(len(self.agreement.period_ids), 2)
        with self.assertRaises(AccessError):
            agreement.client_order_ref = "PO 1"
        with self.assertRaises(AccessError):
            agreement.action_suspend()
        with self.assertRaises(AccessError):
            agreement.line_ids.price_unit = 1

    def test_an_accountant_deletes_a_draft_and_its_period_opens_again(self):
        move = self.agreement._get_invoices()
        move.button_draft()
        self._as(self.accountant, move).with_context(force_delete=True).unlink()
        self.assertFalse(self.agreement.period_ids)
        self.assertEqual(self.agreement.next_invoice_date, self.agreement.date_start)

    def test_technicians_and_other_employees_see_no_prices(self):
        for user in (self.technician, self.employee):
            for record in (
                self.agreement,
                self.agreement.line_ids,
                self.agreement.period_ids,
                self.tier,
                self.tier.price_ids,
            ):
                with self.assertRaises(AccessError):
                    self._as(user, record).read(["display_name"])

    def test_the_customer_s_contacts_see_their_agreement_and_change_nothing(self):
        for user in (self.carla, self.carlo):
            agreement = self._as(user)
            self.assertEqual(agreement.read(["name"])[0]["name"], self.agreement.name)
            self.assertEqual(self._as(user, self.agreement.line_ids).price_unit, 149)
            for method in (
                "action_suspend",
                "action_activate",
                "action_end",
                "action_draft",
                "action_bill_now",
            ):
                with self.assertRaises(UserError):
                    getattr(agreement, method)()
            with self.assertRaises(AccessError):
                agreement.write({"date_end": "2030-01-01"})
        self.assertEqual(self.agreement.state, "active")

    def test_a_draft_is_not_for_the_customer(self):
        draft = self._create_agreement("2026-05-01")
        with self.assertRaises(AccessError):
            self._as(self.carla, draft).read(["name"])
        with self.assertRaises(AccessError):
            self._as(self.carla, draft.line_ids).read(["name"])

    @mute_logger("odoo.addons.base.models.ir_rule", "odoo.models.unlink")
    def test_another_customer_sees_nothing_of_any_model(self):
        for name in MODELS:
            model = self.env[name].with_user(self.stranger)
            try:
                self.assertFalse(model.search([]), f"{name} leaks")
            except AccessError:
                continue
        for record in (self.agreement, self.agreement.line_ids):
            with self.assertRaises(AccessError):
                self._as(self.stranger, record).read(["display_name"])
        partner = self._as(self.stranger, self.stranger_company)
        self.assertNotIn("agreement_mrr", partner.fields_get())

    def test_another_company_s_agreements_stay_there(self):
        other = self.env["res.company"].create({"name": "Other"})
        user = new_test_user(
            self.env,
            login="elsewhere",
            groups="base.group_user,service_agreement.group_manager",
            company_id=other.id,
            company_ids=[Command.set(other.ids)],
        )
        for record in (
            self.agreement,
            self.agreement.line_ids,
            self.agreement.period_ids,
        ):
            self.assertFalse(record.with_user(user).search([("id", "in", record.ids)]))
