"""What a customer does himself: what he was shown is what happens, once."""

from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import new_test_user, tagged
from odoo.tools import mute_logger

from .common import PortalUsersMixin, ServiceAgreementCommon

MORNING = "2026-03-11 09:00:00"


class SelfServiceCase(PortalUsersMixin, ServiceAgreementCommon):
    """Bronze at 89.00 since 1 March, billed for March; Gold costs 149.00."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.ann = cls._create_portal_user("ann", cls.customer)
        cls.seller = new_test_user(
            cls.env,
            "seller",
            groups="base.group_user,service_agreement.group_user",
            email="seller@example.com",
        )
        cls.bronze = cls._create_tier("Bronze", 89.0, 10, portal_may_cancel=True)
        cls.gold = cls._create_tier("Gold", 149.0, 30)
        cls.agreement = cls._start()

    @classmethod
    def _start(cls, start="2026-03-01", plan=None, **values):
        with cls.at(cls, f"{start} 08:00:00"):
            agreement = cls._create_active(
                start,
                plan or cls.plan_first,
                tier_id=cls.bronze.id,
                user_id=cls.seller.id,
                **values,
            )
            cls._run_billing(start, agreement)
        return agreement

    def _service(self, kind, agreement=None, **choice):
        agreement = (agreement or self.agreement).with_user(self.ann).sudo()
        return agreement._get_self_service(kind, choice)

    def _take(self, service, key=None):
        return service.agreement._take_customer_step(
            service, key or service.key, self.ann.partner_id
        )

    def _take_new(self, kind, agreement=None, **choice):
        return self._take(self._service(kind, agreement, **choice))

    def _assert_billed(self, shown, agreement=None):
        """Bill day by day: the invoices are those that were shown, taxes included."""
        agreement = agreement or self.agreement
        made = []
        for day in ("2026-04-01", "2026-05-01", "2026-06-01", "2026-07-01"):
            with self.at(f"{day} 12:00:00"):
                moves, failed = self._run_billing(day, agreement)
            self.assertFalse(failed)
            made += moves.mapped("amount_total")
        self.assertEqual(made, [invoice["total"] for invoice in shown])


@tagged("post_install", "-at_install")
class TestUpgrade(SelfServiceCase):
    def test_it_costs_what_was_shown(self):
        """PRO-06, by the customer's own hand"""
        with self.at(MORNING):
            service = self._service("upgrade", tier_id=self.gold.id)
            money = service.preview["money"]
            self.assertEqual([row["amount"] for row in money["rows"]], [-60.29, 100.94])
            self.assertEqual(money["net"], 40.65)
            self.assertEqual(money["monthly"], {"now": 89.0, "then": 149.0})
            step = self._take(service)
        self.assertEqual(self.agreement.tier_id, self.gold)
        self.assertEqual(step.shown["money"]["net"], 40.65)
        self._assert_billed(money["invoices"])

    def test_with_the_next_period_where_the_tier_says_so(self):
        self.bronze.portal_upgrade_from = "next_period"
        with self.at(MORNING):
            service = self._service("upgrade", tier_id=self.gold.id)
            self.assertEqual(service.preview["day"], "Apr 1, 2026")
            self.assertFalse(service.preview["money"]["rows"])
            self._take(service)
            self.assertEqual(self.agreement.tier_id, self.bronze)
            again = self._service("upgrade")
            self.assertIn("on its way", again.why_not())
        self._assert_billed(service.preview["money"]["invoices"])

    def test_another_plan_begins_with_a_period(self):
        with self.at(MORNING):
            service = self._service("upgrade", plan_id=self.plan_quarterly.id)
            self.assertEqual(service.preview["day"], "Apr 1, 2026")
            self.assertFalse(service.preview["promise"])
            self._take(service)
        with self.at("2026-04-01 12:00:00"):
            moves, _failed = self._run_billing("2026-04-01", self.agreement)
        self.assertEqual(
            moves.amount_total, service.preview["money"]["invoices"][0]["total"]
        )

    def test_higher_tiers_of_the_catalogue_only(self):
        lower = self._create_tier("Basic", 9.0, 1)
        hidden = self._create_tier("Family", 9.0, 40, portal_is_offered=False)
        old = self._create_tier("Old", 9.0, 40, active=False)
        other_company = self.env["res.company"].create({"name": "Other"})
        foreign = self._create_tier("Foreign", 9.0, 40)
        foreign.product_id = foreign.product_id.copy({"company_id": False})
        foreign.company_id = other_company
        with self.at(MORNING):
            for tier in lower | hidden | old | foreign | self.bronze:
                service = self._service("upgrade", tier_id=tier.id)
                self.assertNotIn(tier, service.tiers)
                self.assertTrue(service.why_not_yet(), tier.name)
                with self.assertRaises(UserError):
                    self._take(service, "x")
            self.assertIn(self.gold, service.tiers)
        self.assertEqual(self.agreement.tier_id, self.bronze)

    def test_the_same_page_twice_is_done_once(self):
        with self.at(MORNING):
            service = self._service("upgrade", tier_id=self.gold.id)
            key = service.key
            step = self._take(service)
            again = self._service("upgrade", tier_id=self.gold.id)
            self.assertEqual(self._take(again, key), step)
        self.assertEqual(len(self.agreement.change_ids), 1)
        self.assertEqual(self.agreement.customer_step_count, 1)

    def test_nothing_is_done_where_money_changed_meanwhile(self):
        with self.at(MORNING):
            key = self._service("upgrade", tier_id=self.gold.id).key
            self.gold.list_price = 159.0
            service = self._service("upgrade", tier_id=self.gold.id)
            self.assertFalse(self._take(service, key))
            self.assertFalse(self.agreement.change_ids)
            self.assertTrue(self._take(service))

    def test_the_page_of_yesterday_is_another_page(self):
        with self.at(MORNING):
            key = self._service("upgrade", tier_id=self.gold.id).key
        with self.at("2026-03-12 09:00:00"):
            service = self._service("upgrade", tier_id=self.gold.id)
            self.assertFalse(self._take(service, key))
        self.assertFalse(self.agreement.change_ids)

    def test_the_preview_writes_nothing(self):
        with self.at(MORNING):
            before = self.env["service.agreement.change.wizard"].search_count([])
            self.assertTrue(self._service("upgrade", tier_id=self.gold.id).key)
            after = self.env["service.agreement.change.wizard"].search_count([])
        self.assertEqual(before, after)
        self.assertFalse(self.agreement.change_ids)

    def test_mail_to_do_and_author(self):
        with self.at(MORNING):
            step = self._take_new("upgrade", tier_id=self.gold.id)
        told = self.agreement.message_ids.filtered(
            lambda m: self.ann.partner_id in m.partner_ids
        )
        self.assertIn(self.customer, told.partner_ids)
        self.assertIn("Your service agreement is changed", told.subject)
        self.assertIn("Gold", told.body)
        self.assertIn("40.65", told.body)
        noted = self.agreement.message_ids.filtered(
            lambda m: m.author_id == self.ann.partner_id
        )
        self.assertTrue(noted)
        to_do = self.agreement.activity_search(
            ["service_agreement.mail_activity_type_customer_step"]
        )
        self.assertEqual(to_do.user_id, self.seller)
        self.assertIn("Ann", to_do.summary)
        self.assertEqual(step.partner_id, self.ann.partner_id)

    def test_told_in_the_customers_language_noted_in_ours(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        self.customer.lang = "fr_FR"
        with self.at(MORNING):
            step = self._take_new("upgrade", tier_id=self.gold.id)
        self.assertIn("1 avr. 2026", step.summary)
        self.assertIn("Apr 1, 2026", self.agreement.activity_ids.note)

    def test_each_switch_closes_its_door(self):
        kinds = {
            "upgrade": "portal_may_upgrade",
            "add_system": "portal_may_add_system",
            "decline_renewal": "portal_may_decline_renewal",
            "keep": "portal_may_decline_renewal",
            "cancel": "portal_may_cancel",
        }
        for kind, switch in kinds.items():
            self.bronze[switch] = True
            self.assertTrue(self._service(kind), kind)
            self.bronze[switch] = False
            self.assertFalse(self._service(kind), kind)
        self.assertFalse(self._service("unlink"))

    def test_what_was_done_is_nobodys_to_write(self):
        with self.at(MORNING):
            step = self._take_new("upgrade", tier_id=self.gold.id)
        for user in (self.seller, self.ann):
            with self.assertRaises(AccessError), mute_logger("odoo.models"):
                step.with_user(user).write({"summary": "Nothing"})
            with self.assertRaises(AccessError):
                self.agreement.with_user(user).customer_step_count = 0
        with self.assertRaises(AccessError):
            step.with_user(self.ann).read(["summary"])


@tagged("post_install", "-at_install")
class TestAddSystem(SelfServiceCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.site = cls.env["res.partner"].create(
            {"name": "Barn", "type": "delivery", "parent_id": cls.customer.id}
        )
        cls.counted = cls._start(
            system_quantity=2,
            line_ids=[
                Command.create(
                    {
                        **cls.bronze._prepare_line_values(),
                        "price_unit": 89,
                        "quantity": 2,
                    }
                )
            ],
        )
        cls.env["service.agreement.system"].create(
            [{"name": name, "partner_id": cls.customer.id} for name in ("TV", "Net")]
        )

    def _systems(self):
        return self.counted._get_portal_systems()

    def test_one_more_is_covered_and_billed_as_shown(self):
        with self.at(MORNING):
            service = self._service(
                "add_system", self.counted, name=" Cinema ", site_id=self.site.id
            )
            money = service.preview["money"]
            self.assertEqual(money["net"], 60.29)
            self.assertEqual(money["monthly"], {"now": 178.0, "then": 267.0})
            self._take(service)
        system = self._systems() - self._systems().filtered(
            lambda each: each.name in ("TV", "Net")
        )
        self.assertRecordValues(system, [{"name": "Cinema", "site_id": self.site.id}])
        self.assertEqual(self.counted.system_quantity, 3)
        self.assertFalse(self.counted._systems_differ())
        self.assertEqual(
            self.counted.activity_ids.activity_type_id,
            self.env.ref("service_agreement.mail_activity_type_customer_step"),
        )
        self._assert_billed(money["invoices"], self.counted)

    def test_what_is_paid_for_is_named_without_cost(self):
        self._systems()[:1].active = False
        with self.at(MORNING):
            service = self._service("add_system", self.counted, name="Cinema")
            self.assertIsNone(service.preview["money"])
            self._take(service)
        self.assertEqual(self.counted.system_quantity, 2)
        self.assertFalse(self.counted.change_ids)
        self.assertEqual(self.counted.system_count, 2)

    def test_covered_where_systems_are_named(self):
        self.counted.system_ids = self._systems()
        with self.at(MORNING):
            self._take_new("add_system", self.counted, name="Cinema")
        self.assertIn("Cinema", self.counted.system_ids.mapped("name"))

    def test_whoever_has_all_covered_adds_without_cost(self):
        with self.at(MORNING):
            service = self._service("add_system", name="Cinema")
            self.assertFalse(service.why_not())
            self._take(service)
        self.assertIn("Cinema", self._systems().mapped("name"))

    def test_asks_us_where_the_price_is_not_by_the_number(self):
        flat = self._start(system_quantity=3)
        self.agreement.system_ids = self._systems()[:1]
        with self.at(MORNING):
            for agreement in (flat, self.agreement):
                service = self._service("add_system", agreement, name="Cinema")
                self.assertIn("ask us", service.why_not())

    def test_foreign_sites_odd_names_and_doubles(self):
        foreign = self._create_customer("Harrow Clinic")
        with self.at(MORNING):
            service = self._service(
                "add_system", self.counted, name="x" * 500, site_id=foreign.id
            )
            self.assertEqual(len(service.choice["name"]), 100)
            self.assertFalse(service.site)
            for name in ("", " ", ["x"], None, "\x00", "tv", "NET"):
                service = self._service("add_system", self.counted, name=name)
                self.assertTrue(service.why_not_yet(), name)
                with self.assertRaises(UserError):
                    self._take(service, "x")
        self.assertEqual(len(self._systems()), 2)


@tagged("post_install", "-at_install")
class TestEnds(SelfServiceCase):
    """A year from 1 March 2026 that renews itself, 30 days of notice."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.bronze.write({"term_months": 12, "notice_days": 30, "auto_renew": True})
        cls.yearly = cls._start(term_months=12)

    def test_declined_taken_back_and_declined_again(self):
        before = self.yearly.read(["date_end", "auto_renew", "end_reason"])
        with self.at(MORNING):
            first = self._take_new("decline_renewal", self.yearly)
            self.assertRecordValues(
                self.yearly, [{"end_reason": "cancelled", "auto_renew": False}]
            )
            self.assertEqual(str(self.yearly.date_end), "2027-02-28")
            self.assertTrue(self._service("decline_renewal", self.yearly).why_not())
            self._take_new("keep", self.yearly)
            self.assertTrue(first.is_taken_back)
            after = self.yearly.read(["date_end", "auto_renew", "end_reason"])
            self.assertEqual(before, after)
            self.assertTrue(self._service("keep", self.yearly).why_not())
            second = self._take_new("decline_renewal", self.yearly)
        self.assertNotEqual(first, second)

    def test_until_the_day_of_notice(self):
        with self.at("2027-01-29 12:00:00"):
            self.assertFalse(self._service("decline_renewal", self.yearly).why_not())
            self._take_new("decline_renewal", self.yearly)
            self.assertFalse(self._service("keep", self.yearly).why_not())
        with self.at("2027-01-30 12:00:00"):
            self.assertIn(
                "until Jan 29, 2027", self._service("keep", self.yearly).why_not()
            )
            self.yearly.action_take_back_end()
            service = self._service("decline_renewal", self.yearly)
            self.assertIn("until Jan 29, 2027", service.why_not())
            with self.assertRaises(UserError):
                self._take(service, "x")

    def test_our_own_end_is_not_the_customers_to_take_back(self):
        with self.at(MORNING):
            self._take_new("decline_renewal", self.yearly)
            self.yearly.action_take_back_end()
            self.yearly._end(self.yearly.date_end, "cancelled", "He does not pay")
            service = self._service("keep", self.yearly)
            self.assertTrue(service.why_not())
            with self.assertRaises(UserError):
                self._take(service, "x")

    def test_cancelled_by_notice_and_settled_as_shown(self):
        self.yearly.sudo().write(
            {"termination_fee_percent": 50.0, "clawback_discount": True}
        )
        with self.at(MORNING):
            service = self._service("cancel", self.yearly, reason="price", words="Sad")
            self.assertEqual(service.preview["last_day"], "Apr 10, 2026")
            settlement = service.preview["settlement"]
            self.assertGreater(settlement["total"], 0)
            step = self._take(service)
        self.assertRecordValues(
            step, [{"kind": "cancel", "reason": "price", "words": "Sad"}]
        )
        self.assertEqual(self.yearly.end_note, "It costs too much: Sad")
        self.assertEqual(str(self.yearly.date_end), "2026-04-10")
        moves, usual = self.env["account.move"], self.env["account.move"]
        with self.at("2026-04-01 12:00:00"):
            usual, _failed = self._run_billing("2026-04-01", self.yearly)
        with self.at("2026-04-11 12:00:00"):
            moves, _failed = self._run_billing("2026-04-11", self.yearly)
        self.assertEqual(usual.amount_total, settlement["usual"]["total"])
        self.assertEqual(
            sum(moves.mapped("amount_total_in_currency_signed")), settlement["total"]
        )

    def test_a_credit_is_paid_back_as_shown(self):
        paid = self._start("2026-01-01", self.plan_yearly, term_months=0)
        with self.at(MORNING):
            service = self._service("cancel", paid, reason="moved")
            self.assertLess(service.preview["settlement"]["total"], 0)
            self._take(service)
        with self.at("2026-04-11 12:00:00"):
            moves, _failed = self._run_billing("2026-04-11", paid)
        self.assertEqual(moves.move_type, "out_refund")
        self.assertEqual(-moves.amount_total, service.preview["settlement"]["total"])

    def test_the_last_day_keeps_notice_and_term(self):
        wanted = {
            None: "2026-04-10",
            "2026-01-01": "2026-04-10",
            "2026-06-30": "2026-06-30",
            "2099-01-01": "2027-02-28",
            "tomorrow": "2026-04-10",
            "2026-99-99": "2026-04-10",
        }
        with self.at(MORNING):
            for asked, got in wanted.items():
                service = self._service("cancel", self.yearly, last_day=asked)
                self.assertEqual(service.choice["last_day"], got, asked)

    def test_it_runs_out_where_that_was_agreed(self):
        self.yearly.sudo().end_policy = "run_out"
        with self.at(MORNING):
            service = self._service("cancel", self.yearly)
            self.assertEqual(service.preview["last_day"], "Apr 30, 2026")
            self.assertTrue(service.preview["is_moved"])

    def test_notice_that_ends_in_the_next_term(self):
        with self.at("2027-02-10 12:00:00"):
            service = self._service("cancel", self.yearly)
            self.assertFalse(service.why_not())
            self.yearly.sudo().termination_fee_percent = 50.0
            self.assertIn("ask us", self._service("cancel", self.yearly).why_not())

    def test_a_reason_is_asked_for_and_words_change_no_key(self):
        with self.at(MORNING):
            silent = self._service("cancel", self.yearly, reason="because")
            self.assertTrue(silent.why_not_confirm())
            said = self._service("cancel", self.yearly, reason="price", words="x")
            self.assertFalse(said.why_not_confirm())
            self.assertEqual(silent.key, said.key)


@tagged("post_install", "-at_install")
class TestCallers(SelfServiceCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.dan = cls.env["res.partner"].create(
            {"name": "Dan", "parent_id": cls.customer.id, "phone": "555-0101"}
        )
        cls.stranger = cls.env["res.partner"].create({"name": "Stranger"})

    def _add(self, **values):
        empty = {"partner_id": 0, "name": "", "phone": "", "email": ""}
        self.agreement._add_caller({**empty, **values}, self.ann.partner_id)

    def test_one_of_his_own_or_somebody_new(self):
        self._add(partner_id=self.dan.id)
        self._add(name="Eva", email="eva@example.com")
        callers = self.agreement.caller_ids
        self.assertEqual(callers.sorted("name").mapped("name"), ["Dan", "Eva"])
        self.assertEqual(callers.commercial_partner_id, self.customer)
        bodies = "".join(self.agreement.message_ids.mapped("body"))
        self.assertIn("Dan (555-0101) may call.", bodies)
        self.agreement._remove_caller(self.dan.id, self.ann.partner_id)
        self.assertEqual(self.agreement.caller_ids.name, "Eva")
        message = self.agreement.message_ids[:1]
        self.assertIn("may not call any more", message.body)
        self.assertEqual(message.author_id, self.ann.partner_id)
        self.assertTrue(self.dan.exists())

    def test_twice_is_once(self):
        for _twice in range(2):
            self._add(name="Eva", email="Eva@example.com")
            self._add(name="dan", phone="555-0101")
        self.assertEqual(len(self.agreement.caller_ids), 2)
        self.assertIn(self.dan, self.agreement.caller_ids)

    def test_nobody_of_another_customer(self):
        with self.assertRaises(UserError):
            self._add(partner_id=self.stranger.id)
        self.agreement._remove_caller(self.stranger.id, self.ann.partner_id)
        self.assertFalse(self.agreement.caller_ids)

    def test_what_is_missing_is_said(self):
        for values in (
            {},
            {"name": "Eva"},
            {"name": "Eva", "email": "no address"},
            {"phone": "1"},
        ):
            with self.assertRaises(UserError):
                self._add(**values)
        self.assertFalse(self.agreement.caller_ids)

    def test_staff_see_it_on_the_ticket(self):
        project = self.env["project.project"].sudo()
        desk = project.create(
            {"name": "Desk", "is_service_desk": True, "company_id": self.company.id}
        )
        tickets = self.env["project.task"].sudo()
        ticket = tickets.create(
            {
                "name": "No sound",
                "project_id": desk.id,
                "partner_id": self.ann.partner_id.id,
                "agreement_id": self.agreement.id,
            }
        )
        self.assertFalse(ticket.caller_hint)
        self.agreement.caller_ids = self.dan
        self.env.invalidate_all()
        self.assertIn("Ann is not on the list", ticket.caller_hint)
        self.assertIn("Dan", ticket.caller_hint)
        for known in (self.dan, self.customer):
            ticket.partner_id = known
            self.assertFalse(ticket.caller_hint)


@tagged("post_install", "-at_install")
class TestOverview(SelfServiceCase):
    def _texts(self, agreement):
        return [m["text"] for m in agreement._get_portal_attention()[agreement]]

    def test_what_needs_attention(self):
        with self.at("2026-05-10 12:00:00"):
            self.assertIn("is overdue", self._texts(self.agreement)[0])
            new = self._create_active("2026-05-01")
            self.assertFalse(self._texts(new))
            offer = self._create_agreement("2026-06-01")
            offer._propose()
            self.assertEqual(self._texts(offer), ["Read it and sign it."])
        self.bronze.write({"term_months": 12, "auto_renew": True, "notice_days": 30})
        yearly = self._start(term_months=12)
        with self.at("2026-12-01 12:00:00"):
            self.assertEqual(len(self._texts(yearly)), 1)
        with self.at("2027-01-20 12:00:00"):
            self.assertIn("You can decline that until", self._texts(yearly)[1])

    def test_as_many_queries_for_many(self):
        few = self.agreement | self._start()
        many = few | self._start() | self._start()
        counts = []
        for agreements in (many, few, many):
            self.env.invalidate_all()
            with self.at(MORNING):
                before = self.env.cr.sql_log_count
                agreements._get_portal_attention()
                counts.append(self.env.cr.sql_log_count - before)
        self.assertEqual(counts[1], counts[2])
