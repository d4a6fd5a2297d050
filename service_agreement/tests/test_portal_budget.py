"""What the pages of a customer cost in queries: as much for ten agreements as for one.

Counted is a whole page of a customer who is logged in, with what Odoo itself asks for:
eight queries, and two for the savepoint that a test wraps around each page.
"""

from odoo.fields import Command
from odoo.tests import HttpCase, tagged

from .test_statement import StatementCommon

FAR_AHEAD = "2099-12-31"
LIST = 25
# Of tickets, work, hours left, invoices, the next invoice, visits, statements, who may
# call and what may be changed, each is read once or twice.
AGREEMENT = 50
# With the whole document, which asks the catalogue and the price list.
OFFER = 46
DOCUMENT = 41
STATEMENT = 21
CHANGE = 31
REQUEST = 40
# The prices of each tier and plan, taxes included.
PROPOSAL = 36


@tagged("post_install", "-at_install")
class TestPortalBudget(StatementCommon, HttpCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.ann = cls._create_portal_user("ann", cls.customer)
        cls.company.service_desk_project_id = cls.desk
        cls.offer = cls._create_agreement("2020-01-01", validity_date=FAR_AHEAD)
        cls.offer._propose()
        cls.proposal = cls._create_proposal()

    @classmethod
    def _create_proposal(cls):
        tiers = cls.tier | cls._create_tier("Gold", 299.0, 30)
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

    def setUp(self):
        super().setUp()
        self._bill_quarter()
        self._log_covered("2026-03-03", 6.0)
        self.told = self._prepare_at()
        self.told.sudo()._mark_sent()
        self.authenticate("ann", "ann")

    def _get_budgets(self):
        """:return: dict of queries by the address of a page"""
        page = f"/my/agreements/{self.agreement.id}"
        return {
            "/my/agreements": LIST,
            "/my/proposals": LIST,
            page: AGREEMENT,
            f"/my/agreements/{self.offer.id}": OFFER,
            f"{page}/document/agreement": DOCUMENT,
            f"{page}/document/sheet": DOCUMENT,
            f"{page}/statements/{self.told.id}": STATEMENT,
            f"{page}/change/upgrade": CHANGE,
            f"{page}/request": REQUEST,
            f"/my/proposals/{self.proposal.id}": PROPOSAL,
        }

    def _count_queries(self, url):
        self.assertEqual(self.url_open(url).status_code, 200, url)
        self.env.flush_all()
        self.env.invalidate_all()
        before = self.cr.sql_log_count
        self.url_open(url)
        return self.cr.sql_log_count - before

    def test_a_page_costs_what_it_may_for_one_and_for_ten(self):
        budgets = self._get_budgets()
        few = {url: self._count_queries(url) for url in budgets}
        for number in range(9):
            self._create_active(f"2026-01-0{number + 1}")
        many = {url: self._count_queries(url) for url in budgets}
        for url, budget in budgets.items():
            with self.subTest(url):
                self.assertLessEqual(many[url], budget)
                self.assertLessEqual(many[url], few[url])
