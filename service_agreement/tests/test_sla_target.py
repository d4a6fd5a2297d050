from datetime import datetime, timedelta
from unittest.mock import patch
from zoneinfo import ZoneInfo

from psycopg2.errors import CheckViolation, UniqueViolation

from odoo.exceptions import ValidationError
from odoo.fields import Command
from odoo.tests import Form, tagged
from odoo.tools import mute_logger

from .common import ServiceDeskCommon


@tagged("post_install", "-at_install")
class TestSlaTarget(ServiceDeskCommon):
    def _create_target(self, **values):
        return self.env["service.agreement.sla.target"].create(
            {
                "tier_id": self.tier.id,
                "priority": "2",
                "metric": "resolution",
                "minutes": 90,
                **values,
            }
        )

    def test_a_first_response_does_not_pause_unless_told(self):
        self.assertTrue(self._create_target().pausable)
        self.assertFalse(self._create_target(metric="first_response").pausable)
        stubborn = self._create_target(
            metric="first_response", priority="1", pausable=True
        )
        self.assertTrue(stubborn.pausable)

    def test_in_words(self):
        hours = self.calendar
        for minutes, calendar, words in (
            (30, False, "30 minutes, day and night"),
            (60, False, "1 hour, day and night"),
            (90, False, "1 hour 30 minutes, day and night"),
            (240, hours, "4 working hours (Business hours)"),
            (60, hours, "1 working hour (Business hours)"),
            (45, hours, "45 working minutes (Business hours)"),
            (1, False, "1 minute, day and night"),
        ):
            target = self._create_target(
                minutes=minutes, calendar_id=calendar and calendar.id
            )
            self.assertEqual(target.duration_text, words)
            target.unlink()

    @mute_logger("odoo.sql_db")
    def test_zero_minutes_promise_nothing(self):
        with self.assertRaises(CheckViolation):
            self._create_target(minutes=0)

    @mute_logger("odoo.sql_db")
    def test_once_per_tier_priority_and_metric(self):
        self._create_target()
        with self.assertRaises(UniqueViolation):
            self._create_target()

    def test_a_calendar_without_hours_is_refused_when_saved(self):
        empty = self._create_calendar("Empty", [], 0, 0)
        with self.assertRaisesRegex(ValidationError, "no working hours"):
            self._create_target(calendar_id=empty.id)

    def test_a_calendar_with_only_breaks_is_refused(self):
        lunch = self._create_calendar("Lunch", [0], 12, 13)
        lunch.attendance_ids.day_period = "lunch"
        with self.assertRaisesRegex(ValidationError, "no working hours"):
            self._create_target(calendar_id=lunch.id)

    def test_a_shift_across_midnight_in_one_row_is_refused(self):
        night = self._create_calendar("Night", [0], 22, 24)
        night.attendance_ids.hour_to = 6
        with self.assertRaisesRegex(ValidationError, "midnight"):
            self._create_target(calendar_id=night.id)

    def test_hours_that_no_day_has_are_refused_when_saved(self):
        for values in ({"hour_from": -3}, {"hour_to": 25}):
            with self.assertRaisesRegex(ValidationError, "24:00"):
                self.calendar.attendance_ids[:1].write(values)

    @mute_logger("odoo.sql_db")
    def test_more_minutes_than_anything_can_hold_are_refused(self):
        with self.assertRaises(CheckViolation):
            self._create_target(minutes=40_000_000)

    def test_another_company_s_calendar_is_refused(self):
        other = self.env["res.company"].create({"name": "Other"})
        self.calendar.copy({"company_id": other.id})
        foreign = self._create_calendar("Foreign", range(5), 9, 17)
        foreign.company_id = other
        self.tier.company_id = self.company
        with self.assertRaisesRegex(ValidationError, "another company"):
            self._create_target(calendar_id=foreign.id)

    def test_typed_on_the_tier(self):
        with Form(self.tier) as form, form.target_ids.new() as line:
            line.priority = "1"
            line.metric = "first_response"
            line.minutes = 120
        target = self.tier.target_ids.filtered(lambda t: t.priority == "1")
        self.assertFalse(target.pausable)


@tagged("post_install", "-at_install")
class TestServiceHours(ServiceDeskCommon):
    """resource.calendar as WorkingTime."""

    def _read(self, calendar, year=2026, tz=False):
        spec = calendar._get_service_spec(self.company, tz, year)
        frozen = self.env["service.agreement.sla.calendar"].sudo()
        return frozen._freeze(spec, calendar)._working_time()

    def _is_open(self, hours, wall, zone="Europe/Amsterdam"):
        return hours.is_open(
            datetime.fromisoformat(wall).replace(tzinfo=ZoneInfo(zone))
        )

    def test_several_attendances_without_the_break(self):
        calendar = self.env["resource.calendar"].create(
            {
                "name": "Standard",
                "tz": "Europe/Amsterdam",
                "company_id": False,
                "attendance_ids": self.env[
                    "resource.calendar"
                ]._get_default_attendance_ids(),
            }
        )
        hours = self._read(calendar)
        for wall, expected in (
            ("2026-03-06 08:00", True),
            ("2026-03-06 12:30", False),
            ("2026-03-06 16:59", True),
            ("2026-03-06 17:00", False),
            ("2026-03-07 10:00", False),
        ):
            self.assertEqual(self._is_open(hours, wall), expected, wall)

    def test_2359_means_midnight(self):
        for hour in (23.98, 23 + 59 / 60, 24.0):
            hours = self._read(self._create_calendar("Always", range(7), 0, hour))
            self.assertTrue(self._is_open(hours, "2026-03-06 23:59:30"), hour)

    def test_a_holiday_of_the_calendar_and_one_of_the_company(self):
        leaves = self.env["resource.calendar.leaves"]
        leaves.create(
            [
                {
                    "name": "Christmas",
                    "calendar_id": self.calendar.id,
                    "date_from": "2026-12-24 23:00:00",  # 25 December in Amsterdam
                    "date_to": "2026-12-25 22:59:59",
                },
                {
                    "name": "Boxing day",
                    "calendar_id": False,
                    "company_id": self.company.id,
                    "date_from": "2026-12-27 23:00:00",
                    "date_to": "2026-12-28 22:59:59",
                },
            ]
        )
        hours = self._read(self.calendar)
        self.assertFalse(self._is_open(hours, "2026-12-25 10:00"))
        self.assertFalse(self._is_open(hours, "2026-12-28 10:00"))
        self.assertTrue(self._is_open(hours, "2026-12-24 10:00"))
        self.assertTrue(self._is_open(hours, "2026-12-29 09:00"))

    def test_a_holiday_is_a_local_day_on_whoever_s_clock(self):
        self.env["resource.calendar.leaves"].create(
            {
                "name": "Christmas",
                "calendar_id": self.calendar.id,
                "date_from": "2026-12-24 23:00:00",
                "date_to": "2026-12-25 22:59:59",
            }
        )
        zone = "Pacific/Auckland"
        hours = self._read(self.calendar, tz=zone)
        self.assertTrue(self._is_open(hours, "2026-12-24 16:59", zone))
        self.assertFalse(self._is_open(hours, "2026-12-25 09:00", zone))
        self.assertFalse(self._is_open(hours, "2026-12-25 16:59", zone))

    def test_a_shift_across_midnight_on_the_night_the_clock_changes(self):
        """In two rows, that count as one: 22:00 to 06:00, less or more what the night
        has lost or won."""
        night = self._create_calendar("Night", range(7), 22, 24)
        night.attendance_ids += self._create_calendar(
            "Morning", range(7), 0, 6
        ).attendance_ids
        for zone, evening, expected in (
            ("Europe/Amsterdam", "2026-03-06", 8),
            ("Europe/Amsterdam", "2026-03-28", 7),
            ("Europe/Amsterdam", "2026-10-24", 9),
            ("Australia/Sydney", "2026-10-03", 7),
            ("Australia/Sydney", "2026-04-04", 9),
            ("Australia/Lord_Howe", "2026-10-03", 7.5),
            ("Asia/Kolkata", "2026-10-24", 8),
        ):
            hours = self._read(night, tz=zone)
            start = datetime.fromisoformat(f"{evening} 21:00")
            start = start.replace(tzinfo=ZoneInfo(zone))
            end = hours.add(start, timedelta(hours=expected)).astimezone(start.tzinfo)
            self.assertEqual(end.strftime("%H:%M"), "06:00", (zone, evening))
            self.assertEqual((end.date() - start.date()).days, 1, (zone, evening))

    def test_closed_while_the_clock_is_put_back(self):
        calendar = self._create_calendar("Always", range(7), 0, 24)
        self.env["resource.calendar.leaves"].create(
            {
                "name": "Maintenance",
                "calendar_id": calendar.id,
                "date_from": "2026-10-25 00:30:00",  # 02:30 in Amsterdam
                "date_to": "2026-10-25 01:10:00",  # 02:10, the second time
            }
        )
        for zone in (False, "Asia/Tokyo", "Europe/London"):
            hours = self._read(calendar, tz=zone)
            for utc, expected in (
                ("2026-10-25 00:29", True),
                ("2026-10-25 00:30", False),
                ("2026-10-25 01:09", False),
                ("2026-10-25 01:10", True),
            ):
                self.assertEqual(self._is_open(hours, utc, "UTC"), expected, utc)

    def test_closed_at_a_time_that_the_customer_s_clock_skips(self):
        calendar = self._create_calendar("Always", range(7), 0, 24, tz="Europe/London")
        self.env["resource.calendar.leaves"].create(
            {
                "name": "Maintenance",
                "calendar_id": calendar.id,
                "date_from": "2026-03-29 01:30:00",  # 02:30 in London
                "date_to": "2026-03-29 02:10:00",  # 03:10
            }
        )
        # In Amsterdam it is 03:00 right after 02:00: from 03:00 to 03:10.
        hours = self._read(calendar, tz="Europe/Amsterdam")
        self.assertFalse(self._is_open(hours, "2026-03-29 01:09", "UTC"))
        self.assertTrue(self._is_open(hours, "2026-03-29 01:10", "UTC"))

    def test_one_employee_s_holiday_closes_no_desk(self):
        resource = (
            self.env["resource.resource"]
            .sudo()
            .create({"name": "Bob", "calendar_id": self.calendar.id})
        )
        self.env["resource.calendar.leaves"].create(
            {
                "calendar_id": self.calendar.id,
                "resource_id": resource.id,
                "date_from": "2026-03-05 23:00:00",
                "date_to": "2026-03-06 22:59:59",
            }
        )
        self.assertTrue(self._is_open(self._read(self.calendar), "2026-03-06 10:00"))

    def test_another_company_s_holiday_closes_no_desk(self):
        other = self.env["res.company"].create({"name": "Other"})
        leave = self.env["resource.calendar.leaves"].create(
            {
                "calendar_id": False,
                "date_from": "2026-03-05 23:00:00",
                "date_to": "2026-03-06 22:59:59",
            }
        )
        leave.company_id = other
        self.assertTrue(self._is_open(self._read(self.calendar), "2026-03-06 10:00"))

    def test_weeks_that_alternate(self):
        calendar = self._create_calendar("Alternating", range(5), 9, 17)
        calendar.switch_calendar_type()
        second = calendar.attendance_ids.filtered(
            lambda row: row.week_type == "1" and not row.display_type
        )
        second.filtered(lambda row: row.dayofweek in "01234").hour_to = 12
        hours = self._read(calendar)
        week_type = self.env["resource.calendar.attendance"].get_week_type
        for day in ("2026-03-02", "2026-03-09", "2027-06-07", "2028-12-25"):
            full = not week_type(datetime.fromisoformat(day).date())
            self.assertEqual(self._is_open(hours, f"{day} 15:00"), full, day)
            self.assertTrue(self._is_open(hours, f"{day} 10:00"), day)

    def test_equal_hours_are_frozen_once(self):
        calendar_model = self.env["service.agreement.sla.calendar"].sudo()
        first = calendar_model._freeze(
            self.calendar._get_service_spec(self.company, False, 2026), self.calendar
        )
        again = calendar_model._freeze(
            self.calendar._get_service_spec(self.company, False, 2026), self.calendar
        )
        self.assertEqual(first, again)

    def test_a_new_holiday_counts_for_the_next_ticket(self):
        self._open_ticket("2026-03-06 15:00")
        self.env["resource.calendar.leaves"].create(
            {
                "name": "Bridge day",
                "calendar_id": self.calendar.id,
                "date_from": "2026-03-08 23:00:00",
                "date_to": "2026-03-09 22:59:59",
            }
        )
        ticket = self._open_ticket("2026-03-06 15:00")
        clock = self._clock(ticket, "first_response")
        self.assertEqual(self.on_wall(clock.deadline), "Tue 11:00")

    def _assert_accepted_without_a_promise(self, why):
        name = "odoo.addons.service_agreement.models.service_agreement_ticket_promise"
        with mute_logger(name):
            ticket = self._open_ticket("2026-03-06 15:00")
            self.env.flush_all()
        self.assertEqual(ticket.agreement_id, self.agreement)
        self.assertFalse(ticket.sla_clock_ids)
        self.assertIn(why, ticket.message_ids[0].body)

    def test_a_ticket_is_accepted_whatever_hours_were_stored(self):
        self.env.flush_all()
        self.cr.execute(
            "UPDATE resource_calendar_attendance SET hour_from = -3"
            " WHERE calendar_id = %s",
            [self.calendar.id],
        )
        self.env.invalidate_all()
        self.env.registry.clear_cache()
        self._assert_accepted_without_a_promise("hours that no day has")

    def test_a_ticket_is_accepted_whatever_hours_cannot_be_counted(self):
        spec = {"tz": "UTC", "weekly": {"0": [[-180, 60]]}, "closed": [], "special": {}}
        calendar = self.env.registry["resource.calendar"]
        self.env.registry.clear_cache()
        with patch.object(calendar, "_get_service_spec", lambda *args: spec):
            self._assert_accepted_without_a_promise("No time can be counted")

    def test_a_ticket_is_accepted_though_a_clock_was_put_back_in_a_closure(self):
        self.env["resource.calendar.leaves"].create(
            {
                "name": "Maintenance",
                "calendar_id": self.calendar.id,
                "date_from": "2026-10-25 00:30:00",
                "date_to": "2026-10-25 01:10:00",
            }
        )
        ticket = self._open_ticket("2026-03-06 15:00")
        self.assertEqual(self.on_wall(self._clock(ticket).deadline), "Mon 15:00")

    def test_dropping_a_calendar_that_a_ticket_counted_in(self):
        ticket = self._open_ticket("2026-03-06 15:00")
        frozen = self._clock(ticket).sla_calendar_id
        (self.tier.target_ids | self.agreement.target_ids).calendar_id = False
        self.calendar.unlink()
        self.assertFalse(frozen.calendar_id)
        self.assertEqual(frozen.name, "Business hours")
        self.tier.target_ids = [Command.clear()]
