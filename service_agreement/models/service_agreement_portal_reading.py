from odoo import models

from .reading import read_together
from .reading_trees import COVERAGE, CUSTOMER, TAXES, TIER, USER


class ServiceAgreement(models.Model):
    """What pages and documents are made of, read together: met one by one, it would be
    queried so.

    Sudo: read for whoever the page was opened for.
    """

    _inherit = "service.agreement"

    def _read_for_portal(self, user, page="agreement"):
        """
        :param res.users user: who looks at the page
        :param str page: "agreement", "request", "change", "document"
        """
        self.ensure_one()
        agreement = self.sudo()
        tree = agreement._get_portal_tree(page)
        read_together((user.sudo(), USER), (agreement, tree))

    def _read_found(self, tickets, draws, invoices):
        """What hangs on all that was found of an agreement in force.

        :param list tickets: of any model
        :param draws: service.agreement.allowance.draw
        :param invoices: account.move
        """
        trees = self._get_found_trees()
        tasks = self.env["project.task"].union(
            *(each for each in tickets if each._name == "project.task")
        )
        read_together(
            (tasks.sudo(), trees["tasks"]),
            (draws.sudo(), trees["draws"]),
            (invoices.sudo(), trees["invoices"]),
        )

    def _get_found_trees(self):
        """Hook for bridges.

        :return: dict of trees of "tasks", "draws" and "invoices"
        """
        return {
            "tasks": {"stage_id": {}},
            "draws": {"line_id": {}, "task_id": {}},
            "invoices": {"currency_id": {}},
        }

    def _get_portal_tree(self, page):
        """Hook for bridges: what a page of the agreement is made of.

        :return: dict, see ``reading.py``
        """
        trees = {
            "agreement": self._get_agreement_tree,
            "request": self._get_request_tree,
            "change": self._get_change_tree,
            "document": self._get_document_tree,
        }
        return {**CUSTOMER, "plan_id": {}, **trees[page]()}

    def _get_agreement_tree(self):
        tree = {
            "user_id": {"partner_id": {"user_ids": {}}},
            "tier_id": {},
            "caller_ids": {},
            "customer_step_ids": {},
        }
        if not self.activated_on:
            return tree
        return {
            **tree,
            "line_ids": {"plan_id": {}, "tax_ids": TAXES},
            "target_ids": {"calendar_id": {}},
            "statement_ids": {},
            "coverage_ids": {"allowance_ids": {}},
            "replaces_id": {},
            "replaced_by_ids": {},
            "visit_ids": {
                "plan_id": {},
                "check_ids": {},
                "task_ids": {},
                "technician_id": {"partner_id": {}},
            },
            "system_ids": {},
            "site_ids": {},
            "waiver_ids": {},
            "change_ids": {},
        }

    def _get_request_tree(self):
        return {
            "tier_id": {},
            "target_ids": {"calendar_id": {}},
            "system_ids": {},
            "site_ids": {},
        }

    def _get_change_tree(self):
        return {
            "tier_id": TIER,
            "line_ids": {
                "plan_id": {},
                "tax_ids": TAXES,
                "change_line_ids": {},
                "product_id": {"product_tmpl_id": {}},
            },
            "target_ids": {"calendar_id": {}},
            "coverage_ids": COVERAGE,
            "system_ids": {},
            "site_ids": {},
            "waiver_ids": {},
            "change_ids": {},
            "customer_step_ids": {},
        }

    def _read_for_document(self):
        """Of a real agreement; one in memory only holds what it is made of.

        :return: service.agreement.terms, by which the document is
        """
        self.ensure_one()
        terms, tree = self._get_document_terms(), self._get_document_tree()
        read_together((terms.sudo(), {"section_ids": {}}), (self, tree))
        return terms

    def _get_document_tree(self):
        """:return: dict, see ``reading.py``"""
        return {
            **CUSTOMER,
            "change_ids": {},
            "tier_id": {},
            "plan_id": {},
            "line_ids": {"plan_id": {}, "tax_ids": TAXES},
            "target_ids": {"calendar_id": {"attendance_ids": {}}},
            "coverage_ids": {**COVERAGE, "sla_calendar_id": {}},
            "system_ids": {},
            "site_ids": {},
        }


class ServiceAgreementProposal(models.Model):
    _inherit = "service.agreement.proposal"

    def _read_for_portal(self, user):
        """As for agreements; what its quotes are made of reads ``ProposalMenu``."""
        self.ensure_one()
        tree = {**CUSTOMER, "user_id": {"partner_id": {"user_ids": {}}}}
        read_together((user.sudo(), USER), (self.sudo(), tree))
