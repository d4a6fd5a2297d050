"""A proposal from the draft to the agreement, or to the no in writing."""

from itertools import product

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Command
from odoo.tests import Form, new_test_user, tagged
from odoo.tools import mute_logger

from ..models.service_proposal_quote import ProposalMenu
from .proposal_cases import NOW, PIXEL, ProposalCommon


@tagged("post_install", "-at_install")
class TestProposal(ProposalCommon):
    def _accept(self, proposal, tier=None, plan=None, quantity=None, extras=None):
        menu = ProposalMenu(proposal)
        option = tier and self._option(proposal, tier).id
        choice = menu.choose(option, plan and plan.id, quantity, extras)
        return proposal._accept(menu.quote(choice), "Ann Whitfield", PIXEL)

    # Made

    def test_a_new_one_offers_all_tiers_and_recommends_the_middle_one(self):
        with self.at(NOW), Form(self.proposals) as form:
            form.partner_id = self.customer
        proposal = form.record
        tiers = self.bronze | self.silver | self.gold
        self.assertLessEqual(tiers, proposal.option_ids.tier_id)
        self.assertIn(proposal.recommended_tier_id, proposal.option_ids.tier_id)
        self.assertIn(self.plan_monthly, proposal.plan_ids)
        self.assertEqual(str(proposal.validity_date), "2026-04-05")
        self.assertRegex(proposal.name, r"^SP\d+")

    def test_only_one_tier_is_recommended(self):
        proposal = self._create_proposal()
        self._option(proposal, self.gold).is_recommended = True
        recommended = proposal.option_ids.filtered("is_recommended")
        self.assertEqual(recommended.tier_id, self.gold)
        recommended.unlink()
        self.assertIn(proposal.recommended_tier_id, self.bronze | self.silver)

    def test_what_was_sent_stays(self):
        proposal = self._create_sent(extra_ids=[self._extra()])
        for values in ({"quantity": 2}, {"plan_ids": [Command.clear()]}):
            with self.assertRaisesRegex(UserError, "New Version"):
                proposal.write(values)
        with self.assertRaisesRegex(UserError, "New Version"):
            proposal.extra_ids.price_unit = 1
        with self.assertRaisesRegex(UserError, "New Version"):
            proposal.option_ids[0].unlink()
        with self.assertRaisesRegex(UserError, "stays on record"):
            proposal.unlink()
        with self.assertRaisesRegex(AccessError, "by hand"):
            proposal.state = "accepted"

    def test_prices_stay_as_they_were_sent(self):
        with self.at(NOW):
            proposal = self._create_sent()
            self.silver.list_price = 500
            agreement = self._accept(proposal)
        self.assertEqual(agreement.line_ids.price_unit, 149)

    # Time

    def test_it_expires_by_its_date_and_nothing_else(self):
        with self.at(NOW):
            proposal = self._create_sent(validity_date="2026-03-10")
        expired = [("is_expired", "=", True), ("id", "=", proposal.id)]
        for instant, is_expired in (
            ("2026-03-10 23:59:59", False),
            ("2026-03-11 00:00:00", True),
        ):
            with self.at(instant):
                proposal.invalidate_recordset()
                self.assertEqual(proposal.is_expired, is_expired)
                self.assertEqual(bool(self.proposals.search(expired)), is_expired)
        with self.at("2026-03-11 08:00:00"):
            self.assertFalse(proposal._is_link_open())
            with self.assertRaisesRegex(UserError, "was valid until"):
                self._accept(proposal)

    def test_the_day_ends_where_the_company_is(self):
        self.company.partner_id.tz = "America/New_York"
        with self.at(NOW):
            proposal = self._create_sent(validity_date="2026-03-10")
        with self.at("2026-03-11 03:00:00"):
            self.assertFalse(proposal.is_expired)

    def test_reminders_come_once_each(self):
        with self.at(NOW):
            proposal = self._create_sent(validity_date="2026-03-20")
        sent = []
        for day in range(7, 24):
            with self.at(f"2026-03-{day:02} 06:00:00"):
                before = proposal.message_ids
                self._run_cron("service_agreement.ir_cron_proposals")
                proposal.invalidate_recordset()
                if new := proposal.message_ids - before:
                    sent.append((day, len(new)))
        self.assertEqual([day for day, _n in sent if day <= 20], [13, 18])
        to_dos = proposal.activity_search(
            ["service_agreement.mail_activity_type_proposal_expired"]
        )
        self.assertEqual(len(to_dos), 1)
        self.assertEqual(to_dos.user_id, proposal.user_id)

    def test_a_later_last_day_is_reminded_of_again(self):
        with self.at("2026-03-19 06:00:00"):
            proposal = self._create_sent(validity_date="2026-03-20")
            self._run_cron("service_agreement.ir_cron_proposals")
            self.assertEqual(proposal.reminded_days, 2)
            proposal.validity_date = "2026-04-20"
            self._run_cron("service_agreement.ir_cron_proposals")
            self.assertEqual(proposal.reminded_days, 0)

    def test_reminders_are_numbers_of_days(self):
        for wrong in ("seven", "7, -2", "0"):
            with self.assertRaises(ValidationError):
                self.company.proposal_reminder_days = wrong
        self.company.proposal_reminder_days = "14;3"
        self.assertEqual(self.company._get_proposal_reminders(), [3, 14])
        self.company.proposal_reminder_days = False
        self.assertEqual(self.company._get_proposal_reminders(), [])

    # Accepted

    def test_what_is_quoted_is_what_is_billed(self):
        """Every tier, plan and quantity, with and without extras, to the cent."""
        extras = [
            self._extra(),
            self._extra(name="Watch", charge="recurring", price_unit=33.33, quantity=3),
        ]
        plans = self.plan_monthly | self.plan_yearly | self.plan_first
        for tier, plan, (quantity, ticked) in product(
            self.bronze | self.gold, plans, ((1, False), (7, True))
        ):
            with self.at(NOW), self.subTest(tier=tier.name, plan=plan.name):
                proposal = self._create_sent(
                    extra_ids=extras,
                    quantity_label="rooms",
                    plan_ids=[Command.set(plans.ids)],
                )
                menu = ProposalMenu(proposal)
                chosen = set(proposal.extra_ids.ids) if ticked else set()
                option = self._option(proposal, tier)
                choice = menu.choose(option.id, plan.id, quantity, chosen)
                quote = menu.quote(choice)
                agreement = proposal._accept(quote, "Ann", PIXEL)
                first = agreement._get_invoices()
                self.assertEqual(first.amount_total, quote.first["total"])
                self.assertEqual(agreement.amount_total, quote.regular)
                until = agreement.next_invoice_date
                following = self._bill_until(agreement, until)
                self.assertEqual(following.amount_total, quote.regular)

    def _bill_until(self, agreement, day):
        moves, _failed = self._run_billing(day, only=agreement)
        return moves

    def test_accepting_makes_an_agreement_in_force(self):
        with self.at(NOW):
            proposal = self._create_sent(
                quantity_label="rooms", extra_ids=[self._extra(is_required=True)]
            )
            agreement = self._accept(proposal, self.gold, self.plan_yearly, 3, set())
        self.assertEqual(agreement.state, "active")
        self.assertEqual(agreement.signed_by, "Ann Whitfield")
        self.assertEqual(str(agreement.date_start), "2026-03-06")
        self.assertEqual(agreement.line_ids.mapped("quantity"), [3, 1])
        self.assertIn("rooms", agreement.line_ids[0].name)
        self.assertEqual(proposal.state, "accepted")
        self.assertEqual(proposal.agreement_id, agreement)
        self.assertEqual(proposal.accepted_tier_id, self.gold)
        self.assertEqual(proposal.accepted_plan_id, self.plan_yearly)
        self.assertEqual(proposal.accepted_quantity, 3)
        self.assertTrue(proposal.extra_ids.is_accepted)

    def test_a_start_ahead_is_billed_later(self):
        with self.at(NOW):
            proposal = self._create_sent(date_start="2026-04-01")
            agreement = self._accept(proposal)
            self.assertEqual(str(agreement.date_start), "2026-04-01")
            self.assertFalse(agreement._get_invoices())
            late = self._create_sent(date_start="2026-03-01")
            self.assertEqual(str(self._accept(late).date_start), "2026-03-06")

    def test_what_was_accepted_is_frozen(self):
        with self.at(NOW):
            proposal = self._create_sent()
            self._accept(proposal)
        self.assertIsNone(proposal._why_not_as_accepted())
        self.assertIn("Two visits a year", proposal.accepted_content)
        with self.assertRaisesRegex(AccessError, "by hand"):
            proposal.accepted_content = "{}"
        proposal.sudo().accepted_content += " "
        self.assertTrue(proposal._why_not_as_accepted())

    def test_nothing_is_accepted_twice(self):
        with self.at(NOW):
            proposal = self._create_sent()
            self._accept(proposal)
            with self.assertRaisesRegex(UserError, "no longer open"):
                self._accept(proposal)
            with self.assertRaisesRegex(UserError, "no longer open"):
                proposal._decline("price", "", "Ann")

    # Declined

    def test_declining_keeps_the_words_and_what_he_was_told(self):
        self.env["service.agreement.rate"].create(
            {"price": 150.0, "price_after_hours": 250.0, "company_id": self.company.id}
        )
        with self.at(NOW):
            proposal = self._create_sent()
            before = proposal.message_ids
            proposal._decline("other", "We move away", "Ann")
        self.assertEqual(proposal.state, "declined")
        self.assertEqual(str(proposal.declined_on), NOW)
        self.assertEqual(proposal.decline_reason, "other")
        self.assertEqual(proposal.decline_note, "We move away")
        self.assertIn("150.00/h", proposal.decline_terms)
        self.assertIn("250.00/h", proposal.decline_terms)
        mails = proposal.message_ids - before
        told = mails.partner_ids
        self.assertIn(self.customer, told)
        self.assertIn(proposal.user_id.partner_id, told)

    def test_declining_asks_for_a_reason_and_a_name(self):
        proposal = self._create_sent()
        for answer in (("", "", "Ann"), ("price", "", ""), ("other", "", "Ann")):
            with self.assertRaises(UserError):
                proposal._decline(*answer)
        self.assertEqual(proposal.state, "sent")

    # Another version, and links

    def test_a_new_version_replaces_the_old_one(self):
        with self.at(NOW):
            old = self._create_sent(extra_ids=[self._extra()])
            newer = self.proposals.browse(old.action_new_version()["res_id"])
        self.assertEqual(old.state, "replaced")
        self.assertEqual((newer.name, newer.version), (old.name, 2))
        self.assertEqual(newer.state, "draft")
        self.assertEqual(newer.replaces_id, old)
        self.assertEqual(newer.option_ids.tier_id, old.option_ids.tier_id)
        self.assertEqual(newer.extra_ids.price_unit, 150)
        self.assertEqual(newer.recommended_tier_id, self.silver)
        self.assertFalse(newer.option_ids.mapped("offered_prices")[0])
        with self.assertRaisesRegex(UserError, "newer version"):
            old.action_new_version()

    def test_a_revoked_link_is_another_one(self):
        proposal = self._create_sent()
        before = proposal.access_token
        proposal.action_revoke_link()
        self.assertTrue(proposal.access_token)
        self.assertNotEqual(proposal.access_token, before)
        proposal.action_withdraw()
        self.assertFalse(proposal.access_token)
        self.assertEqual(proposal.state, "withdrawn")

    def test_a_link_that_is_over_opens_no_conversation(self):
        with self.at(NOW):
            proposal = self._create_sent(validity_date="2026-03-10")
        public = self.proposals.with_user(self.env.ref("base.public_user"))
        token = {"token": proposal.access_token}
        for instant, count in (("2026-03-10 12:00:00", 1), ("2026-03-11 12:00:00", 0)):
            with self.at(instant):
                proposal.invalidate_recordset()
                thread = public._get_thread_with_access(proposal.id, **token)
                self.assertEqual(len(thread), count)

    def test_sending_the_mail_sends_the_proposal(self):
        proposal = self._create_proposal()
        action = proposal.action_send()
        composer = (
            self.env["mail.compose.message"]
            .with_context(**action["context"])
            .create({})
        )
        self.assertIn(proposal._get_link(), composer.body)
        composer._action_send_mail()
        self.assertEqual(proposal.state, "sent")
        self.assertEqual(self.silver.id, proposal.recommended_tier_id.id)

    def test_every_opening_is_logged_and_told_once_a_day(self):
        with self.at(NOW):
            proposal = self._create_sent()
        nobody = self.env["res.partner"]
        for instant, partner in (
            ("2026-03-07 09:00:00", nobody),
            ("2026-03-07 10:00:00", self.customer),
            ("2026-03-08 10:00:00", nobody),
        ):
            with self.at(instant):
                proposal._note_opening(partner)
        self.assertEqual(proposal.opening_count, 3)
        self.assertEqual(str(proposal.last_opened_on), "2026-03-08 10:00:00")
        openings = proposal.opening_ids.sorted("opened_on")
        self.assertEqual(openings.mapped("is_first"), [True, False, False])
        notes = proposal.message_ids.filtered(lambda m: "pened" in (m.body or ""))
        self.assertEqual(len(notes), 2)
        with self.assertRaises(AccessError):
            proposal.opening_ids[0].with_user(self.env.user).unlink()

    # Several customers

    def _batch(self, *partners, **values):
        return self.env["service.agreement.proposal.batch"].create(
            {
                "partner_ids": [Command.set([p.id for p in partners])],
                "tier_ids": [Command.set((self.silver | self.gold).ids)],
                **values,
            }
        )

    def test_several_customers_get_one_each_or_a_reason(self):
        ready = self._create_customer("Ready", email="ready@example.com")
        colleague = self.env["res.partner"].create(
            {"name": "Colleague", "parent_id": ready.id, "email": "c@example.com"}
        )
        mute = self._create_customer("No Mail")
        house = self._create_customer("House")
        resident = self.env["res.partner"].create(
            {"name": "Resident", "parent_id": house.id, "email": "r@example.com"}
        )
        covered = self._create_customer("Covered", email="covered@example.com")
        self._create_active("2026-01-01", partner_id=covered.id)
        self._create_sent()
        batch = self._batch(ready, colleague, mute, house, covered, self.customer)
        batch.action_propose()
        batch.action_propose()
        made = batch.line_ids.filtered("proposal_id")
        self.assertEqual(made.partner_id, ready | resident)
        proposal = made.proposal_id.filtered(lambda p: p.partner_id == ready)
        self.assertEqual(proposal.state, "sent")
        self.assertEqual(proposal.option_ids.tier_id, self.silver | self.gold)
        self.assertIn(ready, proposal.message_ids.partner_ids)
        reasons = {line.partner_id: line.reason for line in batch.line_ids - made}
        self.assertEqual(
            set(reasons), {colleague, mute, covered, self.customer}, reasons
        )
        self.assertIn("email", reasons[mute])
        self.assertIn("open proposal", reasons[self.customer])

    # Who may

    @mute_logger("odoo.addons.base.models.ir_rule")
    def test_who_may_do_what(self):
        salesman = new_test_user(
            self.env, "seller", "base.group_user,service_agreement.group_user"
        )
        employee = new_test_user(self.env, "somebody", "base.group_user")
        proposal = self._create_proposal().with_user(salesman)
        proposal._send()
        self.assertEqual(proposal.state, "sent")
        with self.assertRaises(AccessError):
            proposal.with_user(employee).read(["name"])
        for method in ("action_withdraw", "action_new_version", "action_revoke_link"):
            with self.assertRaises(AccessError):
                getattr(proposal.with_user(employee), method)()
        opening = {"proposal_id": proposal.id, "opened_on": NOW}
        with self.assertRaises(AccessError):
            proposal.opening_ids.create(opening)

    @mute_logger("odoo.addons.base.models.ir_rule")
    def test_another_company_sees_nothing(self):
        other = self.env["res.company"].create({"name": "Elsewhere"})
        salesman = new_test_user(
            self.env,
            "seller",
            "base.group_user,service_agreement.group_user",
            company_id=other.id,
            company_ids=[Command.set(other.ids)],
        )
        proposal = self._create_sent(extra_ids=[self._extra()])
        proposal._note_opening(self.customer)
        for records in (
            proposal,
            proposal.option_ids,
            proposal.extra_ids,
            proposal.opening_ids,
        ):
            found = records.with_user(salesman).search([("id", "in", records.ids)])
            self.assertFalse(found, records)
