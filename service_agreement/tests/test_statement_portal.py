"""Who reads a value statement in the portal, and who does not."""

from odoo.exceptions import AccessError
from odoo.tests import HttpCase, JsonRpcException, tagged
from odoo.tools import mute_logger

from .test_statement import StatementCommon


@tagged("post_install", "-at_install")
class TestStatementPortal(StatementCommon, HttpCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.ann = cls._create_portal_user("ann", cls.customer)
        cls.stranger = cls._create_portal_user(
            "stranger", cls._create_customer("Nobody's Villa")
        )
        cls.coordinator.password = "cora"

    def setUp(self):
        super().setUp()
        self._bill_quarter()
        self._log_covered("2026-03-03", 6.0)
        self.told = self._prepare_at()

    def _open_page(self, user, suffix=None, **params):
        login = user and user.login
        self.authenticate(login, login)
        suffix = f"/statements/{self.told.id}" if suffix is None else suffix
        query = "&".join(f"{name}={value}" for name, value in params.items())
        return self.url_open(f"/my/agreements/{self.agreement.id}{suffix}?{query}")

    def test_only_what_was_sent_is_shown_to_the_customer(self):
        self.assertEqual(self._open_page(self.ann).status_code, 404)
        self.assertNotIn("What you had of it", self._open_page(self.ann, "").text)
        self.assertIn("Not sent yet", self._open_page(self.coordinator).text)
        with self.assertRaises(AccessError):
            self.told.with_user(self.ann).read(["amount_saved"])
        self.told.sudo()._mark_sent()
        page = self._open_page(self.ann)
        self.assertEqual(page.status_code, 200)
        self.assertIn("You saved", page.text)
        self.assertIn("453.00", page.text)
        self.assertIn("What you had of it", self._open_page(self.ann, "").text)
        self.assertEqual(
            self.told.with_user(self.ann).read(["amount_saved"])[0]["amount_saved"],
            453,
        )

    def test_another_customer_and_nobody_see_nothing(self):
        self.told.sudo()._mark_sent()
        self.assertEqual(self._open_page(self.stranger).status_code, 404)
        self.assertIn("/web/login", self._open_page(None).url)
        token = self.agreement._portal_ensure_token()
        for wrong in ("x", token[:-1], "é", "0" * 36):
            answer = self._open_page(None, access_token=wrong)
            self.assertEqual(answer.status_code, 404, wrong)
        self.assertFalse(
            self.env["service.agreement.statement"].with_user(self.stranger).search([])
        )
        # Nor by another agreement's page.
        other = self._create_active(
            "2026-01-01", partner_id=self.stranger.partner_id.parent_id.id
        )
        self.authenticate("stranger", "stranger")
        address = f"/my/agreements/{other.id}/statements/{self.told.id}"
        self.assertEqual(self.url_open(address).status_code, 404)

    def test_the_link_opens_it_in_the_customer_s_language(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        self.customer.lang = "fr_FR"
        self.told.sudo()._mark_sent()
        token = self.agreement._portal_ensure_token()
        page = self._open_page(None, access_token=token)
        self.assertEqual(page.status_code, 200)
        self.assertIn("janv.", page.text)
        report = self._open_page(None, access_token=token, report_type="html")
        self.assertIn("janv.", report.text)

    def test_odd_addresses_are_no_errors(self):
        self.told.sudo()._mark_sent()
        for user in (self.ann, None):
            for suffix in ("/0", f"/{2**31}", f"/{10**30}", "/-1", "/²", "/x"):
                answer = self._open_page(user, f"/statements{suffix}")
                self.assertLess(answer.status_code, 500, suffix)
            odd = {"report_type": "exe", "download": "💥", "statement": "1"}
            answer = self._open_page(user, **odd)
            self.assertLess(answer.status_code, 500)

    def test_nobody_changes_anything_over_rpc(self):
        self.authenticate("ann", "ann")
        with mute_logger("odoo.http"):
            for method in ("action_send", "action_prepare"):
                with self.assertRaises(JsonRpcException):
                    self.make_jsonrpc_request(
                        f"/web/dataset/call_kw/service.agreement.statement/{method}",
                        {
                            "model": "service.agreement.statement",
                            "method": method,
                            "args": [self.told.ids],
                            "kwargs": {},
                        },
                    )
        self.assertEqual(self.told.state, "prepared")
