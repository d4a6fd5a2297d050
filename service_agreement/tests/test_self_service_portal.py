"""The pages of self-service: who may, who may not, and nothing by GET."""

import re

from odoo.tests import tagged
from odoo.tools import mute_logger

from .test_portal import START, PortalCase

KEY = re.compile(r'name="key" value="([0-9a-f]{32})"')
KINDS = ("upgrade", "add_system", "decline_renewal", "keep", "cancel")


class SelfServicePortalCase(PortalCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.tier.portal_may_cancel = True
        cls.gold = cls._create_tier("Gold", 199.0, 30)
        cls.yearly = cls._create_active(START, cls.plan_yearly)
        cls.yearly._portal_ensure_token()

    def _change(self, kind, token=None, **params):
        return self._get(self.yearly, f"/change/{kind}", token, **params)

    def _confirm(self, kind, token=None, **data):
        return self._post(self.yearly, f"/change/{kind}", token, **data)

    def _key(self, kind, **params):
        return KEY.search(self._change(kind, **params).text).group(1)

    def _assert_untouched(self):
        self.assertEqual(self.yearly.tier_id, self.tier)
        self.assertFalse(self.yearly.end_reason)
        self.assertFalse(self.yearly.change_ids)
        self.assertFalse(self.yearly.customer_step_ids)
        self.assertFalse(self.yearly._get_portal_systems())


@tagged("post_install", "-at_install")
class TestSelfServicePages(SelfServicePortalCase):
    def test_a_colleague_upgrades_after_he_saw_what_it_costs(self):
        self._login(self.ben)
        choose = self._change("upgrade")
        self.assertIn("Gold", choose.text)
        self.assertFalse(KEY.search(choose.text))
        key = self._key("upgrade", tier_id=self.gold.id)
        for _twice in range(2):
            done = self._confirm("upgrade", tier_id=self.gold.id, key=key)
            self.assertIn("Your service agreement is changed", done.text)
        self.assertEqual(self.yearly.tier_id, self.gold)
        self.assertEqual(self.yearly.customer_step_ids.partner_id, self.ben.partner_id)
        self.assertEqual(len(self.yearly.change_ids), 1)

    def test_twice_also_where_the_new_tier_allows_it_no_more(self):
        self.gold.portal_may_upgrade = False
        self._login(self.ann)
        key = self._key("upgrade", tier_id=self.gold.id)
        for _twice in range(2):
            done = self._confirm("upgrade", tier_id=self.gold.id, key=key)
            self.assertIn("Your service agreement is changed", done.text)
        self.assertEqual(self._change("upgrade").status_code, 404)

    def test_shown_again_where_it_is_not_what_was_shown(self):
        self._login(self.ann)
        key = self._key("upgrade", tier_id=self.gold.id)
        self.gold.list_price = 299.0
        for stale in (key, key[:-1], "", "x" * 500, "💥"):
            again = self._confirm("upgrade", tier_id=self.gold.id, key=stale)
            self.assertIn("Nothing was changed", again.text)
            self._assert_untouched()
        price = self.yearly._get_tier_price(self.gold, self.plan_yearly)
        self.assertIn(f"{price:,.2f}", again.text)

    def test_a_system_a_decline_a_cancellation(self):
        self._login(self.ann)
        key = self._key("add_system", name="Cinema")
        self._confirm("add_system", name="Cinema", key=key)
        self.assertEqual(self.yearly._get_portal_systems().name, "Cinema")
        key = self._key("cancel")
        again = self._confirm("cancel", key=key, words="Sad")
        self.assertIn("Please tell us why", again.text)
        self.assertIn("Sad</textarea>", again.text)
        self.assertFalse(self.yearly.end_reason)
        self._confirm("cancel", key=key, words="Sad", reason="price")
        self.assertEqual(self.yearly.end_note, "It costs too much: Sad")

    def test_strangers_and_stale_links_find_nothing(self):
        right = self.yearly.access_token
        self._login(self.eve)
        for token in (None, right[:-1], right, self.draft.access_token, "é"):
            for kind in KINDS:
                for response in (
                    self._change(kind, token, tier_id=self.gold.id),
                    self._confirm(kind, token, tier_id=self.gold.id, key="x"),
                ):
                    self.assertEqual(response.status_code, 404)
                    self.assertNotIn(self.yearly.name, response.text)
        self.assertNotIn("/change/", self._get(self.yearly, token=right).text)
        self._assert_untouched()

    def test_the_link_alone_asks_to_log_in(self):
        self._login(None)
        for token in (None, self.yearly.access_token):
            for kind in KINDS:
                for response in (
                    self._change(kind, token),
                    self._confirm(kind, token, key="x"),
                ):
                    self.assertIn("/web/login", response.url)
        self.assertEqual(self._change("upgrade", "x").status_code, 404)
        self._assert_untouched()

    def test_staff_look_and_do_not_confirm(self):
        self.env.user.write({"login": "owner", "password": "owner-password"})
        self.authenticate("owner", "owner-password")
        page = self._change("upgrade", tier_id=self.gold.id)
        self.assertIn("Only he can confirm it", page.text)
        self.assertFalse(KEY.search(page.text))
        response = self._confirm("upgrade", tier_id=self.gold.id, key="x")
        self.assertIn("Only the customer can do this here", response.text)
        self._assert_untouched()

    def test_forged_and_odd_words_are_no_errors(self):
        self._login(self.ann)
        for kind in (*KINDS, "unlink", "💥", "a" * 500):
            for params in (
                {"tier_id": 10**30, "plan_id": "²", "site_id": "x", "name": "💥" * 50},
                {"tier_id[]": "1", "tier_id": self.tier.id, "last_day": "99999-01-01"},
                {"reason": "x", "words": "<script>", "last_day": "-1", "name": "\x00"},
                {"access_token": "é", "preview": "1", "service": "1", "why_not": "x"},
            ):
                token = params.pop("access_token", None)
                response = self._change(kind, token, **params)
                self.assertLess(response.status_code, 500, (kind, params))
        with mute_logger("odoo.http"):
            response = self._confirm("cancel", last_day=["x"], key=["y", "z"])
        self.assertLess(response.status_code, 500)
        self._assert_untouched()

    def test_nothing_changes_by_get(self):
        self._login(self.ann)
        for kind in KINDS:
            params = {"tier_id": self.gold.id, "name": "Cinema", "reason": "price"}
            page = self._change(kind, **params)
            key = KEY.search(page.text)
            self._change(kind, **params, key=key.group(1) if key else "x")
        self._assert_untouched()

    def test_what_the_tier_does_not_allow_is_not_there(self):
        self._login(self.ann)
        self.tier.write({"portal_may_upgrade": False, "portal_may_cancel": False})
        page = self._get(self.yearly)
        self.assertNotIn("/change/cancel", page.text)
        self.assertIn("/change/add_system", page.text)
        self.assertEqual(self._change("cancel").status_code, 404)
        self.assertEqual(self._confirm("upgrade", key="x").status_code, 404)

    def test_the_message_of_a_step_is_of_this_agreement(self):
        self._login(self.ann)
        key = self._key("add_system", name="Cinema")
        self._confirm("add_system", name="Cinema", key=key)
        step = self.yearly.customer_step_ids
        self.assertIn("Cinema", self._get(self.yearly, step=step.id).text)
        other = self._get(self.active, step=step.id)
        self.assertNotIn("is on record", other.text)


@tagged("post_install", "-at_install")
class TestCallersPortal(SelfServicePortalCase):
    def _send(self, token=None, **data):
        return self._post(self.yearly, "/callers", token, **data)

    def test_the_customer_and_who_has_the_link(self):
        for user, token, name in (
            (self.ann, None, "Eva"),
            (self.ben, None, "Fay"),
            (None, self.yearly.access_token, "Gus"),
        ):
            self._login(user)
            response = self._send(token, name=name, phone="555-0100")
            self.assertIn(name, response.text)
        self.assertEqual(len(self.yearly.caller_ids), 3)
        self._login(self.ann)
        self._send(remove=self.yearly.caller_ids[0].id)
        self.assertEqual(len(self.yearly.caller_ids), 2)

    def test_strangers_staff_and_stale_links(self):
        self.yearly.caller_ids = self.ann.partner_id
        for user in (self.eve, None):
            self._login(user)
            for token in (None, self.yearly.access_token[:-1]):
                self._send(token, name="Eve", phone="1")
                self._send(token, remove=self.ann.partner_id.id)
        self._login(self.eve)
        response = self._send(self.yearly.access_token, name="Eve", phone="1")
        self.assertEqual(response.status_code, 404)
        self.env.user.write({"login": "owner", "password": "owner-password"})
        self.authenticate("owner", "owner-password")
        self.assertEqual(self._send(name="Me", phone="1").status_code, 404)
        self.assertEqual(self.yearly.caller_ids, self.ann.partner_id)

    def test_the_link_alone_shows_and_takes_no_other_contact(self):
        token = self.yearly.access_token
        self._login(None)
        page = self._get(self.yearly, token=token)
        self.assertNotIn("Somebody we know", page.text)
        response = self._send(token, partner_id=self.ben.partner_id.id)
        self.assertIn("Please tell us the name", response.text)
        self.assertFalse(self.yearly.caller_ids)

    def test_what_was_typed_is_not_lost_and_odd_words_are_no_errors(self):
        self._login(self.ann)
        response = self._send(name="Eva <b>", email="no address")
        self.assertIn("look at the mail address again", response.text)
        self.assertIn("Eva &lt;b&gt;", response.text)
        for data in (
            {"remove": "²"},
            {"remove": 10**30},
            {"partner_id": self.eve.partner_id.id},
            {"name": "\x00", "phone": "x" * 9999},
            {"name": ["a", "b"]},
        ):
            self.assertLess(self._send(**data).status_code, 500)
        self.assertNotIn(self.eve.partner_id, self.yearly.caller_ids)

    def test_nothing_by_get(self):
        self._login(self.ann)
        response = self._get(self.yearly, "/callers", name="Eva", phone="1")
        self.assertIn(response.status_code, (404, 405))
        self.assertFalse(self.yearly.caller_ids)


@tagged("post_install", "-at_install")
class TestAgreementPage(SelfServicePortalCase):
    def test_cards_and_payable_invoices(self):
        bill = self._create_active("2026-01-01", partner_id=self.ann.partner_id.id)
        with self.at("2026-01-01 12:00:00"):
            moves, _failed = self._run_billing("2026-01-01", bill)
        self.assertTrue(moves._is_payable_by_client())
        self._login(self.ann)
        self.assertIn(">Pay now</span>", self._get(bill).text)
        cards = self.url_open("/my/agreements").text
        self.assertIn(f"Invoice {moves.name} is overdue.", cards)
        self.assertIn("Read it and sign it.", cards)

    def test_people_of_the_house_are_offered(self):
        self._login(self.ann)
        page = self._get(self.yearly)
        self.assertIn("Somebody we know", page.text)
        self.assertIn(">Ben</option>", page.text)
        self.assertNotIn(">Eve</option>", page.text)
