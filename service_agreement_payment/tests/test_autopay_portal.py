from odoo.tests import HttpCase, tagged
from odoo.tools import mute_logger

from .common import AutopayCommon


@tagged("post_install", "-at_install")
class TestAutopayPortal(AutopayCommon, HttpCase):
    """How customers agree to autopay, and take it back."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.carlo = cls._create_portal_user("carlo", cls.customer)
        cls.stranger_company = cls._create_customer("Stranger Inc.")
        cls.stranger = cls._create_portal_user("stranger", cls.stranger_company)
        cls.method = cls.env.ref("payment_demo.payment_method_demo")
        cls.token = cls._create_token()
        cls.page = f"/my/agreements/{cls.agreement.id}/autopay"

    def setUp(self):
        super().setUp()
        self.log_in("carla")

    def log_in(self, login):
        self.authenticate(login, login)

    def get(self, url=None, link=False):
        if link:
            url = self._get_link(url)
        return self.url_open(url or self.page)

    def _get_link(self, url=None):
        return (
            f"{url or self.page}?access_token={self.agreement._portal_ensure_token()}"
        )

    def call(self, url, **params):
        """:return: the result, or a dict of the error"""
        answer = self.url_open(
            url, json={"jsonrpc": "2.0", "method": "call", "params": params}
        ).json()
        if "error" in answer:
            return {"error": answer["error"]["data"]["name"]}
        return answer.get("result")

    def choose(self, token, **params):
        return self.call(f"{self.page}/token", token_id=token.id, **params)

    def save_new(self, outcome="done", flow="direct", **params):
        """Save a payment method as the page does, and let the provider answer."""
        values = self.call(
            f"{self.page}/transaction",
            provider_id=self.provider.id,
            payment_method_id=self.method.id,
            token_id=None,
            amount=None,
            flow=flow,
            tokenization_requested=True,
            landing_route="/elsewhere",
            is_validation=True,
            **params,
        )
        if "error" not in values:
            self.answer(values["reference"], outcome)
        return values

    def answer(self, reference, outcome):
        self.call(
            "/payment/demo/simulate_payment",
            reference=reference,
            payment_details="4242",
            simulated_state=outcome,
        )
        self.call("/payment/status/poll")

    def pay(self, invoice, **params):
        return self.call(
            f"/invoice/transaction/{invoice.id}",
            **{
                "access_token": invoice._portal_ensure_token(),
                "provider_id": self.provider.id,
                "payment_method_id": self.method.id,
                "token_id": None,
                "amount": invoice.amount_residual,
                "flow": "direct",
                "tokenization_requested": False,
                "landing_route": "/my",
                **params,
            },
        )

    @property
    def consent(self):
        self.env.invalidate_all()
        return self.agreement.autopay_consent_id

    # Agree

    def test_he_chooses_a_payment_method_he_has_and_what_he_read_is_kept(self):
        page = self.get().text
        text = self.agreement._get_autopay_text()
        self.assertIn(text, page)
        self.assertIn(f'data-payment-option-id="{self.token.id}"', page)
        self.choose(self.token)
        self.assertEqual(self.consent.words, text)
        self.assertEqual(self.consent.author_id, self.carla.partner_id)
        self.assertEqual(self.consent.author_name, "Carla")
        self.assertEqual(self.consent.token_id, self.token)
        self.assertIn("autopay is on", self._get_mails(self.agreement)[-1])
        self.assertIn("Autopay is on", self.get().text)

    def test_chosen_twice_is_once_and_another_one_replaces_it(self):
        self.choose(self.token)
        self.choose(self.token)
        self.assertEqual(len(self.agreement.autopay_consent_ids), 1)
        first, other = self.consent, self._create_token()
        self.choose(other)
        self.assertEqual(self.consent.token_id, other)
        self.assertEqual(first.ending, "replaced")

    def test_a_new_payment_method_counts_once_it_is_saved(self):
        self.save_new("pending")
        self.assertFalse(self.consent)
        self.assertIn("to be confirmed", self.get().text)
        waiting = self.agreement.autopay_consent_ids
        self.answer(waiting.transaction_id.reference, "done")
        self.assertEqual(self.consent, waiting)
        self.assertEqual(self.consent.token_id.partner_id, self.carla.partner_id)
        self.assertEqual(waiting.transaction_id.landing_route, self.page)

    def test_a_payment_method_that_is_refused_is_no_consent(self):
        for outcome in ("error", "cancel"):
            self.save_new(outcome)
            self.assertFalse(self.consent)
            self.assertIn("could not be saved", self.get().text)

    def test_he_ticks_it_where_he_pays_the_first_invoice(self):
        invoice = self._invoice()
        page = self.get(invoice.get_portal_url()).text
        self.assertIn("autopay_agree", page)
        values = self.pay(invoice, autopay=True)
        self.answer(values["reference"], "done")
        self.assertEqual(invoice.payment_state, "paid")
        self.assertEqual(self.consent.words, self.agreement._get_autopay_text())
        self.assertTrue(self.consent.token_id)

    def test_paying_without_the_tick_is_no_consent(self):
        invoice = self._invoice()
        values = self.pay(invoice, tokenization_requested=True)
        self.answer(values["reference"], "done")
        self.assertEqual(invoice.payment_state, "paid")
        self.assertFalse(self.agreement.autopay_consent_ids)

    def test_his_open_invoices_lead_to_their_payment_page(self):
        invoice = self._invoice()
        page = self.get(f"/my/agreements/{self.agreement.id}").text
        self.assertIn("Pay now", page)
        self.assertIn("payment=True", page)
        self._create_transaction_of(invoice)
        self.assertNotIn(
            "Pay now", self.get(f"/my/agreements/{self.agreement.id}").text
        )

    # Stop

    def test_he_stops_it_but_never_by_a_link(self):
        self.choose(self.token)
        self.get(f"{self.page}/stop")
        self.assertTrue(self.consent)
        consent, csrf = self.consent, self._get_csrf()
        self.url_open(f"{self.page}/stop", data={"csrf_token": csrf})
        self.assertFalse(self.consent)
        self.assertEqual((consent.ending, consent.withdrawn_by), ("customer", "Carla"))
        self.assertIn("autopay is off", self._get_mails(self.agreement)[-1])

    def test_a_deleted_payment_method_is_not_charged(self):
        self.choose(self.token)
        [info] = self.token.with_user(self.carla).get_linked_records_info()
        self.assertEqual(info["name"], self.agreement.name)
        self.call("/payment/archive_token", token_id=self.token.id)
        self.assertFalse(self.consent)
        self.assertIn("the payment method was deleted", self._get_todos()[0])
        invoice = self._invoice()
        self._work("2026-03-01 10:00:00")
        self.assertFalse(invoice.transaction_ids)

    # Others

    @mute_logger("odoo.http")
    def test_a_stranger_finds_nothing_not_even_with_the_link(self):
        own = self._create_token(partner=self.stranger.partner_id)
        self.log_in("stranger")
        link_token = self.agreement._portal_ensure_token()
        self.assertEqual(self.get().status_code, 404)
        self.assertEqual(self.get(link=True).status_code, 404)
        for token in (own, self.token):
            for params in ({}, {"access_token": link_token}):
                self.assertIn("error", self.choose(token, **params))
                self.assertIn("error", self.save_new(**params))
        self._stop_as_it_is()
        self.assertFalse(self.agreement.autopay_consent_ids)

    def test_a_stranger_who_pays_an_invoice_by_its_link_agrees_to_nothing(self):
        self.log_in("stranger")
        invoice = self._invoice()
        self.answer(self.pay(invoice, autopay=True)["reference"], "done")
        self.assertEqual(invoice.payment_state, "paid")
        self.assertFalse(self.agreement.autopay_consent_ids)

    @mute_logger("odoo.http")
    def test_a_colleague_uses_his_own_card_or_the_companys(self):
        self.log_in("carlo")
        self.assertIn("error", self.choose(self.token), "Carla's own card is hers")
        companys = self._create_token(partner=self.customer)
        self.choose(companys)
        self.assertEqual(self.consent.author_name, "Carlo")
        self.assertEqual(self.consent.token_id, companys)

    @mute_logger("odoo.http")
    def test_forged_and_odd_choices_change_nothing(self):
        foreign = self._create_token(partner=self.stranger.partner_id)
        for token_id in (foreign.id, -1, 2**80, "x", None, [1], {"a": 1}, True):
            answer = self.call(f"{self.page}/token", token_id=token_id)
            self.assertIn("error", answer, token_id)
        for flow in ("token", "sideways", None):
            self.assertIn("error", self.save_new(flow=flow))
        self.assertFalse(self.agreement.autopay_consent_ids)

    @mute_logger("odoo.http")
    def test_who_is_not_logged_in_needs_the_link_and_sees_no_cards(self):
        self.authenticate(None, None)
        self.assertIn("/web/login", self.get().url)
        self.assertEqual(
            self.url_open(f"{self.page}?access_token=wrong").status_code, 404
        )
        link_token = self.agreement._portal_ensure_token()
        page = self.get(link=True).text
        self.assertNotIn('data-payment-option-type="token"', page)
        self.assertIn("error", self.choose(self.token, access_token=link_token))
        self.assertIn("error", self.save_new())
        self.save_new(access_token=link_token)
        self.assertFalse(self.consent.author_id)
        self.assertIn("who has the link", self.consent.author_name)
        self.assertEqual(self.consent.token_id.partner_id, self.customer)

    def test_staff_looks_but_does_not_agree(self):
        self.env.user.password = "staff"
        self.authenticate(self.env.user.login, "staff")
        self.assertIn("Only the customer", self.get().text)
        with mute_logger("odoo.http"):
            self.assertIn("error", self.choose(self.token))
        self._stop_as_it_is()

    def test_an_agreement_that_is_not_in_force_has_no_autopay(self):
        self.agreement._end(self.agreement.date_start, "cancelled", "No")
        self.assertIn("not in force", self.get().text)
        with mute_logger("odoo.http"):
            self.assertIn("error", self.choose(self.token))

    # Twice

    @mute_logger("odoo.http")
    def test_a_double_click_pays_once(self):
        invoice = self._invoice()
        params = {
            "flow": "token",
            "token_id": self.token.id,
            "payment_method_id": None,
        }
        self.assertNotIn("error", self.pay(invoice, **params))
        self.assertIn("error", self.pay(invoice, **params))
        self.call("/payment/status/poll")
        self.assertIn("error", self.pay(invoice, **params))
        self.assertEqual(len(invoice.transaction_ids), 1)

    @mute_logger("odoo.http")
    def test_what_autopay_charges_is_not_paid_by_hand_meanwhile(self):
        self._agree(self.agreement, "pending")
        invoice = self._invoice()
        self._work("2026-03-01 10:00:00")
        self.assertIn("error", self.pay(invoice))
        self.assertEqual(len(invoice.transaction_ids), 1)

    # Kit

    def _get_csrf(self, url=None):
        page = self.get(url).text
        return page.split("csrf_token: ")[1].split('"')[1]

    def _stop_as_it_is(self):
        """Stop it as whoever is logged in; it stays."""
        with self.at("2026-03-01 08:00:00"):
            consent = self.agreement._give_consent(
                self.carla.partner_id, "Carla", self.token
            )
        csrf = self._get_csrf("/my")
        self.url_open(f"{self.page}/stop", data={"csrf_token": csrf})
        self.assertEqual(self.consent, consent)
        consent.agreement_id._stop_autopay("staff", "x")
        consent.sudo().unlink()
        self.env.invalidate_all()

    def _create_transaction_of(self, invoice):
        values = self.pay(invoice)
        self.answer(values["reference"], "pending")
