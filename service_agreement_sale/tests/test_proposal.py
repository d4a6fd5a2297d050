from odoo.exceptions import UserError
from odoo.tests import tagged

from odoo.addons.service_agreement.models.service_proposal_quote import ProposalMenu

from .common import ORDERED, PIXEL, SaleServiceCommon


@tagged("post_install", "-at_install")
class TestProposalOfOrder(SaleServiceCommon):
    """A proposal made of a quotation, with one click."""

    def _propose(self, order):
        action = order.action_make_proposal()
        proposal = self.env[action["res_model"]].browse(action["res_id"])
        return proposal

    def _accept(self, proposal):
        proposal = proposal.sudo()
        menu = ProposalMenu(proposal)
        return proposal._accept(menu.quote(menu.choose()), "Carla", PIXEL)

    def test_it_offers_the_same_at_the_same_prices(self):
        order = self._quote()
        gold = self._get_option(order, self.gold)
        gold.write({"price_unit": 179.0, "is_recommended": True})
        proposal = self._propose(order)
        self.assertEqual(proposal.tier_ids, self.tier | self.gold)
        self.assertEqual(proposal.recommended_tier_id, self.gold)
        self.assertEqual(order.proposal_ids, proposal)
        with self.at(ORDERED):
            proposal._send()
            agreement = self._accept(proposal)
        self.assertEqual(agreement.amount_untaxed, 179.0)
        self.assertEqual(agreement.sale_order_id, order)

    def test_the_order_makes_no_second_agreement(self):
        order = self._quote(self.tier)
        proposal = self._propose(order)
        with self.at(ORDERED):
            proposal._send()
            agreement = self._accept(proposal)
        self.assertEqual(self._confirm_signed(order), agreement)

    def test_confirmed_the_proposal_is_withdrawn(self):
        order = self._quote(self.tier)
        proposal = self._propose(order)
        with self.at(ORDERED):
            proposal._send()
        self._confirm_signed(order)
        self.assertEqual(proposal.state, "withdrawn")

    def test_what_was_agreed_with_the_order_is_not_offered_again(self):
        order = self._quote(self.tier)
        self._confirm_signed(order)
        proposal = self._propose(order)
        proposal.validity_date = "2099-12-31"
        proposal._send()
        with self.assertRaisesRegex(UserError, "with your order"):
            self._accept(proposal)

    def test_a_new_version_is_of_the_same_quotation(self):
        order = self._quote(self.tier)
        proposal = self._propose(order)
        proposal._send()
        proposal.action_new_version()
        self.assertEqual(len(order.proposal_ids), 2)

    def test_a_cancelled_quotation_offers_nothing(self):
        order = self._quote(self.tier)
        order._action_cancel()
        with self.assertRaisesRegex(UserError, "cancelled"):
            order.action_make_proposal()
