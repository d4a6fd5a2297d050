import random
from datetime import date
from decimal import Decimal

from psycopg2 import IntegrityError

from odoo.exceptions import AccessError
from odoo.fields import Command
from odoo.tests import new_test_user, tagged
from odoo.tools import mute_logger

from ..models.service_agreement_change import PendingChange
from .common import PortalUsersMixin, ServiceAgreementCommon


class MovementCommon(ServiceAgreementCommon):
    """Noon UTC; each customer pays 149 a month unless told otherwise."""

    def on(self, day):
        return self.at(f"{day} 12:00:00")

    def _start(self, day, customer=None, **values):
        with self.on(day):
            customer = customer or self.customer
            return self._create_active(day, partner_id=customer.id, **values)

    def _reprice(self, agreement, price, day, since=None):
        """On ``day`` it is entered that its only charge costs ``price`` since then."""
        terms = {"price_unit": Decimal(str(price))}
        origin = agreement.line_ids.filtered(lambda line: not line.origin_id)
        pending = PendingChange(date.fromisoformat(since or day), {origin: terms}, [])
        with self.on(day):
            agreement._change(pending)

    def _story(self, records):
        """(date, kind, amount) of each movement in order, as text"""
        movements = (
            records.movement_ids
            if records._name == "service.agreement"
            else self.env["service.agreement.movement"].search(
                [("commercial_partner_id", "in", records.ids)]
            )
        )
        return [
            (str(m.date), m.kind, m.amount)
            for m in movements.sorted(lambda m: (m.date, m.id))
        ]

    def assertAddsUp(self, agreements):
        for agreement in agreements:
            self.assertAlmostEqual(
                sum(agreement.movement_ids.mapped("amount")), agreement.mrr, 2
            )


@tagged("post_install", "-at_install")
class TestRecurringRevenue(MovementCommon):
    """REV-04: the active recurring lines, normalised to a month."""

    def _get_mrr(self, plan, price, **values):
        with self.on("2026-03-01"):
            agreement = self._create_agreement("2026-03-01", plan)
            agreement.line_ids.write({"price_unit": price, **values})
            agreement.action_activate()
        return agreement.mrr

    def test_rev_04_a_year_is_a_twelfth(self):
        self.assertEqual(self._get_mrr(self.plan_yearly, 1609.20), 134.10)

    def test_rev_04_a_quarter_is_a_third(self):
        self.assertEqual(self._get_mrr(self.plan_quarterly, 300), 100.00)

    def test_rev_04_what_is_charged_once_does_not_recur(self):
        self.assertEqual(self._get_mrr(self.plan_monthly, 50, charge="one_off"), 0)

    def test_a_year_is_twelve_months(self):
        agreement = self._start("2026-03-01")
        self.assertEqual(agreement.arr, 12 * 149)
        self.assertEqual(self.customer.agreement_arr, 12 * 149)


@tagged("post_install", "-at_install")
class TestMovement(MovementCommon):
    """What recurring revenue changed by, since when, and what that is called."""

    def test_a_life_from_new_to_churn(self):
        agreement = self._start("2026-01-10")
        self._reprice(agreement, 199, "2026-03-05")
        self._reprice(agreement, 99, "2026-04-01")
        with self.on("2026-05-01"):
            agreement.action_suspend()
        with self.on("2026-06-15"):
            agreement.action_resume()
        with self.on("2026-08-01"):
            agreement._end(date(2026, 7, 31), "cancelled")
        self.assertEqual(
            self._story(agreement),
            [
                ("2026-01-10", "new", 149),
                ("2026-03-05", "expansion", 50),
                ("2026-04-01", "contraction", -100),
                ("2026-05-01", "churn", -99),
                ("2026-06-15", "reactivation", 99),
                ("2026-08-01", "churn", -99),
            ],
        )
        self.assertAddsUp(agreement)
        self.assertEqual(agreement.movement_ids.mapped("tier_id"), self.tier)

    def test_an_offer_is_no_revenue(self):
        agreement = self._create_agreement("2026-03-01")
        agreement._propose()
        self.assertFalse(agreement._record_movements())

    def test_twice_recorded_is_recorded_once(self):
        agreement = self._start("2026-03-01")
        self.assertFalse(agreement._record_movements())
        self.env["service.agreement"]._record_missing_movements()
        self.assertEqual(len(agreement.movement_ids), 1)

    @mute_logger("odoo.sql_db")
    def test_the_database_refuses_the_same_movement_twice(self):
        movement = self._start("2026-03-01").movement_ids
        with self.assertRaises(IntegrityError):
            movement.sudo().copy()
            self.env.flush_all()

    def test_the_renewal_of_a_term_at_the_same_price_is_no_movement(self):
        agreement = self._start("2026-01-01", term_months=12, auto_renew=True)
        with self.on("2027-01-04"):
            self._run_cron("service_agreement.ir_cron_lifecycle")
        self.assertEqual(str(agreement.date_end), "2027-12-31")
        self.assertEqual(self._story(agreement), [("2026-01-01", "new", 149)])

    def test_it_ends_on_the_day_after_its_last_however_late_the_cron(self):
        agreement = self._start("2026-01-01", term_months=3, auto_renew=False)
        with self.on("2026-04-06"):
            self._run_cron("service_agreement.ir_cron_lifecycle")
        self.assertEqual(self._story(agreement)[1:], [("2026-04-01", "churn", -149)])

    def test_a_start_in_the_past_counts_from_there(self):
        with self.on("2026-06-10"):
            agreement = self._create_active("2026-02-15")
        self.assertEqual(self._story(agreement), [("2026-02-15", "new", 149)])

    def test_a_movement_is_never_dated_before_the_one_it_follows(self):
        agreement = self._start("2026-01-01")
        self._reprice(agreement, 199, "2026-03-05")
        with self.on("2026-04-10"):
            agreement._end(date(2026, 2, 10), "cancelled")
        self.assertEqual(
            self._story(agreement)[1:],
            [("2026-03-05", "expansion", 50), ("2026-03-05", "churn", -199)],
        )

    def test_a_line_that_ends_by_its_date_leaves_the_next_day(self):
        with self.on("2026-01-01"):
            agreement = self._create_agreement("2026-01-01")
            agreement.line_ids = [
                Command.create(
                    {
                        "product_id": self.product.id,
                        "price_unit": 40,
                        "date_end": "2026-03-31",
                    }
                )
            ]
            agreement.action_activate()
        with self.on("2026-04-01"):
            self._run_cron("service_agreement.ir_cron_lifecycle")
        self.assertEqual(
            self._story(agreement),
            [
                ("2026-01-01", "new", 189),
                ("2026-04-01", "contraction", -40),
            ],
        )

    def test_a_start_ahead_counts_from_its_first_day(self):
        with self.on("2026-01-20"):
            agreement = self._create_active("2026-03-01")
        self.assertEqual(self._story(agreement), [])
        with self.on("2026-03-03"):
            self._run_cron("service_agreement.ir_cron_lifecycle")
        self.assertEqual(self._story(agreement), [("2026-03-01", "new", 149)])

    def test_a_change_counts_from_its_day_back_dated_or_ahead(self):
        agreement = self._start("2026-01-01")
        self._reprice(agreement, 199, "2026-03-20", since="2026-03-05")
        self._reprice(agreement, 249, "2026-03-21", since="2026-04-15")
        self.assertAddsUp(agreement)
        with self.on("2026-04-15"):
            self._run_cron("service_agreement.ir_cron_lifecycle")
        self.assertEqual(
            self._story(agreement)[1:],
            [("2026-03-05", "expansion", 50), ("2026-04-15", "expansion", 50)],
        )
        self.assertAddsUp(agreement)

    def test_a_suspension_ahead_counts_from_its_day(self):
        agreement = self._start("2026-01-01")
        with self.on("2026-02-01"):
            agreement._suspend(date(2026, 3, 1), date(2026, 3, 31))
        for day in ("2026-03-02", "2026-04-01"):
            with self.on(day):
                self._run_cron("service_agreement.ir_cron_lifecycle")
        self.assertEqual(
            self._story(agreement)[1:],
            [("2026-03-01", "churn", -149), ("2026-04-01", "reactivation", 149)],
        )

    def test_who_never_started_never_was_a_customer(self):
        with self.on("2026-01-01"):
            agreement = self._create_active("2026-03-01")
            agreement._end(date(2026, 1, 15), "cancelled")
        self.assertAddsUp(agreement)
        self.assertEqual(agreement.mrr, 0)

    def test_the_day_is_the_company_s(self):
        self.company.partner_id.tz = "Pacific/Tongatapu"
        agreement = self._start("2026-01-01")
        with self.at("2026-02-28 13:30:00"):
            agreement.action_suspend()
        self.assertEqual(self._story(agreement)[1:], [("2026-03-01", "churn", -149)])


@tagged("post_install", "-at_install")
class TestMovementOfCustomer(MovementCommon):
    """It is the customer who is won and lost, not the paper."""

    def test_a_second_agreement_is_an_expansion_and_its_end_a_contraction(self):
        first = self._start("2026-01-01")
        second = self._start("2026-02-01")
        with self.on("2026-04-01"):
            first._end(date(2026, 3, 31), "cancelled")
        with self.on("2026-06-01"):
            second._end(date(2026, 5, 31), "cancelled")
        self.assertEqual(
            self._story(self.customer),
            [
                ("2026-01-01", "new", 149),
                ("2026-02-01", "expansion", 149),
                ("2026-04-01", "contraction", -149),
                ("2026-06-01", "churn", -149),
            ],
        )
        self.assertAddsUp(first | second)

    def test_who_left_and_signs_again_is_reactivated(self):
        first = self._start("2026-01-01")
        with self.on("2026-03-01"):
            first._end(date(2026, 2, 28), "cancelled")
        again = self._start("2026-09-01")
        self.assertEqual(self._story(again), [("2026-09-01", "reactivation", 149)])

    def test_an_address_of_the_customer_is_the_customer(self):
        self._start("2026-01-01")
        site = self.env["res.partner"].create(
            {"name": "Lake House", "parent_id": self.customer.id}
        )
        second = self._start("2026-02-01", site)
        self.assertEqual(self._story(second), [("2026-02-01", "expansion", 149)])

    def _replace(self, price):
        old = self._start("2026-01-01")
        with self.on("2026-05-01"):
            new = self._create_agreement("2026-05-01", replaces_id=old.id)
            new.line_ids.price_unit = price
            pair = (old | new).with_context(record_movements_later=True)
            pair[0]._end(date(2026, 4, 30), "replaced")
            pair[1].action_activate()
            movements = (old | new)._record_movements()
        self.assertAddsUp(old | new)
        self.assertEqual(set(movements.mapped("date")), {date(2026, 5, 1)})
        return movements

    def test_a_replacement_is_one_expansion_by_the_difference(self):
        movements = self._replace(290)
        self.assertEqual(set(movements.mapped("kind")), {"expansion"})
        self.assertEqual(sum(movements.mapped("amount")), 141)

    def test_a_replacement_for_less_is_one_contraction(self):
        movements = self._replace(89)
        self.assertEqual(set(movements.mapped("kind")), {"contraction"})
        self.assertEqual(sum(movements.mapped("amount")), -60)

    def test_a_replacement_by_the_scheduled_action(self):
        old = self._start("2026-01-01", term_months=3, auto_renew=False)
        with self.on("2026-03-20"):
            new = self._create_agreement("2026-04-01", replaces_id=old.id)
            new.line_ids.price_unit = 290
            new.with_context(record_movements_later=True).action_activate()
        with self.on("2026-04-02"):
            self._run_cron("service_agreement.ir_cron_lifecycle")
        self.assertEqual(
            self._story(self.customer)[1:],
            [("2026-04-01", "expansion", -149), ("2026-04-01", "expansion", 290)],
        )

    def test_handed_over_to_another_customer(self):
        agreement = self._start("2026-01-01")
        buyer = self._create_customer("Okafor Residence")
        with self.on("2026-03-10"):
            agreement.partner_id = buyer
            self.env["service.agreement"]._record_missing_movements()
        self.assertEqual(self._story(self.customer)[-1], ("2026-03-10", "churn", -149))
        self.assertEqual(self._story(buyer), [("2026-03-10", "new", 149)])
        self.assertAddsUp(agreement)


@tagged("post_install", "-at_install")
class TestMovementSums(MovementCommon):
    """Whatever happens, in whatever order: movements add up."""

    def test_random_lives_add_up_for_agreement_customer_and_company(self):
        rng = random.Random(7)
        customers = [self._create_customer(f"Customer {i}") for i in range(3)]
        with self.on("2026-01-01"):
            agreements = self.env["service.agreement"].union(
                *(
                    self._create_active("2026-01-01", partner_id=customer.id)
                    for customer in customers
                    for _number in range(2)
                )
            )
        for number in range(60):
            day = date(2026, 1 + number // 6, 1 + number % 6 * 4)
            with self.on(day):
                self._live(rng, rng.choice(agreements), day)
        self.assertAddsUp(agreements)
        for customer in customers:
            own = agreements.filtered(lambda a, c=customer: a.partner_id == c)
            story = self._story(customer)
            self.assertAlmostEqual(
                sum(amount for *_, amount in story), sum(own.mapped("mrr")), 2
            )
            kinds = [kind for _date, kind, _amount in story]
            self.assertNotIn("new", kinds[2:])
        dates = agreements.movement_ids.sorted("id").mapped("date")
        self.assertEqual(dates, sorted(dates))
        self.assertFalse(agreements._record_movements())

    def _live(self, rng, agreement, day):
        if agreement.state == "suspended":
            agreement.action_resume()
        elif agreement.state == "active" and rng.random() < 0.3:
            agreement.action_suspend()
        elif agreement.state == "active" and rng.random() < 0.1:
            agreement._end(date.fromordinal(day.toordinal() - 1), "cancelled")
        elif agreement.state == "active":
            agreement.line_ids.sudo().price_unit = rng.choice([0, 49, 149, 333.33])
            agreement._record_movements()


@tagged("post_install", "-at_install")
class TestMovementCurrency(MovementCommon):
    """Gained at the rate of the day, lost at the rates at which it was gained."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.foreign = cls.setup_other_currency(
            "EUR", rates=[("2026-01-01", 2.0), ("2026-03-01", 4.0)]
        )

    def test_what_was_lost_leaves_nothing_behind(self):
        agreement = self._start("2026-01-10", currency_id=self.foreign.id)
        agreement.line_ids.sudo().price_unit = 100
        with self.on("2026-01-10"):
            agreement._record_movements()
        self._reprice(agreement, 200, "2026-03-05")
        self._reprice(agreement, 160, "2026-04-01")
        with self.on("2026-06-01"):
            agreement._end(date(2026, 5, 31), "cancelled")
        amounts = [
            (m.kind, m.amount, m.amount_company)
            for m in agreement.movement_ids.sorted("id")
            if m.date > date(2026, 1, 10)
        ]
        self.assertEqual(
            amounts,
            [
                ("expansion", 100, 25),
                # A fifth of the 50 + 25 that the 200 came in with.
                ("contraction", -40, -15),
                ("churn", -160, -60),
            ],
        )
        self.assertEqual(sum(agreement.movement_ids.mapped("amount_company")), 0)

    def test_customers_of_two_currencies_add_up_in_the_company_s(self):
        first = self._start("2026-01-10")
        second = self._start("2026-01-10", currency_id=self.foreign.id)
        [(total,)] = self.env["service.agreement.movement"]._read_group(
            [("agreement_id", "in", (first | second).ids)],
            [],
            ["amount_company:sum"],
        )
        self.assertEqual(total, first.mrr + second.mrr / 2)
        self.assertEqual(self._story(second)[0][1], "expansion")


@tagged("post_install", "-at_install")
class TestMovementRights(PortalUsersMixin, MovementCommon):
    """Everybody concerned reads them, nobody writes them."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.agreement = cls._create_active("2026-03-01")
        cls.movement = cls.agreement.movement_ids

    def _user(self, login, group, company=None):
        company = company or self.company
        return new_test_user(
            self.env,
            login=login,
            groups=f"base.group_user,{group}",
            company_id=company.id,
            company_ids=[Command.set(company.ids)],
        )

    def test_a_salesman_s_transitions_are_recorded(self):
        salesman = self._user("salesman", "service_agreement.group_user")
        self.agreement.with_user(salesman).action_suspend()
        self.assertEqual(self.agreement.movement_ids.mapped("amount"), [-149, 149])

    def test_nobody_writes_makes_or_deletes_one(self):
        for login, group in (
            ("manager", "service_agreement.group_manager"),
            ("accountant", "account.group_account_manager"),
        ):
            movement = self.movement.with_user(self._user(login, group))
            self.assertEqual(movement.amount, 149)
            with self.assertRaises(AccessError):
                movement.amount = 1
            with self.assertRaises(AccessError):
                movement.copy({"number": 2})
            with self.assertRaises(AccessError):
                movement.unlink()
            with self.assertRaises(AccessError):
                self.agreement.with_user(movement.env.user).write(
                    {"movement_ids": [Command.clear()]}
                )

    @mute_logger("odoo.addons.base.models.ir_rule")
    def test_neither_employees_nor_customers_read_them(self):
        for user in (
            self._user("employee", "project.group_project_user"),
            self._create_portal_user("carla", self.customer),
        ):
            with self.assertRaises(AccessError):
                self.movement.with_user(user).read(["amount"])

    def test_another_company_sees_its_own_and_wins_its_own_customers(self):
        other = self.setup_other_company()["company"]
        other.partner_id.tz = "UTC"
        user = self._user("elsewhere", "service_agreement.group_manager", other)
        Movement = self.env["service.agreement.movement"].with_user(user)
        self.assertFalse(Movement.search([("agreement_id", "=", self.agreement.id)]))
        with self.on("2026-06-01"):
            agreement = (
                self.env["service.agreement"]
                .with_company(other)
                .create(
                    {
                        "partner_id": self.customer.id,
                        "company_id": other.id,
                        "tier_id": self.tier.id,
                        "plan_id": self.plan_monthly.id,
                        "date_start": "2026-06-01",
                    }
                )
            )
            agreement.action_activate()
        self.assertEqual(self._story(agreement), [("2026-06-01", "new", 149)])
        self.assertEqual(Movement.search([]), agreement.movement_ids)


@tagged("post_install", "-at_install")
class TestMovementQueries(MovementCommon):
    """As many queries for twice as many agreements."""

    def _count(self, number):
        with self.on("2026-03-01"):
            customers = [
                self._create_customer(f"C {number} {i}") for i in range(number)
            ]
            agreements = self.env["service.agreement"].union(
                *(
                    self._create_active("2026-03-01", partner_id=customer.id)
                    for customer in customers
                )
            )
            agreements.line_ids.sudo().price_unit = 199
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            moved = agreements._record_movements()
            self.env.flush_all()
            after = self.env.cr.sql_log_count
        self.assertEqual(len(moved), number)
        return after - before

    def test_recording_is_a_batch(self):
        self._count(2)
        self.assertEqual(self._count(12), self._count(24))

    def test_the_daily_search_is_one_query(self):
        self._start("2026-03-01")
        self.env.flush_all()
        with self.assertQueryCount(1):
            self.env["service.agreement"]._record_missing_movements()
