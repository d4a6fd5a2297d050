from datetime import date

from psycopg2.errors import UniqueViolation

from odoo.exceptions import AccessError, ValidationError
from odoo.tests import Form, tagged
from odoo.tools import mute_logger

from .common import TODAY, MaintenanceCommon


@tagged("post_install", "-at_install")
class TestEquipment(MaintenanceCommon):
    """A device is an equipment, which says what the device says."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.projector.write(
            {
                "serial": " PJ-1 ",
                "product_id": cls.product.id,
                "warranty_until": "2026-05-01",
            }
        )

    def _make(self, devices, user=None):
        """:return: str, what the user is told"""
        action = devices.with_user(user or self.salesman).action_make_equipment()
        return action["params"]["message"]

    def _create_equipment(self, **values):
        return self.env["maintenance.equipment"].create(
            {"name": "Known", "company_id": self.company.id, **values}
        )

    def test_a_click_makes_it_of_the_device(self):
        self.assertEqual(self._make(self.projector), "1 made.")
        equipment = self.projector.equipment_id
        self.assertRecordValues(
            equipment,
            [
                {
                    "name": "Projector",
                    "serial_no": "PJ-1",
                    "model": "Projector X1",
                    "warranty_date": date(2026, 5, 1),
                    "effective_date": date(2022, 3, 6),
                    "company_id": self.company.id,
                    "service_device_id": self.projector.id,
                    "service_partner_id": self.customer.id,
                    "service_system_id": self.theater.id,
                }
            ],
        )
        self.assertIn("all have", self._make(self.projector))
        self.assertEqual(self.projector.equipment_id, equipment)

    def test_one_with_the_serial_number_is_found_and_nothing_it_knew_is_lost(self):
        known = self._create_equipment(
            serial_no="PJ-1", cost=900, warranty_date="2027-01-01"
        )
        self.projector.warranty_until = False
        self.assertIn("1 found by serial", self._make(self.projector))
        self.assertEqual(self.projector.equipment_id, known)
        self.assertEqual(self.projector.warranty_until, date(2027, 1, 1))
        self.assertEqual((known.name, known.cost), ("Projector", 900))

    def test_one_that_is_something_else_is_not_taken_and_the_others_are_made(self):
        other = self.env["res.company"].create({"name": "Elsewhere"})
        self._create_equipment(serial_no="PJ-1", company_id=other.id)
        told = self._make(self.projector | self.amplifier)
        self.assertIn("1 made.", told)
        self.assertIn("Projector ( PJ-1 ). Correct one", told)
        self.assertFalse(self.projector.equipment_id)
        self.assertTrue(self.amplifier.equipment_id)

    def test_two_devices_with_one_serial_number_are_not_one_equipment(self):
        self.amplifier.serial = "PJ-1"
        told = self._make(self.projector | self.amplifier)
        self.assertIn("Amplifier (PJ-1). Correct one", told)
        self.assertTrue(self.projector.equipment_id)
        equipment = self.projector.equipment_id
        with (
            self.assertRaisesRegex(ValidationError, "as its device says"),
            self.env.cr.savepoint(),
        ):
            self.amplifier.equipment_id = equipment
        with (
            mute_logger("odoo.sql_db"),
            self.assertRaises(UniqueViolation),
            self.env.cr.savepoint(),
        ):
            self.env.cr.execute(
                "UPDATE service_agreement_device SET equipment_id = %s WHERE id = %s",
                [equipment.id, self.amplifier.id],
            )

    def test_the_category_is_that_of_others_or_of_the_products_category(self):
        self.product.categ_id = self.env["product.category"].create(
            {"name": "Projectors"}
        )
        self._make(self.projector)
        self.assertEqual(self.projector.equipment_category_id, self.kind)
        other = self.kind.copy({"name": "Beamers"})
        self.projector.equipment_id.category_id = other
        self.amplifier.product_id = self.product
        self._make(self.amplifier)
        self.assertEqual(self.amplifier.equipment_category_id, other)

    def test_what_the_device_says_from_then_on_the_equipment_says(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        self._make(self.projector)
        equipment = self.projector.equipment_id
        equipment.with_context(lang="fr_FR").name = "Projector"
        mine = self.projector.with_user(self.salesman)
        mine.write({"name": "Laser", "serial": "PJ-2", "warranty_until": False})
        self.assertRecordValues(
            equipment, [{"name": "Laser", "serial_no": "PJ-2", "warranty_date": False}]
        )
        self.assertEqual(equipment.with_context(lang="fr_FR").name, "Laser")

    def test_it_says_nothing_else(self):
        self._make(self.projector)
        equipment = self.projector.equipment_id.with_user(self.keeper)
        for name, value in (
            ("name", "Other"),
            ("serial_no", "PJ-9"),
            ("warranty_date", "2030-01-01"),
            ("effective_date", "2020-01-01"),
        ):
            with self.assertRaisesRegex(ValidationError, "as its device says"):
                equipment[name] = value
        equipment.write({"cost": 3, "category_id": self.kind.id})

    def test_what_is_archived_is_removed_and_scrapped_on_that_day(self):
        self._make(self.projector)
        with self.at_desk(TODAY):
            self.projector.active = False
        equipment = self.projector.equipment_id
        self.assertEqual(equipment.scrap_date, date(2026, 3, 6))
        self.assertFalse(equipment.active)
        self.projector.active = True
        self.assertFalse(self.projector.removed_on)
        self.assertRecordValues(equipment, [{"active": True, "scrap_date": False}])

    def test_an_equipment_is_of_the_same_company(self):
        other = self.env["res.company"].create({"name": "Elsewhere"})
        with self.assertRaisesRegex(ValidationError, "another company"):
            self.projector.equipment_id = self._create_equipment(company_id=other.id)

    def test_the_equipment_shows_agreement_and_next_visit(self):
        self._make(self.projector)
        equipment = self.projector.equipment_id
        gold = self._create_tier("Gold", 199.0, 90)
        self.env["service.agreement.visit.plan"].create(
            {"tier_id": gold.id, "months": "3, 9"}
        )
        with self.at_desk(TODAY):
            self.assertEqual(equipment.service_agreement_id, self.agreement)
            self.assertFalse(equipment.service_visit_on)
            # A better one, but of something else.
            elsewhere = self._create_system("Network")
            self._cover_by(gold, elsewhere)
            equipment.invalidate_recordset()
            self.assertEqual(equipment.service_agreement_id, self.agreement)
            mine = self._cover_by(gold, self.theater)
            equipment.invalidate_recordset()
            self.assertEqual(equipment.service_agreement_id, mine)
            seen = equipment.with_user(self.agent)
            self.assertEqual(seen.service_tier_id, gold)
            self.assertEqual(seen.service_visit_on, min(mine.visit_ids.mapped("date")))

    def _cover_by(self, tier, system):
        return self._create_active("2026-02-01", tier_id=tier.id, system_ids=system.ids)

    def test_devices_lead_to_tickets_and_requests(self):
        self._make(self.projector)
        ticket = self._ticket("2026-03-01 10:00", self.projector)
        request = self._request("2026-03-02", self.projector)
        device = self.projector.with_user(self.agent)
        self.assertEqual((device.ticket_count, device.request_count), (1, 1))
        found = self.env["project.task"].search(device.action_view_tickets()["domain"])
        self.assertEqual(found, ticket)
        equipment = device.equipment_id
        self.assertEqual(equipment.service_ticket_count, 1)
        action = equipment.action_view_service_tickets()
        self.assertEqual(action["domain"], [("device_id", "=", device.id)])
        action = device.action_view_requests()
        found = self.env["maintenance.request"].with_user(self.agent)
        self.assertEqual(found.search(action["domain"]), request)
        self.assertEqual(device.action_view_equipment()["res_id"], equipment.id)

    # Who may

    def test_a_technician_reads_customers_equipment_and_no_other(self):
        self._make(self.projector)
        desk = self._create_equipment(name="Our coffee machine")
        seen = self.env["maintenance.equipment"].with_user(self.agent).search([])
        self.assertIn(self.projector.equipment_id, seen)
        self.assertNotIn(desk, seen)
        with self.assertRaises(AccessError):
            seen[0].name = "Mine"
        with self.assertRaises(AccessError):
            self._make(self.amplifier, self.agent)
        seen = self.env["maintenance.equipment"].with_user(self.employee).search([])
        self.assertFalse(seen)

    def test_a_salesman_links_none_by_hand_a_manager_does(self):
        machine = self._create_equipment(name="Our coffee machine")
        with self.assertRaises(AccessError):
            self.projector.with_user(self.salesman).equipment_id = machine
        self.projector.with_user(self.manager).equipment_id = machine
        self.assertEqual(machine.name, "Projector")

    def test_who_keeps_equipment_only_reads_the_form(self):
        self._make(self.projector)
        equipment = self.projector.equipment_id.with_user(self.keeper)
        with Form(equipment) as form:
            form.cost = 12
        with Form(self.projector.with_user(self.salesman)) as form:
            form.removed_on = "2026-03-01"
        self.assertEqual(equipment.scrap_date, date(2026, 3, 1))

    def test_what_is_no_customers_is_kept_as_ever(self):
        machine = self._create_equipment(name="Our coffee machine")
        with Form(machine.with_user(self.keeper)) as form:
            form.name = "Our tea machine"
        self.assertEqual(machine.name, "Our tea machine")
        both = machine | self._create_equipment(name="Our van")
        self.assertFalse(any(both.mapped("service_tier_id")))
        self.assertEqual(both.mapped("service_visit_on"), [False, False])
        with Form(self.env["maintenance.equipment"].with_user(self.keeper)) as form:
            form.name = "Our second van"

    def test_a_portal_user_makes_and_reads_none(self):
        self._make(self.amplifier)
        carla = self._create_portal_user("carla", self.customer)
        with self.assertRaises(AccessError):
            self._make(self.projector, carla)
        with self.assertRaises(AccessError):
            self.env["maintenance.equipment"].with_user(carla).search([])
        device = self.amplifier.with_user(carla)
        for name in ("equipment_id", "fault_count", "product_fault_text"):
            with self.assertRaises(AccessError):
                device.read([name])
        with self.assertRaises(AccessError):
            device.action_view_equipment()

    def test_a_deleted_equipment_leaves_the_device(self):
        self._make(self.projector)
        self.projector.equipment_id.with_user(self.keeper).unlink()
        self.assertFalse(self.projector.equipment_id)
