"""Who comes in at the door, with what, and what it answers."""

import base64
import json
from datetime import timedelta

from odoo import fields
from odoo.tests import HttpCase, tagged
from odoo.tools import mute_logger

from ..controllers.door import MOST_BYTES
from ..models.service_monitoring_delivery_door import CRON
from ..tools import door as doors
from .door_cases import NOW, DoorMixin


@tagged("post_install", "-at_install")
class TestDoor(DoorMixin, HttpCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.signed, cls.signed_secret = cls._create_source("Signed")
        cls.other, cls.other_secret = cls._create_source(
            "Other", authentication="bearer"
        )

    def _post(self, body=None, headers=None, source=None, path=None):
        """:return: requests.Response"""
        path = path or f"/service/monitoring/{(source or self.source).door_key}"
        with mute_logger("odoo.http"):
            return self.opener.post(
                self.base_url() + path,
                data=self._get_body() if body is None else body,
                headers={"Content-Type": "application/json", **(headers or {})},
                timeout=60,
            )

    def _post_key(self, body=None, secret=None, **headers):
        key = {"Authorization": f"Bearer {secret or self.secret}"}
        return self._post(body, {**key, **headers})

    def _post_signed(self, body=None, secret=None, seconds=0):
        body = body or self._get_body()
        headers = self._sign(body, secret or self.signed_secret, seconds)
        return self._post(body, headers, self.signed)

    def _get_deliveries(self, source):
        self.env.invalidate_all()
        return self.deliveries.search([("source_id", "=", source.id)])

    def _check_refused(self, answer, source=None):
        self.assertEqual(answer.status_code, 401, answer.text)
        self.assertTrue(answer.headers["WWW-Authenticate"])
        self.assertFalse(self._get_deliveries(source or self.source))

    # Signed

    def test_what_is_signed_comes_in_and_is_kept_as_it_came(self):
        body = self._get_body()
        answer = self._post_signed(body)
        self.assertEqual(answer.status_code, 202, answer.text)
        self.assertEqual(answer.json()["status"], "accepted")
        delivery = self._get_deliveries(self.signed)
        self.assertEqual(delivery.body, body.decode())
        self.assertEqual(delivery.state, "new")
        self.assertEqual(delivery.external_id, answer.json()["delivery"])
        self.assertEqual(delivery.company_id, self.signed.company_id)

    def test_what_is_not_signed_or_by_another_is_refused(self):
        body = self._get_body()
        right = self._sign(body, self.signed_secret)
        signature = right[doors.SIGNATURE_HEADER]
        wrong = [
            {},
            {"Authorization": f"Bearer {self.signed_secret}"},
            self._sign(body, self.other_secret),
            self._sign(body[:-1], self.signed_secret),
            {**right, doors.SIGNATURE_HEADER: signature[:-1]},
            {**right, doors.SIGNATURE_HEADER: signature.removeprefix("sha256=")},
            {**right, doors.SIGNATURE_HEADER: "é"},
            {**right, doors.TIMESTAMP_HEADER: "1"},
            {doors.SIGNATURE_HEADER: signature},
        ]
        for headers in wrong:
            self._check_refused(self._post(body, headers, self.signed), self.signed)

    def test_a_body_that_was_cut_off_is_refused(self):
        body = self._get_body()
        answer = self._post(
            body[:-9], self._sign(body, self.signed_secret), self.signed
        )
        self._check_refused(answer, self.signed)

    def test_a_time_stamp_of_long_ago_or_ahead_is_refused(self):
        for seconds in (-301, 301, 10**6, -(10**9)):
            answer = self._post_signed(seconds=seconds)
            self._check_refused(answer, self.signed)
            self.assertIn("five minutes", answer.json()["error"])
        self.assertEqual(self._post_signed(seconds=-290).status_code, 202)

    def test_the_same_again_has_no_effect_and_not_for_ever(self):
        body = self._get_body()
        with self.at(NOW):
            headers = self._sign(body, self.signed_secret)
            self.assertEqual(self._post(body, headers, self.signed).status_code, 202)
            again = self._post(body, headers, self.signed)
            self.assertEqual(
                (again.status_code, again.json()["status"]), (200, "known")
            )
        with self.at("2026-03-06 15:05:01"):
            self.assertEqual(self._post(body, headers, self.signed).status_code, 401)
        self.assertEqual(len(self._get_deliveries(self.signed)), 1)

    # Keys and passwords

    def test_a_key_opens_its_own_source_only(self):
        basic = base64.b64encode(f"monitoring:{self.secret}".encode()).decode()
        for value in (
            "",
            "Bearer",
            "Bearer ",
            self.secret,
            f"Bearer {self.other_secret}",
            f"Bearer {self.secret[:-1]}",
            f"Bearer {self.secret}x",
            f"Basic {basic}",
            "Bearer é",
        ):
            self._check_refused(self._post(headers={"Authorization": value}))
        self.assertEqual(self._post_key().status_code, 202)

    def test_user_name_and_password(self):
        self.source.authentication = "basic"
        for user, password, code in (
            ("anybody", self.secret, 202),
            ("anybody", self.other_secret, 401),
            (self.secret, "", 401),
        ):
            value = base64.b64encode(f"{user}:{password}".encode()).decode()
            answer = self._post(headers={"Authorization": f"Basic {value}"})
            self.assertEqual(answer.status_code, code, (user, answer.text))
        answer = self._post(headers={"Authorization": "Basic ~~~"})
        self.assertEqual(answer.status_code, 401)

    def test_a_source_without_a_secret_lets_nobody_in(self):
        bare = self.env["service.monitoring.source"].create({"name": "Bare"})
        for authentication in ("bearer", "basic", "signed"):
            bare.authentication = authentication
            body = self._get_body()
            for headers in (
                {},
                {"Authorization": "Bearer "},
                {"Authorization": "Basic Og=="},
                self._sign(body, " "),
            ):
                self._check_refused(self._post(body, headers, bare), bare)

    def test_the_old_secret_is_good_until_its_day(self):
        old = self.secret
        with self.at(NOW):
            until = fields.Datetime.now() + timedelta(days=7)
            new = self.source._change_secret(until)
            for number, secret in enumerate((old, new)):
                header = {doors.DELIVERY_HEADER: str(number)}
                answer = self._post_key(secret=secret, **header)
                self.assertEqual(answer.status_code, 202)
        with self.at("2026-03-13 15:00:00"):
            self.assertEqual(self._post_key(secret=old).status_code, 401)
            self.assertEqual(self._post_key(secret=new).status_code, 202)

    def test_a_secret_changed_in_a_hurry_ends_at_once(self):
        old = self.secret
        self.source._change_secret()
        self.assertEqual(self._post_key(secret=old).status_code, 401)

    # Addresses

    def test_an_address_that_is_none_or_archived(self):
        for key in ("none", "%00", "%F0%9F%92%A5", f"{self.source.door_key}%00", "'--"):
            answer = self._post(path=f"/service/monitoring/{key}")
            self.assertEqual(answer.status_code, 404, key)
        self.source.active = False
        self.assertEqual(self._post_key().status_code, 404)
        self.source.active = True
        self.assertEqual(self._post_key().status_code, 202)

    def test_looking_at_the_address_shows_nothing(self):
        path = f"/service/monitoring/{self.source.door_key}"
        with mute_logger("odoo.http"):
            answer = self.opener.get(self.base_url() + path, timeout=60)
        self.assertEqual(answer.status_code, 405)

    def test_no_session_is_left_behind(self):
        self.assertNotIn("Set-Cookie", self._post_key().headers)

    # What cannot be read

    def test_what_is_no_json_is_kept_and_told(self):
        for number, body in enumerate((b"", b"{", b"\xff\x00", b"[" * 10**5, b"NaN")):
            answer = self._post_key(body)
            self.assertEqual(answer.status_code, 400, body[:9])
            self.assertEqual(answer.json()["status"], "refused")
            self.assertEqual(len(self._get_deliveries(self.source)), number + 1)
        states = set(self._get_deliveries(self.source).mapped("state"))
        self.assertEqual(states, {"refused"})

    def test_what_is_not_as_the_schema_says_is_kept_and_told_each_time(self):
        body = self._get_body(self._prepare_alert(status="perhaps"))
        for _time in range(2):
            answer = self._post_key(body)
            self.assertEqual(answer.status_code, 422)
            self.assertIn("$.alerts[0].status", answer.json()["error"])
        delivery = self._get_deliveries(self.source)
        self.assertEqual((len(delivery), delivery.state), (1, "refused"))
        self.assertEqual(delivery.reason, answer.json()["error"])

    def test_too_large(self):
        body = self._get_body(summary="x" * MOST_BYTES)
        self.assertEqual(self._post_key(body).status_code, 413)
        self.assertFalse(self._get_deliveries(self.source))

    def test_too_large_in_pieces(self):
        """Who does not say how much it is is stopped all the same."""
        pieces = (b"x" * 2**16 for _piece in range(20))
        self.assertEqual(self._post_key(pieces).status_code, 413)
        self.assertFalse(self._get_deliveries(self.source))

    def test_a_form_is_told_to_be_none(self):
        for kind in ("application/x-www-form-urlencoded", "multipart/form-data"):
            answer = self._post_key(**{"Content-Type": kind})
            self.assertEqual(answer.status_code, 415)

    def test_what_a_database_cannot_keep_is_left_out(self):
        body = self._get_body(
            self._prepare_alert(alert="a\0b", summary="\ud800", at="2026-03-06")
        )
        self.assertEqual(self._post_key(body).status_code, 202)
        self._run_cron(CRON)
        event = self._get_deliveries(self.source).event_ids
        self.assertEqual((event.alert_name, event.summary), ("ab", "?"))

    # How many

    def test_too_many_in_a_minute_are_asked_to_come_later(self):
        self.source.per_minute = 3
        with self.at("2026-03-06 15:00:20"):
            codes = [self._post_numbered(number).status_code for number in range(5)]
            self.assertEqual(codes, [202, 202, 202, 429, 429])
            answer = self._post_numbered(6)
            self.assertEqual(answer.headers["Retry-After"], "40")
            key = {"Authorization": f"Bearer {self.other_secret}"}
            self.assertEqual(
                self._post(headers=key, source=self.other).status_code, 202
            )
        with self.at("2026-03-06 15:01:00"):
            self.assertEqual(self._post_numbered(7).status_code, 202)
        self.assertEqual(len(self._get_deliveries(self.source)), 4)

    def test_who_does_not_belong_uses_nothing_up(self):
        self.source.per_minute = 1
        for _time in range(3):
            self.assertEqual(self._post_key(secret="x").status_code, 401)
        self.assertEqual(self._post_key().status_code, 202)

    def _post_numbered(self, number):
        return self._post_key(**{doors.DELIVERY_HEADER: f"number {number}"})

    # By what it is known

    def test_the_id_of_the_header_counts_before_that_of_the_body(self):
        body = self._get_body(delivery_id="of the body")
        first = self._post_key(body)
        self.assertEqual(first.json()["delivery"], "of the body")
        second = self._post_key(body, **{doors.DELIVERY_HEADER: "of the header"})
        self.assertEqual(second.json()["delivery"], "of the header")
        self.assertEqual(self._post_key(body).json()["status"], "known")

    def test_the_same_id_from_another_source_is_another_delivery(self):
        body = self._get_body(delivery_id="17")
        self.assertEqual(self._post_key(body).status_code, 202)
        key = {"Authorization": f"Bearer {self.other_secret}"}
        self.assertEqual(self._post(body, key, self.other).status_code, 202)

    def test_without_an_id_the_same_soon_is_the_same_and_later_a_reminder(self):
        body = self._get_body()
        for instant, code in (
            (NOW, 202),
            ("2026-03-06 15:04:59", 200),
            ("2026-03-06 15:05:00", 202),
        ):
            with self.at(instant):
                self.assertEqual(self._post_key(body).status_code, code, instant)

    def test_alertmanager_sends_the_same_group_in_another_order(self):
        self.source.format = "alertmanager"
        self.source.authentication = "bearer"
        alerts = [
            {
                "status": "firing",
                "labels": {"alertname": "Down", "instance": f"router-{number}"},
                "startsAt": "2026-03-06T14:00:00Z",
                "endsAt": "0001-01-01T00:00:00Z",
                "fingerprint": f"f{number}",
            }
            for number in range(2)
        ]

        def post(alerts):
            group = {"version": "4", "groupKey": "{}", "alerts": alerts}
            return self._post_key(json.dumps(group).encode()).status_code

        with self.at(NOW):
            self.assertEqual(post(alerts), 202)
            self.assertEqual(post(alerts[::-1]), 200)
            over = {**alerts[0], "status": "resolved", "endsAt": "2026-03-06T14:59:00Z"}
            self.assertEqual(post([over, alerts[1]]), 202)

    # Waking

    def test_many_deliveries_wake_the_job_once(self):
        cron = self.env.ref(CRON)
        calls = self.env["ir.cron.trigger"].search([("cron_id", "=", cron.id)])
        calls.unlink()
        for number in range(4):
            self.assertEqual(self._post_numbered(number).status_code, 202)
        calls = self.env["ir.cron.trigger"].search([("cron_id", "=", cron.id)])
        self.assertEqual(len(calls), 1)
