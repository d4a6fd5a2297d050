from lxml import html

from odoo.tests import HttpCase, tagged

from ..tools.faults import DAYS_A_YEAR
from .common import TODAY, MaintenanceCommon


@tagged("post_install", "-at_install")
class TestFaultSheet(MaintenanceCommon, HttpCase):
    """The expectation sheet tells how often things break, as far as we know."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # Four customers with three projectors each, of which one had four faults.
        cls.customers = [cls.customer, *map(cls._create_customer, ("Bo", "Cy", "Di"))]
        devices = cls.env["service.agreement.device"]
        for customer in cls.customers:
            projectors = [cls._device(f"Projector {number}") for number in range(3)]
            devices |= cls._create_system(
                "Room", *projectors, partner_id=customer.id
            ).device_ids
        devices._make_equipment()
        devices.equipment_id.category_id = cls.kind
        cls.projectors = devices
        for month in range(1, 5):
            cls._ticket(f"2025-0{month}-03 10:00", devices[0])

    def _sheet(self, report="action_report_sheet", record=None):
        with self.at_desk(TODAY):
            content, _type = self.env["ir.actions.report"]._render_qweb_html(
                f"service_agreement.{report}", (record or self.agreement).ids
            )
        return " ".join(html.fromstring(content).text_content().split())

    def test_the_number_is_that_of_the_report(self):
        with self.at_desk(TODAY):
            ((mean,),) = self.env["service.agreement.fault"]._read_group(
                [("category_id", "=", self.kind.id)], [], ["days_between:avg"]
            )
        years = round(mean / DAYS_A_YEAR)
        self.assertEqual(years, 12)
        words = f"Projectors: about one fault a year for every {years} of them."
        self.assertIn(words, self._sheet())

    def test_in_the_customers_language(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        self.kind.with_context(lang="fr_FR").name = "Projecteurs"
        self.customer.lang = "fr_FR"
        self.assertIn("Projecteurs", self._sheet())

    def test_where_things_break_often(self):
        """Ten more faults: of 14 years of projectors, then of three."""
        for day in range(1, 11):
            self._request(f"2026-02-{day:02}", self.projectors[3])
        self.projectors.installed_on = "2025-01-01"
        self.assertIn("Projectors: each has about one fault a year.", self._sheet())
        self.projectors.installed_on = "2025-12-01"
        self.assertIn("Projectors: each has about 3 faults a year.", self._sheet())

    def test_it_says_nothing_of_few_faults_devices_or_customers(self):
        self.assertIn("Projectors", self._sheet())
        tickets = self.env["project.task"].search(
            [("device_id", "=", self.projectors[0].id)], limit=2
        )
        for ticket in tickets:
            self._move(ticket, "cancelled", "2025-06-01 10:00")
        self.assertNotIn("Projectors", self._sheet())
        for ticket in tickets:
            self._move(ticket, "In Progress", "2025-06-02 10:00")
        self.assertIn("Projectors", self._sheet())
        few = self.projectors[-3:]
        few.equipment_id.category_id = False
        self.assertNotIn("Projectors", self._sheet())
        few.equipment_id.category_id = self.kind
        for system in self.projectors.system_id[2:]:
            system.partner_id = self.customer
        self.assertNotIn("Projectors", self._sheet())

    def test_only_of_what_the_customer_has(self):
        stranger = self._create_customer("Stranger Inc.")
        agreement = self._create_active("2026-01-01", partner_id=stranger.id)
        self.assertNotIn("Projectors", self._sheet(record=agreement))
        self.assertNotIn(
            "Projectors", self._sheet("action_report_tier_sheet", self.tier)
        )

    def test_of_another_companys_devices_it_says_nothing(self):
        other = self.env["res.company"].create({"name": "Elsewhere"})
        fault = self.env["service.agreement.fault"]
        with self.at_desk(TODAY):
            self.assertTrue(fault._observe_kinds(self.company, self.kind))
            self.assertFalse(fault._observe_kinds(other, self.kind))

    def test_a_customer_reads_it_in_the_portal(self):
        self._create_portal_user("carla", self.customer)
        self.authenticate("carla", "carla")
        page = f"/my/agreements/{self.agreement.id}/document/sheet"
        response = self.url_open(page)
        self.assertEqual(response.status_code, 200)
        text = " ".join(html.fromstring(response.text).text_content().split())
        self.assertIn("Projectors: about one fault a year for every", text)
