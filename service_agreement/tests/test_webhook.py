import hashlib
import hmac
import json
from datetime import timedelta
from pathlib import Path
from unittest.mock import patch

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Command
from odoo.modules import get_module_path
from odoo.tests import new_test_user, tagged
from odoo.tools import mute_logger

from ..models.service_webhook import EVENTS, get_switch
from .test_portal import PIXEL
from .test_sla_warning import CRON as WARN_CRON
from .test_sla_warning import WarningCommon
from .webhook_cases import Receiver

CRON = "service_agreement.ir_cron_webhooks"
MODELS = "odoo.addons.service_agreement.models"
SECRET = "a secret of sixteen"


@tagged("post_install", "-at_install")
class TestWebhook(WarningCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.hooks = cls.env["service.webhook"]
        cls.deliveries = cls.env["service.webhook.delivery"]
        cls.hook = cls._create_hook("https://hooks.example.com/service")

    @classmethod
    def _create_hook(cls, url, **values):
        return cls.hooks.create(
            {"name": "Centre", "url": url, "secret": SECRET, **values}
        )

    def _told(self, *events):
        """:return: list of (event, data) of what waits, oldest first"""
        self.env.flush_all()
        self.env.cr.precommit.run()
        found = self.deliveries.search([], order="id")
        return [
            (each.event, json.loads(each.body)["data"])
            for each in found
            if not events or each.event in events
        ]

    def _names(self):
        return [event for event, _data in self._told()]

    # What is told

    def test_signed_in_the_portal(self):
        offer = self._create_agreement("2026-03-01", client_order_ref="PO 7")
        offer.external_reference = "CRM-7"
        offer._propose()
        with self.at("2026-02-20 10:00:00"):
            offer._accept("Carla Whitfield", PIXEL)
            ((event, data),) = self._told()
        self.assertEqual(event, "agreement.signed")
        self.assertEqual(data["customer"]["name"], "Whitfield Residence")
        told = data["agreement"]
        self.assertEqual(
            (told["id"], told["reference"], told["tier"]["name"], told["start"]),
            (offer.id, "CRM-7", "Silver", "2026-03-01"),
        )
        self.assertEqual(
            (told["state"], told["signed_by"], told["signed_at"]),
            ("active", "Carla Whitfield", "2026-02-20T10:00:00Z"),
        )
        self.assertNotIn("149", str(data), "There are no amounts in it.")

    def test_signed_on_paper_once_also_after_a_pause(self):
        agreement = self._create_active("2026-03-01")
        self.assertEqual(self._names(), ["agreement.signed"])
        with self.at("2026-03-10 12:00:00"):
            agreement.action_suspend()
            agreement.action_resume()
        self.assertEqual(self._names(), ["agreement.signed"])

    def test_ended_and_not_what_was_never_in_force(self):
        with self.at("2026-03-10 12:00:00"):
            self.agreement._end(self.company._service_today(), "cancelled")
            self.assertEqual(self._names(), [], "It still holds today.")
            offer = self._create_agreement("2026-05-01")
            offer._propose()
            offer._end(self.company._service_today(), "cancelled")
        with self.at("2026-03-11 12:00:00"):
            self._run_cron("service_agreement.ir_cron_lifecycle")
            ((event, data),) = self._told()
        self.assertEqual(event, "agreement.ended")
        self.assertEqual(
            (data["agreement"]["id"], data["agreement"]["end_reason"]),
            (self.agreement.id, "cancelled"),
        )

    def test_a_ticket_is_promised_at_risk_missed(self):
        ticket = self._open("2026-03-06 15:00")
        ((event, data),) = self._told()
        self.assertEqual(event, "ticket.promised")
        self.assertEqual(
            data["ticket"],
            {
                "id": ticket.id,
                "model": "project.task",
                "reference": ticket._ticket_reference(),
                "name": ticket.display_name,
            },
        )
        self.assertEqual(data["agreement"]["name"], self.agreement.name)
        self.assertEqual(
            data["promises"],
            [{"metric": "first_response", "due_at": "2026-03-09T10:00:00Z"}],
        )
        for wall, event in (
            ("2026-03-06 17:01", None),
            ("2026-03-09 10:00:01", ("ticket.at_risk", "at_risk", 75)),
            ("2026-03-09 10:40", ("ticket.at_risk", "at_risk", 90)),
            ("2026-03-09 11:01", ("ticket.missed", "missed", None)),
        ):
            known = len(self._told())
            with self.at_desk(wall):
                self._run_cron(WARN_CRON)
                news = self._told()[known:]
            found = [(e, d["promise"]["state"], d.get("used_percent")) for e, d in news]
            self.assertEqual(found, [event] if event else [], wall)
        # Answered too late: that changes nothing of it.
        self._answer(ticket, "2026-03-09 12:00")
        self.assertEqual(len(self._told()), 4)

    def test_kept_when_it_is_answered_in_time(self):
        ticket = self._open("2026-03-06 15:00")
        self._answer(ticket, "2026-03-06 16:00")
        ((_event, data),) = self._told("ticket.kept")
        self.assertEqual(
            (data["promise"]["state"], data["promise"]["done_at"]),
            ("met", "2026-03-06T15:00:00Z"),
        )

    def test_promised_and_kept_at_once_are_told_in_that_order(self):
        with self.at_desk("2026-03-06 15:00"):
            ticket = self.env["project.task"].create(self._prepare_ticket_values())
            ticket._ticket_record("answered", author=self.agent.partner_id)
            self.assertEqual(self._names(), ["ticket.promised", "ticket.kept"])

    def test_missed_long_ago_is_no_news(self):
        self._open("2026-03-06 15:00")
        with self.at("2026-04-20 12:00:00"):
            self._run_cron(WARN_CRON)
            self.assertEqual(self._names(), ["ticket.promised"])

    def test_another_promise_is_told_again(self):
        ticket = self._open("2026-03-06 15:00")
        with self.at_desk("2026-03-06 15:30"):
            ticket.action_ticket_apply_promise()
            self.assertEqual(self._names(), ["ticket.promised"] * 2)

    def test_only_what_was_chosen_for_the_tier_and_the_company(self):
        gold = self._create_tier("Gold", 299.0, 30)
        other = self.env["res.company"].create({"name": "Other"})
        self.hook.write({"on_ticket_promised": False})
        self._create_hook("https://a.example.com", tier_ids=[Command.set(gold.ids)])
        self._create_hook("https://b.example.com", company_id=other.id)
        self._create_hook("https://c.example.com", active=False)
        mine = self._create_hook(
            "https://d.example.com", tier_ids=[Command.set(self.tier.ids)]
        )
        self._open("2026-03-06 15:00")
        self.assertEqual(self._names(), ["ticket.promised"])
        self.assertEqual(self.deliveries.search([]).webhook_id, mine)

    def test_every_event_has_its_switch(self):
        for event, _label in EVENTS:
            self.assertIn(get_switch(event), self.hook._fields)

    def test_what_is_rolled_back_is_told_to_nobody(self):
        with self.assertRaises(UserError), self.env.cr.savepoint():
            self._open("2026-03-06 15:00")
            raise UserError(self.env._("No."))
        self.assertEqual(self._names(), [])

    def test_without_webhooks_a_ticket_costs_no_query_more(self):
        def count():
            self.env.flush_all()
            before = self.env.cr.sql_log_count
            self._open("2026-03-06 15:00")
            return self.env.cr.sql_log_count - before

        self.hook.active = False
        count()
        without = count()
        with patch(f"{MODELS}.service_webhook_events.ServiceWebhook._note"):
            self.assertEqual(count(), without)

    def test_many_tickets_are_told_of_together(self):
        def count(number):
            self.env.flush_all()
            before = self.env.cr.sql_log_count
            with self.at_desk("2026-03-06 15:00"):
                self.env["project.task"].create(
                    [self._prepare_ticket_values() for _ticket in range(number)]
                )
                self._write_down()
                self.env.flush_all()
            return self.env.cr.sql_log_count - before

        def cost(number):
            self.hook.active = False
            without = count(number)
            self.hook.active = True
            return count(number) - without

        cost(2)
        self.assertLessEqual(cost(12), cost(6) + 4)

    # Sending

    def _queue(self, hook, *records):
        """Something that happened to each of these."""
        told = [(hook, record, {"number": n}) for n, record in enumerate(records)]
        return self.deliveries._create_for("ticket.kept", told)

    def _send(self):
        with mute_logger(f"{MODELS}.service_webhook_delivery"):
            self._run_cron(CRON)

    def test_it_is_signed_as_documented(self):
        with Receiver() as receiver, self.at("2026-03-06 15:00:00"):
            self.hook.url = receiver.url
            delivery = self._queue(self.hook, self.agreement)
            self._send()
        ((path, headers, body),) = receiver.received
        self.assertEqual(path, "/hook?token=hidden")
        self.assertEqual(headers["X-Service-Delivery"], delivery.key)
        self.assertEqual(headers["X-Service-Timestamp"], "1772809200")
        signed = b"1772809200." + body
        expected = hmac.new(SECRET.encode(), signed, hashlib.sha256).hexdigest()
        self.assertEqual(headers["X-Service-Signature"], f"sha256={expected}")
        self.assertEqual(headers["Content-Type"], "application/json")
        told = receiver.received[0].data
        self.assertEqual(told["id"], delivery.key)
        self.assertEqual(told["company"]["id"], self.company.id)
        self.assertEqual((told["event"], told["data"]), ("ticket.kept", {"number": 0}))
        self.assertEqual(
            (delivery.state, delivery.attempts, delivery.answer_code), ("sent", 1, 200)
        )

    def test_it_is_tried_again_with_the_same_id_and_body(self):
        with Receiver(500, 200) as receiver:
            self.hook.url = receiver.url
            delivery = self._queue(self.hook, self.agreement)
            self._send()
            self.assertEqual((delivery.state, delivery.attempts), ("waiting", 1))
            self.assertIn("refused it (HTTP 500)", delivery.answer)
            self._send()
            self.assertEqual(len(receiver.received), 1, "Not before its time.")
            self._let_pass(delivery)
            self._send()
        first, second = receiver.received
        self.assertEqual(delivery.state, "sent")
        self.assertEqual(first.body, second.body)
        name = "X-Service-Delivery"
        self.assertEqual(first.headers[name], second.headers[name])

    def test_given_up_after_two_days_somebody_is_told_once(self):
        with Receiver(503) as receiver:
            self.hook.url = receiver.url
            deliveries = self._queue(self.hook, self.agreement, self.agreement)
            first, second = deliveries.sorted("id")
            for _time in range(20):
                self._let_pass(first | second)
                self._send()
        self.assertEqual(set(deliveries.mapped("state")), {"given_up"})
        self.assertEqual(deliveries.mapped("attempts"), [8, 8])
        self.assertEqual(len(receiver.received), 16)
        activity = self.hook.activity_ids
        self.assertEqual((len(activity), activity.user_id), (1, self.env.user))

    def test_what_happened_to_a_record_arrives_in_order(self):
        with Receiver(500, 200) as receiver:
            self.hook.url = receiver.url
            first, second = self._queue(self.hook, self.agreement, self.agreement)
            (other,) = self._queue(self.hook, self.customer)
            self._send()
            self.assertEqual([first.attempts, second.attempts], [1, 0])
            self.assertEqual(other.attempts, 0, "Who does not answer is left alone.")
            self._send()
            self.assertEqual((other.state, second.state), ("sent", "waiting"))
            self._let_pass(first)
            self._send()
        self.assertEqual((first.state, second.state), ("sent", "sent"))
        numbers = [each.data["data"]["number"] for each in receiver.received]
        self.assertEqual(numbers, [0, 0, 0, 1])

    def test_nobody_waits_for_a_receiver_that_does_not_answer(self):
        with Receiver() as receiver:
            dead = self._create_hook("http://127.0.0.1:9/")
            alive = self._create_hook(receiver.url)
            lost = self._queue(dead, self.agreement, self.customer)
            told = self._queue(alive, self.agreement, self.customer)
            self._send()
        self.assertEqual(set(told.mapped("state")), {"sent"})
        self.assertEqual(sum(lost.mapped("attempts")), 1)
        self.assertEqual(
            (lost.filtered("attempts").answer), "The address could not be reached."
        )

    def test_redirects_are_not_followed(self):
        with Receiver(302) as receiver:
            self.hook.url = receiver.url
            delivery = self._queue(self.hook, self.agreement)
            self._send()
        self.assertEqual(len(receiver.received), 1)
        self.assertIn("leads to another address", delivery.answer)

    def test_no_secret_is_written_down(self):
        self.hook.url = "http://127.0.0.1:9/hook?token=hidden"
        delivery = self._queue(self.hook, self.agreement)
        with self.assertLogs(f"{MODELS}.service_webhook_delivery", "DEBUG") as logs:
            self._run_cron(CRON)
        for text in (*logs.output, delivery.answer, delivery.body):
            self.assertNotIn("hidden", text)
            self.assertNotIn(SECRET, text)

    def test_a_test_says_at_once_whether_it_was_received(self):
        with Receiver(200, 404) as receiver:
            self.hook.url = receiver.url
            told = self.hook.action_send_test()["params"]
            self.assertEqual((told["type"], told["title"]), ("success", "Received"))
            with mute_logger(f"{MODELS}.service_webhook_delivery"):
                told = self.hook.action_send_test()["params"]
            self.assertEqual((told["type"], told["title"]), ("danger", "Not received"))
        self.assertEqual(receiver.received[0].data["event"], "test")
        self.assertFalse(self.hook.activity_ids)

    def test_sent_again_by_hand(self):
        with Receiver(500, 200) as receiver:
            self.hook.url = receiver.url
            delivery = self._queue(self.hook, self.agreement)
            self._send()
            delivery.action_send_again()
            self._send()
            self.assertEqual((delivery.state, delivery.attempts), ("sent", 1))
        self.hook.active = False
        with self.assertRaisesRegex(UserError, "archived"):
            delivery.action_send_again()

    def test_who_is_archived_is_sent_nothing(self):
        with Receiver() as receiver:
            self.hook.url = receiver.url
            delivery = self._queue(self.hook, self.agreement)
            self.hook.active = False
            self._send()
        self.assertEqual((receiver.received, delivery.state), ([], "waiting"))

    def test_the_cron_is_woken_for_the_next_try(self):
        with Receiver(500) as receiver:
            self.hook.url = receiver.url
            delivery = self._queue(self.hook, self.agreement)
            triggers = self.env["ir.cron.trigger"].search(
                [("cron_id", "=", self.env.ref(CRON).id)]
            )
            self.assertTrue(triggers)
            triggers.unlink()
            self._send()
        triggers = triggers.search([("cron_id", "=", self.env.ref(CRON).id)])
        self.assertGreaterEqual(max(triggers.mapped("call_at")), delivery.next_try)

    def test_old_ones_are_cleaned_and_no_waiting_one(self):
        old = self._queue(self.hook, self.agreement, self.customer)
        old[0].sudo().write({"state": "sent"})
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE service_webhook_delivery SET create_date = create_date - "
            "interval '100 days'"
        )
        self.deliveries.invalidate_model()
        self.deliveries._gc_deliveries()
        self.assertEqual(old.exists(), old[1])

    def _let_pass(self, deliveries):
        for delivery in deliveries.filtered("next_try"):
            delivery.sudo().next_try -= timedelta(days=3)

    # Rights and addresses

    def test_only_administrators_keep_them(self):
        salesman = new_test_user(
            self.env, login="seller", groups="service_agreement.group_user"
        )
        for user in (salesman, self.agent, self.coordinator):
            for record in (self.hook, self.deliveries):
                with self.assertRaises(AccessError):
                    record.with_user(user).check_access("read")
            with self.assertRaises(AccessError):
                self.hook.with_user(user).action_send_test()
            with self.assertRaises(AccessError):
                self.hook.with_user(user).action_renew_secret()

    def test_administrators_of_another_company_do_not_see_it(self):
        other = self.env["res.company"].create({"name": "Other"})
        user = new_test_user(
            self.env,
            login="elsewhere",
            groups="service_agreement.group_manager",
            company_id=other.id,
            company_ids=[Command.set(other.ids)],
        )
        delivery = self.deliveries._create_test(self.hook)
        for record in (self.hook, delivery):
            self.assertFalse(record.with_user(user).search([]))
            with self.assertRaises(AccessError):
                record.with_user(user).read(["display_name"])

    def test_nobody_writes_a_delivery_by_hand(self):
        delivery = self.deliveries._create_test(self.hook)
        admin = new_test_user(
            self.env, login="boss", groups="service_agreement.group_manager"
        )
        mine = delivery.with_user(admin)
        self.assertEqual(mine.event, "test")
        with self.assertRaises(AccessError):
            mine.body = "{}"
        with self.assertRaises(AccessError):
            mine.copy()
        with self.assertRaises(AccessError):
            mine.unlink()

    def test_addresses_are_encrypted_or_our_own(self):
        for url in ("https://a.example.com", "http://10.0.0.7:8080/x", "http://nas/x"):
            self.hook.url = url
        for url in (
            "http://example.com",
            "ftp://example.com",
            "example.com",
            "https://",
            "https://user:word@example.com",
            "https://exa mple.com",
            "javascript:alert(1)",
        ):
            with self.assertRaises(ValidationError):
                self.hook.url = url
        with self.assertRaisesRegex(ValidationError, "at least 16"):
            self.hook.secret = "short"

    def test_a_secret_is_made_and_renewed_and_not_copied(self):
        hook = self.hooks.create({"name": "Other", "url": "https://x.example.com"})
        first = hook.secret
        self.assertGreater(len(first), 30)
        self.assertNotEqual(hook.copy().secret, first)
        hook.action_renew_secret()
        self.assertNotEqual(hook.secret, first)

    def test_a_neutralized_copy_tells_nobody(self):
        path = Path(get_module_path("service_agreement")) / "data" / "neutralize.sql"
        self.env.flush_all()
        self.env.cr.execute(path.read_text())
        self.hook.invalidate_recordset()
        self.assertFalse(self.hook.active)
