"""The report of a visit, and what the customer sees of it in the portal."""

import base64

from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.tests import HttpCase, tagged

from .common import PortalUsersMixin
from .test_portal import PIXEL
from .test_visit import VisitCommon


@tagged("post_install", "-at_install")
class TestVisitPortal(PortalUsersMixin, VisitCommon, HttpCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.ann = cls._create_portal_user("ann", cls.customer)
        cls.stranger = cls._create_portal_user(
            "stranger", cls._create_customer("Nobody's Villa")
        )

    def setUp(self):
        super().setUp()
        self._plan_visits("2026-04-08 06:00")
        firmware, lamp = self.first.check_ids
        photo = self.env["ir.attachment"].create(
            {"name": "lamp.png", "datas": PIXEL, "mimetype": "image/png"}
        )
        firmware.result = "ok"
        lamp.write(
            {
                "result": "defect",
                "note": "2,840 of 3,000 hours",
                "photo_ids": [Command.set(photo.ids)],
            }
        )
        self.first.write({"summary": "All rooms played through", "signature": PIXEL})
        self.task = self.first.task_id

    def _get_page(self, user, suffix=""):
        self.authenticate(user and user.login, user and user.login)
        return self.url_open(f"/my/agreements/{self.gold_agreement.id}{suffix}")

    def _get_report(self, user, visit=None):
        visit = visit or self.first
        return self._get_page(user, f"/visits/{visit.id}")

    def test_planned_and_made_visits_are_on_the_agreement_s_page(self):
        page = self._get_page(self.ann).text
        self.assertIn("Tuesday, 14 April 2026", page)
        self.assertIn("0 of 2 done", page)
        self.assertNotIn("October", page)
        self._make(self.first, "2026-04-14 12:00")
        page = self._get_page(self.ann).text
        self.assertIn("2,840 of 3,000 hours", page)
        self.assertIn(f"/visits/{self.first.id}", page)

    def test_the_customer_reads_the_report_and_nobody_else(self):
        self.assertEqual(self._get_report(self.ann).status_code, 404)
        self._make(self.first, "2026-04-14 12:00")
        report = self._get_report(self.ann)
        self.assertEqual(report.status_code, 200)
        for text in (
            "Projector lamp and filter",
            "2,840 of 3,000 hours",
            "All rooms played through",
            "In order",
            PIXEL[:40],
        ):
            self.assertIn(text, report.text)
        self.assertEqual(self._get_report(self.stranger).status_code, 404)
        self.assertIn("/web/login", self._get_report(None).url)
        self.assertEqual(self._get_report(self.ann, self.second).status_code, 404)

    def test_of_another_agreement_it_is_not_found(self):
        self._make(self.first, "2026-04-14 12:00")
        self.authenticate("ann", "ann")
        other = self.agreement
        response = self.url_open(f"/my/agreements/{other.id}/visits/{self.first.id}")
        self.assertEqual(response.status_code, 404)

    def test_whoever_has_the_agreement_s_link(self):
        self._make(self.first, "2026-04-14 12:00")
        self.authenticate(None, None)
        token = self.gold_agreement._portal_ensure_token()
        url = f"/my/agreements/{self.gold_agreement.id}/visits/{self.first.id}"
        response = self.url_open(f"{url}?access_token={token}")
        self.assertEqual(response.status_code, 200)

    def _send_report(self):
        action = self.task.with_user(self.agent).action_send_visit_report()
        composer = (
            self.env["mail.compose.message"]
            .with_user(self.agent)
            .with_context(**action["context"])
            .create({})
        )
        composer._action_send_mail()
        return self.task.message_ids.sorted("id")[-1]

    def test_a_technician_sends_the_report(self):
        with self.assertRaisesRegex(UserError, "Solve the ticket first"):
            self.task.with_user(self.agent).action_send_visit_report()
        self._make(self.first, "2026-04-14 12:00")
        with self.at_desk("2026-04-14 13:00"):
            message = self._send_report()
        self.assertEqual(message.partner_ids, self.customer)
        self.assertIn("2,840 of 3,000 hours", message.body)
        self.assertTrue(message.attachment_ids)
        self.assertTrue(base64.b64decode(message.attachment_ids[0].datas))
        self.assertTrue(self.first.report_sent_on)
        self.assertEqual(self.first.state, "done")
