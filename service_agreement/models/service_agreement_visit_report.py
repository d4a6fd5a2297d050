"""What people and customers read of the visits of an agreement."""

from odoo import api, fields, models
from odoo.tools import format_date

from ..tools.visit_plan import year_of
from .service_agreement_visit import OPEN

# What the customer reads of those that were made.
SHOWN_MAX = 24


class ServiceAgreement(models.Model):
    _inherit = "service.agreement"

    visit_count = fields.Integer(compute="_compute_visit_text")
    visit_text = fields.Char(
        string="Visits This Year",
        compute="_compute_visit_text",
        help="Of the agreement's present year.",
    )
    visit_next_date = fields.Date(string="Next Visit", compute="_compute_visit_text")
    visit_plan_text = fields.Text(
        string="Visits Agreed", compute="_compute_visit_plan_text", compute_sudo=True
    )

    @api.depends("visit_ids.state", "visit_ids.date")
    @api.depends_context("lang")
    def _compute_visit_text(self):
        for agreement in self:
            ours = agreement.visit_ids.filtered(lambda each: each.state != "cancelled")
            today = agreement.company_id._service_today()
            upcoming = ours.filtered(
                lambda visit, today=today: visit.state in OPEN and visit.date >= today
            )
            agreement.visit_count = len(ours)
            agreement.visit_text = agreement._describe_visits(ours)
            agreement.visit_next_date = upcoming[:1].date

    def _describe_visits(self, visits):
        """:return: str, "2 of 4 done" in the present year of the agreement; or False"""
        self.ensure_one()
        today = self.company_id._service_today()
        if not visits or not self.date_start:
            return False
        year = year_of(self.date_start, max(today, self.date_start)) + 1
        ours = visits.filtered(lambda visit: visit.year == year)
        done = ours.filtered(lambda visit: visit.state == "done")
        return self.env._("%(done)s of %(all)s done", done=len(done), all=len(ours))

    @api.depends("coverage_ids.visit_plan_ids.summary")
    @api.depends_context("lang")
    def _compute_visit_plan_text(self):
        for agreement in self:
            coverage = agreement._get_coverage_today()
            agreement.visit_plan_text = "\n".join(
                f"{plan.name}: {plan.summary}" for plan in coverage.visit_plan_ids
            )

    def action_view_visits(self):
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "service_agreement.action_service_agreement_visit"
        )
        action["domain"] = [("agreement_id", "=", self.id)]
        action["context"] = {}
        return action

    def _get_portal_visits(self):
        """What the customer reads: visits that have a day, and those that were made.

        Sudo: read for him, with names of systems and technicians.

        :return: (planned, made) service.agreement.visit: the next one, the last one
            first
        """
        self.ensure_one()
        visits = self.sudo().visit_ids
        planned = visits.filtered(lambda visit: visit.state == "planned")
        made = visits.filtered(lambda visit: visit.state == "done")
        return planned, made.sorted("date", reverse=True)[:SHOWN_MAX]


class ServiceAgreementVisit(models.Model):
    _inherit = "service.agreement.visit"

    def _get_defects(self):
        """:return: service.agreement.visit.check on which something was found"""
        return self.check_ids.filtered(lambda check: check.result == "defect")

    def _get_report_facts(self):
        """:return: list of (label, text) that the report begins with"""
        self.ensure_one()
        technician = self.sudo().technician_id
        facts = [
            (self.env._("Day"), format_date(self.env, self.done_on or self.date)),
            (self.env._("Place"), self.sudo()._get_place_text()),
            (self.env._("Technician"), technician.name),
            (self.env._("Agreement"), self.sudo().agreement_id.name),
        ]
        return [(label, text) for label, text in facts if text]

    def _get_result_label(self, check):
        """:return: str, in the language of the environment"""
        labels = dict(check._fields["result"]._description_selection(self.env))
        return labels.get(check.result) or self.env._("Not checked")
