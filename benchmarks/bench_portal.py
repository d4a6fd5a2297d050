"""How long a customer with a thousand agreements waits for his pages.

A page is asked for as a browser does, in this process and without the network: login,
routing, reading, rendering. All his agreements were billed for three months; the one
that is opened has requests and work, too. Nothing is compared: these are limits.
"""

import re
import sys
from datetime import date, timedelta
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from _billing import Books, bill
from _support import alternate, row

AGREEMENTS = 1_000
INVOICED = ("2026-01-01", "2026-02-01", "2026-03-01")
REQUESTS = 30
# Server time of a page.
LIMIT = 300
LOGIN = "ann"


def run(env):
    shop = Shop(env)
    browser = Browser(env)
    pages = shop.get_pages()
    seconds = alternate(*(partial(browser.open, url) for url in pages.values()))
    return [
        row(f"{name}: ms", each * 1000, LIMIT)
        for name, each in zip(pages, seconds, strict=True)
    ]


class Shop:
    """One customer, and what he has of us."""

    def __init__(self, env):
        self.env, self.books = env, Books(env)
        self.customer = env["res.partner"].create(
            {"name": "Whitfield", "is_company": True}
        )
        self._create_user()
        agreements = self.books.create_agreements([self.customer] * AGREEMENTS)
        self.agreement, self.tier = agreements[0], agreements.tier_id
        for day in INVOICED:
            for _invoices, set_aside in bill(env, date.fromisoformat(day)):
                assert not set_aside
        self.offer = self._create_offer()
        self.proposal = self._create_proposal()
        self._create_requests()
        self.books.settle()

    def _create_user(self):
        contact = self.env["res.partner"].create(
            {"name": "Ann", "parent_id": self.customer.id}
        )
        self.env["res.users"].create(
            {
                "name": "Ann",
                "login": LOGIN,
                "password": LOGIN,
                "partner_id": contact.id,
                "group_ids": [(6, 0, self.env.ref("base.group_portal").ids)],
            }
        )

    def _create_offer(self):
        offer = self.agreement.copy({"date_start": "2026-12-01"})
        offer._propose()
        return offer

    def _create_proposal(self):
        proposal = self.env["service.agreement.proposal"].create(
            {
                "partner_id": self.customer.id,
                "option_ids": [(0, 0, {"tier_id": self.tier.id})],
                "plan_ids": [(6, 0, self.tier.plan_ids.ids)],
                "validity_date": "2099-12-31",
            }
        )
        proposal._send()
        return proposal

    def _create_requests(self):
        desk = self.env["project.project"].create(
            {"name": "Desk", "is_service_desk": True}
        )
        self.env.company.service_desk_project_id = desk
        employee = self.env["hr.employee"].create({"name": "Technician"})
        tasks = self.env["project.task"].create(
            [
                {
                    "name": "No sound",
                    "project_id": desk.id,
                    "partner_id": self.customer.id,
                    "agreement_id": self.agreement.id,
                }
                for _n in range(REQUESTS)
            ]
        )
        today = self.env.company._service_today()
        self.env["account.analytic.line"].create(
            [
                {
                    "name": "Worked",
                    "task_id": task.id,
                    "employee_id": employee.id,
                    "unit_amount": 0.5,
                    "date": today - timedelta(days=3 * number),
                }
                for number, task in enumerate(tasks)
            ]
        )

    def get_pages(self):
        """:return: dict of address by name"""
        page = f"/my/agreements/{self.agreement.id}"
        return {
            f"list of {AGREEMENTS:,} agreements": "/my/agreements",
            "agreement in force": page,
            "its document": f"{page}/document/agreement",
            "offer": f"/my/agreements/{self.offer.id}",
            "another tier or plan": f"{page}/change/upgrade",
            "request": f"{page}/request",
            "proposal": f"/my/proposals/{self.proposal.id}",
        }


class Browser:
    """Somebody who is logged in, without a network."""

    def __init__(self, env):
        from werkzeug.test import Client

        from odoo.http import root

        self.client = Client(root)
        page = self._ask(self.client.get, f"/web/login?db={env.cr.dbname}")
        token = re.search(r'name="csrf_token" value="([^"]+)"', page.text).group(1)
        data = {"login": LOGIN, "password": LOGIN, "csrf_token": token}
        self._ask(self.client.post, "/web/login", data=data, expected=303)

    def open(self, url):
        self._ask(self.client.get, url)

    def _ask(self, method, url, expected=200, **options):
        answer = method(url, environ_overrides={"REMOTE_ADDR": "127.0.0.1"}, **options)
        answer.get_data()
        assert answer.status_code == expected, (url, answer.status_code)
        return answer
