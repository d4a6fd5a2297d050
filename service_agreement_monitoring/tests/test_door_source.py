"""Sources: their secrets, and who sees what of them."""

from datetime import datetime

from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, TransactionCase, new_test_user, tagged

from ..tools.examples import BODIES
from .door_cases import NOW, DoorMixin


@tagged("post_install", "-at_install")
class TestDoorSource(DoorMixin, TransactionCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        groups = "base.group_user,service_agreement.group_%s"
        cls.manager = new_test_user(cls.env, "mona", groups=groups % "manager")
        cls.user = new_test_user(cls.env, "cora", groups=groups % "user")
        cls.technician = new_test_user(
            cls.env, "tom", groups="base.group_user,project.group_project_user"
        )

    def test_the_secret_is_shown_once_and_read_by_nobody(self):
        source = self.source.with_user(self.manager)
        wizard = self.env["service.monitoring.secret"].with_user(self.manager)
        action = wizard.create({"source_id": source.id}).action_make()
        shown = Form(wizard.with_context(**action["context"]))
        self.assertEqual(shown.secret, self.source.sudo().secret)
        for name in ("secret", "previous_secret"):
            with self.assertRaises(AccessError):
                source.read([name])
            with self.assertRaises(AccessError):
                source.search([(name, "like", "a")])
            with self.assertRaises(AccessError):
                source.write({name: "mine"})
        self.assertNotIn("secret", source.read()[0])
        self.assertNotIn(shown.secret, str(source.message_ids.mapped("body")))

    def test_changing_the_secret_keeps_the_old_one_for_a_week(self):
        with self.at(NOW):
            old = self.source.sudo().secret
            wizard = self.env["service.monitoring.secret"].create(
                {"source_id": self.source.id}
            )
            wizard.action_make()
            source = self.source.sudo()
            self.assertNotEqual(source.secret, old)
            self.assertEqual(source.previous_secret, old)
            self.assertEqual(
                source.previous_valid_until, datetime.fromisoformat("2026-03-13 15:00")
            )
            self.assertTrue(source.is_old_secret_valid)

    def test_only_an_administrator_sets_a_source_up(self):
        for user in (self.user, self.technician):
            source = self.source.with_user(user)
            self.assertEqual(source.name, "Network")
            with self.assertRaises(AccessError):
                source.name = "Mine"
            with self.assertRaises(AccessError):
                source._change_secret()
            for name in ("door_key", "address", "setup"):
                with self.assertRaises(AccessError):
                    source.read([name])

    def test_nobody_sets_by_hand_where_alerts_go(self):
        source = self.source.with_user(self.manager)
        for values in ({"door_key": "mine"}, {"last_heard_at": NOW}):
            with self.assertRaisesRegex(AccessError, "by hand"):
                source.write(values)

    def test_deliveries_and_events_stay_as_they_are(self):
        delivery = self._let_in()
        self._handle()
        for user in (self.manager, self.user, self.technician):
            for record in (delivery, delivery.event_ids):
                record = record.with_user(user)
                with self.assertRaises(AccessError):
                    record.write({"source_id": self.source.id})
                with self.assertRaises(AccessError):
                    record.unlink()
        with self.assertRaises(AccessError):
            delivery.with_user(self.user).read(["state"])
        self.assertTrue(delivery.event_ids.with_user(self.technician).alert_name)

    def test_a_source_that_was_heard_is_archived_not_deleted(self):
        self._let_in()
        self._handle()
        with self.assertRaisesRegex(UserError, "archive"):
            self.source.with_user(self.manager).unlink()
        unheard, _secret = self._create_source("Never used")
        unheard.with_user(self.manager).unlink()

    def test_another_company_sees_nothing(self):
        other = self.env["res.company"].create({"name": "Other Inc."})
        self.manager.write({"company_ids": other.ids, "company_id": other.id})
        self._let_in()
        self._handle()
        for model in ("source", "site", "delivery", "event", "tally"):
            records = self.env[f"service.monitoring.{model}"].with_user(self.manager)
            self.assertFalse(records.search([]), model)

    # Setting up

    def test_the_example_names_the_address_and_not_the_secret(self):
        for format, _label in self.source._fields["format"].selection:
            self.source.format = format
            for authentication in ("signed", "bearer", "basic"):
                self.source.authentication = authentication
                self.assertIn(self.source.address, self.source.setup)
                self.assertNotIn(self.secret, self.source.setup)

    def test_a_format_proposes_by_what_it_proves_itself(self):
        with Form(self.env["service.monitoring.source"]) as form:
            form.name = "New"
            self.assertEqual(form.authentication, "signed")
            form.format = "alertmanager"
            self.assertEqual(form.authentication, "bearer")

    def test_a_test_alert_shows_how_it_is_understood_and_is_handled(self):
        for format in BODIES:
            self.source.format = format
            attempt = self.env["service.monitoring.try"].with_user(self.manager)
            attempt = attempt.create({"source_id": self.source.id})
            self.assertIn("Firing", attempt.understood)
            action = attempt.action_send()
            delivery = self.deliveries.browse(action["res_id"])
            self.assertEqual(delivery.state, "new")
            with self.assertRaisesRegex(UserError, "just now"):
                attempt.action_send()
            self._handle()
            self.assertEqual(delivery.state, "parked")

    def test_a_test_of_what_cannot_be_read_says_why(self):
        attempt = self.env["service.monitoring.try"].create(
            {"source_id": self.source.id, "body": '{"alerts": []}'}
        )
        self.assertIn("$.alerts", attempt.understood)
        action = attempt.action_send()
        self.assertEqual(self.deliveries.browse(action["res_id"]).state, "refused")

    def test_nothing_is_sent_to_an_archived_source(self):
        attempt = self.env["service.monitoring.try"].create(
            {"source_id": self.source.id}
        )
        self.source.active = False
        with self.assertRaisesRegex(UserError, "is archived"):
            attempt.action_send()

    def test_who_may_not_set_up_a_source_sends_no_test(self):
        with self.assertRaises(AccessError):
            self.env["service.monitoring.try"].with_user(self.user).create(
                {"source_id": self.source.id, "body": "{}"}
            )
