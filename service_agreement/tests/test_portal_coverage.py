"""What a customer sees of coverage and prices in the portal, and what others do not."""

import base64
import re
from unittest.mock import patch
from urllib.parse import urlencode

from odoo import http
from odoo.fields import Command, Date
from odoo.tests import HttpCase, tagged

from odoo.addons.service_agreement.controllers import photos

from .common import PortalUsersMixin, ServiceDeskCommon, ServiceWorkMixin
from .test_portal import PIXEL

KEY = "fedcba9876543210" * 2


class PortalCoverageCase(
    ServiceWorkMixin, ServiceDeskCommon, PortalUsersMixin, HttpCase
):
    """Remote help is covered, programming is not. Ann and Ben are the customer's, Eve
    is not."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company.service_desk_project_id = cls.desk
        cls._cover(
            cls.agreement,
            {"name": "Care hours", "kind": "prepaid", "quantity": 4},
            covered_work_type_ids=[Command.set(cls.remote.ids)],
        )
        cls._prepay(cls.agreement.coverage_ids, 4.0)
        cls.ann = cls._create_portal_user("ann", cls.customer)
        cls.ben = cls._create_portal_user("ben", cls.customer)
        cls.other_customer = cls._create_customer("Harrow Clinic")
        cls.eve = cls._create_portal_user("eve", cls.other_customer)
        cls.theatre = cls._create_system("Theatre")
        cls.theirs = cls._create_system(
            "Operating Room", partner_id=cls.other_customer.id
        )
        cls.agreement._portal_ensure_token()
        cls.ticket.write({"name": "New scene", "work_type_id": cls.programming.id})
        cls.ticket._portal_ensure_token()

    def setUp(self):
        super().setUp()
        self.today = Date.to_string(self.company._service_today())

    def _login(self, user):
        login = user.login if user else None
        self.authenticate(login, login)

    def _request_url(self, suffix="", **params):
        url = f"/my/agreements/{self.agreement.id}/request{suffix}"
        return url + ("?" + urlencode(params, doseq=True) if params else "")

    def _post_request(self, token=None, files=None, **data):
        data.setdefault("csrf_token", http.Request.csrf_token(self))
        data.setdefault("form_key", KEY)
        data.setdefault("subject", "A new scene, please")
        url = self._request_url(**({"access_token": token} if token else {}))
        return self.url_open(url, data=data, files=files)

    def _ask_price(self, token=None, **choices):
        if token:
            choices["access_token"] = token
        return self.make_jsonrpc_request(self._request_url("/price"), choices)

    def _ticket_url(self, token=None, **params):
        params = {"access_token": token, **params} if token else params
        query = "?" + urlencode(params) if params else ""
        return f"/my/tasks/{self.ticket.id}{query}"

    def _post_price(self, token=None, **data):
        data.setdefault("csrf_token", http.Request.csrf_token(self))
        if token:
            data["access_token"] = token
        return self.url_open(f"/my/tasks/{self.ticket.id}/price", data=data)

    def _new_ticket(self):
        tickets = self.env["project.task"].sudo()
        return tickets.search([("request_key", "!=", False)])


def find_key(html):
    return re.search(r'name="price_key" value="(\w+)"', html).group(1)


@tagged("post_install", "-at_install")
class TestRequestPrice(PortalCoverageCase):
    def test_before_he_sends_he_sees_that_it_is_covered_and_what_is_left(self):
        self._login(self.ann)
        page = self.url_open(self._request_url()).text
        self.assertIn("1 h covered by Silver", page)
        self.assertIn("3 h left of what was bought", page)
        self.assertNotIn('name="approve"', page)

    def test_and_what_it_costs_where_it_is_not(self):
        self._login(self.ann)
        asked = self._ask_price(work_type_id=self.programming.id)["html"]
        fallback = self.url_open(
            self._request_url(work_type_id=self.programming.id)
        ).text
        for page in (asked, fallback):
            self.assertIn("Not covered", page)
            self.assertRegex(page, r"\$\s150.00 per hour")
            self.assertIn('name="approve"', page)
        self.assertEqual(find_key(asked), find_key(fallback))

    def test_asked_without_javascript_nothing_typed_is_lost_and_nothing_is_sent(self):
        self._login(self.ann)
        page = self._post_request(
            check="1", description="Three pages", work_type_id=self.programming.id
        ).text
        self.assertIn("Three pages", page)
        self.assertIn("Not covered", page)
        self.assertFalse(self._new_ticket())

    def test_what_was_shown_is_what_is_decided(self):
        self._login(self.ann)
        for work_type, verdict in ((self.remote, "covered"), (self.on_site, False)):
            html = self._ask_price(work_type_id=work_type.id)["html"]
            line = self._log(self.today, 1.0, service_work_type_id=work_type.id).sudo()
            self.assertEqual(
                [draw.answer for draw in line.service_draw_ids],
                [verdict] * len(line.service_draw_ids),
            )
            self.assertEqual("Not covered" in html, line.service_verdict != "covered")
            for draw in line.service_draw_ids.filtered(lambda d: not d.answer):
                self.assertIn(f"{draw.price:.2f} per {draw.unit}", html)

    def test_approved_with_the_request(self):
        self._login(self.ann)
        choice = {"work_type_id": self.programming.id, "system_id": self.theatre.id}
        key = find_key(self._ask_price(**choice)["html"])
        response = self._post_request(approve="1", price_key=key, **choice)
        self.assertIn("We have your request.", response.text)
        ticket = self._new_ticket()
        self.assertRecordValues(
            ticket,
            [
                {
                    "system_id": self.theatre.id,
                    "work_type_id": self.programming.id,
                    "approval_state": "approved",
                }
            ],
        )
        self.assertEqual(ticket.approval_ids.author_id, self.ann.partner_id)
        draw = self._log(self.today, 2.0, task_id=ticket.id).sudo().service_draw_ids
        self.assertEqual((draw.answer, draw.amount), ("bill", 300))

    def test_not_approved_it_is_sent_all_the_same(self):
        self._login(self.ann)
        self._post_request(work_type_id=self.programming.id)
        ticket = self._new_ticket()
        self.assertFalse(ticket.approval_ids)
        draw = self._log(self.today, 2.0, task_id=ticket.id).sudo().service_draw_ids
        self.assertFalse(draw.answer)

    def test_the_price_changed_meanwhile_and_he_looks_again(self):
        self._login(self.ann)
        choice = {"work_type_id": self.programming.id}
        key = find_key(self._ask_price(**choice)["html"])
        self.rate.price = 170
        for forged in (key, "", "💥"):
            page = self._post_request(
                approve="1", price_key=forged, description="All of it", **choice
            ).text
            self.assertIn("has changed since you saw it", page)
            self.assertIn("All of it", page)
            self.assertIn("170.00 per hour", page)
        self.assertFalse(self._new_ticket())

    def test_whoever_only_has_the_link_says_his_name(self):
        self._login(None)
        token, choice = (
            self.agreement.access_token,
            {"work_type_id": self.programming.id},
        )
        key = find_key(self._ask_price(token, **choice)["html"])
        values = {"approve": "1", "price_key": key, **choice}
        self.assertIn("tell us your name", self._post_request(token, **values).text)
        self.assertFalse(self._new_ticket())
        self._post_request(token, approver="Butler", **values)
        approval = self._new_ticket().approval_ids
        self.assertEqual(
            (approval.author_name, approval.author_id.id), ("Butler", False)
        )

    def test_staff_approve_for_no_customer(self):
        self.agent.write(
            {
                "password": "agent",
                "group_ids": [
                    Command.link(self.env.ref("service_agreement.group_user").id)
                ],
            }
        )
        self._login(self.agent)
        choice = {"work_type_id": self.programming.id}
        html = self._ask_price(**choice)["html"]
        self.assertNotIn('name="approve"', html)
        self._post_request(approve="1", price_key=find_key(html), **choice)
        self.assertFalse(self._new_ticket().approval_ids)

    def test_only_his_own_systems(self):
        self._login(self.ann)
        self.assertIn("Theatre", self.url_open(self._request_url()).text)
        self.assertNotIn("Operating Room", self.url_open(self._request_url()).text)
        html = self._ask_price(system_id=self.theirs.id)["html"]
        self.assertNotIn("Operating Room", html)
        self._post_request(system_id=self.theirs.id)
        self.assertNotEqual(self._new_ticket().system_id, self.theirs)

    def test_only_what_customers_ask_for(self):
        preventive = self.env.ref("service_agreement.work_type_preventive")
        self._login(self.ann)
        page = self.url_open(self._request_url()).text
        self.assertIn("Programming", page)
        self.assertNotIn("Preventive Visit", page)
        self._post_request(work_type_id=preventive.id)
        self.assertEqual(self._new_ticket().work_type_id, self.remote)

    def test_nobody_else_asks_what_it_costs(self):
        right = self.agreement.access_token
        for user in (self.eve, None):
            self._login(user)
            for token in (None, "x", right[:-1], right.upper(), "é", ["x"], {"a": 1}):
                answer = self._ask_price(token, work_type_id=self.programming.id)
                self.assertEqual(set(answer), {"error"}, token)

    def test_odd_choices_are_no_errors(self):
        odd = (
            "",
            "²",
            "💥",
            "-1",
            str(10**30),
            "0",
            self.theirs.id,
            ["1"],
            {"a": 1},
            None,
            True,
        )
        self._login(self.ann)
        for value in odd:
            choices = dict.fromkeys(("system_id", "work_type_id", "priority"), value)
            answer = self._ask_price(**choices, approver=value, more=value)
            self.assertEqual(set(answer), {"html"}, value)
        for value in odd[:6]:
            names = ("system_id", "work_type_id[]", "work_type_id", "price_key")
            url = self._request_url(**dict.fromkeys(names, value))
            self.assertEqual(self.url_open(url).status_code, 200, value)
        answer = self.make_jsonrpc_request(f"/my/agreements/{10**30}/request/price", {})
        self.assertIn("error", answer)

    def test_asking_writes_nothing(self):
        self._login(self.ann)
        self.env.flush_all()
        written = []
        execute = type(self.env.cr).execute

        def watch(cursor, query, *args, **kwargs):
            text = str(getattr(query, "code", query)).lstrip().upper()
            if text.startswith(("INSERT", "UPDATE", "DELETE")):
                written.append(text)
            return execute(cursor, query, *args, **kwargs)

        with patch.object(type(self.env.cr), "execute", watch):
            self._ask_price(work_type_id=self.programming.id)
        self.assertFalse([q for q in written if "SERVICE_AGREEMENT" in q])

    def test_photos_arrive_with_the_request(self):
        self._login(self.ann)
        pixel = base64.b64decode(PIXEL)
        self._post_request(
            files=[
                ("photos", ("rack.png", pixel, "image/png")),
                ("photos", ("wall.png", pixel, "application/x-evil")),
            ]
        )
        attachments = self._new_ticket().attachment_ids
        self.assertEqual(set(attachments.mapped("name")), {"rack.png", "wall.png"})
        self.assertEqual(set(attachments.mapped("mimetype")), {"image/png"})

    def test_what_is_no_photo_is_refused_and_nothing_typed_is_lost(self):
        self._login(self.ann)
        pixel = base64.b64decode(PIXEL)
        many = [("photos", (f"{n}.png", pixel, "image/png")) for n in range(9)]
        bad = (
            [("photos", ("a.svg", b"<svg onload='x'/>", "image/png"))],
            [("photos", ("large.png", pixel, "image/png"))],
            many,
        )
        for number, files in enumerate(bad):
            largest = 10 if number == 1 else photos.BYTES_MAX
            with patch.object(photos, "BYTES_MAX", largest):
                page = self._post_request(files=files, description="Loud hum").text
            self.assertIn("Please choose photos again", page)
            self.assertIn("Loud hum", page)
        self.assertFalse(self._new_ticket())


@tagged("post_install", "-at_install")
class TestTicketPrice(PortalCoverageCase):
    def _page(self, token=None):
        return self.url_open(self._ticket_url(token)).text

    def test_the_customer_approves_with_his_link(self):
        self._login(None)
        token = self.ticket.access_token
        page = self._page(token)
        self.assertIn("Not covered", page)
        self.assertRegex(page, r"\$\s150.00 per hour")
        values = {"answer": "approve", "price_key": find_key(page)}
        self.assertIn("tell us your name", self._post_price(token, **values).text)
        response = self._post_price(token, name=" Butler ", **values)
        self.assertIn("Butler approved on", response.text)
        self.assertNotIn("price_key", response.text)
        draw = self._log(self.today, 2.0).sudo().service_draw_ids
        self.assertEqual((draw.answer, draw.price), ("bill", 150))
        self.assertIn("as you approved", self._page(token))

    def test_his_colleague_who_follows_it_declines_and_approves_after_all(self):
        self.ticket.message_subscribe(self.ben.partner_id.ids)
        self.desk.message_subscribe(self.ben.partner_id.ids)
        self.desk.privacy_visibility = "portal"
        self._login(self.ben)
        key = find_key(self._page())
        page = self._post_price(answer="decline", price_key=key).text
        self.assertIn("Nothing that costs is done", page)
        self.assertIn("Ben did not want it", page)
        self.assertEqual(self.ticket.approval_state, "declined")
        self._post_price(answer="approve", price_key=key)
        self.ticket.invalidate_recordset()
        self.assertEqual(self.ticket.approval_state, "approved")
        self.assertEqual(self.ticket.approval_ids[-1].author_id, self.ben.partner_id)

    def test_who_reads_along_for_another_company_sees_no_prices(self):
        self.desk.privacy_visibility = "portal"
        self.desk.message_subscribe(self.eve.partner_id.ids)
        self.ticket.message_subscribe(self.eve.partner_id.ids)
        self._log(self.today, 1.0)
        key = self.ticket._ticket_get_offer().key
        self._login(self.eve)
        page = self._page()
        self.assertIn("New scene", page)
        for secret in ("150.00", "What it costs", "who pays"):
            self.assertNotIn(secret, page)
        response = self._post_price(answer="approve", price_key=key)
        self.assertEqual(response.status_code, 404)
        self.assertFalse(self.ticket.approval_ids)

    def test_nobody_else_sees_or_says_anything(self):
        right = self.ticket.access_token
        other = self.env["project.task"].create(self._prepare_ticket_values())
        other._portal_ensure_token()
        key = self.ticket._ticket_get_offer().key
        tokens = (None, "x", right[:-1], right.upper(), other.access_token, "é")
        for user in (self.eve, None):
            self._login(user)
            for token in tokens:
                response = self._post_price(
                    token, answer="approve", price_key=key, name="Eve"
                )
                self.assertEqual(response.status_code, 404, token)
                if token != "é":  # which Odoo's own page does not take
                    self.assertNotIn("150.00", self._page(token))
        self.assertFalse(self.ticket.approval_ids)

    def test_the_link_of_whose_ticket_it_was_opens_nothing(self):
        stale = self.ticket.access_token
        self.ticket.partner_id = self.other_customer
        self._login(None)
        self.assertNotIn("New scene", self._page(stale))
        self.assertEqual(
            self._post_price(stale, answer="approve", name="Ann").status_code, 404
        )

    def test_staff_see_it_and_approve_nothing(self):
        self.agent.password = "agent"
        self._login(self.agent)
        page = self._page()
        self.assertIn("150.00 per hour", page)
        self.assertIn("Only the customer can approve it", page)
        for token in (None, self.ticket.access_token):
            self._post_price(token, answer="approve", price_key=find_key_of(self))
        self.assertFalse(self.ticket.approval_ids)

    def test_without_a_csrf_token_nothing_is_approved(self):
        self._login(None)
        response = self._post_price(
            self.ticket.access_token,
            answer="approve",
            name="Ann",
            price_key=find_key_of(self),
            csrf_token="forged",
        )
        self.assertEqual(response.status_code, 400)
        self.assertFalse(self.ticket.approval_ids)

    def test_odd_answers_are_no_errors(self):
        self._login(None)
        token = self.ticket.access_token
        for values in (
            {},
            {"answer": "given", "name": "Ann"},
            {"answer": "approve", "name": "Ann", "price_key": "💥"},
            {"answer": "approve", "name": "\x00 ", "price_key": find_key_of(self)},
            {"answer": "decline", "name": "x" * 1000, "price_key": "1" * 5000},
        ):
            response = self._post_price(token, **values)
            self.assertEqual(response.status_code, 200, values)
        for number in (0, 2**31, 10**30):
            data = {"csrf_token": http.Request.csrf_token(self), "access_token": token}
            response = self.url_open(f"/my/tasks/{number}/price", data=data)
            self.assertEqual(response.status_code, 404, number)
        for message in ("💥", "<script>", "approved"):
            page = self.url_open(self._ticket_url(token, price_message=message))
            self.assertEqual(page.status_code, 200)
        self.assertFalse(self.ticket.approval_ids)

    def test_time_spent_and_who_pays_each_part(self):
        self.ticket.work_type_id = self.remote
        self._log(self.today, 5.0, name="Rebuilt the scenes")
        self._login(None)
        page = self._page(self.ticket.access_token)
        self.assertIn("Rebuilt the scenes", page)
        self.assertIn("4 h covered by Silver", page)
        self.assertRegex(page, r"1 h at \$\s150.00, more than was left")


def find_key_of(case):
    return case.ticket._ticket_get_offer().key


@tagged("post_install", "-at_install")
class TestAgreementCoverage(PortalCoverageCase):
    def _page(self, user=None):
        self._login(user or self.ann)
        return self.url_open(f"/my/agreements/{self.agreement.id}").text

    def test_what_is_left_for_which_systems_and_what_was_done(self):
        self.ticket.agreement_id = self.agreement
        self._log(self.today, 1.5, name="Found it", service_work_type_id=self.remote.id)
        self._log(self.today, 1.0, name="New macro")
        page = self._page()
        self.assertIn("Care hours", page)
        self.assertRegex(page, "2.50? h left")
        self.assertIn("Theatre", page)
        self.assertIn("1.5 h covered by Silver", page)
        self.assertIn("New macro", page)
        self.assertIn("1 h not covered, and not billed yet", page)

    def test_of_another_customer_s_work_he_sees_nothing(self):
        theirs = self._create_active("2026-01-01", partner_id=self.other_customer.id)
        self._cover(theirs, {})
        self.ticket.write({"partner_id": self.other_customer.id})
        self._log(
            self.today, 1.0, name="Secret work", service_work_type_id=self.remote.id
        )
        page = self._page()
        self.assertNotIn("Secret work", page)
        self.assertNotIn("Operating Room", page)

    def test_only_the_systems_that_are_named(self):
        self._create_system("Terrace")
        self.agreement.sudo().system_ids = self.theatre
        self.assertEqual(self.agreement._get_portal_covered_systems(), self.theatre)

    def test_much_work_costs_no_more_queries_than_little(self):
        def count():
            self.env.flush_all()
            self.env.invalidate_all()
            start = self.env.cr.sql_log_count
            self.agreement._find_portal_work()._list_for_customer()
            self.ticket._ticket_portal_work()
            self.agreement._get_portal_allowances()
            return self.env.cr.sql_log_count - start

        self._log(self.today, 0.5)
        count()
        few = count()
        for _number in range(6):
            self._log(self.today, 0.5)
        self.assertLessEqual(count(), few)
