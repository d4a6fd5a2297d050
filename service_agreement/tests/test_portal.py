"""What a customer sees and does in the portal, and what nobody else does."""

from urllib.parse import urlencode

from lxml import html

from odoo import http
from odoo.exceptions import AccessError
from odoo.fields import Command
from odoo.tests import HttpCase, JsonRpcException, tagged
from odoo.tools import mute_logger

from .common import PortalUsersMixin, ServiceAgreementCommon

# One black pixel.
PIXEL = (
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAA"
    "AABJRU5ErkJggg=="
)
START = "2020-01-01"
LONG_AGO = "2020-01-31"
FAR_AHEAD = "2099-12-31"
KEY = "0123456789abcdef" * 2


class PortalCase(ServiceAgreementCommon, PortalUsersMixin, HttpCase):
    """Whitfield has offers and agreements; Ann and Ben work there, Eve does not."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.tier.write(
            {
                "highlights": "Remote support\nTwo visits a year",
                "exclusions": "Parts and equipment",
                "target_ids": [
                    Command.create(
                        {"priority": "3", "metric": "first_response", "minutes": 60}
                    ),
                ],
            }
        )
        cls.ann = cls._create_portal_user("ann", cls.customer)
        cls.ben = cls._create_portal_user("ben", cls.customer)
        cls.other_customer = cls._create_customer("Harrow Clinic")
        cls.eve = cls._create_portal_user("eve", cls.other_customer)
        cls.desk = (
            cls.env["project.project"]
            .sudo()
            .create(
                {
                    "name": "Desk",
                    "is_service_desk": True,
                    "company_id": cls.company.id,
                }
            )
        )
        cls.company.service_desk_project_id = cls.desk
        cls.proposal = cls._create_agreement(START, validity_date=FAR_AHEAD)
        cls.proposal._propose()
        cls.active = cls._create_active(START, partner_id=cls.ann.partner_id.id)
        cls.draft = cls._create_agreement(START)
        for agreement in cls.proposal | cls.active | cls.draft:
            agreement._portal_ensure_token()

    def _url(self, agreement, suffix="", token=None, **params):
        url = f"/my/agreements/{agreement.id}{suffix}"
        params = {"access_token": token, **params} if token else params
        return url + ("?" + urlencode(params) if params else "")

    def _get(self, *args, **kwargs):
        return self.url_open(self._url(*args, **kwargs))

    def _post(self, agreement, suffix, token=None, **data):
        data["csrf_token"] = http.Request.csrf_token(self)
        return self.url_open(self._url(agreement, suffix, token), data=data)

    def _accept(self, agreement, token=None, **params):
        params = {"name": "Ann", "signature": PIXEL, **params}
        return self.make_jsonrpc_request(self._url(agreement, "/accept", token), params)

    def _login(self, user):
        login = user.login if user else None
        self.authenticate(login, login)

    def _tickets(self):
        tickets = self.env["project.task"].sudo()
        return tickets.search([("project_id", "=", self.desk.id)])


@tagged("post_install", "-at_install")
class TestPortalAccess(PortalCase):
    def _is_shown(self, response, agreement):
        self.assertLess(response.status_code, 500)
        return agreement.name in response.text

    def _assert_refused(self, response, user, token):
        self.assertFalse(self._is_shown(response, self.active), token)
        if user or token:
            self.assertEqual(response.status_code, 404, token)
        else:
            self.assertIn("/web/login", response.url)

    def test_contact_and_colleague_see_it(self):
        for user in (self.ann, self.ben):
            self._login(user)
            for suffix in ("", "/request"):
                response = self._get(self.active, suffix)
                self.assertEqual(response.status_code, 200)
                self.assertTrue(self._is_shown(response, self.active), user.login)
            report = self._get(self.active, report_type="pdf")
            self.assertTrue(self._is_shown(report, self.active))
            listed = self.url_open("/my/agreements")
            self.assertTrue(self._is_shown(listed, self.active))
            self.assertTrue(self._is_shown(listed, self.proposal))
            self.assertFalse(self._is_shown(listed, self.draft))

    def test_stranger_and_anonymous_see_nothing(self):
        right = self.active.access_token
        forged = [
            None,
            "",
            "x",
            right[:-1],
            right.upper(),
            "é",
            self.draft.access_token,
        ]
        for user in (self.eve, None):
            self._login(user)
            for token in forged:
                for params in ({}, {"report_type": "pdf"}, {"report_type": "text"}):
                    response = self._get(self.active, token=token, **params)
                    self._assert_refused(response, user, token)
                response = self._get(self.active, "/request", token=token)
                self._assert_refused(response, user, token)
            self.assertFalse(
                self._is_shown(self.url_open("/my/agreements"), self.active)
            )

    def test_stranger_and_anonymous_change_nothing(self):
        for user in (self.eve, None):
            self._login(user)
            for token in (None, self.proposal.access_token[:-1]):
                self.assertIn("error", self._accept(self.proposal, token))
                for response in (
                    self._post(self.proposal, "/decline", token, decline_message="No"),
                    self._post(self.active, "/request", token, subject="Let me in"),
                ):
                    self._assert_refused(response, user, token)
        self.assertEqual(self.proposal.state, "proposed")
        self.assertFalse(self._tickets())

    def test_token_opens_it_without_login(self):
        self._login(None)
        response = self._get(self.proposal, token=self.proposal.access_token)
        self.assertTrue(self._is_shown(response, self.proposal))
        self.assertIn("Accept", response.text)

    def test_draft_is_shown_to_no_customer(self):
        for user in (self.ann, self.eve, None):
            self._login(user)
            response = self._get(self.draft, token=self.draft.access_token)
            self.assertFalse(self._is_shown(response, self.draft))
            self.assertIn("error", self._accept(self.draft, self.draft.access_token))
        self.assertEqual(self.draft.state, "draft")

    def test_staff_preview_a_draft(self):
        self.env.user.write({"login": "owner", "password": "owner-password"})
        self.authenticate("owner", "owner-password")
        response = self._get(self.draft)
        self.assertTrue(self._is_shown(response, self.draft))
        self.assertIn("We answer within", response.text)

    def test_other_customer_gets_nothing_over_rpc(self):
        records = (
            self.active,
            self.active.line_ids,
            self.active.target_ids,
            self.active.tier_id,
        )
        for record in records:
            model = self.env[record._name].with_user(self.eve)
            with self.assertRaises(AccessError):
                model.browse(record.ids).read(["display_name"])
        self._login(self.eve)
        with self.assertRaises(JsonRpcException), mute_logger("odoo.http"):
            self._rpc("service.agreement", "read", [self.active.ids, ["name"]])
        found = self._rpc("service.agreement", "search_read", [[], ["name"]])
        self.assertFalse(found)

    def test_customer_changes_nothing_over_rpc(self):
        self._login(self.ann)
        calls = [
            ("write", [self.proposal.ids, {"state": "active"}]),
            ("action_activate", [self.proposal.ids]),
            ("_accept", [self.proposal.ids, "Ann", PIXEL]),
            ("unlink", [self.proposal.ids]),
        ]
        for method, args in calls:
            with self.assertRaises(JsonRpcException), mute_logger("odoo.http"):
                self._rpc("service.agreement", method, args)
        self.assertEqual(self.proposal.state, "proposed")

    def _rpc(self, model, method, args):
        return self.make_jsonrpc_request(
            f"/web/dataset/call_kw/{model}/{method}",
            {"model": model, "method": method, "args": args, "kwargs": {}},
        )

    def test_odd_addresses_are_no_errors(self):
        odd = [
            "?sortby[]=x",
            "?sortby=💥",
            "?page=²",
            "?page=-1",
            "/page/0",
            "/page/999999",
            f"/page/{10**30}",
            "/0",
            f"/{2**31}",
            f"/{10**30}",
        ]
        one = f"/{self.active.id}"
        odd += [
            one + params
            for params in (
                "?document=1&values=2&no_breadcrumbs=3&session_history=4",
                "?report_type=exe",
                "?report_type[]=pdf",
                "?ticket=abc",
                f"?ticket={10**30}",
                "?ticket=²",
                "?message=💥",
                "?pid=x&hash=y",
                "?access_token=é&access_token=",
                "?download=x&report_type=html",
                "/request?priority=99&form_key=💥",
                "/request?subject[]=x",
            )
        ]
        for user in (self.ann, None):
            self._login(user)
            for address in odd:
                response = self.url_open("/my/agreements" + address)
                self.assertLess(response.status_code, 500, address)

    def test_nothing_changes_by_get(self):
        self._login(self.ann)
        token = self.proposal.access_token
        with mute_logger("odoo.http"):
            self._get(self.proposal, "/accept", token, name="Ann", signature=PIXEL)
            self._get(self.proposal, "/decline", token, decline_message="No")
        self._get(self.active, "/request", subject="Help", priority="1")
        self.assertEqual(self.proposal.state, "proposed")
        self.assertFalse(self._tickets())


@tagged("post_install", "-at_install")
class TestPortalHome(PortalCase):
    def test_counters(self):
        counters = ["service_agreement_count", "service_proposal_count"]
        expected = {self.ann: (1, 1), self.eve: (0, 0)}
        for user, counts in expected.items():
            self._login(user)
            values = self.make_jsonrpc_request("/my/counters", {"counters": counters})
            self.assertEqual(tuple(values[name] for name in counters), counts)

    def test_expired_offers_wait_for_nobody(self):
        self.proposal.validity_date = LONG_AGO
        self._login(self.ann)
        values = self.make_jsonrpc_request(
            "/my/counters", {"counters": ["service_proposal_count"]}
        )
        self.assertEqual(values["service_proposal_count"], 0)


@tagged("post_install", "-at_install")
class TestPortalSign(PortalCase):
    def test_customer_signs_without_login(self):
        self._login(None)
        result = self._accept(self.proposal, self.proposal.access_token, name=" Ann ")
        self.assertIn("message=sign_ok", result["redirect_url"])
        self.assertRecordValues(
            self.proposal, [{"state": "active", "signed_by": "Ann"}]
        )
        self.assertTrue(self.proposal.signature)
        response = self.url_open(result["redirect_url"])
        self.assertIn("Thank you, it is signed.", response.text)

    def _login_seller(self):
        groups = self.env.ref("service_agreement.group_user")
        groups |= self.env.ref("project.group_project_user")
        seller = self.env["res.users"].create(
            {
                "name": "Seller",
                "login": "seller",
                "email": "seller@example.com",
                "password": "seller",
                "group_ids": [Command.set(groups.ids)],
            }
        )
        self._login(seller)
        return seller

    def test_staff_sign_and_decline_for_no_customer(self):
        self._login_seller()
        for token in (None, self.proposal.access_token):
            result = self._accept(self.proposal, token, name="Ann Customer")
            self.assertIn("Only the customer can sign", result["error"])
            response = self._post(
                self.proposal, "/decline", token, decline_message="Too expensive"
            )
            self.assertIn("Only the customer can decline", response.text)
        self.assertRecordValues(
            self.proposal, [{"state": "proposed", "signed_by": False}]
        )

    def test_staff_sign_what_their_own_company_buys(self):
        seller = self._login_seller()
        seller.partner_id.parent_id = self.customer
        self.assertIn("sign_ok", self._accept(self.proposal)["redirect_url"])
        message = self.proposal.message_ids.filtered("attachment_ids")
        self.assertEqual(message.author_id, seller.partner_id)

    def test_whoever_has_the_link_signs_as_himself(self):
        self._login(self.eve)
        self._accept(self.proposal, self.proposal.access_token, name="Eve")
        message = self.proposal.message_ids.filtered("attachment_ids")
        self.assertEqual(message.author_id, self.eve.partner_id)

    def test_signed_copy_is_kept_in_the_chatter(self):
        self._login(self.ann)
        self._accept(self.proposal)
        message = self.proposal.message_ids.filtered("attachment_ids")
        self.assertEqual(message.author_id, self.ann.partner_id)
        self.assertEqual(len(message.attachment_ids), 1)
        self.assertIn(self.proposal.name, message.attachment_ids.name)
        self.assertFalse(message.is_internal)

    def test_signed_twice_is_signed_once(self):
        self._login(self.ann)
        self._accept(self.proposal)
        signed_on = self.proposal.signed_on
        self.assertIn("error", self._accept(self.proposal, name="Ben"))
        self.assertEqual(self.proposal.signed_by, "Ann")
        self.assertEqual(self.proposal.signed_on, signed_on)
        copies = self.proposal.message_ids.attachment_ids
        self.assertEqual(len(copies), 1)

    def test_name_and_a_drawn_signature_are_needed(self):
        self._login(self.ann)
        script = "PHN2Zz48c2NyaXB0PmFsZXJ0KDEpPC9zY3JpcHQ+PC9zdmc+"
        bad = [
            {"name": ""},
            {"name": "  "},
            {"name": None},
            {"name": ["Ann"]},
            {"name": 5},
            {"signature": ""},
            {"signature": None},
            {"signature": "not base64 at all!"},
            {"signature": "é"},
            {"signature": {"x": 1}},
            {"signature": "iVBORw0KGgoAAAAA"},
            {"signature": script},
            {"access_token": ["x"]},
        ]
        for params in bad[:-1]:
            self.assertIn("error", self._accept(self.proposal, **params), params)
            self.assertEqual(self.proposal.state, "proposed", params)
            self.assertFalse(self.proposal.signed_by, params)
        self._login(self.eve)
        self.assertIn("error", self._accept(self.proposal, **bad[-1]))

    def test_expired_offer_says_so_and_cannot_be_signed(self):
        self.proposal.validity_date = LONG_AGO
        self._login(self.ann)
        response = self._get(self.proposal)
        self.assertIn("This offer was valid until", response.text)
        self.assertNotIn("modalaccept", response.text)
        self.assertIn("valid until", self._accept(self.proposal)["error"])
        self.assertEqual(self.proposal.state, "proposed")

    def test_declined_in_the_customers_words(self):
        self._login(self.ben)
        words = "Too <b>expensive</b> – 10 % less?"
        response = self._post(self.proposal, "/decline", decline_message=words)
        self.assertIn("You declined this proposal", response.text)
        self.assertRecordValues(
            self.proposal,
            [{"state": "ended", "end_reason": "cancelled", "end_note": words}],
        )
        message = self.proposal.message_ids.filtered(
            lambda m: m.author_id == self.ben.partner_id
        )
        self.assertIn("&lt;b&gt;", message.body)

    def test_decline_needs_words_and_a_proposal(self):
        self._login(self.ann)
        response = self._post(self.proposal, "/decline", decline_message="  ")
        self.assertIn("Please tell us in a few words", response.text)
        self.assertEqual(self.proposal.state, "proposed")
        response = self._post(self.active, "/decline", decline_message="No")
        self.assertIn("cannot be declined", response.text)
        self.assertEqual(self.active.state, "active")

    def test_opening_is_noted_once_a_day(self):
        self._login(None)
        for _time in range(2):
            self._get(self.proposal, token=self.proposal.access_token)
        subtype = self.env.ref("service_agreement.mt_agreement_viewed")
        notes = self.proposal.message_ids.filtered(lambda m: m.subtype_id == subtype)
        self.assertEqual(len(notes), 1)


@tagged("post_install", "-at_install")
class TestPortalRequest(PortalCase):
    def test_request_is_a_ticket_with_a_promise(self):
        self._login(self.ben)
        response = self._post(
            self.active,
            "/request",
            subject="No sound",
            description="Since <b>yesterday</b>",
            priority="3",
            form_key=KEY,
        )
        ticket = self._tickets()
        self.assertRecordValues(
            ticket,
            [
                {
                    "name": "No sound",
                    "priority": "3",
                    "partner_id": self.ben.partner_id.id,
                    "agreement_id": self.active.id,
                    "user_ids": [],
                }
            ],
        )
        self.assertIn("&lt;b&gt;", ticket.description)
        self.assertIn(self.ben.partner_id, ticket.message_partner_ids)
        self.assertIn("We have your request.", response.text)
        self.assertIn("We answer by", response.text)

    def test_what_is_in_force_leads_to_the_request(self):
        self._login(self.ann)
        for agreement, is_offered in ((self.active, True), (self.proposal, False)):
            page = html.fromstring(self._get(agreement).content)
            links = page.xpath(f"//a[contains(@href, '/{agreement.id}/request')]")
            self.assertEqual(bool(links), is_offered, agreement.state)

    def test_without_login_the_customer_asks(self):
        self._login(None)
        token = self.active.access_token
        self._post(self.active, "/request", token, subject="Help", form_key=KEY)
        self.assertEqual(self._tickets().partner_id, self.active.partner_id)

    def test_with_the_link_somebody_else_asks_for_the_customer(self):
        self._login(self.eve)
        token = self.active.access_token
        self._post(self.active, "/request", token, subject="Help", form_key=KEY)
        self.assertEqual(self._tickets().partner_id, self.active.partner_id)

    def test_sent_twice_is_one_ticket(self):
        self._login(self.ann)
        for _time in range(2):
            response = self._post(
                self.active, "/request", subject="No sound", form_key=KEY
            )
            self.assertIn("We have your request.", response.text)
        self.assertEqual(len(self._tickets()), 1)
        self._post(self.active, "/request", subject="No light", form_key=KEY[::-1])
        self.assertEqual(len(self._tickets()), 2)

    def test_a_key_leads_to_no_other_agreement(self):
        self._login(self.ann)
        self._post(self.active, "/request", subject="Ours", form_key=KEY)
        theirs = self._create_active(START, partner_id=self.other_customer.id)
        self._login(self.eve)
        response = self._post(theirs, "/request", subject="Theirs", form_key=KEY)
        self.assertNotIn("Ours", response.text)
        self.assertEqual(len(self._tickets()), 2)

    def test_missing_subject_loses_nothing(self):
        self._login(self.ann)
        response = self._post(
            self.active,
            "/request",
            subject="  ",
            description="Three pages of detail",
            priority="2",
            form_key=KEY,
        )
        self.assertEqual(response.status_code, 200)
        self.assertIn("Please tell us in a few words", response.text)
        self.assertIn("Three pages of detail", response.text)
        self.assertIn(KEY, response.text)
        self.assertFalse(self._tickets())

    def test_without_a_desk_the_customer_is_told_whom_to_call(self):
        self.company.write({"service_desk_project_id": False, "phone": "555 0142"})
        self._login(self.ann)
        response = self._post(self.active, "/request", subject="Help")
        self.assertIn("555 0142", response.text)
        self.assertFalse(self._tickets())

    def test_only_while_in_force(self):
        self._login(self.ann)
        self._post(self.proposal, "/request", subject="Help")
        self.active.action_suspend()
        self._post(self.active, "/request", subject="Help")
        self.assertFalse(self._tickets())

    def test_odd_values_are_no_errors(self):
        self._login(self.ann)
        self._post(
            self.active,
            "/request",
            subject="💥\x00" + 300 * "x",
            priority="99",
            form_key="../../etc",
        )
        self.assertEqual(self._tickets().priority, "1")

    def test_page_lists_tickets_and_invoices(self):
        self._login(self.ann)
        self._post(self.active, "/request", subject="No sound", priority="3")
        self.active._create_due_invoices()
        invoice = self.active._get_portal_invoices()[:1]
        response = self._get(self.active)
        self.assertIn("No sound", response.text)
        self.assertIn(f"/my/invoices/{invoice.id}", response.text)
        self.assertIn("Your next invoice comes on", response.text)

    def test_another_payers_invoice_is_not_shown(self):
        self.active.partner_invoice_id = self.other_customer
        self.active._create_due_invoices()
        invoice = self.active._get_portal_invoices()[:1]
        self._login(self.ann)
        self.assertNotIn(f"/my/invoices/{invoice.id}", self._get(self.active).text)
