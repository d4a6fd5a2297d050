from odoo import api, fields, models

COVERAGE_STATES = [
    ("covered", "Covered"),
    ("partly", "Partly covered"),
    ("used_up", "Used up"),
    ("uncovered", "Not covered"),
    ("no_agreement", "No agreement"),
]


class ServiceAgreementTicketMixin(models.AbstractModel):
    """Who pays for the next hour of work on a ticket, before it is done."""

    _inherit = "service.agreement.ticket.mixin"

    coverage_summary = fields.Json(
        string="Who Pays",
        compute="_compute_coverage",
        export_string_translation=False,
    )
    coverage_state = fields.Selection(
        COVERAGE_STATES,
        string="Coverage",
        compute="_compute_coverage",
        search="_search_coverage_state",
        help="Of an hour of work today. Empty: the customer is not known.",
    )

    def _compute_coverage(self):
        for ticket in self:
            ticket.coverage_summary = False
            ticket.coverage_state = False

    @api.model
    def _search_coverage_state(self, operator, value):
        return [(1, "=", 1)]


class AccountAnalyticLine(models.Model):
    _inherit = "account.analytic.line"

    service_summary = fields.Json(compute="_compute_service_summary")

    def _compute_service_summary(self):
        for line in self:
            line.service_summary = False

    def action_view_service_work(self):
        pass


class ProjectTask(models.Model):
    _inherit = "project.task"

    service_hint = fields.Char(compute="_compute_service_hint")

    def _compute_service_hint(self):
        for task in self:
            task.service_hint = False
