"""What the pages of a customer cost in queries: few, and as many for one as for ten.

Counted is every query of a whole page of a customer who is logged in, whoever asks it:
also Odoo's own, such as two for the default language and one to see that the record
exists. The page was opened once before, for a server that runs has Odoo's caches of
views, rules and routes filled; all records are read anew, that of the user too.
"""

import re

from odoo.fields import Command

from .route_cases import get_rules
from .test_statement import StatementCommon

BUDGET = 25
FAR_AHEAD = "2099-12-31"
# A customer has not one of each thing, but two of everything.
TWICE = range(2)


class FurnishedCommon(StatementCommon):
    """An agreement with all that may be on its page, and an offer and a proposal."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.ann = cls._create_portal_user("ann", cls.customer)
        cls.company.service_desk_project_id = cls.desk
        cls.tier.sudo().portal_may_cancel = True
        cls.gold = cls._create_tier("Gold", 299.0, 30)
        cls._create_tier("Platinum", 599.0, 40)
        cls._furnish()
        cls.offer = cls._create_agreement("2020-01-01", validity_date=FAR_AHEAD)
        cls.offer._propose()
        cls.renewed = cls._create_active("2026-01-01", term_months=12, notice_days=10)
        cls.proposal = cls._create_proposal()
        cls()._live()

    @classmethod
    def _furnish(cls):
        """Two of everything that an agreement may have."""
        agreement = cls.agreement.sudo()
        lot = cls._cover_hours(agreement)
        lot.date_end = FAR_AHEAD
        people = [{"name": f"Caller {n}"} for n in TWICE]
        agreement.caller_ids = cls.env["res.partner"].create(
            [{**each, "parent_id": cls.customer.id} for each in people]
        )
        cls.env["service.agreement.system"].create(
            [
                {"name": f"System {n}", "partner_id": cls.customer.id, "device_ids": []}
                for n in TWICE
            ]
        )
        for number, state in enumerate(("planned", "done")):
            cls._create_visit(number + 1, state)

    def _live(self):
        """A quarter of invoices, work and the statement of it; on the class."""
        self._bill_quarter()
        self._log_covered("2026-03-03", 6.0)
        type(self).told = self._prepare_at()
        self.told.sudo()._mark_sent()

    @classmethod
    def _create_visit(cls, number, state):
        visit = (
            cls.env["service.agreement.visit"]
            .sudo()
            .create(
                {
                    "name": "Inspection",
                    "agreement_id": cls.agreement.id,
                    "company_id": cls.company.id,
                    "number": number,
                    "planned_hours": 2.0,
                    "check_ids": [Command.create({"name": "Firmware"})],
                    **dict.fromkeys(
                        ("default_date", "window_from", "window_to", "planned_on"),
                        "2026-04-14",
                    ),
                }
            )
        )
        visit.task_ids = [Command.create(cls._prepare_ticket_values())]
        if state == "done":
            visit.task_ids.stage_id = cls.stages["solved"]
        return visit

    @classmethod
    def _create_proposal(cls):
        tiers = cls.tier | cls.gold
        proposal = cls.env["service.agreement.proposal"].create(
            {
                "partner_id": cls.customer.id,
                "option_ids": [Command.create({"tier_id": tier.id}) for tier in tiers],
                "recommended_tier_id": cls.tier.id,
                "plan_ids": [Command.set((cls.plan_monthly | cls.plan_yearly).ids)],
                "validity_date": FAR_AHEAD,
            }
        )
        proposal._send()
        return proposal


class PortalBudget(FurnishedCommon):
    """To be mixed with `HttpCase`.

    :cvar str addon: whose pages they are
    :cvar tuple uncounted: of its routes that are read by GET, what is no page
    """

    # Of Odoo: the tests are here, and run in each class that has pages.
    allow_inherited_tests_method = True
    addon = ""
    uncounted = ()

    def setUp(self):
        super().setUp()
        self.authenticate("ann", "ann")

    def _get_pages(self):
        """Hook for addons: all pages that a customer can open.

        :return: list of addresses
        """
        raise NotImplementedError

    def test_every_page_is_counted(self):
        """A new page has its budget, or this test fails."""
        paths = {
            rule.rule
            for rule in get_rules(self.env, self.addon)
            if rule.endpoint.routing["type"] == "http"
            and "GET" in (rule.endpoint.routing.get("methods") or ("GET",))
        }
        counted = [url.partition("?")[0] for url in self._get_pages()]
        left = [path for path in paths if not any(map(_to_regex(path), counted))]
        self.assertCountEqual(left, self.uncounted)

    def _count_queries(self, url):
        self.assertEqual(self.url_open(url).status_code, 200, url)
        self.env.flush_all()
        self.env.invalidate_all()
        before = self.cr.sql_log_count
        self.url_open(url)
        return self.cr.sql_log_count - before

    def test_a_page_costs_what_it_may_for_one_and_for_ten(self):
        pages = self._get_pages()
        few = {url: self._count_queries(url) for url in pages}
        for number in range(9):
            self._create_active(f"2026-01-0{number + 1}")
        many = {url: self._count_queries(url) for url in pages}
        for url in pages:
            with self.subTest(url):
                self.assertLessEqual(many[url], BUDGET)
                self.assertLessEqual(many[url], few[url])


def _to_regex(path):
    """:return: function that tells whether an address is one of a route's ``path``"""
    return re.compile(re.sub(r"<[^>]+>", "[^/]+", path)).fullmatch
