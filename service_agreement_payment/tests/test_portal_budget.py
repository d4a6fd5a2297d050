"""The pages of the portal stay within their budget of queries, also with autopay."""

from odoo.tests import HttpCase, tagged

from odoo.addons.service_agreement.tests import budget_cases

from .common import AutopayCommon


@tagged("post_install", "-at_install")
class TestAutopayBudget(budget_cases.PortalBudget, AutopayCommon, HttpCase):
    addon = "service_agreement_payment"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        token = cls._create_token("done", cls.ann.partner_id)
        cls.agreement.sudo()._give_consent(cls.ann.partner_id, "Ann", token)

    def _get_pages(self):
        page = f"/my/agreements/{self.agreement.id}"
        return [page, f"{page}/autopay", f"/my/agreements/{self.renewed.id}/autopay"]
