from odoo import api, models
from odoo.fields import Domain

from odoo.addons.service_agreement.models.document_blocks import bullets

from ..tools.faults import ENOUGH_FAULTS, Observed, in_words

# A figure stands behind many devices and several customers, or it is not printed: it
# would tell of a neighbour, or of luck.
ENOUGH_DEVICES = 10
ENOUGH_CUSTOMERS = 3


class ServiceAgreement(models.Model):
    """On the expectation sheet: how often what the customer has breaks."""

    _inherit = "service.agreement"

    def _get_document_sections(self, document="agreement"):
        """EXTENDS: below the words that open the sheet, or else its first ones."""
        sections = super()._get_document_sections(document)
        if document == "sheet" and sections:
            words = [each for each in sections if each["key"] == "sheet_text"]
            opening = (words or sections)[0]
            blocks = self._get_document_reader()._draw_sheet_faults()
            opening["blocks"] = [*opening["blocks"], *blocks]
        return sections

    def _draw_sheet_faults(self):
        """Of each kind of device that the customer has, as far as we know enough."""
        kinds = self._get_document_systems().device_ids.equipment_category_id
        rates = self.env["service.agreement.fault"]._observe_kinds(
            self.company_id, kinds
        )
        rows = [
            self._describe_fault_rate(kind, rates[kind])
            for kind in kinds.sorted("name")
            if kind in rates
        ]
        title = self.env._("From what we look after, at all our customers")
        return [bullets(rows, title, "o_agreement_faults")] if rows else []

    @api.model
    def _describe_fault_rate(self, kind, observed):
        unit, number = in_words(observed)
        values = {"kind": kind.name, "number": number}
        if unit == "devices":
            return self.env._(
                "%(kind)s: about one fault a year for every %(number)s of them.",
                **values,
            )
        if number == 1:
            return self.env._("%(kind)s: each has about one fault a year.", **values)
        return self.env._(
            "%(kind)s: each has about %(number)s faults a year.", **values
        )


class ServiceAgreementFault(models.Model):
    _inherit = "service.agreement.fault"

    @api.model
    def _observe_kinds(self, company, kinds):
        """What may be told to customers about kinds of devices, nameless.

        Sudo: of all customers of the company together.

        :param kinds: maintenance.equipment.category
        :return: dict of Observed, by kind; only those of which enough is known
        """
        if not kinds:
            return {}
        groups = self.sudo()._read_group(
            Domain("company_id", "=", company.id)
            & Domain("category_id", "in", kinds.ids),
            ["category_id"],
            [
                "observed_days:sum",
                "fault_count:sum",
                "device_count:count_distinct",
                "partner_id:count_distinct",
            ],
            [
                ("fault_count:sum", ">=", ENOUGH_FAULTS),
                ("device_count:count_distinct", ">=", ENOUGH_DEVICES),
                ("partner_id:count_distinct", ">=", ENOUGH_CUSTOMERS),
            ],
        )
        return {
            kind.sudo(False): Observed(days, faults)
            for kind, days, faults, *_enough in groups
        }
