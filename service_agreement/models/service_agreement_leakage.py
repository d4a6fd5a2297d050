from odoo import fields, models
from odoo.tools import SQL


class ServiceAgreementLeakage(models.Model):
    """What is given away, for pivot and graph: each part of service work, and what it
    was worth by the list of its day.

    Leaked is what was neither covered nor billed, and is neither warranty nor goodwill
    that somebody answers for (SEMANTICS §7); what nobody has answered for yet leaks.
    """

    _name = "service.agreement.leakage"
    _description = "Given Away"
    _auto = False
    _order = "date desc, id desc"
    _rec_name = "draw_id"
    # What has to be written down before this is read.
    _depends = {
        "service.agreement.allowance.draw": [
            "agreement_id",
            "answer",
            "charge",
            "company_id",
            "date",
            "employee_id",
            "is_after_hours",
            "line_id",
            "month_id",
            "outcome",
            "partner_id",
            "quantity",
            "reason",
            "task_id",
            "unit",
            "worth",
        ],
        "account.analytic.line": ["service_work_type_id"],
        "service.agreement": ["tier_id"],
        "res.company": ["currency_id"],
    }

    draw_id = fields.Many2one("service.agreement.allowance.draw", readonly=True)
    date = fields.Date(readonly=True)
    company_id = fields.Many2one("res.company", readonly=True)
    currency_id = fields.Many2one("res.currency", readonly=True)
    partner_id = fields.Many2one("res.partner", string="Customer", readonly=True)
    employee_id = fields.Many2one("hr.employee", string="Technician", readonly=True)
    task_id = fields.Many2one("project.task", string="Ticket", readonly=True)
    agreement_id = fields.Many2one("service.agreement", readonly=True)
    tier_id = fields.Many2one(
        "service.agreement.tier", readonly=True, falsy_value_label="No agreement"
    )
    work_type_id = fields.Many2one(
        "service.agreement.work.type", string="Work", readonly=True
    )
    month_id = fields.Many2one(
        "service.agreement.month", string="Settled With", readonly=True
    )
    is_after_hours = fields.Boolean(string="After Hours", readonly=True)
    reason = fields.Selection(
        [
            ("never_sold", "Never sold"),
            ("expired", "Expired"),
            ("excluded", "Not included"),
            ("goodwill", "Goodwill"),
            ("warranty", "Warranty"),
        ],
        readonly=True,
        help="Why nothing was covered; of goodwill and warranty, that.",
    )
    answer = fields.Selection(
        [
            ("covered", "Covered"),
            ("bill", "Billed"),
            ("given", "Given away"),
            ("goodwill", "Goodwill"),
            ("warranty", "Warranty"),
            ("open", "Not answered yet"),
        ],
        readonly=True,
    )
    hours = fields.Float(readonly=True, help="As they count, rounded as agreed.")
    trips = fields.Float(readonly=True)
    worth = fields.Monetary(readonly=True, help="By the list of the day of the work.")
    covered = fields.Monetary(readonly=True, help="Worth of what agreements paid.")
    leaked = fields.Monetary(
        string="Given Away",
        readonly=True,
        help="Neither covered nor billed, no warranty and no agreed goodwill.",
    )
    goodwill = fields.Monetary(readonly=True)
    warranty = fields.Monetary(readonly=True)
    billed = fields.Monetary(readonly=True, help="What the customer pays for it.")

    @property
    def _table_query(self):
        return SQL(
            """
            SELECT part.*,
                   CASE answer WHEN 'covered' THEN worth ELSE 0 END AS covered,
                   CASE WHEN answer IN ('given', 'open') THEN worth ELSE 0 END
                       AS leaked,
                   CASE answer WHEN 'goodwill' THEN worth ELSE 0 END AS goodwill,
                   CASE answer WHEN 'warranty' THEN worth ELSE 0 END AS warranty,
                   CASE answer WHEN 'bill' THEN charge ELSE 0 END AS billed
              FROM (
                SELECT draw.id, draw.id AS draw_id, draw.date, draw.company_id,
                       company.currency_id, draw.partner_id, draw.employee_id,
                       draw.task_id, draw.agreement_id, agreement.tier_id,
                       work.service_work_type_id AS work_type_id, draw.month_id,
                       draw.is_after_hours, draw.worth, draw.charge,
                       CASE WHEN draw.answer IN ('goodwill', 'warranty')
                                THEN draw.answer ELSE draw.reason END AS reason,
                       CASE WHEN draw.outcome = 'covered' THEN 'covered'
                            ELSE COALESCE(draw.answer, 'open') END AS answer,
                       CASE draw.unit WHEN 'hour' THEN quantity ELSE 0 END AS hours,
                       CASE draw.unit WHEN 'trip' THEN quantity ELSE 0 END AS trips
                  FROM service_agreement_allowance_draw draw
                  JOIN account_analytic_line work ON work.id = draw.line_id
                  JOIN res_company company ON company.id = draw.company_id
             LEFT JOIN service_agreement agreement ON agreement.id = draw.agreement_id
              ) AS part
            """
        )

    def action_open_work(self):
        """The evidence: what was done, when, by whom."""
        self.ensure_one()
        return self.draw_id._get_evidence_action([("id", "=", self.draw_id.id)])
