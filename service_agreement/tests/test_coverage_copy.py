from datetime import date, datetime

from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import new_test_user, tagged

from ..models.service_agreement_change import PendingChange
from .common import ServiceAgreementCommon


class CoverageCases(ServiceAgreementCommon):
    """Silver: 4 hours a month, remote work and on site, Monday to Friday, 9 to 17.
    Gold: all of it, day and night.
    """

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.remote = cls.env.ref("service_agreement.work_type_remote")
        cls.on_site = cls.env.ref("service_agreement.work_type_on_site")
        cls.parts = cls.env.ref("service_agreement.exclusion_parts")
        cls.hours = cls._create_hours("Office", "9", "17")
        cls.tier.write(
            {
                "covered_work_type_ids": [Command.set((cls.remote | cls.on_site).ids)],
                "covered_exclusion_ids": [Command.set(cls.parts.ids)],
                "coverage_calendar_id": cls.hours.id,
                "rate_discount": 10.0,
                "allowance_ids": [Command.create({"name": "Support", "quantity": 4.0})],
                "rate_ids": [
                    Command.create({"price": 120.0, "price_after_hours": 240.0})
                ],
            }
        )
        cls.gold = cls._create_tier(
            "Gold",
            249.0,
            30,
            allowance_ids=[Command.create({"name": "All", "kind": "unlimited"})],
        )
        cls.salesman = new_test_user(
            cls.env,
            login="seller",
            groups="base.group_user,service_agreement.group_user",
            company_id=cls.company.id,
        )

    @classmethod
    def _create_hours(cls, name, hour_from, hour_to):
        # Sudo: who keeps the agreements does not keep working hours.
        return (
            cls.env["resource.calendar"]
            .sudo()
            .create(
                {
                    "name": name,
                    "tz": "UTC",
                    "company_id": cls.company.id,
                    "attendance_ids": [
                        Command.clear(),
                        *(
                            Command.create(
                                {
                                    "name": day,
                                    "dayofweek": day,
                                    "hour_from": hour_from,
                                    "hour_to": hour_to,
                                    "day_period": "morning",
                                }
                            )
                            for day in "01234"
                        ),
                    ],
                }
            )
        )

    def _change_tier(self, agreement, tier, day):
        day = date.fromisoformat(day)
        return agreement._change(PendingChange(day, {}, [], tier=tier))

    def _tier_on(self, agreement, day):
        day = date.fromisoformat(day)
        return agreement._get_coverages_on([day])[agreement][day].tier_id


@tagged("post_install", "-at_install")
class TestCoverageCopy(CoverageCases):
    def test_an_agreement_starts_with_what_its_tier_covers(self):
        coverage = self._create_agreement("2026-03-01").coverage_ids
        self.assertEqual(coverage.covered_work_type_ids, self.remote | self.on_site)
        self.assertEqual(coverage.covered_exclusion_ids, self.parts)
        self.assertEqual(coverage.coverage_calendar_id, self.hours)
        self.assertEqual(coverage.rate_discount, 10.0)
        self.assertEqual(coverage.allowance_ids.quantity, 4.0)
        self.assertFalse(coverage.allowance_ids.tier_id)
        self.assertEqual(coverage.rate_ids.price_after_hours, 240.0)

    def test_another_tier_of_a_draft_covers_other_things(self):
        agreement = self._create_agreement("2026-03-01")
        agreement.tier_id = self.gold
        self.assertEqual(agreement.coverage_ids.tier_id, self.gold)
        self.assertEqual(agreement.coverage_ids.allowance_ids.kind, "unlimited")

    def test_a_salesman_negotiates_a_draft_and_not_what_was_agreed(self):
        agreement = self._create_agreement("2026-03-01").with_user(self.salesman)
        allowance = agreement.coverage_ids.allowance_ids
        rate = agreement.coverage_ids.rate_ids
        allowance.quantity = 5.0
        rate.price = 110.0
        agreement._propose()
        refused = [
            lambda: allowance.write({"quantity": 9.0}),
            lambda: rate.write({"price": 1.0}),
            lambda: rate.unlink(),
            lambda: agreement.coverage_ids.write({"covers_trips": True}),
            lambda: agreement.coverage_ids.unlink(),
            lambda: agreement.write({"coverage_ids": [Command.clear()]}),
            lambda: agreement.write({"system_quantity": 3}),
            lambda: rate.copy({"price": 1.0, "date_start": "2026-04-01"}),
            agreement.action_copy_coverage,
        ]
        for attempt in refused:
            with self.assertRaisesRegex(UserError, "Back to Draft"):
                attempt()
        agreement.action_draft()
        allowance.quantity = 6.0
        self.assertEqual(self.tier.allowance_ids.quantity, 4.0)

    def test_a_salesman_does_not_write_the_catalogue_nor_the_list(self):
        tier = self.tier.with_user(self.salesman)
        listed = {"price": 1.0, "company_id": self.company.id}
        Rate = self.env["service.agreement.rate"].with_user(self.salesman)
        for attempt in (
            lambda: tier.allowance_ids.write({"quantity": 9.0}),
            lambda: tier.rate_ids.write({"price": 9.0}),
            lambda: Rate.create(listed),
            lambda: Rate.create({"kind": "trip", "tier_id": self.tier.id}),
        ):
            with self.assertRaises(AccessError):
                attempt()

    def test_nobody_writes_the_facts_of_a_coverage(self):
        coverage = self._create_agreement("2026-03-01").coverage_ids
        for values in (
            {"date_start": "2026-04-01"},
            {"is_void": True},
            {"sla_calendar_id": False},
            {"change_id": False},
        ):
            with self.assertRaises(AccessError):
                coverage.write(values)

    def test_the_catalogue_changes_and_agreements_do_not(self):
        agreement = self._create_active("2026-03-01")
        self.tier.allowance_ids.quantity = 1.0
        self.tier.rate_ids.price = 500.0
        self.tier.covered_work_type_ids = False
        coverage = agreement.coverage_ids
        self.assertEqual(coverage.allowance_ids.quantity, 4.0)
        self.assertEqual(coverage.rate_ids.price, 120.0)
        self.assertEqual(coverage.covered_work_type_ids, self.remote | self.on_site)
        self.assertTrue(agreement._is_behind_catalogue())

    def test_the_covered_hours_stay_as_they_were_offered(self):
        agreement = self._create_active("2026-03-01")
        coverage = agreement.coverage_ids
        self.assertTrue(coverage.sla_calendar_id)
        evening = self._instants("2026-03-06 16:30", "2026-03-06 18:30")
        self.assertEqual(self._open_hours(coverage, evening), 0.5)
        self.hours.attendance_ids.hour_to = 20
        self.assertEqual(self._open_hours(coverage, evening), 0.5)

    def test_a_holiday_entered_after_the_signature_is_one(self):
        coverage = self._create_active("2026-03-01").coverage_ids
        friday = self._instants("2026-12-25 09:00", "2026-12-25 17:00")
        self.assertEqual(self._open_hours(coverage, friday), 8)
        self.env["resource.calendar.leaves"].sudo().create(
            {
                "name": "Christmas",
                "calendar_id": self.hours.id,
                "company_id": self.company.id,
                "date_from": "2026-12-25 00:00:00",
                "date_to": "2026-12-25 23:59:59",
            }
        )
        self.assertEqual(self._open_hours(coverage, friday), 0)

    def _instants(self, *texts):
        return [datetime.fromisoformat(f"{text}+00:00") for text in texts]

    def _open_hours(self, coverage, span):
        return coverage._working_time().between(*span).total_seconds() / 3600

    def test_no_covered_hours_are_day_and_night(self):
        agreement = self._create_active("2026-03-01", tier_id=self.gold.id)
        self.assertIsNone(agreement.coverage_ids._working_time())

    def test_a_copy_is_covered_as_it_was_negotiated(self):
        agreement = self._create_agreement("2026-03-01")
        agreement.coverage_ids.allowance_ids.quantity = 7.0
        agreement.action_activate()
        copied = agreement.copy({"date_start": "2026-05-01"})
        self.assertEqual(copied.coverage_ids.allowance_ids.quantity, 7.0)
        other = agreement.copy({"date_start": "2026-05-01", "tier_id": self.gold.id})
        self.assertEqual(other.coverage_ids.allowance_ids.kind, "unlimited")

    def test_the_tier_can_be_copied_again(self):
        agreement = self._create_agreement("2026-03-01").with_user(self.salesman)
        agreement.coverage_ids.allowance_ids.quantity = 7.0
        agreement.action_copy_coverage()
        self.assertEqual(agreement.coverage_ids.allowance_ids.quantity, 4.0)

    def test_only_the_rates_in_force_are_agreed(self):
        self.tier.rate_ids.date_end = "2026-02-28"
        self.tier.rate_ids = [
            Command.create({"price": 130.0, "date_start": "2026-03-01"}),
            Command.create({"price": 140.0, "date_start": "2026-07-01"}),
        ]
        with self.at("2026-03-06 12:00:00"):
            rates = self._create_agreement("2026-03-06").coverage_ids.rate_ids
        self.assertEqual(rates.mapped("price"), [130.0])
        self.assertFalse(rates.date_start)

    def test_older_agreements_get_what_their_tiers_cover(self):
        agreement = self._create_active("2026-03-01")
        self._change_tier(agreement, self.gold, "2026-05-01")
        agreement.sudo().allowance_lot_ids.unlink()
        agreement.sudo().coverage_ids.unlink()
        self.env["service.agreement"].sudo()._cover_older()
        self.assertEqual(self._tier_on(agreement, "2026-04-30"), self.tier)
        self.assertEqual(self._tier_on(agreement, "2026-05-01"), self.gold)
        self.assertTrue(agreement.coverage_ids[0].sla_calendar_id)


@tagged("post_install", "-at_install")
class TestCoverageChange(CoverageCases):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.agreement = cls._create_active("2026-03-01")

    def test_another_tier_covers_from_its_day_on(self):
        with self.at("2026-04-10 12:00:00"):
            self._change_tier(self.agreement, self.gold, "2026-05-01")
        self.assertEqual(self._tier_on(self.agreement, "2026-04-30"), self.tier)
        self.assertEqual(self._tier_on(self.agreement, "2026-05-01"), self.gold)

    def test_dated_back_it_covers_from_that_day_until_the_next(self):
        with self.at("2026-04-10 12:00:00"):
            self._change_tier(self.agreement, self.gold, "2026-05-01")
            bronze = self._create_tier("Bronze", 49.0, 10)
            self._change_tier(self.agreement, bronze, "2026-04-01")
        for day, tier in (
            ("2026-03-31", self.tier),
            ("2026-04-01", bronze),
            ("2026-04-30", bronze),
            ("2026-05-01", self.gold),
        ):
            self.assertEqual(self._tier_on(self.agreement, day), tier, day)

    def test_taken_back_it_covers_nothing(self):
        with self.at("2026-04-10 12:00:00"):
            change = self._change_tier(self.agreement, self.gold, "2026-05-01")
            change.action_withdraw()
        self.assertEqual(self._tier_on(self.agreement, "2026-05-01"), self.tier)
        self.assertEqual(len(self.agreement.coverage_ids), 1)

    def test_of_two_changes_on_a_day_the_first_holds_when_the_second_is_taken_back(
        self,
    ):
        with self.at("2026-04-10 12:00:00"):
            self._change_tier(self.agreement, self.gold, "2026-05-01")
            bronze = self._create_tier("Bronze", 49.0, 10)
            second = self._change_tier(self.agreement, bronze, "2026-05-01")
            self.assertEqual(self._tier_on(self.agreement, "2026-05-01"), bronze)
            second.action_withdraw()
        self.assertEqual(self._tier_on(self.agreement, "2026-05-01"), self.gold)

    def test_it_takes_effect_without_a_second_copy(self):
        with self.at("2026-04-10 12:00:00"):
            self._change_tier(self.agreement, self.gold, "2026-05-01")
        with self.at("2026-05-02 12:00:00"):
            self._run_cron("service_agreement.ir_cron_lifecycle")
        self.assertEqual(self.agreement.tier_id, self.gold)
        self.assertEqual(len(self.agreement.coverage_ids), 2)

    def test_what_was_drawn_from_stays_on_record(self):
        with self.at("2026-04-10 12:00:00"):
            change = self._change_tier(self.agreement, self.gold, "2026-05-01")
            coverage = self.agreement.coverage_ids.filtered("change_id")
            self.env["service.agreement.allowance.lot"].sudo().create(
                {
                    "agreement_id": self.agreement.id,
                    "allowance_id": coverage.allowance_ids.id,
                    "date_start": "2026-05-01",
                }
            )
            change.action_withdraw()
            self.assertTrue(coverage.is_void)
            self.assertEqual(self._tier_on(self.agreement, "2026-05-01"), self.tier)
            self._change_tier(self.agreement, self.gold, "2026-05-01")
        self.assertEqual(self._tier_on(self.agreement, "2026-05-01"), self.gold)

    def test_brought_up_to_date_it_covers_what_the_catalogue_does(self):
        self.tier.allowance_ids.quantity = 3.0
        with self.at("2026-04-10 12:00:00"):
            pending = self.agreement._prepare_catalogue_change(
                date(2026, 5, 1), 149.0, "New year"
            )
            self.agreement._change(pending)
        held = self.agreement._get_coverages_on([date(2026, 4, 30), date(2026, 5, 1)])
        quantities = [c.allowance_ids.quantity for c in held[self.agreement].values()]
        self.assertEqual(quantities, [4.0, 3.0])
