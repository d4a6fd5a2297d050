"""What partner systems do over JSON-2, as owner, technician, customer and nobody."""

import csv
from pathlib import Path
from unittest.mock import patch

from lxml import html

from odoo.exceptions import ConcurrencyError
from odoo.modules import get_module_path
from odoo.tests import tagged
from odoo.tools import mute_logger

from ..models.service_request import ServiceRequest
from .api_cases import ApiCase
from .public_surface import TABLE

NOBODY = 2**31 - 1


@tagged("post_install", "-at_install")
class TestApi(ApiCase):
    """Each method as owner, technician, customer, another customer and nobody."""

    # Who may call what

    ANSWERS = {
        "create_from_tier": (200, 403, 403, 403, 401),
        "get_coverage": (200, 200, 200, 403, 401),
        "open_ticket": (200, 200, 200, 403, 401),
        "book_work": (200, 200, 403, 403, 401),
        "get_allowances": (200, 403, 200, 403, 401),
        "get_next_invoices": (200, 403, 200, 403, 401),
        "action_suspend": (200, 403, 403, 403, 401),
    }

    def _get_values(self, method):
        own, ids = {"customer_id": self.customer.id}, {"ids": self.agreement.ids}
        work = {"ticket_id": self.ticket.id, "hours": 1, "description": "Lamp"}
        return {
            "create_from_tier": self._prepare_offer(),
            "get_coverage": own,
            "open_ticket": {**own, "subject": "No sound"},
            "book_work": work,
        }.get(method, ids)

    @mute_logger("odoo.http", "odoo.addons.base.models.ir_rule")
    def test_each_method_answers_who_may_call_it(self):
        users = (self.owner, self.agent, self.ann, self.eve, None)
        for method, answers in self.ANSWERS.items():
            for user, status in reversed([*zip(users, answers, strict=True)]):
                response = self._post(user, method, self._get_values(method))
                told = (method, user and user.login, response.text[:500])
                self.assertEqual(response.status_code, status, told)

    def test_no_method_for_other_systems_is_left_out(self):
        path = Path(get_module_path("service_agreement")) / TABLE
        rows = csv.DictReader(path.read_text().splitlines())
        methods = {row["method"] for row in rows if row["why"] == "api"}
        self.assertEqual(methods, set(self.ANSWERS))

    def test_the_documentation_page_understands_every_docstring(self):
        self.owner.group_ids += self.env.ref("api_doc.group_allow_doc")
        key = {"Authorization": f"Bearer {self.keys[self.owner]}"}
        with self.assertNoLogs("odoo.addons.api_doc", "WARNING"):
            page = self.url_open(f"/doc-bearer/{self.MODEL}.json", headers=key).json()
        for method in self.ANSWERS:
            told = page["methods"][method]
            self.assertIn("doc", told, method)
            for name, parameter in told["parameters"].items():
                self.assertIn("annotation", parameter, (method, name))
                self.assertIn("doc", parameter, (method, name))
        self.assertEqual(told["module"], "service_agreement")

    # Agreements

    def test_an_agreement_is_made_from_a_tier_once_per_reference(self):
        asked = {
            "customer_id": self.customer.id,
            "tier_id": self.tier.id,
            "plan_id": self.plan_yearly.id,
            "start": "2026-03-01",
            "system_ids": self.theatre.ids,
            "reference": "CRM-7",
        }
        first = self._call(self.owner, "create_from_tier", **asked)
        agreement = self.env["service.agreement"].browse(first["id"])
        self.assertEqual(
            first,
            {
                "id": agreement.id,
                "name": agreement.name,
                "reference": "CRM-7",
                "state": "draft",
                "customer": {"id": self.customer.id, "name": "Whitfield Residence"},
                "tier": {"id": self.tier.id, "name": "Silver"},
                "plan": {"id": self.plan_yearly.id, "name": "Yearly"},
                "systems": [{"id": self.theatre.id, "name": "Theatre"}],
                "start": "2026-03-01",
                "end": None,
                "currency": self.company.currency_id.name,
                "untaxed": f"{agreement.amount_untaxed:.2f}",
                "total": f"{agreement.amount_total:.2f}",
                "created": True,
            },
        )
        price = self.tier._get_price(self.plan_yearly)
        self.assertEqual(agreement.line_ids.price_unit, price)
        again = self._call(self.owner, "create_from_tier", **asked)
        self.assertEqual(again, {**first, "created": False})
        self._refused(
            self.owner,
            "create_from_tier",
            422,
            "CRM-7 is .* already",
            **{**asked, "customer_id": self.other_customer.id, "system_ids": None},
        )

    def test_signed_already_it_is_put_in_force_also_when_asked_again(self):
        asked = {**self._prepare_offer(), "reference": "CRM-8"}
        draft = self._call(self.owner, "create_from_tier", **asked)
        for _time in range(2):
            active = self._call(self.owner, "create_from_tier", **asked, activate=True)
            self.assertEqual((active["id"], active["state"]), (draft["id"], "active"))

    @mute_logger("odoo.http")
    def test_who_makes_no_agreements_makes_none_here(self):
        for user, status in ((self.agent, 403), (self.ann, 403), (None, 401)):
            response = self._post(user, "create_from_tier", self._prepare_offer())
            self.assertEqual(response.status_code, status, response.text[:500])

    @mute_logger("odoo.http")
    def test_what_cannot_be_used_is_said_and_nothing_is_made(self):
        offer, before = self._prepare_offer(), self._count_agreements()
        for words, values in (
            ("customer_id: None is not .* needed", {"customer_id": None}),
            ("customer_id: 'x' is not .* an id", {"customer_id": "x"}),
            ("customer_id: True is not", {"customer_id": True}),
            ("tier_id: -1 is not", {"tier_id": -1}),
            ("tier_id: 1e", {"tier_id": 1e300}),
            ("start: '2026-02-30' is not .* 2026-03-01", {"start": "2026-02-30"}),
            ("system_ids: 7 is not .* list", {"system_ids": 7}),
            (
                "system_ids: Operating Room is not a system of Whitfield",
                {"system_ids": self.theirs.ids},
            ),
            ("reference: .* at most 100", {"reference": "x" * 101}),
            ("reference: 7 is not", {"reference": 7}),
            ("activate: 'yes' is not .* true or false", {"activate": "yes"}),
        ):
            self._refused(
                self.owner, "create_from_tier", 422, words, **{**offer, **values}
            )
        other_plan = self.env["service.agreement.plan"].create({"name": "Odd"})
        for status, words, values in (
            (404, "tier_id: nothing has the id", {"tier_id": NOBODY}),
            (422, "plan_id: Silver is not offered", {"plan_id": other_plan.id}),
            (422, "missing a required argument", {}),
        ):
            asked = {**offer, **values} if values else {}
            self._refused(self.owner, "create_from_tier", status, words, **asked)
        self.assertEqual(self._count_agreements(), before)

    @mute_logger("odoo.http", "odoo.addons.base.models.ir_rule")
    def test_another_company_s_tier_and_customer_stay_there(self):
        other = self.env["res.company"].sudo().create({"name": "Other"})
        tier = self._create_tier("Theirs", 99.0, 30, company_id=other.id)
        stranger = self._create_customer("Stranger", company_id=other.id)
        offer = self._prepare_offer()
        for values in ({"tier_id": tier.id}, {"customer_id": stranger.id}):
            self._refused(
                self.owner, "create_from_tier", 403, "", **{**offer, **values}
            )

    def test_two_at_once_make_one(self):
        """The second finds nothing yet, is refused by the database, and runs again."""
        agreements = self.env["service.agreement"].with_user(self.owner)
        asked = {**self._prepare_offer(), "reference": "CRM-9"}
        first = agreements.create_from_tier(**asked)
        nothing = patch.object(type(agreements), "_api_find", lambda *_args: None)
        with nothing, mute_logger("odoo.sql_db"), self.assertRaises(ConcurrencyError):
            agreements.create_from_tier(**asked)
        again = agreements.create_from_tier(**asked)
        self.assertEqual((again["id"], again["created"]), (first["id"], False))

    def _count_agreements(self):
        return self.env["service.agreement"].sudo().search_count([])

    # Coverage

    def test_the_words_and_figures_are_those_of_the_portal(self):
        for work_type, verdict in (
            (self.remote, "covered"),
            (self.programming, "uncovered"),
        ):
            asked = {"system_id": self.theatre.id, "work_type_id": work_type.id}
            self._login(self.ann)
            page = _plain(self._ask_price(**asked, priority="1")["html"])
            self._login(None)
            asked["customer_id"] = self.customer.id
            for user in (self.owner, self.ann):
                told = self._call(user, "get_coverage", **asked)
                self.assertEqual(told["verdict"], verdict)
                self.assertIn(_plain(told["text"]), page)
                self.assertEqual(bool(told["price"]), verdict == "uncovered")
                if told["price"]:
                    self.assertIn(_plain(told["price"]["text"]), page)

    def test_what_is_asked_and_promised_at_an_instant(self):
        told = self._call(
            self.owner,
            "get_coverage",
            customer_id=self.customer.id,
            system_id=self.theatre.id,
            work_type_id=self.programming.id,
            # A Friday, 15:00 in Amsterdam: two of the four working hours are Monday's.
            at="2026-03-06T14:00:00Z",
            priority="0",
        )
        self.assertEqual(told["at"], "2026-03-06T14:00:00Z")
        self.assertEqual(told["agreement"]["tier"]["name"], "Silver")
        self.assertEqual(told["system"], {"id": self.theatre.id, "name": "Theatre"})
        self.assertEqual(
            [(p["metric"], p["minutes"], p["due_at"]) for p in told["promises"]],
            [
                ("first_response", 240, "2026-03-09T10:00:00Z"),
                ("resolution", 480, "2026-03-09T14:00:00Z"),
            ],
        )
        self.assertEqual(
            told["promises"][0]["text"],
            "We answer within 4 working hours (Business hours)",
        )
        price = told["price"]
        self.assertEqual(
            (price["hour"], price["after_hours"], price["trip"]),
            ("150.00", "250.00", None),
        )

    def test_a_ticket_of_that_instant_is_promised_the_same(self):
        told = self._call(
            self.owner,
            "get_coverage",
            customer_id=self.customer.id,
            at="2026-03-06 14:00:00",
            priority="3",
        )
        ticket = self._open_ticket("2026-03-06 15:00", priority="3")
        deadlines = {
            clock.metric: clock.deadline.strftime("%Y-%m-%dT%H:%M:%SZ")
            for clock in ticket.sla_clock_ids
        }
        self.assertEqual(
            {p["metric"]: p["due_at"] for p in told["promises"]}, deadlines
        )

    def test_a_technician_reads_who_pays_and_no_prices(self):
        told = self._call(
            self.agent,
            "get_coverage",
            customer_id=self.customer.id,
            work_type_id=self.programming.id,
        )
        self.assertEqual((told["verdict"], told["price"]), ("uncovered", None))
        self.assertNotIn("150", str(told))
        self.assertIn("Silver covers", told["text"])

    def test_without_agreement_nothing_is_promised(self):
        told = self._call(
            self.owner, "get_coverage", customer_id=self.other_customer.id
        )
        self.assertEqual(told["verdict"], "uncovered")
        self.assertEqual((told["agreement"], told["promises"]), (None, []))
        self.assertEqual(told["price"]["hour"], "150.00")

    def test_a_subsidiary_reads_that_its_parent_pays_and_no_number(self):
        parent = self._create_customer("Whitfield Holding")
        self.customer.parent_id = parent
        holding = self._create_active("2026-01-01", partner_id=parent.id)
        self._cover(holding, {}).covers_children = True
        told = self._call(
            self.ann,
            "get_coverage",
            customer_id=self.customer.id,
            work_type_id=self.programming.id,
        )
        (part,) = told["parts"]
        self.assertEqual(part["outcome"], "covered")
        hidden = {"id": None, "name": None, "tier": part["agreement"]["tier"]}
        self.assertEqual(part["agreement"], hidden)

    @mute_logger("odoo.http", "odoo.addons.base.models.ir_rule")
    def test_customers_ask_for_themselves_only(self):
        for asked in (
            {"customer_id": self.customer.id},
            {"customer_id": self.customer.id, "system_id": self.theatre.id},
            {"customer_id": self.other_customer.id, "system_id": self.theatre.id},
        ):
            self._refused(self.eve, "get_coverage", 403, **asked)
        own = {"customer_id": self.customer.id}
        inner = self.env["service.agreement.work.type"].create(
            {"name": "Inner", "is_requestable": False}
        )
        self._refused(self.ann, "get_coverage", 403, **own, work_type_id=inner.id)
        response = self._post(None, "get_coverage", own)
        self.assertEqual(response.status_code, 401)

    @mute_logger("odoo.http")
    def test_what_cannot_be_used_is_said(self):
        own = {"customer_id": self.customer.id}
        for words, values in (
            ("at: 'soon' is not .* 2026-03-01T09:00:00Z", {"at": "soon"}),
            ("at: choose .* ten years", {"at": "9999-12-31T23:59:59Z"}),
            ("at: .* is not", {"at": "0001-01-01T00:00:00+14:00"}),
            ("priority: '9' is not .* one of 0, 1, 2, 3", {"priority": "9"}),
            ("priority: 3 is not", {"priority": 3}),
            ("system_id: Operating Room is not", {"system_id": self.theirs.id}),
            ("unexpected keyword", {"hours": 3}),
        ):
            self._refused(self.owner, "get_coverage", 422, words, **own, **values)

    # Tickets

    def _ask(self, **values):
        return {
            "customer_id": self.customer.id,
            "subject": "The projector stays dark",
            "description": "Since <b>Monday</b>",
            "priority": "0",
            "system_id": self.theatre.id,
            "work_type_id": self.programming.id,
            **values,
        }

    def test_a_ticket_comes_with_promise_and_verdict_once_per_reference(self):
        for user in (self.owner, self.agent, self.ann):
            asked = self._ask(reference=f"NOC-{user.id}")
            told = self._call(user, "open_ticket", **asked)
            ticket = self.env["project.task"].sudo().browse(told["id"])
            self.assertEqual(ticket.project_id, self.desk)
            self.assertEqual(ticket.agreement_id, self.agreement)
            self.assertEqual(ticket.system_id, self.theatre)
            self.assertIn("&lt;b&gt;Monday", ticket.description)
            self.assertEqual(told["agreement"]["name"], self.agreement.name)
            self.assertEqual(told["verdict"], "uncovered")
            self.assertEqual(
                {p["metric"]: p["state"] for p in told["promises"]},
                {"first_response": "running", "resolution": "running"},
            )
            self.assertTrue(all(p["due_at"] for p in told["promises"]))
            self.assertEqual(told["price"] is None, user == self.agent)
            again = self._call(user, "open_ticket", **asked)
            self.assertEqual((again["id"], again["created"]), (told["id"], False))
            self.assertTrue(told["created"])

    def test_without_reference_each_is_another_ticket(self):
        first, second = (
            self._call(self.owner, "open_ticket", **self._ask()) for _time in range(2)
        )
        self.assertNotEqual(first["id"], second["id"])

    def test_a_reference_leads_to_no_other_customer_s_ticket(self):
        own = self._call(self.owner, "open_ticket", **self._ask(reference="1"))
        other = self._call(
            self.owner,
            "open_ticket",
            **self._ask(
                reference="1", customer_id=self.other_customer.id, system_id=None
            ),
        )
        self.assertNotEqual(own["id"], other["id"])
        self.assertIsNone(other["agreement"])

    @mute_logger("odoo.http", "odoo.addons.base.models.ir_rule")
    def test_who_may_not_opens_none(self):
        before = self._count_tickets()
        self._refused(self.eve, "open_ticket", 403, **self._ask())
        own = self._ask(customer_id=self.eve.partner_id.id, system_id=None)
        self._refused(self.eve, "open_ticket", 403, "please call us", **own)
        self.assertEqual(self._post(None, "open_ticket", own).status_code, 401)
        for words, values in (
            ("subject: .* needed", {"subject": " "}),
            ("subject: .* at most 200", {"subject": "x" * 201}),
            ("description: .* is not", {"description": ["x"]}),
        ):
            asked = self._ask(**values)
            self._refused(self.owner, "open_ticket", 422, words, **asked)
        self.company.service_desk_project_id = False
        self._refused(self.owner, "open_ticket", 422, "no service desk", **self._ask())
        self.assertEqual(self._count_tickets(), before)

    def test_two_at_once_open_one(self):
        agreements = self.env["service.agreement"].with_user(self.owner)
        asked = self._ask(reference="NOC-9")
        first = agreements.open_ticket(**asked)
        nothing = patch.object(ServiceRequest, "_find", lambda *_args: None)
        with nothing, mute_logger("odoo.sql_db"), self.assertRaises(ConcurrencyError):
            agreements.open_ticket(**asked)
        self.assertEqual(agreements.open_ticket(**asked)["id"], first["id"])

    def _count_tickets(self):
        return self.env["project.task"].sudo().search_count([])

    # Allowances and invoices

    def test_allowances_are_read_lot_by_lot(self):
        for user in (self.owner, self.ann):
            (told,) = self._call(user, "get_allowances", ids=self.agreement.ids)
            self.assertEqual(told["agreement"]["name"], self.agreement.name)
            self.assertEqual(told["day"], self.today)
            (allowance,) = told["allowances"]
            self.assertEqual(
                {name: allowance[name] for name in ("name", "unit", "granted", "left")},
                {"name": "Care hours", "unit": "hours", "granted": 4.0, "left": 4.0},
            )
            (lot,) = allowance["lots"]
            self.assertEqual(
                (lot["kind"], lot["start"], lot["end"], lot["left"]),
                ("bought", "2026-01-01", None, 4.0),
            )

    @mute_logger("odoo.http", "odoo.addons.base.models.ir_rule")
    def test_figures_are_for_who_may_read_the_agreement(self):
        for method in ("get_allowances", "get_next_invoices"):
            for user, status in ((self.agent, 403), (self.eve, 403), (None, 401)):
                response = self._post(user, method, {"ids": self.agreement.ids})
                self.assertEqual(response.status_code, status, response.text[:500])
            for words, ids in (("ids: 'x' is not", ["x"]), ("ids: 0 is", [0])):
                self._refused(self.owner, method, 422, words, ids=ids)
            self._refused(self.owner, method, 404, "ids: nothing", ids=[NOBODY])

    def test_what_will_be_billed_is_what_is_billed(self):
        agreement = self._create_active("2026-03-01", partner_id=self.customer.id)
        for user in (self.owner, self.ann):
            told = self._call(user, "get_next_invoices", ids=agreement.ids, count=2)
            self.assertEqual(
                [(t["due"], t["kind"], t["untaxed"]) for t in told],
                [
                    ("2026-03-01", "invoice", "149.00"),
                    ("2026-04-01", "invoice", "149.00"),
                ],
            )
            self.assertEqual(told[0]["lines"][0]["untaxed"], "149.00")
        moves, _failed = self._run_billing("2026-03-01", only=agreement)
        self.assertEqual(f"{moves.amount_total:.2f}", told[0]["total"])
        self.assertEqual(moves.currency_id.name, told[0]["currency"])
        draft = self._create_agreement("2026-03-01")
        self.assertEqual(self._call(self.owner, "get_next_invoices", ids=draft.ids), [])

    @mute_logger("odoo.http")
    def test_how_many_invoices_is_a_number(self):
        for count in (0, -1, 37, "3", 1.5, True):
            self._refused(
                self.owner,
                "get_next_invoices",
                422,
                "count: .* from 1 to 36",
                ids=self.agreement.ids,
                count=count,
            )
        self._refused(self.owner, "get_next_invoices", 422, "ids: .* one id", ids=[])

    # Work

    def _work(self, **values):
        return {
            "ticket_id": self.ticket.id,
            "hours": 1.5,
            "description": "New lamp",
            "work_type_id": self.remote.id,
            "day": self.today,
            **values,
        }

    def test_work_comes_with_its_verdict_and_what_is_left_once(self):
        asked = self._work(reference="PSA-1")
        told = self._call(self.owner, "book_work", **asked)
        self.assertEqual((told["verdict"], told["hours"]), ("covered", 1.5))
        (part,) = told["parts"]
        self.assertEqual(
            (part["outcome"], part["quantity"], part["agreement"]["name"]),
            ("covered", 1.5, self.agreement.name),
        )
        self.assertEqual(told["allowances"][0]["left"], 2.5)
        again = self._call(self.owner, "book_work", **asked)
        self.assertEqual((again["id"], again["created"]), (told["id"], False))
        self.assertEqual(again["allowances"][0]["left"], 2.5)
        more = self._call(self.owner, "book_work", **self._work(hours=3))
        self.assertEqual(more["verdict"], "partly")
        self.assertEqual(
            [(p["outcome"], p["quantity"], p["amount"]) for p in more["parts"]],
            [("covered", 2.5, "0.00"), ("overage", 0.5, "75.00")],
        )

    def test_a_technician_books_his_own_work(self):
        told = self._call(self.agent, "book_work", **self._work(hours=1))
        self.assertEqual(told["employee"]["name"], "Tess")
        self.assertEqual(told["verdict"], "covered")
        line = self.env["account.analytic.line"].browse(told["id"])
        self.assertEqual(line.user_id, self.agent)

    @mute_logger("odoo.http", "odoo.addons.base.models.ir_rule")
    def test_who_may_not_books_none(self):
        for user, status in ((self.ann, 403), (self.eve, 403), (None, 401)):
            response = self._post(user, "book_work", self._work())
            self.assertEqual(response.status_code, status, response.text[:500])
        olivia = self.owner.employee_id
        response = self._post(
            self.agent, "book_work", self._work(employee_id=olivia.id)
        )
        self.assertEqual(response.status_code, 403, response.text[:500])
        task = self.env["project.task"].create(
            {
                "name": "Inner",
                "project_id": self.env["project.project"].create({"name": "Own"}).id,
            }
        )
        for words, values in (
            ("hours: -1 is not .* above 0", {"hours": -1}),
            ("hours: 25 is not", {"hours": 25}),
            ("hours: '1' is not", {"hours": "1"}),
            ("description: .* needed", {"description": ""}),
            ("started_at: .* is not", {"started_at": 5}),
            ("ticket_id: Inner is no ticket", {"ticket_id": task.id}),
        ):
            asked = self._work(**values)
            self._refused(self.owner, "book_work", 422, words, **asked)

    @mute_logger("odoo.http")
    def test_a_reference_is_of_one_piece_of_work(self):
        self._call(self.owner, "book_work", **self._work(reference="PSA-2"))
        other = self._work(reference="PSA-2", hours=2)
        self._refused(self.owner, "book_work", 422, "PSA-2 is other work", **other)


def _plain(page):
    """:return: str, what a page says, without its tags"""
    return " ".join(html.fromstring(page).text_content().replace("\xa0", " ").split())
