"""What becomes of a delivery: events, in order, and none holds up another."""

import json
from datetime import datetime, timedelta

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import TransactionCase, new_test_user, tagged
from odoo.tools import mute_logger

from ..models.service_monitoring_delivery_door import CRON
from .door_cases import NOW, DoorMixin


@tagged("post_install", "-at_install")
class TestDoorHandling(DoorMixin, TransactionCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.site = cls._create_site("lake", partner_id=cls.customer.id)
        cls.events = cls.env["service.monitoring.event"]

    def _get_events(self):
        return self.events.search([("source_id", "=", self.source.id)], order="id")

    # Events

    def test_a_delivery_becomes_events_that_are_handed_on(self):
        with self.at(NOW):
            delivery = self._let_in(
                self._prepare_alert(
                    device="router",
                    severity="critical",
                    at="2026-03-06T15:30:00+01:00",
                    summary="Gone",
                    url="https://watch.example.com/7",
                ),
                self._prepare_alert(status="resolved", key="own"),
                self._prepare_alert(alert="Alive", status="heartbeat"),
            )
            taken = self._handle()
        self.assertEqual([event.delivery_id for event in taken], [delivery] * 3)
        first, second, third = delivery.event_ids.sorted("position")
        self.assertEqual(
            (first.key, first.status, first.severity, first.summary, first.url),
            (
                "Offline @ lake / router",
                "firing",
                "critical",
                "Gone",
                "https://watch.example.com/7",
            ),
        )
        half_past = datetime.fromisoformat("2026-03-06 14:30")
        self.assertEqual(first.happened_at, half_past)
        self.assertEqual(first.site_id.parent_id, self.site)
        self.assertEqual(first.site_id.partner_id, self.customer)
        self.assertEqual((second.key, second.status), ("own", "resolved"))
        self.assertEqual(second.happened_at, datetime.fromisoformat(NOW))
        self.assertEqual(third.status, "heartbeat")
        self.assertEqual((delivery.state, delivery.reason), ("done", False))
        self.assertEqual(self.source.last_heard_at, datetime.fromisoformat(NOW))
        self.assertEqual(first.site_id.last_heard_at, datetime.fromisoformat(NOW))

    def test_they_are_handed_on_as_they_came(self):
        for number in range(3):
            self._let_in(
                self._prepare_alert(alert=f"{number} a"),
                self._prepare_alert(alert=f"{number} b"),
            )
        taken = [event.alert_name for event in self._handle()]
        self.assertEqual(taken, ["0 a", "0 b", "1 a", "1 b", "2 a", "2 b"])
        self.assertFalse(self._handle())

    def test_signs_of_life_only_say_that_all_is_well(self):
        self._let_in(self._prepare_alert(alert="watchdog"))
        self._handle()
        self.assertEqual(self._get_events().status, "heartbeat")

    def test_many_take_no_more_queries_than_few(self):
        def count(number, run):
            for each in range(number):
                alert = self._prepare_alert(
                    site=f"site-{run}-{each}", device=f"device-{each}"
                )
                self._let_in(alert)
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            with self._taking(lambda events: None):
                self.deliveries.search([("state", "=", "new")])._make_events()
                events = self.events._get_to_hand_on(200)
                events.delivery_id._hand_on(events)
            return self.env.cr.sql_log_count - before

        count(2, "warm")
        few, many = count(10, "few"), count(40, "many")
        self.assertLessEqual(many - few, 15)

    # One that fails

    def _fail_on(self, name, error):
        def take(events):
            taken.extend(events)
            if name in events.mapped("alert_name"):
                raise error

        taken = []
        return take

    def test_one_that_fails_is_parked_and_the_others_go_on(self):
        good = self._let_in(self._prepare_alert(alert="First"))
        bad = self._let_in(self._prepare_alert(alert="Bad"))
        last = self._let_in(self._prepare_alert(alert="Last"))
        with self._taking(self._fail_on("Bad", UserError("The desk is closed."))):
            self._run_handling()
        self.assertEqual((good | last).mapped("state"), ["done", "done"])
        self.assertEqual((bad.state, bad.reason), ("parked", "The desk is closed."))
        self.assertTrue(bad.event_ids.is_stuck)
        self.assertTrue(last.event_ids.handed_at)
        self.assertFalse(bad.event_ids.handed_at)

    def _run_handling(self):
        self._run_cron(CRON)

    def test_an_error_that_nobody_thought_of_holds_up_nothing(self):
        bad = self._let_in(self._prepare_alert(alert="Bad"))
        good = self._let_in(self._prepare_alert(alert="Good"))
        logger = "odoo.addons.service_agreement_monitoring"
        with (
            mute_logger(f"{logger}.models.service_monitoring_delivery_handling"),
            self._taking(self._fail_on("Bad", TypeError("a secret of the code"))),
        ):
            self._run_handling()
        self.assertEqual((bad.state, good.state), ("parked", "done"))
        self.assertNotIn("secret", bad.reason)

    def test_a_parked_one_is_tried_again_by_its_button(self):
        bad = self._let_in(self._prepare_alert(alert="Bad"))
        with self._taking(self._fail_on("Bad", UserError("No."))):
            self._run_handling()
        self.assertFalse(self._handle())
        groups = "base.group_user,service_agreement.group_%s"
        user = new_test_user(self.env, "cora", groups=groups % "user")
        with self.assertRaises(AccessError):
            bad.with_user(user).action_try_again()
        manager = new_test_user(self.env, "mona", groups=groups % "manager")
        bad.with_user(manager).action_try_again()
        self.assertEqual([event.alert_name for event in self._handle()], ["Bad"])
        self.assertEqual((bad.state, bad.reason), ("done", False))
        self.assertEqual(len(bad.event_ids), 1)

    def test_what_is_done_is_not_done_again(self):
        delivery = self._let_in()
        self._handle()
        delivery.action_try_again()
        self.assertFalse(self._handle())
        self.assertEqual(delivery.state, "done")

    # Mapping

    def _map(self, **paths):
        self.source.write({"format": "mapped", **paths})
        self.source.authentication = "bearer"

    def test_a_format_of_ones_own(self):
        self._map(
            map_alerts="data.events",
            map_site="place.id",
            map_site_name="place.name",
            map_alert="what|name",
            map_status="state",
            map_firing="down, warning",
            map_resolved="UP",
            map_severity="level",
            map_critical="5",
            map_time="ts",
            map_delivery="message",
        )
        body = {
            "message": 77,
            "data": {
                "events": [
                    {
                        "place": {"id": 4, "name": "Lake House"},
                        "name": "Ping",
                        "state": "Down",
                        "level": 5,
                        "ts": 1772809200,
                    },
                    {"place": {"id": 4}, "what": "Ping", "state": "up"},
                ]
            },
        }
        with self.at(NOW):
            delivery = self._let_in(body=json.dumps(body).encode())
            self._handle()
        self.assertEqual(delivery.external_id, "77")
        first, second = delivery.event_ids.sorted("position")
        self.assertEqual((first.status, first.severity), ("firing", "critical"))
        self.assertEqual(second.status, "resolved")
        self.assertEqual(first.key, second.key)
        self.assertEqual(first.site_id.name, "Lake House")
        self.assertEqual(first.site_id.external_ref, "4")

    def test_what_a_wrong_mapping_refused_is_read_with_the_right_one(self):
        self._map(map_site="house", map_alert="what")
        body = json.dumps({"site": "lake", "what": "Ping"}).encode()
        headers = {"Authorization": f"Bearer {self.secret}"}
        answer = self.deliveries._receive(self.source.door_key, headers, body)
        self.assertEqual(answer.code, 422)
        delivery = self.deliveries.search([("source_id", "=", self.source.id)])
        self.assertIn("house", delivery.reason)
        self._map(map_site="site")
        delivery.action_try_again()
        self.assertEqual([event.site_id for event in self._handle()], [self.site])
        self.assertEqual((delivery.state, delivery.reason), ("done", False))

    def test_what_a_new_mapping_cannot_read_is_refused_not_lost(self):
        delivery = self._let_in()
        self._map(map_site="house", map_alert="what")
        self.assertFalse(self._handle())
        self.assertEqual(delivery.state, "refused")
        self.assertIn("house", delivery.reason)

    # Keeping

    def test_what_is_done_is_deleted_after_its_days_and_what_waits_is_not(self):
        self.source.keep_days = 30
        with self.at(NOW):
            done = self._let_in()
            waits = self._let_in(self._prepare_alert(site="unknown"))
            self._handle()
            event = done.event_ids
        with self.at(fields.Datetime.to_datetime(NOW) + timedelta(days=30)):
            self.deliveries._gc_done()
            self.assertTrue(done.exists())
        with self.at(fields.Datetime.to_datetime(NOW) + timedelta(days=31)):
            self.deliveries._gc_done()
        self.assertFalse(done.exists())
        self.assertTrue(waits.exists())
        self.assertTrue(event.exists())
        self.assertTrue(event.handed_at)
