from odoo.fields import Command

from odoo.addons.service_agreement.tests.common import ServiceAgreementCommon


class ContractMixin:
    """A contract of OCA's for 149.00 a month in advance, from 1 January 2026."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.gold = cls._create_tier("Gold", 249.0, 30)

    @classmethod
    def _create_contract(cls, start="2026-01-01", lines=({},), **values):
        """:param lines: dicts of what differs from the usual line"""
        return cls.env["contract.contract"].create(
            {
                "name": "Cinema of the Whitfields",
                "partner_id": cls.customer.id,
                "line_recurrence": True,
                "contract_line_ids": [
                    Command.create(cls._prepare_contract_line(start, **line))
                    for line in lines
                ],
                **values,
            }
        )

    @classmethod
    def _prepare_contract_line(cls, start, **values):
        # OCA suggests the date of the next invoice from today's start.
        start = values.setdefault("date_start", start)
        return {
            "product_id": cls.product.id,
            "name": "Care of the cinema #START# - #END#",
            "quantity": 1.0,
            "price_unit": 149.0,
            "recurring_rule_type": "monthly",
            "recurring_interval": 1,
            "recurring_invoicing_type": "pre-paid",
            **values,
        }

    def _invoice(self, contract, day):
        """What OCA's scheduled action would invoice on ``day``, all that is due.

        :return: account.move
        """
        moves = self.env["account.move"]
        with self.at(f"{day} 06:00:00"):
            while contract.recurring_next_date and (
                str(contract.recurring_next_date) <= day
            ):
                made = contract._recurring_create_invoice(contract.recurring_next_date)
                if not made:
                    break
                moves |= made
        return moves


class ContractCommon(ContractMixin, ServiceAgreementCommon):
    """Contracts without a service desk."""
