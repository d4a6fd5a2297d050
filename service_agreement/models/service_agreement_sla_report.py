from odoo import fields, models
from odoo.tools import SQL

from .instant import now
from .service_agreement_sla_target import METRICS, PRIORITIES


class ServiceAgreementSlaReport(models.Model):
    """Promises kept and missed, for pivot and graph.

    A view, because what is late right now counts as missed though nobody wrote it
    down. Compliance = kept / (kept + missed); what is open or cancelled counts in
    neither (SEMANTICS §7).
    """

    _name = "service.agreement.sla.report"
    _description = "Promises Kept"
    _auto = False
    _order = "started_at desc, id desc"
    _rec_name = "metric"
    # What has to be written down before this is read.
    _depends = {
        "service.agreement.sla.clock": [
            "agreement_id",
            "company_id",
            "deadline",
            "late_seconds",
            "metric",
            "partner_id",
            "priority",
            "res_id",
            "res_model",
            "started_at",
            "state",
            "stopped_at",
            "tier_id",
        ],
        "project.task": ["technician_id"],
    }

    res_model = fields.Char(string="Ticket Model", readonly=True)
    res_id = fields.Many2oneReference(
        string="Ticket", model_field="res_model", readonly=True
    )
    metric = fields.Selection(METRICS, string="Promise", readonly=True)
    priority = fields.Selection(PRIORITIES, readonly=True)
    status = fields.Selection(
        [
            ("open", "Open"),
            ("met", "Kept"),
            ("missed", "Missed"),
            ("cancelled", "Cancelled"),
        ],
        readonly=True,
    )
    agreement_id = fields.Many2one("service.agreement", readonly=True)
    tier_id = fields.Many2one("service.agreement.tier", readonly=True)
    partner_id = fields.Many2one("res.partner", string="Customer", readonly=True)
    technician_id = fields.Many2one(
        "res.users",
        readonly=True,
        falsy_value_label="Unassigned",
        help="Who answers for the ticket now.",
    )
    company_id = fields.Many2one("res.company", readonly=True)
    started_at = fields.Datetime(string="Opened", readonly=True)
    deadline = fields.Datetime(readonly=True)
    stopped_at = fields.Datetime(string="Done", readonly=True)
    met = fields.Integer(string="Kept", readonly=True)
    missed = fields.Integer(readonly=True)
    compliance = fields.Float(
        string="Compliance (%)",
        aggregator="avg",
        readonly=True,
        help="Kept out of those that are decided.",
    )
    late_hours = fields.Float(
        string="Hours Late", readonly=True, help="In service time, of what is done."
    )

    @property
    def _table_query(self):
        return SQL(
            """
            SELECT clock.*,
                   (status = 'met')::int AS met,
                   (status = 'missed')::int AS missed,
                   CASE status WHEN 'met' THEN 100.0 WHEN 'missed' THEN 0.0 END
                       AS compliance
              FROM (
                SELECT clock.id, clock.res_model, clock.res_id, clock.metric,
                       clock.priority, clock.agreement_id, clock.tier_id,
                       clock.partner_id, clock.company_id, clock.started_at,
                       clock.deadline, clock.stopped_at, ticket.technician_id,
                       clock.late_seconds / 3600.0 AS late_hours,
                       CASE WHEN clock.state = 'running' AND clock.deadline < %(now)s
                                THEN 'missed'
                            WHEN clock.state IN ('running', 'paused') THEN 'open'
                            ELSE clock.state
                       END AS status
                  FROM service_agreement_sla_clock clock
             LEFT JOIN (%(tickets)s) ticket
                    ON ticket.res_model = clock.res_model AND ticket.id = clock.res_id
              ) AS clock
            """,
            now=now(self.env),
            tickets=self._get_tickets_query(),
        )

    def _get_tickets_query(self):
        """:return: SQL of res_model, id and technician_id of all tickets"""
        names = self.env["service.agreement.ticket.mixin"]._get_ticket_models()
        return SQL(" UNION ALL ").join(
            SQL(
                "SELECT %s AS res_model, id, technician_id FROM %s",
                name,
                SQL.identifier(self.env[name]._table),
            )
            for name in names
        )

    def action_open_ticket(self):
        self.ensure_one()
        return self.env[self.res_model].browse(self.res_id).get_formview_action()
