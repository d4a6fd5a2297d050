from odoo import models

from .reading import read_together

# What taxes are computed from.
TAXES = {
    "invoice_repartition_line_ids": {},
    "refund_repartition_line_ids": {},
    "tax_group_id": {},
}
USER = {"partner_id": {"commercial_partner_id": {}}}
COMPANY = {"partner_id": {}, "resource_calendar_id": {}, "currency_id": {}}
CUSTOMER = {
    "partner_id": {"country_id": {}},
    "commercial_partner_id": {},
    "company_id": COMPANY,
    "currency_id": {},
}
# What a coverage says, of an agreement or of a tier.
COVERAGE = {
    "allowance_ids": {},
    "rate_ids": {},
    "visit_plan_ids": {},
    "covered_exclusion_ids": {},
    "coverage_calendar_id": {},
}


class ServiceAgreement(models.Model):
    """What pages and documents are made of, read together: met one by one, it would be
    queried so.

    Sudo: read for whoever the page was opened for.
    """

    _inherit = "service.agreement"

    def _read_for_portal(self, user):
        """:param res.users user: who looks at the page"""
        self.ensure_one()
        agreement = self.sudo()
        tree = agreement._get_portal_tree()
        if agreement.activated_on:
            tree |= agreement._get_portal_tree_in_force()
        read_together((user.sudo(), USER), (agreement, tree))

    def _get_portal_tree(self):
        """Hook for bridges: what every page of an agreement is made of.

        :return: dict, see ``reading.py``
        """
        return {
            **CUSTOMER,
            "user_id": {"partner_id": {"user_ids": {}}},
            "tier_id": {},
            "plan_id": {},
            "caller_ids": {},
            "customer_step_ids": {},
        }

    def _get_portal_tree_in_force(self):
        """:return: dict, what the page of one in force is made of besides"""
        return {
            "line_ids": {"plan_id": {}, "tax_ids": TAXES},
            "target_ids": {"calendar_id": {}},
            "statement_ids": {},
            "coverage_ids": {"allowance_ids": {}},
            "visit_ids": {
                "check_ids": {},
                "technician_id": {"partner_id": {}},
                "task_ids": {},
            },
            "system_ids": {},
            "site_ids": {},
            "waiver_ids": {},
            "change_ids": {},
        }

    def _read_for_document(self):
        """Of a real agreement; one in memory only holds what it is made of."""
        self.ensure_one()
        if self == self._origin:
            read_together((self, self._get_document_tree()))

    def _get_document_tree(self):
        """:return: dict, see ``reading.py``"""
        return {
            **CUSTOMER,
            "tier_id": {},
            "plan_id": {},
            "line_ids": {"plan_id": {}, "tax_ids": TAXES},
            "target_ids": {"calendar_id": {"attendance_ids": {}}},
            "coverage_ids": COVERAGE,
            "system_ids": {},
            "site_ids": {},
            "terms_id": {"section_ids": {}},
        }


class ServiceAgreementProposal(models.Model):
    _inherit = "service.agreement.proposal"

    def _read_for_portal(self, user):
        """As for agreements; what its quotes are made of reads ``ProposalMenu``."""
        self.ensure_one()
        tree = {**CUSTOMER, "user_id": {"partner_id": {"user_ids": {}}}}
        read_together((user.sudo(), USER), (self.sudo(), tree))
