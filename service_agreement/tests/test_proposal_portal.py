"""The way of a client: from the link to a signed agreement, or to a no in writing."""

from urllib.parse import urlencode

from odoo import http
from odoo.tests import HttpCase, new_test_user, tagged
from odoo.tools import mute_logger

from .common import PortalUsersMixin
from .proposal_cases import PIXEL, ProposalCommon

FAR_AHEAD = "2099-12-31"
LONG_AGO = "2020-01-31"
# Each table that the price of three tiers depends on is read once.
PAGE_QUERIES = 48
LIST_QUERIES = 25
ODD = ("x", "-1", "0", "99999999999999999999", "1.5", "é", "[1]", "null")


class ProposalPortalCase(ProposalCommon, PortalUsersMixin, HttpCase):
    """Ann works at Whitfield, Eve elsewhere."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.ann = cls._create_portal_user("ann", cls.customer)
        cls.other_customer = cls._create_customer("Harrow Clinic")
        cls.eve = cls._create_portal_user("eve", cls.other_customer)
        cls.proposal = cls._create_sent(
            validity_date=FAR_AHEAD,
            quantity_label="meeting rooms",
            extra_ids=[cls._extra()],
        )

    def _login(self, user):
        login = user.login if user else None
        self.authenticate(login, login)

    def _url(self, proposal, suffix="", token=None, **params):
        params = {"access_token": token or proposal.access_token, **params}
        return f"/my/proposals/{proposal.id}{suffix}?{urlencode(params, doseq=True)}"

    def _get(self, *args, **kwargs):
        return self.url_open(self._url(*args, **kwargs))

    def _post(self, proposal, suffix, **data):
        data["csrf_token"] = http.Request.csrf_token(self)
        return self.url_open(self._url(proposal, suffix), data=data)

    def _quote(self, proposal, **choice):
        choice = {"access_token": proposal.access_token, **choice}
        url = f"/my/proposals/{proposal.id}/quote"
        return self.make_jsonrpc_request(url, choice)

    def _accept_url(self, response):
        """What the form of the sign page would call."""
        return (
            next(
                part
                for part in response.text.replace("&#34;", '"').split('"')
                if "/accept?" in part
            )
            .replace("\\u0026", "&")
            .replace("&amp;", "&")
        )

    def _sign(self, url, **values):
        values = {"name": "Ann Whitfield", "signature": PIXEL, **values}
        return self.make_jsonrpc_request(url, values)


@tagged("post_install", "-at_install")
class TestProposalPortal(ProposalPortalCase):
    def test_from_the_link_to_a_signed_agreement(self):
        page = self._get(self.proposal)
        self.assertEqual(page.status_code, 200)
        for text in ("Bronze", "Silver", "Gold", "Recommended", "Two visits a year"):
            self.assertIn(text, page.text)
        choice = {
            "option": self._option(self.proposal, self.gold).id,
            "plan": self.plan_yearly.id,
            "quantity": 3,
            "extra": self.proposal.extra_ids.ids,
        }
        parts = self._quote(self.proposal, **choice)["parts"]
        self.assertIn("save 10 %", parts[f"saving-{self.plan_yearly.id}"])
        sign = self._get(self.proposal, "/sign", chosen=1, **choice)
        self.assertIn("Gold", sign.text)
        done = self._sign(self._accept_url(sign))
        agreement = self.proposal.agreement_id
        self.assertTrue(agreement, done)
        self.assertEqual(done["redirect_url"], agreement._get_next_step_url())
        self.assertEqual(agreement.tier_id, self.gold)
        self.assertEqual(agreement.plan_id, self.plan_yearly)
        self.assertEqual(agreement.line_ids.mapped("quantity"), [3, 1])
        self.assertEqual(len(agreement._get_invoices()), 1)
        total = agreement._get_invoices().amount_total
        self.assertIn(f"{total:,.2f}", parts["summary"])
        self.assertEqual(self.url_open(done["redirect_url"]).status_code, 200)
        # A bridge leads to where the invoice is paid; without one he is here.
        url = agreement.get_portal_url(query_string="&message=sign_ok")
        self.assertIn(f"/my/agreements/{agreement.id}", url)
        self.assertIn("Thank you, it is signed.", self.url_open(url).text)

    def test_accepting_twice_makes_one_agreement(self):
        url = self._accept_url(self._get(self.proposal, "/sign"))
        first, second = self._sign(url), self._sign(url, name="Somebody Else")
        self.assertEqual(first, second)
        agreements = self.env["service.agreement"].search(
            [("partner_id", "=", self.customer.id)]
        )
        self.assertEqual(len(agreements), 1)
        self.assertEqual(agreements.signed_by, "Ann Whitfield")
        for suffix in ("", "/sign", "/decline"):
            closed = self._get(self.proposal, suffix)
            self.assertIn("Thank you, it is signed", closed.text)

    def test_what_was_shown_is_what_is_signed(self):
        url = self._accept_url(self._get(self.proposal, "/sign"))
        self.silver.highlights = "Nothing at all"
        answer = self._sign(url)
        self.assertIn("message=changed", answer["redirect_url"])
        self.assertEqual(self.proposal.state, "sent")
        again = self.url_open(answer["redirect_url"])
        self.assertIn("Something changed", again.text)
        self._sign(self._accept_url(again))
        self.assertEqual(self.proposal.state, "accepted")

    def test_without_name_or_signature_nothing_happens(self):
        url = self._accept_url(self._get(self.proposal, "/sign"))
        for values in (
            {"name": ""},
            {"name": ["Ann"]},
            {"signature": ""},
            {"signature": "x"},
            {"signature": {"a": 1}},
        ):
            self.assertTrue(self._sign(url, **values).get("error"), values)
        self.proposal.invalidate_recordset()
        self.assertEqual(self.proposal.state, "sent")
        self.assertFalse(self.proposal.agreement_id)

    def test_declined_in_writing(self):
        self._login(None)
        self.env["service.agreement.rate"].create(
            {"price": 150.0, "price_after_hours": 250.0, "company_id": self.company.id}
        )
        page = self._get(self.proposal, "/decline")
        self.assertIn("What holds without an agreement", page.text)
        self.assertIn("150.00/h", page.text)
        asked = self._post(
            self.proposal, "/decline", reason="other", note="", name="Ann W."
        )
        self.assertIn("Please tell us", asked.text)
        self.assertIn("Ann W.", asked.text)
        self.assertEqual(self.proposal.state, "sent")
        answer = {"reason": "price", "note": "Too <b>much</b>", "name": "Ann W."}
        told = self._post(self.proposal, "/decline", **answer)
        self.assertIn("You declined this proposal", told.text)
        self.assertIn("150.00/h", told.text)
        self.assertEqual(self.proposal.decline_note, "Too <b>much</b>")
        self.assertEqual(self.proposal.declined_by, "Ann W.")
        self._post(self.proposal, "/decline", **{**answer, "reason": "need"})
        self.proposal.invalidate_recordset()
        self.assertEqual(self.proposal.decline_reason, "price")

    def test_looking_changes_nothing_but_the_log(self):
        before = self.proposal.write_date
        self._get(self.proposal)
        self._get(self.proposal)
        self._get(self.proposal, chosen=1, option=1)
        for suffix in ("/sign", "/decline", "/accept"):
            self._get(self.proposal, suffix, reason="price", name="Ann")
        self.assertEqual(self.proposal.state, "sent")
        self.assertEqual(len(self.proposal.opening_ids), 2)
        self.assertEqual(self.proposal.write_date, before)

    def test_our_own_people_open_nothing(self):
        seller = new_test_user(
            self.env,
            "seller",
            "base.group_user,service_agreement.group_user",
            company_id=self.company.id,
        )
        self.authenticate(seller.login, seller.login)
        page = self.url_open(f"/my/proposals/{self.proposal.id}")
        self.assertIn("This is what your customer sees", page.text)
        self.assertFalse(self.proposal.opening_ids)
        sign = self._get(self.proposal, "/sign")
        self.assertNotIn("/accept?", sign.text)

    def test_our_own_people_see_a_draft_as_it_will_be(self):
        draft = self._create_proposal()
        draft._portal_ensure_token()
        self._login(None)
        self.assertEqual(self._get(draft).status_code, 404)
        self.assertTrue(self._quote(draft).get("error"))
        seller = new_test_user(
            self.env,
            "seller",
            "base.group_user,service_agreement.group_user",
            company_id=self.company.id,
        )
        self.authenticate(seller.login, seller.login)
        self.assertIn("Which service fits you?", self._get(draft).text)
        draft.option_ids.unlink()
        self.assertIn("Not sent yet", self._get(draft).text)

    # Who may see it

    def test_the_customer_s_people_need_no_link(self):
        self._login(self.ann)
        page = self.url_open(f"/my/proposals/{self.proposal.id}")
        self.assertIn("Which service fits you?", page.text)
        self.assertEqual(self.proposal.opening_ids.partner_id, self.ann.partner_id)
        draft = self._create_proposal()
        listed = self.url_open("/my/proposals")
        self.assertIn(self.proposal.name, listed.text)
        self.assertNotIn(draft.name, listed.text)
        self.assertEqual(self._get(draft, token="x").status_code, 404)

    def test_nobody_else_sees_anything(self):
        other = self._create_sent(partner_id=self.other_customer.id)
        right = self.proposal.access_token
        forged = ("x", right[:-1], right.upper(), "é", other.access_token, "None")
        for user in (self.eve, None):
            self._login(user)
            for token in forged:
                for suffix in ("", "/sign", "/decline"):
                    response = self._get(self.proposal, suffix, token=token)
                    self.assertEqual(response.status_code, 404, (suffix, token))
                    self.assertNotIn(self.proposal.name, response.text)
                for suffix in ("/quote", "/accept"):
                    url = f"/my/proposals/{self.proposal.id}{suffix}"
                    answer = self._sign(url, access_token=token)
                    self.assertTrue(answer.get("error"), (suffix, token))
        self._login(self.eve)
        self.assertNotIn(self.proposal.name, self.url_open("/my/proposals").text)
        self._login(None)
        bare = self.url_open(f"/my/proposals/{self.proposal.id}")
        self.assertIn("/web/login", bare.url)
        self.proposal.invalidate_recordset()
        self.assertEqual(self.proposal.state, "sent")

    @mute_logger("odoo.http")
    def test_odd_parameters_are_never_an_error(self):
        for value in ODD:
            odd = dict.fromkeys(("option", "plan", "quantity", "extra"), value)
            for suffix in ("", "/sign"):
                response = self._get(self.proposal, suffix, chosen=1, **odd)
                self.assertEqual(response.status_code, 200, (suffix, value))
            self.assertIn("parts", self._quote(self.proposal, **odd))
        for odd in ([1], {"a": 1}, None, True, 2**70, 1.5):
            choice = dict.fromkeys(("option", "plan", "quantity", "extra"), odd)
            self.assertIn("parts", self._quote(self.proposal, **choice))
        for number in (0, 2**31, 2**70):
            response = self.url_open(f"/my/proposals/{number}?access_token=x")
            self.assertEqual(response.status_code, 404)

    def test_links_that_are_over(self):
        newer_action = self.proposal.action_new_version()
        newer = self.proposals.browse(newer_action["res_id"])
        self.assertIn("We are preparing it", self._get(self.proposal).text)
        newer.write({"validity_date": FAR_AHEAD})
        newer._send()
        old = self._get(self.proposal)
        self.assertIn("There is a newer offer", old.text)
        self.assertNotIn(newer.access_token, old.text)
        newer.validity_date = LONG_AGO
        over = self._get(newer)
        self.assertIn("This link is over", over.text)
        self.assertNotIn("Silver", over.text)
        for suffix in ("/sign", "/decline"):
            self.assertIn("This link is over", self._get(newer, suffix).text)
        self._login(self.ann)
        self.assertIn("This offer has expired", self._get(newer).text)
        self._login(None)
        token = newer.access_token
        newer.action_revoke_link()
        self.assertEqual(self._get(newer, token=token).status_code, 404)

    # Queries

    def test_queries_do_not_grow_with_proposals(self):
        self._login(self.ann)
        urls = (self._url(self.proposal), "/my/proposals")
        few = [self._count_queries(url) for url in urls]
        for _number in range(10):
            self._create_sent(validity_date=FAR_AHEAD)
        many = [self._count_queries(url) for url in urls]
        self.assertLessEqual(many[0], few[0])
        self.assertLessEqual(many[1], few[1] + 1)
        self.assertLessEqual(few[0], PAGE_QUERIES)
        self.assertLessEqual(many[1], LIST_QUERIES)

    def _count_queries(self, url):
        self.url_open(url)
        self.env.flush_all()
        self.env.invalidate_all()
        before = self.cr.sql_log_count
        self.url_open(url)
        return self.cr.sql_log_count - before
