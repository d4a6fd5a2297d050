from datetime import date, timedelta
from random import Random

from odoo.exceptions import AccessError
from odoo.tests import tagged

from ..tools.faults import (
    DAYS_A_YEAR,
    Life,
    by_age,
    days_between,
    faults_a_year,
    first_day,
    last_day,
    total,
)
from .common import TODAY, MaintenanceCommon, days

BEGUN = date(2020, 1, 1)
FIRST = ("observed_days:sum", "fault_count:sum")


@tagged("post_install", "-at_install")
class TestFault(MaintenanceCommon):
    """What is a fault, and on how many days there might have been one."""

    def test_a_ticket_is_one_fault_however_often_it_comes_back(self):
        ticket = self._ticket("2025-05-05 10:00", self.projector)
        self._move(ticket, "solved", "2025-05-05 15:00")
        self._move(ticket, "In Progress", "2025-05-07 09:00")
        self._move(ticket, "solved", "2025-05-08 09:00")
        self.assertEqual(self._faults(self.projector), 1)
        self.assertEqual(self._faults(self.amplifier), 0)

    def test_what_is_cancelled_or_ordered_is_none(self):
        _fault, cancelled, ordered = (
            self._ticket(f"2025-05-0{day} 10:00", self.projector) for day in (5, 6, 7)
        )
        self._move(cancelled, "cancelled", "2025-06-01 10:00")
        ordered.work_type_id = self.env.ref("service_agreement.work_type_training")
        self.assertEqual(self._faults(self.projector), 1)
        ordered.work_type_id = self.env.ref("service_agreement.work_type_remote")
        self.assertEqual(self._faults(self.projector), 2)
        self._move(cancelled, "In Progress", "2025-06-02 10:00")
        self.assertEqual(self._faults(self.projector), 3)

    def test_a_merged_ticket_is_none(self):
        ticket = self._ticket("2025-05-05 10:00", self.projector)
        with self.at_desk("2025-05-06 10:00"):
            ticket._ticket_record("merged")
        self.assertEqual(self._faults(self.projector), 0)

    def test_a_visit_is_none(self):
        ticket = self._ticket("2025-05-05 10:00", self.projector)
        self.assertEqual(self._faults(self.projector), 1)
        visit = self._create_visit()
        ticket.sudo().visit_id = visit
        self.assertEqual(self._faults(self.projector), 0)

    def _create_visit(self):
        plan = self.env["service.agreement.visit.plan"].create(
            {
                "name": "Health check",
                "tier_id": self.tier.id,
                "work_type_id": self.env.ref(
                    "service_agreement.work_type_preventive"
                ).id,
            }
        )
        return (
            self.env["service.agreement.visit"]
            .sudo()
            .create(
                {
                    "name": "Health check",
                    "agreement_id": self.agreement.id,
                    "plan_id": plan.id,
                    "default_date": "2025-05-05",
                    "planned_on": "2025-05-05",
                    "window_from": "2025-05-01",
                    "window_to": "2025-05-31",
                    "planned_hours": 2,
                    "usable_until": "2025-12-31",
                }
            )
        )

    def test_a_corrective_request_is_one_but_not_of_a_ticket_that_is(self):
        (self.projector | self.amplifier)._make_equipment()
        self._request("2025-05-05", self.projector)
        self._request("2025-05-06", self.projector, maintenance_type="preventive")
        self._request("2025-05-07", self.projector, archive=True)
        ticket = self._ticket("2025-05-08 10:00", self.projector)
        self._request("2025-05-09", self.projector, service_ticket_id=ticket.id)
        self.assertEqual(self._faults(self.projector), 2)
        # The ticket was a mistake, the device was mended all the same.
        self._move(ticket, "cancelled", "2025-06-01 10:00")
        self.assertEqual(self._faults(self.projector), 2)

    def test_a_system_of_one_device_says_which_and_of_several_none(self):
        alone = self._create_system("Network", self._device("Router"))
        for system in (alone, self.theater):
            self._ticket("2025-05-05 10:00", system_id=system.id)
        self.assertEqual(self._faults(alone.device_ids), 1)
        self.assertEqual(self._faults(*self.theater.device_ids), 0)
        unnamed = self._rows(system_id=self.theater.id, device_id=False)
        self.assertEqual((unnamed.fault_count, unnamed.observed_days), (1, 0))

    def test_the_day_of_a_fault_is_the_companys(self):
        """Half past midnight in Amsterdam is the evening before in UTC."""
        self.projector.installed_on = "2025-05-05"
        self._ticket("2025-05-05 00:30", self.projector)
        self.assertEqual(self._faults(self.projector), 1)
        self.projector.installed_on = "2025-05-06"
        self.assertEqual(self._faults(self.projector), 0)

    def test_it_is_observed_from_installation_until_it_is_removed(self):
        self.assertEqual(self._days(self.projector), days("2022-03-06", "2026-03-06"))
        self.theater.inspected_on = "2025-03-06"
        self.assertEqual(self._days(self.projector), days("2025-03-06", "2026-03-06"))
        self.projector.removed_on = "2025-12-31"
        self.assertEqual(self._days(self.projector), days("2025-03-06", "2025-12-31"))
        self.projector.installed_on = "2026-06-01"
        self.assertEqual(self._days(self.projector), 0)

    def test_before_its_first_ticket_a_company_saw_nothing(self):
        self.projector.installed_on = "2010-01-01"
        self.assertEqual(self._days(self.projector), days("2020-01-01", "2026-03-06"))
        oldest = self._rows(self.projector, age="10")
        self.assertEqual(oldest.observed_days, self._days(self.projector))

    def test_few_faults_have_no_mean(self):
        for number in (1, 2):
            self._ticket(f"2025-05-0{number} 10:00", self.projector)
        self.assertEqual(self._means(), (0, 0))
        with self.at_desk(TODAY):
            self.assertIn("Too little data (faults: 2)", self._told())
        self._ticket("2025-05-03 10:00", self.projector)
        seen = days("2022-03-06", "2026-03-06")
        mean, yearly = self._means()
        self.assertAlmostEqual(mean, seen / 3)
        self.assertAlmostEqual(yearly, DAYS_A_YEAR * 3 / seen)
        with self.at_desk(TODAY):
            self.assertIn(f"{round(seen / 3)} days (faults: 3)", self._told())

    def _means(self):
        with self.at_desk(TODAY):
            (group,) = self.env["service.agreement.fault"]._read_group(
                [("device_id", "=", self.projector.id)],
                [],
                ["days_between:avg", "faults_a_year:avg"],
            )
        return tuple(each or 0 for each in group)

    def _told(self):
        self.projector.product_id = self.product
        self.projector.invalidate_recordset(["product_fault_text"])
        return self.projector.product_fault_text

    # Who may

    def test_technicians_and_salespeople_read_it_others_do_not(self):
        report = self.env["service.agreement.fault"]
        for user in (self.agent, self.salesman, self.manager):
            self.assertTrue(report.with_user(user).search([], limit=1))
            with self.assertRaises(AccessError):
                report.with_user(user).create({"fault_count": 0})
        carla = self._create_portal_user("carla", self.customer)
        for user in (self.employee, self.keeper, carla):
            with self.assertRaises(AccessError):
                report.with_user(user).search([])

    def test_nobody_reads_that_of_another_company(self):
        other = self.env["res.company"].create({"name": "Elsewhere"})
        self.agent.write({"company_ids": [(6, 0, other.ids)], "company_id": other.id})
        report = self.env["service.agreement.fault"].with_user(self.agent)
        self.assertFalse(report.search([]))

    def test_a_row_leads_to_its_device(self):
        rows = self._rows(self.projector)
        self.assertEqual(rows[0].action_open_device()["res_id"], self.projector.id)


@tagged("post_install", "-at_install")
class TestFaultLives(MaintenanceCommon):
    """The view against `tools/faults.py`, on made-up lives."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.random = Random(8)
        cls.today = date(2026, 3, 6)
        cls.lives = dict(cls._live(number) for number in range(12))
        cls.env.flush_all()

    @classmethod
    def _live(cls, number):
        """:return: (service.agreement.device, Life)"""
        pick = cls.random
        installed = pick.choice([None, cls._day(2008, 2026), date(2020, 2, 29)])
        inspected = pick.choice([None, cls._day(2021, 2025)])
        removed = pick.choice([None, None, cls._day(2023, 2027)])
        values = {"installed_on": installed, "removed_on": removed}
        system = cls._create_system(
            f"System {number}",
            cls._device(f"Device {number}", **values),
            inspected_on=inspected,
        )
        device = system.device_ids
        device._make_equipment()
        device.equipment_id.category_id = number % 2 and cls.kind
        life = Life(
            installed,
            first_day(installed, device.create_date.date(), inspected, BEGUN),
            last_day(removed, cls.today),
            tuple(cls._break(device) for _number in range(pick.randint(0, 9))),
        )
        return device, life

    @classmethod
    def _day(cls, first, last):
        start = date(first, 1, 1)
        return start + timedelta(cls.random.randrange((date(last, 1, 1) - start).days))

    @classmethod
    def _break(cls, device):
        day = cls._day(2021, 2026)
        if cls.random.random() < 0.5:
            cls._request(day, device)
        else:
            cls._ticket(f"{day} {cls.random.randint(0, 23):02}:30", device)
        return day

    def test_of_each_device_at_each_age(self):
        for device, life in self.lives.items():
            rows = {
                None if row.age == "unknown" else int(row.age): (
                    row.observed_days,
                    row.fault_count,
                )
                for row in self._rows(device)
            }
            self.assertEqual(rows, by_age(life), device.name)

    def test_of_a_category(self):
        seen = total(
            each
            for device, life in self.lives.items()
            if device.equipment_category_id == self.kind
            for each in by_age(life).values()
        )
        self.assertGreaterEqual(seen.faults, 3)
        with self.at_desk(TODAY):
            ((*sums, mean, yearly),) = self.env["service.agreement.fault"]._read_group(
                [("category_id", "=", self.kind.id)],
                [],
                [*FIRST, "days_between:avg", "faults_a_year:avg"],
            )
        self.assertEqual(tuple(sums), seen)
        self.assertAlmostEqual(mean, days_between(seen))
        self.assertAlmostEqual(yearly, faults_a_year(seen))

    def test_reading_it_takes_as_many_queries_of_more_devices(self):
        counts = []
        for number in (4, 4, 12):
            devices = self.env["service.agreement.device"].union(
                *list(self.lives)[:number]
            )
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            devices.mapped("fault_count")
            devices.mapped("product_fault_text")
            counts.append(self.env.cr.sql_log_count - before)
        self.assertEqual(*counts[1:])
