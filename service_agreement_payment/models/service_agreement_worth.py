from odoo import fields, models
from odoo.tools import SQL

# What has to be written down before it is read whether somebody pays automatically.
DEPENDS = {
    "service.agreement.autopay.consent": [
        "agreement_id",
        "in_force_on",
        "withdrawn_on",
    ],
}


class ServiceAgreementWorthMultiple(models.Model):
    _inherit = "service.agreement.worth.multiple"

    fact = fields.Selection(
        selection_add=[("autopay", "Pays automatically"), ("term",)],
        ondelete={"autopay": "cascade"},
    )


class ServiceAgreementWorthPart(models.Model):
    """An agreement that pays by itself is worth more."""

    _inherit = "service.agreement.worth.part"

    _depends = DEPENDS

    def _get_facts(self):
        paying = SQL(
            """
            EXISTS (
                SELECT 1
                  FROM service_agreement_autopay_consent consent
                 WHERE consent.agreement_id = agreement.id
                   AND consent.in_force_on IS NOT NULL
                   AND consent.withdrawn_on IS NULL)
            """
        )
        return {**super()._get_facts(), "autopay": paying}


class ServiceAgreementWorth(models.Model):
    _inherit = "service.agreement.worth"
    _depends = DEPENDS

    has_autopay = fields.Boolean(string="Pays Automatically", readonly=True)


class ServiceAgreementWorthSummary(models.Model):
    _inherit = "service.agreement.worth.summary"
    _depends = DEPENDS

    def _get_words(self):
        count = self.missing_count
        text = (
            self.env._("1 agreement does not pay automatically")
            if count == 1
            else self.env._("%s agreements do not pay automatically", count)
        )
        return {**super()._get_words(), "autopay": text}
