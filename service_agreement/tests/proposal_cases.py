"""What tests of proposals start from."""

from odoo.fields import Command

from .common import ServiceAgreementCommon

NOW = "2026-03-06 15:00:00"
# One black pixel.
PIXEL = (
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAA"
    "AABJRU5ErkJggg=="
)


class ProposalCommon(ServiceAgreementCommon):
    """Bronze, Silver (recommended) and Gold for Whitfield, by the month or year."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.plan_yearly.discount = 10
        cls.bronze = cls._create_tier("Bronze", 49.0, 10, highlights="Remote support")
        cls.silver = cls.tier
        cls.silver.write(
            {
                "highlights": "Remote support\nTwo visits a year",
                "exclusions": "Parts and equipment",
                "target_ids": [
                    Command.create(
                        {"priority": "3", "metric": "first_response", "minutes": 60}
                    ),
                ],
            }
        )
        cls.gold = cls._create_tier("Gold", 299.0, 30, term_months=12)
        cls.customer.email = "whitfield@example.com"
        cls.setup = cls.env["product.product"].create(
            {
                "name": "Setup",
                "type": "service",
                "list_price": 150.0,
                "taxes_id": [Command.set(cls.tax_sale_a.ids)],
            }
        )
        cls.proposals = cls.env["service.agreement.proposal"]

    @classmethod
    def _create_proposal(cls, **values):
        tiers = cls.bronze | cls.silver | cls.gold
        return cls.proposals.create(
            {
                "partner_id": cls.customer.id,
                "option_ids": [Command.create({"tier_id": tier.id}) for tier in tiers],
                "recommended_tier_id": cls.silver.id,
                "plan_ids": [Command.set((cls.plan_monthly | cls.plan_yearly).ids)],
                **values,
            }
        )

    @classmethod
    def _create_sent(cls, **values):
        proposal = cls._create_proposal(**values)
        proposal._send()
        return proposal

    @classmethod
    def _extra(cls, **values):
        return Command.create(
            {"product_id": cls.setup.id, "name": "Setup", "price_unit": 150.0, **values}
        )

    @classmethod
    def _option(cls, proposal, tier):
        return proposal.option_ids.filtered(lambda option: option.tier_id == tier)
