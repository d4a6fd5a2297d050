from odoo.fields import Command

from odoo.addons.service_agreement.tests.common import (
    PortalUsersMixin,
    ServiceAgreementCommon,
)

PIXEL = (
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9"
    "awAAAABJRU5ErkJggg=="
)
ORDERED = "2026-03-02 10:00:00"


class SaleServiceCommon(PortalUsersMixin, ServiceAgreementCommon):
    """A quotation of 12,000.00 of goods and 3,000.00 of labour, and two tiers.

    ``self._quote()`` is one with Silver (149.00 a month) and Gold (a share).
    """

    @classmethod
    def get_default_groups(cls):
        manager = cls.quick_ref("sales_team.group_sale_manager")
        project = cls.quick_ref("project.group_project_manager")
        return super().get_default_groups() | manager | project

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.customer.email = "whitfield@example.com"
        cls.projector = cls._create_goods("Projector", 5000.0, months=36)
        cls.speaker = cls._create_goods("Speaker", 500.0)
        cls.cable = cls._create_goods("Cable", 0.0)
        cls.labour = cls._create_goods("Installation", 100.0, type="service")
        cls.gold = cls._create_tier(
            "Gold",
            199.0,
            30,
            quote_pricing="percent",
            quote_percent=10.0,
            quote_step=10.0,
            quote_less=0.1,
        )

    @classmethod
    def _create_goods(cls, name, price, months=0, **values):
        return cls.env["product.product"].create(
            {
                "name": name,
                "type": "consu",
                "list_price": price,
                "service_warranty_months": months,
                "invoice_policy": "order",
                "taxes_id": [Command.set(cls.tax_sale_a.ids)],
                **values,
            }
        )

    @classmethod
    def _quote(cls, chosen=None, **values):
        """:return: sale.order with two projectors, four speakers, cable and labour"""
        lines = (
            (cls.projector, 2),
            (cls.speaker, 4),
            (cls.cable, 120),
            (cls.labour, 30),
        )
        return cls.env["sale.order"].create(
            {
                "partner_id": cls.customer.id,
                "order_line": [
                    Command.create({"product_id": p.id, "product_uom_qty": q})
                    for p, q in lines
                ],
                "agreement_option_ids": [
                    Command.create({"tier_id": tier.id, "is_chosen": tier == chosen})
                    for tier in cls.tier | cls.gold
                ],
                **values,
            }
        )

    @classmethod
    def _create_project(cls, **values):
        return cls.env["project.project"].create(
            {
                "name": "Whitfield: cinema",
                "partner_id": cls.customer.id,
                "company_id": cls.company.id,
                **values,
            }
        )

    def _get_option(self, order, tier):
        return order.agreement_option_ids.filtered(lambda o: o.tier_id == tier)

    def _confirm_signed(self, order, instant=ORDERED):
        """As the portal does: signed by the customer, then confirmed.

        :return: service.agreement that it made
        """
        with self.at(instant) as now:
            order.write({"signed_by": "Carla", "signed_on": now, "signature": PIXEL})
            order.action_confirm()
        return order.agreement_ids
