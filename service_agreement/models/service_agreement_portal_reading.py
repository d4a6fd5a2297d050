from odoo import models

from .reading import read_lines, read_people


class ServiceAgreement(models.Model):
    """What pages and documents are made of, read together: met one by one, it would be
    queried so.

    Sudo: read for whoever the page was opened for.
    """

    _inherit = "service.agreement"

    def _read_for_portal(self, user):
        """:param res.users user: who looks at the page"""
        self.ensure_one()
        agreement, users = self.sudo(), user.sudo() | self.sudo().user_id
        if agreement.activated_on:
            users |= agreement._read_for_portal_in_force()
        customer = agreement.partner_id | agreement.commercial_partner_id
        read_people(users, customer | agreement.company_id.partner_id)

    def _read_for_portal_in_force(self):
        """:return: res.users, who visits the customer"""
        self.ensure_one()
        for name in ("line_ids", "target_ids", "statement_ids"):
            read_lines(self, name)
        read_lines(read_lines(self, "coverage_ids"), "allowance_ids")
        visits = read_lines(self, "visit_ids")
        if visits:
            read_lines(visits, "check_ids")
        return visits.technician_id

    def _read_for_document(self):
        """Of a real agreement; one in memory only holds what it is made of."""
        self.ensure_one()
        if self != self._origin:
            return
        for name in ("line_ids", "target_ids"):
            read_lines(self, name)
        coverages = read_lines(self, "coverage_ids")
        for name in ("allowance_ids", "rate_ids", "visit_plan_ids"):
            read_lines(coverages, name)
        if terms := self._get_document_terms():
            read_lines(terms, "section_ids")


class ServiceAgreementProposal(models.Model):
    _inherit = "service.agreement.proposal"

    def _read_for_portal(self, user):
        """As for agreements; what its quotes are made of reads ``ProposalMenu``."""
        self.ensure_one()
        proposal = self.sudo()
        customer = proposal.partner_id | proposal.commercial_partner_id
        read_people(
            user.sudo() | proposal.user_id, customer | proposal.company_id.partner_id
        )
