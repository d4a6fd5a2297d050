import json
from urllib.parse import urlencode

from lxml import html

from odoo import http
from odoo.tests import HttpCase, tagged

from .common import ORDERED, PIXEL, SaleServiceCommon


@tagged("post_install", "-at_install")
class TestOrderPortal(SaleServiceCommon, HttpCase):
    """The customer chooses a tier on the page of his quotation, and signs it."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.carla = cls._create_portal_user("carla", cls.customer)
        stranger = cls._create_customer("Stranger Inc.")
        cls.eve = cls._create_portal_user("eve", stranger)
        cls.tier.highlights = "Remote support"
        cls.gold.highlights = "Remote support\nTwo visits a year"
        cls.order = cls._quote(require_signature=True, require_payment=False)
        cls.order.action_quotation_sent()
        cls.token = cls.order._portal_ensure_token()
        cls.other = cls._quote(partner_id=stranger.id)
        cls.other_token = cls.other._portal_ensure_token()
        cls.silver_option, cls.gold_option = cls.order.agreement_option_ids

    def _url(self, suffix="", token=None):
        query = f"?{urlencode({'access_token': token})}" if token else ""
        return f"/my/orders/{self.order.id}{suffix}{query}"

    def _choose(self, option=None, token=None, csrf=True):
        data = {"option": option.id} if option else {}
        if csrf:
            data["csrf_token"] = http.Request.csrf_token(self)
        return self.url_open(self._url("/agreement", token), data=data, method="POST")

    def _chosen(self):
        self.env.invalidate_all()
        return self.order.agreement_option_id

    def _sign(self, page):
        """:param str page: of the quotation, as a window shows it"""
        [url] = html.fromstring(page).xpath("//form[@id='accept']//@props")
        url = json.loads(url)["callUrl"]
        return self.make_jsonrpc_request(url, {"name": "Carla", "signature": PIXEL})

    def test_with_the_link_he_chooses_and_changes_his_mind(self):
        self.authenticate(None, None)
        page = self.url_open(self._url(token=self.token)).text
        self.assertIn("149.00", page)
        self.assertIn("Two visits a year", page)
        answer = self._choose(self.silver_option, self.token)
        self.assertEqual(self._chosen(), self.silver_option)
        self.assertIn("Your choice", answer.text)
        self.assertIn("Instead of Silver", answer.text)
        self.assertIn("50.00 more per month", answer.text)
        self._choose(self.gold_option, self.token)
        self.assertEqual(self._chosen(), self.gold_option)
        self._choose(self.silver_option, self.token)
        self.assertEqual(self._chosen(), self.silver_option)
        self._choose(None, self.token)
        self.assertFalse(self._chosen())

    def test_logged_in_he_needs_no_link(self):
        self.authenticate("carla", "carla")
        self._choose(self.gold_option)
        self.assertEqual(self._chosen(), self.gold_option)

    def test_the_salesperson_reads_what_he_chose(self):
        self.authenticate("carla", "carla")
        self._choose(self.gold_option)
        said = "".join(self.order.message_ids.mapped("body"))
        self.assertIn("The customer chose Gold", said)

    def test_another_customers_token_opens_nothing(self):
        for login in (None, "eve"):
            self.authenticate(login, login)
            for token in (None, self.other_token, "x"):
                self._choose(self.gold_option, token)
                self.assertFalse(self._chosen(), (login, token))

    def test_an_option_of_another_order_is_none_of_it(self):
        self.authenticate(None, None)
        answer = self._choose(self.other.agreement_option_ids[:1], self.token)
        self.assertFalse(self._chosen())
        self.assertFalse(self.other.agreement_option_id)
        self.assertIn("has just changed", answer.text)

    def test_without_csrf_token_nothing_happens(self):
        self.authenticate(None, None)
        self.assertEqual(
            self._choose(self.gold_option, self.token, False).status_code, 400
        )
        self.assertFalse(self._chosen())

    def test_a_link_that_is_opened_chooses_nothing(self):
        self.authenticate(None, None)
        url = self._url("/agreement", self.token)
        answer = self.url_open(f"{url}&option={self.gold_option.id}")
        self.assertEqual(answer.status_code, 405)
        self.assertFalse(self._chosen())

    def test_our_own_people_choose_on_the_quotation_itself(self):
        self.authenticate("admin", "admin")
        answer = self._choose(self.gold_option, self.token)
        self.assertFalse(self._chosen())
        self.assertIn("Only the customer", answer.text)

    def test_too_late(self):
        self.authenticate(None, None)
        self.order.validity_date = "2020-01-01"
        answer = self._choose(self.gold_option, self.token)
        self.assertIn("Nothing was changed", answer.text)
        self.assertFalse(self._chosen())

    def test_he_signs_both_at_once(self):
        self.authenticate(None, None)
        self._choose(self.silver_option, self.token)
        page = self.url_open(self._url(token=self.token)).text
        self.assertIn("You also sign the service agreement", page)
        self.assertIn("plus", page)
        result = self._sign(page)
        self.assertTrue(result["force_refresh"])
        self.env.invalidate_all()
        agreement = self.order.agreement_ids
        self.assertEqual(agreement.state, "active")
        self.assertEqual(agreement.signed_by, "Carla")
        page = self.url_open(self._url(token=self.token)).text
        self.assertIn(agreement.name, page)
        self._choose(self.gold_option, self.token)
        self.assertEqual(self._chosen(), self.silver_option)

    def test_in_two_windows_nobody_signs_what_he_was_not_shown(self):
        self.authenticate(None, None)
        url = self._url(token=self.token)
        bare = self.url_open(url).text
        self._choose(self.silver_option, self.token)
        silver = self.url_open(url).text
        self._choose(self.gold_option, self.token)
        for page in (bare, silver):
            self.assertIn("Nothing was signed", self._sign(page)["error"])
        gold = self.url_open(url).text
        self.gold_option.price_unit += 1
        self.assertIn("Nothing was signed", self._sign(gold)["error"])
        self.env.invalidate_all()
        self.assertFalse(self.order.signature)
        self.assertTrue(self._sign(self.url_open(url).text)["force_refresh"])
        self.env.invalidate_all()
        self.assertEqual(self.order.agreement_ids.tier_id, self.gold)

    def test_the_page_leads_to_the_agreement_that_is_alive(self):
        self.silver_option.is_chosen = True
        self.order.commitment_date = "2026-09-01 10:00:00"
        ended = self._confirm_signed(self.order)
        with self.at(ORDERED):
            ended._withdraw_offer("Ordered for another day")
        self.order._action_cancel()
        self.order.action_draft()
        self.order.commitment_date = False
        agreement = self._confirm_signed(self.order) - ended
        self.authenticate(None, None)
        page = self.url_open(self._url(token=self.token)).text
        self.assertIn(f"/my/agreements/{agreement.id}?", page)
        self.assertNotIn(f"/my/agreements/{ended.id}?", page)

    def test_signed_with_the_order_it_is_no_proposal_to_decline(self):
        project = self._create_project()
        self.order.service_project_id = project
        self.silver_option.is_chosen = True
        agreement = self._confirm_signed(self.order)
        self.authenticate(None, None)
        token = agreement._portal_ensure_token()
        url = f"/my/agreements/{agreement.id}"
        page = self.url_open(f"{url}?access_token={token}").text
        self.assertIn("Starts with the delivery", page)
        self.assertNotIn('data-bs-target="#modaldecline"', page)
        self.url_open(
            f"{url}/decline?access_token={token}",
            data={
                "csrf_token": http.Request.csrf_token(self),
                "decline_message": "No",
            },
        )
        self.env.invalidate_all()
        self.assertEqual(agreement.state, "proposed")
        project.delivered_on = agreement.company_id._service_today()
        self.assertEqual(agreement.state, "active")

    def test_what_is_free_says_until_when(self):
        self.tier.free_months = 2
        order = self._quote(self.tier)
        order.write({"signed_by": "C", "signed_on": "2026-03-02", "signature": PIXEL})
        order.action_confirm()
        agreement = order.agreement_ids
        self.authenticate("carla", "carla")
        page = self.url_open(f"/my/agreements/{agreement.id}").text
        self.assertIn("Free until", page)
        self.assertIn("change/decline_free", page)
        page = self.url_open(f"/my/agreements/{agreement.id}/change/decline_free").text
        self.assertIn("Let it end", page)

    def test_it_is_printed_beside_the_total(self):
        self.silver_option.is_chosen = True
        html, _kind = self.env["ir.actions.report"]._render_qweb_html(
            "sale.report_saleorder", self.order.ids
        )
        text = html.decode()
        self.assertIn("not part of the total", text)
        self.assertIn("Silver", text)
