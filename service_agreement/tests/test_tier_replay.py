"""Price a Tier: real work, decided once more as if customers had been on a tier."""

from collections import defaultdict
from unittest.mock import patch

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Command
from odoo.tests import Form, new_test_user, tagged
from odoo.tools import SQL, mute_logger

from ..models.service_agreement_tier_replay_run import ServiceAgreementTierReplay
from .common import ServiceDeskCommon, ServiceWorkMixin


class ReplayCommon(ServiceWorkMixin, ServiceDeskCommon):
    """A technician who costs 50.00 an hour, and a tier of two hours a month within
    business hours, at 90.00 for what is beyond and 200.00 after hours. The list says
    150.00 and 250.00. Whitfield has work; whatever else he has covers nothing.
    """

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.agreement.sudo().coverage_ids.unlink()
        cls.technician.sudo().hourly_cost = 50.0
        cls.gold = cls._create_tier(
            "Gold",
            100.0,
            30,
            coverage_calendar_id=cls.calendar.id,
            allowance_ids=[Command.create({"name": "Hours", "quantity": 2.0})],
            rate_ids=[Command.create({"price": 90.0, "price_after_hours": 200.0})],
        )

    @classmethod
    def _replay(cls, tier=None, start=True, **values):
        replays = cls.env["service.agreement.tier.replay"]
        values = {"date_until": "2026-12-31", **values}
        with cls.at(cls, "2027-01-10 10:00:00"):
            replay = replays.create(
                {
                    "tier_id": (tier or cls.gold).id,
                    "company_id": cls.company.id,
                    **values,
                }
            )
            if start:
                replay.action_start()
        return replay

    @classmethod
    def _create_ticket(cls, customer, **values):
        values = {**cls._prepare_ticket_values(), "partner_id": customer.id, **values}
        return cls.env["project.task"].create(values)

    def _line(self, replay, customer=None):
        customer = customer or self.customer
        return replay.line_ids.filtered(lambda line: line.partner_id == customer)


@tagged("post_install", "-at_install")
class TestTierReplay(ReplayCommon):
    def _create_clients(self, *hours):
        """Clients who each had so many hours, all in March."""
        clients = self.env["res.partner"]
        with self.at("2026-12-01 10:00:00"):
            for number, each in enumerate(hours):
                client = self._create_customer(f"Client {number}")
                ticket = self._create_ticket(client)
                self._log("2026-03-03", each, "09:00", task_id=ticket.id)
                clients |= client
        return clients

    # As if

    def test_hours_beyond_the_tier_are_billed_at_its_rates(self):
        with self.at("2026-12-01 10:00:00"):
            self._log("2026-03-03", 3.0, "10:00")
            self._log("2026-04-03", 1.0, "16:30")
        line = self._line(self._replay())
        self.assertEqual((line.months, line.hours, line.cost), (12, 4, 200))
        self.assertEqual((line.hours_inside, line.hours_outside), (2.5, 1.5))
        self.assertEqual(line.work_billed, 1.0 * 90 + 0.5 * 200)
        self.assertEqual((line.fee, line.revenue), (1200, 1390))
        self.assertEqual(line.margin, 1190)
        self.assertEqual(line.worth, 3.5 * 150 + 0.5 * 250)
        # What MSPbots calls so: billed, and left, per hour of labour.
        self.assertEqual(line.effective_rate, 1390 / 4)
        self.assertEqual(line.contribution_rate, 1190 / 4)
        self.assertEqual(
            line.by_month["2026-04"],
            {
                "hours": 1,
                "inside": 0.5,
                "outside": 0.5,
                "cost": 50,
                "billed": 100,
                "fee": 0,
            },
        )

    def test_it_costs_what_it_brings_in_at_the_break_even(self):
        with self.at("2026-12-01 10:00:00"):
            self._log("2026-03-03", 7.0, "09:00")
        help_ = {"kind": "unlimited", "name": "Help"}
        tier = self._create_tier("All", 9.0, 9, allowance_ids=[Command.create(help_)])
        replay = self._replay(tier)
        line = self._line(replay)
        needed = line.break_even
        self.assertTrue(needed)
        replay.price = needed
        self.assertTrue(line.is_profitable and line.margin >= 0)
        replay.price = needed - 0.01
        self.assertFalse(line.is_profitable)
        self.assertLess(line.margin, 0)

    def test_work_under_warranty_is_billed_to_nobody(self):
        with self.at("2026-12-01 10:00:00"):
            work = self._log("2026-03-03", 3.0, "10:00")
            draws = work.sudo().service_draw_ids
            draws.write({"answer": "warranty"})
        line = self._line(self._replay())
        self.assertEqual((line.hours_outside, line.work_billed), (1.0, 0.0))

    def test_who_came_in_february_pays_from_february_on(self):
        [client] = self._create_clients(1.0)
        self.env.cr.execute(
            "UPDATE res_partner SET create_date = '2026-02-17' WHERE id = %s",
            [client.id],
        )
        line = self._line(self._replay(), client)
        self.assertEqual((str(line.date_start), line.months), ("2026-02-01", 11))

    def test_who_came_afterwards_is_no_client_of_these_months(self):
        later = self._create_customer("Later")
        with self.at("2026-12-01 10:00:00"):
            self._create_ticket(later)
        [client] = self._create_clients(1.0)
        self.assertIn(later, self._replay().line_ids.partner_id)
        self.env.cr.execute(
            "UPDATE res_partner SET create_date = '2027-01-05' WHERE id = %s",
            [later.id],
        )
        found = self._replay().line_ids.partner_id
        self.assertNotIn(later, found)
        self.assertIn(client, found)

    def test_it_looks_at_the_clients_of_the_register(self):
        idle, caller = self._create_customer("Idle"), self._create_customer("Caller")
        self._create_system("Cinema", partner_id=idle.id)
        with self.at("2026-12-01 10:00:00"):
            self._create_ticket(caller)
        found = self._replay(month_count=24).line_ids.partner_id
        with self.at("2027-01-10 10:00:00"):
            register = self.env["service.agreement.register"].search(
                [("company_id", "=", self.company.id)]
            )
            self.assertEqual(found, register.partner_id)
        self.assertIn(caller, found)
        self.assertNotIn(idle, found)

    def test_hours_nobody_knows_the_cost_of_cost_the_average_and_are_told(self):
        with self.at("2026-12-01 10:00:00"):
            self._log("2026-03-03", 1.0, "10:00")
            self.technician.sudo().hourly_cost = 0.0
            self._log("2026-03-04", 2.0, "10:00")
        replay = self._replay()
        self.assertEqual(replay.average_cost, 50)
        self.assertEqual(replay.hours_without_cost, 2)
        self.assertEqual(self._line(replay).cost, 150)
        self.assertEqual(self._line(self._replay(hour_cost=80)).cost, 50 + 160)

    def test_visits_that_were_not_made_cost_too(self):
        self._create_system("Theatre")
        self._create_system("Network")
        self.gold.visit_plan_ids = [
            Command.create({"months": "3, 9", "planned_hours": 2.0, "place": "system"})
        ]
        preventive = self.env.ref("service_agreement.work_type_preventive")
        with self.at("2026-12-01 10:00:00"):
            values = {"service_work_type_id": preventive.id}
            self._log("2026-03-03", 3.0, "10:00", **values)
        line = self._line(self._replay())
        self.assertEqual(line.visit_hours, 2 * 2 * 2.0 - 3.0)
        self.assertEqual((line.hours, line.cost_visits), (8, 250))
        self.assertEqual(line.cost, 400)

    def test_a_size_is_of_devices_and_of_systems_without_any(self):
        theatre = self._create_system("Theatre")
        self._create_system("Network")
        self.env["service.agreement.device"].create(
            [{"name": f"D{n}", "system_id": theatre.id} for n in range(4)]
        )
        with self.at("2026-12-01 10:00:00"):
            self._log("2026-03-03", 1.0, "10:00")
        line = self._line(self._replay(medium_from=5, large_from=6))
        self.assertEqual((line.size, line.band), (5, "medium"))
        [client] = self._create_clients(1.0)
        self.assertEqual(self._line(self._replay(), client).band, "none")

    def _create_branch(self):
        """:return: a company below another one, on Gold from October on"""
        chain = self._create_customer("Chain", is_company=True)
        branch = self._create_customer("Branch", is_company=True, parent_id=chain.id)
        with self.at("2026-10-01 10:00:00"):
            values = {"tier_id": self.gold.id, "partner_id": branch.id}
            self._create_active("2026-10-01", self.plan_first, **values)
        return branch

    def test_as_it_was_a_branch_has_its_own_systems(self):
        self.gold.covers_children = True
        branch = self._create_branch()
        self._create_system("Theatre", partner_id=branch.id)
        line = self._line(self._replay(mode="in_force"), branch)
        self.assertEqual((line.size, line.band), (1, "small"))

    def test_the_work_of_a_row_is_what_it_counts(self):
        branch = self._create_branch()
        ticket, above = (
            self._create_ticket(each) for each in (branch, branch.parent_id)
        )
        with self.at("2026-12-01 10:00:00"):
            before = self._log("2026-03-03", 1.0, "10:00", task_id=ticket.id)
            work = self._log("2026-11-03", 2.0, "10:00", task_id=ticket.id)
            chains = self._log("2026-11-04", 4.0, "10:00", task_id=above.id)
            self._log("2026-11-05", -0.5, "10:00", task_id=ticket.id)

        def opened(customer, **values):
            line = self._line(self._replay(**values), customer)
            action = line.action_open_work()
            found = self.env[action["res_model"]].search(action["domain"])
            self.assertEqual(sum(found.mapped("unit_amount")), line.hours)
            return found

        self.assertEqual(opened(branch, mode="in_force"), work)
        self.assertEqual(opened(branch), before | work)
        self.assertEqual(opened(branch.parent_id), chains)

    def test_blocks_of_hours_are_bought_as_they_are_needed(self):
        block = {"kind": "prepaid", "quantity": 5.0, "price": 400.0, "name": "Block"}
        tier = self._create_tier("Block", 0.0, 5, allowance_ids=[Command.create(block)])
        with self.at("2026-12-01 10:00:00"):
            self._log("2026-03-03", 3.0)
            self._log("2026-04-03", 3.0)
        line = self._line(self._replay(tier))
        self.assertEqual((line.bought, line.work_billed), (800, 0))

    def test_a_year_of_which_the_tier_had_a_part(self):
        with self.at("2026-10-01 10:00:00"):
            agreement = self._create_active(
                "2026-10-01",
                self.plan_first,
                tier_id=self.gold.id,
                partner_id=self._create_customer("Late").id,
            )
        line = self._line(self._replay(mode="in_force"), agreement.partner_id)
        self.assertAlmostEqual(line.months, 12 * 92 / 365, 2)
        self.assertAlmostEqual(line.fee, 300, 2)

    # Prices

    def test_the_prices_and_what_becomes_of_them(self):
        clients = self._create_clients(2.0, 4.0, 20.0, 200.0)
        self.gold.rate_ids = False
        self.rate.write({"price": 10.0, "price_after_hours": 10.0})
        chosen = str([("id", "in", clients.ids)])
        replay = self._replay(scope="domain", partner_domain=chosen)
        prices = replay.line_ids.sorted("break_even").mapped("break_even")
        self.assertEqual(replay.customer_count, 4)
        self.assertEqual(replay.price_50, prices[1])
        self.assertEqual((replay.price_80, replay.price_95), (prices[3], prices[3]))
        points = replay.point_ids.filtered(lambda point: point.band == "all")
        self.assertEqual(points[-1].share, 100)
        self.assertLess(points[0].share, 100)
        self.assertIn("<svg", replay.picture)
        with self.at("2026-01-01 10:00:00"):
            mine = self._create_active("2026-01-01", tier_id=self.gold.id)
        replay.action_use_80()
        self.assertEqual(self.gold.list_price, replay.sellable_80)
        self.assertGreaterEqual(replay.sellable_80, replay.price_80)
        self.assertEqual(replay.price, replay.sellable_80)
        self.assertEqual(replay.share_profitable, 100)
        self.assertEqual(mine.line_ids.price_unit, 100)

    def test_a_margin_that_is_wanted_makes_it_dearer(self):
        clients = self._create_clients(2.0)
        chosen = {"scope": "domain", "partner_domain": str([("id", "in", clients.ids)])}
        costs = self._replay(**chosen).price_80
        self.assertEqual(costs, 100 / 10)
        wanted = self._replay(**chosen, margin_wanted=50.0)
        self.assertEqual(wanted.price_80, 2 * costs)

    def test_another_price_is_typed(self):
        clients = self._create_clients(2.0)
        chosen = {"scope": "domain", "partner_domain": str([("id", "in", clients.ids)])}
        replay = self._replay(**chosen)
        with Form(replay) as form:
            form.price = 5.0
            self.assertIn("<svg", form.picture)
        self.assertEqual((replay.price, replay.share_profitable), (5, 0))
        replay.line_ids.sudo().unlink()
        replay.invalidate_recordset()
        self.assertIn("<svg", replay.picture)

    # In steps

    def test_many_clients_are_replayed_in_batches(self):
        clients = self._create_clients(1.0, 2.0, 3.0)
        chosen = {"scope": "domain", "partner_domain": str([("id", "in", clients.ids)])}
        with patch.object(ServiceAgreementTierReplay, "_batch_size", 1):
            replay = self._replay(**chosen)
            self.assertEqual((replay.state, replay.done_count), ("running", 0))
            replay._work_out(replay._get_left(1), replay._get_sold())
            self.assertEqual(replay.done_count, 1)
            replay.action_stop()
            self._run_cron("service_agreement.ir_cron_tier_replay")
            self.assertEqual((replay.state, replay.done_count), ("stopped", 1))
            replay.action_resume()
            self._run_cron("service_agreement.ir_cron_tier_replay")
        self.assertEqual((replay.state, replay.done_count), ("done", 3))
        self.assertEqual(sum(replay.line_ids.mapped("hours")), 6)
        replay.action_again()
        self.assertEqual((replay.state, len(replay.line_ids)), ("draft", 0))

    def test_one_that_fails_keeps_no_other_waiting(self):
        clients = self._create_clients(1.0, 2.0)
        chosen = {"scope": "domain", "partner_domain": str([("id", "in", clients.ids)])}
        work_out = ServiceAgreementTierReplay._work_out

        def fail(replay, lines, sold):
            if replay in errors:
                raise errors[replay]
            return work_out(replay, lines, sold)

        with (
            patch.object(ServiceAgreementTierReplay, "_batch_size", 1),
            patch.object(ServiceAgreementTierReplay, "_work_out", fail),
            mute_logger("odoo.addons.service_agreement.models"),
        ):
            refused, broken, fine = (self._replay(**chosen) for _number in range(3))
            errors = {refused: UserError("No rate"), broken: ValueError("Secret")}
            self._run_cron("service_agreement.ir_cron_tier_replay")
            self.assertEqual((refused.state, refused.problem), ("stopped", "No rate"))
            self.assertEqual(broken.state, "stopped")
            self.assertIn("server's log", broken.problem)
            self.assertEqual((fine.state, fine.problem), ("done", False))
            refused.action_resume()
            self.assertFalse(refused.problem)

    def test_once_started_nothing_is_chosen_any_more(self):
        self._create_clients(1.0)
        replay = self._replay()
        with self.assertRaisesRegex(UserError, "before it starts"):
            replay.month_count = 6
        with self.assertRaisesRegex(UserError, "already started"):
            replay.action_start()
        with self.assertRaises(ValidationError):
            self._replay(start=False, scope="domain", partner_domain="[(1,")

    def test_queries_do_not_grow_with_the_work(self):
        ticket = self._create_ticket(self._create_customer("Busy"))

        def count(lines):
            with self.at("2026-12-01 10:00:00"):
                for number in range(lines):
                    day = f"2026-03-{number % 28 + 1:02}"
                    self._log(day, 1.0, "10:00", task_id=ticket.id)
            replay = self._replay(start=False)
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            with self.at("2027-01-10 10:00:00"):
                replay.action_start()
                self.env.flush_all()
            return self.env.cr.sql_log_count - before

        count(2)
        few = count(6)
        self.assertLessEqual(count(12), few)

    def test_nor_with_the_clients(self):
        def count(clients):
            with self.at("2026-01-01 10:00:00"):
                for number in range(clients):
                    client = self._create_customer(f"Client {number}")
                    values = {"tier_id": self.gold.id, "partner_id": client.id}
                    self._create_active("2026-01-01", self.plan_first, **values)
            replays = [
                self._replay(start=False, mode=mode) for mode in ("tier", "in_force")
            ]
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            with self.at("2027-01-10 10:00:00"):
                for replay in replays:
                    replay.action_start()
                self.env.flush_all()
            return self.env.cr.sql_log_count - before

        count(1)
        few = count(1)
        self.assertLessEqual(count(3), few)

    # Who

    def test_managers_replay_and_accountants_read(self):
        self._create_clients(1.0)
        replay = self._replay()

        def user(login, group):
            found = new_test_user(
                self.env, login=login, groups=f"base.group_user,{group}"
            )
            return replay.with_user(found).with_company(self.company)

        for login, group in (
            ("salesman", "service_agreement.group_user"),
            ("technician", "hr_timesheet.group_hr_timesheet_user"),
        ):
            with self.assertRaises(AccessError):
                user(login, group).line_ids.mapped("margin")
            with self.assertRaises(AccessError):
                user(f"{login}2", group).create({"tier_id": self.gold.id})
            with self.assertRaises(AccessError):
                user(f"{login}3", group).action_use_80()
        reader = user("accountant", "account.group_account_readonly")
        self.assertTrue(reader.line_ids.mapped("margin"))
        self.assertTrue(reader.picture)
        self.assertTrue(
            reader.line_ids.filtered("hours")[0].action_open_work()["domain"]
        )
        with self.assertRaises(AccessError):
            reader.action_again()
        manager = user("manager", "service_agreement.group_manager")
        manager.action_again()
        manager.action_start()
        self.assertEqual(manager.state, "done")
        manager.action_use_50()
        with self.assertRaisesRegex(AccessError, "by hand"):
            manager.state = "draft"
        with self.assertRaises(AccessError):
            manager.line_ids[:1].margin = 5

    def test_each_company_looks_at_its_own(self):
        clients = self._create_clients(1.0)
        other = self.setup_other_company(name="Other")["company"]
        replays = self.env["service.agreement.tier.replay"].with_company(other)
        replay = replays.create(
            {
                "tier_id": self.gold.id,
                "date_until": "2026-12-31",
                "company_id": other.id,
            }
        )
        self.assertEqual(replay.currency_id, other.currency_id)
        with self.assertRaisesRegex(UserError, "Nobody to replay"):
            replay.action_start()
        self.assertIn(clients, self._replay().line_ids.partner_id)


@tagged("post_install", "-at_install")
class TestReplayedYear(ReplayCommon):
    """A client who was on Gold for a year, billed on the first of each month."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.lived = cls._live_for_a_year()

    @classmethod
    def _live_for_a_year(cls, name="Villa", **values):
        client = cls._create_customer(name)
        with cls.at(cls, "2026-01-01 10:00:00"):
            agreement = cls._create_active(
                "2026-01-01",
                cls.plan_first,
                tier_id=cls.gold.id,
                partner_id=client.id,
                **values,
            )
        ticket = cls._create_ticket(client)
        for month in range(1, 13):
            with cls.at(cls, f"2026-{month:02}-01 10:00:00"):
                cls._run_billing(f"2026-{month:02}-01", agreement)
            with cls.at(cls, f"2026-{month:02}-20 10:00:00"):
                day = f"2026-{month:02}-0{month % 4 + 1}"
                cls._log(day, 0.5 * month, "14:00", task_id=ticket.id)
                cls._log(
                    day,
                    0.25 * (month % 3),
                    "10:00",
                    task_id=ticket.id,
                    service_work_type_id=cls.on_site.id,
                )
        with cls.at(cls, "2027-01-01 10:00:00"):
            asked = agreement.env["service.agreement.allowance.draw"].search(
                [("partner_id", "=", client.id), ("answer", "=", False)]
            )
            asked._answer("bill")
            cls._run_billing("2027-01-01", agreement)
        return agreement

    def _get_billed(self, agreement):
        """:return: {month: what is billed for work, by the parts of work}, and what the
        invoices say
        """
        draws = self.env["service.agreement.allowance.draw"].search(
            [
                ("partner_id", "=", agreement.partner_id.id),
                ("answer", "=", "bill"),
            ]
        )
        by_month = defaultdict(float)
        for draw in draws:
            by_month[f"{draw.date:%Y-%m}"] += draw.charge
        charges = draws.agreement_line_id.period_ids
        return by_month, sum(charges.mapped("amount"))

    def _get_fees(self, agreement):
        """:return: what was billed for the days of 2026, in the company's currency"""
        periods = agreement.period_ids.filtered(
            lambda period: (
                period.line_id.charge == "recurring" and period.date_start.year == 2026
            )
        )
        self.assertEqual(len(periods), 12)
        return sum(
            period.amount / period.move_line_id.move_id.invoice_currency_rate
            for period in periods
        )

    def _check_invoices_are_met(self, agreement, line):
        by_month, invoiced = self._get_billed(agreement)
        self.assertGreater(len(by_month), 5)
        found = {
            month: figures["billed"]
            for month, figures in line.by_month.items()
            if figures["billed"]
        }
        self.assertEqual(found.keys(), by_month.keys())
        for month, amount in by_month.items():
            self.assertAlmostEqual(found[month], amount, 2, month)
        self.assertAlmostEqual(line.fee, self._get_fees(agreement), 2)
        return invoiced

    def test_the_tier_in_force_replayed_meets_the_invoices(self):
        agreement = self.lived
        replay = self._replay(mode="in_force")
        line = self._line(replay, agreement.partner_id)
        invoiced = self._check_invoices_are_met(agreement, line)
        self.assertAlmostEqual(line.work_billed, invoiced, 2)
        self.assertEqual(line.months, 12)
        self.assertEqual(replay.line_ids, line)
        self.assertEqual(replay.share_profitable, 100)

    def test_in_another_currency_it_meets_them_as_well(self):
        """Fees at the rate of their invoice, work at that of its day."""
        euro = self.env.ref("base.EUR")
        euro.active = True
        euro.rate_ids.unlink()
        self.env["res.currency.rate"].create(
            [
                {"name": day, "rate": rate, "currency_id": euro.id}
                for day, rate in (("2026-01-01", 0.5), ("2026-07-01", 0.8))
            ]
        )
        pricelist = self.env["product.pricelist"].create(
            {"name": "Euro", "currency_id": euro.id}
        )
        agreement = self._live_for_a_year("Chalet", pricelist_id=pricelist.id)
        self.assertEqual(agreement.period_ids.currency_id, euro)
        replay = self._replay(mode="in_force")
        self._check_invoices_are_met(
            agreement, self._line(replay, agreement.partner_id)
        )

    def test_so_does_it_as_if_it_had_been_on_it(self):
        agreement = self.lived
        line = self._line(self._replay(), agreement.partner_id)
        self._check_invoices_are_met(agreement, line)

    def test_what_was_settled_since_is_replayed_all_the_same(self):
        agreement = self.lived
        self.company.sudo().service_closed_until = "2026-11-30"
        self.env.flush_all()
        line = self._line(self._replay(mode="in_force"), agreement.partner_id)
        self._check_invoices_are_met(agreement, line)

    def test_nothing_else_is_changed(self):
        def facts():
            self.env.flush_all()
            return [
                self.env.execute_query(
                    SQL(
                        "SELECT COUNT(*), MAX(write_date), SUM(id) FROM %s",
                        SQL.identifier(table),
                    )
                )
                for table in (
                    "service_agreement_allowance_draw",
                    "service_agreement_allowance_lot",
                    "account_analytic_line",
                    "service_agreement",
                    "service_agreement_line",
                    "service_agreement_month",
                )
            ]

        before = facts()
        self._replay()
        self._replay(mode="in_force")
        self.assertEqual(facts(), before)

    def test_how_it_was_is_no_price(self):
        replay = self._replay(mode="in_force")
        with self.assertRaisesRegex(UserError, "how it was"):
            replay.action_use_80()
