from datetime import date
from decimal import Decimal

from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.tests import tagged

from .common import ServiceAgreementCommon


class RateCases(ServiceAgreementCommon):
    """The list: 150 an hour, 240 after hours, a trip 95."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.Rate = cls.env["service.agreement.rate"]
        cls.Rate.search([]).unlink()
        cls.remote = cls.env.ref("service_agreement.work_type_remote")
        cls.programming = cls.env.ref("service_agreement.work_type_programming")
        cls.senior = cls.env["hr.job"].sudo().create({"name": "Senior Technician"})
        cls.hour = cls._create_rate(price=150.0, price_after_hours=240.0)
        cls.trip = cls._create_rate(kind="trip", price=95.0)

    @classmethod
    def _create_rate(cls, **values):
        return cls.Rate.create({"company_id": cls.company.id, **values})

    def _find(self, day, **asked):
        return self.Rate._get_book(self.company).find(date.fromisoformat(day), **asked)

    def _price(self, day, **asked):
        return self._find(day, **asked).price


@tagged("post_install", "-at_install")
class TestRateList(RateCases):
    def test_after_hours_cost_what_was_typed_or_else_the_same(self):
        self.assertEqual(self._price("2026-03-06"), 150)
        self.assertEqual(self._price("2026-03-06", after_hours=True), 240)
        self.assertEqual(self._price("2026-03-06", kind="trip", after_hours=True), 95)

    def test_a_new_price_holds_from_today_on(self):
        with self.at("2026-03-06 15:00:00"):
            self.hour.price = 160.0
        self.assertEqual(self.hour.date_start, date(2026, 3, 6))
        self.assertEqual(self._price("2026-03-05"), 150)
        self.assertEqual(self._price("2026-03-06"), 160)

    def test_a_new_price_holds_from_the_day_typed_with_it(self):
        with self.at("2026-03-06 15:00:00"):
            self.hour.write({"price": 160.0, "date_start": "2026-04-01"})
            self.assertEqual(self.hour.status, "future")
        self.assertEqual(self._price("2026-03-31"), 150)
        self.assertEqual(self._price("2026-04-01"), 160)

    def test_typed_twice_on_a_day_it_is_one_price(self):
        with self.at("2026-03-06 15:00:00"):
            self.hour.price = 1600.0
            self.hour.price = 160.0
            rows = self.Rate.search([("kind", "=", "hour")])
            self.assertEqual(rows.mapped("price"), [160.0, 150.0])
            self.assertEqual(rows.mapped("status"), ["current", "past"])
            self.assertEqual(rows.search([("status", "in", ["past"])]), rows[1])

    def test_written_as_it_was_it_makes_no_history(self):
        with self.at("2026-03-06 15:00:00"):
            self.hour.write({"price": 150.0, "work_type_id": False})
        self.assertFalse(self.hour.date_start)

    def test_the_price_after_hours_follows_until_somebody_said_otherwise(self):
        with self.at("2026-03-06 15:00:00"):
            (self.hour | self.trip).write({"price": 160.0})
        self.assertEqual(self.hour.price_after_hours, 240.0)
        self.assertEqual(self.trip.price_after_hours, 160.0)

    def test_the_nearest_row_is_taken(self):
        self._create_rate(price=1.0, work_type_id=self.programming.id)
        self._create_rate(price=2.0, job_id=self.senior.id)
        both = {"work_type": self.programming.id, "job": self.senior.id}
        today = str(self.company._service_today())
        self.assertEqual(self._price(today, **both), 1)
        self._create_rate(
            price=3.0, work_type_id=self.programming.id, job_id=self.senior.id
        )
        self.assertEqual(self._price(today, **both), 3)
        self.assertEqual(self._price(today, job=self.senior.id), 2)
        self.assertEqual(self._price(today, work_type=self.remote.id), 150)

    def test_a_nearer_row_typed_without_a_day_starts_today(self):
        with self.at("2026-03-06 15:00:00"):
            self._create_rate(price=180.0, work_type_id=self.programming.id)
        asked = {"work_type": self.programming.id}
        self.assertEqual(self._price("2026-03-05", **asked), 150)
        self.assertEqual(self._price("2026-03-06", **asked), 180)

    def test_nobody_prices_again_what_has_its_price(self):
        with self.at("2026-03-06 15:00:00"):
            self._log_priced_work("2026-03-02")
            with self.assertRaisesRegex(UserError, "keeps it"):
                self._create_rate(price=170.0, date_start="2026-03-01")
            with self.assertRaisesRegex(UserError, "keeps it"):
                self.hour.write({"price": 170.0, "date_start": "2026-03-01"})
            with self.assertRaisesRegex(UserError, "last day"):
                self.hour.unlink()
            self._create_rate(price=170.0, date_start="2026-03-03")

    def _log_priced_work(self, day):
        # Sudo: who keeps the list needs neither projects nor timesheets.
        env = self.env(su=True)
        company = {"company_id": self.company.id}
        project = env["project.project"].create(
            {"name": "Desk", "is_service_desk": True, **company}
        )
        technician = env["hr.employee"].create({"name": "Tom", **company})
        line = env["account.analytic.line"].create(
            {
                "name": "Reset",
                "project_id": project.id,
                "employee_id": technician.id,
                "date": day,
                "unit_amount": 1,
            }
        )
        env["service.agreement.allowance.draw"].create(
            {
                "line_id": line.id,
                "date": day,
                "outcome": "uncovered",
                "currency_id": self.company.currency_id.id,
                **company,
            }
        )

    def test_where_nothing_is_known_nothing_fails(self):
        (self.hour | self.trip).unlink()
        price = self._find("2026-03-06", work_type=self.remote.id)
        self.assertFalse(price.found)
        self.assertEqual((price.price, price.list_price), (0, 0))

    def test_a_tier_tells_that_an_hour_has_no_price(self):
        self.assertFalse(self.tier.is_rate_missing)
        self.hour.unlink()
        self.tier.invalidate_recordset(["is_rate_missing"])
        self.assertTrue(self.tier.is_rate_missing)
        self.tier.rate_ids = [Command.create({"price": 120.0})]
        self.assertFalse(self.tier.is_rate_missing)

    def test_minimum_and_steps_are_those_of_the_row_that_gives_the_price(self):
        on_site = self.env.ref("service_agreement.work_type_on_site")
        self._create_rate(
            price=150.0, work_type_id=on_site.id, minimum=1.0, step_minutes=15
        )
        today = str(self.company._service_today())
        price = self._find(today, work_type=on_site.id)
        self.assertEqual((price.minimum, price.step), (1, Decimal("0.25")))

    def test_another_company_has_its_own_list(self):
        other = self.env["res.company"].create({"name": "Other"})
        self.assertFalse(self.Rate._get_book(other).find(date(2026, 3, 6)).found)
