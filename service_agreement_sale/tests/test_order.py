import json
from datetime import date

from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import Form, tagged

from .common import ORDERED, PIXEL, SaleServiceCommon


@tagged("post_install", "-at_install")
class TestOrder(SaleServiceCommon):
    """A quotation with tiers, and the agreement that it makes."""

    def test_it_is_neither_in_the_total_nor_on_the_invoice(self):
        order = self._quote(self.tier)
        self.assertEqual(order.amount_untaxed, 15000.0)
        self._confirm_signed(order)
        invoice = order._create_invoices()
        self.assertEqual(invoice.amount_untaxed, 15000.0)
        self.assertFalse(invoice.line_ids.agreement_line_id)

    def test_only_one_is_chosen(self):
        order = self._quote(self.tier)
        self._get_option(order, self.gold).is_chosen = True
        self.assertEqual(order.agreement_option_id.tier_id, self.gold)
        self.assertFalse(self._get_option(order, self.tier).is_chosen)

    def test_another_one_in_any_order(self):
        """The database is never shown two that are chosen."""
        order = self._quote(self.gold)
        silver, gold = order.agreement_option_ids
        order.agreement_option_ids = [
            Command.update(gold.id, {"is_chosen": False}),
            Command.update(silver.id, {"is_chosen": True}),
        ]
        self.env.flush_all()
        self.assertEqual(order.agreement_option_id, silver)
        order.agreement_option_ids = [
            Command.update(gold.id, {"is_chosen": True}),
            Command.update(silver.id, {"is_chosen": False}),
        ]
        self.env.flush_all()
        self.assertEqual(order.agreement_option_id, gold)

    def test_another_one_added_to_the_order_at_hand(self):
        order = self._quote(self.gold)
        self._get_option(order, self.tier).unlink()
        options = self.env["sale.order.agreement.option"]
        option = options.with_context(default_order_id=order.id).create(
            {"tier_id": self.tier.id, "is_chosen": True}
        )
        self.assertEqual(order.agreement_option_id, option)

    def test_a_copy_offers_the_same(self):
        order = self._quote(self.tier).copy()
        self.assertEqual(order.agreement_option_ids.tier_id, self.tier | self.gold)
        self.assertEqual(order.agreement_option_id.tier_id, self.tier)

    def test_signed_it_starts_with_the_order(self):
        order = self._quote(self.tier)
        agreement = self._confirm_signed(order)
        self.assertEqual(agreement.state, "active")
        self.assertEqual(agreement.date_start, date(2026, 3, 2))
        self.assertEqual(agreement.signed_by, "Carla")
        self.assertEqual(agreement.signed_on, order.signed_on)
        self.assertEqual(agreement.partner_id, self.customer)
        self.assertEqual(agreement.amount_untaxed, 149.0)
        self.assertEqual(agreement.user_id, order.user_id)

    def test_unsigned_it_is_offered(self):
        order = self._quote(self.tier)
        with self.at(ORDERED):
            order.action_confirm()
        self.assertEqual(order.agreement_ids.state, "proposed")
        self.assertFalse(order.agreement_ids._why_not_sign())
        todo = "service_agreement_sale.mail_activity_type_delivered"
        activity = self.env["mail.activity"].search(
            [
                ("res_model", "=", "service.agreement"),
                ("res_id", "=", order.agreement_ids.id),
            ]
        )
        self.assertEqual(activity.activity_type_id, self.env.ref(todo))
        self.assertIn("It is to start on 03/02/2026", activity.note)

    def test_nothing_chosen_makes_nothing(self):
        order = self._quote()
        self.assertFalse(self._confirm_signed(order))

    def test_it_is_made_once(self):
        order = self._quote(self.tier)
        agreement = self._confirm_signed(order)
        order._make_agreement()
        self.assertEqual(order.agreement_ids, agreement)

    def test_it_starts_on_the_delivery_date(self):
        order = self._quote(self.tier, commitment_date="2026-05-04 10:00:00")
        agreement = self._confirm_signed(order)
        self.assertEqual(agreement.date_start, date(2026, 5, 4))
        self.assertEqual(agreement.state, "active")
        with self.at(ORDERED):
            self.assertEqual(agreement.mrr, 0.0)

    def test_what_was_delivered_is_a_system(self):
        agreement = self._confirm_signed(self._quote(self.tier))
        system = agreement.system_ids
        self.assertEqual(system.partner_id, self.customer)
        self.assertEqual(
            sorted(system.device_ids.mapped("name")),
            ["Cable, 120 Units", *["Projector"] * 2, *["Speaker"] * 4],
        )
        projectors = system.device_ids.filtered(lambda d: d.name == "Projector")
        self.assertEqual(set(projectors.mapped("warranty_until")), {date(2029, 3, 1)})
        speakers = system.device_ids.filtered(lambda d: d.name == "Speaker")
        self.assertFalse(any(speakers.mapped("warranty_until")))

    def test_visits_are_planned(self):
        self.env["service.agreement.visit.plan"].create(
            {"tier_id": self.tier.id, "months": "3, 9"}
        )
        agreement = self._confirm_signed(self._quote(self.tier))
        self.assertEqual(len(agreement.visit_ids), 2)

    def test_confirmed_nobody_changes_what_was_chosen(self):
        order = self._quote(self.tier)
        self._confirm_signed(order)
        with self.assertRaisesRegex(UserError, "confirmed"):
            order.agreement_option_id.price_unit = 1.0
        with self.assertRaisesRegex(UserError, "confirmed"):
            self._get_option(order, self.gold).is_chosen = True
        with self.assertRaisesRegex(UserError, "confirmed"):
            order.agreement_option_ids.unlink()

    def test_signed_nobody_changes_what_was_chosen(self):
        """It is confirmed when it is paid, and that may take days."""
        order = self._quote(self.gold)
        price = order.agreement_option_id.price_unit
        order.write({"signed_by": "Carla", "signature": PIXEL})
        with self.assertRaisesRegex(UserError, "is signed"):
            order.agreement_option_id.price_unit = 1.0
        with self.assertRaisesRegex(UserError, "is signed"):
            self._get_option(order, self.tier).is_chosen = True
        order.order_line[0].product_uom_qty = 9
        self.env.flush_all()
        self.assertEqual(order.agreement_option_id.price_unit, price)
        with self.at(ORDERED):
            order._action_cancel()
            order.action_draft()
        self._get_option(order, self.tier).is_chosen = True
        self.assertEqual(order.agreement_option_id.tier_id, self.tier)

    def test_nobody_says_by_hand_of_which_order_it_is(self):
        agreement = self._confirm_signed(self._quote(self.tier))
        other = self._quote()
        for values in (
            {"sale_order_id": other.id},
            {"free_months": 12},
            {"delivered_on": "2026-01-01"},
        ):
            with self.assertRaisesRegex(AccessError, "by hand"):
                agreement.write(values)

    # The delivery

    def test_signed_it_waits_for_the_delivery(self):
        project = self._create_project()
        order = self._quote(self.tier, service_project_id=project.id)
        self.assertEqual(order.agreement_start_on, "delivery")
        agreement = self._confirm_signed(order)
        self.assertEqual(agreement.state, "proposed")
        self.assertTrue(agreement.signed_on)
        self.assertTrue(order.agreement_awaits_delivery)
        self.assertFalse(agreement.system_ids)
        self._run_billing("2026-06-01")
        self.assertFalse(agreement.period_ids)

    def test_signed_it_is_about_to_start(self):
        """Nobody is asked to offer it again, or to get it signed."""
        project = self._create_project()
        order = self._quote(self.tier, service_project_id=project.id)
        with self.at(ORDERED):
            order.action_confirm()
        agreement = order.agreement_ids
        self.assertEqual(self._get_steering(agreement), ("offered", True))
        with self.at("2026-03-05 10:00:00"):
            agreement._accept("Carla", PIXEL)
        self.assertEqual(agreement.state, "proposed")
        self.assertEqual(self._get_steering(agreement), ("covered", False))

    def _get_steering(self, agreement):
        """:return: the client's state, whether the cockpit wants it to be signed"""
        self.env.invalidate_all()
        register = self.env["service.agreement.register"].search(
            [
                ("partner_id", "=", agreement.commercial_partner_id.id),
                ("company_id", "=", agreement.company_id.id),
            ]
        )
        cockpit = self.env["service.agreement.cockpit"]
        cockpit = cockpit.browse(cockpit.action_open_mine()["res_id"])
        cockpit = cockpit.with_context(cockpit_figure="to_sign")
        to_sign = agreement.search(cockpit.action_open_figure()["domain"])
        return register.state, agreement in to_sign

    def test_signed_it_is_neither_changed_nor_deleted(self):
        project = self._create_project()
        order = self._quote(self.tier, service_project_id=project.id)
        agreement = self._confirm_signed(order)
        with self.assertRaisesRegex(UserError, "is signed"):
            agreement.action_draft()
        with self.assertRaisesRegex(UserError, "is signed"):
            agreement.unlink()

    def test_delivered_it_starts(self):
        project = self._create_project()
        order = self._quote(self.tier, service_project_id=project.id)
        agreement = self._confirm_signed(order)
        with self.at("2026-04-20 09:00:00"):
            project.delivered_on = "2026-04-16"
        self.assertEqual(agreement.state, "active")
        self.assertEqual(agreement.date_start, date(2026, 4, 16))
        self.assertEqual(agreement.delivered_on, date(2026, 4, 16))
        self.assertEqual(agreement.system_ids.name, project.name)
        self.assertEqual(len(agreement.system_ids.device_ids), 7)
        self._run_billing("2026-04-20")
        self.assertEqual(
            self._get_periods(agreement), [("2026-04-16", "2026-05-15", 149.0)]
        )
        in_force = self.env["service.agreement"]._match(
            self.customer, date(2026, 4, 16), self.company
        )
        self.assertEqual(in_force, agreement)

    def test_who_delivers_need_not_know_agreements(self):
        project = self._create_project()
        order = self._quote(self.tier, service_project_id=project.id)
        agreement = self._confirm_signed(order)
        manager = self.env["res.users"].create(
            {
                "name": "Pia",
                "login": "pia",
                "group_ids": [
                    (6, 0, self.env.ref("project.group_project_manager").ids)
                ],
                "company_id": self.company.id,
                "company_ids": [(6, 0, self.company.ids)],
            }
        )
        with self.at("2026-04-20 09:00:00"):
            project.with_user(manager).delivered_on = "2026-04-20"
        self.assertEqual(agreement.state, "active")

    def test_delivered_twice_it_starts_once(self):
        project = self._create_project()
        order = self._quote(self.tier, service_project_id=project.id)
        agreement = self._confirm_signed(order)
        with self.at("2026-04-20 09:00:00"):
            project.delivered_on = "2026-04-16"
            project.delivered_on = "2026-04-18"
        self.assertEqual(agreement.date_start, date(2026, 4, 16))
        self.assertEqual(len(agreement.system_ids), 1)

    def test_delivered_before_it_is_ordered(self):
        project = self._create_project(delivered_on="2026-02-20")
        order = self._quote(self.tier, service_project_id=project.id)
        agreement = self._confirm_signed(order)
        self.assertEqual(agreement.state, "active")
        self.assertEqual(agreement.date_start, date(2026, 2, 20))

    def test_delivered_and_not_signed_somebody_is_told(self):
        project = self._create_project()
        order = self._quote(self.tier, service_project_id=project.id)
        with self.at(ORDERED):
            order.action_confirm()
        agreement = order.agreement_ids
        with self.at("2026-04-20 09:00:00"):
            project.delivered_on = "2026-04-16"
        self.assertEqual(agreement.state, "proposed")
        self.assertEqual(agreement.date_start, date(2026, 4, 16))
        todo = "service_agreement_sale.mail_activity_type_delivered"
        self.assertTrue(agreement.activity_search([todo]))

    def test_signed_on_its_own_page_it_waits_as_well(self):
        project = self._create_project()
        order = self._quote(self.tier, service_project_id=project.id)
        with self.at(ORDERED):
            order.action_confirm()
        agreement = order.agreement_ids
        with self.at("2026-03-05 10:00:00"):
            agreement._accept("Carla", PIXEL)
        self.assertEqual(agreement.state, "proposed")
        with self.at("2026-04-20 09:00:00"):
            project.delivered_on = "2026-04-20"
        self.assertEqual(agreement.state, "active")

    def test_delivered_before_anybody_named_the_project(self):
        order = self._quote(self.tier, agreement_start_on="delivery")
        agreement = self._confirm_signed(order)
        project = self._create_project(delivered_on="2026-04-16")
        with self.at("2026-04-20 09:00:00"):
            order.service_project_id = project
        self.assertEqual(agreement.state, "active")
        self.assertEqual(agreement.date_start, date(2026, 4, 16))

    def test_the_document_is_kept_as_it_was_signed(self):
        """With the quotation, or on its own page; not as it is when it starts."""
        for page in ("quotation", "agreement"):
            with self.subTest(page):
                project = self._create_project()
                order = self._quote(self.tier, service_project_id=project.id)
                agreement = self._sign_on(page, order)
                kept = agreement.document_content
                self.assertIn("Carla", json.loads(kept)["accepted_by"])
                with self.at("2026-04-20 09:00:00"):
                    project.delivered_on = "2026-04-16"
                self.assertEqual(agreement.state, "active")
                self.assertEqual(agreement.document_content, kept)

    def _sign_on(self, page, order):
        """:return: service.agreement, signed by Carla"""
        if page == "quotation":
            return self._confirm_signed(order)
        with self.at(ORDERED):
            order.action_confirm()
            order.agreement_ids._accept("Carla", PIXEL)
        return order.agreement_ids

    def test_the_day_of_delivery_is_no_change_of_what_was_signed(self):
        project = self._create_project()
        order = self._quote(self.tier, service_project_id=project.id)
        agreement = self._confirm_signed(order)
        with self.at("2026-04-20 09:00:00"):
            project.delivered_on = "2026-04-16"
        self.assertIsNone(agreement._why_not_document())

    def test_without_project_a_button_starts_it(self):
        order = self._quote(self.tier, agreement_start_on="delivery")
        agreement = self._confirm_signed(order)
        with self.at("2026-04-20 09:00:00"):
            order.action_start_service()
            self.assertEqual(agreement.date_start, date(2026, 4, 20))
            with self.assertRaisesRegex(UserError, "waits for a delivery"):
                order.action_start_service()

    def test_the_project_that_the_order_makes(self):
        if "project_ids" not in self.env["sale.order"]._fields:
            self.skipTest("sale_project is not installed")
        self.labour.service_tracking = "project_only"
        order = self._quote(self.tier)
        self.assertEqual(order.agreement_start_on, "delivery")
        agreement = self._confirm_signed(order)
        self.assertTrue(order.service_project_id)
        self.assertEqual(agreement.state, "proposed")
        with self.at("2026-04-20 09:00:00"):
            order.service_project_id.delivered_on = "2026-04-20"
        self.assertEqual(agreement.state, "active")

    def test_a_chosen_start_stays(self):
        order = self._quote(self.tier)
        with Form(order) as form:
            form.agreement_start_on = "delivery"
            form.service_project_id = self._create_project()
            form.agreement_start_on = "date"
            with form.order_line.new() as line:
                line.product_id = self.speaker
            self.assertEqual(form.agreement_start_on, "date")
        with Form(order) as form:
            with form.order_line.new() as line:
                line.product_id = self.projector
        self.assertEqual(order.agreement_start_on, "date")
        order.order_line[0].unlink()
        self.assertEqual(order.agreement_start_on, "date")
        order.service_project_id = False
        self.env.flush_all()
        order.service_project_id = self._create_project()
        self.assertEqual(order.agreement_start_on, "delivery")

    def test_a_start_chosen_on_a_new_order_stays(self):
        order = self._quote(
            self.tier,
            service_project_id=self._create_project().id,
            agreement_start_on="date",
        )
        order.order_line[0].unlink()
        self.assertEqual(order.agreement_start_on, "date")

    def test_no_shared_and_no_old_project(self):
        if "project_ids" not in self.env["sale.order"]._fields:
            self.skipTest("sale_project is not installed")
        shared = self._create_project(name="All Repairs", allow_billable=True)
        self.speaker.write(
            {
                "type": "service",
                "service_tracking": "task_global_project",
                "project_id": shared.id,
            }
        )
        old = self._create_project(delivered_on="2020-02-20", allow_billable=True)
        order = self._quote(self.tier, project_id=old.id, agreement_start_on="delivery")
        agreement = self._confirm_signed(order)
        self.assertFalse(order.service_project_id)
        self.assertEqual(agreement.state, "proposed")
        self.labour.service_tracking = "project_only"
        order = self._quote(self.tier, project_id=old.id)
        self._confirm_signed(order)
        self.assertTrue(order.service_project_id)
        self.assertEqual(order.service_project_id, order.order_line.project_id)

    # Cancelled

    def test_cancelled_the_offer_is_withdrawn(self):
        order = self._quote(self.tier)
        with self.at(ORDERED):
            order.action_confirm()
            agreement = order.agreement_ids
            order._action_cancel()
        self.assertEqual(agreement.state, "ended")
        self.assertFalse(agreement.activated_on)

    def test_cancelled_its_proposals_are_withdrawn(self):
        order = self._quote()
        order.action_make_proposal()
        proposal = order.proposal_ids
        proposal._send()
        order.action_make_proposal()
        with self.at(ORDERED):
            order._action_cancel()
        self.assertEqual(set(order.proposal_ids.mapped("state")), {"withdrawn"})
        self.assertFalse(proposal.access_token)

    def test_cancelled_and_confirmed_again_there_is_another(self):
        order = self._quote(self.tier)
        with self.at(ORDERED):
            order.action_confirm()
            order._action_cancel()
            order.action_draft()
            order.action_confirm()
        self.assertEqual(
            sorted(order.agreement_ids.mapped("state")), ["ended", "proposed"]
        )
        systems = self.env["service.agreement.system"].search(
            [("partner_id", "=", self.customer.id)]
        )
        self.assertEqual(len(systems.device_ids), 7)
        for agreement in order.agreement_ids:
            self.assertEqual(agreement.system_ids, systems)

    def test_cancelled_what_is_in_force_is_a_persons_to_decide(self):
        order = self._quote(self.tier)
        agreement = self._confirm_signed(order)
        with self.at(ORDERED):
            order._action_cancel()
        self.assertEqual(agreement.state, "active")
        todo = "service_agreement_sale.mail_activity_type_order_cancelled"
        self.assertTrue(agreement.activity_search([todo]))
