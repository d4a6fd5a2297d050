from odoo.tests import HttpCase, tagged

from odoo.addons.service_agreement.tests.common import (
    PortalUsersMixin,
    ServiceDeskCommon,
)

from .common import ContractMixin


@tagged("post_install", "-at_install")
class TestContractPortal(PortalUsersMixin, ContractMixin, ServiceDeskCommon, HttpCase):
    """What a customer reads on the page of his contract, and on ours."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        villa = cls._create_customer("Nobody's Villa")
        cls.ann = cls._create_portal_user("ann", villa)
        cls.stranger = cls._create_portal_user("stranger", cls.customer)
        with cls.at(cls, "2026-03-11 10:00:00"):
            cls.contract = cls._create_contract(
                partner_id=cls.ann.partner_id.id,
                service_tier_id=cls.tier.id,
                service_date_start="2026-01-01",
            )
        cls.promised = cls.contract.service_agreement_id
        cls.company.service_desk_project_id = cls.desk

    def _read(self, url, login=None):
        if login:
            self.authenticate(login, login)
        return self.url_open(url).text

    def test_the_contract_says_what_is_promised(self):
        page = self._read(f"/my/contracts/{self.contract.id}", "ann")
        self.assertIn("Silver", page)
        self.assertIn("We answer within", page)
        self.assertIn(f"/my/agreements/{self.promised.id}/request", page)

    def test_the_agreement_says_that_the_contract_bills_it(self):
        page = self._read(f"/my/agreements/{self.promised.id}", "ann")
        self.assertIn("Billed with your contract", page)
        self.assertIn("Cinema of the Whitfields", page)
        self.assertRegex(page, r"149\.00</span></strong> before taxes")
        self.assertNotIn("Change it yourself", page)

    def test_another_customer_reads_neither(self):
        for url in ("/my/contracts/%s", "/my/agreements/%s"):
            record = self.contract if "contracts" in url else self.promised
            page = self._read(url % record.id, "stranger")
            self.assertNotIn("Silver", page)
            self.assertNotIn("Cinema of the Whitfields", page)

    def test_a_link_opens_the_contract_and_nothing_beside_it(self):
        url = self.contract.get_portal_url()
        page = self._read(url)
        self.assertIn("We answer within", page)
        self.assertNotIn("/my/agreements/", page)

    def test_a_contract_without_a_tier_says_nothing_of_it(self):
        plain = self._create_contract(partner_id=self.ann.partner_id.id)
        page = self._read(f"/my/contracts/{plain.id}", "ann")
        self.assertNotIn('id="service_agreement"', page)

    def test_a_ticket_of_its_customer_is_promised(self):
        with self.at_desk("2026-03-13 15:00"):
            ticket = self.env[self.ticket_model].create(
                {**self._prepare_ticket_values(), "partner_id": self.ann.partner_id.id}
            )
        self.assertEqual(ticket.agreement_id, self.promised)
        clock = ticket.sla_clock_ids.filtered(lambda c: c.metric == "first_response")
        self.assertEqual(self.on_wall(clock.deadline), "Mon 11:00")
