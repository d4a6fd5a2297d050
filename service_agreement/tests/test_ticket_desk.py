"""What people may do to tickets, and what switches and moves do to promises."""

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Command
from odoo.service.model import call_kw
from odoo.tests import Form, tagged

from .common import PortalUsersMixin, ServiceDeskCommon, TicketMailMixin


class DeskCommon(ServiceDeskCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.nobody = cls._create_customer("Nobody's Villa")
        cls.coordinator = cls._create_agent("coordinator")
        cls.coordinator.group_ids += cls.env.ref("service_agreement.group_user")
        cls.project = cls.env["project.project"].create({"name": "Installation"})

    def _kinds(self, ticket):
        return ticket.ticket_fact_ids.mapped("kind")

    def _states(self, ticket):
        return set(ticket.sla_clock_ids.mapped("state"))


@tagged("post_install", "-at_install")
class TestForgery(PortalUsersMixin, DeskCommon):
    FORGED = (
        {"sla_phase": "kept"},
        {"sla_due_at": "2030-01-01"},
        {"sla_risk_at": "2030-01-01"},
        {"agreement_tier_id": 1},
        {"sla_promise_id": 1},
        {"follows_id": 1},
    )

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.desk.privacy_visibility = "portal"
        cls.ann = cls._create_portal_user("ann", cls.customer)
        cls.stranger = cls._create_portal_user("stranger", cls.nobody)
        cls.desk.collaborator_ids = [
            Command.create({"partner_id": user.partner_id.id})
            for user in cls.ann | cls.stranger
        ]
        cls.desk.message_subscribe((cls.ann | cls.stranger).partner_id.ids)

    def test_nobody_writes_what_is_read_from_the_facts(self):
        ticket = self._open_ticket("2026-03-06 15:00")
        for user in (self.agent, self.coordinator, self.env.user):
            for values in self.FORGED:
                with self.subTest(values, user=user.login):
                    with self.assertRaises(AccessError):
                        ticket.with_user(user).write(values)
                    with self.assertRaises(AccessError):
                        ticket.with_user(user).create(
                            {**self._prepare_ticket_values(), **values}
                        )

    def test_nor_imports_it(self):
        tasks = self.env["project.task"].with_user(self.agent)
        values = ["Dark", str(self.desk.id), "kept"]
        result = tasks.load(["name", "project_id/.id", "sla_phase"], [values])
        self.assertFalse(result["ids"])

    def test_nor_has_it_by_default(self):
        defaults = {"default_sla_phase": "kept", "default_agreement_id": 1}
        tasks = self.env["project.task"].with_user(self.agent).with_context(**defaults)
        values = {**self._prepare_ticket_values(), "partner_id": self.nobody.id}
        ticket = tasks.create(values).sudo()
        self.assertFalse(ticket.sla_phase or ticket.agreement_id)

    def test_a_technician_takes_the_ticket(self):
        ticket = self._open_ticket("2026-03-06 15:00")
        ticket.with_user(self.agent).technician_id = self.agent
        self.assertEqual(ticket.user_ids, self.agent)

    def test_customers_do_nothing_with_buttons(self):
        ticket = self._open_ticket(
            "2026-03-06 15:00", partner_id=self.ann.partner_id.id
        )
        actions = (
            "action_view_agreement",
            "action_ticket_arrived",
            "action_ticket_follow_up",
            "action_ticket_add_fact",
            "action_ticket_read_again",
            "action_ticket_explain",
            "action_ticket_apply_promise",
            "action_ticket_apply_better_promise",
            "action_tell_delay",
        )
        with self.at_desk("2026-03-20 15:00"):
            for user in (self.ann, self.stranger):
                ticket.with_user(user).check_access("write")
                for name in actions:
                    with self.subTest(name, user=user.login):
                        with self.assertRaises(AccessError):
                            getattr(ticket.with_user(user), name)()
        self.assertEqual(self._kinds(ticket), ["opened"])

    def test_customers_do_nothing_with_dialogs(self):
        ticket = self._open_ticket("2026-03-06 15:00")
        values = {"res_model": ticket._name, "res_id": ticket.id}
        explain = self.env["service.agreement.ticket.explanation"]
        add = self.env["service.agreement.ticket.fact.add"]
        for user in (self.ann, self.stranger):
            for wizard, name in ((explain, "explanation"), (add, "obstacle")):
                with self.assertRaises(AccessError):
                    wizard.with_user(user).create(values)
                with self.assertRaises(AccessError):
                    wizard.with_user(user).new(values)[name]
            with self.assertRaises(AccessError):
                add.create(values).with_user(user).action_confirm()

    def test_a_customer_does_not_say_he_was_told(self):
        ticket = self._open_ticket(
            "2026-03-06 15:00", partner_id=self.ann.partner_id.id
        )
        clocks = ticket.sla_clock_ids
        ticket = ticket.with_context(service_delay_clock_ids=clocks.ids)
        # As the portal's controller posts for a customer.
        ticket.with_user(self.ann).sudo().message_post(
            body="I know", message_type="comment", subtype_xmlid="mail.mt_comment"
        )
        self.assertFalse(any(clocks.mapped("customer_told_at")))
        self._answer(ticket, "2026-03-06 16:00")
        self.assertTrue(all(clocks.mapped("customer_told_at")))

    def _prepare_fact(self, ticket, **values):
        return {
            "res_model": ticket._name,
            "res_id": ticket.id,
            "kind": "answered",
            "at": "2026-03-06 14:30:00",
            **values,
        }

    def test_a_technician_notes_nothing_under_another_name(self):
        ticket = self._open_ticket("2026-03-06 15:00")
        tickets = self.env["project.task"].with_user(self.agent)
        for forged in (self.ann.partner_id.id, [self.ann.partner_id.id]):
            context = {
                "service_agreement_author_id": forged,
                "service_agreement_on_behalf_of": forged,
            }
            for method, args in (
                ("action_ticket_arrived", []),
                ("write", [{"stage_id": self.stages["waiting"].id}]),
                ("write", [{"stage_id": self.stages["In Progress"].id}]),
            ):
                with self.at_desk("2026-03-06 16:00"):
                    call_kw(tickets, method, [ticket.ids, *args], {"context": context})
        facts = ticket.ticket_fact_ids.filtered(lambda fact: fact.kind != "opened")
        self.assertIn("waiting", facts.mapped("kind"))
        self.assertIn("arrived", facts.mapped("kind"))
        self.assertEqual(facts.author_id, self.agent.partner_id)

    def test_a_fact_by_hand_is_its_author_s_and_promises_nothing(self):
        ticket = self._open_ticket("2026-03-06 15:00")
        promise = ticket.sla_promise_id
        facts = self.env["service.agreement.ticket.fact"]
        with self.at_desk("2026-03-06 16:00"):
            for refused in (
                {"author_id": self.ann.partner_id.id},
                {"agreement_id": self.agreement.id},
                {"sla_promise_id": promise.id},
                {"priority": "3"},
                {"at": False},
                {"res_model": False},
                {"res_model": "res.partner"},
            ):
                with self.subTest(refused), self.assertRaises(UserError):
                    facts.create(self._prepare_fact(ticket, **refused))
            missing = self._prepare_fact(ticket)
            del missing["at"]
            with self.assertRaisesRegex(UserError, "When"):
                facts.create(missing)
            fact = facts.with_context(
                default_sla_promise_id=promise.id,
                default_author_id=self.ann.partner_id.id,
                service_agreement_on_behalf_of=[self.ann.partner_id.id],
            ).create(self._prepare_fact(ticket))
        self.assertEqual(fact.author_id, self.env.user.partner_id)
        self.assertFalse(fact.sla_promise_id)


@tagged("post_install", "-at_install")
class TestChosenAgreement(DeskCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.gold = cls._create_tier("Gold", 300.0, 30)
        targets = cls.tier.target_ids.copy({"tier_id": cls.gold.id})
        targets.minutes = 60
        cls.better = cls._create_agreement("2026-01-01", tier_id=cls.gold.id)

    def setUp(self):
        super().setUp()
        self.ticket = self._open_ticket("2026-03-09 10:00")

    def _choose(self, agreement, wall="2026-03-09 10:30", user=None):
        with self.at_desk(wall):
            ticket = self.ticket.with_user(user or self.coordinator)
            ticket.agreement_id = agreement

    def test_a_technician_chooses_none(self):
        self.better.action_activate()
        for agreement in (self.better, False):
            with self.assertRaisesRegex(AccessError, "Only who makes agreements"):
                self._choose(agreement, user=self.agent)

    def test_another_one_promises_what_is_still_open(self):
        self.better.action_activate()
        self._answer(self.ticket, "2026-03-09 10:15")
        self._choose(self.better)
        first = self._clock(self.ticket, "first_response")
        self.assertEqual((first.state, first.agreement_id), ("met", self.agreement))
        clock = self._clock(self.ticket)
        self.assertEqual(clock.agreement_id, self.better)
        self.assertEqual(self.on_wall(clock.deadline), "Mon 11:00")
        self.assertEqual(self.ticket.agreement_tier_id, self.gold)
        self.assertEqual(self._kinds(self.ticket), ["opened", "answered", "agreement"])
        self.assertIn("chosen by hand", self.ticket.message_ids[0].body)

    def test_taken_away_nothing_more_is_promised(self):
        self._answer(self.ticket, "2026-03-09 10:15")
        self._choose(False)
        clock = self.ticket.sla_clock_ids
        self.assertEqual((clock.metric, clock.state), ("first_response", "met"))
        self.assertFalse(self.ticket.agreement_id)
        self.assertFalse(self.ticket.agreement_tier_id)
        self.assertFalse(self.ticket.sla_due_at)
        self.assertIn("nothing more is promised", self.ticket.message_ids[0].body)
        self.assertFalse(self.ticket.sudo()._ticket_check_clocks())

    def test_one_not_in_force_when_it_was_opened_is_refused(self):
        later = self._create_active("2026-04-01")
        for agreement in (self.better, later):
            with self.assertRaisesRegex(ValidationError, "not in force"):
                self._choose(agreement)
            with self.assertRaisesRegex(ValidationError, "not in force"):
                self._open_ticket("2026-03-09 10:00", agreement_id=agreement.id)

    def test_without_customer_there_is_none_to_choose(self):
        with self.assertRaisesRegex(ValidationError, "customer"):
            self._open_ticket(
                "2026-03-09 10:00", partner_id=False, agreement_id=self.agreement.id
            )

    def test_only_those_are_offered(self):
        self._create_active("2026-01-01", partner_id=self.nobody.id)
        ticket = self.ticket.with_user(self.coordinator)
        self.assertEqual(ticket.available_agreement_ids, self.agreement)
        self.better.action_activate()
        self.env.invalidate_all()
        self.assertEqual(ticket.available_agreement_ids, self.agreement | self.better)
        with Form(ticket) as form:
            form.agreement_id = self.better
        self.assertEqual(ticket.agreement_tier_id, self.gold)


@tagged("post_install", "-at_install")
class TestAnotherCustomer(DeskCommon):
    def test_what_is_decided_stays_and_the_rest_is_the_right_customer_s(self):
        theirs = self._create_active("2026-01-01", partner_id=self.nobody.id)
        ticket = self._open_ticket("2026-03-06 15:00")
        self._answer(ticket, "2026-03-06 15:30")
        with self.at_desk("2026-03-06 16:00"):
            ticket.with_user(self.agent).partner_id = self.nobody
        self.assertEqual(ticket.agreement_id, theirs)
        first, last = self._clock(ticket, "first_response"), self._clock(ticket)
        self.assertEqual((first.state, first.agreement_id), ("met", self.agreement))
        self.assertEqual((last.agreement_id, last.partner_id), (theirs, self.nobody))
        facts = ticket.ticket_fact_ids
        contact = self.nobody.copy({"parent_id": self.nobody.id, "is_company": False})
        ticket.partner_id = contact
        self.assertEqual(ticket.ticket_fact_ids, facts)
        self.assertFalse(ticket.sudo()._ticket_check_clocks())


@tagged("post_install", "-at_install")
class TestSwitches(DeskCommon):
    """A ticket that is none any more counts as a cancelled one."""

    def _switch(self, record, wall, **values):
        with self.at_desk(wall):
            record.write(values)

    def test_off_and_on_again(self):
        for record, off in (
            ("desk", {"is_service_desk": False}),
            ("desk", {"is_template": True}),
            ("desk", {"active": False}),
            ("ticket", {"active": False}),
            ("ticket", {"is_template": True}),
        ):
            with self.subTest(record, **off):
                ticket = self._open_ticket("2026-03-09 10:00")
                record = self.desk if record == "desk" else ticket
                self._switch(record, "2026-03-09 11:00", **off)
                self.assertEqual(self._kinds(ticket), ["opened", "cancelled"])
                self.assertEqual(self._states(ticket), {"cancelled"})
                on = {name: not value for name, value in off.items()}
                self._switch(record, "2026-03-10 11:00", **on)
                kinds = ["opened", "cancelled", "reopened", "resumed"]
                self.assertEqual(self._kinds(ticket), kinds)
                self.assertFalse(ticket.sudo()._ticket_check_clocks())
                ticket.unlink()

    def test_on_again_too_late_the_promise_stays_closed(self):
        ticket = self._open_ticket("2026-03-09 10:00")
        self._switch(ticket, "2026-03-09 11:00", active=False)
        self._switch(ticket, "2026-03-30 11:00", active=True)
        self.assertEqual(self._kinds(ticket), ["opened", "cancelled"])

    def test_a_solved_one_stays_solved(self):
        ticket = self._open_ticket("2026-03-09 10:00")
        self._move(ticket, "solved", "2026-03-09 11:00")
        for active in (False, True):
            self._switch(ticket, "2026-03-09 12:00", active=active)
        self.assertEqual(self._kinds(ticket), ["opened", "solved"])
        self.assertEqual(ticket.sla_state, "kept")

    def test_a_stage_that_means_something_else_is_news_to_archived_ones(self):
        ticket = self._open_ticket("2026-03-09 10:00")
        self._switch(ticket, "2026-03-09 11:00", active=False)
        self.stages["New"].ticket_status = "solved"
        self.assertEqual(ticket.state, "1_done")

    def test_many_cost_few_queries(self):
        def count(number):
            desk = self.desk.copy({"name": "Another"})
            for _number in range(number):
                self._open_ticket("2026-03-09 10:00", project_id=desk.id)
            self.env.flush_all()
            before = self.env.cr.sql_log_count
            for value in (False, True):
                self._switch(desk, "2026-03-09 11:00", is_service_desk=value)
                self.env.flush_all()
            return self.env.cr.sql_log_count - before

        count(2)
        self.assertLessEqual(count(20) - count(10), 12)

    def test_an_old_task_is_promised_by_the_agreement_of_the_switch(self):
        task = self._open_ticket("2025-12-01 10:00", project_id=self.project.id)
        self._switch(self.project, "2026-03-09 10:00", is_service_desk=True)
        self.assertEqual(task.agreement_id, self.agreement)
        self.assertEqual(self.on_wall(task.sla_due_at), "Mon 14:00")


@tagged("post_install", "-at_install")
class TestCompanies(DeskCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.elsewhere = cls.env["res.company"].create({"name": "Elsewhere"})
        cls.env.user.company_ids += cls.elsewhere

    def test_on_a_shared_desk_it_does_not_matter_who_clicks(self):
        self.assertFalse(self.desk.company_id)
        model = self.env["project.task"].with_company(self.elsewhere)
        with self.at_desk("2026-03-06 15:00"):
            ticket = model.create(self._prepare_ticket_values())
        self.assertEqual(ticket.agreement_id, self.agreement)
        self.assertEqual(self.on_wall(ticket.sla_due_at), "Mon 11:00")
        self.assertEqual(ticket._ticket_company(), self.company)

    def test_moved_to_another_company_its_promises_are_looked_for_again(self):
        self.desk.company_id = self.company
        desk = self.desk.copy({"company_id": self.elsewhere.id})
        ticket = self._open_ticket("2026-03-06 15:00")
        self._answer(ticket, "2026-03-06 15:30")
        with self.at_desk("2026-03-06 16:00"):
            ticket.project_id = desk
        self.assertFalse(ticket.agreement_id)
        self.assertEqual(ticket.sla_clock_ids.mapped("metric"), ["first_response"])
        self.assertIn("Elsewhere serves it now", ticket.message_ids[0].body)
        with self.at_desk("2026-03-06 16:30"):
            ticket.project_id = self.desk
        self.assertEqual(ticket.agreement_id, self.agreement)
        self.assertEqual(self.on_wall(self._clock(ticket).deadline), "Mon 15:00")


@tagged("post_install", "-at_install")
class TestFollowUp(PortalUsersMixin, TicketMailMixin, DeskCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.ann = cls._create_portal_user("ann", cls.customer)

    def setUp(self):
        super().setUp()
        self.ticket = self._receive("ann@example.com", wall="2026-03-06 15:00")
        self.ticket.priority = "3"

    def test_more_replies_go_to_the_ticket_that_goes_on(self):
        self._move(self.ticket, "cancelled", "2026-03-06 16:00")
        for day in (20, 21, 22):
            self._receive("ann@example.com", self.ticket, wall=f"2026-03-{day} 10:00")
        ticket = self.ticket.followed_by_ids
        self.assertEqual(len(ticket), 1)
        self.assertEqual(ticket.priority, "3")
        self.assertEqual(self._kinds(ticket), ["opened", "asked", "asked"])
        said = ticket.message_ids.filtered(lambda m: m.author_id == self.ann.partner_id)
        self.assertEqual(len(said), 2)
        self.assertIn("still dark", said[0].body)

    def test_the_one_that_goes_on_may_be_over_too(self):
        self._move(self.ticket, "cancelled", "2026-03-06 16:00")
        self._receive("ann@example.com", self.ticket, wall="2026-03-20 10:00")
        second = self.ticket.followed_by_ids
        self._move(second, "cancelled", "2026-03-20 11:00")
        self._receive("ann@example.com", self.ticket, wall="2026-03-21 10:00")
        self._receive("ann@example.com", self.ticket, wall="2026-03-22 10:00")
        self.assertEqual(len(self.ticket.followed_by_ids), 2)

    def test_new_ticket_pressed_twice_is_one(self):
        self._move(self.ticket, "solved", "2026-03-06 16:00")
        with self.at_desk("2026-03-20 10:00"):
            ticket = self.ticket.with_user(self.agent)
            pressed = [ticket.action_ticket_follow_up()["res_id"] for _i in range(2)]
        self.assertEqual(pressed, self.ticket.followed_by_ids.ids * 2)

    def test_a_group_address_forwards_what_people_write(self):
        for header in ("list", "bulk"):
            self._move(self.ticket, "waiting", "2026-03-06 15:30")
            self._receive("ann@example.com", self.ticket, f"Precedence: {header}\n")
            self.assertEqual(self.ticket.stage_id, self.stages["In Progress"])

    def _compose(self, tickets, wall, user, context=None, **values):
        composer = self.env["mail.compose.message"].with_user(user)
        composer = composer.with_context(**context or {})
        with self.at_desk(wall):
            composer = composer.with_context(active_ids=tickets.ids).create(
                {
                    "composition_mode": "mass_mail",
                    "model": tickets._name,
                    "res_ids": tickets.ids,
                    "subject": "Soon",
                    "body": "We are on our way",
                    **values,
                }
            )
            composer._action_send_mail()

    def test_no_client_says_how_a_message_came_to_be(self):
        """A context comes over the API as well, with whatever somebody writes there."""
        automatic = {"message_type": "auto_comment"}
        for forged in ("by hand", True):
            context = {"service_agreement_written": forged}
            context["service_agreement_by_hand"] = True
            wall = "2026-03-06 15:20"
            self._compose(self.ticket, wall, self.agent, context, **automatic)
            self.assertNotIn("answered", self._kinds(self.ticket))
        for minute, forged in enumerate(("by itself", True), 1):
            context = {"service_agreement_written": forged}
            context["service_agreement_automatic_mail"] = True
            ticket = self.ticket.with_user(self.agent).with_context(**context)
            with self.at_desk(f"2026-03-06 15:3{minute}"):
                ticket.message_post(
                    body="On our way",
                    message_type="comment",
                    subtype_xmlid="mail.mt_comment",
                )
            self.assertEqual(self._kinds(self.ticket).count("answered"), minute)

    def test_mails_from_the_list_answer(self):
        self._create_portal_user("bob", self.customer)
        second = self._receive("bob@example.com", wall="2026-03-06 15:10")
        for values, answered in (
            ({"message_type": "auto_comment"}, False),
            ({}, True),
        ):
            self._compose(
                self.ticket | second, "2026-03-06 15:20", self.agent, **values
            )
            for ticket in self.ticket | second:
                self.assertEqual("answered" in self._kinds(ticket), answered)
        third = self._receive("bob@example.com", wall="2026-03-06 15:30")
        self._compose(second | third, "2026-03-06 15:40", self.agent)
        # Bob gets one mail, not two that say the same.
        self.assertNotIn("answered", self._kinds(third))
        fact = second.ticket_fact_ids[1]
        self.assertEqual(fact.author_id, self.agent.partner_id)

    def test_comments_from_the_list_answer(self):
        second = self._receive("ann@example.com", wall="2026-03-06 15:10")
        self._compose(
            self.ticket | second,
            "2026-03-06 15:20",
            self.agent,
            composition_mode="comment",
        )
        for ticket in self.ticket | second:
            self.assertIn("answered", self._kinds(ticket))


@tagged("post_install", "-at_install")
class TestNoTicket(DeskCommon):
    def test_nothing_is_promised_on_a_task_of_a_project(self):
        task = self._open_ticket("2026-03-06 15:00", project_id=self.project.id)
        for name in (
            "action_ticket_apply_promise",
            "action_ticket_apply_better_promise",
        ):
            with self.assertRaisesRegex(UserError, "no ticket of a service desk"):
                getattr(task.with_user(self.coordinator), name)()
        self.assertFalse(task.agreement_id or task.ticket_fact_ids)
