from datetime import date

from odoo.fields import Command
from odoo.tests import Form, tagged

from .test_coverage_copy import CoverageCases


@tagged("post_install", "-at_install")
class TestCoverageText(CoverageCases):
    def _included(self, **values):
        allowance = self.env["service.agreement.allowance"].create(
            {"name": "Care", "tier_id": self.tier.id, **values}
        )
        return allowance.display_name

    def test_what_is_included_is_said_as_one_says_it(self):
        for values, text in (
            (
                {"quantity": 4, "rollover_cap": 2},
                "Care: 4 hours a month, 2 carried over",
            ),
            ({"quantity": 1, "interval_months": 3}, "Care: 1 hour a quarter"),
            (
                {"unit": "visits", "quantity": 2, "interval_months": 12},
                "Care: 2 visits a year",
            ),
            (
                {"unit": "incidents", "quantity": 10, "interval_months": 6},
                "Care: 10 incidents every 6 months",
            ),
            (
                {"unit": "amount", "quantity": 500},
                "Care: $\xa0500.00 of work a month",
            ),
            (
                {"kind": "prepaid", "quantity": 10, "price": 1300},
                "Care: 10 hours in advance for $\xa01,300.00, valid for 12 months",
            ),
            (
                {"kind": "unlimited", "work_type_ids": [Command.set(self.remote.ids)]},
                "Care: without limit (Remote Support)",
            ),
        ):
            self.assertEqual(self._included(**values), text)

    def test_a_kind_of_work_is_not_said_twice(self):
        only = [Command.set(self.remote.ids)]
        text = self._included(
            name="Remote support", kind="unlimited", work_type_ids=only
        )
        self.assertEqual(text, "Remote support: without limit")

    def test_the_comparison_says_what_decides(self):
        offer = self.tier.comparison
        self.assertIn("Support: 4 hours a month", offer["included"])
        self.assertIn("Parts and equipment", offer["excluded"])
        [hours] = offer["hours"]
        self.assertTrue(hours.startswith("Office: Monday – Friday"), hours)
        hour, rest = offer["rates"]
        self.assertEqual(hour["price"], "$\xa0120.00/h")
        self.assertEqual(hour["after_hours"], "$\xa0240.00/h")
        self.assertEqual(rest["price"], "10 % off our list")

    def test_the_document_says_what_was_agreed_and_not_what_the_tier_is_now(self):
        agreement = self._create_active("2026-03-01")
        self.tier.allowance_ids.quantity = 1
        self.tier.rate_ids.price = 500
        self.hours.attendance_ids.hour_to = 20
        html = (
            self.env["ir.actions.report"]
            ._render_qweb_html(
                "service_agreement.action_report_agreement", agreement.ids
            )[0]
            .decode()
        )
        self.assertIn("Support: 4 hours a month", html)
        self.assertIn("$\xa0120.00", html)
        self.assertIn("5:00\u202fPM", html)
        self.assertNotIn("8:00\u202fPM", html)
        self.assertNotIn("500.00", html)
        self.assertIn("Support: 4 hours a month", agreement.coverage_summary)

    def test_from_another_tier_on_it_says_something_else(self):
        agreement = self._create_active("2026-03-01")
        with self.at("2026-04-10 12:00:00"):
            self._change_tier(agreement, self.gold, "2026-05-01")
            covered = agreement._get_document_coverage()
            self.assertIn("Support: 4 hours a month", covered["included"])
        with self.at("2026-05-01 12:00:00"):
            covered = agreement._get_document_coverage()
            self.assertIn("All: without limit", covered["included"])
            self.assertEqual(covered["hours"], ["Day and night"])

    def test_a_new_agreement_shows_its_tier_before_it_is_saved(self):
        form = Form(self.env["service.agreement"])
        form.partner_id = self.customer
        form.tier_id = self.gold
        self.assertIn("All: without limit", form.coverage_summary)
        form.tier_id = self.tier
        self.assertIn("Support: 4 hours a month", form.coverage_summary)
        agreement = form.save()
        self.assertEqual(agreement.coverage_ids.tier_id, self.tier)

    def test_rates_are_agreed_in_the_currency_of_the_agreement(self):
        euro = self.env.ref("base.EUR")
        euro.active = True
        self.env["res.currency.rate"].create(
            {
                "currency_id": euro.id,
                "company_id": self.company.id,
                "name": "2026-01-01",
                "rate": 0.5,
            }
        )
        pricelist = self.env["product.pricelist"].create(
            {"name": "Euro", "currency_id": euro.id, "company_id": self.company.id}
        )
        with self.at("2026-03-06 12:00:00"):
            agreement = self._create_agreement("2026-03-06", pricelist_id=pricelist.id)
        rate = agreement.coverage_ids.rate_ids
        self.assertEqual((rate.price, rate.currency_id), (60.0, euro))
        book = self.env["service.agreement.rate"]._get_book(self.company)
        coverage = agreement.coverage_ids.id
        self.assertEqual(book.find(date(2026, 3, 6), coverage=coverage).price, 60)
