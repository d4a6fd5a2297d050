from odoo import api, fields, models


class AccountAnalyticLine(models.Model):
    """A timesheet line of a service desk is a piece of service work."""

    _inherit = "account.analytic.line"

    is_service_work = fields.Boolean(
        compute="_compute_is_service_work", store=True, export_string_translation=False
    )
    service_work_type_id = fields.Many2one(
        "service.agreement.work.type", string="Work Done", index="btree_not_null"
    )
    service_exclusion_id = fields.Many2one(
        "service.agreement.exclusion",
        string="Not Covered Because",
        index="btree_not_null",
    )
    service_start = fields.Datetime(
        string="Started At",
        help="Needed where part of the work may lie out of the covered hours. Empty: "
        "within them.",
    )
    service_trips = fields.Integer(string="Trips")
    service_system_id = fields.Many2one(
        "service.agreement.system", string="System", index="btree_not_null"
    )
    service_device_id = fields.Many2one(
        "service.agreement.device", string="Device", index="btree_not_null"
    )
    service_choice_id = fields.Many2one(
        "service.agreement",
        string="Paid By (chosen)",
        index="btree_not_null",
        copy=False,
        help="Chosen by a person, and kept whatever else would be decided.",
    )
    service_agreement_id = fields.Many2one(
        "service.agreement",
        string="Paid By",
        readonly=True,
        copy=False,
        index="btree_not_null",
    )
    service_verdict = fields.Selection(
        [
            ("covered", "Covered"),
            ("partly", "Partly covered"),
            ("uncovered", "Not covered"),
        ],
        string="Coverage",
        readonly=True,
        copy=False,
    )
    service_explanation = fields.Json(
        readonly=True, copy=False, export_string_translation=False
    )
    service_issue = fields.Selection(
        [
            ("customer", "No customer"),
            ("negative", "Less than no time"),
            ("rate", "No rate"),
            ("overlap", "Overlaps other work"),
        ],
        string="Missing",
        readonly=True,
        copy=False,
        help="What keeps it from being decided or priced.",
    )
    service_draw_ids = fields.One2many(
        "service.agreement.allowance.draw",
        "line_id",
        string="Who Pays",
        readonly=True,
    )

    @api.depends("project_id.is_service_desk")
    def _compute_is_service_work(self):
        for line in self:
            line.is_service_work = line.project_id.is_service_desk
