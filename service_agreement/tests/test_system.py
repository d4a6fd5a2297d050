import csv
from datetime import date

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Command
from odoo.tests import Form, new_test_user, tagged
from odoo.tools import file_open

from .common import PortalUsersMixin, ServiceAgreementCommon

TO_DO = "service_agreement.mail_activity_type_systems_differ"


class SystemCases(PortalUsersMixin, ServiceAgreementCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.theater = cls._create_system("Home Theater")
        cls.projector = cls.theater.device_ids

    @classmethod
    def _create_system(cls, name, customer=None, **values):
        return cls.env["service.agreement.system"].create(
            {
                "name": name,
                "partner_id": (customer or cls.customer).id,
                "company_id": cls.company.id,
                "device_ids": [
                    Command.create(
                        {
                            "name": "Projector",
                            "serial": f"SN-{name}",
                            "warranty_until": "2026-05-01",
                            "known_defect": "Fan is loud",
                        }
                    )
                ],
                **values,
            }
        )


@tagged("post_install", "-at_install")
class TestSystem(SystemCases):
    def test_a_defect_is_known_until_it_is_repaired(self):
        with self.at("2026-03-06 12:00:00"):
            self.assertTrue(self.projector.has_defect)
            self.assertEqual(self.theater.defect_count, 1)
            self.projector.action_repair()
            self.assertFalse(self.projector.has_defect)
            self.assertEqual(self.projector.defect_until, date(2026, 3, 6))
        body = self.theater.message_ids[0].body
        self.assertIn("Fan is loud", body)

    def test_devices_are_found_by_their_defect_and_the_end_of_their_warranty(self):
        Device = self.env["service.agreement.device"]
        with self.at("2026-03-06 12:00:00"):
            found = Device.search([("has_defect", "=", True)])
            self.assertIn(self.projector, found)
            self.assertTrue(self.projector.is_in_warranty)
            self.projector.action_repair()
            found = Device.search([("has_defect", "=", False)])
            self.assertIn(self.projector, found)
        with self.at("2026-05-02 12:00:00"):
            self.projector.invalidate_recordset(["is_in_warranty"])
            self.assertFalse(self.projector.is_in_warranty)

    def test_a_site_is_one_of_the_customers(self):
        stranger = self._create_customer("Stranger Inc.")
        with self.assertRaisesRegex(ValidationError, "no address"):
            self.theater.site_id = stranger

    def test_a_house_that_is_sold_takes_its_system_along(self):
        site = self.env["res.partner"].create(
            {"name": "Lake House", "parent_id": self.customer.id, "type": "other"}
        )
        self.theater.site_id = site
        buyer = self._create_customer("Buyer")
        self.theater.partner_id = buyer
        self.assertFalse(self.theater.site_id)
        self.assertEqual(self.projector.partner_id, buyer)
        self.assertEqual(buyer.service_system_count, 1)
        self.assertEqual(self.customer.service_system_count, 0)

    def test_customers_read_their_own_systems_and_no_others(self):
        stranger_company = self._create_customer("Stranger Inc.")
        carla = self._create_portal_user("carla", self.customer)
        stranger = self._create_portal_user("stranger", stranger_company)
        for record in (self.theater, self.projector):
            model = self.env[record._name]
            self.assertEqual(model.with_user(carla).search([]), record)
            self.assertEqual(record.with_user(carla).name, record.name)
            self.assertFalse(model.with_user(stranger).search([]))
            with self.assertRaises(AccessError):
                record.with_user(stranger).read(["name"])
            with self.assertRaises(AccessError):
                record.with_user(carla).write({"name": "Mine"})
        with self.assertRaises(AccessError):
            self.theater.with_user(carla).read(["note"])

    def test_another_company_sees_none(self):
        other = self.env["res.company"].create({"name": "Other"})
        user = new_test_user(
            self.env,
            login="elsewhere",
            groups="base.group_user,service_agreement.group_user",
            company_id=other.id,
            company_ids=[Command.set(other.ids)],
        )
        for model in (
            "service.agreement.system",
            "service.agreement.device",
            "service.agreement.rate",
            "service.agreement.coverage",
        ):
            own = [("company_id", "=", self.company.id)]
            self.assertFalse(self.env[model].with_user(user).search(own), model)

    def test_the_template_imports(self):
        [template] = self.env["service.agreement.system"].get_import_templates()
        with file_open(f"service_agreement{template['template'][18:]}") as file:
            names, *rows = csv.reader(file)
        paths = [name.split("/") for name in names]
        fields_of = {
            1: self.env["service.agreement.system"]._fields,
            2: self.env["service.agreement.device"]._fields,
        }
        for path in paths:
            self.assertIn(path[-1], fields_of[len(path)])
        rows = [[cell.replace("my_", "__import__.my_") for cell in row] for row in rows]
        result = self.env["service.agreement.system"].load(names, rows)
        self.assertFalse(result["messages"])
        systems = self.env["service.agreement.system"].browse(result["ids"])
        self.assertEqual(systems.partner_id, self.customer)
        self.assertEqual(systems.mapped("device_count"), [2, 1])


@tagged("post_install", "-at_install")
class TestSystemCount(SystemCases):
    def _to_dos(self, agreement):
        return agreement.activity_search([TO_DO])

    def test_more_systems_than_agreed_are_somebodys_to_do_once(self):
        agreement = self._create_active("2026-03-01", system_quantity=1)
        self.assertFalse(self._to_dos(agreement))
        network = self._create_system("Network")
        self._run_cron("service_agreement.ir_cron_lifecycle")
        self.assertEqual(agreement.system_count, 2)
        self.assertEqual(len(self._to_dos(agreement)), 1)
        network.active = False
        self.assertFalse(self._to_dos(agreement))

    def test_only_the_systems_that_are_named_count(self):
        self._create_system("Network")
        agreement = self._create_active(
            "2026-03-01", system_quantity=1, system_ids=[Command.set(self.theater.ids)]
        )
        self.assertEqual(agreement.system_count, 1)
        self.theater.partner_id = self._create_customer("Buyer")
        self.assertEqual(agreement.system_count, 0)
        self.assertEqual(len(self._to_dos(agreement)), 1)

    def test_systems_of_subsidiaries_count_where_they_are_covered(self):
        child = self._create_customer("Branch", parent_id=self.customer.id)
        self._create_system("Branch Office", child)
        agreement = self._create_agreement("2026-03-01")
        self.assertEqual(agreement.system_count, 1)
        agreement.coverage_ids.covers_children = True
        agreement.invalidate_recordset(["system_count"])
        self.assertEqual(agreement.system_count, 2)

    def test_what_is_covered_changes_while_it_is_in_force_and_is_logged(self):
        agreement = self._create_active("2026-03-01")
        salesman = new_test_user(
            self.env,
            login="seller",
            groups="base.group_user,service_agreement.group_user",
            company_id=self.company.id,
        )
        agreement = agreement.with_user(salesman).with_context(
            tracking_disable=False, mail_notrack=False
        )
        self.cr.precommit.run()
        agreement.system_ids = self.theater
        self.cr.precommit.run()
        tracked = (
            self.env["mail.tracking.value"]
            .sudo()
            .search(
                [
                    ("mail_message_id.model", "=", agreement._name),
                    ("mail_message_id.res_id", "=", agreement.id),
                ]
            )
        )
        self.assertIn("system_ids", tracked.field_id.mapped("name"))
        with self.assertRaises(UserError):
            agreement.system_quantity = 3


@tagged("post_install", "-at_install")
class TestDeviceAdd(SystemCases):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.amplifier = cls.env["product.product"].create(
            {"name": "Amplifier", "type": "consu"}
        )
        cls.invoice = cls._invoice(cls.customer, cls.amplifier, 3)
        cls.salesman = new_test_user(
            cls.env,
            login="seller",
            groups="base.group_user,service_agreement.group_user",
            company_id=cls.company.id,
        )

    @classmethod
    def _invoice(cls, customer, product, quantity):
        invoice = cls.env["account.move"].create(
            {
                "move_type": "out_invoice",
                "partner_id": customer.id,
                "invoice_date": "2026-02-10",
                "invoice_line_ids": [
                    Command.create({"product_id": product.id, "quantity": quantity}),
                    Command.create({"product_id": cls.product.id, "quantity": 1}),
                ],
            }
        )
        invoice.action_post()
        return invoice

    def _open(self, system=None):
        system = (system or self.theater).with_user(self.salesman)
        action = system.action_add_devices()
        return Form(
            self.env[action["res_model"]]
            .with_user(self.salesman)
            .with_context(**action["context"])
        )

    def _add(self, quantity, system=None):
        form = self._open(system)
        with form.line_ids.edit(0) as line:
            self.assertEqual(line.product_id, self.amplifier)
            line.is_chosen = True
            line.quantity = quantity
        form.save().action_confirm()

    def test_what_was_invoiced_becomes_devices(self):
        self._add(2)
        added = self.theater.device_ids - self.projector
        self.assertEqual(added.mapped("product_id"), self.amplifier)
        self.assertEqual(added.mapped("installed_on"), [date(2026, 2, 10)] * 2)
        self.assertEqual(added[0].warranty_until, date(2028, 2, 9))

    def test_what_is_in_a_system_is_not_offered_again(self):
        self._add(2)
        network = self._create_system("Network")
        with self.assertRaisesRegex(UserError, "between 1 and 1"):
            self._add(2, network)
        self._add(1, network)
        self.assertFalse(self._open().save().line_ids)

    def test_nothing_of_another_customer_is_offered(self):
        stranger = self._create_customer("Stranger Inc.")
        foreign = self._invoice(stranger, self.amplifier, 1)
        form = self._open()
        with form.line_ids.edit(0) as line:
            line.is_chosen = True
        wizard = form.save()
        self.assertEqual(len(wizard.line_ids), 1)
        foreign_line = foreign.invoice_line_ids[0]
        wizard.line_ids.write({"move_line_id": foreign_line.id, "quantity": 1})
        with self.assertRaises(UserError):
            wizard.action_confirm()

    def test_nothing_ticked_adds_nothing(self):
        with self.assertRaisesRegex(UserError, "Tick"):
            self._open().save().action_confirm()
