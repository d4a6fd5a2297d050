import base64

from psycopg2.errors import CheckViolation

from odoo.exceptions import UserError
from odoo.tests import Form, tagged
from odoo.tools import mute_logger

from .common import ServiceAgreementCommon

SIGNATURE = base64.b64encode(
    base64.b64decode(
        "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9"
        "awAAAABJRU5ErkJggg=="
    )
)


@tagged("post_install", "-at_install")
class TestAgreement(ServiceAgreementCommon):
    """From the offer to the end: states, copies of the catalogue, who matches."""

    # Making one

    def test_tier_and_plan_suggest_the_charges(self):
        agreement = self._create_agreement("2026-03-01", self.plan_yearly)
        self.assertEqual(agreement.line_ids.price_unit, 1609.20)
        self.assertEqual(agreement.line_ids.name, "Silver service agreement")
        self.assertEqual(agreement.amount_untaxed, 1609.20)
        self.assertEqual(agreement.amount_tax, 241.38)
        self.assertEqual(agreement.amount_total, 1850.58)

    def test_the_form_does_the_same(self):
        gold = self._create_tier("Gold", 289.0, 30)
        form = Form(self.env["service.agreement"])
        form.partner_id = self.customer
        form.tier_id = self.tier
        form.plan_id = self.plan_quarterly
        self.assertEqual(form.amount_untaxed, 424.65)
        form.tier_id = gold
        agreement = form.save()
        self.assertEqual(agreement.line_ids.price_unit, 823.65)
        self.assertEqual(len(agreement.line_ids), 1)

    def test_a_line_can_be_added_right_away(self):
        agreement = self._create_agreement("2026-03-01")
        agreement.line_ids = [(0, 0, {"product_id": self.product.id, "name": "Setup"})]
        self.assertEqual(len(agreement.line_ids), 2)

    def test_numbers_do_not_repeat(self):
        numbers = {self._create_agreement("2026-03-01").name for _index in range(3)}
        self.assertEqual(len(numbers), 3)

    def test_negative_prices_quantities_and_ends_before_the_start_are_refused(self):
        agreement = self._create_agreement("2026-03-01")
        for record, values in (
            (agreement.line_ids, {"price_unit": -1}),
            (agreement.line_ids, {"quantity": -1}),
            (agreement.line_ids, {"discount": 101}),
            (agreement, {"date_end": "2026-02-01"}),
        ):
            with (
                mute_logger("odoo.sql_db"),
                self.assertRaises(CheckViolation),
                self.cr.savepoint(),
            ):
                record.write(values)
                record.flush_recordset()
            record.invalidate_recordset()

    def test_the_customer_follows(self):
        agreement = self._create_agreement("2026-03-01")
        self.assertIn(self.customer, agreement.message_partner_ids)

    # The catalogue

    def test_a_change_of_the_catalogue_changes_no_agreement(self):
        agreement = self._create_active("2026-03-01")
        self.tier.list_price = 200.0
        self.tier.term_months = 24
        self.assertEqual(agreement.line_ids.price_unit, 149.0)
        self.assertEqual(agreement.term_months, 0)
        self.assertEqual(self._bill("2026-03-01").amount_untaxed, 149.0)

    def test_the_promise_is_copied_when_offered(self):
        target = self.env["service.agreement.sla.target"].create(
            {
                "tier_id": self.tier.id,
                "priority": "3",
                "metric": "first_response",
                "minutes": 30,
            }
        )
        agreement = self._create_active("2026-03-01")
        target.minutes = 600
        self.assertEqual(agreement.target_ids.minutes, 30)
        self.assertEqual(agreement.target_ids.priority, "3")

    def test_a_plan_in_use_keeps_its_rhythm(self):
        self._create_active("2026-03-01", self.plan_quarterly)
        with self.assertRaisesRegex(UserError, "Create a new plan instead"):
            self.plan_quarterly.interval = 4
        self.plan_quarterly.name = "Every quarter"

    def test_prices_per_plan(self):
        prices = {p.plan_id: p.price for p in self.tier.price_ids}
        self.assertEqual(prices[self.plan_monthly], 149.0)
        self.assertEqual(prices[self.plan_quarterly], 424.65)
        self.assertEqual(prices[self.plan_yearly], 1609.20)

    # Revenue

    def test_monthly_revenue(self):
        """REV-04"""
        yearly = self._create_active("2026-03-01", self.plan_yearly)
        self.assertEqual(yearly.mrr, 134.10)
        quarterly = self._create_agreement("2026-03-01", self.plan_quarterly)
        quarterly.line_ids.price_unit = 300.0
        self.assertEqual(quarterly.mrr, 0.0, "an offer is no revenue")
        quarterly.action_activate()
        self.assertEqual(quarterly.mrr, 100.0)
        quarterly.action_suspend()
        self.assertEqual(quarterly.mrr, 0.0)

    # Transitions

    def test_an_offer_is_signed_and_starts(self):
        with self.at("2026-03-01 10:00:00"):
            agreement = self._create_agreement("2026-03-01")
            agreement._propose()
            self.assertEqual(agreement.state, "proposed")
            agreement._accept("Carla Whitfield", SIGNATURE)
            self.assertEqual(agreement.state, "active")
            self.assertEqual(agreement.signed_by, "Carla Whitfield")
            with self.assertRaisesRegex(UserError, "not open for signature"):
                agreement._accept("Somebody Else", SIGNATURE)

    def test_signing_needs_a_name_and_a_signature(self):
        agreement = self._create_agreement("2026-03-01")
        agreement._propose()
        for name, signature in (("", SIGNATURE), ("  ", SIGNATURE), ("Carla", None)):
            with self.assertRaisesRegex(UserError, "your name"):
                agreement._accept(name, signature)
        with self.assertRaisesRegex(UserError, "draw it again"):
            agreement._accept("Carla", "no base64!")
        self.assertEqual(agreement.state, "proposed")

    def test_an_expired_offer_cannot_be_signed(self):
        agreement = self._create_agreement("2026-03-01", validity_date="2026-03-10")
        agreement._propose()
        with (
            self.at("2026-03-11 10:00:00"),
            self.assertRaisesRegex(UserError, "ask us for a new one"),
        ):
            agreement._accept("Carla", SIGNATURE)
        with self.at("2026-03-10 10:00:00"):
            agreement._accept("Carla", SIGNATURE)

    def test_sending_the_mail_proposes(self):
        agreement = self._create_agreement("2026-03-01")
        action = agreement.action_propose()
        composer = self.env["mail.compose.message"].with_context(**action["context"])
        composer.create({"body": "Please sign"})._action_send_mail()
        self.assertEqual(agreement.state, "proposed")

    def test_what_charges_nothing_is_not_offered(self):
        agreement = self._create_agreement("2026-03-01")
        agreement.line_ids.unlink()
        with self.assertRaisesRegex(UserError, "add a line first"):
            agreement.action_propose()
        with self.assertRaisesRegex(UserError, "add a line first"):
            agreement.action_activate()

    def test_only_what_was_never_in_force_can_be_deleted(self):
        draft = self._create_agreement("2026-03-01")
        active = self._create_active("2026-03-01")
        draft.unlink()
        with self.assertRaisesRegex(UserError, "stays on record"):
            active.unlink()

    # The end

    def test_it_runs_to_its_last_day_and_ends(self):
        agreement = self._create_active("2026-01-01")
        with self.at("2026-03-10 10:00:00"):
            agreement._end(agreement.date_start.replace(month=3, day=31), "cancelled")
            self.assertEqual(agreement.state, "active")
            self._run_cron("service_agreement.ir_cron_lifecycle")
            self.assertEqual(agreement.state, "active")
        with self.at("2026-04-01 10:00:00"):
            self._run_cron("service_agreement.ir_cron_lifecycle")
        self.assertEqual(agreement.state, "ended")
        self.assertEqual(agreement.end_reason, "cancelled")

    def test_a_term_renews_itself_without_a_gap(self):
        """LIF-06: the renewal is due, the scheduled action days late."""
        tier = self._create_tier("Gold", 289.0, 30, term_months=12, auto_renew=True)
        agreement = self._create_active("2026-01-31", tier_id=tier.id)
        self.assertEqual(str(agreement.date_end), "2027-01-30")
        late = agreement.date_end.replace(month=2, day=3)
        self.assertEqual(agreement._in_force_on(late), agreement)
        with self.at("2027-02-03 10:00:00"):
            self._bill("2027-02-03")
            self._run_cron("service_agreement.ir_cron_lifecycle")
        self.assertEqual(str(agreement.date_end), "2028-01-30")
        self.assertEqual(agreement.state, "active")
        self.assertEqual(len(agreement.period_ids), 13)

    def test_a_term_without_renewal_expires(self):
        tier = self._create_tier("Gold", 289.0, 30, term_months=12, auto_renew=False)
        agreement = self._create_active("2026-01-01", tier_id=tier.id)
        with self.at("2027-01-01 10:00:00"):
            self._run_cron("service_agreement.ir_cron_lifecycle")
        self.assertEqual(agreement.state, "ended")
        self.assertEqual(agreement.end_reason, "expired")

    # Who matches

    def _match(self, partner, day):
        day = self.env["service.agreement"]._fields["date_start"].to_date(day)
        return self.env["service.agreement"]._match(partner, day, self.company)

    def test_a_colleague_is_covered_and_a_stranger_is_not(self):
        agreement = self._create_active("2026-03-01")
        colleague = self.env["res.partner"].create(
            {"name": "Colleague", "parent_id": self.customer.id}
        )
        stranger = self._create_customer("Stranger")
        self.assertEqual(self._match(colleague, "2026-03-01"), agreement)
        self.assertFalse(self._match(stranger, "2026-03-01"))
        self.assertFalse(self._match(self.env["res.partner"], "2026-03-01"))

    def test_of_two_alike_the_earlier_start_then_the_lower_id(self):
        """COV-04"""
        later = self._create_active("2026-02-01")
        earlier = self._create_active("2026-01-01")
        twin = self._create_active("2026-01-01")
        self.assertEqual(self._match(self.customer, "2026-03-01"), earlier)
        self.assertNotIn(self._match(self.customer, "2026-03-01"), later | twin)

    def test_before_the_start_after_the_end_and_suspended_nothing_covers(self):
        """COV-05"""
        agreement = self._create_active("2026-03-01", date_end="2026-03-31")
        self.assertFalse(self._match(self.customer, "2026-02-28"))
        self.assertTrue(self._match(self.customer, "2026-03-31"))
        self.assertFalse(self._match(self.customer, "2026-04-01"))
        with self.at("2026-03-10 10:00:00"):
            agreement.action_suspend()
        self.assertFalse(self._match(self.customer, "2026-03-15"))

    def test_an_offer_covers_nothing_even_when_declined(self):
        agreement = self._create_agreement("2026-03-01")
        agreement._propose()
        self.assertFalse(self._match(self.customer, "2026-03-01"))
        agreement._end(agreement.date_start, "cancelled", "Too expensive")
        self.assertEqual(agreement.state, "ended")
        self.assertFalse(self._match(self.customer, "2026-03-01"))

    # The customer at a glance

    def test_the_partner_shows_tier_and_revenue_of_his_whole_tree(self):
        gold = self._create_tier("Gold", 289.0, 30)
        branch = self._create_customer("Branch", parent_id=self.customer.id)
        contact = self.env["res.partner"].create(
            {"name": "Contact", "parent_id": self.customer.id}
        )
        self._create_active("2026-03-01")
        self._create_active("2026-03-01", partner_id=branch.id, tier_id=gold.id)
        self.assertEqual(self.customer.agreement_count, 2)
        self.assertEqual(self.customer.agreement_tier_id, gold)
        self.assertEqual(self.customer.agreement_mrr, 438.0)
        self.assertEqual(contact.agreement_count, 2)
        self.assertEqual(branch.agreement_count, 1)
        self.assertFalse(self.customer.agreement_missing)

    def test_a_customer_without_agreement_is_marked(self):
        found = self.env["res.partner"].search([("agreement_missing", "=", True)])
        self.assertIn(self.customer, found)
        self.assertTrue(self.customer.agreement_missing)
        self._create_active("2026-03-01")
        found = self.env["res.partner"].search([("agreement_missing", "=", True)])
        self.assertNotIn(self.customer, found)
        with_tier = self.env["res.partner"].search(
            [("agreement_tier_id", "=", self.tier.id)]
        )
        self.assertIn(self.customer, with_tier)

    def test_the_partner_list_costs_the_same_for_twice_as_many(self):
        partners = self.env["res.partner"]
        for index in range(8):
            partner = self._create_customer(f"Customer {index}")
            self._create_active("2026-03-01", partner_id=partner.id)
            partners |= partner

        def count(records):
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            records.mapped("agreement_mrr")
            return self.env.cr.sql_log_count - before

        count(partners)
        self.assertEqual(count(partners[:4]), count(partners))
