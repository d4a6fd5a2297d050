from odoo.exceptions import UserError
from odoo.tests import tagged

from .common import TODAY, CapacityCommon


@tagged("post_install", "-at_install")
class TestCapacityWarning(CapacityCommon):
    """Who offers what cannot be kept is told so, and may be stopped."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.run_ = cls._check()
        cls.safe_tier = cls._create_tier("Bronze", 49.0, 10)

    def _as_salesman(self, record):
        return record.with_user(self.salesman).with_company(self.company)

    def test_a_tier_beyond_the_risk_limit_warns_whoever_sells_it(self):
        warning = self._as_salesman(self.tier).capacity_warning
        self.assertIn("By the check of 03/02/2026", warning)
        self.assertIn("Silver, First answer, Urgent: kept 0 % of the time", warning)
        self.assertNotIn("Low", warning)
        self.assertFalse(self._as_salesman(self.safe_tier).capacity_warning)

    def test_the_limit_is_the_companys(self):
        self.company.capacity_risk_limit = 100
        self.assertFalse(self._as_salesman(self.tier).capacity_warning)

    def test_the_latest_check_that_shall_warn_does(self):
        self.agreement.sudo().target_ids.filtered(
            lambda target: target.priority == "3"
        ).unlink()
        better = self._check(is_in_force=False)
        self.assertTrue(self._as_salesman(self.tier).capacity_warning)
        better.is_in_force = True
        self.env.invalidate_all()
        self.assertFalse(self._as_salesman(self.tier).capacity_warning)

    def test_a_proposal_and_an_offer_warn_as_long_as_they_are_open(self):
        proposal = self._create_proposal(self.tier | self.safe_tier)
        self.assertIn("Silver", self._as_salesman(proposal).capacity_warning)
        with self.at(TODAY):
            proposal.action_withdraw()
        self.assertFalse(self._as_salesman(proposal).capacity_warning)
        offer = self._create_agreement("2026-04-01")
        self.assertIn("Silver", self._as_salesman(offer).capacity_warning)
        self.assertFalse(self._as_salesman(self.agreement).capacity_warning)

    def test_it_never_stops_the_sale_unless_the_company_says_so(self):
        proposal = self._create_proposal(self.tier)
        offer = self._create_agreement("2026-04-01")
        with self.at(TODAY):
            self._as_salesman(proposal).action_mark_sent()
            self._as_salesman(offer)._propose()
        self.assertEqual((proposal.state, offer.state), ("sent", "proposed"))

    def test_where_the_company_says_so_it_does(self):
        self.company.capacity_blocks_offers = True
        proposal = self._create_proposal(self.tier)
        offer = self._create_agreement("2026-04-01")
        with self.at(TODAY):
            with self.assertRaisesRegex(UserError, "above the risk limit"):
                self._as_salesman(proposal).action_mark_sent()
            with self.assertRaisesRegex(UserError, "above the risk limit"):
                self._as_salesman(offer)._propose()
            safe = self._create_proposal(self.safe_tier)
            self._as_salesman(safe).action_mark_sent()
        self.assertEqual(safe.state, "sent")

    def test_another_company_is_not_warned_by_this_one(self):
        other = self.env["res.company"].create({"name": "Elsewhere"})
        self.tier.company_id = False
        self.assertFalse(self.tier.with_company(other).capacity_warning)
